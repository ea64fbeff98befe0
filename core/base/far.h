/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that are longer than one call takes (PATH_MAX, 4096 bytes with the NUL): the
 * way there is opened piece by piece, and what is left goes through /proc/self/fd, so
 * that any call can be given it (there is no lgetxattrat before Linux 6.13). A path
 * that fits costs nothing but its length.
 */
#ifndef CORE_BASE_FAR_H
#define CORE_BASE_FAR_H

#include <dirent.h>

struct far {
	int fd;		/* −1 while the path fits */
	char *name;
};

#define FAR_INIT ((struct far){ .fd = -1 })

/* *ret_name: @path as a call takes it, while @f and @path live. 0 or −errno. */
int far_name(struct far *f, const char *path, const char **ret_name);
void far_end(struct far *f);
#define _cleanup_far_ _cleanup_(far_end)

/* open(2) of it. A descriptor, O_CLOEXEC, or −errno. */
int far_open(const char *path, int flags);
/* opendir(3) of it; NULL and errno. */
DIR *far_opendir(const char *path);

#endif
