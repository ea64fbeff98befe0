// SPDX-License-Identifier: GPL-2.0-or-later
/* From options to a recording that can start: places, names, formats, what is hidden. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/claim.h"
#include "core/cmd/record_job.h"
#include "core/cmd/state.h"
#include "core/record/redact.h"
#include "core/record/run.h"
#include "core/task/task.h"

/* @must_be: the option whose paths are there, if they are spelled right; NULL: any. */
static int add_user_paths(struct manifest_strings *to, const struct cmd_list *from, const char *cwd,
			  const char *must_be)
{
	struct stat st;

	for (size_t i = 0; i < from->n; i++) {
		_cleanup_free_ char *path = defaults_user_path(from->v[i], cwd);

		if (must_be && path && lstat(path, &st) < 0)
			cmd_warn("%s %s: %s", must_be, path, strerror(errno));
		if (!path || manifest_strings_add(to, path) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool names(const struct manifest_strings *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i], text))
			return true;
	return false;
}

/* Take @text out of @s: what the user hides is not revealed by a default. */
static void drop(struct manifest_strings *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i], text))
			continue;
		free(s->v[i]);
		memmove(&s->v[i], &s->v[i + 1], (--s->n - i) * sizeof(*s->v));
		i--;
	}
}

static bool is_volatile_root(const struct manifest_strings *s)
{
	return names(s, "/");
}

static int set_paths(struct record_job *job, struct err *e)
{
	const struct record_options *opt = job->opt;
	struct record_paths *p = &job->paths;
	const char *cwd = job->run.cwd;
	_cleanup_free_ char *home = NULL;
	size_t defaults;
	int r = 0;

	if (!opt->ignore_defaults) {
		r = defaults_add(p, job->run.env.v, cwd, e);
		if (r < 0)
			return r;
		if (job->run.command_path) {
			_cleanup_free_ char *path = defaults_user_path(job->run.command_path, cwd);

			if (!path || manifest_strings_add(&p->revealed, path) < 0)
				return err_set(e, -ENOMEM, "reveal the command");
		}
		if (p->reveals_home)
			cmd_warn("the current directory is your home directory, so it is not concealed: "
				 "check what the archive holds before you share it (care info --review)");
	}
	if (opt->reveal_home && getenv("HOME")) {
		home = defaults_user_path(getenv("HOME"), cwd);
		if (home)
			drop(&p->concealed, home);
	}
	defaults = p->concealed.n;
	if (add_user_paths(&p->concealed, &opt->concealed, cwd, "-c") < 0)
		return err_set(e, -ENOMEM, "read the options");
	for (size_t i = defaults; i < p->concealed.n; i++)
		drop(&p->revealed, p->concealed.v[i]);
	if (add_user_paths(&p->revealed, &opt->revealed, cwd, "-r") < 0 ||
	    add_user_paths(&p->volatile_paths, &opt->volatile_paths, cwd, NULL) < 0 ||
	    add_user_paths(&job->include, &opt->include, cwd, NULL) < 0)
		return err_set(e, -ENOMEM, "read the options");
	if (is_volatile_root(&p->volatile_paths)) {
		cmd_warn("/ cannot be volatile: nothing would be archived; ignored");
		drop(&p->volatile_paths, "/");
	}
	for (size_t i = 0; i < opt->volatile_env.n; i++)
		if (manifest_strings_add(&p->volatile_env, opt->volatile_env.v[i]) < 0)
			return err_set(e, -ENOMEM, "read the options");
	return 0;
}

/* The variable @name without its value. */
static int redact_variable(struct manifest_strings *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		char *shown;

		if (strncmp(env->v[i], name, len) || env->v[i][len] != '=')
			continue;
		if (asprintf(&shown, "%s=", name) < 0)
			return -ENOMEM;
		free(env->v[i]);
		env->v[i] = shown;
	}
	return 0;
}

static int redact(struct record_job *job, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < job->opt->redact_env.n && r >= 0; i++)
		r = redact_variable(&job->run.env, job->opt->redact_env.v[i]);
	for (size_t i = 0; i < job->opt->redact.n && r >= 0; i++)
		r = manifest_strings_add(&job->redact, job->opt->redact.v[i]);
	if (r >= 0)
		r = redact_strings(&job->run.env, &job->redact);
	if (r >= 0)
		r = redact_strings(&job->run.argv, &job->redact);
	return r < 0 ? err_set(e, r, "redact") : 0;
}

static int set_output(struct record_job *job, struct err *e)
{
	const struct record_options *opt = job->opt;
	bool guessed = false;
	char name[64];
	struct tm tm;
	time_t now = time(NULL);
	int r;

	localtime_r(&now, &tm);
	strftime(name, sizeof(name), "care-%y%m%d%H%M%S.bin", &tm);
	job->output = strdup(opt->output ? opt->output : name);
	if (!job->output)
		return err_set(e, -ENOMEM, "name the archive");
	r = archive_format_parse(strcmp(job->output, "-") ? job->output : "archive.tar", &job->format,
				 &job->prefix, &guessed, e);
	if (r >= 0 && opt->format) {
		r = archive_format_by_name(opt->format, &job->format, e);
	} else if (r >= 0 && guessed) {
		_cleanup_free_ char *what = archive_format_describe(&job->format);

		cmd_warn("the name %s tells no format; it becomes: %s (--format to choose)", job->output,
			 what ? what : "self-extracting");
	}
	if (r >= 0)
		job->format.level = opt->compress_level;
	return r;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	/* "dir/" is a directory archive: it lies where the directory itself would. */
	while (slash && !slash[1] && slash > path) {
		const char *end = slash;

		while (slash > path && slash[-1] != '/')
			slash--;
		if (slash == path)
			return strdup(".");
		return strndup(path, slash - 1 == path ? 1 : slash - 1 - path + (end < path));
	}
	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : slash - path);
}

