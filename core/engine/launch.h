/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the initial command: finds it, forks, waits to be seized, filters itself, executes. */
#ifndef CORE_ENGINE_LAUNCH_H
#define CORE_ENGINE_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

struct engine_spec;
struct err;
struct sock_fprog;

struct launch {
	pid_t pid;
	int go;		/* written once the child may go on */
	int report;	/* tells why it could not */
};

#define LAUNCH_INIT ((struct launch){ .pid = -1, .go = -1, .report = -1 })

void launch_close(struct launch *l);

/*
 * Where the shell would find @name: a name with a slash is itself, else the first
 * executable regular file of that name in $PATH of @envp. -ENOENT, or -EACCES when
 * only files that may not be executed were found. The caller frees.
 */
int launch_find(const char *name, char *const *envp, char **ret_path);

/* Forks a child that waits. @filter NULL: none. */
int launch_fork(const struct engine_spec *spec, const char *path, const struct sock_fprog *filter,
		struct launch *ret, struct err *e);
int launch_go(struct launch *l);

/* Stages of the child that can fail. */
enum launch_stage { LAUNCH_OK, LAUNCH_CHILD, LAUNCH_FILTER, LAUNCH_EXEC };

/* After the child's end or its execve: what failed (LAUNCH_OK: nothing) and its −errno. */
enum launch_stage launch_report(struct launch *l, int *ret_error);

/* Put the filter on the calling task, without no_new_privs where that is allowed. 0 or −errno. */
int launch_filter(const struct sock_fprog *filter);

#endif
