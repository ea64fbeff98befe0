// SPDX-License-Identifier: GPL-2.0-or-later
#include "emul/elf/cache.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "core/base/map.h"
#include "core/base/mem.h"

#define FILES_MOST 1000		/* then all are read anew */
/* FAT has times of 2 s; those of other file systems are a clock tick or less. */
#define SETTLED_S 3

struct elf_cache {
	struct map *files;	/* struct place → struct elf_file */
};

struct place {
	uint64_t dev, ino;
};

struct elf_cache *elf_cache_new(void)
{
	struct elf_cache *c = calloc(1, sizeof(*c));

	if (c)
		c->files = map_new();
	if (c && !c->files)
		free(steal_ptr(c));
	return c;
}

static void forget_all(struct elf_cache *c)
{
	size_t cursor = 0;
	void *f;

	while (map_next(c->files, &cursor, NULL, NULL, &f))
		elf_file_unref(f);
	map_free(c->files);
	c->files = NULL;
}

void elf_cache_free(struct elf_cache *c)
{
	if (!c)
		return;
	if (c->files)
		forget_all(c);
	free(c);
}

struct elf_file *elf_file_ref(struct elf_file *f)
{
	f->refs++;
	return f;
}

void elf_file_unref(struct elf_file *f)
{
	if (!f || --f->refs)
		return;
	free(f->interp);
	free(f->arg);
	elf_info_clear(&f->info);
	free(f);
}

static struct elf_key key_of(const struct stat *st)
{
	return (struct elf_key){ st->st_dev, st->st_ino, st->st_size, st->st_ctim, st->st_mtim };
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_key(const struct elf_key *a, const struct elf_key *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(&a->changed, &b->changed) && same_time(&a->modified, &b->modified);
}

/* The next change will be seen by its times. */
static bool is_settled(const struct elf_key *key)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 &&
	       now.tv_sec - key->changed.tv_sec >= SETTLED_S &&
	       now.tv_sec - key->modified.tv_sec >= SETTLED_S;
}

struct elf_file *elf_cache_find(struct elf_cache *c, const struct stat *st)
{
	const struct place place = { st->st_dev, st->st_ino };
	const struct elf_key key = key_of(st);
	struct elf_file *f = map_get(c->files, &place, sizeof(place));

	return f && same_key(&f->key, &key) ? elf_file_ref(f) : NULL;
}

/* Without room it is read again the next time. */
static void keep(struct elf_cache *c, struct elf_file *f)
{
	const struct place place = { f->key.dev, f->key.ino };
	struct map *fresh;
	void *old = NULL;

	if (map_count(c->files) >= FILES_MOST) {
		fresh = map_new();
		if (!fresh)
			return;
		forget_all(c);
		c->files = fresh;
	}
	if (map_set(c->files, &place, sizeof(place), f, &old) == 0)
		elf_file_ref(f);
	elf_file_unref(old);
}

int elf_cache_read(struct elf_cache *c, int fd, struct elf_file **ret)
{
	struct elf_file *f = calloc(1, sizeof(*f));
	struct stat st;
	int r;

	if (!f)
		return -ENOMEM;
	f->refs = 1;
	/* Before it is read: what is written meanwhile counts as a change. */
	if (fstat(fd, &st) == 0)
		f->key = key_of(&st);
	else
		c = NULL;
	r = elf_shebang(fd, &f->interp, &f->arg, NULL);
	if (r < 0 && r != -ENOMEM) {
		r = elf_read_headers(fd, &f->info, NULL);
		f->is_elf = r == 0;
	}
	if (r == -ENOMEM) {
		elf_file_unref(f);
		return r;
	}
	if (c && is_settled(&f->key))
		keep(c, f);
	*ret = f;
	return 0;
}
