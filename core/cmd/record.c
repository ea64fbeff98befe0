// SPDX-License-Identifier: GPL-2.0-or-later
/* care record: run a command, archive what it used. Also what plain `care COMMAND` means. */
#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/commands.h"
#include "core/cmd/record_job.h"
#include "core/event/event.h"
#include "core/replay/reexecute.h"

static void on_tick(void *arg)
{
	record_progress(arg);
}

/* In the child, between fork and execve. */
static int in_child(void *arg)
{
	const struct record_job *job = arg;
	int r = job->tee ? tee_in_child(job->tee) : 0;

	return r < 0 ? r : recorder_in_child(job->recorder);
}

static int add_record(struct record_job *job, struct manifest_record *record, struct err *e)
{
	return job->out ? archive_out_record(job->out, record, e) : 0;
}

static int add_unknown(struct record_job *job, struct err *e)
{
	for (size_t i = 0; i < job->engine.census.n_unknown; i++) {
		const struct engine_unknown *u = &job->engine.census.unknown[i];
		struct manifest_unknown m = { .abi = (char *)u->abi, .nr = u->nr, .count = u->count };
		struct manifest_record record = { .kind = MANIFEST_K_UNKNOWN, .unknown = &m };
		int r = add_record(job, &record, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_members(struct record_job *job, struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = record_concealed_text(job, &text);
	struct record_summary sum;
	bool concealed;

	if (r >= 0 && text.len)
		r = archive_out_member(job->out, "concealed-accesses.txt", 0644, text.data, text.len, e);
	if (r < 0)
		return r;
	concealed = text.len > 0;
	buf_reset(&text);
	recorder_summary(job->recorder, &sum);
	reexecute_script(&text, &job->run, sum.special, &job->end, job->opt->kernel_release);
	r = buf_error(&text);
	if (r >= 0)
		r = archive_out_member(job->out, "re-execute.sh", 0755, text.data, text.len, e);
	if (r < 0)
		return r;
	buf_reset(&text);
	reexecute_readme(&text, &job->run, concealed, job->format.wrapper == ARCHIVE_SELF);
	r = buf_error(&text);
	return r < 0 ? r : archive_out_member(job->out, "README.txt", 0644, text.data, text.len, e);
}

/* The archive's end: what is known only now, and the finish that may fail. */
static int complete(struct record_job *job, struct err *e)
{
	struct manifest_record record = { .kind = MANIFEST_K_END, .end = &job->end };
	int r = recorder_finish(job->recorder, &job->end, e);

	if (r >= 0 && job->tee)
		r = tee_finish(job->tee, &job->end.stdout_sha256, &job->end.stderr_sha256, e);
	clock_gettime(CLOCK_REALTIME, &job->end.end);
	job->end.status = job->engine.status;
	job->end.stops = job->engine.census.stops;
	if (r < 0 || !job->out)
		return r;
	r = add_unknown(job, e);
	if (r >= 0)
		r = add_record(job, &record, e);
	if (r >= 0)
		r = add_members(job, e);
	return r < 0 ? r : archive_out_finish(job->out, e);
}

static int run(struct record_job *job, struct err *e)
{
	const struct record_options *opt = job->opt;
	struct record_spec spec = {
		.out = job->out, .tasks = job->tasks, .run = &job->run, .spool = job->spool,
		.private_under = job->private_under, .include = job->include, .redact = job->redact,
		.max_size = job->max_size, .content_seen = opt->content == RECORD_CONTENT_SEEN,
		.keep_special = opt->ignore_defaults, .conceal_by_mounts = opt->conceal == RECORD_CONCEAL_USERNS,
	};
	struct engine_spec engine = {
		.argv = job->argv, .kind = (enum engine_kind)opt->engine,
		.kill_on_exit = opt->kill_on_exit, .allow_io_uring = opt->allow_io_uring,
		.tasks = job->tasks, .child = in_child, .tick = on_tick, .arg = job,
	};
	struct bus bus = { 0 };
	int r;

	job->recorder = recorder_new(&spec, e);
	if (!job->recorder)
		return e->code;
	if (opt->hash_output && !(job->tee = tee_new(e)))
		return e->code;
	engine.classes = recorder_classes(job->recorder);
	bus_add(&bus, recorder_sink(job->recorder));
	r = engine_run(&engine, &bus, &job->engine, e);
	free(job->run.engine);
	job->run.engine = strdup(engine_name(job->engine.kind));
	return r;
}

/* The command did not even start, so there is nothing to archive. */
static int not_started(const struct record_job *job)
{
	const struct cmd *near = job->engine.exec_error == -ENOENT ? cmd_near(job->argv[0]) : NULL;

	if (near)
		return cmd_fail(engine_exit_code(job->engine.status), "%s: %s; did you mean: care %s?",
				job->argv[0], strerror(-job->engine.exec_error), near->name);
	if (job->engine.exec_error)
		return cmd_fail(engine_exit_code(job->engine.status), "%s: %s", job->argv[0],
				strerror(-job->engine.exec_error));
	return CMD_EXIT_FAILURE;
}

/* The recorder's thread writes to the archive, so it ends first. */
static void discard(struct record_job *job)
{
	recorder_free(steal_ptr(job->recorder));
	archive_out_free(steal_ptr(job->out), true);
}

static int record(struct record_job *job)
{
	struct err e = { 0 }, end = { 0 };
	int r = record_setup(job, &e);

	if (r >= 0)
		r = run(job, &e);
	if (r < 0 && (!job->recorder || !job->engine.started)) {
		discard(job);
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	}
	if (!job->engine.started) {
		discard(job);
		return not_started(job);
	}
	cmd_progress_end();
	if (r < 0)
		cmd_fail(CMD_EXIT_UNFINISHED, "%s; the command went on unobserved", e.text);
	if (r >= 0)
		r = complete(job, &end);
	record_report(job, r >= 0);
	if (r < 0 && end.code)
		cmd_fail_err(CMD_EXIT_UNFINISHED, &end);
	if (r < 0) {
		const char *partial = job->out ? archive_out_partial(job->out) : NULL;

		/* As loud as the error: by -v -1 too there is no archive. */
		cmd_fail(CMD_EXIT_UNFINISHED, "the command itself ended with status %d",
			 engine_exit_code(job->engine.status));
		if (partial && archive_out_is_whole(job->out))
			cmd_fail(CMD_EXIT_UNFINISHED, "the archive is whole, only not in its place: "
				 "care repair -o FILE %s", partial);
		else if (partial)
			cmd_fail(CMD_EXIT_UNFINISHED, "what was archived until then can be recovered: "
				 "care repair %s", partial);
		return CMD_EXIT_UNFINISHED;
	}
	return record_status(job);
}

static int record_run(void *options, int argc, char **argv)
{
	struct record_options *opt = options;
	struct record_job job = { .opt = opt, .argv = argv, .self_fd = -1, .spool_claim = -1 };
	int status;

	if (opt->extract)
		return cmd_call(&cmd_extract, (const char *const[]){ opt->extract }, 1);
	if (argc == 0)
		return cmd_usage(&cmd_record, "there is no command to record");
	status = record(&job);
	record_job_clear(&job);
	return status;
}

static const struct cmd_example examples[] = {
	{ "care make", "Record a build into care-YYMMDDhhmmss.bin." },
	{ "care -o bug.tar.zst ./crash input.dat", "Record a fault for somebody else." },
	{ "care -r ~/.gitconfig -o work.bin git gc", "Show the command one file of the home directory." },
	{ "care record -- info", "Record a command whose name is also one of ours." },
	{ NULL, NULL },
};

const struct cmd cmd_record = {
	.name = "record",
	.summary = "run a command and archive what it uses",
	.synopsis = "COMMAND [ARGUMENT...]",
	.options = record_options,
	.options_size = sizeof(struct record_options),
	.defaults = &record_defaults,
	.examples = examples,
	.run = CMD_RUN(record_run),
};
