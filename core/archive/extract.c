// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking an archive out. First pass: members in the order they come, directories open
 * to us. Then the manifest's say, then directories' metadata, deepest first, so that
 * neither order nor modes in the archive can hinder us.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/archive/extract.h"
#include "core/archive/guard.h"
#include "core/archive/in.h"
#include "core/archive/target.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"

/* Whoever sends more directories than this means us harm: four million of usual length. */
#define EXTRACT_DIRS_MEMORY (512u << 20)

static int extract_outside(const char *name, struct err *e)
{
	return err_set(e, -EPERM, "the member %s leads outside of the target: refused", name);
}

int extract_where(struct extraction *x, const char *name, const char **ret_below, struct err *e)
{
	const char *prefix = x->a->prefix, *below;
	int r = target_normalise(name, &x->path);

	if (r == -EPERM)
		return extract_outside(name, e);
	if (r < 0)
		return err_set(e, r, "extract %s", name);
	below = member_below(buf_str(&x->path), prefix);
	*ret_below = below ? below : "";
	if (!below)		/* not of ours, but of the archive: as it is, where all is taken out */
		return !x->how->only_rootfs && !x->how->strip_prefix;
	if (x->how->only_rootfs) {
		if (member_kind(below) != MEMBER_ROOTFS)
			return 0;
		below += below[6] ? 7 : 6;
	} else if (!x->how->strip_prefix) {
		return 1;
	}
	memmove(x->path.data, below, strlen(below) + 1);
	x->path.len = strlen(x->path.data);
	return 1;
}

static int defer_directory(struct extraction *x, const struct target_meta *m, struct err *e)
{
	struct extract_dir *d;

	x->dirs_memory += sizeof(*d) + x->path.len + 16;
	if (x->dirs_memory > EXTRACT_DIRS_MEMORY)
		return err_set(e, -E2BIG, "extract more than %zu directories", x->n_dirs);
	if (x->n_dirs == x->cap_dirs) {
		size_t cap = MAX(x->cap_dirs * 2, (size_t)256);

		d = realloc(x->dirs, cap * sizeof(*d));
		if (!d)
			return err_set(e, -ENOMEM, "extract %s", buf_str(&x->path));
		x->dirs = d;
		x->cap_dirs = cap;
	}
	d = &x->dirs[x->n_dirs];
	*d = (struct extract_dir){ strdup(buf_str(&x->path)), x->n_dirs, m->mode, m->uid, m->gid, m->mtime };
	if (!d->path)
		return err_set(e, -ENOMEM, "extract %s", buf_str(&x->path));
	x->n_dirs++;
	return 0;
}

int extract_meta(struct extraction *x, int fd, const struct target_meta *m, struct err *e)
{
	struct target_meta only_xattrs = *m;

	if (!S_ISDIR(m->type)) {
		if (target_set_meta(x->target, buf_str(&x->path), fd, m, x->how->owners, x->how->set_ids))
			x->how->degraded++;
		return 0;
	}
	if (m->n_xattrs) {	/* they don't wait: the list of directories stays small */
		only_xattrs.mode = 0700;
		if (target_set_meta(x->target, buf_str(&x->path), -1, &only_xattrs, false, true))
			x->how->degraded++;
	}
	return defer_directory(x, m, e);
}

void extract_progress(struct extraction *x, uint64_t files, uint64_t bytes)
{
	x->files += files;
	x->bytes += bytes;
	if (!x->how->progress || (!files && x->bytes - x->reported < (1u << 20)))
		return;
	x->reported = x->bytes;
	x->how->progress(x->how->ctx, x->files, x->bytes);
}

int extract_stopped(struct extraction *x, struct err *e)
{
	return x->how->stop && x->how->stop() ? err_set(e, -EINTR, "extract %s", x->a->path) : 0;
}

int extract_room(struct extraction *x, uint64_t bytes, const char *name, struct err *e)
{
	struct statvfs fs;
	uint64_t room;

	if (bytes < (16u << 20) || fstatvfs(x->dirfd, &fs) < 0 || !fs.f_blocks)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes <= room)
		return 0;
	return err_set(e, -ENOSPC, "extract %s: it says %llu MB, there is room for %llu", name,
		       (unsigned long long)(bytes >> 20), (unsigned long long)(room >> 20));
}

/* Bytes that the member claims to have, holes apart. */
static uint64_t claimed_bytes(struct archive_entry *entry)
{
	uint64_t sum = 0;
	la_int64_t at, len;

	if (archive_entry_sparse_reset(entry) == 0)
		return (uint64_t)MAX(archive_entry_size(entry), 0);
	while (archive_entry_sparse_next(entry, &at, &len) == ARCHIVE_OK)
		sum += (uint64_t)MAX(len, 0);
	return sum;
}

