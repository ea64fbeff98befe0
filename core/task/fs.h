/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clone(CLONE_FS) shares: counted, filled from /proc when asked for. */
#ifndef CORE_TASK_FS_H
#define CORE_TASK_FS_H

struct task_fs;

/* One reference; a copy of @from's cached paths when that is not NULL. NULL: no memory. */
struct task_fs *fs_new(const struct task_fs *from);
void fs_unref(struct task_fs *fs);

#endif
