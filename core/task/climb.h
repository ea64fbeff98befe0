/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of a directory that procfs does not tell because it is longer than a page
 * (d_path() in fs/d_path.c): up by ".." until it tells one, the names on the way by
 * looking for the inode in each directory above.
 */
#ifndef CORE_TASK_CLIMB_H
#define CORE_TASK_CLIMB_H

struct buf;

/*
 * @link: a link of procfs to something (/proc/PID/cwd, /proc/PID/fd/N). Its path is
 * added to @ret_path. 0 or −errno: -ENOENT when it has been removed.
 */
int climb_path(const char *link, struct buf *ret_path);

#endif
