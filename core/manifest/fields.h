/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each record looks as JSON, stated once: the writer, the reader, what frees a
 * record and the list in care-manifest(5) all walk these tables.
 */
#ifndef CORE_MANIFEST_FIELDS_H
#define CORE_MANIFEST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json_value;

enum field_type {
	FIELD_STRING,	/* char *: bytes; a string, or {"b64": …} when not UTF-8 */
	FIELD_NAME,	/* char[size]: as FIELD_STRING */
	FIELD_STRINGS,	/* struct manifest_strings: an array of strings */
	FIELD_BOOL,
	FIELD_UINT,	/* unsigned integer of `size` bytes */
	FIELD_INT,	/* signed integer of `size` bytes */
	FIELD_OCTAL,	/* unsigned integer of `size` bytes: a string of octal digits */
	FIELD_HEX,	/* uint64_t: a string 0x… */
	FIELD_LIMIT,	/* uint64_t: a number, or "unlimited" for UINT64_MAX */
	FIELD_TIME,	/* struct timespec: a string, seconds and if not 0 nine digits of nanoseconds */
	FIELD_STATUS,	/* int, a wait status: "exit N", "signal N", "signal N core", "raw N" */
	FIELD_USE,	/* unsigned: names of uses, separated by spaces */
	FIELD_ENUM,	/* enum: one of `words` */
	FIELD_SHA256,	/* unsigned char[32]; `other` = offset of bool has: hex */
	FIELD_BYTES,	/* void *; `other` = offset of size_t length: as FIELD_STRING */
	FIELD_IDS,	/* uint32_t *; `other` = offset of size_t count: an array of numbers */
	FIELD_RECORDS,	/* struct *; `other` = offset of size_t count, `sub` = what: an array of objects */
};

/* Never equal to a value: such a member is always written. */
#define FIELD_ALWAYS UINT64_MAX

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	size_t size;
	size_t other;
	uint64_t usual;			/* of numbers, enums, uses: not written, assumed when absent */
	const struct record *sub;
	const char *const *words;	/* FIELD_ENUM, ends with NULL */
	bool (*omit)(const void *record);	/* not written, and record->complete() knows it */
	const char *doc;		/* one sentence, only in the page generator */
};

struct record {
	const char *name;	/* in journal lines: "file" */
	const char *list;	/* in manifest.json: "files"; NULL = the same, not a list */
	const char *doc;
	size_t size;
	const struct field *fields;	/* ends with name == NULL */
	void (*prepare)(void *record);	/* before reading: what stands for "absent" */
	/* After reading: fill in what was absent; -EBADMSG when it cannot be. */
	int (*complete)(void *record, struct err *e);
};

/* Strings cost space in the binary and only the page needs them. */
#ifdef CMD_TABLES_ONLY
#define FIELD_DOC(text) (text)
#else
#define FIELD_DOC(text) NULL
#endif

/* By enum manifest_kind; that of MANIFEST_K_ABSENT has no fields: it is one string. */
extern const struct record *const record_kinds[];
#define RECORD_KINDS 11

extern const char *const field_use_names[];	/* bit number → name; ends with NULL */

/* @record as a JSON object, appended. */
int record_write(struct buf *to, const struct record *kind, const void *record, struct err *e);
/* One string as it stands in JSON. */
int record_write_string(struct buf *to, const char *text, size_t len, struct err *e);

/*
 * Fill @record (any content) from @v. -EBADMSG with a sentence that names the member;
 * @record then holds nothing.
 */
int record_read(const struct record *kind, void *record, const struct json_value *v,
		struct err *e);
/* A string or {"b64": …} without NUL bytes; caller frees. */
int record_read_string(char **ret, const struct json_value *v, const char *what, struct err *e);

void record_clear(const struct record *kind, void *record);

#endif
