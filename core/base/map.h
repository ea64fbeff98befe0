/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte strings to pointers. The map owns copies of its keys, never the values.
 * Iteration order is not specified: whoever prints sorts first.
 */
#ifndef CORE_BASE_MAP_H
#define CORE_BASE_MAP_H

#include <stdint.h>
#include <stddef.h>

struct map;

struct map *map_new(void);	/* NULL when there is no memory */
void map_free(struct map *m);	/* keys only; free the values first */

void *map_get(const struct map *m, const void *key, size_t len);

/*
 * Set @key to @value (not NULL). Returns 0, or -ENOMEM with the map unchanged;
 * the previous value, if any, is put into @ret_old when that is not NULL.
 */
int map_set(struct map *m, const void *key, size_t len, void *value, void **ret_old);

/* Take @key out; its value, or NULL when it was not there. */
void *map_remove(struct map *m, const void *key, size_t len);

size_t map_count(const struct map *m);

/*
 * Walk: start with *cursor = 0, each call returns 1 and the next pair, 0 at the
 * end. The map must not change meanwhile.
 */
int map_next(const struct map *m, size_t *cursor, const void **ret_key, size_t *ret_len,
	     void **ret_value);

/* FNV-1a folded to 64 bits; for tables of one's own. */
uint64_t map_hash(const void *key, size_t len);

#endif
