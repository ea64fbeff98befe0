/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the two ways to conceal. */
#ifndef CORE_RECORD_CONCEAL_INTERNAL_H
#define CORE_RECORD_CONCEAL_INTERNAL_H

#include <stddef.h>

#include "core/record/conceal.h"

#define CONCEAL_PREFIX "care-"

struct place {
	char *path;		/* as the command spells it */
	char *host;		/* the private place */
};

struct conceal {
	struct names *names;
	char *top;
	int claim;		/* the lock on it */
	struct place *places;
	size_t n;
	char **shown;		/* revealed again, in one of them */
	size_t n_shown;
};

#endif
