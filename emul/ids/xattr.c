// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Extended attributes that only root may set: security.* (capabilities of files) and
 * trusted.*. They are remembered, and stand beside those that the disk has.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/mem.h"
#include "emul/ids/internal.h"

#define LONGEST_NAME 255		/* XATTR_NAME_MAX */
#define LARGEST_VALUE 65536	/* XATTR_SIZE_MAX */

static bool read_name(const struct event *ev, char *ret, size_t size)
{
	ssize_t n = task_read(ev->task, ev->call->vals[1], ret, size);

	return n > 0 && memchr(ret, '\0', n);
}

static bool is_roots(const char *name)
{
	return !strncmp(name, "security.", 9) || !strncmp(name, "trusted.", 8);
}

static bool may(const struct creds *c, const char *name)
{
	return creds_can(c, strcmp(name, "security.capability") ? CREDS_SYS_ADMIN : CREDS_SETFCAP);
}

/* --- each, once the file is known; @ret: the result ------------------------------------------------ */

static int set(struct ids *ids, const struct event *ev, const struct stat_facts *f, const char *name,
	       int64_t *ret)
{
	uint64_t size = ev->call->vals[3];
	uint32_t flags = (uint32_t)ev->call->vals[4];
	_cleanup_free_ void *value = size <= LARGEST_VALUE ? malloc(size + 1) : NULL;
	struct ids_entry *e = table_find(ids->table, f);
	bool there = e && entry_xattr(e, name);
	int r;

	*ret = size > LARGEST_VALUE ? -E2BIG : there && flags & XATTR_CREATE ? -EEXIST :
	       !there && flags & XATTR_REPLACE ? -ENODATA : 0;
	if (*ret < 0)
		return 0;
	if (!value)
		return no_memory(ids);
	if (size && task_read(ev->task, ev->call->vals[2], value, size) != (ssize_t)size) {
		*ret = -EFAULT;
		return 0;
	}
	e = facts_entry(ids, f);
	r = e ? table_set_xattr(ids->table, e, name, value, size) : -ENOMEM;
	ids->dirty = true;
	return r < 0 ? no_memory(ids) : 0;
}

static bool get(struct ids *ids, const struct event *ev, const struct stat_facts *f, const char *name,
		int64_t *ret)
{
	const struct ids_entry *e = table_find(ids->table, f);
	const struct ids_xattr *x = e ? entry_xattr(e, name) : NULL;
	uint64_t room = ev->call->vals[3];

	if (!x)
		return false;
	*ret = (int64_t)x->size;
	if (room && room < x->size)
		*ret = -ERANGE;
	else if (room && task_write(ev->task, ev->call->vals[2], x->value, x->size) != (ssize_t)x->size)
		*ret = -EFAULT;
	return true;
}

static bool drop(struct ids *ids, const struct stat_facts *f, const char *name, int64_t *ret)
{
	struct ids_entry *e = table_find(ids->table, f);

	if (!e || !table_remove_xattr(ids->table, e, name))
		return false;
	table_settle(ids->table, e);
	ids->dirty = true;
	*ret = 0;
	return true;
}

/* Behind the @n bytes of names that the kernel told. */
static int64_t list(struct ids *ids, const struct event *ev, const struct stat_facts *f, int64_t n)
{
	const struct ids_entry *e = table_find(ids->table, f);
	_cleanup_buf_ struct buf names = BUF_INIT;
	uint64_t room = ev->call->vals[2];

	for (size_t i = 0; e && i < e->n_xattrs; i++)
		buf_add(&names, e->xattrs[i].name, strlen(e->xattrs[i].name) + 1);
	if (buf_error(&names))
		return n;
	if (room && room < (uint64_t)n + names.len)
		return -ERANGE;
	if (room && names.len && task_write(ev->task, ev->call->vals[1] + n, names.data, names.len) !=
					 (ssize_t)names.len)
		return -EFAULT;
	return n + (int64_t)names.len;
}

/* --- the calls ---------------------------------------------------------------------------------- */

/* The file is known: true if *ret is the result, false if the kernel has it. */
static bool settle(struct ids *ids, struct who *w, const struct event *ev, const struct stat_facts *f,
		   int64_t *ret, int *ret_error)
{
	char name[LONGEST_NAME + 1];

	if (w->asked.op == OP_LIST_XATTR || !read_name(ev, name, sizeof(name)))
		return false;
	if (w->asked.op == OP_GET_XATTR)
		return get(ids, ev, f, name, ret);
	if (!may(&w->creds, name)) {
		*ret = -EPERM;
		return true;
	}
	if (w->asked.op == OP_REMOVE_XATTR)
		return drop(ids, f, name, ret);
	*ret_error = set(ids, ev, f, name, ret);
	return true;
}

/* Is it about a name that may be among ours? */
static bool concerns_us(const struct ids *ids, const struct event *ev, enum op op)
{
	char name[LONGEST_NAME + 1];

	if (op != OP_SET_XATTR && !table_xattrs(ids->table))
		return false;
	return op == OP_LIST_XATTR || (read_name(ev, name, sizeof(name)) && is_roots(name));
}

int xattr_call(struct ids *ids, struct who *w, struct event *ev, enum op op)
{
	const struct call *c = ev->call;
	struct asked *a = &w->asked;
	int64_t result = 0;
	int error = 0;

	if (a->stage == STAGE_ASKED) {		/* the kernel's, and of a list we add ours */
		if (op == OP_LIST_XATTR)
			a->waiting = ev->want_return = true;
		return 0;
	}
	if (!concerns_us(ids, ev, op))
		return 0;
	if (c->n_paths) {
		facts_ask(ids, w, ev, 0, c->paths[0].walk & WALK_NOFOLLOW);
		return 0;
	}
	if (c->fd == -1 || facts_of_fd(ids, ev->task, c->fd, &a->facts) < 0)
		return 0;
	if (op == OP_LIST_XATTR)
		a->waiting = ev->want_return = true;
	else if (settle(ids, w, ev, &a->facts, &result, &error))
		answer(ev, result);
	return error;
}

int xattr_return(struct ids *ids, struct who *w, struct event *ev)
{
	struct asked *a = &w->asked;
	int64_t result = 0;
	int error = 0;

	if (!a->looks) {
		if (ev->result >= 0)
			answer(ev, list(ids, ev, &a->facts, ev->result));
		return 0;
	}
	if (facts_told(ids, w, ev, &a->facts) < 0)
		return 0;
	if (settle(ids, w, ev, &a->facts, &result, &error)) {
		answer(ev, result);
		return error;
	}
	a->stage = STAGE_ASKED;
	ev->again = true;
	return 0;
}
