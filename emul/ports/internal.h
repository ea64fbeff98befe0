/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this folder share. */
#ifndef EMUL_PORTS_INTERNAL_H
#define EMUL_PORTS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"
#include "emul/ports/ports.h"
#include "emul/ports/table.h"

struct map;

struct ports {
	struct sink sink;		/* first */
	struct ports_options options;
	struct port_table table;
	struct map *pending;		/* tid → struct pending */
};

/* A call that we have changed, or whose result decides something. */
struct pending {
	uint16_t in, out;	/* of bind: ports; out 0: nothing was changed */
	bool chosen;		/* … out was chosen for it and may be taken meanwhile */
	int tries;
	uint64_t message;	/* of sendmmsg: the first message */
};

/* address.c: one in tracee memory, as long as *@addr_len says; the program's port in it. */
void ports_spell(const struct ports *p, const struct task *t, uint64_t addr, uint32_t len);
/* The words of a struct msghdr of the tracee at @at. 0 or -EFAULT. */
int ports_message(const struct event *ev, uint64_t at, uint64_t *ret_name, uint32_t *ret_len);

/* send.c: the ports that the call is to use. @ret says what was done. 0 or −errno. */
int ports_send(struct ports *p, struct event *ev, struct pending *ret);
/* The port that stands for @port at that address; 0: itself. */
uint16_t ports_outside(const struct ports *p, const struct sockaddr_storage *a, socklen_t len);

#endif
