/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content into a stream: read, hashed, written, padded; holes stay holes. */
#ifndef CORE_ARCHIVE_OUT_CONTENT_H
#define CORE_ARCHIVE_OUT_CONTENT_H

#include <stdbool.h>

struct archive_out;
struct err;
struct held;
struct manifest_file;
struct stream_out;

/* The stream backends' out_backend.content. */
int out_content_write(struct archive_out *a, struct held *h, struct manifest_file *file, int fd,
		      bool *ret_changed, struct err *e);

/* Content that an earlier out_content_write() put into the plain spool, into the stream. */
int out_content_copy(struct archive_out *a, struct held *h, bool sparse, struct err *e);

/* The content of @file into the empty file @to. 1: it can't be read, *ret_why tells. */
int out_content_to_file(struct archive_out *a, struct manifest_file *file, int fd, int to,
			bool *ret_changed, int *ret_why, struct err *e);

#endif
