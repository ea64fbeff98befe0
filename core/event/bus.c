// SPDX-License-Identifier: GPL-2.0-or-later
/* Hands each event to every sink, in order; the first error ends the round. */
#include "core/event/event.h"

#include <errno.h>

#include "core/base/mem.h"

int bus_add(struct bus *b, struct sink *s)
{
	if (b->n == (int)ARRAY_SIZE(b->sinks))
		return -ENOSPC;
	b->sinks[b->n++] = s;
	return 0;
}

int bus_send(struct bus *b, struct event *ev, struct err *e)
{
	for (int i = 0; i < b->n; i++) {
		int r = b->sinks[i]->event(b->sinks[i], ev, e);

		if (r < 0)
			return r;
	}
	return 0;
}
