// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/record/queue: what was used is safe in time, however slow the archive is. The
 * archive and the clock are ours here (the linker puts them in front, tests/Kbuild): time
 * passes only by what the archive says that it needed.
 */
#include "core/record/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/archive/archive_out.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/record/object.h"
#include "tests/unit/check.h"

#define MIB (1u << 20)

/* --- a clock that only we move; far behind the true one, so that nobody waits for it --- */

static _Atomic int64_t clock_ms = 1000;

int __wrap_clock_gettime(clockid_t which, struct timespec *ret);
int __wrap___clock_gettime64(clockid_t which, struct timespec *ret);

int __wrap_clock_gettime(clockid_t which, struct timespec *ret)
{
	int64_t now = clock_ms;

	(void)which;
	*ret = (struct timespec){ .tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000 };
	return 0;
}

/* musl's name for it where time_t was 32 bits wide once. */
int __wrap___clock_gettime64(clockid_t which, struct timespec *ret)
{
	return __wrap_clock_gettime(which, ret);
}

/* --- an archive: called by the writer only ------------------------------------------------ */

static struct {
	char did[256];		/* a letter a step: the last of the path, R a record, F a flush */
	_Atomic int64_t written;
	_Atomic bool dirty;
	int64_t ms_per_mib;
	int fail;
	bool held;		/* add waits for `go` */
	char seen[16];		/* the content of the last file */
} archive;
static sem_t taken, go, recorded;

/* Long enough for whoever does not wait to be found out. */
static void dawdle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static void did(char what)
{
	size_t n = strlen(archive.did);

	if (n + 1 < sizeof(archive.did))
		archive.did[n] = what;
}

int __wrap_archive_out_add(struct archive_out *a, struct manifest_file *file, int fd,
			   bool *ret_changed, struct err *e);
int __wrap_archive_out_record(struct archive_out *a, const struct manifest_record *record,
			      struct err *e);
int __wrap_archive_out_tick(struct archive_out *a, struct err *e);
int __wrap_archive_out_flush(struct archive_out *a, struct err *e);
bool __wrap_archive_out_is_flushed(const struct archive_out *a);

int __wrap_archive_out_add(struct archive_out *a, struct manifest_file *file, int fd,
			   bool *ret_changed, struct err *e)
{
	(void)a;
	*ret_changed = false;
	sem_post(&taken);
	if (archive.held)
		sem_wait(&go);
	if (archive.fail)
		return err_set(e, archive.fail, "write it");
	if (fd >= 0) {
		dawdle();
		memset(archive.seen, 0, sizeof(archive.seen));
		if (pread(fd, archive.seen, sizeof(archive.seen) - 1, 0) < 0)
			perror("pread");
	}
	clock_ms += (int64_t)(file->size / MIB) * archive.ms_per_mib;
	archive.written += (int64_t)file->size;
	archive.dirty = true;
	did(file->path[strlen(file->path) - 1]);
	return 0;
}

int __wrap_archive_out_record(struct archive_out *a, const struct manifest_record *record,
			      struct err *e)
{
	(void)a;
	(void)record;
	(void)e;
	archive.dirty = true;
	did('R');
	return 0;
}

int __wrap_archive_out_tick(struct archive_out *a, struct err *e)
{
	(void)a;
	(void)e;
	return 0;
}

int __wrap_archive_out_flush(struct archive_out *a, struct err *e)
{
	(void)a;
	(void)e;
	dawdle();
	did('F');
	archive.dirty = false;
	return 0;
}

bool __wrap_archive_out_is_flushed(const struct archive_out *a)
{
	(void)a;
	return !archive.dirty;
}

/* --- the tests --------------------------------------------------------------------------------- */

static struct queue *begin(void)
{
	struct err e = { 0 };

	memset(&archive, 0, sizeof(archive));
	sem_init(&taken, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&recorded, 0, 0);
	/* Any address will do: nobody looks behind it. */
	return queue_new((struct archive_out *)&archive, ".", &e);
}

static void end(struct queue *q)
{
	struct err e = { 0 };

	CHECK(queue_finish(q, &e) == archive.fail);
	queue_free(q);
}

static struct object object_of(const char *path, uint64_t size)
{
	return (struct object){ .file = { .path = (char *)path, .type = MANIFEST_REG, .size = size,
					  .content = MANIFEST_WHOLE, .use = 1 } };
}

