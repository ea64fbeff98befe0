/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as values, one record at a time: a document of 50,000 files is never in memory
 * as a whole. Parsing is yajl's; the limits are ours.
 */
#ifndef CORE_MANIFEST_JSON_H
#define CORE_MANIFEST_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

struct json_value {
	enum json_type type;
	bool is_true;		/* JSON_BOOL */
	char *text;		/* JSON_STRING: bytes; JSON_NUMBER: as written; NUL-terminated */
	size_t len;
	char *key;		/* of a member of an object (NUL-terminated) */
	struct json_value *first, *last;	/* members or elements */
	struct json_value *next;
};

/* Nesting below a record; ours need three. */
#define JSON_MAX_DEPTH 12
/* Memory for the values of one record: of ours, some kilobytes, and 20 MB for the longest command line. */
#define JSON_MAX_RECORD (64u << 20)

/*
 * For each member of each top-level object in @data, call @each with its key; for a
 * member that is an array, once for each element (@element true). Values live until
 * @each returns. An error of @each ends it. -EBADMSG: not JSON, or beyond the limits.
 */
int json_read(const char *data, size_t len,
	      int (*each)(void *ctx, const char *key, const struct json_value *v, bool element,
			  struct err *e),
	      void *ctx, struct err *e);

/* The member of that name (the last one), or NULL. */
const struct json_value *json_member(const struct json_value *object, const char *key);

#endif
