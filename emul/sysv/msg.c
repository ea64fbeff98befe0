// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message queues. A message goes to the first receiver that waits for one of its kind, and
 * into the queue if there is none; where there is no room its sender waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "emul/sysv/internal.h"

enum { MSG_STAT = 11, MSG_INFO, MSG_STAT_ANY };
enum { MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000 };
#define MESSAGE_MAX 8192
#define QUEUE_MAX 16384

static int fits(const struct sysv_object *o, const struct sysv_request *q)
{
	(void)o;
	(void)q;
	return 0;
}

static int make(struct sysv_call *c, struct sysv_object **ret)
{
	struct sysv_queue *q = calloc(1, sizeof(*q));

	(void)c;
	if (!q)
		return -ENOMEM;
	q->last = &q->first;
	q->max = QUEUE_MAX;
	*ret = &q->o;
	return 0;
}

int64_t sysv_msgget(struct sysv_call *c)
{
	return sysv_get(c, SYSV_MSG, fits, make);
}

void sysv_queue_free(struct sysv_queue *q)
{
	struct sysv_message *next;

	for (struct sysv_message *m = q->first; m; m = next) {
		next = m->next;
		free(m);
	}
	free(q);
}

void sysv_msg_numbers(const struct sysv_object *o, uint64_t *ret)
{
	const struct sysv_queue *q = (const struct sysv_queue *)o;
	const uint64_t numbers[] = { (uint64_t)q->stime, (uint64_t)q->rtime, (uint64_t)o->ctime, q->bytes,
				     q->n, q->max, (uint64_t)q->sender, (uint64_t)q->receiver };

	memcpy(ret, numbers, sizeof(numbers));
}

static bool is_wanted(const struct sysv_message *m, int64_t type, int flags)
{
	if (!type)
		return true;
	if (type < 0)
		return type == INT64_MIN || m->type <= -type;
	return (m->type == type) != !!(flags & MSG_EXCEPT);
}

/* Of a negative type the lowest counts, else the first. */
static struct sysv_message **find(struct sysv_queue *q, int64_t type, int flags)
{
	struct sysv_message **best = NULL;

	for (struct sysv_message **at = &q->first; *at; at = &(*at)->next) {
		if (!is_wanted(*at, type, flags) || (best && (*best)->type <= (*at)->type))
			continue;
		best = at;
		if (type >= 0)
			break;
	}
	return best;
}

static struct sysv_message *take(struct sysv_queue *q, struct sysv_message **at, pid_t tgid)
{
	struct sysv_message *m = *at;

	*at = m->next;
	if (q->last == &m->next)
		q->last = at;
	q->bytes -= m->len;
	q->n--;
	q->receiver = tgid;
	q->rtime = sysv_now();
	return m;
}

/* To a receiver that waits: true if one took it. One for whom it is too long is told so. */
static bool hand_over(struct sysv *s, struct sysv_queue *q, struct sysv_message *m)
{
	for (struct sysv_pending *p = s->waiting; p; p = p->next) {
		if (p->on != &q->o || p->done || p->sends || !is_wanted(m, p->type, p->flags))
			continue;
		if (m->len > p->size && !(p->flags & MSG_NOERROR)) {
			sysv_finish(p, -E2BIG);
			continue;
		}
		p->message = m;
		q->receiver = p->tgid;
		q->rtime = sysv_now();
		sysv_finish(p, 0);
		return true;
	}
	return false;
}

static void put_message(struct sysv *s, struct sysv_queue *q, struct sysv_message *m, pid_t tgid)
{
	q->sender = tgid;
	q->stime = sysv_now();
	if (hand_over(s, q, m))
		return;
	m->next = NULL;
	*q->last = m;
	q->last = &m->next;
	q->bytes += m->len;
	q->n++;
}

static bool has_room(const struct sysv_queue *q, const struct sysv_message *m)
{
	return q->bytes + m->len <= q->max && q->n + 1 <= q->max;
}

static void let_senders_go_on(struct sysv *s, struct sysv_queue *q)
{
	for (struct sysv_pending *p = s->waiting; p; p = p->next)
		if (p->on == &q->o && !p->done && p->sends && has_room(q, p->message)) {
			put_message(s, q, steal_ptr(p->message), p->tgid);
			sysv_finish(p, 0);
		}
}

static int64_t read_message(const struct sysv_call *c, struct sysv_message **ret)
{
	unsigned word = c->ev->call->abi->word;
	unsigned char type[8] = { 0 };
	struct sysv_message *m;
	int64_t number = 0;

	if (c->q.size > MESSAGE_MAX)
		return -EINVAL;
	if (task_read(c->ev->task, c->q.ptr, type, word) != (ssize_t)word)
		return -EFAULT;
	memcpy(&number, type, word);
	if (word == 4)
		number = (int32_t)number;
	if (number < 1)
		return -EINVAL;
	m = malloc(sizeof(*m) + c->q.size);
	if (!m)
		return -ENOMEM;
	*m = (struct sysv_message){ .type = number, .len = c->q.size };
	if (task_read(c->ev->task, c->q.ptr + word, m->data, m->len) != (ssize_t)m->len) {
		free(m);
		return -EFAULT;
	}
	*ret = m;
	return 0;
}

