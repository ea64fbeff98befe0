// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Members, one after the other. libarchive parses tar and cpio here, and nothing else:
 * it is given decoded bytes, so no filter of its own and no external program comes in.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "core/archive/filter.h"
#include "core/archive/in.h"
#include "core/base/err.h"

/*
 * A name, attributes and the map of holes, of which ours takes 3 MB at most. libarchive keeps
 * them whole and has no limit of its own for some: cpio's names, GNU's maps (seen in 3.6).
 */
#define HEADER_MAX (16u << 20)

static la_ssize_t on_read(struct archive *reader, void *ctx, const void **data)
{
	struct scan *s = ctx;
	ssize_t n = stream_in_read(s->stream, data);

	if (n < 0) {
		s->failed = (int)n;
		archive_set_error(reader, (int)-n, "read");
		return ARCHIVE_FATAL;
	}
	if (s->in_header && (s->header += (uint64_t)n) > HEADER_MAX) {
		archive_set_error(reader, EFBIG, "too long a header");
		return ARCHIVE_FATAL;
	}
	return n;
}

static la_int64_t on_skip(struct archive *reader, void *ctx, la_int64_t len)
{
	struct scan *s = ctx;

	(void)reader;
	return len > 0 ? (la_int64_t)stream_in_skip(s->stream, (uint64_t)len) : 0;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	archive_entry_free(s->entry);
	if (s->reader)
		archive_read_free(s->reader);
	stream_in_free(s->stream);
	free(s);
}

int scan_nothing(const struct scan *s, const struct archive_in *a, struct err *e)
{
	bool packed = a->filter->id != ARCHIVE_PLAIN;

	if (packed && stream_in_end(s->stream) == STREAM_IN_CUT)
		return err_set(e, -EBADMSG, "%s: it was cut short, before anything can be read", a->path);
	if (packed && stream_in_end(s->stream) == STREAM_IN_CORRUPT)
		return err_set(e, -EBADMSG, "%s: it is damaged, before anything can be read", a->path);
	return err_set(e, -EBADMSG, "%s is no archive that care knows, or nothing is left of it", a->path);
}

static int start_reader(struct scan *s, const struct archive_in *a, struct err *e)
{
	s->reader = archive_read_new();
	s->entry = archive_entry_new();	/* libarchive does not look whether its own is there */
	if (!s->reader || !s->entry || archive_read_support_format_tar(s->reader) != ARCHIVE_OK ||
	    archive_read_support_format_cpio(s->reader) != ARCHIVE_OK ||
	    archive_read_set_callback_data(s->reader, s) != ARCHIVE_OK ||
	    archive_read_set_read_callback(s->reader, on_read) != ARCHIVE_OK ||
	    archive_read_set_skip_callback(s->reader, on_skip) != ARCHIVE_OK)
		return err_set(e, -ENOMEM, "read an archive");
	if (archive_read_open1(s->reader) == ARCHIVE_OK)
		return 0;
	if (s->failed)
		return err_set(e, s->failed, "read the archive");
	return scan_nothing(s, a, e);
}

