// SPDX-License-Identifier: GPL-2.0-or-later
/* semctl(2): values read and set, who waits for what, limits. */
#include <errno.h>
#include <string.h>

#include "core/base/mem.h"
#include "emul/sysv/internal.h"

enum { GETPID = 11, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_STAT, SEM_INFO,
       SEM_STAT_ANY };
#define VALUE_MAX 32767

/* How many wait for that one to grow, or to become zero. */
static int64_t count_waiting(const struct sysv *s, struct sysv_set *set, int num, bool zero)
{
	int64_t n = 0;
	size_t blocks;

	for (const struct sysv_pending *p = s->waiting; p; p = p->next) {
		const struct sysv_op *ops = (const struct sysv_op *)p->ops.data;

		if (p->on != &set->o || p->done)
			continue;
		/* It blocks, or it would not be here: nothing changes by trying. */
		if (sysv_sem_try(set, ops, p->ops.len / sizeof(*ops), p->tgid, &blocks) == 1 &&
		    ops[blocks].num == num && (ops[blocks].op == 0) == zero)
			n++;
	}
	return n;
}

static void forget_undo(struct sysv_set *set, uint32_t first, uint32_t n)
{
	for (struct sysv_undo *u = set->undos; u; u = u->next)
		memset(u->adjust + first, 0, n * sizeof(u->adjust[0]));
}

static int64_t set_one(struct sysv_call *c, struct sysv_set *set)
{
	int value = (int)(uint32_t)c->q.ptr;

	if (value < 0 || value > VALUE_MAX)
		return -ERANGE;
	set->sems[c->q.num].value = (uint16_t)value;
	set->sems[c->q.num].pid = c->ev->task->tgid;
	forget_undo(set, (uint32_t)c->q.num, 1);
	set->o.ctime = sysv_now();
	sysv_sem_settle(c->s, set);
	return 0;
}

static int64_t set_all(struct sysv_call *c, struct sysv_set *set)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t len = set->n * sizeof(uint16_t);
	uint16_t *values = (uint16_t *)buf_reserve(&b, len);

	if (!values)
		return -ENOMEM;
	if (task_read(c->ev->task, c->q.ptr, values, len) != (ssize_t)len)
		return -EFAULT;
	for (uint32_t i = 0; i < set->n; i++)
		if (values[i] > VALUE_MAX)
			return -ERANGE;
	for (uint32_t i = 0; i < set->n; i++) {
		set->sems[i].value = values[i];
		set->sems[i].pid = c->ev->task->tgid;
	}
	forget_undo(set, 0, set->n);
	set->o.ctime = sysv_now();
	sysv_sem_settle(c->s, set);
	return 0;
}

static int64_t get_all(struct sysv_call *c, const struct sysv_set *set)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (uint32_t i = 0; i < set->n; i++)
		buf_add(&b, &set->sems[i].value, sizeof(uint16_t));
	return sysv_write_buf(c, &b, 0);
}

static int64_t of_values(struct sysv_call *c)
{
	bool sets = c->q.cmd == SETVAL || c->q.cmd == SETALL;
	bool all = c->q.cmd == SETALL || c->q.cmd == GETALL;
	struct sysv_set *set = (struct sysv_set *)sysv_by_id(c->s, SYSV_SEM, c->q.id);

	if (!set)
		return -EINVAL;
	if (!all && (c->q.num < 0 || (uint32_t)c->q.num >= set->n))
		return -EINVAL;
	if (!sysv_may(c, &set->o, sets ? 0222 : 0444))
		return -EACCES;
	switch (c->q.cmd) {
	case GETVAL:
		return set->sems[c->q.num].value;
	case GETPID:
		return set->sems[c->q.num].pid;
	case GETNCNT:
	case GETZCNT:
		return count_waiting(c->s, set, c->q.num, c->q.cmd == GETZCNT);
	case GETALL:
		return get_all(c, set);
	case SETVAL:
		return set_one(c, set);
	default:
		return set_all(c, set);
	}
}

/* struct seminfo: ten ints, the last but one and the last of two meanings. */
static int64_t tell_limits(struct sysv_call *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct sysv_table *t = &c->s->tables[SYSV_SEM];
	uint32_t numbers[] = { 1024000000, (uint32_t)t->max, 1024000000, 1024000000, 32000, 500, 500,
			       20, VALUE_MAX, VALUE_MAX };

	if (c->q.cmd == SEM_INFO) {
		numbers[7] = (uint32_t)t->used;
		numbers[9] = 0;
		for (size_t i = 0; i < t->room; i++)
			numbers[9] += t->at[i] ? ((struct sysv_set *)t->at[i])->n : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sysv_add_int(&b, numbers[i]);
	return sysv_write_buf(c, &b, sysv_top(c->s, SYSV_SEM));
}

int64_t sysv_semctl(struct sysv_call *c)
{
	switch (c->q.cmd) {
	case SYSV_INFO:
	case SEM_INFO:
		return tell_limits(c);
	case SYSV_RMID:
		return sysv_remove(c, SYSV_SEM);
	case GETVAL:
	case GETPID:
	case GETALL:
	case GETNCNT:
	case GETZCNT:
	case SETVAL:
	case SETALL:
		return of_values(c);
	default:
		return sysv_control(c, SYSV_SEM, SEM_STAT, SEM_STAT_ANY);
	}
}
