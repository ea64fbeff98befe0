/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the calls of the stat family write into memory, for every ABI: where in it owner,
 * mode and the like are, so that what they tell can be changed.
 */
#ifndef ARCH_STAT_H
#define ARCH_STAT_H

#include <stdint.h>

#include "arch/syscall.h"

struct abi;

/* The longest of them (statx). */
#define STAT_SIZE_MAX 256

struct stat_field {
	uint8_t at, size;	/* size 0: there is none */
};

struct stat_layout {
	uint16_t size;			/* of the whole */
	struct stat_field dev, rdev;	/* as dev_t is written; of statx two words, major and minor */
	struct stat_field ino, mode, nlink, uid, gid;
	struct stat_field born, born_ns;	/* statx only */
	bool split;			/* statx: device numbers are two words */
};

/* The part of it that can be told otherwise, and what it is told by. */
struct stat_facts {
	uint64_t dev, ino, rdev;
	uint32_t mode, nlink, uid, gid;
	int64_t born;			/* seconds, 0 = not known */
	uint32_t born_ns;
};

/* NULL: the call writes none. *ret_arg: which argument points at it. */
const struct stat_layout *stat_layout(const struct abi *abi, enum syscall_id call, int *ret_arg);

/* @bytes has layout->size bytes. What does not fit becomes what the kernel would put (65534). */
void stat_get(const struct stat_layout *layout, const void *bytes, struct stat_facts *ret);
void stat_put(const struct stat_layout *layout, void *bytes, const struct stat_facts *facts);

#endif
