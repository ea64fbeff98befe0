// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a machine grants is found out by going the whole way (decision 17): the most
 * faithful way first, and the next one if a step of it is refused.
 */
#include "core/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/manifest/manifest.h"
#include "core/replay/cpu.h"
#include "core/replay/idmap.h"
#include "core/replay/inroot.h"
#include "core/replay/ns.h"
#include "core/replay/settle.h"
#include "core/replay/transfer.h"
#include "core/replay/wait.h"
#include "core/replay/watch.h"

extern char **environ;

static bool is_recorded_command(const struct manifest *m, char *const *argv)
{
	size_t i = 0;

	while (i < m->run.argv.n && argv[i] && strcmp(argv[i], m->run.argv.v[i]) == 0)
		i++;
	return i == m->run.argv.n && !argv[i];
}

int replay_open(struct replay **ret, const struct replay_want *want, struct err *e)
{
	struct replay *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return err_set(e, -ENOMEM, "replay %s", want->archive);
	r->want = *want;
	if (!r->want.plan.host_env)
		r->want.plan.host_env = environ;
	err = archive_in_open(&r->in, want->archive, e);
	if (err == 0)
		err = archive_in_manifest(r->in, &r->manifest, e);
	if (err < 0) {
		replay_close(r, NULL);
		return err;
	}
	if (r->want.plan.argv && is_recorded_command(r->manifest, r->want.plan.argv))
		r->want.plan.argv = NULL;
	*ret = r;
	return 0;
}

int replay_close(struct replay *r, struct err *e)
{
	int err;

	if (!r)
		return 0;
	plan_free(r->plan);
	watch_free(r->watch);
	guard_free(&r->guard);
	err = scratch_close(r->tree, e);
	/* Whoever is in a hurry to end us would leave the tree behind. */
	if (r->holds)
		sigprocmask(SIG_SETMASK, &r->mask, NULL);
	if (r->manifest)
		manifest_free(r->manifest);
	if (r->in)
		archive_in_free(r->in);
	free(r);
	return err;
}

static bool is_directory(const struct replay *r)
{
	return archive_in_format(r->in)->container == ARCHIVE_DIR;
}

/* Overlayfs in place of a copy would be noticed by what renames directories or writes links. */
static bool overlay_is_faithful(const struct replay *r)
{
	const struct manifest *m = r->manifest;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int root = -1;
	struct stat st;

	/* What another command will do, nobody knows. */
	if (r->want.plan.argv || !m->has_end || m->end.partial || m->end.renamed_dirs ||
	    m->end.wrote_hardlinks || m->end.changed_ids)
		return false;
	if (!is_directory(r))
		return true;
	/* A directory is taken as it is: its files must be ours and need no projection. */
	if (m->run.euid != 0 || asprintf(&path, "%s/rootfs", r->want.archive) < 0)
		return false;
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 && fstat(root, &st) == 0 && st.st_uid == geteuid() && !settle_needed(root, m);
}

static enum scratch_kind choose_tree(const struct replay *r)
{
	if (r->want.in_place)
		return SCRATCH_IN_PLACE;
	if (r->place.ids == PLAN_IDS_RANGES)
		return SCRATCH_COPY;
	if (r->want.keep || r->want.no_cache || r->want.puts.n || r->want.gets.n ||
	    r->want.tree == REPLAY_TREE_COPY)
		return SCRATCH_COPY;
	if (r->want.tree == REPLAY_TREE_OVERLAY || overlay_is_faithful(r))
		return SCRATCH_OVERLAY;
	return SCRATCH_COPY;
}

static struct scratch_want scratch_wanted(struct replay *r)
{
	bool project = r->place.ids == PLAN_IDS_ONE && r->manifest->run.euid != 0;

	return (struct scratch_want){
		.kind = choose_tree(r),
		.directory = is_directory(r),
		.no_cache = r->want.no_cache,
		.keep = r->want.keep,
		.own = r->place.ids == PLAN_IDS_RANGES ? r->manifest : NULL,
		.manifest = r->manifest,
		.source = {
			.archive = r->want.archive,
			.in = r->in,
			.project = project ? r->manifest : NULL,
			.cwd = r->manifest->end.partial ? r->manifest->run.cwd : NULL,
			.owners = r->place.ids == PLAN_IDS_TRUE ||
				  (r->place.ids == PLAN_IDS_RANGES && r->want.no_cache),
			.limit = r->want.cache_limit ?: REPLAY_CACHE_LIMIT,
			.new_limit = r->want.cache_limit,
			.progress = r->want.progress,
			.ctx = r->want.ctx,
		},
	};
}

