// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * passfd give SOCKET FILE…   waits at SOCKET (and says so) and gives each FILE, opened, to
 *                            whoever comes
 * passfd take SOCKET N       takes N descriptors there, one by recvmsg(2) and one by
 *                            recvmmsg(2) in turn, and prints what they are open on
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union control {
	char data[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int sock(const char *path, int listens)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (s < 0 || (listens ? bind(s, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(s, 1) < 0 :
				connect(s, (struct sockaddr *)&un, sizeof(un)) < 0))
		die(path);
	return s;
}

static void give(int s, const char *file)
{
	int fd = open(file, O_RDONLY);
	union control control = { { 0 } };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.data,
			    .msg_controllen = sizeof(control.data) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (fd < 0 || sendmsg(s, &m, 0) < 0)
		die(file);
	close(fd);
}

static void take(int s, int many)
{
	union control control = { { 0 } };
	char byte, text[256];
	struct iovec iov = { &byte, 1 };
	struct mmsghdr mm = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.data,
					   .msg_controllen = sizeof(control.data) } };
	struct cmsghdr *c;
	int fd = -1;
	ssize_t n;

	if ((many ? recvmmsg(s, &mm, 1, 0, NULL) : recvmsg(s, &mm.msg_hdr, 0)) < 1)
		die("receive");
	c = CMSG_FIRSTHDR(&mm.msg_hdr);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		die("no descriptor");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	while ((n = read(fd, text, sizeof(text))) > 0)
		if (write(1, text, (size_t)n) != n)
			die("write");
	close(fd);
}

int main(int argc, char **argv)
{
	int s;

	if (argc < 4)
		return 2;
	s = sock(argv[2], argv[1][0] == 'g');
	if (argv[1][0] == 't') {
		for (int i = 0; i < atoi(argv[3]); i++)
			take(s, i % 2);
		return 0;
	}
	puts("ready");
	fflush(stdout);
	s = accept(s, NULL, NULL);
	for (int i = 3; i < argc; i++)
		give(s, argv[i]);
	return s < 0;
}
