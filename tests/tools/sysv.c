// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sysv CASE: one behaviour of System V IPC, the same by the kernel and by its emulation.
 * sysv: the names of all cases. sysv key-make N, key-find N: a segment by its key, for tests of who sees it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

struct message {
	long type;
	char text[64];
};

/* What is left is removed at the end, whatever happened. */
static int segments[8], sets[8], queues[8], n_segments, n_sets, n_queues;
static pid_t owner;

static void clean(void)
{
	if (getpid() != owner)
		return;
	while (n_segments)
		shmctl(segments[--n_segments], IPC_RMID, NULL);
	while (n_sets)
		semctl(sets[--n_sets], 0, IPC_RMID);
	while (n_queues)
		msgctl(queues[--n_queues], IPC_RMID, NULL);
}

#define CHECK(cond)                                                                             \
	do {                                                                                    \
		if (!(cond)) {                                                                  \
			printf("%s:%d: %s (%s)\n", __func__, __LINE__, #cond, strerror(errno)); \
			fflush(stdout);                                                         \
			clean();                                                                \
			_exit(1);                                                               \
		}                                                                               \
	} while (0)
#define FAILS(call, error)                                         \
	do {                                                       \
		errno = 0;                                         \
		CHECK((intptr_t)(call) == -1 && errno == (error)); \
	} while (0)

static int segment(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return segments[n_segments++] = id;
}

static int set(int n)
{
	int id = semget(IPC_PRIVATE, n, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return sets[n_sets++] = id;
}

static int queue(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	CHECK(id >= 0);
	return queues[n_queues++] = id;
}

static int op(int id, int num, int by, int flags)
{
	struct sembuf b = { (unsigned short)num, (short)by, (short)flags };

	return semop(id, &b, 1);
}

static int value(int id, int num)
{
	return semctl(id, num, GETVAL);
}

/* Until @n wait in semctl's words: @cmd is GETNCNT or GETZCNT. */
static void until_waiting(int id, int num, int cmd, int n)
{
	while (semctl(id, num, cmd) != n)
		usleep(1000);
}

static int ended(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static unsigned long attached(int id)
{
	struct shmid_ds ds;

	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	return ds.shm_nattch;
}

/* --- shared memory ------------------------------------------------------------------------ */

static void shm_is_shared(void)
{
	int id = segment(10000);
	volatile char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, 0);
	pid_t child;

	CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
	a[9999] = 7;
	CHECK(b[9999] == 7 && b[0] == 0);
	CHECK(attached(id) == 2);
	child = fork();
	if (!child) {
		CHECK(attached(id) == 4);
		b[1] = 3;
		CHECK(shmdt((void *)a) == 0 && attached(id) == 3);
		_exit(0);
	}
	CHECK(ended(child) == 0 && a[1] == 3 && attached(id) == 2);
	CHECK(shmdt((void *)a) == 0 && attached(id) == 1);
	FAILS(shmdt((void *)a), EINVAL);
	FAILS(shmdt((char *)b + 4096), EINVAL);
	CHECK(shmdt((void *)b) == 0 && attached(id) == 0);
}

static void shm_survives_its_removal_while_attached(void)
{
	int id = segment(4096);
	char *a = shmat(id, NULL, 0);
	struct shmid_ds ds;

	CHECK(a != (void *)-1);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	strcpy(a, "still here");
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && (ds.shm_perm.mode & 01000) && ds.shm_segsz == 4096);
	CHECK(shmdt(a) == 0);
	FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	FAILS(shmat(id, NULL, 0), EINVAL);
}

static void shm_goes_where_it_is_told(void)
{
	int id = segment(8192);
	char *room = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at = room + 16384, *a;

	FAILS(shmat(id, at, 0), EINVAL);	/* something is there */
	FAILS(shmat(id, at + 1, SHM_REMAP), EINVAL);
	CHECK(shmat(id, at, SHM_REMAP) == at);
	at[8191] = 1;
	CHECK(shmdt(at) == 0);
	CHECK(shmat(id, at + 5, SHM_RND) == at);	/* rounded down, and free now */
	CHECK(at[8191] == 1 && shmdt(at) == 0);
	a = shmat(id, NULL, SHM_RDONLY);
	CHECK(a != (void *)-1 && a[8191] == 1);
	FAILS(mprotect(a, 4096, PROT_READ | PROT_WRITE), EACCES);
	CHECK(shmdt(a) == 0);
	FAILS(shmat(id, NULL, SHM_REMAP), EINVAL);
}

static void shm_keys_and_permissions(void)
{
	key_t key = 0x51000000 | (getpid() & 0xffffff);
	struct shmid_ds ds;
	int id;

	FAILS(shmget(key, 100, 0600), ENOENT);
	id = segments[n_segments++] = shmget(key, 100, IPC_CREAT | 0640);
	CHECK(id >= 0 && shmget(key, 100, 0600) == id && shmget(key, 0, 0) == id);
	FAILS(shmget(key, 100, IPC_CREAT | IPC_EXCL), EEXIST);
	FAILS(shmget(key, 101, 0), EINVAL);
	FAILS(shmget(IPC_PRIVATE, 0, IPC_CREAT), EINVAL);
	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	CHECK(ds.shm_perm.__key == key && ds.shm_perm.mode == 0640 && ds.shm_perm.uid == geteuid() &&
	      ds.shm_perm.cgid == getegid());
	CHECK(ds.shm_segsz == 100 && ds.shm_cpid == getpid() && ds.shm_nattch == 0);
	CHECK(ds.shm_ctime > time(NULL) - 100 && ds.shm_atime == 0);
	ds.shm_perm.mode = 0400;
	CHECK(shmctl(id, IPC_SET, &ds) == 0 && shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_perm.mode == 0400);
	if (geteuid()) {
		FAILS(shmat(id, NULL, 0), EACCES);
		FAILS(shmget(key, 100, 0600), EACCES);
	}
	if (sizeof(long) == 8)	/* elsewhere the C library converts what it gets, and dies */
		FAILS(shmctl(id, IPC_STAT, (void *)1), EFAULT);
	FAILS(shmctl(-1, IPC_STAT, &ds), EINVAL);
	FAILS(shmctl(id, 77, &ds), EINVAL);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	FAILS(shmget(key, 100, 0600), ENOENT);
}

static void shm_tells_of_all(void)
{
	int id = segment(5000), top, found = 0;
	struct shmid_ds ds;
	struct shm_info info;
	struct shminfo limits;

	top = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
	CHECK(top >= 0 && info.used_ids >= 1 && info.shm_tot >= 2);
	CHECK(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) == top && limits.shmmni >= 1 && limits.shmmin == 1);
	for (int i = 0; i <= top; i++)
		found += shmctl(i, SHM_STAT, &ds) == id && ds.shm_segsz == 5000;
	CHECK(found == 1);
}

