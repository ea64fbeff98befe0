// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * care run: enter a root file system without being root, with PRoot's options. Called
 * `proot` it is this too, so the re-execute.sh of old archives works with PROOT=.
 */
#include <errno.h>

#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/cmd/run_extras.h"
#include "core/cmd/run_ids.h"
#include "core/cmd/run_kernel.h"
#include "core/cmd/run_options.h"
#include "core/cmd/translated.h"
#include "core/replay/whynot.h"

static const struct cmd_example examples[] = {
	{ "care run -r rootfs -b /proc -b /dev /bin/sh", "A shell in another root." },
	{ "PROOT=/usr/bin/care ./re-execute.sh", "Run an extracted archive in its place." },
	{ NULL, NULL },
};

/* As a shell says it by its status. */
static int not_run(const struct entry *entry, int error)
{
	struct err why = { 0 };

	whynot_after(entry, error, &why);
	return cmd_fail_err(error == -ENOENT || error == -ENOTDIR ? CMD_EXIT_NOTFOUND : CMD_EXIT_NOEXEC, &why);
}

static int run_status(const struct entry *entry, const struct enter_result *result, const struct err *e)
{
	const struct enter *how = entry->how;

	if (result->ran)
		return result->status;
	if (result->refused)	/* the ways are in the order of the words of --engine */
		return translated_refused(how->isolate ? CHOICE_NAMESPACES : (int)how->way, e);
	return result->not_run ? not_run(entry, result->not_run) : cmd_fail_err(CMD_EXIT_FAILURE, e);
}

static void by_namespaces(const struct entry *entry, struct enter_result *ret, struct err *e)
{
	struct run_kernel kernel;

	if (run_ids_wanted(entry)) {
		log_info("entered by namespaces, with made-up ids");
		run_ids(entry, ret, e);
		return;
	}
	log_info("entered by namespaces");
	run_kernel_init(&kernel, entry->how);
	enter_run(entry, run_extras_wanted(entry->how) ? &kernel.runner : NULL, ret, e);
}

static int run_entry(const struct entry *entry)
{
	const char *why = entry->why_not;
	enum enter_way way = entry->how->way;
	struct enter_result result = { 0 };
	struct err e = { 0 };

	if (entry->how->isolate && (*why || way == ENTER_PTRACE || way == ENTER_PTRACE_SECCOMP))
		return cmd_fail(CMD_EXIT_FAILURE, "--isolate needs namespaces, and these %s%s",
				*why ? "cannot do this: " : "are not to be used", why);
	if (*why && way == ENTER_NAMESPACES)
		return cmd_fail(CMD_EXIT_FAILURE, "namespaces cannot do this: %s", why);
	if (whynot_before(entry, &e) < 0)
		return cmd_fail_err(CMD_EXIT_NOEXEC, &e);
	if (run_extras_check(entry, &e) < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	if (!*why && (way == ENTER_AUTO || way == ENTER_NAMESPACES)) {
		by_namespaces(entry, &result, &e);
		if (!result.refused || way == ENTER_NAMESPACES || entry->how->isolate)
			return run_status(entry, &result, &e);
		why = e.text;
	}
	log_info("entered by translation%s%s", *why ? ": " : "", why);
	translated_run(entry, translated_kind(entry->how), &result, &e);
	return run_status(entry, &result, &e);
}

static int run_main(void *options_at, int argc, char **argv)
{
	const struct run_options *o = options_at;
	struct run_request request;
	struct entry entry;
	struct err e = { 0 };
	int status;

	(void)argc;
	status = run_request_make(&request, o, argv);
	if (status)
		return status;
	if (enter_prepare(&entry, &request.how, &e) < 0) {
		status = cmd_fail_err(CMD_EXIT_FAILURE, &e);
	} else {
		status = run_entry(&entry);
		entry_clear(&entry);
	}
	run_request_clear(&request);
	return status;
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "enter a root file system without being root",
	.synopsis = "[COMMAND...]",
	.options = run_option_table,
	.options_size = sizeof(struct run_options),
	.defaults = &run_option_defaults,
	.examples = examples,
	.run = CMD_RUN(run_main),
};
