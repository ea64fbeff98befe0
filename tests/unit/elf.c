// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/elf: our own executable, files of the other kind, and files made to harm. */
#include "emul/elf/cache.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "tests/unit/check.h"

/* A file of those bytes, without a name. */
static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || io_write_all(fd, data, len) < 0)
		return -1;
	return fd;
}

static void put(unsigned char *at, uint64_t value, int size, bool big)
{
	for (int i = 0; i < size; i++)
		at[i] = value >> 8 * (big ? size - 1 - i : i);
}

/* 32-bit: PT_INTERP, PT_LOAD of everything, PT_DYNAMIC with NEEDED, STRTAB, SONAME. */
static size_t make32(unsigned char *f, bool big)
{
	static const uint32_t dyn[][2] = {
		{ DT_NEEDED, 1 }, { DT_STRTAB, 0x10200 }, { DT_SONAME, 11 }, { DT_NEEDED, 1 }, { 0, 0 },
	};

	memset(f, 0, 0x300);
	memcpy(f, "\177ELF\001", 5);
	f[5] = big ? ELFDATA2MSB : ELFDATA2LSB;
	put(f + 16, ET_DYN, 2, big);
	put(f + 18, EM_ARM, 2, big);
	put(f + 28, 52, 4, big);
	put(f + 36, 0x5000400, 4, big);
	put(f + 42, 32, 2, big);
	put(f + 44, 3, 2, big);
	for (int i = 0; i < 3; i++) {
		static const uint32_t types[] = { PT_INTERP, PT_LOAD, PT_DYNAMIC };
		static const uint32_t at[] = { 0x100, 0, 0x180 }, size[] = { 15, 0x300, 40 };
		unsigned char *p = f + 52 + 32 * i;

		put(p, types[i], 4, big);
		put(p + 4, at[i], 4, big);
		put(p + 8, 0x10000 + at[i], 4, big);
		put(p + 16, size[i], 4, big);
	}
	memcpy(f + 0x100, "/lib/ld.so.test", 14);
	for (int i = 0; i < 5; i++) {
		put(f + 0x180 + 8 * i, dyn[i][0], 4, big);
		put(f + 0x184 + 8 * i, dyn[i][1], 4, big);
	}
	memcpy(f + 0x200, "\0libc.so.6\0libx.so.1", 21);
	return 0x300;
}

static void our_own_program_is_read(void)
{
	struct elf_info info = { 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(elf_read(fd, &info, NULL) == 0);
	CHECK(info.bits == sizeof(void *) * 8);
	CHECK(info.type == ET_DYN || info.type == ET_EXEC);
	CHECK(!info.interp || info.interp[0] == '/');
	elf_info_clear(&info);
	close(fd);
}

static void both_byte_orders_read_alike(void)
{
	for (int big = 0; big < 2; big++) {
		unsigned char f[0x300];
		struct elf_info info = { 0 };
		int fd = file_of(f, make32(f, big));

		CHECK(elf_read(fd, &info, NULL) == 0);
		CHECK(info.bits == 32 && info.big_endian == big && info.machine == EM_ARM);
		CHECK(info.flags == 0x5000400);
		CHECK(info.interp && !strcmp(info.interp, "/lib/ld.so.tes"));
		CHECK(info.dynamic && info.n_needed == 2 && !strcmp(info.needed[1], "libc.so.6"));
		CHECK(info.soname && !strcmp(info.soname, "libx.so.1"));
		elf_info_clear(&info);
		close(fd);
	}
}

static void a_file_cut_anywhere_is_refused_or_read_as_far_as_it_goes(void)
{
	unsigned char f[0x300];
	size_t len = make32(f, false);

	for (size_t cut = 0; cut < len; cut++) {
		struct elf_info info = { 0 };
		int fd = file_of(f, cut);
		int r = elf_read(fd, &info, NULL);

		CHECK(r == 0 || r == -ENOEXEC);
		CHECK(cut >= 0x10f || r == -ENOEXEC);
		elf_info_clear(&info);
		close(fd);
	}
}

static void any_byte_may_be_wrong(void)
{
	unsigned char f[0x300];
	size_t len = make32(f, false);

	for (size_t i = 0; i < len; i++)
		for (int v = 0; v < 3; v++) {
			struct elf_info info = { 0 };
			unsigned char was = f[i];
			int fd, r;

			f[i] = v == 0 ? 0xff : v == 1 ? 0x80 : was + 1;
			fd = file_of(f, len);
			r = elf_read(fd, &info, NULL);
			CHECK(r == 0 || r == -ENOEXEC);
			elf_info_clear(&info);
			close(fd);
			f[i] = was;
		}
}

static void an_interpreter_without_end_is_refused(void)
{
	unsigned char f[0x300];
	struct elf_info info = { 0 };
	size_t len = make32(f, false);
	int fd;

	f[0x100 + 14] = 'x';
	fd = file_of(f, len);
	CHECK(elf_read(fd, &info, NULL) == -ENOEXEC);
	CHECK(!info.interp);
	close(fd);
}

static void check_line(const char *text, size_t len, int want, const char *interp, const char *arg)
{
	char *i = NULL, *a = NULL;
	int fd = file_of(text, len);
	int r = elf_shebang(fd, &i, &a, NULL);

	CHECK(r == want);
	CHECK(interp ? i && !strcmp(i, interp) : !i);
	CHECK(arg ? a && !strcmp(a, arg) : !a);
	free(i);
	free(a);
	close(fd);
}

#define LINE(text, want, interp, arg) check_line(text, sizeof(text) - 1, want, interp, arg)

static void a_script_line_splits_as_the_kernel_does(void)
{
	LINE("#!/bin/sh\necho", 0, "/bin/sh", NULL);
	LINE("#! \t/usr/bin/env  -S a b \t\nx", 0, "/usr/bin/env", "-S a b");
	LINE("#!/bin/sh", 0, "/bin/sh", NULL);
	LINE("#!/bin/sh\r\n", 0, "/bin/sh\r", NULL);
	LINE("#!/bin/sh\0-x\n", 0, "/bin/sh", NULL);
	LINE("#!\n", -ENOEXEC, NULL, NULL);
	LINE("#!  \t\n/bin/sh", -ENOEXEC, NULL, NULL);
	LINE("#", -ENOEXEC, NULL, NULL);
	LINE("", -ENOEXEC, NULL, NULL);
	LINE("\177ELF", -ENOEXEC, NULL, NULL);
}

static void an_interpreter_cut_by_the_limit_is_refused_an_argument_is_cut(void)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *i = NULL, *a = NULL;
	int fd;

	buf_adds(&b, "#!/");
	while (b.len < 300)
		buf_addc(&b, 'a');
	buf_addc(&b, '\n');
	check_line(b.data, b.len, -ENOEXEC, NULL, NULL);
	b.data[7] = ' ';
	fd = file_of(b.data, b.len);
	CHECK(elf_shebang(fd, &i, &a, NULL) == 0);
	CHECK(i && !strcmp(i, "/aaaa") && a && strlen(a) == 256 - 8);
	free(i);
	free(a);
	close(fd);
}