static int some_file(void)
{
	return open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int put(struct queue *q, struct object *o, int fd)
{
	struct err e = { 0 };

	return queue_file(q, o, fd, &e);
}

static void a_file_that_takes_long_is_waited_for(void)
{
	struct queue *q = begin();
	struct object o = object_of("/a", 64 * MIB);

	CHECK(put(q, &o, some_file()) == 0);
	CHECK(archive.written == 64 * MIB);
	end(q);
}

static void one_that_does_not_is_not(void)
{
	struct queue *q = begin();
	struct object o = object_of("/a", 1000);

	archive.held = true;
	CHECK(put(q, &o, some_file()) == 0);
	CHECK(archive.written == 0);
	sem_post(&go);
	end(q);
}

static void the_first_is_flushed_at_once(void)
{
	struct queue *q = begin();
	struct object a = object_of("/a", 10), b = object_of("/b", 10);
	struct err e = { 0 };

	CHECK(put(q, &a, some_file()) == 0);
	CHECK(queue_drain(q, &e) == 0);
	CHECK(put(q, &b, some_file()) == 0);
	CHECK(queue_drain(q, &e) == 0);
	CHECK(!strcmp(archive.did, "aFb"));
	end(q);
}

/* That first flush is over. */
static struct queue *begin_flushed(void)
{
	struct queue *q = begin();
	struct object o = object_of("/0", 1);
	struct err e = { 0 };

	CHECK(put(q, &o, some_file()) == 0);
	CHECK(queue_drain(q, &e) == 0);
	sem_wait(&taken);
	memset(archive.did, 0, sizeof(archive.did));
	return q;
}

static void nothing_waits_behind_a_long_file(void)
{
	struct queue *q = begin_flushed();
	struct object a = object_of("/a", 10), b = object_of("/b", 1024 * MIB);

	CHECK(put(q, &a, some_file()) == 0);
	CHECK(put(q, &b, some_file()) == 0);
	CHECK(!strncmp(archive.did, "aFb", 3));
	end(q);
}

static void no_call_goes_on_before_what_is_old_is_flushed(void)
{
	struct queue *q = begin_flushed();
	struct object o = object_of("/a", 10);
	struct err e = { 0 };

	CHECK(put(q, &o, some_file()) == 0);
	CHECK(queue_drain(q, &e) == 0);
	CHECK(queue_keep_up(q, &e) == 0);
	CHECK(archive.dirty);
	clock_ms += 1300;
	CHECK(queue_keep_up(q, &e) == 0);
	CHECK(!archive.dirty);
	end(q);
}

static void what_is_under_way_is_bounded_by_the_pace(void)
{
	struct queue *q = begin();
	struct object o[24];
	int64_t most = 0;

	archive.ms_per_mib = 100;
	for (int i = 0; i < 24; i++) {
		o[i] = object_of("/a", MIB);
		CHECK(put(q, &o[i], some_file()) == 0);
		most = MAX(most, (int64_t)(i + 1) * MIB - archive.written);
	}
	CHECK(most <= 6 * MIB);
	end(q);
}

static void recorded_one(struct manifest_record *record)
{
	(void)record;
	sem_post(&recorded);
}

static void metadata_arrives_without_anybody_asking(void)
{
	struct queue *q = begin_flushed();
	struct object o = object_of("/a", 5);
	struct manifest_record record = { 0 };
	struct err e = { 0 };

	CHECK(put(q, &o, -1) == 0);
	sem_wait(&taken);
	CHECK(queue_record(q, &record, recorded_one, &e) == 0);
	sem_wait(&recorded);
	end(q);
	CHECK(!strncmp(archive.did, "aR", 2));
}

static void what_is_written_to_is_copied_aside(void)
{
	struct queue *q = begin();
	struct object a = object_of("/a", 10), b = object_of("/b", 3);
	struct err e = { 0 };
	int fd = some_file();

	CHECK(pwrite(fd, "old", 3, 0) == 3);
	archive.held = true;
	CHECK(put(q, &a, some_file()) == 0);
	sem_wait(&taken);	/* the writer is at it, and stays there */
	CHECK(put(q, &b, some_file()) == 0);
	CHECK(queue_secure(q, &b, &e) == 0);
	CHECK(pwrite(fd, "new", 3, 0) == 3);
	sem_post(&go);
	sem_post(&go);
	end(q);
	CHECK(!strcmp(archive.seen, "old"));
	close(fd);
}

static void an_archive_that_failed_holds_nobody(void)
{
	struct queue *q = begin();
	struct object a = object_of("/a", 1024 * MIB), b = object_of("/b", 1);
	struct err e = { 0 };

	archive.fail = -ENOSPC;
	put(q, &a, some_file());
	queue_drain(q, &e);
	CHECK(put(q, &b, some_file()) == -ENOSPC);
	clock_ms += 10000;
	CHECK(queue_keep_up(q, &e) == -ENOSPC);
	CHECK(queue_secure(q, &a, &e) == -ENOSPC);
	CHECK(strstr(e.text, "write it"));
	end(q);
}

static void a_dry_run_keeps_nothing(void)
{
	struct err e = { 0 };
	struct queue *q = queue_new(NULL, ".", &e);
	struct object o = object_of("/a", 1024 * MIB);
	struct queue_census c;
	int fd = some_file();

	CHECK(queue_file(q, &o, fd, &e) == 0);
	CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	CHECK(queue_keep_up(q, &e) == 0 && queue_secure(q, &o, &e) == 0 && queue_drain(q, &e) == 0);
	queue_census(q, &c);
	CHECK(c.files == 1 && c.bytes == 1024 * MIB);
	queue_free(q);
}

int main(void)
{
	return check_tests(
		a_file_that_takes_long_is_waited_for,
		one_that_does_not_is_not,
		the_first_is_flushed_at_once,
		nothing_waits_behind_a_long_file,
		no_call_goes_on_before_what_is_old_is_flushed,
		what_is_under_way_is_bounded_by_the_pace,
		metadata_arrives_without_anybody_asking,
		what_is_written_to_is_copied_aside,
		an_archive_that_failed_holds_nobody,
		a_dry_run_keeps_nothing);
}
