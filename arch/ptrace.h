/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of ptrace(2) that one architecture alone has, and single steps: what must be
 * known to carry them out for a tracee that traces others.
 */
#ifndef ARCH_PTRACE_H
#define ARCH_PTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/regs.h"

/* What the kernel does with memory of the caller. */
enum ptrace_memory {
	PTRACE_NOTHING,		/* addr and data are values */
	PTRACE_WRITES,		/* writes size bytes to data */
	PTRACE_READS,		/* reads size bytes from data */
	PTRACE_WRITES_ADDR,	/* writes size bytes to addr */
};

struct ptrace_form {
	int request;
	enum ptrace_memory memory;
	size_t size;
};

/* Of requests that are not the same everywhere; false: this machine has none such. */
bool ptrace_arch_form(int request, uint64_t addr, uint64_t data, struct ptrace_form *ret);

/*
 * The same of a tracer whose words have 32 bits where ours have 64: a set of registers (NT_*)
 * of a task like it has what the request is about; 0: our own request is the same.
 */
struct ptrace_compat {
	int request;
	enum ptrace_memory memory;
	unsigned set;
	size_t size;
};

bool ptrace_compat_form(int request, struct ptrace_compat *ret);
size_t ptrace_compat_registers(void);	/* of NT_PRSTATUS */

/* What lies at @addr of such a tracer's struct user: */
enum ptrace_user {
	PTRACE_USER_NONE,
	PTRACE_USER_ZERO,	/* nothing any more */
	PTRACE_USER_REGISTER,	/* a word of NT_PRSTATUS, at *ret_at */
	PTRACE_USER_NATIVE,	/* what our own struct user has at *ret_at */
};
enum ptrace_user ptrace_compat_user(uint64_t addr, uint64_t *ret_at);

/* Does the tracee, which stands outside of a call, make one by its next instruction? */
bool ptrace_at_call(pid_t tid, const struct regs *r);

#endif
