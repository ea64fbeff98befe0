// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines, pending and kept. */
#include "core/archive/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"

int journal_unnamed_file(const char *dir, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	int fd;

	if (!dir)
		dir = getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/tmp";
	/* O_TMPFILE is of Linux 3.11 and not of every file system. */
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	buf_addf(&name, "%s/.care-journal-XXXXXX", dir);
	if (name.failed)
		return err_set(e, -ENOMEM, "keep a journal");
	fd = mkostemp(name.data, O_CLOEXEC);
	if (fd >= 0) {
		unlink(name.data);
		return fd;
	}
	/* Nowhere to write (a read-only system that streams to stdout): in memory, Linux 3.17. */
	fd = memfd_create("care-journal", MFD_CLOEXEC);
	return fd >= 0 ? fd : err_set(e, -errno, "keep a journal in %s", dir);
}

int journal_open(struct journal *j, const char *dir, struct err *e)
{
	*j = JOURNAL_INIT;
	j->fd = journal_unnamed_file(dir, e);
	return j->fd < 0 ? j->fd : 0;
}

void journal_free(struct journal *j)
{
	buf_free(&j->pending);
	if (j->fd >= 0)
		close(j->fd);
	*j = JOURNAL_INIT;
}

int journal_add(struct journal *j, const struct manifest_record *record, struct err *e)
{
	size_t before = j->pending.len;
	int r = manifest_format_record(&j->pending, record, e);

	if (r == 0 && j->pending.failed)
		r = err_set(e, -ENOMEM, "note what was recorded");
	if (r < 0) {
		j->pending.failed = false;
		buf_truncate(&j->pending, before);
	}
	if (r == 0 && record->kind == MANIFEST_K_END)
		j->has_end = true;
	return r;
}

int journal_flushed(struct journal *j, struct err *e)
{
	int r = io_write_all(j->fd, buf_str(&j->pending), j->pending.len);

	if (r < 0)
		return err_set(e, r, "keep the journal");
	buf_reset(&j->pending);
	j->members++;
	return 0;
}

int journal_manifest(struct journal *j, const char *dir, bool sorted, int *ret_fd, struct err *e)
{
	_cleanup_close_ int fd = journal_unnamed_file(dir, e);
	int r;

	if (fd < 0)
		return fd;
	if (lseek(j->fd, 0, SEEK_SET) < 0)
		return err_set(e, -errno, "read the journal");
	r = manifest_finish(j->fd, fd, sorted, e);
	if (r < 0)
		return r;
	/* What is added later (by a repair, say) goes behind what there is. */
	if (lseek(j->fd, 0, SEEK_END) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, -errno, "read the manifest");
	*ret_fd = steal_fd(&fd);
	return 0;
}
