// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child is born in its namespaces (clone, not unshare, so that the init of a pid
 * namespace is our own child too) and reports over a socket: ready, refused, the
 * command's status, or why it could not be executed. The socket closes on exec.
 */
#include "core/replay/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/replay/ns_child.h"
#include "core/replay/plan.h"
#include "core/replay/watch.h"
#include "emul/guard/guard.h"

/* Our own descriptors, out of the way of those that the recording names. */
#define HIGH_FD 200

enum message_kind {
	KEEP,		/* a descriptor to stay open */
	READY,		/* the namespaces stand; carries the watch, if there is one */
	GUARDED,	/* PLAN_GUARD: carries the listener and the root, or err */
	REFUSED,	/* they cannot be had: err */
	FAILED,		/* another step: err */
	NOT_EXECUTED,	/* the last one: err */
	STATUS,		/* of the command, from the init of its pid namespace */
};

struct message {
	enum message_kind kind;
	int status;
	struct err err;
};

static int send_message(int channel, const struct message *m, const int *fds, int n)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(2 * sizeof(int))]; } control = { 0 };
	struct iovec part = { (void *)m, sizeof(*m) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	}
	return sendmsg(channel, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* 1, 0 at the end of file, or −errno. Up to @n descriptors. */
static int receive_message(int channel, struct message *m, int *ret_fds, int n)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(2 * sizeof(int))]; } control = { 0 };
	struct iovec part = { m, sizeof(*m) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t got;

	do
		got = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len <= CMSG_LEN(n * sizeof(int)))
		memcpy(ret_fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return got == sizeof(*m);
}

static void fail(int channel, enum message_kind kind, const struct err *e)
{
	struct message m = { .kind = kind, .err = *e };

	send_message(channel, &m, NULL, 0);
	_exit(125);
}

/* The directories' watch numbers are many: they go in a file of memory. */
static int start_watch(const struct ns_start *how, int *ret_fds, struct err *e)
{
	size_t n = watch_dirs(how->watch);
	_cleanup_free_ int *numbers = calloc(n, sizeof(*numbers));
	_cleanup_close_ int inotify = -1, file = memfd_create("watch", MFD_CLOEXEC);
	int r;

	if (!numbers || file < 0)
		return err_set(e, -ENOMEM, "watch files without content");
	inotify = watch_start(how->watch, numbers, e);
	if (inotify < 0)
		return inotify;
	r = io_write_all(file, numbers, n * sizeof(*numbers));
	if (r < 0)
		return err_set(e, r, "watch files without content");
	ret_fds[0] = steal_fd(&inotify);
	ret_fds[1] = steal_fd(&file);
	return 0;
}

static void report_ready(const struct ns_start *how, int channel)
{
	struct message ready = { .kind = READY };
	struct err e;
	int fds[2] = { -1, -1 }, n = 0;

	if (how->watch && !how->probe) {
		if (start_watch(how, fds, &e) < 0)
			log_warn("%s", e.text);
		else
			n = 2;
	}
	send_message(channel, &ready, fds, n);
	if (n) {
		close(fds[0]);
		close(fds[1]);
	}
}

/* The init of a pid namespace: reaps all, remembers one, and ends when it is alone. */
static void be_init(int channel, pid_t command)
{
	struct message m = { .kind = STATUS };
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == command)
			m.status = status;
	send_message(channel, &m, NULL, 0);
	_exit(0);
}

static pid_t init_target;

static void pass_on(int sig)
{
	int err = errno;

	if (init_target > 0)
		kill(init_target, sig);
	errno = err;
}

/* An init gets only the signals it handles: hand on what a user sends to the command. */
static void fork_init(struct ns_state *s)
{
	static const int handed[] = { SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT };
	struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	struct err e = { 0 };

	init_target = fork();
	if (init_target == 0)
		return;
	if (init_target < 0) {
		err_set(&e, -errno, "fork");
		fail(s->channel, FAILED, &e);
	}
	for (size_t i = 0; i < ARRAY_SIZE(handed); i++)
		sigaction(handed[i], &action, NULL);
	if (s->mask)
		sigprocmask(SIG_SETMASK, s->mask, NULL);
	be_init(s->channel, init_target);
}

/* Before descriptors that the recording names take the numbers of these. */
static int give_stdio(const int *stdio, struct err *e)
{
	for (int i = 0; stdio && i < 3; i++)
		if (stdio[i] >= 0 && stdio[i] != i && dup3(stdio[i], i, 0) < 0)
			return err_set(e, -errno, "hand over descriptor %d", i);
	return 0;
}

static int write_text(int dir, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_write_all(fd, text, strlen(text));
}

