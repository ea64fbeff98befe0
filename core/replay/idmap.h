/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of ids that an administrator granted to users: /etc/subuid, newuidmap(1). */
#ifndef CORE_REPLAY_IDMAP_H
#define CORE_REPLAY_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

struct idmap_range {
	uint64_t first, count;
};

struct idmap_grant {
	struct idmap_range uids, gids;
};

/* What is granted to our user. False: nothing, or there is no newuidmap. */
bool idmap_granted(struct idmap_grant *ret);

/*
 * Go into a user namespace where we are @uid:@gid and have all capabilities over the
 * granted ids around that. 1; 0 when only we ourselves could be mapped: then the
 * capabilities are over what is ours.
 */
int idmap_enter(const struct idmap_grant *grant, uid_t uid, gid_t gid, struct err *e);

/*
 * @f where no permission of our own files keeps us out: here if we have that capability,
 * else in a child that has it in a user namespace; where a user may not make one, here all
 * the same. What @f returns. @f must not depend on memory that it changes.
 */
int idmap_within(int (*f)(void *arg, struct err *e), void *arg, struct err *e);

/* Whether we may make a user namespace: 0 or −errno (most often −EPERM). */
int idmap_works(struct err *e);

/*
 * Whether we can become @uid:@gid as we are. Root of a user namespace can where those are
 * mapped, and one without capabilities can not: a child tries it.
 */
bool idmap_may_become(uid_t uid, gid_t gid);

/* The first line of a subuid file that grants @name (or the number @id) a range. */
bool idmap_parse(const char *text, const char *name, unsigned id, struct idmap_range *ret);

/* "inside outside count …" with @ours at @inside and @granted below and above. */
void idmap_format(struct buf *to, uint64_t inside, uint64_t ours, const struct idmap_range *granted);

#endif
