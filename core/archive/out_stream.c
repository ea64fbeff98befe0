// SPDX-License-Identifier: GPL-2.0-or-later
/* The backend whose archive is one stream of bytes in a file or pipe. */
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/archive/out_content.h"
#include "core/archive/stream_out.h"
#include "core/archive/wrap.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"

static int stream_open(struct archive_out *a, struct err *e)
{
	int r = out_file_open(a, out_file_mode(&a->format), e);

	if (r == 0)
		r = journal_open(&a->journal, a->dir, e);
	if (r < 0)
		return r;
	/* So that a repair can tell a dead recording from one that still runs. */
	if (a->partial)
		flock(a->fd, LOCK_EX | LOCK_NB);
	r = wrap_begin(a->fd, a->format.wrapper, a->self_fd, e);
	if (r < 0)
		return r;
	return stream_out_open(&a->stream, a->fd, a->format.filter, a->format.level, false, e);
}

int out_entry(struct archive_out *a, struct held *h, struct pack_entry *ret, struct buf *name,
	      struct buf *target, struct err *e)
{
	struct held *to = h->hardlink ? held_target(&a->held, h) : NULL;

	buf_reset(name);
	buf_reset(target);
	buf_addf(name, "%s/rootfs%s", a->prefix, strcmp(h->path, "/") ? h->path : "");
	if (to)
		buf_addf(target, "%s/rootfs%s", a->prefix, to->path);
	else if (h->type == MANIFEST_LNK)
		buf_adds(target, h->link ? h->link : "");
	if (name->failed || target->failed)
		return err_set(e, -ENOMEM, "archive %s", h->path);
	*ret = (struct pack_entry){
		.name = buf_str(name), .type = h->type, .mode = h->mode, .uid = h->uid,
		.gid = h->gid, .mtime = h->mtime, .nanoseconds = h->exact, .size = h->size,
		.rdev = h->rdev, .target = to || h->type == MANIFEST_LNK ? buf_str(target) : NULL,
		.hardlink = to, .xattrs = h->xattrs, .n_xattrs = h->n_xattrs,
		.ino = to ? to->number : h->number, .nlink = MAX(to ? to->links : h->links, 1u),
		.extents = h->extents, .n_extents = h->n_extents, .sparse = h->sparse,
	};
	return 0;
}

int out_stream_entry(struct archive_out *a, struct stream_out *s, const struct pack_entry *entry,
		     uint64_t *ret_stored, struct err *e)
{
	_cleanup_buf_ struct buf header = BUF_INIT;
	int r = pack_header(&header, a->format.container, entry, ret_stored, e);

	return r < 0 ? r : stream_out_write(s, header.data, header.len, e);
}

/* A member of our own from memory, or from @fd when @data is NULL. */
static int put_member(struct archive_out *a, struct stream_out *s, const char *name, mode_t mode,
		      const void *data, uint64_t len, int fd, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct pack_entry entry = { .type = MANIFEST_REG, .mode = mode, .size = len, .nlink = 1,
				    .ino = ++a->held.numbers };
	uint64_t stored, at = 0;
	int r;

	entry.mtime.tv_sec = a->reproducible ? OUT_FIXED_TIME : time(NULL);
	buf_addf(&path, "%s/%s", a->prefix, name);
	if (path.failed)
		return err_set(e, -ENOMEM, "archive %s", name);
	entry.name = path.data;
	r = out_stream_entry(a, s, &entry, &stored, e);
	if (r == 0 && data)
		r = stream_out_write(s, data, len, e);
	while (r == 0 && !data && at < len) {
		ssize_t n = io_pread_full(fd, a->buffer, MIN(len - at, (uint64_t)OUT_BUFFER), (off_t)at);

		if (n <= 0)
			return err_set(e, n < 0 ? (int)n : -EIO, "read %s", name);
		r = stream_out_write(s, a->buffer, (size_t)n, e);
		at += (uint64_t)n;
	}
	if (r == 0)
		r = stream_out_zeros(s, pack_padding(a->format.container, len), e);
	return r;
}

/* Behind a cut: all that was written is in the file. */
static uint64_t file_offset(const struct archive_out *a)
{
	off_t at = lseek(a->fd, 0, SEEK_CUR);

	return at > 0 ? (uint64_t)at : 0;
}

static int stream_flush(struct archive_out *a, struct err *e)
{
	struct journal *j = &a->journal;
	uint64_t before = 0;
	char name[32];
	int r = 0;

	if (j->pending.len) {
		snprintf(name, sizeof(name), "manifest.d/%04u.ndjson", j->members + 1);
		r = stream_out_cut(a->stream, e);
		before = file_offset(a);
		stream_out_dense(a->stream, true);
		if (r == 0)
			r = put_member(a, a->stream, name, 0644, j->pending.data, j->pending.len, -1, e);
	}
	if (r == 0)
		r = stream_out_cut(a->stream, e);
	stream_out_dense(a->stream, false);
	if (r == 0 && j->pending.len)
		r = out_compact_note(a, before, file_offset(a), e);
	if (r == 0 && j->pending.len)
		r = journal_flushed(j, e);
	if (r == 0)
		r = stream_out_sync(a->stream, e);
	return r;
}