/* @proc: of procfs. */
static int map_one(int proc, const struct plan_op *op, struct err *e)
{
	char uids[64], gids[64];
	int r;

	/* geteuid() would not do: inside we are unknown until this is written. */
	snprintf(uids, sizeof(uids), "%u %u 1", op->uid, op->our_uid);
	snprintf(gids, sizeof(gids), "%u %u 1", op->gid, op->our_gid);
	r = write_text(proc, "self/setgroups", "deny");
	if (r < 0 && r != -ENOENT)	/* since 3.19 */
		return err_set(e, r, "write /proc/self/setgroups");
	r = write_text(proc, "self/uid_map", uids);
	if (r == 0)
		r = write_text(proc, "self/gid_map", gids);
	return r < 0 ? err_set(e, r, "map ids") : 0;
}

static int map_first(const struct plan_op *op, struct err *e)
{
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? err_set(e, -errno, "open /proc") : map_one(proc, op, e);
}

static int remap(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	int r = unshare(CLONE_NEWUSER) < 0 ? err_set(e, -errno, "make one more user namespace") :
					     map_one(s->proc, op, e);

	close(steal_fd(&s->proc));
	return r;
}

/* The tree stands: this decides that the replay can be had. */
static void be_ready(struct ns_state *s, const struct ns_start *how)
{
	const struct message keep = { .kind = KEEP };
	struct err e;

	if (s->keep >= 0) {
		send_message(s->channel, &keep, &s->keep, 1);
		close(steal_fd(&s->keep));
	}
	report_ready(how, s->channel);
	if (how->probe)
		_exit(0);
	/* From here on nothing of ours is to be said where the command writes. */
	if (give_stdio(how->stdio, &e) < 0)
		fail(s->channel, FAILED, &e);
}

/* Without a listener the command runs all the same, and its status tells. */
static int ask_guard(const struct ns_state *s, struct err *e)
{
	struct message m = { .kind = GUARDED };
	_cleanup_close_ int listener = -1, root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fds[2], n = 0;

	if (root < 0)
		return err_set(e, -errno, "open the root");
	listener = guard_install(&m.err);
	if (listener >= 0)
		n = 2;
	fds[0] = listener;
	fds[1] = root;
	return send_message(s->channel, &m, fds, n) < 0 ? err_set(e, -EPIPE, "hand over a listener") : 0;
}

static int carry_out_one(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	switch (op->kind) {
	case PLAN_NAMESPACES:	/* we were born in them */
	case PLAN_EXEC:
		return 0;
	case PLAN_MAP_ONE:
		return map_first(op, e);
	case PLAN_REMAP:
		return remap(s, op, e);
	case PLAN_GUARD:
		return ask_guard(s, e);
	default:
		return op->kind <= PLAN_DETACH ? ns_mount(s, op, e) : ns_limit(s, op, e);
	}
}

static void carry_out(struct ns_state *s, const struct ns_start *how)
{
	const struct plan *p = how->plan;
	enum message_kind kind = REFUSED;
	size_t last = 0;	/* that the machine may refuse */
	struct err e = { 0 };

	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == PLAN_DETACH || p->ops[i].kind == PLAN_REMAP)
			last = i;
	for (size_t i = 0; i < p->n; i++) {
		if (carry_out_one(s, &p->ops[i], &e) < 0)
			fail(s->channel, kind, &e);
		if (i == last) {
			be_ready(s, how);
			kind = FAILED;
		}
	}
}

/* Ends as the command did; returns only if that was not executed. */
static void be_run(const struct ns_start *how, struct err *e)
{
	int status = 0;

	if (how->runner->run(how->runner, how->plan->argv, how->plan->env, &status, e) < 0)
		return;
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* The last operation, after which nothing of ours is left. */
static void execute(struct ns_state *s, const struct ns_start *how)
{
	const struct plan_op *last = &how->plan->ops[how->plan->n - 1];
	struct err e = { 0 };

	/* Again: a change of ids took it back. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (s->mask)
		sigprocmask(SIG_SETMASK, s->mask, NULL);
	if (how->runner)
		be_run(how, &e);
	else
		ns_exec(how->plan, last->guest, &e);
	fail(s->channel, NOT_EXECUTED, &e);
}

static void child(const struct ns_start *how, int channel)
{
	struct ns_state s = { .plan = how->plan, .channel = channel, .mask = how->mask, .old = -1,
			      .root = -1, .keep = -1, .proc = -1 };

	/* If care is killed, nothing may live on in a tree that nobody removes. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	carry_out(&s, how);
	if (how->plan->ops[0].flags & PLAN_NS_PID)
		fork_init(&s);
	execute(&s, how);
}

static unsigned long clone_flags(unsigned flags)
{
	static const struct { unsigned ns; unsigned long clone; } map[] = {
		{ PLAN_NS_USER, CLONE_NEWUSER }, { PLAN_NS_MOUNT, CLONE_NEWNS },
		{ PLAN_NS_PID, CLONE_NEWPID },	 { PLAN_NS_IPC, CLONE_NEWIPC },
		{ PLAN_NS_NET, CLONE_NEWNET },	 { PLAN_NS_UTS, CLONE_NEWUTS },
	};
	unsigned long result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (flags & map[i].ns)
			result |= map[i].clone;
	return result;
}

int ns_in_child(const struct plan *plan, int keeper, struct err *e)
{
	const struct message keep = { .kind = KEEP };
	struct ns_state s = { .plan = plan, .channel = -1, .old = -1, .root = -1, .keep = -1, .proc = -1 };
	unsigned flags = plan->ops[0].flags;
	int r = 0;

	if (flags & PLAN_NS_PID)
		return err_set(e, -EOPNOTSUPP, "a pid namespace needs a process that is born there");
	if (unshare((int)clone_flags(flags)) < 0)
		return err_set(e, -errno, "make namespaces");
	for (size_t i = 0; i < plan->n && r >= 0; i++)
		r = carry_out_one(&s, &plan->ops[i], e);
	if (r == 0 && s.keep >= 0 && send_message(keeper, &keep, &s.keep, 1) < 0)
		r = err_set(e, -errno, "keep a mount");
	return r;
}

/* Above every descriptor that the plan opens for the command. */
static int raise_fd(int fd, const struct plan *p)
{
	int least = HIGH_FD, high;

	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == PLAN_FD && p->ops[i].number >= least)
			least = (int)p->ops[i].number + 1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, least);
	if (high < 0)
		return fd;	/* a tight RLIMIT_NOFILE: then it stays where it is */
	close(fd);
	return high;
}

