// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A finished archive without its journal: when manifest.json is there, the journal says
 * nothing new, and of 45,000 placeholders it is a quarter of the archive. Each journal
 * member stands in frames of its own, so leaving its bytes out leaves a whole archive.
 * The copy takes the growing file's place by rename: at no moment is there less than a
 * complete journal or a complete archive.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/archive/wrap.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"

/*
 * Worth a copy from an eighth on: then it costs at most eight times what it saves. Less
 * than this stays: it helps somebody who gets only the first half of a finished archive.
 */
#define WORTH 8
#define WORTH_BYTES (128u << 10)

int out_compact_note(struct archive_out *a, uint64_t from, uint64_t to, struct err *e)
{
	struct out_gap *more;

	if (!a->partial || to <= from)
		return 0;
	more = reallocarray(a->gaps, a->n_gaps + 1, sizeof(*more));
	if (!more)
		return err_set(e, -ENOMEM, "remember where the journal is");
	a->gaps = more;
	a->gaps[a->n_gaps++] = (struct out_gap){ from, to };
	return 0;
}

static int copy_range(struct archive_out *a, int to, uint64_t from, uint64_t end)
{
	while (from < end) {
		ssize_t n = io_pread_full(a->fd, a->buffer, MIN(end - from, (uint64_t)OUT_BUFFER), (off_t)from);
		int r = n > 0 ? io_write_all(to, a->buffer, (size_t)n) : n < 0 ? (int)n : -EIO;

		if (r < 0)
			return r;
		from += (uint64_t)n;
	}
	return 0;
}

/* What is not journal, and the footer for what is left. */
static int copy(struct archive_out *a, int to, uint64_t size, uint64_t gaps)
{
	bool wrapped = a->format.wrapper != ARCHIVE_BARE;
	uint64_t at = 0, end = size - (wrapped ? WRAP_FOOTER : 0);
	unsigned char footer[WRAP_FOOTER];
	struct wrap w;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_gaps; i++) {
		r = copy_range(a, to, at, a->gaps[i].from);
		at = a->gaps[i].to;
	}
	if (r == 0)
		r = copy_range(a, to, at, end);
	if (r < 0 || !wrapped)
		return r;
	r = wrap_find(a->fd, &w, NULL);
	if (r < 0)
		return r;
	wrap_footer(footer, w.size - gaps);
	return io_write_all(to, footer, sizeof(footer));
}

static int replace(struct archive_out *a, uint64_t size, uint64_t gaps, struct err *e)
{
	const char *base = strrchr(a->partial, '/');
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	r = out_make_partial(a->dir, base ? base + 1 : a->partial, out_file_mode(&a->format), false, &name,
			     &fd, e);
	if (r < 0)
		return r;
	flock(fd, LOCK_EX | LOCK_NB);
	r = copy(a, fd, size, gaps);
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		r = -errno;
	if (r == 0 && rename(name, a->partial) < 0)
		r = -errno;
	if (r < 0) {
		unlink(name);
		return err_set(e, r, "leave the journal out of %s", a->path);
	}
	close(a->fd);
	a->fd = steal_fd(&fd);
	a->left_out = gaps;
	return 0;
}

void out_compact(struct archive_out *a)
{
	struct err e = { 0 };
	uint64_t gaps = 0;
	struct stat st;

	for (size_t i = 0; i < a->n_gaps; i++)
		gaps += a->gaps[i].to - a->gaps[i].from;
	if (!a->partial || gaps < WORTH_BYTES || fstat(a->fd, &st) < 0 || (uint64_t)st.st_size > gaps * WORTH)
		return;
	/* Whole as it is, only larger: no reason to fail. */
	if (replace(a, (uint64_t)st.st_size, gaps, &e) < 0)
		log_debug("%s", e.text);
}
