/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This machine's own programs in a root for another one: what they are loaded with, where
 * the root lacks it.
 */
#ifndef CORE_REPLAY_NATIVES_H
#define CORE_REPLAY_NATIVES_H

#define NATIVES_MOST 2

/*
 * Absolute paths, the same in both places: the C library's loader and the directory that it
 * lies in with its libraries, as far as the directory @root has nothing there; NULL at the
 * end. The caller frees each. Less of them where there is nothing to be done.
 */
void natives_find(const char *root, char *ret[NATIVES_MOST + 1]);

#endif
