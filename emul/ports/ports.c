// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink of emul/ports. */
#include "emul/ports/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "emul/ports/internal.h"

#define BIND_TRIES 16

unsigned ports_classes(void)
{
	return SYSCALL_BIT(SYSCALL_NET) | SYSCALL_BIT(SYSCALL_BIND) | SYSCALL_BIT(SYSCALL_PEER) |
	       SYSCALL_BIT(SYSCALL_TAKE);
}

static bool gives_address(const struct call *c)
{
	return c->row->class == SYSCALL_NET || c->row->class == SYSCALL_BIND;
}

static void forget(struct ports *p, const struct task *t)
{
	free(map_remove(p->pending, &t->tid, sizeof(t->tid)));
}

static struct pending *pending_of(const struct ports *p, const struct task *t)
{
	return map_get(p->pending, &t->tid, sizeof(t->tid));
}

static int remember(struct ports *p, const struct task *t, const struct pending *what)
{
	struct pending *copy = malloc(sizeof(*copy));
	void *old = NULL;
	int r;

	if (!copy)
		return -ENOMEM;
	*copy = *what;
	r = map_set(p->pending, &t->tid, sizeof(t->tid), copy, &old);
	free(r < 0 ? copy : old);
	return r;
}

static bool tells_address(const struct call *c)
{
	switch (c->row->class) {
	case SYSCALL_PEER:
		return c->vals[c->row == syscall_row(SYSCALL_recvfrom) ? 4 : 1] != 0;
	case SYSCALL_TAKE:
		return true;
	default:
		return false;
	}
}

static int on_call(struct ports *p, struct event *ev, struct err *e)
{
	struct pending pending = { 0 }, *before = pending_of(p, ev->task);
	int r;

	if (!ev->call->row || ev->answered)
		return 0;
	if (tells_address(ev->call))
		ev->want_return = true;
	if (!gives_address(ev->call))
		return 0;
	if (before && before->chosen && ev->call->addr_bind)
		pending.tries = before->tries;
	forget(p, ev->task);
	r = ports_send(p, ev, &pending);
	if (r == 0 && ev->want_return)
		r = remember(p, ev->task, &pending);
	if (r == -ENOMEM)
		return err_set(e, r, "change a port");
	if (r < 0) {
		ev->answered = true;
		ev->answer = r;
	}
	return 0;
}

static void on_bound(struct ports *p, struct event *ev, struct pending *b)
{
	if (ev->result == -EADDRINUSE && b->chosen && b->out && b->tries++ < BIND_TRIES) {
		/* Somebody was faster: another one. */
		ev->again = true;
		return;
	}
	b->chosen = false;
	if (ev->result < 0)
		return;
	if (!b->out)
		port_table_own(&p->table, b->in);
	else if (p->table.of[b->in].to != b->out || p->table.of[b->out].back != b->in)
		port_table_set(&p->table, b->in, b->out, p->table.of[b->in].everywhere);
}

/* One of several was sent: its length goes where all of them would have gone. */
static void on_sent_first(struct event *ev, const struct pending *sent)
{
	uint32_t len = (uint32_t)ev->result;

	if (ev->result < 0)
		return;
	task_write(ev->task, sent->message + 7ull * ev->call->abi->word, &len, sizeof(len));
	ev->answered = true;
	ev->answer = 1;
}

static void spell_messages(const struct ports *p, const struct event *ev)
{
	const struct call *c = ev->call;
	bool one = c->row == syscall_row(SYSCALL_recvmsg);
	uint64_t name, size = 8ull * c->abi->word;	/* of struct mmsghdr */
	uint32_t len;

	for (int64_t i = 0; i < (one ? 1 : ev->result); i++)
		if (ports_message(ev, c->vals[1] + (uint64_t)i * size, &name, &len) == 0)
			ports_spell(p, ev->task, name, len);
}

static void on_told(const struct ports *p, const struct event *ev)
{
	const struct call *c = ev->call;
	int arg = c->row == syscall_row(SYSCALL_recvfrom) ? 4 : 1;
	uint32_t len;

	if (ev->result < 0 || !tells_address(c))
		return;
	if (c->row->class == SYSCALL_TAKE)
		spell_messages(p, ev);
	else if (task_read(ev->task, c->vals[arg + 1], &len, sizeof(len)) == sizeof(len))
		ports_spell(p, ev->task, c->vals[arg], len);
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct ports *p = (struct ports *)self;
	struct pending *pending;

	switch (ev->kind) {
	case EVENT_CALL:
		return on_call(p, ev, e);
	case EVENT_RETURN:
		if (!ev->call->row)
			return 0;
		on_told(p, ev);
		pending = gives_address(ev->call) ? pending_of(p, ev->task) : NULL;
		if (pending && pending->message)
			on_sent_first(ev, pending);
		else if (pending && ev->call->addr_bind)
			on_bound(p, ev, pending);
		return 0;
	case EVENT_EXIT:
		forget(p, ev->task);
		return 0;
	default:
		return 0;
	}
}

int ports_add(struct ports *p, const char *word)
{
	unsigned in, out;
	int end = 0;

	if (sscanf(word, "%5u:%5u%n", &in, &out, &end) != 2 || word[end] || !in || !out ||
	    in > UINT16_MAX || out > UINT16_MAX || strspn(word, "0123456789:") != strlen(word))
		return -EINVAL;
	if (p->table.of[in].to && p->table.of[in].to != out)
		return -EEXIST;
	port_table_set(&p->table, (uint16_t)in, (uint16_t)out, true);
	return 0;
}

struct ports *ports_new(const struct ports_options *o)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->sink = (struct sink){ "ports", on_event };
	p->options = *o;
	p->pending = map_new();
	if (p->pending && port_table_init(&p->table) == 0)
		return p;
	ports_free(p);
	return NULL;
}

void ports_free(struct ports *p)
{
	size_t cursor = 0, len;
	const void *key;
	void *value;

	if (!p)
		return;
	while (p->pending && map_next(p->pending, &cursor, &key, &len, &value))
		free(value);
	map_free(p->pending);
	free(p->table.of);
	free(p);
}

struct sink *ports_sink(struct ports *p)
{
	return &p->sink;
}
