// SPDX-License-Identifier: GPL-2.0-or-later
/* core/cmd/parse: how command lines become options. */
#include <stdio.h>
#include <string.h>

#include "core/cmd/cmd.h"
#include "core/cmd/record_options.h"
#include "tests/unit/check.h"

static const struct cmd record = {
	.name = "record", .summary = "s", .synopsis = "COMMAND", .options = record_options,
	.options_size = sizeof(struct record_options), .defaults = &record_defaults,
};

struct permuted { bool json; const char *to; };

static const struct cmd_option permuted_options[] = {
	CMD_OPTION("json", CMD_FLAG, permuted, json, NULL, "J."),
	CMD_OPTION("t,to", CMD_STRING, permuted, to, "DIR", "T."),
	CMD_OPTIONS_END,
};

static const struct cmd permuted = {
	.name = "info", .summary = "s", .synopsis = "ARCHIVE", .options = permuted_options,
	.options_size = sizeof(struct permuted), .permute = 3,
};

static const struct cmd replay = {
	.name = "replay", .summary = "s", .synopsis = "ARCHIVE [COMMAND...]", .options = permuted_options,
	.options_size = sizeof(struct permuted), .permute = 1,
};

struct optional { bool flag; const char *file; struct cmd_list ports; };

static const struct cmd_option optional_options[] = {
	CMD_OPTION("f,flag", CMD_FLAG, optional, flag, NULL, "F."),
	CMD_OPTION("0,root-id", CMD_OPTIONAL, optional, file, "FILE", "R."),
	CMD_OPTION("p,port", CMD_NUMBERS, optional, ports, "IN:OUT", "P."),
	CMD_OPTIONS_END,
};

static const struct cmd optional = {
	.name = "run", .summary = "s", .synopsis = "COMMAND", .options = optional_options,
	.options_size = sizeof(struct optional),
};

static struct record_options o;
static struct cmd_common common;
static int first;
static char *words[16];

/* Parse @line, split at spaces. */
static enum cmd_parsed parse(const struct cmd *cmd, void *options, const char *line)
{
	static char copy[512];
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[argc++] = w;
	words[argc] = NULL;
	common = (struct cmd_common){ 0 };
	memset(options, 0, cmd->options_size);
	if (cmd->defaults)
		memcpy(options, cmd->defaults, cmd->options_size);
	return cmd_parse(cmd, argc, words, options, &common, &first);
}

static enum cmd_parsed parse_record(const char *line)
{
	cmd_options_clear(&record, &o);
	return parse(&record, &o, line);
}

static void care_spells_an_argument_in_five_ways(void)
{
	static const char *const lines[] = {
		"care -o x.tar ls", "care -ox.tar ls", "care --output=x.tar ls",
		"care --output x.tar ls", "care -do x.tar ls",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CHECK(parse_record(lines[i]) == CMD_PARSED);
		CHECK(o.output && !strcmp(o.output, "x.tar"));
		CHECK(!strcmp(words[first], "ls"));
		CHECK(o.ignore_defaults == (i == 4));
	}
}

static void parsing_stops_at_the_command(void)
{
	CHECK(parse_record("care ls -o x --help -V") == CMD_PARSED);
	CHECK(first == 1 && !o.output);
	CHECK(parse_record("care -d -- -odd -o") == CMD_PARSED);
	CHECK(!strcmp(words[first], "-odd"));
	CHECK(parse_record("care -o - -") == CMD_PARSED);
	CHECK(!strcmp(o.output, "-") && !strcmp(words[first], "-"));
	CHECK(parse_record("care -d") == CMD_PARSED && first == 2);
}

static void lists_keep_their_order(void)
{
	CHECK(parse_record("care -c /a --concealed-path=/b -c/c ls") == CMD_PARSED);
	CHECK(o.concealed.n == 3);
	CHECK(!strcmp(o.concealed.v[0], "/a") && !strcmp(o.concealed.v[2], "/c"));
}

static void sizes_are_megabytes_and_never_overflow(void)
{
	CHECK(parse_record("care ls") == CMD_PARSED && o.max_size == RECORD_MAX_SIZE_UNSET);
	CHECK(parse_record("care -m 4096 ls") == CMD_PARSED && o.max_size == 4096ll << 20);
	CHECK(parse_record("care -m 0 ls") == CMD_PARSED && o.max_size == 0);
	CHECK(parse_record("care -m -7 ls") == CMD_PARSED && o.max_size == -1);
	CHECK(parse_record("care -m 9223372036854775807 ls") == CMD_PARSED && o.max_size == INT64_MAX);
	CHECK(parse_record("care -m 3k ls") == CMD_PARSED && o.max_size == 3072);
	CHECK(parse_record("care -m 2G ls") == CMD_PARSED && o.max_size == 2ll << 30);
	CHECK(parse_record("care -m 2X ls") == CMD_WRONG);
	CHECK(parse_record("care -m 2GB ls") == CMD_WRONG);
	CHECK(parse_record("care -m 99999999999999999999 ls") == CMD_WRONG);
	CHECK(parse_record("care -m= ls") == CMD_WRONG);
}

static void wrong_lines_are_refused(void)
{
	static const char *const lines[] = {
		"care --outptu=x ls", "care -Z ls", "care --dry-run=1 ls", "care -o", "care --output",
		"care --output= ls", "care -v x ls", "care --content=some ls", "care --o x ls",
		"care -, ls", "care --= ls", "care --compress-level=1.5 ls",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CHECK(parse_record(lines[i]) == CMD_WRONG);
	}
}

