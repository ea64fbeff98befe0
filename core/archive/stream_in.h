/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoded bytes of an archive, and where in the file its frames end. */
#ifndef CORE_ARCHIVE_STREAM_IN_H
#define CORE_ARCHIVE_STREAM_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct filter;
struct stream_in;

enum stream_in_end {
	STREAM_IN_OPEN,		/* not there yet */
	STREAM_IN_WHOLE,	/* ended where a frame ends */
	STREAM_IN_CUT,		/* ended inside a frame */
	STREAM_IN_CORRUPT,	/* a checksum or the format itself is wrong */
};

/* @size bytes from @start of @fd (which stays the caller's). @inside: from a mark. */
int stream_in_open(struct stream_in **ret, int fd, uint64_t start, uint64_t size,
		   const struct filter *filter, bool inside, struct err *e);
void stream_in_free(struct stream_in *s);

/*
 * The next decoded bytes, valid until the next call. Their count, 0 at the end, which
 * every cut and damage is too (stream_in_end), or −errno for what is not the archive's
 * fault (reading, memory).
 */
ssize_t stream_in_read(struct stream_in *s, const void **ret_data);

/* Jump over up to @len bytes; how many, 0 when this stream can't (it is compressed). */
uint64_t stream_in_skip(struct stream_in *s, uint64_t len);

enum stream_in_end stream_in_end(const struct stream_in *s);

/* The offset in the file of the first frame border at or behind the decoded offset @raw. */
bool stream_in_border(const struct stream_in *s, uint64_t raw, uint64_t *ret_offset);

#endif
