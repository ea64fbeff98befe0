/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a call gets instead of some of its arguments: bytes that are put into the
 * tracee, at an address not known before all of them are, and registers.
 */
#ifndef CORE_ENGINE_PATCH_H
#define CORE_ENGINE_PATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/event/call.h"

struct task;

#define PATCH_REGS (2 * CALL_PATHS)
#define PATCH_POINTERS (2 * CALL_PATHS)

struct patch {
	struct buf bytes;
	struct {
		int reg;
		uint64_t value;
		bool in_bytes;		/* an offset into them, and not a value */
	} regs[PATCH_REGS];
	int n_regs;
	/* Words of the bytes that are offsets into them, and become pointers. */
	struct { uint64_t at; unsigned size; } pointers[PATCH_POINTERS];
	int n_pointers;
	uint64_t block;			/* socketcall's arguments, copied to there; 0 = not yet */
};

/* Register @reg := @value, which is an offset into the bytes or not. 0 or −E2BIG. */
int patch_reg(struct patch *p, int reg, uint64_t value, bool in_bytes);

/*
 * rewrite_socket.c: @path instead of the path in the socket address that the call
 * passes. −ENAMETOOLONG, −EOPNOTSUPP (sendmmsg), −EFAULT, -ENOMEM.
 */
int patch_socket(struct patch *p, const struct task *t, const struct call *c, const char *path);

/* Now that they come to @addr: offsets become addresses. */
void patch_settle(struct patch *p, uint64_t addr);

#endif