static void place_tree(struct replay *r)
{
	r->place.root = r->tree->root;
	r->place.lower = r->tree->kind == SCRATCH_OVERLAY ? r->tree->pristine : NULL;
	r->place.upper = r->tree->upper;
	r->place.work = r->tree->work;
}

static int make_plan(struct replay *r, struct err *e)
{
	plan_free(r->plan);
	r->plan = NULL;
	/* Nothing to guard: nothing to ask for. */
	r->want.plan.guard = r->want.strict && r->watch;
	return plan_build(&r->plan, r->manifest, &r->want.plan, &r->place, e);
}

static int start(struct replay *r, struct ns_child *ret, const sigset_t *mask, bool probe,
		 bool *ret_refused, struct err *e)
{
	struct ns_start how = {
		.plan = r->plan, .watch = r->watch, .mask = mask, .stdio = r->want.stdio, .probe = probe,
	};

	return ns_start(ret, &how, ret_refused, e);
}

/* With this way of keeping ids: the tree as it wants it, an overlay or else a copy. */
static int start_with(struct replay *r, enum plan_ids ids, struct ns_child *ret, const sigset_t *mask,
		      bool probe, bool *ret_refused, struct err *e)
{
	struct scratch_want want;
	int err = 0;

	*ret_refused = false;
	r->place.ids = ids;
	r->place.uid = geteuid();
	r->place.gid = getegid();
	want = scratch_wanted(r);
	if (r->tree)
		err = scratch_close(steal_ptr(r->tree), e);
	if (err == 0)
		err = scratch_open(&r->tree, &want, e);
	if (err < 0)
		return err;
	place_tree(r);
	err = transfer_put(r->tree->root, r->want.puts, e);
	if (err == 0)
		err = make_plan(r, e);
	if (err == 0)
		err = start(r, ret, mask, probe, ret_refused, e);
	if (err == 0 || !*ret_refused || r->tree->kind != SCRATCH_OVERLAY)
		return err;
	log_debug("%s; a copy instead", e->text);
	err = scratch_copy_instead(r->tree, &want, e);
	if (err < 0)
		return err;
	*ret_refused = false;
	place_tree(r);
	err = make_plan(r, e);
	return err == 0 ? start(r, ret, mask, probe, ret_refused, e) : err;
}

/*
 * Granted ranges serve when owners decide: the recording changed ids. Else they would
 * only leave files of others' in what is kept, which their user could not remove.
 */
static bool wants_ranges(const struct replay *r, struct idmap_grant *grant)
{
	return geteuid() != 0 && r->manifest->end.changed_ids && !r->want.keep && !r->want.in_place &&
	       idmap_granted(grant);
}

/* Root of a container may have no other id than its own, and is then as anybody else. */
static bool has_all_ids(const struct replay *r)
{
	return geteuid() == 0 && idmap_may_become(r->manifest->run.euid, r->manifest->run.egid);
}

/* Root's own ids first; where root is not let (a container), as anybody else. */
static int start_any(struct replay *r, struct ns_child *ret, const sigset_t *mask, bool probe,
		     bool *ret_refused, struct err *e)
{
	const struct manifest_run *run = &r->manifest->run;
	struct idmap_grant grant;
	int err = -EPERM;

	*ret_refused = true;
	if (wants_ranges(r, &grant) && idmap_enter(&grant, run->euid, run->egid, e) == 1)
		err = start_with(r, PLAN_IDS_RANGES, ret, mask, probe, ret_refused, e);
	else if (has_all_ids(r))
		err = start_with(r, PLAN_IDS_TRUE, ret, mask, probe, ret_refused, e);
	if (err == 0 || !*ret_refused)
		return err;
	/* Without a user namespace nothing will run: to be said before minutes go into unpacking. */
	err = idmap_works(e);
	if (err == 0)
		err = start_with(r, PLAN_IDS_ONE, ret, mask, probe, ret_refused, e);
	return err;
}

/*
 * Are namespaces to be had at all? To be known before minutes go into unpacking, and before
 * anything is made that has to be made otherwise without them.
 */
static int try_namespaces(struct err *e)
{
	struct plan_place place = { .root = "/", .uid = geteuid(), .gid = getegid(),
				    .ids = geteuid() == 0 ? PLAN_IDS_TRUE : PLAN_IDS_ONE };
	struct plan *p = plan_new();
	struct ns_start how = { .plan = p, .probe = true };
	struct ns_child child;
	bool refused;
	int status, err = p ? 0 : -ENOMEM;

	if (err == 0) {
		plan_add_root(p, &place, 0, place.uid, place.gid);
		plan_add(p, PLAN_DETACH);
		plan_add(p, PLAN_EXEC);
		err = plan_error(p, e);
	}
	if (err == 0)
		err = ns_start(&child, &how, &refused, e);
	if (err == 0) {
		waitpid(child.pid, &status, 0);
		err = ns_end(&child, status, &status, e);
	}
	plan_free(p);
	return err;
}

