// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Only what is empty and has the recorded modification time gets a size: a command
 * that ran in this tree before may have emptied the file itself.
 */
#include "core/replay/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/manifest/manifest.h"
#include "core/replay/inroot.h"

#define MANIFEST_MAX (1u << 30)

static bool is_stand_in(const struct manifest_file *f)
{
	return f->type == MANIFEST_REG && f->size > 0 && f->size <= INT64_MAX &&
	       (f->content == MANIFEST_PLACEHOLDER || f->content == MANIFEST_TOO_BIG ||
		f->content == MANIFEST_UNREADABLE);
}

static bool is_unsettled(const struct manifest_file *f, const struct stat *st)
{
	/* cpio keeps whole seconds. */
	return S_ISREG(st->st_mode) && st->st_size == 0 && st->st_mtim.tv_sec == f->mtime.tv_sec;
}

/* Is it there, whatever its size? The caller closes *ret_dir and frees *ret_name. */
static bool find(int root, const struct manifest_file *f, int *ret_dir, char **ret_name, struct stat *ret)
{
	return is_stand_in(f) && inroot_parent(root, f->path, 0, ret_dir, ret_name) == 0 &&
	       fstatat(*ret_dir, *ret_name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

bool settle_needed(int root, const struct manifest *m)
{
	for (size_t i = 0; i < m->n_files; i++) {
		_cleanup_free_ char *name = NULL;
		_cleanup_close_ int dir = -1;
		struct stat st;

		/* They were all extracted by the same program: the first one there tells. */
		if (find(root, &m->files[i], &dir, &name, &st))
			return is_unsettled(&m->files[i], &st);
	}
	return false;
}

static int set_size(int dir, const char *name, const struct manifest_file *f, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, f->mtime };
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	bool read_only = fd < 0 && errno == EACCES;
	int r = 0;

	if (read_only && fchmodat(dir, name, st->st_mode | S_IWUSR, 0) == 0)
		fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)f->size) < 0)
		r = -errno;
	if (read_only)
		fchmodat(dir, name, st->st_mode & 07777, 0);
	if (fd >= 0)
		futimens(fd, times);
	return r;
}

void settle_tree(int root, const struct manifest *m)
{
	size_t failed = 0;

	if (!settle_needed(root, m))
		return;
	for (size_t i = 0; i < m->n_files; i++) {
		_cleanup_free_ char *name = NULL;
		_cleanup_close_ int dir = -1;
		struct stat st;

		if (find(root, &m->files[i], &dir, &name, &st) && is_unsettled(&m->files[i], &st))
			failed += set_size(dir, name, &m->files[i], &st) < 0;
	}
	if (failed)
		log_warn("%zu files without content cannot be given their sizes here, they stay empty", failed);
}

int settle_cwd(int root, const char *cwd, struct err *e)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int dir = -1;
	int r = inroot_parent(root, cwd, 1, &dir, &name);

	if (r == 0 && mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		r = -errno;
	return r < 0 ? err_set(e, r, "make the working directory %s", cwd) : 0;
}

void settle_beside(const char *rootfs)
{
	_cleanup_close_ int root = open(rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC), above = -1;
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *base = strrchr(rootfs, '/');
	struct manifest *m;
	struct err e = { 0 };

	if (root < 0 || strcmp(base ? base + 1 : rootfs, "rootfs"))
		return;
	above = openat(root, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0 || io_read_file(above, "manifest.json", MANIFEST_MAX, &text, &e) < 0)
		return;
	/* Whatever it is: to enter a root no manifest is needed. */
	if (manifest_read(&m, buf_str(&text), text.len, &e) < 0) {
		log_debug("%s", e.text);
		return;
	}
	settle_tree(root, m);
	manifest_free(m);
}
