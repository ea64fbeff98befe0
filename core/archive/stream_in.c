// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptor, buffer, filter: the way back. */
#include "core/archive/stream_in.h"

#include <errno.h>

#include "core/archive/filter.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"

#define STREAM_PIECE (256u << 10)

struct border {
	uint64_t raw, at;
};

struct stream_in {
	int fd;
	uint64_t start, at, until;	/* offsets in the file: beginning, next read, end */
	const struct filter *filter;
	struct filter_decoder *dec;
	unsigned char *piece;
	size_t have, used;	/* of the piece */
	struct buf out;
	uint64_t raw;		/* decoded so far */
	struct border *borders;
	size_t n_borders, cap_borders;
	bool at_border;
	enum stream_in_end end;
};

int stream_in_open(struct stream_in **ret, int fd, uint64_t start, uint64_t size,
		   const struct filter *filter, bool inside, struct err *e)
{
	struct stream_in *s = calloc(1, sizeof(*s));

	if (s)
		s->piece = malloc(STREAM_PIECE);
	if (s && s->piece)
		s->dec = filter->decoder(inside);
	if (!s || !s->piece || !s->dec) {
		stream_in_free(s);
		return err_set(e, -ENOMEM, "read an archive");
	}
	s->fd = fd;
	s->filter = filter;
	s->start = s->at = start;
	s->until = start + size;
	s->at_border = true;
	*ret = s;
	return 0;
}

void stream_in_free(struct stream_in *s)
{
	if (!s)
		return;
	if (s->dec)
		s->dec->free(s->dec);
	buf_free(&s->out);
	free(s->borders);
	free(s->piece);
	free(s);
}

static int note_border(struct stream_in *s)
{
	s->at_border = true;
	if (s->filter->id == ARCHIVE_PLAIN)
		return 0;	/* every byte is one */
	if (s->n_borders == s->cap_borders) {
		size_t cap = MAX(s->cap_borders * 2, (size_t)64);
		struct border *more = realloc(s->borders, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->borders = more;
		s->cap_borders = cap;
	}
	s->borders[s->n_borders++] = (struct border){ s->raw + s->out.len,
						      s->at - (s->have - s->used) };
	return 0;
}

/* Another piece of the file; 0 at its end. */
static ssize_t refill(struct stream_in *s)
{
	ssize_t n = io_pread_full(s->fd, s->piece, MIN((uint64_t)STREAM_PIECE, s->until - s->at),
				  (off_t)s->at);

	if (n > 0) {
		s->at += (uint64_t)n;
		s->have = (size_t)n;
		s->used = 0;
	}
	return n;
}

static ssize_t ended(struct stream_in *s, enum stream_in_end how)
{
	s->end = how;
	return (ssize_t)s->out.len;
}

ssize_t stream_in_read(struct stream_in *s, const void **ret_data)
{
	s->raw += s->out.len;
	buf_reset(&s->out);
	while (s->end == STREAM_IN_OPEN && !s->out.len) {
		size_t used = 0;
		bool drained = s->used == s->have;
		ssize_t n = drained ? refill(s) : 1;
		int state;

		if (n < 0)
			return n;
		if (n == 0) {	/* what the decoder still holds, then the end */
			s->have = s->used = 0;
			state = s->at_border ? FILTER_MORE : s->dec->step(s->dec, "", 0, &used, &s->out);
			if (state < 0 || !s->out.len)
				ended(s, s->at_border ? STREAM_IN_WHOLE : STREAM_IN_CUT);
			continue;
		}
		state = s->dec->step(s->dec, s->piece + s->used, s->have - s->used, &used, &s->out);
		if (state == -EBADMSG || state == -ENOTSUP) {
			ended(s, STREAM_IN_CORRUPT);
			break;
		}
		if (state < 0)
			return state;
		s->used += used;
		s->at_border = false;
		if (state == FILTER_MORE)
			continue;
		state = note_border(s);
		if (state < 0)
			return state;
	}
	*ret_data = s->out.data;
	return (ssize_t)s->out.len;
}

uint64_t stream_in_skip(struct stream_in *s, uint64_t len)
{
	uint64_t from_piece = MIN(len, (uint64_t)(s->have - s->used)), more;

	if (s->filter->id != ARCHIVE_PLAIN)
		return 0;
	s->raw += s->out.len;	/* what was handed out is done with */
	buf_reset(&s->out);
	s->used += from_piece;
	more = MIN(len - from_piece, s->until - s->at);
	s->at += more;
	s->raw += from_piece + more;
	return from_piece + more;
}

enum stream_in_end stream_in_end(const struct stream_in *s)
{
	return s->end;
}

bool stream_in_border(const struct stream_in *s, uint64_t raw, uint64_t *ret_offset)
{
	size_t low = 0, high = s->n_borders;

	if (s->filter->id == ARCHIVE_PLAIN) {
		*ret_offset = s->start + raw;
		return s->start + raw <= s->until;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->borders[mid].raw < raw)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->n_borders)
		return false;
	*ret_offset = s->borders[low].at;
	return true;
}
