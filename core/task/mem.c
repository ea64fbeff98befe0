// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tracee memory. process_vm_readv costs one call; where it is refused (some
 * containers' seccomp profiles, kernels without CONFIG_CROSS_MEMORY_ATTACH)
 * /proc/PID/mem does the same with three. The refusal is found once and remembered.
 * Where both are refused there is what the engine has, word by word.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/task/task.h"

static bool vm_refused;
static task_peeker *peeker;

void task_set_peeker(task_peeker *peek)
{
	peeker = peek;
}

static task_waker *waker;

void task_set_waker(task_waker *wake)
{
	waker = wake;
}

int task_wake(pid_t tid)
{
	return waker ? waker(tid) : -ENOSYS;
}

/* ENOSYS and EPERM are also what a container's profile answers; ours is asked later if it can. */
static bool means_refused(int err)
{
	return err == ENOSYS || err == EPERM;
}

int task_mem_open(const struct task *t)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/mem", (int)t->tid);
	/* Not open(2): musl's asks for close-on-exec twice. */
	fd = openat(AT_FDCWD, name, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t through_proc(pid_t tid, uint64_t addr, void *to, const void *from, size_t len)
{
	_cleanup_close_ int fd = -1;
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/mem", (int)tid);
	fd = openat(AT_FDCWD, name, (from ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = from ? pwrite(fd, from, len, (off_t)addr) : pread(fd, to, len, (off_t)addr);
	if (n < 0)
		return errno == EIO ? -EFAULT : -errno;
	return n ? n : -ESRCH;	/* no memory any more: it is exiting */
}

static ssize_t copy(const struct task *t, uint64_t addr, void *to, const void *from, size_t len)
{
	struct iovec here = { .iov_base = to ? to : (void *)(uintptr_t)from, .iov_len = len };
	struct iovec there = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };
	ssize_t n;

	if (!len)
		return 0;
	/* A 32-bit care cannot name the upper memory of a 64-bit task this way. */
	if ((uint64_t)(uintptr_t)addr != addr)
		return through_proc(t->tid, addr, to, from, len);
	if (!vm_refused) {
		n = syscall(to ? SYS_process_vm_readv : SYS_process_vm_writev, (long)t->tid, &here,
			    1L, &there, 1L, 0L);
		if (n >= 0)
			return n;
		if (!means_refused(errno))
			return -errno;
	}
	n = through_proc(t->tid, addr, to, from, len);
	if (n >= 0)
		vm_refused = true;	/* the task can be read, so it was the call itself */
	return n < 0 && n != -EFAULT && peeker ? peeker(t->tid, addr, to, from, len) : n;
}

ssize_t task_read(const struct task *t, uint64_t addr, void *to, size_t len)
{
	return copy(t, addr, to, NULL, len);
}

ssize_t task_write(const struct task *t, uint64_t addr, const void *from, size_t len)
{
	ssize_t n = copy(t, addr, NULL, from, len);

	/* Since Linux 6.5 process_vm_writev does not grow a stack any more; procfs does. */
	return n == -EFAULT ? through_proc(t->tid, addr, NULL, from, len) : n;
}
