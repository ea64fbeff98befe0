/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tar and cpio cannot put back when they extract: placeholders are empty in an
 * archive, while programs were told their sizes (Python, for one, believes a .pyc
 * only if its source has the size that it notes). Here they get it, as holes.
 */
#ifndef CORE_REPLAY_SETTLE_H
#define CORE_REPLAY_SETTLE_H

#include <stdbool.h>

struct err;
struct manifest;

/* Are there placeholders without their size below the directory @root? */
bool settle_needed(int root, const struct manifest *m);

/* Give them their sizes. Those that cannot have it stay empty, which is warned of. */
void settle_tree(int root, const struct manifest *m);

/* The directory @cwd, which a recording that was cut short may lack: directories come last. */
int settle_cwd(int root, const char *cwd, struct err *e);

/* The sizes, for a rootfs/ that has a manifest.json beside it; nothing else is touched. */
void settle_beside(const char *rootfs);

#endif
