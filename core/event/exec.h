/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new image that has not run yet, and the calls that sinks have it make before it
 * does. At EVENT_EXEC they add calls, and the bytes that these point at; when they were
 * made EVENT_BEGIN says with what results, and the image begins where it then says.
 *
 * EVENT_BEGIN comes only if there were calls, and not if the task is killed in between.
 * The calls are no events. Nothing of them is left in the image but what they did: its
 * registers, its memory and its stack are those that the kernel made.
 */
#ifndef CORE_EVENT_EXEC_H
#define CORE_EVENT_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/syscall.h"
#include "core/base/buf.h"
#include "core/event/patch.h"

struct abi;

/* As argument 0 or 4 of a call: what the first call gave, so the descriptor of what it opened. */
#define EVENT_FIRST_RESULT 0xffffffffca7eca7eull

struct event_call {
	enum syscall_id id;	/* that the ABI has, else the image is refused */
	uint64_t args[SYSCALL_ARGS];	/* registers, as the image's ABI passes them */
	unsigned in_bytes;	/* those of them (a bit each) that are offsets into the bytes */
	int64_t result;		/* BEGIN: value or −errno */
};

struct event_exec {
	const struct abi *abi;	/* of the image's code; NULL: the task is gone, or is no such thing */
	pid_t caller;		/* who called execve(2): of a thread's, not the task's own id */
	uint64_t sp, ip;	/* where it begins; at both events a sink may have it begin elsewhere */
	struct buf calls;	/* struct event_call each, in the order in which they are made */
	struct patch patch;	/* bytes and pointers only: there while the calls are made */

	/*
	 * It cannot begin: it ends by SIGSEGV before it has run, as the kernel ends what
	 * it finds it cannot load past the point where execve(2) could still fail.
	 */
	bool refused;
};

void exec_reset(struct event_exec *x);		/* keeps its memory */
void exec_free(struct event_exec *x);
int exec_error(const struct event_exec *x);	/* 0 or -ENOMEM, of all that was added */

/* @args, @in_bytes: as in struct event_call. */
void exec_call(struct event_exec *x, enum syscall_id id, unsigned in_bytes,
	       const uint64_t args[SYSCALL_ARGS]);
/* All of them. */
struct event_call *exec_calls(const struct event_exec *x, size_t *ret_n);

#endif
