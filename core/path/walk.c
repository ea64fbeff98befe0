// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walking a path over the tree of names as the kernel does it: path_resolution(7),
 * the flags of openat2(2), and procfs, whose magic links lead to things rather than
 * to names and whose "self" is the task's, not ours.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/path/names.h"

#define WALK_MAX_LINKS 40	/* MAXSYMLINKS */

struct state {
	struct names *t;
	struct path_walk *w;
	struct name *at;
	struct buf todo;	/* what is left to walk; a followed symlink is put in front */
	size_t pos;
	int links;
	size_t tail;		/* bytes of todo that are the caller's own text */
};

static int visit(struct state *s, struct name *n, enum walk_role role)
{
	return s->w->visit ? s->w->visit(s->w->ctx, n, role) : 0;
}

static void skip_slashes(struct state *s)
{
	while (s->pos < s->todo.len && s->todo.data[s->pos] == '/')
		s->pos++;
}

static size_t component(const struct state *s)
{
	size_t len = 0;

	while (s->pos + len < s->todo.len && s->todo.data[s->pos + len] != '/')
		len++;
	return len;
}

/* The walk ends here, with what the kernel would say. */
static int end(struct state *s, struct name *n, int error)
{
	size_t left = s->todo.len - s->pos;

	s->w->last = n;
	s->w->error = error;
	s->w->rest = error ? MIN(left, s->tail) : 0;
	/* What stands in the way is looked at, but the call does nothing to it. */
	return n ? visit(s, n, error && n->type != NAME_ABSENT ? ROLE_DIR : ROLE_LAST) : 0;
}

/* Put @target in front of what is left, and start again from where it says. */
static int follow(struct state *s, const char *target)
{
	struct buf todo = BUF_INIT;

	if (++s->links > WALK_MAX_LINKS)
		return -ELOOP;
	s->w->links = true;
	buf_adds(&todo, target);
	if (s->pos < s->todo.len) {
		buf_addc(&todo, '/');
		buf_add(&todo, s->todo.data + s->pos, s->todo.len - s->pos);
	}
	if (buf_error(&todo) < 0) {
		buf_free(&todo);
		return -ENOMEM;
	}
	s->tail = MIN(s->tail, s->todo.len - s->pos);
	buf_free(&s->todo);
	s->todo = todo;
	s->pos = 0;
	if (target[0] == '/') {
		if (s->w->walk & WALK_BENEATH)
			return -EXDEV;
		s->at = s->w->walk & WALK_IN_ROOT ? s->w->base : s->w->root;
	}
	return 0;
}

/*
 * Is /proc/PID/… at @path a link to a thing rather than to a name? Those are cwd, root,
 * exe, and everything in fd, map_files and ns (proc(5)).
 */
bool path_is_magic(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *dir = name - 1;

	if (!strcmp(name, "cwd") || !strcmp(name, "root") || !strcmp(name, "exe"))
		return true;
	while (dir > path && dir[-1] != '/')
		dir--;
	return !strncmp(dir, "fd/", 3) || !strncmp(dir, "map_files/", 10) || !strncmp(dir, "ns/", 3);
}

/* "self" and "thread-self" of the task, not of us. True if @path was completed. */
static bool own_proc_link(const struct state *s, struct buf *path, const char *name, size_t len)
{
	if (len == 4 && !memcmp(name, "self", 4))
		buf_addf(path, "/%d", (int)s->w->tgid);
	else if (len == 11 && !memcmp(name, "thread-self", 11))
		buf_addf(path, "/%d/task/%d", (int)s->w->tgid, (int)s->w->tid);
	else
		return false;
	return true;
}

/* A walk below a procfs. */
struct proc {
	struct name *root;	/* of the procfs */
	struct buf path;	/* on the host, so far */
	size_t before;		/* its length without the component at hand */
	int depth;		/* below the root */
};

