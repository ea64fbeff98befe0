// SPDX-License-Identifier: GPL-2.0-or-later
/* core/engine/begin.c: the calls that a new image makes before it begins, by every engine and ABI. */
#include "core/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/event/event.h"
#include "core/event/exec.h"
#include "core/task/task.h"
#include "tests/unit/check.h"

#define PLACE 0x30000000u

struct begin_sink {
	struct sink sink;		/* first */
	int execs, begins, opens, changes, bad;
	int refuse_words;		/* … where "refused" is an argument; 2: by a call that there is not */
	int fail_begin;
	bool none;			/* no calls at all */
	unsigned char code[256];	/* where the image begins, at EXEC */
	unsigned char below[4096];
};

static char tool[2][4096], tracer[4096];

static void add_calls(struct event_exec *x)
{
	uint64_t path = patch_text(&x->patch, "/etc/passwd");
	uint64_t name = patch_text(&x->patch, "has begun");
	bool pages = abi_number(x->abi, SYSCALL_mmap2) >= 0;

	exec_call(x, SYSCALL_openat, 1 << 1, (uint64_t[6]){ (uint64_t)AT_FDCWD, path, O_RDONLY });
	exec_call(x, pages ? SYSCALL_mmap2 : SYSCALL_mmap, 0,
		  (uint64_t[6]){ PLACE, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, EVENT_FIRST_RESULT });
	exec_call(x, SYSCALL_dup3, 0, (uint64_t[6]){ EVENT_FIRST_RESULT, 77 });
	exec_call(x, SYSCALL_close, 0, (uint64_t[6]){ EVENT_FIRST_RESULT });
	exec_call(x, SYSCALL_close, 0, (uint64_t[6]){ EVENT_FIRST_RESULT });
	exec_call(x, SYSCALL_prctl, 1 << 1, (uint64_t[6]){ PR_SET_NAME, name });
	exec_call(x, SYSCALL_getpid, 0, (uint64_t[6]){ 0 });
}

static bool is_refused(const struct event *ev)
{
	char name[64], text[4096] = "";
	int fd;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)ev->task->tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 8 && !strcmp(text + n - 8, "refused");
}

/* What the other width has, and this has not. */
static enum syscall_id absent(const struct abi *abi)
{
	return abi_number(abi, SYSCALL_mmap2) < 0 ? SYSCALL_mmap2 : SYSCALL_newfstatat;
}

static int on_exec(struct begin_sink *s, struct event *ev)
{
	struct event_exec *x = ev->exec;

	s->execs++;
	if (!x->abi || s->none)
		return 0;
	if (s->refuse_words && is_refused(ev)) {
		add_calls(x);
		if (s->refuse_words > 1)
			exec_call(x, absent(x->abi), 0, (uint64_t[6]){ 0 });
		else
			x->refused = true;
	} else {
		add_calls(x);
	}
	task_read(ev->task, x->ip, s->code, sizeof(s->code));
	return 0;
}

static int on_begin(struct begin_sink *s, struct event *ev, struct err *e)
{
	unsigned char code[sizeof(s->code)];
	const struct event_exec *x = ev->exec;
	size_t n;
	const struct event_call *calls = exec_calls(x, &n);
	char text[5];

	s->begins++;
	if (s->fail_begin)
		return err_set(e, -EDQUOT, "this sink fails");
	s->bad += n != 7 || calls[0].result < 3 || calls[1].result != PLACE || calls[2].result != 77 ||
		  calls[3].result || calls[4].result != -EBADF || calls[5].result ||
		  calls[6].result <= 1;
	s->bad += task_read(ev->task, PLACE, text, 5) != 5 || memcmp(text, "root:", 5) != 0;
	if (s->bad)
		printf("%zu calls: %ld %lx %ld %ld %ld %ld %ld\n", n, (long)calls[0].result,
		       (long)calls[1].result, (long)calls[2].result, (long)calls[3].result,
		       (long)calls[4].result, (long)calls[5].result, (long)calls[6].result);
	/* Nothing else is left of it. */
	s->bad += task_read(ev->task, x->ip, code, sizeof(code)) != sizeof(code) ||
		  memcmp(code, s->code, sizeof(code)) != 0;
	s->bad += task_read(ev->task, x->sp - sizeof(s->below), s->below, sizeof(s->below)) !=
		  sizeof(s->below);
	for (size_t i = 0; i < sizeof(s->below); i++)
		s->bad += s->below[i] != 0;
	return 0;
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct begin_sink *s = (struct begin_sink *)self;

	if (ev->kind == EVENT_EXEC)
		return on_exec(s, ev);
	if (ev->kind == EVENT_BEGIN)
		return on_begin(s, ev, e);
	if (ev->kind != EVENT_CALL)
		return 0;
	if (ev->call->row == syscall_row(SYSCALL_execve))
		ev->want_return = s->begins & 1;	/* with and without */
	for (int i = 0; i < ev->call->n_paths; i++)
		s->opens += !strcmp(buf_str(&ev->call->paths[i].text), "/etc/passwd");
	s->changes += ev->call->row == syscall_row(SYSCALL_chdir);
	return 0;
}

