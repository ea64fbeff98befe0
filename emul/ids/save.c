// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is said of files, between runs. A file is found again by its path if it is the
 * same inode there, or a copy of it (size and time of its last change), else by its inode
 * anywhere below the root. Paths are looked for at the end, by one walk over the root: in
 * between the inodes are enough, for who is killed leaves the files where they are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "emul/ids/internal.h"
#include "emul/ids/text.h"

#define FILE_MAX (1u << 30)

/* --- the disk ---------------------------------------------------------------------------------- */

static int look(int dir, const char *name, struct stat *ret, struct stat_facts *ret_facts)
{
	int arg;
	const struct stat_layout *l = stat_layout(abi_native(), SYSCALL_statx, &arg);
	unsigned char bytes[STAT_SIZE_MAX];

	if (fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret_facts = (struct stat_facts){ .dev = ret->st_dev, .ino = ret->st_ino };
	if (l && syscall(SYS_statx, dir, name, AT_SYMLINK_NOFOLLOW, 0xfff, bytes) == 0)
		stat_get(l, bytes, ret_facts);
	return 0;
}

struct search {
	int (*each)(struct search *w, const char *path, const struct stat *st, const struct stat_facts *f);
	struct ids *ids;
	struct ids_entry **lost;	/* of the file, not found at their paths */
	size_t n_lost;
};

static int walk_dir(struct search *w, int parent, const char *name, struct buf *path, dev_t dev)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	size_t len = path->len;
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;	/* what we can't read the command couldn't change */
	}
	while (r >= 0 && (d = readdir(dir))) {
		struct stat_facts f;
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    look(fd, d->d_name, &st, &f) < 0)
			continue;
		buf_addf(path, "/%s", d->d_name);
		r = buf_error(path);
		if (r == 0)
			r = w->each(w, buf_str(path), &st, &f);
		if (r >= 0 && S_ISDIR(st.st_mode) && st.st_dev == dev)
			r = walk_dir(w, fd, d->d_name, path, dev);
		buf_truncate(path, len);
	}
	return r;
}

static int walk_root(struct search *w)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat_facts f;
	struct stat st;
	int r = look(AT_FDCWD, w->ids->spec.root, &st, &f);

	if (r == 0)
		r = w->each(w, "/", &st, &f);
	return r < 0 ? r : walk_dir(w, AT_FDCWD, w->ids->spec.root, &path, st.st_dev);
}

/* --- from the file ------------------------------------------------------------------------------- */

static bool is_copy(const struct ids_entry *e, const struct stat *st)
{
	return e->dated && e->mtime == st->st_mtim.tv_sec && e->mtime_ns == (uint32_t)st->st_mtim.tv_nsec &&
	       (S_ISDIR(st->st_mode) || e->size == (uint64_t)st->st_size);
}

static bool is_same(const struct ids_entry *e, const struct stat_facts *f)
{
	if (e->ino != f->ino)
		return false;
	return e->born && f->born ? e->born == f->born && e->born_ns == f->born_ns : e->dev == f->dev;
}

static int settle(struct ids *ids, struct ids_entry *e, const struct stat_facts *f)
{
	e->dev = f->dev;
	e->ino = f->ino;
	e->born = f->born;
	e->born_ns = f->born_ns;
	return table_put(ids->table, e);
}

static int host_path(const struct ids *ids, const struct ids_entry *e, struct buf *ret)
{
	buf_addf(ret, "%s%s", strcmp(ids->spec.root, "/") ? ids->spec.root : "", e->path);
	return buf_error(ret);
}

/* 1: it is in the table now; 0: not at its path; or −errno. */
static int find_at_path(struct ids *ids, struct ids_entry *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat_facts f;
	struct stat st;
	int r;

	if (!e->path)
		return 0;
	r = host_path(ids, e, &path);
	if (r < 0 || look(AT_FDCWD, buf_str(&path), &st, &f) < 0 || (!is_same(e, &f) && !is_copy(e, &st)))
		return r;
	ids->dirty |= !is_same(e, &f);
	r = settle(ids, e, &f);
	return r < 0 ? r : 1;
}

