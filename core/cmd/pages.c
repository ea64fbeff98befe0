// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs on the build machine: manual pages and the shell completion from the tables
 * that the commands and the manifest are made of. A page is written in mdoc in
 * docs/man/; a line "@word" in it stands for what a table says.
 *
 *   pages man NAME <docs/man/NAME.mdoc >NAME.1
 *   pages bash >care
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/cmd/cmd.h"
#include "core/cmd/record_options.h"
#include "core/manifest/fields.h"

/* One line per sentence, as mdoc wants it, none longer than 78. */
static void put_text(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column && column + 1 + word > 76) {
			putchar('\n');
			column = 0;
		}
		if (column)
			column += printf(" ");
		else if (*text == '.' || *text == '\'')
			fputs("\\&", stdout);
		for (size_t i = 0; i < word; i++)
			if (text[i] == '\\')
				fputs("\\e", stdout);
			else
				putchar(text[i]);
		column += word;
		if (text[word] && word > 1 && strchr(".:", text[word - 1]) && text[word - 1] == '.') {
			putchar('\n');
			column = 0;
		}
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void put_lower(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		putchar(tolower((unsigned char)text[i]));
}

/* "FILE": an argument; "a|b": words, one of which is meant. */
static void put_arg(const char *arg)
{
	if (!strchr(arg, '|')) {
		fputs("Ar ", stdout);
		put_lower(arg, strlen(arg));
		return;
	}
	while (*arg) {
		size_t len = strcspn(arg, "|");

		printf("Cm %.*s", (int)len, arg);
		arg += len + (arg[len] == '|');
		if (*arg)
			fputs(" | ", stdout);
	}
}

/* A letter has its argument behind it; some have none even so. */
static void put_optional(const struct cmd_option *o, bool is_long)
{
	if (!is_long && o->type == CMD_OPTIONAL)
		return;
	fputs(is_long ? " Ns Oo = Ns " : " Oo ", stdout);
	put_arg(o->arg);
	fputs(" Oc", stdout);
}

static void put_option(const struct cmd_option *o)
{
	const char *at = o->names, *name;
	size_t len;

	fputs(".It ", stdout);
	while ((name = cmd_next_name(&at, &len))) {
		if (name != o->names)
			fputs(" , ", stdout);
		printf("Fl %s%.*s", len > 1 ? "-" : "", (int)len, name);
		if (o->arg && cmd_is_optional(o)) {
			put_optional(o, len > 1);
		} else if (o->arg) {
			fputs(len > 1 ? " Ns = Ns " : " ", stdout);
			put_arg(o->arg);
		}
	}
	putchar('\n');
	put_text(o->help);
}

static void put_options(const struct cmd_option *o)
{
	bool open = false;

	for (; o && o->names; o++) {
		if (!*o->names) {
			puts(open ? ".El" : ".\\\"");
			printf(".Ss %s\n", o->help);
			open = false;
			continue;
		}
		if (!open)
			puts(".Bl -tag -width Ds");
		open = true;
		put_option(o);
	}
	if (open)
		puts(".El");
}

/* "[-- COMMAND...]" is ".Op Fl - Ar command ..."; brackets are whole groups of words. */
static void put_synopsis(const char *s)
{
	bool in_group = false;

	while (*s) {
		size_t len = strcspn(s, " ");
		bool starts = s[0] == '[', ends = s[len - 1] == ']';
		const char *word = s + starts;
		size_t n = len - starts - ends;
		bool more = n > 3 && !strncmp(word + n - 3, "...", 3);

		fputs(in_group ? " " : starts ? ".Op " : ".", stdout);
		n -= more ? 3 : 0;
		if (word[0] == '-') {
			printf("Fl %.*s", (int)n - 1, word + 1);
		} else {
			fputs("Ar ", stdout);
			put_lower(word, n);
		}
		if (more)
			fputs(" ...", stdout);
		in_group = (in_group || starts) && !ends;
		if (!in_group)
			putchar('\n');
		s += len;
		s += strspn(s, " ");
	}
}

