// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tracer CASE: a small tracer and what it traces. Each case prints what it sees, without
 * process ids, so that the same lines must come whoever watches the tracer.
 */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif
#ifdef __i386__
#define USER_DEBUG 252
#elif defined(__x86_64__)
#define USER_DEBUG 848
#endif
#define TRACE_ALL (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | \
		   PTRACE_O_TRACEVFORKDONE)

static volatile long shared = 40;
static const char *self;

static void say(const char *what, long value)
{
	printf("%s %ld\n", what, value);
	fflush(stdout);
}

static void said(const char *what, long r)
{
	say(what, r < 0 ? -errno : r);
}

static long request(int what, pid_t pid, unsigned long addr, void *data)
{
	return syscall(SYS_ptrace, (long)what, (long)pid, addr, data);
}

/* The raw request: libc's would hide the words that are read. */
static long word_at(pid_t pid, volatile long *at)
{
	long word = -1;

	request(PTRACE_PEEKDATA, pid, (unsigned long)at, &word);
	return word;
}

static void say_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s exited %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s killed %d\n", what, WTERMSIG(status));
	else if (WIFCONTINUED(status))
		printf("%s continued\n", what);
	else
		printf("%s stopped %#x event %d\n", what, WSTOPSIG(status), status >> 16);
	fflush(stdout);
}

static int wait_for(pid_t pid, const char *what)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, __WALL);

	if (got < 0)
		said(what, got);
	else
		say_status(what, status);
	return status;
}

static pid_t child(void (*run)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	run();
	_exit(7);
}

static void makes_tasks(void);

static void traced_stop(void)
{
	said("traceme", request(PTRACE_TRACEME, 0, 0, NULL));
	raise(SIGSTOP);
}

/* --- memory, registers, calls -------------------------------------------------------------- */

static void makes_calls(void)
{
	traced_stop();
	syscall(SYS_getpriority, 77, 88);
	syscall(SYS_access, "/etc/hostname", 0);
	_exit((int)shared);
}

static void calls(void)
{
	pid_t pid = child(makes_calls);
	siginfo_t info;
	int status;

	wait_for(pid, "first");
	said("options", request(PTRACE_SETOPTIONS, pid, 0, (void *)(long)PTRACE_O_TRACESYSGOOD));
	say("word", word_at(pid, &shared));
	said("poke", request(PTRACE_POKEDATA, pid, (unsigned long)&shared, (void *)42l));
	say("word", word_at(pid, &shared));
	for (int i = 0; i < 5; i++) {
		unsigned char raw[128] = { 0 };
		struct iovec io = { raw, sizeof(raw) };
		unsigned char call[88] = { 0 };

		request(PTRACE_SYSCALL, pid, 0, NULL);
		status = wait_for(pid, "call");
		if (!WIFSTOPPED(status))
			return;
		memset(&info, 0, sizeof(info));
		request(PTRACE_GETSIGINFO, pid, 0, &info);
		say("code", info.si_code);
		said("regset", request(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io) < 0 ? -1 : 0);
		if (request(0x420e, pid, sizeof(call), call) < 0)
			continue;
		say("op", call[0]);
		say("number", *(int *)(call + 24));
		say("argument", call[0] == 1 ? *(long *)(call + 32) != 0 : 0);
	}
	request(PTRACE_CONT, pid, 0, NULL);
	wait_for(pid, "end");
}

/* Registers by the requests that each architecture has of its own, and errors of those. */
static void registers(void)
{
	pid_t pid = child(makes_calls);
	static unsigned char bytes[1024];
	long word = 0;

	wait_for(pid, "first");
	request(PTRACE_SYSCALL, pid, 0, NULL);
	wait_for(pid, "call");
	for (int what = 12; what <= 19; what++) {	/* GETREGS … SETFPXREGS */
		size_t n = sizeof(bytes);

		memset(bytes, 0x5a, sizeof(bytes));
		if (what % 2)	/* sets what was got; not of a size that is not known */
			continue;
		said("get", request(what, pid, 0, bytes));
		while (n && bytes[n - 1] == 0x5a)
			n--;
		say("bytes", (long)n);
		said("set", request(what + 1, pid, 0, bytes));
	}
	for (unsigned long at = 0; at < 20 * sizeof(long); at += sizeof(long)) {
		said("word", request(PTRACE_PEEKUSER, pid, at, &word));
		say("is small", word >= 0 && word < 4096 ? word : -1);
		said("put", request(PTRACE_POKEUSER, pid, at, (void *)word));
	}
	said("unaligned", request(PTRACE_PEEKUSER, pid, 2, &word));
	said("beyond", request(PTRACE_PEEKUSER, pid, 100000, &word));
	said("nowhere", request(PTRACE_PEEKDATA, pid, 16, &word));
	said("not to be put", request(PTRACE_POKEDATA, pid, 16, NULL));
#ifdef USER_DEBUG
	said("debug", request(PTRACE_POKEUSER, pid, USER_DEBUG, (void *)&shared));
	said("debug", request(PTRACE_PEEKUSER, pid, USER_DEBUG, &word));
	say("is it", word == (long)&shared);
	said("control", request(PTRACE_POKEUSER, pid, USER_DEBUG + 7 * sizeof(long), (void *)1l));
#endif
	request(PTRACE_CONT, pid, 0, NULL);
	wait_for(pid, "end");
}

