// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of procfs that name paths (maps, mounts …): opened for reading they are a copy with
 * the paths as the command spells them, made at that moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/translate/internal.h"

#define FILE_MOST (64 << 20)	/* maps of a process with a million mappings */

/* --- maps, smaps ------------------------------------------------------------------------------ */

/* "address perms offset dev inode      path": the path, NULL for a line without one. */
static char *path_in(char *line)
{
	char *at = line;

	for (int field = 0; field < 5; field++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return *at == '/' ? at : NULL;
}

static void spell_maps(struct translate *tr, char *text, struct buf *to)
{
	char *line, *path;

	while ((line = strsep(&text, "\n"))) {
		path = path_in(line);
		if (path) {
			buf_add(to, line, path - line);
			space_guest(tr->space, path, to);
		} else {
			buf_adds(to, line);
		}
		if (text)
			buf_addc(to, '\n');
	}
}

/* --- mounts ------------------------------------------------------------------------------------ */

struct mount_line {
	char *dev, *root, *point, *options, *type, *source, *super;
};

/* Of mountinfo (proc(5)): fields are separated by one space, optional ones end with "-". */
static bool parse_mount(char *line, struct mount_line *ret)
{
	char *tail = strstr(line, " - ");

	if (!tail)
		return false;
	*tail = '\0';
	tail += 3;
	strsep(&line, " ");
	strsep(&line, " ");
	ret->dev = strsep(&line, " ");
	ret->root = strsep(&line, " ");
	ret->point = strsep(&line, " ");
	ret->options = strsep(&line, " ");
	ret->type = strsep(&tail, " ");
	ret->source = strsep(&tail, " ");
	ret->super = strsep(&tail, " ");
	return ret->point && ret->options && ret->super;
}

static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] && at[3]) {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

static void add_escaped(struct buf *to, const char *text)
{
	for (; *text; text++)
		if (strchr(" \t\n\\", *text))
			buf_addf(to, "\\%03o", (unsigned char)*text);
		else
			buf_addc(to, *text);
}

struct listing {
	struct buf *to;
	bool info;		/* mountinfo; else mounts */
	unsigned next;		/* number of the next mount */
};

static void add_mount(struct listing *l, const struct mount_line *m, const char *below, const char *point)
{
	if (l->info) {
		buf_addf(l->to, "%u %u %s ", l->next, l->next > 100 ? 100u : 1u, m->dev);
		buf_adds(l->to, strcmp(m->root, "/") || !*below ? m->root : "");
		add_escaped(l->to, below);
		buf_addc(l->to, ' ');
		add_escaped(l->to, point);
		buf_addf(l->to, " %s - %s %s %s\n", m->options, m->type, m->source, m->super);
		l->next++;
		return;
	}
	buf_addf(l->to, "%s ", m->source);
	add_escaped(l->to, point);
	buf_addf(l->to, " %s %s 0 0\n", m->type, m->options);
}

/* @path is @top or below it: what follows, else NULL. */
static const char *below(const char *path, const char *top)
{
	size_t len = strcmp(top, "/") ? strlen(top) : 0;

	return strncmp(path, top, len) || (path[len] && path[len] != '/') ? NULL : path + len;
}

struct mounts {
	struct mount_line *v;
	size_t n;
};

static int read_mounts(char *text, struct mounts *ret)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct mount_line m, *more;

		if (!parse_mount(line, &m))
			continue;
		more = realloc(ret->v, (ret->n + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		unescape(m.point);
		ret->v = more;
		ret->v[ret->n++] = m;
	}
	return 0;
}

/* The mount that @host lies on: the last of the deepest ones, which hides the others. */
static const struct mount_line *mount_of(const struct mounts *all, const char *host)
{
	const struct mount_line *best = NULL;

	for (size_t i = 0; i < all->n; i++)
		if (below(host, all->v[i].point) && (!best || strlen(all->v[i].point) >= strlen(best->point)))
			best = &all->v[i];
	return best;
}

/* Each place is a mount, and what is mounted below one and can be seen. */
static void list_mounts(struct translate *tr, const struct mounts *all, struct listing *l)
{
	const struct space_place *place;

	for (size_t i = 0; (place = space_next(tr->space, i)); i++) {
		const struct mount_line *m = mount_of(all, place->host);

		if (place->hidden)
			continue;
		if (m)
			add_mount(l, m, below(place->host, m->point), place->guest);
		for (size_t j = 0; j < all->n; j++) {
			_cleanup_buf_ struct buf guest = BUF_INIT;
			const char *rest = below(all->v[j].point, place->host);

			if (!rest || !*rest || !space_guest(tr->space, all->v[j].point, &guest) ||
			    space_at(tr->space, guest.data) != place)
				continue;
			add_mount(l, &all->v[j], "", guest.data);
		}
	}
}

static int spell_mounts(struct translate *tr, char *text, bool info, struct buf *to)
{
	struct listing l = { .to = to, .info = info, .next = 100 };
	struct mounts all = { 0 };
	int r = read_mounts(text, &all);

	if (r == 0)
		list_mounts(tr, &all, &l);
	free(all.v);
	return r;
}

/* --- opening ------------------------------------------------------------------------------------- */

enum kind { KIND_NONE, KIND_MAPS, KIND_MOUNTINFO, KIND_MOUNTS };

static enum kind kind_of(const char *path)
{
	static const struct { const char *name; enum kind kind; } kinds[] = {
		{ "/maps", KIND_MAPS }, { "/smaps", KIND_MAPS }, { "/numa_maps", KIND_NONE },
		{ "/mountinfo", KIND_MOUNTINFO }, { "/mounts", KIND_MOUNTS },
	};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(slash, kinds[i].name))
			return kinds[i].kind;
	return KIND_NONE;
}

