// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * interp ENGINE FROM=TO… -- COMMAND…: runs it, every dynamic program below it by the
 * interpreter TO where it asks for FROM. A small sink of emul/loader, for tests. Says at the
 * end on descriptor 9, if that is open, how many were started so.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/event/exec.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "emul/elf/elf.h"
#include "emul/loader/loader.h"

#define TASKS 65536

static struct known {
	pid_t tid;
	struct loader *loader;	/* of the execve(2) it is in, or of the image that begins */
	char *asked;		/* … its program */
	char *exe;		/* of its process */
} known[TASKS];

static char **pairs;
static int n_pairs, started;
static char rewritten[PATH_MAX];

static struct known *of(pid_t tid)
{
	size_t i = (size_t)tid % TASKS;

	while (known[i].tid && known[i].tid != tid)
		i = (i + 1) % TASKS;
	known[i].tid = tid;
	return &known[i];
}

static const char *other(const char *interp)
{
	size_t len = strlen(interp);

	for (int i = 0; i < n_pairs; i++)
		if (!strncmp(pairs[i], interp, len) && pairs[i][len] == '=')
			return pairs[i] + len + 1;
	return NULL;
}

/* Through the task's own directories: a path of ours for a path of its. */
static void ours(const struct event *ev, const struct call_path *p, char *to, size_t size)
{
	const char *text = buf_str(&p->text);

	if (text[0] == '/')
		snprintf(to, size, "%s", text);
	else if (p->dirfd == CALL_CWD)
		snprintf(to, size, "/proc/%d/cwd/%s", (int)ev->task->tid, text);
	else
		snprintf(to, size, "/proc/%d/fd/%d%s%s", (int)ev->task->tid, p->dirfd,
			 *text ? "/" : "", text);
}

static void on_execve(struct event *ev)
{
	struct known *k = of(ev->task->tid);
	struct elf_info info = { 0 };
	char path[PATH_MAX], real[PATH_MAX] = "", name[64];
	/* execveat(2) of a descriptor has no path. */
	bool by_fd = !ev->call->n_paths;
	const char *to, *text = by_fd ? name : buf_str(&ev->call->paths[0].text);
	struct err e = { 0 };
	int r, interp = -1, fd;

	loader_free(steal_ptr(k->loader));
	free(steal_ptr(k->asked));
	snprintf(name, sizeof(name), "/dev/fd/%d", ev->call->fd);	/* as the kernel calls it */
	if (by_fd)
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)ev->task->tid, ev->call->fd);
	else
		ours(ev, &ev->call->paths[0], path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || access(path, X_OK) < 0 || elf_read_headers(fd, &info, NULL) < 0)
		goto out;
	/* What is executed itself is so by its last name, and told the one that was asked for. */
	if (!info.interp && !by_fd && realpath(path, rewritten)) {
		ev->rewrite[0] = rewritten;
		started += loader_new_named(text, &k->loader, &e) == 0;
		k->asked = strdup(rewritten);
		goto out;
	}
	to = info.interp ? other(info.interp) : NULL;
	interp = to ? open(to, O_RDONLY | O_CLOEXEC) : -1;
	if (interp < 0 || !loader_wanted(&info, interp))
		goto out;
	/* What has no path any more is opened by way of our own descriptor, which stays. */
	if (!realpath(path, real))
		snprintf(real, sizeof(real), "/proc/%d/fd/%d", (int)getpid(), dup(fd));
	r = loader_new(fd, interp, real, text, &k->loader, &e);
	if (r < 0) {
		ev->answered = true;
		ev->answer = r;
		goto out;
	}
	k->asked = strdup(real);
	snprintf(rewritten, sizeof(rewritten), "%s", to);
	if (by_fd)
		patch_arg(ev->patch, ev->call, 1, patch_text(ev->patch, to), true);
	else
		ev->rewrite[0] = rewritten;
	started++;
out:
	elf_info_clear(&info);
	close(fd);
	close(interp);
}

/* What only the kernel knows better. */
static void on_self_exe(struct event *ev)
{
	const char *exe = of(ev->task->tgid)->exe, *name = ev->call->row->name;
	int at = !strcmp(name, "readlinkat");
	size_t size;

	if (!exe)
		return;
	if (strncmp(name, "readlink", 8)) {
		ev->rewrite[0] = exe;
		return;
	}
	size = MIN(strlen(exe), (size_t)ev->call->vals[2 + at]);
	ev->answered = true;
	ev->answer = task_write(ev->task, ev->call->vals[1 + at], exe, size);
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct known *k = of(ev->task->tid), *caller;
	struct err why = { 0 };
	const char *text;

	(void)self;
	(void)e;
	switch (ev->kind) {
	case EVENT_CALL:
		text = ev->call->n_paths ? buf_str(&ev->call->paths[0].text) : "";
		if (ev->call->row && !strncmp(ev->call->row->name, "execve", 6))
			on_execve(ev);
		else if (!strcmp(text, "/proc/self/exe"))
			on_self_exe(ev);
		return 0;
	case EVENT_START:
		if (ev->task->parent && ev->task->tid == ev->task->tgid && of(ev->task->parent->tgid)->exe)
			k->exe = strdup(of(ev->task->parent->tgid)->exe);
		return 0;
	case EVENT_EXEC:
		caller = of(ev->exec->caller);
		free(steal_ptr(k->exe));
		k->exe = steal_ptr(caller->asked);
		k->loader = steal_ptr(caller->loader);
		if (k->loader && loader_exec(k->loader, ev, &why) < 0)
			fprintf(stderr, "interp: %s\n", why.text);
		return 0;
	case EVENT_BEGIN:
		if (loader_begin(k->loader, ev, &why) < 0)
			fprintf(stderr, "interp: %s\n", why.text);
		loader_free(steal_ptr(k->loader));
		return 0;
	default:
		return 0;
	}
}

int main(int argc, char **argv)
{
	struct engine_spec spec = { 0 };
	struct sink sink = { .name = "interp", .event = on_event };
	struct engine_result result;
	struct bus bus = { 0 };
	struct err e = { 0 };
	int i = 2;

	if (argc < 4 || engine_parse(argv[1], &spec.kind) < 0)
		return 2;
	for (pairs = argv + 2; i < argc && strcmp(argv[i], "--"); i++)
		n_pairs++;
	spec.argv = argv + i + 1;
	spec.classes = SYSCALL_BIT(SYSCALL_LOOK) | SYSCALL_BIT(SYSCALL_OPEN) | SYSCALL_BIT(SYSCALL_EXEC);
	bus_add(&bus, &sink);
	if (engine_run(&spec, &bus, &result, &e) < 0)
		fprintf(stderr, "interp: %s\n", e.text);
	engine_signals_restore();
	dprintf(9, "%d\n", started);
	i = result.status < 0 ? 125 : engine_exit_code(result.status);
	engine_result_free(&result);
	return i;
}
