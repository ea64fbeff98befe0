// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole reads, writes and copies. */
#include "core/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"

int io_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= n;
	}
	return 0;
}

ssize_t io_read_full(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += n;
	}
	return got;
}

ssize_t io_pread_full(int fd, void *data, size_t len, off_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (char *)data + got, len - got, offset + got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += n;
	}
	return got;
}

int io_read_file(int dirfd, const char *path, size_t max, struct buf *ret_content, struct err *e)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t start = ret_content->len;

	if (fd < 0)
		return err_set(e, -errno, "open %s", path);
	for (;;) {
		char *to = buf_reserve(ret_content, 4096);
		ssize_t n;

		if (!to)
			return err_set(e, -ENOMEM, "read %s", path);
		n = io_read_full(fd, to, 4096);
		if (n < 0)
			return err_set(e, (int)n, "read %s", path);
		ret_content->len += n;
		ret_content->data[ret_content->len] = '\0';
		if (n < 4096)
			return 0;
		if (ret_content->len - start > max)
			return err_set(e, -EFBIG, "read %s", path);
	}
}

/* One stretch of data, without holes. */
static int copy_range(int from, int to, off_t at, uint64_t len)
{
	char block[65536];

	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	while (len) {
		ssize_t n = copy_file_range(from, &at, to, NULL, MIN(len, (uint64_t)1 << 30), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;	/* refused or nothing moved: read and write below */
		len -= n;
	}
	while (len) {
		ssize_t n = io_pread_full(from, block, MIN(len, sizeof(block)), at);
		int r;

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		r = io_write_all(to, block, n);
		if (r < 0)
			return r;
		at += n;
		len -= n;
	}
	return 0;
}

static int copy_stream(int from, int to, uint64_t len)
{
	char block[65536];
	off_t at = 0;

	while (len) {
		ssize_t n = io_pread_full(from, block, MIN(len, (uint64_t)sizeof(block)), at);
		int r;

		if (n <= 0)
			return (int)n;
		r = io_write_all(to, block, n);
		if (r < 0)
			return r;
		at += n;
		len -= n;
	}
	return 0;
}

int io_copy(int from, int to, uint64_t len)
{
	struct stat sf, st;
	off_t at = 0, end;

	if (fstat(from, &sf) < 0 || fstat(to, &st) < 0)
		return -errno;
	if (!S_ISREG(sf.st_mode) || !S_ISREG(st.st_mode))
		return copy_stream(from, to, len);
	if (len >= (uint64_t)sf.st_size && st.st_size == 0 && ioctl(to, FICLONE, from) == 0)
		return 0;
	end = (uint64_t)sf.st_size < len ? sf.st_size : (off_t)len;
	while (at < end) {
		off_t data = lseek(from, at, SEEK_DATA), hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			data = at;	/* a file system without SEEK_DATA */
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || hole > end)
			hole = end;
		if (data >= end)
			break;
		r = copy_range(from, to, data, hole - data);
		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(to, end) < 0 ? -errno : 0;
}