static int write_content(struct extraction *x, struct scan *s, int fd, struct err *e)
{
	const char *name = archive_entry_pathname(s->entry);
	uint64_t size = (uint64_t)MAX(archive_entry_size(s->entry), 0), at;
	const void *data;
	size_t len;
	int r = extract_room(x, claimed_bytes(s->entry), name, e);

	while (r == 0 && (r = scan_block(s, &data, &len, &at, e)) > 0) {
		if (at > size || len > size - at)
			return err_set(e, -EBADMSG, "%s has more than it says", name);
		r = lseek(fd, (off_t)at, SEEK_SET) < 0 ? -errno : io_write_all(fd, data, len);
		if (r < 0)
			return err_set(e, r, "write %s", name);
		extract_progress(x, 0, len);
		r = extract_stopped(x, e);
	}
	/* A hole at the end, or a size that nothing backs: no file system takes any. */
	if (r == 0 && ftruncate(fd, (off_t)size) < 0)
		return err_set(e, -errno, "give %s its size of %llu bytes", name,
			       (unsigned long long)size);
	return r;
}

/* The entry's metadata; *xattrs (values are libarchive's) to be freed. */
static void entry_meta(struct archive_entry *entry, struct target_meta *m, struct manifest_xattr **xattrs)
{
	size_t n = (size_t)archive_entry_xattr_reset(entry), i = 0;
	const char *name;
	const void *value;
	size_t len;

	*m = (struct target_meta){ .type = archive_entry_filetype(entry),
				 .mode = archive_entry_perm(entry),
				 .uid = (uid_t)archive_entry_uid(entry),
				 .gid = (gid_t)archive_entry_gid(entry) };
	m->mtime.tv_sec = archive_entry_mtime(entry);
	m->mtime.tv_nsec = archive_entry_mtime_nsec(entry);
	*xattrs = n ? calloc(n, sizeof(**xattrs)) : NULL;
	while (*xattrs && i < n && archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK)
		(*xattrs)[i++] = (struct manifest_xattr){ (char *)name, (void *)value, len };
	m->xattrs = *xattrs;
	m->n_xattrs = i;
}

static int extract_file(struct extraction *x, struct scan *s, const struct target_meta *m, struct err *e)
{
	_cleanup_close_ int fd = -1;
	int r = target_file(x->target, buf_str(&x->path), &fd, e);

	if (r == 0)
		r = write_content(x, s, fd, e);
	return r < 0 ? r : extract_meta(x, fd, m, e);
}

static int extract_link(struct extraction *x, struct scan *s, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *below;
	int r;

	buf_add(&path, buf_str(&x->path), x->path.len);
	if (path.failed)
		return err_set(e, -ENOMEM, "extract a link");
	r = extract_where(x, archive_entry_hardlink(s->entry), &below, e);
	if (r <= 0)
		return r < 0 ? r : extract_outside(archive_entry_hardlink(s->entry), e);
	r = target_hardlink(x->target, path.data, buf_str(&x->path), e);
	if (r != -ENOENT)
		return r;
	/* CARE links to what it left out as too big: a name without content. */
	x->how->degraded++;
	return 0;
}

static int extract_special(struct extraction *x, struct scan *s, const struct target_meta *m,
			   struct err *e)
{
	int r = target_node(x->target, buf_str(&x->path), m->type, archive_entry_rdev(s->entry), e);

	/* Only root makes device nodes. */
	if (r == -EPERM || r == -EINVAL) {
		x->how->skipped++;
		return 0;
	}
	return r < 0 ? r : extract_meta(x, -1, m, e);
}

static int extract_typed(struct extraction *x, struct scan *s, const struct target_meta *m, struct err *e)
{
	const char *path = buf_str(&x->path);
	int r;

	switch (m->type) {
	case AE_IFREG:
		return extract_file(x, s, m, e);
	case AE_IFDIR:
		r = target_directory(x->target, path, e);
		return r < 0 ? r : extract_meta(x, -1, m, e);
	case AE_IFLNK:
		r = target_symlink(x->target, path, archive_entry_symlink(s->entry) ?: "", e);
		return r < 0 ? r : extract_meta(x, -1, m, e);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFIFO:
	case AE_IFSOCK:
		return extract_special(x, s, m, e);
	default:
		x->how->skipped++;
		return 0;
	}
}

static int keep_manifest(struct extraction *x, struct scan *s, enum member_kind kind, struct err *e)
{
	size_t before;
	int r;

	if (archive_entry_filetype(s->entry) != AE_IFREG)
		return 0;
	if (kind == MEMBER_MANIFEST)	/* the journal's lines are all in it */
		buf_reset(&x->manifest);
	if (kind == MEMBER_JOURNAL && x->has_manifest)
		return 0;
	before = x->manifest.len;
	r = scan_content(s, IN_MEMBER_MAX - before, &x->manifest, e);
	if (r < 0) {
		buf_truncate(&x->manifest, before);
		return r;
	}
	x->has_manifest = x->has_manifest || kind == MEMBER_MANIFEST;
	x->has_journal = true;
	return 0;
}

