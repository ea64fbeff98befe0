// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uses files through one chosen system call and no other, so that a recorder that
 * does not know the call misses the file.
 *
 *   usecall NAME PATH [PATH]     prints what the call told, exit 0; 77: not on this kernel
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif

struct xattr_args_ { uint64_t value; uint32_t size, flags; };

static int fail(const char *what)
{
	if (errno == ENOSYS)
		exit(77);
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

static int show(int fd)
{
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
	return n < 0 ? fail("read") : 0;
}

static int with_openat2(const char *path)
{
	struct open_how how = { .flags = O_RDONLY };
	int fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? fail("openat2") : show(fd);
}

static int with_statx(const char *path)
{
	char sx[256] = { 0 };	/* struct statx, which not every libc declares */
	uint16_t mode;
	uint64_t size;

	if (syscall(SYS_statx, AT_FDCWD, path, 0, 0x7ff, sx) < 0)
		return fail("statx");
	memcpy(&mode, sx + 28, sizeof(mode));
	memcpy(&size, sx + 40, sizeof(size));
	printf("mode %o size %llu\n", mode, (unsigned long long)size);
	return 0;
}

static int with_faccessat2(const char *path)
{
	if (syscall(439, AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
		return fail("faccessat2");
	puts("readable");
	return 0;
}

static int with_fchmodat2(const char *path)
{
	struct stat st;

	if (syscall(SYS_fchmodat2, AT_FDCWD, path, 0751, 0) < 0)
		return fail("fchmodat2");
	stat(path, &st);
	printf("%o\n", st.st_mode & 0777);
	return 0;
}

static int with_renameat2(const char *from, const char *to, unsigned flags)
{
	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) < 0)
		return fail("renameat2");
	return show(open(to, O_RDONLY));
}

static int with_execveat(const char *path, int flags)
{
	char *argv[] = { (char *)path, "an argument", NULL }, *envp[] = { "PATH=/usr/bin:/bin", NULL };
	int fd = flags ? open(path, O_PATH) : AT_FDCWD;

	syscall(SYS_execveat, fd, flags ? "" : path, argv, envp, flags);
	return fail("execveat");
}

/* A copy in memory is executed: its interpreter must still be found. */
static int with_memfd(const char *path)
{
	char *argv[] = { (char *)path, "from memory", NULL }, *envp[] = { "PATH=/usr/bin:/bin", NULL };
	int in = open(path, O_RDONLY), fd = syscall(SYS_memfd_create, "copy", 1);
	char text[65536];
	ssize_t n;

	if (in < 0 || fd < 0)
		return fail("memfd_create");
	while ((n = read(in, text, sizeof(text))) > 0)
		if (write(fd, text, n) != n)
			return fail("write");
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return fail("execveat");
}

static int with_name_to_handle(const char *path)
{
	struct { unsigned bytes; int type; char handle[128]; } h = { .bytes = 128 };
	int mount;

	if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &h, &mount, 0) < 0 && errno != EOPNOTSUPP)
		return fail("name_to_handle_at");
	puts("has a handle");
	return 0;
}

static int with_open_tree(const char *path)
{
	struct stat st;
	int fd = syscall(428, AT_FDCWD, path, 0);

	if (fd < 0)
		return fail("open_tree");
	fstat(fd, &st);
	printf("%o\n", st.st_mode & 0777);
	return 0;
}

static int with_inotify(const char *path)
{
	int fd = inotify_init1(0);

	if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return fail("inotify_add_watch");
	puts("watched");
	return 0;
}

static int with_xattrat(const char *path)
{
	char text[64] = "";
	struct xattr_args_ a = { (uintptr_t)text, sizeof(text), 0 };
	long n = syscall(SYS_getxattrat, AT_FDCWD, path, 0, "user.note", &a, sizeof(a));

	if (n < 0)
		return fail("getxattrat");
	printf("%.*s\n", (int)n, text);
	return 0;
}

