/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One recording: what the options mean (record_setup.c), and what is said of it (record_report.c). */
#ifndef CORE_CMD_RECORD_JOB_H
#define CORE_CMD_RECORD_JOB_H

#include "core/archive/archive_out.h"
#include "core/cmd/record_options.h"
#include "core/engine/engine.h"
#include "core/manifest/manifest.h"
#include "core/record/defaults.h"
#include "core/record/recorder.h"
#include "core/record/tee.h"

struct err;

struct record_job {
	const struct record_options *opt;
	char **argv;			/* of the command */
	struct manifest_run run;
	struct manifest_strings include, redact;
	struct record_paths paths;
	struct archive_format format;
	char *output;			/* where the archive ends up */
	char *prefix;			/* its top directory */
	char *spool;			/* a directory of ours while it runs */
	int spool_claim;		/* the lock on it */
	const char *private_under;
	int64_t max_size;
	int self_fd;

	struct archive_out *out;
	struct task_table *tasks;
	struct recorder *recorder;
	struct tee *tee;		/* --hash-output */
	struct engine_result engine;
	struct manifest_end end;
	struct timespec started;
	double next_progress;		/* seconds since then */
};

/* Everything that can be wrong before the command runs. 0 or −errno with a sentence. */
int record_setup(struct record_job *job, struct err *e);
void record_job_clear(struct record_job *job);

/* The exit status of care: the command's, unless what was recorded is not faithful. */
int record_status(const struct record_job *job);

/* "concealed-accesses.txt": path and program, a line each. */
int record_concealed_text(const struct record_job *job, struct buf *ret);

/* What there is to say at the end, on stderr. */
void record_report(struct record_job *job, bool finished);

/* Called while the command runs: a line from time to time. */
void record_progress(struct record_job *job);

#endif
