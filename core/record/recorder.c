// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recorder's life: what is bound and archived before the command starts, each
 * event on its way, and what is told at the end.
 */
#include "core/record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/archive/archive_out.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/manifest/volatile.h"
#include "core/record/libc.h"
#include "core/record/outputs.h"
#include "core/record/recorder_internal.h"

static int exec_path(struct recorder *r, struct event *ev, int i, const struct used_path *p)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	int fd, ret;

	if (p->w.last) {
		if (p->w.error)
			return 0;
		ret = name_host(p->w.last, &host);
		return ret < 0 ? err_set(r->e, ret, "follow a program") :
				 exec_closure(r, ev->task, host.data, 0);
	}
	/* /proc/self/fd/N of something without a name: memfd_create(2). */
	if (sscanf(buf_str(&ev->call->paths[i].text), "/proc/self/fd/%d", &fd) == 1 ||
	    sscanf(buf_str(&ev->call->paths[i].text), "/dev/fd/%d", &fd) == 1)
		return exec_closure_fd(r, ev->task, fd);
	return 0;
}

static int use_path(struct recorder *r, struct event *ev, int i)
{
	const struct call_path *cp = &ev->call->paths[i];
	struct used_path p;
	int ret;

	if (cp->use & USE_MOUNT)
		fact_depend(r, "mount", buf_str(&cp->text));
	ret = path_walk_call(r, ev, i, true, &p);
	if (ret < 0)
		return ret;
	if (cp->use & USE_EXEC)
		ret = exec_path(r, ev, i, &p);
	if (ret >= 0 && cp->use & USE_LIST && p.w.last && !p.w.error)
		ret = use_list(r, p.w.last);
	if (cp->use & USE_CHANGES || spell_wanted(r, ev->call, &p))
		ev->want_return = true;
	return ret < 0 ? ret : path_rewrite(r, ev, i, &p);
}

static int use_fd(struct recorder *r, struct event *ev)
{
	const struct call *c = ev->call;
	struct name *n;
	int ret;

	if (!(c->fd_use & (USE_LIST | USE_EXEC)))
		return 0;	/* its name was used when it was opened */
	ret = path_of_fd(r, ev->task, c->fd, &n);
	if (ret >= 0 && n && c->fd_use & USE_LIST)
		return use_list(r, n);
	if (ret >= 0 && n)	/* O_PATH was enough to open it (fexecve(3)) */
		ret = use_name(r, n, USE_EXEC);
	return ret < 0 || !(c->fd_use & USE_EXEC) ? ret : exec_closure_fd(r, ev->task, c->fd);
}

static bool is_class(const struct call *c, enum syscall_class class)
{
	return c->row && c->row->class == class;
}

static int on_call(struct recorder *r, struct event *ev)
{
	const struct call *c = ev->call;
	int ret = 0;

	r->sum.calls++;
	if (is_class(c, SYSCALL_IDS))
		r->changed_ids = true;
	if (is_class(c, SYSCALL_TELL) && spell_wanted(r, c, NULL))
		ev->want_return = true;
	if (c->result_use)
		ev->want_return = true;
	if (is_class(c, SYSCALL_MOUNT)) {
		/* No descriptor of ours may hold what is about to be unmounted (decision 5). */
		ret = queue_drain(r->queue, r->e);
		ev->want_return = true;
	}
	for (int i = 0; i < c->n_paths && ret >= 0; i++)
		ret = use_path(r, ev, i);
	if (ret >= 0 && c->fd >= 0)
		ret = use_fd(r, ev);
	if (ret >= 0 && c->addr_len)
		ret = fact_net(r, c);
	return ret;
}

/* A descriptor of something that no path of the call named (open_by_handle_at). */
static int use_result(struct recorder *r, struct event *ev)
{
	struct name *n;
	int ret = path_of_fd(r, ev->task, (int)ev->result, &n);

	if (ret < 0 || !n)
		return ret;
	ret = use_name(r, n, ev->call->result_use);
	return ret < 0 || !(ev->call->result_use & USE_LIST) ? ret : use_list(r, n);
}

