/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of the guard. */
#ifndef EMUL_GUARD_FILTER_H
#define EMUL_GUARD_FILTER_H

struct sock_fprog;

/*
 * Ask (SECCOMP_RET_USER_NOTIF) at calls that open or execute a file by name; io_uring,
 * which would open without a call, does not exist; all else is allowed. The caller
 * frees ret->filter. 0 or -ENOMEM.
 */
int guard_filter(struct sock_fprog *ret);

#endif
