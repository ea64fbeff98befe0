/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facts of arch/syscalls.def as data: what a system call is called, why it would
 * be stopped, what its arguments are.
 */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why anybody would stop a call. */
enum syscall_class {
	SYSCALL_QUIET,		/* names nothing and changes nothing that matters: never */
	SYSCALL_LOOK,		/* looks a name up */
	SYSCALL_OPEN,		/* opens by name, or gets a descriptor of what no name tells */
	SYSCALL_EXEC,
	SYSCALL_CHANGE,		/* names come, go, mean something else; bytes or metadata change */
	SYSCALL_ENTER,		/* chdir, chroot: what relative names mean */
	SYSCALL_LIST,		/* reads the names of a directory */
	SYSCALL_MOUNT,		/* mounts and namespaces */
	SYSCALL_NET,		/* gives a socket address */
	SYSCALL_BIND,		/* gives one to a socket of its own: a file comes into being */
	SYSCALL_TAKE,		/* may bring descriptors that somebody else opened */
	SYSCALL_TASK,		/* makes a task */
	SYSCALL_TRACE,		/* ptrace */
	SYSCALL_IDS,		/* changes who one is */
	SYSCALL_DUMP,		/* prctl(PR_{SET,GET}_DUMPABLE): whether an observer may read memory */
	SYSCALL_SECCOMP,	/* installs a filter of its own, asks for no_new_privs */
	SYSCALL_KILL,		/* signals everybody, the observer too */
	SYSCALL_POWER,		/* reboot, kexec */
	SYSCALL_TELL,		/* tells a path of the kernel's: getcwd */
	SYSCALL_PEER,		/* tells the address of a socket: getsockname, accept */
	SYSCALL_IPC,		/* System V shared memory, semaphores, messages */
	SYSCALL_REFUSE,		/* io_uring: works past every observer */
	SYSCALL_WHO,		/* tells who one is, or asks for what that allows: getuid, capset */
	SYSCALL_FDMETA,		/* metadata of what a descriptor is open on: fstat, fchown */
	SYSCALL_UNAME,		/* tells the kernel's name and release */
	SYSCALL_CLASSES
};

#define SYSCALL_BIT(class) (1u << (class))
/* All that names files: what a recorder stops for. */
#define SYSCALL_FILES                                                          \
	(SYSCALL_BIT(SYSCALL_LOOK) | SYSCALL_BIT(SYSCALL_OPEN) |               \
	 SYSCALL_BIT(SYSCALL_EXEC) | SYSCALL_BIT(SYSCALL_CHANGE) |             \
	 SYSCALL_BIT(SYSCALL_ENTER) | SYSCALL_BIT(SYSCALL_LIST) |              \
	 SYSCALL_BIT(SYSCALL_MOUNT) | SYSCALL_BIT(SYSCALL_NET) |               \
	 SYSCALL_BIT(SYSCALL_BIND))

const char *syscall_class_name(enum syscall_class class);

enum syscall_result {
	RESULT_INT,
	RESULT_ZERO,		/* 0 when it worked */
	RESULT_LEN,		/* a count of bytes */
	RESULT_FD,		/* a new descriptor */
	RESULT_GOTFD,		/* a descriptor of what somebody else opened */
	RESULT_PID,
	RESULT_PTR,
	RESULT_NEVER,		/* does not come back where it was called */
};

enum arg_kind {
	ARG_NONE,
	ARG_INT,		/* the low 32 bits count */
	ARG_LOW16,		/* the low 16 bits count */
	ARG_LONG,
	ARG_LLONG,		/* 64 bits: two registers of a 32-bit ABI */
	ARG_SIZE,
	ARG_MODE,
	ARG_DEV,
	ARG_ID,
	ARG_FLAGS,
	ARG_OFLAGS,		/* of open(2), in the ABI's own values */
	ARG_ATFLAGS,
	ARG_AMODE,		/* of access(2) */
	ARG_HANDLEFLAGS,	/* O_* of open_by_handle_at: say what the result is used for */
	ARG_PTR,
	ARG_IN,			/* points at what the kernel reads */
	ARG_OUT,		/* … writes */
	ARG_INOUT,
	ARG_STR,		/* a string that is no path */
	ARG_FD,
	ARG_FDUSE,		/* the descriptor that the call acts on: use */
	ARG_DIRFD,		/* base of a PATH */
	ARG_PATH,		/* base, last, use */
	ARG_OPENHOW,		/* struct open_how; base = argument with its size */
	ARG_SOCKADDR,		/* base = argument with its length; last, use of a unix socket's path */
	ARG_MSGHDR,
	ARG_MMSG,		/* base = argument with their number */
	ARG_BPFATTR,		/* union bpf_attr of BPF_OBJ_PIN and _GET; base = argument with its size */
	ARG_MOUNTSOURCE,	/* base = argument with the flags of mount(2) */
	ARG_QUOTAFILE,		/* base = argument with the command of quotactl(2) */
	ARG_BLOCK,		/* the real arguments, as longs in memory */
};

