/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All the metadata of one name, symlinks not followed. */
#ifndef CORE_RECORD_STAT_H
#define CORE_RECORD_STAT_H

#include <time.h>

struct manifest_file;

/*
 * Fill in type, mode, owner, size, times, identity and link target from @host.
 * *ret_birth: when the inode came into being (statx(2), Linux 4.11); where the file
 * system does not say, what can be told by its other times. 0 or −errno.
 */
int stat_file(const char *host, struct manifest_file *ret, struct timespec *ret_birth);

/* The same of what is open there, and is no symlink. */
int stat_fd(int fd, struct manifest_file *ret);

/*
 * Extended attributes, ACLs and capabilities among them. A file system that has none
 * and names that may not be read are no error. 0 or -ENOMEM.
 */
int stat_xattrs(const char *host, struct manifest_file *ret);

#endif
