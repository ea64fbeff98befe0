// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard resolves a path in the caller's root, from the caller's directory, with what
 * the command may do, and compares what it finds with the files it knows by inode and
 * size: a name that was made anew, or a file that was filled since, is none of them.
 * Nobody is kept from anything by that, so a path that is changed while it is looked at
 * is no danger.
 */
#include "emul/guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/event/call.h"
#include "emul/guard/filter.h"

struct guard_shared {
	atomic_int ready;	/* 1, or −errno of what could not be had */
	atomic_size_t blind;
	atomic_uchar refused[];
};

struct known {
	dev_t dev;
	ino_t ino;
	off_t size;
	blkcnt_t blocks;
	size_t index;
};

struct state {
	const struct guard_want *want;
	struct guard_shared *shared;
	struct known *known;
	size_t n;
	int proc;		/* this machine's /proc, where callers have the numbers we are told */
	struct call call;
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	size_t request_size;
};

/* --- in the command ---------------------------------------------------------------------- */

static int install(const struct sock_fprog *filter, unsigned flags)
{
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);

	return fd < 0 ? -errno : (int)fd;
}

int guard_install(struct err *e)
{
	/*
	 * WAIT_KILLABLE_RECV (5.19): a signal does not make a call that we look at fail
	 * with EINTR; before we have received it it still can, where the program's handler
	 * does not restart calls. SPEC_ALLOW (4.17) leaves speculation as it is.
	 */
	static const unsigned flags[] = {
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
			SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	};
	struct sock_fprog filter;
	int r = guard_filter(&filter);

	if (r < 0)
		return err_set(e, r, "make a filter");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		r = install(&filter, flags[i]);
		/* Without CAP_SYS_ADMIN here only for who gains no privilege by execve. */
		if (r == -EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
			r = install(&filter, flags[i]);
		if (r != -EINVAL)
			break;
	}
	free(filter.filter);
	return r < 0 ? err_set(e, r, "watch over the calls that open files") : r;
}

/* --- the guard --------------------------------------------------------------------------- */

static int by_inode(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev < y->dev ? -1 : x->dev > y->dev;
}

