/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What care run's options add to a command under the engine, however it entered the root:
 * -k, -p, -n, -l, -H and --sysvipc. The sinks stand behind those for paths and ids.
 */
#ifndef CORE_CMD_RUN_EXTRAS_H
#define CORE_CMD_RUN_EXTRAS_H

#include <stdbool.h>

#include "emul/uname/uname.h"

struct bus;
struct call;
struct engine_spec;
struct enter;
struct entry;
struct err;
struct links;
struct buf;
struct ports;
struct sysv;
struct task;

struct run_extras {
	struct uname_sink uname;
	struct links *links;
	struct ports *ports;
	struct sysv *sysv;
	char *links_dir;
};

/* Is any of them asked for? */
bool run_extras_wanted(const struct enter *how);

/* … any that the command cannot do without? Without -k it would run. */
bool run_extras_needed(const struct enter *how);

/* Before the root is entered: is what is asked for to be had there? 0 or −errno. */
int run_extras_check(const struct entry *entry, struct err *e);

/* Where a call's path lies on this machine: struct links_options. */
typedef int run_extras_host(void *ctx, struct task *t, const struct call *c, int i, struct buf *ret);

/*
 * Those that are asked for, onto @bus; what they must see, onto @spec: -l and -H, which are to
 * stand before the sink for ids, and all others. @host NULL: the command has our paths. 0 or
 * −errno; to be freed in any case, after the run.
 */
int run_extras_add_links(struct run_extras *x, const struct enter *how, run_extras_host *host, void *ctx,
			 struct engine_spec *spec, struct bus *bus, struct err *e);
int run_extras_add(struct run_extras *x, const struct enter *how, struct engine_spec *spec, struct bus *bus,
		   struct err *e);
void run_extras_free(struct run_extras *x);

#endif
