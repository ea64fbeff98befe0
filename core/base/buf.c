// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing byte runs. Doubling keeps additions cheap; failure is sticky. */
#include "core/base/buf.h"

#include <errno.h>
#include <string.h>

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t more)
{
	size_t want;
	char *data;

	if (b->failed)
		return NULL;
	if (__builtin_add_overflow(b->len, more, &want) || __builtin_add_overflow(want, 1, &want)) {
		b->failed = true;
		return NULL;
	}
	if (want > b->cap) {
		size_t cap = MAX(want, MAX(b->cap * 2, (size_t)64));

		data = realloc(b->data, cap);
		if (!data) {
			b->failed = true;
			return NULL;
		}
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to)
		return;
	if (len)
		memcpy(to, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && buf_reserve(b, n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += n;
	} else {
		b->failed = true;
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len < b->len) {
		b->len = len;
		b->data[len] = '\0';
	}
}

static bool plain_in_shell(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("@%_+:,./-", c));
}

void buf_add_shell(struct buf *b, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && plain_in_shell(s[i]))
		i++;
	if (len && i == len) {
		buf_add(b, s, len);
		return;
	}
	buf_addc(b, '\'');
	for (i = 0; i < len; i++) {
		if (s[i] == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, s[i]);
	}
	buf_addc(b, '\'');
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *data;

	buf_add(b, "", 0);
	if (b->failed) {
		buf_free(b);
		return NULL;
	}
	data = b->data;
	*b = BUF_INIT;
	return data;
}

int buf_error(const struct buf *b)
{
	return b->failed ? -ENOMEM : 0;
}
