// SPDX-License-Identifier: GPL-2.0-or-later
/* care replay: run what an archive recorded, here, in a private copy of its files. */
#include "core/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/isolate.h"
#include "core/cmd/open.h"
#include "core/cmd/translated.h"
#include "core/manifest/manifest.h"

struct replay_options {
	struct cmd_list volatile_paths, volatile_env, revealed, puts, gets;
	const char *keep, *isolate;
	bool in_place, diff, plan, strict, no_cache, kill_on_exit;
	int tree;			/* enum replay_tree */
	int engine;			/* enum translated_choice */
	int64_t cache_size;
};

#define OPTION(names, type, field, arg, help) \
	CMD_OPTION(names, type, replay_options, field, arg, help)

static const struct cmd_option options[] = {
	OPTION("p,volatile-path", CMD_LIST, volatile_paths, "PATH[:GUEST]",
	       "Show this machine's PATH to the command, to read and to write: /etc/resolv.conf and "
	       "the like are the archive's otherwise."),
	OPTION("r,revealed-path", CMD_LIST, revealed, "PATH[:GUEST]",
	       "Show this machine's PATH read-only."),
	OPTION("e,volatile-env", CMD_NAMES, volatile_env, "NAME",
	       "Take the variable NAME from here instead of the recording."),
	OPTION("put", CMD_LIST, puts, "HOST:GUEST",
	       "Copy the file or directory HOST to GUEST before the command starts."),
	OPTION("isolate", CMD_STRING, isolate, "LIST",
	       "Separate more of this machine, any of pid,ipc,net,uts: an own /proc, only the "
	       "loopback network, the recorded host name."),

	CMD_HEADING("What becomes of the changes"),
	OPTION("keep", CMD_STRING, keep, "DIR",
	       "Leave the files as the command left them in the new directory DIR, as DIR/rootfs."),
	OPTION("in-place", CMD_FLAG, in_place, NULL,
	       "Let the command change the archive, which must be a directory, as re-execute.sh does."),
	OPTION("get", CMD_LIST, gets, "GUEST[:HOST]",
	       "Copy GUEST here, or to HOST, when the command has ended."),
	OPTION("diff", CMD_FLAG, diff, NULL,
	       "List on standard error what was changed: + new, - removed, * content, ~ metadata."),

	CMD_HEADING("How it runs"),
	OPTION("plan", CMD_FLAG, plan, NULL, "Print what would be done, and do nothing."),
	OPTION("strict", CMD_FLAG, strict, NULL,
	       "Opening a file whose content is not in the archive fails with EIO, and care exits 122 "
	       "if that happened."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	OPTION("tree", CMD_CHOICE, tree, "auto|copy|overlay",
	       "How the private copy is made (default: auto, an overlay where that is faithful)."),
	OPTION("no-cache", CMD_FLAG, no_cache, NULL,
	       "Do not keep the extracted files for the next replay of this archive."),
	{ "cache-size", CMD_SIZE, offsetof(struct replay_options, cache_size), "MB",
	  "Remove the longest unused extracted archives until they fit (default: 8G).", 1 << 20 },
	OPTION("engine", CMD_CHOICE, engine, TRANSLATED_ENGINES,
	       "How the command sees the recorded files (default: auto, by namespaces; where they are "
	       "refused its system calls are translated)."),
	CMD_OPTIONS_END,
};

static const struct cmd_example examples[] = {
	{ "care replay hello.tar.zst", "Run the recorded command." },
	{ "care replay build.tar.zst sh", "Look around where it ran." },
	{ "care replay --put new.csv:/srv/job/new.csv --get /srv/job/out.csv plot.tar",
	  "Other input, and the result." },
	{ NULL, NULL },
};

static void show_progress(void *ctx, uint64_t files, uint64_t bytes)
{
	char text[16];

	(void)ctx;
	cmd_progress("extracting: %llu files, %s", (unsigned long long)files, cmd_bytes(text, bytes));
}

static struct plan_words words(const struct cmd_list *l)
{
	return (struct plan_words){ l->v, l->n };
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What stands in the way of these options together, or NULL. */
static const char *conflict(const struct replay_options *o, const char *archive)
{
	if (o->in_place && o->keep)
		return "--in-place and --keep exclude each other";
	if (o->in_place && !is_directory(archive))
		return "--in-place needs an extracted archive, a directory (care extract makes one; --keep DIR "
		       "replays in one)";
	return NULL;
}

static void warn_cpu(const struct replay *r)
{
	_cleanup_buf_ struct buf missing = BUF_INIT;

	replay_missing_cpu(r, &missing);
	if (missing.len)
		cmd_warn("this processor lacks what the recording's had: %s", buf_str(&missing));
}

/* What is between the ends of lines is the archive's; a name's own end of line is in quotes. */
static void print_lines(char *text)
{
	for (char *line; text && *text && (line = strsep(&text, "\n"));) {
		_cleanup_buf_ struct buf safe = BUF_INIT;

		cmd_add_harmless(&safe, line);
		puts(buf_str(&safe));
	}
}

static int print_plan(struct replay *r)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err e;

	if (replay_plan(r, &e) < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	plan_print(r->plan, &text);
	print_lines(text.data);
	return CMD_EXIT_OK;
}

static void print_changes(const struct changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		_cleanup_buf_ struct buf word = BUF_INIT, safe = BUF_INIT;

		buf_add_shell(&word, c->v[i].path, strlen(c->v[i].path));
		cmd_add_harmless(&safe, buf_str(&word));
		fprintf(stderr, "%c %s\n", c->v[i].kind, buf_str(&safe));
	}
}

static size_t count_written(const struct changes *c, const char **ret_first)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].kind != CHANGE_META && !n++)
			*ret_first = c->v[i].path;
	return n;
}

