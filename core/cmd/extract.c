// SPDX-License-Identifier: GPL-2.0-or-later
/* care extract, and care -x: an archive becomes a directory, whatever is in it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/archive/archive_in.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/extract.h"
#include "core/cmd/open.h"

struct extract_options {
	const char *to;
	int owners;
	bool only_rootfs, small;
};

enum { OWNERS_AUTO, OWNERS_YES, OWNERS_NO };

static const struct cmd_option extract_options[] = {
	CMD_OPTION("C,directory", CMD_STRING, extract_options, to, "DIR",
		   "Extract into DIR, made if it is not there (default: here)."),
	CMD_OPTION("owners", CMD_CHOICE, extract_options, owners, "auto|yes|no",
		   "Give the files their recorded owners (auto: if you are root)."),
	CMD_OPTION("only-rootfs", CMD_FLAG, extract_options, only_rootfs, NULL,
		   "Extract the content of rootfs/ alone, without the archive's top directory."),
	CMD_OPTION("small", CMD_FLAG, extract_options, small, NULL,
		   "Leave placeholders empty instead of giving them their recorded size."),
	CMD_OPTIONS_END,
};

static void show_progress(void *ctx, uint64_t files, uint64_t bytes)
{
	char text[16];

	cmd_progress("%s: %ju files, %s", (const char *)ctx, (uintmax_t)files, cmd_bytes(text, bytes));
}

static int open_target(const char *to, int *ret_fd)
{
	if (to && mkdir(to, 0777) < 0 && errno != EEXIST) {
		struct err e;

		err_set(&e, -errno, "make directory %s", to);
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	}
	*ret_fd = open(to ? to : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0) {
		struct err e;

		err_set(&e, -errno, "open directory %s", to ? to : ".");
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	}
	return 0;
}

static void report(struct archive_in *a, const char *path, const char *to,
		   const struct archive_extract *how)
{
	const char *prefix = archive_in_prefix(a);

	if (how->only_rootfs || !prefix)
		cmd_say("extracted: %s", to ? to : ".");
	else
		cmd_say("extracted: %s%s%s/", to ? to : "", to ? "/" : "", prefix);
	if (how->skipped)
		cmd_warn("%ju entries were not extracted", (uintmax_t)how->skipped);
	if (how->degraded)
		cmd_warn("%ju files were extracted, but not all of their owners, times or attributes "
			 "could be set", (uintmax_t)how->degraded);
	if (archive_in_partial(a))
		cmd_warn("%s is partial: files that were used last may be missing (care repair completes "
			 "what there is)", path);
}

int extract_archive(const char *path, const char *to, struct archive_extract *how)
{
	_cleanup_archive_in_ struct archive_in *a = NULL;
	_cleanup_close_ int fd = -1;
	struct err e = { 0 };
	int status = cmd_open_archive(&a, path);

	if (status)
		return status;
	status = open_target(to, &fd);
	if (status)
		return status;
	how->progress = show_progress;
	how->ctx = (void *)path;
	if (archive_in_extract(a, fd, how, &e) < 0)
		return cmd_fail_at(cmd_read_status(&e), path, &e);
	cmd_progress_end();
	report(a, path, to, how);
	return CMD_EXIT_OK;
}

static int extract_run(void *options, int argc, char **argv)
{
	const struct extract_options *o = options;
	struct archive_extract how = {
		.only_rootfs = o->only_rootfs,
		.strip_prefix = o->only_rootfs,
		.placeholders = !o->small,
		.owners = o->owners == OWNERS_YES || (o->owners == OWNERS_AUTO && geteuid() == 0),
	};

	if (argc != 1)
		return cmd_usage(&cmd_extract, argc ? "one archive at a time" : "which archive?");
	return extract_archive(argv[0], o->to, &how);
}

const struct cmd cmd_extract = {
	.name = "extract",
	.summary = "take an archive apart into a directory",
	.synopsis = "ARCHIVE",
	.options = extract_options,
	.options_size = sizeof(struct extract_options),
	.permute = 1,
	.examples = (const struct cmd_example[]){
		{ "care extract bug.tar.zst", "makes ./bug with rootfs/ and re-execute.sh in it" },
		{ "care -x bug.bin", "the same, as CARE spelled it" },
		{ "care extract -C look bug.bin", "into another directory" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(extract_run),
};
