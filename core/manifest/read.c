// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON to records, by their tables. What is read may come from anybody: every value
 * is checked against its type and range, and the first that is wrong ends it with a
 * sentence that names the member.
 */
#include <errno.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/manifest/fields.h"
#include "core/manifest/json.h"
#include "core/manifest/manifest.h"

static int wrong(struct err *e, const char *what, const char *expected)
{
	return err_set(e, -EBADMSG, "manifest: \"%s\" is not %s", what, expected);
}

static int decode_b64(const struct json_value *v, void **ret, size_t *ret_len)
{
	struct base64_decode_ctx ctx;
	_cleanup_free_ uint8_t *data = NULL;
	size_t len = BASE64_DECODE_LENGTH(v->len);

	data = malloc(len + 1);
	if (!data)
		return -ENOMEM;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &len, data, v->len, v->text) || !base64_decode_final(&ctx))
		return -EBADMSG;
	data[len] = '\0';
	*ret_len = len;
	*ret = steal_ptr(data);
	return 0;
}

/* A string or {"b64": …}; @ret is NUL-terminated beyond its length. */
static int read_bytes(void **ret, size_t *ret_len, const struct json_value *v, const char *what,
		      struct err *e)
{
	const struct json_value *b64 = json_member(v, "b64");
	char *copy;
	int r;

	if (b64 && b64->type == JSON_STRING) {
		r = decode_b64(b64, ret, ret_len);
		if (r == -EBADMSG)
			return wrong(e, what, "base64");
		return r < 0 ? err_set(e, r, "manifest: read \"%s\"", what) : 0;
	}
	if (v->type != JSON_STRING)
		return wrong(e, what, "a string");
	copy = malloc(v->len + 1);
	if (!copy)
		return err_set(e, -ENOMEM, "manifest: read \"%s\"", what);
	memcpy(copy, v->text, v->len + 1);
	*ret = copy;
	*ret_len = v->len;
	return 0;
}

int record_read_string(char **ret, const struct json_value *v, const char *what, struct err *e)
{
	void *data;
	size_t len;
	int r = read_bytes(&data, &len, v, what, e);

	if (r < 0)
		return r;
	if (memchr(data, 0, len)) {
		free(data);
		return wrong(e, what, "a string without NUL bytes");
	}
	*ret = data;
	return 0;
}

/* All of @text as a number of that base, digits only (no sign, no space as strtoull allows). */
static bool parse_uint(const char *text, int base, uint64_t max, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		const char *d = memchr(digits, *text, base);

		if (!d || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(d - digits), &value))
			return false;
	}
	*ret = value;
	return value <= max;
}

static bool parse_int(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t value;

	if (!parse_uint(text + negative, 10, (uint64_t)INT64_MAX + negative, &value))
		return false;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

static void store_uint(void *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)at = value;
		break;
	case 2:
		*(uint16_t *)at = value;
		break;
	case 4:
		*(uint32_t *)at = value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}

static uint64_t max_of(size_t size)
{
	return size >= 8 ? UINT64_MAX : (1ull << (8 * size)) - 1;
}

static bool read_uint(void *at, size_t size, const struct json_value *v)
{
	uint64_t value;

	if (v->type != JSON_NUMBER || !parse_uint(v->text, 10, max_of(size), &value))
		return false;
	store_uint(at, size, value);
	return true;
}

static bool read_int(void *at, size_t size, const struct json_value *v)
{
	int64_t value;

	if (v->type != JSON_NUMBER || !parse_int(v->text, &value))
		return false;
	if (size == 4 && (value < INT32_MIN || value > INT32_MAX))
		return false;
	store_uint(at, size, (uint64_t)value);
	return true;
}

static bool read_based(void *at, size_t size, const struct json_value *v, int base)
{
	const char *text = v->text;
	uint64_t value;

	if (v->type != JSON_STRING)
		return false;
	if (base == 16) {
		if (strncmp(text, "0x", 2))
			return false;
		text += 2;
	}
	if (!parse_uint(text, base, max_of(size), &value))
		return false;
	store_uint(at, size, value);
	return true;
}

