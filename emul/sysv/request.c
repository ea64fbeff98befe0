// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is asked. i386 has one number for all of these calls, ipc(2), and since 5.1 some of
 * their own; its arguments come in another order, some of them in memory, and the upper
 * half of its number is a version: 0 but for msgrcv, whose version 0 has two arguments in
 * a structure.
 */
#include <errno.h>
#include <string.h>

#include "arch/abi.h"
#include "emul/sysv/internal.h"

enum { IPC_SEMOP = 1, IPC_SEMGET, IPC_SEMCTL, IPC_SEMTIMEDOP, IPC_MSGSND = 11, IPC_MSGRCV,
       IPC_MSGGET, IPC_MSGCTL, IPC_SHMAT = 21, IPC_SHMDT, IPC_SHMGET, IPC_SHMCTL };

static void set_command(struct sysv_request *q, uint64_t cmd, bool versions)
{
	q->cmd = (int)(uint32_t)cmd & ~SYSV_64;
	q->old = versions && !(cmd & SYSV_64);
}

/* Words of memory at @at. */
static bool read_words(const struct event *ev, uint64_t at, uint64_t *ret, int n)
{
	unsigned word = ev->call->abi->word;
	unsigned char bytes[16];

	if (task_read(ev->task, at, bytes, n * word) != (ssize_t)(n * word))
		return false;
	for (int i = 0; i < n; i++) {
		ret[i] = 0;
		memcpy(&ret[i], bytes + i * word, word);
	}
	return true;
}

static int64_t to_long(const struct abi *abi, uint64_t value)
{
	return abi->word == 4 ? (int32_t)(uint32_t)value : (int64_t)value;
}

static void receive_of_ipc(struct sysv_request *q, const struct event *ev, unsigned version)
{
	const uint64_t *v = ev->call->vals;
	uint64_t kludge[2];

	q->ptr = v[4];
	q->type = to_long(ev->call->abi, v[5]);
	if (version)
		return;
	if (!v[4])
		q->error = -EINVAL;
	else if (!read_words(ev, v[4], kludge, 2))
		q->error = -EFAULT;
	else {
		q->ptr = kludge[0];
		q->type = to_long(ev->call->abi, kludge[1]);
	}
}

static enum syscall_id ipc_op(unsigned which)
{
	static const uint16_t ops[] = {
		[IPC_SEMOP] = SYSCALL_semtimedop, [IPC_SEMGET] = SYSCALL_semget,
		[IPC_SEMCTL] = SYSCALL_semctl, [IPC_SEMTIMEDOP] = SYSCALL_semtimedop,
		[IPC_MSGSND] = SYSCALL_msgsnd, [IPC_MSGRCV] = SYSCALL_msgrcv,
		[IPC_MSGGET] = SYSCALL_msgget, [IPC_MSGCTL] = SYSCALL_msgctl,
		[IPC_SHMAT] = SYSCALL_shmat, [IPC_SHMDT] = SYSCALL_shmdt,
		[IPC_SHMGET] = SYSCALL_shmget, [IPC_SHMCTL] = SYSCALL_shmctl,
	};

	return which < ARRAY_SIZE(ops) ? ops[which] : SYSCALL_NONE;
}

/* ipc(call, first, second, third, ptr, fifth) */
static void by_ipc(struct sysv_request *q, const struct event *ev)
{
	const uint64_t *v = ev->call->vals;
	unsigned which = (uint32_t)v[0] & 0xffff, version = (uint32_t)v[0] >> 16;
	uint64_t arg;

	q->op = ipc_op(which);
	q->id = (int)(uint32_t)v[1];
	q->ptr = v[4];
	q->size = v[2];
	q->flags = (int)(uint32_t)v[3];
	switch (q->op) {
	case SYSCALL_semtimedop:
		q->timeout = which == IPC_SEMTIMEDOP ? v[5] : 0;
		break;
	case SYSCALL_semget:
		q->num = (int)(uint32_t)v[2];
		break;
	case SYSCALL_semctl:
		q->num = (int)(uint32_t)v[2];
		set_command(q, v[3], true);
		if (!v[4])
			q->error = -EINVAL;
		else if (!read_words(ev, v[4], &arg, 1))
			q->error = -EFAULT;
		else
			q->ptr = arg;
		break;
	case SYSCALL_msgrcv:
		receive_of_ipc(q, ev, version);
		break;
	case SYSCALL_msgget:
		q->flags = (int)(uint32_t)v[2];
		break;
	case SYSCALL_msgctl:
	case SYSCALL_shmctl:
		set_command(q, v[2], true);
		break;
	case SYSCALL_shmat:
		q->flags = (int)(uint32_t)v[2];
		q->put_addr = v[3];
		if (version == 1)	/* that of another system's programs */
			q->error = -EINVAL;
		break;
	default:
		break;
	}
}

static void by_itself(struct sysv_request *q, const struct event *ev)
{
	const uint64_t *v = ev->call->vals;
	bool versions = ev->call->abi->ipc_versions;

	q->op = syscall_id(ev->call->row);
	q->id = (int)(uint32_t)v[0];
	q->ptr = v[1];
	q->size = v[2];
	switch (q->op) {
	case SYSCALL_shmget:
	case SYSCALL_semget:
		q->size = v[1];
		q->num = (int)(uint32_t)v[1];
		q->flags = (int)(uint32_t)v[2];
		break;
	case SYSCALL_msgget:
		q->flags = (int)(uint32_t)v[1];
		break;
	case SYSCALL_shmat:
		q->flags = (int)(uint32_t)v[2];
		break;
	case SYSCALL_shmdt:
		q->ptr = v[0];
		break;
	case SYSCALL_shmctl:
	case SYSCALL_msgctl:
		set_command(q, v[1], versions);
		q->ptr = v[2];
		break;
	case SYSCALL_semctl:
		q->num = (int)(uint32_t)v[1];
		set_command(q, v[2], versions);
		q->ptr = v[3];
		break;
	case SYSCALL_semop:
		q->op = SYSCALL_semtimedop;
		break;
	case SYSCALL_semtimedop:
	case SYSCALL_semtimedop_time64:
		q->time32 = q->op == SYSCALL_semtimedop && !ev->call->abi->reg64;
		q->op = SYSCALL_semtimedop;
		q->timeout = v[3];
		break;
	case SYSCALL_msgsnd:
		q->flags = (int)(uint32_t)v[3];
		break;
	case SYSCALL_msgrcv:
		q->type = to_long(ev->call->abi, v[3]);
		q->flags = (int)(uint32_t)v[4];
		break;
	default:
		break;
	}
}

void sysv_request(struct sysv_request *ret, const struct event *ev)
{
	*ret = (struct sysv_request){ 0 };
	if (ev->call->row == syscall_row(SYSCALL_ipc)) {
		by_ipc(ret, ev);
		ret->time32 = !ev->call->abi->reg64;
	} else {
		by_itself(ret, ev);
	}
	if (ret->op == SYSCALL_NONE)
		ret->error = -ENOSYS;
}
