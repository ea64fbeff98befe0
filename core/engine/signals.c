// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * waitpid(2) has no variant that unblocks signals atomically, so a signal that
 * comes between the look at its flag and the wait would be noticed only at the
 * next stop. The handler therefore starts a repeating timer: the wait that it
 * missed is interrupted a little later.
 */
#include "core/engine/signals.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include "core/base/mem.h"
#include "core/engine/engine.h"

#define NUDGE_MS 50

/* What care does with each, and how its disposition was before. */
enum act { ACT_DEFAULT, ACT_IGNORE, ACT_FORWARD, ACT_TICK };

static struct taken {
	int signo;
	enum act act;
	struct sigaction old;
} taken[] = {
	{ .signo = SIGINT, .act = ACT_FORWARD },
	{ .signo = SIGQUIT, .act = ACT_FORWARD },
	{ .signo = SIGTERM, .act = ACT_FORWARD },
	{ .signo = SIGHUP, .act = ACT_FORWARD },
	{ .signo = SIGUSR1, .act = ACT_FORWARD },
	{ .signo = SIGUSR2, .act = ACT_FORWARD },
	{ .signo = SIGWINCH, .act = ACT_FORWARD },
	{ .signo = SIGALRM, .act = ACT_TICK },		/* our timer's, and forwarded as well */
	{ .signo = SIGCHLD, .act = ACT_DEFAULT },	/* SIG_IGN would reap our tracees for us */
	{ .signo = SIGPIPE, .act = ACT_IGNORE },	/* an archive written to a pipe: EPIPE */
	{ .signo = SIGXFSZ, .act = ACT_IGNORE },	/* one that meets ulimit -f: EFBIG */
};

static bool is_taken;
static sigset_t old_mask;
static volatile sig_atomic_t pending, last_signo;
static volatile unsigned interrupts;
static volatile int forward_signo[SIGNALS_SLOTS];
static volatile pid_t forward_sender[SIGNALS_SLOTS];

static void timer_every(unsigned ms)
{
	struct timeval every = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct itimerval timer = { .it_interval = every, .it_value = every };

	setitimer(ITIMER_REAL, &timer, NULL);
}

int signals_slot(int signo)
{
	for (int i = 0; i < SIGNALS_SLOTS; i++)
		if (taken[i].signo == signo)
			return i;
	return -1;
}

/* Somebody is in a hurry: what lives on when the command has ended is then ended too. */
static bool is_interrupt(int signo)
{
	return signo == SIGINT || signo == SIGQUIT || signo == SIGTERM || signo == SIGHUP;
}

static void on_signal(int signo, siginfo_t *info, void *context)
{
	int slot = signals_slot(signo);

	(void)context;
	pending = 1;
	if (is_interrupt(signo)) {
		last_signo = signo;
		interrupts++;
	}
	/*
	 * What the kernel sends (terminal, hang-up, our timer) it sends to the whole foreground
	 * group, so the command has it already; what a process sends may be for us only,
	 * and so is the hang-up of a terminal whose session we lead.
	 */
	if (info->si_code <= 0 || (signo == SIGHUP && getsid(0) == getpid())) {
		forward_signo[slot] = signo;
		forward_sender[slot] = info->si_pid;
	} else if (signo == SIGALRM) {
		return;
	}
	timer_every(NUDGE_MS);
}

void signals_take(void)
{
	struct sigaction sa;
	sigset_t mask;

	interrupts = 0;
	pending = 0;
	last_signo = 0;
	memset((void *)forward_signo, 0, sizeof(forward_signo));
	sigprocmask(SIG_SETMASK, NULL, &old_mask);
	mask = old_mask;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		struct taken *t = &taken[i];

		sigaction(t->signo, NULL, &t->old);
		memset(&sa, 0, sizeof(sa));
		sigfillset(&sa.sa_mask);
		sa.sa_handler = t->act == ACT_IGNORE ? SIG_IGN : SIG_DFL;
		if (t->act >= ACT_FORWARD) {
			sa.sa_flags = SA_SIGINFO;	/* no SA_RESTART: waitpid() must return */
			sa.sa_sigaction = on_signal;
		}
		/* nohup, or a background job of a shell without job control: stays so. */
		if (t->act == ACT_FORWARD && t->old.sa_handler == SIG_IGN)
			continue;
		sigaction(t->signo, &sa, NULL);
		sigdelset(&mask, t->signo);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	is_taken = true;
}

static sigset_t held_mask;

void signals_hold(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &held_mask);
}

void signals_release(void)
{
	sigprocmask(SIG_SETMASK, &held_mask, NULL);
}

void signals_inherit(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		sigaction(taken[i].signo, &taken[i].old, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

void engine_signals_restore(void)
{
	if (!is_taken)
		return;
	is_taken = false;
	timer_every(0);
	signals_inherit();
}

void signals_tick(unsigned ms)
{
	timer_every(ms);
}

bool signals_pending(void)
{
	bool was = pending;

	pending = 0;
	return was;
}

int signals_forward(pid_t *ret_sender)
{
	for (int slot = 0; slot < SIGNALS_SLOTS; slot++) {
		int signo = forward_signo[slot];

		if (!signo)
			continue;
		*ret_sender = forward_sender[slot];
		forward_signo[slot] = 0;
		return signo;
	}
	return 0;
}

unsigned engine_interrupts(int *ret_signo)
{
	if (ret_signo)
		*ret_signo = last_signo;
	return interrupts;
}
