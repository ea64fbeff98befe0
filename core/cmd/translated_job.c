// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine, the translation, and what else acts on the calls of one command. */
#include "core/cmd/translated_job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/search.h"
#include "core/event/event.h"
#include "core/manifest/volatile.h"
#include "core/replay/enter.h"
#include "core/replay/idmap.h"
#include "core/replay/ns.h"
#include "core/replay/replay.h"
#include "core/task/task.h"
#include "core/translate/translate.h"
#include "emul/elf/elf.h"
#include "emul/ids/ids.h"

static int tell_program(void *run, struct task *t, struct stat *ret)
{
	return translate_program(((struct translated *)run)->translate, t, ret);
}

int translated_open(struct translated *run, const struct translate_spec *want, struct ids_spec *ids, struct err *e)
{
	struct translate_spec spec = *want;

	if (ids) {
		ids->program = tell_program;
		ids->ctx = run;
		ids->seen_uid = geteuid();
		ids->seen_gid = getegid();
		ids->root = spec.root;
		spec.as_root = ids->uid == 0;
		run->ids = ids_new(ids, e);
		if (!run->ids)
			return e->code;
	}
	run->tasks = task_table_new();
	if (!run->tasks)
		return err_set(e, -ENOMEM, "enter %s", spec.root);
	spec.tasks = run->tasks;
	if (run->ids) {
		spec.looked = ids_looked;
		spec.looker = run->ids;
	}
	run->translate = translate_new(&spec, e);
	return run->translate ? 0 : e->code;
}

void translated_close(struct translated *run)
{
	struct err e;

	if (run->ids && ids_finish(run->ids, &e) < 0)
		log_warn("%s", e.text);
	ids_free(run->ids);
	run_extras_free(&run->extras);
	free(run->program);
	buf_free(&run->cwd_host);
	translate_free(run->translate);
	task_table_free(run->tasks);
}

/* --- the program -------------------------------------------------------------------------- */

/* 0, -EACCES: it is there but may not be executed, else -ENOENT: no candidate. */
static int is_program(struct translate *tr, const char *guest)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	struct stat st;

	if (translate_host(tr, guest, true, &host) < 0 || stat(host.data, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	return faccessat(AT_FDCWD, host.data, X_OK, AT_EACCESS) < 0 ? -EACCES : 0;
}

static int candidate(void *ctx, const char *name)
{
	struct translated *run = ctx;
	_cleanup_buf_ struct buf whole = BUF_INIT;
	int r;

	if (*name != '/')
		buf_addf(&whole, "%s/", run->cwd);
	buf_adds(&whole, name);
	r = buf_error(&whole) < 0 ? -ENOMEM : is_program(run->translate, whole.data);
	if (r < 0)
		return r;
	run->program = strdup(name);
	return run->program ? 0 : -ENOMEM;
}

/* Along the PATH that the command will see itself, from its working directory. */
static int find_program(struct translated *run, const char *name)
{
	if (search_wanted(name))
		return search_path(manifest_env_get(run->env, "PATH") ?: SEARCH_DEFAULT, name, candidate, run);
	run->program = strdup(name);
	return run->program ? 0 : -ENOMEM;
}

/* --- the engine ---------------------------------------------------------------------------- */

/* As by namespaces: without the groups that we were in. */
static int become(const struct enter *how)
{
	if (setgroups(0, NULL) < 0)
		log_info("our supplementary groups stay");
	return setresgid(how->gid, how->gid, how->gid) < 0 || setresuid(how->uid, how->uid, how->uid) < 0 ? -errno : 0;
}

static int in_child(void *arg)
{
	const struct translated *run = arg;
	const struct replay_translate *replay = run->replay;
	struct err e = { 0 };
	int r;

	for (int i = 0; replay && replay->stdio && i < 3; i++)
		if (replay->stdio[i] >= 0 && replay->stdio[i] != i && dup3(replay->stdio[i], i, 0) < 0)
			return -errno;
	if (replay) {
		r = ns_settle(replay->plan, replay->mask, &e);
		if (r < 0)
			log_warn("%s", e.text);
		return r;
	}
	if (chdir(run->cwd_host.data) < 0)
		return -errno;
	return run->become ? become(run->how) : 0;
}

static void tick(void *arg)
{
	const struct translated *run = arg;

	if (run->ids)
		ids_tick(run->ids);
}

static int explain(struct translated *run, int error, struct err *e)
{
	_cleanup_buf_ struct buf host = BUF_INIT;

	translate_host(run->translate, run->program, true, &host);
	return ns_explain(run->program, buf_str(&host), error, e);
}

static int call_host(void *translate, struct task *t, const struct call *c, int i, struct buf *ret)
{
	return translate_call_host(translate, t, c, i, ret);
}

/* What is no program here is no script for a shell either. */
static bool is_binary(struct translated *run)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_close_ int fd = translate_host(run->translate, run->program, true, &host) < 0 ?
					 -1 : open(host.data, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 && elf_has_magic(fd);
}

static int run_engine(struct translated *run, struct translated_outcome *ret, struct err *e)
{
	struct engine_result result = { 0 };
	struct bus bus = { 0 };
	struct engine_spec spec = {
		.argv = run->argv, .envp = run->env, .path = run->program, .kind = run->kind,
		.kill_on_exit = run->kill_others, .confine = true, .stop_too = true,
		.binary = is_binary(run), .fake_ids = run->ids != NULL, .tasks = run->tasks, .child = in_child,
		.arg = run, .tick = tick,
		.classes = translate_classes(run->translate) | (run->ids ? ids_classes(run->ids) : 0),
	};
	int r = 0;

	bus_add(&bus, translate_sink(run->translate));
	if (run->how)
		r = run_extras_add_links(&run->extras, run->how, call_host, run->translate, &spec, &bus, e);
	if (run->ids)
		bus_add(&bus, ids_sink(run->ids));
	if (r == 0 && run->how)
		r = run_extras_add(&run->extras, run->how, &spec, &bus, e);
	if (r < 0)
		return r;
	r = engine_run(&spec, &bus, &result, e);
	ret->refused = r < 0 && result.status < 0;
	ret->ran = r == 0 && result.started;
	ret->status = result.status;
	if (r == 0 && !result.started)
		r = ret->not_run = explain(run, result.exec_error ?: -ENOENT, e);
	if (result.why[0])
		log_info("engine %s: %s", engine_name(result.kind), result.why);
	engine_signals_restore();
	engine_result_free(&result);
	return r;
}

int translated_execute(struct translated *run, struct translated_outcome *ret, struct err *e)
{
	int r = run->program ? 0 : find_program(run, run->argv[0]);

	*ret = (struct translated_outcome){ 0 };
	if (r == 0 && run->cwd)
		r = translate_start_in(run->translate, run->cwd);
	if (r == -ENOENT || r == -EACCES)
		return ret->not_run = err_set(e, r, "%s", run->argv[0]);
	if (r < 0)
		return err_set(e, r, "look for %s", run->argv[0]);
	return run_engine(run, ret, e);
}
