// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * life CASE: tasks that are made, execute, wait and end in every way there is. What a
 * case prints and how it ends does not depend on who watches; tests/cli/engine.sh
 * compares it with and without care.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int clone(int (*)(void *), void *, int, void *, ...);

static const char *self;

/* A call that is watched, so that every task stops at least once. */
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

/* How a child ended, without pids. */
static void reap(const char *what, pid_t pid)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, 0);

	say(what, got == pid ? status : -errno);
}

static int case_fork(void)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(look() ? 10 + i : 1);
		reap("child", pid);
	}
	return look() ? 0 : 1;
}

static int case_vfork(void)
{
	static int shared;
	pid_t pid = vfork();

	if (!pid) {
		shared = look();
		_exit(3);
	}
	say("shared", shared);
	reap("child", pid);
	pid = vfork();
	if (!pid) {
		execl(self, "life", "after-exec", (char *)NULL);
		_exit(127);
	}
	reap("executed", pid);
	return 0;
}

static int cloned(void *arg)
{
	*(int *)arg = look() + 41;
	return 4;
}

static int case_clone(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	static const int flags[] = {
		SIGCHLD, SIGCHLD | CLONE_VM, SIGCHLD | CLONE_VM | CLONE_FS | CLONE_FILES,
		CLONE_VM | CLONE_VFORK | SIGCHLD, SIGUSR1, 0,
		SIGCHLD | CLONE_UNTRACED, SIGCHLD | CLONE_PARENT,
	};

	signal(SIGUSR1, SIG_IGN);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int value = 0, status = -1;
		pid_t pid = clone(cloned, stack + sizeof(stack), flags[i], &value);

		if (flags[i] & CLONE_PARENT) {
			say("parent's", pid > 0);
			continue;
		}
		say("waited", waitpid(pid, &status, __WALL) == pid);
		say("status", status);
		say("value", value);
	}
	return 0;
}

static int case_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		args.flags = i ? CLONE_UNTRACED : 0;
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (pid < 0) {
			say("clone3", errno == ENOSYS ? 0 : errno);
			return 0;
		}
		if (!pid)
			_exit(look() ? 21 : 1);
		reap("child", pid);
	}
	return 0;
}

static void *thread_looks(void *arg)
{
	long n = 0;

	for (int i = 0; i < 50; i++)
		n += look();
	return (void *)(n + (intptr_t)arg);
}

static int case_threads(void)
{
	pthread_t threads[40];
	long sum = 0;

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 40; i++)
			if (pthread_create(&threads[i], NULL, thread_looks, (void *)(intptr_t)i))
				return 1;
		for (int i = 0; i < 40; i++) {
			void *n;

			pthread_join(threads[i], &n);
			sum += (intptr_t)n;
		}
	}
	say("sum", sum);
	return 0;
}

static void *thread_execs(void *arg)
{
	(void)arg;
	look();
	execl(self, "life", "after-exec", (char *)NULL);
	_exit(126);
}

static void *thread_spins(void *arg)
{
	while (!arg)
		look();
	return NULL;
}

static int case_thread_exec(void)
{
	pthread_t thread;

	for (int i = 0; i < 8; i++)
		pthread_create(&thread, NULL, thread_spins, NULL);
	pthread_create(&thread, NULL, thread_execs, NULL);
	thread_spins(NULL);
	return 1;
}

static void *thread_execs_later(void *arg)
{
	struct timespec t = { 0, 50000000 };

	nanosleep(&t, NULL);
	return thread_execs(arg);
}

/* The leader has ended as a thread when another thread executes. */
static int case_leaderless_exec(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_execs_later, NULL);
	pthread_exit(NULL);
}

static int case_after_exec(void)
{
	say("pid is tid", getpid() == (pid_t)syscall(SYS_gettid));
	say("looks", look());
	return 17;
}

static void *thread_ends_process(void *arg)
{
	struct timespec t = { 0, 50000000 };

	(void)arg;
	nanosleep(&t, NULL);
	look();
	exit(23);
}