static bool read_time(struct timespec *t, const struct json_value *v)
{
	char seconds[24];
	const char *dot;
	int64_t sec;
	uint64_t nsec = 0;
	size_t len;

	if (v->type != JSON_STRING)
		return false;
	dot = strchr(v->text, '.');
	len = dot ? (size_t)(dot - v->text) : v->len;
	if (len >= sizeof(seconds))
		return false;
	memcpy(seconds, v->text, len);
	seconds[len] = '\0';
	if (!parse_int(seconds, &sec) || (int64_t)(time_t)sec != sec)
		return false;
	if (dot && (strlen(dot + 1) != 9 || !parse_uint(dot + 1, 10, 999999999, &nsec)))
		return false;
	*t = (struct timespec){ .tv_sec = sec, .tv_nsec = nsec };
	return true;
}

static bool read_status(int *to, const struct json_value *v)
{
	char core[8] = "", more;
	int n, number;

	if (v->type != JSON_STRING)
		return false;
	if (sscanf(v->text, "exit %d%c", &number, &more) == 1 && number >= 0 && number <= 255) {
		*to = number << 8;
		return true;
	}
	n = sscanf(v->text, "signal %d %5s", &number, core);
	if (n >= 1 && number >= 1 && number <= 126 && (n == 1 || !strcmp(core, "core"))) {
		*to = number | (n == 2 ? 0x80 : 0);
		return true;
	}
	if (sscanf(v->text, "raw %d%c", &number, &more) == 1) {
		*to = number;
		return true;
	}
	return false;
}

static bool read_word(const char *const *words, const char *text, size_t len, uint64_t *ret)
{
	for (uint64_t i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], text, len)) {
			*ret = i;
			return true;
		}
	return false;
}

/* Names that a later version may add are passed over. */
static bool read_use(unsigned *to, const struct json_value *v)
{
	uint64_t bit;
	size_t len;

	if (v->type != JSON_STRING)
		return false;
	*to = 0;
	for (const char *at = v->text; *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		if (read_word(field_use_names, at, len, &bit))
			*to |= 1u << bit;
	}
	return true;
}

static bool read_sha256(unsigned char *to, const struct json_value *v)
{
	static const char digits[] = "0123456789abcdef";

	if (v->type != JSON_STRING || v->len != 64 || strspn(v->text, digits) != 64)
		return false;
	for (int i = 0; i < 32; i++)
		to[i] = (strchr(digits, v->text[2 * i]) - digits) << 4 |
			(strchr(digits, v->text[2 * i + 1]) - digits);
	return true;
}

static int read_strings(struct manifest_strings *to, const struct json_value *list,
			const char *what, struct err *e)
{
	if (list->type != JSON_ARRAY)
		return wrong(e, what, "a list");
	for (const struct json_value *v = list->first; v; v = v->next) {
		_cleanup_free_ char *text = NULL;
		int r = record_read_string(&text, v, what, e);

		if (r < 0)
			return r;
		if (manifest_strings_add(to, text) < 0)
			return err_set(e, -ENOMEM, "manifest: read \"%s\"", what);
	}
	return 0;
}

static size_t count(const struct json_value *list)
{
	size_t n = 0;

	for (const struct json_value *v = list->first; v; v = v->next)
		n++;
	return n;
}

static int read_ids(uint32_t **to, size_t *n, const struct json_value *list, const char *what,
		    struct err *e)
{
	if (list->type != JSON_ARRAY)
		return wrong(e, what, "a list");
	*to = calloc(count(list) + 1, sizeof(**to));
	if (!*to)
		return err_set(e, -ENOMEM, "manifest: read \"%s\"", what);
	for (const struct json_value *v = list->first; v; v = v->next)
		if (!read_uint(&(*to)[(*n)++], sizeof(**to), v))
			return wrong(e, what, "a list of ids");
	return 0;
}

