// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Ctrl-C reaches the whole foreground group: the command decides what it means,
 * and care stays to finish the archive. So such signals are only counted here.
 */
#include <signal.h>

#include "core/cmd/cmd.h"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static struct sigaction before[ARRAY_SIZE(caught)];
static bool is_catching;
static volatile sig_atomic_t signals_count, signals_last;

static void note_signal(int sig)
{
	signals_count++;
	signals_last = sig;
}

void cmd_signals_catch(void)
{
	struct sigaction sa = { .sa_handler = note_signal };

	for (size_t i = 0; i < ARRAY_SIZE(caught); i++) {
		sigaction(caught[i], NULL, &before[i]);
		/* nohup's and a background shell's choice to ignore them stays. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &sa, NULL);
	}
	is_catching = true;
}

void cmd_signals_restore(void)
{
	for (size_t i = 0; is_catching && i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &before[i], NULL);
	is_catching = false;
}

int cmd_signals_count(void)
{
	return signals_count;
}

int cmd_signals_last(void)
{
	return signals_last;
}