static volatile int *volatile nowhere[] = { (int *)64 };

static void faults(void)
{
	traced_stop();
	**nowhere = 1;
}

static void queues(void)
{
	union sigval value = { .sival_int = 77 };

	traced_stop();
	sigqueue(getpid(), SIGUSR1, value);
	_exit(4);
}

/* What of a signal is told: an address, a value, a child's end; and put in its place. */
static void siginfos(void)
{
	static void (*const runs[])(void) = { faults, queues, makes_tasks };
	siginfo_t info;

	for (int i = 0; i < 3; i++) {
		pid_t pid = child(runs[i]);

		wait_for(pid, "first");
		for (;;) {
			request(PTRACE_CONT, pid, 0, NULL);
			if (!WIFSTOPPED(wait_for(pid, "next")))
				break;
			memset(&info, 0x5a, sizeof(info));
			said("siginfo", request(PTRACE_GETSIGINFO, pid, 0, &info));
			printf("signal %d code %d\n", info.si_signo, info.si_code);
			if (info.si_signo == SIGSEGV)
				say("address", (long)info.si_addr);
			else if (info.si_signo == SIGUSR1)
				printf("value %d from itself %d\n", info.si_value.sival_int, info.si_pid == pid);
			else if (info.si_signo == SIGCHLD)
				printf("status %d of another %d\n", info.si_status, info.si_pid != pid);
			said("put", request(PTRACE_SETSIGINFO, pid, 0, &info));
			if (info.si_signo == SIGSEGV)
				request(PTRACE_KILL, pid, 0, NULL);
		}
	}
}

static void steps_along(void)
{
	traced_stop();
	for (int i = 0; i < 20; i++)
		shared += i;
	raise(SIGUSR1);
	syscall(SYS_getppid);
	syscall(SYS_access, "/etc/hostname", 0);
	raise(SIGUSR2);
	_exit((int)(shared & 0x7f));
}

/* The instructions up to two signals, calls on the way. */
static void steps(void)
{
	pid_t pid = child(steps_along);
	long n = 0;
	int status, signals = 0, signo = 0;

	wait_for(pid, "first");
	while (signals < 2) {
		if (request(PTRACE_SINGLESTEP, pid, 0, (void *)(long)signo) < 0) {
			said("step", -1);
			break;
		}
		signo = 0;
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status)) {
			say_status("steps", status);
			return;
		}
		if (WSTOPSIG(status) == SIGTRAP) {
			n++;
			continue;
		}
		say("signal", WSTOPSIG(status));
		say("steps", n);
		signals++;
	}
	request(PTRACE_CONT, pid, 0, NULL);
	wait_for(pid, "end");
}

/* --- signals and stops --------------------------------------------------------------------- */

static void on_signal(int signo)
{
	say("handler", signo);
}

static void gets_signals(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	traced_stop();
	raise(SIGUSR1);		/* kept back */
	raise(SIGUSR1);		/* passed on */
	raise(SIGUSR1);		/* another in its place */
	kill(getpid(), SIGTERM);
}

static void signals(void)
{
	static const int pass[] = { 0, 0, SIGUSR1, SIGUSR2, SIGKILL };
	pid_t pid = child(gets_signals);
	siginfo_t info;
	int status;

	for (int i = 0; i < 5; i++) {
		status = wait_for(pid, "signal");
		if (!WIFSTOPPED(status))
			return;
		memset(&info, 0, sizeof(info));
		said("siginfo", request(PTRACE_GETSIGINFO, pid, 0, &info));
		say("from itself", info.si_pid == pid);
		request(PTRACE_CONT, pid, 0, (void *)(long)pass[i]);
	}
	wait_for(pid, "end");
}

