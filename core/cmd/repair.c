// SPDX-License-Identifier: GPL-2.0-or-later
/* care repair: complete an archive whose recording was cut short. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/open.h"
#include "core/cmd/state.h"

#define PARTIAL ".partial"

struct repair_options {
	const char *output;
	bool force;
};

static const struct cmd_option repair_options[] = {
	CMD_OPTION("o,output", CMD_STRING, repair_options, output, "FILE",
		   "Write the completed archive to FILE (default: ARCHIVE without its .partial, else "
		   "ARCHIVE itself)."),
	CMD_OPTION("f,force", CMD_FLAG, repair_options, force, NULL, "Overwrite FILE if it exists."),
	CMD_OPTIONS_END,
};

static bool is_partial(const char *path)
{
	size_t len = strlen(path), n = sizeof(PARTIAL) - 1;

	return len > n && !strcmp(path + len - n, PARTIAL);
}

/* NAME.partial was to become NAME. */
static char *target_of(const char *path)
{
	return is_partial(path) ? strndup(path, strlen(path) - strlen(PARTIAL)) : strdup(path);
}

static void tell_partial(void *ctx, const char *path)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	_cleanup_free_ char *to = target_of(path);
	unsigned *count = ctx;

	++*count;
	buf_adds(&line, "care repair -o ");
	if (to)
		buf_add_shell(&line, strrchr(to, '/') + 1, strlen(strrchr(to, '/') + 1));
	buf_addc(&line, ' ');
	buf_add_shell(&line, path, strlen(path));
	puts(buf_str(&line));
}

/* Without an archive: what killed recordings left, as lines that repair it. */
static int list_partials(void)
{
	_cleanup_free_ char *dir = state_dir();
	unsigned count = 0;

	if (dir)
		state_each_partial(dir, tell_partial, &count);
	if (!count)
		cmd_say("no unfinished archive in %s", dir ? dir : "the state directory");
	return CMD_EXIT_OK;
}

/* The disk was full when it was to come into its place, say. */
static int move_whole(const char *path, const char *to)
{
	struct err e = { 0 };

	/* Without that name it lies where somebody wants it. */
	if (!strcmp(path, to) || !is_partial(path))
		return cmd_fail(CMD_EXIT_ARCHIVE, "%s is whole: there is nothing to repair", path);
	if (archive_move(path, to, &e) < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	cmd_say("%s was whole: it is %s now", path, to);
	return CMD_EXIT_OK;
}

static int repair_run(void *options, int argc, char **argv)
{
	const struct repair_options *o = options;
	_cleanup_free_ char *to = NULL;
	struct err e = { 0 };
	struct stat st;
	uint64_t files = 0;
	int r;

	if (argc == 0)
		return list_partials();
	if (argc > 1)
		return cmd_usage(&cmd_repair, "one archive at a time");
	to = o->output ? strdup(o->output) : target_of(argv[0]);
	if (!to)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	if (strcmp(to, argv[0]) && !o->force && lstat(to, &st) == 0)
		return cmd_fail(CMD_EXIT_FAILURE, "%s exists (-f overwrites it, -o NAME writes another)", to);
	r = archive_repair(argv[0], to, &files, &e);
	if (r == -EALREADY)
		return move_whole(argv[0], to);
	if (r == -ENODATA && is_partial(argv[0]))
		return cmd_fail(CMD_EXIT_ARCHIVE, "%s: there is nothing to repair in it; if a recording "
				"left it that was killed as it began, remove it", argv[0]);
	if (r < 0)
		return cmd_fail_at(cmd_read_status(&e), argv[0], &e);
	cmd_say("repaired: %s, with %" PRIu64 " files; what was used last may be missing", to, files);
	return CMD_EXIT_OK;
}

const struct cmd cmd_repair = {
	.name = "repair",
	.summary = "complete an archive whose recording was cut short",
	.synopsis = "[ARCHIVE]",
	.options = repair_options,
	.options_size = sizeof(struct repair_options),
	.permute = 1,
	.examples = (const struct cmd_example[]){
		{ "care repair", "lists what killed recordings left, as commands that repair it" },
		{ "care repair bug.tar.zst.partial", "makes bug.tar.zst of all that was flushed" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(repair_run),
};
