// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guarded CASE: programs that confine themselves, or look at who watches them. As
 * with life.c, what a case prints does not depend on who watches, but for those whose
 * name starts with "traced-": they show what tests/cli/engine.sh says they must.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long value)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %ld\n", what, value);

	if (write(1, line, n) != n)
		_exit(99);
}

/* 0, or errno; by the call's own number, for libcs differ in which one they use. */
static int try_open(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

static int confine(uint32_t nr, uint32_t action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) != 0)
		return errno;
	return 0;
}

static int case_errno(void)
{
	say("before", try_open("/"));
	say("filter", confine(SYS_openat, SECCOMP_RET_ERRNO | EXDEV, 0));
	say("after", try_open("/"));
	say("other call", access("/", F_OK));
	return 0;
}

/* SECCOMP_RET_TRACE without a tracer of one's own. */
static int case_trace(void)
{
	say("filter", confine(SYS_openat, SECCOMP_RET_TRACE | 77, 0));
	say("watched call", try_open("/"));
	say("filter", confine(SYS_getppid, SECCOMP_RET_TRACE, 0));
	say("unwatched call", syscall(SYS_getppid) < 0 ? errno : 0);
	say("other call", access("/", F_OK));
	return 0;
}

static int case_kill(void)
{
	static const uint32_t actions[] = { SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS };

	for (int i = 0; i < 2; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			confine(SYS_openat, actions[i], 0);
			try_open("/");
			_exit(1);
		}
		waitpid(pid, &status, 0);
		say("ended by", status & 0x7f);
	}
	return 0;
}

static volatile int trapped_data, trapped_nr;

static void on_sigsys(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	trapped_data = info->si_errno;
	trapped_nr = info->si_syscall;
}

static int case_trap(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sigsys;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGSYS, &sa, NULL);
	say("filter", confine(SYS_openat, SECCOMP_RET_TRAP | 123, 0));
	try_open("/");
	say("data", trapped_data);
	say("number", trapped_nr == SYS_openat);
	return 0;
}

static void *thread_opens(void *arg)
{
	volatile int *go = arg;

	while (!*go)
		sched_yield();
	return (void *)(intptr_t)try_open("/");
}

static int case_tsync(void)
{
	static volatile int go;
	pthread_t thread;
	void *got;

	pthread_create(&thread, NULL, thread_opens, (void *)&go);
	say("filter", confine(SYS_openat, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_FILTER_FLAG_TSYNC));
	go = 1;
	pthread_join(thread, &got);
	say("other thread", (long)(intptr_t)got);
	return 0;
}

