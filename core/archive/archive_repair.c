// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completing what was cut: drop the incomplete frame, cut behind the last journal
 * member, then finish as the recording would have. In place that can be tried again
 * should it be interrupted too, for the journal stays in front of the cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/filter.h"
#include "core/archive/guard.h"
#include "core/archive/repair.h"
#include "core/archive/stream_out.h"
#include "core/base/err.h"
#include "core/base/io.h"

static void repair_free(struct repair *r)
{
	/* A copy that did not get finished is worth nothing; the original is. */
	if (r->out)
		archive_out_free(r->out, r->out->partial && strcmp(r->out->partial, r->a->path));
	archive_in_free(r->a);
	map_free(r->contents);
	buf_free(&r->lines);
	buf_free(&r->path);
	manifest_free(r->m);
}

/* Is @f's content where the journal says? If not, say so in the new manifest. */
static int take_file(struct repair *r, struct manifest_file *f, struct err *e)
{
	struct manifest_record record = { .kind = MANIFEST_K_FILE, .file = f };
	struct held *h;
	int n = 0;

	if (held_put(&r->out->held, f, &h) < 0)
		return err_set(e, -ENOMEM, "repair %s", r->a->path);
	if (f->type == MANIFEST_REG && f->content == MANIFEST_WHOLE && f->size) {
		h->written = map_get(r->contents, f->path, strlen(f->path));
		h->size = f->size;
		if (!h->written)
			n = out_lose_content(r->out, h, f, MANIFEST_UNREADABLE,
					     "cut off with the end of the archive", e);
	}
	return n < 0 ? n : journal_add(&r->out->journal, &record, e);
}

static int take_one(struct repair *r, enum manifest_kind kind, void *what, struct err *e)
{
	struct manifest_record record = { .kind = kind, .run = what };

	return journal_add(&r->out->journal, &record, e);
}

static int take_others(struct repair *r, struct err *e)
{
	struct manifest *m = r->m;
	int n = 0;

	for (size_t i = 0; n == 0 && i < m->n_processes; i++)
		n = take_one(r, MANIFEST_K_PROCESS, &m->processes[i], e);
	for (size_t i = 0; n == 0 && i < m->absent.n; i++)
		n = take_one(r, MANIFEST_K_ABSENT, m->absent.v[i], e);
	for (size_t i = 0; n == 0 && i < m->n_concealed; i++)
		n = take_one(r, MANIFEST_K_CONCEALED, &m->concealed[i], e);
	for (size_t i = 0; n == 0 && i < m->n_nets; i++)
		n = take_one(r, MANIFEST_K_NET, &m->nets[i], e);
	for (size_t i = 0; n == 0 && i < m->n_unknowns; i++)
		n = take_one(r, MANIFEST_K_UNKNOWN, &m->unknowns[i], e);
	for (size_t i = 0; n == 0 && i < m->n_lost; i++)
		n = take_one(r, MANIFEST_K_LOST, &m->lost[i], e);
	for (size_t i = 0; n == 0 && i < m->n_depends; i++)
		n = take_one(r, MANIFEST_K_DEPEND, &m->depends[i], e);
	for (size_t i = 0; n == 0 && i < m->n_written; i++)
		n = take_one(r, MANIFEST_K_WRITTEN, &m->written[i], e);
	return n;
}

/* All that the journal says, again, as lines that the new manifest is made from. */
static int take_manifest(struct repair *r, struct err *e)
{
	int n = 0;

	if (r->m->run.argv.n)
		n = take_one(r, MANIFEST_K_RUN, &r->m->run, e);
	for (size_t i = 0; n == 0 && i < r->m->n_files; i++) {
		n = take_file(r, &r->m->files[i], e);
		if (n == 0 && r->out->journal.pending.len > OUT_FLUSH_BYTES)
			n = journal_flushed(&r->out->journal, e);
	}
	if (n == 0)
		n = take_others(r, e);
	/* With an end the recording was over: only its archive was not. */
	if (!r->m->has_end)
		r->m->end.partial = true;
	if (n == 0)
		n = take_one(r, MANIFEST_K_END, &r->m->end, e);
	if (n == 0)
		n = journal_flushed(&r->out->journal, e);
	r->out->journal.members = r->journals;
	return n;
}

static int new_out(struct repair *r, struct err *e)
{
	struct archive_spec spec = { .format = r->a->format, .path = r->to, .self_fd = -1,
				     .prefix = r->a->prefix };

	/* The program that the archive carries is the one to put into it again. */
	if (r->a->wrap.wrapper == ARCHIVE_SELF && r->a->wrap.program)
		spec.self_fd = r->a->fd;
	return out_new(&r->out, &spec, e);
}

