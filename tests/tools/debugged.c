// SPDX-License-Identifier: GPL-2.0-or-later
/* debugged aborts|visits|quits: what tests/cli/nested.sh lets a debugger look at. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static long shared = 40;

static __attribute__((noinline)) void visit(long n)
{
	__atomic_add_fetch(&shared, n, __ATOMIC_SEQ_CST);
}

static void *visitor(void *arg)
{
	visit((long)arg);
	return NULL;
}

/* Threads and a child come by. */
static void visits(void)
{
	pthread_t threads[4];
	int status;
	pid_t pid;

	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, visitor, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pid = fork();
	if (!pid) {
		visit(5);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	visit(6);
	printf("shared %ld, the child %d\n", shared, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "aborts"))
		abort();
	if (argc == 2 && !strcmp(argv[1], "visits"))
		visits();
	return 9;
}
