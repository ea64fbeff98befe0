// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * care trace: prints the events that the recorder would see. A debugging aid, and a
 * way to look at what a program uses without recording it.
 *
 *   1234 newfstatat "include" in /home/me/p meta
 *   1234 rename "a.tmp" in /home/me/p remove, "a" in /home/me/p create replace = 0
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/manifest/fields.h"
#include "core/task/task.h"

struct trace_options {
	const char *output;
	int engine;
	bool results, all, kill_on_exit, allow_io_uring, summary;
};

struct trace {
	struct sink sink;	/* first */
	const struct trace_options *options;
	int fd;
	struct map *waiting;	/* tid → the line of a call whose result is not known yet */
	struct buf line;
};

static void add_text(struct buf *b, const struct buf *text)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, (char)c);
	}
	buf_addc(b, '"');
}

static void add_uses(struct buf *b, unsigned uses)
{
	for (unsigned i = 0; field_use_names[i]; i++)
		if (uses & (1u << i))
			buf_addf(b, " %s", field_use_names[i]);
}

static void add_fd(struct buf *b, struct task *task, int fd)
{
	const char *cwd;

	if (fd == CALL_CWD) {
		buf_adds(b, task_cwd(task, &cwd, NULL) == 0 ? cwd : "?");
		return;
	}
	buf_addf(b, "%d:", fd);
	if (task_fd_path(task, fd, b, NULL) < 0)
		buf_addc(b, '?');
}

static void add_path(struct buf *b, struct task *task, const struct call_path *p)
{
	if (p->error)
		buf_addf(b, "?(%s)", strerror(-p->error));
	else if (!p->addr)
		buf_adds(b, "NULL");
	else
		add_text(b, &p->text);
	if (p->error || !p->text.len || p->text.data[0] != '/' || (p->walk & WALK_IN_ROOT)) {
		buf_adds(b, " in ");
		add_fd(b, task, p->dirfd);
	}
	add_uses(b, p->use);
}

static void add_call(struct buf *b, struct task *task, const struct call *call)
{
	const char *separator = " ";

	if (!call->row) {
		buf_addf(b, "%s call %llu, not known", call->abi->name, (unsigned long long)call->nr);
		return;
	}
	buf_adds(b, call->row->name);
	if (call->abi != abi_native())
		buf_addf(b, "@%s", call->abi->name);
	for (int i = 0; i < call->n_paths; i++) {
		buf_adds(b, separator);
		add_path(b, task, &call->paths[i]);
		separator = ", ";
	}
	if (call->fd != -1) {
		buf_adds(b, separator);
		add_fd(b, task, call->fd);
		add_uses(b, call->fd_use);
	}
}

static int put(struct trace *t, struct buf *line, struct err *e)
{
	int r;

	buf_addc(line, '\n');
	r = buf_error(line);
	if (r == 0)
		r = io_write_all(t->fd, line->data, line->len);
	return r < 0 ? err_set(e, r, "write the trace") : 0;
}

/* The line waits for its result. */
static int hold(struct trace *t, const struct task *task, struct err *e)
{
	struct buf *kept = calloc(1, sizeof(*kept));

	if (!kept || map_set(t->waiting, &task->tid, sizeof(task->tid), kept, NULL) < 0) {
		free(kept);
		return err_set(e, -ENOMEM, "trace");
	}
	*kept = t->line;
	t->line = BUF_INIT;
	return 0;
}

static int on_call(struct trace *t, struct event *ev, struct err *e)
{
	const struct syscall_row *row = ev->call->row;

	buf_reset(&t->line);
	buf_addf(&t->line, "%d ", (int)ev->task->tid);
	add_call(&t->line, ev->task, ev->call);
	/* Calls that make a task or an image come back in two places, or nowhere. */
	if (row && row->class != SYSCALL_TASK &&
	    (t->options->results || row->class == SYSCALL_CHANGE)) {
		ev->want_return = true;
		return hold(t, ev->task, e);
	}
	return put(t, &t->line, e);
}

static int on_return(struct trace *t, struct task *task, const struct event *ev, struct err *e)
{
	struct buf *line = map_remove(t->waiting, &task->tid, sizeof(task->tid));
	int r;

	if (!line)
		return 0;
	if (ev->kind != EVENT_RETURN)
		buf_adds(line, " = ?");
	else if (ev->result < 0 && ev->result > -4096)
		buf_addf(line, " = %s", strerror((int)-ev->result));
	else
		buf_addf(line, " = %lld", (long long)ev->result);
	r = put(t, line, e);
	buf_free(line);
	free(line);
	return r;
}

static int on_exec(struct trace *t, struct task *task, struct err *e)
{
	_cleanup_buf_ struct buf exe = BUF_INIT;

	buf_reset(&t->line);
	buf_addf(&t->line, "%d executes", (int)task->tid);
	if (task_exe(task, &exe, NULL) == 0) {
		buf_addc(&t->line, ' ');
		add_text(&t->line, &exe);
	}
	return put(t, &t->line, e);
}

