// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses the engine by what works here, and starts it. */
#include "core/engine/engine.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/engine/filter.h"
#include "core/engine/launch.h"
#include "core/engine/probe.h"
#include "core/engine/run.h"
#include "core/engine/signals.h"
#include "core/event/exec.h"

extern char **environ;

static const struct {
	const char *name;
	enum engine_kind kind;
} names[] = {
	{ "auto", ENGINE_AUTO },
	{ "ptrace-seccomp", ENGINE_PTRACE_SECCOMP },
	{ "ptrace", ENGINE_PTRACE },
};

const char *engine_name(enum engine_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].kind == kind)
			return names[i].name;
	return "?";
}

int engine_parse(const char *name, enum engine_kind *ret_kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].name, name)) {
			*ret_kind = names[i].kind;
			return 0;
		}
	return -EINVAL;
}

int engine_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void engine_result_free(struct engine_result *ret)
{
	free(steal_ptr(ret->census.unknown));
	ret->census.n_unknown = 0;
}

/* *ret_kind: what will be used. */
static int choose(const struct engine_spec *spec, const struct engine_probe *probe,
		  struct engine_result *ret, enum engine_kind *ret_kind, struct err *e)
{
	if (probe->seize < 0)
		return err_set(e, probe->seize, "cannot trace programs: %s", probe->why_seize);
	if (spec->kind == ENGINE_PTRACE_SECCOMP && probe->filter < 0)
		return err_set(e, probe->filter, "no engine ptrace-seccomp: %s", probe->why_filter);
	*ret_kind = spec->kind == ENGINE_PTRACE || probe->filter < 0 ? ENGINE_PTRACE :
									ENGINE_PTRACE_SECCOMP;
	snprintf(ret->why, sizeof(ret->why), "%s",
		 spec->kind == ENGINE_PTRACE ? "" : probe->why_filter);
	return 0;
}

/* What the engine itself must see, and what the sinks want. */
static unsigned filter_classes(const struct engine_spec *spec, const struct engine_probe *probe)
{
	unsigned classes = spec->classes ? spec->classes : SYSCALL_FILES;

	classes |= SYSCALL_BIT(SYSCALL_EXEC) | SYSCALL_BIT(SYSCALL_ENTER) |
		   SYSCALL_BIT(SYSCALL_MOUNT) | SYSCALL_BIT(SYSCALL_TRACE) |
		   SYSCALL_BIT(SYSCALL_SECCOMP) | FILTER_TASK_FLAGS;
	if (!probe->reads_all)
		classes |= SYSCALL_BIT(SYSCALL_DUMP);
	if (!spec->allow_io_uring)
		classes |= SYSCALL_BIT(SYSCALL_REFUSE);
	if (spec->confine)
		classes |= FILTER_EVERY_FSTAT;
	return classes;
}

/* What nobody can guess; without it our own calls stop like all others. */
static bool make_pass(struct filter_pass *ret)
{
	return getrandom(ret->words, sizeof(ret->words), GRND_NONBLOCK) == sizeof(ret->words) &&
	       (uint32_t)ret->words[0] != (uint32_t)EVENT_FIRST_RESULT;
}

static int run(const struct engine_spec *spec, const char *path, struct bus *bus,
	       struct engine_result *ret, struct err *e)
{
	struct sock_fprog filter = { 0 };
	struct filter_pass pass = { 0 };
	bool passes = make_pass(&pass);
	struct engine_probe probe;
	enum engine_kind kind = ENGINE_AUTO;
	int r;

	r = engine_probe(&probe, e);
	if (r == 0)
		r = choose(spec, &probe, ret, &kind, e);
	if (r < 0)
		return r;
	if (kind == ENGINE_PTRACE)
		return ptrace_run(spec, path, &probe, NULL, NULL, bus, ret, e);
	r = filter_build(filter_classes(spec, &probe), passes ? &pass : NULL, &filter);
	if (r < 0)
		return err_set(e, r, "build the seccomp filter");
	filter_mark(&filter, filter_own_data());
	r = ptrace_run(spec, path, &probe, &filter, passes ? &pass : NULL, bus, ret, e);
	free(filter.filter);
	return r;
}

int engine_run(const struct engine_spec *spec, struct bus *bus, struct engine_result *ret,
	       struct err *e)
{
	_cleanup_free_ char *path = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->status = -1;
	signals_take();
	if (spec->path)
		return run(spec, spec->path, bus, ret, e);
	r = launch_find(spec->argv[0], spec->envp ? spec->envp : environ, &path);
	if (r == -ENOENT || r == -EACCES) {
		ret->exec_error = r;
		ret->status = (r == -ENOENT ? 127 : 126) << 8;
		return 0;
	}
	if (r < 0)
		return err_set(e, r, "look for %s", spec->argv[0]);
	return run(spec, path, bus, ret, e);
}