static int make_watch(struct replay *r, struct err *e)
{
	if (r->watch)
		return 0;
	return watch_new(&r->watch, r->manifest, !r->want.plan.argv, e);
}

struct reading {
	struct watch *watch;
	int inotify;
};

static bool read_watch(void *ctx)
{
	struct reading *r = ctx;

	watch_read(r->watch, r->inotify);
	return true;
}

/* Its answers are exact: what it refused is what was opened. */
static int start_guard(struct replay *r, struct ns_child *child, struct err *e)
{
	const struct manifest_run *run = &r->manifest->run;
	size_t n = watch_count(r->watch);
	_cleanup_free_ const char **paths = calloc(n + 1, sizeof(*paths));
	struct guard_want want = {
		.listener = child->listener, .root = child->root, .pid = child->pid,
		.paths = paths, .n = n, .drop = run->euid != 0, .become = r->place.ids != PLAN_IDS_ONE,
		.uid = run->euid, .gid = run->egid, .groups = run->groups, .n_groups = run->n_groups,
	};
	int err = paths ? 0 : err_set(e, -ENOMEM, "guard files without content");

	for (size_t i = 0; paths && i < n; i++)
		paths[i] = watch_path(r->watch, i);
	if (err == 0)
		err = guard_start(&r->guard, &want, e);
	close(child->listener);
	close(child->root);
	child->listener = child->root = -1;
	if (child->inotify >= 0)
		close(steal_fd(&child->inotify));
	if (err < 0) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		close(child->channel);
	}
	return err;
}

static void end_guard(struct replay *r)
{
	guard_stop(&r->guard);
	for (size_t i = 0; r->watch && i < watch_count(r->watch); i++)
		if (guard_refused(&r->guard, i))
			watch_opened(r->watch, i);
	if (guard_blind(&r->guard))
		log_warn("%zu calls that open files could not be looked at", guard_blind(&r->guard));
}

static int wait_and_end(struct replay *r, struct ns_child *child, struct err *e)
{
	struct reading reading = { r->watch, child->inotify };
	struct wait_how how = {
		.pid = child->pid, .kill_others = r->want.kill_others, .n_sources = 1,
		.sources = { { child->inotify, read_watch, &reading } },
	};
	int status = 0, err;

	for (int i = 0; i < r->want.n_sources; i++)
		how.sources[how.n_sources++] = r->want.sources[i];
	err = wait_for(&how, &status, e);
	end_guard(r);
	if (child->inotify >= 0) {
		watch_read(r->watch, child->inotify);
		close(child->inotify);
	}
	if (err < 0)
		return err;
	err = ns_end(child, status, &r->status, e);
	r->ran = err == 0;
	if (child->not_executed)
		r->not_run = err;
	return child->not_executed ? 0 : err;
}

/* What is refused in the tree: what the archive has no content of. */
static int opening(void *watch, const struct stat *st)
{
	return watch_refuse(watch, st) ? -EIO : 0;
}

static int prepare_translation(struct replay *r, struct err *e)
{
	struct scratch_want want;
	int err;

	r->place.ids = has_all_ids(r) ? PLAN_IDS_TRUE : PLAN_IDS_ONE;
	r->place.uid = geteuid();
	r->place.gid = getegid();
	want = scratch_wanted(r);
	if (want.kind == SCRATCH_OVERLAY)
		want.kind = SCRATCH_COPY;
	want.shared = r->place.ids == PLAN_IDS_TRUE && r->manifest->run.euid != 0;
	want.shared_gid = r->manifest->run.egid;
	err = r->tree ? scratch_close(steal_ptr(r->tree), e) : 0;
	if (err == 0)
		err = scratch_open(&r->tree, &want, e);
	if (err < 0)
		return err;
	place_tree(r);
	err = transfer_put(r->tree->root, r->want.puts, e);
	return err == 0 ? make_plan(r, e) : err;
}

