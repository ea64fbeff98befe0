// SPDX-License-Identifier: GPL-2.0-or-later
/* core/base/rmtree: what is in the way of removing a tree. */
#include "core/base/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tests/unit/check.h"

#define FILES 3000

static void make_files(const char *dir)
{
	CHECK(mkdir(dir, 0700) == 0);
	for (int i = 0; i < FILES; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "%s/%d", dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK(fd >= 0);
		close(fd);
	}
}

static void what_somebody_else_removes_meanwhile_is_no_error(void)
{
	for (int round = 0; round < 5; round++) {
		struct err e = { 0 };
		pid_t other;

		CHECK(mkdir("tree", 0700) == 0);
		make_files("tree/a");
		other = fork();
		if (other == 0) {
			for (int i = 0; i < FILES; i++) {
				char path[64];

				snprintf(path, sizeof(path), "tree/a/%d", i);
				unlink(path);
			}
			_exit(0);
		}
		CHECK(rmtree("tree", &e) == 0);
		if (e.code)
			printf("# %s\n", e.text);
		CHECK(waitpid(other, NULL, 0) == other);
		CHECK(access("tree", F_OK) < 0 && errno == ENOENT);
	}
}

static void permissions_do_not_keep_what_is_ours(void)
{
	CHECK(mkdir("shut", 0700) == 0 && mkdir("shut/a", 0700) == 0 && mkdir("shut/a/b", 0700) == 0);
	CHECK(chmod("shut/a/b", 0) == 0 && chmod("shut/a", 0) == 0 && chmod("shut", 0) == 0);
	CHECK(rmtree("shut", NULL) == 0);
	CHECK(access("shut", F_OK) < 0);
}

static void what_is_not_there_is_removed_already(void)
{
	CHECK(rmtree("nothing", NULL) == 0);
}

int main(void)
{
	alarm(60);
	return check_tests(
		what_somebody_else_removes_meanwhile_is_no_error,
		permissions_do_not_keep_what_is_ours,
		what_is_not_there_is_removed_already);
}