int64_t sysv_msgsnd(struct sysv_call *c)
{
	_cleanup_free_ struct sysv_message *m = NULL;
	struct sysv_queue *q;
	struct sysv_pending *p;
	int64_t r = read_message(c, &m);

	if (r < 0)
		return r;
	q = (struct sysv_queue *)sysv_by_id(c->s, SYSV_MSG, c->q.id);
	if (!q)
		return -EINVAL;
	if (!sysv_may(c, &q->o, 0222))
		return -EACCES;
	if (has_room(q, m)) {
		put_message(c->s, q, steal_ptr(m), c->ev->task->tgid);
		return 0;
	}
	if (c->q.flags & SYSV_NOWAIT)
		return -EAGAIN;
	p = sysv_pending_new(c);
	if (!p)
		return -ENOMEM;
	p->sends = true;
	p->message = steal_ptr(m);
	p->on = &q->o;
	return SYSV_WAITS;
}

int64_t sysv_msg_deliver(const struct event *ev, const struct sysv_request *q,
			 const struct sysv_message *m)
{
	unsigned word = ev->call->abi->word;
	size_t len = MIN(m->len, q->size);

	if (task_write(ev->task, q->ptr, &m->type, word) != (ssize_t)word ||
	    task_write(ev->task, q->ptr + word, m->data, len) != (ssize_t)len)
		return -EFAULT;
	return (int64_t)len;
}

static int64_t wait_for_message(struct sysv_call *c, struct sysv_queue *q)
{
	struct sysv_pending *p;

	if (c->q.flags & SYSV_NOWAIT)
		return -ENOMSG;
	p = sysv_pending_new(c);
	if (!p)
		return -ENOMEM;
	p->on = &q->o;
	p->type = c->q.type;
	p->flags = c->q.flags;
	p->size = c->q.size;
	return SYSV_WAITS;
}

int64_t sysv_msgrcv(struct sysv_call *c)
{
	_cleanup_free_ struct sysv_message *m = NULL;
	struct sysv_message **at;
	struct sysv_queue *q;

	c->q.size = c->ev->call->abi->word == 4 ? (uint64_t)(int32_t)c->q.size : c->q.size;
	if (c->q.id < 0 || (int64_t)c->q.size < 0)
		return -EINVAL;
	if (c->q.flags & MSG_COPY)	/* as where checkpoints are not configured */
		return (c->q.flags & MSG_EXCEPT) || !(c->q.flags & SYSV_NOWAIT) ? -EINVAL : -ENOSYS;
	q = (struct sysv_queue *)sysv_by_id(c->s, SYSV_MSG, c->q.id);
	if (!q)
		return -EINVAL;
	if (!sysv_may(c, &q->o, 0444))
		return -EACCES;
	at = find(q, c->q.type, c->q.flags);
	if (!at)
		return wait_for_message(c, q);
	if ((*at)->len > c->q.size && !(c->q.flags & MSG_NOERROR))
		return -E2BIG;
	m = take(q, at, c->ev->task->tgid);
	let_senders_go_on(c->s, q);
	return sysv_msg_deliver(c->ev, &c->q, m);
}

/* struct msginfo: seven ints and a short. */
static int64_t tell_limits(struct sysv_call *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct sysv_table *t = &c->s->tables[SYSV_MSG];
	uint32_t numbers[] = { (uint32_t)(t->max * QUEUE_MAX / 1024), QUEUE_MAX, MESSAGE_MAX, QUEUE_MAX,
			       (uint32_t)t->max, 16, QUEUE_MAX, 0xffff };

	if (c->q.cmd == MSG_INFO) {
		numbers[0] = (uint32_t)t->used;
		numbers[1] = numbers[6] = 0;
		for (size_t i = 0; i < t->room; i++) {
			const struct sysv_queue *q = (const struct sysv_queue *)t->at[i];

			numbers[1] += q ? (uint32_t)q->n : 0;
			numbers[6] += q ? (uint32_t)q->bytes : 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sysv_add_int(&b, numbers[i]);
	return sysv_write_buf(c, &b, sysv_top(c->s, SYSV_MSG));
}

int64_t sysv_msgctl(struct sysv_call *c)
{
	struct sysv_object *o;
	int64_t r;

	if (c->q.cmd == SYSV_INFO || c->q.cmd == MSG_INFO)
		return tell_limits(c);
	if (c->q.cmd != SYSV_RMID) {
		r = sysv_control(c, SYSV_MSG, MSG_STAT, MSG_STAT_ANY);
		o = r == 0 && c->q.cmd == SYSV_SET ? sysv_by_id(c->s, SYSV_MSG, c->q.id) : NULL;
		if (o)
			let_senders_go_on(c->s, (struct sysv_queue *)o);
		return r;
	}
	return sysv_remove(c, SYSV_MSG);
}
