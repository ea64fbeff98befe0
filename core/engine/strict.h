/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp's strict mode for programs that have our filter already. */
#ifndef CORE_ENGINE_STRICT_H
#define CORE_ENGINE_STRICT_H

#define STRICT_DATA 0xca7f	/* SECCOMP_RET_DATA of its stops; FILTER_DATA is of ours */

struct call;
struct tracee;

/*
 * At the entry of a call that asks for strict mode, which the kernel refuses to tasks
 * with a filter: let it install a filter that means the same. 0 or −errno.
 */
int strict_instead(struct tracee *t, const struct call *call);

#endif
