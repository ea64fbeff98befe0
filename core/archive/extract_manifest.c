// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the manifest knows and the container could not say: nanoseconds, attributes,
 * the true size of placeholders; and in an archive that was cut, whatever was still
 * held back. A manifest is as little to be trusted as the members: every path goes
 * through the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/extract.h"
#include "core/archive/in.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"

enum { HOLE_BLOCK = 4096 };

static const mode_t types[] = {
	[MANIFEST_REG] = S_IFREG, [MANIFEST_DIR] = S_IFDIR, [MANIFEST_LNK] = S_IFLNK,
	[MANIFEST_CHR] = S_IFCHR, [MANIFEST_BLK] = S_IFBLK, [MANIFEST_FIFO] = S_IFIFO,
	[MANIFEST_SOCK] = S_IFSOCK,
};

static int where(struct extraction *x, const char *path, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	const char *below;

	if (path[0] != '/')
		return err_set(e, -EPERM, "the manifest names %s, which is no path: refused", path);
	buf_addf(&name, "%s/rootfs%s", x->a->prefix, path);
	if (name.failed)
		return err_set(e, -ENOMEM, "extract %s", path);
	return extract_where(x, name.data, &below, e);
}

/* pax says all of a file that is there with its content. */
static bool container_said_all(const struct extraction *x, const struct manifest_file *f)
{
	if (x->a->format.container != ARCHIVE_TAR || f->type == MANIFEST_DIR)
		return false;
	for (size_t i = 0; i < f->n_xattrs; i++)
		if (strchr(f->xattrs[i].name, '='))
			return false;
	return f->content == MANIFEST_WHOLE || f->content == MANIFEST_HARDLINK ||
	       (f->type != MANIFEST_REG && f->content == MANIFEST_NONE);
}

/* A cut recording: this was held back when it ended. */
static int make_missing(struct extraction *x, const struct manifest_file *f, struct err *e)
{
	const char *path = buf_str(&x->path);
	int fd = -1, r;

	switch (f->type) {
	case MANIFEST_DIR:
		return target_directory(x->target, path, e);
	case MANIFEST_LNK:
		return target_symlink(x->target, path, f->link ? f->link : "", e);
	case MANIFEST_REG:
		/* Content that is not there is lost; an empty file would be a lie. */
		if (f->content == MANIFEST_WHOLE && f->size)
			return -ENODATA;
		r = target_file(x->target, path, &fd, e);
		if (r == 0)
			close(fd);
		return r;
	default:
		r = target_node(x->target, path, types[f->type], f->rdev, e);
		return r == -EPERM ? -ENODATA : r;
	}
}

static int make_missing_link(struct extraction *x, const struct manifest_file *f, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	buf_add(&path, buf_str(&x->path), x->path.len);
	r = where(x, f->link, e);
	if (r > 0)
		r = path.failed ? -ENOMEM : target_hardlink(x->target, path.data, buf_str(&x->path), e);
	return r == -ENOENT ? -ENODATA : MIN(r, 0);
}

/* 1: it is there now. 0: it is not and can't be. */
static int ensure(struct extraction *x, const struct manifest_file *f, struct err *e)
{
	mode_t type = target_type(x->target, buf_str(&x->path));
	int r;

	if (type)
		return type == types[f->type];
	/* No tar can hold a socket; and what is at the other end of one is not ours to keep. */
	if (f->type != MANIFEST_SOCK && f->type != MANIFEST_FIFO &&
	    (!x->a->partial || f->content == MANIFEST_VOLATILE))
		return 0;
	if (f->content == MANIFEST_HARDLINK && f->link)
		r = make_missing_link(x, f, e);
	else
		r = make_missing(x, f, e);
	if (r == -ENODATA) {
		x->how->skipped++;
		return 0;
	}
	return r < 0 ? r : f->content != MANIFEST_HARDLINK;
}

static bool is_stand_in(const struct manifest_file *f)
{
	return f->content == MANIFEST_PLACEHOLDER || f->content == MANIFEST_TOO_BIG ||
	       f->content == MANIFEST_UNREADABLE;
}

static void set_size(struct extraction *x, const struct manifest_file *f, int fd)
{
	struct stat st;

	if (!x->how->placeholders || !is_stand_in(f) || !f->size)
		return;
	if (fstat(fd, &st) < 0) {
		x->how->degraded++;
		return;
	}
	if ((uint64_t)st.st_size == f->size)
		return;		/* a directory has it already */
	/* Only what is empty: a size must never cut content. */
	if (st.st_size != 0 || f->size > INT64_MAX || ftruncate(fd, (off_t)f->size) < 0)
		x->how->degraded++;
}

/* The zeros among @n blocks of the file, found in @data, become a hole each. */
static int dig(int fd, const char *data, off_t at, size_t n)
{
	static const char zeros[HOLE_BLOCK];

	for (size_t i = 0, end; i < n; i = end) {
		bool hole = !memcmp(data + i * HOLE_BLOCK, zeros, HOLE_BLOCK);

		for (end = i + 1; end < n && !memcmp(data + end * HOLE_BLOCK, zeros, HOLE_BLOCK) == hole;)
			end++;
		if (hole && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				      at + (off_t)(i * HOLE_BLOCK), (off_t)((end - i) * HOLE_BLOCK)) < 0)
			return -errno;
	}
	return 0;
}

/* Only tar can say where a file has none; for the others they were written out. */
static void dig_holes(struct extraction *x, const struct manifest_file *f, int fd)
{
	char data[16 * HOLE_BLOCK];
	struct stat st;
	ssize_t n;
	off_t at = 0;

	if (f->content != MANIFEST_WHOLE || f->blocks >= f->size / 512 || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_blocks <= f->blocks)
		return;
	while ((n = io_pread_full(fd, data, sizeof(data), at)) >= HOLE_BLOCK) {
		if (dig(fd, data, at, n / HOLE_BLOCK) < 0)
			break;
		at += n - n % HOLE_BLOCK;
	}
	if (n >= HOLE_BLOCK || n < 0)
		x->how->degraded++;
}

static int apply_file(struct extraction *x, const struct manifest_file *f, struct err *e)
{
	const struct target_meta m = { types[f->type], f->mode, f->uid, f->gid, f->mtime,
				     f->xattrs, f->n_xattrs };
	_cleanup_close_ int fd = -1;
	int r = where(x, f->path, e);

	if (r <= 0)
		return r;
	if (!x->a->partial && container_said_all(x, f))
		return 0;
	r = ensure(x, f, e);
	if (r <= 0 || f->content == MANIFEST_HARDLINK)
		return MIN(r, 0);
	if (f->type == MANIFEST_REG) {
		fd = target_reopen(x->target, buf_str(&x->path), S_IFREG, e);
		if (fd < 0)
			return fd;
		set_size(x, f, fd);
		dig_holes(x, f, fd);
	}
	return extract_meta(x, fd, &m, e);
}

int extract_apply_manifest(struct extraction *x, struct err *e)
{
	struct manifest *m;
	int r = manifest_read(&m, buf_str(&x->manifest), x->manifest.len, e);

	if (r < 0)
		return r;
	buf_free(&x->manifest);
	/* Links last: what they name may be missing itself. */
	for (int links = 0; r == 0 && links < 2; links++)
		for (size_t i = 0; r == 0 && i < m->n_files; i++)
			if ((m->files[i].content == MANIFEST_HARDLINK) == links)
				r = apply_file(x, &m->files[i], e);
	manifest_free(m);
	return r;
}
