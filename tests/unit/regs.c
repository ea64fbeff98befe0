// SPDX-License-Identifier: GPL-2.0-or-later
/* arch/regs: a child's calls are read, changed, cancelled and made again. */
#include "arch/regs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static pid_t child;

/* Runs @body in a child that stops at each call, from its first raise() on. */
static void start(int (*body)(void))
{
	int status;

	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(body());
	}
	waitpid(child, &status, 0);
	CHECK(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
}

/* To the next stop; its registers. False when the child has ended. */
static bool next(struct regs *r, int *ret_status)
{
	int status;

	ptrace(PTRACE_SYSCALL, child, 0, 0);
	waitpid(child, &status, 0);
	*ret_status = status;
	if (!WIFSTOPPED(status))
		return false;
	CHECK(regs_read(child, r) == 0);
	return true;
}

/* To the entry of the call @nr; skips others. */
static bool until(uint64_t nr, struct regs *r)
{
	int status;

	while (next(r, &status)) {
		if (regs_nr(r) == nr)
			return true;
		if (!next(r, &status))
			break;
	}
	CHECK(!"the call came");
	return false;
}

static int rest(void)
{
	int status = 0;
	struct regs r;

	while (next(&r, &status))
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int asks_six(void)
{
	return syscall(SYS_mremap, 0x11000, 0x22000, 0x33001, 0xffffffffu, 0x55000, 0) == -1 &&
	       errno == EINVAL ? 0 : 1;
}

static void arguments_and_results_are_read(void)
{
	uint64_t nr, args[6];
	struct regs r;
	int status;

	start(asks_six);
	if (!until(SYS_mremap, &r))
		return;
	CHECK(regs_call(&r, &nr, args) == abi_native());
	CHECK(nr == SYS_mremap && args[0] == 0x11000 && args[1] == 0x22000);
	CHECK(args[2] == 0x33001 && args[3] == 0xffffffffu && args[4] == 0x55000);
	CHECK(regs_ip(&r) && regs_sp(&r));
	next(&r, &status);
	CHECK(regs_result(&r) == -EINVAL);
	CHECK(rest() == 0);
}

static int opens_wrong_name(void)
{
	char name[] = "/nonexistent", saved[sizeof(name)];
	int fd;

	memcpy(saved, name, sizeof(name));
	fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
	return fd >= 0 && !memcmp(saved, name, sizeof(name)) ? 0 : 1;
}

static void an_argument_is_replaced_and_put_back(void)
{
	static const char other[] = "/";	/* at the same address in the child: it is our fork */
	struct regs r;
	uint64_t was;
	int status;

	start(opens_wrong_name);
	if (!until(SYS_openat, &r))
		return;
	was = regs_arg(&r, 1);
	regs_set_arg(&r, 1, (uintptr_t)other);
	CHECK(regs_write(child, &r) == 0);
	next(&r, &status);
	CHECK(regs_arg(&r, 1) == (uintptr_t)other);
	regs_set_arg(&r, 1, was);
	CHECK(regs_write(child, &r) == 0);
	CHECK(rest() == 0);
}

static int kills_itself(void)
{
	return syscall(SYS_kill, getpid(), SIGKILL) == -1 && errno == EXDEV ? 0 : 1;
}

static void a_call_is_cancelled_and_answered(void)
{
	struct regs r;
	int status;

	start(kills_itself);
	if (!until(SYS_kill, &r))
		return;
	regs_skip(&r);
	CHECK(regs_nr(&r) == REGS_NO_CALL);
	CHECK(regs_write(child, &r) == 0);
	next(&r, &status);
	regs_set_result(&r, -EXDEV);
	CHECK(regs_write(child, &r) == 0);
	CHECK(rest() == 0);
}

static int asks_parent(void)
{
	return syscall(SYS_getppid) == getppid() ? 0 : 1;
}

/* How an engine has a tracee map memory: another call in its place, then its own. */
static void a_call_is_made_in_the_place_of_another_and_that_one_after_it(void)
{
	struct regs r, before;
	int status;

	start(asks_parent);
	if (!until(SYS_getppid, &r))
		return;
	before = r;
	regs_set_nr(&r, SYS_getpid);
	CHECK(regs_write(child, &r) == 0);
	next(&r, &status);
	CHECK(regs_result(&r) == child);
	r = before;
	regs_rewind(&r, SYS_getppid);
	CHECK(regs_write(child, &r) == 0);
	CHECK(next(&r, &status) && regs_nr(&r) == SYS_getppid);
	CHECK(next(&r, &status) && regs_result(&r) == getpid());
	CHECK(rest() == 0);
}

static void a_task_that_is_gone_is_an_error(void)
{
	struct regs r;

	CHECK(regs_read(child, &r) == -ESRCH);
}

int main(void)
{
	return check_tests(
		arguments_and_results_are_read,
		an_argument_is_replaced_and_put_back,
		a_call_is_cancelled_and_answered,
		a_call_is_made_in_the_place_of_another_and_that_one_after_it,
		a_task_that_is_gone_is_an_error);
}
