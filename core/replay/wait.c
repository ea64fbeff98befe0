// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys at the terminal reach the command by themselves: it is in our process group or
 * holds the terminal. So only what somebody sends to us alone is handed on. If the
 * command is stopped we stop too, so that the shell above us sees a stopped job.
 */
#include "core/replay/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define SURVIVORS_MS 5000	/* then those that live on are told (decision 8) */

static const int handed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

static pid_t terminal_group = -1;	/* who had the terminal before */

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++)
		sigaddset(set, handed_on[i]);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTSTP);
	sigaddset(set, SIGTTOU);
	sigaddset(set, SIGTTIN);
	sigaddset(set, SIGCONT);
}

int wait_prepare(sigset_t *ret_mask, struct err *e)
{
	sigset_t set;

	/* An ignored SIGCHLD, inherited, would reap for us. */
	signal(SIGCHLD, SIG_DFL);
	fill(&set);
	if (sigprocmask(SIG_BLOCK, &set, ret_mask) < 0)
		return err_set(e, -errno, "hold back signals");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	terminal_group = tcgetpgrp(STDIN_FILENO);
	return 0;
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static bool is_end(uint32_t signo)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if ((uint32_t)ends[i] == signo)
			return true;
	return false;
}

bool wait_interrupted(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct sigaction how;

		/* What is ignored waits as well while it is held back. */
		if (sigismember(&pending, ends[i]) == 1 && sigaction(ends[i], NULL, &how) == 0 &&
		    how.sa_handler != SIG_IGN)
			return true;
	}
	return false;
}

struct waiter {
	const struct wait_how *how;
	int signals;
	int status;
	bool ended, killed, told;
	bool done[WAIT_SOURCES];
};

static void kill_all(struct waiter *w)
{
	/* Our children only: each that dies leaves us its own. */
	_cleanup_free_ char *path = NULL;
	FILE *f;
	int pid;

	w->killed = true;
	if (asprintf(&path, "/proc/self/task/%d/children", (int)getpid()) < 0)
		return;
	f = fopen(path, "re");	/* Linux 3.5 with CONFIG_PROC_CHILDREN */
	while (f && fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (f)
		fclose(f);
}

/*
 * A stopped command: stop as well; when somebody continues us, so does it. A shell's fg
 * has continued it already, and it may have been stopped again before we run: SIGCONT
 * would undo that. A stop or a start that is still to be told is one after this stop.
 */
static void stop_too(struct waiter *w, pid_t pid)
{
	siginfo_t moved = { 0 };

	if (pid != w->how->pid)
		return;
	kill(getpid(), SIGSTOP);
	if (waitid(P_PID, (id_t)pid, &moved, WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) < 0 || !moved.si_pid)
		kill(pid, SIGCONT);
}

/* 1 when nobody is left. */
static int reap(struct waiter *w)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED);

		if (pid == 0)
			return 0;
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 1;
		if (WIFSTOPPED(status)) {
			stop_too(w, pid);
			continue;
		}
		if (pid == w->how->pid) {
			w->ended = true;
			w->status = status;
		}
		if (w->ended && (w->how->kill_others || w->killed))
			kill_all(w);
	}
}

/* Keys go to the whole foreground group, a hang-up first to the leader of the session. */
static bool is_for_us_alone(const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER || info->ssi_code == SI_QUEUE || info->ssi_code == SI_TKILL ||
	       (info->ssi_signo == SIGHUP && getsid(0) == getpid());
}

static void take_signal(struct waiter *w)
{
	struct signalfd_siginfo info;

	if (io_read_full(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGCONT:
		return;
	}
	if (w->ended) {
		/* Only what lives on is left to mean. */
		if (is_end(info.ssi_signo))
			kill_all(w);
	} else if (is_for_us_alone(&info)) {
		kill(w->how->pid, (int)info.ssi_signo);
	}
}

static void read_sources(struct waiter *w, const struct pollfd *fds)
{
	for (int i = 0; i < w->how->n_sources; i++)
		if (fds[i].revents && !w->how->sources[i].readable(w->how->sources[i].ctx))
			w->done[i] = true;
}

static int round_of(struct waiter *w)
{
	struct pollfd fds[1 + WAIT_SOURCES] = { { .fd = w->signals, .events = POLLIN } };
	int n;

	for (int i = 0; i < w->how->n_sources; i++)
		fds[1 + i] = (struct pollfd){
			.fd = w->done[i] ? -1 : w->how->sources[i].fd, .events = POLLIN,
		};
	n = poll(fds, 1 + w->how->n_sources, w->ended && !w->told ? SURVIVORS_MS : -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0) {
		w->told = true;
		log_warn("the command has ended, but programs that it started run on; waiting for them "
			 "(Ctrl-C ends them)");
	}
	read_sources(w, fds + 1);
	if (fds[0].revents)
		take_signal(w);
	return 0;
}

int wait_for(const struct wait_how *how, int *ret_status, struct err *e)
{
	struct waiter w = { .how = how };
	_cleanup_close_ int signals = -1;
	sigset_t set;
	int r = 0;

	fill(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_set(e, -errno, "wait for the command");
	w.signals = signals;
	while (r == 0 && !reap(&w))
		r = round_of(&w);
	if (r < 0)
		return err_set(e, r, "wait for the command");
	*ret_status = w.status;
	return 0;
}

void wait_finish(const sigset_t *mask)
{
	static const struct timespec now;
	sigset_t set;
	pid_t holder = tcgetpgrp(STDIN_FILENO);

	/* A shell that took the terminal and died did not give it back. SIGTTOU is held. */
	if (terminal_group == getpgrp() && holder != terminal_group && holder != -1)
		tcsetpgrp(STDIN_FILENO, terminal_group);
	/* What came for the command is not for us. */
	fill(&set);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	if (mask)
		sigprocmask(SIG_SETMASK, mask, NULL);
}

int wait_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