static int on_return(struct recorder *r, struct event *ev)
{
	if (ev->call->result_use && ev->result >= 0)
		return use_result(r, ev);
	if (is_class(ev->call, SYSCALL_MOUNT))
		return ev->result < 0 ? 0 : view_changed(r, ev->task);
	if (spell_wanted(r, ev->call, NULL) || is_class(ev->call, SYSCALL_LOOK))
		return spell_result(r, ev);
	return changes_apply(r, ev);
}

static int on_event(struct sink *sink, struct event *ev, struct err *e)
{
	struct recorder *r = (struct recorder *)sink;	/* its first member */
	struct err own = { 0 };

	r->e = e ? e : &own;
	r->ev = ev;
	r->process = ev->task->process;
	r->view = view_of(r, ev->task);
	if (!r->view)
		return r->e->code;
	r->names = r->view->names;
	switch (ev->kind) {
	case EVENT_CALL:
		return on_call(r, ev);
	case EVENT_RETURN:
		return on_return(r, ev);
	case EVENT_START:
		return process_start(r, ev->task);
	case EVENT_EXEC:
		return process_exec(r, ev->task);
	case EVENT_EXIT:
		return process_exit(r, ev->task, ev->status);
	}
	return 0;
}

static int on_the_way(void *ctx, struct name *n, enum walk_role role)
{
	struct recorder *r = ctx;

	return use_name(r, n, role == ROLE_LAST ? r->start_use : USE_META);
}

/* A use before the first event: @path as the kernel or the user spells it. */
static int use_at_start(struct recorder *r, const char *path, unsigned use, struct name **ret)
{
	struct path_walk w = {
		.root = names_root(r->names), .base = names_root(r->names), .text = path,
		.len = strlen(path), .visit = on_the_way, .ctx = r,
	};
	int ret_walk;

	r->start_use = use;
	ret_walk = names_walk(r->names, &w, r->e);
	if (ret)
		*ret = w.error ? NULL : w.last;
	return ret_walk;
}

/* --include: the path and all below it. */
static int include(struct recorder *r, struct name *n)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	struct name *child;
	int ret;

	ret = use_name(r, n, n->type == NAME_FILE ? USE_READ : USE_META);
	if (ret < 0 || n->type != NAME_DIR)
		return ret;
	ret = use_list(r, n);
	if (ret >= 0)
		ret = name_host(n, &host);
	d = ret < 0 ? NULL : opendir(host.data);
	while (d && ret >= 0 && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		child = names_child(r->names, n, entry->d_name, strlen(entry->d_name));
		if (!child)
			return err_set(r->e, -ENOMEM, "include %s", host.data);
		if (names_refresh(r->names, child) >= 0 && child->type != NAME_ABSENT)
			ret = include(r, child);
	}
	return ret;
}

