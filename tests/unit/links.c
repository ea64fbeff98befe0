// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/links: hard links that are none, on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emul/links/internal.h"
#include "tests/unit/check.h"

static char here[4096];

static const char *path(const char *name)
{
	static char paths[4][8192];
	static int next;
	char *at = paths[next++ % 4];

	snprintf(at, sizeof(paths[0]), "%s/%s", here, name);
	return at;
}

static void make_file(const char *name)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && close(fd) == 0);
}

static void names_tell_the_count(void)
{
	CHECK(form_count_of("/a/.l2s.x0001.0002") == 2 && form_count_of(".l2s.x0001.9999") == 9999);
	CHECK(form_count_of("/a/x.0002") == 0 && form_count_of("/a/.l2s.x0001") == 0);
	CHECK(form_count_of("/.l2s.x/y.0002") == 0 && form_count_of(".l2s.000x") == 0);
	CHECK(form_count_of(".l2s.0001") == 0 && form_count_of(".l2s..0003") == 3);
	CHECK(links_is_target("/a/.l2s.x0001") && !links_is_target("/.l2s.a/x") && !links_is_target("x"));
}

static void a_file_becomes_a_link_and_ends_with_its_last_name(void)
{
	_cleanup_form_ struct form f = FORM_INIT, read = FORM_INIT;
	struct stat st;

	make_file("a");
	CHECK(form_make(path("a"), NULL, &f) == 0 && f.count == 2);
	CHECK(form_read(path("a"), &read) == 1 && read.count == 2);
	CHECK(!strcmp(buf_str(&read.final), path(".l2s.a0001.0002")));
	CHECK(form_set_count(&read, 10) == 0 && lstat(path(".l2s.a0001.0010"), &st) == 0);
	CHECK(stat(path("a"), &st) == 0 && S_ISREG(st.st_mode));
	CHECK(form_set_count(&read, 10000) == -EMLINK);
	CHECK(form_set_count(&read, 0) == 0 && stat(path("a"), &st) < 0 && errno == ENOENT);
	CHECK(lstat(path(".l2s.a0001"), &st) < 0 && lstat(path(".l2s.a0001.0010"), &st) < 0);
	/* What is left is a symlink like others. */
	form_free(&read);
	read = (struct form)FORM_INIT;
	CHECK(form_read(path("a"), &read) == 0);
}

static void names_that_are_taken_are_left_alone(void)
{
	_cleanup_form_ struct form f = FORM_INIT;
	char name[256];

	make_file("b");
	make_file(".l2s.b0001");
	CHECK(form_make(path("b"), NULL, &f) == 0 && !strcmp(buf_str(&f.middle), path(".l2s.b0002")));
	form_free(&f);
	f = (struct form)FORM_INIT;
	memset(name, 'n', 255);
	name[255] = '\0';
	make_file(name);
	CHECK(form_make(path(name), NULL, &f) == 0 && f.count == 2);
}

static void what_is_no_link_is_none(void)
{
	_cleanup_form_ struct form f = FORM_INIT;

	make_file("c");
	CHECK(symlink("c", path("s")) == 0);
	CHECK(form_read(path("c"), &f) == 0 && form_read(path("s"), &f) == 0);
	CHECK(form_read(path("gone"), &f) == -ENOENT);
	/* Relative ones, as somebody has moved them. */
	make_file(".l2s.r0001.0004");
	CHECK(symlink(".l2s.r0001.0004", path(".l2s.r0001")) == 0 && symlink(".l2s.r0001", path("r")) == 0);
	form_free(&f);
	f = (struct form)FORM_INIT;
	CHECK(form_read(path("r"), &f) == 1 && f.count == 4);
}

int main(void)
{
	if (!getcwd(here, sizeof(here)))
		return 2;
	return check_tests(names_tell_the_count, a_file_becomes_a_link_and_ends_with_its_last_name,
			   names_that_are_taken_are_left_alone, what_is_no_link_is_none);
}
