// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * care run: enter a root file system without being root, with PRoot's options. Called
 * `proot` it is this too, so the re-execute.sh of old archives works with PROOT=.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/isolate.h"
#include "core/replay/enter.h"

struct run_options {
	const char *root, *root_host, *root_system, *qemu, *cwd, *kernel, *ids, *isolate;
	struct cmd_list binds;
	bool as_root, kill_on_exit;
};

#define OPTION(names, type, field, arg, help) CMD_OPTION(names, type, run_options, field, arg, help)

static const struct cmd_option options[] = {
	OPTION("r,rootfs", CMD_STRING, root, "DIR", "The new root (default: /)."),
	OPTION("b,bind,m,mount", CMD_LIST, binds, "HOST[:GUEST]",
	       "Show this machine's HOST at GUEST. A GUEST that ends with ! is not followed if it is a "
	       "symlink. May be repeated."),
	OPTION("w,pwd,cwd", CMD_STRING, cwd, "DIR", "Start in DIR of the new root (default: here, if it is there)."),
	OPTION("0,root-id", CMD_FLAG, as_root, NULL, "Be seen as root."),
	OPTION("i,change-id", CMD_STRING, ids, "UID:GID", "Be seen as UID and GID."),
	OPTION("R", CMD_STRING, root_host, "DIR",
	       "As -r, with what makes a guest feel at home: this machine's /dev, /proc, /sys, /tmp, "
	       "/run, $HOME, and its names, hosts and time zone from /etc."),
	OPTION("S", CMD_STRING, root_system, "DIR",
	       "As -r -0, with what installing packages needs from this machine."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	OPTION("isolate", CMD_STRING, isolate, "LIST", "Separate any of pid,ipc,net,uts as well."),
	OPTION("k,kernel-release", CMD_STRING, kernel, "RELEASE",
	       "Accepted for old scripts; the kernel's name is not changed."),
	OPTION("q,qemu", CMD_STRING, qemu, "COMMAND",
	       "Run programs of another machine through COMMAND: refused, this care cannot yet."),
	CMD_OPTIONS_END,
};

static const struct cmd_example examples[] = {
	{ "care run -r rootfs -b /proc -b /dev /bin/sh", "A shell in another root." },
	{ "PROOT=/usr/bin/care ./re-execute.sh", "Run an extracted archive in its place." },
	{ NULL, NULL },
};

/* As in PRoot's manual: what -R and -S bind. Missing ones are left out in silence. */
static const char *const home_binds[] = {
	"/etc/host.conf", "/etc/hosts", "/etc/hosts.equiv", "/etc/mtab", "/etc/netgroup", "/etc/networks",
	"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/localtime", "/dev",
	"/sys", "/proc", "/tmp", "/run", "/var/run/dbus/system_bus_socket", "$HOME", NULL,
};
static const char *const system_binds[] = {
	"/etc/host.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/dev", "/sys", "/proc",
	"/tmp", "/run/shm", "$HOME", NULL,
};

static int parse_ids(const struct run_options *o, struct enter *how)
{
	char end;

	how->fake_ids = o->as_root || o->root_system || o->ids;
	if (o->ids && sscanf(o->ids, "%u:%u%c", &how->uid, &how->gid, &end) != 2)
		return -EINVAL;
	return 0;
}

static int run_status(const struct enter_result *result, const struct err *e)
{
	if (result->ran)
		return result->status;
	if (result->refused)
		return cmd_fail(CMD_EXIT_FAILURE,
				"this system does not let us make the namespaces that are needed (%s)",
				e->text);
	if (!result->not_run)
		return cmd_fail(CMD_EXIT_FAILURE, "%s", e->text);
	return cmd_fail(result->not_run == -ENOENT || result->not_run == -ENOTDIR ? CMD_EXIT_NOTFOUND :
										    CMD_EXIT_NOEXEC,
			"%s", e->text);
}

static int run_main(void *options_at, int argc, char **argv)
{
	static char *shell[] = { "/bin/sh", "-l", NULL };
	const struct run_options *o = options_at;
	struct enter how = {
		.root = o->root_system ?: o->root_host ?: o->root ?: "/",
		.binds = { o->binds.v, o->binds.n },
		.usual = o->root_system ? system_binds : o->root_host ? home_binds : NULL,
		.cwd = o->cwd, .argv = argc ? argv : shell, .kill_others = o->kill_on_exit,
	};
	struct enter_result result = { 0 };
	struct err e = { 0 };

	if (o->qemu)
		return cmd_fail(CMD_EXIT_FAILURE, "-q: this care cannot run programs of another machine yet");
	if (o->kernel)
		log_info("-k: the kernel's name is not changed");
	if (parse_ids(o, &how) < 0)
		return cmd_usage(&cmd_run, "-i wants UID:GID, not \"%s\"", o->ids);
	if (isolate_parse(o->isolate, &how.isolate) < 0)
		return cmd_usage(&cmd_run, "--isolate takes any of pid,ipc,net,uts, not \"%s\"", o->isolate);
	enter_run(&how, &result, &e);
	return run_status(&result, &e);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "enter a root file system without being root",
	.synopsis = "[COMMAND...]",
	.options = options,
	.options_size = sizeof(struct run_options),
	.examples = examples,
	.run = CMD_RUN(run_main),
};
