/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When this very program carries an archive behind itself. */
#ifndef CORE_CMD_SELF_H
#define CORE_CMD_SELF_H

#include <stdbool.h>

/* *ret_status is set and true returned if it does: it was extracted, or run, or asked for help. */
bool self_start(int argc, char **argv, int *ret_status);

#endif
