// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Look-ups are most of what programs ask (three of four calls with a path in a build), and
 * they only tell. Made by ourselves on the file that was just found they cost one stop
 * instead of two, for nothing has to be put back into registers when they return.
 *
 * Only for tasks that speak our ABI and are who we are, or whose rights we have taken: the
 * answer depends on both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/stat.h"
#include "arch/syscall.h"
#include "core/translate/internal.h"

#define AT_EMPTY_PATH_ 0x1000
#define AT_NO_AUTOMOUNT_ 0x800
#define AT_STATX_SYNC_TYPE_ 0x6000
#define STATX_RESERVED_ 0x80000000u
#define LINK_MOST 4096		/* a page: as long as the kernel tells any */

enum look {
	LOOK_NONE,
	LOOK_STAT,		/* path, buffer */
	LOOK_STATAT,		/* dirfd, path, buffer, flags */
	LOOK_STATX,
	LOOK_ACCESS,
	LOOK_LINK,
};

/* How a call is made on a descriptor: with "" and AT_EMPTY_PATH. */
struct way {
	enum look look;
	int path;		/* index of its path among the arguments */
	int flags;		/* of its flags, −1 = it has none */
	uint32_t known;		/* flags that are no error */
};

static bool way_of(const struct call *c, struct way *ret)
{
	enum { AT = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT_ | AT_EMPTY_PATH_ };

	switch (syscall_id(c->row)) {
	case SYSCALL_stat:	/* of a 32-bit ABI it is a structure of its own */
	case SYSCALL_lstat:
		*ret = (struct way){ LOOK_STAT, 0, -1, 0 };
		return c->abi->word == 8;
	case SYSCALL_stat64:
	case SYSCALL_lstat64:
		*ret = (struct way){ LOOK_STAT, 0, -1, 0 };
		return true;
	case SYSCALL_newfstatat:
	case SYSCALL_fstatat64:
		*ret = (struct way){ LOOK_STATAT, 1, 3, AT };
		return true;
	case SYSCALL_statx:
		*ret = (struct way){ LOOK_STATX, 1, 2, AT | AT_STATX_SYNC_TYPE_ };
		return true;
	case SYSCALL_access:
		*ret = (struct way){ LOOK_ACCESS, 0, -1, 0 };
		return true;
	case SYSCALL_faccessat:
		*ret = (struct way){ LOOK_ACCESS, 1, -1, 0 };
		return true;
	case SYSCALL_faccessat2:
		*ret = (struct way){ LOOK_ACCESS, 1, 3, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH_ | AT_EACCESS };
		return true;
	case SYSCALL_readlink:
		*ret = (struct way){ LOOK_LINK, 0, -1, 0 };
		return true;
	case SYSCALL_readlinkat:
		*ret = (struct way){ LOOK_LINK, 1, -1, 0 };
		return true;
	default:
		return false;
	}
}

/* Would the kernel complain of an argument before it looks at the path? Then let it. */
static bool arguments_are_good(const struct call *c, const struct way *way)
{
	uint32_t flags = way->flags >= 0 ? (uint32_t)c->vals[way->flags] : 0;
	int after = way->path + 1;

	if (flags & ~way->known)
		return false;
	switch (way->look) {
	case LOOK_STATX:
		return (flags & AT_STATX_SYNC_TYPE_) != AT_STATX_SYNC_TYPE_ &&
		       !((uint32_t)c->vals[3] & STATX_RESERVED_);
	case LOOK_ACCESS:
		return !((uint32_t)c->vals[after] & ~7u);
	case LOOK_LINK:
		return (int)c->vals[after + 1] > 0;
	default:
		return true;
	}
}

bool look_wanted(struct translate *tr, const struct task *t, const struct call *c)
{
	struct state *s = state_of(tr, t);
	struct way way;

	return s && (!s->other_ids || tr->acting) && c->abi == abi_native() && c->row->class == SYSCALL_LOOK &&
	       c->n_paths == 1 && way_of(c, &way) && arguments_are_good(c, &way) &&
	       /* Who may do what is then another sink's to say; the kernel asks our real id, which stays. */
	       !((tr->spec.looked || tr->acting) && way.look == LOOK_ACCESS);
}

