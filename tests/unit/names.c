// SPDX-License-Identifier: GPL-2.0-or-later
/* core/path: what a path means, over a file system that exists only as a table. */
#include "core/path/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "tests/unit/check.h"

static struct entry {
	const char *path;
	mode_t mode;
	const char *target;
	int error;
} disk[64] = {
	{ "/", S_IFDIR | 0755, NULL, 0 },
	{ "/etc", S_IFDIR | 0755, NULL, 0 },
	{ "/etc/passwd", S_IFREG | 0644, NULL, 0 },
	{ "/etc/alt", S_IFDIR | 0755, NULL, 0 },
	{ "/etc/alt/cc", S_IFLNK | 0777, "/usr/bin/gcc", 0 },
	{ "/usr", S_IFDIR | 0755, NULL, 0 },
	{ "/usr/bin", S_IFDIR | 0755, NULL, 0 },
	{ "/usr/bin/gcc", S_IFLNK | 0777, "gcc-12", 0 },
	{ "/usr/bin/gcc-12", S_IFREG | 0755, NULL, 0 },
	{ "/usr/bin/cc", S_IFLNK | 0777, "../../etc/alt/cc", 0 },
	{ "/bin", S_IFLNK | 0777, "usr/bin", 0 },
	{ "/loop", S_IFLNK | 0777, "loop2", 0 },
	{ "/loop2", S_IFLNK | 0777, "/loop", 0 },
	{ "/dangling", S_IFLNK | 0777, "etc/nothing", 0 },
	{ "/secret", S_IFDIR, NULL, 0 },
	{ "/secret/x", S_IFREG, NULL, -EACCES },
	{ "/jail", S_IFDIR | 0755, NULL, 0 },
	{ "/jail/etc", S_IFDIR | 0755, NULL, 0 },
	{ "/jail/etc/passwd", S_IFREG | 0600, NULL, 0 },
	{ "/jail/up", S_IFLNK | 0777, "../etc/passwd", 0 },
	{ "/jail/abs", S_IFLNK | 0777, "/etc/passwd", 0 },
};

static struct entry *on_disk(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(disk) && disk[i].path; i++)
		if (!strcmp(disk[i].path, path))
			return &disk[i];
	return NULL;
}

static struct entry *add(const char *path, mode_t mode, const char *target)
{
	struct entry *e = on_disk(path);

	for (size_t i = 0; !e && i < ARRAY_SIZE(disk); i++)
		if (!disk[i].path)
			e = &disk[i];
	*e = (struct entry){ path, mode, target, 0 };
	return e;
}

static int look(struct fsview *v, const char *path, struct name_look *ret)
{
	struct entry *e = on_disk(path);

	(void)v;
	if (!e || !e->mode)
		return -ENOENT;
	if (e->error)
		return e->error;
	*ret = (struct name_look){ e->mode, 1, (ino_t)(e - disk) + 1, false };
	return 0;
}

static int link_of(struct fsview *v, const char *path, struct buf *ret)
{
	(void)v;
	buf_adds(ret, on_disk(path)->target);
	return 0;
}

static struct fsview view = { look, link_of, NULL };

static char seen[1024];	/* "D/ D/etc F/etc/passwd": what was announced */

static int note(void *ctx, struct name *n, enum walk_role role)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	(void)ctx;
	name_path(n, &path);
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%c%s", seen[0] ? " " : "",
		 "DLF"[role], path.data);
	return 0;
}

static struct path_walk walk_from(struct names *t, const char *root, const char *base,
				  const char *text, unsigned flags)
{
	struct path_walk w = { .root = names_at(t, root), .base = names_at(t, base), .text = text,
			       .len = strlen(text), .walk = flags, .visit = note };
	struct err e = { 0 };

	seen[0] = '\0';
	CHECK(names_walk(t, &w, &e) == 0);
	return w;
}

static const char *ends(struct names *t, const char *root, const char *base, const char *text,
			unsigned flags, int error)
{
	static struct buf path;
	struct path_walk w = walk_from(t, root, base, text, flags);

	if (w.error != error)
		printf("# %s: error %d, expected %d\n", text, w.error, error);
	CHECK(w.error == error);
	if (!w.last)
		return "";
	name_path(w.last, &path);
	return path.data;
}

