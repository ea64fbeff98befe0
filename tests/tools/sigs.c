// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sigs CASE: signals, stops and restarts. As with life.c, what a case prints does not
 * depend on who watches.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count, last_code, last_value, last_from_self;
static void *volatile last_addr;

static int look(void)
{
	struct stat st;

	return stat("/", &st) == 0 && stat("/no-such-name-anywhere", &st) < 0 && errno == ENOENT;
}

static void say(const char *what, long value)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %ld\n", what, value);

	if (write(1, line, n) != n)
		_exit(99);
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	count++;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_from_self = info->si_pid == getpid() && info->si_uid == getuid();
	last_addr = info->si_addr;
}

static void handle(int signo, int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_signal;
	sa.sa_flags = SA_SIGINFO | flags;
	sigaction(signo, &sa, NULL);
}

static void after_ms(long ms, int repeat)
{
	struct itimerval t = { .it_value = { 0, ms * 1000 } };

	if (repeat)
		t.it_interval = t.it_value;
	setitimer(ITIMER_REAL, &t, NULL);
}

static int case_siginfo(void)
{
	union sigval value = { .sival_int = 4711 };

	handle(SIGUSR1, 0);
	handle(SIGRTMIN + 3, 0);
	sigqueue(getpid(), SIGUSR1, value);
	say("queued", last_value);
	say("code", last_code == SI_QUEUE);
	say("self", last_from_self);
	kill(getpid(), SIGUSR1);
	say("killed code", last_code == SI_USER);
	raise(SIGUSR1);
	say("raised code", last_code == SI_TKILL);
	for (value.sival_int = 0; value.sival_int < 500; value.sival_int++)
		sigqueue(getpid(), SIGRTMIN + 3, value);
	say("count", count);
	say("last", last_value);
	return 0;
}

/* Sent while blocked: real-time ones queue, others are one. */
static int case_blocked(void)
{
	sigset_t set;
	union sigval value = { .sival_int = 1 };

	handle(SIGUSR1, 0);
	handle(SIGRTMIN, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 7; i++) {
		kill(getpid(), SIGUSR1);
		sigqueue(getpid(), SIGRTMIN, value);
	}
	look();
	say("before", count);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("after", count);
	return 0;
}

static int case_self_trap(void)
{
	handle(SIGTRAP, 0);
	raise(SIGTRAP);
	say("raised", count);
	kill(getpid(), SIGTRAP);
	say("killed", count);
#if defined(__i386__) || defined(__x86_64__)
	__asm__ volatile("int3");
	say("int3", count);
	say("code", last_code);
	/* Single step: one trap for each instruction until the flag is cleared. */
	__asm__ volatile(
#ifdef __x86_64__
		"pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop\n\t"
		"pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
#else
		"pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop\n\t"
		"pushfl\n\tandl $~0x100, (%%esp)\n\tpopfl\n\t"
#endif
		::: "memory", "cc");
	say("stepped", count);
#endif
	return look() ? 0 : 1;
}

static int case_fault(void)
{
	static char stack[65536];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	sigaltstack(&alt, NULL);
	pid = fork();
	if (!pid) {
		handle(SIGSEGV, SA_ONSTACK | SA_RESETHAND);
		*(volatile char *)(page + 12) = 1;	/* faults again, now deadly */
		_exit(1);
	}
	waitpid(pid, &status, 0);
	say("status", status & 0x7f);
	handle(SIGSEGV, SA_ONSTACK | SA_RESETHAND);
	kill(getpid(), SIGSEGV);
	say("sent", last_code == SI_USER);
	return 0;
}

static int case_eintr(void)
{
	int pipes[2];
	char c;

	if (pipe(pipes) < 0)
		return 1;
	handle(SIGALRM, 0);
	after_ms(30, 1);	/* again and again: the first may come before the call */
	say("read", read(pipes[0], &c, 1) < 0 ? errno : 0);
	say("pause", pause() < 0 ? errno : 0);
	say("poll", poll(NULL, 0, -1) < 0 ? errno : 0);
	after_ms(0, 0);
	return 0;
}

