/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is concealed, revealed and volatile when nobody says anything: CARE 2.2.1's
 * lists and today's. Data plus one function that looks at an environment.
 *
 * How a volatile path is written: core/manifest/volatile.h.
 */
#ifndef CORE_RECORD_DEFAULTS_H
#define CORE_RECORD_DEFAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/manifest/manifest.h"

struct err;

struct record_paths {
	struct manifest_strings concealed, revealed;	/* absolute paths */
	struct manifest_strings volatile_paths;		/* "/path" or "$NAME:/path" */
	struct manifest_strings volatile_env;		/* names */
	bool reveals_home;	/* the working directory is $HOME itself: worth a warning */
};

#define RECORD_DEFAULT_MAX_SIZE (1024ll << 20)	/* -m, unless -d */

/*
 * Append the defaults for a command started with @env (NAME=value, ends with NULL)
 * in @cwd. The command itself is revealed by whoever finds it in $PATH. 0 or -ENOMEM.
 */
int defaults_add(struct record_paths *p, char *const *env, const char *cwd, struct err *e);

/*
 * A path that a user gave, as it is kept: absolute, resolved when it exists (a bind
 * mount lands on what a symlink means). Caller frees; NULL: no memory.
 */
char *defaults_user_path(const char *path, const char *cwd);

void record_paths_clear(struct record_paths *p);

#endif
