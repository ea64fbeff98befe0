// SPDX-License-Identifier: GPL-2.0-or-later
/* long */
/*
 * core/archive when something fails: each allocation, write and sync of an archive's
 * life, one at a time. Writing ends in an error with a sentence or in a whole archive;
 * what was left can be repaired or is clearly nothing. The linker puts our functions in
 * front of libc's (tests/Kbuild), for static libraries too; yajl 2.1.0 looks at no
 * result of malloc() and libarchive 3.6.2 ends the process, so nothing fails while they
 * are at work, but in what they call of ours.
 */
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "tests/unit/archive.h"

enum { ALLOCATIONS, WRITES, SYNCS, KINDS };

static const char *const kinds[] = { "allocation", "write", "sync" };
static long left[KINDS] = { -1, -1, -1 };	/* so many go well before one fails; −1: all do */
static bool fired;
static int in_library;

static bool fails(int kind)
{
	if (in_library || left[kind] < 0 || left[kind]--)
		return false;
	fired = true;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_rename(const char *from, const char *to);

#define OR_FAIL(kind, code, value, call) (fails(kind) ? (errno = (code), (value)) : (call))

void *__wrap_malloc(size_t size)
{
	return OR_FAIL(ALLOCATIONS, ENOMEM, NULL, __real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return OR_FAIL(ALLOCATIONS, ENOMEM, NULL, __real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	return OR_FAIL(ALLOCATIONS, ENOMEM, NULL, __real_realloc(p, size));
}

char *__wrap_strdup(const char *s)
{
	return OR_FAIL(ALLOCATIONS, ENOMEM, NULL, __real_strdup(s));
}

char *__wrap_strndup(const char *s, size_t n)
{
	return OR_FAIL(ALLOCATIONS, ENOMEM, NULL, __real_strndup(s, n));
}

/* Fails with half of it written, as a disk does that fills up. */
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!fails(WRITES))
		return __real_write(fd, data, len);
	if (len > 1 && __real_write(fd, data, len / 2) < 0)
		return -1;
	errno = ENOSPC;
	return -1;
}

int __wrap_fsync(int fd)
{
	return OR_FAIL(SYNCS, EIO, -1, __real_fsync(fd));
}

int __wrap_fdatasync(int fd)
{
	return OR_FAIL(SYNCS, EIO, -1, __real_fdatasync(fd));
}

int __wrap_rename(const char *from, const char *to)
{
	return OR_FAIL(SYNCS, EACCES, -1, __real_rename(from, to));
}

#define SHELTERED(type, name, params, args)                                    \
	type __real_##name params;                                             \
	type __wrap_##name params;                                             \
	type __wrap_##name params                                              \
	{                                                                      \
		type r_;                                                       \
									       \
		in_library++;                                                     \
		r_ = __real_##name args;                                       \
		in_library--;                                                     \
		return r_;                                                     \
	}

SHELTERED(yajl_handle, yajl_alloc, (const yajl_callbacks *c, yajl_alloc_funcs *f, void *x), (c, f, x))
SHELTERED(yajl_status, yajl_parse, (yajl_handle h, const unsigned char *t, size_t n), (h, t, n))
SHELTERED(yajl_status, yajl_complete_parse, (yajl_handle h), (h))
SHELTERED(yajl_gen, yajl_gen_alloc, (const yajl_alloc_funcs *f), (f))
SHELTERED(yajl_gen_status, yajl_gen_string, (yajl_gen g, const unsigned char *t, size_t n), (g, t, n))
SHELTERED(yajl_gen_status, yajl_gen_number, (yajl_gen g, const char *t, size_t n), (g, t, n))
SHELTERED(yajl_gen_status, yajl_gen_bool, (yajl_gen g, int b), (g, b))
SHELTERED(yajl_gen_status, yajl_gen_map_open, (yajl_gen g), (g))
SHELTERED(yajl_gen_status, yajl_gen_map_close, (yajl_gen g), (g))
SHELTERED(yajl_gen_status, yajl_gen_array_open, (yajl_gen g), (g))
SHELTERED(yajl_gen_status, yajl_gen_array_close, (yajl_gen g), (g))

struct archive;
struct archive_entry;

SHELTERED(struct archive *, archive_read_new, (void), ())
SHELTERED(struct archive_entry *, archive_entry_new, (void), ())
SHELTERED(int, archive_read_support_format_tar, (struct archive *a), (a))
SHELTERED(int, archive_read_support_format_cpio, (struct archive *a), (a))
SHELTERED(int, archive_read_set_callback_data, (struct archive *a, void *x), (a, x))
SHELTERED(int, archive_read_open1, (struct archive *a), (a))
SHELTERED(int, archive_read_next_header2, (struct archive *a, struct archive_entry *e), (a, e))
SHELTERED(int, archive_read_data_skip, (struct archive *a), (a))
SHELTERED(int, archive_read_data_block, (struct archive *a, const void **d, size_t *n, int64_t *at), (a, d, n, at))

/* Ours, called by libarchive. */
struct stream_in;
ssize_t __real_stream_in_read(struct stream_in *s, const void **data);
ssize_t __wrap_stream_in_read(struct stream_in *s, const void **data);

ssize_t __wrap_stream_in_read(struct stream_in *s, const void **data)
{
	int was = in_library;
	ssize_t n;

	in_library = 0;
	n = __real_stream_in_read(s, data);
	in_library = was;
	return n;
}

/* The sources are made beforehand: only the archive's own calls are to fail. */
static int sources[6];

static const size_t sizes[] = { 100, 70000, 3, 1500000, 900, 5 };

static int write_archive(const char *format, bool reproducible, struct err *e)
{
	struct archive_spec spec = { .path = "made", .prefix = "x", .self_fd = -1,
				     .reproducible = reproducible };
	struct archive_out *a = NULL;
	char path[64];
	int r = archive_format_by_name(format, &spec.format, e);

	if (r == 0)
		r = archive_out_open(&a, &spec, e);
	if (r == 0)
		r = add_run(a, e);
	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(sources); i++) {
		struct manifest_file f = { .path = path, .type = MANIFEST_REG, .mode = 0644,
					   .size = sizes[i], .blocks = sizes[i], .nlink = 1,
					   .mtime = { 1700000000 + i, 123456789 },
					   .content = MANIFEST_WHOLE, .process = 1 };

		snprintf(path, sizeof(path), "/dir/file-%05u", i);
		r = archive_out_add(a, &f, sources[i], NULL, e);
		if (r == 0 && i == 1)
			r = a->backend->flush(a, e);
	}
	if (r == 0)
		r = add_other(a, "/dir", MANIFEST_DIR, NULL, MANIFEST_NONE, e);
	if (r == 0)
		r = add_end(a, e);
	if (r == 0)
		r = archive_out_finish(a, e);
	archive_out_free(a, false);
	return r;
}