/* SA_RESTART: the call goes on; a FIFO's open is one that is watched. */
static int case_restart(void)
{
	char name[] = "/tmp/sigs.XXXXXX";
	char fifo[64];
	int pipes[2], fd;
	char c = 0;
	pid_t pid;

	if (pipe(pipes) < 0 || !mkdtemp(name))
		return 1;
	snprintf(fifo, sizeof(fifo), "%s/fifo", name);
	if (mkfifo(fifo, 0600) < 0)
		return 1;
	handle(SIGALRM, SA_RESTART);
	pid = fork();
	if (!pid) {
		usleep(200000);
		fd = open(fifo, O_WRONLY);
		_exit(write(fd, "f", 1) != 1 || write(pipes[1], "p", 1) != 1);
	}
	after_ms(20, 1);
	fd = open(fifo, O_RDONLY);
	say("opened", fd >= 0);
	say("read", read(fd, &c, 1));
	say("got", c);
	say("pipe", read(pipes[0], &c, 1));
	say("signals came", count >= 1);
	after_ms(0, 0);
	waitpid(pid, NULL, 0);
	unlink(fifo);
	rmdir(name);
	return 0;
}

/* nanosleep is restarted by restart_syscall(2) after a stop, and sleeps its time in full. */
static int case_sleep_stop(void)
{
	int status, ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		struct timespec t = { 1, 500000000 }, before, after;
		long ms;

		clock_gettime(CLOCK_MONOTONIC, &before);
		if (write(ready[1], "r", 1) != 1)
			_exit(3);
		if (nanosleep(&t, NULL) < 0)
			_exit(1);
		clock_gettime(CLOCK_MONOTONIC, &after);
		ms = (after.tv_sec - before.tv_sec) * 1000 +
		     (after.tv_nsec - before.tv_nsec) / 1000000;
		_exit(ms >= 1499 ? 0 : 2);
	}
	if (read(ready[0], &c, 1) != 1)
		return 1;
	usleep(50000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	say("stopped", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	say("slept", status);
	return 0;
}

static void show_wait(pid_t pid, int flags)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (waitid(P_PID, pid, &info, flags) < 0) {
		say("waitid", -errno);
		return;
	}
	say("code", info.si_code);
	say("status", info.si_status);
}

/* What a shell does with a job. */
static int case_job_control(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		int go[2], ready[2];
		char c;
		pid_t pid;

		if (pipe(go) < 0 || pipe(ready) < 0)
			return 1;
		pid = fork();
		if (!pid) {
			handle(SIGCONT, 0);
			setpgid(0, 0);
			if (write(ready[1], "r", 1) != 1)
				_exit(46);
			if (stops[i] == SIGSTOP) {
				raise(SIGSTOP);
			} else {
				while (!count) {
					look();
					usleep(1000);
				}
			}
			_exit(count == 1 && read(go[0], &c, 1) == 1 && look() ? 44 : 45);
		}
		setpgid(pid, pid);
		if (read(ready[0], &c, 1) != 1)
			return 1;
		if (stops[i] != SIGSTOP)
			kill(-pid, stops[i]);
		show_wait(pid, WSTOPPED);
		usleep(5000);
		say("nothing new", waitpid(pid, NULL, WNOHANG | WUNTRACED));
		kill(-pid, SIGCONT);
		show_wait(pid, WCONTINUED);
		if (write(go[1], "x", 1) != 1)
			return 1;
		show_wait(pid, WEXITED);
		for (int k = 0; k < 2; k++) {
			close(go[k]);
			close(ready[k]);
		}
	}
	return 0;
}

static void *thread_looks(void *arg)
{
	while (!*(volatile int *)arg)
		look();
	return NULL;
}

/* All threads of a process stop together, continue together; killed while stopped. */
static int case_group_stop(void)
{
	int status, ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		static volatile int stop;
		pthread_t threads[6];

		handle(SIGUSR1, SA_RESTART);
		if (write(ready[1], "r", 1) != 1)
			_exit(99);
		for (int i = 0; i < 6; i++)
			pthread_create(&threads[i], NULL, thread_looks, (void *)&stop);
		while (count < 1)
			look();
		stop = 1;
		for (int i = 0; i < 6; i++)
			pthread_join(threads[i], NULL);
		_exit(count);
	}
	if (read(ready[0], &c, 1) != 1)
		return 1;
	for (int i = 0; i < 20; i++) {
		usleep(3000);
		kill(pid, SIGSTOP);
		if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
			say("no stop", status);
		kill(pid, SIGCONT);
	}
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGUSR1);	/* waits until it goes on */
	usleep(20000);
	say("still stopped", waitpid(pid, &status, WNOHANG));
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	say("ended", status);
	pid = fork();
	if (!pid)
		for (;;)
			raise(SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	say("stopped", WSTOPSIG(status));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("killed", status);
	return 0;
}

