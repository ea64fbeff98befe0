/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For each system call that takes a path: what its paths shall be, and what its other
 * arguments need to be so that it gets as far as looking the path up. Rows with no line here
 * make tests/syscalls/reach.sh fail. Included by reach.c only.
 */
#ifndef TESTS_TOOLS_REACH_CASES_H
#define TESTS_TOOLS_REACH_CASES_H

enum object { NONE, FILE_, DIR_, EMPTY, LINK, EXE, STREAM, DGRAM, NEW };

/* A call in the making. */
struct attempt {
	const struct syscall_row *row;	/* that describes it */
	uint32_t sub;			/* … when this is what selects it */
	int arg;			/* the path that is tried */
	const char *path;
	uint64_t resolve;		/* RESOLVE_* for openat2 */
	int dirfd;			/* for what lies in a struct */
	uint64_t vals[SYSCALL_ARGS];
};

static char in[4096], out[SYSCALL_ARGS][4096];
static union { struct sockaddr_un un; char room[sizeof(struct sockaddr_un) + 1]; } address;

static void how(struct attempt *a)
{
	uint64_t words[3] = { 0, 0, a->resolve };

	memcpy(in, words, sizeof(words));
	a->vals[2] = (uintptr_t)in;
	a->vals[3] = sizeof(words);
}

static char text[] = "value";

/* struct xattr_args */
static void xattrat(struct attempt *a)
{
	struct { uint64_t value; uint32_t size, flags; } args = { (uintptr_t)out[4], sizeof(out[4]), 0 };

	if (a->row->class == SYSCALL_CHANGE) {
		args.value = (uintptr_t)text;
		args.size = 5;
		a->vals[3] = (uintptr_t)"user.new";
	}
	memcpy(in, &args, sizeof(args));
	a->vals[4] = (uintptr_t)in;
	a->vals[5] = sizeof(args);
}

static void setxattr_(struct attempt *a)
{
	a->vals[1] = (uintptr_t)"user.new";
	a->vals[2] = (uintptr_t)text;
	a->vals[3] = 5;
}

static void executable(struct attempt *a) { a->vals[a->arg + 1] = X_OK; }
static void attributes(struct attempt *a) { a->vals[3] = 24; }
static void handle(struct attempt *a) { memcpy(out[a->arg + 1], &(unsigned){ 128 }, 4); }
static void all_of_statx(struct attempt *a) { a->vals[3] = 0x7ff; }
static void size_of_statfs64(struct attempt *a) { a->vals[1] = 84; }
static void fifo(struct attempt *a) { a->vals[a->arg + 1] = S_IFIFO | 0640; }
static void cut(struct attempt *a) { a->vals[1] = 3; }

static void watch(struct attempt *a)
{
	a->vals[0] = (uint64_t)inotify_init1(0);
	a->vals[2] = IN_MODIFY;
}

static void mark(struct attempt *a)
{
	a->vals[0] = (uint64_t)syscall(SYS_fanotify_init, 0x200 /* FAN_REPORT_FID */, 0);
	a->vals[1] = 1;		/* FAN_MARK_ADD */
	a->vals[2] = 2;		/* FAN_MODIFY */
}

static char *words[] = { "program", "tell", NULL };
static void argv_and_envp(struct attempt *a)
{
	a->vals[a->arg + 1] = (uintptr_t)words;
	a->vals[a->arg + 2] = (uintptr_t)(words + 2);
}

/* Root gives it away; anybody may "give" a file to himself. */
static void owner(struct attempt *a)
{
	a->vals[a->arg + 1] = geteuid() ? geteuid() : 1234;
	a->vals[a->arg + 2] = geteuid() ? getegid() : 1234;
}

static void long_times(struct attempt *a)
{
	long times[4] = { 1000000000, strcmp(a->row->name, "utime") ? 0 : 1000000000, 1000000000, 0 };

	memcpy(in, times, sizeof(times));
	a->vals[a->arg + 1] = (uintptr_t)in;
}