static void stop_failing(void)
{
	for (int k = 0; k < KINDS; k++)
		left[k] = -1;
}

static void check_whole(const char *what, long n)
{
	struct archive_extract how = { .only_rootfs = true };
	struct err e = { 0 };

	remove_all("out");
	CHECK(extract_to("made", "out", &how, &e) == 0, "%s %ld: %s", what, n, e.text);
	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
		CHECK(is_file("out", i, sizes[i]), "%s %ld: file %u", what, n, i);
}

/* The partial one: repaired if anything had been flushed. */
static void check_left(const char *what, long n)
{
	uint64_t files;
	struct err e = { 0 };
	int r;

	if (access("made.partial", F_OK) < 0)
		return;
	r = archive_repair("made.partial", "made", &files, &e);
	CHECK(r == 0 || *e.text, "%s %ld: no sentence", what, n);
}

static void writing(const char *format, bool reproducible)
{
	for (int kind = 0; kind < KINDS; kind++) {
		long n = 0;

		do {
			struct err e = { 0 };
			int r;

			remove_all("made");
			remove_all("made.partial");
			remove_all("made.1.partial");
			fired = false;
			left[kind] = n;
			r = write_archive(format, reproducible, &e);
			stop_failing();
			CHECK(r < 0 || access("made", F_OK) == 0, "%s, %s %ld", format, kinds[kind], n);
			CHECK(r == 0 || *e.text, "%s, %s %ld: no sentence", format, kinds[kind], n);
			if (r == 0)
				check_whole(format, n);
			else
				check_left(format, n);
			/* Large archives allocate often for the same thing. */
			n += n < 400 ? 1 : 7;
		} while (fired);
	}
}

static int read_archive(struct err *e)
{
	struct archive_extract how = { .placeholders = true };
	struct manifest *m = NULL;
	struct archive_in *a = NULL;
	int r = archive_in_open(&a, "made", e), dir;

	if (r < 0)
		return r;
	r = archive_in_manifest(a, &m, e);
	if (r == 0)
		manifest_free(m);
	dir = r == 0 ? open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (r == 0)
		r = archive_in_extract(a, dir, &how, e);
	if (dir >= 0)
		close(dir);
	archive_in_free(a);
	return r;
}

static void reading(const char *format)
{
	struct err e = { 0 };
	long n = 0;

	remove_all("made");
	CHECK(write_archive(format, false, &e) == 0, "%s", e.text);
	for (int kind = 0; kind < WRITES + 1; kind++, n = 0) {
		do {
			int r;

			remove_all("out");
			mkdir("out", 0755);
			fired = false;
			e.text[0] = '\0';
			left[kind] = n;
			r = read_archive(&e);
			stop_failing();
			CHECK(r == 0 || *e.text, "%s, %s %ld: no sentence", format, kinds[kind], n);
			n += n < 400 ? 1 : 7;
		} while (fired);
	}
}

int main(void)
{
	static const char *const formats[] = { "tar.lzo", "tar.zst", "cpio.gz", "tar", "dir" };

	enter_scratch();
	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
		sources[i] = content_fd(i, sizes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		writing(formats[i], false);
		reading(formats[i]);
	}
	writing("tar.zst", true);
	return check_summary();
}
