// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's own file system. Only lstat and readlink: nothing is opened, so no
 * mount is held busy and no automount is triggered (AT_NO_AUTOMOUNT, Linux 2.6.38).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/far.h"
#include "core/path/names.h"

/* Whether a device is a procfs, for the last few devices asked for. */
static bool on_procfs(dev_t dev, const char *path)
{
	static struct { dev_t dev; bool known, procfs; } cache[16];
	static unsigned next;
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(cache); i++)
		if (cache[i].known && cache[i].dev == dev)
			return cache[i].procfs;
	if (statfs(path, &fs) < 0)
		return false;
	cache[next].dev = dev;
	cache[next].procfs = fs.f_type == PROC_SUPER_MAGIC;
	cache[next].known = true;
	next = (next + 1) % ARRAY_SIZE(cache);
	return fs.f_type == PROC_SUPER_MAGIC;
}

static int host_look(struct fsview *v, const char *full, struct name_look *ret)
{
	_cleanup_far_ struct far far = FAR_INIT;
	const char *path;
	struct stat st;
	int r = far_name(&far, full, &path);

	(void)v;
	if (r < 0)
		return r;
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return -errno;
	ret->mode = st.st_mode;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	/* Only directories matter; devices of procfs are anonymous (major 0). */
	ret->procfs = S_ISDIR(st.st_mode) && on_procfs(st.st_dev, path);
	return 0;
}

static int host_link(struct fsview *v, const char *full, struct buf *ret_target)
{
	_cleanup_far_ struct far far = FAR_INIT;
	const char *path;
	size_t room = 256;
	int r = far_name(&far, full, &path);

	(void)v;
	if (r < 0)
		return r;
	for (;; room *= 2) {
		char *to;
		ssize_t n;

		buf_reset(ret_target);
		to = buf_reserve(ret_target, room);
		if (!to)
			return -ENOMEM;
		n = readlink(path, to, room);
		if (n < 0)
			return -errno;
		if ((size_t)n < room) {
			ret_target->len = n;
			ret_target->data[n] = '\0';
			return 0;
		}
	}
}

static struct fsview host = { host_look, host_link, NULL };

struct fsview *fsview_host(void)
{
	return &host;
}