static void tell_written(const struct replay_options *o, size_t n, const char *first)
{
	_cleanup_buf_ struct buf what = BUF_INIT;

	if (n == 1)
		buf_adds(&what, first);
	else
		buf_addf(&what, "%zu files (%s ...)", n, first);
	if (o->keep)
		cmd_say("the command changed %s; it is all in %s/rootfs", buf_str(&what), o->keep);
	else if (!o->in_place)
		cmd_say("the command changed %s in a private copy, gone now; --keep DIR keeps all, "
			"--get PATH one", buf_str(&what));
}

/* One line: what was written, where it is, or how to keep it next time. */
static void tell_changes(struct replay *r, const struct replay_options *o)
{
	struct changes c = { 0 };
	const char *first = NULL;
	struct err e;
	size_t n;

	if (!r->tree->pristine && !o->in_place)
		return;		/* nothing to compare with: --no-cache */
	if (replay_changes(r, &c, &e) < 0) {
		cmd_warn("%s", e.text);
		return;
	}
	if (o->diff)
		print_changes(&c);
	n = count_written(&c, &first);
	if (n)
		tell_written(o, n, first);
	changes_clear(&c);
}

/* How many files without content were opened. */
static size_t tell_opened(const struct replay *r)
{
	size_t cursor = 0, n = 0;
	const char *path;

	while ((path = replay_opened(r, &cursor)))
		if (++n <= 20)
			cmd_warn("%s was opened, but its content is not in the archive", path);
	if (n > 20)
		cmd_warn("%zu more files without content were opened", n - 20);
	return n;
}

static void tell_status(const struct replay *r, int status)
{
	const struct manifest *m = r->manifest;

	if (r->want.plan.argv || !m->has_end || m->end.partial)
		return;
	if (wait_exit_status(m->end.status) != status)
		cmd_warn("the command ended with status %d, it was %d in the recording", status,
			 wait_exit_status(m->end.status));
}

static int not_run_status(int err)
{
	return err == -ENOENT || err == -ENOTDIR ? CMD_EXIT_NOTFOUND : CMD_EXIT_NOEXEC;
}

/* Below a tracer: a recording, most likely. */
static bool is_traced(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *line;

	if (io_read_file(AT_FDCWD, "/proc/self/status", 1 << 16, &text, NULL) < 0)
		return false;
	line = strstr(buf_str(&text), "\nTracerPid:");
	return line && strtol(line + strlen("\nTracerPid:"), NULL, 10) != 0;
}

