// SPDX-License-Identifier: GPL-2.0-or-later
/* care run without namespaces. */
#include "core/cmd/translated.h"

#include <grp.h>

#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/translated_job.h"
#include "core/replay/enter.h"
#include "core/replay/idmap.h"
#include "core/translate/translate.h"
#include "emul/ids/ids.h"
#include "emul/links/links.h"

static int bind_entry(struct translated *run, const struct binds *binds, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < binds->n && r == 0; i++)
		r = translate_bind(run->translate, binds->v[i].host, binds->v[i].guest,
				   TRANSLATE_LITERAL, NULL, e);
	return r;
}

int translated_run(const struct entry *entry, enum engine_kind kind, struct enter_result *ret, struct err *e)
{
	struct translated run = {
		.argv = entry->how->argv, .env = entry->env, .cwd = entry->cwd, .kind = kind,
		.kill_others = entry->how->kill_others, .how = entry->how,
	};
	const struct enter *how = entry->how;
	struct translate_spec spec = {
		.root = entry->binds.root, .qemu = how->qemu, .is_file = how->links ? links_is_target : NULL,
	};
	struct ids_spec ids = { .uid = how->uid, .gid = how->gid, .file = how->ids_file };
	struct translated_outcome out = { 0 };
	int r;

	run.become = how->fake_ids && !how->ids_file && geteuid() == 0 && idmap_may_become(how->uid, how->gid);
	spec.other_ids = run.become && (how->uid || how->gid);
	r = translated_open(&run, &spec, how->fake_ids && !run.become ? &ids : NULL, e);
	if (r == 0)
		r = bind_entry(&run, &entry->binds, e);
	if (r == 0) {
		r = translate_host(run.translate, run.cwd, true, &run.cwd_host);
		if (r < 0)
			err_set(e, r, "enter the working directory %s", run.cwd);
	}
	if (r == 0)
		r = translated_execute(&run, &out, e);
	*ret = (struct enter_result){
		.ran = out.ran, .refused = out.refused, .not_run = out.not_run,
		.status = out.ran ? engine_exit_code(out.status) : 0,
	};
	translated_close(&run);
	return r;
}

enum engine_kind translated_kind(const struct enter *how)
{
	if (how->way == ENTER_PTRACE_SECCOMP)
		return ENGINE_PTRACE_SECCOMP;
	return how->way == ENTER_PTRACE || how->no_seccomp ? ENGINE_PTRACE : ENGINE_AUTO;
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
