// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * begin check: 0 if this image has made the calls of tests/unit/begin.c before it began,
 * and nothing else is different. begin MODE: becomes that, from a certain situation.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;

static int become(void)
{
	char *argv[] = { self, (char *)"check", (char *)"a word", NULL };
	char *envp[] = { (char *)"A=B", NULL };

	execve(self, argv, envp);
	return 30;
}

static int check(int argc, char **argv)
{
	char name[17] = "", text[5];
	struct sigaction sa;
	sigset_t mask;

	prctl(PR_GET_NAME, name);
	if (strcmp(name, "has begun"))
		return 10;
	if (pread(77, text, 5, 0) != 5 || memcmp(text, "root:", 5))
		return 11;
	/* What was opened was closed. */
	if (fcntl(3, F_GETFD) >= 0 || errno != EBADF)
		return 12;
	if (argc == 3 && (strcmp(argv[2], "a word") || strcmp(environ[0], "A=B") || environ[1]))
		return 13;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGTRAP, NULL, &sa);
	if (argc == 3 && (sigismember(&mask, SIGTRAP) || sa.sa_handler != SIG_DFL))
		return 14;
	return 0;
}

static int ended(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return 31;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int by_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(become());
	return ended(pid);
}

static void *thread(void *arg)
{
	(void)arg;
	_exit(become());
}

static int by_thread(void)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, NULL))
		return 32;
	pause();
	return 33;
}

/* Its own filter kills it for what no program needs, and for chdir(2). */
static int by_filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chdir, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return 34;
	return become();
}

/* SIGSEGV that is ignored and blocked does not save an image that was refused. */
static int by_refused(void)
{
	sigset_t mask;
	pid_t pid;

	sigemptyset(&mask);
	sigaddset(&mask, SIGSEGV);
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_IGN);
		sigprocmask(SIG_BLOCK, &mask, NULL);
		execl(self, self, "refused", (char *)NULL);
		_exit(35);
	}
	return ended(pid) == 100 + SIGSEGV ? 0 : 36;
}

/* Stopped and continued again and again, by somebody who does not know where it stands. */
static int by_stops(void)
{
	pid_t pid = fork(), other;
	int r;

	if (!pid)
		_exit(by_vfork());
	other = fork();
	if (!other)
		for (;;) {
			kill(pid, SIGSTOP);
			kill(pid, SIGCONT);
		}
	for (int i = 0; i < 20; i++) {
		r = by_vfork();
		if (r)
			break;
	}
	r = r ? r : ended(pid);
	kill(other, SIGKILL);
	ended(other);
	return r;
}

/* Killed at whatever moment: whoever waits for it is told. */
static int by_kills(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		int r;

		if (!pid)
			_exit(become());
		for (volatile int spin = 0; spin < i * 20000; spin++)
			;
		kill(pid, SIGKILL);
		r = ended(pid);
		if (r && r != 100 + SIGKILL)
			return r;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int (*by)(void); } modes[] = {
		{ "exec", become }, { "vfork", by_vfork }, { "thread", by_thread },
		{ "filtered", by_filtered }, { "refused-child", by_refused },
		{ "stops", by_stops }, { "kills", by_kills },
	};

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "check"))
		return check(argc, argv);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (argc > 1 && !strcmp(argv[1], modes[i].name))
			return modes[i].by();
	return 99;
}
