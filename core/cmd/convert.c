// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * care convert: the same recording in another format, or in the order of names. It is
 * extracted beside the target and archived again by its manifest, which holds what an
 * ordinary user cannot put on a file system: owners, devices, attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/convert.h"
#include "core/cmd/open.h"
#include "core/base/rmtree.h"

struct convert_options {
	const char *format;
	int level;
	bool reproducible, force;
};

static const struct cmd_option convert_options[] = {
	CMD_OPTION("format", CMD_STRING, convert_options, format, "FORMAT",
		   "As of care record; default: by the suffix of TO."),
	CMD_OPTION("compress-level", CMD_INT, convert_options, level, "N",
		   "Level of the compression: 1 to 9, for zst to 22 (default: a fast one)."),
	CMD_OPTION("reproducible", CMD_FLAG, convert_options, reproducible, NULL,
		   "Write members in the order of their names, without times of our own: the same recording "
		   "gives the same bytes."),
	CMD_OPTION("f,force", CMD_FLAG, convert_options, force, NULL, "Overwrite TO if it exists."),
	CMD_OPTIONS_END,
};

static const struct convert_options convert_defaults = { .level = -1 };

/* What is made on the way, and goes away again. */
struct work {
	char *dir;	/* NULL until it exists */
	int root;	/* the extracted rootfs, −1 */
};

static void work_clear(struct work *w)
{
	if (w->root >= 0)
		close(w->root);
	if (w->dir)
		(void)rmtree(w->dir, NULL);
	free(w->dir);
}

static int work_begin(struct work *w, const char *to, struct err *e)
{
	_cleanup_free_ char *copy = strdup(to);
	_cleanup_buf_ struct buf b = BUF_INIT;

	/* A directory's name ends with a slash; what lies beside it is meant. */
	if (copy)
		buf_addf(&b, "%s/.care-convert-XXXXXX", strcmp(to, "-") ? dirname(copy) : ".");
	if (!copy || buf_error(&b))
		return err_set(e, -ENOMEM, "convert");
	if (!mkdtemp(b.data))
		return err_set(e, -errno, "write into %s", dirname(b.data));
	w->dir = buf_steal(&b);
	w->root = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->root < 0 ? err_set(e, -errno, "open %s", w->dir) : 0;
}

static void show_progress(void *ctx, uint64_t files, uint64_t bytes)
{
	char text[16];

	cmd_progress("%s: %ju files, %s", (const char *)ctx, (uintmax_t)files, cmd_bytes(text, bytes));
}

static int extract(struct archive_in *in, struct work *w, const char *path, struct err *e)
{
	struct archive_extract how = {
		.only_rootfs = true, .strip_prefix = true, .progress = show_progress, .ctx = (void *)path,
	};

	return archive_in_extract(in, w->root, &how, e);
}

static int open_out(struct archive_out **ret, const char *to, const struct convert_options *o,
		    struct err *e)
{
	_cleanup_free_ char *prefix = NULL;
	_cleanup_close_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct archive_spec spec = { .path = to, .self_fd = self, .reproducible = o->reproducible };
	bool guessed = false;
	int r = archive_format_parse(to, &spec.format, &prefix, &guessed, e);

	if (r == 0 && o->format)
		r = archive_format_by_name(o->format, &spec.format, e);
	if (r < 0)
		return r;
	if (guessed && !o->format)
		cmd_warn("%s has no suffix that names a format: it becomes self-extracting", to);
	spec.format.level = o->level;
	spec.prefix = prefix;
	return archive_out_open(ret, &spec, e);
}

static int convert(struct archive_in *in, struct manifest *m, const char *path, const char *to,
		   const struct convert_options *o)
{
	_cleanup_(work_clear) struct work w = { .root = -1 };
	struct archive_out *out = NULL;
	struct err e = { 0 };
	int r = work_begin(&w, to, &e);

	if (r == 0)
		r = extract(in, &w, path, &e);
	if (r < 0)
		return cmd_fail_err(cmd_read_status(&e), &e);
	r = open_out(&out, to, o, &e);
	if (r == 0)
		r = convert_write(out, in, m, w.root, &e);
	if (r == 0)
		r = archive_out_finish(out, &e);
	if (out)
		archive_out_free(out, r < 0);
	cmd_progress_end();
	return r < 0 ? cmd_fail_err(CMD_EXIT_FAILURE, &e) : CMD_EXIT_OK;
}

static int convert_run(void *options, int argc, char **argv)
{
	const struct convert_options *o = options;
	_cleanup_archive_in_ struct archive_in *in = NULL;
	_cleanup_manifest_ struct manifest *m = NULL;
	struct stat a, b;
	int status;

	if (argc != 2)
		return cmd_usage(&cmd_convert, argc < 1 ? "which archive?" : argc < 2 ? "into which?" :
								   "one archive at a time");
	status = cmd_open_archive(&in, argv[0]);
	if (status)
		return status;
	if (strcmp(argv[1], "-") && stat(argv[1], &b) == 0) {
		if (stat(argv[0], &a) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return cmd_fail(CMD_EXIT_FAILURE, "%s and %s are the same", argv[0], argv[1]);
		if (!o->force)
			return cmd_fail(CMD_EXIT_FAILURE, "%s exists (-f overwrites it)", argv[1]);
	}
	status = cmd_open_manifest(in, argv[0], &m);
	if (status)
		return status;
	return convert(in, m, argv[0], argv[1], o);
}

const struct cmd cmd_convert = {
	.name = "convert",
	.summary = "write the same recording in another format",
	.synopsis = "ARCHIVE TO",
	.options = convert_options,
	.options_size = sizeof(struct convert_options),
	.defaults = &convert_defaults,
	.permute = 2,
	.examples = (const struct cmd_example[]){
		{ "care convert bug.bin bug.tar.zst", "from self-extracting to a compressed tar" },
		{ "care convert --reproducible a.tar.zst b.tar.zst", "members in the order of their names" },
		{ "care convert old-care.bin new.bin", "an archive of CARE 2.x gets a manifest" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(convert_run),
};
