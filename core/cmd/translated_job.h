/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that wire a translated command together; nobody else includes it. */
#ifndef CORE_CMD_TRANSLATED_JOB_H
#define CORE_CMD_TRANSLATED_JOB_H

#include "core/base/buf.h"
#include "core/cmd/run_extras.h"
#include "core/engine/engine.h"

struct enter;
struct err;
struct ids;
struct ids_spec;
struct replay_translate;
struct translate;
struct translate_spec;

struct translated {
	struct task_table *tasks;
	struct translate *translate;
	struct ids *ids;
	struct run_extras extras;
	const struct enter *how;	/* NULL: a replay */
	char *const *argv, *const *env;
	const char *cwd;		/* in the guest */
	struct buf cwd_host;
	char *program;			/* in the guest, as it is executed */
	bool kill_others;
	bool become;			/* root need not pretend: it takes the ids that are asked for */
	enum engine_kind kind;

	/* Of a replay. */
	struct replay_translate *replay;
};

struct translated_outcome {
	bool refused, ran;
	int status;			/* as of waitpid(2) */
	int not_run;			/* −errno of execve */
};

/* @ids: of another user than we are, who is to be seen; NULL: nobody. 0 or −errno. */
int translated_open(struct translated *run, const struct translate_spec *want, struct ids_spec *ids,
		    struct err *e);
void translated_close(struct translated *run);

/* From the program's name to its end. */
int translated_execute(struct translated *run, struct translated_outcome *ret, struct err *e);

#endif
