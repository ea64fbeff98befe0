// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open addressing with linear probing, at most half full. Removal shifts the
 * following entries back, so there are no tombstones to grow old.
 */
#include "core/base/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	char *key;	/* NULL = empty */
	size_t len;
	uint64_t hash;
	void *value;
};

struct map {
	struct slot *slots;
	size_t size;	/* a power of two */
	size_t used;
};

#define MAP_FIRST_SIZE 16

uint64_t map_hash(const void *key, size_t len)
{
	const unsigned char *at = key;
	uint64_t h = 0xcbf29ce484222325u;

	while (len--) {
		h ^= *at++;
		h *= 0x100000001b3u;
	}
	return h ^ (h >> 29);
}

struct map *map_new(void)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->size = MAP_FIRST_SIZE;
	m->slots = calloc(m->size, sizeof(*m->slots));
	if (!m->slots) {
		free(m);
		return NULL;
	}
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->size; i++)
		free(m->slots[i].key);
	free(m->slots);
	free(m);
}

/* The slot of the key, or the empty one where it belongs. */
static struct slot *find(const struct map *m, const void *key, size_t len, uint64_t hash)
{
	for (size_t i = hash;; i++) {
		struct slot *s = &m->slots[i & (m->size - 1)];

		if (!s->key || (s->hash == hash && s->len == len && !memcmp(s->key, key, len)))
			return s;
	}
}

static int grow(struct map *m)
{
	struct map bigger = { .size = m->size * 2, .used = m->used };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->size; i++) {
		struct slot *s = &m->slots[i];

		if (s->key)
			*find(&bigger, s->key, s->len, s->hash) = *s;
	}
	free(m->slots);
	*m = bigger;
	return 0;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
	return find(m, key, len, map_hash(key, len))->value;
}

int map_set(struct map *m, const void *key, size_t len, void *value, void **ret_old)
{
	uint64_t hash = map_hash(key, len);
	struct slot *s = find(m, key, len, hash);
	char *copy;

	if (!s->key) {
		if (m->used * 2 >= m->size) {
			int r = grow(m);

			if (r < 0)
				return r;
			s = find(m, key, len, hash);
		}
		copy = malloc(len + 1);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, key, len);
		copy[len] = '\0';
		*s = (struct slot){ copy, len, hash, NULL };
		m->used++;
	}
	if (ret_old)
		*ret_old = s->value;
	s->value = value;
	return 0;
}

void *map_remove(struct map *m, const void *key, size_t len)
{
	struct slot *s = find(m, key, len, map_hash(key, len));
	void *value = s->value;
	size_t hole, i;

	if (!s->key)
		return NULL;
	free(s->key);
	hole = s - m->slots;
	for (i = (hole + 1) & (m->size - 1); m->slots[i].key; i = (i + 1) & (m->size - 1)) {
		size_t home = m->slots[i].hash & (m->size - 1);

		/* It may move into the hole unless its home lies after the hole. */
		if (((i - home) & (m->size - 1)) >= ((i - hole) & (m->size - 1))) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = (struct slot){ 0 };
	m->used--;
	return value;
}

size_t map_count(const struct map *m)
{
	return m->used;
}

int map_next(const struct map *m, size_t *cursor, const void **ret_key, size_t *ret_len,
	     void **ret_value)
{
	for (; *cursor < m->size; (*cursor)++) {
		const struct slot *s = &m->slots[*cursor];

		if (!s->key)
			continue;
		if (ret_key)
			*ret_key = s->key;
		if (ret_len)
			*ret_len = s->len;
		if (ret_value)
			*ret_value = s->value;
		(*cursor)++;
		return 1;
	}
	return 0;
}
