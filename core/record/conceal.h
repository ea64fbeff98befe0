/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places the command must not see: below a concealed path it finds an empty one of
 * its own, which lasts as long as the run (decision 7). A path that leads there is
 * rewritten to the private place; every other call passes unchanged, and what is
 * asked about the concealed directory itself (owner, mode) is answered by the real one.
 */
#ifndef CORE_RECORD_CONCEAL_H
#define CORE_RECORD_CONCEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path/names.h"

struct buf;
struct conceal;
struct err;

/* Flags of names that are set here. */
#define NAME_SKELETON (NAME_USER << 0)	/* concealed, or on the way from there to a revealed place: exists truly */

/* @under: a directory in which the private places are made ("/tmp"). */
struct conceal *conceal_new(struct names *names, const char *under, struct err *e);

/* In the order of the options: a later one wins over an earlier one. A path that does not exist is -ENOENT. */
int conceal_hide(struct conceal *c, const char *path, struct err *e);
int conceal_reveal(struct conceal *c, const char *path, struct err *e);

/*
 * For --conceal=userns, in the child before execve(2), after which no path needs to
 * be rewritten: namespaces, and mounts over what is concealed. 0 or −errno.
 */
int conceal_in_child(const struct conceal *c);

/* The same in another tree of names. 0 or -ENOMEM. */
int conceal_bind_all(const struct conceal *c, struct names *names);

bool conceal_active(const struct conceal *c);

/*
 * A path that the kernel tells (/proc/PID/cwd, fd) as the command spells it.
 * True when it lay in a private place and @ret_path was set.
 */
bool conceal_from_host(const struct conceal *c, const char *host, struct buf *ret_path);

/* Files that the command left in the private places, as the command spells them. */
int conceal_left(struct conceal *c, void (*tell)(void *ctx, const char *path), void *ctx,
		 struct err *e);
/* Copy what was left to below @dir (made if needed). */
int conceal_keep(struct conceal *c, const char *dir, struct err *e);

/* Removes the private places, whatever the command did to their modes. */
void conceal_free(struct conceal *c);

#endif