/* STOP and CONT as fast as they go: none is lost, nothing hangs. */
static int case_stop_storm(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			look();
	for (int i = 0; i < 500; i++) {
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
	}
	kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) == pid && !WIFSIGNALED(status))
		;
	say("ended", status);
	return 0;
}

static int case_signal_storm(void)
{
	long opened = 0;
	int pipes[2];
	pid_t pid;
	char c;

	if (pipe(pipes) < 0)
		return 1;
	handle(SIGUSR1, SA_RESTART);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 2000; i++)
			kill(getppid(), SIGUSR1);
		_exit(write(pipes[1], "d", 1) != 1);
	}
	for (int i = 0; i < 2000; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		opened += fd >= 0;
		close(fd);
	}
	say("done", read(pipes[0], &c, 1));
	say("opened", opened);
	say("signals", count > 0);
	waitpid(pid, NULL, 0);
	return 0;
}

static int case_sigchld(void)
{
	pid_t pid;
	int status;

	handle(SIGCHLD, 0);
	for (int i = 0; i < 3; i++) {
		count = 0;
		pid = fork();
		if (!pid) {
			if (i == 1)
				kill(getpid(), SIGKILL);
			if (i == 2)
				raise(SIGSTOP);
			_exit(look() ? 3 : 1);
		}
		while (!count)
			usleep(1000);
		usleep(10000);
		say("signals", count);
		say("code", last_code);
		if (i == 2) {
			count = 0;
			kill(pid, SIGCONT);
		}
		while (waitpid(pid, &status, 0) < 0)
			;
		say("status", status);
	}
	return 0;
}

/* What was inherited: dispositions, mask, pending. */
static int case_inherited(void)
{
	struct sigaction sa;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < 65; i++) {
		if (sigismember(&mask, i) == 1)
			say("blocked", i);
		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			say("ignored", i);
	}
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("open", fd);
	return 0;
}

/* Some signals ignored and blocked, then a program that tells what it inherited. */
static int case_dispositions(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGCHLD, SIGPIPE, SIGUSR2, SIGXFSZ, SIGALRM };
	sigset_t mask;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGQUIT);
	sigaddset(&mask, SIGRTMIN + 1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (getenv("OUTER"))	/* care and its engine come in between */
		execlp("sh", "sh", "-c", "exec $OUTER \"$0\" inherited", getenv("SELF"), (char *)NULL);
	execl("/proc/self/exe", "sigs", "inherited", (char *)NULL);
	return 126;
}

static int case_thread_signal(void)
{
	static volatile int stop;
	pthread_t thread;

	handle(SIGUSR1, SA_RESTART);
	if (pthread_create(&thread, NULL, thread_looks, (void *)&stop))
		return 1;
	for (int i = 0; i < 100; i++) {
		int before = count;

		pthread_kill(thread, SIGUSR1);
		while (count == before)
			look();
	}
	stop = 1;
	pthread_join(thread, NULL);
	say("count", count);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "siginfo", case_siginfo },
	{ "blocked", case_blocked },
	{ "self-trap", case_self_trap },
	{ "fault", case_fault },
	{ "eintr", case_eintr },
	{ "restart", case_restart },
	{ "sleep-stop", case_sleep_stop },
	{ "job-control", case_job_control },
	{ "group-stop", case_group_stop },
	{ "stop-storm", case_stop_storm },
	{ "signal-storm", case_signal_storm },
	{ "sigchld", case_sigchld },
	{ "inherited", case_inherited },
	{ "dispositions", case_dispositions },
	{ "thread-signal", case_thread_signal },
};

int main(int argc, char **argv)
{
	struct rlimit cpu = { 60, 60 };

	setrlimit(RLIMIT_CPU, &cpu);	/* what spins for ever, does not */
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			return cases[i].run();
	for (size_t i = 0; argc == 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		puts(cases[i].name);
	return argc == 1 ? 0 : 2;
}
