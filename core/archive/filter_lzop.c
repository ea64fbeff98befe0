// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file format of lzop 1.x, written and read without that program: a header, then
 * blocks that each stand alone, then a zero. A mark is a small block that is stored
 * uncompressed (a second part with a header of its own would be found as easily, but
 * lzop warns of it).
 *
 * Blocks carry the Adler-32 of their decoded bytes; the optional one of the encoded
 * bytes is left out, it would be a second look at the same data.
 */
#include "core/archive/filter.h"

#include <endian.h>
#include <errno.h>
#include <lzo/lzo1x.h>
#include <string.h>
#include <zlib.h>

#define LZOP_BLOCK (256u << 10)
#define LZOP_VERSION 0x1040
#define LZOP_NEEDS 0x0940	/* the oldest lzop that reads this */
#define LZOP_LIBRARY 0x20a0	/* stored for information only; fixed, so that bytes are too */
/* A stored block of this size at most can be a mark: it holds one member's header. */
#define LZOP_MARK_MAX 65536
#define LZOP_METHOD_1X_1 1
#define LZOP_METHOD_1X_999 3
#define LZOP_DENSE 7		/* of lzo1x_999: 80 MB/s, 25 % smaller on journals; 8 and 9 take 2–3 times longer */
/*
 * An archive of a small program is mostly its libraries, and small archives are what is
 * mailed: the first contents are packed harder as well, a quarter of a second at most.
 */
#define LZOP_DENSE_FIRST (4u << 20)

enum lzop_flag {
	LZOP_ADLER32_D = 0x1, LZOP_ADLER32_C = 0x2, LZOP_EXTRA_FIELD = 0x40,
	LZOP_CRC32_D = 0x100, LZOP_CRC32_C = 0x200, LZOP_MULTIPART = 0x400,
	LZOP_FILTER = 0x800, LZOP_HEADER_CRC32 = 0x1000,
};

static const unsigned char lzop_magic[9] = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' };

static void put16(struct buf *b, uint16_t v)
{
	v = htobe16(v);
	buf_add(b, &v, sizeof(v));
}

static void put32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_add(b, &v, sizeof(v));
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return be32toh(v);
}

struct lzop_encoder {
	struct filter_encoder base;
	int level;		/* 1–6: lzo1x_1, 7–9: lzo1x_999 */
	uint64_t first;		/* bytes that are still to be packed harder */
	bool open, open_at_cut;	/* a header was written, no end yet */
	bool store;		/* the next write becomes a mark */
	unsigned char *block;	/* LZOP_BLOCK bytes, `used` of them waiting */
	size_t used;
	void *work, *dense_work;
};

static void lzop_header(struct lzop_encoder *l, struct buf *out)
{
	size_t start;

	buf_add(out, lzop_magic, sizeof(lzop_magic));
	start = out->len;
	put16(out, LZOP_VERSION);
	put16(out, LZOP_LIBRARY);
	put16(out, LZOP_NEEDS);
	buf_addc(out, l->level > 6 ? LZOP_METHOD_1X_999 : LZOP_METHOD_1X_1);
	buf_addc(out, (char)l->level);
	put32(out, LZOP_ADLER32_D);
	put32(out, 0100644);	/* mode, then time low and high: 0, the same bytes every time */
	put32(out, 0);
	put32(out, 0);
	buf_addc(out, 0);	/* no name */
	if (!out->failed)
		put32(out, adler32(1, (unsigned char *)out->data + start, out->len - start));
	l->open = true;
}

static int compress_block(struct lzop_encoder *l, const unsigned char *from, size_t size,
			  unsigned char *to, lzo_uint *len)
{
	int level = l->base.dense || l->first ? MAX(l->level, LZOP_DENSE) : l->level;

	if (!l->base.dense)
		l->first -= MIN(l->first, size);
	if (level <= 6)
		return lzo1x_1_compress(from, size, to, len, l->work);
	if (!l->dense_work)
		l->dense_work = malloc(LZO1X_999_MEM_COMPRESS);
	if (!l->dense_work)
		return LZO_E_OUT_OF_MEMORY;
	return lzo1x_999_compress_level(from, size, to, len, l->dense_work, NULL, 0, NULL, level);
}

/* One block of @size bytes. */
static int put_block(struct lzop_encoder *l, const unsigned char *from, size_t size, struct buf *out)
{
	lzo_uint len = 0;
	size_t lens;
	char *to;
	int r;

	if (!l->open)
		lzop_header(l, out);
	put32(out, (uint32_t)size);
	lens = out->len;
	put32(out, 0);
	put32(out, (uint32_t)adler32(1, from, size));
	/* The worst case as LZO's documentation has it. */
	to = buf_reserve(out, size + size / 16 + 64 + 3);
	if (!to)
		return -ENOMEM;
	r = compress_block(l, from, size, (unsigned char *)to, &len);
	if (r != LZO_E_OK)
		return r == LZO_E_OUT_OF_MEMORY ? -ENOMEM : -EIO;
	if (len >= size || l->store) {	/* equal lengths mean "stored" */
		memcpy(to, from, size);
		len = size;
	}
	out->len += len;
	memcpy(out->data + lens, &(uint32_t){ htobe32((uint32_t)len) }, sizeof(uint32_t));
	l->store = false;
	return 0;
}

