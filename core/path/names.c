// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of names. Like the kernel's dcache it is one hash table keyed by
 * (parent, name), so that renaming a directory moves one node and everything below
 * it follows; nodes are never freed before the end, because a rename may leave
 * children whose parent has no name any more.
 */
#include "core/path/names.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/map.h"

#define NAMES_FIRST_SIZE 1024

struct names {
	struct fsview *view;
	struct name **chains;
	size_t size;		/* a power of two */
	size_t count;
	struct name *orphans;	/* replaced by a rename; their children may live on */
	struct name root;
	uint32_t generation;
	uint32_t shape;
};

static size_t hash(const struct name *dir, const char *text, size_t len)
{
	return map_hash(text, len) ^ ((uintptr_t)dir >> 4) * 0x9e3779b97f4a7c15u;
}

static struct name **chain_of(const struct names *t, const struct name *dir, const char *text,
			      size_t len)
{
	return &t->chains[hash(dir, text, len) & (t->size - 1)];
}

struct names *names_new(struct fsview *view)
{
	struct names *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->view = view;
	t->size = NAMES_FIRST_SIZE;
	t->generation = 1;
	t->chains = calloc(t->size, sizeof(*t->chains));
	t->root.text = strdup("");
	if (!t->chains || !t->root.text) {
		free(t->chains);
		free(t->root.text);
		free(t);
		return NULL;
	}
	t->root.parent = &t->root;
	return t;
}

static void clear(struct name *n)
{
	free(n->text);
	free(n->target);
	free(n->bind);
}

static void free_list(struct name *n)
{
	while (n) {
		struct name *next = n->next;

		clear(n);
		free(n);
		n = next;
	}
}

void names_free(struct names *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->size; i++)
		free_list(t->chains[i]);
	free_list(t->orphans);
	clear(&t->root);
	free(t->chains);
	free(t);
}

struct name *names_root(struct names *t)
{
	return &t->root;
}

struct fsview *names_view(const struct names *t)
{
	return t->view;
}

size_t names_count(const struct names *t)
{
	return t->count;
}

uint32_t names_shape(const struct names *t)
{
	return t->shape;
}

struct name *names_known(struct names *t, const struct name *dir, const char *text, size_t len)
{
	struct name *n = *chain_of(t, dir, text, len);

	while (n && !(n->parent == dir && !strncmp(n->text, text, len) && !n->text[len]))
		n = n->next;
	return n;
}

static void grow(struct names *t)
{
	struct name **old = t->chains;
	size_t size = t->size;

	t->chains = calloc(size * 2, sizeof(*t->chains));
	if (!t->chains) {
		t->chains = old;	/* longer chains are slower, not wrong */
		return;
	}
	t->size = size * 2;
	for (size_t i = 0; i < size; i++) {
		struct name *n = old[i];

		while (n) {
			struct name *next = n->next;
			struct name **chain = chain_of(t, n->parent, n->text, strlen(n->text));

			n->next = *chain;
			*chain = n;
			n = next;
		}
	}
	free(old);
}

static void insert(struct names *t, struct name *n)
{
	struct name **chain = chain_of(t, n->parent, n->text, strlen(n->text));

	n->next = *chain;
	*chain = n;
	t->count++;
}

static void take_out(struct names *t, struct name *n)
{
	struct name **at = chain_of(t, n->parent, n->text, strlen(n->text));

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	n->next = NULL;
	t->count--;
}

struct name *names_child(struct names *t, struct name *dir, const char *text, size_t len)
{
	struct name *n = names_known(t, dir, text, len);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->text = strndup(text, len);
	if (!n->text) {
		free(n);
		return NULL;
	}
	n->parent = dir;
	if (t->count >= t->size)
		grow(t);
	insert(t, n);
	return n;
}

struct name *names_at(struct names *t, const char *path)
{
	struct name *n = &t->root;

	while (n && *path) {
		size_t len = strcspn(path, "/");

		if (len)
			n = names_child(t, n, path, len);
		path += len + (path[len] == '/');
	}
	return n;
}

bool name_concealed(const struct name *n)
{
	const struct name *top = name_binding(n);

	return top && top->concealed;
}

const struct name *name_binding(const struct name *n)
{
	while (!n->bind) {
		if (n->parent == n)
			return NULL;
		n = n->parent;
	}
	return n;
}

/* @n below @top as text, "" for @top itself. */
static void add_below(const struct name *n, const struct name *top, struct buf *path)
{
	if (n == top || n->parent == n)
		return;
	add_below(n->parent, top, path);
	if (!path->len || path->data[path->len - 1] != '/')
		buf_addc(path, '/');
	buf_adds(path, n->text);
}