static void *attach_in_thread(void *id)
{
	char *at = shmat(*(int *)id, NULL, 0);

	if (at != (void *)-1)
		at[100] = 5;
	return at;
}

static void shm_from_threads(void)
{
	int id = segment(4096);
	void *at[4];
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, attach_in_thread, &id) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], &at[i]) == 0 && at[i] != (void *)-1);
	CHECK(attached(id) == 4 && ((char *)at[0])[100] == 5);
	/* No descriptor is left behind. */
	CHECK(dup(0) == 3 || dup(0) == 4);
}

static void shm_ends_with_exec(void)
{
	int id = segment(4096);
	pid_t child;

	CHECK(shmat(id, NULL, 0) != (void *)-1);
	child = fork();
	if (!child) {
		execl("/bin/sh", "sh", "-c", "kill -STOP $$", (char *)NULL);
		_exit(9);
	}
	waitpid(child, &(int){ 0 }, WUNTRACED);
	CHECK(attached(id) == 1);
	kill(child, SIGKILL);
	CHECK(ended(child) == 128 + SIGKILL);
}

/* --- semaphores ---------------------------------------------------------------------------- */

static void sem_values(void)
{
	int id = set(3);
	unsigned short all[3] = { 4, 5, 32767 }, got[3];
	union semun u = { .val = 9 };
	struct semid_ds ds;

	CHECK(semctl(id, 1, SETVAL, u) == 0 && value(id, 1) == 9 && semctl(id, 1, GETPID) == getpid());
	u.array = all;
	CHECK(semctl(id, 0, SETALL, u) == 0);
	u.array = got;
	CHECK(semctl(id, 0, GETALL, u) == 0 && !memcmp(all, got, sizeof(all)));
	FAILS(op(id, 2, 1, 0), ERANGE);
	FAILS(op(id, 3, 1, 0), EFBIG);
	FAILS(semctl(id, 3, GETVAL), EINVAL);
	u.val = 32768;
	FAILS(semctl(id, 0, SETVAL, u), ERANGE);
	u.buf = &ds;
	CHECK(semctl(id, 0, IPC_STAT, u) == 0 && ds.sem_nsems == 3 && ds.sem_otime == 0 && ds.sem_ctime > 0);
	CHECK(op(id, 0, -1, 0) == 0 && value(id, 0) == 3);
	CHECK(semctl(id, 0, IPC_STAT, u) == 0 && ds.sem_otime > 0 && ds.sem_perm.mode == 0600);
	FAILS(semget(IPC_PRIVATE, 0, IPC_CREAT), EINVAL);
	FAILS(semget(IPC_PRIVATE, -1, IPC_CREAT), EINVAL);
}

