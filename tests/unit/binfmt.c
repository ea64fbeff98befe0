// SPDX-License-Identifier: GPL-2.0-or-later
/* core/record/binfmt: what is registered is read as the kernel prints it, and matched as it matches. */
#include "core/record/binfmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/base/rmtree.h"
#include "tests/unit/check.h"

static char dir[] = "binfmt-XXXXXX";

static void put(const char *name, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;

	buf_addf(&path, "%s/%s", dir, name);
	fd = open(buf_str(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && io_write_all(fd, text, strlen(text)) == 0);
}

static void fill(void)
{
	put("status", "enabled\n");
	put("register", "");
	put("arm", "enabled\ninterpreter /usr/bin/qemu-arm-static\nflags: OCF\noffset 0\n"
		   "magic 7f454c4601\nmask ffffffff0f\n");
	put("late", "enabled\ninterpreter /usr/bin/late with blank\nflags: \noffset 4\nmagic 6162\n");
	put("ext", "enabled\ninterpreter /opt/run\nflags: P\nextension .foo\n");
	put("off", "disabled\ninterpreter /opt/off\nflags: \nextension .off\n");
	put("cut", "enabled\ninterpreter /opt/cut\nflags: \noffset 0\nmagic \n");
	put("odd", "enabled\ninterpreter /opt/odd\nflags: \noffset 0\nmagic 6162\nmask ff\n");
}

static const struct binfmt *find(const struct binfmts *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->v[i].name, name))
			return &b->v[i];
	return NULL;
}

static void registrations_are_read(void)
{
	struct binfmts b = { 0 };

	fill();
	CHECK(binfmts_read(&b, dir) == 0 && b.n == 3);
	CHECK(find(&b, "arm") && !strcmp(find(&b, "arm")->interpreter, "/usr/bin/qemu-arm-static") &&
	      strchr(find(&b, "arm")->flags, 'F'));
	CHECK(find(&b, "late") && !strcmp(find(&b, "late")->interpreter, "/usr/bin/late with blank"));
	CHECK(find(&b, "ext") && !strcmp(find(&b, "ext")->extension, "foo"));
	binfmts_clear(&b);
	put("status", "disabled\n");
	CHECK(binfmts_read(&b, dir) == 0 && b.n == 0);
	CHECK(binfmts_read(&b, "/no/such/place") == 0 && b.n == 0);
	CHECK(!binfmts_mounted(dir) && !binfmts_mounted("/no/such/place"));
}

static void they_match_as_in_the_kernel(void)
{
	struct binfmts b = { 0 };
	const struct binfmt *arm, *late, *ext;

	fill();
	CHECK(binfmts_read(&b, dir) == 0 && b.n == 3);
	arm = find(&b, "arm");
	late = find(&b, "late");
	ext = find(&b, "ext");
	if (!arm || !late || !ext)
		return;
	CHECK(binfmt_matches(arm, "x", "\177ELF\001", 5));
	CHECK(binfmt_matches(arm, "x", "\177ELF\361", 5));	/* masked */
	CHECK(!binfmt_matches(arm, "x", "\177ELF\002", 5));
	CHECK(!binfmt_matches(arm, "x", "\177ELF", 4));
	CHECK(binfmt_matches(late, "x", "....ab", 6));
	CHECK(!binfmt_matches(late, "x", "ab....", 6) && !binfmt_matches(late, "x", "abc", 3));
	CHECK(binfmt_matches(ext, "/a/b.foo", "", 0));
	CHECK(!binfmt_matches(ext, "/a.foo/b.bar", "", 0) && !binfmt_matches(ext, "foo", "", 0));
	CHECK(!binfmt_matches(ext, "/a/b.foox", "", 0));
	binfmts_clear(&b);
}

int main(void)
{
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = check_tests(registrations_are_read, they_match_as_in_the_kernel);
	rmtree(dir, NULL);
	return failed;
}
