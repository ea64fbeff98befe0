// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A journal becomes manifest.json. The first pass keeps, of each record, where its
 * line is and what tells it from others (a path, an id): about 100 bytes a file. The
 * second copies lines in the order of the document. Lines are ours, so their text is
 * copied as it is; the first pass has checked that it is JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/manifest/fields.h"
#include "core/manifest/json.h"
#include "core/manifest/manifest.h"

#define READ_SIZE 65536
#define LINE_MAX_SIZE (256u << 20)	/* arguments and environment are at most some MB */
#define KEYS_SIZE 65536

struct lines {
	int fd;
	uint64_t at;		/* where the line is in the file */
	struct buf read;	/* what was read */
	size_t begin, len;	/* the line in it, newline excluded */
};

struct entry {
	const char *key;
	uint32_t key_len;
	uint32_t len;
	uint64_t offset;	/* of the last line that tells of it */
};

struct keys {			/* where the keys' bytes are: blocks that never move */
	struct keys *next;
	size_t size, used;
	char data[];
};

struct index {			/* of one kind */
	struct entry *entries;
	size_t n;
	uint32_t *slots;	/* hash table: index + 1 into entries; 0 = empty */
	size_t n_slots;		/* a power of two, more than 4/3 of n */
};

struct finish {
	struct lines lines;
	struct index kinds[RECORD_KINDS];
	struct keys *keys;
	/* Of the line being looked at: */
	enum manifest_kind kind;
	int members;
	struct buf key;
	struct buf out;
	int to;
};

/* The document's order: what is asked for first comes first. */
static const enum manifest_kind order[RECORD_KINDS] = {
	MANIFEST_K_RUN, MANIFEST_K_FILE, MANIFEST_K_PROCESS, MANIFEST_K_ABSENT,
	MANIFEST_K_CONCEALED, MANIFEST_K_NET, MANIFEST_K_UNKNOWN, MANIFEST_K_LOST,
	MANIFEST_K_DEPEND, MANIFEST_K_WRITTEN, MANIFEST_K_END,
};

/* More of the file behind what is there: the count, −errno. */
static ssize_t read_more(struct lines *l, struct err *e)
{
	size_t rest = l->read.len - l->begin;
	ssize_t n;
	char *to;

	if (l->begin) {
		memmove(l->read.data, l->read.data + l->begin, rest);
		buf_truncate(&l->read, rest);
		l->begin = 0;
	}
	to = buf_reserve(&l->read, READ_SIZE);
	if (!to)
		return err_set(e, -ENOMEM, "manifest: read the journal");
	n = io_pread_full(l->fd, to, READ_SIZE, l->at + rest);
	if (n < 0)
		return err_set(e, n, "manifest: read the journal");
	l->read.len += n;
	return n;
}

/* Go to the next line: 1, 0 at the end, −errno. */
static int next_line(struct lines *l, struct err *e)
{
	const char *newline = NULL;
	size_t looked = 0;

	if (l->len || l->begin || l->read.len) {
		l->begin += l->len + 1;
		l->at += l->len + 1;
	}
	while (!newline) {
		size_t rest = l->read.len - l->begin;
		ssize_t n;

		if (rest > looked)
			newline = memchr(l->read.data + l->begin + looked, '\n', rest - looked);
		looked = rest;
		if (newline)
			break;
		if (looked > LINE_MAX_SIZE)
			return err_set(e, -EBADMSG, "manifest: a line of the journal is too long");
		n = read_more(l, e);
		if (n < 0)
			return n;
		if (n == 0)
			return looked ? err_set(e, -EBADMSG, "manifest: the journal ends inside a line") : 0;
	}
	l->len = newline - (l->read.data + l->begin);
	return 1;
}

static const char *line_text(const struct lines *l)
{
	return l->read.data + l->begin;
}

static const char *keep_key(struct finish *f)
{
	struct keys *k = f->keys;
	char *at;

	if (!k || k->size - k->used < f->key.len) {
		size_t size = MAX(f->key.len, (size_t)KEYS_SIZE);

		k = malloc(sizeof(*k) + size);
		if (!k)
			return NULL;
		*k = (struct keys){ .next = f->keys, .size = size };
		f->keys = k;
	}
	at = k->data + k->used;
	if (f->key.len)
		memcpy(at, f->key.data, f->key.len);
	k->used += f->key.len;
	return at;
}

