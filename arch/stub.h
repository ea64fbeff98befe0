/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that a task runs to make system calls that another has written down for it. It may
 * lie at any address, begins with its first instruction, needs nothing but the stack
 * pointer, and writes nothing but the table at which that points: entries of STUB_WORDS
 * words of the ABI each.
 *
 * It makes the calls in order until it meets a negative number, and there it breaks
 * (SIGTRAP). All registers are its own.
 */
#ifndef ARCH_STUB_H
#define ARCH_STUB_H

#include <stddef.h>
#include <stdint.h>

struct stub {
	const uint8_t *code;
	size_t len;		/* no more than STUB_MAX */
};

#define STUB_MAX 96
#define STUB_ALIGN 4		/* suffices for every machine */

/* An entry: */
enum {
	STUB_FIRST,		/* the first call's result, for the stub; STUB_FIRST_RESULT in the first */
	STUB_NR,
	STUB_ARGS,		/* six registers */
	STUB_RESULT = STUB_ARGS + 6,
	STUB_WORDS
};

/* As argument 0 or 4: the result of the first call. Of a 32-bit ABI the lower half. */
#define STUB_FIRST_RESULT 0xffffffffca7eca7eull

/* NULL where there is none: x32, and machines that do not exist. */
extern const struct stub stub_x86_64, stub_i386, stub_arm, stub_arm64;

#endif
