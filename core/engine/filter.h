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

/*
 * … of this very process: of a care inside another both have a filter, and the kernel tells
 * the data of the younger one only.
 */
uint32_t filter_own_data(void);
void filter_mark(struct sock_fprog *f, uint32_t data);	/* instead of FILTER_DATA */

/*
 * Stop (SECCOMP_RET_TRACE) at calls of @classes (SYSCALL_BIT of enum syscall_class),
 * and at numbers and architectures that no table has; allow everything else. The
 * caller frees ret->filter. 0, -ENOMEM, or -E2BIG when the kernel would not take it.
 */
int filter_build(unsigned classes, struct sock_fprog *ret);

/*
 * fstat(3) of glibc 2.33 to 2.38 is newfstatat(fd, "", …, AT_EMPTY_PATH), and one in
 * nine of a build's stops: what the descriptor is open on was seen when it was opened.
 * A filter cannot read the path, so those flags alone decide; a program that gives
 * exactly them and a name that is not empty is not known.
 * Who wants calls by descriptor too (SYSCALL_FDMETA) gets those as well.
 */
uint32_t filter_fstat_flags(enum syscall_id id);	/* 0: not such a call */
bool filter_leaves_out(unsigned classes, const struct syscall_row *row, const uint64_t *args);

#endif
