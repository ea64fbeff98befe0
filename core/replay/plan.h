/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a recorded command will be run again, as a list of operations. Building the
 * list asks the kernel nothing and changes nothing, so it can be printed (--plan)
 * and tested; core/replay/ns.c carries it out in order.
 */
#ifndef CORE_REPLAY_PLAN_H
#define CORE_REPLAY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct binds;
struct buf;
struct err;
struct manifest;
struct points_lack;

enum plan_kind {
	PLAN_NAMESPACES,	/* flags: enum plan_ns */
	PLAN_MAP_ONE,		/* our ids are seen as uid, gid */
	PLAN_ROOT,		/* host: the tree itself becomes the root */
	PLAN_OVERLAY,		/* host: lower, upper, work, guest: where it is put together */
	PLAN_ENTER,		/* everything above names paths of this machine, below of the tree */
	PLAN_BIND,		/* host seen at guest, flags: enum plan_bind */
	PLAN_FRAME,		/* guest, a directory that cannot be written, gets room for more names */
	PLAN_PROC,		/* a /proc of its own pid namespace */
	PLAN_BINFMT,		/* host: runs programs of another machine, text: what registers it */
	PLAN_DETACH,		/* this machine's tree goes out of reach */
	PLAN_LOOPBACK,		/* the one interface of an own network namespace */
	PLAN_REMAP,		/* we, who are 0 until then, are seen as uid, gid: in one more user namespace */
	PLAN_HOSTNAME,		/* text */
	PLAN_RLIMIT,		/* number: resource, soft, hard */
	PLAN_UMASK,		/* number */
	PLAN_GROUPS,		/* ids */
	PLAN_IDS,		/* uid, gid */
	PLAN_CHDIR,		/* guest; with PLAN_BIND_OPTIONAL "/" will do */
	PLAN_FD,		/* number: descriptor, opened on guest with oflags at offset */
	PLAN_CLOSE_OTHERS,	/* descriptors from 3 up that are not among ids */
	PLAN_GUARD,		/* opening a file without content fails from here on */
	PLAN_IGNORE,		/* number: mask of signals, bit n−1 */
	PLAN_EXEC,		/* guest: the program, NULL = search argv[0] in PATH */
};

enum plan_ns {
	PLAN_NS_USER = 1 << 0,
	PLAN_NS_MOUNT = 1 << 1,
	PLAN_NS_PID = 1 << 2,
	PLAN_NS_IPC = 1 << 3,
	PLAN_NS_NET = 1 << 4,
	PLAN_NS_UTS = 1 << 5,
};

enum plan_bind {
	PLAN_BIND_OPTIONAL = 1 << 0,	/* one that is missing here is told, not fatal */
	PLAN_BIND_SILENT = 1 << 1,	/* not even told */
	PLAN_BIND_READONLY = 1 << 2,
	PLAN_BIND_NOFOLLOW = 1 << 3,	/* guest's last component is not followed */
	PLAN_BIND_READY = 1 << 4,	/* there is a place for it once those before are mounted */
	PLAN_BIND_MAKE = 1 << 5,	/* it is made then, in a frame */
};

struct plan_op {
	enum plan_kind kind;
	unsigned flags;
	char *host, *guest, *text;
	char *upper, *work;
	long long number;
	uid_t uid;
	gid_t gid;
	uid_t our_uid;		/* PLAN_MAP_ONE: outside */
	gid_t our_gid;
	uint64_t soft, hard;	/* UINT64_MAX = infinity */
	int oflags;
	off_t offset;
	unsigned *ids;
	size_t n_ids;
};

/* How owners and permissions are kept (decision 15). */
enum plan_ids {
	PLAN_IDS_TRUE,		/* we are root: every id is itself */
	PLAN_IDS_RANGES,	/* true too, in a user namespace of granted ranges that we are in */
	PLAN_IDS_ONE,		/* one id for all; permissions were projected onto the owner bits */
};

struct plan {
	struct plan_op *ops;
	size_t n;
	enum plan_ids ids;
	char **argv, **env;	/* NULL-terminated */
	bool recorded;		/* the recorded command, not another one */
	bool failed;		/* out of memory while adding; plan_error() tells */
};

/* Where the tree is and whose we are on this machine. */
struct plan_place {
	const char *root;	/* PLAN_ROOT, or where the overlay is put together */
	const char *lower, *upper, *work;	/* lower == NULL: no overlay */
	enum plan_ids ids;
	uid_t uid;		/* ours, effective */
	gid_t gid;
};

struct plan_words {	/* points at words of others */
	const char *const *v;
	size_t n;
};

struct plan_options {
	char *const *argv;	/* another command, NULL = the recorded one */
	char *const *host_env;	/* this machine's environment */
	struct plan_words volatile_paths, volatile_env, revealed;
	unsigned isolate;	/* enum plan_ns: PID, IPC, NET, UTS */
	bool guard;		/* PLAN_GUARD */
};

/* PRoot's view of the same thing: `care run`. */
struct plan_run {
	char *const *argv, *const *env;
	const struct binds *binds;	/* their root is plan_place's; may be NULL */
	const struct points_lack *lacks;	/* what of their places is not there (points.h) */
	size_t n_lacks;
	const char *cwd;
	bool fake_ids;		/* be seen as uid, gid; else as what we are */
	uid_t uid;
	gid_t gid;
	unsigned isolate;
	const char *emulator;	/* PLAN_BINFMT's host; NULL: there is none */
	const char *binfmt;	/* … and its text */
};

/* 0 or −errno; on failure *ret is untouched. */
int plan_build(struct plan **ret, const struct manifest *m, const struct plan_options *o,
	       const struct plan_place *place, struct err *e);
int plan_build_run(struct plan **ret, const struct plan_run *run, const struct plan_place *place,
		   struct err *e);
void plan_free(struct plan *p);

/* One line per operation, for --plan. */
void plan_print(const struct plan *p, struct buf *to);

/*
 * The permission bits that @mode of a file of @uid, @gid must get when one id owns
 * everything: the owner's become what the recorded credentials could do, the others
 * stay. Recorded as root, nothing changes: root passes all.
 */
mode_t plan_project_mode(const struct manifest *m, mode_t mode, uid_t uid, gid_t gid);

/* For the builders: a new operation at the end, or NULL (p->failed). Strings are copied. */
struct plan *plan_new(void);
struct plan_op *plan_add(struct plan *p, enum plan_kind kind);
char *plan_string(struct plan *p, const char *s);
void plan_add_bind(struct plan *p, const char *host, const char *guest, unsigned flags);
/* Everything up to the entering: namespaces, ids, root. @uid, @gid: as seen inside. */
void plan_add_root(struct plan *p, const struct plan_place *place, unsigned isolate, uid_t uid,
		   gid_t gid);
/* Binds in the order in which they can be mounted, without those another one includes. */
void plan_sort_binds(struct plan *p);
int plan_error(const struct plan *p, struct err *e);

#endif
