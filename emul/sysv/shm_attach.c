// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shmat(2): the task opens the segment below /proc/PID/fd of care, maps it and closes it,
 * each in place of its call, which comes again until the last is done.
 *
 * An address that it asks for must be free (MAP_FIXED_NOREPLACE, Linux 4.17; before that
 * the kernel takes it for a wish, and what it mapped elsewhere is unmapped again).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/abi.h"
#include "core/event/patch.h"
#include "emul/sysv/internal.h"

enum { SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000 };
#define SHMLBA 4096ull
#define FIXED_NOREPLACE 0x100000

static void replace(struct event *ev, enum syscall_id call, const uint64_t *args, int n)
{
	ev->patch->call = call;
	for (int i = 0; i < n; i++)
		patch_reg(ev->patch, i, args[i], false);
	ev->want_return = true;
}

static void open_segment(struct sysv_call *c, const struct sysv_shm *shm)
{
	int flags = (c->q.flags & SHM_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	const uint64_t args[] = { (uint64_t)(int64_t)CALL_CWD, 0, (uint64_t)flags, 0 };
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)getpid(), shm->fd);
	replace(c->ev, SYSCALL_openat, args, ARRAY_SIZE(args));
	patch_reg(c->ev->patch, 1, patch_text(c->ev->patch, name), true);
}

static void map_segment(struct sysv_call *c, const struct sysv_shm *shm, const struct sysv_pending *p)
{
	int prot = PROT_READ | (c->q.flags & SHM_RDONLY ? 0 : PROT_WRITE) |
		   (c->q.flags & SHM_EXEC ? PROT_EXEC : 0);
	int flags = MAP_SHARED | (!p->addr ? 0 : c->q.flags & SHM_REMAP ? MAP_FIXED : FIXED_NOREPLACE);
	const uint64_t args[] = { p->addr, shm->size, (uint64_t)prot, (uint64_t)flags, (uint64_t)p->fd, 0 };
	bool pages = abi_number(c->ev->call->abi, SYSCALL_mmap2) >= 0;

	replace(c->ev, pages ? SYSCALL_mmap2 : SYSCALL_mmap, args, ARRAY_SIZE(args));
}

/* The first time: may it, and where? 0 or −errno. */
static int begin(struct sysv_call *c, struct sysv_pending *p)
{
	int wanted = (c->q.flags & SHM_RDONLY ? 0444 : 0666) | (c->q.flags & SHM_EXEC ? 0111 : 0);
	struct sysv_object *o = sysv_by_id(c->s, SYSV_SHM, c->q.id);

	p->addr = c->q.ptr;
	if (p->addr & (SHMLBA - 1)) {
		if (!(c->q.flags & SHM_RND))
			return -EINVAL;
		p->addr &= ~(SHMLBA - 1);
		if (!p->addr && (c->q.flags & SHM_REMAP))
			return -EINVAL;
	} else if (!p->addr && (c->q.flags & SHM_REMAP)) {
		return -EINVAL;
	}
	if (!o)
		return -EINVAL;
	if (!sysv_may(c, o, wanted))
		return -EACCES;
	p->id = c->q.id;
	p->step = ATTACH_OPEN;
	return 0;
}

int64_t sysv_shmat(struct sysv_call *c)
{
	struct sysv_pending *p = c->pending;
	struct sysv_shm *shm;
	int r;

	if (!p) {
		p = sysv_pending_new(c);
		r = p ? begin(c, p) : -ENOMEM;
		if (r < 0) {
			sysv_pending_end(c->s, c->ev->task->tid);
			return r;
		}
	}
	shm = (struct sysv_shm *)sysv_by_id(c->s, SYSV_SHM, p->id);
	/* Removed meanwhile: the descriptor is open and must be closed all the same. */
	if (!shm && p->step == ATTACH_MAP) {
		p->result = -EIDRM;
		p->step = ATTACH_CLOSE;
	}
	if (!shm && p->step == ATTACH_OPEN) {
		sysv_pending_end(c->s, c->ev->task->tid);
		return -EIDRM;
	}
	if (p->step == ATTACH_OPEN)
		open_segment(c, shm);
	else if (p->step == ATTACH_MAP)
		map_segment(c, shm, p);
	else if (p->step == ATTACH_UNMAP)
		replace(c->ev, SYSCALL_munmap, (uint64_t[]){ p->got, p->size }, 2);
	else
		replace(c->ev, SYSCALL_close, (uint64_t[]){ (uint64_t)p->fd }, 1);
	return SYSV_PATCHED;
}

static bool failed(int64_t result)
{
	return result < 0 && result > -4096;
}

static void mapped(struct sysv *s, struct sysv_pending *p, const struct event *ev)
{
	struct sysv_shm *shm = (struct sysv_shm *)sysv_by_id(s, SYSV_SHM, p->id);

	p->step = ATTACH_CLOSE;
	p->result = ev->result == -EEXIST ? -EINVAL : ev->result;
	if (failed(ev->result) || !shm)
		return;
	if (p->addr && (uint64_t)ev->result != p->addr) {
		p->got = (uint64_t)ev->result;
		p->size = shm->size;
		p->result = -EINVAL;
		p->step = ATTACH_UNMAP;
		return;
	}
	shm->atime = sysv_now();
	shm->lpid = ev->task->tgid;
}

static void closed(struct sysv *s, struct sysv_pending *p, struct event *ev)
{
	struct sysv_request q;
	uint64_t addr = (uint64_t)p->result;

	ev->answered = true;
	ev->answer = p->result;
	sysv_pending_end(s, ev->task->tid);
	sysv_request(&q, ev);
	if (!q.put_addr || failed(ev->answer))
		return;
	ev->answer = task_write(ev->task, q.put_addr, &addr, ev->call->abi->word) ==
		     ev->call->abi->word ? 0 : -EFAULT;
}

void sysv_shmat_returned(struct sysv *s, struct sysv_pending *p, struct event *ev)
{
	switch (p->step) {
	case ATTACH_OPEN:
		if (ev->result < 0) {
			ev->answered = true;
			ev->answer = ev->result == -ENOENT ? -EACCES : ev->result;
			sysv_pending_end(s, ev->task->tid);
			return;
		}
		p->fd = (int)ev->result;
		p->step = ATTACH_MAP;
		break;
	case ATTACH_MAP:
		mapped(s, p, ev);
		break;
	case ATTACH_UNMAP:
		p->step = ATTACH_CLOSE;
		break;
	case ATTACH_CLOSE:
		closed(s, p, ev);
		return;
	}
	ev->again = true;
}
