// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a command: from the words of a command line, or on behalf of another command. */
#include <stdlib.h>
#include <string.h>

#include "core/cmd/cmd.h"

int cmd_main(const struct cmd *cmd, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	_cleanup_free_ void *options = calloc(1, cmd->options_size + 1);
	int first = 1, status = CMD_EXIT_OK;

	if (!options)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	if (cmd->defaults)
		memcpy(options, cmd->defaults, cmd->options_size);
	switch (cmd_parse(cmd, argc, argv, options, &common, &first)) {
	case CMD_HELP:
		cmd_print_help(stdout, cmd);
		break;
	case CMD_SHOW_VERSION:
		cmd_print_version(stdout);
		break;
	case CMD_WRONG:
		status = CMD_EXIT_FAILURE;
		break;
	case CMD_PARSED:
		cmd_printer_init(common.verbosity);
		status = cmd->run(options, argc - first, argv + first);
		break;
	}
	cmd_options_clear(cmd, options);
	return status;
}

int cmd_call(const struct cmd *cmd, const char *const *args, size_t n)
{
	_cleanup_free_ char **argv = calloc(n + 2, sizeof(*argv));

	if (!argv)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	argv[0] = (char *)cmd->name;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = (char *)args[i];
	return cmd_main(cmd, n + 1, argv);
}
