// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan of `care run`: PRoot's options, carried out by namespaces. */
#include "core/replay/plan.h"

#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/replay/binds.h"
#include "core/replay/points.h"

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

/* Is it one that lacks a place, or below one? */
static const struct points_lack *lack_of(const struct plan_run *run, const char *guest)
{
	for (size_t i = 0; i < run->n_lacks; i++)
		if (is_below(guest, run->lacks[i].guest))
			return &run->lacks[i];
	return NULL;
}

/* Of the directory that lacks the name, once. */
static void add_frame(struct plan *p, const char *lack)
{
	const char *slash = strrchr(lack, '/');
	_cleanup_free_ char *dir = strndup(lack, slash > lack ? (size_t)(slash - lack) : 1);
	struct plan_op *op;

	for (size_t i = 0; dir && i < p->n; i++)
		if (p->ops[i].kind == PLAN_FRAME && !strcmp(p->ops[i].guest, dir))
			return;
	op = dir ? plan_add(p, PLAN_FRAME) : NULL;
	if (op)
		op->guest = plan_string(p, dir);
	p->failed |= !dir;
}

static void add_binds(struct plan *p, const struct plan_run *run)
{
	const struct binds *b = run->binds;

	for (size_t i = 0; i < b->n; i++) {
		unsigned flags = b->v[i].flags & BINDS_USUAL ? PLAN_BIND_OPTIONAL | PLAN_BIND_SILENT : 0;
		const struct points_lack *lack = lack_of(run, b->v[i].guest);

		/* What each task sees differently a symlink shows (enter_prepare.c). */
		if (b->v[i].flags & BINDS_TASK)
			continue;
		/* Whatever holds the directory stands before it in the list. */
		if (lack)
			add_frame(p, lack->guest);
		plan_add_bind(p, b->v[i].host, b->v[i].guest,
			      flags | PLAN_BIND_READY | (lack ? PLAN_BIND_MAKE : 0));
	}
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
	struct plan *p = plan_new();
	const uid_t uid = run->fake_ids ? run->uid : place->uid;
	const gid_t gid = run->fake_ids ? run->gid : place->gid;
	struct plan_op *op;
	int r;

	if (!p)
		return err_set(e, -ENOMEM, "make a plan");
	p->argv = copy_words(p, run->argv);
	p->env = copy_words(p, run->env);
	/* The files of a binfmt_misc belong to its namespace's root, who has to be somebody. */
	plan_add_root(p, place, run->isolate, run->emulator ? 0 : uid, run->emulator ? 0 : gid);
	if (run->binds)
		add_binds(p, run);
	if (run->isolate & PLAN_NS_PID)
		plan_add(p, PLAN_PROC);
	if (run->emulator) {
		op = plan_add(p, PLAN_BINFMT);
		if (op) {
			op->host = plan_string(p, run->emulator);
			op->text = plan_string(p, run->binfmt);
		}
	}
	plan_add(p, PLAN_DETACH);
	if (run->isolate & PLAN_NS_NET)
		plan_add(p, PLAN_LOOPBACK);
	if (run->emulator && (uid || gid)) {
		op = plan_add(p, PLAN_REMAP);
		if (op) {
			op->uid = uid;
			op->gid = gid;
		}
	}
	op = plan_add(p, PLAN_CHDIR);
	if (op)
		op->guest = plan_string(p, run->cwd);
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
