// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/ids/table and text: what is said of files, and the words for it. */
#include "emul/ids/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "emul/ids/text.h"
#include "tests/unit/check.h"

static const struct stat_facts file = { .dev = 3, .ino = 4, .mode = S_IFREG | 0644, .uid = 1,
					.gid = 2, .born = 50, .born_ns = 7 };

static void what_is_said_is_shown(void)
{
	struct table *t = table_new();
	struct stat_facts f = file;
	struct ids_entry *e;

	CHECK(!table_find(t, &file));
	e = table_get(t, &file);
	CHECK(e && table_get(t, &file) == e && table_count(t) == 1);
	entry_show(e, &f);
	CHECK(!memcmp(&f, &file, sizeof(f)));
	e->has = IDS_UID;
	e->uid = 9;
	entry_show(e, &f);
	CHECK(f.uid == 9 && f.gid == 2 && f.mode == file.mode);
	e->has = IDS_GID | IDS_MODE | IDS_TYPE;
	e->gid = 70000;
	e->mode = S_IFBLK | 0600;
	e->rdev = makedev(8, 1);
	f = file;
	entry_show(e, &f);
	CHECK(f.uid == 1 && f.gid == 70000 && f.mode == (S_IFBLK | 0600) && f.rdev == makedev(8, 1));
	table_free(t);
}

static void an_inode_that_was_born_anew_is_another(void)
{
	struct stat_facts f = file;
	struct table *t = table_new();

	table_get(t, &file)->has = IDS_UID;
	f.born = 0;		/* not known: then it is the one */
	CHECK(table_find(t, &f));
	f.born = 51;
	CHECK(!table_find(t, &f) && !table_count(t));
	table_get(t, &file)->has = IDS_UID;
	f.born = 50;
	f.born_ns = 8;
	CHECK(!table_find(t, &f));
	table_get(t, &file)->has = IDS_UID;
	table_forget(t, 3, 5);
	table_forget(t, 4, 4);
	CHECK(table_find(t, &file));
	table_forget(t, 3, 4);
	CHECK(!table_find(t, &file));
	table_free(t);
}

static void what_says_nothing_any_more_is_dropped(void)
{
	struct table *t = table_new();
	struct ids_entry *e = table_get(t, &file);

	CHECK(table_set_xattr(t, e, "security.capability", "\1\0\2", 3) == 0 && table_xattrs(t) == 1);
	CHECK(table_set_xattr(t, e, "trusted.x", "", 0) == 0 && table_xattrs(t) == 1);
	CHECK(table_set_xattr(t, e, "trusted.x", "abc", 3) == 0 && e->n_xattrs == 2);
	CHECK(entry_xattr(e, "trusted.x")->size == 3 && !entry_xattr(e, "trusted.y"));
	CHECK(table_remove_xattr(t, e, "trusted.x") && !table_remove_xattr(t, e, "trusted.x"));
	table_settle(t, e);
	CHECK(table_count(t) == 1);
	CHECK(table_remove_xattr(t, e, "security.capability") && table_xattrs(t) == 0);
	table_settle(t, e);
	CHECK(table_count(t) == 0);
	table_free(t);
}

/* A line becomes an entry, and that the same line. */
static void both_ways(const char *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct ids_entry *e = text_parse(line);

	CHECK(e, "%s", line);
	if (!e)
		return;
	text_add(&text, e);
	CHECK(text.len == strlen(line) + 1 && !strncmp(buf_str(&text), line, strlen(line)), "%s",
	      buf_str(&text));
	entry_free(e);
}

static void lines_are_written_as_they_were_read(void)
{
	static const char *const lines[] = {
		"/bin/su mode=4755 dev=1 ino=18446744073709551615",
		"/ uid=0 dev=0 ino=2 born=1700000000.000000009",
		"? uid=4294967294 gid=33 mode=000 dev=2 ino=3",
		"/dev/sda1 gid=6 mode=660 type=b:8:1 dev=2 ino=3 size=0 mtime=-5.100000000",
		"/a\\040name\\012of\\134many\\303\\244 type=c:259:65536 dev=2 ino=3",
		"/usr/bin/ping xattr=security.capability:0100000200200000 dev=2 ino=3",
		"/x xattr=trusted.empty: xattr=security.a\\072b:ff dev=2 ino=3",
	};
	struct ids_entry *e;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		both_ways(lines[i]);
	e = text_parse(lines[4]);
	CHECK(e && !strcmp(e->path, "/a name\nof\\many\303\244") && major(e->rdev) == 259);
	entry_free(e);
	e = text_parse(lines[5]);
	CHECK(e && e->n_xattrs == 1 && e->xattrs[0].size == 8 &&
	      !memcmp(e->xattrs[0].value, "\1\0\0\2\0\40\0", 8));
	entry_free(e);
}

static void other_lines_are_none(void)
{
	static const char *const lines[] = {
		"", "/f", "f uid=1", "/f uid=1 later=2", "/f uid=-", "/f uid=4294967295", "/f uid=1x",
		"/f mode=8", "/f mode=17777", "/f type=d:1:2", "/f type=c:1", "/f xattr=a:0",
		"/f xattr=a:0g", "/f xattr=a", "/f\\0 uid=1", "/f\\400x uid", "/f uid=1 born=1",
		"/f uid", "/f dev=1 ino=2", "/f\\000 uid=1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct ids_entry *e = text_parse(lines[i]);

		CHECK(!e, "%s", lines[i]);
		entry_free(e);
	}
}

int main(void)
{
	return check_tests(what_is_said_is_shown, an_inode_that_was_born_anew_is_another,
			   what_says_nothing_any_more_is_dropped, lines_are_written_as_they_were_read,
			   other_lines_are_none);
}
