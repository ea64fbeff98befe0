// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening an archive, and what can be learnt without taking it apart. */
#include "core/archive/archive_in.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/filter.h"
#include "core/archive/in.h"
#include "core/archive/out.h"
#include "core/archive/target.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"

void archive_in_free(struct archive_in *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	free(a->prefix);
	free(a);
}

static int open_directory(struct archive_in *a, struct err *e)
{
	_cleanup_free_ char *dir = NULL;
	struct stat st;
	int r;

	a->format = (struct archive_format){ .container = ARCHIVE_DIR, .level = -1 };
	if (fstatat(a->fd, "rootfs", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, -ENODATA, "%s is a directory, but has no rootfs/ in it", a->path);
	r = out_split_path(a->path, &dir, &a->prefix, e);
	if (r < 0)
		return r;
	if (!strcmp(a->prefix, ".") || !strcmp(a->prefix, "..") || !strcmp(a->prefix, "/")) {
		free(a->prefix);
		a->prefix = strdup("care");
	}
	a->partial = fstatat(a->fd, "manifest.json", &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		     fstatat(a->fd, "manifest.d", &st, AT_SYMLINK_NOFOLLOW) == 0;
	return a->prefix ? 0 : err_set(e, -ENOMEM, "open %s", a->path);
}

static enum archive_container container_of(struct scan *s)
{
	int code = archive_format(s->reader);

	if ((code & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_CPIO)
		return code == ARCHIVE_FORMAT_CPIO_POSIX ? ARCHIVE_CPIO_ODC : ARCHIVE_CPIO;
	return code == ARCHIVE_FORMAT_TAR_GNUTAR ? ARCHIVE_GNUTAR : ARCHIVE_TAR;
}

/* The first member tells the container and the prefix. */
static int look_inside(struct archive_in *a, struct err *e)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct scan *s;
	int r = scan_open(&s, a, 0, e);

	if (r < 0)
		return r;
	r = scan_next(s, e);
	if (r == 0)
		r = scan_nothing(s, a, e);
	if (r > 0) {
		r = target_normalise(archive_entry_pathname(s->entry), &name);
		if (r < 0)
			err_set(e, r, "%s: the member %s points outside: refused", a->path,
				archive_entry_pathname(s->entry));
		a->format.container = container_of(s);
	}
	scan_free(s);
	if (r < 0)
		return r;
	a->prefix = strndup(buf_str(&name), strcspn(buf_str(&name), "/"));
	return a->prefix ? 0 : err_set(e, -ENOMEM, "open %s", a->path);
}

/* The last thing that is written: without it an archive in a frame is not finished. */
static bool lacks_footer(const struct archive_in *a)
{
	return a->wrap.wrapper != ARCHIVE_BARE && !a->wrap.footer;
}

static int open_file(struct archive_in *a, struct err *e)
{
	unsigned char head[16];
	ssize_t n;
	int r = wrap_find(a->fd, &a->wrap, e);

	if (r < 0)
		return r;
	n = io_pread_full(a->fd, head, MIN(sizeof(head), a->wrap.size), (off_t)a->wrap.start);
	if (n < 0)
		return err_set(e, (int)n, "read %s", a->path);
	if (n == 0)
		return err_set(e, -ENODATA, "read %s, which is empty", a->path);
	a->filter = filter_detect(head, (size_t)n);
	a->format = (struct archive_format){ .wrapper = a->wrap.wrapper, .filter = a->filter->id,
					     .level = -1 };
	a->partial = lacks_footer(a);
	return look_inside(a, e);
}

int archive_in_open(struct archive_in **ret, const char *path, struct err *e)
{
	struct archive_in *a = calloc(1, sizeof(*a));
	struct stat st;
	int r = 0;

	if (!a || !(a->path = strdup(path))) {
		free(a);
		return err_set(e, -ENOMEM, "open %s", path);
	}
	a->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (a->fd < 0 && errno == ENOENT && !strcmp(path, "-"))
		r = err_set(e, -EINVAL, "an archive is read from a file, not from standard input: save it first");
	else if (a->fd < 0 || fstat(a->fd, &st) < 0)
		r = err_set(e, -errno, "open %s", path);
	if (r == 0)
		r = S_ISDIR(st.st_mode) ? open_directory(a, e) : open_file(a, e);
	if (r < 0) {
		archive_in_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

const struct archive_format *archive_in_format(const struct archive_in *a)
{
	return &a->format;
}

const char *archive_in_prefix(const struct archive_in *a)
{
	return a->prefix;
}

bool archive_in_partial(const struct archive_in *a)
{
	return a->partial;
}

/* What is at @offset: does it begin with PREFIX/manifest.json? */
static bool is_manifest(const struct archive_in *a, uint64_t offset)
{
	struct scan *s = NULL;
	const char *below;
	bool yes = false;

	if (scan_open(&s, a, offset, NULL) < 0)
		return false;
	if (scan_next(s, NULL) > 0) {
		below = member_below(archive_entry_pathname(s->entry), a->prefix);
		yes = below && member_kind(below) == MEMBER_MANIFEST;
	}
	scan_free(s);
	return yes;
}

#define FIND_PIECE (1u << 20)
#define FIND_MOST (256u << 20)	/* further from the end than this it is not worth looking */
#define FIND_TRIES 64		/* what looks like a mark and is none costs a decode */

int find_manifest(const struct archive_in *a, uint64_t *ret_offset)
{
	_cleanup_free_ unsigned char *piece = malloc(2 * FIND_PIECE);
	uint64_t end = a->wrap.start + a->wrap.size, at = end;
	size_t overlap = 0;

	if (!piece || !a->filter->is_mark)
		return piece ? -ENOENT : -ENOMEM;
	/* Backwards, with the beginning of what comes behind so that none is cut in two. */
	for (int tries = 0; at > a->wrap.start && end - at < FIND_MOST;) {
		size_t n = MIN(at - a->wrap.start, (uint64_t)FIND_PIECE);

		memmove(piece + n, piece, overlap);
		at -= n;
		if (io_pread_full(a->fd, piece, n, (off_t)at) != (ssize_t)n)
			return -EIO;
		for (size_t i = n; i-- > 0;) {
			if (!a->filter->is_mark(piece + i, n + overlap - i))
				continue;
			if (at + i > a->wrap.start && is_manifest(a, at + i)) {
				*ret_offset = at + i;
				return 0;
			}
			if (++tries == FIND_TRIES)
				return -ENOENT;
		}
		overlap = MIN(n + overlap, (size_t)FIND_PIECE / 2);
	}
	return -ENOENT;
}

/* One member, from where @offset says on; @journal: all of those instead, one behind the other. */
static int read_member(struct archive_in *a, uint64_t offset, const char *name, bool journal,
		       struct buf *ret, struct err *e)
{
	bool found = false, manifest = false;
	struct scan *s;
	int r = scan_open(&s, a, offset, e);

	if (r < 0)
		return r;
	while ((r = scan_next(s, e)) > 0) {
		const char *below = member_below(archive_entry_pathname(s->entry), a->prefix);
		enum member_kind kind = below ? member_kind(below) : MEMBER_OTHER;

		manifest = manifest || kind == MEMBER_MANIFEST;
		if (!below || archive_entry_filetype(s->entry) != AE_IFREG ||
		    (journal ? kind != MEMBER_JOURNAL : strcmp(below, name) != 0))
			continue;
		if (!journal)
			buf_reset(ret);	/* the last of a name wins */
		r = scan_content(s, IN_MEMBER_MAX - MIN(ret->len, (size_t)IN_MEMBER_MAX), ret, e);
		if (r < 0)
			break;
		found = true;
		/* What follows the mark stands there once; the manifest is followed to the end. */
		if (offset && strcmp(below, "manifest.json"))
			break;
	}
	if (r == 0)
		a->damage = scan_damage(s);
	if (r == 0 && manifest)
		a->partial = a->damage || lacks_footer(a);
	/* Cut in the middle of a journal: what came before it is good. */
	if (r == -EBADMSG && journal && found)
		r = 0;
	scan_free(s);
	if (r < 0)
		return r;
	return found ? 0 : -ENOENT;
}

/* A file of a directory archive, which may be as hostile: no link, no FIFO, nothing outside. */
int dir_member(const struct archive_in *a, const char *name, struct buf *ret, struct err *e)
{
	struct target *t;
	_cleanup_close_ int fd = -1;
	struct stat st;
	ssize_t n = target_open(&t, a->fd, e);
	char *to;

	if (n < 0)
		return (int)n;
	fd = target_look(t, name, O_RDONLY, NULL);
	target_free(t);
	if (fd < 0)
		return err_set(e, fd, "read %s/%s", a->path, name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -ENOTSUP, "%s/%s is not a regular file", a->path, name);
	if ((uint64_t)st.st_size > IN_MEMBER_MAX - MIN(ret->len, (size_t)IN_MEMBER_MAX))
		return err_set(e, -EFBIG, "read %s/%s", a->path, name);
	to = buf_reserve(ret, (size_t)st.st_size);
	if (!to)
		return err_set(e, -ENOMEM, "read %s/%s", a->path, name);
	n = io_pread_full(fd, to, (size_t)st.st_size, 0);
	if (n < 0)
		return err_set(e, (int)n, "read %s/%s", a->path, name);
	ret->len += (size_t)n;
	ret->data[ret->len] = '\0';
	return 0;
}

static int dir_journal(struct archive_in *a, struct buf *ret, struct err *e)
{
	for (unsigned n = 1;; n++) {
		char name[40];
		int r;

		snprintf(name, sizeof(name), "manifest.d/%04u.ndjson", n);
		r = dir_member(a, name, ret, e);
		if (r < 0)
			return r == -ENOENT && n > 1 ? 0 : r;
	}
}

int archive_in_member(struct archive_in *a, const char *name, struct buf *ret_content, struct err *e)
{
	_cleanup_buf_ struct buf content = BUF_INIT;
	uint64_t offset;
	int r = -ENOENT;

	if (a->format.container == ARCHIVE_DIR)
		return dir_member(a, name, ret_content, e);
	if (find_manifest(a, &offset) == 0)
		r = read_member(a, offset, name, false, &content, e);
	if (r == -ENOENT)
		r = read_member(a, 0, name, false, &content, e);
	if (r == -ENOENT)
		return err_set(e, r, "%s has no %s", a->path, name);
	if (r < 0)
		return r;
	if (!ret_content->len) {	/* a manifest is big: not twice */
		buf_free(ret_content);
		*ret_content = content;
		content = BUF_INIT;
		return 0;
	}
	buf_add(ret_content, content.data, content.len);
	return ret_content->failed ? err_set(e, -ENOMEM, "read %s", name) : 0;
}

static int journal_manifest_of(struct archive_in *a, struct manifest **ret, struct err *e)
{
	_cleanup_buf_ struct buf lines = BUF_INIT;
	int r;

	if (a->format.container == ARCHIVE_DIR)
		r = dir_journal(a, &lines, e);
	else
		r = read_member(a, 0, NULL, true, &lines, e);
	if (r < 0)
		return r;
	a->partial = true;
	return manifest_read(ret, buf_str(&lines), lines.len, e);
}

int archive_in_manifest(struct archive_in *a, struct manifest **ret, struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = archive_in_member(a, "manifest.json", &text, e);

	if (r == 0)
		return manifest_read(ret, buf_str(&text), text.len, e);
	/* A cut one may end anywhere: only what can't be read at all is the end of this. */
	if (r != -ENOENT && r != -EBADMSG)
		return r;
	r = journal_manifest_of(a, ret, e);
	if (r != -ENOENT)
		return r;
	buf_reset(&text);
	r = archive_in_member(a, "re-execute.sh", &text, e);
	if (r == 0)
		return care2_manifest(buf_str(&text), text.len, ret, e);
	if (r != -ENOENT)
		return r;
	if (a->damage)	/* an archive that is whole says it at its end */
		return err_set(e, -ENODATA, "%s: %s, before it says what was recorded (care repair keeps "
			       "the files in front of that)", a->path, a->damage);
	return err_set(e, -ENODATA, "%s: nothing in it says what was recorded", a->path);
}
