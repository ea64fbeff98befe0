// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Semaphores: semget, semop, semtimedop, and what is undone when a process ends. The
 * operations of a call happen all or none; those who wait are tried in the order they came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "emul/sysv/internal.h"

#define SEM_UNDO 0x1000
#define VALUE_MAX 32767
#define ADJUST_MAX 32767
#define SEMS_MAX 32000		/* of a set */
#define OPS_MAX 500

static int fits(const struct sysv_object *o, const struct sysv_request *q)
{
	return ((const struct sysv_set *)o)->n < (uint32_t)q->num ? -EINVAL : 0;
}

static int make(struct sysv_call *c, struct sysv_object **ret)
{
	struct sysv_set *set;

	if (!c->q.num)
		return -EINVAL;
	set = calloc(1, sizeof(*set) + (size_t)c->q.num * sizeof(set->sems[0]));
	if (!set)
		return -ENOMEM;
	set->n = (uint32_t)c->q.num;
	*ret = &set->o;
	return 0;
}

int64_t sysv_semget(struct sysv_call *c)
{
	if (c->q.num < 0 || c->q.num > SEMS_MAX)
		return -EINVAL;
	return sysv_get(c, SYSV_SEM, fits, make);
}

void sysv_set_free(struct sysv_set *set)
{
	struct sysv_undo *next;

	for (struct sysv_undo *u = set->undos; u; u = next) {
		next = u->next;
		free(u);
	}
	free(set);
}

void sysv_sem_numbers(const struct sysv_object *o, uint64_t *ret)
{
	const struct sysv_set *set = (const struct sysv_set *)o;

	ret[0] = (uint64_t)set->otime;
	ret[1] = (uint64_t)o->ctime;
	ret[2] = set->n;
}

static struct sysv_undo *undo_of(const struct sysv_set *set, pid_t tgid)
{
	struct sysv_undo *u = set->undos;

	while (u && u->tgid != tgid)
		u = u->next;
	return u;
}

static int need_undo(struct sysv_set *set, pid_t tgid)
{
	struct sysv_undo *u = undo_of(set, tgid);

	if (u)
		return 0;
	u = calloc(1, sizeof(*u) + set->n * sizeof(u->adjust[0]));
	if (!u)
		return -ENOMEM;
	u->tgid = tgid;
	u->next = set->undos;
	set->undos = u;
	return 0;
}

/* One operation: 0, 1 = it must wait, −ERANGE. */
static int apply(struct sysv_set *set, const struct sysv_op *op, struct sysv_undo *u)
{
	struct sysv_sem *sem = &set->sems[op->num];
	int value = sem->value + op->op, adjust;

	if ((!op->op && sem->value) || value < 0)
		return 1;
	if (value > VALUE_MAX)
		return -ERANGE;
	if (u && (op->flags & SEM_UNDO)) {
		adjust = u->adjust[op->num] - op->op;
		if (adjust < -ADJUST_MAX - 1 || adjust > ADJUST_MAX)
			return -ERANGE;
		u->adjust[op->num] = (int16_t)adjust;
	}
	sem->value = (uint16_t)value;
	return 0;
}

int sysv_sem_try(struct sysv_set *set, const struct sysv_op *ops, size_t n, pid_t tgid, size_t *ret_blocks)
{
	struct sysv_undo *u = undo_of(set, tgid);
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++)
		r = apply(set, &ops[i], u);
	if (r == 0) {
		for (i = 0; i < n; i++)
			set->sems[ops[i].num].pid = tgid;
		set->otime = sysv_now();
		return 0;
	}
	*ret_blocks = --i;
	while (i-- > 0) {
		set->sems[ops[i].num].value -= ops[i].op;
		if (u && (ops[i].flags & SEM_UNDO))
			u->adjust[ops[i].num] += ops[i].op;
	}
	return r < 0 ? r : ops[*ret_blocks].flags & SYSV_NOWAIT ? -EAGAIN : 1;
}

void sysv_sem_settle(struct sysv *s, struct sysv_set *set)
{
	bool again = true;
	size_t blocks;

	while (again) {
		again = false;
		for (struct sysv_pending *p = s->waiting; p; p = p->next) {
			int r;

			if (p->on != &set->o || p->done)
				continue;
			r = sysv_sem_try(set, (struct sysv_op *)p->ops.data,
					 p->ops.len / sizeof(struct sysv_op), p->tgid, &blocks);
			if (r > 0)
				continue;
			sysv_finish(p, r);
			again = true;
		}
	}
}

