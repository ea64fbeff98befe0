// SPDX-License-Identifier: GPL-2.0-or-later
/* care verify: replay and say whether it came to the same. */
#include "core/replay/verify.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/open.h"
#include "core/cmd/translated.h"
#include "core/manifest/fields.h"
#include "core/replay/replay.h"

struct verify_options {
	struct cmd_list volatile_paths, volatile_env;
	bool json, kill_on_exit, no_cache;
	int engine;			/* enum translated_choice */
};

#define OPTION(names, type, field, arg, help) \
	CMD_OPTION(names, type, verify_options, field, arg, help)

static const struct cmd_option options[] = {
	OPTION("json", CMD_FLAG, json, NULL, "Print the comparison as JSON."),
	OPTION("p,volatile-path", CMD_LIST, volatile_paths, "PATH[:GUEST]",
	       "Show this machine's PATH to the command."),
	OPTION("e,volatile-env", CMD_NAMES, volatile_env, "NAME",
	       "Take the variable NAME from here instead of the recording."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	OPTION("no-cache", CMD_FLAG, no_cache, NULL,
	       "Do not keep the extracted files for the next replay of this archive."),
	OPTION("engine", CMD_CHOICE, engine, TRANSLATED_ENGINES,
	       "How the command sees the recorded files (default: auto, by namespaces; where they are "
	       "refused its system calls are translated)."),
	CMD_OPTIONS_END,
};

static const struct cmd_example examples[] = {
	{ "care verify result.tar.zst", "Exit 1 if anything differs from the recording." },
	{ "care verify --json result.tar.zst | jq .differences", "For a script." },
	{ NULL, NULL },
};

static const char *const verdicts[] = {
	[VERIFY_SAME] = "same", [VERIFY_DIFFERS] = "differs", [VERIFY_MISSING] = "missing",
	[VERIFY_EXTRA] = "extra", [VERIFY_UNKNOWN] = "not recorded",
};

static void print_text(const struct verify *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct verify_item *item = &v->items[i];
		_cleanup_buf_ struct buf line = BUF_INIT, safe = BUF_INIT;

		buf_adds(&line, item->what);
		if (item->path) {
			buf_addc(&line, ' ');
			buf_add_shell(&line, item->path, strlen(item->path));
		}
		buf_addf(&line, ": %s", verdicts[item->verdict]);
		if (item->verdict == VERIFY_DIFFERS)
			buf_addf(&line, ": %s, was %s", item->now ?: "?", item->recorded ?: "?");
		cmd_add_harmless(&safe, buf_str(&line));
		puts(buf_str(&safe));
	}
	if (v->differences)
		printf("%zu differences\n", v->differences);
	else
		puts("the same as recorded");
}

static int add_member(struct buf *to, const char *name, const char *text, struct err *e)
{
	buf_addf(to, ", \"%s\": ", name);
	return record_write_string(to, text, strlen(text), e);
}

static int add_item(struct buf *to, const struct verify_item *item, struct err *e)
{
	int r = 0;

	buf_addf(to, "{\"what\": \"%s\", \"verdict\": \"%s\"", item->what, verdicts[item->verdict]);
	if (item->path)
		r = add_member(to, "path", item->path, e);
	if (item->recorded && r == 0)
		r = add_member(to, "recorded", item->recorded, e);
	if (item->now && r == 0)
		r = add_member(to, "now", item->now, e);
	buf_addc(to, '}');
	return r;
}

/* One item a line, so that diff(1) of two reports is of use. */
static int print_json(const struct verify *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err e = { 0 };
	int r = 0;

	buf_addf(&text, "{\"differences\": %zu,\n\"items\": [", v->differences);
	for (size_t i = 0; i < v->n && r == 0; i++) {
		buf_adds(&text, i ? ",\n" : "\n");
		r = add_item(&text, &v->items[i], &e);
	}
	buf_adds(&text, "\n]}\n");
	if (r == 0 && buf_error(&text) < 0)
		r = err_set(&e, -ENOMEM, "print the comparison");
	if (r < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	fputs(buf_str(&text), stdout);
	return 0;
}

static int verify_main(void *options_at, int argc, char **argv)
{
	const struct verify_options *o = options_at;
	struct replay_want want = {
		.plan = {
			.volatile_paths = { o->volatile_paths.v, o->volatile_paths.n },
			.volatile_env = { o->volatile_env.v, o->volatile_env.n },
		},
		/* Recorded files are looked for in the tree as the command left it. */
		.tree = REPLAY_TREE_COPY,
		.no_cache = o->no_cache, .kill_others = o->kill_on_exit,
	};
	struct verify v = { 0 };
	struct err e = { 0 };
	bool refused;
	int err, status;

	if (argc != 1)
		return cmd_usage(&cmd_verify, argc ? "one archive at a time" : "which archive?");
	want.archive = argv[0];
	translated_want(&want, &o->engine);
	err = verify_run(&v, &want, &refused, &e);
	if (err < 0)
		return refused ? translated_refused(o->engine, &e) :
				 cmd_fail_at(cmd_read_status(&e), argv[0], &e);
	status = v.differences ? CMD_EXIT_DIFFERS : CMD_EXIT_OK;
	if (!o->json)
		print_text(&v);
	else if (print_json(&v))
		status = CMD_EXIT_FAILURE;
	verify_clear(&v);
	return status;
}

const struct cmd cmd_verify = {
	.name = "verify",
	.summary = "replay, and compare with the recording",
	.synopsis = "ARCHIVE",
	.options = options,
	.options_size = sizeof(struct verify_options),
	.examples = examples,
	.permute = 1,
	.run = CMD_RUN(verify_main),
};