/* −1000: the engine failed; else the exit code. */
static int run(struct begin_sink *s, enum engine_kind kind, const char *path, const char *word,
	       int (*child)(void *), struct engine_result *ret)
{
	char *argv[] = { (char *)path, (char *)word, NULL };
	struct engine_spec spec = { .argv = argv, .kind = kind, .child = child };
	struct bus bus = { 0 };
	struct err e = { 0 };
	int r;

	s->sink.event = on_event;
	bus_add(&bus, &s->sink);
	r = engine_run(&spec, &bus, ret, &e);
	engine_signals_restore();
	if (r < 0)
		printf("%s\n", e.text);
	return r < 0 ? -1000 : engine_exit_code(ret->status);
}

static int refuse;			/* refuse_words of the next ones */

static void each(const char *word, int (*child)(void *), int images)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int t = 0; t < 2; t++)
		for (int k = 0; k < 2 && tool[t][0]; k++) {
			struct begin_sink s = { .refuse_words = refuse };
			struct engine_result ret;
			int got = run(&s, kinds[k], tool[t], word, child, &ret);

			if (got)
				printf("%s %s, %s: %d\n", tool[t], word, engine_name(kinds[k]), got);
			CHECK(got == 0);
			CHECK(!images || s.execs == images);
			CHECK(s.begins == s.execs - !!refuse || !images);
			CHECK(!s.bad && !s.opens && !s.changes);
			CHECK(!ret.census.n_unknown);
			engine_result_free(&ret);
		}
}

static void the_calls_are_made_and_nothing_else_is_different(void)
{
	each("check", NULL, 1);
	each("exec", NULL, 2);
}

static void a_vfork_child_makes_them(void)
{
	each("vfork", NULL, 2);
}

static void a_thread_that_is_not_the_leader_makes_them(void)
{
	each("thread", NULL, 2);
}

static void a_program_with_a_filter_of_its_own_makes_them(void)
{
	each("filtered", NULL, 2);
}

static void a_refused_image_dies_of_sigsegv(void)
{
	refuse = 1;
	each("refused-child", NULL, 2);
	refuse = 2;
	each("refused-child", NULL, 2);
	refuse = 0;
}

static void stops_and_kills_come_at_any_moment(void)
{
	each("stops", NULL, 0);
	each("kills", NULL, 0);
}

/* As a container's filter, which the engine knows nothing of. */
static int forbid_chdir(void *arg)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chdir, 1, 0),
		/* i386's, which is another call elsewhere: nobody here makes it. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 12, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	if (sizeof(long) == 8)		/* brk(2) is 12 there */
		code[1].jf = 2;
	(void)arg;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -errno : 0;
}

static void a_filter_above_ours_may_forbid_what_ends_it(void)
{
	each("exec", forbid_chdir, 2);
}

static void the_stops_are_few(void)
{
	struct begin_sink s = { .none = true };
	struct engine_result ret;
	uint64_t without;

	CHECK(run(&s, ENGINE_PTRACE_SECCOMP, tool[0], "quit", NULL, &ret) == 99);
	without = ret.census.stops;
	engine_result_free(&ret);
	s.none = false;
	CHECK(run(&s, ENGINE_PTRACE_SECCOMP, tool[0], "quit", NULL, &ret) == 99);
	/* The end; the open is known to be ours. */
	CHECK(ret.census.stops == without + 1, "%d", (int)(ret.census.stops - without));
	engine_result_free(&ret);
}

static void a_tracer_inside_is_told_of_the_execution_alone(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int k = 0; k < 2; k++) {
		struct begin_sink s = { 0 };
		struct engine_result ret;

		CHECK(run(&s, kinds[k], tracer, "exec", NULL, &ret) == 0);
		CHECK(s.execs == 3 && s.begins == 3 && !s.bad);
		CHECK(run(&s, kinds[k], tracer, "thread-exec", NULL, &ret) == 0);
		CHECK(run(&s, kinds[k], tracer, "events", NULL, &ret) == 0);
		CHECK(!s.bad);
		engine_result_free(&ret);
	}
}

static void without_its_sinks_an_image_does_not_begin(void)
{
	static const enum engine_kind kinds[] = { ENGINE_PTRACE_SECCOMP, ENGINE_PTRACE };

	for (int k = 0; k < 2; k++) {
		struct begin_sink s = { .fail_begin = 1 };
		struct engine_result ret;

		CHECK(run(&s, kinds[k], tool[0], "check", NULL, &ret) == -1000);
		CHECK(engine_exit_code(ret.status) == 128 + SIGSEGV);
		engine_result_free(&ret);
	}
}

int main(void)
{
	const char *dir = getenv("TOOLS");

	alarm(200);
	if (!dir)
		return 2;
	snprintf(tool[0], sizeof(tool[0]), "%s/begin", dir);
	snprintf(tracer, sizeof(tracer), "%s/tracer", dir);
	snprintf(tool[1], sizeof(tool[1]), "%s-x86/begin", dir);
	if (access(tool[1], X_OK) < 0)
		tool[1][0] = '\0';
	return check_tests(
		the_calls_are_made_and_nothing_else_is_different,
		a_vfork_child_makes_them,
		a_thread_that_is_not_the_leader_makes_them,
		a_program_with_a_filter_of_its_own_makes_them,
		a_refused_image_dies_of_sigsegv,
		stops_and_kills_come_at_any_moment,
		a_filter_above_ours_may_forbid_what_ends_it,
		the_stops_are_few,
		a_tracer_inside_is_told_of_the_execution_alone,
		without_its_sinks_an_image_does_not_begin);
}
