// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What segments, sets and queues have in common. An id is an index and, above it, a number
 * that is another one for each that had the index, as the kernel's are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emul/sysv/internal.h"

int64_t sysv_now(void)
{
	return time(NULL);
}

struct sysv_object *sysv_by_index(const struct sysv *s, enum sysv_kind kind, int index)
{
	const struct sysv_table *t = &s->tables[kind];

	return index >= 0 && (size_t)index < t->room ? t->at[index] : NULL;
}

struct sysv_object *sysv_by_id(const struct sysv *s, enum sysv_kind kind, int id)
{
	struct sysv_object *o = id < 0 ? NULL : sysv_by_index(s, kind, id % SYSV_INDEX_MAX);

	return o && o->id == id ? o : NULL;
}

int sysv_top(const struct sysv *s, enum sysv_kind kind)
{
	const struct sysv_table *t = &s->tables[kind];
	size_t n = t->room;

	while (n && !t->at[n - 1])
		n--;
	return n ? (int)n - 1 : 0;
}

static struct sysv_object *by_key(const struct sysv_table *t, int32_t key)
{
	for (size_t i = 0; i < t->room; i++)
		if (t->at[i] && t->at[i]->key == key)
			return t->at[i];
	return NULL;
}

static int put_in(struct sysv_table *t, struct sysv_object *o)
{
	size_t i = 0, room = t->room * 2 + 8;
	struct sysv_object **at;

	if (t->used == t->max)
		return -ENOSPC;
	while (i < t->room && t->at[i])
		i++;
	if (i == t->room) {
		at = realloc(t->at, room * sizeof(struct sysv_object *));
		if (!at)
			return -ENOMEM;
		memset(at + t->room, 0, (room - t->room) * sizeof(struct sysv_object *));
		t->at = at;
		t->room = room;
	}
	t->at[i] = o;
	t->used++;
	o->seq = t->seq;
	o->id = (int)(t->seq * SYSV_INDEX_MAX + i);
	return 0;
}

void sysv_take_out(struct sysv *s, struct sysv_object *o)
{
	struct sysv_table *t = &s->tables[o->kind];

	t->at[o->id % SYSV_INDEX_MAX] = NULL;
	t->used--;
	t->seq = (t->seq + 1) % (INT32_MAX / SYSV_INDEX_MAX);
}

static void free_object(struct sysv_object *o)
{
	if (o->kind == SYSV_SHM) {
		close(((struct sysv_shm *)o)->fd);
		free(o);
	} else if (o->kind == SYSV_SEM) {
		sysv_set_free((struct sysv_set *)o);
	} else {
		sysv_queue_free((struct sysv_queue *)o);
	}
}

void sysv_destroy(struct sysv *s, struct sysv_object *o)
{
	sysv_take_out(s, o);
	sysv_finish_all(s, o, -EIDRM);
	free_object(o);
}

int64_t sysv_get(struct sysv_call *c, enum sysv_kind kind,
		 int (*fits)(const struct sysv_object *o, const struct sysv_request *q),
		 int (*make)(struct sysv_call *c, struct sysv_object **ret))
{
	struct sysv_table *t = &c->s->tables[kind];
	struct sysv_object *o = c->q.id ? by_key(t, c->q.id) : NULL;
	int r;

	if (o) {
		if ((c->q.flags & SYSV_CREAT) && (c->q.flags & SYSV_EXCL))
			return -EEXIST;
		r = fits(o, &c->q);
		if (r < 0)
			return r;
		return sysv_may(c, o, c->q.flags) ? o->id : -EACCES;
	}
	if (c->q.id && !(c->q.flags & SYSV_CREAT))
		return -ENOENT;
	r = make(c, &o);
	if (r < 0)
		return r;
	o->kind = kind;
	o->key = c->q.id;
	o->mode = c->q.flags & 0777;
	o->ctime = sysv_now();
	sysv_own(c, o);
	r = put_in(t, o);
	if (r < 0)
		free_object(o);
	return r < 0 ? r : o->id;
}

static void numbers_of(const struct sysv *s, const struct sysv_object *o, uint64_t *ret)
{
	memset(ret, 0, SYSV_NUMBERS * sizeof(*ret));
	if (o->kind == SYSV_SHM)
		sysv_shm_numbers(s, o, ret);
	else if (o->kind == SYSV_SEM)
		sysv_sem_numbers(o, ret);
	else
		sysv_msg_numbers(o, ret);
}

static int64_t tell(struct sysv_call *c, enum sysv_kind kind, bool by_index, bool any)
{
	struct sysv_object *o = by_index ? sysv_by_index(c->s, kind, c->q.id)
					 : sysv_by_id(c->s, kind, c->q.id);
	unsigned char bytes[SYSV_DS_MAX];
	uint64_t numbers[SYSV_NUMBERS];
	int64_t r;

	if (!o)
		return -EINVAL;
	if (!any && !sysv_may(c, o, 0444))
		return -EACCES;
	numbers_of(c->s, o, numbers);
	r = sysv_write(c, c->q.ptr, bytes, sysv_put(c, o, numbers, bytes));
	return r < 0 ? r : by_index ? o->id : 0;
}

#define CAP_SYS_RESOURCE 24
#define QUEUE_MAX 16384

static int64_t set(struct sysv_call *c, enum sysv_kind kind)
{
	struct sysv_object *o, given = { 0 };
	unsigned char bytes[SYSV_DS_MAX];
	uint64_t numbers[SYSV_NUMBERS];
	size_t size = sysv_ds_size(c, kind);

	if (task_read(c->ev->task, c->q.ptr, bytes, size) != (ssize_t)size)
		return -EFAULT;
	o = sysv_by_id(c->s, kind, c->q.id);
	if (!o)
		return -EINVAL;
	if (!sysv_is_owner(c, o))
		return -EPERM;
	sysv_parse(c, kind, bytes, &given, numbers);
	if (kind == SYSV_MSG) {
		if (numbers[5] > QUEUE_MAX && !sysv_capable(c, CAP_SYS_RESOURCE))
			return -EPERM;
		((struct sysv_queue *)o)->max = numbers[5];
	}
	o->uid = given.uid;
	o->gid = given.gid;
	o->mode = (o->mode & ~0777u) | (given.mode & 0777);
	o->ctime = sysv_now();
	return 0;
}

int64_t sysv_control(struct sysv_call *c, enum sysv_kind kind, int stat, int stat_any)
{
	if (c->q.cmd == SYSV_SET)
		return set(c, kind);
	if (c->q.cmd == SYSV_STAT)
		return tell(c, kind, false, false);
	if (c->q.cmd == stat || c->q.cmd == stat_any)
		return tell(c, kind, true, c->q.cmd == stat_any);
	return -EINVAL;
}

int64_t sysv_remove(struct sysv_call *c, enum sysv_kind kind)
{
	struct sysv_object *o = sysv_by_id(c->s, kind, c->q.id);

	if (!o)
		return -EINVAL;
	if (!sysv_is_owner(c, o))
		return -EPERM;
	sysv_destroy(c->s, o);
	return 0;
}
