// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arch/syscalls.def, compiled. The words of that text are macros of this file only.
 */
#include "arch/syscall.h"

#include <string.h>

#include "core/base/mem.h"

/* Arguments. */
#define INT { .kind = ARG_INT }
#define LOW16 { .kind = ARG_LOW16 }
#define LONG { .kind = ARG_LONG }
#define LLONG { .kind = ARG_LLONG }
#define SIZE { .kind = ARG_SIZE }
#define MODE { .kind = ARG_MODE }
#define DEV { .kind = ARG_DEV }
#define ID { .kind = ARG_ID }
#define FLAGS { .kind = ARG_FLAGS }
#define OFLAGS { .kind = ARG_OFLAGS }
#define ATFLAGS { .kind = ARG_ATFLAGS }
#define AMODE { .kind = ARG_AMODE }
#define HANDLEFLAGS { .kind = ARG_HANDLEFLAGS }
#define PTR { .kind = ARG_PTR }
#define IN { .kind = ARG_IN }
#define OUT { .kind = ARG_OUT }
#define INOUT { .kind = ARG_INOUT }
#define STR { .kind = ARG_STR }
#define FD { .kind = ARG_FD }
#define FDUSE(use_) { .kind = ARG_FDUSE, .use = (use_) }
#define DIRFD { .kind = ARG_DIRFD }
#define PATH(base_, last_, use_)                                               \
	{ .kind = ARG_PATH, .base = (base_), .last = (last_), .use = (use_) }
#define OPENHOW(size) { .kind = ARG_OPENHOW, .base = (size) }
#define SOCKADDR(len, last_, use_)                                             \
	{ .kind = ARG_SOCKADDR, .base = (len), .last = (last_), .use = (use_) }
#define MSGHDR                                                                 \
	{ .kind = ARG_MSGHDR, .last = LAST_FOLLOW, .use = SYSUSE_SOCKET }
#define MMSG(count)                                                            \
	{ .kind = ARG_MMSG, .base = (count), .last = LAST_FOLLOW, .use = SYSUSE_SOCKET }
#define BPFATTR(last_, use_)                                                   \
	{ .kind = ARG_BPFATTR, .base = 2, .last = (last_), .use = (use_) }
#define MOUNTSOURCE(flags) { .kind = ARG_MOUNTSOURCE, .base = (flags) }
#define QUOTAFILE(cmd) { .kind = ARG_QUOTAFILE, .base = (cmd) }
#define ARGBLOCK { .kind = ARG_BLOCK }

/* Bases and last components. */
#define CWD ARG_CWD
#define FOLLOW LAST_FOLLOW
#define NOFOLLOW LAST_NOFOLLOW
#define FOLLOW_EMPTY LAST_FOLLOW_EMPTY
#define NOFOLLOW_EMPTY LAST_NOFOLLOW_EMPTY
#define LAST LAST_NAME
#define DIRECTORY LAST_DIRECTORY
#define OR_NULL LAST_OR_NULL
#define BY_OFLAGS(n) (LAST_BY_OFLAGS | (n) << 5)
#define BY_OPENHOW(n) (LAST_BY_OPENHOW | (n) << 5)
#define BY_ATFLAGS(n) (LAST_BY_ATFLAGS | (n) << 5)
#define BY_LINKFLAGS(n) (LAST_BY_LINKFLAGS | (n) << 5)
#define BY_MOVE_FROM(n) (LAST_BY_MOVE_FROM | (n) << 5)
#define BY_MOVE_TO(n) (LAST_BY_MOVE_TO | (n) << 5)
#define BY_PICKFLAGS(n) (LAST_BY_PICKFLAGS | (n) << 5)
#define BY_UMOUNT(n) (LAST_BY_UMOUNT | (n) << 5)
#define BY_INMASK(n) (LAST_BY_INMASK | (n) << 5)
#define BY_FANFLAGS(n) (LAST_BY_FANFLAGS | (n) << 5)

/* Uses. */
#define META SYSUSE_META
#define READ SYSUSE_READ
#define EXEC SYSUSE_EXEC
#define ENTER SYSUSE_ENTER
#define LIST SYSUSE_LIST
#define CREATE SYSUSE_CREATE
#define REPLACE SYSUSE_REPLACE
#define REMOVE SYSUSE_REMOVE
#define WRITE SYSUSE_WRITE
#define CHMETA SYSUSE_CHMETA
#define SOCKET SYSUSE_SOCKET
#define MOUNT SYSUSE_MOUNT
#define OPENED(n) (USE_BY_OFLAGS << 16 | (n) << 20)
#define OPENED_HOW(n) (USE_BY_OPENHOW << 16 | (n) << 20)
#define ACCESSED(n) (USE_BY_AMODE << 16 | (n) << 20)
#define CUT(n) (USE_BY_LENGTH << 16 | (n) << 20)
#define RENAMED_FROM(n) (USE_BY_RENAME_FROM << 16 | (n) << 20)
#define RENAMED_TO(n) (USE_BY_RENAME_TO << 16 | (n) << 20)
#define EXECUTED(n) (USE_BY_EXECFLAGS << 16 | (n) << 20)
#define TREE(n) (USE_BY_TREEFLAGS << 16 | (n) << 20)

