/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the recorder; nobody else includes it. */
#ifndef CORE_RECORD_RECORDER_INTERNAL_H
#define CORE_RECORD_RECORDER_INTERNAL_H

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/path/names.h"
#include "core/record/binfmt.h"
#include "core/record/conceal.h"
#include "core/record/object.h"
#include "core/record/queue.h"
#include "core/record/recorder.h"
#include "core/record/view.h"
#include "core/task/task.h"

/* Flags of names, after conceal.h's. */
#define NAME_TOLD     (NAME_USER << 1)	/* its absence is in the manifest */
#define NAME_VOLATILE (NAME_USER << 2)	/* a volatile path */
#define NAME_PATHDIR  (NAME_USER << 3)	/* a directory of $PATH */
#define NAME_WRITTEN  (NAME_USER << 4)	/* is in `written` */
#define NAME_MOUNTED  (NAME_USER << 5)	/* bound to where a mount of the run comes from */

/* Stands for everything below a volatile or a concealed place. */
extern struct object object_volatile, object_concealed;

struct process {
	struct manifest_process facts;
	struct process *next;	/* in order of start */
	bool told;
};

struct recorder {
	struct sink sink;
	struct record_spec spec;
	struct view home;		/* what the initial command sees */
	struct view *views;		/* other mount namespaces */
	struct view *view;		/* of the event being looked at */
	struct names *names;		/* … its names */
	struct mounts mounts;		/* at the start */
	struct objects *objects;
	struct conceal *conceal;
	struct queue *queue;
	struct map *processes;		/* process number → struct process */
	struct process *first, **last;
	struct map *nets, *depends, *lost_paths;	/* what has been told already */
	struct name **written;
	size_t n_written, room_written;
	struct manifest_concealed *concealed;
	size_t n_concealed;
	struct buf rewrite[CALL_PATHS];
	struct manifest_strings special;
	struct record_summary sum;
	struct binfmts binfmts;		/* handlers that the kernel has for programs */
	bool binfmts_known;		/* … and nobody changed them since */
	bool renamed_dirs, wrote_hardlinks, changed_ids;
	const struct manifest_file **secrets;	/* archived, and look like keys or tokens */
	size_t n_secrets;
	unsigned start_use;		/* of the path used before the first event */

	/* The event being looked at. */
	struct event *ev;
	uint32_t process;
	struct err *e;
};

/* One path of the event at hand, walked. */
struct used_path {
	struct path_walk w;
	struct name *base;
	bool crossed;		/* something concealed was on the way */
	bool natural;		/* all of it lay in the same private place as its base */
	const struct name *in;	/* that place */
};

/* What holds for the whole run, in a tree of names of another namespace. 0 or -ENOMEM. */
int recorder_mark_places(struct recorder *r, struct names *names);

/* Is something concealed by rewriting paths? */
bool recorder_rewrites(const struct recorder *r);

/* start.c: before the first event. */
int start_places(struct recorder *r);
int start_inherited(struct recorder *r);
int start_include(struct recorder *r);

/* finish.c: what the run is, told at the start and, with what is known then, at the end. */
int finish_tell_run(struct recorder *r);

/* uses.c: what a use of a name means for the archive. */
int use_name(struct recorder *r, struct name *n, unsigned use);
int use_unnamed(struct recorder *r, int fd, const char *path, unsigned use);	/* inherited, of kind "removed" */
struct object *name_object(struct recorder *r, struct name *n);	/* NULL: nothing there, or no memory (r->e) */
int use_list(struct recorder *r, struct name *dir);
int use_secure(struct recorder *r, struct name *n);

/* paths.c: from the text in a call to a name. */
int path_base(struct recorder *r, struct task *t, const char *dir, struct name **ret);
int path_of_fd(struct recorder *r, struct task *t, int fd, struct name **ret);	/* *ret NULL: no name */
int path_walk_call(struct recorder *r, struct event *ev, int i, bool announce, struct used_path *ret);
int path_rewrite(struct recorder *r, struct event *ev, int i, const struct used_path *p);

/* exec.c: what else is executed with a program: interpreters. */
int exec_closure(struct recorder *r, struct task *t, const char *host, int depth);
int exec_closure_fd(struct recorder *r, struct task *t, int fd);

/* spell.c: results that are paths, told as the command spells them. */
bool spell_wanted(const struct recorder *r, const struct call *c, const struct used_path *p);
int spell_result(struct recorder *r, struct event *ev);

/* changes.c: after a call that changes names. */
int changes_apply(struct recorder *r, struct event *ev);

/* It may be different at the end from what it was. */
int changes_written(struct recorder *r, struct name *n);

/* received.c: descriptors that come over a unix socket. */
bool received_wanted(const struct call *c);
int received_call(struct recorder *r, struct event *ev);
int received_return(struct recorder *r, struct event *ev);

/* facts that are not files */
int process_start(struct recorder *r, struct task *t);
int process_exec(struct recorder *r, struct task *t);
int process_exit(struct recorder *r, struct task *t, int status);
int process_finish(struct recorder *r);
void process_free_all(struct recorder *r);
const char *process_exe(const struct recorder *r, uint32_t id);	/* "" when unknown */

int fact_net(struct recorder *r, const struct call *c);
int fact_depend(struct recorder *r, const char *what, const char *detail);
int fact_lost(struct recorder *r, const char *path, const char *why);
int fact_absent(struct recorder *r, struct name *n);
int fact_concealed(struct recorder *r, struct name *n, unsigned use);

#endif