static void just_waits(void)
{
	for (;;)
		pause();
}

static void group(void)
{
	pid_t pid = child(just_waits);
	siginfo_t info;

	said("seize", request(PTRACE_SEIZE, pid, 0, NULL));
	said("attach again", request(PTRACE_ATTACH, pid, 0, NULL));
	said("running", request(PTRACE_GETSIGINFO, pid, 0, &info));
	said("interrupt", request(PTRACE_INTERRUPT, pid, 0, NULL));
	wait_for(pid, "interrupted");
	said("listen", request(PTRACE_LISTEN, pid, 0, NULL));
	said("interrupt", request(PTRACE_INTERRUPT, pid, 0, NULL));
	wait_for(pid, "interrupted");
	request(PTRACE_CONT, pid, 0, NULL);
	kill(pid, SIGSTOP);
	wait_for(pid, "signal");
	request(PTRACE_CONT, pid, 0, (void *)(long)SIGSTOP);
	wait_for(pid, "group-stop");
	said("listen", request(PTRACE_LISTEN, pid, 0, NULL));
	said("listening", request(PTRACE_GETSIGINFO, pid, 0, &info));
	kill(pid, SIGCONT);
	wait_for(pid, "continued");
	request(PTRACE_CONT, pid, 0, NULL);
	wait_for(pid, "signal");
	said("detach", request(PTRACE_DETACH, pid, 0, (void *)(long)SIGTERM));
	wait_for(pid, "end");
}

static void group_old(void)
{
	pid_t pid = child(just_waits);
	siginfo_t info;

	said("attach", request(PTRACE_ATTACH, pid, 0, NULL));
	wait_for(pid, "attached");
	said("siginfo", request(PTRACE_GETSIGINFO, pid, 0, &info));
	said("interrupt", request(PTRACE_INTERRUPT, pid, 0, NULL));
	said("listen", request(PTRACE_LISTEN, pid, 0, NULL));
	request(PTRACE_CONT, pid, 0, (void *)(long)SIGSTOP);
	wait_for(pid, "group-stop");
	said("siginfo", request(PTRACE_GETSIGINFO, pid, 0, &info));
	request(PTRACE_CONT, pid, 0, NULL);
	kill(pid, SIGTERM);
	wait_for(pid, "signal");
	said("bad signal", request(PTRACE_CONT, pid, 0, (void *)1000l));
	said("bad options", request(PTRACE_SETOPTIONS, pid, 0, (void *)0x40000000l));
	said("bad request", request(0x4fff, pid, 0, NULL));
	said("bad memory", request(PTRACE_GETSIGINFO, pid, 0, NULL));
	said("kill", request(PTRACE_KILL, pid, 0, NULL));
	wait_for(pid, "end");
	said("gone", request(PTRACE_CONT, pid, 0, NULL));
}

/* --- what the traced make ----------------------------------------------------------------- */

static void makes_tasks(void)
{
	int status;
	pid_t pid;

	traced_stop();
	pid = fork();
	if (!pid)
		_exit(3);
	waitpid(pid, &status, 0);
	pid = vfork();
	if (!pid)
		_exit(4);
	waitpid(pid, &status, 0);
	execl(self, self, "quits", NULL);
}

/* Each task's own story, in the order of their making. */
static void events(void)
{
	static char story[3][1024];
	pid_t tids[3] = { child(makes_tasks) }, pid;
	int n = 1, status = wait_for(tids[0], "first");

	request(PTRACE_SETOPTIONS, tids[0], 0, (void *)(long)TRACE_ALL);
	request(PTRACE_CONT, tids[0], 0, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int i = 0, signo = WSTOPSIG(status);
		unsigned long message = 0;
		char line[64];

		while (i < n && tids[i] != pid)
			i++;
		if (i == n && n < 3)
			tids[n++] = pid;
		if (WIFSTOPPED(status) && status >> 16)
			request(PTRACE_GETEVENTMSG, pid, 0, &message);
		snprintf(line, sizeof(line), " %x", status & ~0xff ? status : 0);
		if (status >> 16 == PTRACE_EVENT_EXIT)
			snprintf(line, sizeof(line), " exit:%lx", message);
		strncat(story[i], line, sizeof(story[i]) - strlen(story[i]) - 1);
		if (WIFSTOPPED(status))
			request(PTRACE_CONT, pid, 0,
				(void *)(long)(status >> 16 || signo == SIGSTOP ? 0 : signo));
	}
	for (int i = 0; i < n; i++)
		printf("task %d:%s\n", i, story[i]);
}