static uint32_t *find_slot(const struct index *x, const char *key, size_t len)
{
	for (size_t i = map_hash(key, len);; i++) {
		uint32_t *slot = &x->slots[i & (x->n_slots - 1)];
		const struct entry *entry;

		if (!*slot)
			return slot;
		entry = &x->entries[*slot - 1];
		if (entry->key_len == len && !memcmp(entry->key, key, len))
			return slot;
	}
}

static int grow_index(struct index *x)
{
	size_t n_slots = x->n_slots ? x->n_slots * 2 : 64;
	struct entry *entries = reallocarray(x->entries, n_slots / 4 * 3, sizeof(*entries));
	uint32_t *slots;

	if (!entries)
		return -ENOMEM;
	x->entries = entries;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(x->slots);
	x->slots = slots;
	x->n_slots = n_slots;
	for (size_t i = 0; i < x->n; i++)
		*find_slot(x, entries[i].key, entries[i].key_len) = i + 1;
	return 0;
}

static int note_line(struct finish *f, struct err *e)
{
	struct index *x = &f->kinds[f->kind];
	const char *key = buf_str(&f->key);
	uint32_t *slot;

	if (x->n >= x->n_slots / 4 * 3 && grow_index(x) < 0)
		return err_set(e, -ENOMEM, "manifest: index %zu records", x->n);
	slot = find_slot(x, key, f->key.len);
	if (!*slot) {
		key = keep_key(f);
		if (!key)
			return err_set(e, -ENOMEM, "manifest: index %zu records", x->n);
		x->entries[x->n] = (struct entry){ .key = key, .key_len = f->key.len };
		*slot = ++x->n;
	}
	x->entries[*slot - 1].offset = f->lines.at;
	x->entries[*slot - 1].len = f->lines.len;
	return 0;
}

static int key_done(const struct finish *f, struct err *e)
{
	return f->key.failed ? err_set(e, -ENOMEM, "manifest: index the journal") : 0;
}

/* What tells a record from others of its kind; also its place when sorted. */
static int set_key(struct finish *f, const struct json_value *v, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	const struct json_value *member = NULL;
	int r = 0;

	buf_reset(&f->key);
	switch (f->kind) {
	case MANIFEST_K_RUN:
	case MANIFEST_K_END:
		break;
	case MANIFEST_K_ABSENT:
		member = v;
		break;
	case MANIFEST_K_FILE:
		member = json_member(v, "path");
		break;
	case MANIFEST_K_PROCESS:
		member = json_member(v, "id");
		if (!member || member->type != JSON_NUMBER || member->len > 10)
			return err_set(e, -EBADMSG, "manifest: a process without an id");
		/* Right-aligned, so that text order is number order. */
		buf_addf(&f->key, "%10s", member->text);
		return key_done(f, e);
	default:
		buf_add(&f->key, line_text(&f->lines), f->lines.len);
		return key_done(f, e);
	}
	if (f->kind == MANIFEST_K_RUN || f->kind == MANIFEST_K_END)
		return 0;
	if (!member)
		return err_set(e, -EBADMSG, "manifest: a file without a path");
	r = record_read_string(&text, member, "path", e);
	if (r == 0)
		buf_adds(&f->key, text);
	return r < 0 ? r : key_done(f, e);
}

static int look_at_member(void *ctx, const char *key, const struct json_value *v, bool element,
			  struct err *e)
{
	struct finish *f = ctx;

	if (!strcmp(key, "care-manifest"))
		return 0;
	for (int i = 0; i < RECORD_KINDS && !element; i++) {
		if (strcmp(key, record_kinds[i]->name))
			continue;
		f->kind = i;
		f->members++;
		return set_key(f, v, e);
	}
	f->members = -1;
	return 0;
}

/* What stands before the record's own text in a line of that kind. */
static int line_prefix(enum manifest_kind kind, char *to, size_t size)
{
	if (kind == MANIFEST_K_RUN)
		return snprintf(to, size, "{\"care-manifest\":%d,\"run\":", MANIFEST_VERSION);
	return snprintf(to, size, "{\"%s\":", record_kinds[kind]->name);
}

