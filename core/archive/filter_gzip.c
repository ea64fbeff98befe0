// SPDX-License-Identifier: GPL-2.0-or-later
/* gzip members through zlib: each cut ends one. */
#include "core/archive/filter.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16)	/* zlib's way to say "gzip, not zlib, framing" */
#define GZIP_DENSE 6
#define GZIP_STEP 65536

struct gzip_encoder {
	struct filter_encoder base;
	z_stream z;
	int level, now;		/* asked for; in force */
	bool open;		/* a member has begun */
};

static int deflate_some(struct gzip_encoder *g, int flush, struct buf *out)
{
	int r;

	do {
		char *to = buf_reserve(out, GZIP_STEP);

		if (!to)
			return -ENOMEM;
		g->z.next_out = (unsigned char *)to;
		g->z.avail_out = GZIP_STEP;
		r = deflate(&g->z, flush);
		out->len += GZIP_STEP - g->z.avail_out;
		if (r == Z_STREAM_ERROR)
			return -EIO;
	} while (g->z.avail_out == 0);
	return 0;
}

static int gzip_write(struct filter_encoder *self, const void *data, size_t len, struct buf *out)
{
	struct gzip_encoder *g = (struct gzip_encoder *)self;
	int level = self->dense ? MAX(g->level, GZIP_DENSE) : g->level;

	if (!g->open && level != g->now) {
		if (deflateParams(&g->z, level, Z_DEFAULT_STRATEGY) != Z_OK)
			return -EIO;
		g->now = level;
	}
	g->open = true;
	while (len) {
		size_t part = MIN(len, (size_t)1 << 30);
		int r;

		g->z.next_in = (unsigned char *)data;
		g->z.avail_in = part;
		r = deflate_some(g, Z_NO_FLUSH, out);
		if (r < 0)
			return r;
		data = (const char *)data + part;
		len -= part;
	}
	return 0;
}

static int gzip_cut(struct filter_encoder *self, struct buf *out)
{
	struct gzip_encoder *g = (struct gzip_encoder *)self;
	int r;

	if (!g->open)
		return 0;
	g->z.next_in = NULL;
	g->z.avail_in = 0;
	r = deflate_some(g, Z_FINISH, out);
	if (r < 0)
		return r;
	g->open = false;
	return deflateReset(&g->z) == Z_OK ? 0 : -EIO;
}

static int gzip_undo(struct filter_encoder *self)
{
	struct gzip_encoder *g = (struct gzip_encoder *)self;

	g->open = false;
	return deflateReset(&g->z) == Z_OK ? 0 : -EIO;
}

static void gzip_free_encoder(struct filter_encoder *self)
{
	deflateEnd(&((struct gzip_encoder *)self)->z);
	free(self);
}

static struct filter_encoder *gzip_encoder(int level, bool inside)
{
	struct gzip_encoder *g = calloc(1, sizeof(*g));

	(void)inside;	/* members stand for themselves */
	if (!g)
		return NULL;
	g->base = (struct filter_encoder){ .write = gzip_write, .cut = gzip_cut, .mark = gzip_cut,
					   .end = gzip_cut, .undo = gzip_undo,
					   .free = gzip_free_encoder };
	g->level = g->now = level < 0 ? 1 : MIN(level, 9);
	/* A header of zlib's own making has time 0 and no name: the same bytes every time. */
	if (deflateInit2(&g->z, g->level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		return NULL;
	}
	return &g->base;
}

struct gzip_decoder {
	struct filter_decoder base;
	z_stream z;
};

static int gzip_step(struct filter_decoder *self, const void *data, size_t len, size_t *used,
		     struct buf *out)
{
	struct gzip_decoder *g = (struct gzip_decoder *)self;
	char *to = buf_reserve(out, GZIP_STEP);
	int r;

	if (!to)
		return -ENOMEM;
	len = MIN(len, (size_t)1 << 30);
	g->z.next_in = (unsigned char *)data;
	g->z.avail_in = len;
	g->z.next_out = (unsigned char *)to;
	g->z.avail_out = GZIP_STEP;
	r = inflate(&g->z, Z_NO_FLUSH);
	*used = len - g->z.avail_in;
	out->len += GZIP_STEP - g->z.avail_out;
	out->data[out->len] = '\0';
	if (r == Z_STREAM_END)
		return inflateReset(&g->z) == Z_OK ? FILTER_BORDER : -EIO;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return FILTER_MORE;
	return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static void gzip_free_decoder(struct filter_decoder *self)
{
	inflateEnd(&((struct gzip_decoder *)self)->z);
	free(self);
}

static struct filter_decoder *gzip_decoder(bool inside)
{
	struct gzip_decoder *g = calloc(1, sizeof(*g));

	(void)inside;
	if (!g)
		return NULL;
	g->base = (struct filter_decoder){ .step = gzip_step, .free = gzip_free_decoder };
	if (inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
		free(g);
		return NULL;
	}
	return &g->base;
}

/* Any member of ours: flags and time are 0, the byte after them depends on the level. */
static bool gzip_is_mark(const unsigned char *at, size_t len)
{
	return len >= 10 && !memcmp(at, "\x1f\x8b\x08\0\0\0\0\0", 8) && at[9] == 3;
}

const struct filter filter_gzip = {
	.id = ARCHIVE_GZIP, .name = "gzip",
	.magic = { 0x1f, 0x8b, 0x08 }, .magic_len = 3,
	.encoder = gzip_encoder, .decoder = gzip_decoder, .is_mark = gzip_is_mark,
};