static bool is_own(const struct task *t, const char *path)
{
	char own[64];

	return !strncmp(path, own, (size_t)snprintf(own, sizeof(own), "/proc/%d/", (int)t->tgid));
}

/* The copy's text. 0 or −errno: the kernel shall open the file itself. */
static int spell(struct translate *tr, const struct task *t, enum kind kind, const char *path, struct buf *to)
{
	_cleanup_buf_ struct buf text = BUF_INIT, name = BUF_INIT;
	int r;

	/* "mounts" says less of the same. */
	buf_add(&name, path, strlen(path) - (kind == KIND_MOUNTS));
	buf_adds(&name, kind == KIND_MOUNTS ? "info" : "");
	r = buf_error(&name);
	/* Its own it may read, even if it has become undumpable. */
	rights_vary(tr, is_own(t, path) ? RIGHTS_FILES : RIGHTS_ALL);
	if (r == 0)
		r = io_read_file(AT_FDCWD, name.data, FILE_MOST, &text, NULL);
	rights_vary(tr, RIGHTS_FILES);
	if (r < 0 || !text.len)
		return r < 0 ? r : -ENODATA;
	if (kind == KIND_MAPS)
		spell_maps(tr, text.data, to);
	else
		r = spell_mounts(tr, text.data, kind == KIND_MOUNTINFO, to);
	return r < 0 ? r : buf_error(to);
}

int procfs_open(struct translate *tr, struct event *ev, struct spot *s)
{
	_cleanup_buf_ struct buf text = BUF_INIT, path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	enum kind kind;
	int r = 0;

	if (!s->proc || s->error || space_is_identity(tr->space) || (ev->call->oflags & O_ACCMODE) != O_RDONLY)
		return 0;
	kind = kind_of(s->host.data);
	if (kind == KIND_NONE || spell(tr, ev->task, kind, s->host.data, &text) < 0)
		return 0;
	if (tr->acting)		/* as it is now, the file is the task's */
		r = state_hold_file(tr, ev, &fd, &path);
	else
		fd = memfd_create(kind == KIND_MAPS ? "maps" : "mounts", MFD_CLOEXEC);
	if (r == -ENOMEM)
		return err_set(tr->e, r, "tell mappings");
	if (fd < 0 || io_write_all(fd, text.data, text.len) < 0)
		return call_refuse(tr, ev, -ENOMEM, "a file of /proc that names paths");
	if (!tr->acting)
		r = state_hold(tr, ev, steal_fd(&fd), &path);
	if (r < 0)
		return r == -ENOMEM ? err_set(tr->e, r, "tell mappings") : 0;
	buf_reset(&s->host);
	buf_adds(&s->host, path.data);
	s->same = false;
	return buf_error(&s->host);
}
