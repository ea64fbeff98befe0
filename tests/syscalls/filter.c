// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/engine/filter: its verdict on every number of every ABI, by an interpreter of its
 * instructions; then by the kernel.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "core/engine/filter.h"
#include "tests/unit/check.h"

/* What the kernel's verifier allows of classic BPF, as far as the generator goes. */
static uint32_t verdict(const struct sock_fprog *p, const struct seccomp_data *data, bool *looked)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < p->len; pc++) {
		const struct sock_filter *f = &p->filter[pc];
		bool jump;

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 || f->k > sizeof(*data) - 4)
				return 0;
			*looked |= f->k >= offsetof(struct seccomp_data, instruction_pointer);
			memcpy(&a, (const char *)data + f->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			jump = a >= f->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			jump = a & f->k;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			return 0;
		}
		pc += jump ? f->jt : f->jf;
	}
	return 0;
}

static uint32_t ask(const struct sock_fprog *p, uint32_t arch, uint32_t nr, int arg, uint64_t value,
		    bool *looked)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch };
	bool ignored = false;

	data.args[arg] = value;
	return verdict(p, &data, looked ? looked : &ignored);
}

#define STOP (SECCOMP_RET_TRACE | FILTER_DATA)

static void check_number(const struct sock_fprog *p, unsigned classes, const struct abi *abi,
			 uint32_t nr)
{
	const struct syscall_row *row = abi_row(abi, nr);
	bool looked = false, stop = !row || classes & SYSCALL_BIT(row->class);
	size_t n = 0;
	const struct syscall_sub *sub = row ? syscall_subs(syscall_id(row), &n) : NULL;
	uint32_t want = stop ? STOP : SECCOMP_RET_ALLOW;
	/* A value that is nobody's. */
	uint32_t got = ask(p, abi->audit_arch, nr | abi->nr_flag, n ? sub->arg : 0, 0x7777, &looked);

	if (got != want) {
		printf("not ok: %s %u (%s): %x instead of %x\n", abi->name, nr,
		       row ? row->name : "unknown", got, want);
		check_failed++;
	}
	if (row && stop && filter_fstat_flags(syscall_id(row))) {
		got = ask(p, abi->audit_arch, nr | abi->nr_flag, 3, filter_fstat_flags(syscall_id(row)), NULL);
		CHECK(got == (classes & SYSCALL_BIT(SYSCALL_FDMETA) ? STOP : SECCOMP_RET_ALLOW));
		if (got != STOP)
			return;
	}
	/* The kernel's bitmap: what has no sub-calls must depend on the number alone. */
	CHECK(n || !looked);
	for (size_t i = 0; i < n; i++) {
		bool sub_stop = classes & SYSCALL_BIT(syscall_sub_row(&sub[i])->class);

		got = ask(p, abi->audit_arch, nr | abi->nr_flag, sub[i].arg, sub[i].value, NULL);
		CHECK(got == (sub_stop ? STOP : SECCOMP_RET_ALLOW));
	}
}

static void every_number_of_every_abi_is_judged_as_its_row_says(void)
{
	static const unsigned sets[] = {
		0, SYSCALL_FILES, ~0u, SYSCALL_BIT(SYSCALL_EXEC), SYSCALL_BIT(SYSCALL_CHANGE),
		SYSCALL_FILES | SYSCALL_BIT(SYSCALL_DUMP) | SYSCALL_BIT(SYSCALL_REFUSE) |
			SYSCALL_BIT(SYSCALL_SECCOMP) | SYSCALL_BIT(SYSCALL_KILL),
	};

	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		struct sock_fprog p;

		CHECK(filter_build(sets[s], NULL, &p) == 0);
		CHECK(p.len <= 4096);
		for (int i = 0; abi_all[i]; i++) {
			const struct abi_span *span = abi_all[i]->spans;

			for (; span->n; span++)
				for (uint32_t nr = span->first > 50 ? span->first - 50 : 0;
				     nr < span->first + span->n + 50; nr++)
					check_number(&p, sets[s], abi_all[i], nr);
			check_number(&p, sets[s], abi_all[i], 0x3fffffff);
		}
		free(p.filter);
	}
}

