// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of filters, and the one that does nothing. */
#include "core/archive/filter.h"

#include <string.h>

static int plain_write(struct filter_encoder *self, const void *data, size_t len, struct buf *out)
{
	(void)self;
	buf_add(out, data, len);
	return buf_error(out);
}

static int plain_nothing(struct filter_encoder *self, struct buf *out)
{
	(void)self;
	(void)out;
	return 0;
}

static int plain_undo(struct filter_encoder *self)
{
	(void)self;
	return 0;
}

static void plain_free_encoder(struct filter_encoder *self)
{
	free(self);
}

static struct filter_encoder *plain_encoder(int level, bool inside)
{
	struct filter_encoder *enc = calloc(1, sizeof(*enc));

	(void)level;
	(void)inside;
	if (enc)
		*enc = (struct filter_encoder){ .write = plain_write, .cut = plain_nothing,
						.mark = plain_nothing, .end = plain_nothing,
						.undo = plain_undo,
						.free = plain_free_encoder };
	return enc;
}

/* Every byte is a border. */
static int plain_step(struct filter_decoder *self, const void *data, size_t len, size_t *used,
		      struct buf *out)
{
	(void)self;
	buf_add(out, data, len);
	*used = len;
	return buf_error(out) < 0 ? buf_error(out) : FILTER_BORDER;
}

static void plain_free_decoder(struct filter_decoder *self)
{
	free(self);
}

static struct filter_decoder *plain_decoder(bool inside)
{
	struct filter_decoder *dec = calloc(1, sizeof(*dec));

	(void)inside;
	if (dec)
		*dec = (struct filter_decoder){ .step = plain_step, .free = plain_free_decoder };
	return dec;
}

const struct filter filter_plain = {
	.id = ARCHIVE_PLAIN, .name = "none", .encoder = plain_encoder, .decoder = plain_decoder,
};

static const struct filter *const filters[] = {
	[ARCHIVE_PLAIN] = &filter_plain,
	[ARCHIVE_GZIP] = IS_ENABLED(CONFIG_ARCHIVE_GZIP) ? &filter_gzip : NULL,
	[ARCHIVE_LZOP] = IS_ENABLED(CONFIG_ARCHIVE_LZOP) ? &filter_lzop : NULL,
	[ARCHIVE_ZSTD] = IS_ENABLED(CONFIG_ARCHIVE_ZSTD) ? &filter_zstd : NULL,
};

const struct filter *filter_find(enum archive_filter id)
{
	return (unsigned)id < ARRAY_SIZE(filters) ? filters[id] : NULL;
}

const struct filter *filter_detect(const void *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const struct filter *f = filters[i];

		if (f && f->magic_len && len >= f->magic_len && !memcmp(data, f->magic, f->magic_len))
			return f;
	}
	return &filter_plain;
}