static void put_examples(const struct cmd *cmd)
{
	puts(".Bl -tag -width Ds");
	for (const struct cmd_example *x = cmd->examples; x && x->command; x++) {
		/* Quoted, so that no word of it is taken for a macro; dashes as typed. */
		fputs(".It Li \"", stdout);
		for (const char *c = x->command; *c; c++)
			fputs(*c == '-' ? "\\-" : *c == '"' ? "\\(dq" : (char[]){ *c, 0 }, stdout);
		puts("\"");
		put_text(x->what);
	}
	puts(".El");
}

static void put_exit_codes(void)
{
	puts(".Bl -tag -width Ds");
	for (const struct cmd_exit_code *x = cmd_exit_codes; x->meaning; x++) {
		printf(".It %d\n", x->status);
		put_text(x->meaning);
	}
	puts(".El");
}

static void put_commands(void)
{
	puts(".Bl -tag -width Ds");
	for (const struct cmd *const *c = cmd_all; *c; c++) {
		printf(".It Nm care %s", (*c)->name);
		putchar('\n');
		for (const char *s = (*c)->summary; *s; s++)
			putchar(s == (*c)->summary ? toupper((unsigned char)*s) : *s);
		puts(".");
	}
	puts(".El");
}

static void put_record(const struct record *r);

/* What a value of the member looks like. */
static void put_type(const struct field *f)
{
	static const char *const types[] = {
		[FIELD_STRING] = "string", [FIELD_NAME] = "string", [FIELD_STRINGS] = "list of strings",
		[FIELD_BOOL] = "true or false", [FIELD_UINT] = "number", [FIELD_INT] = "number",
		[FIELD_OCTAL] = "string of octal digits", [FIELD_HEX] = "string 0x...",
		[FIELD_LIMIT] = "number or \"unlimited\"", [FIELD_TIME] = "time", [FIELD_STATUS] = "status",
		[FIELD_USE] = "uses", [FIELD_SHA256] = "64 hexadecimal digits", [FIELD_BYTES] = "string",
		[FIELD_IDS] = "list of numbers", [FIELD_RECORDS] = "list of objects",
	};
	bool usual = f->usual && f->usual != FIELD_ALWAYS;

	if (f->type == FIELD_ENUM) {
		for (size_t i = 0; f->words[i]; i++)
			printf("%s%s", i ? ", " : "", f->words[i]);
		if (f->usual != FIELD_ALWAYS)
			printf("; absent: %s", f->words[f->usual]);
		return;
	}
	fputs(types[f->type], stdout);
	if (usual && f->type == FIELD_USE)
		fputs("; absent: meta", stdout);
	else if (usual)
		printf("; absent: %llu", (unsigned long long)f->usual);
}

static void put_members(const struct record *r)
{
	puts(".Bl -tag -width Ds");
	for (const struct field *f = r->fields; f->name; f++) {
		printf(".It Va %s Pq ", f->name);
		put_type(f);
		putchar('\n');
		put_text(f->doc);
		if (f->type == FIELD_RECORDS)
			put_record(f->sub);
	}
	puts(".El");
}

/* A record inside another: its members. */
static void put_record(const struct record *r)
{
	put_text(r->doc);
	put_members(r);
}

static void put_manifest(void)
{
	for (int i = 0; i < RECORD_KINDS; i++) {
		const struct record *r = record_kinds[i];

		printf(".Ss %s\n", r->list ? r->list : r->name);
		put_text(r->doc);
		if (r->list)
			printf("In the journal:\n.Va %s .\n", r->name);
		if (r->fields)
			put_members(r);
	}
}

static void put_uses(void)
{
	for (size_t i = 0; field_use_names[i]; i++)
		printf(".Cm %s%s\n", field_use_names[i], field_use_names[i + 1] ? " ," : " .");
}

static int put_word(const char *word, const struct cmd *cmd)
{
	if (!strcmp(word, "name") && cmd)
		printf(".Sh NAME\n.Nm care-%s\n.Nd %s\n", cmd->name, cmd->summary);
	else if (!strcmp(word, "synopsis") && cmd)
		printf(".Sh SYNOPSIS\n.Nm care %s\n.Op Ar options\n", cmd->name), put_synopsis(cmd->synopsis);
	else if (!strcmp(word, "options") && cmd)
		put_options(cmd->options);
	else if (!strcmp(word, "record-options"))
		put_options(record_options);
	else if (!strcmp(word, "common-options"))
		put_options(cmd_common_options);
	else if (!strcmp(word, "examples") && cmd)
		put_examples(cmd);
	else if (!strcmp(word, "exit"))
		put_exit_codes();
	else if (!strcmp(word, "commands"))
		put_commands();
	else if (!strcmp(word, "manifest"))
		put_manifest();
	else if (!strcmp(word, "uses"))
		put_uses();
	else
		return -1;
	return 0;
}