/* It is shared by all whom stat(2) tells the same. */
static void what_was_read_counts_until_the_file_changes(void)
{
	struct elf_cache *c = elf_cache_new();
	struct elf_file *f = NULL, *again;
	/* Of a package, and so older than a moment. */
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 }, other;

	CHECK(c && fd >= 0 && fstat(fd, &st) == 0 && !elf_cache_find(c, &st));
	CHECK(elf_cache_read(c, fd, &f) == 0 && f->is_elf && !f->interp && f->info.n_phdrs);
	again = elf_cache_find(c, &st);
	CHECK(again == f && f->refs == 3);
	elf_file_unref(again);
	for (int i = 0; i < 7; i++) {
		other = st;
		other.st_dev += i == 0;
		other.st_ino += i == 1;
		other.st_size += i == 2;
		other.st_ctim.tv_nsec += i == 3;
		other.st_mtim.tv_nsec -= i == 4;
		other.st_ctim.tv_sec += i == 5;
		other.st_mtim.tv_sec += i == 6;
		CHECK(!elf_cache_find(c, &other), "%d", i);
	}
	elf_cache_free(c);
	CHECK(f->refs == 1 && f->info.n_phdrs);
	elf_file_unref(f);
	close(fd);
}

static void what_has_just_changed_is_read_each_time(void)
{
	struct elf_cache *c = elf_cache_new();
	struct elf_file *f = NULL;
	int fd = file_of("#!/bin/x y\n", 11), none = open("/", O_RDONLY | O_CLOEXEC);
	struct stat st;

	CHECK(c && fstat(fd, &st) == 0);
	CHECK(elf_cache_read(c, fd, &f) == 0 && !f->is_elf && !strcmp(f->interp, "/bin/x") && !strcmp(f->arg, "y"));
	CHECK(!elf_cache_find(c, &st));
	elf_file_unref(f);
	/* What cannot be read is neither. */
	CHECK(elf_cache_read(c, none, &f) == 0 && !f->is_elf && !f->interp);
	elf_file_unref(f);
	CHECK(elf_cache_read(NULL, fd, &f) == 0 && f->interp && f->refs == 1);
	elf_file_unref(f);
	elf_cache_free(c);
	close(fd);
	close(none);
}

int main(void)
{
	return check_tests(
		what_was_read_counts_until_the_file_changes,
		what_has_just_changed_is_read_each_time,
		our_own_program_is_read,
		both_byte_orders_read_alike,
		a_file_cut_anywhere_is_refused_or_read_as_far_as_it_goes,
		any_byte_may_be_wrong,
		an_interpreter_without_end_is_refused,
		a_script_line_splits_as_the_kernel_does,
		an_interpreter_cut_by_the_limit_is_refused_an_argument_is_cut);
}
