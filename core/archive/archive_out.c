// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all archives have in common while they are written: what is held back, the
 * journal, and when to flush. Where the bytes go is a backend's business.
 */
#include "core/archive/archive_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/archive/filter.h"
#include "core/archive/guard.h"
#include "core/archive/out.h"
#include "core/base/err.h"
#include "core/base/log.h"

static int copy_spec(struct archive_out *a, const struct archive_spec *spec, struct err *e)
{
	a->format = spec->format;
	a->reproducible = spec->reproducible;
	a->path = strdup(spec->path);
	a->prefix = strdup(spec->prefix && *spec->prefix ? spec->prefix : "care");
	a->spool = spec->spool ? strdup(spec->spool) : NULL;
	a->buffer = malloc(OUT_BUFFER);
	if (!a->path || !a->prefix || (spec->spool && !a->spool) || !a->buffer)
		return err_set(e, -ENOMEM, "start an archive");
	if (spec->self_fd >= 0) {
		a->self_fd = fcntl(spec->self_fd, F_DUPFD_CLOEXEC, 3);
		if (a->self_fd < 0)
			return err_set(e, -errno, "keep our own program");
	}
	if (!filter_find(a->format.filter))
		return err_set(e, -ENOTSUP, "this care was built without that compression");
	if (a->format.container == ARCHIVE_DIR && !strcmp(a->path, "-"))
		return err_set(e, -EINVAL, "a directory can't be written to standard output");
	return 0;
}

int out_new(struct archive_out **ret, const struct archive_spec *spec, struct err *e)
{
	struct archive_out *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_set(e, -ENOMEM, "start an archive");
	a->fd = a->self_fd = a->spool_fd = -1;
	a->journal = JOURNAL_INIT;
	a->backend = &out_stream_backend;
	if (spec->format.container == ARCHIVE_DIR)
		a->backend = &out_dir_backend;
	else if (spec->reproducible)
		a->backend = &out_sorted_backend;
	clock_gettime(CLOCK_MONOTONIC, &a->flushed);
	r = copy_spec(a, spec, e);
	if (r < 0) {
		archive_out_free(a, true);
		return r;
	}
	*ret = a;
	return 0;
}

int archive_out_open(struct archive_out **ret, const struct archive_spec *spec, struct err *e)
{
	_out_guard_;
	struct archive_out *a;
	int r = out_new(&a, spec, e);

	if (r < 0)
		return r;
	r = a->backend->open(a, e);
	if (r < 0) {
		archive_out_free(a, true);
		return r;
	}
	*ret = a;
	return 0;
}

/* What two runs of the same command on the same files can't have in common. */
static void forget_circumstances(struct manifest_record *record)
{
	const struct timespec never = { 0 };

	switch (record->kind) {
	case MANIFEST_K_RUN:
		record->run->start = never;
		break;
	case MANIFEST_K_END:
		record->end->end = never;
		record->end->stops = record->end->calls = 0;
		break;
	case MANIFEST_K_PROCESS:
		record->process->start = record->process->end = never;
		record->process->pid = 0;
		record->process->pid_ns = 0;
		break;
	case MANIFEST_K_FILE:
		record->file->atime = never;
		record->file->dev = 0;
		record->file->ino = 0;
		break;
	default:
		break;
	}
}

static int journal_copy(struct archive_out *a, const struct manifest_record *record, struct err *e)
{
	struct manifest_record copy = *record;
	union {
		struct manifest_run run;
		struct manifest_file file;
		struct manifest_process process;
		struct manifest_end end;
	} of;

	if (!a->reproducible)
		return journal_add(&a->journal, record, e);
	switch (record->kind) {
	case MANIFEST_K_RUN:
		of.run = *record->run;
		copy.run = &of.run;
		break;
	case MANIFEST_K_FILE:
		of.file = *record->file;
		copy.file = &of.file;
		break;
	case MANIFEST_K_PROCESS:
		of.process = *record->process;
		copy.process = &of.process;
		break;
	case MANIFEST_K_END:
		of.end = *record->end;
		copy.end = &of.end;
		break;
	default:
		break;
	}
	forget_circumstances(&copy);
	return journal_add(&a->journal, &copy, e);
}

int archive_out_record(struct archive_out *a, const struct manifest_record *record, struct err *e)
{
	_out_guard_;

	return journal_copy(a, record, e);
}

int out_lose_content(struct archive_out *a, struct held *h, struct manifest_file *file,
		     enum manifest_content content, const char *why, struct err *e)
{
	struct manifest_lost lost = { .path = file->path, .why = (char *)why,
				      .process = file->process };
	struct manifest_record record = { .kind = MANIFEST_K_LOST, .lost = &lost };

