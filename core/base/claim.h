/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories that are somebody's while he lives: claimed by a lock that the kernel
 * lets go of however he ends, so that what a killed run left is known as such.
 */
#ifndef CORE_BASE_CLAIM_H
#define CORE_BASE_CLAIM_H

#include <stdbool.h>

/* Make "@under/@prefixXXXXXX" (mode 0700) and claim it: *ret_path is the caller's. A descriptor, or −errno. */
int claim_make(const char *under, const char *prefix, char **ret_path);

/*
 * For every directory "@prefix??????" in @under that we made (not any other's, not of
 * another user) and nobody claims any more: @found(@ctx, path).
 */
void claim_each_left(const char *under, const char *prefix, void (*found)(void *ctx, const char *path),
		     void *ctx);

#endif
