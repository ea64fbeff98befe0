// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Socket addresses: unix sockets have paths in them, which may end at the length given
 * instead of at a NUL; abstract names (first byte NUL) are none.
 */
#include "core/event/decode.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#define MMSG_MAX 1024		/* UIO_MAXIOV: the kernel takes no more at once */
#define SUN_PATH offsetof(struct sockaddr_un, sun_path)

/* struct msghdr of the tracee: where the address is. */
struct msg_layout {
	size_t size;		/* of struct mmsghdr, one after the other */
	size_t name, name_len;
};

static const struct msg_layout msg32 = { 32, 0, 4 }, msg64 = { 64, 0, 8 };

static const struct msg_layout *msg_layout(const struct abi *abi)
{
	return abi->word == 4 ? &msg32 : &msg64;
}

/* Is that path among those of the call already? */
static bool known(const struct call *c, const char *path, size_t len)
{
	for (int i = 0; i < c->n_paths; i++)
		if (c->paths[i].text.len == len && !memcmp(c->paths[i].text.data, path, len))
			return true;
	return false;
}

static int add_unix_path(struct decoding *d, uint64_t addr, const char *path, size_t room,
			 const struct syscall_arg *a)
{
	struct call *c = d->c;
	size_t len = strnlen(path, room);
	struct call_path *p;

	if (!len || known(c, path, len))
		return 0;
	if (c->n_paths == CALL_PATHS) {
		c->more = true;
		return 0;
	}
	p = &c->paths[c->n_paths];
	buf_reset(&p->text);
	buf_add(&p->text, path, len);
	if (buf_error(&p->text))
		return -ENOMEM;
	p->arg = -1;
	p->addr = addr;
	p->dirfd = CALL_CWD;
	p->walk = LAST_RULE(a->last) == LAST_NAME ? WALK_PARENT : 0;
	p->use = USE_BITS(a->use);
	p->error = 0;
	c->n_paths++;
	return 0;
}

/* An address at @at; @reg is the register that points at it. */
static int add_address(struct decoding *d, int reg, uint64_t at, uint32_t len,
		       const struct syscall_arg *a)
{
	struct sockaddr_storage addr = { 0 };
	struct call *c = d->c;
	ssize_t n;

	/* Longer ones are EINVAL, or cut to this by sendmsg. */
	len = MIN(len, (uint32_t)sizeof(addr));
	if (!at || len < sizeof(addr.ss_family))
		return 0;
	n = d->read(d->ctx, at, &addr, len);
	if (n != (ssize_t)len)
		return 0;		/* EFAULT, as the kernel will say */

	if (!c->addr_len) {
		c->addr = addr;
		c->addr_len = len;
		c->addr_arg = reg;
		c->addr_at = at;
		c->addr_bind = USE_BITS(a->use) & USE_CREATE;
	} else if (c->addr_len != len || memcmp(&c->addr, &addr, len)) {
		struct call_addr other = { len, addr };

		buf_add(&c->more_addrs, &other, sizeof(other));
		if (buf_error(&c->more_addrs))
			return -ENOMEM;
	}
	if (addr.ss_family != AF_UNIX || len <= SUN_PATH || len > sizeof(struct sockaddr_un))
		return 0;
	return add_unix_path(d, at + SUN_PATH, (const char *)&addr + SUN_PATH, len - SUN_PATH, a);
}

int decode_sockaddr(struct decoding *d, int arg)
{
	const struct syscall_arg *a = &d->c->row->args[arg];

	return add_address(d, decode_reg(d, arg), d->c->vals[arg],
			   (uint32_t)d->c->vals[a->base], a);
}

static int add_message(struct decoding *d, uint64_t at, const struct syscall_arg *a)
{
	const struct abi *abi = d->c->abi;
	const struct msg_layout *l = msg_layout(abi);
	unsigned char head[16];
	uint32_t len;

	if (d->read(d->ctx, at, head, sizeof(head)) != (ssize_t)sizeof(head))
		return 0;
	memcpy(&len, head + l->name_len, sizeof(len));
	return add_address(d, -1, decode_word(abi, head + l->name), len, a);
}

int decode_msghdr(struct decoding *d, int arg)
{
	return add_message(d, d->c->vals[arg], &d->c->row->args[arg]);
}

int decode_mmsg(struct decoding *d, int arg)
{
	const struct syscall_arg *a = &d->c->row->args[arg];
	uint32_t n = MIN((uint32_t)d->c->vals[a->base], MMSG_MAX);
	size_t size = msg_layout(d->c->abi)->size;

	for (uint32_t i = 0; i < n; i++) {
		int r = add_message(d, d->c->vals[arg] + i * size, a);

		if (r < 0)
			return r;
	}
	return 0;
}
