/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a call gets instead of some of its arguments until it returns: bytes that are
 * put into the tracee, at an address not known before all of them are, and values.
 * Sinks fill one in, engines carry it out; nothing of the program's own is changed.
 */
#ifndef CORE_EVENT_PATCH_H
#define CORE_EVENT_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/syscall.h"
#include "core/base/buf.h"

struct call;

struct patch_reg {
	int reg;
	uint64_t value;
	bool in_bytes;			/* an offset into them, and not a value */
};

struct patch_pointer {			/* a word of the bytes that is an offset into them */
	uint64_t at;
	unsigned size;
};

struct patch {
	enum syscall_id call;		/* another call of the same ABI; SYSCALL_NONE = the same */
	struct buf bytes;
	struct buf regs;		/* struct patch_reg each; of two for one register the later counts */
	struct buf pointers;		/* struct patch_pointer each */
	uint64_t block;			/* socketcall's arguments, copied to there; 0 = not yet */
};

#define PATCH_INIT { .call = SYSCALL_NONE }

void patch_reset(struct patch *p);	/* empty it, keep its memory */
void patch_free(struct patch *p);
bool patch_is_empty(const struct patch *p);
int patch_error(const struct patch *p);	/* 0 or -ENOMEM, of all that was added */

/* The offset at which @len bytes were added, aligned to 8 unless they are text. */
uint64_t patch_bytes(struct patch *p, const void *from, size_t len);
uint64_t patch_text(struct patch *p, const char *text);		/* with its NUL */
/* The @size bytes (a word of the ABI) at offset @at := @value. */
void patch_word(struct patch *p, uint64_t at, unsigned size, uint64_t value, bool in_bytes);

void patch_reg(struct patch *p, int reg, uint64_t value, bool in_bytes);
/* Argument @arg of the row of @c, wherever the ABI has it (socketcall: in memory). */
void patch_arg(struct patch *p, const struct call *c, int arg, uint64_t value, bool in_bytes);

/* Engines: the bytes come to @addr, so offsets become addresses. */
void patch_settle(struct patch *p, uint64_t addr);

#endif