static void sem_all_or_nothing(void)
{
	int id = set(2);
	struct sembuf b[3] = { { 0, 2, 0 }, { 1, -1, IPC_NOWAIT }, { 0, 1, 0 } };

	FAILS(semop(id, b, 3), EAGAIN);
	CHECK(value(id, 0) == 0 && value(id, 1) == 0);
	b[1].sem_op = 0;
	CHECK(semop(id, b, 3) == 0 && value(id, 0) == 3);
	FAILS(semop(id, b, 0), EINVAL);
	FAILS(semop(id, (void *)8, 1), EFAULT);
	FAILS(semop(id, b, 501), E2BIG);
	FAILS(semop(12345678, b, 1), EINVAL);
}

static void sem_waits_for_another(void)
{
	int id = set(2);
	pid_t child = fork();

	if (!child) {
		CHECK(op(id, 0, -2, 0) == 0);
		CHECK(op(id, 1, 1, 0) == 0);
		_exit(0);
	}
	until_waiting(id, 0, GETNCNT, 1);
	CHECK(op(id, 0, 1, 0) == 0);
	until_waiting(id, 0, GETNCNT, 1);
	CHECK(op(id, 0, 1, 0) == 0 && op(id, 1, -1, 0) == 0 && ended(child) == 0);
	CHECK(value(id, 0) == 0 && semctl(id, 0, GETPID) == child);
	child = fork();
	if (!child) {
		CHECK(op(id, 0, 1, 0) == 0 && op(id, 0, 0, 0) == 0);
		_exit(0);
	}
	until_waiting(id, 0, GETZCNT, 1);
	CHECK(op(id, 0, -1, 0) == 0 && ended(child) == 0);
}

/* What is given goes to who waits, not to who asks next. */
static void sem_is_handed_over(void)
{
	int id = set(1);
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < 50; i++)
			CHECK(op(id, 0, -1, 0) == 0);
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		until_waiting(id, 0, GETNCNT, 1);
		CHECK(op(id, 0, 1, 0) == 0);
		FAILS(op(id, 0, -1, IPC_NOWAIT), EAGAIN);
	}
	CHECK(ended(child) == 0);
}

