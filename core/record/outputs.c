// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every regular file that was made or written and still is there, outside of
 * volatile and concealed places, goes into the manifest with its hash.
 */
#include "core/record/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/far.h"
#include "core/base/io.h"
#include "core/record/recorder_internal.h"

#define OUTPUT_BLOCK (1 << 18)
#define OUTPUT_ZEROS 4096

struct output {
	struct manifest_record record;
	struct manifest_written written;
};

static void free_output(struct manifest_record *record)
{
	struct output *o = (struct output *)record;

	free(o->written.path);
	free(o);
}

static const uint8_t zeros[OUTPUT_ZEROS];

static int hash_fd(int fd, unsigned char ret[SHA256_DIGEST_SIZE])
{
	_cleanup_free_ char *block = malloc(OUTPUT_BLOCK);
	struct sha256_ctx sha;
	off_t at = 0, data;
	ssize_t n;

	if (!block)
		return -ENOMEM;
	sha256_init(&sha);
	for (;;) {
		/* Holes are hashed without being read, for a disk image has many. */
		data = lseek(fd, at, SEEK_DATA);
		if (data < 0)
			data = errno == ENXIO ? lseek(fd, 0, SEEK_END) : at;
		for (; at < data; at += n) {
			n = MIN(data - at, (off_t)OUTPUT_ZEROS);
			sha256_update(&sha, n, zeros);
		}
		n = io_pread_full(fd, block, OUTPUT_BLOCK, at);
		if (n <= 0)
			break;
		sha256_update(&sha, n, (const uint8_t *)block);
		at += n;
	}
	if (n < 0)
		return (int)n;
	sha256_digest(&sha, SHA256_DIGEST_SIZE, ret);
	return 0;
}

static bool is_output(struct recorder *r, struct name *n)
{
	if (n->flags & NAME_ORPHAN || name_concealed(n))
		return false;
	names_forget(n);
	if (names_refresh(r->names, n) < 0 || n->type != NAME_FILE || !S_ISREG(n->mode))
		return false;
	for (const struct name *at = n;; at = at->parent) {
		if (at->flags & NAME_VOLATILE)
			return false;
		if (at->parent == at)
			return true;
	}
}

static int tell(struct recorder *r, struct name *n)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct output *o;
	struct stat st;

	if (name_path(n, &path) < 0)
		return err_set(r->e, -ENOMEM, "tell of outputs");
	fd = far_open(path.data, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(r->e, -ENOMEM, "tell of outputs");
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		o->written.size = st.st_size;
		o->written.has_sha256 = hash_fd(fd, o->written.sha256) == 0;
	}
	o->written.path = buf_steal(&path);
	o->record.kind = MANIFEST_K_WRITTEN;
	o->record.written = &o->written;
	return queue_record(r->queue, &o->record, free_output, r->e);
}

int outputs_tell(struct recorder *r)
{
	for (size_t i = 0; i < r->n_written; i++) {
		int ret = is_output(r, r->written[i]) ? tell(r, r->written[i]) : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}