/* A directory of our own for what grows: asked for, else the user's state, else beside the output. */
static int set_spool(struct record_job *job, struct err *e)
{
	_cleanup_free_ char *base = job->opt->spool ? strdup(job->opt->spool) : state_dir();
	unsigned left;

	if (!base)
		base = directory_of(job->output);
	if (!base)
		return err_set(e, -ENOMEM, "find a place for the archive");
	left = state_sweep(base);
	if (left)
		cmd_say("%u unfinished archive%s in %s: care repair lists what to do", left,
			left == 1 ? " is" : "s are", base);
	job->spool_claim = claim_make(base, STATE_SPOOL, &job->spool);
	if (job->spool_claim < 0)
		return err_set(e, job->spool_claim,
			       "make a directory in %s for the growing archive (--spool DIR)", base);
	return 0;
}

/* Does the archive grow where it ends up? Then the command must not see it: decision 13. */
static bool grows_in_place(const struct record_job *job)
{
	_cleanup_free_ char *dir = directory_of(job->output), *real = dir ? realpath(dir, NULL) : NULL;
	size_t len = strlen(job->run.cwd);

	if (!job->opt->output || job->opt->spool || job->opt->reproducible || !real)
		return false;
	return strncmp(real, job->run.cwd, len) || (real[len] && real[len] != '/');
}

static int open_archive(struct record_job *job, struct err *e)
{
	struct archive_spec spec = {
		.format = job->format, .path = job->output, .prefix = job->prefix,
		.spool = grows_in_place(job) ? NULL : job->spool,
		.self_fd = -1, .reproducible = job->opt->reproducible,
	};

	if (job->opt->dry_run)
		return 0;
	job->self_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (job->self_fd < 0)
		return err_set(e, -errno, "read our own program");
	spec.self_fd = job->self_fd;
	return archive_out_open(&job->out, &spec, e);
}

/*
 * Where private places are made: in the concealed /tmp, so that nobody sees them. But it is
 * recorded itself, with the time of its last change: not where bytes are to be the same.
 */
static void set_private(struct record_job *job)
{
	job->private_under = !job->opt->reproducible && names(&job->paths.concealed, "/tmp") &&
			     access("/tmp", W_OK | X_OK) == 0 ? "/tmp" : job->spool;
}

static int set_engine_names(struct record_job *job, struct err *e)
{
	int r = run_find_abi(&job->run);
	const struct abi *abi;

	if (r < 0)
		return err_set(e, r, "look at %s", job->run.command_path);
	abi = job->run.abi ? abi_find_by_name(job->run.abi) : NULL;
	if (abi && abi->word > abi_native()->word)
		return err_set(e, -ENOEXEC, "%s is a %d-bit program and this care a %d-bit one: use the care of %s",
			       job->argv[0], 8 * abi->word, 8 * abi_native()->word, abi->arch);
	job->run.care_version = strdup(CARE_VERSION);
	job->run.engine = strdup(engine_name((enum engine_kind)job->opt->engine));
	return job->run.care_version && job->run.engine ? 0 : err_set(e, -ENOMEM, "start");
}

int record_setup(struct record_job *job, struct err *e)
{
	const struct record_options *opt = job->opt;
	int r = run_collect(&job->run, job->argv, e);

	clock_gettime(CLOCK_MONOTONIC, &job->started);
	if (r >= 0)
		r = set_engine_names(job, e);
	if (r >= 0)
		r = set_paths(job, e);
	if (r >= 0)
		r = redact(job, e);
	if (r >= 0)
		r = set_output(job, e);
	if (r >= 0)
		r = set_spool(job, e);
	if (r < 0)
		return r;
	set_private(job);
	job->run.concealed = job->paths.concealed;
	job->run.revealed = job->paths.revealed;
	job->run.volatile_paths = job->paths.volatile_paths;
	job->run.volatile_env = job->paths.volatile_env;
	job->paths = (struct record_paths){ 0 };
	job->max_size = opt->max_size == RECORD_MAX_SIZE_UNSET ?
				(opt->ignore_defaults ? -1 : RECORD_DEFAULT_MAX_SIZE) : opt->max_size;
	job->tasks = task_table_new();
	if (!job->tasks)
		return err_set(e, -ENOMEM, "start recording");
	return open_archive(job, e);
}

void record_job_clear(struct record_job *job)
{
	tee_free(job->tee);
	recorder_free(job->recorder);
	free(job->end.stdout_sha256);
	free(job->end.stderr_sha256);
	archive_out_free(job->out, false);
	task_table_free(job->tasks);
	engine_result_free(&job->engine);
	manifest_run_clear(&job->run);
	record_paths_clear(&job->paths);
	manifest_strings_clear(&job->include);
	manifest_strings_clear(&job->redact);
	if (job->spool)
		state_sweep_own(job->spool);
	if (job->spool_claim >= 0)
		close(job->spool_claim);
	if (job->self_fd >= 0)
		close(job->self_fd);
	free(job->spool);
	free(job->output);
	free(job->prefix);
}
