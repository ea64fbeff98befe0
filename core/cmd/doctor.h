/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What care doctor asks this machine, and the answers. */
#ifndef CORE_CMD_DOCTOR_H
#define CORE_CMD_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#define DOCTOR_CHECKS 24

struct doctor_check {
	const char *area;	/* "record", "replay" */
	const char *name;
	const char *use;	/* what it is good for */
	bool ok;
	char why[256];		/* if it is not; or what was found */
};

struct doctor {
	struct doctor_check checks[DOCTOR_CHECKS];
	size_t n;
	const char *engine;	/* the best that works, NULL: none */
	const char *way;	/* how replays are entered, NULL: they are not */
};

/* Each tries the real thing in a child process; nothing is left behind. Recording first. */
void doctor_record(struct doctor *d);
void doctor_replay(struct doctor *d);

/* Another check; room is for all there are. */
struct doctor_check *doctor_add(struct doctor *d, const char *area, const char *name, const char *use);

#endif
