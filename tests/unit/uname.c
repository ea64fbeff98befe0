// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/uname: what -k says, and where it goes in each call's answer. */
#include "emul/uname/uname.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch/syscall.h"
#include "core/task/task.h"
#include "tests/unit/check.h"

static void a_release_alone_changes_nothing_else(void)
{
	struct uname_names n;

	CHECK(uname_parse("4.19.0-x", &n) == 0 && !strcmp(n.fields[2], "4.19.0-x"));
	CHECK(!*n.fields[0] && !*n.fields[1] && !*n.fields[3] && !*n.fields[4] && !*n.fields[5]);
}

static void all_of_it_can_be_said(void)
{
	struct uname_names n;

	CHECK(uname_parse("\\Linux\\a host\\3.2\\#1 SMP\\armv7l\\(none)\\1fb8d7\\", &n) == 0);
	CHECK(!strcmp(n.fields[0], "Linux") && !strcmp(n.fields[1], "a host") && !strcmp(n.fields[2], "3.2"));
	CHECK(!strcmp(n.fields[3], "#1 SMP") && !strcmp(n.fields[4], "armv7l") && !strcmp(n.fields[5], "(none)"));
	/* An empty field is the kernel's own; the end may be missing behind the last one. */
	CHECK(uname_parse("\\\\\\3.2\\\\\\\\", &n) == 0 && !*n.fields[0] && !strcmp(n.fields[2], "3.2"));
}

static void what_begins_like_it_and_is_not_is_refused(void)
{
	struct uname_names n = { .fields = { "kept" } };

	CHECK(uname_parse("\\", &n) == -EINVAL);
	CHECK(uname_parse("\\a\\b\\c", &n) == -EINVAL);
	CHECK(uname_parse("\\a\\b\\c\\d\\e\\f", &n) == -EINVAL);
	CHECK(!strcmp(n.fields[0], "kept"));
}

static void what_is_too_long_is_cut(void)
{
	char text[200] = "";
	struct uname_names n;

	memset(text, 'r', sizeof(text) - 1);
	CHECK(uname_parse(text, &n) == 0 && strlen(n.fields[2]) == UNAME_LENGTH - 1);
}

/* The answer as the program sees it, with @before in it from the kernel. */
static void answer(enum syscall_id id, const char *text, int64_t result, void *at)
{
	struct task_table *table = task_table_new();
	struct task *task = task_add(table, getpid(), NULL, false, false);
	struct call call = { .row = syscall_row(id), .vals = { (uintptr_t)at } };
	struct event ev = { .kind = EVENT_CALL, .task = task, .call = &call };
	struct uname_names n;
	struct uname_sink s;

	CHECK(uname_parse(text, &n) == 0);
	uname_sink_init(&s, &n);
	CHECK(s.sink.event(&s.sink, &ev, NULL) == 0 && ev.want_return);
	ev = (struct event){ .kind = EVENT_RETURN, .task = task, .call = &call, .result = result };
	CHECK(s.sink.event(&s.sink, &ev, NULL) == 0 && !ev.answered);
	task_table_free(table);
}

static void every_call_has_its_own_layout(void)
{
	static const char all[] = "\\S\\N\\release-is-long\\V\\M\\D\\0\\";
	struct utsname now;
	char old[6 * UNAME_LENGTH], oldest[6 * 9];

	memset(&now, '?', sizeof(now));
	answer(SYSCALL_uname, all, 0, &now);
	CHECK(!strcmp(now.sysname, "S") && !strcmp(now.release, "release-is-long") && !strcmp(now.machine, "M"));
	memset(old, '?', sizeof(old));
	answer(SYSCALL_olduname, all, 0, old);
	CHECK(!strcmp(old + 4 * UNAME_LENGTH, "M") && old[5 * UNAME_LENGTH] == '?');
	memset(oldest, '?', sizeof(oldest));
	answer(SYSCALL_oldolduname, all, 0, oldest);
	CHECK(!strcmp(oldest + 2 * 9, "release-") && !strcmp(oldest + 4 * 9, "M") && oldest[5 * 9] == '?');
}

static void what_is_not_ours_and_what_failed_stay(void)
{
	struct utsname now;

	memset(&now, '?', sizeof(now));
	answer(SYSCALL_uname, "1.2", 0, &now);
	CHECK(now.sysname[0] == '?' && now.version[0] == '?' && !strcmp(now.release, "1.2"));
	memset(&now, '?', sizeof(now));
	answer(SYSCALL_uname, "1.2", -EFAULT, &now);
	CHECK(now.release[0] == '?');
}

int main(void)
{
	return check_tests(
		a_release_alone_changes_nothing_else,
		all_of_it_can_be_said,
		what_begins_like_it_and_is_not_is_refused,
		what_is_too_long_is_cut,
		every_call_has_its_own_layout,
		what_is_not_ours_and_what_failed_stay);
}
