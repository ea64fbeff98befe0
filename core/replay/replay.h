/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One replay from the archive to the command's status: opens, makes the private tree,
 * plans, runs, looks at what became of it, removes. Commands choose and print.
 */
#ifndef CORE_REPLAY_REPLAY_H
#define CORE_REPLAY_REPLAY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/replay/changes.h"
#include "core/replay/plan.h"
#include "core/replay/scratch.h"
#include "core/replay/wait.h"
#include "emul/guard/guard.h"

struct archive_in;
struct buf;
struct err;
struct manifest;
struct stat;
struct watch;

#define REPLAY_CACHE_LIMIT ((uint64_t)8 << 30)

enum replay_tree {
	REPLAY_TREE_AUTO,	/* an overlay where it is faithful, else a copy */
	REPLAY_TREE_COPY,
	REPLAY_TREE_OVERLAY,
};

/*
 * A plan without namespaces: its file system is @root with the plan's bindings in it, shown
 * by translation. That needs an engine, which is not this folder's: see replay_want.
 */
struct replay_translate {
	struct plan *plan;
	const char *root;
	const sigset_t *mask;		/* the command's signal mask */
	const int *stdio;		/* see ns_start */
	bool kill_others;
	const struct manifest *owners;	/* of files, to be shown; NULL: they are what the disk says */
	struct wait_source sources[WAIT_SOURCES];	/* to be read meanwhile */
	int n_sources;
	/* −errno for a file that must not be opened; NULL: none. */
	int (*opening)(void *ctx, const struct stat *st);
	void *ctx;

	bool refused;			/* out: this machine does not let us trace either */
	bool ran;
	int status;			/* as of waitpid(2) */
	int not_run;			/* −errno of execve */
};

enum replay_way {
	REPLAY_WAY_AUTO,		/* namespaces, or else translation */
	REPLAY_WAY_NAMESPACES,
	REPLAY_WAY_TRANSLATE,
};

struct replay_want {
	const char *archive;
	struct plan_options plan;	/* its host_env may be NULL: ours */
	int tree;			/* enum replay_tree */
	bool in_place, no_cache, kill_others;
	bool strict;			/* opening a placeholder fails */
	const char *keep;
	uint64_t cache_limit;		/* 0 = REPLAY_CACHE_LIMIT */
	struct plan_words puts, gets;	/* "HOST:GUEST", "GUEST[:HOST]" */
	const int *stdio;		/* see ns_start */
	struct wait_source sources[2];	/* to be read meanwhile: pipes that stdio leads to */
	int n_sources;
	void (*progress)(void *ctx, uint64_t files, uint64_t bytes);
	void *ctx;
	int way;			/* enum replay_way */
	/* NULL: there is no translation. */
	int (*translate)(void *ctx, struct replay_translate *how, struct err *e);
	void *translate_ctx;
};

struct replay {
	struct replay_want want;
	struct archive_in *in;
	struct manifest *manifest;
	struct scratch *tree;
	struct plan *plan;
	struct watch *watch;
	struct guard guard;
	struct plan_place place;
	bool ran;
	int status;		/* wait status of the command, when it ran */
	int not_run;		/* −errno of execve, when it could not be executed */
	sigset_t mask;		/* before signals were held back, as they are until the tree is gone */
	bool holds;
};

/* The archive and its manifest. -ENODATA: it says nothing of how to run. */
int replay_open(struct replay **ret, const struct replay_want *want, struct err *e);

/* What would be done, without doing it; finds out what this machine grants. */
int replay_plan(struct replay *r, struct err *e);

/*
 * Run it. *ret_refused: this machine denies namespaces, and tracing too if that may do. A command that could not be
 * executed is no error: see not_run, with the sentence in @e.
 */
int replay_run(struct replay *r, bool *ret_refused, struct err *e);

/* After the run. */
int replay_changes(struct replay *r, struct changes *ret, struct err *e);
/* Placeholders that were opened; *cursor starts with 0. */
const char *replay_opened(const struct replay *r, size_t *cursor);
/* A file of the tree as the command left it: a descriptor or −errno. */
int replay_open_file(const struct replay *r, const char *path);
int replay_get(struct replay *r, struct err *e);

/* Features of the recording's processor that this one lacks, by name; "" = none. */
void replay_missing_cpu(const struct replay *r, struct buf *to);

/* Remove what is ours. NULL is allowed. */
int replay_close(struct replay *r, struct err *e);

#endif
