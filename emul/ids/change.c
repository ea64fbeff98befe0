// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Owners, modes and the end of files. Owners are only remembered. Modes are the disk's
 * too, but for what would keep our user out of what root may always use, and for what is
 * not his to set.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "emul/ids/internal.h"

#define ROOM_OF_DIR 0700
#define ROOM_OF_FILE 0600

static uint32_t arg(const struct event *ev, int i)
{
	return (uint32_t)ev->call->vals[i];
}

/* The argument behind the path, its base, or the descriptor. */
static int after_name(const struct call *c)
{
	return c->row->args[0].kind == ARG_DIRFD ? 2 : 1;
}

/* --- chown ------------------------------------------------------------------------------------- */

static uint32_t owner_arg(const struct event *ev, int i)
{
	const struct call *c = ev->call;
	uint32_t id = arg(ev, i);
	bool narrow = c->abi->word == 4 && !c->abi->reg64 && !strstr(c->row->name, "32") &&
		      syscall_id(c->row) != SYSCALL_fchownat;

	if (!narrow)
		return id;
	return (uint16_t)id == 0xffff ? CREDS_KEEP : (uint16_t)id;
}

static bool may_chown(const struct creds *c, const struct stat_facts *shown, uint32_t uid, uint32_t gid)
{
	if (creds_can(c, CREDS_CHOWN))
		return true;
	return c->uid.fs == shown->uid && (uid == CREDS_KEEP || uid == shown->uid) &&
	       (gid == CREDS_KEEP || gid == shown->gid || creds_in_group(c, gid));
}

/* What a change of owner takes from a file: set-id bits, capabilities. */
static int drop_privilege(struct ids *ids, const struct stat_facts *f, const struct stat_facts *shown)
{
	uint32_t mode = shown->mode & 07777 & ~(uint32_t)S_ISUID;
	struct ids_entry *e = table_find(ids->table, f);

	if (S_ISDIR(shown->mode))
		return 0;
	if (e && table_remove_xattr(ids->table, e, "security.capability"))
		table_settle(ids->table, e);
	if (mode & S_IXGRP)
		mode &= ~(uint32_t)S_ISGID;
	return mode == (shown->mode & 07777) ? 0 : remember_mode(ids, f, mode, f->mode);
}

static int chown_file(struct ids *ids, struct who *w, const struct event *ev, const struct stat_facts *f,
		      int64_t *ret)
{
	int first = after_name(ev->call), r;
	uint32_t uid = owner_arg(ev, first), gid = owner_arg(ev, first + 1);
	struct stat_facts shown = *f;

	facts_show(ids, &shown);
	*ret = may_chown(&w->creds, &shown, uid, gid) ? 0 : -EPERM;
	if (*ret < 0)
		return 0;
	r = drop_privilege(ids, f, &shown);
	return r < 0 ? r : remember_owner(ids, f, uid, gid);
}

static int chown_call(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *c = ev->call;
	struct stat_facts f;
	int64_t result;
	int r;

	if (c->n_paths) {
		facts_ask(ids, w, ev, 0, c->paths[0].walk & WALK_NOFOLLOW);
		return 0;
	}
	if (c->fd == -1 || facts_of_fd(ids, ev->task, c->fd, &f) < 0)
		return 0;	/* the kernel says EBADF */
	r = chown_file(ids, w, ev, &f, &result);
	answer(ev, result);
	return r;
}

static int chown_return(struct ids *ids, struct who *w, struct event *ev)
{
	struct stat_facts f;
	int64_t result;
	int r = facts_told(ids, w, ev, &f);

	if (r < 0)
		return 0;
	r = chown_file(ids, w, ev, &f, &result);
	answer(ev, result);
	return r;
}

/* --- chmod ------------------------------------------------------------------------------------- */

/* What the disk gets of a @mode that the command is to see. */
static uint32_t mode_for_disk(const struct ids *ids, const struct stat_facts *f, uint32_t mode)
{
	const struct ids_entry *e = table_find(ids->table, f);

	if (S_ISDIR(f->mode))
		return mode | ROOM_OF_DIR;
	mode |= ROOM_OF_FILE;
	/* Set-id bits would be those of our user, where another one was meant. */
	if (e && e->has & (IDS_UID | IDS_TYPE))
		mode &= ~(uint32_t)S_ISUID;
	if (e && e->has & (IDS_GID | IDS_TYPE))
		mode &= ~(uint32_t)S_ISGID;
	return mode;
}

