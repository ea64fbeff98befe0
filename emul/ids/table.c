// SPDX-License-Identifier: GPL-2.0-or-later
#include "emul/ids/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/map.h"
#include "core/base/mem.h"

struct table {
	struct map *entries;	/* struct key → struct ids_entry */
	size_t n_xattrs;
};

struct key {
	uint64_t dev, ino;
};

struct table *table_new(void)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t)
		t->entries = map_new();
	if (t && !t->entries)
		free(steal_ptr(t));
	return t;
}

static void xattr_free(struct ids_xattr *x)
{
	free(x->name);
	free(x->value);
}

void entry_free(struct ids_entry *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_xattrs; i++)
		xattr_free(&e->xattrs[i]);
	free(e->xattrs);
	free(e->path);
	free(e);
}

void table_free(struct table *t)
{
	struct ids_entry *e;
	size_t cursor = 0;

	if (!t)
		return;
	while ((e = table_next(t, &cursor)))
		entry_free(e);
	map_free(t->entries);
	free(t);
}

size_t table_count(const struct table *t)
{
	return map_count(t->entries);
}

size_t table_xattrs(const struct table *t)
{
	return t->n_xattrs;
}

struct ids_entry *table_next(const struct table *t, size_t *cursor)
{
	const void *key;
	size_t len;
	void *e;

	return map_next(t->entries, cursor, &key, &len, &e) ? e : NULL;
}

void table_forget(struct table *t, uint64_t dev, uint64_t ino)
{
	struct key key = { dev, ino };
	struct ids_entry *e = map_remove(t->entries, &key, sizeof(key));

	if (!e)
		return;
	t->n_xattrs -= e->n_xattrs > 0;
	entry_free(e);
}

static bool is_another(const struct ids_entry *e, const struct stat_facts *f)
{
	return e->born && f->born && (e->born != f->born || e->born_ns != f->born_ns);
}

struct ids_entry *table_find(struct table *t, const struct stat_facts *f)
{
	struct key key = { f->dev, f->ino };
	struct ids_entry *e = map_get(t->entries, &key, sizeof(key));

	if (e && is_another(e, f)) {
		table_forget(t, f->dev, f->ino);
		return NULL;
	}
	return e;
}

struct ids_entry *table_get(struct table *t, const struct stat_facts *f)
{
	struct key key = { f->dev, f->ino };
	struct ids_entry *e = table_find(t, f);

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->dev = f->dev;
	e->ino = f->ino;
	e->born = f->born;
	e->born_ns = f->born_ns;
	if (map_set(t->entries, &key, sizeof(key), e, NULL) < 0)
		free(steal_ptr(e));
	return e;
}

int table_put(struct table *t, struct ids_entry *e)
{
	struct key key = { e->dev, e->ino };

	table_forget(t, e->dev, e->ino);
	if (map_set(t->entries, &key, sizeof(key), e, NULL) < 0)
		return -ENOMEM;
	t->n_xattrs += e->n_xattrs > 0;
	return 0;
}

void table_settle(struct table *t, struct ids_entry *e)
{
	if (!e->has && !e->n_xattrs)
		table_forget(t, e->dev, e->ino);
}

void entry_show(const struct ids_entry *e, struct stat_facts *f)
{
	if (e->has & IDS_UID)
		f->uid = e->uid;
	if (e->has & IDS_GID)
		f->gid = e->gid;
	if (e->has & IDS_MODE)
		f->mode = (f->mode & ~07777u) | (e->mode & 07777);
	if (e->has & IDS_TYPE) {
		f->mode = (f->mode & ~(uint32_t)S_IFMT) | (e->mode & S_IFMT);
		f->rdev = e->rdev;
	}
}

const struct ids_xattr *entry_xattr(const struct ids_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!strcmp(e->xattrs[i].name, name))
			return &e->xattrs[i];
	return NULL;
}

int table_set_xattr(struct table *t, struct ids_entry *e, const char *name, const void *value,
		    size_t size)
{
	struct ids_xattr *old = (struct ids_xattr *)entry_xattr(e, name), *more;
	struct ids_xattr new = { strdup(name), malloc(size + 1), size };

	if (!new.name || !new.value)
		goto no_memory;
	memcpy(new.value, value, size);
	if (old) {
		xattr_free(old);
		*old = new;
		return 0;
	}
	more = realloc(e->xattrs, (e->n_xattrs + 1) * sizeof(*more));
	if (!more)
		goto no_memory;
	e->xattrs = more;
	if (t)			/* NULL: it is in none yet */
		t->n_xattrs += e->n_xattrs == 0;
	e->xattrs[e->n_xattrs++] = new;
	return 0;
no_memory:
	xattr_free(&new);
	return -ENOMEM;
}

bool table_remove_xattr(struct table *t, struct ids_entry *e, const char *name)
{
	struct ids_xattr *x = (struct ids_xattr *)entry_xattr(e, name);

	if (!x)
		return false;
	xattr_free(x);
	*x = e->xattrs[--e->n_xattrs];
	t->n_xattrs -= e->n_xattrs == 0;
	return true;
}
