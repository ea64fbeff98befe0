// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bounded queue and its writer. The bound counts open descriptors, the scarce
 * thing; what has none is small. The writer alone touches the archive.
 *
 * A file about to be written whose bytes are not archived yet is copied aside
 * (reflinked where the file system can) rather than waited for: compressing is
 * slower than copying.
 *
 * The writer is woken for content only. Metadata gathers until there is enough of it,
 * or until the writer looks by itself: waking it for each of the names that a find(1)
 * meets costs more than writing them down.
 *
 * What was used 2 s ago must be in the archive, whatever happens to care, on a machine
 * that is busy too. So the bounds are times, by how fast the writer was lately: the
 * command waits when too much is under way, and for a file that takes long; nothing is
 * left unflushed in front of such a file; and should all that have been too little, no
 * call is let go before the archive has caught up (queue_keep_up()).
 */
#include "core/record/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/archive/archive_out.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/record/object.h"

#define QUEUE_MAX_FDS 256
#define QUEUE_MAX_JOBS 8192	/* without descriptor: 2 MiB of records at most */
#define QUEUE_ENOUGH 1024	/* of them: time to write */
#define QUEUE_BATCH 64		/* written before the lock is asked for again */
#define QUEUE_TICK_MS 250
/* Of the 2 s, in milliseconds: before it is written, of work under way, for one file … */
#define QUEUE_MAX_AGE 250
#define QUEUE_MAX_WORK 250
#define QUEUE_MAX_ALONE 500
/* … before it is flushed: when that is asked for, before a long file, at all costs. */
#define QUEUE_FLUSH_AGE 700
#define QUEUE_FLUSH_BEFORE 1000
#define QUEUE_FLUSH_LATE 1200
/* The pace: files of which size tell it, how far back; and before any did, 16 MB/s. */
#define QUEUE_PACE_FILE (64u << 10)
#define QUEUE_PACE_US 250000
#define QUEUE_PACE_FIRST_US 100000
#define QUEUE_PACE_FIRST_BYTES 1600000

struct job {
	struct job *next;
	struct object *object;		/* whose content it carries, or NULL */
	struct manifest_file file;	/* strings belong to the object */
	char *path;			/* own path of a hard link */
	struct manifest_record *record;
	void (*done)(struct manifest_record *);
	int64_t since_ms;		/* CLOCK_MONOTONIC */
	int fd;
	bool started;
	bool changed;			/* while it was read */
	bool copied;			/* fd is our own copy: nothing can touch it */
};

struct queue {
	struct archive_out *out;
	char *spool;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t more;		/* for the writer */
	pthread_cond_t less;		/* for whoever waits */
	struct job *first, **last;
	size_t jobs, fds, max_fds;	/* also those that the writer has taken */
	uint64_t bytes;			/* of their contents */
	int64_t unflushed_ms;		/* when the oldest was queued that the writer took and did not flush; or 0 */
	uint64_t pace_bytes, pace_us;	/* written in this time */
	int64_t flushed_ms, flush_took;	/* the last flush: its end and how long; the writer's own */
	bool stop;
	bool waits;			/* the writer, for more */
	struct err error;		/* the archive's first */
	struct queue_census census;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
}

/* How long the writer needs for so much, going by what it did lately. */
static uint64_t ms_for(const struct queue *q, uint64_t bytes)
{
	return bytes / (q->pace_bytes * 1000 / q->pace_us + 1);
}

/* Lock held. */
static void note_pace(struct queue *q, uint64_t bytes, int64_t us)
{
	q->pace_bytes += bytes;
	q->pace_us += (uint64_t)us;
	while (q->pace_us > QUEUE_PACE_US) {
		q->pace_bytes /= 2;
		q->pace_us /= 2;
	}
}

static void free_job(struct job *j)
{
	if (j->record && j->done)
		j->done(j->record);
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j);
}

