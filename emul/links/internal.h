/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this folder share. */
#ifndef EMUL_LINKS_INTERNAL_H
#define EMUL_LINKS_INTERNAL_H

#include "core/base/buf.h"
#include "core/event/event.h"
#include "core/task/task.h"
#include "emul/links/links.h"

struct map;

/* A link as it is on disk. */
struct form {
	struct buf middle;	/* what all names of the file point at */
	struct buf final;	/* the file */
	unsigned count;
};

#define FORM_INIT { .middle = BUF_INIT }
#define FORM_MOST 9999

void form_free(struct form *f);
#define _cleanup_form_ _cleanup_(form_free)

/* Is @path such a link? 1 (@ret, which was empty, is filled), 0, or −errno. */
int form_read(const char *path, struct form *ret);
/* The file @path becomes such a link, the only name of a file with a count of 2 (as if it had two). */
int form_make(const char *path, const char *dir, struct form *ret);
/* Another count; at 0 the file goes. 0 or −errno. */
int form_set_count(struct form *f, unsigned count);
/* How many names the file has by its own name; 0: it is none of these. */
unsigned form_count_of(const char *final);

struct links {
	struct sink sink;		/* first */
	struct links_options options;
	struct map *pending;		/* tid → struct pending */
	struct buf rewrites[CALL_PATHS];	/* texts of the event at hand */
};

/* A call whose return matters. */
struct pending {
	bool drops;		/* a name goes: */
	struct form form;
	unsigned count;		/* what a look tells; 0 = what the descriptor says */
};

/* path.c: see struct links_options. */
int links_host(const struct links *l, struct task *t, const struct call *c, int i, struct buf *ret);

/* link.c. A result to answer, or LINKS_KERNEL: the kernel shall do it. */
#define LINKS_KERNEL INT64_MAX
int64_t links_link(struct links *l, struct event *ev);
/* unlink, rename: 0 with @ret filled if a name of such a file goes; LINKS_KERNEL: nothing to do. */
int64_t links_drop(struct links *l, struct event *ev, struct form *ret);
bool links_serves(const struct task *t);	/* it may do what care may */

/* list.c */
void links_listed(struct links *l, struct event *ev);

#endif
