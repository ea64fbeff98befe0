// SPDX-License-Identifier: GPL-2.0-or-later
/* Which port becomes which, and what of an address decides. */
#include "emul/ports/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define ALL_PORTS 65536
#define PORT_END_V4 (offsetof(struct sockaddr_in, sin_port) + sizeof(in_port_t))
#define TRIES 16

int port_table_init(struct port_table *t)
{
	t->of = calloc(ALL_PORTS, sizeof(*t->of));
	return t->of ? 0 : -ENOMEM;
}

void port_table_set(struct port_table *t, uint16_t in, uint16_t out, bool everywhere)
{
	uint16_t was = t->of[in].to;

	if (was && was != out && t->of[was].back == in)
		t->of[was].back = 0;
	t->of[in].to = out;
	t->of[in].everywhere = everywhere;
	t->of[out].back = in;
}

void port_table_own(struct port_table *t, uint16_t port)
{
	t->of[port].back = 0;
}

/* Both families have it at the same place. */
uint16_t port_of(const struct sockaddr_storage *a, socklen_t len)
{
	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
		       offsetof(struct sockaddr_in6, sin6_port), "one place");

	if (len < PORT_END_V4 || (a->ss_family != AF_INET && a->ss_family != AF_INET6))
		return 0;
	return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

void port_set(struct sockaddr_storage *a, uint16_t port)
{
	((struct sockaddr_in *)a)->sin_port = htons(port);
}

static bool is_here_v4(struct in_addr in)
{
	uint32_t address = ntohl(in.s_addr);

	/* To send to "any" is to send to oneself. */
	return address == INADDR_ANY || address >> 24 == IN_LOOPBACKNET;
}

static bool is_many(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&six->sin6_addr);
	return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >= 0xe0000000;
}

/* The kernel lets us bind to what is ours. */
static bool is_ours(const struct sockaddr_storage *a, socklen_t len)
{
	_cleanup_close_ int fd = socket(a->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage any_port = *a;

	port_set(&any_port, 0);
	return fd >= 0 && bind(fd, (struct sockaddr *)&any_port, len) == 0;
}

bool port_is_here(const struct sockaddr_storage *a, socklen_t len)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
	struct in_addr mapped;

	if (a->ss_family == AF_INET) {
		if (len < sizeof(struct sockaddr_in))
			return false;
		if (is_here_v4(((const struct sockaddr_in *)a)->sin_addr))
			return true;
	} else {
		if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return false;
		if (IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
			return true;
		if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
			memcpy(&mapped, &six->sin6_addr.s6_addr[12], sizeof(mapped));
			if (is_here_v4(mapped))
				return true;
		}
	}
	return !is_many(a) && is_ours(a, len);
}

/* @a with another port, for a socket of @type; the port that it got, 0 = not free. */
static uint16_t try_bind(int type, const struct sockaddr_storage *a, socklen_t len, uint16_t port)
{
	_cleanup_close_ int fd = socket(a->ss_family, type | SOCK_CLOEXEC, 0);
	struct sockaddr_storage bound = *a;
	socklen_t bound_len = sizeof(bound);

	port_set(&bound, port);
	if (fd < 0 || bind(fd, (struct sockaddr *)&bound, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &bound_len) < 0)
		return 0;
	return port_of(&bound, bound_len);
}

uint16_t port_free(const struct sockaddr_storage *a, socklen_t len)
{
	for (int i = 0; i < TRIES; i++) {
		uint16_t port = try_bind(SOCK_STREAM, a, len, 0);

		if (port && try_bind(SOCK_DGRAM, a, len, port))
			return port;
	}
	return 0;
}