/* Not by raise(3), which makes other calls too. */
static void executes_once(void)
{
	pid_t pid = getpid();

	said("traceme", request(PTRACE_TRACEME, 0, 0, NULL));
	syscall(SYS_kill, (long)pid, (long)SIGSTOP);
	execl(self, self, "quits", NULL);
}

/* 1 at an entry, 2 at an exit, 0 before Linux 5.3. */
static int call_op(pid_t pid)
{
	unsigned char call[88] = { 0 };

	return request(0x420e, pid, sizeof(call), call) < 0 ? 0 : call[0];
}

/* execve(2) has an entry, an event if asked for, an exit; then comes its SIGTRAP, or a call. */
static int exec_stops(long options)
{
	pid_t pid = child(executes_once);
	unsigned long message = 0;
	int status = wait_for(pid, "first"), op = 0, bad = 0;

	request(PTRACE_SETOPTIONS, pid, 0, (void *)(options | PTRACE_O_TRACESYSGOOD));
	for (int i = 0; i < 4; i++) {
		request(PTRACE_SYSCALL, pid, 0, NULL);
		status = wait_for(pid, "exec");
		if (status >> 16 == PTRACE_EVENT_EXEC) {
			request(PTRACE_GETEVENTMSG, pid, 0, &message);
			bad += (pid_t)message != pid || i != 1;
		} else if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) {
			bad += options || i != 2;
		} else {
			op = call_op(pid);
			say("op", op);
			bad += op && op != (i == 0 || i == 3 ? 1 : 2);
		}
	}
	request(PTRACE_CONT, pid, 0, NULL);
	status = wait_for(pid, "end");
	return bad || !WIFEXITED(status) || WEXITSTATUS(status) != 9;
}

static void exec_told(void)
{
	int bad = exec_stops(PTRACE_O_TRACEEXEC) + exec_stops(0);

	say("bad", bad);
	if (bad)
		exit(1);
}

static void *executes(void *arg)
{
	execl(self, self, "quits", NULL);
	return arg;
}

static void makes_threads(void)
{
	pthread_t thread;

	traced_stop();
	pthread_create(&thread, NULL, executes, NULL);
	for (;;)
		pause();
}

/* A thread that is not the leader executes: the leader goes on as it. */
static void thread_exec(void)
{
	pid_t pid = child(makes_threads), other = 0, got;
	unsigned long message = 0;
	int status = wait_for(pid, "first");

	request(PTRACE_SETOPTIONS, pid, 0, (void *)(long)(TRACE_ALL & ~PTRACE_O_TRACEEXIT));
	request(PTRACE_CONT, pid, 0, NULL);
	while ((got = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_CLONE) {
			request(PTRACE_GETEVENTMSG, pid, 0, &message);
			other = (pid_t)message;
			say("clone of the leader", got == pid);
		} else if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC) {
			request(PTRACE_GETEVENTMSG, pid, 0, &message);
			say("exec of the leader", got == pid);
			say("was the other", (pid_t)message == other);
		} else if (!WIFSTOPPED(status)) {
			say("end of the leader", got == pid);
			say_status("end", status);
		}
		if (WIFSTOPPED(status))
			request(PTRACE_CONT, got, 0, NULL);
	}
	said("no more", got);
}

/* --- waits ------------------------------------------------------------------------------- */

static volatile int alarms, traps;

static void on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

static void on_child(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	traps += info->si_code == CLD_TRAPPED;
}

static void handle(int signo, int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };

	sigaction(signo, &sa, NULL);
}

