// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cmd/translated.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/search.h"
#include "core/cmd/cmd.h"
#include "core/cmd/run_extras.h"
#include "core/event/event.h"
#include "core/manifest/manifest.h"
#include "core/manifest/volatile.h"
#include "core/replay/enter.h"
#include "core/replay/idmap.h"
#include "core/replay/inroot.h"
#include "core/replay/ns.h"
#include "core/replay/replay.h"
#include "core/task/task.h"
#include "core/translate/translate.h"
#include "emul/elf/elf.h"
#include "emul/ids/ids.h"
#include "emul/links/links.h"

struct run {
	struct task_table *tasks;
	struct translate *translate;
	struct ids *ids;
	struct run_extras extras;
	const struct enter *how;	/* NULL: a replay */
	char *const *argv, *const *env;
	const char *cwd;		/* in the guest */
	struct buf cwd_host;
	char *program;			/* in the guest, as it is executed */
	bool kill_others;
	bool become;			/* root need not pretend: it takes the ids that are asked for */
	enum engine_kind kind;

	/* Of a replay. */
	struct replay_translate *replay;
};

struct outcome {
	bool refused, ran;
	int status;			/* as of waitpid(2) */
	int not_run;			/* −errno of execve */
};

static int tell_program(void *run, struct task *t, struct stat *ret)
{
	return translate_program(((struct run *)run)->translate, t, ret);
}

/* @ids: of another user than we are, who is to be seen; NULL: nobody. */
static int open_run(struct run *run, const struct translate_spec *want, struct ids_spec *ids, struct err *e)
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

static void close_run(struct run *run)
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
	struct run *run = ctx;
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
static int find_program(struct run *run, const char *name)
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
	const struct run *run = arg;
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
	const struct run *run = arg;

	if (run->ids)
		ids_tick(run->ids);
}

static int explain(struct run *run, int error, struct err *e)
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
static bool is_binary(struct run *run)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_close_ int fd = translate_host(run->translate, run->program, true, &host) < 0 ?
					 -1 : open(host.data, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 && elf_has_magic(fd);
}

static int run_engine(struct run *run, struct outcome *ret, struct err *e)
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

/* From the program's name to its end. */
static int run_command(struct run *run, struct outcome *ret, struct err *e)
{
	int r = run->program ? 0 : find_program(run, run->argv[0]);

	*ret = (struct outcome){ 0 };
	if (r == 0 && run->cwd)
		r = translate_start_in(run->translate, run->cwd);
	if (r == -ENOENT || r == -EACCES)
		return ret->not_run = err_set(e, r, "%s", run->argv[0]);
	if (r < 0)
		return err_set(e, r, "look for %s", run->argv[0]);
	return run_engine(run, ret, e);
}

/* --- care run -------------------------------------------------------------------------------- */

static int bind_entry(struct run *run, const struct binds *binds, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < binds->n && r == 0; i++)
		r = translate_bind(run->translate, binds->v[i].host, binds->v[i].guest,
				   TRANSLATE_LITERAL, NULL, e);
	return r;
}

int translated_run(const struct entry *entry, enum engine_kind kind, struct enter_result *ret, struct err *e)
{
	struct run run = {
		.argv = entry->how->argv, .env = entry->env, .cwd = entry->cwd, .kind = kind,
		.kill_others = entry->how->kill_others, .how = entry->how,
	};
	const struct enter *how = entry->how;
	struct translate_spec spec = {
		.root = entry->binds.root, .qemu = how->qemu, .is_file = how->links ? links_is_target : NULL,
	};
	struct ids_spec ids = { .uid = how->uid, .gid = how->gid, .file = how->ids_file };
	struct outcome out = { 0 };
	int r;

	run.become = how->fake_ids && !how->ids_file && geteuid() == 0 && idmap_may_become(how->uid, how->gid);
	spec.other_ids = run.become && (how->uid || how->gid);
	r = open_run(&run, &spec, how->fake_ids && !run.become ? &ids : NULL, e);
	if (r == 0)
		r = bind_entry(&run, &entry->binds, e);
	if (r == 0) {
		r = translate_host(run.translate, run.cwd, true, &run.cwd_host);
		if (r < 0)
			err_set(e, r, "enter the working directory %s", run.cwd);
	}
	if (r == 0)
		r = run_command(&run, &out, e);
	*ret = (struct enter_result){
		.ran = out.ran, .refused = out.refused, .not_run = out.not_run,
		.status = out.ran ? engine_exit_code(out.status) : 0,
	};
	close_run(&run);
	return r;
}