static void sem_removal_ends_waits(void)
{
	int id = set(1);
	pid_t child = fork();

	if (!child) {
		FAILS(op(id, 0, -1, 0), EIDRM);
		_exit(0);
	}
	until_waiting(id, 0, GETNCNT, 1);
	CHECK(semctl(id, 0, IPC_RMID) == 0 && ended(child) == 0);
	FAILS(op(id, 0, -1, 0), EINVAL);
}

static void on_signal(int signo)
{
	(void)signo;
}

static void sem_signals_end_waits(void)
{
	int id = set(1);
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pid_t child = fork();

	if (!child) {
		sigaction(SIGUSR1, &sa, NULL);
		FAILS(op(id, 0, -1, 0), EINTR);
		_exit(0);
	}
	until_waiting(id, 0, GETNCNT, 1);
	kill(child, SIGUSR1);
	CHECK(ended(child) == 0);
	until_waiting(id, 0, GETNCNT, 0);
}

static int timed(int id, long ms)
{
	struct sembuf b = { 0, -1, 0 };
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	return semtimedop(id, &b, 1, &t);
}

static void *timed_in_thread(void *id)
{
	return (void *)(intptr_t)(timed(*(int *)id, 30) == -1 ? errno : 0);
}

static void sem_times_out(void)
{
	int id = set(1);
	struct sembuf b = { 0, -1, 0 };
	struct timespec bad = { 1, 1000000000 };
	pthread_t t;
	void *got;
	pid_t child;

	FAILS(timed(id, 30), EAGAIN);
	FAILS(timed(id, 0), EAGAIN);
	FAILS(semtimedop(id, &b, 1, &bad), EINVAL);
	/* Where its stack may have a neighbour below. */
	CHECK(pthread_create(&t, NULL, timed_in_thread, &id) == 0 && pthread_join(t, &got) == 0);
	CHECK((intptr_t)got == EAGAIN);
	child = fork();
	if (!child) {
		CHECK(timed(id, 50000) == 0);
		_exit(0);
	}
	until_waiting(id, 0, GETNCNT, 1);
	CHECK(op(id, 0, 1, 0) == 0 && ended(child) == 0);
}

static void sem_is_undone(void)
{
	int id = set(2);
	union semun u = { .val = 5 };
	pid_t child;

	CHECK(semctl(id, 0, SETVAL, u) == 0);
	child = fork();
	if (!child) {
		CHECK(op(id, 0, -3, SEM_UNDO) == 0 && op(id, 0, 1, SEM_UNDO) == 0 && op(id, 1, 4, 0) == 0);
		_exit(0);
	}
	CHECK(ended(child) == 0 && value(id, 0) == 5 && value(id, 1) == 4);
	/* A kill undoes it too, and lets others go on. */
	child = fork();
	if (!child) {
		CHECK(op(id, 0, -5, SEM_UNDO) == 0 && op(id, 1, -4, 0) == 0);
		pause();
	}
	while (value(id, 1))
		usleep(1000);
	FAILS(op(id, 0, -1, IPC_NOWAIT), EAGAIN);
	kill(child, SIGKILL);
	CHECK(op(id, 0, -1, 0) == 0);
	CHECK(ended(child) == 128 + SIGKILL && value(id, 0) == 4);
	/* Setting forgets it. */
	child = fork();
	if (!child) {
		CHECK(op(id, 0, -2, SEM_UNDO) == 0 && semctl(id, 0, SETVAL, u) == 0);
		_exit(0);
	}
	CHECK(ended(child) == 0 && value(id, 0) == 5);
}

static void *undo_in_thread(void *id)
{
	return (void *)(intptr_t)op(*(int *)id, 0, 2, SEM_UNDO);
}

