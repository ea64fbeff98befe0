// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said while a command is recorded and afterwards, all of it on stderr. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/cmd/record_job.h"
#include "core/manifest/review.h"
#include "core/manifest/volatile.h"

#define REPORT_MOST 20	/* lines of one kind; the archive has all */
#define PROGRESS_FIRST 2	/* seconds; then after twice as long … */
#define PROGRESS_MOST 60	/* … but once a minute */

static double elapsed(const struct record_job *job)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - job->started.tv_sec) + (now.tv_nsec - job->started.tv_nsec) / 1e9;
}

void record_progress(struct record_job *job)
{
	double now = elapsed(job);
	uint64_t files, bytes;
	char size[16];

	if (!job->next_progress)
		job->next_progress = PROGRESS_FIRST;
	if (now < job->next_progress)
		return;
	recorder_progress(job->recorder, &files, &bytes);
	cmd_progress_line("recording: %" PRIu64 " files, %s, %.0f s", files, cmd_bytes(size, bytes), now);
	job->next_progress = now + MIN(MAX(now, PROGRESS_FIRST), PROGRESS_MOST);
}

int record_status(const struct record_job *job)
{
	struct record_summary sum;
	int status = engine_exit_code(job->engine.status);

	recorder_summary(job->recorder, &sum);
	if (status == 0 && (sum.lost || job->engine.census.unreadable))
		return CMD_EXIT_UNFAITHFUL;
	return status;
}

int record_concealed_text(const struct record_job *job, struct buf *ret)
{
	struct record_summary sum;

	recorder_summary(job->recorder, &sum);
	for (size_t i = 0; i < sum.n_concealed; i++)
		buf_addf(ret, "%s\t%s\n", sum.concealed[i].path, sum.concealed[i].exe);
	return buf_error(ret);
}

/* A directory of $PATH, or on the way to one: only a program not found is to do with it. */
static bool is_path_dir(const struct record_job *job, const char *path)
{
	const char *at = manifest_env_get(job->run.env.v, "PATH");

	while (at && *at) {
		size_t len = strcspn(at, ":");

		if (strlen(path) <= len && !strncmp(at, path, strlen(path)) &&
		    strchr("/:", at[strlen(path)]))	/* or the end */
			return true;
		at += len + (at[len] == ':');
	}
	return false;
}

/* A failure that concealment may have caused: what it was, and the line to try. */
static void report_concealed(const struct record_job *job, const struct record_summary *sum)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int code = engine_exit_code(job->engine.status);
	size_t n = 0;

	if (code == 0)
		return;
	buf_adds(&line, "care");
	for (size_t i = 0; i < sum->n_concealed; i++) {
		const struct manifest_concealed *c = &sum->concealed[i];

		if ((code != 127 && is_path_dir(job, c->path)) || n == REPORT_MOST)
			continue;
		if (!n++)
			cmd_warn("the command failed, and files it asked for are concealed:");
		cmd_warn("  %s (by %s)", c->path, c->exe);
		buf_adds(&line, " -r ");
		buf_add_shell(&line, c->path, strlen(c->path));
	}
	if (!n)
		return;
	for (char **arg = job->argv; *arg; arg++) {
		buf_addc(&line, ' ');
		buf_add_shell(&line, *arg, strlen(*arg));
	}
	cmd_warn("if it needs them, try: %s", buf_str(&line));
}

static void tell_left(void *ctx, const char *path)
{
	unsigned *count = ctx;

	if (++*count <= REPORT_MOST)
		cmd_warn("written into a concealed place and not kept: %s", path);
}

static void report_left(struct record_job *job)
{
	const char *keep = job->opt->keep_concealed;
	struct err e = { 0 };
	unsigned count = 0;

	if (recorder_concealed_left(job->recorder, keep, tell_left, &count, &e) < 0)
		cmd_warn("%s", e.text);
	if (count > REPORT_MOST)
		cmd_warn("… and %u more", count - REPORT_MOST);
	if (count && keep)
		cmd_say("they are saved in %s", keep);
	else if (count)
		cmd_warn("--keep-concealed DIR saves such files, -r PATH shows the true place");
}

static void report_engine(const struct record_job *job)
{
	const struct engine_census *c = &job->engine.census;

	for (size_t i = 0; i < c->n_unknown; i++)
		cmd_warn("unknown system call %" PRIu64 " (%s), %" PRIu64
			 " times: what it did to files is not recorded", c->unknown[i].nr,
			 c->unknown[i].abi, c->unknown[i].count);
	if (c->io_uring)
		cmd_say("io_uring was refused %" PRIu64 " times; programs then use ordinary calls "
			"(--allow-io-uring)", c->io_uring);
	if (c->unreadable)
		cmd_warn("%" PRIu64 " calls had paths that could not be read: not faithful", c->unreadable);
	if (c->setuid_lost)
		cmd_warn("%" PRIu64 " set-uid programs ran without their privilege, because they were observed",
			 c->setuid_lost);
}

struct review {
	struct review_sink sink;
	unsigned count;
};

static void tell_secret(struct review_sink *self, const char *kind, const char *what, const char *why)
{
	struct review *review = (struct review *)self;

	if (++review->count <= REPORT_MOST)
		cmd_warn("the %s %s is recorded and looks like a secret: %s", kind, what, why);
}

/* Before it is shared. */
static void report_secrets(const struct record_job *job, const struct record_summary *sum)
{
	struct review review = { { tell_secret }, 0 };

	if (!job->out)
		return;
	review_run(&job->run, &review.sink);
	if (review.count)
		cmd_warn("--redact-env NAME and --redact TEXT keep such values out; care info --review %s "
			 "lists all there is to look at", job->output);
	for (size_t i = 0; i < sum->n_secrets && i < REPORT_MOST; i++)
		cmd_warn("%s is archived and looks like a secret: %s", sum->secrets[i]->path,
			 sum->secrets[i]->secret ?: review_path(sum->secrets[i]->path));
	if (sum->n_secrets > REPORT_MOST)
		cmd_warn("… and %zu more: care info --review lists them", sum->n_secrets - REPORT_MOST);
}

static void report_replay(const struct record_job *job)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!job->out || !strcmp(job->output, "-"))
		return;
	buf_adds(&line, "care replay ");
	buf_add_shell(&line, job->output, strlen(job->output));
	cmd_say("replay it with: %s", buf_str(&line));
}

void record_report(struct record_job *job, bool finished)
{
	struct record_summary sum;
	char size[16], packed[16];

	cmd_progress_end();
	recorder_summary(job->recorder, &sum);
	report_engine(job);
	report_left(job);
	report_concealed(job, &sum);
	report_secrets(job, &sum);
	if (sum.changed)
		cmd_warn("%" PRIu64 " files changed while they were being archived", sum.changed);
	if (sum.lost)
		cmd_warn("%" PRIu64 " files could not be recorded: care info %s says which and why",
			 sum.lost, job->output);
	cmd_say("%" PRIu64 " stops, %" PRIu64 " calls, %" PRIu64 " paths; archived %" PRIu64
		" files (%s) and %" PRIu64 " placeholders, %" PRIu64 " absent; %.1f s",
		job->engine.census.stops, job->engine.census.calls, sum.paths, sum.files,
		cmd_bytes(size, sum.bytes), sum.placeholders, sum.absent, elapsed(job));
	if (!finished)
		return;
	if (job->out)
		cmd_say("wrote %s (%s)", job->output, cmd_bytes(packed, archive_out_bytes(job->out)));
	report_replay(job);
}
