/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's name along PATH, as execvp(3) and shells look for it. */
#ifndef CORE_BASE_SEARCH_H
#define CORE_BASE_SEARCH_H

#include <stdbool.h>

#define SEARCH_DEFAULT "/bin:/usr/bin"	/* what POSIX shells use when there is no PATH */

/* Is @name one, or a path that is not looked for? An empty one is nothing anywhere. */
bool search_wanted(const char *name);

/*
 * Each candidate to @try, until it says neither -ENOENT nor -ENOTDIR (it is not there) nor
 * -EACCES (it may not be executed): what it says then. Else -EACCES if that came, or -ENOENT.
 * An empty entry of @path is the working directory. -ENOMEM.
 */
int search_path(const char *path, const char *name, int (*try)(void *ctx, const char *candidate), void *ctx);

#endif