static void wide_times(struct attempt *a)
{
	int64_t times[4] = { 1000000000, 0, 1000000000, 0 };

	memcpy(in, times, sizeof(times));
	a->vals[a->arg + 1] = (uintptr_t)in;
}

/* Q_GETFMT of a device, or Q_QUOTAON with a file. */
static void quota(struct attempt *a)
{
	a->vals[0] = a->arg == 1 ? 0x80000400 : 0x80000200;
	if (a->arg == 1)
		a->vals[3] = (uintptr_t)out[3];
}

/* BPF_OBJ_PIN wants something to pin; only root can make that. */
static void pinned(struct attempt *a)
{
	struct { uint64_t path; uint32_t fd, flags, base; } attr = { (uintptr_t)a->path, 0, 0, 0 };
	struct { uint32_t type, key, value, entries, flags; } map = { 2 /* ARRAY */, 4, 4, 1, 0 };

	if (a->sub == 6)
		attr.fd = (uint32_t)syscall(SYS_bpf, 0, &map, sizeof(map));
	memcpy(in, &attr, sizeof(attr));
	a->vals[0] = a->sub;
	a->vals[1] = (uintptr_t)in;
	a->vals[2] = 20;
}

static void bind_mount(struct attempt *a) { a->vals[3] = 4096; }
static void mount_attr(struct attempt *a) { a->vals[4] = 32; }

static void journal(struct attempt *a)
{
	a->vals[0] = (uint64_t)syscall(430 /* fsopen */, "ext4", 0);
	a->vals[1] = a->sub;
	a->vals[2] = (uintptr_t)"journal_path";
}