static int write_manifest(struct extraction *x, struct scan *s, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct target_meta m;
	struct manifest_xattr *none;
	int r = target_file(x->target, buf_str(&x->path), &fd, e);

	if (r == 0) {
		r = io_write_all(fd, buf_str(&x->manifest), x->manifest.len);
		if (r < 0)
			err_set(e, r, "write manifest.json");
	}
	if (r < 0)
		return r;
	entry_meta(s->entry, &m, &none);
	free(none);
	m.n_xattrs = 0;
	return extract_meta(x, fd, &m, e);
}

static int extract_member(struct extraction *x, struct scan *s, struct err *e)
{
	struct manifest_xattr *xattrs = NULL;
	enum member_kind kind;
	struct target_meta m;
	const char *below;
	int wanted, r = 0;

	wanted = extract_where(x, archive_entry_pathname(s->entry), &below, e);
	if (wanted < 0)
		return wanted;
	kind = member_kind(below);
	if (kind == MEMBER_MANIFEST || kind == MEMBER_JOURNAL) {
		r = keep_manifest(x, s, kind, e);
		if (r < 0 || kind == MEMBER_JOURNAL || !wanted)
			return r;
		return write_manifest(x, s, e);
	}
	if (!wanted)
		return 0;
	if (archive_entry_hardlink(s->entry)) {
		r = extract_link(x, s, e);
	} else {
		entry_meta(s->entry, &m, &xattrs);
		r = extract_typed(x, s, &m, e);
		free(xattrs);
	}
	if (r == 0)
		extract_progress(x, 1, 0);
	return r;
}

static int stream_extract(struct extraction *x, struct err *e)
{
	struct scan *s;
	int r = scan_open(&s, x->a, 0, e);

	if (r < 0)
		return r;
	while ((r = scan_next(s, e)) > 0) {
		r = extract_stopped(x, e);
		if (r == 0)
			r = extract_member(x, s, e);
		if (r < 0)
			break;
	}
	/* Without a manifest but with a journal the recording was cut: take what there is. */
	x->a->partial = !x->has_manifest && x->has_journal;
	if (r == -EBADMSG && x->a->partial)
		r = 0;
	if (r == 0 && !x->a->partial && scan_damage(s)) {
		x->a->partial = x->has_journal;
		r = err_set(e, -EBADMSG, "extract %s after %llu members: %s", x->a->path,
			    (unsigned long long)s->members, scan_damage(s));
	}
	scan_free(s);
	return r;
}

static int deepest_first(const void *a, const void *b)
{
	const struct extract_dir *x = a, *y = b;
	int r = strcmp(y->path, x->path);

	/* Of two for one path the later wins: it must come last. */
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static void finish_directories(struct extraction *x)
{
	if (x->n_dirs)
		qsort(x->dirs, x->n_dirs, sizeof(*x->dirs), deepest_first);
	for (size_t i = 0; i < x->n_dirs; i++) {
		const struct extract_dir *d = &x->dirs[i];
		const struct target_meta m = { S_IFDIR, d->mode, d->uid, d->gid, d->mtime, NULL, 0 };

		if (target_set_meta(x->target, d->path, -1, &m, x->how->owners, true))
			x->how->degraded++;
	}
}

/* The prefix itself has no entry: as a directory that somebody makes. */
static void open_prefix(struct extraction *x)
{
	struct stat st;
	int fd;

	if (x->how->only_rootfs || x->how->strip_prefix)
		return;
	fd = target_look(x->target, x->a->prefix, O_RDONLY | O_DIRECTORY, NULL);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700)
		fchmod(fd, 0755);
	close(fd);
}

static void extraction_free(struct extraction *x)
{
	for (size_t i = 0; i < x->n_dirs; i++)
		free(x->dirs[i].path);
	free(x->dirs);
	buf_free(&x->manifest);
	buf_free(&x->path);
	target_free(x->target);
}

int archive_in_extract(struct archive_in *a, int dirfd, struct archive_extract *how, struct err *e)
{
	_out_guard_;
	_cleanup_(extraction_free) struct extraction x = { .a = a, .how = how, .dirfd = dirfd };
	int r = target_open(&x.target, dirfd, e), applied;

	if (r < 0)
		return r;
	how->skipped = how->degraded = 0;
	r = a->format.container == ARCHIVE_DIR ? dir_extract(a, &x, e) : stream_extract(&x, e);
	/* After damage too: what is there shall be as right as it can be. */
	if (x.has_journal && (r == 0 || r == -EBADMSG)) {
		applied = extract_apply_manifest(&x, r == 0 ? e : NULL);
		r = r < 0 ? r : applied;
	}
	finish_directories(&x);
	open_prefix(&x);
	return r;
}
