/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Care's own signals while a command runs, and those the command shall find. */
#ifndef CORE_ENGINE_SIGNALS_H
#define CORE_ENGINE_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

/* Handlers in, dispositions and mask of the caller remembered. */
void signals_take(void);

/* Around fork(2), so that no signal meets the child with our handlers. */
void signals_hold(void);
void signals_release(void);

/* In the child: as the caller of engine_run() had them. Unblocks last. */
void signals_inherit(void);

/* From now on about once in @ms milliseconds waitpid(2) returns EINTR; 0 = never. */
void signals_tick(unsigned ms);

/* Something came since the last call. */
bool signals_pending(void);

/* What was sent to care and is for the command, one for each slot. */
#define SIGNALS_SLOTS 8
int signals_slot(int signo);	/* −1: it is not handed on */
/* Such a signal, sent by process *ret_sender since the last call, or 0. */
int signals_forward(pid_t *ret_sender);

#endif
