// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/engine: calls of an ABI that we know of but cannot try are decoded, and told once,
 * if the kernel carries them out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "tests/unit/check.h"

static int warnings, opens;

static void count_warning(enum log_level level, const char *line)
{
	warnings += level == LOG_WARN && strstr(line, "not tested");
}

static int count_open(struct sink *sink, struct event *ev, struct err *e)
{
	(void)sink;
	(void)e;
	opens += ev->kind == EVENT_CALL && ev->call->abi->untested && ev->call->n_paths == 1 &&
		 !strcmp(buf_str(&ev->call->paths[0].text), "/nonexistent");
	return 0;
}

/* The untested ABI that this machine's kernel might be asked for, NULL: none. */
static const struct abi *untested(void)
{
	for (int i = 0; abi_all[i]; i++)
		if (abi_all[i]->untested && !strcmp(abi_all[i]->arch, abi_native()->arch))
			return abi_all[i];
	return NULL;
}

/* Twice an open(2); the kernel may not have the ABI, but is asked. */
static int ask(const struct abi *abi)
{
	long nr = (long)abi_number(abi, SYSCALL_open);

	syscall(nr, "/nonexistent", 0, 0);
	syscall(nr, "/nonexistent", 0, 0);
	return 0;
}

static bool kernel_runs(const struct abi *abi)
{
	return abi && !(syscall((long)abi_number(abi, SYSCALL_open), "/nonexistent", 0, 0) < 0 &&
			errno == ENOSYS);
}

static void its_calls_are_decoded_and_told_once(const struct abi *abi, enum engine_kind kind)
{
	char *argv[] = { "/proc/self/exe", "ask", NULL };
	struct engine_spec spec = { .argv = argv, .kind = kind };
	struct sink sink = { .name = "count", .event = count_open };
	struct engine_result result;
	struct bus bus = { 0 };
	struct err e = { 0 };

	warnings = opens = 0;
	log_init(0, count_warning);
	bus_add(&bus, &sink);
	CHECK(engine_run(&spec, &bus, &result, &e) == 0);
	CHECK(result.status == 0);
	CHECK(opens == (abi ? 2 : 0));
	/* With its bit in the number a call can also be one that is meant to fail. */
	CHECK(warnings == (kernel_runs(abi) ? 1 : 0));
	engine_result_free(&result);
}

int main(int argc, char *argv[])
{
	const struct abi *abi = untested();

	if (argc > 1 && !strcmp(argv[1], "ask"))
		return abi ? ask(abi) : 0;
	its_calls_are_decoded_and_told_once(abi, ENGINE_PTRACE_SECCOMP);
	its_calls_are_decoded_and_told_once(abi, ENGINE_PTRACE);
	return check_summary();
}
