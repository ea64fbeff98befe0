/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way into the archive file: compressed in frames, written in large
 * pieces. The first failed write is remembered, because what follows a gap is useless.
 */
#ifndef CORE_ARCHIVE_STREAM_OUT_H
#define CORE_ARCHIVE_STREAM_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/archive/archive_out.h"

struct err;
struct stream_out;

/*
 * @fd stays the caller's. The stream begins at its current offset; @inside: behind a
 * border of one that somebody began before.
 */
int stream_out_open(struct stream_out **ret, int fd, enum archive_filter filter, int level,
		    bool inside, struct err *e);
void stream_out_free(struct stream_out *s);

int stream_out_write(struct stream_out *s, const void *data, size_t len, struct err *e);
int stream_out_zeros(struct stream_out *s, uint64_t len, struct err *e);

/* End a frame and hand all of it to the kernel. */
int stream_out_cut(struct stream_out *s, struct err *e);
/* The same, and the next write begins where a reader can find it (filter.is_mark). */
int stream_out_mark(struct stream_out *s, struct err *e);
int stream_out_end(struct stream_out *s, struct err *e);

/* fdatasync; a pipe has nothing to sync, which is no error. */
int stream_out_sync(struct stream_out *s, struct err *e);

/* What is not yet compressed far enough is worth the time: journals and the tail. */
void stream_out_dense(struct stream_out *s, bool dense);

/*
 * Forget everything since the last cut (which must have been the last thing before
 * what is to be forgotten). -ESPIPE when it is already out of reach.
 */
int stream_out_undo(struct stream_out *s, struct err *e);

uint64_t stream_out_bytes(const struct stream_out *s);	/* handed to the kernel or waiting for it */
uint64_t stream_out_raw(const struct stream_out *s);	/* before compression */
uint64_t stream_out_since_cut(const struct stream_out *s);	/* compressed bytes since the last cut */

#endif