/* "." and ".." of one. 1: that was it and the walk goes on here, 2: it goes on above. 0: another. */
static int proc_dots(struct state *s, struct proc *p, size_t len)
{
	const char *text = s->todo.data + s->pos;

	if (text[0] != '.' || len > 2 || (len == 2 && text[1] != '.'))
		return 0;
	s->pos += len;
	if (len == 1)
		return 1;
	if (!p->depth) {
		s->at = p->root->parent;
		return 2;
	}
	buf_truncate(&p->path, strrchr(p->path.data, '/') - p->path.data);
	p->depth--;
	return 1;
}

/* The link at hand. 1: the walk goes on here, 2: outside, 0: ended, −errno. */
static int proc_link(struct state *s, struct proc *p)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	struct fsview *view = names_view(s->t);
	bool magic = path_is_magic(p->path.data), absolute;
	int r;

	if (magic && s->w->keep_fds && s->pos == s->todo.len && strstr(p->path.data, "/fd/"))
		return end(s, NULL, 0);
	r = (magic && view->magic ? view->magic : view->link)(view, p->path.data, &target);
	if (r < 0)
		return end(s, NULL, r);
	absolute = target.data[0] == '/';
	if (magic && !absolute)
		return end(s, NULL, 0);
	if (magic && s->w->walk & WALK_NO_MAGICLINKS)
		return end(s, NULL, -ELOOP);
	r = follow(s, target.data);
	if (r < 0)
		return r == -ENOMEM ? r : end(s, NULL, r);
	if (magic)
		s->at = names_root(s->t);	/* it means a thing, whatever the task's root */
	if (absolute)
		return 2;
	/* An ordinary one (mounts -> self/mounts): on from its directory. */
	buf_truncate(&p->path, p->before);
	p->depth--;
	return 1;
}

/* One component below a procfs. 1: go on here, 2: outside, 0: ended, −errno. */
static int proc_step(struct state *s, struct proc *p)
{
	struct fsview *view = names_view(s->t);
	struct name_look look;
	bool last, stay;
	size_t len;
	int r;

	skip_slashes(s);
	len = component(s);
	if (!len)
		return end(s, p->depth ? NULL : p->root, 0);
	r = proc_dots(s, p, len);
	if (r)
		return r;
	last = s->pos + len == s->todo.len;
	stay = last && s->w->walk & WALK_NOFOLLOW;
	p->before = p->path.len;
	if (p->depth || stay || !own_proc_link(s, &p->path, s->todo.data + s->pos, len)) {
		buf_addc(&p->path, '/');
		buf_add(&p->path, s->todo.data + s->pos, len);
	}
	s->pos += len;
	p->depth++;
	if (buf_error(&p->path) < 0)
		return -ENOMEM;
	r = view->look(view, p->path.data, &look);
	if (r < 0)
		return end(s, NULL, r);
	return S_ISLNK(look.mode) && !stay ? proc_link(s, p) : 1;
}

/*
 * Below a procfs nothing is remembered. 1 when the walk goes on outside (s->at and
 * s->todo are set), 0 when it has ended there, −errno.
 */
static int walk_proc(struct state *s, struct name *root)
{
	struct proc p = { .root = root };
	int r = name_host(root, &p.path);

	if (r == 0)
		r = 1;
	while (r == 1)
		r = proc_step(s, &p);
	if (r == 0 && !s->w->last && s->w->proc) {
		buf_reset(s->w->proc);
		buf_add(s->w->proc, p.path.data, p.path.len);
		r = buf_error(s->w->proc);
	}
	buf_free(&p.path);
	return r == 2 ? 1 : r;
}

static int step_up(struct state *s)
{
	struct name *limit = s->w->root;

	if (s->w->walk & (WALK_BENEATH | WALK_IN_ROOT) && s->at == s->w->base) {
		if (s->w->walk & WALK_BENEATH)
			return -EXDEV;
		limit = s->w->base;
	}
	if (s->at != limit)
		s->at = s->at->parent;
	return 0;
}

