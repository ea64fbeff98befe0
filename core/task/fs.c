// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc/PID tells about a task's view of the file system, cached where asking costs. */
#include "core/task/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/task/climb.h"
#include "core/task/task.h"

#define LINK_FIRST 256
#define LINK_MAX (1 << 16)	/* d_path() itself is limited to a page (4 to 64 KiB) */

struct task_fs *fs_new(const struct task_fs *from)
{
	struct task_fs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	fs->refs = 1;
	/* A copy that fails is just a path that must be read again. */
	if (from && from->cwd)
		fs->cwd = strdup(from->cwd);
	if (from && from->root)
		fs->root = strdup(from->root);
	if (from && from->guest_cwd)
		fs->guest_cwd = strdup(from->guest_cwd);
	if (from && from->guest_root && !(fs->guest_root = strdup(from->guest_root))) {
		fs_unref(fs);
		return NULL;
	}
	return fs;
}

static void forget(struct task_fs *fs)
{
	free(steal_ptr(fs->cwd));
	free(steal_ptr(fs->root));
}

void fs_unref(struct task_fs *fs)
{
	if (--fs->refs)
		return;
	forget(fs);
	free(fs->guest_root);
	free(fs->guest_cwd);
	free(fs);
}

void task_fs_changed(struct task *t)
{
	forget(t->fs);
	t->mnt_ns = 0;
}

int task_fs_unshare(struct task *t)
{
	struct task_fs *own;

	if (t->fs->refs == 1)
		return 0;
	own = fs_new(t->fs);
	if (!own)
		return -ENOMEM;
	fs_unref(t->fs);
	t->fs = own;
	return 0;
}

static void proc_name(char *to, size_t size, pid_t tid, const char *what)
{
	snprintf(to, size, "/proc/%d/%s", (int)tid, what);
}

/* The target of a link of procfs, whose size stat(2) does not tell. */
static int read_link(const char *name, struct buf *ret_target)
{
	for (size_t size = LINK_FIRST; size <= LINK_MAX; size *= 2) {
		char *at = buf_reserve(ret_target, size);
		ssize_t n;

		if (!at)
			return -ENOMEM;
		n = readlink(name, at, size);
		if (n < 0 && errno == ENAMETOOLONG)
			break;
		if (n < 0)
			return -errno;
		if ((size_t)n < size) {
			at[n] = '\0';
			ret_target->len += n;
			return 0;
		}
	}
	return climb_path(name, ret_target);
}

static int cached_link(struct task *t, const char *what, char **cache, const char **ret_path,
		       struct err *e)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	char name[64];
	int r;

	if (!*cache) {
		proc_name(name, sizeof(name), t->tid, what);
		r = read_link(name, &target);
		if (r < 0)
			return err_set(e, r, "read %s", name);
		*cache = buf_steal(&target);
		if (!*cache)
			return err_set(e, -ENOMEM, "read %s", name);
	}
	*ret_path = *cache;
	return 0;
}

int task_cwd(struct task *t, const char **ret_path, struct err *e)
{
	return cached_link(t, "cwd", &t->fs->cwd, ret_path, e);
}

int task_root(struct task *t, const char **ret_path, struct err *e)
{
	return cached_link(t, "root", &t->fs->root, ret_path, e);
}

static int namespace_inode(pid_t tid, const char *which, ino_t *ret_ino)
{
	struct stat st;
	char name[64];

	proc_name(name, sizeof(name), tid, which);
	if (stat(name, &st) < 0)
		return -errno;
	*ret_ino = st.st_ino;
	return 0;
}

int task_namespaces(struct task *t, struct err *e)
{
	int r = 0;

	if (!t->mnt_ns)
		r = namespace_inode(t->tid, "ns/mnt", &t->mnt_ns);
	if (r >= 0 && !t->pid_ns)
		r = namespace_inode(t->tid, "ns/pid", &t->pid_ns);
	return r < 0 ? err_set(e, r, "namespaces of process %d", (int)t->tid) : 0;
}

void task_name(const struct task *t, struct buf *ret_name)
{
	size_t at = ret_name->len;
	char name[64];

	proc_name(name, sizeof(name), t->tid, "comm");
	if (io_read_file(AT_FDCWD, name, 64, ret_name, NULL) < 0 || ret_name->len <= at + 1)
		buf_adds(ret_name, "?");
	else
		buf_truncate(ret_name, ret_name->len - 1);	/* the newline */
}

/* Field 28 of /proc/PID/stat. */
uint64_t task_stack(const struct task *t)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];
	const char *at;

	proc_name(name, sizeof(name), t->tid, "stat");
	if (io_read_file(AT_FDCWD, name, 4096, &text, NULL) < 0)
		return 0;
	at = strrchr(buf_str(&text), ')');	/* the name before it may hold anything */
	for (int field = 2; at && field < 28; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

int task_exe(const struct task *t, struct buf *ret_path, struct err *e)
{
	char name[64];
	int r;

	proc_name(name, sizeof(name), t->tid, "exe");
	r = read_link(name, ret_path);
	return r < 0 ? err_set(e, r, "read %s", name) : 0;
}

int task_fd_path(const struct task *t, int fd, struct buf *ret_path, struct err *e)
{
	char name[64];
	int r;

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)t->tid, fd);
	r = read_link(name, ret_path);
	return r < 0 ? err_set(e, r, "read %s", name) : 0;
}

int task_fd_flags(const struct task *t, int fd, unsigned *ret_flags)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *at;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", (int)t->tid, fd);
	r = io_read_file(AT_FDCWD, name, 1 << 20, &text, NULL);
	if (r < 0)
		return r;
	at = strstr(buf_str(&text), "flags:");
	if (!at)
		return -ENODATA;
	*ret_flags = (unsigned)strtoul(at + strlen("flags:"), NULL, 8);
	return 0;
}

int task_fd_open(const struct task *t, int fd, int flags)
{
	char name[64];
	int got;

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)t->tid, fd);
	got = open(name, flags | O_CLOEXEC);
	return got < 0 ? -errno : got;
}
