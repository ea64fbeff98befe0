// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan of a recording. The command gets what it had: environment, directory,
 * umask, limits, groups, descriptors, ignored signals, ids. What was volatile comes
 * from this machine, and only that.
 */
#include "core/replay/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/manifest/manifest.h"
#include "core/manifest/volatile.h"

/* Always this machine's, whatever the recording says: nothing runs without them. */
static const char *const kernel_paths[] = { "/dev", "/proc", "/sys" };

/* Volatile variables that name a socket: it is shown where this machine's value says. */
static const struct { const char *name, *prefix; } sockets[] = {
	{ "PULSE_SERVER", "unix:" },
	{ "PULSE_SERVER", "" },
	{ "DBUS_SESSION_BUS_ADDRESS", "unix:path=" },
};

static bool has_word(const struct manifest_strings *s, const char *word, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->v[i]) == len && !memcmp(s->v[i], word, len))
			return true;
	return false;
}

static bool is_volatile_env(const struct manifest *m, const struct plan_options *o, const char *name,
			    size_t len)
{
	for (size_t i = 0; i < o->volatile_env.n; i++)
		if (strlen(o->volatile_env.v[i]) == len && !memcmp(o->volatile_env.v[i], name, len))
			return true;
	return has_word(&m->run.volatile_env, name, len);
}

static void add_word(struct plan *p, char ***words, size_t *n, const char *word)
{
	char **more = realloc(*words, (*n + 2) * sizeof(*more));

	if (!more) {
		p->failed = true;
		return;
	}
	*words = more;
	more[*n] = plan_string(p, word);
	more[*n + 1] = NULL;
	if (more[*n])
		(*n)++;
}

static const char *find_word(char *const *env, const char *name, size_t len)
{
	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env;
	return NULL;
}

/* Recorded order is kept: a program may print its environment. */
static void build_env(struct plan *p, const struct manifest *m, const struct plan_options *o)
{
	const struct manifest_strings *env = &m->run.env;
	size_t n = 0;

	p->env = calloc(1, sizeof(*p->env));
	p->failed |= !p->env;
	for (size_t i = 0; i < env->n; i++) {
		size_t len = strcspn(env->v[i], "=");
		const char *word = env->v[i];

		if (is_volatile_env(m, o, word, len))
			word = find_word(o->host_env, word, len);
		if (word)
			add_word(p, &p->env, &n, word);
	}
	for (char *const *at = o->host_env; at && *at; at++) {
		size_t len = strcspn(*at, "=");

		if (is_volatile_env(m, o, *at, len) && !find_word(p->env, *at, len))
			add_word(p, &p->env, &n, *at);
	}
}

static void build_argv(struct plan *p, const struct manifest *m, const struct plan_options *o)
{
	size_t n = 0;

	p->recorded = !o->argv;
	if (o->argv)
		for (char *const *at = o->argv; *at; at++)
			add_word(p, &p->argv, &n, *at);
	else
		for (size_t i = 0; i < m->run.argv.n; i++)
			add_word(p, &p->argv, &n, m->run.argv.v[i]);
}

/* Whether the recorded command had anything to do with @path or what is below it. */
static bool was_used(const struct manifest *m, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < m->n_files; i++) {
		const char *f = m->files[i].path;

		if (m->files[i].content == MANIFEST_VOLATILE && !strncmp(f, path, len) &&
		    (!f[len] || f[len] == '/'))
			return true;
	}
	return false;
}

static void add_volatile(struct plan *p, const struct manifest *m, const struct plan_options *o,
			 const char *entry)
{
	size_t variable;
	const char *path = manifest_volatile_path(entry, &variable);
	_cleanup_free_ char *host = manifest_volatile_host(entry, o->host_env);

	if (o->isolate & PLAN_NS_PID && !strcmp(path, "/proc"))
		return;
	if (host && *host == '/' && *path == '/' && path[1])
		plan_add_bind(p, host, path,
			      PLAN_BIND_OPTIONAL | (was_used(m, path) ? 0 : PLAN_BIND_SILENT));
}