static void paths_end_where_the_kernel_ends(void)
{
	static const struct {
		const char *root, *base, *text;
		unsigned flags;
		int error;
		const char *end;
	} cases[] = {
		{ "/", "/", "/etc/passwd", 0, 0, "/etc/passwd" },
		{ "/", "/etc", "passwd", 0, 0, "/etc/passwd" },
		{ "/", "/etc", "./../etc//passwd", 0, 0, "/etc/passwd" },
		{ "/", "/", "/../../etc", 0, 0, "/etc" },
		{ "/", "/", "/bin/cc", 0, 0, "/usr/bin/gcc-12" },
		{ "/", "/", "/bin/cc", WALK_NOFOLLOW, 0, "/usr/bin/cc" },
		{ "/", "/", "/bin", WALK_NOFOLLOW, 0, "/bin" },
		{ "/", "/", "/bin/", WALK_NOFOLLOW, 0, "/usr/bin" },
		{ "/", "/", "/bin/..", WALK_NOFOLLOW, 0, "/usr" },
		{ "/", "/", "/etc/passwd/", 0, -ENOTDIR, "/etc/passwd" },
		{ "/", "/", "/etc/passwd/x", 0, -ENOTDIR, "/etc/passwd" },
		{ "/", "/", "/nothing/x/y", 0, -ENOENT, "/nothing" },
		{ "/", "/", "/loop", 0, -ELOOP, "/loop" },
		{ "/", "/", "/loop", WALK_NOFOLLOW, 0, "/loop" },
		{ "/", "/", "/dangling", 0, -ENOENT, "/etc/nothing" },
		{ "/", "/", "/dangling", WALK_PARENT, 0, "/dangling" },
		{ "/", "/", "/secret/x", 0, -EACCES, "/secret/x" },
		{ "/", "/etc", "", WALK_EMPTY, 0, "/etc" },
		{ "/", "/etc", "", 0, -ENOENT, "" },
		{ "/jail", "/jail", "/etc/passwd", 0, 0, "/jail/etc/passwd" },
		{ "/jail", "/jail", "/../../etc/passwd", 0, 0, "/jail/etc/passwd" },
		{ "/jail", "/jail", "abs", 0, 0, "/jail/etc/passwd" },
		{ "/", "/jail", "up", 0, 0, "/etc/passwd" },
		{ "/", "/jail", "up", WALK_BENEATH, -EXDEV, "/jail" },
		{ "/", "/jail", "abs", WALK_BENEATH, -EXDEV, "/jail/abs" },
		{ "/", "/jail", "/etc", WALK_BENEATH, -EXDEV, "" },
		{ "/", "/jail", "up", WALK_IN_ROOT, 0, "/jail/etc/passwd" },
		{ "/", "/jail", "abs", WALK_IN_ROOT, 0, "/jail/etc/passwd" },
		{ "/", "/jail", "/etc/passwd", WALK_IN_ROOT, 0, "/jail/etc/passwd" },
		{ "/", "/jail", "up", WALK_NO_SYMLINKS, -ELOOP, "/jail/up" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct names *t = names_new(&view);
		const char *end = ends(t, cases[i].root, cases[i].base, cases[i].text, cases[i].flags,
				       cases[i].error);

		if (strcmp(end, cases[i].end))
			printf("# %s: ended at %s, expected %s\n", cases[i].text, end, cases[i].end);
		CHECK(!strcmp(end, cases[i].end));
		names_free(t);
	}
}

static void every_component_is_announced(void)
{
	struct names *t = names_new(&view);

	ends(t, "/", "/", "/bin/cc", 0, 0);
	CHECK(!strcmp(seen, "D/ L/bin D/ D/usr D/usr/bin L/usr/bin/cc D/ D/etc D/etc/alt "
			    "L/etc/alt/cc D/ D/usr D/usr/bin L/usr/bin/gcc D/usr/bin F/usr/bin/gcc-12"));
	ends(t, "/", "/", "/etc/none", 0, -ENOENT);
	CHECK(!strcmp(seen, "D/ D/etc F/etc/none"));
	names_free(t);
}

static void what_was_not_walked_is_told(void)
{
	struct names *t = names_new(&view);
	struct path_walk w = walk_from(t, "/", "/", "/nothing/x/y", 0);

	CHECK(w.rest == 3);	/* "x/y" */
	names_free(t);
}

static void a_renamed_directory_takes_its_names_along(void)
{
	struct names *t = names_new(&view);
	struct path_walk w;
	int object;

	add("/a", S_IFDIR, NULL);
	add("/a/f", S_IFREG, NULL);
	w = walk_from(t, "/", "/", "/a/f", 0);
	w.last->object = &object;
	w = walk_from(t, "/", "/", "/b", WALK_PARENT);
	CHECK(w.error == -ENOENT);
	CHECK(names_move(t, names_at(t, "/a"), w.last) == 0);
	add("/b", S_IFDIR, NULL);
	add("/b/f", S_IFREG, NULL);
	add("/a", 0, NULL);
	w = walk_from(t, "/", "/", "/b/f", 0);
	CHECK(w.error == 0 && w.last->object == &object);
	CHECK(walk_from(t, "/", "/", "/a/f", 0).error == -ENOENT);
	names_free(t);
}

static void exchanged_names_swap_what_they_mean(void)
{
	struct names *t = names_new(&view);
	struct path_walk a, b;
	int object;

	a = walk_from(t, "/", "/", "/etc/passwd", 0);
	b = walk_from(t, "/", "/", "/usr", 0);
	a.last->object = &object;
	CHECK(names_swap(t, a.last, b.last) == 0);
	CHECK(names_at(t, "/usr")->object == &object);
	CHECK(names_at(t, "/etc/passwd")->type == NAME_DIR);
	/* With itself: the kernel does nothing, and so do we. */
	CHECK(names_swap(t, a.last, a.last) == 0);
	CHECK(names_at(t, "/usr")->object == &object);
	names_free(t);
}

static void what_comes_after_absence_was_absent(void)
{
	struct names *t = names_new(&view);
	struct path_walk w = walk_from(t, "/", "/", "/new", 0);

	CHECK(w.error == -ENOENT && w.last->flags & NAME_WAS_ABSENT);
	names_born(w.last);
	add("/new", S_IFREG, NULL);
	w = walk_from(t, "/", "/", "/new", 0);
	CHECK(w.error == 0 && w.last->flags & NAME_BORN);
	names_gone(w.last);
	CHECK(walk_from(t, "/", "/", "/new", 0).error == -ENOENT);
	names_free(t);
}

static void a_binding_changes_where_the_host_has_it(void)
{
	struct names *t = names_new(&view);
	struct name *n = names_at(t, "/etc");
	_cleanup_buf_ struct buf host = BUF_INIT;

	n->bind = strdup("/jail/etc");
	n->concealed = true;
	CHECK(!strcmp(ends(t, "/", "/", "/etc/passwd", 0, 0), "/etc/passwd"));
	n = names_at(t, "/etc/passwd");
	CHECK(name_concealed(n) && (n->mode & 0777) == 0600);
	name_host(n, &host);
	CHECK(!strcmp(host.data, "/jail/etc/passwd"));
	CHECK(walk_from(t, "/", "/", "/etc/alt", 0).error == -ENOENT);
	names_free(t);
}

static void ten_thousand_names_are_all_found_again(void)
{
	struct names *t = names_new(&view);
	char text[16];

	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		names_child(t, names_root(t), text, strlen(text))->mode = i;
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		if (names_known(t, names_root(t), text, strlen(text))->mode != (mode_t)i)
			check_failed++;
	}
	CHECK(names_count(t) == 10000);
	names_free(t);
}

int main(void)
{
	return check_tests(
		paths_end_where_the_kernel_ends,
		every_component_is_announced,
		what_was_not_walked_is_told,
		a_renamed_directory_takes_its_names_along,
		exchanged_names_swap_what_they_mean,
		what_comes_after_absence_was_absent,
		a_binding_changes_where_the_host_has_it,
		ten_thousand_names_are_all_found_again);
}
