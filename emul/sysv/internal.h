/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this folder share. */
#ifndef EMUL_SYSV_INTERNAL_H
#define EMUL_SYSV_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/syscall.h"
#include "core/base/buf.h"
#include "core/event/event.h"
#include "core/task/task.h"
#include "emul/sysv/sysv.h"

struct map;

/* Commands, flags and limits, the same in every ABI (linux/ipc.h, shm.h, sem.h, msg.h). */
enum {
	SYSV_RMID = 0, SYSV_SET = 1, SYSV_STAT = 2, SYSV_INFO = 3,
	SYSV_CREAT = 01000, SYSV_EXCL = 02000, SYSV_NOWAIT = 04000,
	SYSV_64 = 0x100,	/* in a command: the structures of Linux 2.4 */
	SYSV_INDEX_MAX = 32768,
};

enum sysv_kind { SYSV_SHM, SYSV_SEM, SYSV_MSG, SYSV_KINDS };

struct sysv_object {		/* first in each kind's own */
	enum sysv_kind kind;
	int id;
	int32_t key;
	uint32_t uid, gid, cuid, cgid;
	uint32_t mode;
	uint32_t seq;
	int64_t ctime;
};

struct sysv_table {
	struct sysv_object **at;	/* by index; NULL: free */
	size_t room, used, max;
	uint32_t seq;
};

struct sysv_shm {
	struct sysv_object o;
	uint64_t size;
	int fd;
	dev_t dev;
	ino_t ino;
	int64_t atime, dtime;
	pid_t cpid, lpid;
};

struct sysv_sem {
	uint16_t value;
	pid_t pid;
};

struct sysv_undo {
	struct sysv_undo *next;
	pid_t tgid;
	int16_t adjust[];
};

struct sysv_set {
	struct sysv_object o;
	int64_t otime;
	struct sysv_undo *undos;
	uint32_t n;
	struct sysv_sem sems[];
};

struct sysv_op {		/* struct sembuf, the same in every ABI */
	uint16_t num;
	int16_t op;
	int16_t flags;
};

struct sysv_message {
	struct sysv_message *next;
	int64_t type;
	size_t len;
	char data[];
};

struct sysv_queue {
	struct sysv_object o;
	struct sysv_message *first, **last;
	uint64_t bytes, n, max;
	pid_t sender, receiver;
	int64_t stime, rtime;
};

/* A task whose call is not over when its first event is. */
struct sysv_pending {
	struct sysv_pending *next;	/* of the waiting, in the order they came */
	pid_t tid, tgid;
	uint64_t nr, args[6];		/* by which its call is known when it comes again */

	/* It waits on this; NULL: it attaches. */
	struct sysv_object *on;
	bool done;			/* somebody else's call has ended it: result */
	int64_t result;
	uint64_t sec, nsec;		/* how long it may wait … */
	bool timed;			/* … if not for ever */
	struct buf ops;			/* semop: struct sysv_op each */
	struct sysv_message *message;	/* what is to be sent, or was received */
	bool sends;
	int64_t type;			/* msgrcv */
	uint64_t size;
	int flags;

	/* shmat: the calls that it is made of, one by one. */
	enum { ATTACH_OPEN, ATTACH_MAP, ATTACH_UNMAP, ATTACH_CLOSE } step;
	int id, fd;
	uint64_t addr;			/* asked for, then got */
	uint64_t got;			/* what a kernel before 4.17 mapped elsewhere */
};

struct sysv {
	struct sink sink;		/* first */
	struct sysv_table tables[SYSV_KINDS];
	struct map *pending;		/* tid → struct sysv_pending */
	struct sysv_pending *waiting;
	struct map *processes;		/* tgid → non-NULL: the living */
	size_t doomed;			/* segments that end with their last mapping */
};

struct sysv_creds {
	bool known;
	uint32_t uid, gid;
	struct buf groups;		/* uint32_t each */
	uint64_t caps;
};

/* What is asked, whichever way. */
struct sysv_request {
	enum syscall_id op;	/* semop is semtimedop; SYSCALL_NONE: nothing that exists */
	int id;			/* or key */
	int cmd, num, flags;
	bool old;		/* structures of Linux 2.2 */
	bool time32;		/* the time-out has longs of 32 bits */
	uint64_t size, ptr, timeout;
	int64_t type;
	uint64_t put_addr;	/* ipc(2): where shmat's address goes, the result being 0 */
	int error;		/* why it cannot be carried out */
};

struct sysv_call {
	struct sysv *s;
	struct event *ev;
	struct sysv_request q;
	struct sysv_creds creds;
	struct sysv_pending *pending;	/* it came before */
};

/* Results that are none yet. */
#define SYSV_WAITS INT64_MIN		/* pending->on is set */
#define SYSV_PATCHED (INT64_MIN + 1)	/* another call stands in for it */

/* request.c */
void sysv_request(struct sysv_request *ret, const struct event *ev);