/* To the archive, without the lock. */
static int write_job(struct queue *q, struct job *j, struct err *e)
{
	int64_t from = now_us();
	int r;

	if (j->record)
		return archive_out_record(q->out, j->record, e);
	r = archive_out_add(q->out, &j->file, j->fd, &j->changed, e);
	if (r >= 0 && j->fd >= 0 && j->file.size >= QUEUE_PACE_FILE) {
		pthread_mutex_lock(&q->lock);
		note_pace(q, j->file.size, now_us() - from);
		pthread_mutex_unlock(&q->lock);
	}
	return r;
}

static void finish_job(struct queue *q, struct job *j)
{
	struct object *o = j->object;

	if (o) {
		o->job = NULL;
		o->file.has_sha256 = j->file.has_sha256;
		memcpy(o->file.sha256, j->file.sha256, sizeof(o->file.sha256));
	}
	if (j->fd >= 0) {
		q->census.files++;
		q->census.bytes += j->file.size;
		q->fds--;
		q->bytes -= j->file.size;
	}
	q->census.changed += j->changed;
	q->jobs--;
	free_job(j);
}

/*
 * Lock held: wait for something to do or for the time to flush. One job with content, or
 * some without, which nobody waits for one by one.
 */
static struct job *take_jobs(struct queue *q)
{
	struct job *taken, **end;
	struct timespec until;

	if (!q->first && !q->stop) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += QUEUE_TICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		q->waits = true;
		pthread_cond_timedwait(&q->more, &q->lock, &until);
		q->waits = false;
	}
	taken = q->first;
	if (!taken)
		return NULL;
	taken->started = true;
	if (!q->unflushed_ms)
		q->unflushed_ms = taken->since_ms;
	end = &taken->next;
	for (int n = 1; !taken->object && n < QUEUE_BATCH && *end && !(*end)->object; n++)
		end = &(*end)->next;
	q->first = *end;
	*end = NULL;
	if (!q->first)
		q->last = &q->first;
	pthread_cond_broadcast(&q->less);
	return taken;
}

/* Without the lock: what was written is safe, and nothing older than @since_ms is not. */
static int flush(struct queue *q, int64_t since_ms, struct err *e)
{
	int64_t from = now_ms();
	int r = archive_out_flush(q->out, e);

	q->flushed_ms = now_ms();
	q->flush_took = q->flushed_ms - from;
	log_debug("flushed %d ms after the first use in it, in %d ms",
		  (int)(q->flushed_ms - q->unflushed_ms), (int)q->flush_took);
	pthread_mutex_lock(&q->lock);
	q->unflushed_ms = since_ms;
	pthread_mutex_unlock(&q->lock);
	return r;
}

/* A file that takes long would keep what was written before it waiting. */
static bool flush_is_better_before(const struct queue *q, const struct job *j)
{
	return j && j->fd >= 0 && !archive_out_is_flushed(q->out) &&
	       now_ms() - q->unflushed_ms + (int64_t)ms_for(q, j->file.size) > QUEUE_FLUSH_BEFORE;
}

/*
 * The first at once: before it there is nothing that could be repaired. On a slow disk not
 * half of the time is spent on the others, unless it must be now.
 */
static bool flush_is_due(const struct queue *q)
{
	int64_t now = now_ms(), age = now - q->unflushed_ms;

	if (archive_out_is_flushed(q->out))
		return false;
	return !q->flushed_ms || (age > QUEUE_FLUSH_AGE &&
				  (age > QUEUE_FLUSH_LATE || now - q->flushed_ms > q->flush_took));
}

/* Without the lock, but only the writer changes what is read here. The first error. */
static int write_jobs(struct queue *q, struct job *jobs, struct err *e)
{
	int r = 0;

	if (flush_is_better_before(q, jobs))
		r = flush(q, jobs->since_ms, e);
	for (struct job *j = jobs; j && r >= 0; j = j->next)
		r = write_job(q, j, e);
	if (r >= 0)
		r = flush_is_due(q) ? flush(q, 0, e) : archive_out_tick(q->out, e);
	return r;
}

