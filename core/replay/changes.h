/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a replay did to its private tree. */
#ifndef CORE_REPLAY_CHANGES_H
#define CORE_REPLAY_CHANGES_H

#include <stddef.h>

struct err;
struct plan;
struct scratch;

enum change_kind {
	CHANGE_NEW = '+',
	CHANGE_REMOVED = '-',
	CHANGE_CONTENT = '*',
	CHANGE_META = '~',	/* only permissions, times or the like */
};

struct change {
	enum change_kind kind;
	char *path;		/* in the tree, absolute */
};

struct changes {
	struct change *v;	/* in path order */
	size_t n;
};

/* Mount points of @plan are ours, not the command's. In place, only what was changed is known. */
int changes_find(struct changes *ret, const struct scratch *tree, const struct plan *plan, struct err *e);
void changes_clear(struct changes *c);

#endif
