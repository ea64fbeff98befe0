/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands beside a cached rootfs/: its size, when it was last used, and by what a
 * later boot sees whether all of it had reached the disk.
 */
#ifndef CORE_REPLAY_STAMP_H
#define CORE_REPLAY_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct err;

struct stamp {
	uint64_t room;			/* bytes it takes on the disk */
	struct timespec used;
};

/* Of the tree @tree (a directory with rootfs/) below @dir. 0 or −errno. */
int stamp_write(int dir, const char *tree, struct err *e);

/* false: there is none. */
bool stamp_read(int dir, const char *tree, struct stamp *ret);

/*
 * Whether the tree is as it was when it was stamped. It is if the system has not been
 * started anew since; otherwise its files are counted, once in each boot: after a power
 * cut the names of a tree can be there and its files be short, or lack.
 */
bool stamp_holds(int dir, const char *tree);

/* It is used now. */
void stamp_touch(int dir, const char *tree);

#endif
