// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix sockets have their path in an address of 108 bytes, which the kernel keeps and tells
 * as it was given. A longer path of the host goes through a descriptor of ours; what is told
 * is spelled as the command gave it, and else as it would.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/translate/internal.h"

#define SUN_PATH offsetof(struct sockaddr_un, sun_path)
#define SUN_ROOM (sizeof(struct sockaddr_un) - SUN_PATH)

bool sockets_passes(const struct call *c)
{
	return c->row && (c->row->class == SYSCALL_NET || c->row->class == SYSCALL_BIND) && c->n_paths;
}

/* The directory of @s->host through a descriptor of ours, if it is too long. 0 or −errno. */
static int shorten(struct translate *tr, struct event *ev, struct spot *s)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash = strrchr(s->host.data, '/');
	int fd, r;

	if (s->host.len <= SUN_ROOM)
		return 0;
	*slash = '\0';
	fd = open(s->host.data[0] ? s->host.data : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	if (fd < 0)
		return -errno;
	r = state_hold(tr, ev, fd, &path);
	if (r < 0)
		return r;
	buf_adds(&path, slash);
	if (buf_error(&path) < 0)
		return -ENOMEM;
	buf_reset(&s->host);
	buf_adds(&s->host, path.data);
	return buf_error(&s->host) < 0 ? -ENOMEM : s->host.len > SUN_ROOM ? -ENAMETOOLONG : 0;
}

/* The same address is told to whoever asks, with the name that the kernel got. */
static int remember(struct translate *tr, const char *host, const struct buf *given)
{
	char *copy = strdup(buf_str(given));
	void *old = NULL;

	if (!copy || map_set(tr->sockets, host, strlen(host), copy, &old) < 0) {
		free(copy);
		return err_set(tr->e, -ENOMEM, "remember a socket");
	}
	free(old);
	return 0;
}

int sockets_pass(struct translate *tr, struct event *ev, int i)
{
	const struct call *c = ev->call;
	struct spot *s = &tr->spots[i];
	int r;

	if (s->same)
		return 0;
	r = shorten(tr, ev, s);
	if (r == -ENOMEM)
		return err_set(tr->e, r, "name a socket");
	if (r < 0) {
		call_answer(ev, r);
		return 0;
	}
	ev->rewrite[i] = s->host.data;
	return c->addr_bind ? remember(tr, s->host.data, &c->paths[i].text) : 0;
}

/* --- several messages at once --------------------------------------------------------------------- */

/* struct msghdr: all of it are words, or padded to them; the name is the first, its length the second. */
#define MESSAGE_WORDS 7

static uint64_t word_at(const struct abi *abi, const unsigned char *at)
{
	uint64_t value = 0;

	memcpy(&value, at, abi->word);	/* every ABI here is little-endian, as we are */
	return value;
}

/* The path in the address @at of @len bytes; empty: none, and an error is the kernel's to tell. */
static int read_path(const struct task *t, uint64_t at, uint32_t len, struct buf *ret)
{
	struct sockaddr_un un = { 0 };

	if (len <= SUN_PATH || len > sizeof(un) || task_read(t, at, &un, len) != (ssize_t)len ||
	    un.sun_family != AF_UNIX)
		return 0;
	buf_add(ret, un.sun_path, strnlen(un.sun_path, len - SUN_PATH));
	return buf_error(ret);
}

/* sendmsg(2) in its place, of the first message @head to @path. */
static void send_one(struct event *ev, const unsigned char *head, const char *path)
{
	const struct call *c = ev->call;
	const unsigned word = c->abi->word;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	uint64_t name, message;

	memcpy(un.sun_path, path, len);
	len = MIN(SUN_PATH + len + 1, sizeof(un));
	name = patch_bytes(ev->patch, &un, len);
	message = patch_bytes(ev->patch, head, MESSAGE_WORDS * word);
	patch_word(ev->patch, message, word, name, true);
	patch_word(ev->patch, message + word, sizeof(uint32_t), len, false);
	patch_arg(ev->patch, c, 1, message, true);
	patch_arg(ev->patch, c, 2, c->vals[3], false);
	if (c->row == c->via)
		ev->patch->call = SYSCALL_sendmsg;
	else
		patch_reg(ev->patch, 0, 16, false);	/* SYS_SENDMSG of socketcall(2) */
	ev->want_return = true;
}

/*
 * The kernel may take fewer messages than it was given, and says how many: here it is the
 * first of them, whose address alone is replaced.
 */
