// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The backend whose archive is a directory: it grows as NAME.partial, the journal in
 * it as plain files. Contents are not forced to the disk at each flush, a syncfs(2)
 * every two seconds would slow the recorded command down; after a power cut a repair
 * tells by the journal's hashes which of them arrived.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/archive/out_content.h"
#include "core/archive/target.h"
#include "core/archive/wrap.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"

/* A directory is moved by rename only: on another file system the spool is of no use. */
static bool same_file_system(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev;
}

static int dir_open(struct archive_out *a, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	int r = out_check_target(a->path, true, e);

	if (r == 0)
		r = out_split_path(a->path, &dir, &base, e);
	if (r == 0 && a->spool)
		r = out_make_directories(a->spool, e);
	if (r < 0)
		return r;
	a->dir = a->spool && same_file_system(a->spool, dir) ? strdup(a->spool) : steal_ptr(dir);
	if (!a->dir)
		return err_set(e, -ENOMEM, "write %s", a->path);
	r = out_make_partial(a->dir, base, 0, true, &a->partial, &a->fd, e);
	if (r == 0)
		r = journal_open(&a->journal, a->dir, e);
	if (r < 0)
		return r;
	flock(a->fd, LOCK_EX | LOCK_NB);
	return target_open(&a->target, a->fd, e);
}

static const mode_t types[] = {
	[MANIFEST_REG] = S_IFREG, [MANIFEST_DIR] = S_IFDIR, [MANIFEST_LNK] = S_IFLNK,
	[MANIFEST_CHR] = S_IFCHR, [MANIFEST_BLK] = S_IFBLK, [MANIFEST_FIFO] = S_IFIFO,
	[MANIFEST_SOCK] = S_IFSOCK,
};

static int path_of(const struct held *h, struct buf *ret, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	buf_addf(&path, "rootfs%s", strcmp(h->path, "/") ? h->path : "");
	r = path.failed ? -ENOMEM : target_normalise(path.data, ret);
	return r < 0 ? err_set(e, r, "archive %s", h->path) : 0;
}

/* What can't be set (an owner, as a user) stands in the manifest. */
static void set_meta(struct archive_out *a, const char *path, int fd, const struct held *h)
{
	const struct target_meta m = { types[h->type], h->mode, h->uid, h->gid, h->mtime, h->xattrs,
				     h->n_xattrs };

	target_set_meta(a->target, path, fd, &m, geteuid() == 0, false);
}

static int dir_content(struct archive_out *a, struct held *h, struct manifest_file *file, int fd,
		       bool *ret_changed, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int to = -1;
	int r = path_of(h, &path, e), why = 0;

	if (r == 0)
		r = target_file(a->target, path.data, &to, e);
	if (r < 0)
		return r;
	r = out_content_to_file(a, file, fd, to, ret_changed, &why, e);
	if (r < 0)
		return r;
	if (r > 0) {
		target_remove(a->target, path.data);
		return out_lose_content(a, h, file, MANIFEST_UNREADABLE, why == -ECANCELED ?
					"interrupted" : strerror(-why), e);
	}
	h->written = true;
	h->size = file->size;
	a->bytes += file->size;
	a->unflushed += file->size;
	set_meta(a, path.data, to, h);
	return 0;
}

static int put_file(struct archive_out *a, const char *name, mode_t mode, const void *data, size_t len,
		    bool sync, struct err *e)
{
	_cleanup_close_ int fd = -1;
	int r = target_file(a->target, name, &fd, e);

	if (r < 0)
		return r;
	r = io_write_all(fd, data, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || (sync && fdatasync(fd) < 0 && errno != EINVAL)))
		r = -errno;
	return r < 0 ? err_set(e, r, "write %s", name) : 0;
}

static int dir_flush(struct archive_out *a, struct err *e)
{
	struct journal *j = &a->journal;
	char name[32];
	int r;

	a->unflushed = 0;
	if (!j->pending.len)
		return 0;
	snprintf(name, sizeof(name), "manifest.d/%04u.ndjson", j->members + 1);
	r = put_file(a, name, 0644, j->pending.data, j->pending.len, true, e);
	return r < 0 ? r : journal_flushed(j, e);
}

