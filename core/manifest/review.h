/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What in a recording one should look at before sharing it: variables, arguments and
 * files that look like tokens, passwords or keys. Guesses by name and form: a warning,
 * never a filter.
 */
#ifndef CORE_MANIFEST_REVIEW_H
#define CORE_MANIFEST_REVIEW_H

#include <stdbool.h>
#include <stddef.h>

struct manifest;
struct manifest_file;
struct manifest_run;

/* Each: why it looks like a secret ("the name says password"), NULL if it does not. */
const char *review_variable(const char *name_value);	/* NAME=value */
const char *review_argument(const char *text);
const char *review_path(const char *path);
const char *review_content(const void *data, size_t len);	/* the first bytes of a file, if it is a text */

struct review_sink {
	/* @kind: "variable", "argument", "file"; @what: the name alone, never a secret value. */
	void (*found)(struct review_sink *self, const char *kind, const char *what, const char *why);
};

/* How many there were. */
size_t review_run(const struct manifest_run *run, struct review_sink *to);
bool review_file(const struct manifest_file *f, struct review_sink *to);	/* with content only */
size_t review_manifest(const struct manifest *m, struct review_sink *to);

#endif