static int include_all(struct recorder *r)
{
	for (size_t i = 0; i < r->spec.include.n; i++) {
		const char *path = r->spec.include.v[i];
		struct name *n = NULL;
		int ret = use_at_start(r, path, USE_META, &n);

		if (ret < 0)
			return ret;
		if (!n)
			return err_set(r->e, -ENOENT, "include %s", path);
		ret = include(r, n);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static bool inherited_file(const struct manifest_fd *fd)
{
	return fd->path && !strcmp(fd->kind, "file");
}

/* Places and marks that hold for the whole run. */
static int bind_places(struct recorder *r)
{
	const struct manifest_run *run = r->spec.run;
	struct err own = { 0 };

	if (run->concealed.n) {
		r->conceal = conceal_new(r->names, r->spec.private_under, r->e);
		if (!r->conceal)
			return r->e->code;
	}
	for (size_t i = 0; i < run->concealed.n; i++)
		if (conceal_hide(r->conceal, run->concealed.v[i], &own) < 0 && own.code != -ENOENT)
			log_warn("%s", own.text);
	for (size_t i = 0; r->conceal && i < run->revealed.n; i++)
		if (conceal_reveal(r->conceal, run->revealed.v[i], &own) < 0 && own.code != -ENOENT)
			log_warn("%s", own.text);
	for (size_t i = 0; r->conceal && i < run->volatile_paths.n; i++) {
		size_t variable;

		conceal_reveal(r->conceal, manifest_volatile_path(run->volatile_paths.v[i], &variable),
			       NULL);
	}
	/* What is inherited open is seen by the command anyway. */
	for (size_t i = 0; r->conceal && i < run->n_fds; i++)
		if (inherited_file(&run->fds[i]))
			conceal_reveal(r->conceal, run->fds[i].path, NULL);
	return 0;
}

static int mark(struct names *names, const char *path, unsigned flag)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct name *n = names_at(names, real ? real : path);

	if (!n)
		return -ENOMEM;
	n->flags |= flag;
	return 0;
}

static const char *env_of(const struct manifest_strings *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	return NULL;
}

static int mark_path_dirs(struct recorder *r, struct names *names)
{
	const char *at = env_of(&r->spec.run->env, "PATH");
	int ret = 0;

	while (at && *at && ret >= 0) {
		size_t len = strcspn(at, ":");
		_cleanup_free_ char *dir = strndup(at, len);

		if (!dir)
			return -ENOMEM;
		if (len)
			ret = mark(names, dir, NAME_PATHDIR);
		at += len + (at[len] == ':');
	}
	return ret;
}

int recorder_mark_places(struct recorder *r, struct names *names)
{
	const struct manifest_strings *paths = &r->spec.run->volatile_paths;
	size_t variable;
	int ret = mark_path_dirs(r, names);

	for (size_t i = 0; i < paths->n && ret >= 0; i++)
		ret = mark(names, manifest_volatile_path(paths->v[i], &variable), NAME_VOLATILE);
	if (ret >= 0 && r->conceal && names != r->home.names && !r->spec.conceal_by_mounts)
		ret = conceal_bind_all(r->conceal, names);
	return ret;
}

/* Descriptors and directory that the command starts with are used at time zero (decision 4). */
static int use_inherited(struct recorder *r)
{
	const struct manifest_run *run = r->spec.run;
	int ret = use_at_start(r, run->cwd, USE_ENTER, NULL);

	for (size_t i = 0; i < run->n_fds && ret >= 0; i++) {
		const struct manifest_fd *fd = &run->fds[i];
		int mode = fd->oflags & O_ACCMODE;

		if (inherited_file(fd))
			ret = use_at_start(r, fd->path, mode == O_RDONLY ? USE_READ :
					   mode == O_WRONLY ? USE_WRITE : USE_READ | USE_WRITE, NULL);
	}
	return ret;
}

static void run_told(struct manifest_record *record)
{
	free(record);	/* the run is the caller's */
}

static int tell_run(struct recorder *r)
{
	struct manifest_record *record = calloc(1, sizeof(*record));

	if (!record)
		return err_set(r->e, -ENOMEM, "tell of the run");
	record->kind = MANIFEST_K_RUN;
	record->run = r->spec.run;
	return queue_record(r->queue, record, run_told, r->e);
}

static int set_up(struct recorder *r)
{
	int ret = view_init_home(r);

	r->objects = objects_new(&r->spec.run->start);
	r->processes = map_new();
	r->nets = map_new();
	r->depends = map_new();
	r->lost_paths = map_new();
	if (ret < 0 || !r->objects || !r->processes || !r->nets || !r->depends ||
	    !r->lost_paths)
		return err_set(r->e, -ENOMEM, "start recording");
	ret = bind_places(r);
	if (ret < 0)
		return ret;
	r->queue = queue_new(r->spec.out, r->spec.spool, r->e);
	if (!r->queue)
		return r->e->code;
	ret = tell_run(r);
	if (ret >= 0 && recorder_mark_places(r, r->names) < 0)
		ret = err_set(r->e, -ENOMEM, "start recording");
	if (ret >= 0)
		ret = use_inherited(r);
	return ret < 0 ? ret : include_all(r);
}

struct recorder *recorder_new(const struct record_spec *spec, struct err *e)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(e, -ENOMEM, "start recording");
		return NULL;
	}
	r->sink = (struct sink){ "record", on_event };
	r->spec = *spec;
	r->last = &r->first;
	r->process = 1;
	r->e = e;
	if (set_up(r) < 0) {
		recorder_free(r);
		return NULL;
	}
	return r;
}

struct sink *recorder_sink(struct recorder *r)
{
	return &r->sink;
}

static void told(struct manifest_record *record)
{
	free(record);
}

