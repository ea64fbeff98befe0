// SPDX-License-Identifier: GPL-2.0-or-later
/* The process half of a plan: limits, ids, descriptors, signals. */
#include "core/replay/ns.h"
#include "core/replay/ns_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

static int loopback(struct err *e)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_set(e, -errno, "start the loopback interface");
	return 0;
}

static rlim_t limit_of(uint64_t v)
{
	return v == UINT64_MAX || v > (rlim_t)-1 ? RLIM_INFINITY : (rlim_t)v;
}

/* A hard limit of ours below the recorded one cannot be raised: come as close as we may. */
static void set_limit(const struct plan_op *op)
{
	struct rlimit want = { limit_of(op->soft), limit_of(op->hard) }, now;

	if (setrlimit(op->number, &want) == 0 || getrlimit(op->number, &now) < 0)
		return;
	want.rlim_max = MIN(want.rlim_max, now.rlim_max);
	want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
	setrlimit(op->number, &want);
	if (limit_of(op->soft) > want.rlim_cur)
		log_info("limit %lld is lower here than it was in the recording", op->number);
}

static int set_ids(const struct plan_op *op, struct err *e)
{
	if (setresgid(op->gid, op->gid, op->gid) < 0 || setresuid(op->uid, op->uid, op->uid) < 0)
		return err_set(e, -errno, "become %u:%u", op->uid, op->gid);
	return 0;
}

static void set_groups(const struct plan_op *op)
{
	_cleanup_free_ gid_t *groups = calloc(op->n_ids + 1, sizeof(*groups));

	for (size_t i = 0; groups && i < op->n_ids; i++)
		groups[i] = op->ids[i];
	if (!groups || setgroups(op->n_ids, groups) < 0)
		log_info("the recorded supplementary groups cannot be had here");
}

static int open_fd(const struct plan_op *op, struct err *e)
{
	_cleanup_close_ int fd = open(op->guest, op->oflags | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set(e, -errno, "open %s as descriptor %lld", op->guest, op->number);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, op->offset, SEEK_SET) < 0)
		return err_set(e, -errno, "seek in %s", op->guest);
	if (fd == (int)op->number) {
		if (fcntl(fd, F_SETFD, 0) < 0)
			return err_set(e, -errno, "keep descriptor %lld", op->number);
		steal_fd(&fd);
		return 0;
	}
	if (dup3(fd, (int)op->number, 0) < 0)
		return err_set(e, -errno, "open descriptor %lld", op->number);
	return 0;
}

static bool kept(const struct plan_op *op, int fd)
{
	for (size_t i = 0; i < op->n_ids; i++)
		if (op->ids[i] == (unsigned)fd)
			return true;
	return false;
}

/* Without /proc what is left open stays open: harmless, only not as recorded. */
static void close_others(struct ns_state *s, const struct plan_op *op)
{
	_cleanup_closedir_ DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		int fd = atoi(entry->d_name);

		if (fd <= 2 || fd == dirfd(d) || fd == s->channel || kept(op, fd))
			continue;
		if (s->shared)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
}

/*
 * All signals as at the start of a login, but those that were ignored in the recording;
 * and SIGHUP stays ignored for who said nohup.
 */
static void set_signals(struct ns_state *s, unsigned long long ignored)
{
	struct sigaction now;

	for (int sig = 1; sig < NSIG; sig++) {
		bool ignore = sig <= 32 && ignored >> (sig - 1) & 1;

		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		if (sig == SIGHUP && sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			ignore = true;
		signal(sig, ignore ? SIG_IGN : SIG_DFL);
	}
	if (s->mask)
		sigprocmask(SIG_SETMASK, s->mask, NULL);
}

int ns_limit(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	switch (op->kind) {
	case PLAN_LOOPBACK: return loopback(e);
	case PLAN_HOSTNAME:
		if (sethostname(op->text, strlen(op->text)) < 0)
			return err_set(e, -errno, "set the host name");
		return 0;
	case PLAN_RLIMIT: set_limit(op); return 0;
	case PLAN_UMASK: umask((mode_t)op->number); return 0;
	case PLAN_GROUPS: set_groups(op); return 0;
	case PLAN_IDS: return set_ids(op, e);
	case PLAN_CHDIR:
		if (chdir(op->guest) < 0 &&
		    !(op->flags & PLAN_BIND_OPTIONAL && chdir("/") == 0))
			return err_set(e, -errno, "enter the working directory %s", op->guest);
		return 0;
	case PLAN_FD: return open_fd(op, e);
	case PLAN_CLOSE_OTHERS: close_others(s, op); return 0;
	case PLAN_IGNORE: set_signals(s, (unsigned long long)op->number); return 0;
	default: return err_set(e, -EINVAL, "carry out step %d", op->kind);
	}
}

/*
 * Root that is seen as somebody else was not kept out of anything. What execve(2) gives uid 0
 * is limited by the bounding set.
 */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	syscall(SYS_capset, &header, none);
}

int ns_settle(const struct plan *p, const sigset_t *mask, struct err *e)
{
	struct ns_state s = { .plan = p, .channel = -1, .mask = mask, .old = -1, .root = -1, .shared = true };
	bool inside = false, drop = false;
	int r = 0;

	for (size_t i = 0; i < p->n && r == 0; i++) {
		drop |= p->ops[i].kind == PLAN_MAP_ONE && p->ops[i].uid != 0 && geteuid() == 0;
		if (inside && p->ops[i].kind != PLAN_EXEC && p->ops[i].kind != PLAN_GUARD)
			r = ns_limit(&s, &p->ops[i], e);
		inside |= p->ops[i].kind == PLAN_DETACH;
	}
	if (drop && r == 0)
		drop_capabilities();
	return r;
}
