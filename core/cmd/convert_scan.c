// SPDX-License-Identifier: GPL-2.0-or-later
/* A tree as manifest records: for archives that have none, which CARE 2.x wrote. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/map.h"
#include "core/cmd/convert.h"
#include "core/manifest/manifest.h"

struct scan {
	struct manifest *m;
	struct map *links;	/* (dev, ino) → the first path of it, owned by the record */
	struct err *e;
};

static int type_of(mode_t mode, enum manifest_type *ret)
{
	static const struct { mode_t mode; enum manifest_type type; } types[] = {
		{ S_IFREG, MANIFEST_REG }, { S_IFDIR, MANIFEST_DIR }, { S_IFLNK, MANIFEST_LNK },
		{ S_IFCHR, MANIFEST_CHR }, { S_IFBLK, MANIFEST_BLK }, { S_IFIFO, MANIFEST_FIFO },
		{ S_IFSOCK, MANIFEST_SOCK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].mode == (mode & S_IFMT)) {
			*ret = types[i].type;
			return 0;
		}
	return -EINVAL;
}

static struct manifest_file *new_file(struct manifest *m)
{
	struct manifest_file *files = m->files;

	/* Full at every power of two. */
	if (!(m->n_files & (m->n_files - 1))) {
		files = reallocarray(files, m->n_files ? m->n_files * 2 : 1, sizeof(*files));
		if (!files)
			return NULL;
		m->files = files;
	}
	files[m->n_files] = (struct manifest_file){ 0 };
	return &files[m->n_files];
}

/* Another name of a file that we have: that one's path; else remember it. */
static int set_hard_link(struct scan *s, struct manifest_file *f)
{
	const uint64_t key[] = { f->dev, f->ino };
	const char *first = map_get(s->links, key, sizeof(key));

	if (f->type != MANIFEST_REG || f->nlink < 2)
		return 0;
	if (!first)
		return map_set(s->links, key, sizeof(key), f->path, NULL);
	f->link = strdup(first);
	f->content = MANIFEST_HARDLINK;
	return f->link ? 0 : -ENOMEM;
}

static int add(struct scan *s, int dir, const char *name, const char *path, const struct stat *st)
{
	struct manifest_file *f = new_file(s->m);
	char target[4096];
	ssize_t n;

	if (!f)
		return -ENOMEM;
	if (type_of(st->st_mode, &f->type) < 0)
		return 0;
	*f = (struct manifest_file){
		.path = strdup(path), .type = f->type, .mode = st->st_mode & 07777,
		.uid = st->st_uid, .gid = st->st_gid, .blocks = st->st_blocks,
		.size = f->type == MANIFEST_REG ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtim, .atime = st->st_atim, .rdev = st->st_rdev, .dev = st->st_dev,
		.ino = st->st_ino, .nlink = st->st_nlink, .use = USE_META, .process = 1,
		.content = f->type == MANIFEST_REG ? MANIFEST_WHOLE : MANIFEST_NONE,
	};
	if (!f->path)
		return -ENOMEM;
	s->m->n_files++;
	if (f->type == MANIFEST_LNK) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		f->link = strdup(target);
		return f->link ? 0 : -ENOMEM;
	}
	return set_hard_link(s, f);
}

static int scan_dir(struct scan *s, int fd, struct buf *path);

static int scan_entry(struct scan *s, int dir, const char *name, struct buf *path)
{
	size_t before = path->len;
	struct stat st;
	int fd, r;

	buf_addf(path, "/%s", name);
	if (buf_error(path))
		return err_set(s->e, -ENOMEM, "look through the archive");
	r = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno :
							     add(s, dir, name, path->data, &st);
	if (r < 0)
		return err_set(s->e, r, "look at %s", path->data);
	if (S_ISDIR(st.st_mode)) {
		/* Ours alone, and its recorded mode is noted. */
		if ((st.st_mode & 0700) != 0700)
			(void)fchmodat(dir, name, 0700, 0);
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? err_set(s->e, -errno, "open %s", path->data) : scan_dir(s, fd, path);
	}
	buf_truncate(path, before);
	return r;
}

/* Takes @fd. */
static int scan_dir(struct scan *s, int fd, struct buf *path)
{
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		close(fd);
		return err_set(s->e, -errno, "read %s", buf_str(path));
	}
	for (errno = 0; r == 0 && (entry = readdir(d)); errno = 0)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = scan_entry(s, fd, entry->d_name, path);
	if (r == 0 && errno)
		r = err_set(s->e, -errno, "read %s", buf_str(path));
	return r;
}

int convert_scan(struct manifest *m, int root, struct err *e)
{
	struct scan s = { .m = m, .links = map_new(), .e = e };
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st;
	int fd, r;

	if (!s.links)
		return err_set(e, -ENOMEM, "look through the archive");
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || fstat(fd, &st) < 0 ? err_set(e, -errno, "look through the archive") :
					   add(&s, fd, ".", "/", &st);
	if (r == 0)
		r = scan_dir(&s, fd, &path);
	else if (fd >= 0)
		close(fd);
	map_free(s.links);
	return r;
}
