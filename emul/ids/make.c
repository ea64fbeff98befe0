// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes into being: device nodes are made as empty files, modes that would keep our
 * user out are given to the disk with what he needs, and what somebody else than the
 * command's first user makes is his.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "emul/ids/internal.h"

/* What is made belongs to somebody whom the disk does not tell. */
static bool is_other(const struct ids *ids, const struct who *w)
{
	return w->creds.uid.fs != ids->spec.uid || w->creds.gid.fs != ids->spec.gid;
}

/* It exists now. @f: as the disk has it. */
static int remember_made(struct ids *ids, struct who *w, const struct stat_facts *f)
{
	struct asked *a = &w->asked;
	struct ids_entry *e;
	int r = remember_owner(ids, f, w->creds.uid.fs, w->creds.gid.fs);

	/* Of the bits that we gave the umask left some; those that nobody asked for are ours. */
	if (r == 0 && a->wanted != a->given)
		r = remember_mode(ids, f, f->mode & (a->wanted | ~a->given), f->mode);
	if (r < 0 || a->op != OP_MKNOD || !S_ISREG(f->mode) || S_ISREG(a->wanted) || !(a->wanted & S_IFMT))
		return r;
	e = facts_entry(ids, f);
	if (!e)
		return no_memory(ids);
	e->has |= IDS_TYPE;
	e->mode = (e->mode & 07777) | (a->wanted & S_IFMT);
	e->rdev = a->rdev;
	return 0;
}

/* --- by name: mkdir, mknod, symlink, bind ------------------------------------------------------- */

static bool is_device(uint32_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

/* Kernel's encoding of a device in 32 bits is libc's of what fits there. */
static int name_call(struct ids *ids, struct who *w, struct event *ev, enum op op)
{
	const struct call *c = ev->call;
	struct asked *a = &w->asked;
	int at = syscall_arg(c->row, ARG_MODE), last = c->n_paths - 1;
	uint32_t mode = at >= 0 ? (uint32_t)c->vals[at] : 0;

	if (last < 0)
		return 0;
	if (a->stage == STAGE_MADE) {
		facts_ask(ids, w, ev, last, true);
		return 0;
	}
	if (op == OP_MKNOD && is_device(mode) && !creds_can(&w->creds, CREDS_MKNOD)) {
		answer(ev, -EPERM);
		return 0;
	}
	a->wanted = a->given = mode;
	if (op == OP_MKDIR)
		a->given |= 0700;
	else if (op == OP_MKNOD)
		a->given |= 0600;
	if (op == OP_MKNOD && is_device(mode)) {
		a->given = (a->given & 07777) | S_IFREG;
		a->rdev = (uint32_t)c->vals[at + 1];
		patch_arg(ev->patch, c, at + 1, 0, false);
	}
	if (a->given != a->wanted)
		patch_arg(ev->patch, c, at, a->given, false);
	if (a->given != a->wanted || is_other(ids, w))
		a->waiting = ev->want_return = true;
	return 0;
}

static int name_return(struct ids *ids, struct who *w, struct event *ev)
{
	struct stat_facts f;

	if (w->asked.looks) {
		if (facts_told(ids, w, ev, &f) < 0)	/* somebody took it away again */
			return 0;
		return remember_made(ids, w, &f);
	}
	if (ev->result < 0)
		return 0;
	w->asked.stage = STAGE_MADE;
	ev->again = true;
	return 0;
}

/* --- by open(2) --------------------------------------------------------------------------------- */

/* Patches the mode; openat2(2) has it in memory, and gives what it says. */
static void open_mode(struct who *w, struct event *ev)
{
	struct asked *a = &w->asked;
	int at = syscall_arg(ev->call->row, ARG_MODE);

	a->wanted = a->given = at >= 0 ? (uint32_t)ev->call->vals[at] & 07777 : 0;
	if (at < 0)
		return;
	a->given |= 0600;
	if (a->given != a->wanted)
		patch_arg(ev->patch, ev->call, at, a->given, false);
}

static int open_call(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *c = ev->call;
	struct asked *a = &w->asked;
	bool anonymous = (c->oflags & O_TMPFILE) == O_TMPFILE;
	int at = syscall_arg(c->row, ARG_MODE);
	bool locked_out = at >= 0 && (c->vals[at] & 0600) != 0600;

	if (!(c->oflags & O_CREAT) && !anonymous)
		return 0;
	if (!c->n_paths || (!locked_out && !is_other(ids, w)))
		return 0;
	/* Does it make the file, or is it there? */
	if (a->stage == STAGE_FIRST && !anonymous && !(c->oflags & O_EXCL)) {
		facts_ask(ids, w, ev, 0, c->paths[0].walk & WALK_NOFOLLOW);
		return 0;
	}
	if (a->stage == STAGE_ASKED && !a->absent)
		return 0;
	open_mode(w, ev);
	a->waiting = ev->want_return = true;
	return 0;
}

static int open_return(struct ids *ids, struct who *w, struct event *ev)
{
	struct stat_facts f;

	if (w->asked.looks) {
		w->asked.absent = facts_told(ids, w, ev, &f) == -ENOENT;
		w->asked.stage = STAGE_ASKED;
		ev->again = true;
		return 0;
	}
	if (ev->result < 0 || facts_of_fd(ids, ev->task, (int)ev->result, &f) < 0)
		return 0;
	return remember_made(ids, w, &f);
}

int make_call(struct ids *ids, struct who *w, struct event *ev, enum op op)
{
	return op == OP_OPEN ? open_call(ids, w, ev) : name_call(ids, w, ev, op);
}

int make_return(struct ids *ids, struct who *w, struct event *ev)
{
	if (w->asked.op == OP_OPEN)
		return open_return(ids, w, ev);
	if (w->asked.looks) {
		int r = name_return(ids, w, ev);

		/* The look-up's own result: nothing that the program asked for. */
		answer(ev, 0);
		return r;
	}
	return name_return(ids, w, ev);
}
