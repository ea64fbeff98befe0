// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories as programs list them: such a link is what it stands for; hidden names are not there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/mem.h"
#include "emul/links/internal.h"

#define HIDDEN ".proot"
#define LIST_MAX (1 << 24)

/* struct linux_dirent64 and linux_dirent: inode, offset, length; the type is before or behind the name. */
struct entry {
	char *at;
	uint16_t len;
	char *name;
	char *type;
	unsigned ino;		/* bytes of the inode number */
};

static bool take_entry(const struct call *c, char *at, size_t left, struct entry *ret)
{
	bool wide = c->row == syscall_row(SYSCALL_getdents64);
	unsigned word = wide ? 8 : c->abi->reg64 ? 8 : 4;
	size_t head = 2 * word + 2 + (wide ? 1 : 0);

	if (left < head + 1)
		return false;
	memcpy(&ret->len, at + 2 * word, sizeof(ret->len));
	if (ret->len <= head || ret->len > left)
		return false;
	ret->at = at;
	ret->name = at + head;
	ret->type = wide ? at + head - 1 : at + ret->len - 1;
	ret->ino = word;
	return memchr(ret->name, '\0', ret->len - head) != NULL;
}

static void correct(const char *dir, struct entry *d)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_form_ struct form f = FORM_INIT;
	struct stat st;
	uint64_t ino;

	buf_addf(&path, "%s/%s", dir, d->name);
	if (buf_error(&path) || form_read(buf_str(&path), &f) != 1 || lstat(buf_str(&f.final), &st) < 0)
		return;
	*d->type = (char)IFTODT(st.st_mode);
	ino = st.st_ino;
	memcpy(d->at, &ino, d->ino);
}

static size_t filter(const struct links *l, const struct event *ev, char *data, size_t len)
{
	size_t kept = 0, at = 0;
	struct entry d;
	char dir[64];

	snprintf(dir, sizeof(dir), "/proc/%d/fd/%d", (int)ev->task->tid, ev->call->fd);
	while (take_entry(ev->call, data + at, len - at, &d)) {
		at += d.len;
		if (l->options.hide && !strncmp(d.name, HIDDEN, strlen(HIDDEN)))
			continue;
		/* Who removes what it finds would remove the file of names elsewhere. */
		if (l->options.links && links_is_target(d.name))
			continue;
		if (l->options.links && *d.type == DT_LNK)
			correct(dir, &d);
		memmove(data + kept, d.at, d.len);
		kept += d.len;
	}
	return kept;
}

void links_listed(struct links *l, struct event *ev)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct call *c = ev->call;
	size_t len, kept;
	char *data;

	if (ev->result <= 0 || ev->result > LIST_MAX || c->row == syscall_row(SYSCALL_readdir))
		return;
	len = (size_t)ev->result;
	data = buf_reserve(&b, len);
	if (!data || task_read(ev->task, c->vals[1], data, len) != (ssize_t)len)
		return;
	kept = filter(l, ev, data, len);
	if (!kept) {
		ev->again = true;	/* nothing would mean the end */
		return;
	}
	if (task_write(ev->task, c->vals[1], data, kept) != (ssize_t)kept)
		return;
	ev->answered = true;
	ev->answer = (int64_t)kept;
}
