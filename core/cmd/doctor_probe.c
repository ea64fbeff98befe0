// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The questions themselves. Each tries the whole of what it asks for, because some
 * systems let the first step succeed and refuse a later one (unshare, then mount).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/buf.h"
#include "core/base/caps.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/cmd/cmd.h"
#include "core/cmd/doctor.h"
#include "core/engine/probe.h"
#include "core/replay/cache.h"
#include "core/replay/idmap.h"
#include "core/replay/ns.h"
#include "core/replay/plan.h"

static void say(struct doctor_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct doctor_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
}

/* The number in a file of /proc/sys; -1 when there is none. */
static long setting(const char *path)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	return io_read_file(AT_FDCWD, path, 64, &b, NULL) < 0 ? -1 : strtol(buf_str(&b), NULL, 10);
}

static void add_engine(struct doctor *d, const struct engine_probe *p)
{
	struct doctor_check *c = doctor_add(d, "record", "ptrace", "watching a command at all");
	long yama = setting("/proc/sys/kernel/yama/ptrace_scope");

	c->ok = p->seize == 0;
	if (!c->ok)
		say(c, "%s%s", p->why_seize, yama >= 2 ? " (kernel.yama.ptrace_scope forbids it)" : "");
	c = doctor_add(d, "record", "seccomp filter", "stopping only at calls that matter");
	c->ok = p->filter == 0;
	say(c, "%s", p->why_filter);
	c = doctor_add(d, "record", "call information", "PTRACE_GET_SYSCALL_INFO (5.3): fewer guesses");
	c->ok = p->syscall_info == 0;
	c = doctor_add(d, "record", "set-uid programs", "keep their privilege (CAP_SYS_ADMIN)");
	c->ok = p->privileged;
	c = doctor_add(d, "record", "undumpable programs", "can be read (CAP_SYS_PTRACE)");
	c->ok = p->reads_all;
	d->engine = p->seize ? NULL : p->filter ? "ptrace" : "ptrace-seccomp";
}

/* What care does without, if it must: does not count for the verdict. */
static void add_calls(struct doctor *d)
{
	struct caps_answer a;

	for (size_t i = 0; caps_ask(i, &a) == 0; i++) {
		struct doctor_check *c = doctor_add(d, "record", a.name, a.use);

		c->ok = a.error == 0;
		say(c, "%s", a.why);
	}
}

void doctor_record(struct doctor *d)
{
	struct engine_probe p = { 0 };
	struct err e = { 0 };

	if (engine_probe(&p, &e) == 0) {
		add_engine(d, &p);
		add_calls(d);
		return;
	}
	say(doctor_add(d, "record", "ptrace", "watching a command at all"), "%s", e.text);
}

/* A directory to try in, as a replay would use it. */
struct place {
	char *dir;
	int lock;
};

static void place_clear(struct place *p)
{
	if (p->dir)
		(void)cache_run_remove(p->dir, p->lock, NULL);
	free(p->dir);
}

static char *below(const struct place *p, const char *name)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "%s/%s", p->dir, name);
	if (buf_error(&b) || (mkdir(b.data, 0755) < 0 && errno != EEXIST))
		return NULL;
	return buf_steal(&b);
}

static bool find_place(struct doctor *d, struct place *p)
{
	struct doctor_check *c = doctor_add(d, "replay", "cache", "where archives are unpacked");
	_cleanup_free_ char *cache = NULL;
	struct err e = { 0 };

	c->ok = cache_dir(&cache, &e) == 0 && cache_run_dir(cache, &p->dir, &p->lock, &e) == 0;
	say(c, "%s", c->ok ? cache : e.text);
	return c->ok;
}

struct trial {
	bool overlay, binfmt;
	unsigned isolate;
};

