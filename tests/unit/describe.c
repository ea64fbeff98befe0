// SPDX-License-Identifier: GPL-2.0-or-later
/* arch/describe: rows in words. */
#include "arch/describe.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/unit/check.h"

static void paths_are(const char *name, const char *want)
{
	_cleanup_buf_ struct buf got = BUF_INIT;

	describe_paths(syscall_row(syscall_find(name)), &got);
	if (strcmp(buf_str(&got), want)) {
		printf("not ok: %s: %s\n", name, buf_str(&got));
		check_failed++;
	}
}

static void what_a_call_names_is_said_in_words(void)
{
	paths_are("read", "");
	paths_are("open", "argument 1 (followed or not by 2): as the flags in 2 open it");
	paths_are("newfstatat", "argument 2 from descriptor 1 (followed or not by 4): meta");
	paths_are("rename", "argument 1 (its last name): remove; argument 2 (its last name): create replace");
	paths_are("fchdir", "what descriptor 1 is open on: enter");
	paths_are("lstat", "argument 1 (not followed): meta");
	paths_are("bind", "the unix socket in 2 (its last name): create");
	paths_are("sendmsg", "unix sockets in messages of 2: socket");
	paths_are("mount", "argument 1, if it is a path; argument 2: mount");
	paths_are("access", "argument 1: meta, accessx if the mode in 2 asks for execution");
}

static void every_call_and_sub_call_comes_once(void)
{
	static const char *const want[] = {
		"openat", "utimensat(argument 2 is 0)", "socketcall(argument 1 is 2): bind",
		"kill(argument 1 is -1)", "ipc(argument 1 is 24): shmctl", "vserver",
	};
	int found[sizeof(want) / sizeof(want[0])] = { 0 }, calls = 0;
	struct describe d;
	size_t cursor = 0;

	while (describe_next(&cursor, &d)) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		calls += !d.of;
		describe_name(&d, &name);
		for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
			found[i] += !strcmp(buf_str(&name), want[i]);
	}
	CHECK(calls == SYSCALL_IDS_END - 1);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK(found[i] == 1);
}

static void numbers_are_told_per_abi(void)
{
	struct describe d = { .row = syscall_row(SYSCALL_openat) };
	_cleanup_buf_ struct buf all = BUF_INIT, one = BUF_INIT, none = BUF_INIT;

	describe_numbers(&d, NULL, &all);
	CHECK(!strcmp(buf_str(&all), "x32 257, x86_64 257, i386 295, arm 322, arm64 56"));
	describe_numbers(&d, "arm", &one);
	CHECK(!strcmp(buf_str(&one), "arm 322"));
	d.row = syscall_row(SYSCALL_socketcall);
	describe_numbers(&d, "arm64", &none);
	CHECK(!none.len);
}

int main(void)
{
	return check_tests(
		what_a_call_names_is_said_in_words,
		every_call_and_sub_call_comes_once,
		numbers_are_told_per_abi);
}