/* --- replays ------------------------------------------------------------------------------------ */

/* Directories, or an empty file, to put something on: the tree is ours. */
static int make_point(const char *host, bool dir)
{
	_cleanup_free_ char *path = strdup(host);
	_cleanup_close_ int fd = -1;

	if (!path)
		return -ENOMEM;
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (dir)
		return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

static int bind_one(struct run *run, const struct plan_op *op, struct err *e)
{
	_cleanup_free_ char *host = realpath(op->host, NULL);
	_cleanup_buf_ struct buf missing = BUF_INIT;
	unsigned flags = (op->flags & PLAN_BIND_READONLY ? TRANSLATE_READONLY : 0) |
			 (op->flags & PLAN_BIND_NOFOLLOW ? TRANSLATE_NOFOLLOW : 0);
	struct stat st;
	int r;

	if (!host || stat(host, &st) < 0)
		return err_set(e, -errno, "%s is taken from this machine, but", op->host);
	r = translate_bind(run->translate, host, op->guest, flags, &missing, e);
	if (r != -ENOENT || !missing.len)
		return r;
	r = make_point(missing.data, S_ISDIR(st.st_mode));
	if (r < 0)
		return err_set(e, r, "make the mount point %s", op->guest);
	return translate_bind(run->translate, host, op->guest, flags, NULL, e);
}

static int bind_plan(struct run *run, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_op *op = &p->ops[i];
		int r = op->kind == PLAN_BIND ? bind_one(run, op, e) : 0;

		if (r < 0 && !(op->flags & PLAN_BIND_OPTIONAL))
			return r;
		if (r < 0 && !(op->flags & PLAN_BIND_SILENT))
			log_warn("%s", e->text);
	}
	return 0;
}

/* Paths of the steps that are carried out before the translation is there. */
static int locate_steps(struct run *run, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct plan_op *op = &p->ops[i];
		_cleanup_buf_ struct buf host = BUF_INIT;
		int r;

		if (op->kind != PLAN_CHDIR && op->kind != PLAN_FD)
			continue;
		r = translate_host(run->translate, op->guest, true, &host);
		if (r < 0 && !host.len)
			return err_set(e, r, "%s", op->guest);
		if (op->kind == PLAN_CHDIR)
			run->cwd = strdup(op->guest);
		free(op->guest);
		op->guest = buf_steal(&host);
		if (!op->guest || (op->kind == PLAN_CHDIR && !run->cwd))
			return err_set(e, -ENOMEM, "replay");
	}
	return 0;
}

/* The engine's thread waits for the command: what it writes into our pipes another one reads. */
struct reader {
	pthread_t thread;
	int stop;
	const struct replay_translate *how;
};

static void *read_sources(void *arg)
{
	struct reader *reader = arg;
	const struct replay_translate *how = reader->how;
	struct pollfd fds[WAIT_SOURCES + 1];

	for (int i = 0; i < how->n_sources; i++)
		fds[i] = (struct pollfd){ .fd = how->sources[i].fd, .events = POLLIN };
	fds[how->n_sources] = (struct pollfd){ .fd = reader->stop, .events = POLLIN };
	while (poll(fds, how->n_sources + 1, -1) >= 0 && !fds[how->n_sources].revents)
		for (int i = 0; i < how->n_sources; i++)
			if (fds[i].revents && !how->sources[i].readable(how->sources[i].ctx))
				fds[i].fd = -1;
	return NULL;
}

static int start_reader(struct reader *reader, const struct replay_translate *how, struct err *e)
{
	sigset_t all, before;
	int r;

	*reader = (struct reader){ .how = how, .stop = -1 };
	if (!how->n_sources)
		return 0;
	reader->stop = eventfd(0, EFD_CLOEXEC);
	if (reader->stop < 0)
		return err_set(e, -errno, "read what the command writes");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&reader->thread, NULL, read_sources, reader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		cleanup_closep(&reader->stop);
	return r < 0 ? err_set(e, r, "read what the command writes") : 0;
}

static void stop_reader(struct reader *reader)
{
	static const uint64_t one = 1;

	if (reader->stop < 0)
		return;
	io_write_all(reader->stop, &one, sizeof(one));
	pthread_join(reader->thread, NULL);
	close(reader->stop);
}

