// SPDX-License-Identifier: GPL-2.0-or-later
/* Eight threads, each with a file to read and one to write; the initial thread ends first. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 8 };

static pthread_barrier_t start;
static pthread_t threads[THREADS];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *work(void *arg)
{
	int n = (intptr_t)arg;
	char in[32], temporary[32], out[32];
	unsigned long sum = 0, lines = 0, value;
	FILE *f;

	snprintf(in, sizeof(in), "in.%d", n);
	snprintf(temporary, sizeof(temporary), "tmp.%d", n);
	snprintf(out, sizeof(out), "out.%d", n);
	pthread_barrier_wait(&start);
	f = fopen(in, "r");
	if (!f)
		fail(in);
	while (fscanf(f, "%lu", &value) == 1) {
		struct stat st;

		if (++lines % 100 == 0 && stat(in, &st) < 0)
			fail(in);
		sum += value;
	}
	fclose(f);
	f = fopen(temporary, "w");
	if (!f || fprintf(f, "%lu lines, sum %lu\n", lines, sum) < 0 || fclose(f) != 0)
		fail(temporary);
	if (rename(temporary, out) < 0)
		fail(out);
	return NULL;
}

/* Outlives main(), and what it says is the last thing said. */
static void *last(void *arg)
{
	FILE *f;

	(void)arg;
	for (int n = 0; n < THREADS; n++)
		pthread_join(threads[n], NULL);
	usleep(50000);
	f = fopen("last", "w");
	if (!f || fputs("all done\n", f) < 0 || fclose(f) != 0)
		fail("last");
	puts("all done");
	fflush(stdout);
	_exit(6);
}

int main(void)
{
	pthread_t end;

	pthread_barrier_init(&start, NULL, THREADS);
	for (intptr_t n = 0; n < THREADS; n++)
		if (pthread_create(&threads[n], NULL, work, (void *)n) != 0)
			fail("pthread_create");
	if (pthread_create(&end, NULL, last, NULL) != 0)
		fail("pthread_create");
	pthread_exit(NULL);
}
