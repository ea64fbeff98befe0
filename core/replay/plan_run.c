// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of `care run`: PRoot's options, carried out by namespaces. */
#include "core/replay/plan.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* "HOST[:GUEST[!]]"; "!" = the guest's last name is not followed if a symlink. */
static void add_bind(struct plan *p, const char *word, unsigned flags)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *host = strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	_cleanup_free_ char *guest = strdup(colon ? colon + 1 : word);
	size_t len = guest ? strlen(guest) : 0;

	if (!host || !guest) {
		p->failed = true;
		return;
	}
	if (colon && len > 1 && guest[len - 1] == '!') {
		guest[len - 1] = '\0';
		flags |= PLAN_BIND_NOFOLLOW;
	}
	plan_add_bind(p, host, guest, flags);
}

static char **copy_words(struct plan *p, char *const *words)
{
	size_t n = 0;
	char **copy;

	while (words && words[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	if (!copy) {
		p->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < n && (copy[i] = plan_string(p, words[i])); i++)
		;
	return copy;
}

int plan_build_run(struct plan **ret, const struct plan_run *run, const struct plan_place *place,
		   struct err *e)
{
	unsigned flags = run->ignore_missing ? PLAN_BIND_OPTIONAL | PLAN_BIND_SILENT : PLAN_BIND_OPTIONAL;
	struct plan *p = plan_new();
	struct plan_op *op;
	int r;

	if (!p)
		return err_set(e, -ENOMEM, "make a plan");
	p->argv = copy_words(p, run->argv);
	p->env = copy_words(p, run->env);
	plan_add_root(p, place, run->isolate, run->fake_ids ? run->uid : place->uid,
		      run->fake_ids ? run->gid : place->gid);
	for (size_t i = 0; i < run->binds.n; i++)
		add_bind(p, run->binds.v[i], flags);
	plan_sort_binds(p);
	if (run->isolate & PLAN_NS_PID)
		plan_add(p, PLAN_PROC);
	plan_add(p, PLAN_DETACH);
	if (run->isolate & PLAN_NS_NET)
		plan_add(p, PLAN_LOOPBACK);
	op = plan_add(p, PLAN_CHDIR);
	if (op) {
		op->guest = plan_string(p, run->cwd);
		op->flags = run->cwd_optional ? PLAN_BIND_OPTIONAL : 0;
	}
	if (run->fake_ids && place->ids != PLAN_IDS_ONE) {
		plan_add(p, PLAN_GROUPS);
		op = plan_add(p, PLAN_IDS);
		if (op) {
			op->uid = run->uid;
			op->gid = run->gid;
		}
	}
	plan_add(p, PLAN_EXEC);
	r = plan_error(p, e);
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}