/* Uses that came after the object's record was made. */
static int tell_later_uses(struct recorder *r)
{
	struct object *o;

	for (size_t cursor = 0; (o = objects_next(r->objects, &cursor)); ) {
		struct manifest_record *record;
		int ret;

		if (o->file.use == o->told || !o->told)
			continue;
		record = calloc(1, sizeof(*record));
		if (!record)
			return err_set(r->e, -ENOMEM, "tell of uses");
		record->kind = MANIFEST_K_FILE;
		record->file = &o->file;
		ret = queue_record(r->queue, record, told, r->e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int tell_concealed(struct recorder *r)
{
	for (size_t i = 0; i < r->n_concealed; i++) {
		struct manifest_record *record = calloc(1, sizeof(*record));
		int ret;

		if (!record)
			return err_set(r->e, -ENOMEM, "tell of concealed accesses");
		record->kind = MANIFEST_K_CONCEALED;
		record->concealed = &r->concealed[i];
		ret = queue_record(r->queue, record, told, r->e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int recorder_finish(struct recorder *r, struct manifest_end *end, struct err *e)
{
	int ret, ret_queue;

	r->e = e;
	r->ev = NULL;
	r->view = &r->home;
	r->names = r->home.names;
	ret = queue_drain(r->queue, e);	/* hashes are known from here on */
	if (!r->spec.run->libc)
		r->spec.run->libc = libc_of(r->objects);
	if (ret >= 0)
		ret = tell_run(r);	/* again: engine and C library are known now */
	if (ret >= 0)
		ret = process_finish(r);
	if (ret >= 0)
		ret = tell_concealed(r);
	if (ret >= 0)
		ret = tell_later_uses(r);
	if (ret >= 0)
		ret = outputs_tell(r);
	ret_queue = queue_finish(r->queue, ret < 0 ? NULL : e);
	end->renamed_dirs = r->renamed_dirs;
	end->wrote_hardlinks = r->wrote_hardlinks;
	end->changed_ids = r->changed_ids;
	end->calls = r->sum.calls;
	end->paths = names_count(r->home.names);
	return ret < 0 ? ret : ret_queue;
}

int recorder_in_child(const struct recorder *r)
{
	return r->spec.conceal_by_mounts && conceal_active(r->conceal) ?
		       conceal_in_child(r->conceal) : 0;
}

bool recorder_rewrites(const struct recorder *r)
{
	return !r->spec.conceal_by_mounts && conceal_active(r->conceal);
}

unsigned recorder_classes(const struct recorder *r)
{
	return SYSCALL_FILES | SYSCALL_BIT(SYSCALL_IDS) |
	       (recorder_rewrites(r) ? SYSCALL_BIT(SYSCALL_TELL) : 0);
}

void recorder_summary(struct recorder *r, struct record_summary *ret)
{
	struct queue_census q;

	queue_census(r->queue, &q);
	*ret = r->sum;
	ret->paths = names_count(r->home.names);
	ret->changed = q.changed;
	ret->concealed = r->concealed;
	ret->n_concealed = r->n_concealed;
}

void recorder_progress(struct recorder *r, uint64_t *ret_files, uint64_t *ret_bytes)
{
	*ret_files = r->sum.files + r->sum.placeholders;
	*ret_bytes = r->sum.bytes;
}

int recorder_concealed_left(struct recorder *r, const char *keep,
			    void (*tell)(void *ctx, const char *path), void *ctx, struct err *e)
{
	int ret;

	if (!conceal_active(r->conceal))
		return 0;
	ret = conceal_left(r->conceal, tell, ctx, e);
	return ret < 0 || !keep ? ret : conceal_keep(r->conceal, keep, e);
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	queue_free(r->queue);
	conceal_free(r->conceal);
	process_free_all(r);
	map_free(r->processes);
	map_free(r->nets);
	map_free(r->depends);
	map_free(r->lost_paths);
	for (size_t i = 0; i < r->n_concealed; i++) {
		free(r->concealed[i].path);
		free(r->concealed[i].exe);
	}
	free(r->concealed);
	for (int i = 0; i < CALL_PATHS; i++)
		buf_free(&r->rewrite[i]);
	free(r->written);
	objects_free(r->objects);
	view_free_all(r);
	free(r);
}
