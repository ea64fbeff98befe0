// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the kernel tells paths, it tells the host's: getcwd(2), and the links of procfs
 * (cwd, root, exe, fd/N). The command must read them as it spells them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/translate/internal.h"

#define GETCWD_MOST 4096	/* PATH_MAX: getcwd(2) of the kernel gives up there */

/* As getcwd(2) and d_path() say it of what cannot be reached. @host is the working directory of @whose, or NULL. */
static void spell(struct translate *tr, const struct task *t, const char *host, const struct task *whose,
		  struct buf *ret)
{
	_cleanup_buf_ struct buf guest = BUF_INIT;
	const char *root = guest_root(t), *rest;
	size_t len = strcmp(root, "/") ? strlen(root) : 0;

	if (!(whose ? cwd_guest(tr, whose, host, &guest) : space_guest(tr->space, host, &guest))) {
		buf_addf(ret, "(unreachable)%s", space_is_outside(tr->space, buf_str(&guest), &rest) ? rest : host);
		return;
	}
	if (strncmp(guest.data, root, len) || (guest.data[len] && guest.data[len] != '/' && len))
		buf_addf(ret, "(unreachable)%s", guest.data);
	else
		buf_adds(ret, guest.data[len] ? guest.data + len : "/");
}

int tell_cwd(struct translate *tr, struct event *ev)
{
	_cleanup_buf_ struct buf guest = BUF_INIT;
	const uint64_t *args = ev->call->vals;
	const char *host;
	size_t len;

	if (space_is_identity(tr->space) && !ev->task->fs->guest_root)
		return 0;
	if (task_cwd(ev->task, &host, NULL) < 0)
		return 0;
	spell(tr, ev->task, host, ev->task, &guest);
	if (buf_error(&guest) < 0)
		return err_set(tr->e, -ENOMEM, "tell a directory");
	len = guest.len;
	if (len > sizeof(" (deleted)") && !strcmp(guest.data + len - 10, " (deleted)"))
		call_answer(ev, -ENOENT);
	else if (len + 1 > GETCWD_MOST)
		call_answer(ev, -ENAMETOOLONG);
	else if (args[1] < len + 1)
		call_answer(ev, -ERANGE);
	else if (task_write(ev->task, args[0], guest.data, len + 1) != (ssize_t)len + 1)
		call_answer(ev, -EFAULT);
	else
		call_answer(ev, (int64_t)len + 1);
	return 0;
}

/* The process of /proc/PID/… (or /proc/PID/task/TID/…), and what follows. 0: it is none. */
static pid_t process_of(const char *path, const char **ret_rest)
{
	const char *at = strstr(path, "/proc/");
	char *end;
	long pid;

	/* The procfs may be mounted anywhere; its numbers are ours. */
	at = at ? at + sizeof("/proc") : path;
	while (*at && (*at < '0' || *at > '9'))
		at += strcspn(at, "/") + (at[strcspn(at, "/")] == '/');
	pid = strtol(at, &end, 10);
	if (end == at || *end != '/')
		return 0;
	if (!strncmp(end, "/task/", 6)) {
		pid = strtol(end + 6, &end, 10);
		if (*end != '/')
			return 0;
	}
	*ret_rest = end + 1;
	return (pid_t)pid;
}

/* A link of procfs as a task of ours must read it. 1: *ret is set, 0: as the kernel says. */
static int magic(struct translate *tr, const struct task *reader, const char *path, struct buf *ret)
{
	const char *rest = "";
	pid_t pid = process_of(path, &rest);
	const struct task *t = pid ? task_find(tr->spec.tasks, pid) : NULL;
	struct state *s = t ? state_of(tr, t) : NULL;
	_cleanup_buf_ struct buf target = BUF_INIT;

	if (s && !strcmp(rest, "exe") && s->program && s->program->guest) {
		buf_adds(ret, s->program->guest);
		return 1;
	}
	if (s && !strcmp(rest, "root")) {
		buf_adds(ret, guest_root(t));
		return 1;
	}
	if (fsview_host()->link(fsview_host(), path, &target) < 0 || buf_str(&target)[0] != '/')
		return 0;
	t = t && !strcmp(rest, "cwd") ? t : NULL;
	if (reader)
		spell(tr, reader, target.data, t, ret);
	else if (t)
		cwd_guest(tr, t, target.data, ret);
	else
		space_guest(tr->space, target.data, ret);
	return 1;
}

int tell_magic(void *ctx, const char *path, struct buf *ret)
{
	struct translate *tr = ctx;
	int r = magic(tr, NULL, path, ret);

	return r ? buf_error(ret) : fsview_host()->link(fsview_host(), path, ret);
}

int tell_link(struct translate *tr, struct event *ev, struct spot *s)
{
	const struct call *c = ev->call;
	bool at = c->row == syscall_row(SYSCALL_readlinkat);
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t len, size;

	if ((!at && c->row != syscall_row(SYSCALL_readlink)) || !s->proc || s->error ||
	    !path_is_magic(s->host.data) || !magic(tr, ev->task, s->host.data, &text))
		return 0;
	if (buf_error(&text) < 0)
		return err_set(tr->e, -ENOMEM, "tell a link");
	size = (uint32_t)c->vals[at ? 3 : 2];
	len = MIN(text.len, size);
	if ((int)size <= 0)
		call_answer(ev, -EINVAL);
	else if (task_write(ev->task, c->vals[at ? 2 : 1], text.data, len) != (ssize_t)len)
		call_answer(ev, -EFAULT);
	else
		call_answer(ev, (int64_t)len);
	return 1;
}
