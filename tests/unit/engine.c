// SPDX-License-Identifier: GPL-2.0-or-later
/* long */
/* core/engine: what sinks are told, and what becomes of their answers. */
#include "core/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/event/event.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "tests/unit/check.h"

struct probe_sink {
	struct sink sink;		/* first */
	int kinds[EVENT_EXIT + 1];			/* events seen of each kind */
	int fail_at;			/* this many calls until it fails, 0 = never */
	bool all_returns;
	bool answered_seen;
	int again;			/* times that what is answered is made again */
	int answers;
	bool replaces;			/* … is made getpid(2) instead of being answered */
	bool replaced_seen;
	bool begun;			/* "/made-again" returned once, and comes again */
	int pairs, between;		/* times that it did, and events in between */
	char cwd[256];
	uint32_t last_process, last_creator;
};

static char tool[2][4096];		/* of our own ABI; of the other one, "" = none */
static const char *program;		/* that replaces /replaced-program */
static char here[4096];

static void replace(struct event *ev)
{
	static char b[4200], passwd[3000];
	int n = ev->call->n_paths;

	snprintf(b, sizeof(b), "%s/b", here);
	/* Long, so that writing it where there is no room does harm. */
	memset(passwd, '/', sizeof(passwd));
	snprintf(passwd + sizeof(passwd) - 11, 11, "etc/passwd");
	for (int i = 0; i < n; i++) {
		const char *text = buf_str(&ev->call->paths[i].text);
		const char *last = strrchr(text, '/');

		if (!last)
			continue;
		if (!strcmp(last, "/replaced"))
			ev->rewrite[i] = passwd;
		if (!strcmp(last, "/replaced-too"))
			ev->rewrite[i] = b;
		if (!strcmp(last, "/replaced-program"))
			ev->rewrite[i] = program;
		if (!strcmp(text, "/answered")) {
			ev->answered = true;
			ev->answer = -EDOM;
			ev->want_return = true;
		}
	}
}

static void ask_twice(struct probe_sink *p, struct event *ev)
{
	const char *text = ev->call->n_paths ? buf_str(&ev->call->paths[0].text) : "";

	if (strcmp(text, "/made-again")) {
		p->between += p->begun && ev->kind == EVENT_CALL;
	} else if (ev->kind == EVENT_CALL) {
		ev->want_return = true;
		p->pairs += p->begun;
	} else {
		ev->again = p->begun = !p->begun;
	}
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct probe_sink *p = (struct probe_sink *)self;
	const char *cwd;

	p->kinds[ev->kind]++;
	if (ev->kind == EVENT_START) {
		p->last_process = ev->task->process;
		p->last_creator = ev->task->creator;
	}
	if (ev->kind == EVENT_RETURN && ev->result == -EDOM) {
		p->answered_seen = true;
		p->answers++;
		ev->again = p->again-- > 0;
	}
	if (ev->kind == EVENT_CALL || ev->kind == EVENT_RETURN)
		ask_twice(p, ev);
	if (ev->kind == EVENT_RETURN && p->replaces) {
		p->replaced_seen |= ev->replaced && ev->result == ev->task->tid;
		ev->answered = true;
		ev->answer = ev->replaced ? -EDOM : ev->result;
	}
	if (ev->kind != EVENT_CALL)
		return 0;
	if (p->fail_at && --p->fail_at == 0)
		return err_set(e, -EDQUOT, "this sink fails");
	if (task_cwd(ev->task, &cwd, NULL) == 0)
		snprintf(p->cwd, sizeof(p->cwd), "%s", cwd);
	if (p->all_returns)
		ev->want_return = true;
	replace(ev);
	if (p->replaces && ev->answered) {
		ev->answered = false;
		ev->patch->call = SYSCALL_getpid;
	}
	return 0;
}

/* −1000: the engine failed; else the exit code. */
static int run(struct probe_sink *p, enum engine_kind kind, const char *path, const char *word,
	       struct engine_result *ret)
{
	char *argv[] = { (char *)path, (char *)word, NULL };
	struct engine_spec spec = { .argv = argv, .kind = kind };
	struct bus bus = { 0 };
	struct err e = { 0 };
	int r;

	program = path;
	p->sink.event = on_event;
	bus_add(&bus, &p->sink);
	r = engine_run(&spec, &bus, ret, &e);
	engine_signals_restore();
	engine_result_free(ret);
	return r < 0 ? -1000 : engine_exit_code(ret->status);
}

static void each(const char *word, int want)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int t = 0; t < 2; t++)
		for (int k = 0; k < 2 && tool[t][0]; k++) {
			struct probe_sink p = { .all_returns = k };
			struct engine_result ret;
			int got = run(&p, kinds[k], tool[t], word, &ret);

			if (got != want)
				printf("%s %s, %s: %d\n", tool[t], word, engine_name(kinds[k]), got);
			CHECK(got == want);
			CHECK(ret.kind == kinds[k]);
		}
}

static void paths_are_replaced_on_the_main_stack(void)
{
	each("stack", 0);
}

static void paths_are_replaced_in_threads(void)
{
	each("threads", 0);
}

static void replacing_a_path_changes_nothing_beside_a_small_stack(void)
{
	each("small-stack", 0);
}

static void paths_are_replaced_in_children(void)
{
	each("fork", 0);
}

static void both_paths_of_a_call_are_replaced(void)
{
	each("two", 0);
}

