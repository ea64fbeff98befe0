/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command in another root without namespaces: the engine, the translation, and what else
 * acts on its calls, wired together for `care run` and for replays.
 */
#ifndef CORE_CMD_TRANSLATED_H
#define CORE_CMD_TRANSLATED_H

#include "core/engine/engine.h"

/* Values of --engine, in the order of its words. */
#define TRANSLATED_ENGINES "auto|namespaces|ptrace-seccomp|ptrace"
enum translated_choice {
	CHOICE_AUTO,
	CHOICE_NAMESPACES,
	CHOICE_PTRACE_SECCOMP,
	CHOICE_PTRACE,
};

struct enter;
struct entry;
struct enter_result;
struct err;
struct replay_translate;
struct replay_want;

/*
 * Like enter_run(). ret->refused: this machine does not let us trace. @kind: ENGINE_AUTO,
 * or the one that must be used.
 */
int translated_run(const struct entry *entry, enum engine_kind kind, struct enter_result *ret, struct err *e);

enum engine_kind translated_kind(const struct enter *how);

/* What --engine means for a replay. @choice lives as long as @want. */
void translated_want(struct replay_want *want, const int *choice);

/*
 * Nothing that --engine=@choice allows is to be had here: the sentence, and the exit status.
 * What only namespaces can do is CHOICE_NAMESPACES.
 */
int translated_refused(int choice, const struct err *e);

#endif
