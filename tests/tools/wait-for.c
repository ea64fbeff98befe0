// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command that tells its pid on descriptor 3 and then waits:
 *
 *   wait-for signals N       for N signals; prints each name and how often it came
 *   wait-for nothing         for ever
 *   wait-for leave           in a child, for ever; the command itself exits 7
 *   wait-for kill-group PGID NAME   sends the signal to the group, and ends
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	int signo;
} signals[] = { { "TERM", SIGTERM }, { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT } };

static volatile sig_atomic_t counts[4], total;

static void on_signal(int signo)
{
	for (int i = 0; i < 4; i++)
		if (signals[i].signo == signo)
			counts[i]++;
	total++;
}

static int tell(void)
{
	if (dprintf(3, "%d\n", (int)getpid()) < 0)
		return -1;
	close(3);
	return 0;
}

static int wait_for_signals(int n)
{
	struct timespec a_bit = { 0, 300000000 };
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	for (int i = 0; i < 4; i++)
		signal(signals[i].signo, on_signal);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (tell() < 0)
		return 1;
	while (total < n)
		sigsuspend(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	nanosleep(&a_bit, NULL);	/* one that came twice shows itself here */
	for (int i = 0; i < 4; i++)
		if (counts[i])
			printf("%s %d\n", signals[i].name, (int)counts[i]);
	return 0;
}

static int kill_group(const char *pgid, const char *name)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp(signals[i].name, name))
			return kill(-atoi(pgid), signals[i].signo) < 0;
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "signals"))
		return wait_for_signals(atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "kill-group"))
		return kill_group(argv[2], argv[3]);
	if (argc == 2 && !strcmp(argv[1], "leave") && fork())
		return 7;
	alarm(60);	/* not inherited by fork */
	if (tell() < 0)
		return 1;
	for (;;)
		pause();
}