static void what_nobody_knows_is_stopped(void)
{
	struct sock_fprog p;

	CHECK(filter_build(0, NULL, &p) == 0);
	CHECK(ask(&p, 0x80000015, 1, 0, 0, NULL) == STOP);		/* ppc64 */
	CHECK(ask(&p, 0, 1, 0, 0, NULL) == STOP);
	CHECK(ask(&p, abi_x86_64.audit_arch, 0xffffffff, 0, 0, NULL) == STOP);
	CHECK(ask(&p, abi_arm.audit_arch, 0x0f0000, 0, 0, NULL) == STOP);
	CHECK(ask(&p, abi_arm.audit_arch, 0x0f0002, 0, 0, NULL) == SECCOMP_RET_ALLOW);
	free(p.filter);
}

/* By number, so that a wrong table is seen too. */
static void calls_known_by_heart(void)
{
	static const struct { uint32_t arch, nr; bool stop; } known[] = {
		{ AUDIT_ARCH_X86_64, 0, false },	/* read */
		{ AUDIT_ARCH_X86_64, 257, true },	/* openat */
		{ AUDIT_ARCH_X86_64, 437, true },	/* openat2 */
		{ AUDIT_ARCH_X86_64, 59, true },	/* execve */
		{ AUDIT_ARCH_X86_64, 335, false },	/* uretprobe: a stop would break it */
		{ AUDIT_ARCH_X86_64, 0x40000000 + 520, true },	/* x32's execve */
		{ AUDIT_ARCH_X86_64, 0x40000000, false },
		{ AUDIT_ARCH_I386, 5, true },		/* open */
		{ AUDIT_ARCH_I386, 3, false },		/* read */
		{ AUDIT_ARCH_ARM, 322, true },		/* openat */
		{ AUDIT_ARCH_ARM, 0x0f0005, false },	/* set_tls */
		{ AUDIT_ARCH_AARCH64, 56, true },	/* openat */
		{ AUDIT_ARCH_AARCH64, 63, false },	/* read */
	};
	struct sock_fprog p;

	CHECK(filter_build(SYSCALL_FILES, NULL, &p) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		CHECK(ask(&p, known[i].arch, known[i].nr, 0, 0, NULL) ==
		      (known[i].stop ? STOP : SECCOMP_RET_ALLOW));
	free(p.filter);
}

static void arguments_decide_where_one_must(void)
{
	const unsigned classes = SYSCALL_FILES | SYSCALL_BIT(SYSCALL_DUMP) | SYSCALL_BIT(SYSCALL_KILL);
	struct sock_fprog p;

	CHECK(filter_build(classes, NULL, &p) == 0);
	/* prctl takes an int: PR_SET_DUMPABLE, and with dirt above it. */
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 157, 0, 4, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 157, 0, 0xdead00000004, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 157, 0, 15, NULL) == SECCOMP_RET_ALLOW);
	/* sendto's address is a pointer: both halves count. */
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 44, 4, 0, NULL) == SECCOMP_RET_ALLOW);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 44, 4, 0x100000000, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 44, 4, 1, NULL) == STOP);
	/* kill(-1), sign-extended or not. */
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 62, 0, 0xffffffff, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 62, 0, UINT64_MAX, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 62, 0, 1, NULL) == SECCOMP_RET_ALLOW);
	/* i386: socketcall's bind, recv. */
	CHECK(ask(&p, AUDIT_ARCH_I386, 102, 0, 2, NULL) == STOP);
	CHECK(ask(&p, AUDIT_ARCH_I386, 102, 0, 10, NULL) == SECCOMP_RET_ALLOW);
	/* utimensat without a path. */
	CHECK(ask(&p, AUDIT_ARCH_ARM, 348, 1, 0, NULL) == SECCOMP_RET_ALLOW);
	CHECK(ask(&p, AUDIT_ARCH_ARM, 348, 1, 0x1000, NULL) == STOP);
	free(p.filter);
}

