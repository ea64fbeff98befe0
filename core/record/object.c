// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects in order of first use, and an index by (device, inode). An inode number
 * is used again after an unlink, so whatever was born in the run is recognised
 * before the index is asked.
 */
#include "core/record/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/record/stat.h"

#define OBJECTS_FIRST_SIZE 1024

struct objects {
	struct timespec start;
	bool doubt;		/* something was made that has no name we know */
	struct object **all;
	size_t n, room;
	struct object **slots;	/* by identity; at most half full */
	size_t size, used;
};

struct object object_born;

struct objects *objects_new(const struct timespec *start)
{
	struct objects *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->start = *start;
	t->size = OBJECTS_FIRST_SIZE;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (!t->slots) {
		free(t);
		return NULL;
	}
	return t;
}

static void free_object(struct object *o)
{
	if (!o)
		return;
	manifest_file_clear(&o->file);
	free(o);
}

void objects_free(struct objects *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free_object(t->all[i]);
	free(t->all);
	free(t->slots);
	free(t);
}

static struct object **slot_of(const struct objects *t, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino + ((uint64_t)dev << 40)) * 0x9e3779b97f4a7c15u;

	for (size_t i = h ^ (h >> 32);; i++) {
		struct object **s = &t->slots[i & (t->size - 1)];

		if (!*s || ((*s)->file.dev == dev && (*s)->file.ino == ino))
			return s;
	}
}

static int grow(struct objects *t)
{
	struct object **old = t->slots;
	size_t size = t->size;

	t->slots = calloc(size * 2, sizeof(*t->slots));
	if (!t->slots) {
		t->slots = old;
		return -ENOMEM;
	}
	t->size = size * 2;
	for (size_t i = 0; i < size; i++)
		if (old[i])
			*slot_of(t, old[i]->file.dev, old[i]->file.ino) = old[i];
	free(old);
	return 0;
}

static int keep(struct objects *t, struct object *o)
{
	struct object **slot;

	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct object **all = realloc(t->all, room * sizeof(*all));

		if (!all)
			return -ENOMEM;
		t->all = all;
		t->room = room;
	}
	if (o->file.type != MANIFEST_DIR) {
		if (t->used * 2 >= t->size && grow(t) < 0)
			return -ENOMEM;
		slot = slot_of(t, o->file.dev, o->file.ino);
		t->used += !*slot;
		*slot = o;
	}
	t->all[t->n++] = o;
	return 0;
}

static bool after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void objects_doubt(struct objects *t)
{
	t->doubt = true;
}

int objects_add(struct objects *t, const char *host, const char *origin, bool changed,
		struct object **ret, bool *ret_link, struct err *e)
{
	struct timespec birth;
	struct object *o;
	bool young;
	int r;

	*ret_link = false;
	o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(e, -ENOMEM, "remember %s", origin);
	r = stat_file(host, &o->file, &birth);
	if (r < 0) {
		free_object(o);
		return err_set(e, r, "look at %s", host);
	}
	young = after(&birth, &t->start);
	if (young && (changed || t->doubt)) {
		free_object(o);
		*ret = &object_born;
		return 0;
	}
	/* The number of an inode that is young may have been another's: keep() puts it in its place. */
	if (o->file.type != MANIFEST_DIR && !young) {
		struct object *known = *slot_of(t, o->file.dev, o->file.ino);

		if (known) {
			free_object(o);
			*ret_link = strcmp(known->file.path, origin) != 0;
			*ret = known;
			return 0;
		}
	}
	o->file.path = strdup(origin);
	r = o->file.path ? stat_xattrs(host, &o->file) : -ENOMEM;
	if (r >= 0)
		r = keep(t, o);
	if (r < 0) {
		free_object(o);
		return err_set(e, r, "remember %s", origin);
	}
	*ret = o;
	return 0;
}

int objects_add_fd(struct objects *t, int fd, const char *origin, struct object **ret,
		   bool *ret_link, struct err *e)
{
	struct object *o = calloc(1, sizeof(*o)), *known;
	int r = o ? stat_fd(fd, &o->file) : -ENOMEM;

	*ret_link = false;
	known = r < 0 ? NULL : objects_by_inode(t, o->file.dev, o->file.ino);
	if (known) {
		free_object(o);
		*ret_link = strcmp(known->file.path, origin) != 0;
		*ret = known;
		return 0;
	}
	if (r >= 0) {
		o->file.path = strdup(origin);
		r = o->file.path ? keep(t, o) : -ENOMEM;
	}
	if (r < 0) {
		free_object(o);
		return err_set(e, r, "remember %s", origin);
	}
	*ret = o;
	return 0;
}

struct object *objects_by_inode(struct objects *t, dev_t dev, ino_t ino)
{
	return *slot_of(t, dev, ino);
}

size_t objects_count(const struct objects *t)
{
	return t->n;
}

struct object *objects_next(struct objects *t, size_t *cursor)
{
	return *cursor < t->n ? t->all[(*cursor)++] : NULL;
}