static int read_timeout(const struct sysv_call *c, struct sysv_pending *p)
{
	int64_t time[2];
	int32_t narrow[2];

	p->timed = c->q.timeout != 0;
	if (!p->timed)
		return 0;
	if (c->q.time32) {
		if (task_read(c->ev->task, c->q.timeout, narrow, sizeof(narrow)) != sizeof(narrow))
			return -EFAULT;
		time[0] = narrow[0];
		time[1] = narrow[1];
	} else {
		if (task_read(c->ev->task, c->q.timeout, time, sizeof(time)) != sizeof(time))
			return -EFAULT;
		if (!c->ev->call->abi->reg64)
			time[1] = (int32_t)time[1];	/* what is above is not looked at */
	}
	if (time[0] < 0 || time[1] < 0 || time[1] >= 1000000000)
		return -EINVAL;
	p->sec = (uint64_t)time[0];
	p->nsec = (uint64_t)time[1];
	return 0;
}

static int read_ops(const struct sysv_call *c, struct buf *ret)
{
	size_t len = (size_t)c->q.size * sizeof(struct sysv_op);
	char *to = buf_reserve(ret, len);

	if (!to)
		return -ENOMEM;
	if (task_read(c->ev->task, c->q.ptr, to, len) != (ssize_t)len)
		return -EFAULT;
	ret->len = len;
	return 0;
}

/* The set, once everything that can be wrong with the call has been looked at. 0 or −errno. */
static int check(struct sysv_call *c, const struct buf *ops, struct sysv_set **ret)
{
	const struct sysv_op *op = (const struct sysv_op *)ops->data;
	struct sysv_object *o = sysv_by_id(c->s, SYSV_SEM, c->q.id);
	struct sysv_set *set = (struct sysv_set *)o;
	bool alters = false, undoes = false;

	if (!o)
		return -EINVAL;
	for (size_t i = 0; i < c->q.size; i++) {
		if (op[i].num >= set->n)
			return -EFBIG;
		alters |= op[i].op != 0;
		undoes |= op[i].flags & SEM_UNDO;
	}
	if (!sysv_may(c, o, alters ? 0222 : 0444))
		return -EACCES;
	*ret = set;
	return undoes ? need_undo(set, c->ev->task->tgid) : 0;
}

static int64_t operate(struct sysv_call *c, struct sysv_pending *p)
{
	struct sysv_set *set = NULL;
	size_t blocks;
	int r = read_ops(c, &p->ops);

	if (r == 0)
		r = read_timeout(c, p);
	if (r == 0)
		r = check(c, &p->ops, &set);
	if (r < 0)
		return r;
	r = sysv_sem_try(set, (struct sysv_op *)p->ops.data, c->q.size, p->tgid, &blocks);
	if (r <= 0) {
		if (r == 0)
			sysv_sem_settle(c->s, set);
		return r;
	}
	if (p->timed && !p->sec && !p->nsec)
		return -EAGAIN;
	p->on = &set->o;
	return SYSV_WAITS;
}

int64_t sysv_semop(struct sysv_call *c)
{
	struct sysv_pending *p;
	int64_t r;

	if ((int32_t)c->q.size < 1 || c->q.id < 0)
		return -EINVAL;
	c->q.size = (uint32_t)c->q.size;
	if (c->q.size > OPS_MAX)
		return -E2BIG;
	p = sysv_pending_new(c);
	r = p ? operate(c, p) : -ENOMEM;
	if (r != SYSV_WAITS)
		sysv_pending_end(c->s, c->ev->task->tid);
	return r;
}

static void undo(struct sysv_set *set, const struct sysv_undo *u)
{
	for (uint32_t i = 0; i < set->n; i++) {
		int value = set->sems[i].value + u->adjust[i];

		if (!u->adjust[i])
			continue;
		set->sems[i].value = (uint16_t)MIN(MAX(value, 0), VALUE_MAX);
		set->sems[i].pid = u->tgid;
	}
}

void sysv_sem_exit(struct sysv *s, pid_t tgid)
{
	struct sysv_table *t = &s->tables[SYSV_SEM];

	for (size_t i = 0; i < t->room; i++) {
		struct sysv_set *set = (struct sysv_set *)t->at[i];
		struct sysv_undo *u, **at;

		if (!set)
			continue;
		for (at = &set->undos; *at && (*at)->tgid != tgid;)
			at = &(*at)->next;
		if (!*at)
			continue;
		u = *at;
		*at = u->next;
		undo(set, u);
		free(u);
		set->otime = sysv_now();
		sysv_sem_settle(s, set);
	}
}