static int index_line(struct finish *f, struct err *e)
{
	const char *text = line_text(&f->lines);
	char prefix[64];
	size_t len;
	int r;

	f->members = 0;
	r = json_read(text, f->lines.len, look_at_member, f, e);
	if (r < 0)
		return r;
	if (f->members == 1) {
		len = line_prefix(f->kind, prefix, sizeof(prefix));
		if (f->lines.len > len && !memcmp(text, prefix, len) &&
		    text[f->lines.len - 1] == '}')
			return note_line(f, e);
	}
	return err_set(e, -EBADMSG, "manifest: the journal's line at byte %ju is not ours",
		       (uintmax_t)f->lines.at);
}

static int index_journal(struct finish *f, struct err *e)
{
	int r;

	while ((r = next_line(&f->lines, e)) > 0) {
		r = index_line(f, e);
		if (r < 0)
			return r;
	}
	return r;
}

static int compare_entries(const void *a_, const void *b_)
{
	const struct entry *a = a_, *b = b_;
	int r = memcmp(a->key, b->key, MIN(a->key_len, b->key_len));

	return r ? r : a->key_len < b->key_len ? -1 : a->key_len > b->key_len;
}

static int flush(struct finish *f, size_t when, struct err *e)
{
	int r;

	if (buf_error(&f->out))
		return err_set(e, -ENOMEM, "write the manifest");
	if (f->out.len < when)
		return 0;
	r = io_write_all(f->to, f->out.data, f->out.len);
	buf_reset(&f->out);
	return r < 0 ? err_set(e, r, "write the manifest") : 0;
}

/* The record's own text, out of the line around it. */
static int write_entry(struct finish *f, enum manifest_kind kind, const struct entry *entry,
		       struct err *e)
{
	char prefix[64];
	size_t skip = line_prefix(kind, prefix, sizeof(prefix)), len = entry->len - skip - 1;
	char *to = buf_reserve(&f->out, len);
	ssize_t n;

	if (!to)
		return err_set(e, -ENOMEM, "write the manifest");
	n = io_pread_full(f->lines.fd, to, len, entry->offset + skip);
	if (n < 0)
		return err_set(e, n, "manifest: read the journal");
	if ((size_t)n != len)
		return err_set(e, -EBADMSG, "manifest: the journal became shorter while it was read");
	f->out.len += len;
	f->out.data[f->out.len] = '\0';
	return flush(f, READ_SIZE, e);
}

static int write_kind(struct finish *f, enum manifest_kind kind, struct err *e)
{
	const struct index *x = &f->kinds[kind];
	const char *list = record_kinds[kind]->list;
	int r = 0;

	if (!x->n)
		return 0;
	buf_addf(&f->out, ",\n\"%s\":%s", list ? list : record_kinds[kind]->name, list ? "[\n" : "");
	for (size_t i = 0; i < x->n && r == 0; i++) {
		if (i)
			buf_adds(&f->out, ",\n");
		r = write_entry(f, kind, &x->entries[i], e);
	}
	if (list)
		buf_adds(&f->out, "\n]");
	return r;
}

static int write_document(struct finish *f, bool sorted, struct err *e)
{
	int r = 0;

	buf_addf(&f->out, "{\"care-manifest\":%d", MANIFEST_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(order) && r == 0; i++) {
		struct index *x = &f->kinds[order[i]];

		if (sorted && x->n)
			qsort(x->entries, x->n, sizeof(*x->entries), compare_entries);
		r = write_kind(f, order[i], e);
	}
	if (r < 0)
		return r;
	buf_adds(&f->out, "}\n");
	return flush(f, 1, e);
}

static void finish_free(struct finish *f)
{
	struct keys *next;

	for (; f->keys; f->keys = next) {
		next = f->keys->next;
		free(f->keys);
	}
	for (size_t i = 0; i < RECORD_KINDS; i++) {
		free(f->kinds[i].entries);
		free(f->kinds[i].slots);
	}
	buf_free(&f->lines.read);
	buf_free(&f->key);
	buf_free(&f->out);
}

int manifest_finish(int from, int to, bool sorted, struct err *e)
{
	_cleanup_(finish_free) struct finish f = { .lines.fd = from, .to = to };
	int r = index_journal(&f, e);

	if (r < 0)
		return r;
	return write_document(&f, sorted, e);
}
