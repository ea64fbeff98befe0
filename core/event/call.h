/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One system call, decoded: which names it uses, from which base, how the last
 * component is walked, and what is done to it. Made from registers, a row of
 * arch/syscalls.def and one read of each argument that lies in tracee memory.
 */
#ifndef CORE_EVENT_CALL_H
#define CORE_EVENT_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "core/base/buf.h"
#include "core/event/use.h"

struct abi;			/* arch/abi.h */
struct syscall_row;		/* arch/syscall.h */

/* How a path is walked; the RESOLVE_* of openat2(2) (Linux 5.6) are among them. */
enum walk {
	WALK_NOFOLLOW      = 1 << 0,	/* the last component is not followed if a symlink */
	WALK_PARENT        = 1 << 1,	/* only the parent is walked, the last name is just a name */
	WALK_EMPTY         = 1 << 2,	/* an empty path means the base itself (AT_EMPTY_PATH) */
	WALK_NO_SYMLINKS   = 1 << 3,
	WALK_NO_MAGICLINKS = 1 << 4,
	WALK_BENEATH       = 1 << 5,
	WALK_IN_ROOT       = 1 << 6,	/* the base is the root of this walk */
	WALK_NO_XDEV       = 1 << 7,
	WALK_DIRECTORY     = 1 << 8,	/* O_DIRECTORY: ENOTDIR otherwise */
};

#define CALL_CWD (-100)		/* AT_FDCWD: the base is the working directory */

#define CALL_PATHS 4		/* move_mount, linkat and renameat2 need two, execveat's argv none */

struct call_path {
	int arg;		/* index of the argument register that points at it, −1 if inside a struct */
	uint64_t addr;		/* where it lies in the tracee, 0 = NULL was passed */
	int dirfd;		/* base: a descriptor of the tracee, or CALL_CWD */
	struct buf text;	/* as the tracee wrote it, any byte but NUL */
	unsigned walk;		/* enum walk */
	unsigned use;		/* enum use; 0 = decided elsewhere */
	int error;		/* 0, -EFAULT (unreadable), -ENAMETOOLONG: the kernel will say so too */
};

struct call {
	const struct abi *abi;
	const struct syscall_row *row;	/* NULL: a number we do not know */
	uint64_t nr;
	uint64_t args[6];		/* as the ABI passes them, 32-bit ones zero-extended */

	struct call_path paths[CALL_PATHS];
	int n_paths;

	int fd;				/* the descriptor it acts on (getdents, fchdir, ftruncate …), −1 = none */
	unsigned fd_use;		/* enum use, of what that descriptor is open on */
	unsigned oflags;		/* open family: O_*, in the values of the tracee's ABI made ours; else 0 */

	/* bind, connect, sendto, sendmsg …: the address given, length 0 = none. */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool addr_bind;			/* bind(2) rather than a peer */
};

#endif
