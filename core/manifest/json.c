// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * yajl calls back for every token; these become the values of one record, allocated
 * from chunks that are reused for the next. Whatever is in the data, the memory is a
 * small multiple of its longest record, and the nesting is bounded.
 */
#include "core/manifest/json.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define CHUNK_SIZE 4000	/* more than any usual record; allocators map large pieces each time anew */

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(16) char data[];
};

/* Depth 0: between documents; 1: in a top-level object; 2: in a list of records. */
struct reader {
	int (*each)(void *ctx, const char *key, const struct json_value *v, bool element,
		    struct err *e);
	void *ctx;
	struct err *e;
	int result;		/* what ended it */
	struct chunk *chunks;	/* the first is the one being filled */
	size_t used;		/* by the record */
	bool in_object, in_list;
	char *top_key;		/* of the member of the top-level object that we are in */
	struct json_value *open[JSON_MAX_DEPTH];	/* the record and what is open in it */
	int depth;
	char *key;		/* for the next member of open[depth - 1] */
};

static void *allocate(struct reader *r, size_t len)
{
	struct chunk *c = r->chunks;
	void *at;

	if (len > SIZE_MAX - CHUNK_SIZE)
		return NULL;
	len = (len + 15) & ~(size_t)15;
	r->used += len;
	if (r->used > JSON_MAX_RECORD)
		return NULL;
	if (!c || c->size - c->used < len) {
		size_t size = MAX(len, (size_t)CHUNK_SIZE);

		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		*c = (struct chunk){ .next = r->chunks, .size = size };
		r->chunks = c;
	}
	at = c->data + c->used;
	c->used += len;
	return at;
}

/* Between records: one chunk is kept, so that usual records allocate nothing. */
static void forget(struct reader *r, bool all)
{
	struct chunk *c = r->chunks, *next;

	r->chunks = NULL;
	r->used = 0;
	for (; c; c = next) {
		next = c->next;
		if (!all && !r->chunks && c->size == CHUNK_SIZE) {
			c->next = NULL;
			c->used = 0;
			r->chunks = c;
		} else {
			free(c);
		}
	}
}

static int fail(struct reader *r, int code, const char *why)
{
	r->result = err_set(r->e, code, "manifest: %s", why);
	return 0;
}

static int fail_allocation(struct reader *r)
{
	return r->used > JSON_MAX_RECORD ? fail(r, -EBADMSG, "a record is longer than any of ours") :
					   fail(r, -ENOMEM, "read a record");
}

static char *keep_text(struct reader *r, const char *text, size_t len)
{
	char *copy = allocate(r, len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

/* A record is complete: hand it out. */
static int finish_record(struct reader *r, const struct json_value *v)
{
	int code = r->each(r->ctx, r->top_key, v, r->in_list, r->e);

	forget(r, false);
	if (code < 0) {
		r->result = code;
		return 0;
	}
	return 1;
}

static void append(struct json_value *to, struct json_value *v)
{
	if (to->last)
		to->last->next = v;
	else
		to->first = v;
	to->last = v;
}

/* A value begins (text may be NULL). Returns 1, or 0 to stop. */
static int add(struct reader *r, enum json_type type, const char *text, size_t len, bool is_true)
{
	bool holds = type == JSON_OBJECT || type == JSON_ARRAY;
	struct json_value *v;

	if (!r->in_object)
		return fail(r, -EBADMSG, "not an object");
	v = allocate(r, sizeof(*v));
	if (!v)
		return fail_allocation(r);
	*v = (struct json_value){ .type = type, .is_true = is_true, .len = len };
	if (text) {
		v->text = keep_text(r, text, len);
		if (!v->text)
			return fail_allocation(r);
	}
	if (r->depth) {
		v->key = r->key;
		r->key = NULL;
		append(r->open[r->depth - 1], v);
	}
	if (holds) {
		if (r->depth == JSON_MAX_DEPTH)
			return fail(r, -EBADMSG, "nested too deep");
		r->open[r->depth++] = v;
		return 1;
	}
	return r->depth ? 1 : finish_record(r, v);
}

static int on_null(void *ctx)
{
	return add(ctx, JSON_NULL, NULL, 0, false);
}

static int on_boolean(void *ctx, int value)
{
	return add(ctx, JSON_BOOL, NULL, 0, value);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return add(ctx, JSON_NUMBER, text, len, false);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return add(ctx, JSON_STRING, (const char *)text, len, false);
}

static int on_start_map(void *ctx)
{
	struct reader *r = ctx;

	if (!r->in_object) {
		r->in_object = true;
		return 1;
	}
	return add(r, JSON_OBJECT, NULL, 0, false);
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
	struct reader *r = ctx;
	char *copy;

	if (r->depth) {
		r->key = keep_text(r, (const char *)text, len);
		return r->key ? 1 : fail_allocation(r);
	}
	copy = strndup((const char *)text, len);
	if (!copy)
		return fail(r, -ENOMEM, "read a record");
	free(r->top_key);
	r->top_key = copy;
	return 1;
}

static int close_one(struct reader *r)
{
	r->depth--;
	return r->depth ? 1 : finish_record(r, r->open[0]);
}

static int on_end_map(void *ctx)
{
	struct reader *r = ctx;

	if (r->depth)
		return close_one(r);
	r->in_object = false;
	return 1;
}

static int on_start_array(void *ctx)
{
	struct reader *r = ctx;

	if (r->in_object && !r->depth && !r->in_list) {
		r->in_list = true;
		return 1;
	}
	return add(r, JSON_ARRAY, NULL, 0, false);
}

static int on_end_array(void *ctx)
{
	struct reader *r = ctx;

	if (r->depth)
		return close_one(r);
	r->in_list = false;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

int json_read(const char *data, size_t len,
	      int (*each)(void *ctx, const char *key, const struct json_value *v, bool element,
			  struct err *e),
	      void *ctx, struct err *e)
{
	struct reader r = { .each = each, .ctx = ctx, .e = e };
	yajl_handle h = yajl_alloc(&callbacks, NULL, &r);
	yajl_status status;

	if (!h)
		return err_set(e, -ENOMEM, "manifest: start the parser");
	/* Journals are many documents after one another. */
	yajl_config(h, yajl_allow_multiple_values, 1);
	status = yajl_parse(h, (const unsigned char *)data, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(h);
	if (status != yajl_status_ok && r.result == 0)
		r.result = err_set(e, -EBADMSG, "manifest: not JSON at byte %zu of %zu",
				   yajl_get_bytes_consumed(h), len);
	/* With several values allowed, yajl does not mind an end inside one. */
	if (r.result == 0 && r.in_object)
		r.result = err_set(e, -EBADMSG, "manifest: cut short at byte %zu", len);
	yajl_free(h);
	forget(&r, true);
	free(r.top_key);
	return r.result;
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
	const struct json_value *found = NULL;

	if (object->type != JSON_OBJECT)
		return NULL;
	for (const struct json_value *v = object->first; v; v = v->next)
		if (!strcmp(v->key, key))
			found = v;
	return found;
}
