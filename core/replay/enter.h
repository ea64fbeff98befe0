/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `care run`: a command in an existing root, with PRoot's options. core/cmd/run.c makes a
 * struct enter of the words, enter_prepare() looks at this machine and makes a struct entry
 * of it, and one of the ways carries that out: by namespaces it is enter_run().
 */
#ifndef CORE_REPLAY_ENTER_H
#define CORE_REPLAY_ENTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/replay/binds.h"
#include "core/replay/plan.h"

struct err;
struct ns_runner;
struct points;
struct qemu;
struct uname_names;

enum enter_way {
	ENTER_AUTO,		/* the fastest that works here and can do what is asked for */
	ENTER_NAMESPACES,
	ENTER_PTRACE_SECCOMP,	/* translation, stopped at calls of interest only */
	ENTER_PTRACE,		/* translation, stopped at every call */
};

struct enter_port {		/* a socket bound or connected to `inside` really is at `outside` */
	unsigned short inside, outside;
};

/* What was asked for. Words and lists belong to whoever made it. */
struct enter {
	const char *root;	/* NULL: "/" */
	struct plan_words binds;	/* "HOST[:GUEST[!]]" */
	const char *const *usual;	/* more, ends with NULL; "$HOME" is that; may be missing */
	bool usual_root;		/* the root's own directory is one of them */
	const char *cwd;		/* NULL: ours, if it is there */
	char *const *argv;
	unsigned isolate;		/* enum plan_ns */
	bool kill_others;
	enum enter_way way;
	bool no_seccomp;		/* ENTER_AUTO's translation is ENTER_PTRACE */

	bool fake_ids;			/* be seen as uid, gid; else as what we are */
	uid_t uid;
	gid_t gid;
	const char *ids_file;		/* owners and modes that last, NULL: only as long as this runs */

	const struct uname_names *kernel;	/* what uname(2) tells (emul/uname/uname.h); NULL: the truth */

	const struct qemu *qemu;	/* runs programs of another machine (emul/qemu/qemu.h); or NULL */

	const struct enter_port *ports;
	size_t n_ports;
	bool high_ports;		/* privileged ports become higher ones */
	bool free_ports;		/* whatever the system gives, remembered for who connects */

	bool links;			/* symlinks for hard links */
	const char *links_dir;		/* where what they lead to lies; NULL: beside them */
	bool hidden;			/* names that begin with ".proot" are not listed */
	bool sysvipc;			/* System V's IPC without the kernel's */

	bool no_points;			/* no mount point is made in the root itself */
	bool silent;			/* what is missing here to be bound is not told */
	const char *private_dir;	/* where private files go; NULL: $TMPDIR, /tmp */
};

/* The same on this machine. */
struct entry {
	const struct enter *how;
	struct binds binds;	/* with the root */
	char **env;		/* NULL-terminated, for the command */
	char *cwd;		/* in the root, canonical, and there */
	struct points *points;	/* made for the bindings; what lacks, the way has to cope with */
	char *binfmt;		/* what registers how->qemu, NULL: it is not wanted or must go otherwise */
	char why_not[200];	/* why namespaces alone cannot do what is asked for, "" = they can */
};

struct enter_result {
	bool ran;
	int status;		/* as an exit status */
	bool refused;		/* this way is not to be had here: another one may be */
	int not_run;		/* −errno of execve */
};

/*
 * 0, or −errno with a sentence: what is bound makes no sense, the root is not there. What is
 * missing but can be done without is warned of. Mount points that are missing are made.
 */
int enter_prepare(struct entry *ret, const struct enter *how, struct err *e);
/* After the last process: what was made for it is removed. */
void entry_clear(struct entry *entry);

/* What a plan is built from by namespaces; a caller may change it before. It points into @entry. */
void enter_plan_run(const struct entry *entry, struct plan_run *ret);

/*
 * By namespaces. 0, or −errno with a sentence in @e. @runner (core/replay/ns.h) runs the
 * command in there; NULL: it is executed and nothing is between it and the kernel.
 */
int enter_run(const struct entry *entry, struct ns_runner *runner, struct enter_result *ret,
	      struct err *e);

#endif
