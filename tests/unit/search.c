// SPDX-License-Identifier: GPL-2.0-or-later
/* core/base/search: what is asked for along PATH, in which order, and what comes of it. */
#include "core/base/search.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/unit/check.h"

struct asked {
	struct buf names;
	const char *there;	/* the one that is */
	const char *shut;	/* the one that may not be executed */
	int odd;		/* what every other one says; 0 = -ENOENT */
};

static int try(void *ctx, const char *candidate)
{
	struct asked *a = ctx;

	buf_addf(&a->names, "%s ", candidate);
	if (a->there && !strcmp(candidate, a->there))
		return 0;
	return a->shut && !strcmp(candidate, a->shut) ? -EACCES : a->odd ? a->odd : -ENOENT;
}

static int ask(struct asked *a, const char *path, const char *want)
{
	int r = search_path(path, "x", try, a);

	CHECK(!strcmp(buf_str(&a->names), want), "asked %s", buf_str(&a->names));
	buf_free(&a->names);
	return r;
}

int main(void)
{
	CHECK(search_wanted("x") && !search_wanted("./x") && !search_wanted("x/") && !search_wanted(""), "what is a path");
	CHECK(ask(&(struct asked){ 0 }, "/a:/b", "/a/x /b/x ") == -ENOENT, "it is nowhere");
	CHECK(ask(&(struct asked){ .there = "/a/x" }, "/a:/b", "/a/x ") == 0, "the first counts");
	CHECK(ask(&(struct asked){ .there = "/b/x", .shut = "/a/x" }, "/a:/b", "/a/x /b/x ") == 0, "past one that may not run");
	CHECK(ask(&(struct asked){ .shut = "/a/x" }, "/a:/b", "/a/x /b/x ") == -EACCES, "which is told if there is no other");
	CHECK(ask(&(struct asked){ .odd = -ENOTDIR }, "/a:/b", "/a/x /b/x ") == -ENOENT, "below a file is nowhere");
	CHECK(ask(&(struct asked){ .odd = -ENOEXEC }, "/a:/b", "/a/x ") == -ENOEXEC, "what fails otherwise ends it");
	CHECK(ask(&(struct asked){ 0 }, ":/a::", "./x /a/x ./x ./x ") == -ENOENT, "an empty entry is here");
	CHECK(ask(&(struct asked){ 0 }, "", "./x ") == -ENOENT, "an empty PATH too");
	return check_summary();
}
