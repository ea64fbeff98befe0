// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sockets DIR: unix sockets by their paths below DIR, through every call that passes
 * an address: bind, connect, sendto, sendmsg, and all of them through socketcall(2)
 * where there is one. Prints a line each; what the program passed must still be there.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *dir;

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if ((size_t)snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", dir, name) >= sizeof(un.sun_path))
		exit(3);
	return un;
}

static void say(const char *what, int failed)
{
	printf("%s: %s\n", what, failed ? strerror(errno) : "yes");
	fflush(stdout);
}

static void direct(int stream, int listener, int datagram, int sender)
{
	struct sockaddr_un s = address("stream"), d = address("datagram"), copy = d;
	struct iovec iov = { "three", 5 };
	struct msghdr m = { .msg_name = &d, .msg_namelen = sizeof(d), .msg_iov = &iov, .msg_iovlen = 1 };
	struct msghdr m_copy = m;

	say("bind", bind(listener, (void *)&s, sizeof(s)) < 0 || listen(listener, 1) < 0);
	/* Without its NUL, by the length alone. */
	say("connect", connect(stream, (void *)&s, offsetof(struct sockaddr_un, sun_path) + strlen(s.sun_path)) < 0);
	say("bind a datagram socket", bind(datagram, (void *)&d, sizeof(d)) < 0);
	say("sendto", sendto(sender, "two", 3, 0, (void *)&d, sizeof(d)) < 0);
	say("sendmsg", sendmsg(sender, &m, 0) < 0);
	say("unchanged", memcmp(&d, &copy, sizeof(d)) || memcmp(&m, &m_copy, sizeof(m)));
}

#ifdef SYS_socketcall
static long socket_call(int which, long a, long b, long c, long d, long e, long f)
{
	long args[6] = { a, b, c, d, e, f }, copy[6];
	long r;

	memcpy(copy, args, sizeof(args));
	r = syscall(SYS_socketcall, which, args);
	if (memcmp(copy, args, sizeof(args)))
		exit(4);
	return r;
}

static void in_memory(int stream, int listener, int datagram, int sender)
{
	struct sockaddr_un s = address("stream2"), d = address("datagram2");
	struct iovec iov = { "three", 5 };
	struct msghdr m = { .msg_name = &d, .msg_namelen = sizeof(d), .msg_iov = &iov, .msg_iovlen = 1 };

	say("socketcall bind", socket_call(2, listener, (long)&s, sizeof(s), 0, 0, 0) < 0 || listen(listener, 1) < 0);
	say("socketcall connect", socket_call(3, stream, (long)&s, sizeof(s), 0, 0, 0) < 0);
	say("socketcall bind a datagram socket", socket_call(2, datagram, (long)&d, sizeof(d), 0, 0, 0) < 0);
	say("socketcall sendto", socket_call(11, sender, (long)"two", 3, 0, (long)&d, sizeof(d)) < 0);
	say("socketcall sendmsg", socket_call(16, sender, (long)&m, 0, 0, 0, 0) < 0);
}
#endif

static void with_sockets(void (*try)(int, int, int, int))
{
	int s[4];
	char got[16];

	for (int i = 0; i < 4; i++)
		s[i] = socket(AF_UNIX, i < 2 ? SOCK_STREAM : SOCK_DGRAM, 0);
	try(s[0], s[1], s[2], s[3]);
	for (int i = 0; i < 2; i++) {
		ssize_t n = recv(s[2], got, sizeof(got), MSG_DONTWAIT);

		printf("got %.*s\n", n < 0 ? 0 : (int)n, got);
	}
	for (int i = 0; i < 4; i++)
		close(s[i]);
}

int main(int argc, char **argv)
{
	dir = argc > 1 ? argv[1] : ".";
	with_sockets(direct);
#ifdef SYS_socketcall
	with_sockets(in_memory);
#endif
	return 0;
}
