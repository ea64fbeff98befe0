// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modes that keep our user out of what root may use: a file of mode 0400 to be written, a
 * directory of mode 0555 to make a name in. In a user namespace the kernel itself lets root
 * pass. Elsewhere our own files get the bits that are needed before the call is made, and
 * the command goes on to see the mode that it knows; what is somebody else's stays closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "emul/ids/internal.h"

/* 0, or -ENOMEM: what cannot be opened up is left to the kernel to refuse. */
static int open_up(struct ids *ids, const char *path, bool follow)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	struct stat_facts f, shown;
	uint32_t room, mode;
	struct stat st;
	char link[64];

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != ids->our_uid ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return 0;
	room = S_ISDIR(st.st_mode) ? 0700 : 0600;
	mode = st.st_mode & 07777;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((mode & room) == room || facts_of_link(ids, link, &f) < 0 || chmod(link, mode | room) < 0)
		return 0;
	shown = f;
	facts_show(ids, &shown);
	return remember_mode(ids, &f, shown.mode, mode | room);
}

/* The directory that the last name of @path is in. */
static char *parent_of(const char *path)
{
	const char *end = path + strlen(path);

	while (end > path + 1 && end[-1] == '/')
		end--;
	while (end > path && end[-1] != '/')
		end--;
	return end == path ? strdup(".") : strndup(path, (size_t)(end - path));
}

/* What is needed of what a path leads to: a set of access(2), 0 = nothing. */
static int needs(const struct call *c, const struct call_path *p)
{
	if (p->walk & WALK_PARENT)
		return 0;
	if (p->use & USE_ENTER)
		return X_OK;
	if (c->row->class == SYSCALL_OPEN && c->oflags & O_DIRECTORY && !(c->oflags & O_PATH))
		return (c->oflags & O_TMPFILE) == O_TMPFILE ? W_OK | X_OK : R_OK;
	return (p->use & USE_READ ? R_OK : 0) | (p->use & (USE_WRITE | USE_REPLACE) ? W_OK : 0);
}

static int one_path(struct ids *ids, const char *path, const struct call *c, const struct call_path *p)
{
	bool names = p->use & (USE_CREATE | USE_REMOVE);
	int way = needs(c, p);
	_cleanup_free_ char *parent = names ? parent_of(path) : NULL;
	int r = 0;

	if (names && !parent)
		return no_memory(ids);
	if (parent && access(parent, W_OK | X_OK) < 0 && errno == EACCES)
		r = open_up(ids, parent, true);
	if (r == 0 && way && access(path, way) < 0 && errno == EACCES)
		r = open_up(ids, path, !(p->walk & WALK_NOFOLLOW));
	return r;
}

int unlock_call(struct ids *ids, const struct event *ev)
{
	const struct call *c = ev->call;
	int r = 0;

	for (int i = 0; i < c->n_paths && r == 0; i++) {
		const struct call_path *p = &c->paths[i];
		const char *text = ev->rewrite[i] ? ev->rewrite[i] : buf_str(&p->text), *cwd;
		_cleanup_buf_ struct buf full = BUF_INIT;

		if (p->error || !*text || (*text != '/' && (p->dirfd != CALL_CWD ||
							    task_cwd(ev->task, &cwd, NULL) < 0)))
			continue;
		if (*text != '/')
			buf_addf(&full, "%s/", cwd);
		buf_adds(&full, text);
		r = buf_error(&full) ? no_memory(ids) : one_path(ids, buf_str(&full), c, p);
	}
	return r;
}