static int on_exit_of(struct trace *t, const struct event *ev, struct err *e)
{
	int r = on_return(t, ev->task, ev, e);

	if (r < 0)
		return r;
	buf_reset(&t->line);
	buf_addf(&t->line, "%d ", (int)ev->task->tid);
	if (ev->task->tid != ev->task->tgid)
		buf_adds(&t->line, "thread ends");
	else if (WIFSIGNALED(ev->status))
		buf_addf(&t->line, "killed by signal %d", WTERMSIG(ev->status));
	else
		buf_addf(&t->line, "exits %d", WEXITSTATUS(ev->status));
	return put(t, &t->line, e);
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct trace *t = (struct trace *)self;

	switch (ev->kind) {
	case EVENT_CALL:
		return on_call(t, ev, e);
	case EVENT_RETURN:
		return on_return(t, ev->task, ev, e);
	case EVENT_EXEC:
		return on_exec(t, ev->task, e);
	case EVENT_EXIT:
		return on_exit_of(t, ev, e);
	case EVENT_BEGIN:
		return 0;
	case EVENT_START:
		break;
	}
	buf_reset(&t->line);
	buf_addf(&t->line, "%d %s", (int)ev->task->tid,
		 ev->task->tid == ev->task->tgid ? "starts" : "thread starts");
	if (ev->task->parent)
		buf_addf(&t->line, ", made by %d", (int)ev->task->parent->tid);
	return put(t, &t->line, e);
}

static void summarize(const struct engine_result *result)
{
	const struct engine_census *c = &result->census;

	fprintf(stderr,
		"engine %s: %llu stops, %llu calls (%llu seen again after they ran), %llu signals, "
		"%llu tasks, %llu programs executed\n",
		engine_name(result->kind), (unsigned long long)c->stops,
		(unsigned long long)c->calls, (unsigned long long)c->returns,
		(unsigned long long)c->signals, (unsigned long long)c->tasks,
		(unsigned long long)c->images);
	for (size_t i = 0; i < c->n_unknown; i++)
		fprintf(stderr, "not known: call %llu of %s, %llu times\n",
			(unsigned long long)c->unknown[i].nr, c->unknown[i].abi,
			(unsigned long long)c->unknown[i].count);
}

static int run_traced(struct trace *t, char **argv)
{
	struct engine_spec spec = {
		.argv = argv,
		.kind = (enum engine_kind)t->options->engine,
		.kill_on_exit = t->options->kill_on_exit,
		.allow_io_uring = t->options->allow_io_uring,
		.classes = t->options->all ? ~SYSCALL_BIT(SYSCALL_QUIET) : 0,
	};
	struct engine_result result;
	struct bus bus = { 0 };
	struct err e = { 0 };
	int r, status;

	bus_add(&bus, &t->sink);
	r = engine_run(&spec, &bus, &result, &e);
	engine_signals_restore();
	status = engine_exit_code(result.status);
	if (r < 0)
		status = cmd_fail_err(CMD_EXIT_FAILURE, &e);
	else if (result.exec_error)
		cmd_fail(status, "%s: %s", argv[0], result.exec_error == -ENOENT ?
			 "command not found" : strerror(-result.exec_error));
	if (r >= 0 && t->options->summary)
		summarize(&result);
	engine_result_free(&result);
	return status;
}

static int trace_run(void *opaque, int argc, char **argv)
{
	const struct trace_options *o = opaque;
	struct trace t = { .sink = { "trace", on_event }, .options = o, .fd = STDERR_FILENO };
	_cleanup_close_ int fd = -1;
	int status;

	if (argc < 1)
		return cmd_usage(&cmd_trace, "which command?");
	if (o->output) {
		fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
		if (fd < 0)
			return cmd_fail(CMD_EXIT_FAILURE, "open %s: %s", o->output, strerror(errno));
		t.fd = fd;
	}
	t.waiting = map_new();
	if (!t.waiting)
		return cmd_fail(CMD_EXIT_FAILURE, "no memory");
	status = run_traced(&t, argv);
	map_free(t.waiting);
	buf_free(&t.line);
	return status;
}

#define OPTION(names, type, field, arg, help) \
	CMD_OPTION(names, type, trace_options, field, arg, help)

static const struct cmd_option options[] = {
	OPTION("o,output", CMD_STRING, output, "FILE", "Print to FILE instead of standard error."),
	OPTION("results", CMD_FLAG, results, NULL,
	       "Tell the result of every call; else only of those that change something."),
	OPTION("all", CMD_FLAG, all, NULL,
	       "Also calls that name no file: tasks, ids, what the engine itself looks at."),
	OPTION("summary", CMD_FLAG, summary, NULL, "Count at the end, on standard error."),
	OPTION("engine", CMD_CHOICE, engine, "auto|ptrace-seccomp|ptrace",
	       "How to observe (default: auto, the best that care doctor finds)."),
	OPTION("kill-on-exit", CMD_FLAG, kill_on_exit, NULL,
	       "End the processes that are left when the command ends, instead of waiting."),
	OPTION("allow-io-uring", CMD_FLAG, allow_io_uring, NULL,
	       "Let the command use io_uring, whose file accesses cannot be seen."),
	CMD_OPTIONS_END,
};

static const struct cmd_example examples[] = {
	{ "care trace -o /tmp/uses ls -l", "What ls uses, in /tmp/uses." },
	{ "care trace --results sh -c 'cat *.txt'", "With the result of every call." },
	{ "care trace --summary -o /dev/null make", "How much there is to see." },
	{ NULL, NULL },
};

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print what a command uses, as it uses it",
	.synopsis = "COMMAND [ARGUMENT...]",
	.options = options,
	.options_size = sizeof(struct trace_options),
	.examples = examples,
	.run = CMD_RUN(trace_run),
};
