// SPDX-License-Identifier: GPL-2.0-or-later
/* A whole manifest in memory: collected record by record, from a document or a journal. */
#include "core/manifest/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/manifest/fields.h"
#include "core/manifest/json.h"

/* What all records may take: four million files. A 20 kB archive can claim a thousand times that. */
#define MEMORY_MAX (1u << 30)

/* Where the records of a list go. */
struct list {
	enum manifest_kind kind;
	size_t items, n;	/* offsets in struct manifest */
};

#define LIST(kind_, items_, n_) \
	{ (kind_), offsetof(struct manifest, items_), offsetof(struct manifest, n_) }

static const struct list lists[] = {
	LIST(MANIFEST_K_FILE, files, n_files),
	LIST(MANIFEST_K_PROCESS, processes, n_processes),
	LIST(MANIFEST_K_CONCEALED, concealed, n_concealed),
	LIST(MANIFEST_K_NET, nets, n_nets),
	LIST(MANIFEST_K_UNKNOWN, unknowns, n_unknowns),
	LIST(MANIFEST_K_LOST, lost, n_lost),
	LIST(MANIFEST_K_DEPEND, depends, n_depends),
	LIST(MANIFEST_K_WRITTEN, written, n_written),
};

struct reading {
	struct manifest *m;
	struct map *files, *processes;	/* of a journal: key → index + 1, as a pointer */
	uint64_t memory;	/* of what was read, about */
	bool is_ours;	/* something in it has a name that we know */
};

/* What a value will take beside the struct of its record: strings, and places in lists. */
static uint64_t weight(const struct json_value *v)
{
	uint64_t sum = v->type == JSON_STRING ? v->len + 32 : 0;

	for (const struct json_value *sub = v->first; sub; sub = sub->next)
		sum += weight(sub) + (v->type == JSON_ARRAY ? 64 : 0);
	return sum;
}

static int account(struct reading *r, size_t size, const struct json_value *v, struct err *e)
{
	r->memory += size + weight(v);
	return r->memory <= MEMORY_MAX ? 0 : err_set(e, -EBADMSG, "manifest: more than %u MB of records",
						     MEMORY_MAX >> 20);
}

/* A place for one more at the end; the array is full at every power of two. */
static void *grow(void **items, size_t n, size_t size)
{
	if (!(n & (n - 1))) {
		void *bigger = reallocarray(*items, n ? n * 2 : 1, size);

		if (!bigger)
			return NULL;
		*items = bigger;
	}
	return (char *)*items + n * size;
}

/*
 * A journal tells a file or process again when more is known. Returns the index of the
 * earlier record + 1, 0 when it is the first, -ENOMEM.
 */
static ssize_t earlier(struct reading *r, enum manifest_kind kind, const void *record, size_t n)
{
	const struct manifest_file *file = record;
	const struct manifest_process *process = record;
	struct map **map = kind == MANIFEST_K_FILE ? &r->files : &r->processes;
	const void *key = kind == MANIFEST_K_FILE ? (const void *)file->path : &process->id;
	size_t len = kind == MANIFEST_K_FILE ? strlen(file->path) : sizeof(process->id);
	void *old;

	if (kind != MANIFEST_K_FILE && kind != MANIFEST_K_PROCESS)
		return 0;
	if (!*map)
		*map = map_new();
	if (!*map)
		return -ENOMEM;
	old = map_get(*map, key, len);
	if (old)
		return (ssize_t)(uintptr_t)old;
	return map_set(*map, key, len, (void *)(uintptr_t)(n + 1), NULL);
}

static int add_record(struct reading *r, const struct list *list, const struct json_value *v,
		      bool element, struct err *e)
{
	const struct record *kind = record_kinds[list->kind];
	void **items = (void **)((char *)r->m + list->items);
	size_t *n = (size_t *)((char *)r->m + list->n);
	ssize_t again = 0;
	int code = account(r, kind->size, v, e);
	void *at;

	if (code < 0)
		return code;
	at = grow(items, *n, kind->size);
	if (!at)
		return err_set(e, -ENOMEM, "read %zu records", *n);
	code = record_read(kind, at, v, e);
	if (code < 0)
		return code;
	if (!element)
		again = earlier(r, list->kind, at, *n);
	if (again < 0) {
		record_clear(kind, at);
		return err_set(e, again, "read %zu records", *n);
	}
	if (again) {
		void *old = (char *)*items + (again - 1) * kind->size;

		record_clear(kind, old);
		memcpy(old, at, kind->size);
	} else {
		++*n;
	}
	return 0;
}

