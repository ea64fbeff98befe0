// SPDX-License-Identifier: GPL-2.0-or-later
/* What else than files a replay may be separated from. */
#include "core/cmd/isolate.h"

#include <errno.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/replay/plan.h"

int isolate_parse(const char *list, unsigned *ret)
{
	static const struct { const char *name; unsigned flag; } known[] = {
		{ "pid", PLAN_NS_PID }, { "ipc", PLAN_NS_IPC }, { "net", PLAN_NS_NET }, { "uts", PLAN_NS_UTS },
	};
	unsigned flags = 0;

	while (list && *list) {
		size_t len = strcspn(list, ","), i;

		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == len && !memcmp(list, known[i].name, len))
				break;
		if (i == ARRAY_SIZE(known))
			return -EINVAL;
		flags |= known[i].flag;
		list += len + (list[len] == ',');
	}
	*ret = flags;
	return 0;
}
