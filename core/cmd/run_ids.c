// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine over a child that enters the namespaces itself: the kernel resolves paths,
 * and only calls about ids, and those that tell or change metadata, stop.
 */
#include "core/cmd/run_ids.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/search.h"
#include "core/cmd/run_extras.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/manifest/volatile.h"
#include "core/replay/enter.h"
#include "core/replay/ns.h"
#include "emul/ids/ids.h"

struct job {
	const struct entry *entry;
	struct plan *plan;
	struct ids *ids;
	struct err *in_child;	/* shared with it */
	int keeper[2];		/* a socket that keeps what is sent into it */
};

bool run_ids_wanted(const struct entry *entry)
{
	const struct enter *how = entry->how;

	/* The init of a pid namespace would have to be born there. */
	if (!how->fake_ids || how->isolate & PLAN_NS_PID)
		return false;
	return how->ids_file || (how->uid == 0 && geteuid() != 0);
}

/* --- the program, in the root -------------------------------------------------------------------- */

/* 0: it can be executed there, as far as its mode tells. */
static int try_program(const struct entry *entry, const char *path)
{
	struct binds_place place = { 0 };
	int r = binds_walk(&entry->binds, path, 0, &place);

	if (r == 0 && (!S_ISREG(place.mode) || !(place.mode & 0111)))
		r = -EACCES;
	binds_place_clear(&place);
	return r;
}

struct program {
	const struct entry *entry;
	char *path;
};

/* What a relative one starts from is the working directory that the command will have. */
static int try_word(void *ctx, const char *word)
{
	struct program *p = ctx;
	_cleanup_buf_ struct buf full = BUF_INIT;
	int r;

	if (*word != '/')
		buf_addf(&full, "%s/", p->entry->cwd);
	buf_adds(&full, word);
	r = buf_error(&full) ?: try_program(p->entry, buf_str(&full));
	if (r < 0)
		return r;
	p->path = strdup(word);
	return p->path ? 0 : -ENOMEM;
}

static int find_program(const struct entry *entry, char **ret)
{
	struct program p = { .entry = entry };
	const char *name = entry->how->argv[0];
	int r = 0;

	if (search_wanted(name))
		r = search_path(manifest_env_get(entry->env, "PATH") ?: SEARCH_DEFAULT, name, try_word, &p);
	else
		p.path = strdup(name);
	if (r < 0 || !p.path)
		return r < 0 ? r : -ENOMEM;
	*ret = p.path;
	return 0;
}

/* --- the namespaces ------------------------------------------------------------------------------ */

static int in_child(void *arg)
{
	const struct job *job = arg;

	return ns_in_child(job->plan, job->keeper[1], job->in_child);
}

static void tick(void *arg)
{
	ids_tick(((struct job *)arg)->ids);
}

/* Can they be had? Decision 17: by going through it all. */
static int try_plan(const struct job *job, bool *ret_refused, struct err *e)
{
	struct ns_start how = { .plan = job->plan, .probe = true };
	struct ns_child child;
	int status, r = ns_start(&child, &how, ret_refused, e);

	if (r == 0 && waitpid(child.pid, &status, 0) == child.pid)
		r = ns_end(&child, status, &status, e);
	return r;
}

static int make_plan(struct job *job, enum plan_ids ids, bool *ret_refused, struct err *e)
{
	struct plan_run run;
	struct plan_place place = { .root = job->entry->binds.root, .ids = ids, .uid = geteuid(),
				    .gid = getegid() };
	int r;

	enter_plan_run(job->entry, &run);
	run.fake_ids = ids == PLAN_IDS_ONE;
	plan_free(job->plan);
	job->plan = NULL;
	r = plan_build_run(&job->plan, &run, &place, e);
	return r < 0 ? r : try_plan(job, ret_refused, e);
}

/* --- together ------------------------------------------------------------------------------------ */

static int run_engine(struct job *job, const char *program, struct enter_result *ret, struct err *e)
{
	struct engine_spec spec = {
		.argv = job->entry->how->argv, .path = program, .envp = job->entry->env,
		.kill_on_exit = job->entry->how->kill_others,
		.kind = job->entry->how->no_seccomp ? ENGINE_PTRACE : ENGINE_AUTO,
		.fake_ids = true, .classes = ids_classes(job->ids), .child = in_child, .tick = tick, .arg = job,
	};
	struct engine_result result = { .status = -1 };
	struct run_extras extras = { .links = NULL };
	struct bus bus = { 0 };
	struct err late = { 0 };
	int r, finished;

	r = run_extras_add_links(&extras, job->entry->how, NULL, NULL, &spec, &bus, e);
	bus_add(&bus, ids_sink(job->ids));
	if (r == 0)
		r = run_extras_add(&extras, job->entry->how, &spec, &bus, e);
	if (r == 0)
		r = engine_run(&spec, &bus, &result, e);
	run_extras_free(&extras);
	engine_signals_restore();
	finished = ids_finish(job->ids, &late);
	if (finished < 0)
		log_warn("%s", late.text);
	if (r < 0 && job->in_child->code < 0)
		*e = *job->in_child;
	ret->ran = result.started && !result.unfit;
	if (r < 0 && ret->ran)
		log_warn("%s", e->text);
	ret->status = engine_exit_code(result.status);
	if (r >= 0 && result.exec_error) {
		ret->not_run = result.exec_error;
		r = err_set(e, result.exec_error, "%s", program);
	}
	engine_result_free(&result);
	return r;
}

static int prepare(struct job *job, struct enter_result *ret, struct err *e)
{
	const struct enter *how = job->entry->how;
	enum plan_ids kind = geteuid() == 0 ? PLAN_IDS_TRUE : PLAN_IDS_ONE;
	struct ids_spec spec = { .uid = how->uid, .gid = how->gid, .root = job->entry->binds.root,
				 .file = how->ids_file };
	int r = make_plan(job, kind, &ret->refused, e);

	if (r < 0 && ret->refused && kind == PLAN_IDS_TRUE) {
		kind = PLAN_IDS_ONE;
		r = make_plan(job, kind, &ret->refused, e);
	}
	if (r < 0)
		return r;
	ret->refused = false;
	spec.seen_uid = kind == PLAN_IDS_ONE ? how->uid : geteuid();
	spec.seen_gid = kind == PLAN_IDS_ONE ? how->gid : getegid();
	job->ids = ids_new(&spec, e);
	return job->ids ? 0 : e->code;
}

int run_ids(const struct entry *entry, struct enter_result *ret, struct err *e)
{
	struct job job = { .entry = entry };
	_cleanup_free_ char *program = NULL;
	int r;

	*ret = (struct enter_result){ 0 };
	job.in_child = mmap(NULL, sizeof(*job.in_child), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job.in_child == MAP_FAILED)
		return err_set(e, -errno, "get memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job.keeper) < 0) {
		munmap(job.in_child, sizeof(*job.in_child));
		return err_set(e, -errno, "make a socket");
	}
	r = prepare(&job, ret, e);
	if (r == 0) {
		r = find_program(entry, &program);
		if (r < 0)
			ret->not_run = err_set(e, r, "%s", entry->how->argv[0]);
	}
	if (r == 0)
		r = run_engine(&job, program, ret, e);
	ids_free(job.ids);
	plan_free(job.plan);
	close(job.keeper[0]);
	close(job.keeper[1]);
	munmap(job.in_child, sizeof(*job.in_child));
	return r;
}
