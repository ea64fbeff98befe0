/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places to bind over that a root lacks: made before a command runs in it and removed
 * after the last process, without trace. Directories get their times back, nothing that
 * was there or that the command put there is removed. Runs in the same root share what
 * they made; the last one removes it. What a killed run left is removed by the next.
 */
#ifndef CORE_REPLAY_POINTS_H
#define CORE_REPLAY_POINTS_H

#include <stdbool.h>
#include <stddef.h>

struct binds;
struct err;
struct points;

struct points_lack {		/* one that cannot be made */
	const char *guest;	/* the topmost name that is missing; of the points */
	int error;		/* why: −errno */
};

/*
 * For all of @b that is BINDS_MISSING, and the canonical directory @more (may be NULL). With
 * @none nothing is made: all of them lack. 0, or −errno with a sentence only if memory or
 * descriptors are short.
 */
int points_make(struct points **ret, const struct binds *b, const char *more, bool none,
		struct err *e);

/* Those that could not be made, e.g. in a root that cannot be written; *ret_n of them. */
const struct points_lack *points_lacks(const struct points *p, size_t *ret_n);

/* After the last process: remove what is ours and nobody else's run uses. NULL is none. */
void points_remove(struct points *p);

#endif
