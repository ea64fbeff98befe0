// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses that a program gives: copied, with another port, and the call points at
 * the copy. A sendmmsg(2) with such an address becomes a sendmsg(2) of its first message,
 * which a program must expect (it may send fewer than it was told), because the lengths
 * that it returns would land in the copy.
 */
#include <errno.h>
#include <string.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/event/patch.h"
#include "core/task/task.h"
#include "emul/ports/internal.h"

#define MSGHDR_WORDS 7		/* all of it are words, or padded to them */

uint16_t ports_outside(const struct ports *p, const struct sockaddr_storage *a, socklen_t len)
{
	uint16_t port = port_of(a, len);
	const struct port_entry *entry = &p->table.of[port];

	if (!port)
		return 0;
	if (entry->to)
		return entry->everywhere || port_is_here(a, len) ? entry->to : 0;
	if (p->options.low && port < PORT_LOW_END)
		return port_is_here(a, len) ? port + PORT_LOW_MOVE : 0;
	return 0;
}

/* What a bind gets: the same, wherever it is, and with -n one of its own. */
static uint16_t port_to_bind(const struct ports *p, const struct call *c, bool *ret_chosen)
{
	uint16_t port = port_of(&c->addr, c->addr_len);

	*ret_chosen = false;
	if (!port)
		return 0;
	if (p->table.of[port].to)
		return p->table.of[port].to;
	if (p->options.low && port < PORT_LOW_END)
		return port + PORT_LOW_MOVE;
	*ret_chosen = p->options.netcoop;
	return p->options.netcoop ? port_free(&c->addr, c->addr_len) : 0;
}

static uint64_t add_address(struct patch *p, const struct sockaddr_storage *a, socklen_t len,
			    uint16_t port)
{
	struct sockaddr_storage copy = *a;

	port_set(&copy, port);
	return patch_bytes(p, &copy, len);
}

/* The message at @at, copied, with an address that lies at @address of the patch. */
static int copy_message(struct event *ev, uint64_t at, uint64_t address, uint64_t *ret)
{
	unsigned char head[MSGHDR_WORDS * 8];
	unsigned word = ev->call->abi->word;
	ssize_t len = MSGHDR_WORDS * word;

	if (task_read(ev->task, at, head, (size_t)len) != len)
		return -EFAULT;
	*ret = patch_bytes(ev->patch, head, (size_t)len);
	patch_word(ev->patch, *ret, word, address, true);
	return 0;
}

static int send_message(struct event *ev, int arg, uint16_t port)
{
	struct call *c = ev->call;
	uint64_t at = add_address(ev->patch, &c->addr, c->addr_len, port), message;
	int r = copy_message(ev, c->vals[arg], at, &message);

	if (r == 0)
		patch_arg(ev->patch, c, arg, message, true);
	return r;
}

static bool is_any_outside(const struct ports *p, const struct call *c)
{
	const struct call_addr *a = (const struct call_addr *)c->more_addrs.data;

	if (ports_outside(p, &c->addr, c->addr_len))
		return true;
	for (size_t n = c->more_addrs.len / sizeof(*a); n; n--, a++)
		if (ports_outside(p, &a->addr, a->len))
			return true;
	return false;
}

/* i386: by socketcall(2), and since 4.3 by numbers of their own. */
static void become_sendmsg(struct event *ev)
{
	struct call *c = ev->call;

	if (c->row == c->via) {
		ev->patch->call = SYSCALL_sendmsg;
		patch_arg(ev->patch, c, 2, c->vals[3], false);
	} else {
		patch_reg(ev->patch, 0, 16 /* SYS_SENDMSG */, false);
		patch_arg(ev->patch, c, 2, c->vals[3], false);
	}
}

static int send_first(struct ports *p, struct event *ev, struct pending *ret)
{
	struct call *c = ev->call;
	struct sockaddr_storage first = { 0 };
	uint64_t name, message = c->vals[1];
	uint32_t len;
	uint16_t port;

	if (ports_message(ev, message, &name, &len) < 0)
		return 0;		/* the kernel will say so */
	if (len > sizeof(first))
		len = sizeof(first);
	if (name && task_read(ev->task, name, &first, len) != (ssize_t)len)
		return 0;
	port = name ? ports_outside(p, &first, len) : 0;
	if (port) {
		uint64_t at = add_address(ev->patch, &first, len, port);
		int r = copy_message(ev, c->vals[1], at, &message);

		if (r < 0)
			return r;
	}
	patch_arg(ev->patch, c, 1, message, port != 0);
	become_sendmsg(ev);
	ret->message = c->vals[1];
	ev->want_return = true;
	return 0;
}

int ports_send(struct ports *p, struct event *ev, struct pending *ret)
{
	struct call *c = ev->call;
	int arg = syscall_arg(c->row, ARG_SOCKADDR), message = syscall_arg(c->row, ARG_MSGHDR);
	uint16_t port;

	if (!c->addr_len)
		return 0;
	if (syscall_arg(c->row, ARG_MMSG) >= 0)
		return is_any_outside(p, c) ? send_first(p, ev, ret) : 0;
	port = c->addr_bind ? port_to_bind(p, c, &ret->chosen) : ports_outside(p, &c->addr, c->addr_len);
	ret->in = port_of(&c->addr, c->addr_len);
	ret->out = port;
	if (c->addr_bind && ret->in)
		ev->want_return = true;
	if (!port)
		return 0;
	/* It is told again from now on; a bind's when it has succeeded. */
	if (!c->addr_bind && !p->table.of[ret->in].to)
		port_table_set(&p->table, ret->in, port, false);
	if (arg < 0)
		return send_message(ev, message, port);
	patch_arg(ev->patch, c, arg, add_address(ev->patch, &c->addr, c->addr_len, port), true);
	return 0;
}
