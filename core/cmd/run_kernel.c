// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the namespaces, in place of execve(2): the engine, stopping at nothing but what it
 * needs itself and uname(2). The rest of the command's calls runs as fast as without.
 */
#include "core/cmd/run_kernel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/replay/enter.h"
#include "emul/uname/uname.h"

extern char **environ;

static int run_observed(struct ns_runner *self, char *const *argv, char *const *env, int *ret_status,
			struct err *e)
{
	const struct enter *how = ((struct run_kernel *)self)->how;
	struct engine_spec spec = {
		.argv = argv, .envp = env, .kill_on_exit = how->kill_others, .allow_io_uring = true,
		.kind = how->no_seccomp ? ENGINE_PTRACE : ENGINE_AUTO, .classes = uname_classes(),
	};
	struct engine_result result;
	struct uname_sink sink;
	struct bus bus = { 0 };
	int r;

	uname_sink_init(&sink, how->kernel);
	bus_add(&bus, &sink.sink);
	r = engine_run(&spec, &bus, &result, e);
	*ret_status = result.status;
	engine_result_free(&result);
	if (r < 0 && result.status < 0) {
		/* Not observed at all: better the true release than no run. */
		log_warn("-k has no effect: %s", e->text);
		environ = (char **)env;
		execvp(argv[0], argv);
		return err_set(e, -errno, "%s", argv[0]);
	}
	return result.exec_error ? err_set(e, result.exec_error, "%s", argv[0]) : 0;
}

void run_kernel_init(struct run_kernel *k, const struct enter *how)
{
	*k = (struct run_kernel){ .runner = { run_observed }, .how = how };
}
