// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One line: bytes on the disk, entries, bytes of all regular files, the boot
 * (random(4): /proc/sys/kernel/random/boot_id). File systems give a file its size when
 * its data has been written (ext4's data=ordered, XFS), so what a power cut took is seen
 * in the sums; to sync a tree when it is made would cost more than to make it.
 */
#include "core/replay/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

#define DEPTH_MAX 4096		/* as deep as an archive may be */

struct sums {
	uint64_t room, entries, bytes;
};

static int stamp_path(char **ret, const char *tree, const char *name)
{
	return asprintf(ret, "%s/%s", tree, name) < 0 ? -ENOMEM : 0;
}

static void add_up(int fd, unsigned depth, struct sums *sums)
{
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!d)
		close(fd);
	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sums->room += (uint64_t)st.st_blocks * 512;
		sums->entries++;
		if (S_ISREG(st.st_mode))
			sums->bytes += (uint64_t)st.st_size;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			int sub = openat(dirfd(d), entry->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0)
				add_up(sub, depth + 1, sums);
		}
	}
}

static struct sums sums_of(int dir, const char *tree)
{
	_cleanup_free_ char *path = NULL;
	struct sums sums = { 0 };
	int fd = stamp_path(&path, tree, "rootfs") < 0 ? -1 :
		 openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		add_up(fd, 0, &sums);
	return sums;
}

/* "" where nobody tells: then no boot is this one. */
static void this_boot(char ret[64])
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	ret[0] = '\0';
	if (io_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 63, &text, NULL) == 0)
		sscanf(buf_str(&text), "%63s", ret);
}

/* Renamed into place: somebody else may be reading it. */
static int put(int dir, const char *tree, const struct sums *sums, struct err *e)
{
	_cleanup_free_ char *path = NULL, *growing = NULL;
	_cleanup_close_ int fd = -1;
	char text[160], boot[64];
	int r;

	this_boot(boot);
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", sums->room,
		 sums->entries, sums->bytes, boot);
	if (stamp_path(&path, tree, "stamp") < 0 ||
	    asprintf(&growing, "%s/stamp.%d", tree, (int)getpid()) < 0)
		return err_set(e, -ENOMEM, "name a file");
	fd = openat(dir, growing, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
	if (r == 0 && renameat(dir, growing, dir, path) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, growing, 0);
	return r < 0 ? err_set(e, r, "write %s", path) : 0;
}

int stamp_write(int dir, const char *tree, struct err *e)
{
	struct sums sums = sums_of(dir, tree);

	return put(dir, tree, &sums, e);
}

static bool get(int dir, const char *tree, struct sums *ret, char ret_boot[64], struct timespec *ret_used)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *path = NULL;
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	ret_boot[0] = '\0';
	if (stamp_path(&path, tree, "stamp") < 0 || io_read_file(dir, path, 160, &text, NULL) < 0 ||
	    fstatat(dir, path, &st, 0) < 0)
		return false;
	*ret_used = st.st_mtim;
	return sscanf(buf_str(&text), "%" SCNu64 " %" SCNu64 " %" SCNu64 " %63s", &ret->room,
		      &ret->entries, &ret->bytes, ret_boot) >= 1;
}

bool stamp_read(int dir, const char *tree, struct stamp *ret)
{
	struct sums sums;
	char boot[64];

	if (!get(dir, tree, &sums, boot, &ret->used))
		return false;
	ret->room = sums.room;
	return true;
}

bool stamp_holds(int dir, const char *tree)
{
	_cleanup_free_ char *root = NULL;
	struct timespec used;
	struct sums then, now;
	char made[64], boot[64];

	if (!get(dir, tree, &then, made, &used) || stamp_path(&root, tree, "rootfs") < 0 ||
	    faccessat(dir, root, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	this_boot(boot);
	if (boot[0] && !strcmp(boot, made))
		return true;
	now = sums_of(dir, tree);
	if (now.entries != then.entries || now.bytes != then.bytes)
		return false;
	put(dir, tree, &then, NULL);	/* where it can't, the next one counts as well */
	return true;
}

void stamp_touch(int dir, const char *tree)
{
	_cleanup_free_ char *path = NULL;

	if (stamp_path(&path, tree, "stamp") == 0)
		utimensat(dir, path, NULL, 0);
}
