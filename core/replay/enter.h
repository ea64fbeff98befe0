/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `care run`: a command in an existing root, as PRoot would run it, by namespaces. */
#ifndef CORE_REPLAY_ENTER_H
#define CORE_REPLAY_ENTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/replay/plan.h"

struct err;

struct enter {
	const char *root;
	struct plan_words binds;	/* "HOST[:GUEST[!]]" */
	const char *const *usual;	/* more, ends with NULL; "$HOME" is that; may be missing */
	const char *cwd;		/* NULL: ours, if it is there */
	char *const *argv;
	bool fake_ids;
	uid_t uid;
	gid_t gid;
	unsigned isolate;
	bool kill_others;
};

struct enter_result {
	bool ran;
	int status;		/* as an exit status */
	bool refused;		/* no namespaces here */
	int not_run;		/* −errno of execve */
};

/* 0, or −errno with a sentence in @e. */
int enter_run(const struct enter *how, struct enter_result *ret, struct err *e);

#endif