/* Everything a replay does up to running something. */
static bool try_namespaces(const struct place *p, struct trial t, struct err *e)
{
	char *const argv[] = { (char *)"true", NULL }, *const env[] = { NULL };
	_cleanup_free_ char *root = below(p, "root"), *lower = below(p, "lower");
	_cleanup_free_ char *upper = below(p, "upper"), *work = below(p, "work");
	const struct plan_run run = {
		.argv = argv, .env = env, .cwd = "/", .isolate = t.isolate,
		/* Registering nothing is enough to be let. */
		.emulator = t.binfmt ? "an emulator" : NULL, .binfmt = "",
	};
	struct plan_place place = {
		.root = root, .lower = t.overlay ? lower : NULL, .upper = upper, .work = work,
		.ids = geteuid() == 0 ? PLAN_IDS_TRUE : PLAN_IDS_ONE, .uid = geteuid(), .gid = getegid(),
	};
	struct plan *plan = NULL;
	struct ns_child child;
	bool refused = false;
	int status, r = -ENOMEM;

	if (root && lower && upper && work)
		r = plan_build_run(&plan, &run, &place, e);
	if (r == 0) {
		r = ns_start(&child, &(struct ns_start){ .plan = plan, .probe = true }, &refused, e);
		if (r == 0 && waitpid(child.pid, &status, 0) == child.pid)
			r = ns_end(&child, status, &status, e);
	}
	plan_free(plan);
	return r == 0;
}

/* Known switches that turn user namespaces off; NULL when none of them does. */
static const char *namespaces_switch(void)
{
	if (setting("/proc/sys/user/max_user_namespaces") == 0)
		return "; the setting user.max_user_namespaces is 0";
	if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return "; the setting kernel.unprivileged_userns_clone is 0";
	if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		return "; the setting kernel.apparmor_restrict_unprivileged_userns is 1";
	return NULL;
}

static bool add_namespaces(struct doctor *d, const struct place *p)
{
	static const struct { struct trial trial; bool users; const char *name, *use; } all[] = {
		{ { 0 }, false, "user and mount namespaces", "replaying, and care run, at native speed" },
		{ { .overlay = true }, false, "overlay", "starting again without copying" },
		{ { .isolate = PLAN_NS_PID }, false, "pid namespace", "--isolate=pid, with a /proc of its own" },
		{ { .isolate = PLAN_NS_IPC }, false, "ipc namespace", "--isolate=ipc" },
		{ { .isolate = PLAN_NS_NET }, false, "net namespace", "--isolate=net" },
		{ { .binfmt = true }, true, "binfmt_misc of one's own", "care run -q at native speed (6.7)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct doctor_check *c;
		const char *hint;
		struct err e = { 0 };

		/* Root's would be the whole machine's. */
		if (all[i].users && geteuid() == 0)
			continue;
		c = doctor_add(d, "replay", all[i].name, all[i].use);
		c->ok = try_namespaces(p, all[i].trial, &e);
		hint = c->ok || i ? NULL : namespaces_switch();
		if (!c->ok)
			say(c, "%s%s", e.text, hint ? hint : "");
		if (!c->ok && !i)
			return false;
	}
	return true;
}

static void add_owners(struct doctor *d)
{
	struct doctor_check *c = doctor_add(d, "replay", "true owners", "files of several users");
	struct idmap_grant grant;

	c->ok = geteuid() == 0 || idmap_granted(&grant);
	if (!c->ok)
		say(c, "neither root, nor ranges in /etc/subuid and /etc/subgid with newuidmap(1)");
}

static void add_reflink(struct doctor *d, const struct place *p)
{
	struct doctor_check *c = doctor_add(d, "replay", "reflink", "copying without taking space");
	_cleanup_close_ int from = open(p->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_cleanup_close_ int to = open(p->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct err e = { 0 };

	if (from < 0 || to < 0 || io_write_all(from, "x", 1) < 0 || ioctl(to, FICLONE, from) < 0) {
		err_set(&e, -errno, "clone a file in the cache");
		say(c, "%s", e.text);
		return;
	}
	c->ok = true;
}

void doctor_replay(struct doctor *d)
{
	_cleanup_(place_clear) struct place p = { .lock = -1 };

	if (!find_place(d, &p))
		return;
	/* Where they are refused what can be traced can be translated. */
	d->way = add_namespaces(d, &p) ? "namespaces" : d->engine ? "translation" : NULL;
	add_owners(d);
	add_reflink(d, &p);
}
