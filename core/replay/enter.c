// SPDX-License-Identifier: GPL-2.0-or-later
/* `care run` by namespaces: from what was prepared to a plan, and through it. */
#include "core/replay/enter.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/replay/idmap.h"
#include "core/replay/ns.h"
#include "core/replay/points.h"
#include "core/replay/wait.h"
#include "emul/qemu/qemu.h"

static int start(const struct plan_run *run, struct plan_place *place, struct plan **ret_plan,
		 struct ns_child *child, struct ns_start how, bool *ret_refused, struct err *e)
{
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
		    struct ns_runner *runner, struct enter_result *ret, struct err *e)
{
	sigset_t mask;
	struct ns_start ns = { .mask = &mask, .runner = runner };
	struct plan *plan = NULL;
	struct ns_child child;
	int status, r = wait_prepare(&mask, e);

	if (r < 0)
		return r;
	/* Root need not pretend: it becomes whom it is asked to be, where that id is its to take. */
	place->ids = geteuid() == 0 && (!run->fake_ids || idmap_may_become(run->uid, run->gid)) ?
			     PLAN_IDS_TRUE : PLAN_IDS_ONE;
	r = start(run, place, &plan, &child, ns, &ret->refused, e);
	if (r < 0 && ret->refused && place->ids == PLAN_IDS_TRUE) {
		place->ids = PLAN_IDS_ONE;
		r = start(run, place, &plan, &child, ns, &ret->refused, e);
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

void enter_plan_run(const struct entry *entry, struct plan_run *ret)
{
	const struct enter *how = entry->how;

	*ret = (struct plan_run){
		.argv = how->argv, .env = entry->env, .binds = &entry->binds, .cwd = entry->cwd,
		.fake_ids = how->fake_ids, .uid = how->uid, .gid = how->gid, .isolate = how->isolate,
	};
	if (entry->binfmt) {
		ret->emulator = how->qemu->path;
		ret->binfmt = entry->binfmt;
	}
	ret->lacks = points_lacks(entry->points, &ret->n_lacks);
}

int enter_run(const struct entry *entry, struct ns_runner *runner, struct enter_result *ret,
	      struct err *e)
{
	struct plan_place place = { .root = entry->binds.root, .uid = geteuid(), .gid = getegid() };
	struct plan_run run;

	*ret = (struct enter_result){ 0 };
	enter_plan_run(entry, &run);
	return run_plan(entry->how, &run, &place, runner, ret, e);
}
