/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing run of bytes, always NUL-terminated for the functions that want a
 * string; the length is what counts, so every byte value may stand in it.
 *
 * Running out of memory is remembered (`failed`) and makes every later addition
 * a no-op, so that a writer checks once, at the end, with buf_error().
 */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/mem.h"

struct buf {
	char *data;	/* NULL while nothing was ever added */
	size_t len;
	size_t cap;
	bool failed;
};

#define BUF_INIT ((struct buf){ 0 })

void buf_free(struct buf *b);
#define _cleanup_buf_ _cleanup_(buf_free)

/* Forget the content, keep the memory. */
void buf_reset(struct buf *b);

/* Make room for @more bytes after len (and a NUL); returns where, or NULL. */
char *buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap);

/* Cut back to @len bytes (no-op when shorter). */
void buf_truncate(struct buf *b, size_t len);

/* @s as one word of a POSIX shell, quoted only where it must be. */
void buf_add_shell(struct buf *b, const char *s, size_t len);

/* The content as a string; "" when empty. Valid until the next addition. */
const char *buf_str(const struct buf *b);

/* Hand over the content (caller frees), NULL when out of memory. */
char *buf_steal(struct buf *b);

/* 0 or -ENOMEM. */
int buf_error(const struct buf *b);

#endif
