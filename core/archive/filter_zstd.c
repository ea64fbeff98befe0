// SPDX-License-Identifier: GPL-2.0-or-later
/* zstd frames with a content checksum: each cut ends one. */
#include "core/archive/filter.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

/*
 * Level 1: next to SHA-256 of the same bytes it is the highest that stays above
 * 250 MB/s on one core (README, "Speed").
 */
#define ZSTD_LEVEL 1
#define ZSTD_STEP 131072
/* Frames that ask for more memory than this are refused: 128 MiB is zstd's own limit too. */
#define ZSTD_WINDOW_LOG_MAX 27

struct zstd_encoder {
	struct filter_encoder base;
	ZSTD_CCtx *z;
	bool open;
};

static int compress_some(struct zstd_encoder *s, ZSTD_inBuffer *in, ZSTD_EndDirective how,
			 struct buf *out)
{
	size_t left;

	do {
		char *to = buf_reserve(out, ZSTD_STEP);
		ZSTD_outBuffer o = { to, ZSTD_STEP, 0 };

		if (!to)
			return -ENOMEM;
		left = ZSTD_compressStream2(s->z, &o, in, how);
		if (ZSTD_isError(left))
			return -EIO;
		out->len += o.pos;
	} while (how == ZSTD_e_end ? left != 0 : in->pos < in->size);
	return 0;
}

static int zstd_write(struct filter_encoder *self, const void *data, size_t len, struct buf *out)
{
	struct zstd_encoder *s = (struct zstd_encoder *)self;
	ZSTD_inBuffer in = { data, len, 0 };

	s->open = s->open || len;
	return compress_some(s, &in, ZSTD_e_continue, out);
}

static int zstd_cut(struct filter_encoder *self, struct buf *out)
{
	struct zstd_encoder *s = (struct zstd_encoder *)self;
	ZSTD_inBuffer in = { NULL, 0, 0 };
	int r = 0;

	if (s->open)
		r = compress_some(s, &in, ZSTD_e_end, out);
	s->open = false;
	return r;
}

static int zstd_undo(struct filter_encoder *self)
{
	struct zstd_encoder *s = (struct zstd_encoder *)self;

	s->open = false;
	return ZSTD_isError(ZSTD_CCtx_reset(s->z, ZSTD_reset_session_only)) ? -EIO : 0;
}

static void zstd_free_encoder(struct filter_encoder *self)
{
	ZSTD_freeCCtx(((struct zstd_encoder *)self)->z);
	free(self);
}

static struct filter_encoder *zstd_encoder(int level, bool inside)
{
	struct zstd_encoder *s = calloc(1, sizeof(*s));

	(void)inside;	/* frames stand for themselves */
	if (!s)
		return NULL;
	s->base = (struct filter_encoder){ .write = zstd_write, .cut = zstd_cut, .mark = zstd_cut,
					   .end = zstd_cut, .undo = zstd_undo,
					   .free = zstd_free_encoder };
	s->z = ZSTD_createCCtx();
	if (!s->z || ZSTD_isError(ZSTD_CCtx_setParameter(s->z, ZSTD_c_checksumFlag, 1)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->z, ZSTD_c_compressionLevel,
						level < 0 ? ZSTD_LEVEL : MIN(level, ZSTD_maxCLevel())))) {
		zstd_free_encoder(&s->base);
		return NULL;
	}
	return &s->base;
}

struct zstd_decoder {
	struct filter_decoder base;
	ZSTD_DCtx *z;
};

static int zstd_step(struct filter_decoder *self, const void *data, size_t len, size_t *used,
		     struct buf *out)
{
	struct zstd_decoder *s = (struct zstd_decoder *)self;
	char *to = buf_reserve(out, ZSTD_STEP);
	ZSTD_inBuffer in = { data, len, 0 };
	ZSTD_outBuffer o = { to, ZSTD_STEP, 0 };
	size_t r;

	if (!to)
		return -ENOMEM;
	r = ZSTD_decompressStream(s->z, &o, &in);
	if (ZSTD_isError(r))
		return -EBADMSG;
	*used = in.pos;
	out->len += o.pos;
	out->data[out->len] = '\0';
	return r == 0 ? FILTER_BORDER : FILTER_MORE;
}

static void zstd_free_decoder(struct filter_decoder *self)
{
	ZSTD_freeDCtx(((struct zstd_decoder *)self)->z);
	free(self);
}

static struct filter_decoder *zstd_decoder(bool inside)
{
	struct zstd_decoder *s = calloc(1, sizeof(*s));

	(void)inside;
	if (!s)
		return NULL;
	s->base = (struct filter_decoder){ .step = zstd_step, .free = zstd_free_decoder };
	s->z = ZSTD_createDCtx();
	if (!s->z || ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax,
							 ZSTD_WINDOW_LOG_MAX))) {
		zstd_free_decoder(&s->base);
		return NULL;
	}
	return &s->base;
}

static bool zstd_is_mark(const unsigned char *at, size_t len)
{
	return len >= 4 && !memcmp(at, filter_zstd.magic, 4);
}

const struct filter filter_zstd = {
	.id = ARCHIVE_ZSTD, .name = "zstd",
	.magic = { 0x28, 0xb5, 0x2f, 0xfd }, .magic_len = 4,
	.encoder = zstd_encoder, .decoder = zstd_decoder, .is_mark = zstd_is_mark,
};
