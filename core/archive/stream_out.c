// SPDX-License-Identifier: GPL-2.0-or-later
/* Filter, buffer, descriptor. */
#include "core/archive/stream_out.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/filter.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"

#define STREAM_BUFFER (512u << 10)

struct stream_out {
	int fd;
	bool regular;
	struct filter_encoder *enc;
	struct buf out;
	uint64_t start;		/* offset of the stream in a regular file */
	uint64_t written;	/* handed to the kernel */
	uint64_t raw;
	uint64_t cut_at, cut_raw;
	int failed;
};

int stream_out_open(struct stream_out **ret, int fd, enum archive_filter filter, int level,
		    bool inside, struct err *e)
{
	const struct filter *f = filter_find(filter);
	struct stream_out *s;
	struct stat st;
	off_t at;

	if (!f)
		return err_set(e, -ENOTSUP, "this care was built without that compression");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, -ENOMEM, "write an archive");
	s->enc = f->encoder(level, inside);
	if (!s->enc) {
		free(s);
		return err_set(e, -ENOMEM, "start %s compression", f->name);
	}
	s->fd = fd;
	at = lseek(fd, 0, SEEK_CUR);
	s->regular = at >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	s->start = s->regular ? (uint64_t)at : 0;
	*ret = s;
	return 0;
}

void stream_out_free(struct stream_out *s)
{
	if (!s)
		return;
	s->enc->free(s->enc);
	buf_free(&s->out);
	free(s);
}

static int drain(struct stream_out *s, struct err *e)
{
	int r;

	if (s->failed)
		return err_set(e, s->failed, "write the archive (it failed before)");
	if (!s->out.len)
		return 0;
	r = io_write_all(s->fd, s->out.data, s->out.len);
	if (r < 0) {
		s->failed = r;
		return err_set(e, r, "write the archive");
	}
	s->written += s->out.len;
	buf_reset(&s->out);
	return 0;
}

static int encoded(struct stream_out *s, int r, struct err *e)
{
	if (r < 0) {
		s->failed = r;
		return err_set(e, r, "compress the archive");
	}
	return s->out.len >= STREAM_BUFFER ? drain(s, e) : 0;
}

int stream_out_write(struct stream_out *s, const void *data, size_t len, struct err *e)
{
	if (s->failed)
		return err_set(e, s->failed, "write the archive (it failed before)");
	while (len) {	/* in parts, so that the buffer stays small */
		size_t part = MIN(len, (size_t)STREAM_BUFFER);
		int r = encoded(s, s->enc->write(s->enc, data, part, &s->out), e);

		if (r < 0)
			return r;
		s->raw += part;
		data = (const char *)data + part;
		len -= part;
	}
	return 0;
}

int stream_out_zeros(struct stream_out *s, uint64_t len, struct err *e)
{
	static const char zeros[65536];

	while (len) {
		size_t part = MIN(len, (uint64_t)sizeof(zeros));
		int r = stream_out_write(s, zeros, part, e);

		if (r < 0)
			return r;
		len -= part;
	}
	return 0;
}

static int border(struct stream_out *s, int (*how)(struct filter_encoder *, struct buf *),
		  struct err *e)
{
	int r;

	if (s->failed)
		return err_set(e, s->failed, "write the archive (it failed before)");
	r = encoded(s, how(s->enc, &s->out), e);
	if (r == 0)
		r = drain(s, e);
	if (r < 0)
		return r;
	s->cut_at = s->written;
	s->cut_raw = s->raw;
	return 0;
}

int stream_out_cut(struct stream_out *s, struct err *e)
{
	return border(s, s->enc->cut, e);
}

int stream_out_mark(struct stream_out *s, struct err *e)
{
	return border(s, s->enc->mark, e);
}

int stream_out_end(struct stream_out *s, struct err *e)
{
	return border(s, s->enc->end, e);
}

int stream_out_sync(struct stream_out *s, struct err *e)
{
	if (!s->regular || fdatasync(s->fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0;
	s->failed = -errno;
	return err_set(e, s->failed, "write the archive to its disk");
}

void stream_out_dense(struct stream_out *s, bool dense)
{
	s->enc->dense = dense;
}

int stream_out_undo(struct stream_out *s, struct err *e)
{
	int r;

	if (s->failed)
		return s->failed;
	if (s->written != s->cut_at && !s->regular)
		return -ESPIPE;
	r = s->enc->undo(s->enc);
	if (r < 0)
		return s->failed = r;
	if (s->written != s->cut_at && (ftruncate(s->fd, s->start + s->cut_at) < 0 ||
					lseek(s->fd, s->start + s->cut_at, SEEK_SET) < 0)) {
		s->failed = -errno;
		return err_set(e, s->failed, "take back a part of the archive");
	}
	buf_reset(&s->out);
	s->written = s->cut_at;
	s->raw = s->cut_raw;
	return 0;
}

uint64_t stream_out_bytes(const struct stream_out *s)
{
	return s->written + s->out.len;
}

uint64_t stream_out_raw(const struct stream_out *s)
{
	return s->raw;
}

uint64_t stream_out_since_cut(const struct stream_out *s)
{
	return s->written + s->out.len - s->cut_at;
}
