/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp filter that stops tracees at calls of interest and at nothing else,
 * made from arch/syscalls.def and the number tables.
 */
#ifndef CORE_ENGINE_FILTER_H
#define CORE_ENGINE_FILTER_H

#include <linux/filter.h>

/* SECCOMP_RET_DATA of our stops: tells them from those of the program's own filters. */
#define FILTER_DATA 0xca7e

/*
 * Stop (SECCOMP_RET_TRACE) at calls of @classes (SYSCALL_BIT of enum syscall_class),
 * and at numbers and architectures that no table has; allow everything else. The
 * caller frees ret->filter. 0, -ENOMEM, or -E2BIG when the kernel would not take it.
 */
int filter_build(unsigned classes, struct sock_fprog *ret);

#endif
