// SPDX-License-Identifier: GPL-2.0-or-later
/* SIGXFSZ and SIGPIPE come as errors of the call, not as an end of the process. */
#include "core/archive/guard.h"

#include <time.h>

struct out_guard out_guard_begin(void)
{
	struct out_guard g;
	sigset_t pending;

	/* One that was pending before is somebody else's. */
	sigemptyset(&g.ours);
	sigpending(&pending);
	if (!sigismember(&pending, SIGXFSZ))
		sigaddset(&g.ours, SIGXFSZ);
	if (!sigismember(&pending, SIGPIPE))
		sigaddset(&g.ours, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &g.ours, &g.old);
	return g;
}

void out_guard_end(struct out_guard *g)
{
	const struct timespec now = { 0 };

	while (sigtimedwait(&g->ours, NULL, &now) > 0)
		;
	pthread_sigmask(SIG_SETMASK, &g->old, NULL);
}
