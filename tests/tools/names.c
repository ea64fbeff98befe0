// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names CASE: uses names that a sink replaces, from every kind of stack. 0: all went
 * as if "/replaced" were "/etc/passwd", and "/replaced-too" a name in the directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int first_bytes(const char *path)
{
	char text[5] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int good = fd >= 0 && read(fd, text, 5) == 5 && !memcmp(text, "root:", 5);

	close(fd);
	return good;
}

static int case_stack(void)
{
	return !first_bytes("/replaced");
}

static void *thread(void *arg)
{
	intptr_t good = 0;

	for (int i = 0; i < 100; i++)
		good += first_bytes("/replaced");
	(void)arg;
	return (void *)good;
}

static int case_threads(void)
{
	pthread_t threads[8];
	intptr_t sum = 0;
	void *good;

	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, thread, NULL))
			return 1;
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &good);
		sum += (intptr_t)good;
	}
	return sum != 800;
}

/* A stack with neighbours on both sides, as coroutines and Go have: they must not change. */
static char arena[3 * 65536] __attribute__((aligned(16)));
static volatile int handled, handler_good;

static void on_signal(int signo)
{
	char deep[60000];

	(void)signo;
	/* So deep that there is no room for a path left on this stack. */
	memset(deep, 1, sizeof(deep));
	__asm__ volatile("" : : "r"(deep) : "memory");
	handler_good = first_bytes("/replaced");
	handled = 1;
}

/* A handler that makes calls of its own, as often as it can. */
static void on_alarm(int signo)
{
	int kept = errno;

	(void)signo;
	if (access("/in-handler", F_OK) == 0)
		_exit(2);
	errno = kept;
}

static int case_interrupted(void)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 400; i++)
		if (access("/made-again", F_OK) == 0 || errno != ENOENT)
			return 1;
	return 0;
}

static int case_small_stack(void)
{
	stack_t alt = { .ss_sp = arena + 65536, .ss_size = 65536 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	memset(arena, 0x5a, sizeof(arena));
	first_bytes("/replaced");	/* what a dynamic linker does at a first call, is done */
	sigaltstack(&alt, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	for (size_t i = 0; i < 65536; i++)
		if (arena[i] != 0x5a || arena[2 * 65536 + i] != 0x5a)
			return 2;
	return !(handled && handler_good);
}

static int case_fork(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(!first_bytes("/replaced"));
	if (waitpid(pid, &status, 0) != pid || status || !first_bytes("/replaced"))
		return 1;
	pid = vfork();
	if (!pid)
		_exit(!first_bytes("/replaced"));
	if (waitpid(pid, &status, 0) != pid || status || !first_bytes("/replaced"))
		return 2;
	pid = fork();
	if (!pid)
		_exit(!first_bytes("/replaced"));
	return waitpid(pid, &status, 0) != pid || status ? 3 : 0;
}

static int case_two(void)
{
	struct stat st;
	int fd = open("a", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	close(fd);
	/* Both names are replaced: a → a, /replaced-too → b. */
	if (rename("a", "/replaced-too") < 0)
		return 1;
	return !(stat("b", &st) == 0 && stat("a", &st) < 0 && unlink("b") == 0);
}

/* A long path in read-only memory, and the longest there is. */
static int case_long(void)
{
	static char path[4096];

	memset(path, '/', sizeof(path) - 1);
	memcpy(path + sizeof(path) - 10, "replaced", 9);
	return !first_bytes(path);
}

static int case_exec(void)
{
	execl("/replaced-program", "names", "stack", (char *)NULL);
	return 126;
}

static int case_answered(void)
{
	struct stat st;

	return !(stat("/answered", &st) < 0 && errno == EDOM);
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "stack", case_stack }, { "threads", case_threads }, { "small-stack", case_small_stack },
	{ "interrupted", case_interrupted },
	{ "fork", case_fork }, { "two", case_two }, { "long", case_long }, { "exec", case_exec },
	{ "answered", case_answered },
};

int main(int argc, char **argv)
{
	alarm(60);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name))
			return cases[i].run();
	for (size_t i = 0; argc == 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
		puts(cases[i].name);
	return argc == 1 ? 0 : 2;
}
