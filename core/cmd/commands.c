// SPDX-License-Identifier: GPL-2.0-or-later
/* All commands, in the order that `care --help` lists them. Adding one: docs/ADD-A-COMMAND.md. */
#include "core/cmd/commands.h"

#include <string.h>

#include "core/cmd/cmd.h"

const struct cmd *const cmd_all[] = {
	&cmd_record,
	&cmd_replay,
	&cmd_extract,
	&cmd_info,
	&cmd_verify,
	&cmd_repair,
	&cmd_convert,
	&cmd_run,
	&cmd_doctor,
	&cmd_trace,
	&cmd_help,
	NULL,
};

const struct cmd *cmd_find(const char *name)
{
	for (const struct cmd *const *c = cmd_all; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}