static int case_leader_first(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_ends_process, NULL);
	pthread_exit(NULL);
}

static int case_thread_forks(void)
{
	pthread_t thread;
	void *n;

	if (pthread_create(&thread, NULL, thread_looks, NULL))
		return 1;
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(look() ? 5 : 1);
		reap("child", pid);
	}
	pthread_join(thread, &n);
	say("looks", (long)(intptr_t)n);
	return 0;
}

/* The grandchild outlives its parent and is somebody else's child then. */
static int case_orphan(void)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	if (pipe(pipes) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (!fork()) {
			while (getppid() == parent)
				usleep(1000);
			c = look() ? 'y' : 'n';
			_exit(write(pipes[1], &c, 1) != 1);
		}
		_exit(6);
	}
	reap("child", pid);
	close(pipes[1]);
	say("read", read(pipes[0], &c, 1));
	say("orphan", c);
	return 0;
}

static int case_daemon(void)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	if (pipe(pipes) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		setsid();
		if (!fork()) {
			umask(0);
			c = chdir("/") == 0 && look() && getsid(0) != getpid() ? 'y' : 'n';
			_exit(write(pipes[1], &c, 1) != 1);
		}
		_exit(0);
	}
	reap("starter", pid);
	close(pipes[1]);
	say("read", read(pipes[0], &c, 1));
	say("daemon", c);
	return 0;
}

static int case_subreaper(void)
{
	pid_t pid;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (!pid) {
		if (!fork()) {
			usleep(20000);
			_exit(look() ? 8 : 1);
		}
		_exit(7);
	}
	reap("child", pid);
	say("grandchild", wait(&status) > 0 ? status : -1);
	say("no more", wait(&status) < 0 && errno == ECHILD);
	return 0;
}

static int case_wait(void)
{
	siginfo_t info;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(look() ? 33 : 1);
	memset(&info, 0, sizeof(info));
	say("waitid", waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	say("code", info.si_code == CLD_EXITED && info.si_pid == pid);
	say("status", info.si_status);
	reap("again", pid);
	say("gone", waitpid(pid, &status, 0) < 0 ? errno : 0);
	pid = fork();
	if (!pid)
		for (;;)
			look();
	say("running", waitpid(pid, &status, WNOHANG));
	kill(pid, SIGTERM);
	reap("killed", pid);
	signal(SIGCHLD, SIG_IGN);	/* children vanish by themselves */
	pid = fork();
	if (!pid)
		_exit(0);
	say("nobody", waitpid(pid, &status, 0) < 0 ? errno : 0);
	return 0;
}

/* Thousands at once, then thousands one after the other. */
static int case_many(void)
{
	enum { N = 1500 };
	static pid_t pids[N];
	int go[2], ended = 0, status;
	char c;

	if (pipe(go) < 0)
		return 1;
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		if (pids[i] < 0) {
			say("fork", errno);
			return 1;
		}
		if (!pids[i]) {
			close(go[1]);
			_exit(read(go[0], &c, 1) == 0 && look() ? 2 : 1);
		}
	}
	close(go[1]);
	for (int i = 0; i < N; i++)
		ended += waitpid(pids[i], &status, 0) == pids[i] && WEXITSTATUS(status) == 2;
	say("ended", ended);
	return 0;
}

/* Tasks that die at any moment: in a call, in a stop, while they fork. */
static int case_murder(void)
{
	int killed = 0, status;

	for (int i = 0; i < 150; i++) {
		pid_t pid = fork();

		if (!pid) {
			setpgid(0, 0);
			for (;;) {
				pid_t child = fork();

				if (!child)
					for (;;)
						look();
				look();
				usleep(100);
				kill(child, SIGKILL);
				waitpid(child, NULL, 0);
			}
		}
		setpgid(pid, pid);
		usleep(500 + i * 37 % 3000);
		kill(-pid, SIGKILL);
		killed += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
			  WTERMSIG(status) == SIGKILL;
	}
	say("killed", killed);
	return 0;
}

