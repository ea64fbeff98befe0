// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The backend for reproducible archives. What comes is first written as an ordinary
 * plain tar, which a repair understands if we die; the finish writes the archive proper
 * from it in the order of the paths' bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/archive/out_content.h"
#include "core/archive/stream_out.h"
#include "core/archive/wrap.h"
#include "core/base/err.h"

static const struct archive_format spool_format = { .container = ARCHIVE_TAR, .level = -1 };

static int sorted_open(struct archive_out *a, struct err *e)
{
	int r = out_file_open(a, 0600, e);

	if (r == 0)
		r = journal_open(&a->journal, a->dir, e);
	if (r < 0)
		return r;
	if (a->partial) {
		flock(a->fd, LOCK_EX | LOCK_NB);
		a->spool_fd = steal_fd(&a->fd);
	} else {
		a->spool_fd = journal_unnamed_file(NULL, e);
		if (a->spool_fd < 0)
			return a->spool_fd;
	}
	a->final = a->format;
	a->format = spool_format;
	return stream_out_open(&a->stream, a->spool_fd, ARCHIVE_PLAIN, -1, false, e);
}

static int sorted_content(struct archive_out *a, struct held *h, struct manifest_file *file, int fd,
			  bool *ret_changed, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT, header = BUF_INIT;
	struct pack_entry entry;
	uint64_t stored;
	int r;

	/* The spool can say any size, the archive proper perhaps not. */
	r = out_entry(a, h, &entry, &name, &target, e);
	if (r < 0)
		return r;
	entry.size = file->size;
	r = pack_header(&header, a->final.container, &entry, &stored, e);
	if (r < 0 && r != -EOVERFLOW)
		return r;
	if (r == -EOVERFLOW)
		return out_lose_content(a, h, file, MANIFEST_TOO_BIG,
					"larger than this archive format can say", e);
	return out_content_write(a, h, file, fd, ret_changed, e);
}

/* Order decides the numbers in a cpio too. */
static void renumber(struct archive_out *a, struct held **all)
{
	for (size_t i = 0; i < a->held.used; i++)
		all[i]->number = (uint32_t)i + 1;
	a->held.numbers = (uint32_t)a->held.used;
}

static int put_contents(struct archive_out *a, struct held **all, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->held.used; i++) {
		struct held *h = all[i];
		struct pack_entry entry;
		uint64_t stored;

		if (!h->written)
			continue;
		r = out_entry(a, h, &entry, &name, &target, e);
		entry.sparse = h->sparse && pack_can_sparse(a->format.container);
		if (r == 0)
			r = out_stream_entry(a, a->stream, &entry, &stored, e);
		if (r == 0)
			r = out_content_copy(a, h, entry.sparse, e);
	}
	return r;
}

static int open_final(struct archive_out *a, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	int r;

	a->format = a->final;
	if (a->partial) {
		a->spool_path = steal_ptr(a->partial);
		r = out_split_path(a->path, &dir, &base, e);
		if (r == 0)
			r = out_make_partial(a->dir, base, out_file_mode(&a->format), false, &a->partial,
					     &a->fd, e);
		if (r < 0)
			return r;
	}
	r = wrap_begin(a->fd, a->format.wrapper, a->self_fd, e);
	if (r < 0)
		return r;
	return stream_out_open(&a->stream, a->fd, a->format.filter, a->format.level, false, e);
}

static int sorted_tail(struct archive_out *a, int manifest, struct err *e)
{
	_cleanup_free_ struct held **all = held_sorted(&a->held);
	int r;

	if (!all)
		return err_set(e, -ENOMEM, "finish the archive");
	renumber(a, all);
	stream_out_free(steal_ptr(a->stream));
	r = open_final(a, e);
	if (r == 0)
		r = put_contents(a, all, e);
	return r < 0 ? r : out_stream_tail(a, manifest, e);
}

static int sorted_publish(struct archive_out *a, struct err *e)
{
	int r = out_file_publish(a, e);

	if (r == 0 && a->spool_path)
		unlink(a->spool_path);
	return r;
}

static void sorted_free(struct archive_out *a, bool discard)
{
	/* A half-written archive proper is worth nothing: the spool is what a repair takes. */
	out_stream_backend.free(a, discard || (a->spool_path && !a->finished));
	if (a->spool_path && !a->finished && discard)
		unlink(a->spool_path);
	if (a->spool_fd >= 0)
		close(a->spool_fd);
	free(a->spool_path);
}

static uint64_t sorted_bytes(const struct archive_out *a)
{
	return out_stream_backend.bytes(a);
}

static uint64_t sorted_unflushed(const struct archive_out *a)
{
	return out_stream_backend.unflushed(a);
}

static int sorted_flush(struct archive_out *a, struct err *e)
{
	return out_stream_backend.flush(a, e);
}

const struct out_backend out_sorted_backend = {
	.open = sorted_open, .content = sorted_content, .flush = sorted_flush, .tail = sorted_tail,
	.publish = sorted_publish, .bytes = sorted_bytes, .unflushed = sorted_unflushed,
	.free = sorted_free,
};
