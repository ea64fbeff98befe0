// SPDX-License-Identifier: GPL-2.0-or-later
/* core/replay/points.h: what is made for bindings, who removes it, and what stays. */
#include "core/replay/points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/replay/binds.h"
#include "tests/unit/check.h"

static struct binds binds_for(const char *const *words, size_t n)
{
	struct binds_words given = { .root = "root", .words = words, .n = n };
	struct binds b = { 0 };
	struct err e = { 0 };

	CHECK(binds_make(&b, &given, &e) == 0, "%s", e.text);
	return b;
}
#define BINDS(...) binds_for((const char *const[]){ __VA_ARGS__ }, \
			     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static struct points *made(const struct binds *b)
{
	struct points *p = NULL;
	struct err e = { 0 };

	CHECK(points_make(&p, b, NULL, false, &e) == 0, "%s", e.text);
	return p;
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static struct timespec time_of(const char *path)
{
	struct stat st = { 0 };

	CHECK(lstat(path, &st) == 0);
	return st.st_mtim;
}

static void points_come_and_go_and_times_stay(void)
{
	struct binds b = BINDS("dir:/a/b/c", "file:/a/f", "file:/g");
	struct timespec before = time_of("root"), after;
	struct points *p = made(&b);
	struct stat st;
	size_t n;

	CHECK(there("root/a/b/c") && lstat("root/a/f", &st) == 0 && S_ISREG(st.st_mode) && there("root/g"));
	points_lacks(p, &n);
	CHECK(n == 0);
	points_remove(p);
	CHECK(!there("root/a") && !there("root/g"));
	after = time_of("root");
	CHECK(before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec);
	binds_clear(&b);
}

static void what_is_put_there_stays(void)
{
	struct binds b = BINDS("dir:/a/b", "file:/f");
	struct points *p = made(&b);
	FILE *f = fopen("root/f", "we"), *g = fopen("root/a/mine", "we");

	CHECK(f && fputs("written", f) >= 0 && fclose(f) == 0 && g && fclose(g) == 0);
	points_remove(p);
	CHECK(there("root/f") && there("root/a/mine") && !there("root/a/b"));
	CHECK(unlink("root/f") == 0 && unlink("root/a/mine") == 0 && rmdir("root/a") == 0);
	binds_clear(&b);
}

static void another_file_of_that_name_stays(void)
{
	struct binds b = BINDS("file:/f");
	struct points *p = made(&b);
	FILE *f;

	CHECK(rename("root/f", "root/old") == 0);
	f = fopen("root/f", "we");
	CHECK(f && fclose(f) == 0);
	points_remove(p);
	CHECK(there("root/f") && unlink("root/f") == 0 && unlink("root/old") == 0);
	binds_clear(&b);
}

static void the_last_of_those_that_share_one_removes_it(void)
{
	for (int first = 0; first < 2; first++) {
		struct binds b = BINDS("dir:/a/b"), again;
		struct points *p[2] = { made(&b) };

		/* It is there now: nothing is missing, and all the same it is shared. */
		again = BINDS("dir:/a/b");
		CHECK(!(again.v[0].flags & BINDS_MISSING));
		p[1] = made(&again);
		points_remove(p[first]);
		CHECK(there("root/a/b"));
		points_remove(p[!first]);
		CHECK(!there("root/a"));
		binds_clear(&b);
		binds_clear(&again);
	}
}

static void what_a_killed_run_left_goes_with_the_next(void)
{
	struct binds b = BINDS("dir:/a/b", "file:/f"), other = BINDS("dir:/etc");
	int status;
	pid_t pid = fork();

	if (!pid) {
		made(&b);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && there("root/a/b") && there("root/f"));
	points_remove(made(&other));
	CHECK(!there("root/a") && !there("root/f") && there("root/etc"));
	binds_clear(&b);
	binds_clear(&other);
}

static void what_cannot_be_made_is_told(void)
{
	struct binds b = BINDS("dir:/etc/a/b", "dir:/etc/a/c", "dir:/x");
	const struct points_lack *lacks;
	struct points *p = NULL;
	size_t n = 0;

	CHECK(points_make(&p, &b, "/proc", true, NULL) == 0);
	lacks = points_lacks(p, &n);
	CHECK(n == 3 && !strcmp(lacks[0].guest, "/etc/a") && lacks[0].error == -ENOENT);
	CHECK(n == 3 && !strcmp(lacks[1].guest, "/x") && !strcmp(lacks[2].guest, "/proc"));
	CHECK(!there("root/etc/a") && !there("root/x"));
	points_remove(p);
	if (geteuid() != 0) {
		chmod("root/etc", 0555);
		p = made(&b);
		lacks = points_lacks(p, &n);
		CHECK(n == 1 && !strcmp(lacks[0].guest, "/etc/a") && lacks[0].error == -EACCES && there("root/x"));
		points_remove(p);
		chmod("root/etc", 0755);
	}
	binds_clear(&b);
}

static void a_place_for_what_each_task_has_is_a_symlink(void)
{
	struct binds b = BINDS("/proc/self/fd:/dev/fd");
	struct points *p = made(&b);
	char target[32] = "";

	CHECK(readlink("root/dev/fd", target, sizeof(target) - 1) == 13 && !strcmp(target, "/proc/self/fd"));
	points_remove(p);
	CHECK(!there("root/dev"));
	binds_clear(&b);
}

int main(void)
{
	_cleanup_free_ char *here = getcwd(NULL, 0), *cache = NULL;

	if (!here || asprintf(&cache, "%s/cache", here) < 0 || setenv("XDG_CACHE_HOME", cache, 1) < 0 ||
	    mkdir("root", 0755) || mkdir("root/etc", 0755) || mkdir("dir", 0755) ||
	    close(open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644))) {
		perror("make a tree");
		return 1;
	}
	return check_tests(
		points_come_and_go_and_times_stay,
		what_is_put_there_stays,
		another_file_of_that_name_stays,
		the_last_of_those_that_share_one_removes_it,
		what_a_killed_run_left_goes_with_the_next,
		what_cannot_be_made_is_told,
		a_place_for_what_each_task_has_is_a_symlink);
}