/* FIFOs and sockets that others had made: who is at the other end is here, or nobody. */
static void add_special(struct plan *p, const struct manifest *m)
{
	for (size_t i = 0; i < m->n_files; i++) {
		const struct manifest_file *f = &m->files[i];

		if (f->content == MANIFEST_VOLATILE && f->use & (USE_CONTENT | USE_SOCKET) &&
		    (f->type == MANIFEST_FIFO || f->type == MANIFEST_SOCK))
			plan_add_bind(p, f->path, f->path, PLAN_BIND_OPTIONAL);
	}
}

static void add_sockets(struct plan *p, const struct manifest *m, const struct plan_options *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		const char *value = manifest_env_get(o->host_env, sockets[i].name);
		size_t skip = strlen(sockets[i].prefix);

		if (!value || !is_volatile_env(m, o, sockets[i].name, strlen(sockets[i].name)) ||
		    strncmp(value, sockets[i].prefix, skip) || value[skip] != '/')
			continue;
		/* A D-Bus address may go on with ",guid=…" or further addresses. */
		buf_add(&path, value + skip, skip ? strcspn(value + skip, ",;") : strlen(value));
		p->failed |= path.failed;
		plan_add_bind(p, buf_str(&path), buf_str(&path), PLAN_BIND_OPTIONAL | PLAN_BIND_SILENT);
	}
}

/* "HOST[:GUEST]": a colon that belongs to a name cannot be told apart, as in PRoot. */
static void add_given(struct plan *p, const char *word, unsigned flags)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *host = strndup(word, colon ? (size_t)(colon - word) : strlen(word));

	if (host)
		plan_add_bind(p, host, colon ? colon + 1 : word, flags | PLAN_BIND_OPTIONAL);
	else
		p->failed = true;
}

static void build_binds(struct plan *p, const struct manifest *m, const struct plan_options *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_paths); i++)
		if (!(o->isolate & PLAN_NS_PID) || strcmp(kernel_paths[i], "/proc"))
			plan_add_bind(p, kernel_paths[i], kernel_paths[i], PLAN_BIND_OPTIONAL);
	for (size_t i = 0; i < m->run.volatile_paths.n; i++)
		add_volatile(p, m, o, m->run.volatile_paths.v[i]);
	add_special(p, m);
	add_sockets(p, m, o);
	for (size_t i = 0; i < o->volatile_paths.n; i++)
		add_given(p, o->volatile_paths.v[i], 0);
	for (size_t i = 0; i < o->revealed.n; i++)
		add_given(p, o->revealed.v[i], PLAN_BIND_READONLY);
	plan_sort_binds(p);
}

static void add_number(struct plan *p, enum plan_kind kind, long long number)
{
	struct plan_op *op = plan_add(p, kind);

	if (op)
		op->number = number;
}

static void build_ids(struct plan *p, const struct manifest *m, const struct plan_place *place)
{
	struct plan_op *op;

	/* With one id the namespace's map says who we are, and groups cannot be set. */
	if (place->ids == PLAN_IDS_ONE)
		return;
	op = plan_add(p, PLAN_GROUPS);
	if (op && m->run.n_groups) {
		op->ids = calloc(m->run.n_groups, sizeof(*op->ids));
		p->failed |= !op->ids;
		for (size_t i = 0; op->ids && i < m->run.n_groups; i++)
			op->ids[op->n_ids++] = m->run.groups[i];
	}
	op = plan_add(p, PLAN_IDS);
	if (op) {
		op->uid = m->run.euid;
		op->gid = m->run.egid;
	}
}

