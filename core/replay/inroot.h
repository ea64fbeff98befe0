/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path walked inside a tree from outside of it: absolute symlinks and ".." stay
 * below the tree's top, as they would for a process whose root it is. By hand, for
 * kernels without openat2(2) (before 5.6); nothing may run in the tree meanwhile.
 */
#ifndef CORE_REPLAY_INROOT_H
#define CORE_REPLAY_INROOT_H

#include <sys/types.h>

/*
 * The directory that holds the last component of @path, as an O_PATH descriptor, and
 * that component (caller frees; "." for the top itself). Symlinks at the end are
 * followed. @make: missing directories are made. −errno.
 */
int inroot_parent(int top, const char *path, int make, int *ret_dir, char **ret_name);

/* Open a file in it. −errno. */
int inroot_open(int top, const char *path, int flags);

#endif