int scan_open(struct scan **ret, const struct archive_in *a, uint64_t offset, struct err *e)
{
	struct scan *s = calloc(1, sizeof(*s));
	uint64_t start = offset ? offset : a->wrap.start;
	int r;

	if (!s)
		return err_set(e, -ENOMEM, "read an archive");
	r = stream_in_open(&s->stream, a->fd, start, a->wrap.start + a->wrap.size - start, a->filter,
			   offset != 0, e);
	if (r == 0)
		r = start_reader(s, a, e);
	if (r < 0) {
		scan_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/*
 * A time before 1970 with a fraction is one decimal number in a tar: −1.25 is 1 s and a quarter
 * before. libarchive (3.6) reads it as −1 s and a quarter of a second more.
 */
static void mend_mtime(struct archive_entry *entry)
{
	time_t s = archive_entry_mtime(entry);
	long ns = archive_entry_mtime_nsec(entry);

	if (s < 0 && ns > 0)
		archive_entry_set_mtime(entry, s - 1, 1000000000 - ns);
}

int scan_next(struct scan *s, struct err *e)
{
	uint64_t behind = 0;
	int r = s->members ? scan_behind(s, &behind) : 0;

	s->in_header = true;
	s->header = 0;
	if (r == 0)
		r = archive_read_next_header2(s->reader, s->entry);
	s->in_header = false;
	if (s->failed)
		return err_set(e, s->failed, "read the archive");
	if (r == ARCHIVE_EOF) {
		/* A tar that just ends, without two empty blocks, is an end to libarchive too. */
		s->ended = (uint64_t)archive_filter_bytes(s->reader, 0) > behind;
		return 0;
	}
	/* A warning is a name that the locale can't say: we take its bytes. */
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return 0;
	s->members++;
	s->behind = false;
	if (!archive_entry_pathname(s->entry))
		return 0;
	mend_mtime(s->entry);
	return 1;
}

const char *scan_damage(const struct scan *s)
{
	switch (stream_in_end(s->stream)) {
	case STREAM_IN_CORRUPT:
		return "it is damaged";
	case STREAM_IN_CUT:
		return "it was cut short";
	case STREAM_IN_OPEN:
	case STREAM_IN_WHOLE:
		break;
	}
	return s->ended ? NULL : "it is damaged or was cut short";
}

int scan_block(struct scan *s, const void **ret_data, size_t *ret_len, uint64_t *ret_at,
	       struct err *e)
{
	la_int64_t at;
	int r = archive_read_data_block(s->reader, ret_data, ret_len, &at);

	if (s->failed)
		return err_set(e, s->failed, "read the archive");
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK || at < 0)
		return err_set(e, -EBADMSG, "read %s: the archive is damaged or was cut short",
			       archive_entry_pathname(s->entry));
	*ret_at = (uint64_t)at;
	return 1;
}

int scan_content(struct scan *s, uint64_t max, struct buf *ret, struct err *e)
{
	size_t before = ret->len;
	uint64_t size = (uint64_t)MAX(archive_entry_size(s->entry), 0);

	while (true) {
		const void *data;
		size_t len;
		uint64_t at;
		int r = scan_block(s, &data, &len, &at, e);

		if (r < 0)
			return r;
		/* Own members have no holes; who sends some is not us. */
		if (r > 0 && (at != ret->len - before || at + len > max))
			return err_set(e, -EFBIG, "read %s", archive_entry_pathname(s->entry));
		if (r == 0)
			break;
		buf_add(ret, data, len);
		if (ret->failed)
			return err_set(e, -ENOMEM, "read %s", archive_entry_pathname(s->entry));
	}
	if (ret->len - before != size)
		return err_set(e, -EBADMSG, "read %s: the archive was cut short",
			       archive_entry_pathname(s->entry));
	return 0;
}

int scan_behind(struct scan *s, uint64_t *ret_raw)
{
	/* libarchive takes leaving a member twice for a fatal mistake. */
	if (!s->behind && archive_read_data_skip(s->reader) != ARCHIVE_OK)
		return -EBADMSG;
	if (!s->behind)
		s->behind_raw = (uint64_t)archive_filter_bytes(s->reader, 0);
	s->behind = true;
	*ret_raw = s->behind_raw;
	return 0;
}

const char *member_below(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) || (name[len] && name[len] != '/'))
		return NULL;
	return name[len] ? name + len + 1 : name + len;
}

enum member_kind member_kind(const char *below)
{
	if (!strcmp(below, "manifest.json"))
		return MEMBER_MANIFEST;
	if (!strncmp(below, "manifest.d", 10) && (!below[10] || below[10] == '/'))
		return MEMBER_JOURNAL;
	if (!strncmp(below, "rootfs", 6) && (!below[6] || below[6] == '/'))
		return MEMBER_ROOTFS;
	return MEMBER_OTHER;
}
