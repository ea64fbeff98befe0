// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layouts as in <asm/stat.h> of each architecture, and struct statx of <linux/stat.h>. A
 * 32-bit program has the same ones below a 64-bit kernel.
 */
#include "arch/stat.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "arch/abi.h"
#include "core/base/mem.h"

static const struct stat_layout layout_x86_64 = {	/* x32 too */
	.size = 144, .dev = { 0, 8 }, .ino = { 8, 8 }, .nlink = { 16, 8 }, .mode = { 24, 4 },
	.uid = { 28, 4 }, .gid = { 32, 4 }, .rdev = { 40, 8 },
};

static const struct stat_layout layout_generic = {	/* asm-generic/stat.h */
	.size = 128, .dev = { 0, 8 }, .ino = { 8, 8 }, .mode = { 16, 4 }, .nlink = { 20, 4 },
	.uid = { 24, 4 }, .gid = { 28, 4 }, .rdev = { 32, 8 },
};

static const struct stat_layout layout_old = {		/* struct __old_kernel_stat */
	.size = 32, .dev = { 0, 2 }, .ino = { 2, 2 }, .mode = { 4, 2 }, .nlink = { 6, 2 },
	.uid = { 8, 2 }, .gid = { 10, 2 }, .rdev = { 12, 2 },
};

static const struct stat_layout layout_32 = {		/* i386 and arm: struct stat */
	.size = 64, .dev = { 0, 4 }, .ino = { 4, 4 }, .mode = { 8, 2 }, .nlink = { 10, 2 },
	.uid = { 12, 2 }, .gid = { 14, 2 }, .rdev = { 16, 4 },
};

static const struct stat_layout layout_i386_64 = {	/* struct stat64: 64-bit members lie on 4 */
	.size = 96, .dev = { 0, 8 }, .ino = { 88, 8 }, .mode = { 16, 4 }, .nlink = { 20, 4 },
	.uid = { 24, 4 }, .gid = { 28, 4 }, .rdev = { 32, 8 },
};

static const struct stat_layout layout_arm_64 = {	/* … and on 8 */
	.size = 104, .dev = { 0, 8 }, .ino = { 96, 8 }, .mode = { 16, 4 }, .nlink = { 20, 4 },
	.uid = { 24, 4 }, .gid = { 28, 4 }, .rdev = { 32, 8 },
};

static const struct stat_layout layout_statx = {
	.size = 256, .nlink = { 16, 4 }, .uid = { 20, 4 }, .gid = { 24, 4 }, .mode = { 28, 2 },
	.ino = { 32, 8 }, .born = { 80, 8 }, .born_ns = { 88, 4 }, .rdev = { 128, 4 },
	.dev = { 136, 4 }, .split = true,
};

#define MASK_BTIME 0x800	/* STATX_BTIME */

static const struct {
	const struct abi *abi;
	const struct stat_layout *plain, *wide;
} by_abi[] = {
	{ &abi_x86_64, &layout_x86_64, NULL },
	{ &abi_x32, &layout_x86_64, NULL },
	{ &abi_arm64, &layout_generic, NULL },
	{ &abi_i386, &layout_32, &layout_i386_64 },
	{ &abi_arm, &layout_32, &layout_arm_64 },
};

const struct stat_layout *stat_layout(const struct abi *abi, enum syscall_id call, int *ret_arg)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(by_abi) && by_abi[i].abi != abi)
		i++;
	if (i == ARRAY_SIZE(by_abi))
		return NULL;
	*ret_arg = 1;
	switch (call) {
	case SYSCALL_stat:
	case SYSCALL_lstat:
	case SYSCALL_fstat:
		return by_abi[i].plain;
	case SYSCALL_stat64:
	case SYSCALL_lstat64:
	case SYSCALL_fstat64:
		return by_abi[i].wide;
	case SYSCALL_oldstat:
	case SYSCALL_oldlstat:
	case SYSCALL_oldfstat:
		return &layout_old;
	case SYSCALL_newfstatat:
		*ret_arg = 2;
		return by_abi[i].plain;
	case SYSCALL_fstatat64:
		*ret_arg = 2;
		return by_abi[i].wide;
	case SYSCALL_statx:
		*ret_arg = 4;
		return &layout_statx;
	default:
		return NULL;
	}
}

static uint64_t get(const void *bytes, struct stat_field f)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)bytes + f.at, f.size);	/* all are little-endian, as we are */
	return value;
}

static void put(void *bytes, struct stat_field f, uint64_t value)
{
	memcpy((char *)bytes + f.at, &value, f.size);
}

static uint64_t get_dev(const struct stat_layout *l, const void *bytes, struct stat_field f)
{
	uint64_t value = get(bytes, f);
	struct stat_field minor = { (uint8_t)(f.at + 4), f.size };

	return l->split ? makedev((unsigned)value, (unsigned)get(bytes, minor)) : value;
}

static void put_dev(const struct stat_layout *l, void *bytes, struct stat_field f, uint64_t dev)
{
	struct stat_field minor = { (uint8_t)(f.at + 4), f.size };

	if (!l->split) {
		put(bytes, f, dev);
		return;
	}
	put(bytes, f, major(dev));
	put(bytes, minor, minor(dev));
}

/* high2lowuid() of the kernel: ids that 16 bits cannot tell are nobody's. */
static void put_id(void *bytes, struct stat_field f, uint32_t id)
{
	put(bytes, f, f.size == 2 && id > 0xffff ? 65534 : id);
}

void stat_get(const struct stat_layout *l, const void *bytes, struct stat_facts *ret)
{
	*ret = (struct stat_facts){
		.dev = get_dev(l, bytes, l->dev), .rdev = get_dev(l, bytes, l->rdev),
		.ino = get(bytes, l->ino), .mode = (uint32_t)get(bytes, l->mode),
		.nlink = (uint32_t)get(bytes, l->nlink), .uid = (uint32_t)get(bytes, l->uid),
		.gid = (uint32_t)get(bytes, l->gid),
	};
	if (!l->split || !(get(bytes, (struct stat_field){ 0, 4 }) & MASK_BTIME))
		return;
	ret->born = (int64_t)get(bytes, l->born);
	ret->born_ns = (uint32_t)get(bytes, l->born_ns);
}

void stat_put(const struct stat_layout *l, void *bytes, const struct stat_facts *facts)
{
	put(bytes, l->mode, facts->mode);
	put_id(bytes, l->uid, facts->uid);
	put_id(bytes, l->gid, facts->gid);
	put_dev(l, bytes, l->rdev, facts->rdev);
}
