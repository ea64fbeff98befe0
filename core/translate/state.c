// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered of each task. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/translate/internal.h"
#include "emul/loader/loader.h"

static void program_unref(struct program *p)
{
	if (!p || --p->refs)
		return;
	free(p->guest);
	free(p->host);
	free(p);
}

void state_set_program(struct state *s, struct program *p)
{
	program_unref(s->program);
	s->program = p;
	if (p)
		p->refs++;
}

void state_set_next(struct state *s, struct program *p)
{
	program_unref(s->next);
	s->next = p;
	if (p)
		p->refs = 1;
}

struct state *state_of(struct translate *tr, const struct task *t)
{
	struct state *s = map_get(tr->states, &t->tid, sizeof(t->tid));

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (s)
		s->program_fd = -1;
	if (!s || map_set(tr->states, &t->tid, sizeof(t->tid), s, NULL) < 0) {
		free(s);
		err_set(tr->e, -ENOMEM, "follow a process");
		return NULL;
	}
	return s;
}

void state_doubt_ids(struct state *s, bool changed)
{
	if (changed)
		s->other_ids = s->ids_doubt = s->ids_asked = true;
}

int state_start(struct translate *tr, const struct task *t)
{
	struct state *s = state_of(tr, t), *parent = t->parent ? state_of(tr, t->parent) : NULL;

	if (!s || (t->parent && !parent))
		return -ENOMEM;
	if (!parent) {
		s->other_ids = tr->spec.other_ids;
		free(t->fs->guest_cwd);
		t->fs->guest_cwd = steal_ptr(tr->cwd);
	}
	if (parent) {
		state_set_program(s, parent->program);
		s->other_ids = parent->other_ids;
		s->ids_doubt = parent->ids_doubt;
		s->ids_asked = parent->ids_asked;
	}
	return 0;
}

static void release(struct state *s)
{
	while (s->n_fds)
		close(s->fds[--s->n_fds]);
	if (s->file)
		unlink(s->file);
	free(steal_ptr(s->file));
}

static void state_free(struct state *s)
{
	release(s);
	state_set_program(s, NULL);
	state_set_next(s, NULL);
	free(s->cwd);
	loader_free(s->loader);
	cleanup_closep(&s->program_fd);
	free(s);
}

void state_exit(struct translate *tr, const struct task *t)
{
	struct state *s = map_remove(tr->states, &t->tid, sizeof(t->tid));

	if (s)
		state_free(s);
}

void states_free(struct translate *tr)
{
	size_t cursor = 0;
	void *s;

	while (tr->states && map_next(tr->states, &cursor, NULL, NULL, &s))
		state_free(s);
	map_free(tr->states);
}

int state_hold(struct translate *tr, struct event *ev, int fd, struct buf *ret_path)
{
	struct state *s = state_of(tr, ev->task);

	if (!s || s->n_fds == (int)ARRAY_SIZE(s->fds)) {
		close(fd);
		return s ? -ENFILE : -ENOMEM;
	}
	s->fds[s->n_fds++] = fd;
	ev->want_return = true;
	buf_addf(ret_path, "%s/fd/%d", tr->proc_self, fd);
	return buf_error(ret_path);
}

int state_hold_file(struct translate *tr, struct event *ev, int *ret_fd, struct buf *ret_path)
{
	struct state *s = state_of(tr, ev->task);
	_cleanup_free_ char *name = strdup("/tmp/.care-XXXXXX");
	int fd;

	if (!s || !name)
		return -ENOMEM;
	release(s);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	buf_adds(ret_path, name);
	s->file = steal_ptr(name);
	ev->want_return = true;
	return buf_error(ret_path);
}

void state_release(struct translate *tr, const struct task *t)
{
	struct state *s = map_get(tr->states, &t->tid, sizeof(t->tid));

	if (s)
		release(s);
}