static int make_man(const char *page)
{
	const struct cmd *cmd = strncmp(page, "care-", 5) ? NULL : cmd_find(page + 5);
	char line[4096];
	int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		n++;
		if (line[0] != '@') {
			fputs(line, stdout);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (put_word(line + 1, cmd) < 0) {
			fprintf(stderr, "pages: docs/man/%s.mdoc:%d: what is %s?\n", page, n, line);
			return 1;
		}
	}
	return 0;
}

static void put_names(const struct cmd_option *o)
{
	for (; o && o->names; o++) {
		const char *at = o->names, *name;
		size_t len;

		while ((name = cmd_next_name(&at, &len)))
			printf(" %s%.*s%s", len > 1 ? "--" : "-", (int)len, name,
			       o->arg && len > 1 && !cmd_is_optional(o) ? "=" : "");
	}
}

/* Two commands may have other words for the same name. */
static void put_choices(const char *cmd, const struct cmd_option *o)
{
	for (; o && o->names; o++) {
		const char *at = o->names, *name;
		size_t len;

		if (!*o->names || o->type != CMD_CHOICE)
			continue;
		while ((name = cmd_next_name(&at, &len)))
			if (len > 1) {
				printf("\t%s:--%.*s) words='", cmd, (int)len, name);
				for (const char *c = o->arg; *c; c++)
					putchar(*c == '|' ? ' ' : *c);
				puts("' ;;");
			}
	}
}

static int make_bash(void)
{
	puts("# bash completion for care, made from its option tables\n"
	     "_care()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd=record words= i\n"
	     "\tCOMPREPLY=()\n"
	     "\t# --option=value arrives as three words.\n"
	     "\t[ \"$cur\" = = ] && cur= && i=1\n"
	     "\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tcase ${COMP_WORDS[1]}:$prev in");
	for (const struct cmd *const *c = cmd_all; *c; c++)
		put_choices((*c)->name, (*c)->options);
	put_choices("*", record_options);
	puts("\tesac\n"
	     "\tif [ -n \"$words\" ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (const struct cmd *const *c = cmd_all; *c; c++) {
		printf("\t%s) cmd=%s words='", (*c)->name, (*c)->name);
		put_names((*c)->options);
		put_names(cmd_common_options);
		puts("' ;;");
	}
	fputs("\t*) words='", stdout);
	put_names(record_options);
	put_names(cmd_common_options);
	puts("' ;;\n\tesac\n"
	     "\tif [ \"${cur:0:1}\" = - ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "\t\t[ \"${COMPREPLY[0]: -1}\" = = ] && compopt -o nospace\n"
	     "\telif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
	for (const struct cmd *const *c = cmd_all; *c; c++)
		printf("%s%s", c == cmd_all ? "" : " ", (*c)->name);
	puts("' -- \"$cur\") $(compgen -c -- \"$cur\"))\n"
	     "\telif [ \"$cmd\" = help ]; then");
	fputs("\t\tCOMPREPLY=($(compgen -W '", stdout);
	for (const struct cmd *const *c = cmd_all; *c; c++)
		printf("%s%s", c == cmd_all ? "" : " ", (*c)->name);
	puts("' -- \"$cur\"))\n"
	     "\tfi\n}\ncomplete -o default -F _care care");
	return 0;
}

int main(int argc, char **argv)
{
	int r = 2;

	if (argc == 3 && !strcmp(argv[1], "man"))
		r = make_man(argv[2]);
	else if (argc == 2 && !strcmp(argv[1], "bash"))
		r = make_bash();
	else
		fprintf(stderr, "usage: pages man NAME | pages bash\n");
	return fflush(stdout) ? 1 : r;
}