static int learn(struct state *s)
{
	s->known = calloc(s->want->n + 1, sizeof(*s->known));
	if (!s->known)
		return -ENOMEM;
	if (fchdir(s->want->root) < 0 || chroot(".") < 0)
		return -errno;
	for (size_t i = 0; i < s->want->n; i++) {
		struct stat st;

		if (lstat(s->want->paths[i], &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		s->known[s->n++] = (struct known){ st.st_dev, st.st_ino, st.st_size, st.st_blocks, i };
	}
	qsort(s->known, s->n, sizeof(*s->known), by_inode);
	return 0;
}

/* The command's user namespace, where we have all capabilities over what is its. */
static int join(const struct state *s)
{
	char name[64];
	_cleanup_close_ int theirs = -1, ours = openat(s->proc, "self/ns/user", O_RDONLY | O_CLOEXEC);
	struct stat a, b;

	snprintf(name, sizeof(name), "%d/ns/user", (int)s->want->pid);
	theirs = openat(s->proc, name, O_RDONLY | O_CLOEXEC);
	if (ours < 0 && theirs < 0 && errno == ENOENT)
		return 0;	/* a kernel without them */
	if (ours < 0 || theirs < 0 || fstat(ours, &a) < 0 || fstat(theirs, &b) < 0)
		return -errno;
	if (a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return 0;
	return setns(theirs, CLONE_NEWUSER) < 0 ? -errno : 0;
}

/* What the command may not read, we must not find: it gets the kernel's own answer. */
static int drop(const struct guard_want *want)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned kept = 1u << CAP_SYS_PTRACE | 1u << CAP_SYS_CHROOT;

	if (!want->drop)
		return 0;
	if (want->become) {
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		if (setgroups(want->n_groups, want->groups) < 0 ||
		    setresgid(want->gid, want->gid, want->gid) < 0 ||
		    setresuid(want->uid, want->uid, want->uid) < 0)
			return -errno;
	}
	data[0].permitted = data[0].effective = kept;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static ssize_t read_caller(void *state, uint64_t addr, void *to, size_t len)
{
	struct state *s = state;
	struct iovec ours = { to, len }, theirs = { (void *)(uintptr_t)addr, len };
	/* A 32-bit guard has no pointer to where a 64-bit program keeps its stack. */
	bool far = addr != (uintptr_t)addr;
	_cleanup_close_ int fd = -1;
	char name[64];
	ssize_t n = -1;

	if (!far)
		n = syscall(SYS_process_vm_readv, (long)s->request->pid, &ours, 1L, &theirs, 1L, 0L);
	if (n >= 0 || (!far && errno != ENOSYS && errno != EPERM))
		return n < 0 ? -errno : n;
	snprintf(name, sizeof(name), "%u/mem", s->request->pid);
	fd = openat(s->proc, name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, to, len, (off_t)addr);
	return n < 0 ? -errno : n;
}

static int open_theirs(const struct state *s, const char *what, size_t len, int flags)
{
	_cleanup_free_ char *name = NULL;
	int fd = -1;

	if (asprintf(&name, "%u/%.*s", s->request->pid, (int)len, what) >= 0)
		fd = openat(s->proc, name, flags | O_PATH | O_CLOEXEC);
	return fd;
}

static int open_base(const struct state *s, int dirfd)
{
	char name[32];

	if (dirfd == CALL_CWD)
		return open_theirs(s, "cwd", 3, 0);
	snprintf(name, sizeof(name), "fd/%d", dirfd);
	return open_theirs(s, name, strlen(name), 0);
}

/* Names that mean another thing for us than for the caller. */
static int open_own(const struct state *s, const char *text)
{
	static const struct { const char *prefix, *proc; } own[] = {
		{ "/proc/self/", "" }, { "/proc/thread-self/", "" }, { "/dev/fd/", "fd/" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		size_t len = strlen(own[i].prefix);
		_cleanup_free_ char *name = NULL;

		if (strncmp(text, own[i].prefix, len))
			continue;
		if (asprintf(&name, "%s%s", own[i].proc, text + len) < 0)
			return -1;
		return open_theirs(s, name, strlen(name), 0);
	}
	return -1;
}

static int open_walked(int base, const struct call_path *p)
{
	static const struct { unsigned walk; uint64_t resolve; } map[] = {
		{ WALK_NO_SYMLINKS, RESOLVE_NO_SYMLINKS }, { WALK_NO_MAGICLINKS, RESOLVE_NO_MAGICLINKS },
		{ WALK_BENEATH, RESOLVE_BENEATH }, { WALK_IN_ROOT, RESOLVE_IN_ROOT },
		{ WALK_NO_XDEV, RESOLVE_NO_XDEV },
	};
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };

	if (p->walk & WALK_NOFOLLOW)
		how.flags |= O_NOFOLLOW;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (p->walk & map[i].walk)
			how.resolve |= map[i].resolve;
	/* Only for a caller that used it is it known to exist. */
	if (how.resolve)
		return (int)syscall(SYS_openat2, base, buf_str(&p->text), &how, sizeof(how));
	return openat(base, buf_str(&p->text), (int)how.flags);
}

/* What the call would open, or −1. */
static int resolve(const struct state *s, const struct call_path *p)
{
	const char *text = buf_str(&p->text);
	_cleanup_close_ int root = -1, base = -1;
	int fd = open_own(s, text);

	if (fd >= 0)
		return fd;
	root = open_theirs(s, "root", 4, O_DIRECTORY);
	if (root < 0 || fchdir(root) < 0 || chroot(".") < 0)
		return -1;
	if (*text != '/' || p->walk & WALK_IN_ROOT) {
		base = open_base(s, p->dirfd);
		if (base < 0)
			return -1;
		if (!*text)
			return p->walk & WALK_EMPTY ? steal_fd(&base) : -1;
	}
	return open_walked(base, p);
}

static const struct known *find(const struct state *s, int fd)
{
	struct known key, *found;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	key = (struct known){ .dev = st.st_dev, .ino = st.st_ino };
	found = bsearch(&key, s->known, s->n, sizeof(*s->known), by_inode);
	/* Emptied and filled again it is another file. */
	return found && found->size == st.st_size && found->blocks == st.st_blocks ? found : NULL;
}

static bool may(int fd, const struct call *call)
{
	static const int modes[] = { [O_RDONLY] = R_OK, [O_WRONLY] = W_OK, [O_RDWR] = R_OK | W_OK, 0 };
	int mode = call->row->class == SYSCALL_EXEC ? X_OK : modes[call->oflags & O_ACCMODE];

	/* Of what cannot be asked so (before 5.8) the kernel would say EINVAL. */
	return faccessat(fd, "", mode, AT_EACCESS | AT_EMPTY_PATH) == 0 || errno != EACCES;
}

/* Does this call need content that is not there? */
static bool refuses(struct state *s, const struct call *call)
{
	const unsigned harmless = O_PATH | O_TRUNC | O_DIRECTORY;
	const struct known *known;
	_cleanup_close_ int fd = -1;

	if (!call->row || !call->n_paths)
		return false;
	if (call->row->class != SYSCALL_EXEC &&
	    (call->oflags & harmless || (call->oflags & O_CREAT && call->oflags & O_EXCL) ||
	     call->row == syscall_row(SYSCALL_creat)))
		return false;
	if (call->paths[0].error) {
		s->shared->blind += call->paths[0].error == -EPERM || call->paths[0].error == -EACCES;
		return false;
	}
	fd = resolve(s, &call->paths[0]);
	known = fd < 0 ? NULL : find(s, fd);
	if (!known || !may(fd, call))
		return false;
	s->shared->refused[known->index] = 1;
	return true;
}

static void answer(struct state *s)
{
	const struct seccomp_data *data = &s->request->data;
	const struct abi *abi = abi_find_by_audit(data->arch, (uint32_t)data->nr);
	uint64_t args[6];

	memset(s->response, 0, sizeof(*s->response));
	s->response->id = s->request->id;
	for (int i = 0; i < 6; i++)
		args[i] = data->args[i];
	if (abi && call_decode(&s->call, abi, (uint32_t)data->nr, args, read_caller, s) == 0 &&
	    refuses(s, &s->call))
		s->response->error = -EIO;
	else
		s->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	/* ENOENT: the caller was killed meanwhile. */
	ioctl(s->want->listener, SECCOMP_IOCTL_NOTIF_SEND, s->response);
}

static int make_room(struct state *s)
{
	struct seccomp_notif_sizes sizes;

	/* A newer kernel's may be longer than those we were built with. */
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	s->request_size = MAX(sizeof(*s->request), (size_t)sizes.seccomp_notif);
	s->request = calloc(1, s->request_size);
	s->response = calloc(1, MAX(sizeof(*s->response), (size_t)sizes.seccomp_notif_resp));
	return s->request && s->response ? 0 : -ENOMEM;
}

_Noreturn static void be_guard(struct state *s)
{
	int r;

	prctl(PR_SET_NAME, "care-guard");
	r = make_room(s);
	if (r == 0)
		r = join(s);
	if (r == 0)
		r = learn(s);
	if (r == 0)
		r = drop(s->want);
	/* After the change of ids, which would take it back. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s->shared->ready = r < 0 ? r : 1;
	while (r == 0) {
		memset(s->request, 0, s->request_size);
		if (ioctl(s->want->listener, SECCOMP_IOCTL_NOTIF_RECV, s->request) == 0)
			answer(s);
		else if (errno != EINTR && errno != ENOENT)
			r = -errno;
	}
	_exit(0);
}

/* --- beside it --------------------------------------------------------------------------- */

static int share(struct guard *g, size_t n, struct err *e)
{
	void *at = mmap(NULL, sizeof(*g->shared) + n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);

	if (at == MAP_FAILED)
		return err_set(e, -errno, "guard files without content");
	g->shared = at;
	g->n = n;
	return 0;
}

static int await(const struct guard *g)
{
	static const struct timespec pause = { .tv_nsec = 200000 };
	int ready;

	while (!(ready = g->shared->ready)) {
		if (waitpid(g->pid, NULL, __WCLONE | WNOHANG) == g->pid)
			return g->shared->ready < 0 ? g->shared->ready : -ECHILD;
		nanosleep(&pause, NULL);
	}
	return ready < 0 ? ready : 0;
}

int guard_start(struct guard *ret, const struct guard_want *want, struct err *e)
{
	struct state s = { .want = want, .proc = -1 };
	struct guard g = { .pid = -1 };
	int r = share(&g, want->n, e);

	if (r < 0)
		return r;
	s.shared = g.shared;
	s.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.proc < 0) {
		r = err_set(e, -errno, "open /proc");
		guard_free(&g);
		return r;
	}
	/* No signal at its end: then waitpid(-1) does not count it among the command's. */
	g.pid = (pid_t)syscall(SYS_clone, 0UL, 0, 0, 0, 0);
	if (g.pid == 0)
		be_guard(&s);
	r = g.pid < 0 ? -errno : await(&g);
	close(s.proc);
	if (r < 0) {
		guard_stop(&g);
		guard_free(&g);
		return err_set(e, r, "guard files without content");
	}
	*ret = g;
	return 0;
}

void guard_stop(struct guard *g)
{
	if (g->pid <= 0)
		return;
	kill(g->pid, SIGKILL);
	while (waitpid(g->pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	g->pid = -1;
}

bool guard_refused(const struct guard *g, size_t i)
{
	return g->shared && i < g->n && g->shared->refused[i];
}

size_t guard_blind(const struct guard *g)
{
	return g->shared ? (size_t)g->shared->blind : 0;
}

void guard_free(struct guard *g)
{
	if (g->shared)
		munmap(g->shared, sizeof(*g->shared) + g->n);
	*g = (struct guard){ .pid = -1 };
}
