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
	WALK_DIRECTORY     = 1 << 8,	/* O_DIRECTORY, chdir, chroot …: ENOTDIR otherwise */
};

#define CALL_CWD (-100)		/* AT_FDCWD: the base is the working directory */

#define CALL_PATHS 8		/* most need two; an overlay's layers and sendmmsg's sockets are several */

struct call_path {
	int arg;		/* index of the argument register that points at it, −1 if inside a struct */
	uint64_t addr;		/* where it lies in the tracee, 0 = NULL was passed */
	int dirfd;		/* base: a descriptor of the tracee, or CALL_CWD */
	struct buf text;	/* as the tracee wrote it, any byte but NUL */
	unsigned walk;		/* enum walk */
	unsigned use;		/* enum use; 0 = decided elsewhere */
	int error;		/* 0; -EFAULT, -ENAMETOOLONG: the kernel will say so too; else why we could not read it */
};

struct call {
	const struct abi *abi;
	const struct syscall_row *row;	/* NULL: a number we do not know; of socketcall, prctl … the sub-call's */
	const struct syscall_row *via;	/* the row of the number itself */
	uint64_t nr;
	uint64_t args[6];		/* registers as the ABI passes them, 32-bit ones zero-extended */
	uint64_t vals[6];		/* arguments of row: pairs of registers joined, socketcall's from memory */

	struct call_path paths[CALL_PATHS];
	int n_paths;

	/*
	 * The descriptor it acts on (getdents, fchdir, and every call with AT_EMPTY_PATH
	 * and an empty path), CALL_CWD: the working directory itself, −1 = none.
	 */
	int fd;
	unsigned fd_use;		/* enum use, of what that descriptor is open on */
	unsigned result_use;		/* enum use, of what a returned descriptor is open on, where no path tells */
	unsigned oflags;		/* open family: O_*, in our own values; else 0 */

	/* bind, connect, sendto, sendmsg …: the (first) address given, length 0 = none. */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool addr_bind;			/* bind(2) rather than a peer */
	int addr_arg;			/* register that points at it, −1 = inside a struct */
	uint64_t addr_at;		/* where it lies in the tracee */
	struct buf more_addrs;		/* sendmmsg's other ones: struct call_addr each */
	bool more;			/* it gave more paths than fit here */
};

struct call_addr {
	socklen_t len;
	struct sockaddr_storage addr;
};

/* Copies tracee memory: the count (short when a page is missing), or −errno. */
typedef ssize_t call_reader(void *ctx, uint64_t addr, void *to, size_t len);

/*
 * Decode a call of @abi; @ret was {0}, or decoded before (its memory is used again).
 * Whatever the tracee passed is a call, unreadable arguments included: 0, or -ENOMEM.
 */
int call_decode(struct call *ret, const struct abi *abi, uint64_t nr, const uint64_t args[6],
		call_reader *read, void *ctx);

/* Free what its paths hold. */
void call_free(struct call *c);

#endif