static void sem_undo_is_the_process_s(void)
{
	int id = set(1);
	pid_t child = fork();

	if (!child) {
		pthread_t t;
		void *got;

		CHECK(pthread_create(&t, NULL, undo_in_thread, &id) == 0 && pthread_join(t, &got) == 0 && !got);
		CHECK(value(id, 0) == 2);
		_exit(0);
	}
	CHECK(ended(child) == 0 && value(id, 0) == 0);
}

static void sem_killed_while_waiting(void)
{
	int id = set(1);
	pid_t child = fork();

	if (!child) {
		op(id, 0, -1, 0);
		_exit(1);
	}
	until_waiting(id, 0, GETNCNT, 1);
	kill(child, SIGKILL);
	CHECK(ended(child) == 128 + SIGKILL);
	until_waiting(id, 0, GETNCNT, 0);
	CHECK(op(id, 0, 1, 0) == 0 && value(id, 0) == 1);
}

/* --- messages ------------------------------------------------------------------------------ */

static int put(int id, long type, const char *text, int flags)
{
	struct message m = { .type = type };

	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), flags);
}

static int got(int id, long type, int flags, const char *text)
{
	struct message m = { 0 };
	ssize_t n = msgrcv(id, &m, sizeof(m.text), type, flags);

	return n == (ssize_t)strlen(text) && !memcmp(m.text, text, (size_t)n) ? (int)m.type : -1;
}

static void msg_kinds(void)
{
	int id = queue();
	struct message m;

	CHECK(put(id, 5, "five", 0) == 0 && put(id, 3, "three", 0) == 0 && put(id, 4, "four", 0) == 0);
	CHECK(put(id, 3, "three again", 0) == 0);
	CHECK(got(id, -4, 0, "three") == 3);
	CHECK(got(id, 4, 0, "four") == 4);
	FAILS(msgrcv(id, &m, 64, 4, IPC_NOWAIT), ENOMSG);
	CHECK(got(id, 5, MSG_EXCEPT, "three again") == 3);
	FAILS(msgrcv(id, &m, 2, 0, 0), E2BIG);
	CHECK(msgrcv(id, &m, 2, 0, MSG_NOERROR) == 2 && m.type == 5 && !memcmp(m.text, "fi", 2));
	FAILS(put(id, 0, "x", 0), EINVAL);
	FAILS(put(id, -1, "x", 0), EINVAL);
	m.type = 1;
	FAILS(msgsnd(id, &m, 8193, 0), EINVAL);
	FAILS(msgrcv(id, &m, (size_t)-1, 0, IPC_NOWAIT), EINVAL);
	CHECK(put(id, 1, "", 0) == 0 && got(id, 0, 0, "") == 1);
}

static void msg_tells(void)
{
	int id = queue();
	struct msqid_ds ds;
	struct msginfo info;

	CHECK(put(id, 1, "abc", 0) == 0 && msgctl(id, IPC_STAT, &ds) == 0);
	CHECK(ds.msg_qnum == 1 && ds.__msg_cbytes == 3 && ds.msg_lspid == getpid() && ds.msg_lrpid == 0);
	CHECK(ds.msg_stime > 0 && ds.msg_rtime == 0 && ds.msg_qbytes > 0);
	ds.msg_qbytes = 5;
	CHECK(msgctl(id, IPC_SET, &ds) == 0 && msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qbytes == 5);
	FAILS(put(id, 1, "def", IPC_NOWAIT), EAGAIN);
	CHECK(put(id, 1, "de", IPC_NOWAIT) == 0);
	CHECK(msgctl(0, MSG_INFO, (struct msqid_ds *)&info) >= 0 && info.msgmap >= 2);
	CHECK(got(id, 0, 0, "abc") == 1 && msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_lrpid == getpid());
}

static void msg_waits(void)
{
	int id = queue(), back = queue();
	pid_t child = fork();

	if (!child) {
		CHECK(got(id, 2, 0, "two") == 2);
		CHECK(put(back, 1, "done", 0) == 0);
		_exit(0);
	}
	CHECK(put(id, 1, "one", 0) == 0 && put(id, 2, "two", 0) == 0);
	CHECK(got(back, 0, 0, "done") == 1 && ended(child) == 0);
	CHECK(got(id, 0, 0, "one") == 1);
}

