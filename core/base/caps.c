// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each is tried on something harmless that must succeed, so that any error means a
 * refusal: ENOSYS from an old kernel, EPERM from a container's filter.
 */
#include "core/base/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"

/* The newer numbers are the same on every architecture. */
#define NR_CLONE3 435
#define NR_OPENAT2 437

static int process_vm_readv_works(void)
{
	char from = 'x', to = 0;
	struct iovec theirs = { .iov_base = &from, .iov_len = 1 };
	struct iovec ours = { .iov_base = &to, .iov_len = 1 };
	long n = syscall(SYS_process_vm_readv, (long)getpid(), &ours, 1L, &theirs, 1L, 0L);

	return n < 0 ? -errno : n == 1 && to == 'x' ? 0 : -EIO;
}

static int statx_works(void)
{
	struct {		/* struct statx, of which the first word is looked at */
		uint32_t mask;
		uint32_t rest[63];
	} got = { 0 };
	const unsigned btime = 0x800;

	if (syscall(SYS_statx, (long)AT_FDCWD, "/", 0L, (long)btime, &got) < 0)
		return -errno;
	return got.mask & btime ? 0 : -ENODATA;
}

static int openat2_works(void)
{
	uint64_t how[3] = { O_PATH | O_CLOEXEC, 0, 0 };	/* struct open_how: flags, mode, resolve */
	long fd = syscall((long)NR_OPENAT2, (long)AT_FDCWD, "/", how, sizeof(how));

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static int clone3_works(void)
{
	uint64_t args[8] = { 0 };	/* struct clone_args as of 5.3 */
	long pid;

	args[4] = SIGCHLD;
	pid = syscall((long)NR_CLONE3, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int memfd_works(void)
{
	long fd = syscall(SYS_memfd_create, "care", 1L /* MFD_CLOEXEC */);

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static const struct {
	const char *name, *use, *instead;
	int (*works)(void);
} calls[] = {
	{ "process_vm_readv", "reading a program's memory in one call (3.2)",
	  "/proc/PID/mem is read instead, which is slower", process_vm_readv_works },
	{ "statx with birth times", "telling what was made while recording (4.11)",
	  "files that other programs make meanwhile may count as made by the command",
	  statx_works },
	{ "openat2", "only for commands that use it (5.6)", "they fall back by themselves",
	  openat2_works },
	{ "clone3", "only for commands that use it (5.3)", "they fall back by themselves",
	  clone3_works },
	{ "memfd_create", "programs that run from memory (3.17)", "they cannot run here either",
	  memfd_works },
};

int caps_ask(size_t i, struct caps_answer *ret)
{
	if (i >= ARRAY_SIZE(calls))
		return -ENOENT;
	memset(ret, 0, sizeof(*ret));
	ret->name = calls[i].name;
	ret->use = calls[i].use;
	ret->error = calls[i].works();
	if (ret->error)
		snprintf(ret->why, sizeof(ret->why), "%s: %s", strerror(-ret->error),
			 calls[i].instead);
	return 0;
}
