/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of core/archive share: small recordings, checked when they come back. */
#ifndef TESTS_UNIT_ARCHIVE_H
#define TESTS_UNIT_ARCHIVE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/archive/archive_out.h"
#include "core/archive/out.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"
#include "tests/unit/check.h"

static __attribute__((unused)) int remove_entry(const char *path, const struct stat *st, int type,
						 struct FTW *at)
{
	(void)at;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	else if (type == FTW_DP)
		rmdir(path);
	else if (st)
		unlink(path);
	return 0;
}

static __attribute__((unused)) void remove_all(const char *path)
{
	nftw(path, remove_entry, 16, FTW_PHYS);	/* open what is shut, then from below */
	nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

static char scratch[] = "/dev/shm/care-archive-XXXXXX";

static __attribute__((unused)) void leave_scratch(void)
{
	if (chdir("/") == 0)
		remove_all(scratch);
}

/* Thousands of small archives, each forced to the disk: in memory where that can be. */
static __attribute__((unused)) void enter_scratch(void)
{
	if (!mkdtemp(scratch))
		return;
	if (chdir(scratch) == 0)
		atexit(leave_scratch);
}

static __attribute__((unused)) unsigned long count_of(const char *variable, unsigned long fallback)
{
	const char *text = getenv(variable);

	return text && *text ? strtoul(text, NULL, 10) : fallback;
}

/* Content that tells which file it is of; not to be compressed away. */
static __attribute__((unused)) void content_of(unsigned file, size_t len, unsigned char *to)
{
	uint32_t x = file * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		to[i] = i % 4 ? (unsigned char)x : (unsigned char)"care"[i / 4 % 4];
	}
}

static __attribute__((unused)) int content_fd(unsigned file, size_t len)
{
	unsigned char *data = malloc(len + 1);
	char name[] = "content-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	unlink(name);
	content_of(file, len, data);
	if (fd < 0 || io_write_all(fd, data, len) < 0)
		abort();
	free(data);
	return fd;
}

static __attribute__((unused)) int add_file(struct archive_out *a, unsigned number, size_t len,
					     struct err *e)
{
	char path[64];
	struct manifest_file f = { .path = path, .type = MANIFEST_REG, .mode = 0644, .size = len,
				   .blocks = (len + 511) / 512, .nlink = 1,
				   .mtime = { 1700000000 + number, 123456789 },
				   .content = MANIFEST_WHOLE, .use = USE_READ, .process = 1 };
	int fd = content_fd(number, len), r;

	snprintf(path, sizeof(path), "/dir/file-%05u", number);
	r = archive_out_add(a, &f, fd, NULL, e);
	close(fd);
	return r;
}

static __attribute__((unused)) int add_other(struct archive_out *a, const char *path,
					      enum manifest_type type, const char *link,
					      enum manifest_content content, struct err *e)
{
	struct manifest_file f = { .path = (char *)path, .type = type, .mode = 0755, .nlink = 1,
				   .mtime = { 1600000000, 5 }, .link = (char *)link,
				   .content = content, .use = USE_META, .process = 1 };

	if (content == MANIFEST_PLACEHOLDER)
		f.size = 12345;
	return archive_out_add(a, &f, -1, NULL, e);
}

static __attribute__((unused)) int add_run(struct archive_out *a, struct err *e)
{
	char *argv[] = { (char *)"make", (char *)"all" };
	struct manifest_run run = { .care_version = (char *)"test", .engine = (char *)"none",
		.arch = (char *)"any", .abi = (char *)"any", .cwd = (char *)"/", .argv = { argv, 2 } };
	struct manifest_record record = { .kind = MANIFEST_K_RUN, .run = &run };

	return archive_out_record(a, &record, e);
}

static __attribute__((unused)) int add_end(struct archive_out *a, struct err *e)
{
	struct manifest_end end = { .status = 3 << 8 };
	struct manifest_record record = { .kind = MANIFEST_K_END, .end = &end };

	return archive_out_record(a, &record, e);
}

/* What is there under @path is file @number as it was. */
static __attribute__((unused)) bool is_file(const char *root, unsigned number, size_t len)
{
	unsigned char *want = malloc(len + 1);
	_cleanup_buf_ struct buf got = BUF_INIT;
	char path[4096];
	struct stat st;
	bool same;

	snprintf(path, sizeof(path), "%s/dir/file-%05u", root, number);
	content_of(number, len, want);
	same = io_read_file(AT_FDCWD, path, 1u << 30, &got, NULL) == 0 && got.len == len &&
	       !memcmp(got.data, want, len) && lstat(path, &st) == 0 &&
	       st.st_mtim.tv_sec == 1700000000 + (time_t)number && st.st_mtim.tv_nsec == 123456789 &&
	       (st.st_mode & 07777) == 0644;
	free(want);
	return same;
}

static __attribute__((unused)) int open_out(struct archive_out **a, const char *path, const char *format,
					     struct err *e)
{
	struct archive_spec spec = { .path = path, .prefix = "x", .self_fd = -1 };
	int r = archive_format_by_name(format, &spec.format, e);

	if (spec.format.wrapper == ARCHIVE_SELF)
		spec.self_fd = open("program", O_RDONLY | O_CLOEXEC);
	if (r == 0)
		r = archive_out_open(a, &spec, e);
	if (spec.self_fd >= 0)
		close(spec.self_fd);
	return r;
}

/* Something that looks like a program, with the marker's text in it as ours has. */
static __attribute__((unused)) void make_program(void)
{
	static const char marker[] = "care: the archive begins here\n\n";
	int fd = open("program", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char body[3000] = "\177ELF";

	memcpy(body + 512, marker, sizeof(marker));
	memcpy(body + 1033, marker, sizeof(marker));
	if (io_write_all(fd, body, sizeof(body)) < 0)
		abort();
	close(fd);
}

static __attribute__((unused)) int extract_to(const char *archive, const char *dir,
					       struct archive_extract *how, struct err *e)
{
	struct archive_in *a;
	int r = archive_in_open(&a, archive, e), fd;

	if (r < 0)
		return r;
	mkdir(dir, 0700);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = archive_in_extract(a, fd, how, e);
	close(fd);
	archive_in_free(a);
	return r;
}

#endif
