/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a run before it starts: who, where, on what machine, with which descriptors. */
#ifndef CORE_RECORD_RUN_H
#define CORE_RECORD_RUN_H

#include "core/manifest/manifest.h"

struct err;

/*
 * Fill in everything but volatile, concealed and revealed places. Call it before any
 * descriptor of our own is open, so that only inherited ones are told.
 */
int run_collect(struct manifest_run *run, char *const *argv, struct err *e);

/* Fill in arch and abi from the program (or its interpreter); they stay NULL when it tells none. */
int run_find_abi(struct manifest_run *run);

/*
 * The program that @name means along the PATH of @env, as a shell finds it; NULL when
 * there is none. The caller frees.
 */
char *run_find_program(const struct manifest_strings *env, const char *name);

#endif