static int case_modes(void)
{
	say("mode", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	say("bad pointer", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 ? errno : 0);
	say("bad mode", prctl(PR_SET_SECCOMP, 77, 0, 0, 0) < 0 ? errno : 0);
	confine(SYS_openat, SECCOMP_RET_ERRNO | EXDEV, 0);
	say("mode", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	say("strict now", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) < 0 ? errno : 0);
	say("strict by seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) < 0 ? errno : 0);
	return 0;
}

/* Nothing but read, write, exit and sigreturn; anything else is the end. */
static int case_strict(void)
{
	int status;
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		pid = fork();
		if (!pid) {
			if (i % 2 ? syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL)
				  : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
				_exit(50);
			say("still writes", i);
			if (i >= 2)
				syscall(SYS_getpid);
			syscall(SYS_exit, 9);
		}
		waitpid(pid, &status, 0);
		say("status", status);
	}
	return 0;
}

static int case_dumpable(void)
{
	pid_t pid;
	int status;

	say("at first", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	say("bad value", prctl(PR_SET_DUMPABLE, 2, 0, 0, 0) < 0 ? errno : 0);
	say("off", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	say("is", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	pid = fork();
	if (!pid)
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	waitpid(pid, &status, 0);
	say("the child's", status);
	say("open", try_open("/"));
	say("open", try_open("/no-such-name-anywhere"));
	say("on", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	say("is", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return 0;
}

static int case_no_ring(void)
{
	long fd = syscall(425 /* io_uring_setup, everywhere */, 4, NULL);

	say("ring", fd < 0 ? errno : 0);
	return 0;
}

static int case_limits(void)
{
	struct rlimit now;

	getrlimit(RLIMIT_NOFILE, &now);
	say("files", (long)now.rlim_cur);
	getrlimit(RLIMIT_STACK, &now);
	say("stack", (long)now.rlim_cur);
	say("umask", umask(0));
	say("priority", getpriority(0, 0));
	say("no_new_privs is not set by root", getuid() || !prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}

#if defined(__x86_64__) || defined(__i386__)
/* Every register but those that the call itself changes. */
static int case_registers(void)
{
	unsigned long changed = 0;
	static const char path[] = "/no-such-name-anywhere";
	long result;

#ifdef __x86_64__
	register unsigned long r10 __asm__("r10") = 0x1010101010101010, r8 __asm__("r8") = 0x88,
				r9 __asm__("r9") = 0x99, r12 __asm__("r12") = 0x1212,
				r13 __asm__("r13") = 0x1313, r14 __asm__("r14") = 0x1414;
	unsigned long di = (unsigned long)path, si = 0, dx = 0xdddddddd, bx = 0xbbbb;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(di), "+S"(si), "+d"(dx), "+b"(bx), "+r"(r10),
			   "+r"(r8), "+r"(r9), "+r"(r12), "+r"(r13), "+r"(r14)
			 : "0"(SYS_access) : "rcx", "r11", "memory");
	changed = (di != (unsigned long)path) | (si != 0) << 1 | (dx != 0xdddddddd) << 2 |
		  (bx != 0xbbbb) << 3 | (r10 != 0x1010101010101010) << 4 | (r8 != 0x88) << 5 |
		  (r9 != 0x99) << 6 | (r12 != 0x1212) << 7 | (r13 != 0x1313) << 8 | (r14 != 0x1414) << 9;
#else
	unsigned long bx = (unsigned long)path, cx = 0, dx = 0xdddddddd, si = 0x55, di = 0xd1;

	__asm__ volatile("int $0x80"
			 : "=a"(result), "+b"(bx), "+c"(cx), "+d"(dx), "+S"(si), "+D"(di)
			 : "0"(SYS_access) : "memory");
	changed = (bx != (unsigned long)path) | (cx != 0) << 1 | (dx != 0xdddddddd) << 2 |
		  (si != 0x55) << 3 | (di != 0xd1) << 4;
#endif
	say("result", result);
	say("changed", (long)changed);
	return 0;
}
#endif

#ifdef __x86_64__
/* The 32-bit gate from 64-bit code: another ABI, other numbers, in the same task. */
static int case_int80(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "/no-such-name-anywhere");
	__asm__ volatile("int $0x80" : "=a"(result)
			 : "0"(33 /* access */), "b"(low), "c"(0) : "memory", "r8", "r9", "r10", "r11");
	say("access", result);
	memcpy(low, "/", 2);
	__asm__ volatile("int $0x80" : "=a"(result)
			 : "0"(33), "b"(low), "c"(0) : "memory", "r8", "r9", "r10", "r11");
	say("access", result);
	return 0;
}

static int case_x32(void)
{
	say("getpid", syscall(0x40000000 + SYS_getpid) < 0 ? errno : 0);
	say("open", syscall(0x40000000 + SYS_open, "/", O_RDONLY, 0) < 0 ? errno : 0);
	return 0;
}
#endif

static int case_bad_numbers(void)
{
	static const long numbers[] = { -1, 100000, 0x7fffffff, 999, 500 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		say("no call", syscall(numbers[i], 1, 2, 3, 4, 5, 6) < 0 ? errno : 0);
	return 0;
}

static int case_bad_pointers(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = page + 4096 - 5;

	munmap(page + 4096, 4096);
	memcpy(edge, "/tmp", 5);
	say("at a page's end", try_open(edge));
	memset(page, 'x', 4096);
	say("beyond it", try_open(page + 4000));
	say("null", try_open(NULL));
	say("kernel", try_open((char *)-8l));
	memset(page, '/', 4095);
	page[4095] = 0;
	say("long", try_open(page));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "errno", case_errno },
	{ "trace", case_trace },
	{ "kill", case_kill },
	{ "trap", case_trap },
	{ "tsync", case_tsync },
	{ "modes", case_modes },
	{ "strict", case_strict },
	{ "dumpable", case_dumpable },
	{ "limits", case_limits },
	{ "bad-numbers", case_bad_numbers },
	{ "bad-pointers", case_bad_pointers },
#if defined(__x86_64__) || defined(__i386__)
	{ "registers", case_registers },
#endif
#ifdef __x86_64__
	{ "int80", case_int80 },
	{ "x32", case_x32 },
#endif
	{ "traced-no-ring", case_no_ring },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			return cases[i].run();
	for (size_t i = 0; argc == 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		puts(cases[i].name);
	return argc == 1 ? 0 : 2;
}
