// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * struct shmid_ds, semid_ds and msqid_ds as tracees have them: those of Linux 2.4 (IPC_64)
 * in 64 and 32 bits, where times have their upper halves behind them since 4.17, and those
 * of 2.2 with ids of 16 bits.
 */
#include <errno.h>
#include <string.h>

#include "arch/abi.h"
#include "emul/sysv/internal.h"

struct place {
	uint8_t at, size;
};

struct layout {
	uint8_t size;
	struct place numbers[SYSV_NUMBERS];
};

enum { NEW_64, NEW_32, OLD, LAYOUTS };

static const struct layout layouts[SYSV_KINDS][LAYOUTS] = {
	/* size, atime, dtime, ctime, cpid, lpid, nattch */
	[SYSV_SHM] = {
		[NEW_64] = { 112, { { 48, 8 }, { 56, 8 }, { 64, 8 }, { 72, 8 }, { 80, 4 }, { 84, 4 }, { 88, 8 } } },
		[NEW_32] = { 84, { { 36, 4 }, { 40, 8 }, { 48, 8 }, { 56, 8 }, { 64, 4 }, { 68, 4 }, { 72, 4 } } },
		[OLD] = { 48, { { 16, 4 }, { 20, 4 }, { 24, 4 }, { 28, 4 }, { 32, 2 }, { 34, 2 }, { 36, 2 } } },
	},
	/* otime, ctime, nsems */
	[SYSV_SEM] = {
		[NEW_64] = { 88, { { 48, 8 }, { 56, 8 }, { 64, 8 } } },
		[NEW_32] = { 64, { { 36, 8 }, { 44, 8 }, { 52, 4 } } },
		[OLD] = { 44, { { 16, 4 }, { 20, 4 }, { 40, 2 } } },
	},
	/* stime, rtime, ctime, cbytes, qnum, qbytes, lspid, lrpid */
	[SYSV_MSG] = {
		[NEW_64] = { 120, { { 48, 8 }, { 56, 8 }, { 64, 8 }, { 72, 8 }, { 80, 8 }, { 88, 8 }, { 96, 4 },
				    { 100, 4 } } },
		[NEW_32] = { 88, { { 36, 8 }, { 44, 8 }, { 52, 8 }, { 60, 4 }, { 64, 4 }, { 68, 4 }, { 72, 4 },
				   { 76, 4 } } },
		[OLD] = { 56, { { 24, 4 }, { 28, 4 }, { 32, 4 }, { 44, 2 }, { 46, 2 }, { 48, 2 }, { 50, 2 },
				{ 52, 2 } } },
	},
};

/* Where 64 bits have a long of nothing behind each time. */
static const struct layout wide_sem = { 104, { { 48, 8 }, { 64, 8 }, { 80, 8 } } };

static const struct layout *layout_of(const struct sysv_call *c, enum sysv_kind kind)
{
	const struct abi *abi = c->ev->call->abi;

	if (c->q.old)
		return &layouts[kind][OLD];
	if (!abi->reg64)
		return &layouts[kind][NEW_32];
	return kind == SYSV_SEM && abi->sem_times_wide ? &wide_sem : &layouts[kind][NEW_64];
}

static void put(unsigned char *to, size_t at, size_t size, uint64_t value)
{
	memcpy(to + at, &value, size);	/* every ABI here is little-endian, as we are */
}

static uint64_t take(const unsigned char *from, size_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, from + at, size);
	return value;
}

static void put_permissions(const struct sysv_object *o, bool old, unsigned char *to)
{
	const uint32_t ids[] = { o->uid, o->gid, o->cuid, o->cgid };
	size_t id = old ? 2 : 4;

	put(to, 0, 4, (uint32_t)o->key);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		put(to, 4 + i * id, id, old && ids[i] > 0xffff ? 0xfffe : ids[i]);
	put(to, 4 + 4 * id, id, o->mode);
	put(to, 4 + 5 * id, 2, o->seq);
}

size_t sysv_put(const struct sysv_call *c, const struct sysv_object *o, const uint64_t *numbers,
		unsigned char *ret)
{
	const struct layout *l = layout_of(c, o->kind);

	memset(ret, 0, l->size);
	put_permissions(o, c->q.old, ret);
	for (int i = 0; i < SYSV_NUMBERS; i++)
		if (l->numbers[i].size)
			put(ret, l->numbers[i].at, l->numbers[i].size, numbers[i]);
	return l->size;
}

size_t sysv_parse(const struct sysv_call *c, enum sysv_kind kind, const unsigned char *from,
		  struct sysv_object *ret, uint64_t *numbers)
{
	const struct layout *l = layout_of(c, kind);
	size_t id = c->q.old ? 2 : 4;

	ret->uid = (uint32_t)take(from, 4, id);
	ret->gid = (uint32_t)take(from, 4 + id, id);
	ret->mode = (uint32_t)take(from, 4 + 4 * id, 2);
	for (int i = 0; i < SYSV_NUMBERS; i++)
		numbers[i] = l->numbers[i].size ? take(from, l->numbers[i].at, l->numbers[i].size) : 0;
	return l->size;
}

size_t sysv_ds_size(const struct sysv_call *c, enum sysv_kind kind)
{
	return layout_of(c, kind)->size;
}

void sysv_add_int(struct buf *b, uint32_t value)
{
	buf_add(b, &value, sizeof(value));
}

void sysv_add_long(const struct sysv_call *c, struct buf *b, uint64_t value)
{
	static const char zeros[8];
	size_t word = c->ev->call->abi->reg64 ? 8 : 4;

	buf_add(b, zeros, -b->len & (word - 1));
	buf_add(b, &value, word);
}

int64_t sysv_write(const struct sysv_call *c, uint64_t addr, const void *from, size_t len)
{
	return task_write(c->ev->task, addr, from, len) == (ssize_t)len ? 0 : -EFAULT;
}

int64_t sysv_write_buf(const struct sysv_call *c, const struct buf *b, int64_t result)
{
	int64_t r = buf_error(b);

	if (r == 0)
		r = sysv_write(c, c->q.ptr, b->data, b->len);
	return r < 0 ? r : result;
}
