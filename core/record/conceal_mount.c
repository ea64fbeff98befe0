// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Concealment by mounts, in a user and mount namespace of the command's own: no call
 * is rewritten, but with one id mapped the files of all others appear as owned by
 * nobody, so it is asked for (decision 7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/record/conceal_internal.h"

static int write_to(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

/* Ourselves, and nobody else (user_namespaces(7)). */
static int map_self(uid_t uid, gid_t gid)
{
	char text[64];
	int r = write_to("/proc/self/setgroups", "deny");	/* since Linux 3.19; before: not needed */

	if (r < 0 && r != -ENOENT)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)uid, (unsigned)uid);
	r = write_to("/proc/self/uid_map", text);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)gid, (unsigned)gid);
	return write_to("/proc/self/gid_map", text);
}

static int bind_over(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
}

/* By its descriptor: its name may be hidden by what was mounted meanwhile. */
static int bind_fd(int fd, const char *to)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return bind_over(link, to);
}

struct over {
	const char *what, *path;
	int fd;
};

static int by_depth(const void *a, const void *b)
{
	size_t la = strlen(((const struct over *)a)->path), lb = strlen(((const struct over *)b)->path);

	return la < lb ? -1 : la > lb;
}

/*
 * What comes over what: outer places first, for an inner one lies in them. All are opened
 * before the first is mounted, in the new namespace: mounts of another cannot be bound.
 */
static int mount_all(const struct conceal *c, struct over *over)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < c->n; i++)
		over[n++] = (struct over){ c->places[i].host, c->places[i].path, -1 };
	for (size_t i = 0; i < c->n_shown; i++)
		over[n++] = (struct over){ c->shown[i], c->shown[i], -1 };
	qsort(over, n, sizeof(*over), by_depth);
	for (size_t i = 0; i < n && r >= 0; i++) {
		over[i].fd = open(over[i].what, O_PATH | O_CLOEXEC);
		if (over[i].fd < 0)
			r = -errno;
	}
	for (size_t i = 0; i < n && r >= 0; i++)
		r = bind_fd(over[i].fd, over[i].path);
	return r;
}

int conceal_in_child(const struct conceal *c)
{
	_cleanup_free_ struct over *over = calloc(c->n + c->n_shown, sizeof(*over));
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r;

	if (!over || !cwd)
		return -errno;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	r = map_self(uid, gid);
	if (r >= 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = -errno;
	if (r >= 0)
		r = mount_all(c, over);
	/* The working directory is still the one below the mounts. */
	return r >= 0 && chdir(cwd) < 0 ? -errno : r;
}
