// SPDX-License-Identifier: GPL-2.0-or-later
/* The processes of the run: who was whose child, ran what, and how it ended. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/record/recorder_internal.h"
#include "core/record/redact.h"

#define PROCESS_MAX_CMDLINE (1 << 20)	/* of the manifest's, not of the process's */

static struct process *find(const struct recorder *r, uint32_t id)
{
	return map_get(r->processes, &id, sizeof(id));
}

const char *process_exe(const struct recorder *r, uint32_t id)
{
	const struct process *p = find(r, id);

	return p && p->facts.exe ? p->facts.exe : "";
}

static int copy_strings(struct manifest_strings *to, const struct manifest_strings *from)
{
	to->v = calloc(from->n + 1, sizeof(*to->v));
	if (!to->v)
		return -ENOMEM;
	for (; to->n < from->n; to->n++) {
		to->v[to->n] = strdup(from->v[to->n]);
		if (!to->v[to->n])
			return -ENOMEM;
	}
	return 0;
}

/* A child shows its parent's program until it execs. */
static int inherit(struct process *p, const struct process *parent)
{
	if (!parent)
		return 0;
	if (parent->facts.exe) {
		p->facts.exe = strdup(parent->facts.exe);
		if (!p->facts.exe)
			return -ENOMEM;
	}
	return copy_strings(&p->facts.argv, &parent->facts.argv);
}

static void free_process(struct process *p)
{
	if (!p)
		return;
	free(p->facts.exe);
	manifest_strings_clear(&p->facts.argv);
	free(p);
}

int process_start(struct recorder *r, struct task *t)
{
	const struct process *parent = t->parent ? find(r, t->parent->process) : NULL;
	struct process *p;

	if (t->tid != t->tgid || find(r, t->process))
		return 0;
	p = calloc(1, sizeof(*p));
	if (p) {
		p->facts.id = t->process;
		p->facts.parent = t->parent ? t->parent->process : 0;
		p->facts.pid = t->tgid;
		p->facts.pid_ns = t->pid_ns;
		clock_gettime(CLOCK_REALTIME, &p->facts.start);
	}
	if (!p || inherit(p, parent) < 0 ||
	    map_set(r->processes, &t->process, sizeof(t->process), p, NULL) < 0) {
		free_process(p);
		return err_set(r->e, -ENOMEM, "remember a process");
	}
	*r->last = p;
	r->last = &p->next;
	return 0;
}

static int split(struct manifest_strings *to, const char *data, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += !data[i];
	to->v = calloc(n + 1, sizeof(*to->v));
	if (!to->v)
		return -ENOMEM;
	for (const char *at = data; to->n < n; at += strlen(at) + 1) {
		to->v[to->n] = strdup(at);
		if (!to->v[to->n])
			return -ENOMEM;
		to->n++;
	}
	return 0;
}

int process_exec(struct recorder *r, struct task *t)
{
	_cleanup_buf_ struct buf text = BUF_INIT, own = BUF_INIT;
	struct process *p = find(r, t->process);
	_cleanup_buf_ struct buf exe = BUF_INIT;
	char path[64];

	if (!p)
		return 0;
	free(p->facts.exe);
	p->facts.exe = NULL;
	manifest_strings_clear(&p->facts.argv);
	if (task_exe(t, &exe, NULL) >= 0)
		p->facts.exe = strdup(conceal_from_host(r->conceal, exe.data, &own) ? own.data : exe.data);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)t->tid);
	if (io_read_file(AT_FDCWD, path, PROCESS_MAX_CMDLINE, &text, NULL) < 0)
		return 0;
	return split(&p->facts.argv, buf_str(&text), text.len) < 0 ||
			       redact_strings(&p->facts.argv, &r->spec.redact) < 0 ?
		       err_set(r->e, -ENOMEM, "remember a command line") : 0;
}

int process_exit(struct recorder *r, struct task *t, int status)
{
	struct process *p = find(r, t->process);

	if (!p || t->tid != t->tgid)
		return 0;
	p->facts.status = status;
	clock_gettime(CLOCK_REALTIME, &p->facts.end);
	return 0;
}

static void done(struct manifest_record *record)
{
	free(record);	/* the process is the recorder's until it is freed itself */
}

int process_finish(struct recorder *r)
{
	for (struct process *p = r->first; p; p = p->next) {
		struct manifest_record *record = calloc(1, sizeof(*record));
		int ret;

		if (!record)
			return err_set(r->e, -ENOMEM, "tell of a process");
		record->kind = MANIFEST_K_PROCESS;
		record->process = &p->facts;
		ret = queue_record(r->queue, record, done, r->e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void process_free_all(struct recorder *r)
{
	while (r->first) {
		struct process *p = r->first;

		r->first = p->next;
		free_process(p);
	}
}
