// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One binary, many commands. Which one: what it carries (a self-extracting archive),
 * what it is called (care-init, care-run, proot), or its first word.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/search.h"
#include "core/cmd/cmd.h"
#include "core/cmd/self.h"

static int is_program(void *ctx, const char *path)
{
	struct stat st;

	(void)ctx;
	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK) ? 0 : -ENOENT;
}

/* execvp would find @name: a regular file with an x bit for us. */
static bool is_in_path(const char *name)
{
	const char *path = getenv("PATH");

	return path && *path && search_path(path, name, is_program, NULL) == 0;
}

/*
 * `care info bash` may be meant as "record info bash": when it fails as a command of ours
 * and the same word is a program too, say so. Where it succeeds it was meant.
 */
static void hint_clash(const char *name)
{
	if (is_in_path(name))
		cmd_say("\"%s\" is a command of care; to record the program of that name: care -- %s",
			name, name);
}

/*
 * The re-execute.sh of care 2.2 calls whatever $PROOT names with PRoot's options, none of which
 * it begins with means anything to a recording.
 */
static bool is_old_script(int argc, char **argv)
{
	return argc > 1 && getenv("PROOT_IGNORE_MISSING_BINDINGS") &&
	       (!strcmp(argv[1], "-b") || !strcmp(argv[1], "-k"));
}

static int care(int argc, char **argv)
{
	const struct cmd *cmd = argc > 1 ? cmd_find(argv[1]) : NULL;

	if (is_old_script(argc, argv) && cmd_find("run"))
		return cmd_main(cmd_find("run"), argc, argv);
	if (cmd) {
		int status = cmd_main(cmd, argc - 1, argv + 1);

		if (status == CMD_EXIT_FAILURE || status == CMD_EXIT_ARCHIVE)
			hint_clash(argv[1]);
		return status;
	}
	if (argc < 2) {
		cmd_print_overview(stderr);
		return CMD_EXIT_FAILURE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "--usage")) {
		cmd_print_overview(stdout);
		return CMD_EXIT_OK;
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version") || !strcmp(argv[1], "--about")) {
		cmd_print_version(stdout);
		return CMD_EXIT_OK;
	}
	cmd = cmd_find("record");
	return cmd ? cmd_main(cmd, argc, argv) :
		     cmd_fail(CMD_EXIT_FAILURE, "this care was built without recording");
}

/* Exact names only: a copy called care-3.0 or careful is care. */
static int dispatch(int argc, char **argv)
{
	static const char *const names[][2] = {
		{ "care-init", "init" }, { "care-run", "run" }, { "proot", "run" },
	};
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "care";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct cmd *cmd = cmd_find(names[i][1]);

		if (strcmp(name, names[i][0]))
			continue;
		return cmd ? cmd_main(cmd, argc, argv) :
			     cmd_fail(CMD_EXIT_FAILURE, "this care was built without \"%s\"", names[i][1]);
	}
	return care(argc, argv);
}

/*
 * A file that we open must never become descriptor 0, 1 or 2: messages would be
 * written into it. Close-on-exec, so that the command still finds it closed.
 */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	int status;

	fill_standard_fds();
	cmd_printer_init(0);
	if (!self_start(argc, argv, &status))
		status = dispatch(argc, argv);
	cmd_progress_end();
	if ((fflush(stdout) || ferror(stdout)) && status == CMD_EXIT_OK)
		status = cmd_fail(CMD_EXIT_FAILURE, "write to standard output: %s", strerror(errno));
	return status;
}
