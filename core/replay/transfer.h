/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New inputs into a tree, results out of it. */
#ifndef CORE_REPLAY_TRANSFER_H
#define CORE_REPLAY_TRANSFER_H

#include "core/replay/plan.h"

struct err;

/* Each word is HOST:GUEST; a GUEST that ends with / is a directory to put it in. */
int transfer_put(const char *root, struct plan_words words, struct err *e);

/* Each word is GUEST[:HOST]; without HOST, its own name in our working directory. */
int transfer_get(const char *root, struct plan_words words, struct err *e);

#endif