static enum engine_kind kind_of(int choice)
{
	return choice == CHOICE_PTRACE_SECCOMP ? ENGINE_PTRACE_SECCOMP :
	       choice == CHOICE_PTRACE	       ? ENGINE_PTRACE :
						 ENGINE_AUTO;
}

/* Without a namespace that maps them ids are made; NULL: they are ours. */
static const struct plan_op *ids_of(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == PLAN_MAP_ONE &&
		    (p->ops[i].uid != p->ops[i].our_uid || p->ops[i].gid != p->ops[i].our_gid))
			return &p->ops[i];
	return NULL;
}

/* The disk has our files; whose they were the manifest says. */
static int tell_owners(struct run *run, const struct manifest *m, const char *root, struct err *e)
{
	_cleanup_close_ int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = top < 0 ? err_set(e, -errno, "%s", root) : 0;

	for (size_t i = 0; i < m->n_files && r == 0; i++) {
		const struct manifest_file *f = &m->files[i];
		_cleanup_close_ int fd = inroot_open(top, f->path, O_PATH);

		/* What is not in the tree is this machine's. */
		if (fd >= 0)
			r = ids_own(run->ids, fd, f->uid, f->gid, e);
	}
	return r;
}

static bool becomes_another(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == PLAN_IDS && (p->ops[i].uid != geteuid() || p->ops[i].gid != getegid()))
			return true;
	return false;
}

static int run_replay(void *choice, struct replay_translate *how, struct err *e)
{
	_cleanup_free_ char *root = realpath(how->root, NULL);
	const struct plan_op *last = &how->plan->ops[how->plan->n - 1];
	struct run run = {
		.argv = how->plan->argv, .env = how->plan->env, .replay = how,
		.kind = kind_of(*(const int *)choice), .kill_others = how->kill_others,
	};
	struct translate_spec spec = {
		.root = root, .opening = how->opening, .ctx = how->ctx,
		.other_ids = becomes_another(how->plan),
	};
	struct outcome out = { 0 };
	struct reader reader;
	const struct plan_op *map = ids_of(how->plan);
	struct ids_spec ids = { .uid = map ? map->uid : geteuid(), .gid = map ? map->gid : getegid() };
	int r = root ? open_run(&run, &spec, map || how->owners ? &ids : NULL, e) :
		       err_set(e, -errno, "%s", how->root);

	if (r == 0 && how->owners)
		r = tell_owners(&run, how->owners, root, e);
	if (r == 0)
		r = bind_plan(&run, how->plan, e);
	if (r == 0)
		r = locate_steps(&run, how->plan, e);
	if (r == 0 && last->guest && !(run.program = strdup(last->guest)))
		r = err_set(e, -ENOMEM, "replay");
	if (r == 0)
		r = start_reader(&reader, how, e);
	if (r == 0) {
		r = run_command(&run, &out, e);
		stop_reader(&reader);
	}
	how->refused = out.refused;
	how->ran = out.ran;
	how->status = out.status;
	how->not_run = out.not_run;
	free((char *)run.cwd);
	close_run(&run);
	return r;
}

enum engine_kind translated_kind(const struct enter *how)
{
	if (how->way == ENTER_PTRACE_SECCOMP)
		return ENGINE_PTRACE_SECCOMP;
	return how->way == ENTER_PTRACE || how->no_seccomp ? ENGINE_PTRACE : ENGINE_AUTO;
}

void translated_want(struct replay_want *want, const int *choice)
{
	want->way = *choice == CHOICE_AUTO	 ? REPLAY_WAY_AUTO :
		    *choice == CHOICE_NAMESPACES ? REPLAY_WAY_NAMESPACES :
						   REPLAY_WAY_TRANSLATE;
	want->translate = run_replay;
	want->translate_ctx = (void *)(uintptr_t)choice;
}

int translated_refused(int choice, const struct err *e)
{
	static const char *const what[] = {
		[CHOICE_AUTO] = "lets us neither make namespaces nor trace programs",
		[CHOICE_NAMESPACES] = "does not let us make the namespaces that are needed",
		[CHOICE_PTRACE_SECCOMP] = "does not let us trace programs",
		[CHOICE_PTRACE] = "does not let us trace programs",
	};

	return cmd_fail(CMD_EXIT_FAILURE, "this system %s (%s); care doctor says what it grants", what[choice],
			e->text);
}
