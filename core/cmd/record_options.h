/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `care record` can be told: CARE 2.2.1's options letter for letter, and ours. */
#ifndef CORE_CMD_RECORD_OPTIONS_H
#define CORE_CMD_RECORD_OPTIONS_H

#include "core/cmd/cmd.h"

struct record_paths;

/* In the order of the words in the table. */
enum record_engine { RECORD_ENGINE_AUTO, RECORD_ENGINE_PTRACE_SECCOMP, RECORD_ENGINE_PTRACE };
enum record_content { RECORD_CONTENT_USED, RECORD_CONTENT_SEEN };
enum record_conceal { RECORD_CONCEAL_REWRITE, RECORD_CONCEAL_USERNS };

struct record_options {
	const char *output;		/* -o; NULL = care-YYMMDDhhmmss.bin; "-" = stdout */
	struct cmd_list concealed, revealed, volatile_paths, volatile_env;
	int64_t max_size;		/* bytes; -1 = unlimited; RECORD_MAX_SIZE_UNSET = the default */
	bool ignore_defaults;
	const char *extract;		/* -x: not a recording at all */
	int engine, content, conceal;
	struct cmd_list include;
	const char *format;		/* --format, NULL = by the suffix */
	int compress_level;		/* -1 = the filter's default */
	bool dry_run, reproducible, hash_output, kill_on_exit, strict;
	const char *spool;
	const char *keep_concealed;	/* a directory */
	bool reveal_home, allow_io_uring, kernel_release;
	struct cmd_list redact_env, redact;
};

#define RECORD_MAX_SIZE_UNSET INT64_MIN

extern const struct cmd_option record_options[];
extern const struct record_options record_defaults;

#endif
