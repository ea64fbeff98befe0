// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * emulate [OPTION]... COMMAND...: runs it under the engine with the sinks of emul/ that
 * are named, and nothing else between it and the machine.
 *
 *   --plain            ptrace alone, without seccomp
 *   --port=IN:OUT --low --netcoop     emul/ports
 *   --sysvipc                         emul/sysv
 *   --links --hide                    emul/links, with $PROOT_L2S_DIR
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "emul/links/links.h"
#include "emul/ports/ports.h"
#include "emul/sysv/sysv.h"

static struct bus bus;
static struct engine_spec spec = { .kind = ENGINE_AUTO };

static void fail(const char *what)
{
	fprintf(stderr, "emulate: %s\n", what);
	exit(125);
}

static void add(struct sink *s, unsigned classes)
{
	bus_add(&bus, s);
	spec.classes |= classes | SYSCALL_BIT(SYSCALL_EXEC);
}

static struct ports *ports_of(int argc, char **argv)
{
	struct ports_options o = { 0 };
	struct ports *p;
	int wanted = 0;

	for (int i = 0; i < argc; i++) {
		o.low |= !strcmp(argv[i], "--low");
		o.netcoop |= !strcmp(argv[i], "--netcoop");
		wanted |= !strncmp(argv[i], "--port=", 7);
	}
	if (!wanted && !o.low && !o.netcoop)
		return NULL;
	p = ports_new(&o);
	for (int i = 0; p && i < argc; i++)
		if (!strncmp(argv[i], "--port=", 7) && ports_add(p, argv[i] + 7) < 0)
			fail(argv[i]);
	if (!p)
		fail("no memory");
	add(ports_sink(p), ports_classes());
	return p;
}

static struct sysv *sysv_of(int argc, char **argv)
{
	struct sysv *s = NULL;

	for (int i = 0; i < argc && !s; i++)
		if (!strcmp(argv[i], "--sysvipc") && !(s = sysv_new()))
			fail("no memory");
	if (s && sysv_refused())
		spec.kind = ENGINE_PTRACE;
	if (s)
		add(sysv_sink(s), sysv_classes());
	return s;
}

static struct links *links_of(int argc, char **argv)
{
	struct links_options o = { .dir = getenv("PROOT_L2S_DIR") };
	struct links *l;

	for (int i = 0; i < argc; i++) {
		o.links |= !strcmp(argv[i], "--links");
		o.hide |= !strcmp(argv[i], "--hide");
	}
	if (!o.links && !o.hide)
		return NULL;
	l = links_new(&o);
	if (!l)
		fail("no memory");
	add(links_sink(l), links_classes(&o));
	return l;
}

int main(int argc, char **argv)
{
	struct engine_result result;
	struct ports *ports;
	struct links *links;
	struct sysv *sysv;
	struct err e = { 0 };
	int n = 1, r;

	while (n < argc && !strncmp(argv[n], "--", 2))
		if (!strcmp(argv[n++], "--plain"))
			spec.kind = ENGINE_PTRACE;
	if (n == argc)
		fail("which command?");
	ports = ports_of(n, argv);
	links = links_of(n, argv);
	sysv = sysv_of(n, argv);
	spec.argv = argv + n;
	r = engine_run(&spec, &bus, &result, &e);
	engine_signals_restore();
	if (r < 0)
		fail(e.text);
	links_free(links);
	ports_free(ports);
	sysv_free(sysv);
	engine_result_free(&result);
	return engine_exit_code(result.status);
}
