// SPDX-License-Identifier: GPL-2.0-or-later
/* Replays without namespaces: the steps of their plan, carried out by translation. */
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
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/cmd/translated_job.h"
#include "core/manifest/manifest.h"
#include "core/replay/idmap.h"
#include "core/replay/inroot.h"
#include "core/replay/replay.h"
#include "core/translate/translate.h"
#include "emul/ids/ids.h"

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

static int bind_one(struct translated *run, const struct plan_op *op, struct err *e)
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

static int bind_plan(struct translated *run, const struct plan *p, struct err *e)
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
static int locate_steps(struct translated *run, struct plan *p, struct err *e)
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
static int tell_owners(struct translated *run, const struct manifest *m, const char *root, struct err *e)
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
	struct translated run = {
		.argv = how->plan->argv, .env = how->plan->env, .replay = how,
		.kind = kind_of(*(const int *)choice), .kill_others = how->kill_others,
	};
	struct translate_spec spec = {
		.root = root, .opening = how->opening, .ctx = how->ctx,
		.other_ids = becomes_another(how->plan),
	};
	struct translated_outcome out = { 0 };
	struct reader reader;
	const struct plan_op *map = ids_of(how->plan);
	struct ids_spec ids = { .uid = map ? map->uid : geteuid(), .gid = map ? map->gid : getegid() };
	int r = root ? translated_open(&run, &spec, map || how->owners ? &ids : NULL, e) :
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
		r = translated_execute(&run, &out, e);
		stop_reader(&reader);
	}
	how->refused = out.refused;
	how->ran = out.ran;
	how->status = out.status;
	how->not_run = out.not_run;
	free((char *)run.cwd);
	translated_close(&run);
	return r;
}

void translated_want(struct replay_want *want, const int *choice)
{
	want->way = *choice == CHOICE_AUTO	 ? REPLAY_WAY_AUTO :
		    *choice == CHOICE_NAMESPACES ? REPLAY_WAY_NAMESPACES :
						   REPLAY_WAY_TRANSLATE;
	want->translate = run_replay;
	want->translate_ctx = (void *)(uintptr_t)choice;
}
