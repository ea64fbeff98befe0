// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * deny WHAT[,WHAT…] [--errno=NAME] -- COMMAND…
 *
 * Runs COMMAND on a kernel that seems to lack something: the calls named answer
 * ENOSYS, or the error given. WHAT is a call, or one of
 *
 *   userns        unshare and clone with CLONE_NEWUSER; clone3 is not there
 *   namespaces    unshare and setns, clone with any namespace; clone3 is not there
 *   mounts        mount and its kin, pivot_root, chroot
 *   seccomp       filters, by seccomp(2) and by prctl(2)
 *   syscall-info  PTRACE_GET_SYSCALL_INFO
 *   overlay       mounts of overlay file systems (ENODEV); by a supervisor, for a filter
 *                 can't read names
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"

#define GET_SYSCALL_INFO 0x420e

static const struct {
	const char *name;
	int value;
} errors[] = {
	{ "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EACCES", EACCES }, { "EINVAL", EINVAL },
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EOPNOTSUPP", EOPNOTSUPP },
};

static struct sock_filter code[512];
static unsigned short len;
static int error = ENOSYS;
static int overlay;

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "deny: %s: %s\n", what, strerror(errno));
	_exit(124);
}

static void put(uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (len == sizeof(code) / sizeof(code[0])) {
		errno = E2BIG;
		die("too much to deny");
	}
	code[len++] = (struct sock_filter)BPF_JUMP(op, k, yes, no);
}

