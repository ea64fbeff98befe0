/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which port becomes which. */
#ifndef EMUL_PORTS_TABLE_H
#define EMUL_PORTS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define PORT_LOW_END 1024	/* ports below are root's (net.ipv4.ip_unprivileged_port_start) */
#define PORT_LOW_MOVE 2000	/* termux's distance: those who connect from outside know it */

struct port_entry {
	uint16_t to;		/* what stands for this port; 0 = itself */
	uint16_t back;		/* the port that this one stands for; 0 = itself */
	bool everywhere;	/* also at other machines' addresses */
};

struct port_table {
	struct port_entry *of;	/* 65536 of them; pages that nobody uses take no memory */
};

int port_table_init(struct port_table *t);	/* 0 or -ENOMEM */
void port_table_set(struct port_table *t, uint16_t in, uint16_t out, bool everywhere);
/* A program has bound to @port itself: nothing else is meant by it. */
void port_table_own(struct port_table *t, uint16_t port);

/* Port of an internet address in host order; 0: none, or of another family. */
uint16_t port_of(const struct sockaddr_storage *a, socklen_t len);
void port_set(struct sockaddr_storage *a, uint16_t port);

/* Is it an address of this machine? Names of many (multicast) are not. */
bool port_is_here(const struct sockaddr_storage *a, socklen_t len);

/* A port that is free for streams and datagrams at @a; 0: none was found. */
uint16_t port_free(const struct sockaddr_storage *a, socklen_t len);

#endif
