// SPDX-License-Identifier: GPL-2.0-or-later
/* From PRoot's options to a plan, and through it. */
#include "core/replay/enter.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/replay/ns.h"
#include "core/replay/settle.h"
#include "core/replay/wait.h"

extern char **environ;

/* Of PRoot's own variables nothing is for the command. */
static char **clean_env(bool *ret_ignore_missing)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++) {
		if (!strncmp(environ[i], "PROOT_IGNORE_MISSING_BINDINGS=", 30))
			*ret_ignore_missing = true;
		else if (strncmp(environ[i], "PROOT_NO_SECCOMP=", 17))
			env[kept++] = environ[i];
	}
	return env;
}

/* The usual binds first, so that given ones win; the missing of them stay out. */
static int gather_binds(const struct enter *how, const char ***ret, size_t *ret_n)
{
	size_t n = 0;
	const char **all;

	while (how->usual && how->usual[n])
		n++;
	all = calloc(n + how->binds.n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *path = strcmp(how->usual[i], "$HOME") ? how->usual[i] : getenv("HOME");

		if (path && *path == '/' && access(path, F_OK) == 0)
			all[(*ret_n)++] = path;
	}
	for (size_t i = 0; i < how->binds.n; i++)
		all[(*ret_n)++] = how->binds.v[i];
	*ret = all;
	return 0;
}

/* A relative bind or root is meant from here, not from the new root. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *cwd = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (*path == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	buf_addf(&b, "%s/%s", strcmp(cwd, "/") ? cwd : "", path);
	return buf_steal(&b);
}

/* "HOST[:GUEST]" with an absolute HOST and, without GUEST, the same GUEST. */
static char *absolute_bind(const char *word)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *host = strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	_cleanup_free_ char *full = host ? absolute(host) : NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!full)
		return NULL;
	buf_adds(&b, full);
	if (colon)
		buf_addf(&b, ":%s%s", colon[1] == '/' ? "" : "/", colon + 1);
	return buf_steal(&b);
}

static int start(const struct plan_run *run, struct plan_place *place, struct plan **ret_plan,
		 struct ns_child *child, const sigset_t *mask, bool *ret_refused, struct err *e)
{
	struct ns_start how = { .mask = mask };
	int r;

	plan_free(*ret_plan);
	*ret_plan = NULL;
	r = plan_build_run(ret_plan, run, place, e);
	if (r < 0)
		return r;
	how.plan = *ret_plan;
	return ns_start(child, &how, ret_refused, e);
}

static int run_plan(const struct enter *how, const struct plan_run *run, struct plan_place *place,
		    struct enter_result *ret, struct err *e)
{
	struct plan *plan = NULL;
	struct ns_child child;
	sigset_t mask;
	int status, r = wait_prepare(&mask, e);

	if (r < 0)
		return r;
	/* Root need not pretend: it becomes whom it is asked to be. */
	place->ids = geteuid() == 0 ? PLAN_IDS_TRUE : PLAN_IDS_ONE;
	r = start(run, place, &plan, &child, &mask, &ret->refused, e);
	if (r < 0 && ret->refused && place->ids == PLAN_IDS_TRUE) {
		place->ids = PLAN_IDS_ONE;
		r = start(run, place, &plan, &child, &mask, &ret->refused, e);
	}
	if (r == 0) {
		struct wait_how wait = { .pid = child.pid, .kill_others = how->kill_others };

		r = wait_for(&wait, &status, e);
		if (r == 0) {
			r = ns_end(&child, status, &status, e);
			ret->ran = r == 0;
			ret->not_run = child.not_executed ? r : 0;
			ret->status = wait_exit_status(status);
		}
	}
	wait_finish(&mask);
	plan_free(plan);
	return r;
}

static void free_list(char **v, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		free(v[i]);
	free(v);
}

int enter_run(const struct enter *how, struct enter_result *ret, struct err *e)
{
	_cleanup_free_ char *root = realpath(how->root, NULL), *here = getcwd(NULL, 0);
	_cleanup_free_ const char **words = NULL;
	struct plan_run run = { .argv = how->argv, .fake_ids = how->fake_ids, .uid = how->uid,
				.gid = how->gid, .isolate = how->isolate };
	struct plan_place place = { .root = root, .uid = geteuid(), .gid = getegid() };
	_cleanup_free_ char **env = clean_env(&run.ignore_missing);
	char **binds = NULL;
	size_t n = 0;
	int r = 0;

	if (!root)
		return err_set(e, -errno, "%s", how->root);
	if (!env || gather_binds(how, &words, &n) < 0)
		return err_set(e, -ENOMEM, "enter %s", root);
	binds = calloc(n + 1, sizeof(*binds));
	for (size_t i = 0; binds && i < n; i++)
		if (!(binds[i] = absolute_bind(words[i])))
			r = -ENOMEM;
	if (!binds || r < 0) {
		free_list(binds, n);
		return err_set(e, -ENOMEM, "enter %s", root);
	}
	settle_beside(root);
	run.env = env;
	run.binds = (struct plan_words){ (const char *const *)binds, n };
	run.cwd = how->cwd ?: here ?: "/";
	run.cwd_optional = !how->cwd;
	r = run_plan(how, &run, &place, ret, e);
	free_list(binds, n);
	return r;
}
