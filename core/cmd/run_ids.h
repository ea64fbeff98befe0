/* SPDX-License-Identifier: GPL-2.0-or-later */
/* care run -0 by namespaces: one id is ours there, others are made by emul/ids. */
#ifndef CORE_CMD_RUN_IDS_H
#define CORE_CMD_RUN_IDS_H

#include <stdbool.h>

struct enter_result;
struct entry;
struct err;

/* Is it root that the command is to be, or do owners last? Real root needs it for the latter. */
bool run_ids_wanted(const struct entry *entry);

/* As enter_run(). */
int run_ids(const struct entry *entry, struct enter_result *ret, struct err *e);

#endif