static int read_records(void **to, size_t *n, const struct record *sub,
			const struct json_value *list, const char *what, struct err *e)
{
	char *at;
	int r;

	if (list->type != JSON_ARRAY)
		return wrong(e, what, "a list");
	at = calloc(count(list) + 1, sub->size);
	if (!at)
		return err_set(e, -ENOMEM, "manifest: read \"%s\"", what);
	*to = at;
	for (const struct json_value *v = list->first; v; v = v->next, (*n)++, at += sub->size) {
		r = record_read(sub, at, v, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_name(char *to, size_t size, const struct json_value *v, const char *what,
		     struct err *e)
{
	_cleanup_free_ char *text = NULL;
	int r = record_read_string(&text, v, what, e);

	if (r < 0)
		return r;
	if (strlen(text) >= size)
		return wrong(e, what, "as short as it must be");
	strncpy(to, text, size);
	return 0;
}

static int read_member(const struct field *f, void *record, const struct json_value *v,
		       struct err *e)
{
	void *at = (char *)record + f->offset, *other = (char *)record + f->other;
	uint64_t word;

	switch (f->type) {
	case FIELD_STRING:
		return record_read_string(at, v, f->name, e);
	case FIELD_NAME:
		return read_name(at, f->size, v, f->name, e);
	case FIELD_STRINGS:
		return read_strings(at, v, f->name, e);
	case FIELD_BOOL:
		*(bool *)at = v->is_true;
		return v->type == JSON_BOOL ? 0 : wrong(e, f->name, "true or false");
	case FIELD_UINT:
		return read_uint(at, f->size, v) ? 0 : wrong(e, f->name, "a number in its range");
	case FIELD_INT:
		return read_int(at, f->size, v) ? 0 : wrong(e, f->name, "a number in its range");
	case FIELD_OCTAL:
		return read_based(at, f->size, v, 8) ? 0 : wrong(e, f->name, "an octal number");
	case FIELD_HEX:
		return read_based(at, f->size, v, 16) ? 0 : wrong(e, f->name, "a number 0x...");
	case FIELD_LIMIT:
		*(uint64_t *)at = UINT64_MAX;
		if (v->type == JSON_STRING && !strcmp(v->text, "unlimited"))
			return 0;
		return read_uint(at, f->size, v) ? 0 : wrong(e, f->name, "a limit");
	case FIELD_TIME:
		return read_time(at, v) ? 0 : wrong(e, f->name, "a time");
	case FIELD_STATUS:
		return read_status(at, v) ? 0 : wrong(e, f->name, "an exit status");
	case FIELD_USE:
		return read_use(at, v) ? 0 : wrong(e, f->name, "a set of uses");
	case FIELD_ENUM:
		if (v->type != JSON_STRING || !read_word(f->words, v->text, v->len, &word))
			return wrong(e, f->name, "a word known there");
		store_uint(at, f->size, word);
		return 0;
	case FIELD_SHA256:
		*(bool *)other = read_sha256(at, v);
		return *(bool *)other ? 0 : wrong(e, f->name, "64 hexadecimal digits");
	case FIELD_BYTES:
		return read_bytes(at, other, v, f->name, e);
	case FIELD_IDS:
		return read_ids(at, other, v, f->name, e);
	case FIELD_RECORDS:
		return read_records(at, other, f->sub, v, f->name, e);
	}
	return -EINVAL;
}

/* What an absent member means. */
static void set_usual(const struct field *f, void *record)
{
	void *at = (char *)record + f->offset;

	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
	case FIELD_OCTAL:
	case FIELD_HEX:
	case FIELD_LIMIT:
	case FIELD_STATUS:
	case FIELD_USE:
	case FIELD_ENUM:
		if (f->usual != FIELD_ALWAYS)
			store_uint(at, f->size, f->usual);
		break;
	default:
		break;	/* nothing: zeros */
	}
}

int record_read(const struct record *kind, void *record, const struct json_value *v,
		struct err *e)
{
	int r = 0;

	memset(record, 0, kind->size);
	if (v->type != JSON_OBJECT)
		return wrong(e, kind->name, "an object");
	for (const struct field *f = kind->fields; f->name; f++)
		set_usual(f, record);
	if (kind->prepare)
		kind->prepare(record);
	for (const struct field *f = kind->fields; f->name && r == 0; f++) {
		const struct json_value *member = json_member(v, f->name);

		if (member)
			r = read_member(f, record, member, e);
	}
	if (r == 0 && kind->complete)
		r = kind->complete(record, e);
	if (r < 0)
		record_clear(kind, record);
	return r;
}

void record_clear(const struct record *kind, void *record)
{
	for (const struct field *f = kind->fields; f && f->name; f++) {
		void *at = (char *)record + f->offset;
		size_t *n = (void *)((char *)record + f->other);

		switch (f->type) {
		case FIELD_STRINGS:
			manifest_strings_clear(at);
			break;
		case FIELD_RECORDS:
			for (size_t i = 0; i < *n; i++)
				record_clear(f->sub, *(char **)at + i * f->sub->size);
			free(*(void **)at);
			break;
		case FIELD_STRING:
		case FIELD_BYTES:
		case FIELD_IDS:
			free(*(void **)at);
			break;
		default:
			break;
		}
	}
	memset(record, 0, kind->size);
}