static int add_absent(struct reading *r, const struct json_value *v, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	int code = account(r, sizeof(path), v, e);

	if (code == 0)
		code = record_read_string(&path, v, "absent", e);
	r->is_ours = true;
	if (code == 0 && manifest_strings_add(&r->m->absent, path) < 0)
		code = err_set(e, -ENOMEM, "read absent paths");
	return code;
}

static int check_version(struct reading *r, const struct json_value *v, struct err *e)
{
	if (v->type != JSON_NUMBER || v->text[0] < '1')
		return err_set(e, -EBADMSG, "manifest: its version is not a number");
	if (v->len > 9 || atoi(v->text) > MANIFEST_VERSION)
		return err_set(e, -ENOTSUP,
			       "manifest: version %.20s, and this care reads up to %d: use a newer care", v->text,
			       MANIFEST_VERSION);
	r->is_ours = true;
	return 0;
}

/* The last one told counts. */
static int read_single(const struct record *kind, void *to, const struct json_value *v,
		       struct err *e)
{
	record_clear(kind, to);
	return record_read(kind, to, v, e);
}

static int each_member(void *ctx, const char *key, const struct json_value *v, bool element,
		       struct err *e)
{
	struct reading *r = ctx;

	if (!strcmp(key, "care-manifest"))
		return check_version(r, v, e);
	if (!strcmp(key, "run")) {
		r->is_ours = true;
		return read_single(record_kinds[MANIFEST_K_RUN], &r->m->run, v, e);
	}
	if (!strcmp(key, "end")) {
		r->is_ours = r->m->has_end = true;
		return read_single(record_kinds[MANIFEST_K_END], &r->m->end, v, e);
	}
	if (!strcmp(key, "absent"))
		return add_absent(r, v, e);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct record *kind = record_kinds[lists[i].kind];

		if (strcmp(key, element ? kind->list : kind->name))
			continue;
		r->is_ours = true;
		return add_record(r, &lists[i], v, element, e);
	}
	return 0;	/* of a later version */
}

int manifest_read(struct manifest **ret, const char *data, size_t len, struct err *e)
{
	struct reading r = { .m = calloc(1, sizeof(*r.m)) };
	int code;

	if (!r.m)
		return err_set(e, -ENOMEM, "read the manifest");
	code = json_read(data, len, each_member, &r, e);
	if (code == 0 && !r.is_ours)
		code = err_set(e, -EBADMSG, "manifest: not one of care");
	map_free(r.files);
	map_free(r.processes);
	if (code < 0) {
		manifest_free(r.m);
		return code;
	}
	if (!r.m->has_end)
		r.m->end.partial = true;
	*ret = r.m;
	return 0;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct record *kind = record_kinds[lists[i].kind];
		char *items = *(char **)((char *)m + lists[i].items);
		size_t n = *(size_t *)((char *)m + lists[i].n);

		for (size_t j = 0; j < n; j++)
			record_clear(kind, items + j * kind->size);
		free(items);
	}
	manifest_strings_clear(&m->absent);
	record_clear(record_kinds[MANIFEST_K_RUN], &m->run);
	record_clear(record_kinds[MANIFEST_K_END], &m->end);
	map_free(m->by_path);
	free(m);
}

bool manifest_fd_is_file(const struct manifest_fd *fd)
{
	return fd->path && (!strcmp(fd->kind, "file") || !strcmp(fd->kind, "removed"));
}

void manifest_file_clear(struct manifest_file *f)
{
	record_clear(record_kinds[MANIFEST_K_FILE], f);
}

void manifest_run_clear(struct manifest_run *r)
{
	record_clear(record_kinds[MANIFEST_K_RUN], r);
}

const struct manifest_file *manifest_file_find(struct manifest *m, const char *path)
{
	if (!m->by_path) {
		m->by_path = map_new();
		for (size_t i = 0; m->by_path && i < m->n_files; i++)
			if (map_set(m->by_path, m->files[i].path, strlen(m->files[i].path),
				    &m->files[i], NULL) < 0) {
				map_free(m->by_path);
				m->by_path = NULL;
			}
	}
	if (m->by_path)
		return map_get(m->by_path, path, strlen(path));
	/* No memory for the index: slow, but the answer is the same. */
	for (size_t i = m->n_files; i-- > 0;)
		if (!strcmp(m->files[i].path, path))
			return &m->files[i];
	return NULL;
}
