// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the text in a call to a name: the directory it starts from as the tracee
 * sees it, the walk that announces every component, and the way back for a path
 * that leads into a concealed place.
 */
#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/record/recorder_internal.h"

struct base {
	struct name *name;
	uint32_t shape;		/* of the tree when it was found */
};

static int on_the_way(void *ctx, struct name *n, enum walk_role role)
{
	struct recorder *r = ctx;

	(void)role;
	return use_name(r, n, USE_META);
}

/* What the kernel tells of a directory that has been removed. */
static bool is_deleted(const char *path)
{
	size_t len = strlen(path), tail = sizeof(" (deleted)") - 1;

	return len > tail && !strcmp(path + len - tail, " (deleted)");
}

static int find_base(struct recorder *r, struct task *t, const char *dir, struct name **ret)
{
	struct path_walk w = {
		.root = names_root(r->names), .base = names_root(r->names),
		.text = dir, .len = strlen(dir), .walk = WALK_NOFOLLOW | WALK_EMPTY,
		.tgid = t->tgid, .tid = t->tid, .visit = on_the_way, .ctx = r,
	};
	int ret_walk = names_walk(r->names, &w, r->e);

	*ret = w.error ? NULL : w.last;
	return ret_walk;
}

int path_base(struct recorder *r, struct task *t, const char *dir, struct name **ret)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	size_t len = strlen(dir);
	struct base *b;
	int ret_find;

	*ret = NULL;
	if (dir[0] != '/' || is_deleted(dir))
		return 0;
	b = map_get(r->view->bases, dir, len);
	if (b && b->shape == names_shape(r->names)) {
		*ret = b->name;
		return 0;
	}
	ret_find = find_base(r, t, conceal_from_host(r->conceal, dir, &own) ? own.data : dir, ret);
	if (ret_find < 0 || !*ret)
		return ret_find;
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b || map_set(r->view->bases, dir, len, b, NULL) < 0) {
			free(b);
			return err_set(r->e, -ENOMEM, "remember %s", dir);
		}
	}
	*b = (struct base){ *ret, names_shape(r->names) };
	return 0;
}

/* Its path is longer than procfs tells, and cannot be found by going up from there either. */
static int too_deep(struct recorder *r, const char *text)
{
	return fact_lost(r, text, "in a directory whose path is too long to be told");
}

int path_of_fd(struct recorder *r, struct task *t, int fd, struct name **ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int ret_read = task_fd_path(t, fd, &path, NULL);

	*ret = NULL;
	if (ret_read == -ENAMETOOLONG)
		return too_deep(r, "an open file");
	if (ret_read < 0)
		return 0;	/* EBADF: the kernel will say so */
	return path_base(r, t, path.data, ret);
}

/* Directory that the path starts from; NULL when it has no name (any more). */
static int base_of(struct recorder *r, struct task *t, const struct call_path *p, struct name *root,
		   struct name **ret)
{
	const char *cwd;
	int ret_cwd;

	*ret = root;
	if (p->text.len && p->text.data[0] == '/' && !(p->walk & WALK_IN_ROOT))
		return 0;
	if (p->dirfd != CALL_CWD)
		return path_of_fd(r, t, p->dirfd, ret);
	*ret = NULL;
	ret_cwd = task_cwd(t, &cwd, NULL);
	if (ret_cwd == -ENAMETOOLONG)
		return too_deep(r, buf_str(&p->text));
	return ret_cwd < 0 ? 0 : path_base(r, t, cwd, ret);
}

struct visit_ctx {
	struct recorder *r;
	struct used_path *p;
	unsigned use;
	bool announce;
};

static int visit(void *arg, struct name *n, enum walk_role role)
{
	struct visit_ctx *v = arg;

	if (recorder_rewrites(v->r)) {
		const struct name *top = name_binding(n);
		bool hidden = top && top->concealed;

		/* The way to a revealed place leads through directories that exist truly. */
		v->p->crossed |= hidden && (role != ROLE_DIR || !(n->flags & NAME_SKELETON));
		v->p->natural &= hidden && top == v->p->in;
	}
	if (!v->announce)
		return 0;
	return use_name(v->r, n, role == ROLE_LAST ? v->use : USE_META);
}

int path_walk_call(struct recorder *r, struct event *ev, int i, bool announce, struct used_path *ret)
{
	const struct call_path *p = &ev->call->paths[i];
	struct task *t = ev->task;
	struct visit_ctx v = { r, ret, p->use ? p->use : USE_META, announce };
	struct name *root = names_root(r->names);
	const char *root_path;
	int ret_base;

	memset(ret, 0, sizeof(*ret));
	ret->w.error = p->error ? p->error : -ENOENT;
	if (p->error)
		return 0;
	if (task_root(t, &root_path, NULL) >= 0 && strcmp(root_path, "/")) {
		ret_base = path_base(r, t, root_path, &root);
		if (ret_base < 0 || !root)
			return ret_base;
	}
	ret_base = base_of(r, t, p, root, &ret->base);
	if (ret_base < 0 || !ret->base)
		return ret_base;
	ret->in = name_binding(ret->base);
	ret->natural = ret->in && ret->in->concealed;
	ret->w = (struct path_walk){
		.root = root, .base = ret->base, .text = buf_str(&p->text), .len = p->text.len,
		.walk = p->walk, .fresh = announce && p->use & (USE_READ | USE_EXEC | USE_LIST),
		.tgid = t->tgid, .tid = t->tid, .visit = visit, .ctx = &v,
	};
	return names_walk(r->names, &ret->w, r->e);
}

/* Would the kernel, left alone, get to where the walk got? */
static bool kernel_agrees(const struct call_path *p, const struct used_path *u)
{
	bool plain = !u->w.links && !strstr(buf_str(&p->text), "..");
	bool absolute = p->text.len && p->text.data[0] == '/';

	/* On the way to a revealed place the real directories are there as well. */
	if (absolute || !u->in || !u->in->concealed)
		return !u->crossed || (plain && !name_concealed(u->w.last));
	return u->natural && plain;
}

int path_rewrite(struct recorder *r, struct event *ev, int i, const struct used_path *u)
{
	const struct call_path *p = &ev->call->paths[i];
	struct buf *to = &r->rewrite[i];

	if (!recorder_rewrites(r) || !u->w.last || kernel_agrees(p, u))
		return 0;
	/* What is asked about the concealed directory itself the real one answers. */
	if (u->w.last->flags & NAME_SKELETON && !(p->use & ~(USE_META | USE_ACCESSX)) &&
	    ev->call->oflags == 0 && !u->w.error && p->text.data[0] == '/' && !u->w.links)
		return 0;
	/* Where nothing is concealed its own name is the way, also to what is mounted there. */
	if ((name_concealed(u->w.last) ? name_host(u->w.last, to) : name_path(u->w.last, to)) < 0)
		return err_set(r->e, -ENOMEM, "conceal");
	if (u->w.rest) {
		buf_addc(to, '/');
		buf_add(to, p->text.data + p->text.len - u->w.rest, u->w.rest);
	} else if (u->w.slash) {
		buf_addc(to, '/');
	}
	ev->rewrite[i] = to->data;
	return buf_error(to);
}
