// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * become STEP…: changes who it is and tells what came of it. Steps: show, caps, peer, secure,
 * setuid=N, seteuid=N, setresuid=N, setgid=N, setgroups=N[,M], keepcaps, nonewprivs, mknod=NAME,
 * chown=NAME, bind=NAME (a socket), audit, xattr=NAME (sets one), hasxattr=NAME, exec=PROGRAM (with the steps that follow).
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static void show(void)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg, groups[64];
	int n = getgroups(64, groups);

	getresuid(&ru, &eu, &su);
	getresgid(&rg, &eg, &sg);
	printf("%u %u %u, %u %u %u, groups", ru, eu, su, rg, eg, sg);
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf("\n");
}

static void caps(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	syscall(SYS_capget, &header, d);
	printf("chown %d, setuid %d, permitted %d\n", !!(d[0].effective & 1), !!(d[0].effective & 1 << 7),
	       !!(d[0].permitted & 1));
}

static void peer(void)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    getsockopt(fds[0], SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		perror("peer");
	else
		printf("peer %u %u\n", cred.uid, cred.gid);
}

static void attribute(const char *path)
{
	char value[64] = "", names[256];
	ssize_t n = getxattr(path, "security.capability", value, sizeof(value)), sum;

	sum = listxattr(path, names, sizeof(names));
	printf("attribute of %zd bytes, list %s\n", n,
	       sum > 0 && memmem(names, sum, "security.capability", 20) ? "with it" : "without");
}

static int bind_socket(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Without the NUL, which the address may lack. */
	memcpy(un.sun_path, name, strlen(name));
	return bind(fd, (struct sockaddr *)&un, offsetof(struct sockaddr_un, sun_path) + (socklen_t)strlen(name));
}

/* As libaudit: a message, and whether it was taken. */
static void audit(void)
{
	struct {
		struct nlmsghdr head;
		char text[64];
	} m = { .head = { .nlmsg_type = AUDIT_USER, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK }, .text = "test" };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	m.head.nlmsg_len = sizeof(m);
	if (fd < 0 && (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT)) {
		printf("no audit\n");
	} else if (fd < 0 || send(fd, &m, sizeof(m), 0) < 0) {
		printf(errno == ECONNREFUSED ? "no audit\n" : "audit: %m\n");
	} else {
		recv(fd, &answer, sizeof(answer), 0);
		errno = -answer.error.error;
		printf(errno == ECONNREFUSED ? "no audit\n" : "audit: %m\n");
	}
}

static const char capability[20] = { 1, 0, 0, 2, 0, 32 };

/* errno, or 0 */
static int change(const char *name, const char *value)
{
	unsigned n = (unsigned)strtoul(value, NULL, 10);
	gid_t groups[2] = { n };
	int many = sscanf(value, "%u,%u", &groups[0], &groups[1]);
	int r = !strcmp(name, "setuid") ? setuid(n) : !strcmp(name, "seteuid") ? seteuid(n) :
		!strcmp(name, "setresuid") ? setresuid(n, n, n) : !strcmp(name, "setgid") ? setgid(n) :
		!strcmp(name, "setgroups") ? setgroups((size_t)many, groups) :
		!strcmp(name, "keepcaps") ? prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) :
		!strcmp(name, "nonewprivs") ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) :
		!strcmp(name, "mknod") ? mknod(value, S_IFCHR | 0600, makedev(1, 3)) :
		!strcmp(name, "chown") ? chown(value, 1, 1) :
		!strcmp(name, "bind") ? bind_socket(value) :
		!strcmp(name, "xattr") ? setxattr(value, "security.capability", capability, 20, 0) : -2;

	if (r == -2) {
		fprintf(stderr, "become: what is %s?\n", name);
		exit(2);
	}
	return r < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value)
			*value++ = '\0';
		if (!strcmp(argv[i], "show")) {
			show();
		} else if (!strcmp(argv[i], "caps")) {
			caps();
		} else if (!strcmp(argv[i], "peer")) {
			peer();
		} else if (!strcmp(argv[i], "audit")) {
			audit();
		} else if (!strcmp(argv[i], "secure")) {
			printf("secure %lu, %lu %lu\n", getauxval(AT_SECURE), getauxval(AT_UID),
			       getauxval(AT_EUID));
		} else if (!strcmp(argv[i], "hasxattr") && value) {
			attribute(value);
		} else if (!strcmp(argv[i], "exec") && value) {
			fflush(stdout);
			argv[i] = value;
			execv(value, argv + i);
			perror(value);
			return 1;
		} else {
			int error = change(argv[i], value ? value : "");

			printf("%s: %s\n", argv[i], error ? strerror(error) : "done");
		}
	}
	return 0;
}