/* 0, or -EPERM: then nothing is to be done. */
static int chmod_plan(struct ids *ids, struct who *w, uint32_t mode)
{
	struct stat_facts shown = w->asked.facts;

	facts_show(ids, &shown);
	if (!creds_can(&w->creds, CREDS_FOWNER) && w->creds.uid.fs != shown.uid)
		return -EPERM;
	if (!creds_can(&w->creds, CREDS_FSETID) && !creds_in_group(&w->creds, shown.gid))
		mode &= ~(uint32_t)S_ISGID;
	w->asked.wanted = mode & 07777;
	w->asked.given = mode_for_disk(ids, &w->asked.facts, w->asked.wanted);
	return 0;
}

/* Carry it out, with what the disk gets. */
static void chmod_do(struct who *w, struct event *ev, uint32_t mode)
{
	if (w->asked.given != mode)
		patch_arg(ev->patch, ev->call, after_name(ev->call), w->asked.given, false);
	w->asked.waiting = ev->want_return = true;
}

static int chmod_call(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *c = ev->call;
	uint32_t mode = arg(ev, after_name(c)) & 07777;

	if (c->n_paths && w->asked.stage == STAGE_FIRST) {
		facts_ask(ids, w, ev, 0, c->paths[0].walk & WALK_NOFOLLOW);
		return 0;
	}
	if (!c->n_paths && (c->fd == -1 || facts_of_fd(ids, ev->task, c->fd, &w->asked.facts) < 0))
		return 0;
	if (chmod_plan(ids, w, mode) < 0)
		answer(ev, -EPERM);
	else
		chmod_do(w, ev, mode);
	return 0;
}

static int chmod_return(struct ids *ids, struct who *w, struct event *ev)
{
	struct asked *a = &w->asked;
	uint32_t given = a->given;

	if (a->looks) {
		if (facts_told(ids, w, ev, &a->facts) < 0)
			return 0;
		a->stage = STAGE_ASKED;
		ev->again = true;
		return 0;
	}
	if (ev->result == -EPERM) {	/* somebody else's file */
		given = a->facts.mode;
		answer(ev, 0);
	} else if (ev->result < 0) {
		return 0;
	} else if (given & S_ISGID && !S_ISDIR(a->facts.mode) && ids->our_uid) {
		given &= ~(uint32_t)S_ISGID;	/* the kernel drops it where the group is not ours */
	}
	if (ev->call->n_paths)
		facts_path(ids, w);
	return remember_mode(ids, &a->facts, a->wanted, given);
}

/* --- the end of a file ---------------------------------------------------------------------------- */

#define RENAME_NOREPLACE_ 1
#define RENAME_EXCHANGE_ 2

/* The path whose file may vanish, −1: none does. */
static int vanishing(const struct event *ev, enum op op)
{
	if (op == OP_REMOVE)
		return 0;
	if (syscall_id(ev->call->row) == SYSCALL_renameat2 &&
	    arg(ev, 4) & (RENAME_NOREPLACE_ | RENAME_EXCHANGE_))
		return -1;
	return 1;
}

static int remove_call(struct ids *ids, struct who *w, struct event *ev, enum op op)
{
	int i = vanishing(ev, op);

	if (!table_count(ids->table) || i < 0 || i >= ev->call->n_paths)
		return 0;
	if (w->asked.stage == STAGE_FIRST) {
		facts_ask(ids, w, ev, i, true);
		return 0;
	}
	/* What it was is remembered, and this is its last name. */
	if (!w->asked.absent && table_find(ids->table, &w->asked.facts) &&
	    (w->asked.facts.nlink <= 1 || S_ISDIR(w->asked.facts.mode)))
		w->asked.waiting = ev->want_return = true;
	return 0;
}

static int remove_return(struct ids *ids, struct who *w, struct event *ev)
{
	if (w->asked.looks) {
		w->asked.absent = facts_told(ids, w, ev, &w->asked.facts) < 0;
		w->asked.stage = STAGE_ASKED;
		ev->again = true;
	} else if (ev->result == 0) {
		table_forget(ids->table, w->asked.facts.dev, w->asked.facts.ino);
		ids->dirty = true;
	}
	return 0;
}

int change_call(struct ids *ids, struct who *w, struct event *ev, enum op op)
{
	switch (op) {
	case OP_CHOWN:
		return chown_call(ids, w, ev);
	case OP_CHMOD:
		return chmod_call(ids, w, ev);
	default:
		return remove_call(ids, w, ev, op);
	}
}

int change_return(struct ids *ids, struct who *w, struct event *ev)
{
	switch (w->asked.op) {
	case OP_CHOWN:
		return chown_return(ids, w, ev);
	case OP_CHMOD:
		return chmod_return(ids, w, ev);
	default:
		return remove_return(ids, w, ev);
	}
}
