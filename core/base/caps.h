/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that care likes to have and does without: asked by making them, never
 * by comparing versions. tests/deny refuses them one by one.
 */
#ifndef CORE_BASE_CAPS_H
#define CORE_BASE_CAPS_H

#include <stddef.h>

struct caps_answer {
	const char *name;	/* of the call */
	const char *use;	/* what it is good for, and since which Linux it exists */
	int error;		/* 0: works; else −errno */
	char why[160];		/* what is done instead, "" when it works */
};

/* Ask for the @i-th call, from 0; 0, or -ENOENT beyond the last. May fork for a moment. */
int caps_ask(size_t i, struct caps_answer *ret);

#endif
