/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the archive lies in its file. CARE's frame: a program or "RAW", the archive,
 * and a footer of 21 bytes: "I_LOVE_PIZZA", NUL, the archive's size (big endian). So
 * the footer is the last thing written; ours has a start marker too, in the last
 * 512 bytes before the archive, for files that were cut before they had a footer.
 */
#ifndef CORE_ARCHIVE_WRAP_H
#define CORE_ARCHIVE_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/archive_out.h"

#define WRAP_FOOTER 21

struct err;

struct wrap {
	enum archive_wrapper wrapper;
	uint64_t start, size;	/* of the archive proper */
	uint64_t program;	/* bytes of the program in front, 0 = none */
	bool footer;
};

/* Write what stands in front of the archive to @fd, which is at its beginning. */
int wrap_begin(int fd, enum archive_wrapper wrapper, int self_fd, struct err *e);
/* Of our own program what is program: it may carry an archive (it was started from a .bin). */
int wrap_program_size(int self_fd, uint64_t *ret, struct err *e);
void wrap_footer(unsigned char to[WRAP_FOOTER], uint64_t size);

/* Look into a file. A footer that can't be true is -EBADMSG, a program alone -ENODATA. */
int wrap_find(int fd, struct wrap *ret, struct err *e);

#endif