/* What waits, as a block. */
static int lzop_block(struct lzop_encoder *l, struct buf *out)
{
	size_t size = l->used;

	l->used = 0;
	return size ? put_block(l, l->block, size, out) : 0;
}

static int lzop_write(struct filter_encoder *self, const void *data, size_t len, struct buf *out)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;
	int r = 0;

	while (len && r == 0) {
		size_t part = MIN(len, LZOP_BLOCK - l->used);

		if (part == LZOP_BLOCK) {	/* a whole one: no need to gather it */
			r = put_block(l, data, part, out);
		} else {
			memcpy(l->block + l->used, data, part);
			l->used += part;
			if (l->used == LZOP_BLOCK || (l->store && part == len))
				r = lzop_block(l, out);
		}
		data = (const char *)data + part;
		len -= part;
	}
	return r;
}

static int lzop_cut(struct filter_encoder *self, struct buf *out)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;
	int r = lzop_block(l, out);

	l->open_at_cut = l->open;
	return r < 0 ? r : buf_error(out);
}

static int lzop_mark(struct filter_encoder *self, struct buf *out)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;
	int r = lzop_cut(self, out);

	l->store = true;
	return r;
}

static int lzop_end(struct filter_encoder *self, struct buf *out)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;
	int r = lzop_block(l, out);

	if (r < 0)
		return r;
	if (!l->open)
		lzop_header(l, out);
	put32(out, 0);
	l->open = l->open_at_cut = false;
	return buf_error(out);
}

static int lzop_undo(struct filter_encoder *self)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;

	l->used = 0;
	l->store = false;
	l->open = l->open_at_cut;
	return 0;
}

static void lzop_free_encoder(struct filter_encoder *self)
{
	struct lzop_encoder *l = (struct lzop_encoder *)self;

	free(l->block);
	free(l->work);
	free(l->dense_work);
	free(l);
}

static struct filter_encoder *lzop_encoder(int level, bool inside)
{
	struct lzop_encoder *l = calloc(1, sizeof(*l));

	if (!l || lzo_init() != LZO_E_OK) {
		free(l);
		return NULL;
	}
	l->base = (struct filter_encoder){ .write = lzop_write, .cut = lzop_cut, .mark = lzop_mark,
					   .end = lzop_end, .undo = lzop_undo,
					   .free = lzop_free_encoder };
	l->level = level < 1 ? 1 : MIN(level, 9);
	l->first = level < 0 ? LZOP_DENSE_FIRST : 0;
	l->open = l->open_at_cut = inside;
	l->block = malloc(LZOP_BLOCK);
	l->work = malloc(LZO1X_1_MEM_COMPRESS);
	if (!l->block || !l->work) {
		lzop_free_encoder(&l->base);
		return NULL;
	}
	return &l->base;
}

struct lzop_decoder {
	struct filter_decoder base;
	struct buf in;		/* a header or block that has not wholly arrived */
	bool inside;		/* after a header, before the end of that part */
	uint32_t flags;
};

/* Bytes of @in that make a whole header, 0 = more needed; −errno. */
static int lzop_parse_header(struct lzop_decoder *l)
{
	const unsigned char *p = (const unsigned char *)l->in.data;
	size_t len = l->in.len, fixed = sizeof(lzop_magic) + 24, at, end;
	uint32_t flags;

	if (memcmp(p, lzop_magic, MIN(len, sizeof(lzop_magic))))
		return -EBADMSG;
	if (len < fixed)
		return 0;
	/* An extract version below 0.940 has no level and no mtime-high; lzop 0.9 is from 1997. */
	if (((p[13] << 8) | p[14]) < LZOP_NEEDS)
		return -ENOTSUP;
	flags = get32(p + 17);
	if (p[15] < LZOP_METHOD_1X_1 || p[15] > LZOP_METHOD_1X_999 || (flags & LZOP_FILTER))
		return -ENOTSUP;
	at = fixed;		/* p[33] is the length of the name */
	if (len < at + 1)
		return 0;
	end = at + 1 + p[at];
	if (len < end + 4)
		return 0;
	if ((flags & LZOP_HEADER_CRC32 ? crc32(0, p + 9, end - 9) : adler32(1, p + 9, end - 9)) !=
	    get32(p + end))
		return -EBADMSG;
	end += 4;
	if (flags & LZOP_EXTRA_FIELD) {
		uint32_t extra;

		if (len < end + 4)
			return 0;
		extra = get32(p + end);
		if (extra > LZOP_BLOCK)
			return -EBADMSG;
		if (len < end + 4 + extra + 4)
			return 0;
		end += 4 + extra + 4;
	}
	l->flags = flags;
	l->inside = true;
	return (int)end;
}

