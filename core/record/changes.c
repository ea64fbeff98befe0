// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After a call that changes names, seen at its exit because failing is normal
 * (EEXIST, EXDEV): the tree of names follows, and what was made in the run is
 * known as such, so that it is never archived (decision 2).
 */
#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/record/recorder_internal.h"

/* It may be different at the end from what it was: to be hashed for `care verify`. */
int changes_written(struct recorder *r, struct name *n)
{
	struct name **more;

	n->flags |= NAME_CHANGED;
	if (n->flags & NAME_WRITTEN || r->view != &r->home)
		return 0;
	if (r->n_written == r->room_written) {
		size_t room = r->room_written ? r->room_written * 2 : 64;

		more = realloc(r->written, room * sizeof(*more));
		if (!more)
			return err_set(r->e, -ENOMEM, "remember what was written");
		r->written = more;
		r->room_written = room;
	}
	n->flags |= NAME_WRITTEN;
	r->written[r->n_written++] = n;
	return 0;
}

static bool is_old_dir(const struct name *n)
{
	return n && n->type == NAME_DIR && n->object != &object_born;
}

static bool is_exchange(const struct call *c)
{
	return c->paths[0].use & USE_REPLACE && c->paths[1].use & USE_REMOVE;
}

static int apply_move(struct recorder *r, struct name *from, struct name *to, bool exchange)
{
	if (is_old_dir(from) || (exchange && is_old_dir(to)))
		r->renamed_dirs = true;
	/* What is not looked at yet must carry its first name along. */
	names_refresh(r->names, from);
	if ((exchange ? names_swap(r->names, from, to) : names_move(r->names, from, to)) < 0)
		return err_set(r->e, -ENOMEM, "follow a rename");
	if (from->type == NAME_DIR || to->type == NAME_DIR)
		task_fs_changed_all(r->spec.tasks);
	/* @from hangs at the new name now. */
	return changes_written(r, from);
}

/* link(2): the new name is the old inode; what was born stays born. */
static void apply_link(struct name *from, struct name *to)
{
	if (from->object == &object_born || from->flags & NAME_BORN) {
		names_born(to);
		return;
	}
	names_forget(to);
	to->flags |= NAME_CHANGED;
	to->object = from->object;
	to->dev = from->dev;
	to->ino = from->ino;
}

static int apply_one(struct recorder *r, struct name *n, unsigned use)
{
	if (use & USE_REMOVE) {
		names_gone(n);
		return 0;
	}
	if (use & USE_CREATE && n->type == NAME_ABSENT)
		names_born(n);
	else if (use & USE_CREATE && n->type == NAME_UNKNOWN)
		names_forget(n);
	return use & (USE_CREATE | USE_WRITE | USE_REPLACE) ? changes_written(r, n) : 0;
}

/* What was about to change did not. */
static void take_back(struct name *n, pid_t tid)
{
	struct object *o = n->object;

	if (o && o->doomer == tid)
		o->doomed = false;
}

/* The call has ended: what it was to make is there or not. */
static void settle(struct recorder *r, const struct event *ev, struct used_path *p)
{
	for (int i = 0; i < ev->call->n_paths; i++) {
		struct object *o = p[i].w.last ? p[i].w.last->object : NULL;

		if (o && ev->result >= 0 && o->doomer == ev->task->tid)
			o->doomer = 0;	/* it came true */
		if (p[i].w.last)
			p[i].w.last->flags &= ~NAME_PENDING;
		else if (ev->result >= 0 && ev->call->paths[i].use & USE_CREATE && !ev->call->paths[i].error)
			objects_doubt(r->objects);
	}
}

/*
 * It failed. rmdir(2) and rename(2) also tell that a directory is not empty: names in it
 * that nobody uses otherwise are used by that.
 */
static int fail(struct recorder *r, const struct event *ev, struct used_path *p)
{
	bool full = ev->result == -ENOTEMPTY || ev->result == -EEXIST;
	const struct call *c = ev->call;
	int ret = 0;

	/* An overlay answers EXDEV before it looks whether the move could be. */
	if (c->n_paths == 2 && c->paths[0].use & USE_REMOVE &&
	    (is_old_dir(p[0].w.last) || (is_exchange(c) && is_old_dir(p[1].w.last))))
		r->renamed_dirs = true;
	for (int i = 0; i < c->n_paths && ret >= 0; i++) {
		struct name *n = p[i].w.error ? NULL : p[i].w.last;

		if (n)
			take_back(n, ev->task->tid);
		if (n && full && n->type == NAME_DIR && c->paths[i].use & (USE_REMOVE | USE_REPLACE))
			ret = use_list(r, n);
	}
	return ret;
}

int changes_apply(struct recorder *r, struct event *ev)
{
	const struct call *c = ev->call;
	struct used_path p[CALL_PATHS];
	int n = c->n_paths, ret = 0;

	for (int i = 0; i < n && ret >= 0; i++)
		ret = path_walk_call(r, ev, i, false, &p[i]);
	if (ret < 0)
		return ret;
	settle(r, ev, p);
	if (ev->result < 0)
		return fail(r, ev, p);
	if (n == 2 && c->paths[0].use & USE_REMOVE) {
		bool exchange = is_exchange(c);

		if (!p[0].w.last || !p[1].w.last) {
			names_doubt_all(r->names);
			return 0;
		}
		return apply_move(r, p[0].w.last, p[1].w.last, exchange);
	}
	if (n == 2 && c->paths[1].use & USE_CREATE && c->paths[0].use && !(c->paths[0].use & USE_CHANGES)) {
		if (p[0].w.last && p[1].w.last && !p[0].w.error) {
			apply_link(p[0].w.last, p[1].w.last);
			return changes_written(r, p[1].w.last);
		}
		if (p[1].w.last)
			names_born(p[1].w.last);
		return 0;
	}
	for (int i = 0; i < n && ret >= 0; i++) {
		if (!p[i].w.last || (p[i].w.error && p[i].w.error != -ENOENT) || p[i].w.rest)
			continue;
		ret = apply_one(r, p[i].w.last, c->paths[i].use);
	}
	return ret;
}