	file->content = content;
	file->has_sha256 = false;
	h->size = 0;
	h->written = h->exact = false;
	log_warn("%s: %s; only its metadata is archived", file->path, why);
	return journal_copy(a, &record, e);
}

static bool has_content(const struct manifest_file *file, int fd)
{
	return file->type == MANIFEST_REG && file->content == MANIFEST_WHOLE && file->size > 0 &&
	       fd >= 0;
}

static int64_t ms_between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

bool archive_out_is_flushed(const struct archive_out *a)
{
	return !a->dirty && !a->journal.pending.len;
}

int archive_out_flush(struct archive_out *a, struct err *e)
{
	_out_guard_;

	if (archive_out_is_flushed(a))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &a->flushed);
	a->dirty = false;
	return a->backend->flush(a, e);
}

static int flush_if_due(struct archive_out *a, struct err *e)
{
	struct timespec now;

	if (archive_out_is_flushed(a))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (ms_between(&a->flushed, &now) < OUT_FLUSH_MS &&
	    a->backend->unflushed(a) + a->journal.pending.len < OUT_FLUSH_BYTES)
		return 0;
	return archive_out_flush(a, e);
}

int archive_out_add(struct archive_out *a, struct manifest_file *file, int fd, bool *ret_changed,
		    struct err *e)
{
	_out_guard_;
	struct manifest_record record = { .kind = MANIFEST_K_FILE, .file = file };
	bool changed = false;
	struct held *h;
	int r;

	if (file->path[0] != '/')
		return err_set(e, -EINVAL, "archive %s, which is no absolute path", file->path);
	if (held_put(&a->held, file, &h) < 0)
		return err_set(e, -ENOMEM, "archive %s", file->path);
	if (has_content(file, fd)) {
		r = a->backend->content(a, h, file, fd, &changed, e);
		if (r < 0)
			return r;
		a->dirty = true;
	}
	r = journal_copy(a, &record, e);
	if (r < 0)
		return r;
	if (ret_changed)
		*ret_changed = changed;
	a->files++;
	return flush_if_due(a, e);
}

int archive_out_member(struct archive_out *a, const char *name, mode_t mode, const void *data,
		       size_t len, struct err *e)
{
	struct out_member m = { .mode = mode, .len = len };
	struct out_member *more;

	more = realloc(a->members, (a->n_members + 1) * sizeof(*more));
	if (more)
		a->members = more;
	m.name = strdup(name);
	m.data = malloc(len + 1);
	if (!more || !m.name || !m.data) {
		free(m.name);
		free(m.data);
		return err_set(e, -ENOMEM, "archive %s", name);
	}
	if (len)
		memcpy(m.data, data, len);
	a->members[a->n_members++] = m;
	return 0;
}

int archive_out_tick(struct archive_out *a, struct err *e)
{
	_out_guard_;

	return flush_if_due(a, e);
}

int archive_out_finish(struct archive_out *a, struct err *e)
{
	_out_guard_;
	_cleanup_close_ int manifest = -1;
	int r;

	r = a->backend->flush(a, e);
	if (r < 0)
		return r;
	held_count_links(&a->held);
	r = journal_manifest(&a->journal, a->dir, a->reproducible, &manifest, e);
	if (r < 0)
		return r;
	r = a->backend->tail(a, manifest, e);
	a->whole = r == 0;
	if (r == 0)
		r = a->backend->publish(a, e);
	if (r == 0)
		a->finished = true;
	return r;
}

bool archive_out_is_whole(const struct archive_out *a)
{
	return a->whole;
}

uint64_t archive_out_bytes(const struct archive_out *a)
{
	return a->backend->bytes(a);
}

const char *archive_out_partial(const struct archive_out *a)
{
	if (a->finished)
		return NULL;
	return a->spool_path ? a->spool_path : a->partial;
}

void archive_out_cancel(struct archive_out *a)
{
	a->cancelled = 1;
}

void archive_out_free(struct archive_out *a, bool discard)
{
	if (!a)
		return;
	a->backend->free(a, discard && !a->finished);
	if (a->fd >= 0)
		close(a->fd);
	if (a->self_fd >= 0)
		close(a->self_fd);
	for (size_t i = 0; i < a->n_members; i++) {
		free(a->members[i].name);
		free(a->members[i].data);
	}
	free(a->members);
	free(a->gaps);
	held_set_free(&a->held);
	journal_free(&a->journal);
	free(a->buffer);
	free(a->path);
	free(a->spool);
	free(a->prefix);
	free(a->partial);
	free(a->dir);
	free(a);
}
