/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remove a tree, whatever permissions a command gave to what is in it. */
#ifndef CORE_BASE_RMTREE_H
#define CORE_BASE_RMTREE_H

struct err;

/* Nothing there is no error. Symlinks are removed, never followed. */
int rmtree(const char *path, struct err *e);

#endif
