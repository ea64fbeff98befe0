// SPDX-License-Identifier: GPL-2.0-or-later
/* The option table of recording, apart from the code because `care` alone shows it too. */
#include "core/cmd/record_options.h"

#define OPTION(names, type, field, arg, help) \
	CMD_OPTION(names, type, record_options, field, arg, help)

const struct cmd_option record_options[] = {
	OPTION("o,output", CMD_STRING, output, "FILE",
	       "Write the archive to FILE; its suffix decides the format (default: "
	       "care-YYMMDDhhmmss.bin, which extracts and runs itself). - is standard output."),
	OPTION("c,concealed-path", CMD_LIST, concealed, "PATH",
	       "Hide the content of PATH from the command and the archive. May be repeated, as the "
	       "next three."),
	OPTION("r,revealed-path", CMD_LIST, revealed, "PATH",
	       "Show PATH although it lies in a concealed one."),
	OPTION("p,volatile-path", CMD_LIST, volatile_paths, "PATH",
	       "Do not archive PATH: a replay uses that of its own machine."),
	OPTION("e,volatile-env", CMD_NAMES, volatile_env, "NAME",
	       "Do not keep the variable NAME: a replay uses that of its own machine."),
	{ "m,max-archivable-size", CMD_SIZE, offsetof(struct record_options, max_size), "MB",
	  "Archive larger files without their content (default: 1024; negative: no limit). A "
	  "suffix K, M, G or T is understood.", 1 << 20 },
	OPTION("d,ignore-default-config", CMD_FLAG, ignore_defaults, NULL,
	       "Start from nothing concealed, revealed or volatile, and no size limit."),
	OPTION("x,extract", CMD_STRING, extract, "FILE",
	       "Extract the archive FILE and exit, as care extract."),

	CMD_HEADING("What is archived"),
	OPTION("include", CMD_LIST, include, "PATH",
	       "Archive PATH, and all below it, even if the command does not use it."),
	OPTION("content", CMD_CHOICE, content, "used|seen",
	       "Whose bytes to keep: files that were read or executed (used, the default), or also "
	       "those only looked at (seen)."),
	OPTION("reveal-home", CMD_FLAG, reveal_home, NULL,
	       "Do not conceal the home directory. Files that look like keys are named at the end."),
	OPTION("keep-concealed", CMD_STRING, keep_concealed, "DIR",
	       "Save in DIR what the command wrote into concealed places."),
	OPTION("conceal", CMD_CHOICE, conceal, "rewrite|userns",
	       "How to conceal: by rewriting the paths of calls (default), or by mounts in a user "
	       "namespace, where files of others appear as owned by nobody."),
	OPTION("redact-env", CMD_NAMES, redact_env, "NAME",
	       "Record the variable NAME without its value."),
	OPTION("redact", CMD_LIST, redact, "TEXT",
	       "Write *** instead of TEXT in recorded arguments and variables."),
	OPTION("hash-output", CMD_FLAG, hash_output, NULL,
	       "Record the SHA-256 of standard output and error, for care verify."),
	OPTION("dry-run", CMD_FLAG, dry_run, NULL,
	       "Record and report, but write no archive."),

	CMD_HEADING("How it is written"),
	OPTION("format", CMD_STRING, format, "FORMAT",
	       "tar, cpio, cpio-odc, gnutar or dir, with .gz, .lzo or .zst, with .bin or .raw: for "
	       "example tar.zst, whatever the suffix of the file."),
	OPTION("compress-level", CMD_INT, compress_level, "N",
	       "Level of the compression: 1 to 9, for zst to 22 (default: a fast one)."),
	OPTION("reproducible", CMD_FLAG, reproducible, NULL,
	       "Write members in the order of their names, without times of our own."),
	OPTION("spool", CMD_STRING, spool, "DIR",
	       "Let the archive grow in DIR and move it at the end (default: "
	       "$XDG_STATE_HOME/care, or beside FILE when that is elsewhere than here)."),
	OPTION("kernel-release", CMD_FLAG, kernel_release, NULL,
	       "Let re-execute.sh ask PRoot to show the recorded kernel's name (-k)."),

	CMD_HEADING("How it runs"),
	OPTION("engine", CMD_CHOICE, engine, "auto|ptrace-seccomp|ptrace",
	       "How to observe (default: auto, the best that care doctor finds)."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	OPTION("allow-io-uring", CMD_FLAG, allow_io_uring, NULL,
	       "Let the command use io_uring, whose file accesses cannot be seen."),
	OPTION("strict", CMD_FLAG, strict, NULL,
	       "Exit 121 also for losses that a replay of this command does not meet."),
	CMD_OPTIONS_END,
};

const struct record_options record_defaults = {
	.max_size = RECORD_MAX_SIZE_UNSET,
	.compress_level = -1,
};