static socklen_t to_address(const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(address.un.sun_path)) {
		printf("%s is too long for a socket\n", path);
		exit(1);
	}
	address.un.sun_family = AF_UNIX;
	memcpy(address.un.sun_path, path, len + 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

static void named(struct attempt *a, int type)
{
	a->vals[0] = (uint64_t)socket(AF_UNIX, type, 0);
	a->vals[a->arg] = (uintptr_t)&address;
	a->vals[a->arg + 1] = to_address(a->path);
}

static void stream(struct attempt *a) { named(a, SOCK_STREAM); }

static void datagram(struct attempt *a)
{
	named(a, SOCK_DGRAM);
	if (a->arg == 4) {
		a->vals[1] = (uintptr_t)text;
		a->vals[2] = 5;
	}
}

static void message(struct attempt *a)
{
	static struct iovec part = { text, 5 };
	static struct mmsghdr m;

	m.msg_hdr.msg_iov = &part;
	m.msg_hdr.msg_iovlen = 1;
	named(a, SOCK_DGRAM);
	m.msg_hdr.msg_name = &address;
	m.msg_hdr.msg_namelen = to_address(a->path);
	a->vals[1] = (uintptr_t)&m;
	a->vals[2] = a->row->args[1].kind == ARG_MMSG;
}

#define CALL(name, object, ...) { .call = name, .first = object, __VA_ARGS__ }
#define MAY(name, object, ...) { .call = name, .first = object, .refusable = true, __VA_ARGS__ }

static const struct one {
	const char *call;
	enum object first, second;	/* what its paths are */
	void (*set)(struct attempt *);
	bool refusable;			/* a supervisor may refuse it instead */
} cases[] = {	/* acct: with a file it would work, and end the machine's own accounting */
	CALL("open", FILE_), CALL("openat", FILE_), CALL("openat2", FILE_, .set = how),
	CALL("creat", FILE_), CALL("uselib", FILE_), CALL("execve", EXE, .set = argv_and_envp),
	CALL("execveat", EXE, .set = argv_and_envp),

	CALL("stat", FILE_), CALL("lstat", FILE_), CALL("oldstat", FILE_),
	CALL("oldlstat", FILE_), CALL("stat64", FILE_), CALL("lstat64", FILE_),
	CALL("newfstatat", FILE_), CALL("fstatat64", FILE_),
	CALL("statx", FILE_, .set = all_of_statx), CALL("statfs", FILE_),
	CALL("statfs64", FILE_, .set = size_of_statfs64),
	CALL("access", FILE_, .set = executable), CALL("faccessat", FILE_, .set = executable),
	CALL("faccessat2", FILE_, .set = executable), CALL("readlink", LINK),
	CALL("readlinkat", LINK), CALL("getxattr", FILE_), CALL("lgetxattr", FILE_),
	CALL("getxattrat", FILE_, .set = xattrat), CALL("listxattr", FILE_),
	CALL("llistxattr", FILE_), CALL("listxattrat", FILE_),
	CALL("file_getattr", FILE_, .set = attributes),
	CALL("name_to_handle_at", FILE_, .set = handle),
	CALL("inotify_add_watch", FILE_, .set = watch),
	CALL("fanotify_mark", FILE_, .set = mark),

	CALL("chdir", DIR_), MAY("chroot", DIR_),

	CALL("mkdir", NEW), CALL("mkdirat", NEW), CALL("mknod", NEW, .set = fifo),
	CALL("mknodat", NEW, .set = fifo), CALL("rmdir", EMPTY), CALL("unlink", FILE_),
	CALL("unlinkat", FILE_), CALL("rename", FILE_, .second = NEW),
	CALL("renameat", FILE_, .second = NEW), CALL("renameat2", FILE_, .second = NEW),
	CALL("link", FILE_, .second = NEW), CALL("linkat", FILE_, .second = NEW),
	CALL("symlink", NEW), CALL("symlinkat", NEW),

	CALL("truncate", FILE_, .set = cut), CALL("truncate64", FILE_, .set = cut),
	CALL("chmod", FILE_), CALL("fchmodat", FILE_), CALL("fchmodat2", FILE_),
	CALL("chown", FILE_, .set = owner), CALL("lchown", FILE_, .set = owner),
	CALL("chown32", FILE_, .set = owner), CALL("lchown32", FILE_, .set = owner),
	CALL("fchownat", FILE_, .set = owner), CALL("utime", FILE_, .set = long_times),
	CALL("utimes", FILE_, .set = long_times), CALL("futimesat", FILE_, .set = long_times),
	CALL("utimensat", FILE_, .set = long_times),
	CALL("utimensat_time64", FILE_, .set = wide_times),
	CALL("setxattr", FILE_, .set = setxattr_), CALL("lsetxattr", FILE_, .set = setxattr_),
	CALL("setxattrat", FILE_, .set = xattrat), CALL("removexattr", FILE_),
	CALL("lremovexattr", FILE_), CALL("removexattrat", FILE_),
	CALL("file_setattr", FILE_, .set = attributes), MAY("acct", DIR_), MAY("swapon", FILE_),
	MAY("swapoff", FILE_), MAY("quotactl", FILE_, .second = FILE_, .set = quota),
	MAY("bpf=6", NEW, .set = pinned), MAY("bpf=7", FILE_, .set = pinned),

	MAY("mount", DIR_, .second = DIR_, .set = bind_mount), MAY("umount", DIR_),
	MAY("umount2", DIR_), MAY("pivot_root", DIR_, .second = DIR_), MAY("open_tree", FILE_),
	MAY("open_tree_attr", FILE_, .set = mount_attr), MAY("move_mount", DIR_, .second = DIR_),
	MAY("fsconfig=3", FILE_, .set = journal), MAY("fsconfig=4", FILE_, .set = journal),
	MAY("fspick", DIR_), MAY("mount_setattr", DIR_, .set = mount_attr),

	CALL("bind", NEW, .set = datagram), CALL("connect", STREAM, .set = stream),
	CALL("sendto", DGRAM, .set = datagram), CALL("sendmsg", DGRAM, .set = message),
	CALL("sendmmsg", DGRAM, .set = message),
};

#undef CALL
#undef MAY

#endif
