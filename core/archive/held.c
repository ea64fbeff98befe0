// SPDX-License-Identifier: GPL-2.0-or-later
/* Open addressing over pointers; nothing is ever removed. */
#include "core/archive/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"

#define HELD_FIRST_SIZE 256

static void held_clear(struct held *h)
{
	for (size_t i = 0; i < h->n_xattrs; i++) {
		free(h->xattrs[i].name);
		free(h->xattrs[i].value);
	}
	free(h->xattrs);
	free(h->link);
	free(h->extents);
}

void held_set_free(struct held_set *set)
{
	for (size_t i = 0; i < set->size; i++) {
		if (!set->slots[i])
			continue;
		held_clear(set->slots[i]);
		free(set->slots[i]);
	}
	free(set->slots);
	*set = (struct held_set){ 0 };
}

static struct held **find(const struct held_set *set, const char *path, uint64_t hash)
{
	for (size_t i = hash;; i++) {
		struct held **h = &set->slots[i & (set->size - 1)];

		if (!*h || ((*h)->hash == hash && !strcmp((*h)->path, path)))
			return h;
	}
}

struct held *held_find(const struct held_set *set, const char *path)
{
	return set->size ? *find(set, path, map_hash(path, strlen(path))) : NULL;
}

static int grow(struct held_set *set)
{
	struct held_set bigger = *set;

	bigger.size = set->size ? set->size * 2 : HELD_FIRST_SIZE;
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i])
			*find(&bigger, set->slots[i]->path, set->slots[i]->hash) = set->slots[i];
	free(set->slots);
	*set = bigger;
	return 0;
}

static int copy_xattrs(struct held *h, const struct manifest_file *file)
{
	if (!file->n_xattrs)
		return 0;
	h->xattrs = calloc(file->n_xattrs, sizeof(*h->xattrs));
	if (!h->xattrs)
		return -ENOMEM;
	for (size_t i = 0; i < file->n_xattrs; i++) {
		const struct manifest_xattr *x = &file->xattrs[i];

		h->xattrs[i].name = strdup(x->name);
		h->xattrs[i].value = malloc(x->len + 1);
		h->xattrs[i].len = x->len;
		h->n_xattrs = i + 1;
		if (!h->xattrs[i].name || !h->xattrs[i].value)
			return -ENOMEM;
		if (x->len)
			memcpy(h->xattrs[i].value, x->value, x->len);
	}
	return 0;
}

static struct held *held_new(const struct manifest_file *file, uint64_t hash)
{
	size_t len = strlen(file->path);
	struct held *h = calloc(1, sizeof(*h) + len + 1);

	if (!h)
		return NULL;
	memcpy(h->path, file->path, len + 1);
	h->hash = hash;
	h->type = (uint8_t)file->type;
	h->mode = file->mode & 07777;
	h->uid = file->uid;
	h->gid = file->gid;
	h->mtime = file->mtime;
	h->rdev = file->rdev;
	h->hardlink = file->content == MANIFEST_HARDLINK && file->link;
	/* What the other machine has is nothing here: without it, empty rather than full of zeros. */
	h->shown = file->type == MANIFEST_REG && file->content != MANIFEST_VOLATILE ? file->size : 0;
	h->exact = file->content == MANIFEST_WHOLE || file->type != MANIFEST_REG;
	if ((file->link && !(h->link = strdup(file->link))) || copy_xattrs(h, file) < 0) {
		held_clear(h);
		free(h);
		return NULL;
	}
	return h;
}

int held_put(struct held_set *set, const struct manifest_file *file, struct held **ret)
{
	uint64_t hash = map_hash(file->path, strlen(file->path));
	struct held *h, **slot;

	if (set->used * 2 >= set->size && grow(set) < 0)
		return -ENOMEM;
	h = held_new(file, hash);
	if (!h)
		return -ENOMEM;
	slot = find(set, file->path, hash);
	if (*slot) {
		h->number = (*slot)->number;
		held_clear(*slot);
		free(*slot);
	} else {
		h->number = ++set->numbers;
		set->used++;
	}
	*slot = h;
	if (ret)
		*ret = h;
	return 0;
}

struct held *held_target(const struct held_set *set, struct held *h)
{
	/* "The first hard link" is one step away; a few more do no harm, a circle ends. */
	for (int steps = 0; h && h->hardlink; steps++)
		h = steps < 8 ? held_find(set, h->link) : NULL;
	return h;
}

void held_count_links(struct held_set *set)
{
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i])
			set->slots[i]->links = 0;
	for (size_t i = 0; i < set->size; i++) {
		struct held *h = set->slots[i] ? held_target(set, set->slots[i]) : NULL;

		if (h)
			h->links++;
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct held *const *)a)->path, (*(struct held *const *)b)->path);
}

struct held **held_sorted(const struct held_set *set)
{
	struct held **all = calloc(set->used + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return NULL;
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i])
			all[n++] = set->slots[i];
	qsort(all, n, sizeof(*all), by_path);
	return all;
}
