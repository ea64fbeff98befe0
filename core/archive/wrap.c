// SPDX-License-Identifier: GPL-2.0-or-later
/* Program, start marker, footer. */
#include "core/archive/wrap.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

#define WRAP_BLOCK 512

static const char wrap_magic[13] = "I_LOVE_PIZZA";

/*
 * The magic also stands in our own program's read-only data; only a marker that tells
 * its own offset is one.
 */
struct wrap_marker {
	char magic[32];
	uint64_t offset;	/* of this marker, big endian */
	uint64_t program;	/* bytes of the program in front */
	char zeros[WRAP_BLOCK - 48];
};

static const char marker_magic[32] = "care: the archive begins here\n\n";

static int write_marker(int fd, uint64_t program, struct err *e)
{
	static const char zeros[WRAP_BLOCK];
	uint64_t pad = -program & (WRAP_BLOCK - 1);
	struct wrap_marker m = { .offset = htobe64(program + pad), .program = htobe64(program) };
	int r;

	memcpy(m.magic, marker_magic, sizeof(m.magic));
	r = io_write_all(fd, zeros, pad);
	if (r == 0)
		r = io_write_all(fd, &m, sizeof(m));
	return r < 0 ? err_set(e, r, "write the archive's start") : 0;
}

int wrap_program_size(int self_fd, uint64_t *ret, struct err *e)
{
	struct wrap w;
	struct stat st;
	int r;

	if (fstat(self_fd, &st) < 0)
		return err_set(e, -errno, "look at our own program");
	r = wrap_find(self_fd, &w, NULL);
	*ret = r == 0 && w.wrapper == ARCHIVE_SELF ? w.program : (uint64_t)st.st_size;
	return 0;
}

int wrap_begin(int fd, enum archive_wrapper wrapper, int self_fd, struct err *e)
{
	uint64_t size = 0;
	int r;

	if (wrapper == ARCHIVE_BARE)
		return 0;
	if (wrapper == ARCHIVE_RAW) {
		r = io_write_all(fd, "RAW", 3);
		return r < 0 ? err_set(e, r, "write the archive's start") : 0;
	}
	if (self_fd < 0)
		return err_set(e, -EINVAL, "a self-extracting archive needs our own program");
	r = wrap_program_size(self_fd, &size, e);
	if (r < 0)
		return r;
	r = io_copy(self_fd, fd, size);
	if (r < 0)
		return err_set(e, r, "copy our own program into the archive");
	/* A reflink leaves the offset where it was; a pipe has none. */
	if (lseek(fd, (off_t)size, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(e, -errno, "copy our own program into the archive");
	return write_marker(fd, size, e);
}

void wrap_footer(unsigned char to[WRAP_FOOTER], uint64_t size)
{
	size = htobe64(size);
	memcpy(to, wrap_magic, sizeof(wrap_magic));
	memcpy(to + sizeof(wrap_magic), &size, sizeof(size));
}

/* The marker at @offset; 1 = there, 0 = not. */
static int marker_at(int fd, uint64_t offset, uint64_t *ret_program)
{
	struct wrap_marker m;
	ssize_t n = io_pread_full(fd, &m, sizeof(m), (off_t)offset);

	if (n < 0)
		return (int)n;
	if (n != sizeof(m) || memcmp(m.magic, marker_magic, sizeof(m.magic)) ||
	    be64toh(m.offset) != offset || be64toh(m.program) > offset)
		return 0;
	*ret_program = be64toh(m.program);
	return 1;
}

/* A program without a footer: the archive behind it was cut, or there is none. */
static int find_marker(int fd, uint64_t size, struct wrap *ret, struct err *e)
{
	_cleanup_free_ char *chunk = malloc(128 * WRAP_BLOCK);
	uint64_t program;

	if (!chunk)
		return err_set(e, -ENOMEM, "look for an archive behind a program");
	for (uint64_t at = 0; at < size;) {
		ssize_t n = io_pread_full(fd, chunk, 128 * WRAP_BLOCK, (off_t)at);

		if (n < 0)
			return err_set(e, (int)n, "look for an archive behind a program");
		for (ssize_t i = 0; i + WRAP_BLOCK <= n; i += WRAP_BLOCK) {
			if (memcmp(chunk + i, marker_magic, sizeof(marker_magic)) ||
			    marker_at(fd, at + (uint64_t)i, &program) <= 0)
				continue;
			at += (uint64_t)i + WRAP_BLOCK;
			*ret = (struct wrap){ ARCHIVE_SELF, at, size - at, program, false };
			return 0;
		}
		if (n < 128 * WRAP_BLOCK)
			break;
		at += (uint64_t)n;
	}
	return err_set(e, -ENODATA, "look for an archive: this is a program without one");
}

static int from_footer(int fd, uint64_t size, uint64_t archive, struct wrap *ret, struct err *e)
{
	struct wrap w = { .size = archive, .footer = true };
	char raw[3];
	int r;

	if (archive > size - WRAP_FOOTER)
		return err_set(e, -EBADMSG, "the footer tells of %llu bytes, the file has %llu",
			       (unsigned long long)archive, (unsigned long long)size);
	w.start = size - WRAP_FOOTER - archive;
	w.wrapper = ARCHIVE_SELF;
	w.program = w.start;
	if (w.start <= 3 && (w.start < 3 || (io_pread_full(fd, raw, 3, 0) == 3 && !memcmp(raw, "RAW", 3)))) {
		w.wrapper = ARCHIVE_RAW;
		w.program = 0;
	} else if (w.start >= WRAP_BLOCK) {
		r = marker_at(fd, w.start - WRAP_BLOCK, &w.program);
		if (r < 0)
			return err_set(e, r, "look for the archive's start");
	}
	*ret = w;
	return 0;
}

int wrap_find(int fd, struct wrap *ret, struct err *e)
{
	unsigned char foot[WRAP_FOOTER], head[WRAP_BLOCK];
	struct stat st;
	uint64_t size, archive;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "look at the archive");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, -ESPIPE, "read an archive from something that is no file");
	size = (uint64_t)lseek(fd, 0, SEEK_END);
	if (size >= WRAP_FOOTER) {
		n = io_pread_full(fd, foot, sizeof(foot), (off_t)(size - WRAP_FOOTER));
		if (n < 0)
			return err_set(e, (int)n, "read the archive's end");
		if (n == WRAP_FOOTER && !memcmp(foot, wrap_magic, sizeof(wrap_magic))) {
			memcpy(&archive, foot + sizeof(wrap_magic), sizeof(archive));
			return from_footer(fd, size, be64toh(archive), ret, e);
		}
	}
	n = io_pread_full(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_set(e, (int)n, "read the archive's start");
	if (n >= 4 && !memcmp(head, "\177ELF", 4))
		return find_marker(fd, size, ret, e);
	/* A tar whose first member is called RAW… has its own magic further on. */
	if (n >= 3 && !memcmp(head, "RAW", 3) && !(n > 262 && !memcmp(head + 257, "ustar", 5))) {
		*ret = (struct wrap){ ARCHIVE_RAW, 3, size - 3, 0, false };
		return 0;
	}
	*ret = (struct wrap){ ARCHIVE_BARE, 0, size, 0, false };
	return 0;
}