/* Everything held back but directories and links, whose targets come first. */
static int put_entry(struct archive_out *a, struct held *h, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT, target = BUF_INIT;
	struct held *to = h->hardlink ? held_target(&a->held, h) : NULL;
	int fd = -1, r = path_of(h, &path, e);

	if (r == 0 && to)
		r = path_of(to, &target, e);
	if (r < 0)
		return r;
	if (to)
		return target_hardlink(a->target, path.data, target.data, e);
	if (h->type == MANIFEST_REG) {
		r = target_file(a->target, path.data, &fd, e);
		/* As holes; a size that this file system cannot have stands in the manifest. */
		if (r == 0 && h->shown <= INT64_MAX && ftruncate(fd, (off_t)h->shown) < 0)
			log_debug("%s: no size of %ju: %s", h->path, (uintmax_t)h->shown, strerror(errno));
	} else if (h->type == MANIFEST_LNK) {
		r = target_symlink(a->target, path.data, h->link ? h->link : "", e);
	} else {
		r = target_node(a->target, path.data, types[h->type], h->rdev, e);
		if (r == -EPERM)	/* a device, as a user: the manifest has it */
			return 0;
	}
	if (r == 0)
		set_meta(a, path.data, fd, h);
	if (fd >= 0)
		close(fd);
	return r;
}

static int put_members(struct archive_out *a, int manifest, struct err *e)
{
	_cleanup_close_ int fd = -1, self = -1;
	uint64_t size = 0;
	int r = target_file(a->target, "manifest.json", &fd, e);

	if (r == 0) {
		r = io_copy(manifest, fd, UINT64_MAX);
		if (r == 0 && fchmod(fd, 0644) < 0)
			r = -errno;
		if (r < 0)
			err_set(e, r, "write manifest.json");
	}
	for (size_t i = 0; r == 0 && i < a->n_members; i++)
		r = put_file(a, a->members[i].name, a->members[i].mode, a->members[i].data,
			     a->members[i].len, false, e);
	if (r < 0 || a->self_fd < 0)
		return r;
	r = wrap_program_size(a->self_fd, &size, e);
	if (r == 0)
		r = target_file(a->target, "proot", &self, e);
	if (r < 0)
		return r;
	r = io_copy(a->self_fd, self, size);
	if (r == 0 && fchmod(self, 0755) < 0)
		r = -errno;
	return r < 0 ? err_set(e, r, "write proot") : 0;
}

static int put_directories(struct archive_out *a, struct held **all, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->held.used; i++) {
		r = path_of(all[i], &path, e);
		if (r == 0 && all[i]->type == MANIFEST_DIR)
			r = target_directory(a->target, path.data, e);
	}
	for (size_t i = a->held.used; r == 0 && i-- > 0;) {
		r = path_of(all[i], &path, e);
		if (r == 0 && all[i]->type == MANIFEST_DIR)
			set_meta(a, path.data, -1, all[i]);
	}
	return r;
}

static int remove_journal(struct archive_out *a, struct err *e)
{
	char name[32];

	/* Only now is it not needed: all that it says is in manifest.json on the disk. */
	if (syncfs(a->fd) < 0)
		return err_set(e, -errno, "write %s to its disk", a->partial);
	for (unsigned n = 1; n <= a->journal.members; n++) {
		snprintf(name, sizeof(name), "manifest.d/%04u.ndjson", n);
		target_remove(a->target, name);
	}
	target_remove(a->target, "manifest.d");
	return 0;
}

static int dir_tail(struct archive_out *a, int manifest, struct err *e)
{
	_cleanup_free_ struct held **all = held_sorted(&a->held);
	int r = all ? 0 : err_set(e, -ENOMEM, "finish the archive");

	if (r == 0)
		r = target_directory(a->target, "rootfs", e);
	for (int links = 0; r == 0 && links < 2; links++)
		for (size_t i = 0; r == 0 && i < a->held.used; i++)
			if (!all[i]->written && all[i]->type != MANIFEST_DIR && all[i]->hardlink == links)
				r = put_entry(a, all[i], e);
	if (r == 0)
		r = put_directories(a, all, e);
	if (r == 0)
		r = put_members(a, manifest, e);
	return r < 0 ? r : remove_journal(a, e);
}

static int dir_publish(struct archive_out *a, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	_cleanup_buf_ struct buf to = BUF_INIT;
	int r = out_split_path(a->path, &dir, &base, e);

	if (r < 0)
		return r;
	buf_addf(&to, "%s/%s", dir, base);
	if (to.failed)
		return err_set(e, -ENOMEM, "rename %s", a->partial);
	if (fchmod(a->fd, 0755) < 0 || rename(a->partial, to.data) < 0)
		return err_set(e, -errno, "rename %s to %s", a->partial, a->path);
	return out_sync_directory(dir, e);
}

static uint64_t dir_bytes(const struct archive_out *a)
{
	return a->bytes;
}

static uint64_t dir_unflushed(const struct archive_out *a)
{
	return a->unflushed;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static void dir_free(struct archive_out *a, bool discard)
{
	target_free(a->target);
	if (discard && a->partial)
		nftw(a->partial, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const struct out_backend out_dir_backend = {
	.open = dir_open, .content = dir_content, .flush = dir_flush, .tail = dir_tail,
	.publish = dir_publish, .bytes = dir_bytes, .unflushed = dir_unflushed, .free = dir_free,
};