static void waits(void)
{
	pid_t pid = child(just_waits);
	siginfo_t info;
	int status;

	said("seize", request(PTRACE_SEIZE, pid, 0, NULL));
	said("nothing yet", waitpid(pid, &status, WNOHANG));
	handle(SIGALRM, 0);
	alarm(1);
	said("interrupted", waitpid(pid, &status, 0));
	say("alarms", alarms);
	request(PTRACE_INTERRUPT, pid, 0, NULL);
	memset(&info, 0, sizeof(info));
	said("look", waitid(P_PID, pid, &info, WEXITED | WSTOPPED | WNOWAIT));
	printf("code %d status %#x %d\n", info.si_code, info.si_status, info.si_pid == pid);
	memset(&info, 0, sizeof(info));
	said("take", waitid(P_PGID, 0, &info, WEXITED));
	printf("code %d status %#x %d\n", info.si_code, info.si_status, info.si_pid == pid);
	said("taken", waitpid(-1, &status, WNOHANG));
	request(PTRACE_CONT, pid, 0, NULL);
	request(PTRACE_INTERRUPT, pid, 0, NULL);
	said("of others", waitpid(pid, &status, __WNOTHREAD | __WALL) == pid ? 0 : -1);
	said("nobody", waitpid(1, &status, __WALL));
	kill(pid, SIGKILL);
	wait_for(pid, "end");
	said("no more", waitpid(-1, &status, __WALL));
}

/* Nobody is its child: a tracer of a grandchild that outlived its parent. */
static void stranger(void)
{
	struct sigaction sa = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART };
	int fds[2], status;
	pid_t pid, middle;

	if (pipe(fds) < 0)
		return;
	middle = fork();
	if (!middle) {
		pid = child(just_waits);
		_exit(write(fds[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	if (read(fds[0], &pid, sizeof(pid)) != sizeof(pid))
		return;
	wait_for(middle, "middle");
	sigaction(SIGCHLD, &sa, NULL);
	said("seize", request(PTRACE_SEIZE, pid, 0, (void *)(long)PTRACE_O_TRACEEXIT));
	said("nothing yet", waitpid(-1, &status, WNOHANG));
	handle(SIGALRM, 0);
	alarm(1);
	said("interrupted", waitpid(-1, &status, 0));
	handle(SIGALRM, SA_RESTART);
	alarm(1);
	if (!fork()) {
		sleep(2);
		kill(pid, SIGTERM);
		sleep(1);	/* its own SIGCHLD comes later */
		_exit(0);
	}
	say("restarted", waitpid(pid, &status, 0) == pid);
	say_status("signal", status);
	say("alarms", alarms);
	say("told", traps > 0);
	request(PTRACE_CONT, pid, 0, (void *)(long)SIGTERM);
	wait_for(pid, "leaving");
	request(PTRACE_CONT, pid, 0, NULL);
	wait_for(pid, "end");
	wait_for(-1, "the other");
	said("no more", waitpid(-1, &status, __WALL));
}

/* --- the end of a tracer ---------------------------------------------------------------------- */

static void tracer_ends(long options)
{
	int status;
	pid_t pid = child(just_waits), tracer = fork();

	if (!tracer) {
		request(PTRACE_SEIZE, pid, 0, (void *)options);
		request(PTRACE_INTERRUPT, pid, 0, NULL);
		waitpid(pid, &status, __WALL);
		_exit(0);
	}
	wait_for(tracer, "tracer");
	kill(pid, SIGUSR1);
	wait_for(pid, options ? "with exitkill" : "without");
}

static void ends(void)
{
	tracer_ends(0);
	tracer_ends(PTRACE_O_EXITKILL);
}

static void *traces_sibling(void *arg)
{
	said("own thread", request(PTRACE_SEIZE, getpid(), 0, NULL));
	return arg;
}

static void own(void)
{
	pthread_t thread;

	said("itself", request(PTRACE_SEIZE, getpid(), 0, NULL));
	pthread_create(&thread, NULL, traces_sibling, NULL);
	pthread_join(thread, NULL);
	said("not its own", request(PTRACE_CONT, getppid(), 0, NULL));
}

static void quits(void)
{
	_exit(9);
}

/* The command itself, whose parent is not watched, wants to be traced twice. */
static void refused(void)
{
	for (int i = 0; i < 2; i++)
		said("traceme", request(PTRACE_TRACEME, 0, 0, NULL));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "calls", calls }, { "steps", steps }, { "signals", signals }, { "group", group },
	{ "group-old", group_old }, { "events", events }, { "thread-exec", thread_exec },
	{ "exec", exec_told }, { "registers", registers }, { "siginfos", siginfos },
	{ "waits", waits }, { "stranger", stranger }, { "ends", ends }, { "own", own },
	{ "quits", quits }, { "refused", refused },
};

int main(int argc, char **argv)
{
	self = argv[0];
	for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	return 2;
}
