// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A directory is watched rather than each file: there are fewer of them, and a name
 * that the command removed or made anew is no placeholder any more.
 */
#include "core/replay/watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/manifest/manifest.h"

enum state { WAITING, GONE, OPENED };

struct name {
	char *path;
	enum state state;
	struct stat st;		/* of watch_begin() */
};

struct watch {
	struct name **names;	/* each is allocated, so that the map can hold it */
	size_t n;
	struct map *by_path;
	char **dirs;
	size_t n_dirs;
	int *numbers;		/* of each directory, −1 = not watched */
	bool overflow;
};

/* The length of the directory part: 1 for "/name". */
static size_t dir_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash > path ? (size_t)(slash - path) : 1;
}

static int add_name(struct watch *w, struct map *dirs, const char *path)
{
	struct name *name = calloc(1, sizeof(*name));
	size_t len = dir_length(path);

	if (!name || !(name->path = strdup(path)) ||
	    map_set(w->by_path, path, strlen(path), name, NULL) < 0) {
		if (name)
			free(name->path);
		free(name);
		return -ENOMEM;
	}
	w->names[w->n++] = name;
	if (map_get(dirs, path, len))
		return 0;
	w->dirs[w->n_dirs] = strndup(path, len);
	if (!w->dirs[w->n_dirs] || map_set(dirs, path, len, w, NULL) < 0) {
		free(w->dirs[w->n_dirs]);
		return -ENOMEM;
	}
	w->n_dirs++;
	return 0;
}

/*
 * What the command then overwrote without having read it is opened again today for
 * the same purpose; nothing of its content is missed.
 */
static bool is_watched(const struct manifest_file *f, bool recorded)
{
	return f->type == MANIFEST_REG && f->size > 0 && f->path[0] == '/' &&
	       (f->content == MANIFEST_PLACEHOLDER || f->content == MANIFEST_TOO_BIG) &&
	       !(recorded && f->use & (USE_REPLACE | USE_REMOVE));
}

static int add_names(struct watch *w, struct map *dirs, const struct manifest *m, bool recorded)
{
	int r = 0;

	for (size_t i = 0; i < m->n_files && r == 0; i++)
		if (is_watched(&m->files[i], recorded))
			r = add_name(w, dirs, m->files[i].path);
	return r;
}

int watch_new(struct watch **ret, const struct manifest *m, bool recorded, struct err *e)
{
	struct watch *w;
	struct map *dirs;
	size_t n = 0;
	int r = -ENOMEM;

	for (size_t i = 0; i < m->n_files; i++)
		n += is_watched(&m->files[i], recorded);
	if (!n) {
		*ret = NULL;
		return 0;
	}
	w = calloc(1, sizeof(*w));
	dirs = map_new();
	if (w && dirs) {
		w->names = calloc(n, sizeof(*w->names));
		w->dirs = calloc(n, sizeof(*w->dirs));
		w->by_path = map_new();
		if (w->names && w->dirs && w->by_path)
			r = add_names(w, dirs, m, recorded);
	}
	map_free(dirs);
	if (r < 0) {
		watch_free(w);
		return err_set(e, r, "watch %zu files", n);
	}
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		free(w->names[i]->path);
		free(w->names[i]);
	}
	for (size_t i = 0; i < w->n_dirs; i++)
		free(w->dirs[i]);
	free(w->names);
	free(w->dirs);
	free(w->numbers);
	map_free(w->by_path);
	free(w);
}

size_t watch_dirs(const struct watch *w)
{
	return w->n_dirs;
}

static int add_watch(int fd, const char *root, const char *dir)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_addf(&path, "%s%s", root, dir);
	if (buf_error(&path) < 0) {
		errno = ENOMEM;
		return -1;
	}
	return inotify_add_watch(fd, path.data, IN_OPEN | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM |
				 IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK);
}

