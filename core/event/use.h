/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a system call does to a path. A set: open(O_RDWR) is READ and WRITE. */
#ifndef CORE_EVENT_USE_H
#define CORE_EVENT_USE_H

enum use {
	USE_META    = 1 << 0,	/* looked at: stat, access, readlink, O_PATH */
	USE_READ    = 1 << 1,	/* content read: open for reading */
	USE_EXEC    = 1 << 2,	/* executed, or interpreter of what is executed */
	USE_ENTER   = 1 << 3,	/* chdir, chroot */
	USE_LIST    = 1 << 4,	/* names of a directory read */
	USE_CREATE  = 1 << 5,	/* the name may come into being: O_CREAT, mkdir, link's new name */
	USE_REPLACE = 1 << 6,	/* what the name meant may vanish: rename's target, O_TRUNC */
	USE_REMOVE  = 1 << 7,	/* unlink, rmdir, rename's source */
	USE_WRITE   = 1 << 8,	/* content may change and partly stay: open for writing, truncate */
	USE_CHMETA  = 1 << 9,	/* chmod, chown, utimes, setxattr */
	USE_ACCESSX = 1 << 10,	/* asked whether it could be executed: access(X_OK) */
	USE_SOCKET  = 1 << 11,	/* connect or send to a unix socket of that name */
	USE_MOUNT   = 1 << 12,	/* mount point, or source of a bind mount */

	/* Not of a call but of what came of it; only in manifests. */
	USE_ABSENT  = 1 << 13,	/* looked up and not there */
};

/* Uses that change names or content: they stop at exit too (decision 2). */
#define USE_CHANGES (USE_CREATE | USE_REPLACE | USE_REMOVE | USE_WRITE | USE_CHMETA)

/* Uses that need the bytes. */
#define USE_CONTENT (USE_READ | USE_EXEC | USE_WRITE)

#endif
