/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder; nobody else includes it. */
#ifndef EMUL_IDS_INTERNAL_H
#define EMUL_IDS_INTERNAL_H

#include "arch/abi.h"
#include "arch/stat.h"
#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/event/event.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "emul/ids/creds.h"
#include "emul/ids/ids.h"
#include "emul/ids/table.h"

/* What a call comes to for us. */
enum op {
	OP_NONE,
	OP_STAT, OP_CHOWN, OP_CHMOD, OP_OPEN, OP_MKDIR, OP_MKNOD, OP_SYMLINK, OP_BIND,
	OP_REMOVE, OP_RENAME, OP_SET_XATTR, OP_GET_XATTR, OP_LIST_XATTR, OP_REMOVE_XATTR,
};

/*
 * How far a call has come that we make others of: each of them is the program's own,
 * made again (ev->again), with another call put in its place.
 */
enum stage {
	STAGE_FIRST,		/* nothing yet */
	STAGE_ASKED,		/* facts of the file are known (or that there is none) */
	STAGE_MADE,		/* it was carried out; what did it make? */
};

struct asked {
	enum stage stage;
	bool waiting;		/* its return is ours, … */
	bool looks;		/* … which is a look-up's in its place */
	enum op op;
	uint64_t nr, args[6];	/* of the program's call */
	uint64_t at;		/* where in the patch's bytes the answer lies */
	struct stat_facts facts;
	bool absent;
	uint32_t wanted;	/* mode that the command is to see */
	uint32_t given;		/* mode that the disk gets */
	uint64_t rdev;
};

struct who {			/* a task */
	struct creds creds;
	struct asked asked;
	struct buf path;	/* of asked.facts, as ids.path */
};

struct ids {
	struct sink sink;	/* first */
	struct ids_spec spec;
	uint32_t our_uid, our_gid;	/* what we ourselves see of our files */
	uint64_t all_caps;
	struct table *table;
	struct map *whos;	/* tid → struct who */
	bool no_statx;
	bool dirty;		/* the table is newer than the file */
	int64_t next_save;	/* CLOCK_MONOTONIC, milliseconds */
	int lock;		/* of the file, −1 = none */
	struct buf path;	/* perhaps that of the last file asked for, from the root on; "" = none */
	struct err *e;		/* of the event at hand */
};

/* ids.c */
struct who *who_of(struct ids *ids, const struct task *t);
void answer(struct event *ev, int64_t value);
int no_memory(struct ids *ids);

/* who.c: true: answered, or none of ours. */
void who_call(struct ids *ids, struct who *w, struct event *ev);
void who_return(struct ids *ids, struct event *ev);
/* New auxv entries tell who the program is. */
void who_tell_image(const struct who *w, struct task *t, bool secure);

/* facts.c: what is known of a file, owners as the command sees our user's. 0 or −errno. */
int facts_of_fd(struct ids *ids, const struct task *t, int fd, struct stat_facts *ret);
int facts_of_program(struct ids *ids, struct task *t, struct stat_facts *ret);
/* The same of a link of procfs to something. */
int facts_of_link(struct ids *ids, const char *link, struct stat_facts *ret);
/* The call at hand becomes a look-up of its path @i; its return tells by facts_told(). */
void facts_ask(struct ids *ids, struct who *w, struct event *ev, int i, bool nofollow);
int facts_told(struct ids *ids, struct who *w, const struct event *ev, struct stat_facts *ret);
/* The path that was guessed when the facts of asked.facts were asked for is that of what follows. */
void facts_path(struct ids *ids, const struct who *w);
/* The entry of @f; a new one gets the path at which we believe it. NULL: no memory. */
struct ids_entry *facts_entry(struct ids *ids, const struct stat_facts *f);
void facts_show(struct ids *ids, struct stat_facts *f);	/* what was said of it, over that */
/* @bytes of a struct stat become what the command is to see. False: nothing changes. */
bool facts_show_bytes(struct ids *ids, const struct stat_layout *l, void *bytes);

/* change.c, make.c, xattr.c. 0, or −errno: the sink cannot go on. */
int change_call(struct ids *ids, struct who *w, struct event *ev, enum op op);
int change_return(struct ids *ids, struct who *w, struct event *ev);
int make_call(struct ids *ids, struct who *w, struct event *ev, enum op op);
int make_return(struct ids *ids, struct who *w, struct event *ev);
int xattr_call(struct ids *ids, struct who *w, struct event *ev, enum op op);
int xattr_return(struct ids *ids, struct who *w, struct event *ev);

/* What the command is to see of a file's mode, and what the disk has. 0 or -ENOMEM. */
int remember_mode(struct ids *ids, const struct stat_facts *f, uint32_t wanted, uint32_t given);
int remember_owner(struct ids *ids, const struct stat_facts *f, uint32_t uid, uint32_t gid);

/* unlock.c: root may, our user may not: our files are opened up for it. 0 or -ENOMEM. */
int unlock_call(struct ids *ids, const struct event *ev);

/* save.c */
int save_load(struct ids *ids, struct err *e);
int save_store(struct ids *ids, bool find_paths, struct err *e);
int save_give_modes(struct ids *ids, struct err *e);

#endif
