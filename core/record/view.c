// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees of names by mount namespace, and mounts as bindings of their nodes. */
#include "core/record/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/record/recorder_internal.h"

static int bind_to(struct name *n, const char *host, bool born)
{
	char *copy = strdup(host);

	if (!copy)
		return -ENOMEM;
	free(n->bind);
	n->bind = copy;
	n->concealed = false;
	n->object = NULL;
	n->flags &= ~(NAME_BORN | NAME_WAS_ABSENT);
	n->flags |= NAME_MOUNTED | (born ? NAME_BORN : 0);
	names_forget(n);
	return 0;
}

static int on_the_way(void *ctx, struct name *n, enum walk_role role)
{
	(void)role;
	return use_name(ctx, n, USE_META);
}

static int use_layer(void *ctx, const char *path)
{
	struct recorder *r = ctx;
	struct path_walk w = {
		.root = names_root(r->names), .base = names_root(r->names), .text = path,
		.len = strlen(path), .visit = on_the_way, .ctx = r,
	};

	return path[0] == '/' ? names_walk(r->names, &w, r->e) : 0;
}

/*
 * An overlay has an identity of its own for every file, so what is read through it cannot
 * be told from what was made in it: its directories are used, and the rest is said.
 */
static int use_overlay(struct recorder *r, struct view *v, const struct mount_entry *e)
{
	struct names *names = r->names;
	int ret;

	r->names = v->names;
	ret = mounts_each_layer(e, use_layer, r);
	r->names = names;
	return ret < 0 ? ret : fact_lost(r, e->point, "an overlay made in the run: what is read through it is not archived");
}

/* A mount that was not there at the start. */
static int bind_mount(struct recorder *r, struct view *v, const struct mount_entry *e, pid_t tid)
{
	struct name *n = names_at(v->names, e->point);
	_cleanup_buf_ struct buf host = BUF_INIT;
	int ret;

	if (!n)
		return -ENOMEM;
	if (mounts_source(&r->mounts, e, &host))
		return bind_to(n, host.data, false);
	if (buf_error(&host) < 0)
		return -ENOMEM;
	buf_reset(&host);
	buf_addf(&host, "/proc/%d/root%s", (int)tid, e->point);
	ret = buf_error(&host) < 0 ? -ENOMEM : bind_to(n, host.data, true);
	return ret < 0 || !e->layers ? ret : use_overlay(r, v, e);
}

static void unbind_gone(struct view *v, const struct mounts *now)
{
	for (size_t i = 0; i < v->mounts.n; i++) {
		struct name *n = names_at(v->names, v->mounts.v[i].point);

		if (!n || !(n->flags & NAME_MOUNTED) || mounts_has(now, &v->mounts.v[i]))
			continue;
		free(n->bind);
		n->bind = NULL;
		n->object = NULL;
		n->flags &= ~(NAME_MOUNTED | NAME_BORN);
		names_forget(n);
	}
}

static int update(struct recorder *r, struct view *v, struct task *t)
{
	struct mounts now;
	int ret = mounts_read(&now, t->tid);

	if (ret < 0)
		return ret == -ENOMEM ? ret : 0;	/* it is gone, and sees nothing any more */
	unbind_gone(v, &now);
	for (size_t i = 0; i < now.n && ret >= 0; i++)
		if (!mounts_has(&r->mounts, &now.v[i]) && !mounts_has(&v->mounts, &now.v[i]))
			ret = bind_mount(r, v, &now.v[i], t->tid);
	mounts_clear(&v->mounts);
	v->mounts = now;
	names_doubt_all(v->names);
	return ret;
}

static void free_view(struct view *v)
{
	size_t cursor = 0;
	void *base;

	while (v->bases && map_next(v->bases, &cursor, NULL, NULL, &base))
		free(base);
	map_free(v->bases);
	names_free(v->names);
	mounts_clear(&v->mounts);
}

static struct view *new_view(struct recorder *r, struct task *t)
{
	struct view *v = calloc(1, sizeof(*v));
	int ret = -ENOMEM;

	if (v) {
		v->names = names_new(fsview_host());
		v->bases = map_new();
	}
	if (v && v->names && v->bases) {
		v->ns = t->mnt_ns;
		v->next = r->views;
		r->views = v;
		ret = recorder_mark_places(r, v->names);
	}
	if (ret >= 0)
		ret = update(r, v, t);
	if (ret < 0) {
		err_set(r->e, ret, "follow a mount namespace");
		if (v && r->views != v) {
			free_view(v);
			free(v);
		}
		return NULL;
	}
	return v;
}

int view_init_home(struct recorder *r)
{
	int ret;

	r->home.names = names_new(fsview_host());
	r->home.bases = map_new();
	if (!r->home.names || !r->home.bases)
		return -ENOMEM;
	r->view = &r->home;
	r->names = r->home.names;
	ret = mounts_read(&r->mounts, 0);
	if (ret >= 0)
		ret = mounts_read(&r->home.mounts, 0);
	return ret == -ENOMEM ? ret : 0;	/* without /proc there is nothing to compare with */
}

struct view *view_of(struct recorder *r, struct task *t)
{
	if (!t->mnt_ns && task_namespaces(t, NULL) < 0)
		return &r->home;	/* it is gone */
	if (!r->home.ns)
		r->home.ns = t->mnt_ns;	/* the initial command's */
	if (t->mnt_ns == r->home.ns)
		return &r->home;
	for (struct view *v = r->views; v; v = v->next)
		if (v->ns == t->mnt_ns)
			return v;
	return new_view(r, t);
}

int view_changed(struct recorder *r, struct task *t)
{
	struct view *v = view_of(r, t);
	int ret;

	if (!v)
		return r->e->code;
	if (v == &r->home && r->spec.conceal_by_mounts) {
		names_doubt_all(v->names);	/* its mounts are ours, too */
		return 0;
	}
	ret = update(r, v, t);
	return ret < 0 ? err_set(r->e, ret, "follow a mount") : 0;
}

void view_free_all(struct recorder *r)
{
	while (r->views) {
		struct view *v = r->views;

		r->views = v->next;
		free_view(v);
		free(v);
	}
	free_view(&r->home);
	mounts_clear(&r->mounts);
}
