// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The claim is a lock (flock(2)) on a file in the directory; the file also tells our
 * directories from others that happen to have such a name.
 */
#include "core/base/claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

#define CLAIM_FILE ".care-claim"
#define CLAIM_TRIES 8

static int lock_in(const char *dir, int flags)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (asprintf(&path, "%s/" CLAIM_FILE, dir) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || !S_ISREG(st.st_mode))
		return -EPERM;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return steal_fd(&fd);
}

static int make_once(const char *under, const char *prefix, char **ret_path)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%sXXXXXX", under, prefix) < 0)
		return -ENOMEM;
	if (!mkdtemp(path))
		return -errno;
	fd = lock_in(path, O_CREAT | O_EXCL);
	if (fd < 0) {
		rmdir(path);
		return fd;
	}
	*ret_path = steal_ptr(path);
	return fd;
}

int claim_make(const char *under, const char *prefix, char **ret_path)
{
	int fd = -EWOULDBLOCK;

	/* Somebody who clears away may take it for left in the moment before it is locked. */
	for (int i = 0; i < CLAIM_TRIES && fd == -EWOULDBLOCK; i++)
		fd = make_once(under, prefix, ret_path);
	return fd;
}

void claim_each_left(const char *under, const char *prefix, void (*found)(void *ctx, const char *path),
		     void *ctx)
{
	_cleanup_closedir_ DIR *d = opendir(under);
	size_t len = strlen(prefix);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		_cleanup_free_ char *path = NULL;
		_cleanup_close_ int fd = -1;

		if (strncmp(entry->d_name, prefix, len) || strlen(entry->d_name) != len + 6)
			continue;
		if (asprintf(&path, "%s/%s", under, entry->d_name) < 0)
			return;
		fd = lock_in(path, 0);
		if (fd >= 0)
			found(ctx, path);
	}
}