static void load(size_t offset)
{
	put(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The call's low word of argument @arg has one of the bits in @mask: @action. */
static void if_any_bit(int64_t nr, int arg, uint32_t mask, uint32_t action)
{
	if (nr < 0)
		return;
	load(offsetof(struct seccomp_data, nr));
	put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 3);
	load(offsetof(struct seccomp_data, args) + 8 * (size_t)arg);
	put(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
	put(BPF_RET | BPF_K, action, 0, 0);
}

/* The call's low word of argument @arg, masked, is @value: @action. */
static void if_arg(int64_t nr, int arg, uint32_t mask, uint32_t value, uint32_t action)
{
	if (nr < 0)
		return;
	load(offsetof(struct seccomp_data, nr));
	put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
	load(offsetof(struct seccomp_data, args) + 8 * (size_t)arg);
	put(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	put(BPF_RET | BPF_K, action, 0, 0);
}

static void if_call(int64_t nr, uint32_t action)
{
	if (nr < 0)
		return;
	load(offsetof(struct seccomp_data, nr));
	put(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	put(BPF_RET | BPF_K, action, 0, 0);
}

static void deny_userns(const struct abi *abi, uint32_t action)
{
	if_arg(abi_number(abi, SYSCALL_unshare), 0, CLONE_NEWUSER, CLONE_NEWUSER, action);
	if_arg(abi_number(abi, SYSCALL_clone), 0, CLONE_NEWUSER, CLONE_NEWUSER, action);
	if_call(abi_number(abi, SYSCALL_clone3), SECCOMP_RET_ERRNO | ENOSYS);
}

static void deny_namespaces(const struct abi *abi, uint32_t action)
{
	uint32_t all = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
		       CLONE_NEWNET | CLONE_NEWCGROUP;

	if_call(abi_number(abi, SYSCALL_unshare), action);
	if_call(abi_number(abi, SYSCALL_setns), action);
	if_any_bit(abi_number(abi, SYSCALL_clone), 0, all, action);
	if_call(abi_number(abi, SYSCALL_clone3), SECCOMP_RET_ERRNO | ENOSYS);
}

static void deny_mounts(const struct abi *abi, uint32_t action)
{
	static const enum syscall_id calls[] = {
		SYSCALL_mount, SYSCALL_umount, SYSCALL_umount2, SYSCALL_pivot_root, SYSCALL_chroot,
		SYSCALL_open_tree, SYSCALL_open_tree_attr, SYSCALL_move_mount, SYSCALL_fsopen,
		SYSCALL_fspick, SYSCALL_fsmount, SYSCALL_mount_setattr,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if_call(abi_number(abi, calls[i]), action);
}

static void deny_one(const struct abi *abi, const char *what)
{
	uint32_t action = SECCOMP_RET_ERRNO | (uint32_t)error;

	if (!strcmp(what, "userns")) {
		deny_userns(abi, action);
	} else if (!strcmp(what, "namespaces")) {
		deny_namespaces(abi, action);
	} else if (!strcmp(what, "mounts")) {
		deny_mounts(abi, action);
	} else if (!strcmp(what, "seccomp")) {
		if_call(abi_number(abi, SYSCALL_seccomp), action);
		if_arg(abi_number(abi, SYSCALL_prctl), 0, UINT32_MAX, PR_SET_SECCOMP, action);
	} else if (!strcmp(what, "syscall-info")) {
		if_arg(abi_number(abi, SYSCALL_ptrace), 0, UINT32_MAX, GET_SYSCALL_INFO, action);
	} else if (!strcmp(what, "overlay")) {
		overlay = 1;
		if_call(abi_number(abi, SYSCALL_mount), SECCOMP_RET_USER_NOTIF);
		if_call(abi_number(abi, SYSCALL_fsopen), SECCOMP_RET_USER_NOTIF);
	} else if (syscall_find(what) != SYSCALL_NONE) {
		if_call(abi_number(abi, syscall_find(what)), action);
	} else {
		errno = EINVAL;
		die(what);
	}
}

/* For each ABI that runs here: what its calls of these names answer. */
static void compose(const char *list)
{
	for (const struct abi *const *abi = abi_all; *abi; abi++) {
		char *words = strdup(list), *rest = words, *word;
		unsigned short at = len;

		load(offsetof(struct seccomp_data, arch));
		put(BPF_JMP | BPF_JEQ | BPF_K, (*abi)->audit_arch, 1, 0);
		put(BPF_JMP | BPF_JA, 0, 0, 0);
		if ((*abi)->nr_flag || !words) {
			len = at;	/* x32 says it is x86_64 */
			continue;
		}
		while ((word = strsep(&rest, ",")))
			deny_one(*abi, word);
		code[at + 2].k = (uint32_t)(len - at - 3);
		free(words);
	}
	put(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static int install(void)
{
	struct sock_fprog prog = { .len = len, .filter = code };
	unsigned flags = overlay ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

	if (fd < 0 && errno == EACCES) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	}
	if (fd < 0)
		die("install the filter");
	return fd;
}

/* --- the supervisor, for names ----------------------------------------------------------- */

static int is_overlay(const struct seccomp_notif *n)
{
	const struct abi *abi = abi_find_by_audit(n->data.arch, (uint64_t)n->data.nr);
	char path[64], name[16] = { 0 };
	bool is_mount = abi && abi_syscall(abi, (uint64_t)n->data.nr) == SYSCALL_mount;
	uint64_t at = n->data.args[is_mount ? 2 : 0];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)n->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, name, sizeof(name) - 1, (off_t)at) < 0)
		name[0] = 0;
	close(fd);
	return !strcmp(name, "overlay");
}

static void supervise(int listener)
{
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif *n;
	struct seccomp_notif_resp *answer;
	struct pollfd p = { .fd = listener, .events = POLLIN };

	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	n = calloc(1, sizes.seccomp_notif + 64u);
	answer = calloc(1, sizes.seccomp_notif_resp + 64u);
	if (!n || !answer)
		die("supervise");
	while (poll(&p, 1, -1) >= 0 && !(p.revents & POLLHUP)) {
		memset(n, 0, sizes.seccomp_notif);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n) < 0)
			continue;
		memset(answer, 0, sizes.seccomp_notif_resp);
		answer->id = n->id;
		if (is_overlay(n))
			answer->error = -ENODEV;
		else
			answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer);
	}
}

static void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec byte = { .iov_base = (void *)(uintptr_t)"f", .iov_len = 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(socket, &m, 0) != 1)
		die("hand over the listener");
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec to = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &to, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	int fd;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
		die("take the listener");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* The supervisor is a child of the command, so that the command's status needs no handing on. */
static void supervised(void)
{
	int pair[2], listener;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (fork())
			_exit(0);	/* nobody's child: the command's wait() must not find it */
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		supervise(receive_fd(pair[1]));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	listener = install();
	send_fd(pair[0], listener);
	close(listener);
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	int at = 2;

	for (; at < argc && !strncmp(argv[at], "--errno=", 8); at++) {
		error = 0;
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
			if (!strcmp(argv[at] + 8, errors[i].name))
				error = errors[i].value;
	}
	if (at + 1 >= argc || strcmp(argv[at], "--") || !error) {
		fprintf(stderr, "deny WHAT[,WHAT...] [--errno=NAME] -- COMMAND...\n");
		return 124;
	}
	compose(argv[1]);
	if (overlay)
		supervised();
	else
		install();
	execvp(argv[at + 1], argv + at + 1);
	die(argv[at + 1]);
}
