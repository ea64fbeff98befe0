// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a child under ptrace with a filter that stops at getppid(2), and looks at
 * which stops come. Versions are never compared: containers refuse what a kernel
 * has, distributions add what it had not.
 */
#include "core/engine/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/engine/launch.h"
#include "core/engine/sys.h"

struct stops {
	int seccomp;		/* PTRACE_EVENT_SECCOMP */
	int syscalls;		/* entries and exits after it */
	int info;		/* what PTRACE_GET_SYSCALL_INFO said */
};

static int install(int report)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = ARRAY_SIZE(code), .filter = code };
	int told[2];

	told[0] = launch_filter(&filter);
	told[1] = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
	return write(report, told, sizeof(told)) == sizeof(told) ? 0 : -1;
}

_Noreturn static void child(int go, int report)
{
	char c;

	/* Not one more call than these after the filter: the parent counts the stops. */
	if (read(go, &c, 1) == 1 && install(report) == 0)
		syscall(SYS_getppid);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

static void on_stop(pid_t pid, int status, struct stops *seen)
{
	int request = PTRACE_CONT;

	if (status >> 16 == PTRACE_EVENT_STOP) {
		seen->info = sys_has_info(pid);	/* any stop will do to ask */
	} else if (status >> 16 == PTRACE_EVENT_SECCOMP) {
		seen->seccomp++;
		request = PTRACE_SYSCALL;
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		seen->syscalls++;
		request = PTRACE_SYSCALL;
	}
	sys_ptrace(request, pid, 0, 0);
}

static void run(pid_t pid, struct stops *seen)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (!WIFSTOPPED(status))
			return;
		on_stop(pid, status, seen);
	}
}

/* The usual reasons of a refusal, in words. */
static void say_why_seize(struct engine_probe *p)
{
	_cleanup_buf_ struct buf scope = BUF_INIT;

	if (io_read_file(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", 16, &scope, NULL) == 0 &&
	    scope.len && scope.data[0] >= '2')
		snprintf(p->why_seize, sizeof(p->why_seize),
			 "kernel.yama.ptrace_scope is %c: only privileged programs may trace",
			 scope.data[0]);
	else if (p->seize == -EIO || p->seize == -EINVAL)
		snprintf(p->why_seize, sizeof(p->why_seize),
			 "this kernel has no PTRACE_SEIZE (Linux 3.4)");
	else
		snprintf(p->why_seize, sizeof(p->why_seize),
			 "PTRACE_SEIZE: %s (a container or a sandbox may refuse ptrace)",
			 strerror(-p->seize));
}

static void say_why_filter(struct engine_probe *p)
{
	const char *more = "";

	if (p->filter == -EINVAL || p->filter == -ENOSYS)
		more = " (this kernel has no seccomp filters, or a sandbox hides them)";
	else if (p->filter == -EPERM || p->filter == -EACCES)
		more = " (a container or a sandbox refuses seccomp filters)";
	snprintf(p->why_filter, sizeof(p->why_filter), "seccomp filter: %s%s",
		 strerror(-p->filter), more);
}

static void judge(struct engine_probe *p, const struct stops *seen, const int told[2])
{
	p->filter = told[0];
	p->privileged = told[1];
	p->entry_after = seen->syscalls > 2;
	p->syscall_info = seen->info;
	if (p->filter < 0) {
		say_why_filter(p);
	} else if (!seen->seccomp) {
		p->filter = -EIO;
		snprintf(p->why_filter, sizeof(p->why_filter),
			 "seccomp filter: accepted, but it does not stop at calls");
	}
}

static bool can_read_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].effective & (1u << CAP_SYS_PTRACE));
}

int engine_probe(struct engine_probe *ret, struct err *e)
{
	int go[2] = { -1, -1 }, report[2] = { -1, -1 };
	struct stops seen = { .info = -EIO };
	int told[2] = { -EIO, 0 };
	pid_t pid = -1;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
		r = err_set(e, -errno, "make a pipe");
		goto out;
	}
	pid = fork();
	if (!pid)
		child(go[0], report[1]);
	if (pid < 0) {
		r = err_set(e, -errno, "start a process");
		goto out;
	}
	ret->seize = sys_seize(pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP);
	if (ret->seize == 0)
		sys_ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	if (ret->seize < 0)
		say_why_seize(ret);
	/* Without a tracer the child still tells whether it may have a filter. */
	if (write(go[1], "g", 1) == 1)
		run(pid, &seen);
	cleanup_closep(&report[1]);
	report[1] = -1;
	if (io_read_full(report[0], told, sizeof(told)) != sizeof(told))
		told[0] = -EIO;
	if (ret->seize < 0) {
		seen.seccomp = 1;
		seen.info = ret->seize;
	}
	judge(ret, &seen, told);
	ret->reads_all = can_read_all();
out:
	for (int i = 0; i < 2; i++) {
		cleanup_closep(&go[i]);
		cleanup_closep(&report[i]);
	}
	return r;
}
