// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A .bin archive is this program with an archive behind it. Started without arguments
 * it extracts itself here, as CARE's did; with --run it replays without extracting.
 */
#include "core/cmd/self.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "core/archive/archive_in.h"
#include "core/archive/wrap.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/extract.h"

static void print_usage(const char *name)
{
	printf("Usage: %s                         extract this archive into the current directory\n"
	       "       %s --run [options] [command...]   run what it recorded, or another command in it\n"
	       "       %s --info [options]        describe it\n"
	       "       %s --version\n"
	       "The options of --run are those of care replay, those of --info of care info.\n",
	       name, name, name, name);
}

/* The archive takes its place as the first operand, behind the options. */
static int call(const struct cmd *cmd, const char *path, int argc, char **argv, bool operands)
{
	const char **args;
	struct cmd_common common = { 0 };
	struct cmd strict = *cmd;	/* the first operand begins a command */
	void *options;
	int first = 1, status;

	args = calloc(argc + 2, sizeof(*args));
	options = calloc(1, cmd->options_size + 1);
	if (!args || !options) {
		status = cmd_fail(CMD_EXIT_FAILURE, "no memory");
		goto out;
	}
	/* Parsed once to find out where the options end. */
	argv[0] = (char *)cmd->name;
	strict.permute = 0;
	if (cmd_parse(&strict, argc, argv, options, &common, &first) == CMD_WRONG) {
		status = CMD_EXIT_FAILURE;
		goto out;
	}
	if (first < argc && !operands) {
		status = cmd_usage(cmd, "what is \"%s\"?", argv[first]);
		goto out;
	}
	for (int i = 1; i < first; i++)
		args[i - 1] = argv[i];
	/* "--" ended the options there; here it stands between archive and command. */
	if (first > 1 && !strcmp(argv[first - 1], "--"))
		first--;
	args[first - 1] = path;
	for (int i = first; i < argc; i++)
		args[i] = argv[i];
	status = cmd_call(cmd, args, argc);
out:
	cmd_options_clear(cmd, options);
	free(options);
	free(args);
	return status;
}

static int start(const char *path, int argc, char **argv)
{
	struct archive_extract how = { .placeholders = true, .owners = geteuid() == 0 };
	const struct cmd *replay = cmd_find("replay");

	if (argc < 2)
		return extract_archive(path, NULL, &how);
	if (!strcmp(argv[1], "--run") && replay)
		return call(replay, path, argc - 1, argv + 1, true);
	if (!strcmp(argv[1], "--info"))
		return call(&cmd_info, path, argc - 1, argv + 1, false);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		cmd_print_version(stdout);
		return CMD_EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(argv[0]);
		return CMD_EXIT_OK;
	}
	print_usage(argv[0]);
	return cmd_fail(CMD_EXIT_FAILURE, "what is \"%s\"?", argv[1]);
}

/* Our own file. Without /proc the name that we were started by has to do. */
static char *own_path(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	const char *started = (const char *)getauxval(AT_EXECFN);

	return path ? path : started ? realpath(started, NULL) : NULL;
}

/*
 * Is there anything behind the program? Every start asks, so it must cost nothing: a
 * linker puts the section headers last, and what ends there carries no archive.
 */
static bool is_longer_than_program(int fd)
{
	ElfW(Ehdr) h;
	struct stat st;

	if (io_pread_full(fd, &h, sizeof(h), 0) != sizeof(h) || fstat(fd, &st) < 0)
		return false;
	return (uint64_t)st.st_size > (uint64_t)h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize;
}

bool self_start(int argc, char **argv, int *ret_status)
{
	_cleanup_free_ char *path = own_path();
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct err e = { 0 };
	struct wrap w = { 0 };
	int r;

	if (fd < 0 || !is_longer_than_program(fd))
		return false;
	r = wrap_find(fd, &w, &e);
	if (r == -EBADMSG) {
		*ret_status = cmd_fail_err(CMD_EXIT_ARCHIVE, &e);
		return true;
	}
	if (r < 0 || w.wrapper != ARCHIVE_SELF)
		return false;
	*ret_status = start(path, argc, argv);
	return true;
}