static int refused(const struct replay_options *o, const struct err *e)
{
	/* A recording conceals our cache, and mounts there are not what they seem. */
	if (is_traced())
		return cmd_fail(CMD_EXIT_FAILURE,
				"a replay that is traced or recorded cannot mount in its cache where that is "
				"concealed (%s): replay without recording, or record with "
				"--revealed-path=~/.cache", e->text);
	return translated_refused(o->isolate ? CHOICE_NAMESPACES : o->engine, e);
}

static int after_run(struct replay *r, const struct replay_options *o, const struct err *why)
{
	int status = r->ran ? wait_exit_status(r->status) : not_run_status(r->not_run);
	struct err e;
	size_t opened;

	if (!r->ran)
		cmd_fail(status, "%s", why->text);
	tell_status(r, status);
	opened = tell_opened(r);
	if (replay_get(r, &e) < 0 && cmd_fail_err(CMD_EXIT_FAILURE, &e) && status == 0)
		status = CMD_EXIT_FAILURE;
	tell_changes(r, o);
	return o->strict && opened ? CMD_EXIT_STRICT : status;
}

static int run(struct replay *r, const struct replay_options *o)
{
	struct err e = { 0 };
	bool is_refused;
	int err;

	warn_cpu(r);
	if (r->manifest->end.partial)
		cmd_warn("the recording was cut short: files that were used last may be missing");
	err = replay_run(r, &is_refused, &e);
	cmd_progress_end();
	if (err == -EINTR)	/* while unpacking: the signal ends us when all is cleared away */
		return CMD_EXIT_FAILURE;
	if (err < 0 && is_refused)
		return refused(o, &e);
	if (err < 0)
		return cmd_fail_err(cmd_read_status(&e), &e);
	return after_run(r, o, &e);
}

/* Before minutes go into unpacking. */
static const char *wrong_put(const struct cmd_list *puts)
{
	for (size_t i = 0; i < puts->n; i++) {
		const char *colon = strrchr(puts->v[i], ':');

		if (!colon || colon == puts->v[i] || colon[1] != '/')
			return puts->v[i];
	}
	return NULL;
}

static int replay_main(void *options_at, int argc, char **argv)
{
	const struct replay_options *o = options_at;
	struct replay_want want = {
		.plan = {
			.argv = argc > 1 ? argv + 1 : NULL,
			.volatile_paths = words(&o->volatile_paths),
			.volatile_env = words(&o->volatile_env),
			.revealed = words(&o->revealed),
		},
		.tree = o->tree, .in_place = o->in_place, .no_cache = o->no_cache,
		.strict = o->strict, .kill_others = o->kill_on_exit, .keep = o->keep,
		.cache_limit = o->cache_size > 0 ? (uint64_t)o->cache_size : 0,
		.puts = words(&o->puts), .gets = words(&o->gets), .progress = show_progress,
	};
	struct replay *r;
	struct err e = { 0 };
	int status, err;

	if (argc < 1)
		return cmd_usage(&cmd_replay, "which archive?");
	want.archive = argv[0];
	translated_want(&want, &o->engine);
	if (conflict(o, argv[0]))
		return cmd_usage(&cmd_replay, "%s", conflict(o, argv[0]));
	if (isolate_parse(o->isolate, &want.plan.isolate) < 0)
		return cmd_usage(&cmd_replay, "--isolate takes any of pid,ipc,net,uts, not \"%s\"", o->isolate);
	if (wrong_put(&o->puts))
		return cmd_usage(&cmd_replay, "--put wants HOST:/GUEST, not \"%s\"", wrong_put(&o->puts));
	err = replay_open(&r, &want, &e);
	if (err < 0)
		return cmd_fail_at(cmd_read_status(&e), argv[0], &e);
	status = o->plan ? print_plan(r) : run(r, o);
	if (replay_close(r, &e) < 0)
		cmd_warn("%s", e.text);
	return status;
}

const struct cmd cmd_replay = {
	.name = "replay",
	.summary = "run what an archive recorded",
	.synopsis = "ARCHIVE [-- COMMAND...]",
	.options = options,
	.options_size = sizeof(struct replay_options),
	.examples = examples,
	.permute = 1,
	.run = CMD_RUN(replay_main),
};
