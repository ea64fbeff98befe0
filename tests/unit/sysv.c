// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/sysv: the structures of this ABI are those of the kernel's headers; ids, semaphores. */
#include <errno.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "emul/sysv/internal.h"
#include "tests/unit/check.h"

static struct call call;
static struct event event = { .call = &call };
static struct sysv_call caller = { .ev = &event };

static struct sysv_object object(enum sysv_kind kind)
{
	return (struct sysv_object){ .kind = kind, .key = 0x1234, .uid = 1, .gid = 2, .cuid = 3, .cgid = 4,
				     .mode = 0750, .seq = 9 };
}

static bool permissions(const struct ipc64_perm *p)
{
	return p->key == 0x1234 && p->uid == 1 && p->gid == 2 && p->cuid == 3 && p->cgid == 4 &&
	       p->mode == 0750 && p->seq == 9;
}

static const uint64_t numbers[SYSV_NUMBERS] = { 11, 12, 13, 14, 15, 16, 17, 18 };

static void structures_are_the_kernel_s(void)
{
	unsigned char bytes[SYSV_DS_MAX];
	struct shmid64_ds shm;
	struct semid64_ds sem;
	struct msqid64_ds msg;
	struct sysv_object o = object(SYSV_SHM);

	call.abi = abi_native();
	caller.q.old = false;
	CHECK(sysv_put(&caller, &o, numbers, bytes) == sizeof(shm));
	memcpy(&shm, bytes, sizeof(shm));
	CHECK(permissions(&shm.shm_perm) && shm.shm_segsz == 11 && shm.shm_atime == 12 && shm.shm_dtime == 13);
	CHECK(shm.shm_ctime == 14 && shm.shm_cpid == 15 && shm.shm_lpid == 16 && shm.shm_nattch == 17);
	o = object(SYSV_SEM);
	CHECK(sysv_put(&caller, &o, numbers, bytes) == sizeof(sem));
	memcpy(&sem, bytes, sizeof(sem));
	CHECK(permissions(&sem.sem_perm) && sem.sem_otime == 11 && sem.sem_ctime == 12 && sem.sem_nsems == 13);
	o = object(SYSV_MSG);
	CHECK(sysv_put(&caller, &o, numbers, bytes) == sizeof(msg));
	memcpy(&msg, bytes, sizeof(msg));
	CHECK(permissions(&msg.msg_perm) && msg.msg_stime == 11 && msg.msg_rtime == 12 && msg.msg_ctime == 13);
	CHECK(msg.msg_cbytes == 14 && msg.msg_qnum == 15 && msg.msg_qbytes == 16 && msg.msg_lspid == 17 &&
	      msg.msg_lrpid == 18);
}

/* Both are the same text for every 32-bit ABI, so this holds for those we are not. */
static void old_structures_are_the_kernel_s(void)
{
	unsigned char bytes[SYSV_DS_MAX];
	struct shmid_ds shm;
	struct sysv_object o = object(SYSV_SHM), back;
	uint64_t read[SYSV_NUMBERS];

	call.abi = &abi_i386;
	caller.q.old = true;
	o.uid = 70000;
	CHECK(sysv_put(&caller, &o, numbers, bytes) == 48);
	CHECK(sysv_parse(&caller, SYSV_SHM, bytes, &back, read) == 48);
	CHECK(back.uid == 65534 && back.gid == 2 && back.mode == 0750 && read[0] == 11 && read[6] == 17);
	if (sizeof(long) == 4) {
		memcpy(&shm, bytes, sizeof(shm));
		CHECK(sizeof(shm) == 48 && shm.shm_segsz == 11 && shm.shm_ctime == 14 && shm.shm_cpid == 15 &&
		      shm.shm_nattch == 17 && shm.shm_perm.cgid == 4 && shm.shm_perm.seq == 9);
	}
}

static void every_abi_reads_what_it_is_given(void)
{
	unsigned char bytes[SYSV_DS_MAX];
	uint64_t read[SYSV_NUMBERS];

	for (int i = 0; abi_all[i]; i++)
		for (int kind = 0; kind < SYSV_KINDS; kind++)
			for (int old = 0; old < 2; old++) {
				struct sysv_object o = object(kind), back = { 0 };
				size_t n;

				call.abi = abi_all[i];
				caller.q.old = old;
				n = sysv_put(&caller, &o, numbers, bytes);
				CHECK(n == sysv_ds_size(&caller, kind));
				CHECK(sysv_parse(&caller, kind, bytes, &back, read) == n);
				CHECK(back.uid == 1 && back.gid == 2 && back.mode == 0750);
				CHECK(!memcmp(read, numbers, 3 * sizeof(read[0])));
			}
}

static void operations_that_fail_change_nothing(void)
{
	struct sysv_set *set = calloc(1, sizeof(*set) + 2 * sizeof(set->sems[0]));
	struct sysv_op ops[] = { { 0, 5, 0x1000 }, { 0, -2, 0 }, { 1, -1, 0 } };
	size_t blocks = 99;

	set->n = 2;
	set->undos = calloc(1, sizeof(*set->undos) + 2 * sizeof(int16_t));
	set->undos->tgid = 42;
	CHECK(sysv_sem_try(set, ops, 3, 42, &blocks) == 1 && blocks == 2);
	CHECK(set->sems[0].value == 0 && set->undos->adjust[0] == 0 && set->otime == 0);
	CHECK(sysv_sem_try(set, ops, 2, 42, &blocks) == 0);
	CHECK(set->sems[0].value == 3 && set->undos->adjust[0] == -5 && set->sems[0].pid == 42);
	ops[0].op = 32767;
	CHECK(sysv_sem_try(set, ops, 1, 42, &blocks) == -ERANGE && set->sems[0].value == 3);
	ops[2].flags = SYSV_NOWAIT;
	CHECK(sysv_sem_try(set, ops + 2, 1, 42, &blocks) == -EAGAIN);
	sysv_set_free(set);
}

int main(void)
{
	return check_tests(structures_are_the_kernel_s, old_structures_are_the_kernel_s,
			   every_abi_reads_what_it_is_given, operations_that_fail_change_nothing);
}