static void msg_ping_pong(void)
{
	int there = queue(), back = queue();
	char text[16];
	pid_t child = fork();

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (!child)
			CHECK(got(there, 0, 0, text) == 1 && put(back, 2, text, 0) == 0);
		else
			CHECK(put(there, 1, text, 0) == 0 && got(back, 0, 0, text) == 2);
	}
	if (!child)
		_exit(0);
	CHECK(ended(child) == 0);
}

static void msg_full_queue(void)
{
	int id = queue();
	struct message m;
	struct msqid_ds ds;
	pid_t child;

	CHECK(msgctl(id, IPC_STAT, &ds) == 0);
	ds.msg_qbytes = 6;
	CHECK(msgctl(id, IPC_SET, &ds) == 0 && put(id, 1, "12345", 0) == 0);
	child = fork();
	if (!child) {
		CHECK(put(id, 2, "second", 0) == 0);
		_exit(0);
	}
	usleep(20000);
	CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 1);
	CHECK(msgrcv(id, &m, 64, 1, 0) == 5);
	CHECK(got(id, 2, 0, "second") == 2 && ended(child) == 0);
}

static void msg_removal_and_signals(void)
{
	int id = queue(), ready[2];
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct message m;
	pid_t child;
	char c;

	CHECK(pipe(ready) == 0);
	child = fork();
	if (!child) {
		sigaction(SIGALRM, &sa, NULL);
		ualarm(20000, 20000);
		FAILS(msgrcv(id, &m, 64, 0, 0), EINTR);
		ualarm(0, 0);
		CHECK(write(ready[1], "x", 1) == 1);
		FAILS(msgrcv(id, &m, 64, 0, 0), EIDRM);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	/* Stopped and continued, without a handler: it goes on waiting. */
	usleep(20000);
	kill(child, SIGSTOP);
	CHECK(waitpid(child, &(int){ 0 }, WUNTRACED) == child);
	kill(child, SIGCONT);
	usleep(20000);
	CHECK(msgctl(id, IPC_RMID, NULL) == 0 && ended(child) == 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name }
	CASE(shm_is_shared), CASE(shm_survives_its_removal_while_attached), CASE(shm_goes_where_it_is_told),
	CASE(shm_keys_and_permissions), CASE(shm_tells_of_all), CASE(shm_from_threads),
	CASE(shm_ends_with_exec), CASE(sem_values), CASE(sem_all_or_nothing), CASE(sem_waits_for_another),
	CASE(sem_is_handed_over), CASE(sem_removal_ends_waits), CASE(sem_signals_end_waits),
	CASE(sem_times_out), CASE(sem_is_undone), CASE(sem_undo_is_the_process_s),
	CASE(sem_killed_while_waiting), CASE(msg_kinds), CASE(msg_tells), CASE(msg_waits),
	CASE(msg_ping_pong), CASE(msg_full_queue), CASE(msg_removal_and_signals),
};

int main(int argc, char **argv)
{
	size_t i = 0;

	alarm(60);
	owner = getpid();
	if (argc == 3 && !strcmp(argv[1], "key-make"))
		return shmget(atoi(argv[2]), 100, IPC_CREAT | IPC_EXCL | 0600) < 0;
	if (argc == 3 && !strcmp(argv[1], "key-find"))
		return shmget(atoi(argv[2]), 0, 0) < 0;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc == 1)
			puts(cases[i].name);
		else if (!strcmp(argv[1], cases[i].name))
			break;
	}
	if (argc == 1)
		return 0;
	if (i == sizeof(cases) / sizeof(cases[0]))
		return 2;
	cases[i].run();
	clean();
	return 0;
}