/* The symlink @n: followed, or where the walk ends. 1 = go on. */
static int step_link(struct state *s, struct name *n, bool last)
{
	int r;

	if (last && s->w->walk & WALK_NOFOLLOW && !s->w->slash)
		return end(s, n, 0);
	if (s->w->walk & WALK_NO_SYMLINKS)
		return end(s, n, -ELOOP);
	r = visit(s, n, ROLE_LINK);
	if (r < 0)
		return r;
	if (!n->target[0])
		return end(s, n, -ENOENT);
	r = follow(s, n->target);
	if (r == -ENOMEM)
		return r;
	return r < 0 ? end(s, n, r) : 1;
}

/* One component. 1 = go on, 0 = ended, −errno. */
static int step(struct state *s)
{
	struct name *n;
	size_t len;
	bool last;
	int r;

	skip_slashes(s);
	len = component(s);
	r = names_refresh(s->t, s->at);
	if (r < 0)
		return r == -ENOMEM ? r : end(s, s->at, r);
	if (s->at->type == NAME_ABSENT)
		return end(s, s->at, -ENOENT);
	if (!len)
		return end(s, s->at, 0);
	if (s->at->type == NAME_PROC)
		return walk_proc(s, s->at);
	if (s->at->type != NAME_DIR)
		return end(s, s->at, -ENOTDIR);
	if (len == 1 && s->todo.data[s->pos] == '.') {
		s->pos += len;
		return 1;
	}
	if (len == 2 && !memcmp(s->todo.data + s->pos, "..", 2)) {
		s->pos += len;
		r = step_up(s);
		return r < 0 ? end(s, s->at, r) : 1;
	}
	r = visit(s, s->at, ROLE_DIR);
	if (r < 0)
		return r;
	if (len > 255)	/* NAME_MAX of every file system in use */
		return end(s, s->at, -ENAMETOOLONG);
	n = names_child(s->t, s->at, s->todo.data + s->pos, len);
	if (!n)
		return -ENOMEM;
	if (s->w->fresh && n->type == NAME_ABSENT && !(n->flags & NAME_PENDING))
		names_forget(n);
	r = names_refresh(s->t, n);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return end(s, n, r);
	s->pos += len;
	skip_slashes(s);
	last = s->pos == s->todo.len;
	if (n->type == NAME_ABSENT)
		return end(s, n, -ENOENT);
	if (last && s->w->walk & WALK_PARENT)
		return end(s, n, 0);
	if (n->type == NAME_LNK)
		return step_link(s, n, last);
	if (last && n->type != NAME_PROC)
		return end(s, n, n->type == NAME_FILE && s->w->slash ? -ENOTDIR : 0);
	s->at = n;
	return 1;
}

int names_walk(struct names *t, struct path_walk *w, struct err *e)
{
	struct state s = { .t = t, .w = w };
	int r;

	w->last = NULL;
	w->error = 0;
	w->rest = 0;
	w->links = false;
	w->slash = w->len && w->text[w->len - 1] == '/';
	if (!w->len && !(w->walk & WALK_EMPTY)) {
		w->error = -ENOENT;
		return 0;
	}
	buf_add(&s.todo, w->text, w->len);
	s.tail = w->len;
	s.at = w->base;
	if (w->len && w->text[0] == '/')
		s.at = w->walk & WALK_IN_ROOT ? w->base : w->root;
	if (w->len && w->text[0] == '/' && w->walk & WALK_BENEATH) {
		w->error = -EXDEV;
		r = 0;
	} else {
		r = buf_error(&s.todo);
		if (!r)
			r = 1;
	}
	while (r > 0)
		r = step(&s);
	buf_free(&s.todo);
	if (r < 0 && e && e->code == r)
		return r;	/* the visitor has said why */
	return r < 0 ? err_set(e, r, "resolve %.*s", (int)MIN(w->len, (size_t)200), w->text) : 0;
}
