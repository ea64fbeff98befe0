// SPDX-License-Identifier: GPL-2.0-or-later
/* Archiving what a manifest tells, with content from a tree that was just extracted. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/archive/archive_in.h"
#include "core/archive/archive_out.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/convert.h"
#include "core/manifest/manifest.h"

/*
 * @name in @dir, made readable: the tree is our private copy, and the recorded mode is
 * in the manifest. Never through a symlink: the archive may be hostile.
 */
static int open_readable(int dir, const char *name, int flags)
{
	_cleanup_close_ int at = -1;
	char self[40];
	int fd;

	fd = openat(dir, name, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		return fd < 0 ? -errno : fd;
	at = openat(dir, name, flags | O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	if (chmod(self, 0700) < 0)
		return -errno;
	fd = openat(dir, name, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Recorded paths are free of symlinks and "..": component by component, as they stand. */
static int open_content(int root, const char *path)
{
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *name = NULL;
	struct stat st;
	int at = root;

	for (path += strspn(path, "/"); strchr(path, '/'); path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");
		int next;

		free(name);
		name = strndup(path, len);
		if (!name)
			return -ENOMEM;
		next = open_readable(at, name, O_DIRECTORY);
		if (next < 0)
			return next;
		if (dir >= 0)
			close(dir);
		at = dir = next;
		path += len;
	}
	/* A device, where a hostile manifest says file, is not to be opened. */
	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? open_readable(at, path, 0) : -EINVAL;
}

static int write_file(struct archive_out *out, const struct manifest_file *f, int root, struct err *e)
{
	/* What the archive changes in it is not the manifest's to keep. */
	struct manifest_file copy = *f;
	_cleanup_close_ int fd = -1;
	int r;

	if (f->type == MANIFEST_REG && f->content == MANIFEST_WHOLE) {
		fd = open_content(root, f->path);
		if (fd < 0) {
			/* Not there (a cut archive, a file refused as hostile): said, not fatal. */
			cmd_warn("%s: the archive has no content of it: %s", f->path, strerror(-fd));
			fd = -1;
			copy.content = MANIFEST_UNREADABLE;
			copy.has_sha256 = false;
		}
	}
	r = archive_out_add(out, &copy, fd, NULL, e);
	if (r == 0 && f->has_sha256 && copy.has_sha256 && memcmp(f->sha256, copy.sha256, 32))
		cmd_warn("%s: its content is not what was recorded", f->path);
	return r < 0 ? r : archive_out_tick(out, e);
}

static int write_one(struct archive_out *out, enum manifest_kind kind, const void *item, struct err *e)
{
	struct manifest_record record = { .kind = kind, .run = (void *)item };

	return archive_out_record(out, &record, e);
}

static int write_records(struct archive_out *out, const struct manifest *m, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < m->n_processes && r == 0; i++)
		r = write_one(out, MANIFEST_K_PROCESS, &m->processes[i], e);
	for (size_t i = 0; i < m->absent.n && r == 0; i++)
		r = write_one(out, MANIFEST_K_ABSENT, m->absent.v[i], e);
	for (size_t i = 0; i < m->n_concealed && r == 0; i++)
		r = write_one(out, MANIFEST_K_CONCEALED, &m->concealed[i], e);
	for (size_t i = 0; i < m->n_nets && r == 0; i++)
		r = write_one(out, MANIFEST_K_NET, &m->nets[i], e);
	for (size_t i = 0; i < m->n_unknowns && r == 0; i++)
		r = write_one(out, MANIFEST_K_UNKNOWN, &m->unknowns[i], e);
	for (size_t i = 0; i < m->n_lost && r == 0; i++)
		r = write_one(out, MANIFEST_K_LOST, &m->lost[i], e);
	for (size_t i = 0; i < m->n_depends && r == 0; i++)
		r = write_one(out, MANIFEST_K_DEPEND, &m->depends[i], e);
	for (size_t i = 0; i < m->n_written && r == 0; i++)
		r = write_one(out, MANIFEST_K_WRITTEN, &m->written[i], e);
	return r;
}

/* What stands beside rootfs/ for people and shells. */
static int write_members(struct archive_out *out, struct archive_in *in, struct err *e)
{
	static const struct { const char *name; mode_t mode; } members[] = {
		{ "re-execute.sh", 0755 }, { "README.txt", 0644 }, { "concealed-accesses.txt", 0644 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		int r = archive_in_member(in, members[i].name, &b, e);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = archive_out_member(out, members[i].name, members[i].mode, buf_str(&b), b.len, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int convert_write(struct archive_out *out, struct archive_in *in, struct manifest *m, int root,
		  struct err *e)
{
	int r = write_one(out, MANIFEST_K_RUN, &m->run, e);

	if (r == 0 && !m->n_files)
		r = convert_scan(m, root, e);
	for (size_t i = 0; i < m->n_files && r == 0; i++)
		r = write_file(out, &m->files[i], root, e);
	if (r == 0)
		r = write_records(out, m, e);
	if (r == 0)
		r = write_members(out, in, e);
	if (r < 0)
		return r;
	/* What was cut short stays so, however whole its new archive is. */
	m->end.partial |= !m->has_end;
	return write_one(out, MANIFEST_K_END, &m->end, e);
}
