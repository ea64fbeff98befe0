// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a directory archive. Its contents were not forced to the disk, so
 * the journal's hashes tell which of them are there; what the journal does not list
 * was half written, and goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/repair.h"
#include "core/archive/target.h"
#include "core/base/err.h"
#include "core/base/io.h"

static char present;

int repair_look_dir(struct repair *r, struct err *e)
{
	struct stat st;
	int n;

	if (fstatat(r->a->fd, "manifest.json", &st, AT_SYMLINK_NOFOLLOW) == 0) {
		r->whole = true;
		return 0;
	}
	for (r->journals = 0;; r->journals++) {
		char name[40];

		snprintf(name, sizeof(name), "manifest.d/%04u.ndjson", r->journals + 1);
		n = dir_member(r->a, name, &r->lines, e);
		if (n == -ENOENT && r->journals)
			return 0;
		if (n == -ENOENT)
			return err_set(e, -ENODATA, "repair %s: nothing had been flushed yet", r->a->path);
		if (n < 0)
			return n;
	}
}

static bool is_intact(int fd, const struct manifest_file *f, void *block, size_t size)
{
	struct sha256_ctx hash;
	uint8_t digest[32];
	struct stat st;
	off_t at = 0;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != f->size)
		return false;
	if (!f->has_sha256)
		return true;
	sha256_init(&hash);
	for (; (n = io_pread_full(fd, block, size, at)) > 0; at += n)
		sha256_update(&hash, (size_t)n, block);
	sha256_digest(&hash, sizeof(digest), digest);
	return n == 0 && !memcmp(digest, f->sha256, sizeof(digest));
}

static int check_contents(struct repair *r, struct target *target, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT, normal = BUF_INIT;

	for (size_t i = 0; i < r->m->n_files; i++) {
		const struct manifest_file *f = &r->m->files[i];
		_cleanup_close_ int fd = -1;

		if (f->type != MANIFEST_REG || f->content != MANIFEST_WHOLE || !f->size)
			continue;
		buf_reset(&path);
		buf_addf(&path, "rootfs/%s", f->path);
		if (path.failed || target_normalise(path.data, &normal) < 0)
			return err_set(e, -EBADMSG, "the journal names %s", f->path);
		fd = target_reopen(target, normal.data, S_IFREG, NULL);
		if (fd >= 0 && is_intact(fd, f, r->out->buffer, OUT_BUFFER) &&
		    map_set(r->contents, f->path, strlen(f->path), &present, NULL) < 0)
			return err_set(e, -ENOMEM, "repair %s", r->a->path);
	}
	return 0;
}

/* Files below @dir that no line of the journal stands for. */
static int drop_unlisted(struct repair *r, int dir, struct buf *path, unsigned depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t len = path->len;
	struct dirent *entry;
	int n = 0;

	if (!d && fd >= 0)
		close(fd);
	while (d && n == 0 && (entry = readdir(d))) {
		_cleanup_close_ int below = -1;
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		buf_addf(path, "/%s", entry->d_name);
		if (path->failed || depth > 4096)
			return path->failed ? -ENOMEM : -ENAMETOOLONG;
		below = S_ISDIR(st.st_mode) ? openat(dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY |
						     O_NOFOLLOW | O_CLOEXEC) : -1;
		if (below >= 0)
			n = drop_unlisted(r, below, path, depth + 1);
		else if (!map_get(r->contents, path->data, path->len))
			unlinkat(dirfd(d), entry->d_name, 0);
		buf_truncate(path, len);
	}
	return n;
}

int repair_resume_dir(struct repair *r, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int rootfs = -1;
	struct archive_out *o = r->out;
	_cleanup_free_ char *base = NULL;
	int n = out_split_path(r->to, &o->dir, &base, e);

	if (n < 0)
		return n;
	if (strcmp(r->to, r->a->path))
		n = out_check_target(r->to, true, e);
	o->partial = strdup(r->a->path);
	o->fd = fcntl(r->a->fd, F_DUPFD_CLOEXEC, 3);
	if (n == 0 && (!o->partial || o->fd < 0))
		n = err_set(e, o->partial ? -errno : -ENOMEM, "repair %s", r->a->path);
	if (n == 0)
		n = target_open(&o->target, o->fd, e);
	if (n == 0)
		n = journal_open(&o->journal, o->dir, e);
	if (n == 0)
		n = check_contents(r, o->target, e);
	if (n < 0)
		return n;
	rootfs = openat(o->fd, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	n = rootfs < 0 ? 0 : drop_unlisted(r, rootfs, &path, 0);
	return n < 0 ? err_set(e, n, "repair %s", r->a->path) : 0;
}