static void *thread_dies(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		look();
	return NULL;
}

static int case_thread_murder(void)
{
	int killed = 0, status;

	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (!pid)
			for (;;) {
				pthread_t threads[4];

				for (int k = 0; k < 4; k++)
					if (pthread_create(&threads[k], NULL, thread_dies, NULL))
						_exit(1);
				for (int k = 0; k < 4; k++)
					pthread_join(threads[k], NULL);
			}
		usleep(1000 + i * 53 % 5000);
		kill(pid, i % 2 ? SIGKILL : SIGTERM);
		killed += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
	}
	say("killed", killed);
	return 0;
}

static int case_exec_errors(void)
{
	static char *big[100000];
	char *const args[] = { (char *)"x", NULL };
	char *const none[] = { NULL };

	execve("/no-such-name-anywhere", args, none);
	say("absent", errno);
	execve("/", args, none);
	say("directory", errno);
	execve("/etc/passwd", args, none);
	say("no program", errno);
	syscall(SYS_execve, 8L, args, none);
	say("bad address", errno);
	for (int i = 0; i < 99999; i++)
		big[i] = (char *)"0123456789012345678901234567890123456789"
				 "0123456789012345678901234567890123456789";
	execve("/bin/true", big, none);
	say("too big", errno);
	say("looks", look());
	return 0;
}

static int case_death(void)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE, SIGTRAP };
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		pid_t pid = fork();

		if (!pid) {
			look();
			raise(signals[i]);
			_exit(1);
		}
		reap("ended by", pid);
	}
	return 0;
}

static int case_pdeathsig(void)
{
	int pipes[2];
	char c;
	pid_t pid;

	if (pipe(pipes) < 0)
		return 1;
	pid = fork();
	if (!pid) {
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			if (write(pipes[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				look();
		}
		say("ready", read(pipes[0], &c, 1));
		_exit(0);
	}
	reap("child", pid);
	close(pipes[1]);
	say("its child is gone", read(pipes[0], &c, 1));
	return 0;
}

/* The parent is stopped in vfork(2) while the child ends by a signal. */
static int case_vfork_death(void)
{
	pid_t pid = vfork();

	if (!pid) {
		look();
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	reap("child", pid);
	return 0;
}

static int case_exec_chain(void)
{
	const char *left = getenv("LEFT");
	int n = left ? atoi(left) : 200;
	char text[16];

	if (!n)
		return look() ? 12 : 1;
	snprintf(text, sizeof(text), "%d", n - 1);
	setenv("LEFT", text, 1);
	execl(self, "life", "exec-chain", (char *)NULL);
	return 126;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "fork", case_fork },
	{ "vfork", case_vfork },
	{ "vfork-death", case_vfork_death },
	{ "clone", case_clone },
	{ "clone3", case_clone3 },
	{ "threads", case_threads },
	{ "thread-exec", case_thread_exec },
	{ "leaderless-exec", case_leaderless_exec },
	{ "after-exec", case_after_exec },
	{ "leader-first", case_leader_first },
	{ "thread-forks", case_thread_forks },
	{ "orphan", case_orphan },
	{ "daemon", case_daemon },
	{ "subreaper", case_subreaper },
	{ "wait", case_wait },
	{ "many", case_many },
	{ "murder", case_murder },
	{ "thread-murder", case_thread_murder },
	{ "exec-errors", case_exec_errors },
	{ "exec-chain", case_exec_chain },
	{ "death", case_death },
	{ "pdeathsig", case_pdeathsig },
};

int main(int argc, char **argv)
{
	static char path[4096];
	struct rlimit cpu = { 60, 60 };

	alarm(120);
	setrlimit(RLIMIT_CPU, &cpu);	/* what spins for ever, does not */
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 98;
	self = path;
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			return cases[i].run();
	/* Without a case: their names, for the test that runs them all. */
	for (size_t i = 0; argc == 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		puts(cases[i].name);
	return argc == 1 ? 0 : 2;
}
