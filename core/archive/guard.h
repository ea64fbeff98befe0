/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A write beyond `ulimit -f` or into a closed pipe raises a signal that by default
 * kills. Ignoring it would be inherited by the command that is being recorded, so both
 * are blocked while we write and taken back if they came (to this thread, that is).
 */
#ifndef CORE_ARCHIVE_GUARD_H
#define CORE_ARCHIVE_GUARD_H

#include <signal.h>

struct out_guard {
	sigset_t ours, old;
};

struct out_guard out_guard_begin(void);
void out_guard_end(struct out_guard *g);

/* For the rest of the block. */
#define _out_guard_ \
	_cleanup_(out_guard_end) __attribute__((unused)) struct out_guard guard_ = out_guard_begin()

#endif
