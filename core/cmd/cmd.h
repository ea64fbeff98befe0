/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command is one self-describing file: a struct cmd and a run function. Its one
 * option table gives the parser, --help, the man page and the shell completion, so
 * they cannot disagree. Only this folder prints and exits.
 */
#ifndef CORE_CMD_CMD_H
#define CORE_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "generated/version.h"	/* CARE_VERSION */

struct buf;
struct err;

/*
 * Our own exit statuses; everything else is the command's (128+n for a signal, 126
 * and 127 as shells do). Documented in care(1) from cmd_exit_codes[].
 */
enum cmd_exit {
	CMD_EXIT_OK = 0,
	CMD_EXIT_DIFFERS = 1,		/* verify: a difference; info --review: a finding */
	CMD_EXIT_UNFAITHFUL = 121,	/* recorded, but something needed is missing in the archive */
	CMD_EXIT_STRICT = 122,		/* replay --strict: a file without its content was opened */
	CMD_EXIT_ARCHIVE = 123,		/* the archive cannot be read: damaged, hostile, too new */
	CMD_EXIT_UNFINISHED = 124,	/* the command ran, its archive could not be completed */
	CMD_EXIT_FAILURE = 125,		/* wrong usage, or nothing could be run */
	CMD_EXIT_NOEXEC = 126,
	CMD_EXIT_NOTFOUND = 127,
};

struct cmd_exit_code {
	int status;
	const char *meaning;
};
extern const struct cmd_exit_code cmd_exit_codes[];	/* ends with meaning == NULL */

enum cmd_type {
	CMD_FLAG,	/* bool: set to true */
	CMD_STRING,	/* const char *: the last one wins; "" is refused */
	CMD_INT,	/* int, decimal, may be negative */
	CMD_SIZE,	/* int64_t bytes: K, M, G, T as suffix, else times `unit`; negative = -1 */
	CMD_CHOICE,	/* int: index into `arg`, words separated by '|' */
	CMD_LIST,	/* struct cmd_list: repeatable */
	CMD_NAMES,	/* the same of variables; "NAME=value" is refused, as it would do nothing */
	/* The argument may be left out, which is "". */
	CMD_OPTIONAL,	/* const char *: only "--long=x" has one */
	CMD_NUMBERS,	/* struct cmd_list: a word that follows is one if it is digits and colons */
};

/* Words of a repeatable option, in the order given. They point into argv. */
struct cmd_list {
	const char **v;
	size_t n;
};

struct cmd_option {
	/* "o,output": what is one character is a letter, the rest are long names. */
	const char *names;
	enum cmd_type type;
	size_t offset;		/* of the target in the command's options */
	const char *arg;	/* name of the argument in texts; CMD_CHOICE: the words */
	const char *help;	/* one or more sentences, plain text, no newline */
	uint64_t unit;		/* CMD_SIZE: of a plain number, 0 = 1 byte */
};

/* Ends the table. A heading inside one: names "", help = the heading. */
#define CMD_OPTIONS_END { .names = NULL }
#define CMD_HEADING(text) { .names = "", .help = (text) }
#define CMD_OPTION(names, type, s, field, arg, help) \
	{ (names), (type), offsetof(struct s, field), (arg), (help), 0 }

struct cmd_example {
	const char *command;
	const char *what;
};

struct cmd {
	const char *name;
	const char *summary;	/* after the name in lists: "describe an archive" */
	const char *synopsis;	/* after [options]: "ARCHIVE [-- COMMAND...]" */
	const struct cmd_option *options;	/* NULL = none of its own */
	size_t options_size;	/* of the struct that the offsets are in */
	const void *defaults;	/* what it starts from, NULL = zeros */
	const struct cmd_example *examples;	/* ends with command == NULL */
	int permute;		/* options may also stand behind that many operands */
	int (*run)(void *options, int argc, char **argv);	/* operands only; the exit status */
};

/*
 * Every command says `.run = CMD_RUN(x_run)`: the page generator runs on the build
 * machine and needs the tables, not the code; built with CMD_TABLES_ONLY nothing
 * refers to the run functions, so they fall away.
 */
#ifdef CMD_TABLES_ONLY
#define CMD_RUN(f) (sizeof(&(f)) ? NULL : NULL)
#else
#define CMD_RUN(f) (f)
#endif

extern const struct cmd *const cmd_all[];	/* ends with NULL */
const struct cmd *cmd_find(const char *name);	/* NULL: no such command */
const struct cmd *cmd_near(const char *name);	/* one whose name that may be, mistyped; or NULL */

/* Options that every command has; their target is struct cmd_common. */
struct cmd_common {
	int verbosity;
	bool help, version;
};
extern const struct cmd_option cmd_common_options[];

enum cmd_parsed { CMD_PARSED, CMD_HELP, CMD_SHOW_VERSION, CMD_WRONG };

/*
 * Parse argv[1…] into @options (already set to the defaults) and @common. Operands
 * are moved to the front: *ret_first is the index of the first one. CMD_WRONG: a
 * sentence was printed.
 */
enum cmd_parsed cmd_parse(const struct cmd *cmd, int argc, char **argv, void *options,
			  struct cmd_common *common, int *ret_first);
void cmd_options_clear(const struct cmd *cmd, void *options);	/* frees the lists */

/* Parse, answer -h and -V, run. argv[0] is the command's name. The exit status. */
int cmd_main(const struct cmd *cmd, int argc, char **argv);

/* Run @cmd with options of its own making: how `care -x FILE` becomes `care extract`. */
int cmd_call(const struct cmd *cmd, const char *const *args, size_t n);

/* Walk "o,output": the next name from *@at, its length; NULL at the end. */
const char *cmd_next_name(const char **at, size_t *ret_len);

/* Whether its argument may be left out. */
bool cmd_is_optional(const struct cmd_option *o);

/* Texts. */
void cmd_print_help(FILE *to, const struct cmd *cmd);
void cmd_print_overview(FILE *to);
void cmd_print_version(FILE *to);

/* Append @text as it may go to a terminal or into a line: control characters shown as \x1b. */
void cmd_add_harmless(struct buf *to, const char *text);

/* Messages: stderr, "care: …", control characters made harmless. */
void cmd_printer_init(int verbosity);
void cmd_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* unless -v -1 */
/* Print "care: error: …" and hand @status back, to be returned. */
int cmd_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cmd_fail_err(int status, const struct err *e);
/* The same about @path, which is named if the sentence does not. */
int cmd_fail_at(int status, const char *path, const struct err *e);
int cmd_usage(const struct cmd *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * One line on stderr that is written over; nothing unless stderr is a terminal and
 * -v is not negative. At most ten times a second, so call it freely.
 */
void cmd_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_progress_end(void);
/* The same while a command has the terminal too: a line of its own, which erases nothing. */
void cmd_progress_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "1.2 MB"; @to holds at least 16 bytes. */
const char *cmd_bytes(char to[16], uint64_t bytes);

#endif
