/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads and writes: short counts and EINTR end here. */
#ifndef CORE_BASE_IO_H
#define CORE_BASE_IO_H

#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

/* Write all of it. 0 or −errno (the kernel's: ENOSPC, EFBIG, EPIPE …). */
int io_write_all(int fd, const void *data, size_t len);

/* Read until @len bytes or end of file. The count, or −errno. */
ssize_t io_read_full(int fd, void *data, size_t len);

/* Same at an offset, without moving the file's own. */
ssize_t io_pread_full(int fd, void *data, size_t len, off_t offset);

/*
 * The whole file @path below @dirfd (AT_FDCWD allowed), appended to @ret_content.
 * For files that tell no size (procfs) too. At most @max bytes, else -EFBIG.
 */
int io_read_file(int dirfd, const char *path, size_t max, struct buf *ret_content, struct err *e);

/*
 * Copy @len bytes (UINT64_MAX = to the end) from the offset 0 of @from to the
 * current offset of @to: reflink where both file systems can (FICLONE, since
 * Linux 4.5), copy_file_range (4.5), else read and write. Holes stay holes when
 * @to is a regular file. 0 or −errno.
 */
int io_copy(int from, int to, uint64_t len);

#endif