static void *writer(void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->lock);
	while (!q->stop || q->first) {
		struct job *jobs = take_jobs(q), *next;
		bool dead = q->error.code < 0;
		struct err e = { 0 };
		int r = 0;

		pthread_mutex_unlock(&q->lock);
		if (!dead)
			r = write_jobs(q, jobs, &e);
		pthread_mutex_lock(&q->lock);
		if (r < 0)
			q->error = e;
		if (archive_out_is_flushed(q->out))
			q->unflushed_ms = 0;
		for (; jobs; jobs = next) {
			next = jobs->next;
			finish_job(q, jobs);
		}
		pthread_cond_broadcast(&q->less);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* Lock held: wait until the writer has taken or finished something. */
static void wait_for_writer(struct queue *q)
{
	if (q->waits)
		pthread_cond_signal(&q->more);
	pthread_cond_wait(&q->less, &q->lock);
}

/* Lock held: is what has gathered, with @j at its end, worth waking the writer? */
static bool is_enough(const struct queue *q, const struct job *j)
{
	return j->object || q->jobs >= QUEUE_ENOUGH ||
	       j->since_ms - q->first->since_ms > QUEUE_MAX_AGE / 2;
}

/* Descriptors that we may hold: a quarter of what we are allowed. */
static size_t fd_bound(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur / 4 > QUEUE_MAX_FDS)
		return QUEUE_MAX_FDS;
	return MAX(rl.rlim_cur / 4, (rlim_t)4);
}

static int start(struct queue *q, struct err *e)
{
	sigset_t all, was;
	int r;

	/* Signals are the main thread's: it waits for tracees with them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	r = pthread_create(&q->thread, NULL, writer, q);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (r)
		return err_set(e, -r, "start the archive's writer");
	q->running = true;
	return 0;
}

struct queue *queue_new(struct archive_out *out, const char *spool, struct err *e)
{
	struct queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t monotonic;

	if (!q || !(q->spool = strdup(spool))) {
		free(q);
		err_set(e, -ENOMEM, "start the archive's writer");
		return NULL;
	}
	q->out = out;
	q->last = &q->first;
	q->max_fds = fd_bound();
	q->pace_bytes = QUEUE_PACE_FIRST_BYTES;
	q->pace_us = QUEUE_PACE_FIRST_US;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);	/* whatever ntpd does */
	pthread_cond_init(&q->more, &monotonic);
	pthread_cond_init(&q->less, NULL);
	pthread_condattr_destroy(&monotonic);
	if (out && start(q, e) < 0) {
		queue_free(q);
		return NULL;
	}
	return q;
}

static int failed(struct queue *q, struct err *e)
{
	if (q->error.code < 0 && e)
		*e = q->error;
	return q->error.code;
}

/* Lock held: was anything used so long ago that it ought to be safe by now? */
static bool lags(const struct queue *q)
{
	int64_t oldest = q->unflushed_ms;

	if (!oldest && q->first)
		oldest = q->first->since_ms;
	return oldest && now_ms() - oldest > QUEUE_FLUSH_LATE;
}

/* Lock held: too much under way for another job, or the writer lags too far behind. */
static bool is_full(const struct queue *q, const struct job *j)
{
	if ((j->fd >= 0 && q->fds >= q->max_fds) || q->jobs >= QUEUE_MAX_JOBS)
		return q->jobs > 0;
	return ms_for(q, q->bytes) > QUEUE_MAX_WORK || lags(q) ||
	       (q->first && now_ms() - q->first->since_ms > QUEUE_MAX_AGE);
}

/* Lock held. */
static void append(struct queue *q, struct job *j)
{
	j->since_ms = now_ms();
	*q->last = j;
	q->last = &j->next;
	q->jobs++;
	if (j->fd >= 0) {
		q->fds++;
		q->bytes += j->file.size;
	}
	if (j->object)
		j->object->job = j;
	if (q->waits && is_enough(q, j))
		pthread_cond_signal(&q->more);
}

static int push(struct queue *q, struct job *j, struct err *e)
{
	struct object *o = j->object;
	bool alone;
	int r;

	if (!q->out) {
		append(q, j);
		q->first = NULL;
		q->last = &q->first;
		finish_job(q, j);
		return 0;
	}
	pthread_mutex_lock(&q->lock);
	while (q->error.code >= 0 && is_full(q, j))
		wait_for_writer(q);
	r = failed(q, e);
	if (r >= 0) {
		alone = o && ms_for(q, j->file.size) > QUEUE_MAX_ALONE;
		append(q, j);
		while (alone && o->job && q->error.code >= 0)
			wait_for_writer(q);
	}
	pthread_mutex_unlock(&q->lock);
	if (r < 0)
		free_job(j);
	return r;
}