static int find_lost(struct search *w, const char *path, const struct stat *st, const struct stat_facts *f)
{
	(void)path;
	(void)st;
	for (size_t i = 0; i < w->n_lost; i++)
		if (w->lost[i] && is_same(w->lost[i], f)) {
			int r = settle(w->ids, w->lost[i], f);

			if (r == 0)
				w->lost[i] = NULL;
			return r;
		}
	return 0;
}

static int add_lost(struct search *w, struct ids_entry *e)
{
	struct ids_entry **more = realloc(w->lost, (w->n_lost + 1) * sizeof(struct ids_entry *));

	if (!more)
		return -ENOMEM;
	w->lost = more;
	w->lost[w->n_lost++] = e;
	return 0;
}

static int load_line(struct search *w, const char *line, size_t number, struct err *e)
{
	struct ids_entry *entry = text_parse(line);
	int r;

	if (!entry)
		return err_set(e, -EINVAL, "%s, line %zu: not what care writes there",
			       w->ids->spec.file, number);
	r = find_at_path(w->ids, entry);
	if (r == 0)
		r = add_lost(w, entry);
	if (r < 0) {
		entry_free(entry);
		return err_set(e, r, "read %s", w->ids->spec.file);
	}
	return 0;
}

static int load_lines(struct search *w, char *text, struct err *e)
{
	char *line = text, *end;
	size_t number = 1;
	int r = 0;

	for (; r == 0 && *line; line = end + 1, number++) {
		end = strchr(line, '\n');
		if (!end)
			return err_set(e, -EINVAL, "%s: its last line is cut off", w->ids->spec.file);
		*end = '\0';
		if (number == 1)
			r = strcmp(line, TEXT_HEAD) ? err_set(e, -EINVAL, "%s is no file of --root-id",
							      w->ids->spec.file) : 0;
		else if (*line && *line != '#')
			r = load_line(w, line, number, e);
	}
	return r;
}

