/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a replay came to what the recording had come to. */
#ifndef CORE_REPLAY_VERIFY_H
#define CORE_REPLAY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct replay;
struct replay_want;

enum verify_verdict {
	VERIFY_SAME,
	VERIFY_DIFFERS,
	VERIFY_MISSING,		/* recorded, not there now */
	VERIFY_EXTRA,		/* there now, not recorded: told, but no difference */
	VERIFY_UNKNOWN,		/* the recording does not say */
};

struct verify_item {
	const char *what;	/* "status", "stdout", "stderr", "file" */
	char *path;		/* of a file, else NULL */
	enum verify_verdict verdict;
	char *recorded, *now;	/* in words, or NULL */
};

struct verify {
	struct verify_item *items;
	size_t n;
	size_t differences;
};

/*
 * Replay as @want says and compare. *ret_refused as in replay_run(). -ENOEXEC and the
 * like of a command that could not be executed are a difference of status, no error.
 */
int verify_run(struct verify *ret, struct replay_want *want, bool *ret_refused, struct err *e);
void verify_clear(struct verify *v);

#endif
