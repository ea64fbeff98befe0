// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file up to OUT_BUFFER is read before its header is written, so that one that can't
 * be read leaves no trace in the stream. A larger one begins behind a cut, to which the
 * stream goes back when reading fails or the user is tired of waiting.
 */
#include "core/archive/out_content.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/archive/stream_out.h"
#include "core/base/err.h"
#include "core/base/io.h"

#define CONTENT_PIECE (256u << 10)	/* hashed and compressed while it is in the cache */
#define EXTENTS_MAX 100000	/* more than that is fragmentation, not sparseness */

struct content {
	struct archive_out *a;
	struct stream_out *s;	/* NULL: into the file `to` */
	int to;
	int fd;
	uint64_t size;
	const struct pack_extent *extents;
	size_t n_extents;
	bool sparse;		/* holes are not written */
	struct sha256_ctx hash;
	bool changed;
};

static int put(struct content *c, uint64_t at, size_t len, struct err *e)
{
	int r;

	if (c->s)
		return stream_out_write(c->s, c->a->buffer, len, e);
	r = lseek(c->to, (off_t)at, SEEK_SET) < 0 ? -errno : io_write_all(c->to, c->a->buffer, len);
	return r < 0 ? err_set(e, r, "write to the archive") : 0;
}

static void hash_zeros(struct sha256_ctx *hash, uint64_t len)
{
	static const uint8_t zeros[4096];

	for (; len > sizeof(zeros); len -= sizeof(zeros))
		sha256_update(hash, sizeof(zeros), zeros);
	sha256_update(hash, len, zeros);
}

static void hash_done(struct content *c, struct manifest_file *file)
{
	sha256_digest(&c->hash, sizeof(file->sha256), file->sha256);
	file->has_sha256 = true;
}

/* Did it grow beyond what its size was? */
static bool has_more(int fd, uint64_t size)
{
	char byte;

	return pread(fd, &byte, 1, (off_t)size) == 1;
}