static int put_members(struct archive_out *a, struct stream_out *s, int manifest, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(manifest, &st) < 0)
		return err_set(e, -errno, "read the manifest");
	r = put_member(a, s, "manifest.json", 0644, NULL, (uint64_t)st.st_size, manifest, e);
	for (size_t i = 0; r == 0 && i < a->n_members; i++) {
		struct out_member *m = &a->members[i];

		r = put_member(a, s, m->name, m->mode, m->data, m->len, -1, e);
	}
	if (r < 0 || a->self_fd < 0)
		return r;
	r = wrap_program_size(a->self_fd, (uint64_t *)&st.st_size, e);
	if (r == 0)
		r = put_member(a, s, "proot", 0755, NULL, (uint64_t)st.st_size, a->self_fd, e);
	return r;
}

/*
 * GNU tar makes such a link only at its very end, lest somebody follow it, and that
 * changes the directory's time again, unless the directory's entry came before.
 */
static bool comes_behind_directory(struct archive_out *a, struct held *h)
{
	_cleanup_free_ char *dir = NULL;
	const char *slash = strrchr(h->path, '/');
	struct held *parent;

	if (h->type != MANIFEST_LNK || !h->link || (h->link[0] != '/' && !strstr(h->link, "..")) ||
	    a->format.container == ARCHIVE_CPIO || a->format.container == ARCHIVE_CPIO_ODC)
		return false;
	dir = slash == h->path ? strdup("/") : strndup(h->path, (size_t)(slash - h->path));
	parent = dir ? held_find(&a->held, dir) : NULL;
	return parent && parent->type == MANIFEST_DIR;
}

/* Everything held back but directories; @links: hard links, whose targets come first. */
static int put_held(struct archive_out *a, struct stream_out *s, struct held **all, bool links,
		    struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	struct pack_entry entry;
	uint64_t stored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->held.used; i++) {
		struct held *h = all[i];

		if (h->written || h->type == MANIFEST_DIR ||
		    !pack_can_type(a->format.container, h->type))
			continue;
		r = out_entry(a, h, &entry, &name, &target, e);
		if (r == 0 && entry.hardlink == links && !comes_behind_directory(a, h))
			r = out_stream_entry(a, s, &entry, &stored, e);
	}
	return r;
}

/* The links that put_held() left out, of the directory all[@at]. */
static int put_links_behind(struct archive_out *a, struct stream_out *s, struct held **all, size_t at,
			    struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	const char *dir = all[at]->path;
	size_t len = strcmp(dir, "/") ? strlen(dir) : 0;
	struct pack_entry entry;
	uint64_t stored;
	int r = 0;

	for (size_t i = at + 1; r == 0 && i < a->held.used && !strncmp(all[i]->path, dir, len); i++) {
		struct held *h = all[i];

		if (h->path[len] != '/' || strchr(h->path + len + 1, '/') ||
		    !comes_behind_directory(a, h))
			continue;
		r = out_entry(a, h, &entry, &name, &target, e);
		if (r == 0)
			r = out_stream_entry(a, s, &entry, &stored, e);
	}
	return r;
}

/* Deepest first: a tool that sets a directory's mode and time at once is right too. */
static int put_directories(struct archive_out *a, struct stream_out *s, struct held **all,
			   struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	struct pack_entry entry;
	uint64_t stored;
	int r = 0;

	for (size_t i = a->held.used; r == 0 && i-- > 0;) {
		if (all[i]->type != MANIFEST_DIR)
			continue;
		r = out_entry(a, all[i], &entry, &name, &target, e);
		if (r == 0)
			r = out_stream_entry(a, s, &entry, &stored, e);
		if (r == 0)
			r = put_links_behind(a, s, all, i, e);
	}
	return r;
}

int out_stream_tail(struct archive_out *a, int manifest, struct err *e)
{
	struct stream_out *s = a->stream;
	_cleanup_free_ struct held **all = held_sorted(&a->held);
	_cleanup_buf_ struct buf trailer = BUF_INIT;
	unsigned char footer[WRAP_FOOTER];
	int r;

	if (!all)
		return err_set(e, -ENOMEM, "finish the archive");
	stream_out_dense(s, true);
	r = stream_out_mark(s, e);
	if (r == 0)
		r = put_members(a, s, manifest, e);
	if (r == 0)
		r = put_held(a, s, all, false, e);
	if (r == 0)
		r = put_held(a, s, all, true, e);
	if (r == 0)
		r = put_directories(a, s, all, e);
	if (r < 0)
		return r;
	pack_trailer(&trailer, a->format.container);
	r = trailer.failed ? err_set(e, -ENOMEM, "finish the archive") :
			     stream_out_write(s, trailer.data, trailer.len, e);
	if (r == 0)
		r = stream_out_end(s, e);
	if (r < 0 || a->format.wrapper == ARCHIVE_BARE)
		return r;
	wrap_footer(footer, a->resumed + stream_out_bytes(s));
	r = io_write_all(a->fd, footer, sizeof(footer));
	return r < 0 ? err_set(e, r, "finish the archive") : 0;
}

static uint64_t stream_bytes(const struct archive_out *a)
{
	return a->stream ? stream_out_bytes(a->stream) - a->left_out : 0;
}

static int stream_publish(struct archive_out *a, struct err *e)
{
	out_compact(a);
	return out_file_publish(a, e);
}

static uint64_t stream_unflushed(const struct archive_out *a)
{
	return stream_out_since_cut(a->stream);
}

static void stream_free(struct archive_out *a, bool discard)
{
	stream_out_free(a->stream);
	if (discard && a->partial)
		unlink(a->partial);
}

const struct out_backend out_stream_backend = {
	.open = stream_open, .content = out_content_write, .flush = stream_flush, .tail = out_stream_tail,
	.publish = stream_publish, .bytes = stream_bytes, .unflushed = stream_unflushed,
	.free = stream_free,
};
