// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Only the set-uid programs newuidmap(1) and newgidmap(1) may map more than one id for
 * an ordinary user; they check /etc/subuid and /etc/subgid themselves.
 */
#include "core/replay/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"

bool idmap_parse(const char *text, const char *name, unsigned id, struct idmap_range *ret)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	while (text && *text) {
		const char *colon = strchr(text, ':'), *end = strchr(text, '\n');
		size_t len = colon ? (size_t)(colon - text) : 0;
		unsigned long long first, count;

		if (len && (!end || colon < end) &&
		    ((name && strlen(name) == len && !memcmp(text, name, len)) ||
		     (strlen(number) == len && !memcmp(text, number, len))) &&
		    sscanf(colon + 1, "%llu:%llu", &first, &count) == 2 && count > 0) {
			*ret = (struct idmap_range){ first, count };
			return true;
		}
		text = end ? end + 1 : NULL;
	}
	return false;
}

static bool read_grant(const char *path, const char *name, unsigned id, struct idmap_range *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return io_read_file(AT_FDCWD, path, 1 << 20, &text, NULL) == 0 &&
	       idmap_parse(buf_str(&text), name, id, ret);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");

	for (const char *at = path ? path : "/usr/bin:/bin";; at++) {
		_cleanup_buf_ struct buf full = BUF_INIT;
		size_t len = strcspn(at, ":");

		buf_add(&full, at, len);
		buf_addf(&full, "/%s", program);
		if (len && access(buf_str(&full), X_OK) == 0)
			return true;
		at += len;
		if (!*at)
			return false;
	}
}

bool idmap_granted(struct idmap_grant *ret)
{
	uid_t uid = geteuid();
	const struct passwd *user = getpwuid(uid);
	const char *name = user ? user->pw_name : NULL;

	return read_grant("/etc/subuid", name, uid, &ret->uids) &&
	       read_grant("/etc/subgid", name, uid, &ret->gids) && in_path("newuidmap") &&
	       in_path("newgidmap");
}

void idmap_format(struct buf *to, uint64_t inside, uint64_t ours, const struct idmap_range *granted)
{
	uint64_t below = MIN(inside, granted->count);

	buf_addf(to, "%" PRIu64 " %" PRIu64 " 1", inside, ours);
	if (below)
		buf_addf(to, " 0 %" PRIu64 " %" PRIu64, granted->first, below);
	if (granted->count > below)
		buf_addf(to, " %" PRIu64 " %" PRIu64 " %" PRIu64, inside + 1, granted->first + below,
			 granted->count - below);
}

/* newuidmap PID inside outside count … */
static int run_tool(const char *tool, pid_t pid, char *map)
{
	char number[16], *words[16] = { (char *)tool, number }, *at = NULL;
	int status, n = 2;
	pid_t child;

	snprintf(number, sizeof(number), "%d", (int)pid);
	for (char *w = strtok_r(map, " ", &at); w && n < 15; w = strtok_r(NULL, " ", &at))
		words[n++] = w;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		execvp(tool, words);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -EPERM;
}

/* From outside of the namespace, once its process says that it is in it. */
static void write_maps(pid_t pid, int go, char *uids, char *gids)
{
	char c;

	if (read(go, &c, 1) != 1)
		_exit(1);
	_exit(run_tool("newuidmap", pid, uids) < 0 || run_tool("newgidmap", pid, gids) < 0);
}

static int write_self(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

/* What is always allowed: ourselves. */
static int map_self(uid_t uid, uid_t our_uid, gid_t gid, gid_t our_gid, struct err *e)
{
	char uids[64], gids[64];
	int r;

	snprintf(uids, sizeof(uids), "%u %u 1", uid, our_uid);
	snprintf(gids, sizeof(gids), "%u %u 1", gid, our_gid);
	write_self("/proc/self/setgroups", "deny");
	r = write_self("/proc/self/uid_map", uids);
	if (r == 0 || r == -EPERM)	/* newuidmap may have come that far */
		r = write_self("/proc/self/gid_map", gids);
	return r < 0 ? err_set(e, r, "map ids") : 0;
}

int idmap_enter(const struct idmap_grant *grant, uid_t uid, gid_t gid, struct err *e)
{
	_cleanup_buf_ struct buf uids = BUF_INIT, gids = BUF_INIT;
	_cleanup_close_ int go = -1, wait = -1;
	uid_t our_uid = geteuid();
	gid_t our_gid = getegid();
	int status = 1, pair[2];
	pid_t helper, self = getpid();

	idmap_format(&uids, uid, our_uid, &grant->uids);
	idmap_format(&gids, gid, our_gid, &grant->gids);
	if (uids.failed || gids.failed || pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, -ENOMEM, "map ids");
	wait = pair[0];
	go = pair[1];
	helper = fork();
	if (helper < 0)
		return err_set(e, -errno, "map ids");
	if (helper == 0) {
		close(go);
		write_maps(self, wait, uids.data, gids.data);
	}
	if (unshare(CLONE_NEWUSER) < 0) {
		err_set(e, -errno, "make a user namespace");
		close(steal_fd(&go));
		waitpid(helper, NULL, 0);
		return e ? e->code : -EPERM;
	}
	if (write(go, "", 1) != 1)
		close(steal_fd(&go));
	waitpid(helper, &status, 0);
	if (status == 0)
		return 1;
	return map_self(uid, our_uid, gid, our_gid, e);
}

struct outcome {
	int result;
	bool refused;		/* there is no user namespace for us */
	struct err err;
};

static void within(int (*f)(void *arg, struct err *e), void *arg, int to)
{
	struct outcome out = { .result = -EPERM, .refused = true };
	uid_t uid = geteuid();
	gid_t gid = getegid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) < 0)
		out.result = err_set(&out.err, -errno, "make a user namespace");
	else if (map_self(uid, uid, gid, gid, &out.err) < 0)
		out.result = out.err.code;
	else {
		out.refused = false;
		out.result = f(arg, &out.err);
	}
	_exit(io_write_all(to, &out, sizeof(out)) < 0);
}

/* CAP_DAC_OVERRIDE, over all files or (in granted ranges) all that are ours. */
static bool passes_permissions(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 &&
	       data[0].effective & (1u << CAP_DAC_OVERRIDE);
}

static int within_child(int (*f)(void *arg, struct err *e), void *arg, struct outcome *ret, struct err *e)
{
	int pair[2];
	pid_t child;
	ssize_t n;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, -errno, "make a pipe");
	child = fork();
	if (child == 0)
		within(f, arg, pair[1]);
	close(pair[1]);
	n = child < 0 ? -errno : io_read_full(pair[0], ret, sizeof(*ret));
	close(pair[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(*ret))
		return err_set(e, n < 0 ? (int)n : -ECHILD, "have our own files");
	if (ret->result < 0 && e)
		*e = ret->err;
	return 0;
}

int idmap_within(int (*f)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct outcome out;
	int r;

	if (passes_permissions())
		return f(arg, e);
	r = within_child(f, arg, &out, e);
	if (r < 0)
		return r;
	return out.refused ? f(arg, e) : out.result;
}

static int nothing(void *unused, struct err *e)
{
	(void)unused;
	(void)e;
	return 0;
}

int idmap_works(struct err *e)
{
	struct outcome out;
	int r = within_child(nothing, NULL, &out, e);

	return r < 0 ? r : out.result;
}

bool idmap_may_become(uid_t uid, gid_t gid)
{
	int status = 1;
	pid_t child = fork();

	if (child == 0)
		_exit(setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}
