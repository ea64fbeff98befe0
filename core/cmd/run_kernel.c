// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the namespaces, in place of execve(2): the engine, stopping at nothing but what it
 * needs itself and the options ask for. The rest of the command's calls runs as fast as without.
 */
#include "core/cmd/run_kernel.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/cmd/cmd.h"
#include "core/cmd/run_extras.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/replay/enter.h"

extern char **environ;

/*
 * The capabilities that a user has in namespaces of its own, which execve(2) takes from the
 * command: it may not look at a process that has more than itself (ptrace(2), "access mode
 * checking"), and where System V IPC is ours it opens segments below our /proc/PID/fd.
 */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (geteuid() != 0)
		syscall(SYS_capset, &head, none);
}

static int run_observed(struct ns_runner *self, char *const *argv, char *const *env, int *ret_status,
			struct err *e)
{
	const struct enter *how = ((struct run_kernel *)self)->how;
	struct engine_spec spec = {
		.argv = argv, .envp = env, .kill_on_exit = how->kill_others, .allow_io_uring = true,
		.kind = how->no_seccomp ? ENGINE_PTRACE : ENGINE_AUTO,
	};
	struct engine_result result = { .status = -1 };
	struct run_extras extras = { 0 };
	struct bus bus = { 0 };
	int r;

	if (how->sysvipc)
		drop_capabilities();
	r = run_extras_add_links(&extras, how, NULL, NULL, &spec, &bus, e);
	if (r == 0)
		r = run_extras_add(&extras, how, &spec, &bus, e);
	if (r == 0) {
		r = engine_run(&spec, &bus, &result, e);
		engine_result_free(&result);
	}
	run_extras_free(&extras);
	*ret_status = result.status;
	if (r < 0 && (result.status < 0 || result.unfit) && !run_extras_needed(how)) {
		/* Not observed at all: better the true release than no run. */
		log_warn("-k has no effect: %s", e->text);
		environ = (char **)env;
		execvp(argv[0], argv);
		return err_set(e, -errno, "%s", argv[0]);
	}
	if (r < 0 && result.unfit)
		*ret_status = cmd_fail_err(CMD_EXIT_FAILURE, e) << 8;
	else if (r < 0 && result.status < 0)
		return r;
	else if (r < 0)
		log_warn("%s", e->text);
	return result.exec_error ? err_set(e, result.exec_error, "%s", argv[0]) : 0;
}

void run_kernel_init(struct run_kernel *k, const struct enter *how)
{
	*k = (struct run_kernel){ .runner = { run_observed }, .how = how };
}
