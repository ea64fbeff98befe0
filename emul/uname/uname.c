// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel fills in its own answer, and where a field is ours it is written over before
 * the program sees it. A wrong pointer has failed by then as it does without us.
 */
#include "emul/uname/uname.h"

#include <errno.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/base/mem.h"
#include "core/task/task.h"

/* A field of oldold_utsname: eight characters and a NUL (Linux before 1.0, i386 only). */
#define OLDEST_LENGTH 9

int uname_parse(const char *text, struct uname_names *ret)
{
	struct uname_names names = { 0 };
	const char *at = text;

	if (*text != '\\') {
		memcpy(names.fields[2], text, strnlen(text, UNAME_LENGTH - 1));
		*ret = names;
		return 0;
	}
	for (int i = 0; i < UNAME_FIELDS; i++) {
		size_t len = strcspn(++at, "\\");

		if (!at[len])
			return -EINVAL;
		memcpy(names.fields[i], at, MIN(len, (size_t)UNAME_LENGTH - 1));
		at += len;
	}
	*ret = names;
	return 0;
}

/* How long a field is in the answer of that call, and how many there are. */
static bool layout(const struct syscall_row *row, size_t *ret_length, int *ret_n)
{
	switch (syscall_id(row)) {
	case SYSCALL_uname:
		*ret_length = UNAME_LENGTH;
		*ret_n = UNAME_FIELDS;
		return true;
	case SYSCALL_olduname:	/* before domainname came */
		*ret_length = UNAME_LENGTH;
		*ret_n = UNAME_FIELDS - 1;
		return true;
	case SYSCALL_oldolduname:
		*ret_length = OLDEST_LENGTH;
		*ret_n = UNAME_FIELDS - 1;
		return true;
	default:
		return false;
	}
}

static void tell(const struct uname_sink *s, const struct event *ev, size_t length, int n)
{
	for (int i = 0; i < n; i++) {
		char field[UNAME_LENGTH] = { 0 };

		if (!*s->names.fields[i])
			continue;
		memcpy(field, s->names.fields[i], strnlen(s->names.fields[i], length - 1));
		/* If the page has gone since, another thread took it: its answer is lost as well. */
		(void)task_write(ev->task, ev->call->vals[0] + i * length, field, length);
	}
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	const struct uname_sink *s = (const struct uname_sink *)self;
	size_t length;
	int n;

	(void)e;
	if ((ev->kind != EVENT_CALL && ev->kind != EVENT_RETURN) || !ev->call->row ||
	    !layout(ev->call->row, &length, &n))
		return 0;
	if (ev->kind == EVENT_CALL)
		ev->want_return |= !ev->answered;
	else if (ev->result == 0)
		tell(s, ev, length, n);
	return 0;
}

unsigned uname_classes(void)
{
	return SYSCALL_BIT(SYSCALL_UNAME);
}

void uname_sink_init(struct uname_sink *s, const struct uname_names *names)
{
	*s = (struct uname_sink){ .sink = { .name = "uname", .event = on_event }, .names = *names };
}