/* One run at a time; the lock is beside the file, which is replaced at every save. */
static int take_lock(struct ids *ids, struct err *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_addf(&path, "%s.lock", ids->spec.file);
	if (buf_error(&path))
		return err_set(e, -ENOMEM, "lock %s", ids->spec.file);
	ids->lock = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (ids->lock < 0)
		return err_set(e, -errno, "open %s", buf_str(&path));
	if (flock(ids->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_set(e, -errno, "lock %s", buf_str(&path));
	return err_set(e, -EBUSY, "%s is used by another care that runs: wait for its end, or use "
		       "another file", ids->spec.file);
}

int save_load(struct ids *ids, struct err *e)
{
	struct search w = { .each = find_lost, .ids = ids };
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t gone = 0;
	int r = take_lock(ids, e);

	if (r < 0)
		return r;
	if (access(ids->spec.file, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = io_read_file(AT_FDCWD, ids->spec.file, FILE_MAX, &text, e);
	if (r == 0 && text.len)
		r = load_lines(&w, text.data, e);
	if (r == 0 && w.n_lost && walk_root(&w) < 0)
		r = err_set(e, -ENOMEM, "read %s", ids->spec.file);
	for (size_t i = 0; i < w.n_lost; i++) {
		gone += w.lost[i] != NULL;
		entry_free(w.lost[i]);
	}
	free(w.lost);
	if (gone)
		log_info("%zu files of %s are no more", gone, ids->spec.file);
	ids->dirty |= w.n_lost > 0;
	return r;
}

/* --- to the file --------------------------------------------------------------------------------- */

static void place_at(struct ids_entry *e, const struct stat *st)
{
	e->placed = e->dated = true;
	e->size = (uint64_t)st->st_size;
	e->mtime = st->st_mtim.tv_sec;
	e->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
}

static int place(struct search *w, const char *path, const struct stat *st, const struct stat_facts *f)
{
	struct ids_entry *e = table_find(w->ids->table, f);

	if (!e || e->placed)
		return 0;
	free(e->path);
	e->path = strdup(path);
	place_at(e, st);
	return e->path ? 0 : -ENOMEM;
}

/* Where it was when the file was written last, it most often is. */
static void place_again(struct ids *ids, struct ids_entry *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat_facts f;
	struct stat st;

	e->placed = false;
	if (e->path && host_path(ids, e, &path) == 0 && look(AT_FDCWD, buf_str(&path), &st, &f) == 0 &&
	    is_same(e, &f))
		place_at(e, &st);
}

static int find_paths(struct ids *ids)
{
	struct search w = { .each = place, .ids = ids };
	size_t cursor = 0, placed = 0;
	struct ids_entry *e;

	while ((e = table_next(ids->table, &cursor))) {
		place_again(ids, e);
		placed += e->placed;
	}
	return placed == table_count(ids->table) ? 0 : walk_root(&w);
}

static int by_path(const void *a, const void *b)
{
	const struct ids_entry *const *x = a, *const *y = b;
	int order = strcmp((*x)->path ? (*x)->path : "?", (*y)->path ? (*y)->path : "?");

	return order ? order : (*x)->ino < (*y)->ino ? -1 : (*x)->ino > (*y)->ino;
}

static int print(const struct ids *ids, bool placed_only, struct buf *to)
{
	size_t n = 0, cursor = 0;
	_cleanup_free_ struct ids_entry **all = calloc(table_count(ids->table) + 1, sizeof(*all));
	struct ids_entry *e;

	if (!all)
		return -ENOMEM;
	while ((e = table_next(ids->table, &cursor)))
		if (e->placed || !placed_only)
			all[n++] = e;
	qsort(all, n, sizeof(*all), by_path);
	buf_adds(to, TEXT_HEAD "\n");
	for (size_t i = 0; i < n; i++)
		text_add(to, all[i]);
	return buf_error(to);
}

static int replace(const char *path, const struct buf *text)
{
	_cleanup_buf_ struct buf beside = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	buf_addf(&beside, "%s.new", path);
	if (buf_error(&beside))
		return -ENOMEM;
	fd = open(buf_str(&beside), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text->data, text->len);
	if (r == 0 && (fsync(fd) < 0 || rename(buf_str(&beside), path) < 0))
		r = -errno;
	if (r < 0)
		unlink(buf_str(&beside));
	return r;
}

/* --- to the disk --------------------------------------------------------------------------------- */

/* Nothing keeps what was said: the disk gets what of the modes it did not yet. */
static int give_mode(const struct ids *ids, const struct ids_entry *e)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	mode_t mode = e->mode & 07777;
	char link[64];

	if (!(e->has & IDS_MODE) || e->has & IDS_TYPE || !e->placed)
		return 0;
	/* Of another owner's file they would be ours. */
	if (e->has & IDS_UID)
		mode &= ~(mode_t)S_ISUID;
	if (e->has & IDS_GID)
		mode &= ~(mode_t)S_ISGID;
	if (host_path(ids, e, &path) < 0)
		return -ENOMEM;
	fd = open(buf_str(&path), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return chmod(link, mode) < 0 ? -errno : 0;
}

/* Directories after what is in them, for they may become closed. */
int save_give_modes(struct ids *ids, struct err *e)
{
	_cleanup_free_ struct ids_entry **all = calloc(table_count(ids->table) + 1, sizeof(*all));
	size_t n = 0, cursor = 0;
	struct ids_entry *entry;
	int r = 0;

	if (!all)
		return err_set(e, -ENOMEM, "set modes");
	while ((entry = table_next(ids->table, &cursor)))
		if (entry->has & IDS_MODE)
			all[n++] = entry;
	if (n)
		r = find_paths(ids);
	qsort(all, n, sizeof(*all), by_path);
	while (r >= 0 && n--)
		if (give_mode(ids, all[n]) < 0)
			log_info("the mode of %s stays as it is", all[n]->path);
	return r < 0 ? err_set(e, r, "set modes") : 0;
}

int save_store(struct ids *ids, bool paths, struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = paths ? find_paths(ids) : 0;

	if (r == 0)
		r = print(ids, paths, &text);
	if (r == 0)
		r = replace(ids->spec.file, &text);
	if (r < 0)
		return err_set(e, r, "write %s", ids->spec.file);
	ids->dirty = false;
	return 0;
}
