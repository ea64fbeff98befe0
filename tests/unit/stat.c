// SPDX-License-Identifier: GPL-2.0-or-later
/* arch/stat: what the kernel writes for the calls of the stat family, against libc's words. */
#include "arch/stat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "tests/unit/check.h"

static void same(const struct stat_facts *f, const struct stat *st)
{
	CHECK(f->dev == st->st_dev && f->ino == st->st_ino && f->rdev == st->st_rdev);
	CHECK(f->mode == st->st_mode && f->nlink == st->st_nlink);
	CHECK(f->uid == st->st_uid && f->gid == st->st_gid);
}

/* Made with the number of our own ABI, if it has such a call. */
static void ask(enum syscall_id id, long first, long second, const struct stat *st)
{
	unsigned char bytes[STAT_SIZE_MAX + 8];
	const struct stat_layout *l;
	int arg = 0;
	long nr = (long)abi_number(abi_native(), id), r;
	struct stat_facts facts;

	if (nr < 0)
		return;
	l = stat_layout(abi_native(), id, &arg);
	CHECK(l && l->size <= STAT_SIZE_MAX);
	memset(bytes, 0xa5, sizeof(bytes));
	if (id == SYSCALL_statx)
		r = syscall(nr, first, second, AT_SYMLINK_NOFOLLOW, 0xfff, bytes);
	else if (arg == 2)
		r = syscall(nr, first, second, bytes, AT_SYMLINK_NOFOLLOW);
	else
		r = syscall(nr, arg == 1 && first == AT_FDCWD ? second : first, bytes);
	if (r < 0)		/* an inode or a device that the old one cannot tell */
		return;
	/* The whole of it, and not more. */
	CHECK(bytes[l->size] == 0xa5, "%s", syscall_row(id)->name);
	stat_get(l, bytes, &facts);
	same(&facts, st);
	facts.uid = 70000;
	facts.gid = 8;
	facts.mode ^= 07;
	facts.rdev = 0x103;
	stat_put(l, bytes, &facts);
	stat_get(l, bytes, &facts);
	CHECK(facts.uid == (l->uid.size == 2 ? 65534 : 70000) && facts.gid == 8);
	CHECK(facts.mode == (st->st_mode ^ 07) && facts.rdev == 0x103);
	CHECK(facts.ino == st->st_ino && facts.dev == st->st_dev && facts.nlink == st->st_nlink);
}

static void every_call_is_read_and_changed(void)
{
	static const char *const names[] = { "/dev/null", "/", "/etc/passwd", "/proc/self/exe", "f" };
	static const enum syscall_id following[] = { SYSCALL_stat, SYSCALL_oldstat, SYSCALL_stat64 };
	static const enum syscall_id by_name[] = { SYSCALL_lstat, SYSCALL_oldlstat, SYSCALL_lstat64,
						   SYSCALL_newfstatat, SYSCALL_fstatat64,
						   SYSCALL_statx };
	static const enum syscall_id by_fd[] = { SYSCALL_fstat, SYSCALL_oldfstat, SYSCALL_fstat64 };

	close(open("f", O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open(names[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
		struct stat st, there;

		CHECK(fd >= 0 && fstat(fd, &st) == 0 && stat(names[i], &there) == 0);
		for (size_t j = 0; j < ARRAY_SIZE(following); j++)
			ask(following[j], AT_FDCWD, (long)names[i], &there);
		for (size_t j = 0; j < ARRAY_SIZE(by_name); j++)
			ask(by_name[j], AT_FDCWD, (long)names[i], &st);
		for (size_t j = 0; j < ARRAY_SIZE(by_fd); j++)
			ask(by_fd[j], fd, 0, &st);
		close(fd);
	}
}

/* Of other architectures, with the bytes as their kernels put them. */
static void layouts_of_other_abis(void)
{
	static const struct {
		const struct abi *abi;
		enum syscall_id call;
		int arg, mode, uid, gid, rdev, ino, size;
	} rows[] = {
		{ &abi_x86_64, SYSCALL_newfstatat, 2, 24, 28, 32, 40, 8, 144 },
		{ &abi_x32, SYSCALL_stat, 1, 24, 28, 32, 40, 8, 144 },
		{ &abi_arm64, SYSCALL_newfstatat, 2, 16, 24, 28, 32, 8, 128 },
		{ &abi_i386, SYSCALL_oldstat, 1, 4, 8, 10, 12, 2, 32 },
		{ &abi_i386, SYSCALL_stat, 1, 8, 12, 14, 16, 4, 64 },
		{ &abi_i386, SYSCALL_fstatat64, 2, 16, 24, 28, 32, 88, 96 },
		{ &abi_arm, SYSCALL_stat64, 1, 16, 24, 28, 32, 96, 104 },
		{ &abi_arm, SYSCALL_fstat, 1, 8, 12, 14, 16, 4, 64 },
		{ &abi_arm, SYSCALL_statx, 4, 28, 20, 24, 128, 32, 256 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int arg = -1;
		const struct stat_layout *l = stat_layout(rows[i].abi, rows[i].call, &arg);

		CHECK(l && arg == rows[i].arg && l->size == rows[i].size);
		CHECK(l->mode.at == rows[i].mode && l->uid.at == rows[i].uid && l->gid.at == rows[i].gid);
		CHECK(l->rdev.at == rows[i].rdev && l->ino.at == rows[i].ino);
	}
	CHECK(!stat_layout(&abi_x86_64, SYSCALL_open, &(int){ 0 }));
	CHECK(!stat_layout(&abi_x86_64, SYSCALL_stat64, &(int){ 0 }));
}

int main(void)
{
	return check_tests(every_call_is_read_and_changed, layouts_of_other_abis);
}
