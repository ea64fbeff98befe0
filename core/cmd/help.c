// SPDX-License-Identifier: GPL-2.0-or-later
/* What --help, --version and `care` alone print, from the tables. */
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/base/buf.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"

#define HELP_COLUMN 26
#define HELP_WIDTH 79

/* @text from @column on, broken at spaces, indented by HELP_COLUMN. */
static void print_wrapped(FILE *to, const char *text, size_t column)
{
	if (column + 2 > HELP_COLUMN) {
		fputc('\n', to);
		column = 0;
	}
	fprintf(to, "%*s", (int)(HELP_COLUMN - column), "");
	for (column = HELP_COLUMN; *text; text += strspn(text, " ")) {
		size_t word = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
			fprintf(to, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		if (column > HELP_COLUMN)
			column += fprintf(to, " ");
		column += fwrite(text, 1, word, to);
		text += word;
	}
	fputc('\n', to);
}

static void print_option(FILE *to, const struct cmd_option *o)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *at = o->names, *name;
	bool is_long = false;
	size_t len;

	while ((name = cmd_next_name(&at, &len))) {
		buf_adds(&b, b.len ? ", " : "  ");
		buf_adds(&b, len == 1 ? "-" : "--");
		buf_add(&b, name, len);
		is_long = len > 1;
	}
	if (o->arg && cmd_is_optional(o))
		buf_addf(&b, "[%s%s]", is_long ? "=" : "", o->arg);
	else if (o->arg)
		buf_addf(&b, "%s%s", is_long ? "=" : " ", o->arg);
	fputs(buf_str(&b), to);
	print_wrapped(to, o->help, b.len);
}

static void print_options(FILE *to, const struct cmd_option *o)
{
	for (; o && o->names; o++) {
		if (*o->names)
			print_option(to, o);
		else
			fprintf(to, "\n%s:\n", o->help);
	}
}

static void print_examples(FILE *to, const struct cmd *cmd)
{
	const struct cmd_example *x = cmd->examples;

	if (!x || !x->command)
		return;
	fprintf(to, "\nExamples:\n");
	for (; x->command; x++)
		fprintf(to, "  %s\n      %s\n", x->command, x->what);
}

void cmd_print_help(FILE *to, const struct cmd *cmd)
{
	fprintf(to, "Usage: care %s [options] %s\n", cmd->name, cmd->synopsis);
	fprintf(to, "care %s: %s.\n", cmd->name, cmd->summary);
	if (cmd->options && *cmd->options->names)
		fprintf(to, "\nOptions:\n");
	print_options(to, cmd->options);
	fprintf(to, "\nCommon options:\n");
	print_options(to, cmd_common_options);
	print_examples(to, cmd);
}

void cmd_print_overview(FILE *to)
{
	const struct cmd *record = cmd_find("record");

	fprintf(to, "Usage: care [options] command...           record a command and what it uses\n"
		    "       care replay archive [command...]    run it again, anywhere\n"
		    "       care COMMAND [options]...           one of:\n\n");
	for (const struct cmd *const *c = cmd_all; *c; c++) {
		int n = fprintf(to, "  %s", (*c)->name);

		print_wrapped(to, (*c)->summary, n);
	}
	if (record) {
		fprintf(to, "\nOptions of recording:\n");
		print_options(to, record->options);
	}
	fprintf(to, "\nCommon options:\n");
	print_options(to, cmd_common_options);
	fprintf(to, "\nThe first word is a command of care only if it is exactly one of the above;\n"
		    "`care -- info` records a program that is called info.\n");
}

/* Only a program that needs no interpreter runs on the machine that it is sent to. */
static bool is_static(void)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM);

	while (ph && n--)
		if (ph++->p_type == PT_INTERP)
			return false;
	return true;
}

void cmd_print_version(FILE *to)
{
	fprintf(to, "care %s\n", CARE_VERSION);
	fprintf(to, "formats: directory/, .tar, .cpio, cpio-odc, gnutar; each plain, .gz, .lzo or .zst;\n"
		    "         .bin (self-extracting and running), .raw\n");
	fprintf(to, is_static() ? "suitable for self-extracting archives\n" :
				  "not suitable for self-extracting archives: dynamically linked\n");
	fprintf(to, "\nlicence: GPL-2.0-or-later; there is no warranty, to the extent permitted by law.\n"
		    "linked in: libarchive (BSD-2-Clause), LZO (GPL-2.0-or-later), zlib (Zlib),\n"
		    "           zstd (BSD-3-Clause or GPL-2.0), yajl (ISC), nettle (GPL-2.0-or-later),\n"
		    "           and the C library (musl: MIT)\n");
}

static int help_run(void *options, int argc, char **argv)
{
	const struct cmd *cmd;

	(void)options;
	if (!argc) {
		cmd_print_overview(stdout);
		return CMD_EXIT_OK;
	}
	cmd = cmd_find(argv[0]);
	if (!cmd)
		return cmd_usage(&cmd_help, "there is no command \"%s\"", argv[0]);
	cmd_print_help(stdout, cmd);
	return CMD_EXIT_OK;
}

const struct cmd cmd_help = {
	.name = "help",
	.summary = "print the list of commands, or one command's options",
	.synopsis = "[COMMAND]",
	.examples = (const struct cmd_example[]){
		{ "care help replay", "the options of care replay, as care replay --help" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(help_run),
};
