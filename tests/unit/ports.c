// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/ports: which port becomes which, and whose addresses are this machine's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "emul/ports/internal.h"
#include "tests/unit/check.h"

static socklen_t address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	four->sin_port = htons(port);
	if (inet_pton(ret->ss_family, text, ret->ss_family == AF_INET ? (void *)&four->sin_addr :
									(void *)&six->sin6_addr) != 1)
		return 0;
	return ret->ss_family == AF_INET ? sizeof(*four) : sizeof(*six);
}

static bool here(const char *text)
{
	struct sockaddr_storage a;
	socklen_t len = address(text, 80, &a);

	return port_is_here(&a, len);
}

static uint16_t outside(const struct ports *p, const char *text, uint16_t port)
{
	struct sockaddr_storage a;
	socklen_t len = address(text, port, &a);

	return ports_outside(p, &a, len);
}

static void addresses_of_this_machine_are_known(void)
{
	CHECK(here("127.0.0.1") && here("127.3.4.5") && here("0.0.0.0"));
	CHECK(here("::1") && here("::") && here("::ffff:127.0.0.1"));
	CHECK(!here("192.0.2.1") && !here("224.0.0.251") && !here("255.255.255.255"));
	CHECK(!here("2001:db8::1") && !here("ff02::fb") && !here("::ffff:192.0.2.1"));
}

static void a_pair_counts_everywhere_and_low_ports_here(void)
{
	struct ports *p = ports_new(&(struct ports_options){ .low = true });

	CHECK(ports_add(p, "443:8443") == 0);
	CHECK(outside(p, "192.0.2.1", 443) == 8443 && outside(p, "127.0.0.1", 443) == 8443);
	CHECK(outside(p, "192.0.2.1", 80) == 0 && outside(p, "127.0.0.1", 80) == 2080);
	CHECK(outside(p, "::1", 1023) == 3023 && outside(p, "::1", 1024) == 0);
	CHECK(outside(p, "::1", 0) == 0);
	ports_free(p);
}

static void what_is_no_pair_is_refused(void)
{
	struct ports *p = ports_new(&(struct ports_options){ 0 });
	static const char *const bad[] = { "", "1", "1:", ":1", "0:1", "1:0", "1:65536", "65536:1", "1:2:3",
					   "1:2 ", " 1:2", "+1:2", "-1:2", "1:0x2" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(ports_add(p, bad[i]) == -EINVAL, "%s", bad[i]);
	CHECK(ports_add(p, "1:65535") == 0 && ports_add(p, "1:65535") == 0);
	CHECK(ports_add(p, "1:2") == -EEXIST);
	ports_free(p);
}

static void a_port_that_is_used_itself_is_spelled_itself(void)
{
	struct port_table t;

	CHECK(port_table_init(&t) == 0);
	port_table_set(&t, 80, 8080, false);
	CHECK(t.of[80].to == 8080 && t.of[8080].back == 80);
	port_table_own(&t, 8080);
	CHECK(t.of[80].to == 8080 && t.of[8080].back == 0);
	port_table_set(&t, 80, 8081, false);
	CHECK(t.of[80].to == 8081 && t.of[8081].back == 80 && t.of[8080].back == 0);
	free(t.of);
}

int main(void)
{
	return check_tests(addresses_of_this_machine_are_known,
			   a_pair_counts_everywhere_and_low_ports_here,
			   what_is_no_pair_is_refused,
			   a_port_that_is_used_itself_is_spelled_itself);
}
