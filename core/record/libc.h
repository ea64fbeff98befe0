/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which C library the recorded programs used: it decides on which kernels they can run. */
#ifndef CORE_RECORD_LIBC_H
#define CORE_RECORD_LIBC_H

struct objects;

/* "glibc 2.36", "musl", or NULL when no program was dynamic. The caller frees. */
char *libc_of(struct objects *t);

#endif
