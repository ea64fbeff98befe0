// SPDX-License-Identifier: GPL-2.0-or-later
/* mountinfo (proc(5), since Linux 2.6.26): "id parent major:minor root point options …". */
#include "core/record/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/io.h"

#define MOUNTS_MAX (16 << 20)

/* A field with its \040 and the like made bytes again, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static int parse_line(char *line, struct mount_entry *ret)
{
	char *field, *save, *overlay;
	int n = 0;

	*ret = (struct mount_entry){ 0 };
	overlay = strstr(line, " - overlay ");
	for (field = strtok_r(line, " ", &save); field && n < 5; field = strtok_r(NULL, " ", &save), n++) {
		if (n == 0)
			ret->id = atoi(field);
		else if (n == 2 && sscanf(field, "%u:%u", &ret->major, &ret->minor) != 2)
			return -EINVAL;
		else if (n == 3 || n == 4) {
			unescape(field);
			*(n == 3 ? &ret->root : &ret->point) = strdup(field);
		}
	}
	if (overlay && n == 5 && (overlay = strchr(overlay + strlen(" - overlay "), ' '))) {
		unescape(overlay);
		ret->layers = strdup(overlay + 1);
		if (!ret->layers)
			return -ENOMEM;
	}
	return n < 5 ? -EINVAL : ret->root && ret->point ? 0 : -ENOMEM;
}

static int add_line(struct mounts *m, char *line)
{
	struct mount_entry e, *more;
	int r = parse_line(line, &e);

	more = r < 0 ? NULL : realloc(m->v, (m->n + 1) * sizeof(*more));
	if (!more) {
		free(e.root);
		free(e.point);
		free(e.layers);
		return r < 0 ? r : -ENOMEM;
	}
	m->v = more;
	m->v[m->n++] = e;
	return 0;
}

int mounts_read(struct mounts *ret, pid_t tid)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct mounts m = { 0 };
	char path[64], *line, *save;
	int r;

	snprintf(path, sizeof(path), tid ? "/proc/%d/mountinfo" : "/proc/self/mountinfo", (int)tid);
	r = io_read_file(AT_FDCWD, path, MOUNTS_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (line = text.len ? strtok_r(text.data, "\n", &save) : NULL; line && r >= 0;
	     line = strtok_r(NULL, "\n", &save))
		r = add_line(&m, line);
	if (r < 0) {
		mounts_clear(&m);
		return r;
	}
	*ret = m;
	return 0;
}

void mounts_clear(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].root);
		free(m->v[i].point);
		free(m->v[i].layers);
	}
	free(m->v);
	*m = (struct mounts){ 0 };
}

static bool same_fs(const struct mount_entry *a, const struct mount_entry *b)
{
	return a->major == b->major && a->minor == b->minor;
}

bool mounts_has(const struct mounts *old, const struct mount_entry *e)
{
	/* A copied namespace has the same mounts under other numbers. */
	for (size_t i = 0; i < old->n; i++)
		if (same_fs(&old->v[i], e) && !strcmp(old->v[i].root, e->root) &&
		    !strcmp(old->v[i].point, e->point))
			return true;
	return false;
}

/* Length of @dir if @path is it or lies below it, else −1. */
static ssize_t below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (!strcmp(dir, "/"))
		return 0;
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/') ? (ssize_t)len : -1;
}

/* Up to @end, a colon or a comma of an option's value; "\\:" is a colon of a name. */
static const char *one_layer(const char *at, struct buf *ret)
{
	buf_reset(ret);
	for (; *at && *at != ':' && *at != ','; at++) {
		if (*at == '\\' && at[1])
			at++;
		buf_addc(ret, *at);
	}
	return at;
}

int mounts_each_layer(const struct mount_entry *e, int (*fn)(void *ctx, const char *path), void *ctx)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *at = e->layers;
	int r = 0;

	while (at && *at && r >= 0) {
		size_t key = strcspn(at, "=,");
		bool is = (key >= 8 && !strncmp(at, "lowerdir", 8)) || (key >= 7 && !strncmp(at, "datadir", 7)) ||
			  (key == 8 && !strncmp(at, "upperdir", 8)) || (key == 7 && !strncmp(at, "workdir", 7));

		at += key;
		while (*at && *at != ',' && r >= 0) {
			at = one_layer(at + 1, &path);
			if (is && path.len)
				r = buf_error(&path) ?: fn(ctx, path.data);
		}
		at += *at == ',';
	}
	return r;
}

bool mounts_source(const struct mounts *old, const struct mount_entry *e, struct buf *ret_path)
{
	const struct mount_entry *best = NULL;
	ssize_t best_len = -1;

	for (size_t i = 0; i < old->n; i++) {
		ssize_t len = same_fs(&old->v[i], e) ? below(e->root, old->v[i].root) : -1;

		if (len > best_len) {
			best = &old->v[i];
			best_len = len;
		}
	}
	if (!best)
		return false;
	buf_reset(ret_path);
	if (strcmp(best->point, "/"))
		buf_adds(ret_path, best->point);
	if (strcmp(e->root + best_len, "/"))
		buf_adds(ret_path, e->root + best_len);
	if (!ret_path->len)
		buf_addc(ret_path, '/');
	return !buf_error(ret_path);
}
