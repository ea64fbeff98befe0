// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that come over a unix socket (SCM_RIGHTS, unix(7)). Whoever sent them may
 * be no tracee, so what they are open on may have been opened before anybody looked: it
 * is used from here on. A call without room for control data is not seen at its return.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/record/recorder_internal.h"

#define RECEIVED_MOST 1024	/* messages of a call: UIO_MAXIOV, the kernel takes no more */
#define RECEIVED_CONTROL 65536	/* bytes: 253 descriptors (SCM_MAX_FD) are two pages of the largest */

/* struct msghdr, cmsghdr of the tracee. */
struct layout {
	size_t message, many;	/* size alone, and one after the other */
	size_t control, control_len;
	size_t head;		/* of a control message: its length, level and type */
};

static const struct layout layout32 = { 28, 32, 16, 20, 12 }, layout64 = { 56, 64, 32, 40, 16 };

static const struct layout *layout_of(const struct call *c)
{
	return c->abi->word == 4 ? &layout32 : &layout64;
}

static uint64_t word_at(const struct call *c, const unsigned char *at)
{
	uint64_t value = 0;

	memcpy(&value, at, c->abi->word);	/* every ABI here is little-endian, as we are */
	return value;
}

bool received_wanted(const struct call *c)
{
	return c->row == syscall_row(SYSCALL_recvmsg) || c->row == syscall_row(SYSCALL_recvmmsg) ||
	       c->row == syscall_row(SYSCALL_recvmmsg_time64);
}

/* The headers of @n messages, by @fn until one is not 0. */
static int each_message(struct recorder *r, struct event *ev, size_t n,
			int (*fn)(struct recorder *, struct event *, uint64_t control, uint64_t len))
{
	const struct call *c = ev->call;
	const struct layout *l = layout_of(c);
	size_t size = c->row == syscall_row(SYSCALL_recvmsg) ? l->message : l->many;
	_cleanup_free_ unsigned char *heads = malloc(n * size + 1);
	ssize_t got;
	int ret = 0;

	if (!heads)
		return err_set(r->e, -ENOMEM, "look at received descriptors");
	got = task_read(ev->task, c->vals[1], heads, n * size);
	for (size_t i = 0; got > 0 && ret == 0 && (i + 1) * size <= (size_t)got; i++) {
		const unsigned char *at = heads + i * size;
		uint64_t control = word_at(c, at + l->control), len = word_at(c, at + l->control_len);

		if (control && len > l->head)
			ret = fn(r, ev, control, len);
	}
	return ret;
}

static int has_room(struct recorder *r, struct event *ev, uint64_t control, uint64_t len)
{
	(void)r;
	(void)ev;
	(void)control;
	(void)len;
	return 1;
}

static size_t messages_of(const struct call *c, uint64_t many)
{
	return c->row == syscall_row(SYSCALL_recvmsg) ? 1 : MIN(many, (uint64_t)RECEIVED_MOST);
}

int received_call(struct recorder *r, struct event *ev)
{
	int ret = each_message(r, ev, messages_of(ev->call, (uint32_t)ev->call->vals[2]), has_room);

	ev->want_return |= ret == 1;
	return ret < 0 ? ret : 0;
}

/* What the descriptor allows: as opening it by name would. */
static unsigned use_of_flags(unsigned flags)
{
	if (flags & O_PATH)
		return USE_META;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return USE_READ;
	case O_WRONLY:
		return USE_WRITE;
	default:
		return USE_READ | USE_WRITE;
	}
}

/* Is the name what the descriptor is open on? It may come from another mount namespace. */
static bool is_same(struct task *t, int fd, const struct name *n)
{
	_cleanup_close_ int file = task_fd_open(t, fd, O_PATH);
	struct stat st;

	return file >= 0 && fstat(file, &st) == 0 && st.st_dev == n->dev && st.st_ino == n->ino;
}

static int use_descriptor(struct recorder *r, struct task *t, int fd)
{
	struct name *n;
	unsigned flags;
	int ret = task_fd_flags(t, fd, &flags);

	if (ret < 0)
		return 0;	/* closed meanwhile, by another thread */
	ret = path_of_fd(r, t, fd, &n);
	if (ret < 0 || !n || !is_same(t, fd, n))
		return ret;
	if (n->type == NAME_DIR)
		return use_name(r, n, USE_META);	/* reading its names is a call of its own */
	ret = use_name(r, n, use_of_flags(flags));
	return ret < 0 || !(use_of_flags(flags) & USE_WRITE) ? ret : changes_written(r, n);
}

static int use_control(struct recorder *r, struct event *ev, uint64_t control, uint64_t len)
{
	const struct call *c = ev->call;
	const struct layout *l = layout_of(c);
	_cleanup_free_ unsigned char *data = malloc(MIN(len, (uint64_t)RECEIVED_CONTROL));
	size_t word = c->abi->word, at = 0;
	ssize_t got;
	int ret = 0;

	if (!data)
		return err_set(r->e, -ENOMEM, "look at received descriptors");
	got = task_read(ev->task, control, data, MIN(len, (uint64_t)RECEIVED_CONTROL));
	while (ret >= 0 && got > 0 && at + l->head <= (size_t)got) {
		uint64_t size = word_at(c, data + at);
		int level, type, fd;

		if (size < l->head || size > (size_t)got - at)
			break;
		memcpy(&level, data + at + word, sizeof(level));
		memcpy(&type, data + at + word + sizeof(level), sizeof(type));
		for (size_t i = l->head; level == SOL_SOCKET && type == SCM_RIGHTS && ret >= 0 &&
		     i + sizeof(fd) <= size; i += sizeof(fd)) {
			memcpy(&fd, data + at + i, sizeof(fd));
			ret = use_descriptor(r, ev->task, fd);
		}
		at += (size + word - 1) / word * word;
	}
	return ret < 0 ? ret : 0;
}

int received_return(struct recorder *r, struct event *ev)
{
	if (ev->result < 0)
		return 0;
	return each_message(r, ev, messages_of(ev->call, (uint64_t)ev->result), use_control);
}