static void put(struct event *ev, uint64_t addr, void *bytes, size_t len, int64_t result)
{
	call_answer(ev, task_write(ev->task, addr, bytes, len) == (ssize_t)len ? result : -EFAULT);
}

/* The raw calls: their structures are the kernel's, as the task expects them. */
static void look_stat(struct translate *tr, struct event *ev, const struct way *way, const struct spot *s)
{
	union { unsigned char bytes[256]; uint64_t aligned; } st;
	const struct call *c = ev->call;
	bool is_statx = way->look == LOOK_STATX;
	enum syscall_id id = abi_number(c->abi, SYSCALL_newfstatat) < 0 ? SYSCALL_fstatat64 : SYSCALL_newfstatat;
	int to;
	size_t size = stat_layout(c->abi, syscall_id(c->row), &to)->size;
	long r;

	if (is_statx)
		r = syscall(abi_number(c->abi, SYSCALL_statx), s->fd, "",
			    ((uint32_t)c->vals[2] & ~(uint32_t)AT_SYMLINK_NOFOLLOW) | AT_EMPTY_PATH_,
			    (unsigned)c->vals[3], &st);
	else
		r = syscall(abi_number(c->abi, id), s->fd, "", &st, AT_EMPTY_PATH_);
	if (r < 0) {
		call_answer(ev, -errno);
		return;
	}
	if (tr->spec.looked)
		tr->spec.looked(tr->spec.looker, ev->task, c->row, st.bytes, size);
	put(ev, c->vals[to], &st, size, 0);
}

/* 1: answered, 0: the kernel must be asked (no faccessat2 before 5.8). */
static int look_access(struct event *ev, const struct way *way, const struct spot *s)
{
	const struct call *c = ev->call;
	int64_t nr = abi_number(c->abi, SYSCALL_faccessat2);
	uint32_t flags = way->flags >= 0 ? (uint32_t)c->vals[way->flags] & AT_EACCESS : 0;

	if (syscall(nr, s->fd, "", (int)c->vals[way->path + 1], flags | AT_EMPTY_PATH_) == 0)
		call_answer(ev, 0);
	else if (errno == ENOSYS)
		return 0;
	else
		call_answer(ev, -errno);
	return 1;
}

static void look_link(struct event *ev, const struct way *way, const struct spot *s)
{
	const struct call *c = ev->call;
	char target[LINK_MOST];
	size_t room = MIN((size_t)(uint32_t)c->vals[way->path + 2], sizeof(target));
	ssize_t n = readlinkat(s->fd, "", target, room);

	if (n < 0)	/* of what is no link: ENOENT for "", where a path has EINVAL */
		call_answer(ev, errno == ENOENT ? -EINVAL : -errno);
	else
		put(ev, c->vals[way->path + 1], target, (size_t)n, n);
}

/* What stands for a file is told by the sink that made it. */
static bool stands_for_file(const struct translate *tr, int fd)
{
	char target[LINK_MOST + 1];
	ssize_t n = tr->spec.is_file ? readlinkat(fd, "", target, LINK_MOST) : -1;

	if (n <= 0)
		return false;
	target[n] = '\0';
	return tr->spec.is_file(target);
}

int look_answer(struct translate *tr, struct event *ev, struct spot *s)
{
	struct way way;

	if (s->proc || !way_of(ev->call, &way))
		return 0;
	if (s->error) {
		call_answer(ev, s->error);
		return 1;
	}
	if (s->fd < 0)
		s->fd = open(s->host.data, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || stands_for_file(tr, s->fd))
		return 0;
	switch (way.look) {
	case LOOK_STAT:
	case LOOK_STATAT:
	case LOOK_STATX:
		look_stat(tr, ev, &way, s);
		return 1;
	case LOOK_ACCESS:
		return look_access(ev, &way, s);
	case LOOK_LINK:
		look_link(ev, &way, s);
		return 1;
	default:
		return 0;
	}
}