static int start_at(const struct watch *w, const char *root, int *ret_numbers, struct err *e)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), failed = 0;
	size_t missing = 0;

	if (fd < 0)
		return err_set(e, -errno, "watch files without content");
	for (size_t i = 0; i < w->n_dirs; i++) {
		ret_numbers[i] = add_watch(fd, root, w->dirs[i]);
		if (ret_numbers[i] >= 0)
			continue;
		/* Not there or behind a bind: nothing can be opened. */
		if (errno != ENOENT && errno != ENOTDIR) {
			failed = errno;
			missing++;
		}
	}
	if (missing)
		log_warn("%zu directories cannot be watched for files without content: %s", missing,
			 strerror(failed));
	return fd;
}

int watch_start(const struct watch *w, int *ret_numbers, struct err *e)
{
	return start_at(w, "", ret_numbers, e);
}

int watch_begin(struct watch *w, const char *root, struct err *e)
{
	w->numbers = calloc(w->n_dirs, sizeof(*w->numbers));
	if (!w->numbers)
		return err_set(e, -ENOMEM, "watch files without content");
	for (size_t i = 0; i < w->n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_addf(&path, "%s%s", root, w->names[i]->path);
		if (buf_error(&path) < 0)
			return err_set(e, -ENOMEM, "watch files without content");
		if (lstat(path.data, &w->names[i]->st) < 0)
			w->names[i]->st.st_ino = 0;
	}
	return start_at(w, root, w->numbers, e);
}

int watch_numbers(struct watch *w, int file)
{
	size_t size = w->n_dirs * sizeof(*w->numbers);

	w->numbers = malloc(size);
	if (!w->numbers)
		return -ENOMEM;
	return io_pread_full(file, w->numbers, size, 0) == (ssize_t)size ? 0 : -EIO;
}

static const char *dir_of(const struct watch *w, int number)
{
	for (size_t i = 0; w->numbers && i < w->n_dirs; i++)
		if (w->numbers[i] == number)
			return w->dirs[i];
	return NULL;
}

static void note(struct watch *w, const struct inotify_event *event)
{
	const char *dir = dir_of(w, event->wd);
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct name *name;

	w->overflow |= !!(event->mask & IN_Q_OVERFLOW);
	if (!dir || !event->len || event->mask & IN_ISDIR)
		return;
	buf_addf(&path, "%s/%s", strcmp(dir, "/") ? dir : "", event->name);
	name = path.failed ? NULL : map_get(w->by_path, path.data, path.len);
	if (!name || name->state != WAITING)
		return;
	name->state = event->mask & IN_OPEN ? OPENED : GONE;
}

void watch_read(struct watch *w, int inotify)
{
	char block[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool was = w->overflow;
	ssize_t n;

	while ((n = read(inotify, block, sizeof(block))) > 0) {
		const struct inotify_event *event;

		for (char *at = block; at < block + n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			note(w, event);
		}
	}
	if (w->overflow && !was)
		log_warn("too many files were opened at once to tell all those without content");
}

size_t watch_count(const struct watch *w)
{
	return w->n;
}

const char *watch_path(const struct watch *w, size_t i)
{
	return w->names[i]->path;
}

void watch_opened(struct watch *w, size_t i)
{
	w->names[i]->state = OPENED;
}

const char *watch_next(const struct watch *w, size_t *cursor)
{
	while (*cursor < w->n) {
		const struct name *name = w->names[(*cursor)++];

		if (name->state == OPENED)
			return name->path;
	}
	return NULL;
}

bool watch_refuse(struct watch *w, const struct stat *st)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct stat *was = &w->names[i]->st;

		if (was->st_ino != st->st_ino || was->st_dev != st->st_dev || was->st_size != st->st_size ||
		    was->st_mtim.tv_sec != st->st_mtim.tv_sec || was->st_mtim.tv_nsec != st->st_mtim.tv_nsec)
			continue;
		w->names[i]->state = OPENED;
		return true;
	}
	return false;
}