/* A copy to go on with, or the file itself. */
static int open_growing(struct repair *r, uint64_t keep, bool anew, struct err *e)
{
	struct archive_out *o = r->out;
	_cleanup_free_ char *base = NULL;
	struct stat st;
	int n;

	n = out_split_path(r->to, &o->dir, &base, e);
	if (n < 0)
		return n;
	if (!strcmp(r->to, r->a->path) && !anew) {
		o->partial = strdup(r->to);
		o->fd = open(r->to, O_RDWR | O_CLOEXEC);
		if (!o->partial || o->fd < 0 || ftruncate(o->fd, (off_t)keep) < 0 ||
		    lseek(o->fd, 0, SEEK_END) < 0)
			return err_set(e, o->partial ? -errno : -ENOMEM, "repair %s", r->a->path);
		return 0;
	}
	if (fstat(r->a->fd, &st) < 0)
		return err_set(e, -errno, "repair %s", r->a->path);
	n = out_make_partial(o->dir, base, st.st_mode & 0777, false, &o->partial, &o->fd, e);
	if (n < 0 || anew)
		return n;
	n = io_copy(r->a->fd, o->fd, keep);
	if (n == 0 && (ftruncate(o->fd, (off_t)keep) < 0 || lseek(o->fd, 0, SEEK_END) < 0))
		n = -errno;
	return n < 0 ? err_set(e, n, "copy %s", r->a->path) : 0;
}

/* Behind the cut, in the same stream. */
static int resume(struct repair *r, struct err *e)
{
	struct archive_out *o = r->out;
	int n = open_growing(r, r->cut, false, e);

	if (n < 0)
		return n;
	o->resumed = r->cut - r->a->wrap.start;
	return stream_out_open(&o->stream, o->fd, o->format.filter, -1, o->resumed > 0, e);
}

/* No journal, so no frames of ours: the members that are whole, decoded and written anew. */
static int rewrite(struct repair *r, struct err *e)
{
	struct archive_out *o = r->out;
	struct stream_in *in;
	uint64_t left = r->cut_raw;
	const void *data;
	ssize_t len = 1;
	int n = open_growing(r, 0, true, e);

	if (n == 0)
		n = wrap_begin(o->fd, o->format.wrapper, o->self_fd, e);
	if (n == 0)
		n = stream_out_open(&o->stream, o->fd, o->format.filter, -1, false, e);
	if (n == 0)
		n = stream_in_open(&in, r->a->fd, r->a->wrap.start, r->a->wrap.size, r->a->filter, false, e);
	if (n < 0)
		return n;
	while (n == 0 && left && (len = stream_in_read(in, &data)) > 0) {
		n = stream_out_write(o->stream, data, (size_t)MIN((uint64_t)len, left), e);
		left -= MIN((uint64_t)len, left);
	}
	stream_in_free(in);
	if (n == 0 && len < 0)
		n = err_set(e, (int)len, "read %s", r->a->path);
	return n;
}

/* Finds out what there is by @look, and opens what it goes into. */
static int begin(struct repair *r, int (*look)(struct repair *r, struct err *e), struct err *e)
{
	int n = look(r, e);

	if (n < 0)
		return n;
	if (r->whole)
		return err_set(e, -EALREADY, "%s is whole", r->a->path);
	n = manifest_read(&r->m, buf_str(&r->lines), r->lines.len, e);
	return n < 0 ? n : new_out(r, e);
}

static int repair_stream(struct repair *r, struct err *e)
{
	int n = begin(r, repair_look, e);

	if (n == 0)
		n = r->journals ? resume(r, e) : rewrite(r, e);
	return n < 0 ? n : journal_open(&r->out->journal, r->out->dir, e);
}

static int repair_dir(struct repair *r, struct err *e)
{
	int n = begin(r, repair_look_dir, e);

	return n < 0 ? n : repair_resume_dir(r, e);
}

int archive_repair_begin(const char *path, const char *to, struct archive_out **ret_out,
			 struct manifest **ret_manifest, uint64_t *ret_files, struct err *e)
{
	_out_guard_;
	_cleanup_(repair_free) struct repair r = { .to = to ? to : path, .contents = map_new() };
	int n = r.contents ? archive_in_open(&r.a, path, e) : err_set(e, -ENOMEM, "repair %s", path);

	if (n < 0)
		return n;
	if (flock(r.a->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(e, -EBUSY, "repair %s, which is still being written", path);
	n = r.a->format.container == ARCHIVE_DIR ? repair_dir(&r, e) : repair_stream(&r, e);
	if (n == 0)
		n = take_manifest(&r, e);
	if (n < 0)
		return n;
	*ret_files = r.m->n_files;
	*ret_out = steal_ptr(r.out);
	*ret_manifest = steal_ptr(r.m);
	return 0;
}

int archive_repair(const char *path, const char *to, uint64_t *ret_files, struct err *e)
{
	struct manifest *m = NULL;
	struct archive_out *out = NULL;
	uint64_t files = 0;
	int r = archive_repair_begin(path, to, &out, &m, &files, e);

	if (r == 0)
		r = archive_out_finish(out, e);
	archive_out_free(out, false);
	manifest_free(m);
	if (r == 0 && ret_files)
		*ret_files = files;
	return r;
}

int archive_move(const char *path, const char *to, struct err *e)
{
	_out_guard_;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, -errno, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(e, -EBUSY, "move %s, which is still being written", path);
	return out_move(path, to, e);
}
