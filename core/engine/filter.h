/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp filter that stops tracees at calls of interest and at nothing else,
 * made from arch/syscalls.def and the number tables.
 */
#ifndef CORE_ENGINE_FILTER_H
#define CORE_ENGINE_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/syscall.h"

/* SECCOMP_RET_DATA of our stops: tells them from those of the program's own filters. */
#define FILTER_DATA 0xca7e

/* Among the classes: filter_fstat_flags() are no reason to let a call pass. */
#define FILTER_EVERY_FSTAT (1u << 31)
/* … and without SYSCALL_TASK: of those that make a task the ones that filter_task_flags() tell. */
#define FILTER_TASK_FLAGS (1u << 30)

/*
 * An openat(2) that has these in its fifth and sixth argument, which the kernel does not
 * look at, is the engine's own and passes: it costs each program that is started a stop.
 * Of a 32-bit ABI the lower halves.
 */
struct filter_pass {
	uint64_t words[2];
};

/*
 * … of this very process: of a care inside another both have a filter, and the kernel tells
 * the data of the younger one only.
 */
uint32_t filter_own_data(void);
void filter_mark(struct sock_fprog *f, uint32_t data);	/* instead of FILTER_DATA */

/*
 * Stop (SECCOMP_RET_TRACE) at calls of @classes (SYSCALL_BIT of enum syscall_class),
 * and at numbers and architectures that no table has; allow everything else. The
 * caller frees ret->filter. @pass may be NULL. 0, -ENOMEM, or -E2BIG when the kernel would
 * not take it.
 */
int filter_build(unsigned classes, const struct filter_pass *pass, struct sock_fprog *ret);

/*
 * fstat(3) of glibc 2.33 to 2.38 is newfstatat(fd, "", …, AT_EMPTY_PATH), and one in
 * nine of a build's stops: what the descriptor is open on was seen when it was opened.
 * A filter cannot read the path, so those flags alone decide; a program that gives
 * exactly them and a name that is not empty is not known.
 * Who wants calls by descriptor too (SYSCALL_FDMETA) gets those as well.
 */
uint32_t filter_fstat_flags(enum syscall_id id);	/* 0: not such a call */
/*
 * fork(2) and vfork(2) say nothing, and clone(2) only by its flags: these, of namespaces and
 * CLONE_UNTRACED. clone3(2) has them in memory, where a filter cannot look.
 */
uint32_t filter_task_flags(void);
/* Is that, with FILTER_TASK_FLAGS, one to stop at? */
bool filter_adds_task(unsigned classes, const struct syscall_row *row, const uint64_t *args);
bool filter_leaves_out(unsigned classes, const struct syscall_row *row, const uint64_t *args);

#endif
