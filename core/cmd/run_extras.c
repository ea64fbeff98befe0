// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cmd/run_extras.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/replay/enter.h"
#include "emul/links/links.h"
#include "emul/ports/ports.h"
#include "emul/sysv/sysv.h"

static bool changes_ports(const struct enter *how)
{
	return how->n_ports || how->high_ports || how->free_ports;
}

bool run_extras_wanted(const struct enter *how)
{
	return how->kernel || run_extras_needed(how);
}

bool run_extras_needed(const struct enter *how)
{
	return changes_ports(how) || how->links || how->hidden || how->sysvipc;
}

static int check_ports(const struct enter *how, struct err *e)
{
	for (size_t i = 0; i < how->n_ports; i++)
		for (size_t j = 0; j < i; j++)
			if (how->ports[j].inside == how->ports[i].inside &&
			    how->ports[j].outside != how->ports[i].outside)
				return err_set(e, -EEXIST, "-p: port %u is to be both %u and %u",
					       how->ports[i].inside, how->ports[j].outside,
					       how->ports[i].outside);
	return 0;
}

/* Segments are opened there. */
static int check_procfs(const struct entry *entry, struct err *e)
{
	struct binds_place place = { 0 };
	int r = binds_walk(&entry->binds, "/proc/self/fd", 0, &place);

	binds_place_clear(&place);
	return r < 0 ? err_set(e, r, "--sysvipc needs /proc in the root: -b /proc") : 0;
}

int run_extras_check(const struct entry *entry, struct err *e)
{
	int r = check_ports(entry->how, e);

	return r == 0 && entry->how->sysvipc ? check_procfs(entry, e) : r;
}

static int add(struct engine_spec *spec, struct bus *bus, struct sink *sink, unsigned classes, struct err *e)
{
	int r = bus_add(bus, sink);

	spec->classes |= classes;
	return r < 0 ? err_set(e, r, "follow the command's calls") : 0;
}

/* What a filter refuses our own one does not see. */
static void see_refused(struct engine_spec *spec, bool refused, const char *what)
{
	if (!refused || spec->kind != ENGINE_AUTO)
		return;
	log_info("%s is refused here: without a filter of ours its calls are seen all the same", what);
	spec->kind = ENGINE_PTRACE;
}

int run_extras_add_links(struct run_extras *x, const struct enter *how, run_extras_host *host, void *ctx,
			 struct engine_spec *spec, struct bus *bus, struct err *e)
{
	struct links_options o = { .links = how->links, .hide = how->hidden, .host = host, .ctx = ctx };

	if (!how->links && !how->hidden)
		return 0;
	if (how->links && how->links_dir && *how->links_dir) {
		x->links_dir = realpath(how->links_dir, NULL);
		if (!x->links_dir)
			return err_set(e, -errno, "-l: $PROOT_L2S_DIR is %s", how->links_dir);
		o.dir = x->links_dir;
	}
	if (how->links)
		see_refused(spec, links_refused(), "link(2)");
	x->links = links_new(&o);
	if (!x->links)
		return err_set(e, -ENOMEM, "keep hard links");
	return add(spec, bus, links_sink(x->links), links_classes(&o), e);
}

static int add_ports(struct run_extras *x, const struct enter *how, struct engine_spec *spec,
		     struct bus *bus, struct err *e)
{
	struct ports_options o = { .low = how->high_ports, .netcoop = how->free_ports };
	char word[32];
	int r;

	x->ports = ports_new(&o);
	if (!x->ports)
		return err_set(e, -ENOMEM, "change ports");
	for (size_t i = 0; i < how->n_ports; i++) {
		snprintf(word, sizeof(word), "%u:%u", how->ports[i].inside, how->ports[i].outside);
		r = ports_add(x->ports, word);
		if (r < 0)
			return err_set(e, r, "-p %s", word);
	}
	return add(spec, bus, ports_sink(x->ports), ports_classes(), e);
}

static int add_sysv(struct run_extras *x, struct engine_spec *spec, struct bus *bus, struct err *e)
{
	see_refused(spec, sysv_refused(), "System V IPC");
	x->sysv = sysv_new();
	if (!x->sysv)
		return err_set(e, -ENOMEM, "make System V IPC");
	return add(spec, bus, sysv_sink(x->sysv), sysv_classes(), e);
}

int run_extras_add(struct run_extras *x, const struct enter *how, struct engine_spec *spec, struct bus *bus,
		   struct err *e)
{
	int r = 0;

	if (how->sysvipc)
		r = add_sysv(x, spec, bus, e);
	if (r == 0 && changes_ports(how))
		r = add_ports(x, how, spec, bus, e);
	if (r == 0 && how->kernel) {
		uname_sink_init(&x->uname, how->kernel);
		r = add(spec, bus, &x->uname.sink, uname_classes(), e);
	}
	return r;
}

void run_extras_free(struct run_extras *x)
{
	links_free(x->links);
	free(x->links_dir);
	sysv_free(x->sysv);
	ports_free(x->ports);
}