/* Where @fd has data. *ret_n 0 with NULL: not sparse, or not to be known. */
static int find_extents(int fd, uint64_t size, struct pack_extent **ret, size_t *ret_n)
{
	_cleanup_free_ struct pack_extent *all = NULL;
	size_t n = 0, cap = 0;
	uint64_t at = 0;

	while (at < size) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA), hole;

		if (data < 0 && errno != ENXIO)
			return 0;
		if (data < 0 || (uint64_t)data >= size)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0 || n == EXTENTS_MAX)
			return 0;
		if (n == cap) {
			struct pack_extent *more = realloc(all, (cap + 64) * sizeof(*more));

			if (!more)
				return -ENOMEM;
			all = more;
			cap += 64;
		}
		at = MIN((uint64_t)hole, size);
		all[n++] = (struct pack_extent){ (uint64_t)data, at - (uint64_t)data };
	}
	if (n == 1 && all[0].at == 0 && all[0].len == size)
		return 0;
	/* The map ends with the file's end, so that a hole there has something behind it. */
	if (n == cap) {
		struct pack_extent *more = realloc(all, (cap + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		all = more;
	}
	all[n++] = (struct pack_extent){ size, 0 };
	*ret = steal_ptr(all);
	*ret_n = n;
	return 0;
}

static int begin(struct content *c, struct held *h, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	struct pack_entry entry;
	uint64_t stored;
	int r;

	r = out_entry(c->a, h, &entry, &name, &target, e);
	if (r < 0)
		return r;
	entry.size = c->size;
	entry.extents = c->extents;
	entry.n_extents = c->n_extents;
	entry.sparse = c->sparse;
	r = out_stream_entry(c->a, c->s, &entry, &stored, e);
	h->spooled = stream_out_raw(c->s);
	return r;
}

static uint64_t stored_bytes(const struct content *c)
{
	uint64_t data = 0;

	if (!c->sparse)
		return c->size;
	for (size_t i = 0; i < c->n_extents; i++)
		data += c->extents[i].len;
	return data;
}

static int end(struct content *c, struct err *e)
{
	return stream_out_zeros(c->s, pack_padding(c->a->format.container, stored_bytes(c)), e);
}

/* Read whole, then written. 1: it can't be read, *ret_why tells. */
static int write_small(struct content *c, struct held *h, int *ret_why, struct err *e)
{
	ssize_t n = io_pread_full(c->fd, c->a->buffer, (size_t)c->size, 0);
	int r;

	if (n < 0) {
		*ret_why = (int)n;
		return 1;
	}
	c->changed = (uint64_t)n < c->size || has_more(c->fd, c->size);
	memset((char *)c->a->buffer + n, 0, (size_t)c->size - (size_t)n);
	sha256_update(&c->hash, (size_t)c->size, c->a->buffer);
	r = begin(c, h, e);
	if (r == 0)
		r = stream_out_write(c->s, c->a->buffer, (size_t)c->size, e);
	return r < 0 ? r : end(c, e);
}

/* A stretch of @len bytes from @at of the descriptor. 1: can't be read. */
static int write_range(struct content *c, uint64_t at, uint64_t len, int *ret_why, struct err *e)
{
	while (len) {
		size_t want = MIN(len, (uint64_t)CONTENT_PIECE);
		ssize_t n = c->a->cancelled ? -ECANCELED :
					      io_pread_full(c->fd, c->a->buffer, want, (off_t)at);
		int r;

		if (n < 0) {
			*ret_why = (int)n;
			return 1;
		}
		if ((size_t)n < want) {
			memset((char *)c->a->buffer + n, 0, want - (size_t)n);
			c->changed = true;
		}
		sha256_update(&c->hash, want, c->a->buffer);
		r = put(c, at, want, e);
		if (r < 0)
			return r;
		at += want;
		len -= want;
	}
	return 0;
}

static int write_hole(struct content *c, uint64_t len, struct err *e)
{
	hash_zeros(&c->hash, len);
	return c->sparse || !c->s ? 0 : stream_out_zeros(c->s, len, e);
}

static int write_large(struct content *c, int *ret_why, struct err *e)
{
	uint64_t at = 0;
	int r = 0;

	if (!c->n_extents)
		r = write_range(c, 0, c->size, ret_why, e);
	for (size_t i = 0; r == 0 && i < c->n_extents; i++) {
		const struct pack_extent *x = &c->extents[i];

		r = write_hole(c, x->at - at, e);
		if (r == 0)
			r = write_range(c, x->at, x->len, ret_why, e);
		at = x->at + x->len;
	}
	if (r == 0)
		c->changed = c->changed || has_more(c->fd, c->size);
	return r;
}

/* Go back to before the entry; where that is out of reach its content becomes zeros. */
static int take_back(struct content *c, uint64_t begun, struct err *e)
{
	int r = stream_out_undo(c->s, e);
	uint64_t done;

	if (r != -ESPIPE)
		return r;
	done = stream_out_raw(c->s) - begun;
	r = stream_out_zeros(c->s, stored_bytes(c) - done, e);
	return r < 0 ? r : end(c, e);
}

static int write_behind_cut(struct content *c, struct held *h, int *ret_why, struct err *e)
{
	uint64_t begun;
	int r, undone;

	r = stored_bytes(c) >= OUT_LARGE ? c->a->backend->flush(c->a, e) : stream_out_cut(c->s, e);
	if (r == 0)
		r = begin(c, h, e);
	if (r < 0)
		return r;
	begun = stream_out_raw(c->s);
	r = write_large(c, ret_why, e);
	if (r == 0)
		return end(c, e);
	if (r < 0)
		return r;
	undone = take_back(c, begun, e);
	return undone < 0 ? undone : 1;
}

int out_content_write(struct archive_out *a, struct held *h, struct manifest_file *file, int fd,
		      bool *ret_changed, struct err *e)
{
	struct content c = { .a = a, .s = a->stream, .fd = fd, .size = file->size };
	_cleanup_free_ struct pack_extent *extents = NULL;
	int why = 0, r;

	/* st_blocks also counts what a file system keeps compressed: ask only when it looks so. */
	if (file->blocks < file->size / 512 && find_extents(fd, file->size, &extents, &c.n_extents) < 0)
		return err_set(e, -ENOMEM, "archive %s", file->path);
	c.extents = extents;
	c.sparse = c.n_extents && pack_can_sparse(a->format.container);
	sha256_init(&c.hash);
	h->links = (uint32_t)file->nlink;
	if (c.size <= OUT_BUFFER && !c.n_extents)
		r = write_small(&c, h, &why, e);
	else
		r = write_behind_cut(&c, h, &why, e);
	if (r == -EOVERFLOW)
		return out_lose_content(a, h, file, MANIFEST_TOO_BIG,
					"larger than this archive format can say", e);
	if (r < 0)
		return r;
	if (r > 0)
		return out_lose_content(a, h, file, MANIFEST_UNREADABLE,
					why == -ECANCELED ? "interrupted" : strerror(-why), e);
	hash_done(&c, file);
	h->written = true;
	h->size = c.size;
	h->sparse = c.sparse;
	h->extents = steal_ptr(extents);
	h->n_extents = c.n_extents;
	*ret_changed = c.changed;
	return 0;
}

int out_content_to_file(struct archive_out *a, struct manifest_file *file, int fd, int to,
			bool *ret_changed, int *ret_why, struct err *e)
{
	struct content c = { .a = a, .to = to, .fd = fd, .size = file->size };
	_cleanup_free_ struct pack_extent *extents = NULL;
	int r;

	if (file->blocks < file->size / 512 && find_extents(fd, file->size, &extents, &c.n_extents) < 0)
		return err_set(e, -ENOMEM, "archive %s", file->path);
	c.extents = extents;
	sha256_init(&c.hash);
	r = write_large(&c, ret_why, e);
	if (r == 0 && ftruncate(to, (off_t)c.size) < 0)
		r = err_set(e, -errno, "archive %s", file->path);
	if (r)
		return r;
	hash_done(&c, file);
	*ret_changed = c.changed;
	return 0;
}

/* @len bytes of the spool from *@at on, which moves. */
static int copy_spooled(struct archive_out *a, uint64_t *at, uint64_t len, struct err *e)
{
	while (len) {
		size_t want = MIN(len, (uint64_t)OUT_BUFFER);
		ssize_t n = io_pread_full(a->spool_fd, a->buffer, want, (off_t)*at);
		int r;

		if (n != (ssize_t)want)
			return err_set(e, n < 0 ? (int)n : -EIO, "read back what was spooled");
		r = stream_out_write(a->stream, a->buffer, want, e);
		if (r < 0)
			return r;
		*at += want;
		len -= want;
	}
	return 0;
}

int out_content_copy(struct archive_out *a, struct held *h, bool sparse, struct err *e)
{
	uint64_t from = h->spooled, at = 0, stored = 0;
	int r = 0;

	if (!h->sparse) {
		r = copy_spooled(a, &from, h->size, e);
		stored = h->size;
	}
	for (size_t i = 0; r == 0 && h->sparse && i < h->n_extents; i++) {
		const struct pack_extent *x = &h->extents[i];

		if (!sparse)
			r = stream_out_zeros(a->stream, x->at - at, e);
		if (r == 0)
			r = copy_spooled(a, &from, x->len, e);
		stored += x->len + (sparse ? 0 : x->at - at);
		at = x->at + x->len;
	}
	if (r < 0)
		return r;
	return stream_out_zeros(a->stream, pack_padding(a->format.container, stored), e);
}
