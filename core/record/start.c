// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Before the command runs: places are bound and marked, and what it starts with
 * (directory, descriptors, --include) is used at time zero.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/far.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/manifest/volatile.h"
#include "core/record/recorder_internal.h"

static int on_the_way(void *ctx, struct name *n, enum walk_role role)
{
	struct recorder *r = ctx;

	return use_name(r, n, role == ROLE_LAST ? r->start_use : USE_META);
}

/* A use before the first event: @path as the kernel or the user spells it. */
static int use_at_start(struct recorder *r, const char *path, unsigned use, struct name **ret)
{
	struct path_walk w = {
		.root = names_root(r->names), .base = names_root(r->names), .text = path,
		.len = strlen(path), .visit = on_the_way, .ctx = r,
	};
	int ret_walk;

	r->start_use = use;
	ret_walk = names_walk(r->names, &w, r->e);
	if (ret)
		*ret = w.error ? NULL : w.last;
	return ret_walk;
}

/* --include: the path and all below it. */
static int include(struct recorder *r, struct name *n)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	struct name *child;
	int ret;

	ret = use_name(r, n, n->type == NAME_FILE ? USE_READ : USE_META);
	if (ret < 0 || n->type != NAME_DIR)
		return ret;
	ret = use_list(r, n);
	if (ret >= 0)
		ret = name_host(n, &host);
	d = ret < 0 ? NULL : far_opendir(host.data);
	while (d && ret >= 0 && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		child = names_child(r->names, n, entry->d_name, strlen(entry->d_name));
		if (!child)
			return err_set(r->e, -ENOMEM, "include %s", host.data);
		if (names_refresh(r->names, child) >= 0 && child->type != NAME_ABSENT)
			ret = include(r, child);
	}
	return ret;
}

int start_include(struct recorder *r)
{
	for (size_t i = 0; i < r->spec.include.n; i++) {
		const char *path = r->spec.include.v[i];
		struct name *n = NULL;
		int ret = use_at_start(r, path, USE_META, &n);

		if (ret < 0)
			return ret;
		if (!n)
			return err_set(r->e, -ENOENT, "include %s", path);
		ret = include(r, n);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* One that the command may open by its name as well. */
static bool inherited_file(const struct manifest_fd *fd)
{
	return fd->path && !strcmp(fd->kind, "file");
}

/* Places and marks that hold for the whole run. */
int start_places(struct recorder *r)
{
	const struct manifest_run *run = r->spec.run;
	struct err own = { 0 };

	if (run->concealed.n) {
		r->conceal = conceal_new(r->names, r->spec.private_under, r->e);
		if (!r->conceal)
			return r->e->code;
	}
	for (size_t i = 0; i < run->concealed.n; i++)
		if (conceal_hide(r->conceal, run->concealed.v[i], &own) < 0 && own.code != -ENOENT)
			log_warn("%s", own.text);
	for (size_t i = 0; r->conceal && i < run->revealed.n; i++)
		if (conceal_reveal(r->conceal, run->revealed.v[i], &own) < 0 && own.code != -ENOENT)
			log_warn("%s", own.text);
	for (size_t i = 0; r->conceal && i < run->volatile_paths.n; i++) {
		size_t variable;

		conceal_reveal(r->conceal, manifest_volatile_path(run->volatile_paths.v[i], &variable),
			       NULL);
	}
	/* What is inherited open is seen by the command anyway. */
	for (size_t i = 0; r->conceal && i < run->n_fds; i++)
		if (inherited_file(&run->fds[i]))
			conceal_reveal(r->conceal, run->fds[i].path, NULL);
	return 0;
}

static int mark(struct names *names, const char *path, unsigned flag)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct name *n = names_at(names, real ? real : path);

	if (!n)
		return -ENOMEM;
	n->flags |= flag;
	return 0;
}

static const char *env_of(const struct manifest_strings *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	return NULL;
}

static int mark_path_dirs(struct recorder *r, struct names *names)
{
	const char *at = env_of(&r->spec.run->env, "PATH");
	int ret = 0;

	while (at && *at && ret >= 0) {
		size_t len = strcspn(at, ":");
		_cleanup_free_ char *dir = strndup(at, len);

		if (!dir)
			return -ENOMEM;
		if (len)
			ret = mark(names, dir, NAME_PATHDIR);
		at += len + (at[len] == ':');
	}
	return ret;
}

int recorder_mark_places(struct recorder *r, struct names *names)
{
	const struct manifest_strings *paths = &r->spec.run->volatile_paths;
	size_t variable;
	int ret = mark_path_dirs(r, names);

	for (size_t i = 0; i < paths->n && ret >= 0; i++)
		ret = mark(names, manifest_volatile_path(paths->v[i], &variable), NAME_VOLATILE);
	if (ret >= 0 && r->conceal && names != r->home.names && !r->spec.conceal_by_mounts)
		ret = conceal_bind_all(r->conceal, names);
	return ret;
}

/* Descriptors and directory that the command starts with are used at time zero (decision 4). */
int start_inherited(struct recorder *r)
{
	const struct manifest_run *run = r->spec.run;
	int ret = use_at_start(r, run->cwd, USE_ENTER, NULL);

	for (size_t i = 0; i < run->n_fds && ret >= 0; i++) {
		const struct manifest_fd *fd = &run->fds[i];
		int mode = fd->oflags & O_ACCMODE;

		unsigned use = mode == O_RDONLY ? USE_READ :
			       mode == O_WRONLY ? USE_WRITE : USE_READ | USE_WRITE;

		if (inherited_file(fd))
			ret = use_at_start(r, fd->path, use, NULL);
		/* What it writes as its output is for who replays it. */
		else if (manifest_fd_is_file(fd) && fd->fd != STDOUT_FILENO && fd->fd != STDERR_FILENO)
			ret = use_unnamed(r, fd->fd, fd->path, use);
	}
	return ret;
}
