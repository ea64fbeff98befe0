/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compression as frames of our own (decision 10): a cut ends a gzip member, a zstd
 * frame or an lzop block, so that everything before it can be decoded whatever
 * happens to the rest of the file.
 */
#ifndef CORE_ARCHIVE_FILTER_H
#define CORE_ARCHIVE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/archive/archive_out.h"
#include "core/base/buf.h"

/* The most that one lzop block may hold, and what we ask of memory at most for one. */
#define FILTER_BLOCK_MAX (64u << 20)

struct filter_encoder {
	/* Spend time for size: set for journals and the tail, which are all text and headers. */
	bool dense;
	/* Each appends to @out what is ready. 0 or −errno. */
	int (*write)(struct filter_encoder *self, const void *data, size_t len, struct buf *out);
	int (*cut)(struct filter_encoder *self, struct buf *out);
	/* Like cut, and what the next write begins with can be found by filter.is_mark. */
	int (*mark)(struct filter_encoder *self, struct buf *out);
	int (*end)(struct filter_encoder *self, struct buf *out);
	/* Forget what was written since the last cut. 0 or −errno. */
	int (*undo)(struct filter_encoder *self);
	void (*free)(struct filter_encoder *self);
};

/* How a decoder stands after a step. */
enum filter_state {
	FILTER_MORE,		/* wants more input */
	FILTER_BORDER,		/* the input consumed so far ends at a frame border */
	FILTER_END,		/* end of the file proper */
};

struct filter_decoder {
	/*
	 * Decode from @data, appending to @out (a bounded amount per call, at most one
	 * frame border). *used tells the bytes consumed. enum filter_state or −EBADMSG
	 * (corrupt), −ENOMEM, −ENOTSUP.
	 */
	int (*step)(struct filter_decoder *self, const void *data, size_t len, size_t *used,
		    struct buf *out);
	void (*free)(struct filter_decoder *self);
};

struct filter {
	enum archive_filter id;
	const char *name;
	unsigned char magic[12];
	size_t magic_len;
	/* @inside: not from the start of a file but from a border. NULL: no memory. */
	struct filter_encoder *(*encoder)(int level, bool inside);
	struct filter_decoder *(*decoder)(bool inside);
	/* Could a mark of ours be here? NULL: this filter has none. */
	bool (*is_mark)(const unsigned char *at, size_t len);
};

/* NULL when this care was configured without it. */
const struct filter *filter_find(enum archive_filter id);
/* By the first bytes of a stream; the plain one when none fits. */
const struct filter *filter_detect(const void *data, size_t len);

extern const struct filter filter_plain, filter_gzip, filter_lzop, filter_zstd;

#endif