static int with_fanotify(const char *path)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, path) < 0)
		return fail("fanotify");
	puts("marked");
	return 0;
}

static int with_listxattrat(const char *path)
{
	char text[256];
	long n = syscall(SYS_listxattrat, AT_FDCWD, path, 0, text, sizeof(text));

	if (n < 0)
		return fail("listxattrat");
	for (long i = 0; i < n; i += (long)strlen(text + i) + 1)
		if (!strncmp(text + i, "user.", 5))
			puts(text + i);
	return 0;
}

static int with_setxattrat(const char *path)
{
	struct xattr_args_ a = { (uintptr_t)"new", 3, 0 };

	if (syscall(SYS_setxattrat, AT_FDCWD, path, 0, "user.note", &a, sizeof(a)) < 0)
		return fail("setxattrat");
	puts("set");
	return 0;
}

static int with_removexattrat(const char *path)
{
	if (syscall(SYS_removexattrat, AT_FDCWD, path, 0, "user.note") < 0)
		return fail("removexattrat");
	puts("removed");
	return 0;
}

/* As a program does that prefers it and can live without; whether it got it is told on stderr. */
static int with_io_uring(const char *path)
{
	char params[256] = { 0 };
	int fd = syscall(425, 4, params);

	fprintf(stderr, "io_uring: %s\n", fd >= 0 ? "given" : strerror(errno));
	return show(open(path, O_RDONLY));
}

/* A call of a kernel that is newer than any: our own filter makes it succeed. */
static int with_unknown(const char *path)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 999, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static struct sock_fprog program = { 4, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return fail("seccomp");
	for (int i = 0; i < 3; i++)
		if (syscall(999, path) != 0)
			return fail("call 999");
	puts("used");
	return 0;
}

/* Written through a shared mapping only. */
static int with_mmap(const char *path)
{
	int fd = open(path, O_RDWR);
	struct stat st;
	char *at;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail("open");
	at = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return fail("mmap");
	fwrite(at, 1, st.st_size, stdout);
	memset(at, 'x', st.st_size - 1);
	munmap(at, st.st_size);
	return show(fd);
}

int main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";

	if (!strcmp(name, "openat2"))
		return with_openat2(path);
	if (!strcmp(name, "statx"))
		return with_statx(path);
	if (!strcmp(name, "faccessat2"))
		return with_faccessat2(path);
	if (!strcmp(name, "fchmodat2"))
		return with_fchmodat2(path);
	if (!strcmp(name, "renameat2") && argc > 3)
		return with_renameat2(path, argv[3], 0);
	if (!strcmp(name, "exchange") && argc > 3)
		return with_renameat2(path, argv[3], 2);
	if (!strcmp(name, "execveat"))
		return with_execveat(path, 0);
	if (!strcmp(name, "fexecve"))
		return with_execveat(path, AT_EMPTY_PATH);
	if (!strcmp(name, "memfd"))
		return with_memfd(path);
	if (!strcmp(name, "name_to_handle_at"))
		return with_name_to_handle(path);
	if (!strcmp(name, "open_tree"))
		return with_open_tree(path);
	if (!strcmp(name, "inotify"))
		return with_inotify(path);
	if (!strcmp(name, "getxattrat"))
		return with_xattrat(path);
	if (!strcmp(name, "listxattrat"))
		return with_listxattrat(path);
	if (!strcmp(name, "setxattrat"))
		return with_setxattrat(path);
	if (!strcmp(name, "removexattrat"))
		return with_removexattrat(path);
	if (!strcmp(name, "fanotify"))
		return with_fanotify(path);
	if (!strcmp(name, "io_uring"))
		return with_io_uring(path);
	if (!strcmp(name, "unknown"))
		return with_unknown(path);
	if (!strcmp(name, "mmap"))
		return with_mmap(path);
	fprintf(stderr, "usage: usecall NAME PATH [PATH]\n");
	return 2;
}