/* The name is pasted at once: `stat64` must not become what a libc defines it to. */
static const struct syscall_row rows[] = {
#define SYS(name_, class_, result_, since_, ...)                               \
	[SYSCALL_##name_] = { .name = #name_, .class = SYSCALL_##class_,       \
			      .result = RESULT_##result_, .since = since_,     \
			      .args = { __VA_ARGS__ } },
#define SUB(...)
#define ALIAS(...)
#include "arch/syscalls.def"
#undef SYS
#undef SUB
#undef ALIAS
};

static const struct syscall_sub subs[] = {
#define SYS(...)
#define SUB(call_, arg_, value_, name_, class_, result_, since_, ...)          \
	{ .call = SYSCALL_##call_, .arg = (arg_), .value = (value_),           \
	  .row = { .name = #name_, .class = SYSCALL_##class_,                  \
		   .result = RESULT_##result_, .since = since_,                \
		   .args = { __VA_ARGS__ } } },
#define ALIAS(call_, arg_, value_, other_)                                     \
	{ .call = SYSCALL_##call_, .arg = (arg_), .value = (value_),           \
	  .alias = SYSCALL_##other_ },
#include "arch/syscalls.def"
#undef SYS
#undef SUB
#undef ALIAS
};

const char *syscall_class_name(enum syscall_class class)
{
	static const char *const names[SYSCALL_CLASSES] = {
		[SYSCALL_QUIET] = "quiet",
		[SYSCALL_LOOK] = "look",
		[SYSCALL_OPEN] = "open",
		[SYSCALL_EXEC] = "exec",
		[SYSCALL_CHANGE] = "change",
		[SYSCALL_ENTER] = "enter",
		[SYSCALL_LIST] = "list",
		[SYSCALL_MOUNT] = "mount",
		[SYSCALL_NET] = "net",
		[SYSCALL_BIND] = "bind",
		[SYSCALL_TAKE] = "take",
		[SYSCALL_TASK] = "task",
		[SYSCALL_TRACE] = "trace",
		[SYSCALL_IDS] = "ids",
		[SYSCALL_DUMP] = "dump",
		[SYSCALL_SECCOMP] = "seccomp",
		[SYSCALL_KILL] = "kill",
		[SYSCALL_POWER] = "power",
		[SYSCALL_TELL] = "tell",
		[SYSCALL_PEER] = "peer",
		[SYSCALL_IPC] = "ipc",
		[SYSCALL_REFUSE] = "refuse",
		[SYSCALL_WHO] = "who",
		[SYSCALL_FDMETA] = "fdmeta",
		[SYSCALL_UNAME] = "uname",
	};

	return class < SYSCALL_CLASSES ? names[class] : "?";
}

const struct syscall_row *syscall_row(enum syscall_id id)
{
	return id > SYSCALL_NONE && id < SYSCALL_IDS_END ? &rows[id] : NULL;
}

enum syscall_id syscall_id(const struct syscall_row *row)
{
	return row > rows && row < rows + SYSCALL_IDS_END ? (enum syscall_id)(row - rows)
							  : SYSCALL_NONE;
}

int syscall_arg(const struct syscall_row *row, int kind)
{
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if ((int)row->args[i].kind == kind)
			return i;
	return -1;
}

enum syscall_id syscall_find(const char *name)
{
	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++)
		if (!strcmp(rows[id].name, name))
			return id;
	return SYSCALL_NONE;
}

/* They stand behind their call in syscalls.def, so they are in the order of ids. */
const struct syscall_sub *syscall_subs(enum syscall_id id, size_t *ret_n)
{
	size_t low = 0, high = ARRAY_SIZE(subs);

	*ret_n = 0;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (subs[middle].call < id)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + *ret_n < ARRAY_SIZE(subs) && subs[low + *ret_n].call == id)
		++*ret_n;
	return *ret_n ? &subs[low] : NULL;
}

const struct syscall_row *syscall_sub_row(const struct syscall_sub *sub)
{
	return sub->alias ? &rows[sub->alias] : &sub->row;
}

unsigned syscall_select_bits(const struct syscall_row *row, int arg)
{
	switch (row->args[arg].kind) {
	case ARG_LOW16:
		return 16;
	case ARG_INT:
	case ARG_FLAGS:
		return 32;
	default:
		return 64;
	}
}

int syscall_n_args(const struct syscall_row *row)
{
	int n = 0;

	while (n < SYSCALL_ARGS && row->args[n].kind != ARG_NONE)
		n++;
	return n;
}