/* It failed, and ends. */
static void drop(struct ns_child *c)
{
	waitpid(c->pid, NULL, 0);
	close(c->channel);
	if (c->inotify >= 0)
		close(c->inotify);
	if (c->keep >= 0)
		close(c->keep);
}

static int wait_ready(struct ns_child *c, const struct ns_start *how, bool *ret_refused, struct err *e)
{
	struct message m = { .kind = REFUSED };
	int fds[2] = { -1, -1 };
	int r = receive_message(c->channel, &m, fds, 2);

	if (r == 1 && m.kind == KEEP) {
		c->keep = fds[0];
		fds[0] = -1;
		r = receive_message(c->channel, &m, fds, 2);
	}
	if (r == 1 && m.kind == READY) {
		c->inotify = fds[0];
		if (fds[1] >= 0) {
			watch_numbers(how->watch, fds[1]);
			close(fds[1]);
		}
		return 0;
	}
	drop(c);
	*ret_refused = r != 1 || m.kind == REFUSED;
	if (r != 1)
		return err_set(e, -ECHILD, "prepare the replay");
	if (e)
		*e = m.err;
	return m.err.code;
}

static bool is_guarded(const struct ns_start *how)
{
	for (size_t i = 0; i < how->plan->n && !how->probe; i++)
		if (how->plan->ops[i].kind == PLAN_GUARD)
			return true;
	return false;
}

static int wait_guarded(struct ns_child *c, struct err *e)
{
	struct message m = { .kind = FAILED };
	int fds[2] = { -1, -1 };
	int r = receive_message(c->channel, &m, fds, 2);

	if (r == 1 && m.kind == GUARDED) {
		c->listener = fds[0];
		c->root = fds[1];
		if (fds[0] < 0)
			log_warn("%s; opening a file without content succeeds, only the status tells",
				 m.err.text);
		return 0;
	}
	drop(c);
	if (r != 1)
		return err_set(e, -ECHILD, "prepare the replay");
	if (e)
		*e = m.err;
	return m.err.code;
}

static pid_t start_child(const struct ns_start *how, int channel)
{
	unsigned long flags = clone_flags(how->plan->ops[0].flags);
	/* A plain fork otherwise; the first two arguments change places on some machines. */
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		child(how, channel);
	return pid;
}

int ns_start(struct ns_child *ret, const struct ns_start *how, bool *ret_refused, struct err *e)
{
	struct ns_child c = { .inotify = -1, .listener = -1, .root = -1, .keep = -1 };
	int pair[2], theirs, r;

	*ret_refused = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "make a socket");
	c.channel = pair[0];
	c.init = how->plan->ops[0].flags & PLAN_NS_PID;
	theirs = raise_fd(pair[1], how->plan);
	c.pid = start_child(how, theirs);
	r = -errno;
	close(theirs);
	if (c.pid < 0) {
		close(c.channel);
		*ret_refused = true;
		return err_set(e, r, "make namespaces");
	}
	r = wait_ready(&c, how, ret_refused, e);
	if (r == 0 && is_guarded(how))
		r = wait_guarded(&c, e);
	if (r == 0)
		*ret = c;
	return r;
}

int ns_end(struct ns_child *child, int status, int *ret_status, struct err *e)
{
	struct message m;
	int r = 0, fds[2];

	*ret_status = status;
	while (receive_message(child->channel, &m, fds, 2) == 1) {
		if (m.kind == STATUS) {
			*ret_status = m.status;
		} else if (m.kind == FAILED || m.kind == NOT_EXECUTED) {
			child->not_executed = m.kind == NOT_EXECUTED;
			*e = m.err;
			r = m.err.code;
		}
	}
	close(child->channel);
	child->channel = -1;
	if (child->keep >= 0)
		close(steal_fd(&child->keep));
	return r;
}