static void choices_become_their_index(void)
{
	CHECK(parse_record("care --content=seen --engine=ptrace ls") == CMD_PARSED);
	CHECK(o.content == RECORD_CONTENT_SEEN && o.engine == RECORD_ENGINE_PTRACE);
	CHECK(parse_record("care --engine=ptrace-seccomp --conceal userns ls") == CMD_PARSED);
	CHECK(o.engine == RECORD_ENGINE_PTRACE_SECCOMP && o.conceal == RECORD_CONCEAL_USERNS);
}

static void help_version_and_verbosity_are_everywhere(void)
{
	CHECK(parse_record("care -h") == CMD_HELP);
	CHECK(parse_record("care --usage") == CMD_HELP);
	CHECK(parse_record("care -dV") == CMD_SHOW_VERSION);
	CHECK(parse_record("care --about") == CMD_SHOW_VERSION);
	CHECK(parse_record("care -v -1 ls") == CMD_PARSED && common.verbosity == -1);
	CHECK(parse_record("care --verbose=9 ls") == CMD_PARSED && common.verbosity == 9);
}

static void options_behind_operands_only_where_allowed(void)
{
	struct permuted p;

	CHECK(parse(&permuted, &p, "info a.tar --json b -t d c") == CMD_PARSED);
	CHECK(p.json && !strcmp(p.to, "d"));
	CHECK(!strcmp(words[first], "a.tar") && !strcmp(words[first + 1], "b") &&
	      !strcmp(words[first + 2], "c") && !words[first + 3]);
	CHECK(parse(&permuted, &p, "info a -- --json") == CMD_PARSED);
	CHECK(!p.json && !strcmp(words[first], "a") && !strcmp(words[first + 1], "--json"));
	/* Behind the archive comes a command with options of its own. */
	CHECK(parse(&replay, &p, "replay a --json gcc -t --version") == CMD_PARSED);
	CHECK(p.json && !p.to && !strcmp(words[first], "a") && !strcmp(words[first + 1], "gcc") &&
	      !strcmp(words[first + 2], "-t") && !strcmp(words[first + 3], "--version"));
	CHECK(parse(&replay, &p, "replay -t x a -- --json") == CMD_PARSED);
	CHECK(!p.json && !strcmp(words[first], "a") && !strcmp(words[first + 1], "--json"));
}

/* Names are unique in a table and do not shadow the common ones. */
static void an_argument_may_be_left_out_of_some(void)
{
	struct optional x = { 0 };

	CHECK(parse(&optional, &x, "run sh") == CMD_PARSED && !x.file && !x.ports.n);
	CHECK(parse(&optional, &x, "run -0f sh") == CMD_PARSED && !strcmp(x.file, "") && x.flag);
	CHECK(first == 2 && !strcmp(words[first], "sh"));
	CHECK(parse(&optional, &x, "run --root-id sh") == CMD_PARSED && !strcmp(x.file, "") && first == 2);
	CHECK(parse(&optional, &x, "run --root-id=ids sh") == CMD_PARSED && !strcmp(x.file, "ids"));
	CHECK(parse(&optional, &x, "run --root-id= sh") == CMD_WRONG);

	/* A command's name is no port. */
	CHECK(parse(&optional, &x, "run -p 80:8080 -p 7z") == CMD_PARSED && x.ports.n == 2);
	CHECK(!strcmp(x.ports.v[0], "80:8080") && !strcmp(x.ports.v[1], "") && !strcmp(words[first], "7z"));
	cmd_options_clear(&optional, &x);
	CHECK(parse(&optional, &x, "run -p80:81 --port=5:6 --port 7:8 -pf sh") == CMD_PARSED && x.ports.n == 4);
	CHECK(!strcmp(x.ports.v[0], "80:81") && !strcmp(x.ports.v[1], "5:6") && !strcmp(x.ports.v[2], "7:8"));
	CHECK(!*x.ports.v[3] && x.flag && !strcmp(words[first], "sh"));
	cmd_options_clear(&optional, &x);
	CHECK(parse(&optional, &x, "run --port=http sh") == CMD_WRONG);
	cmd_options_clear(&optional, &x);
	CHECK(parse(&optional, &x, "run -p") == CMD_PARSED && x.ports.n == 1);
	cmd_options_clear(&optional, &x);
}

static void every_option_name_is_told_once(void)
{
	for (const struct cmd *const *c = cmd_all; *c; c++) {
		char seen[128][40];
		size_t n = 0, len;

		for (int table = 0; table < 2; table++) {
			const struct cmd_option *x = table ? cmd_common_options : (*c)->options;

			for (; x && x->names; x++) {
				const char *at = x->names, *name;

				while ((name = cmd_next_name(&at, &len))) {
					snprintf(seen[n], sizeof(seen[n]), "%.*s", (int)len, name);
					for (size_t i = 0; i < n; i++)
						CHECK(strcmp(seen[i], seen[n]));
					n++;
				}
				CHECK(x->help && x->help[0] && !strchr(x->help, '\n'));
				CHECK(!*x->names || x->type == CMD_FLAG || x->arg);
			}
		}
		CHECK((*c)->summary && (*c)->synopsis);
	}
}

int main(void)
{
	int status;

	/* The sentences are not the subject here, and log_init was not called: silence. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	status = check_tests(
		care_spells_an_argument_in_five_ways,
		parsing_stops_at_the_command,
		lists_keep_their_order,
		sizes_are_megabytes_and_never_overflow,
		wrong_lines_are_refused,
		choices_become_their_index,
		help_version_and_verbosity_are_everywhere,
		options_behind_operands_only_where_allowed,
		an_argument_may_be_left_out_of_some,
		every_option_name_is_told_once);
	cmd_options_clear(&record, &o);
	return status;
}