static struct job *new_job(int fd)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j)
		j->fd = fd;
	return j;
}

int queue_file(struct queue *q, struct object *o, int fd, struct err *e)
{
	struct job *j = new_job(fd);

	if (!j) {
		if (fd >= 0)
			close(fd);
		return err_set(e, -ENOMEM, "queue %s", o->file.path);
	}
	j->file = o->file;
	o->told = o->file.use;
	if (fd >= 0)
		j->object = o;
	return push(q, j, e);
}

int queue_link(struct queue *q, const struct object *o, const char *path, struct err *e)
{
	struct job *j = new_job(-1);

	if (j)
		j->path = strdup(path);
	if (!j || !j->path) {
		free(j);
		return err_set(e, -ENOMEM, "queue %s", path);
	}
	j->file = o->file;
	j->file.path = j->path;
	j->file.link = o->file.path;
	j->file.content = MANIFEST_HARDLINK;
	j->file.has_sha256 = false;
	return push(q, j, e);
}

int queue_record(struct queue *q, struct manifest_record *record,
		 void (*done)(struct manifest_record *), struct err *e)
{
	struct job *j = new_job(-1);

	if (!j) {
		done(record);
		return err_set(e, -ENOMEM, "queue a record");
	}
	j->record = record;
	j->done = done;
	return push(q, j, e);
}

/* A copy of @fd that nobody else can reach. The new descriptor, or −errno. */
static int copy_aside(const struct queue *q, int fd)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int copy = open(q->spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int r;

	if (copy < 0) {	/* O_TMPFILE: Linux 3.11, and not on every file system */
		if (asprintf(&path, "%s/aside-XXXXXX", q->spool) < 0)
			return -ENOMEM;
		copy = mkostemp(path, O_CLOEXEC);
		if (copy < 0)
			return -errno;
		unlink(path);
	}
	r = io_copy(fd, copy, UINT64_MAX);
	return r < 0 ? r : steal_fd(&copy);
}

int queue_secure(struct queue *q, struct object *o, struct err *e)
{
	int r, copy;

	pthread_mutex_lock(&q->lock);
	if (o->job && !o->job->started && !o->job->copied) {
		copy = copy_aside(q, o->job->fd);
		if (copy >= 0) {
			close(o->job->fd);
			o->job->fd = copy;
			o->job->copied = true;
		} else {
			log_debug("%s: not copied aside (%s), waiting for the archive", o->file.path,
				  strerror(-copy));
		}
	}
	while (o->job && !o->job->copied && q->error.code >= 0)
		wait_for_writer(q);
	r = failed(q, e);
	pthread_mutex_unlock(&q->lock);
	return r;
}

int queue_keep_up(struct queue *q, struct err *e)
{
	int r;

	if (!q->out)
		return 0;
	pthread_mutex_lock(&q->lock);
	while (q->error.code >= 0 && lags(q))
		wait_for_writer(q);
	r = failed(q, e);
	pthread_mutex_unlock(&q->lock);
	return r;
}

int queue_drain(struct queue *q, struct err *e)
{
	int r;

	pthread_mutex_lock(&q->lock);
	while (q->jobs)
		wait_for_writer(q);
	r = failed(q, e);
	pthread_mutex_unlock(&q->lock);
	return r;
}

int queue_finish(struct queue *q, struct err *e)
{
	int r = queue_drain(q, e);

	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
	if (q->running)
		pthread_join(q->thread, NULL);
	q->running = false;
	return r;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	if (q->running)
		queue_finish(q, NULL);
	pthread_cond_destroy(&q->less);
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->lock);
	free(q->spool);
	free(q);
}

void queue_census(struct queue *q, struct queue_census *ret)
{
	pthread_mutex_lock(&q->lock);
	*ret = q->census;
	pthread_mutex_unlock(&q->lock);
}
