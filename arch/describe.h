/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch/syscalls.def in words, for those who want to know what is covered. */
#ifndef ARCH_DESCRIBE_H
#define ARCH_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/syscall.h"

struct buf;

struct describe {
	const struct syscall_row *row;
	const struct syscall_row *of;	/* a sub-call: of this one … */
	int arg;			/* … when this argument (0 = the first) … */
	uint32_t value;			/* … has this value; −1 is 0xffffffff */
};

/* All calls, each followed by its sub-calls. *cursor = 0 at first; false at the end. */
bool describe_next(size_t *cursor, struct describe *ret);

/* "openat", "socketcall(argument 1 is 2): bind", "utimensat(argument 2 is 0)". */
void describe_name(const struct describe *d, struct buf *ret);

/*
 * Its numbers, of the ABIs of abi_all that have it: "x86_64 257, i386 295"; for a
 * sub-call those of the call itself. Nothing when @abi (may be NULL: all) has none.
 */
void describe_numbers(const struct describe *d, const char *abi, struct buf *ret);

/*
 * What it names and what it does to it: "argument 2 from descriptor 1 (followed or not by
 * 4): meta". "" when it names nothing. Arguments are counted from 1.
 */
void describe_paths(const struct syscall_row *row, struct buf *ret);

#endif