static void long_paths_are_replaced(void)
{
	each("long", 0);
}

static void what_is_executed_can_be_replaced(void)
{
	each("exec", 0);
}

static void an_answered_call_is_not_carried_out(void)
{
	struct probe_sink p = { 0 };
	struct engine_result ret;

	each("answered", 0);
	CHECK(run(&p, ENGINE_AUTO, tool[0], "answered", &ret) == 0);
	CHECK(p.answered_seen && ret.census.answered == 1);
}

static void a_call_is_made_again_as_often_as_wanted(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int t = 0; t < 2; t++)
		for (int k = 0; k < 2 && tool[t][0]; k++) {
			struct probe_sink p = { .again = 3 };
			struct engine_result ret;

			CHECK(run(&p, kinds[k], tool[t], "answered", &ret) == 0);
			CHECK(p.answers == 4 && ret.census.answered == 4);
		}
}

static void no_signal_handler_runs_before_a_call_is_made_again(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int t = 0; t < 2; t++)
		for (int k = 0; k < 2 && tool[t][0]; k++) {
			struct probe_sink p = { 0 };
			struct engine_result ret;

			CHECK(run(&p, kinds[k], tool[t], "interrupted", &ret) == 0);
			CHECK(p.pairs == 400 && p.between == 0, "%d in %d", p.between, p.pairs);
			CHECK(ret.census.signals > 0);
		}
}

static void a_call_that_became_another_says_so(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int t = 0; t < 2; t++)
		for (int k = 0; k < 2 && tool[t][0]; k++) {
			struct probe_sink p = { .replaces = true, .all_returns = true };
			struct engine_result ret;

			CHECK(run(&p, kinds[k], tool[t], "answered", &ret) == 0);
			CHECK(p.replaced_seen);
		}
}

static void a_failing_sink_ends_the_observation_not_the_command(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };
	char life[4096];

	snprintf(life, sizeof(life), "%s/life", getenv("TOOLS"));
	for (int at = 1; at < 40; at += 6)
		for (int k = 0; k < 2; k++) {
			char *argv[] = { life, (char *)"exec-chain", NULL };
			struct engine_spec spec = { .argv = argv, .kind = kinds[k] };
			struct probe_sink p = { .sink.event = on_event, .fail_at = at };
			struct engine_result ret;
			struct bus bus = { 0 };
			struct err e = { 0 };

			bus_add(&bus, &p.sink);
			CHECK(engine_run(&spec, &bus, &ret, &e) == -EDQUOT);
			engine_signals_restore();
			CHECK(engine_exit_code(ret.status) == 12);
			CHECK(strstr(e.text, "this sink fails") != NULL);
			engine_result_free(&ret);
		}
}

static void events_tell_who_made_whom_and_from_where(void)
{
	struct probe_sink p = { .all_returns = true };
	struct engine_result ret;
	char cwd[4096];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK(run(&p, ENGINE_AUTO, tool[0], "fork", &ret) == 0);
	CHECK(p.kinds[EVENT_START] == 4 && p.kinds[EVENT_EXIT] == 4 && p.kinds[EVENT_EXEC] == 1);
	CHECK(p.last_process == 4 && p.last_creator == 1);
	CHECK(p.kinds[EVENT_RETURN] > 0 && p.kinds[EVENT_CALL] >= p.kinds[EVENT_RETURN]);
	CHECK(!strncmp(p.cwd, cwd, sizeof(p.cwd) - 1));
	CHECK(ret.census.tasks == 4 && ret.census.images == 1 && ret.started);
}

static void what_cannot_be_found_is_not_run(void)
{
	struct probe_sink p = { 0 };
	struct engine_result ret;

	CHECK(run(&p, ENGINE_AUTO, "no-such-program-anywhere", NULL, &ret) == 127);
	CHECK(!ret.started && ret.exec_error == -ENOENT && !p.kinds[EVENT_START]);
	CHECK(run(&p, ENGINE_AUTO, "/etc/passwd", NULL, &ret) == 126);
	CHECK(!ret.started && ret.exec_error == -EACCES && p.kinds[EVENT_START] == 1);
}

static void find_tools(void)
{
	const char *dir = getenv("TOOLS");

	if (!dir || !getcwd(here, sizeof(here))) {
		printf("TOOLS is not set\n");
		exit(2);
	}
	snprintf(tool[0], sizeof(tool[0]), "%s/names", dir);
	snprintf(tool[1], sizeof(tool[1]), "%s-x86/names", dir);
	if (access(tool[1], X_OK) < 0)
		tool[1][0] = '\0';
}

int main(void)
{
	alarm(200);
	find_tools();
	return check_tests(
		paths_are_replaced_on_the_main_stack,
		paths_are_replaced_in_threads,
		replacing_a_path_changes_nothing_beside_a_small_stack,
		paths_are_replaced_in_children,
		both_paths_of_a_call_are_replaced,
		long_paths_are_replaced,
		what_is_executed_can_be_replaced,
		an_answered_call_is_not_carried_out,
		a_call_is_made_again_as_often_as_wanted,
		a_call_that_became_another_says_so,
		no_signal_handler_runs_before_a_call_is_made_again,
		a_failing_sink_ends_the_observation_not_the_command,
		events_tell_who_made_whom_and_from_where,
		what_cannot_be_found_is_not_run);
}
