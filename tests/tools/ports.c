// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ports ADDRESS PORT: uses PORT through every call that passes or tells an address of a
 * socket, as streams and as datagrams, and says what does not agree. Prints the ports that
 * the kernel has for both ("80 80" where nothing stands between).
 * ports connect ADDRESS PORT: only that; 0 if there is somebody.
 * ports serve ADDRESS PORT: says "ready", takes one connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sockaddr_storage given;
static socklen_t given_len;
static int port;

static void check(int holds, const char *what)
{
	if (holds)
		return;
	printf("not ok: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static int port_in(const void *a)
{
	return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

static void parse(const char *text, const char *number)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&given;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&given;

	port = atoi(number);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		given_len = sizeof(*four);
	} else {
		check(inet_pton(AF_INET6, text, &six->sin6_addr) == 1, "an address");
		six->sin6_family = AF_INET6;
		given_len = sizeof(*six);
	}
	four->sin_port = htons((uint16_t)port);
}

static int new_socket(int type)
{
	int fd = socket(given.ss_family, type, 0), one = 1;

	check(fd >= 0, "socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

/* Of the line of /proc/net with that inode. */
static int true_port(int fd, const char *protocol)
{
	char name[64], line[512];
	unsigned long inode;
	struct stat st;
	unsigned found;
	FILE *f;

	check(fstat(fd, &st) == 0, "fstat");
	snprintf(name, sizeof(name), "/proc/self/net/%s%s", protocol,
		 given.ss_family == AF_INET6 ? "6" : "");
	f = fopen(name, "r");
	check(f != NULL, name);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %*s %*s %*s %*s %*d %*d %lu", &found, &inode) == 2 &&
		    inode == st.st_ino) {
			fclose(f);
			return (int)found;
		}
	return -1;
}

static int listener(void)
{
	int fd = new_socket(SOCK_STREAM);
	struct sockaddr_storage copy = given;

	check(bind(fd, (void *)&given, given_len) == 0, "bind");
	check(!memcmp(&copy, &given, sizeof(copy)), "what was passed to bind is as it was");
	check(listen(fd, 1) == 0, "listen");
	return fd;
}

static int streams(void)
{
	int server = listener(), client = new_socket(SOCK_STREAM), taken, found;
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	check(getsockname(server, (void *)&a, &len) == 0 && port_in(&a) == port, "getsockname tells it");
	check(connect(client, (void *)&given, given_len) == 0, "connect");
	len = sizeof(a);
	check(getpeername(client, (void *)&a, &len) == 0 && port_in(&a) == port, "getpeername tells it");
	taken = accept(server, NULL, NULL);
	check(taken >= 0, "accept");
	len = sizeof(a);
	check(getsockname(taken, (void *)&a, &len) == 0 && port_in(&a) == port, "… of what was accepted");
	found = true_port(server, "tcp");
	close(client);
	close(taken);
	close(server);
	return found;
}

static void from(int fd, int want, int number, const char *what)
{
	struct sockaddr_storage a;
	char data[8], more[8];
	struct iovec iov[2] = { { data, sizeof(data) }, { more, sizeof(more) } };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = iov, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = iov + 1, .msg_iovlen = 1 } },
	};
	socklen_t len = sizeof(a);
	ssize_t n = -1;

	memset(&a, 0, sizeof(a));
	if (number == 0)
		n = recvfrom(fd, data, sizeof(data), 0, (void *)&a, &len);
	else if (number == 1)
		n = recvmsg(fd, &m[0].msg_hdr, 0);
	else if (recvmmsg(fd, m, 1, 0, NULL) == 1)
		n = m[0].msg_len;
	check(n == 3, what);
	check(!want || port_in(&a) == want, what);
}

static int datagrams(void)
{
	int server = new_socket(SOCK_DGRAM), client = new_socket(SOCK_DGRAM), found;
	struct iovec iov = { "abc", 3 };
	struct msghdr one = { .msg_name = &given, .msg_namelen = given_len, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr two[2] = { { .msg_hdr = one }, { .msg_hdr = one } };
	struct sockaddr_storage back;
	socklen_t len = sizeof(back);
	int sent;

	check(bind(server, (void *)&given, given_len) == 0, "bind of datagrams");
	check(sendto(client, "abc", 3, 0, (void *)&given, given_len) == 3, "sendto");
	from(server, 0, 0, "recvfrom gets it");
	check(sendmsg(client, &one, 0) == 3, "sendmsg");
	from(server, 0, 1, "recvmsg gets it");
	check(one.msg_name == &given, "what was passed to sendmsg is as it was");
	for (sent = 0; sent < 2;) {
		int n = sendmmsg(client, two + sent, (unsigned)(2 - sent), 0);

		check(n > 0 && two[sent].msg_len == 3, "sendmmsg");
		sent += n;
	}
	from(server, 0, 2, "recvmmsg gets the first");
	from(server, 0, 2, "recvmmsg gets the second");
	check(getsockname(client, (void *)&back, &len) == 0, "getsockname of the client");
	if (given.ss_family == AF_INET) {
		struct sockaddr_in *four = (struct sockaddr_in *)&back;

		four->sin_addr = ((struct sockaddr_in *)&given)->sin_addr;
	} else {
		((struct sockaddr_in6 *)&back)->sin6_addr = ((struct sockaddr_in6 *)&given)->sin6_addr;
	}
	for (int i = 0; i < 3; i++) {
		check(sendto(server, "abc", 3, 0, (void *)&back, len) == 3, "an answer");
		from(client, port, i, "it comes from the port that is known");
	}
	found = true_port(server, "udp");
	close(client);
	close(server);
	return found;
}

int main(int argc, char **argv)
{
	int fd;

	alarm(60);
	if (argc < 3)
		return 2;
	parse(argv[argc - 2], argv[argc - 1]);
	if (argc == 4 && !strcmp(argv[1], "connect"))
		return connect(new_socket(SOCK_STREAM), (void *)&given, given_len) < 0;
	if (argc == 4 && !strcmp(argv[1], "serve")) {
		fd = listener();
		puts("ready");
		fflush(stdout);
		return accept(fd, NULL, NULL) < 0;
	}
	printf("%d", streams());
	printf(" %d\n", datagrams());
	return 0;
}
