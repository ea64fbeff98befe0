// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * care info: what an archive is, what it recorded, what it depends on; as text for
 * people, as JSON for programs, or as the list of what to look at before sharing it.
 */
#include "core/cmd/info.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/commands.h"
#include "core/cmd/open.h"

struct info_options {
	bool json, review, manifest;
	int files;
};

static const struct cmd_option info_options[] = {
	CMD_OPTION("json", CMD_FLAG, info_options, json, NULL, "Print it as JSON."),
	CMD_OPTION("manifest", CMD_FLAG, info_options, manifest, NULL,
		   "Print the manifest itself, all of it: see care-manifest(5)."),
	CMD_OPTION("review", CMD_FLAG, info_options, review, NULL,
		   "Print what to look at before giving the archive to others: what looks like a secret, "
		   "your own files, variables and names. Exit 1 if something looks like a secret."),
	CMD_OPTION("files", CMD_INT, info_options, files, "N",
		   "Name the N biggest files (default: 5)."),
	CMD_OPTIONS_END,
};

static const struct info_options info_defaults = { .files = 5 };

static bool has_content(const struct manifest_file *f)
{
	return f->content == MANIFEST_WHOLE;
}

static void count_files(struct info *i)
{
	for (size_t n = 0; n < i->m->n_files; n++) {
		const struct manifest_file *f = &i->m->files[n];

		i->whole += has_content(f);
		i->bytes += has_content(f) ? f->size : 0;
		i->placeholders += f->content == MANIFEST_PLACEHOLDER;
		i->directories += f->type == MANIFEST_DIR;
		i->symlinks += f->type == MANIFEST_LNK;
	}
}

static int by_size(const void *a, const void *b)
{
	const struct manifest_file *x = *(const struct manifest_file *const *)a;
	const struct manifest_file *y = *(const struct manifest_file *const *)b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return strcmp(x->path, y->path);
}

static void find_biggest(struct info *i)
{
	i->biggest = calloc(i->m->n_files + 1, sizeof(*i->biggest));
	for (size_t n = 0; i->biggest && n < i->m->n_files; n++)
		if (has_content(&i->m->files[n]))
			i->biggest[i->n_biggest++] = &i->m->files[n];
	if (i->n_biggest)
		qsort(i->biggest, i->n_biggest, sizeof(*i->biggest), by_size);
}

/* Of a directory its members' sizes would tell little more than `du`: 0. */
static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static int print_manifest(struct archive_in *a, const char *path)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct err e = { 0 };

	if (archive_in_member(a, "manifest.json", &b, &e) == 0) {
		fwrite(b.data, 1, b.len, stdout);
		return CMD_EXIT_OK;
	}
	return cmd_fail(CMD_EXIT_ARCHIVE, "%s: there is no complete manifest in it (care repair makes "
			"one of a partial archive's journal)", path);
}

static int print(struct info *i, const struct info_options *o)
{
	struct err e = { 0 };

	if (o->review)
		return info_print_review(i);
	if (o->json) {
		int r = info_print_json(i, &e);

		return r < 0 ? cmd_fail_err(CMD_EXIT_FAILURE, &e) : CMD_EXIT_OK;
	}
	info_print_text(i);
	return CMD_EXIT_OK;
}

static int info_run(void *options, int argc, char **argv)
{
	const struct info_options *o = options;
	_cleanup_archive_in_ struct archive_in *a = NULL;
	_cleanup_manifest_ struct manifest *m = NULL;
	_cleanup_free_ char *format = NULL;
	struct info i = { .n_shown = MAX(o->files, 0) };
	int status;

	if (argc != 1)
		return cmd_usage(&cmd_info, argc ? "one archive at a time" : "which archive?");
	status = cmd_open_archive(&a, argv[0]);
	if (status)
		return status;
	if (o->manifest)
		return print_manifest(a, argv[0]);
	status = cmd_open_manifest(a, argv[0], &m);
	if (status)
		return status;
	format = archive_format_describe(archive_in_format(a));
	i.path = argv[0];
	i.format = format ? format : "?";
	i.archive_bytes = size_of(argv[0]);
	i.partial = archive_in_partial(a) || m->end.partial;
	i.m = m;
	count_files(&i);
	find_biggest(&i);
	status = print(&i, o);
	free(i.biggest);
	return status;
}

const struct cmd cmd_info = {
	.name = "info",
	.summary = "describe an archive: what it recorded and what it depends on",
	.synopsis = "ARCHIVE",
	.options = info_options,
	.options_size = sizeof(struct info_options),
	.defaults = &info_defaults,
	.permute = 1,
	.examples = (const struct cmd_example[]){
		{ "care info bug.bin", "the command, the machine, the files, what it depends on" },
		{ "care info --review bug.bin", "what to look at before sending it to somebody" },
		{ "care info --json bug.bin", "the same as JSON" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(info_run),
};