int name_path(const struct name *n, struct buf *ret_path)
{
	buf_reset(ret_path);
	add_below(n, NULL, ret_path);
	if (!ret_path->len)
		buf_addc(ret_path, '/');
	return buf_error(ret_path);
}

int name_host(const struct name *n, struct buf *ret_path)
{
	const struct name *top = name_binding(n);

	if (!top)
		return name_path(n, ret_path);
	buf_reset(ret_path);
	buf_adds(ret_path, top->bind);
	add_below(n, top, ret_path);
	return buf_error(ret_path);
}

static uint8_t type_of(const struct name_look *look)
{
	if (S_ISDIR(look->mode))
		return look->procfs ? NAME_PROC : NAME_DIR;
	return S_ISLNK(look->mode) ? NAME_LNK : NAME_FILE;
}

static int refresh_target(struct names *t, struct name *n, const char *path)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = t->view->link(t->view, path, &target);

	if (r < 0)
		return r;
	free(n->target);
	n->target = buf_steal(&target);
	return n->target ? 0 : -ENOMEM;
}

int names_refresh(struct names *t, struct name *n)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct name_look look;
	int r;

	if (n->type != NAME_UNKNOWN && n->generation == t->generation)
		return 0;
	r = name_host(n, &path);
	if (r < 0)
		return r;
	r = t->view->look(t->view, path.data, &look);
	if (r == -ENOENT) {
		if (n->type == NAME_UNKNOWN && !(n->flags & NAME_CHANGED) && !n->object)
			n->flags |= NAME_WAS_ABSENT;
		n->type = NAME_ABSENT;
		n->object = NULL;
		n->generation = t->generation;
		return 0;
	}
	if (r < 0)
		return r;	/* EACCES and the like: nothing is known, asked again next time */
	if (n->object && (n->dev != look.dev || n->ino != look.ino))
		n->object = NULL;	/* the name means something else now */
	if (type_of(&look) == NAME_LNK) {
		r = refresh_target(t, n, path.data);
		if (r < 0)
			return r;
	}
	n->dev = look.dev;
	n->ino = look.ino;
	n->mode = look.mode;
	n->type = type_of(&look);
	n->generation = t->generation;
	return 0;
}

void names_forget(struct name *n)
{
	n->type = NAME_UNKNOWN;
}

void names_gone(struct name *n)
{
	n->type = NAME_ABSENT;
	n->object = NULL;
	n->flags |= NAME_CHANGED;
	n->flags &= ~NAME_BORN;
}

void names_born(struct name *n)
{
	n->type = NAME_UNKNOWN;
	n->object = NULL;
	n->flags |= NAME_CHANGED | NAME_BORN;
}

int names_move(struct names *t, struct name *from, struct name *to)
{
	struct name *parent = to->parent, *left;
	char *text;

	/* Two names of one inode: the kernel does nothing (rename(2)). */
	if (from == to || (from->type == NAME_FILE && to->type == NAME_FILE &&
			   from->dev == to->dev && from->ino == to->ino))
		return 0;
	left = calloc(1, sizeof(*left));
	text = strdup(to->text);
	if (left)
		left->text = strdup(from->text);
	if (!text || !left || !left->text) {
		free(text);
		if (left)
			free(left->text);
		free(left);
		return -ENOMEM;
	}
	left->parent = from->parent;
	left->type = NAME_ABSENT;
	left->generation = t->generation;
	left->flags = NAME_CHANGED;

	take_out(t, from);
	take_out(t, to);
	to->next = t->orphans;
	to->flags |= NAME_ORPHAN;
	t->orphans = to;
	free(from->text);
	from->text = text;
	from->parent = parent;
	from->flags |= NAME_CHANGED;
	insert(t, from);
	insert(t, left);
	t->shape++;
	return 0;
}

int names_swap(struct names *t, struct name *a, struct name *b)
{
	struct name *parent = a->parent;
	char *text = a->text;

	if (a == b)
		return 0;	/* allowed, and nothing changes */
	take_out(t, a);
	take_out(t, b);
	a->parent = b->parent;
	a->text = b->text;
	b->parent = parent;
	b->text = text;
	a->flags |= NAME_CHANGED;
	b->flags |= NAME_CHANGED;
	insert(t, a);
	insert(t, b);
	t->shape++;
	return 0;
}

void names_doubt_all(struct names *t)
{
	t->generation++;
	t->shape++;
}
