/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the choice of an engine (engine.c) and the ptrace engines (ptrace.c). */
#ifndef CORE_ENGINE_RUN_H
#define CORE_ENGINE_RUN_H

struct bus;
struct engine_probe;
struct engine_result;
struct engine_spec;
struct err;
struct filter_pass;
struct sock_fprog;

/*
 * @path: of the program, as launch_find() gave it; @filter NULL: stop at every call; @pass:
 * what the filter knows our own calls by, or NULL.
 */
int ptrace_run(const struct engine_spec *spec, const char *path, const struct engine_probe *probe,
	       const struct sock_fprog *filter, const struct filter_pass *pass, struct bus *bus,
	       struct engine_result *ret, struct err *e);

#endif
