// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recorder's life, and each event on its way. What comes before the first is in
 * start.c, what after the last in finish.c.
 */
#include "core/record/recorder.h"

#include <errno.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/archive/archive_out.h"
#include "core/base/err.h"
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

/* May what is written there change the handlers of binfmt_misc? They are read again then. */
static bool may_register(const char *text)
{
	const char *name = strrchr(text, '/');

	name = name ? name + 1 : text;
	return !strcmp(name, "register") || !strcmp(name, "status") || strstr(text, "binfmt_misc");
}

static int use_path(struct recorder *r, struct event *ev, int i)
{
	const struct call_path *cp = &ev->call->paths[i];
	struct used_path p;
	int ret;

	if (cp->use & (USE_WRITE | USE_MOUNT) && may_register(buf_str(&cp->text)))
		r->binfmts_known = false;
	if (cp->use & USE_MOUNT)
		fact_depend(r, "mount", buf_str(&cp->text));
	ret = path_walk_call(r, ev, i, true, &p);
	if (ret < 0)
		return ret;
	if (cp->use & USE_EXEC)
		ret = exec_path(r, ev, i, &p);
	if (ret >= 0 && cp->use & USE_LIST && p.w.last && !p.w.error)
		ret = use_list(r, p.w.last);
	if (cp->use & (USE_CREATE | USE_REPLACE) && p.w.last && p.w.last->type == NAME_ABSENT)
		p.w.last->flags |= NAME_PENDING;
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

/* btrfs: by ioctl(2), the name in a structure. */
static bool is_subvolume(const struct call *c)
{
	return c->via == syscall_row(SYSCALL_ioctl) && is_class(c, SYSCALL_CHANGE);
}

static int use_subvolume(struct recorder *r, const struct event *ev)
{
	if (ev->result < 0)
		return 0;
	objects_doubt(r->objects);	/* what it made came into being now */
	return fact_lost(r, "ioctl", "a subvolume was made or removed, which is not followed");
}

static int on_call(struct recorder *r, struct event *ev)
{
	const struct call *c = ev->call;
	int ret = queue_keep_up(r->queue, r->e);

	r->sum.calls++;
	if (is_class(c, SYSCALL_IDS))
		r->changed_ids = true;
	if (is_class(c, SYSCALL_TELL) && spell_wanted(r, c, NULL))
		ev->want_return = true;
	if (c->result_use)
		ev->want_return = true;
	if (received_wanted(c))
		return ret < 0 ? ret : received_call(r, ev);
	if (is_subvolume(c))
		ev->want_return = true;
	if (ret >= 0 && is_class(c, SYSCALL_MOUNT)) {
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
	if (ret >= 0 && c->more)
		ret = fact_lost(r, c->row->name, "more paths in one call than are looked at");
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
	if (received_wanted(ev->call))
		return received_return(r, ev);
	if (is_subvolume(ev->call))
		return use_subvolume(r, ev);
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
	case EVENT_BEGIN:
		return 0;
	case EVENT_EXIT:
		return process_exit(r, ev->task, ev->status);
	}
	return 0;
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
	ret = start_places(r);
	if (ret < 0)
		return ret;
	r->queue = queue_new(r->spec.out, r->spec.spool, r->e);
	if (!r->queue)
		return r->e->code;
	ret = finish_tell_run(r);
	if (ret >= 0 && recorder_mark_places(r, r->names) < 0)
		ret = err_set(r->e, -ENOMEM, "start recording");
	if (ret >= 0)
		ret = start_inherited(r);
	return ret < 0 ? ret : start_include(r);
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
	return SYSCALL_FILES | SYSCALL_BIT(SYSCALL_IDS) | SYSCALL_BIT(SYSCALL_TAKE) |
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
	ret->secrets = r->secrets;
	ret->n_secrets = r->n_secrets;
	ret->special = &r->special;
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
	manifest_strings_clear(&r->special);
	map_free(r->lost_paths);
	for (size_t i = 0; i < r->n_concealed; i++) {
		free(r->concealed[i].path);
		free(r->concealed[i].exe);
	}
	free(r->concealed);
	for (int i = 0; i < CALL_PATHS; i++)
		buf_free(&r->rewrite[i]);
	binfmts_clear(&r->binfmts);
	free(r->written);
	free(r->secrets);
	objects_free(r->objects);
	view_free_all(r);
	free(r);
}
