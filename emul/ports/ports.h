/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that gives sockets of the internet other ports than the program asks for, and
 * tells the program those that it asked for (getsockname, getpeername, accept, recvfrom,
 * recvmsg). For `care run`:
 *
 *   -p IN:OUT     PRoot's: bind, connect and send to port IN, wherever it is, use OUT
 *   -p            termux's: ports below 1024 move up by 2000 for bind, and for connect and
 *                 send where the address is this machine's
 *   -n            PRoot's: a bind to a port that has no other yet gets one that is free, and
 *                 connect and send to that port of this machine find it
 *
 * A number that comes back is the program's if the other port is in use for it, whatever
 * the protocol; a program of the run that itself binds to OUT takes it from there on.
 */
#ifndef EMUL_PORTS_PORTS_H
#define EMUL_PORTS_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"

struct ports;

struct ports_options {
	bool low;		/* -p without a value */
	bool netcoop;		/* -n */
};

/* Classes of calls that the sink wants: SYSCALL_BIT()s. */
unsigned ports_classes(void);

/* NULL: no memory. */
struct ports *ports_new(const struct ports_options *o);
void ports_free(struct ports *p);

/* "IN:OUT", decimal, 1 to 65535 each. 0; -EINVAL; -EEXIST: IN has another OUT already. */
int ports_add(struct ports *p, const char *word);

struct sink *ports_sink(struct ports *p);

#endif