/* How the last component of a path is walked: a rule, and the argument it looks at. */
enum last_rule {
	LAST_FOLLOW,
	LAST_NOFOLLOW,
	LAST_FOLLOW_EMPTY,	/* "" means the base */
	LAST_NOFOLLOW_EMPTY,
	LAST_NAME,		/* only the parent is walked */
	LAST_BY_OFLAGS,
	LAST_BY_OPENHOW,
	LAST_BY_ATFLAGS,	/* follows unless AT_SYMLINK_NOFOLLOW */
	LAST_BY_LINKFLAGS,	/* follows only if AT_SYMLINK_FOLLOW */
	LAST_BY_MOVE_FROM,
	LAST_BY_MOVE_TO,
	LAST_BY_PICKFLAGS,
	LAST_BY_UMOUNT,
	LAST_BY_INMASK,
	LAST_BY_FANFLAGS,
};

#define LAST_RULE(last) ((enum last_rule)((last) & 0x1f))
#define LAST_ARG(last) (((last) >> 5) & 7)
#define LAST_DIRECTORY 0x100	/* must be a directory */
#define LAST_OR_NULL 0x200	/* NULL is no error: the base itself, or nothing */

/*
 * What is done to a path: a set of these bits (equal to enum use of core/event, which
 * this folder may not include), or a rule and the argument it looks at.
 */
enum syscall_use {
	SYSUSE_META    = 1 << 0,
	SYSUSE_READ    = 1 << 1,
	SYSUSE_EXEC    = 1 << 2,
	SYSUSE_ENTER   = 1 << 3,
	SYSUSE_LIST    = 1 << 4,
	SYSUSE_CREATE  = 1 << 5,
	SYSUSE_REPLACE = 1 << 6,
	SYSUSE_REMOVE  = 1 << 7,
	SYSUSE_WRITE   = 1 << 8,
	SYSUSE_CHMETA  = 1 << 9,
	SYSUSE_ACCESSX = 1 << 10,
	SYSUSE_SOCKET  = 1 << 11,
	SYSUSE_MOUNT   = 1 << 12,
};

enum use_rule {
	USE_AS_SAID,		/* the bits */
	USE_BY_OFLAGS,
	USE_BY_OPENHOW,
	USE_BY_AMODE,
	USE_BY_LENGTH,		/* truncate: to nothing, or to a rest */
	USE_BY_RENAME_FROM,
	USE_BY_RENAME_TO,
	USE_BY_EXECFLAGS,
	USE_BY_TREEFLAGS,
};

#define USE_BITS(use) ((use) & 0xffff)
#define USE_RULE(use) ((enum use_rule)(((use) >> 16) & 0xf))
#define USE_ARG(use) (((use) >> 20) & 7)

struct syscall_arg {
	uint8_t kind;		/* enum arg_kind */
	int8_t base;		/* index of another argument, ARG_CWD for paths from the cwd */
	uint16_t last;		/* LAST_* */
	uint32_t use;		/* USE_* */
};

#define ARG_CWD (-1)
#define SYSCALL_ARGS 6

struct syscall_row {
	const char *name;
	const char *since;	/* "2.6.16": the first release that had it */
	uint8_t class;		/* enum syscall_class */
	uint8_t result;		/* enum syscall_result */
	struct syscall_arg args[SYSCALL_ARGS];
};

/* Every name, in the order of syscalls.def. */
enum syscall_id {
	SYSCALL_NONE,
#define SYS(name, ...) SYSCALL_##name,
#define SUB(...)
#define ALIAS(...)
#include "arch/syscalls.def"
#undef SYS
#undef SUB
#undef ALIAS
	SYSCALL_IDS_END
};

/* What a call is when one of its arguments has a certain value. */
struct syscall_sub {
	uint16_t call;		/* enum syscall_id */
	uint8_t arg;
	uint32_t value;
	uint16_t alias;		/* enum syscall_id that describes it, or SYSCALL_NONE: row */
	struct syscall_row row;
};

/* The row of @id; NULL for SYSCALL_NONE and beyond the end. */
const struct syscall_row *syscall_row(enum syscall_id id);
/* The first of its arguments that is of that kind, −1 = none. */
int syscall_arg(const struct syscall_row *row, int kind);
enum syscall_id syscall_id(const struct syscall_row *row);	/* of a row from syscall_row() */
enum syscall_id syscall_find(const char *name);			/* SYSCALL_NONE: no such call */

/* Sub-calls of @id: the first of *ret_n consecutive ones, NULL when there are none. */
const struct syscall_sub *syscall_subs(enum syscall_id id, size_t *ret_n);
const struct syscall_row *syscall_sub_row(const struct syscall_sub *sub);

/* How many bits of argument @arg select a sub-call: 16, 32, or 64 (all there are). */
unsigned syscall_select_bits(const struct syscall_row *row, int arg);

/* Number of arguments of @row. */
int syscall_n_args(const struct syscall_row *row);

#endif