static int decode_block(struct lzop_decoder *l, size_t head, uint32_t raw, uint32_t packed,
			struct buf *out)
{
	const unsigned char *p = (const unsigned char *)l->in.data;
	char *to = buf_reserve(out, raw);
	lzo_uint got = raw;

	if (!to)
		return -ENOMEM;
	if (packed == raw)
		memcpy(to, p + head, raw);
	else if (lzo1x_decompress_safe(p + head, packed, (unsigned char *)to, &got, NULL) != LZO_E_OK ||
		 got != raw)
		return -EBADMSG;
	if ((l->flags & LZOP_ADLER32_D) && adler32(1, (unsigned char *)to, raw) != get32(p + 8))
		return -EBADMSG;
	if ((l->flags & LZOP_CRC32_D) && crc32(0, (unsigned char *)to, raw) !=
	    get32(p + 8 + (l->flags & LZOP_ADLER32_D ? 4 : 0)))
		return -EBADMSG;
	out->len += raw;
	out->data[out->len] = '\0';
	return 0;
}

/* Bytes of @in that make a whole block, 0 = more needed; −errno. */
static int lzop_parse_block(struct lzop_decoder *l, struct buf *out, int *ret_state)
{
	const unsigned char *p = (const unsigned char *)l->in.data;
	size_t len = l->in.len, head = 8;
	uint32_t raw, packed;
	int r;

	if (len < 4)
		return 0;
	raw = get32(p);
	if (!raw) {
		l->inside = false;
		*ret_state = FILTER_END;
		return 4;
	}
	if (len < 8)
		return 0;
	packed = get32(p + 4);
	if (raw > FILTER_BLOCK_MAX || !packed || packed > raw)
		return -EBADMSG;
	head += !!(l->flags & LZOP_ADLER32_D) * 4 + !!(l->flags & LZOP_CRC32_D) * 4;
	if (packed < raw)
		head += !!(l->flags & LZOP_ADLER32_C) * 4 + !!(l->flags & LZOP_CRC32_C) * 4;
	if (len < head + packed)
		return 0;
	r = decode_block(l, head, raw, packed, out);
	if (r < 0)
		return r;
	*ret_state = FILTER_BORDER;
	return (int)(head + packed);
}

static int lzop_step(struct filter_decoder *self, const void *data, size_t len, size_t *used,
		     struct buf *out)
{
	struct lzop_decoder *l = (struct lzop_decoder *)self;
	size_t before = l->in.len;
	int state = FILTER_MORE, n;

	/* One block and its header at most are gathered; what is beyond stays with the caller. */
	if (len > LZOP_BLOCK)
		len = LZOP_BLOCK;
	buf_add(&l->in, data, len);
	if (l->in.failed)
		return -ENOMEM;
	*used = len;
	if (!l->in.len)
		return FILTER_MORE;
	n = l->inside ? lzop_parse_block(l, out, &state) : lzop_parse_header(l);
	if (n <= 0)
		return n < 0 ? n : FILTER_MORE;
	/* It was not whole before, so it ends in the new bytes: give back the rest. */
	*used = (size_t)n > before ? n - before : 0;
	buf_truncate(&l->in, 0);
	return state;
}

static void lzop_free_decoder(struct filter_decoder *self)
{
	buf_free(&((struct lzop_decoder *)self)->in);
	free(self);
}

static struct filter_decoder *lzop_decoder(bool inside)
{
	struct lzop_decoder *l = calloc(1, sizeof(*l));

	if (!l || lzo_init() != LZO_E_OK) {
		free(l);
		return NULL;
	}
	l->base = (struct filter_decoder){ .step = lzop_step, .free = lzop_free_decoder };
	l->inside = inside;
	l->flags = LZOP_ADLER32_D;	/* what ours have; a header says otherwise */
	return &l->base;
}

static bool lzop_is_mark(const unsigned char *at, size_t len)
{
	uint32_t n;

	if (len < 12 || memcmp(at, at + 4, 4))
		return false;
	n = get32(at);
	return n >= 64 && n <= LZOP_MARK_MAX && len >= 12 + n && adler32(1, at + 12, n) == get32(at + 8);
}

const struct filter filter_lzop = {
	.id = ARCHIVE_LZOP, .name = "lzop",
	.magic = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' }, .magic_len = 9,
	.encoder = lzop_encoder, .decoder = lzop_decoder, .is_mark = lzop_is_mark,
};
