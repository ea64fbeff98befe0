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

/* Content that an earlier out_content_write() put into the plain stream @spool, again. */
int out_content_copy(struct archive_out *a, struct stream_out *s, struct held *h, int spool,
		     bool sparse, struct err *e);

#endif