/* Signals are the engine's meanwhile: it hands them on. */
static int run_translated(struct replay *r, bool *ret_refused, struct err *e)
{
	struct reading reading = { r->watch, -1 };
	struct replay_translate how = {
		.mask = &r->mask, .stdio = r->want.stdio, .kill_others = r->want.kill_others,
	};
	int err = prepare_translation(r, e);

	*ret_refused = false;
	if (err < 0)
		return err;
	how.plan = r->plan;
	how.root = r->tree->root;
	/* What granted ranges of ids do in a namespace. */
	how.owners = r->manifest->end.changed_ids && r->place.ids == PLAN_IDS_ONE ? r->manifest : NULL;
	for (int i = 0; i < r->want.n_sources; i++)
		how.sources[how.n_sources++] = r->want.sources[i];
	if (r->watch)
		reading.inotify = watch_begin(r->watch, r->tree->root, e);
	if (r->watch && reading.inotify < 0)
		log_warn("%s", e->text);
	if (reading.inotify >= 0 && r->want.strict) {
		/* Its answers are exact, what inotify tells is not. */
		close(steal_fd(&reading.inotify));
		how.opening = opening;
		how.ctx = r->watch;
	} else if (reading.inotify >= 0) {
		how.sources[how.n_sources++] = (struct wait_source){ reading.inotify, read_watch, &reading };
	}
	err = r->want.translate(r->want.translate_ctx, &how, e);
	if (reading.inotify >= 0) {
		watch_read(r->watch, reading.inotify);
		close(reading.inotify);
	}
	*ret_refused = how.refused;
	r->ran = how.ran;
	r->status = how.status;
	r->not_run = how.not_run;
	return how.not_run ? 0 : err;
}

static bool may_translate(const struct replay *r)
{
	/* What only namespaces can separate is not pretended. */
	return r->want.translate && r->want.way != REPLAY_WAY_NAMESPACES && !r->want.plan.isolate;
}

/* Does it have to be by translation? Then @e says why. */
static bool must_translate(struct replay *r, struct err *e)
{
	if (!may_translate(r))
		return false;
	if (r->want.way == REPLAY_WAY_TRANSLATE)
		err_set(e, -EPERM, "it is wanted so");
	else if (try_namespaces(e) == 0)
		return false;
	log_info("by translation: %s", e->text);
	return true;
}

int replay_plan(struct replay *r, struct err *e)
{
	struct ns_child child;
	bool refused;
	int err, status;

	err = make_watch(r, e);
	if (err < 0)
		return err;
	if (must_translate(r, e))
		return prepare_translation(r, e);
	err = start_any(r, &child, NULL, true, &refused, e);
	if (err < 0)
		return err;
	waitpid(child.pid, &status, 0);
	return ns_end(&child, status, &status, e);
}

int replay_run(struct replay *r, bool *ret_refused, struct err *e)
{
	struct ns_child child;
	int err;

	err = make_watch(r, e);
	if (err == 0)
		err = wait_prepare(&r->mask, e);
	if (err < 0)
		return err;
	r->holds = true;
	if (must_translate(r, e)) {
		err = run_translated(r, ret_refused, e);
		if (err != -EINTR)
			wait_finish(NULL);
		return err;
	}
	err = start_any(r, &child, &r->mask, false, ret_refused, e);
	if (err == 0 && child.listener >= 0)
		err = start_guard(r, &child, e);
	if (err == 0)
		err = wait_and_end(r, &child, e);
	/* Interrupted before the command was there: the signal is for us, once all is removed. */
	if (err != -EINTR)
		wait_finish(NULL);
	return err;
}

int replay_changes(struct replay *r, struct changes *ret, struct err *e)
{
	return changes_find(ret, r->tree, r->plan, e);
}

const char *replay_opened(const struct replay *r, size_t *cursor)
{
	return r->watch ? watch_next(r->watch, cursor) : NULL;
}

int replay_open_file(const struct replay *r, const char *path)
{
	const char *tops[] = { r->tree->upper, r->tree->upper ? r->tree->pristine : r->tree->root };
	int fd = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(tops) && fd < 0; i++) {
		_cleanup_close_ int top = tops[i] ? open(tops[i], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

		if (top >= 0)
			fd = inroot_open(top, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	}
	return fd;
}

int replay_get(struct replay *r, struct err *e)
{
	return transfer_get(r->tree->root, r->want.gets, e);
}

void replay_missing_cpu(const struct replay *r, struct buf *to)
{
	_cleanup_buf_ struct buf here = BUF_INIT;

	if (r->manifest->run.cpu_features.n &&
	    io_read_file(AT_FDCWD, "/proc/cpuinfo", 1 << 22, &here, NULL) == 0)
		cpu_missing(to, &r->manifest->run.cpu_features, buf_str(&here));
}
