/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which engine works here, found by running a child under it. */
#ifndef CORE_ENGINE_PROBE_H
#define CORE_ENGINE_PROBE_H

#include <stdbool.h>

struct err;

struct engine_probe {
	int seize;		/* PTRACE_SEIZE works: 0, else −errno */
	int filter;		/* a seccomp filter is accepted and stops: 0, else −errno */
	bool privileged;	/* … without no_new_privs: set-uid programs keep their privilege */
	bool reads_all;		/* CAP_SYS_PTRACE: undumpable programs can be read too */
	bool entry_after;	/* before Linux 4.8 the entry stop comes after the seccomp stop */
	int syscall_info;	/* PTRACE_GET_SYSCALL_INFO (5.3): 0, else −errno */
	char why_seize[160];	/* sentences, "" when it works */
	char why_filter[160];
};

/* Forks once or twice; takes some hundred microseconds. −errno only if it cannot fork. */
int engine_probe(struct engine_probe *ret, struct err *e);

#endif
