/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `care run`: their table, and what they and PRoot's variables ask for. */
#ifndef CORE_CMD_RUN_OPTIONS_H
#define CORE_CMD_RUN_OPTIONS_H

#include "core/cmd/cmd.h"
#include "core/replay/enter.h"
#include "emul/qemu/qemu.h"
#include "emul/uname/uname.h"

struct run_options {
	const char *root, *root_host, *root_system, *cwd, *kernel;
	const char *as_root, *ids;	/* as_root: NULL not given, "" alone, or the file */
	const char *isolate, *qemu;
	struct cmd_list binds, ports;
	int engine, mixed;
	bool kill_on_exit, free_ports, links, sysvipc, memfd, hidden, link_sizes;
};

extern const struct cmd_option run_option_table[];
extern const struct run_options run_option_defaults;

/* What is asked for, with the memory that it needs. */
struct run_request {
	struct enter how;
	struct enter_port *ports;
	struct qemu qemu;
	struct uname_names kernel;
};

/* 0, or an exit status after a sentence. @r must stay where it is. */
int run_request_make(struct run_request *r, const struct run_options *o, char *const *argv);
void run_request_clear(struct run_request *r);

#endif
