// SPDX-License-Identifier: GPL-2.0-or-later
/* Records to JSON, by their tables. yajl makes the text; what a member means is ours. */
#include <errno.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <string.h>
#include <sys/wait.h>
#include <yajl/yajl_gen.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/manifest/fields.h"
#include "core/manifest/manifest.h"

/* Length of the UTF-8 sequence at @s, 0 when it is none (RFC 3629: shortest, no surrogates). */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	unsigned char c = s[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
	    (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* Text that JSON can hold. NUL bytes could stand in it, but not in what reads it. */
static bool is_text(const char *s, size_t len)
{
	while (len) {
		size_t n = *s ? utf8_len((const unsigned char *)s, len) : 0;

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

static void gen_text(yajl_gen g, const char *s)
{
	yajl_gen_string(g, (const unsigned char *)s, strlen(s));
}

static void gen_number(yajl_gen g, const char *fmt, uintmax_t value)
{
	char text[24];
	int n = fmt[0] == 'd' ? snprintf(text, sizeof(text), "%jd", (intmax_t)value) :
				snprintf(text, sizeof(text), "%ju", value);

	yajl_gen_number(g, text, n);
}

static int gen_bytes(yajl_gen g, const void *data, size_t len)
{
	_cleanup_free_ char *b64 = NULL;

	if (is_text(data, len)) {
		yajl_gen_string(g, data, len);
		return 0;
	}
	b64 = malloc(BASE64_ENCODE_RAW_LENGTH(len) + 1);
	if (!b64)
		return -ENOMEM;
	base64_encode_raw(b64, len, data);
	yajl_gen_map_open(g);
	gen_text(g, "b64");
	yajl_gen_string(g, (unsigned char *)b64, BASE64_ENCODE_RAW_LENGTH(len));
	yajl_gen_map_close(g);
	return 0;
}

static uint64_t load_uint(const void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static int64_t load_int(const void *at, size_t size)
{
	return size == 4 ? *(const int32_t *)at : *(const int64_t *)at;
}

static void gen_time(yajl_gen g, const struct timespec *t)
{
	char text[48];

	if (t->tv_nsec)
		snprintf(text, sizeof(text), "%jd.%09ld", (intmax_t)t->tv_sec, (long)t->tv_nsec);
	else
		snprintf(text, sizeof(text), "%jd", (intmax_t)t->tv_sec);
	gen_text(g, text);
}

static void gen_status(yajl_gen g, int status)
{
	char text[32];

	if (WIFEXITED(status) && status == WEXITSTATUS(status) << 8)
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status) && (status & ~0xff) == 0)
		snprintf(text, sizeof(text), "signal %d%s", WTERMSIG(status),
			 WCOREDUMP(status) ? " core" : "");
	else
		snprintf(text, sizeof(text), "raw %d", status);
	gen_text(g, text);
}

static void gen_use(yajl_gen g, unsigned use)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (unsigned i = 0; field_use_names[i]; i++)
		if (use & (1u << i))
			buf_addf(&b, "%s%s", b.len ? " " : "", field_use_names[i]);
	gen_text(g, buf_str(&b));
}

static void gen_sha256(yajl_gen g, const unsigned char *sha)
{
	char text[65];

	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", sha[i]);
	gen_text(g, text);
}

static bool is_empty_time(const struct timespec *t)
{
	return t->tv_sec == 0 && t->tv_nsec == 0;
}

/* Is it what a reader assumes when the member is absent? */
static bool is_usual(const struct field *f, const void *record)
{
	const void *at = (const char *)record + f->offset;
	const void *other = (const char *)record + f->other;

	if (f->omit)
		return f->omit(record);
	if (f->usual == FIELD_ALWAYS)
		return false;
	switch (f->type) {
	case FIELD_STRING:
		return !*(char *const *)at;
	case FIELD_NAME:
		return !*(const char *)at;
	case FIELD_STRINGS:
		return !((const struct manifest_strings *)at)->n;
	case FIELD_BOOL:
		return !*(const bool *)at;
	case FIELD_TIME:
		return is_empty_time(at);
	case FIELD_INT:
		return (uint64_t)load_int(at, f->size) == f->usual;
	case FIELD_STATUS:
		return (uint64_t)*(const int *)at == f->usual;
	case FIELD_HEX:
	case FIELD_LIMIT:
		return *(const uint64_t *)at == f->usual;
	case FIELD_UINT:
	case FIELD_OCTAL:
	case FIELD_USE:
	case FIELD_ENUM:
		return load_uint(at, f->size) == f->usual;
	case FIELD_SHA256:
		return !*(const bool *)other;
	case FIELD_BYTES:
	case FIELD_IDS:
	case FIELD_RECORDS:
		return !*(const size_t *)other;
	}
	return false;
}

static int gen_record(yajl_gen g, const struct record *kind, const void *record, struct err *e);

static int gen_list(yajl_gen g, const struct field *f, const void *at, const void *other,
		    struct err *e)
{
	const struct manifest_strings *strings = at;
	size_t n = f->type == FIELD_STRINGS ? strings->n : *(const size_t *)other;
	int r = 0;

	yajl_gen_array_open(g);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (f->type == FIELD_STRINGS)
			r = gen_bytes(g, strings->v[i], strlen(strings->v[i]));
		else if (f->type == FIELD_IDS)
			gen_number(g, "u", (*(const uint32_t *const *)at)[i]);
		else
			r = gen_record(g, f->sub, *(const char *const *)at + i * f->sub->size, e);
	}
	yajl_gen_array_close(g);
	return r;
}

static int gen_enum(yajl_gen g, const struct field *f, uint64_t value, struct err *e)
{
	for (size_t i = 0; f->words[i]; i++)
		if (i == value) {
			gen_text(g, f->words[i]);
			return 0;
		}
	return err_set(e, -EINVAL, "manifest: %s has no word for %ju", f->name, (uintmax_t)value);
}

static int gen_value(yajl_gen g, const struct field *f, const void *record, struct err *e)
{
	const void *at = (const char *)record + f->offset;
	const void *other = (const char *)record + f->other;
	char text[32];

	switch (f->type) {
	case FIELD_STRING:
		return gen_bytes(g, *(char *const *)at, strlen(*(char *const *)at));
	case FIELD_NAME:
		return gen_bytes(g, at, strnlen(at, f->size));
	case FIELD_BOOL:
		yajl_gen_bool(g, *(const bool *)at);
		return 0;
	case FIELD_UINT:
		gen_number(g, "u", load_uint(at, f->size));
		return 0;
	case FIELD_INT:
		gen_number(g, "d", load_int(at, f->size));
		return 0;
	case FIELD_OCTAL:
		snprintf(text, sizeof(text), "%jo", (uintmax_t)load_uint(at, f->size));
		gen_text(g, text);
		return 0;
	case FIELD_HEX:
		snprintf(text, sizeof(text), "0x%jx", (uintmax_t)*(const uint64_t *)at);
		gen_text(g, text);
		return 0;
	case FIELD_LIMIT:
		if (*(const uint64_t *)at == UINT64_MAX)
			gen_text(g, "unlimited");
		else
			gen_number(g, "u", *(const uint64_t *)at);
		return 0;
	case FIELD_TIME:
		gen_time(g, at);
		return 0;
	case FIELD_STATUS:
		gen_status(g, *(const int *)at);
		return 0;
	case FIELD_USE:
		gen_use(g, *(const unsigned *)at);
		return 0;
	case FIELD_ENUM:
		return gen_enum(g, f, load_uint(at, f->size), e);
	case FIELD_SHA256:
		gen_sha256(g, at);
		return 0;
	case FIELD_BYTES:
		return gen_bytes(g, *(void *const *)at, *(const size_t *)other);
	case FIELD_STRINGS:
	case FIELD_IDS:
	case FIELD_RECORDS:
		return gen_list(g, f, at, other, e);
	}
	return -EINVAL;
}

static int gen_record(yajl_gen g, const struct record *kind, const void *record, struct err *e)
{
	int r = 0;

	yajl_gen_map_open(g);
	for (const struct field *f = kind->fields; f->name && r == 0; f++) {
		if (is_usual(f, record))
			continue;
		gen_text(g, f->name);
		r = gen_value(g, f, record, e);
	}
	yajl_gen_map_close(g);
	return r;
}

static void print_to_buf(void *ctx, const char *text, size_t len)
{
	buf_add(ctx, text, len);
}

/* A generator that appends to @to, or NULL. */
static yajl_gen gen_new(struct buf *to)
{
	yajl_gen g = yajl_gen_alloc(NULL);

	if (g)
		yajl_gen_config(g, yajl_gen_print_callback, print_to_buf, to);
	return g;
}

int record_write(struct buf *to, const struct record *kind, const void *record, struct err *e)
{
	yajl_gen g = gen_new(to);
	int r;

	if (!g)
		return err_set(e, -ENOMEM, "manifest: write a record");
	r = gen_record(g, kind, record, e);
	yajl_gen_free(g);
	if (r == -ENOMEM || buf_error(to))
		return err_set(e, -ENOMEM, "manifest: write a record");
	return r;
}

int record_write_string(struct buf *to, const char *text, size_t len, struct err *e)
{
	yajl_gen g = gen_new(to);
	int r = g ? gen_bytes(g, text, len) : -ENOMEM;

	if (g)
		yajl_gen_free(g);
	if (r < 0 || buf_error(to))
		return err_set(e, -ENOMEM, "manifest: write a string");
	return 0;
}

int manifest_format_record(struct buf *line, const struct manifest_record *record, struct err *e)
{
	const struct record *kind = record_kinds[record->kind];
	size_t before = line->len;
	int r;

	buf_addc(line, '{');
	/* The first line of a journal, and so of a manifest, says by which rules to read it. */
	if (record->kind == MANIFEST_K_RUN)
		buf_addf(line, "\"care-manifest\":%d,", MANIFEST_VERSION);
	buf_addf(line, "\"%s\":", kind->name);
	if (record->kind == MANIFEST_K_ABSENT)
		r = record_write_string(line, record->absent, strlen(record->absent), e);
	else
		r = record_write(line, kind, record->run, e);
	buf_adds(line, "}\n");
	if (r == 0 && buf_error(line))
		r = err_set(e, -ENOMEM, "manifest: write a record");
	if (r < 0)
		buf_truncate(line, before);
	return r;
}