/* Tasks that are made without saying more than that cost no stop. */
static void of_calls_that_make_tasks_only_those_with_flags_stop(void)
{
	static const uint64_t flags[] = { CLONE_UNTRACED, CLONE_NEWNS, CLONE_NEWUSER | CLONE_VM, CLONE_NEWPID,
					  CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET };
	const unsigned sets[] = { FILTER_TASK_FLAGS, FILTER_TASK_FLAGS | SYSCALL_BIT(SYSCALL_TASK) };
	struct sock_fprog p;

	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		uint32_t others = s ? STOP : SECCOMP_RET_ALLOW;

		CHECK(filter_build(sets[s], NULL, &p) == 0);
		CHECK(ask(&p, AUDIT_ARCH_X86_64, 57, 0, CLONE_NEWNS, NULL) == others);	/* fork */
		CHECK(ask(&p, AUDIT_ARCH_X86_64, 58, 0, 0, NULL) == others);		/* vfork */
		CHECK(ask(&p, AUDIT_ARCH_I386, 190, 0, 0, NULL) == others);
		CHECK(ask(&p, AUDIT_ARCH_X86_64, 56, 0, CLONE_VM | CLONE_VFORK | 17, NULL) == others);
		CHECK(ask(&p, AUDIT_ARCH_X86_64, 435, 0, 0, NULL) == STOP);		/* clone3 */
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			uint64_t args[6] = { flags[i] | 17 };

			CHECK(ask(&p, AUDIT_ARCH_X86_64, 56, 0, flags[i] | 17, NULL) == STOP);
			CHECK(ask(&p, AUDIT_ARCH_I386, 120, 0, flags[i] | 17, NULL) == STOP);
			CHECK(ask(&p, AUDIT_ARCH_AARCH64, 220, 0, flags[i] | 17, NULL) == STOP);
			CHECK(filter_adds_task(sets[s], syscall_row(SYSCALL_clone), args) == !s);
			args[0] = 17;
			CHECK(!filter_adds_task(sets[s], syscall_row(SYSCALL_clone), args));
		}
		free(p.filter);
	}
}

static void only_who_knows_the_words_passes(void)
{
	const struct filter_pass pass = { { 0x1111222233334444, 0x5555666677778888 } };
	static const struct { uint32_t arch, nr; bool narrow; } calls[] = {
		{ AUDIT_ARCH_X86_64, 257, false }, { AUDIT_ARCH_AARCH64, 56, false },
		{ AUDIT_ARCH_I386, 295, true }, { AUDIT_ARCH_ARM, 322, true },
	};
	struct sock_fprog p;
	bool looked = false;

	CHECK(filter_build(SYSCALL_FILES, &pass, &p) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct seccomp_data data = { .nr = (int)calls[i].nr, .arch = calls[i].arch };
		uint64_t mask = calls[i].narrow ? UINT32_MAX : UINT64_MAX;

		CHECK(verdict(&p, &data, &looked) == STOP);
		for (int word = 0; word < 2; word++)
			data.args[4 + word] = pass.words[word] & mask;
		CHECK(verdict(&p, &data, &looked) == SECCOMP_RET_ALLOW);
		for (int bit = 0; bit < (calls[i].narrow ? 32 : 64); bit++)
			for (int word = 0; word < 2; word++) {
				data.args[4 + word] ^= 1ull << bit;
				CHECK(verdict(&p, &data, &looked) == STOP);
				data.args[4 + word] ^= 1ull << bit;
			}
	}
	free(p.filter);
	/* Who does not stop at it needs none. */
	CHECK(filter_build(SYSCALL_BIT(SYSCALL_EXEC), &pass, &p) == 0);
	CHECK(ask(&p, AUDIT_ARCH_X86_64, 257, 0, 0, NULL) == SECCOMP_RET_ALLOW);
	free(p.filter);
}

/* Stops of a child that looks one name up and asks for its own number twice. */
static void the_kernel_takes_it_and_stops_there(void)
{
	struct sock_fprog p;
	int status, stops = 0;
	pid_t child;

	CHECK(filter_build(SYSCALL_BIT(SYSCALL_LOOK), NULL, &p) == 0);
	child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(2);
		raise(SIGSTOP);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
			_exit(3);
		syscall(SYS_getppid);
		if (access("/", F_OK) != 0)
			_exit(4);
		syscall(SYS_getppid);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_CONT, child, 0, 0) == 0 && waitpid(child, &status, 0) == child &&
	       WIFSTOPPED(status)) {
		unsigned long data = 0;

		CHECK(status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8));
		ptrace(PTRACE_GETEVENTMSG, child, 0, &data);
		CHECK(data == FILTER_DATA);
		stops++;
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(stops == 1);
	free(p.filter);
}

int main(void)
{
	struct sock_fprog p;

	if (filter_build(SYSCALL_FILES, NULL, &p) == 0) {
		printf("# %u instructions for files\n", p.len);
		free(p.filter);
	}
	return check_tests(
		every_number_of_every_abi_is_judged_as_its_row_says,
		what_nobody_knows_is_stopped,
		calls_known_by_heart,
		arguments_decide_where_one_must,
		of_calls_that_make_tasks_only_those_with_flags_stop,
		only_who_knows_the_words_passes,
		the_kernel_takes_it_and_stops_there);
}
