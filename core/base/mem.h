/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership in C: a variable frees what it holds when it leaves scope, and a
 * function that hands it on steals it first. Nothing that can fail is done here.
 */
#ifndef CORE_BASE_MEM_H
#define CORE_BASE_MEM_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(cleanup_closep)
#define _cleanup_closedir_ _cleanup_(cleanup_closedirp)
#define _cleanup_fclose_ _cleanup_(cleanup_fclosep)

#define steal_ptr(p)                                                           \
	({                                                                     \
		__typeof__(p) *steal_at_ = &(p);                               \
		__typeof__(p) steal_was_ = *steal_at_;                         \
		*steal_at_ = NULL;                                             \
		steal_was_;                                                    \
	})

static inline int steal_fd(int *fd)
{
	int was = *fd;

	*fd = -1;
	return was;
}

/* A configuration symbol as an expression: 1 when CONFIG_X is y, else 0. */
#define IS_ENABLED(option) is_enabled_1(option)
#define is_enabled_1(value) is_enabled_2(is_enabled_arg_##value)
#define is_enabled_2(arg_or_junk) is_enabled_3(arg_or_junk 1, 0)
#define is_enabled_3(ignored, value, ...) value
#define is_enabled_arg_1 0,

#endif