/* creds.c */
bool sysv_is_owner(struct sysv_call *c, const struct sysv_object *o);	/* may set and remove it */
bool sysv_may(struct sysv_call *c, const struct sysv_object *o, int flags);
void sysv_own(struct sysv_call *c, struct sysv_object *o);	/* a new one: it is the caller's */
bool sysv_capable(struct sysv_call *c, int capability);

/* object.c */
struct sysv_object *sysv_by_id(const struct sysv *s, enum sysv_kind kind, int id);
struct sysv_object *sysv_by_index(const struct sysv *s, enum sysv_kind kind, int index);
int sysv_top(const struct sysv *s, enum sysv_kind kind);	/* the highest index in use, or 0 */
void sysv_take_out(struct sysv *s, struct sysv_object *o);
void sysv_destroy(struct sysv *s, struct sysv_object *o);	/* take it out and free it */
int64_t sysv_get(struct sysv_call *c, enum sysv_kind kind,
		 int (*fits)(const struct sysv_object *o, const struct sysv_request *q),
		 int (*make)(struct sysv_call *c, struct sysv_object **ret));
/* Commands that are alike: STAT (@stat, @stat_any: by index), SET; the object to go on with. */
int64_t sysv_control(struct sysv_call *c, enum sysv_kind kind, int stat, int stat_any);
/* RMID of what goes at once. */
int64_t sysv_remove(struct sysv_call *c, enum sysv_kind kind);
int64_t sysv_now(void);

/* layout.c */
#define SYSV_NUMBERS 8
#define SYSV_DS_MAX 128
size_t sysv_put(const struct sysv_call *c, const struct sysv_object *o, const uint64_t *numbers,
		unsigned char *ret);
size_t sysv_parse(const struct sysv_call *c, enum sysv_kind kind, const unsigned char *from,
		  struct sysv_object *ret, uint64_t *numbers);
size_t sysv_ds_size(const struct sysv_call *c, enum sysv_kind kind);
/* Longs and ints of the ABI, one after the other. */
void sysv_add_long(const struct sysv_call *c, struct buf *b, uint64_t value);
void sysv_add_int(struct buf *b, uint32_t value);
int64_t sysv_write(const struct sysv_call *c, uint64_t addr, const void *from, size_t len);
int64_t sysv_write_buf(const struct sysv_call *c, const struct buf *b, int64_t result);

/* The numbers of each kind's structure, in the order of layout.c. */
void sysv_shm_numbers(const struct sysv *s, const struct sysv_object *o, uint64_t *ret);
void sysv_sem_numbers(const struct sysv_object *o, uint64_t *ret);
void sysv_msg_numbers(const struct sysv_object *o, uint64_t *ret);

/* shm.c, shm_attach.c */
int64_t sysv_shmget(struct sysv_call *c);
int64_t sysv_shmctl(struct sysv_call *c);
int64_t sysv_shmdt(struct sysv_call *c);
int64_t sysv_shmat(struct sysv_call *c);
void sysv_shmat_returned(struct sysv *s, struct sysv_pending *p, struct event *ev);
uint64_t sysv_attached(const struct sysv *s, const struct sysv_shm *shm);
void sysv_shm_sweep(struct sysv *s);
/* Bytes of @shm mapped at @addr from its start on, without a gap; 0: it is not. */
uint64_t sysv_mapped_at(const struct sysv *s, pid_t pid, uint64_t addr, struct sysv_shm **ret);

/* sem.c, semctl.c */
int64_t sysv_semget(struct sysv_call *c);
int64_t sysv_semop(struct sysv_call *c);
int64_t sysv_semctl(struct sysv_call *c);
int sysv_sem_try(struct sysv_set *set, const struct sysv_op *ops, size_t n, pid_t tgid, size_t *ret_blocks);
void sysv_sem_settle(struct sysv *s, struct sysv_set *set);	/* let those go on who can */
void sysv_sem_exit(struct sysv *s, pid_t tgid);
void sysv_set_free(struct sysv_set *set);

/* msg.c */
int64_t sysv_msgget(struct sysv_call *c);
int64_t sysv_msgsnd(struct sysv_call *c);
int64_t sysv_msgrcv(struct sysv_call *c);
int64_t sysv_msgctl(struct sysv_call *c);
int64_t sysv_msg_deliver(const struct event *ev, const struct sysv_request *q,
			 const struct sysv_message *m);
void sysv_queue_free(struct sysv_queue *q);

/* wait.c */
struct sysv_pending *sysv_pending_new(struct sysv_call *c);	/* NULL: no memory */
void sysv_pending_end(struct sysv *s, pid_t tid);
bool sysv_pending_is(const struct sysv_pending *p, const struct call *c);
void sysv_wait(struct sysv_call *c, struct sysv_pending *p);	/* put it in place of the call */
void sysv_finish(struct sysv_pending *p, int64_t result);	/* it waits no more */
void sysv_finish_all(struct sysv *s, const struct sysv_object *on, int64_t result);
void sysv_wait_returned(struct sysv *s, struct sysv_pending *p, struct event *ev);

#endif
