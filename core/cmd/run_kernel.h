/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command some of whose calls are answered as options say, where all else is the kernel's. */
#ifndef CORE_CMD_RUN_KERNEL_H
#define CORE_CMD_RUN_KERNEL_H

#include "core/replay/ns.h"

struct enter;

struct run_kernel {
	struct ns_runner runner;
	const struct enter *how;
};

void run_kernel_init(struct run_kernel *k, const struct enter *how);

#endif
