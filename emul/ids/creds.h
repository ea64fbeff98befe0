/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a task is, as it sees it, and what changes that: the rules of credentials(7) and
 * capabilities(7), without a kernel. Pure.
 */
#ifndef EMUL_IDS_CREDS_H
#define EMUL_IDS_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What we have to know by name (<linux/capability.h>). */
enum creds_cap {
	CREDS_CHOWN = 0,
	CREDS_DAC_OVERRIDE = 1,
	CREDS_FOWNER = 3,
	CREDS_FSETID = 4,
	CREDS_SETGID = 6,
	CREDS_SETUID = 7,
	CREDS_SETPCAP = 8,
	CREDS_SYS_ADMIN = 21,
	CREDS_MKNOD = 27,
	CREDS_SETFCAP = 31,
};

#define CREDS_KEEP UINT32_MAX	/* −1: leave that id as it is */

struct creds_ids {
	uint32_t real, effective, saved, fs;
};

struct creds {
	struct creds_ids uid, gid;
	uint32_t *groups;
	size_t n_groups;
	uint64_t all;			/* that this kernel knows */
	uint64_t permitted, inheritable, effective, bounding, ambient;
	bool no_new_privs;
	unsigned securebits;		/* SECBIT_*; keep_caps is one of them */
};

/* @all: every capability of this kernel; root begins with it. 0 or -ENOMEM. */
int creds_init(struct creds *c, uint32_t uid, uint32_t gid, uint64_t all);
int creds_copy(struct creds *to, const struct creds *from);
void creds_free(struct creds *c);

bool creds_can(const struct creds *c, enum creds_cap cap);
bool creds_in_group(const struct creds *c, uint32_t gid);	/* by file system gid and groups */

/* The calls: 0, -EPERM, -EINVAL. @gids: of groups instead of users. */
int creds_set(struct creds *c, bool gids, uint32_t id);
int creds_set_re(struct creds *c, bool gids, uint32_t real, uint32_t effective);
int creds_set_res(struct creds *c, bool gids, uint32_t real, uint32_t effective, uint32_t saved);
uint32_t creds_set_fs(struct creds *c, bool gids, uint32_t id);	/* the id before */
int creds_set_groups(struct creds *c, const uint32_t *groups, size_t n);	/* -ENOMEM too */
int creds_set_caps(struct creds *c, uint64_t effective, uint64_t permitted, uint64_t inheritable);

/* prctl(2) about capabilities. @ret: its result. False: it is about something else. */
bool creds_prctl(struct creds *c, unsigned option, uint64_t arg2, uint64_t arg3, int64_t *ret);

/*
 * execve(2) of a file of @mode that belongs to @uid and @gid. True: it gave other rights
 * than its caller had (AT_SECURE).
 */
bool creds_exec(struct creds *c, unsigned mode, uint32_t uid, uint32_t gid);

#endif
