/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volatile paths as manifests hold them (struct manifest_run, volatile_paths):
 *
 *   "/path"         the replaying machine's /path appears as /path
 *   "$NAME:/path"   the path in the replaying machine's variable NAME appears as /path,
 *                   the place that the recorded value of NAME tells
 */
#ifndef CORE_MANIFEST_VOLATILE_H
#define CORE_MANIFEST_VOLATILE_H

#include <stddef.h>

/* Where @entry appears; *ret_name_len = length of the NAME that starts at entry + 1, or 0. */
const char *manifest_volatile_path(const char *entry, size_t *ret_name_len);

/*
 * What stands for @entry on the machine whose environment is @env (NAME=value, ends
 * with NULL); NULL when its variable is unset, or no memory. Caller frees.
 */
char *manifest_volatile_host(const char *entry, char *const *env);

/* The value of @name, for XAUTHORITY and ICEAUTHORITY else the usual file below $HOME. */
char *manifest_volatile_variable(const char *name, char *const *env);

/* The value of @name in @env (NULL: empty), NULL when unset. */
const char *manifest_env_get(char *const *env, const char *name);

#endif
