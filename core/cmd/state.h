/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where recordings grow, and what killed ones left there. */
#ifndef CORE_CMD_STATE_H
#define CORE_CMD_STATE_H

/*
 * ${XDG_STATE_HOME:-~/.local/state}/care, made if it can be. NULL: there is none that
 * we may write to. The caller frees.
 */
char *state_dir(void);

#define STATE_SPOOL "spool-"

/* Remove spools that hold nothing; how many unfinished archives there are. */
unsigned state_sweep(const char *dir);

/* Our own spool, at the end: removed unless it holds an unfinished archive. */
void state_sweep_own(const char *spool);

/* Each unfinished archive of a run that is over. */
void state_each_partial(const char *dir, void (*tell)(void *ctx, const char *path), void *ctx);

#endif
