// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of a stream: its members up to where it is cut, and what the journal says. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "core/archive/repair.h"
#include "core/archive/target.h"
#include "core/base/err.h"

static char present;

/* The rootfs path of a member ("/usr/bin/x"), NULL if it is none. */
static const char *rootfs_path(const char *below)
{
	if (!below || member_kind(below) != MEMBER_ROOTFS)
		return NULL;
	return below[6] ? below + 6 : "/";
}

static enum manifest_type type_of(struct archive_entry *entry)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFDIR:
		return MANIFEST_DIR;
	case AE_IFLNK:
		return MANIFEST_LNK;
	case AE_IFCHR:
		return MANIFEST_CHR;
	case AE_IFBLK:
		return MANIFEST_BLK;
	case AE_IFIFO:
		return MANIFEST_FIFO;
	case AE_IFSOCK:
		return MANIFEST_SOCK;
	default:
		return MANIFEST_REG;
	}
}

/* An archive without a journal (CARE's): what its members' headers say, as lines. */
static int synthesize(struct repair *r, struct archive_entry *entry, const char *path, struct err *e)
{
	const char *link = archive_entry_hardlink(entry);
	struct manifest_file f = {
		.path = (char *)path, .type = type_of(entry), .mode = archive_entry_perm(entry),
		.uid = (uid_t)archive_entry_uid(entry), .gid = (gid_t)archive_entry_gid(entry),
		.size = (uint64_t)MAX(archive_entry_size(entry), 0), .nlink = 1,
		.rdev = archive_entry_rdev(entry), .content = MANIFEST_NONE,
	};
	struct manifest_record record = { .kind = MANIFEST_K_FILE, .file = &f };

	if (r->lines.len > IN_MEMBER_MAX)
		return err_set(e, -EFBIG, "repair %s: too many files", r->a->path);
	f.mtime.tv_sec = archive_entry_mtime(entry);
	f.mtime.tv_nsec = archive_entry_mtime_nsec(entry);
	if (f.type == MANIFEST_LNK)
		f.link = (char *)archive_entry_symlink(entry);
	if (f.type == MANIFEST_REG)
		f.content = f.size ? MANIFEST_WHOLE : MANIFEST_PLACEHOLDER;
	if (link) {
		f.content = MANIFEST_HARDLINK;
		f.link = (char *)rootfs_path(member_below(link, r->a->prefix));
		if (!f.link)
			return 0;
	}
	return manifest_format_record(&r->lines, &record, e);
}

/* Read to its end, for that is what tells that it is all there. */
static int read_through(struct scan *s, struct err *e)
{
	uint64_t size = (uint64_t)MAX(archive_entry_size(s->entry), 0), at = 0, end = 0;
	const void *data;
	size_t len;
	int r;

	while ((r = scan_block(s, &data, &len, &at, e)) > 0)
		end = at + len;
	/* A hole at the end has no block. */
	if (r == 0 && end < size && archive_entry_sparse_count(s->entry) == 0)
		return -EBADMSG;
	return r;
}

static int take_content(struct repair *r, struct scan *s, const char *path, struct err *e)
{
	int n = read_through(s, e);

	if (n == 0 && map_set(r->contents, path, strlen(path), &present, NULL) < 0)
		n = err_set(e, -ENOMEM, "repair %s", r->a->path);
	return n;
}

static int take_text(struct repair *r, struct scan *s, enum member_kind kind, struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int n = scan_content(s, IN_MEMBER_MAX - MIN(r->lines.len, (size_t)IN_MEMBER_MAX), &text, e);

	if (n < 0)
		return n;
	if (kind == MEMBER_MANIFEST) {
		r->has_manifest = true;
		if (r->journals)	/* they say it all, and stand in front of what is kept */
			return 0;
	}
	if (kind == MEMBER_MANIFEST || !r->journals)
		buf_reset(&r->lines);
	buf_add(&r->lines, buf_str(&text), text.len);
	r->journals += kind == MEMBER_JOURNAL;
	return r->lines.failed ? err_set(e, -ENOMEM, "repair %s", r->a->path) : 0;
}

/* Everything in front of the end of this member is good. */
static int cut_behind(struct repair *r, struct scan *s)
{
	uint64_t raw, at;
	int n = scan_behind(s, &raw);

	if (n < 0)
		return n;
	r->cut_raw = raw;
	/* A frame that does not end is of no use for going on; without a journal it is
	 * decoded and written anew anyhow. */
	if (stream_in_border(s->stream, raw, &at))
		r->cut = at;
	else if (r->journals)
		return -EBADMSG;
	return 0;
}

static int take_member(struct repair *r, struct scan *s, struct err *e)
{
	const char *below = NULL, *path;
	enum member_kind kind;
	bool regular = archive_entry_filetype(s->entry) == AE_IFREG;
	unsigned journals = r->journals;
	size_t lines = r->lines.len;
	int n = target_normalise(archive_entry_pathname(s->entry), &r->path);

	if (n == 0)
		below = member_below(buf_str(&r->path), r->a->prefix);
	path = rootfs_path(below);
	kind = below ? member_kind(below) : MEMBER_OTHER;
	if (n < 0)
		return err_set(e, n, "the member %s leads outside: refused",
			       archive_entry_pathname(s->entry));
	if (regular && (kind == MEMBER_JOURNAL || kind == MEMBER_MANIFEST))
		n = take_text(r, s, kind, e);
	else if (path && regular && !archive_entry_hardlink(s->entry) && archive_entry_size(s->entry) > 0)
		n = take_content(r, s, path, e);
	if (n == 0 && path && !r->journals && !r->has_manifest)
		n = synthesize(r, s->entry, path, e);
	/* With a journal the last of its members is the cut, else the last whole member. */
	if (n == 0 && (r->journals > journals || !r->journals)) {
		n = cut_behind(r, s);
		if (n < 0) {	/* the journal's frame has no end: as if it were not there */
			r->journals = journals;
			buf_truncate(&r->lines, lines);
		}
	}
	if (n == 0)
		r->members++;
	return n;
}

int repair_look(struct repair *r, struct err *e)
{
	struct scan *s;
	int n = scan_open(&s, r->a, 0, e);

	if (n < 0)
		return n;
	while ((n = scan_next(s, e)) > 0) {
		n = take_member(r, s, e);
		if (n < 0)
			break;
	}
	if (n == -EBADMSG)
		n = 0;
	else if (n == 0 && !scan_damage(s))
		r->whole = r->a->wrap.wrapper == ARCHIVE_BARE || r->a->wrap.footer;
	scan_free(s);
	if (n == 0 && !r->members)
		n = err_set(e, -ENODATA, "repair %s: nothing had been flushed yet", r->a->path);
	return n;
}
