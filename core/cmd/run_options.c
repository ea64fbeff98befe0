// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PRoot's options, upstream's and Termux's: the same letters with the same meaning. Where
 * the two differ (-p) the words tell which is meant.
 */
#include "core/cmd/run_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/base/err.h"
#include "core/base/search.h"
#include "core/cmd/commands.h"
#include "core/cmd/isolate.h"

#define OPTION(names, type, field, arg, help) CMD_OPTION(names, type, run_options, field, arg, help)

const struct cmd_option run_option_table[] = {
	OPTION("r,rootfs", CMD_STRING, root, "DIR", "The new root (default: /)."),
	OPTION("b,bind,m,mount", CMD_LIST, binds, "HOST[:GUEST]",
	       "Show this machine's HOST at GUEST. A GUEST that ends with ! is not followed if it is a "
	       "symlink. May be repeated."),
	OPTION("w,pwd,cwd", CMD_STRING, cwd, "DIR",
	       "Start in DIR of the new root (default: here, if it is there)."),
	OPTION("R", CMD_STRING, root_host, "DIR",
	       "As -r, with what makes a guest feel at home: this machine's /dev, /proc, /sys, /tmp, "
	       "/run, $HOME, DIR itself, and its names, hosts and time zone from /etc."),
	OPTION("S", CMD_STRING, root_system, "DIR",
	       "As -r -0, with what installing packages needs from this machine."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	CMD_HEADING("Who and where it seems to be"),
	OPTION("0,root-id", CMD_OPTIONAL, as_root, "FILE",
	       "Be seen as root. What is set as owner, mode or device then is kept in FILE, for other "
	       "runs too."),
	OPTION("i,change-id", CMD_STRING, ids, "UID:GID", "Be seen as UID and GID."),
	OPTION("k,kernel-release", CMD_STRING, kernel, "RELEASE",
	       "Let the kernel be told as RELEASE, or as all of "
	       "\\sysname\\nodename\\release\\version\\machine\\domainname\\hwcap\\."),
	OPTION("isolate", CMD_STRING, isolate, "LIST", "Separate any of pid,ipc,net,uts as well."),
	CMD_HEADING("Instead of what this machine has or allows"),
	OPTION("q,qemu", CMD_STRING, qemu, "COMMAND",
	       "Run programs of another machine through COMMAND, which is split at spaces."),
	OPTION("mixed-mode", CMD_CHOICE, mixed, "true|false",
	       "With -q: whether this machine's programs run without COMMAND (default: true)."),
	OPTION("p,port", CMD_NUMBERS, ports, "INSIDE:OUTSIDE",
	       "A socket of port INSIDE has port OUTSIDE on this machine. Without an argument ports "
	       "below 1024 become higher ones. May be repeated."),
	OPTION("n,netcoop", CMD_FLAG, free_ports, NULL,
	       "Ports that are bound become whichever are free; the command does not notice."),
	OPTION("l,link2symlink", CMD_FLAG, links, NULL, "Make symlinks that pass for hard links."),
	OPTION("sysvipc", CMD_FLAG, sysvipc, NULL,
	       "System V's shared memory, semaphores and messages of its own, without the kernel's."),
	OPTION("ashmem-memfd", CMD_FLAG, memfd, NULL,
	       "Accepted for scripts of Termux: memfd_create(2) is this kernel's own."),
	OPTION("H", CMD_FLAG, hidden, NULL, "Do not list files whose names begin with .proot."),
	OPTION("L", CMD_FLAG, link_sizes, NULL,
	       "Accepted for scripts of Termux: the sizes of symlinks are always right."),
	CMD_HEADING("How it is done"),
	OPTION("engine", CMD_CHOICE, engine, "auto|namespaces|ptrace-seccomp|ptrace",
	       "How to enter (default: auto, the fastest that works here; -v 1 says which and why)."),
	CMD_OPTIONS_END,
};

const struct run_options run_option_defaults = { .engine = ENTER_AUTO };

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

static int take_ids(struct enter *how, const struct run_options *o)
{
	char end;

	how->fake_ids = o->as_root || o->root_system || o->ids;
	how->ids_file = o->as_root && *o->as_root ? o->as_root : NULL;
	if (o->ids && sscanf(o->ids, "%u:%u%c", &how->uid, &how->gid, &end) != 2)
		return cmd_usage(&cmd_run, "-i wants UID:GID, not \"%s\"", o->ids);
	return 0;
}

static bool take_port(const char *word, struct enter_port *ret)
{
	unsigned inside, outside;
	char end;

	if (strlen(word) > 11 || sscanf(word, "%u:%u%c", &inside, &outside, &end) != 2 || !inside ||
	    inside > 65535 || !outside || outside > 65535)
		return false;
	*ret = (struct enter_port){ (unsigned short)inside, (unsigned short)outside };
	return true;
}

static int take_ports(struct run_request *r, const struct run_options *o)
{
	r->ports = calloc(o->ports.n + 1, sizeof(*r->ports));
	if (!r->ports)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	for (size_t i = 0; i < o->ports.n; i++) {
		if (!*o->ports.v[i])
			r->how.high_ports = true;
		else if (!take_port(o->ports.v[i], &r->ports[r->how.n_ports++]))
			return cmd_usage(&cmd_run, "-p wants INSIDE:OUTSIDE, two ports, not \"%s\"", o->ports.v[i]);
	}
	r->how.ports = r->ports;
	r->how.free_ports = o->free_ports;
	return 0;
}

/* At spaces, without any quoting: as PRoot. */
static int take_qemu(struct run_request *r, const struct run_options *o)
{
	_cleanup_free_ char *text = o->qemu ? strdup(o->qemu) : NULL;
	_cleanup_free_ char **words = o->qemu ? calloc(strlen(o->qemu) / 2 + 2, sizeof(*words)) : NULL;
	struct err e = { 0 };
	size_t n = 0;
	char *at = NULL;

	if (!o->qemu)
		return 0;
	if (!text || !words)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	for (char *word = strtok_r(text, " ", &at); word; word = strtok_r(NULL, " ", &at))
		words[n++] = word;
	if (!n)
		return cmd_usage(&cmd_run, "-q: the COMMAND is empty");
	if (qemu_find(&r->qemu, words, getenv("PATH") ?: SEARCH_DEFAULT, "-q", &e) < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	r->qemu.all = o->mixed == 1;
	r->how.qemu = &r->qemu;
	return 0;
}

/* All that it says is the kernel's own answer. */
static bool is_true(const struct uname_names *names)
{
	struct utsname here;

	if (uname(&here) < 0)
		return false;
	for (int i = 0; i < UNAME_FIELDS; i++) {
		const char *said = names->fields[i];
		const char *is[] = { here.sysname, here.nodename, here.release, here.version, here.machine,
				     here.domainname };

		if (*said && strcmp(said, is[i]))
			return false;
	}
	return true;
}

/*
 * Whatever it says, it is no reason not to run; and what is true anyway, as in old scripts of
 * this machine, is no reason to watch the command.
 */
static void take_kernel(struct run_request *r, const struct run_options *o)
{
	if (!o->kernel)
		return;
	if (uname_parse(o->kernel, &r->kernel) < 0)
		log_warn("-k: \"%s\" is no release and is passed over", o->kernel);
	else if (!is_true(&r->kernel))
		r->how.kernel = &r->kernel;
}

/* PRoot's variables. Those about its loader and its own emulation have nothing to mean here. */
static void take_variables(struct enter *how)
{
	const char *verbose = getenv("PROOT_VERBOSE");

	how->silent = getenv("PROOT_IGNORE_MISSING_BINDINGS");
	how->no_seccomp = getenv("PROOT_NO_SECCOMP");
	how->no_points = getenv("PROOT_DONT_POLLUTE_ROOTFS");
	how->private_dir = getenv("PROOT_TMP_DIR");
	how->links_dir = getenv("PROOT_L2S_DIR");
	if (verbose && !log_verbosity())
		cmd_printer_init(atoi(verbose));
}

int run_request_make(struct run_request *r, const struct run_options *o, char *const *argv)
{
	static char shell[] = "/bin/sh", login[] = "-l";
	static char *const shells[] = { shell, login, NULL };
	int status;

	*r = (struct run_request){
		.how = {
			.root = o->root_system ?: o->root_host ?: o->root,
			.binds = { o->binds.v, o->binds.n },
			.usual = o->root_system ? system_binds : o->root_host ? home_binds : NULL,
			.usual_root = o->root_system || o->root_host,
			.cwd = o->cwd, .argv = *argv ? argv : shells, .kill_others = o->kill_on_exit,
			.way = (enum enter_way)o->engine, .links = o->links, .hidden = o->hidden,
			.sysvipc = o->sysvipc,
		},
	};
	status = take_ids(&r->how, o);
	if (!status && isolate_parse(o->isolate, &r->how.isolate) < 0)
		status = cmd_usage(&cmd_run, "--isolate takes any of pid,ipc,net,uts, not \"%s\"", o->isolate);
	if (!status)
		status = take_ports(r, o);
	if (!status)
		status = take_qemu(r, o);
	if (status) {
		run_request_clear(r);
		return status;
	}
	take_kernel(r, o);
	take_variables(&r->how);
	return 0;
}

void run_request_clear(struct run_request *r)
{
	free(r->ports);
	qemu_clear(&r->qemu);
	*r = (struct run_request){ 0 };
}