int sockets_many(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	unsigned char head[MESSAGE_WORDS * 8];
	struct call_path p = { .arg = -1, .dirfd = CALL_CWD, .text = BUF_INIT, .use = USE_SOCKET };
	struct state *state = state_of(tr, ev->task);
	struct spot *s = &tr->spots[0];
	int r;

	if (!state)
		return -ENOMEM;
	state->many = false;
	if (!(uint32_t)c->vals[2] ||
	    task_read(ev->task, c->vals[1], head, MESSAGE_WORDS * c->abi->word) != MESSAGE_WORDS * (ssize_t)c->abi->word)
		return 0;
	r = read_path(ev->task, word_at(c->abi, head), (uint32_t)word_at(c->abi, head + c->abi->word), &p.text);
	if (r == 0 && !p.text.len) {	/* another kind of address, or none: by itself it is as it should be */
		patch_arg(ev->patch, c, 2, 1, false);
		return 0;
	}
	if (r == 0)
		r = resolve_path(tr, ev->task, &p, false, s);
	buf_free(&p.text);
	if (r == 0 && s->answer)
		call_answer(ev, s->error);
	else if (r == 0)
		r = shorten(tr, ev, s);
	if (r < 0)
		return err_set(tr->e, r, "name a socket");
	if (ev->answered)
		return 0;
	send_one(ev, head, s->host.data);
	state->many = true;
	return 0;
}

void sockets_sent(struct translate *tr, struct event *ev)
{
	struct state *state = state_of(tr, ev->task);
	const struct call *c = ev->call;
	uint32_t len = (uint32_t)ev->result;

	if (!state || !state->many || ev->result < 0)
		return;
	state->many = false;
	task_write(ev->task, c->vals[1] + MESSAGE_WORDS * c->abi->word, &len, sizeof(len));
	ev->answered = true;
	ev->answer = 1;
}

/* --- addresses that are told ----------------------------------------------------------------------- */

/* Which arguments of a call of SYSCALL_PEER point at the address and its length. */
static int address_arg(const struct call *c)
{
	return c->row == syscall_row(SYSCALL_recvfrom) ? 4 : 1;
}

int sockets_ask(struct translate *tr, struct event *ev)
{
	struct state *s = state_of(tr, ev->task);
	uint64_t at = ev->call->vals[address_arg(ev->call) + 1];

	if (!s)
		return -ENOMEM;
	s->room = 0;
	if (space_is_identity(tr->space) || !at ||
	    task_read(ev->task, at, &s->room, sizeof(s->room)) != sizeof(s->room))
		return 0;
	ev->want_return = true;
	return 0;
}

static int spell(struct translate *tr, const struct sockaddr_un *un, size_t len, struct buf *ret)
{
	const char *given;
	char host[SUN_ROOM + 1] = "";

	memcpy(host, un->sun_path, MIN(len - SUN_PATH, SUN_ROOM));
	given = map_get(tr->sockets, host, strlen(host));
	if (given)
		buf_adds(ret, given);
	else if (host[0] != '/' || !space_guest(tr->space, host, ret))
		return 0;
	return buf_error(ret) < 0 ? -ENOMEM : 1;
}

int sockets_told(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	struct state *state = state_of(tr, ev->task);
	uint64_t at = c->vals[address_arg(c)], len_at = c->vals[address_arg(c) + 1];
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct sockaddr_un un = { 0 };
	uint32_t len;
	int r;

	if (!state)
		return -ENOMEM;
	if (ev->result < 0 || !at || task_read(ev->task, len_at, &len, sizeof(len)) != sizeof(len) ||
	    len <= SUN_PATH || len > sizeof(un) || state->room < len)
		return 0;
	if (task_read(ev->task, at, &un, len) != (ssize_t)len || un.sun_family != AF_UNIX || !un.sun_path[0])
		return 0;
	r = spell(tr, &un, len, &path);
	if (r <= 0)
		return r < 0 ? err_set(tr->e, r, "tell a socket's address") : 0;
	memset(un.sun_path, 0, sizeof(un.sun_path));
	memcpy(un.sun_path, path.data, MIN(path.len, SUN_ROOM));
	len = SUN_PATH + (uint32_t)MIN(path.len + 1, SUN_ROOM);
	task_write(ev->task, at, &un, MIN(len, state->room));
	task_write(ev->task, len_at, &len, sizeof(len));
	return 0;
}
