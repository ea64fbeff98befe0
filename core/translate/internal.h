/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the translation; nobody else includes it. */
#ifndef CORE_TRANSLATE_INTERNAL_H
#define CORE_TRANSLATE_INTERNAL_H

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/event/event.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "core/translate/space.h"
#include "core/translate/translate.h"

/* Where a path of a call leads. */
struct spot {
	struct buf guest;	/* … as the command names it; good when !error and !proc */
	struct buf host;
	int error;		/* what the kernel says of the walk: 0, -ENOENT … */
	bool answer;		/* only we can say so: on the host the kernel would get elsewhere */
	bool same;		/* left alone, the kernel gets there too */
	bool proc;		/* below a procfs, where names mean another thing for each task */
	bool unplain;		/* symlinks were followed */
	bool readonly;		/* lies in what must not be changed */
	int fd;			/* O_PATH on it, −1: not opened */
};

struct translate {
	struct sink sink;	/* first */
	struct translate_spec spec;
	struct space *space;
	struct spot spots[CALL_PATHS];
	struct map *states;	/* tid → struct state */
	struct elf_cache *files;	/* programs, scripts, interpreters */
	struct map *told;	/* what was named already */
	struct map *sockets;	/* address that the kernel has → char *, as it was given */
	char *cwd;		/* that the command begins in; may be NULL */
	bool no_openat2;
	bool root;		/* we may look with others' rights */
	bool acting;		/* … and do so: these are ours */
	struct buf our_groups;
	struct buf our_rights;	/* as rights_are_ours() compares them; empty: not read yet */
	uint64_t their_caps;
	char proc_self[32];	/* "/proc/<care's pid>" */
	struct err *e;		/* of the event at hand */
};

/* What is known of a process's image. Counted: fork(2) passes it on. */
struct program {
	int refs;
	char *guest;		/* what /proc/PID/exe must say */
	char *host;		/* NULL: it has no name */
};

/* Of a task, while it is in a call whose return is awaited, and of its program. */
struct state {
	struct program *program;
	struct program *next;	/* of the execve(2) it is in; of its leader */
	struct loader *loader;
	int program_fd;		/* … and what that program is opened through, −1 = its name */
	bool other_ids;		/* it may not be who we are, or may less */
	bool ids_doubt;		/* … which has not been looked at since it may have changed */
	bool ids_asked;		/* it, or who made it, has made a call that changes them */
	int fds[2];		/* ours, that the call at hand goes through */
	int n_fds;
	char *file;		/* made for it, to be removed */
	char *cwd;		/* in the guest, if the chdir(2) at hand succeeds */
	bool many;		/* one message is sent in place of several */
	uint32_t room;		/* for the address that a call tells */
};

/* resolve.c */
int resolve_path(struct translate *tr, struct task *t, const struct call_path *p, bool open, struct spot *s);
void spot_reset(struct spot *s);
void spot_free(struct spot *s);
const char *guest_root(const struct task *t);
/* An absolute path of the guest, from its root. */
int resolve_guest(struct translate *tr, const char *guest, unsigned walk, struct spot *s);
/* The task's working directory (CALL_CWD) or descriptor as the command names it; appended. −errno. */
int guest_base(struct translate *tr, struct task *t, int dirfd, struct buf *ret_guest);

/* state.c */
struct state *state_of(struct translate *tr, const struct task *t);	/* NULL: no memory (tr->e) */
int state_start(struct translate *tr, const struct task *t);
void state_exit(struct translate *tr, const struct task *t);
void states_free(struct translate *tr);
void state_set_program(struct state *s, struct program *p);	/* another reference */
void state_set_next(struct state *s, struct program *p);	/* takes it over */
/* If @changed: whose rights it has is to be looked at, after this and each execve(2). */
void state_doubt_ids(struct state *s, bool changed);
/* Keep @fd open until the call returns; a path to it. 0 or -ENFILE. */
int state_hold(struct translate *tr, struct event *ev, int fd, struct buf *ret_path);
/* A new file of the task's that has a name until then: what is in our /proc/PID/fd is not for all. */
int state_hold_file(struct translate *tr, struct event *ev, int *ret_fd, struct buf *ret_path);
void state_release(struct translate *tr, const struct task *t);

/* rights.c */
bool rights_matter(const struct event *ev);	/* it may change whose rights the task has */
/* Outside of an event: is it in nothing less or other than we are? */
bool rights_are_ours(struct translate *tr, const struct task *t);
int rights_take(struct translate *tr, const struct task *t);	/* 0, or −errno: they are ours */
/* Meanwhile: */
enum rights {
	RIGHTS_FILES,	/* as it sees files */
	RIGHTS_ALL,	/* … and processes: its memory may be closed to us then */
	RIGHTS_OURS,	/* to read what it may only execute */
};
void rights_vary(struct translate *tr, enum rights rights);
void rights_return(struct translate *tr);

/* look.c: 1: answered. */
int look_answer(struct translate *tr, struct event *ev, struct spot *s);
bool look_wanted(struct translate *tr, const struct task *t, const struct call *c);

/* cwd.c: a directory that has several names in the guest is told by the one that it was entered by. */
int cwd_enter(struct translate *tr, struct event *ev, const struct spot *s);	/* chdir(2) … */
void cwd_entered(struct translate *tr, struct event *ev);			/* … and its return */
/* @host, where @t's working directory is now; appended. As space_guest(). */
bool cwd_guest(const struct translate *tr, const struct task *t, const char *host, struct buf *ret_guest);

/* tell.c: the kernel's words for paths. */
int tell_cwd(struct translate *tr, struct event *ev);
int tell_link(struct translate *tr, struct event *ev, struct spot *s);	/* 1: answered */
int tell_magic(void *tr, const char *path, struct buf *ret);

/* procfs.c: files of procfs that name paths. */
int procfs_open(struct translate *tr, struct event *ev, struct spot *s);

/* program.c */
int program_call(struct translate *tr, struct event *ev);
int program_done(struct translate *tr, struct event *ev);

/* sockets.c */
bool sockets_passes(const struct call *c);
int sockets_pass(struct translate *tr, struct event *ev, int i);	/* path @i of it */
/* sendmmsg(2) that has a path among its addresses, and its return. */
int sockets_many(struct translate *tr, struct event *ev);
void sockets_sent(struct translate *tr, struct event *ev);
int sockets_ask(struct translate *tr, struct event *ev);	/* of SYSCALL_PEER: at its entry … */
int sockets_told(struct translate *tr, struct event *ev);	/* … and return */

/* mounts.c. 1: answered. */
int mounts_call(struct translate *tr, struct event *ev);

/* Refuse the call at hand, and name why, once for each @what. */
int call_refuse(struct translate *tr, struct event *ev, int error, const char *what);
/* Answer the call at hand. */
void call_answer(struct event *ev, int64_t value);

#endif