static void build_fds(struct plan *p, const struct manifest *m)
{
	struct plan_op *op;

	for (size_t i = 0; i < m->run.n_fds; i++) {
		const struct manifest_fd *f = &m->run.fds[i];

		/* What the command writes as its output is for who replays it. */
		if (f->fd == 1 || f->fd == 2 || !manifest_fd_is_file(f))
			continue;
		op = plan_add(p, PLAN_FD);
		if (!op)
			return;
		op->number = f->fd;
		op->guest = plan_string(p, f->path);
		op->oflags = f->oflags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
		op->offset = f->offset;
	}
	if (!m->run.n_fds)
		return;	/* not known: CARE 2.x did not say */
	op = plan_add(p, PLAN_CLOSE_OTHERS);
	if (!op)
		return;
	op->ids = calloc(m->run.n_fds, sizeof(*op->ids));
	p->failed |= !op->ids;
	for (size_t i = 0; op->ids && i < m->run.n_fds; i++)
		if (m->run.fds[i].fd > 2 && strcmp(m->run.fds[i].kind, "closed"))
			op->ids[op->n_ids++] = m->run.fds[i].fd;
}

static void build_limits(struct plan *p, const struct manifest *m)
{
	for (size_t i = 0; i < m->run.n_rlimits; i++) {
		struct plan_op *op = plan_add(p, PLAN_RLIMIT);

		if (!op)
			return;
		op->number = m->run.rlimits[i].resource;
		op->soft = m->run.rlimits[i].soft;
		op->hard = m->run.rlimits[i].hard;
	}
}

static void build_state(struct plan *p, const struct manifest *m, const struct plan_options *o,
			const struct plan_place *place)
{
	struct plan_op *op;

	add_number(p, PLAN_UMASK, m->run.umask);
	op = plan_add(p, PLAN_CHDIR);
	if (op)
		op->guest = plan_string(p, m->run.cwd ? m->run.cwd : "/");
	/* Another command is the replayer's: it keeps the descriptors it was given. */
	if (p->recorded)
		build_fds(p, m);
	if (o->guard)
		plan_add(p, PLAN_GUARD);
	/* After what needs descriptors and memory, before what gives up privileges. */
	build_limits(p, m);
	build_ids(p, m, place);
	add_number(p, PLAN_IGNORE, m->run.signals_ignored);
	op = plan_add(p, PLAN_EXEC);
	if (op && p->recorded)
		op->guest = plan_string(p, m->run.command_path);
}

int plan_build(struct plan **ret, const struct manifest *m, const struct plan_options *o,
	       const struct plan_place *place, struct err *e)
{
	struct plan *p = plan_new();
	struct plan_op *op;
	int r;

	if (!p)
		return err_set(e, -ENOMEM, "make a plan");
	build_argv(p, m, o);
	build_env(p, m, o);
	plan_add_root(p, place, o->isolate, m->run.euid, m->run.egid);
	build_binds(p, m, o);
	if (o->isolate & PLAN_NS_PID)
		plan_add(p, PLAN_PROC);
	plan_add(p, PLAN_DETACH);
	if (o->isolate & PLAN_NS_NET)
		plan_add(p, PLAN_LOOPBACK);
	if (o->isolate & PLAN_NS_UTS && m->run.nodename) {
		op = plan_add(p, PLAN_HOSTNAME);
		if (op)
			op->text = plan_string(p, m->run.nodename);
	}
	build_state(p, m, o, place);
	r = plan_error(p, e);
	if (r == 0 && (!p->argv || !p->argv[0]))
		r = err_set(e, -EINVAL, "the recording names no command");
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

mode_t plan_project_mode(const struct manifest *m, mode_t mode, uid_t uid, gid_t gid)
{
	bool member = gid == m->run.egid;
	mode_t could;

	if (m->run.euid == 0 || uid == m->run.euid)
		return mode;
	for (size_t i = 0; i < m->run.n_groups; i++)
		member |= m->run.groups[i] == gid;
	could = (member ? mode >> 3 : mode) & 07;
	return (mode & ~(mode_t)0700) | could << 6;
}
