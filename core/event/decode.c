// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From registers to a call: which row describes it, its arguments, and each of them
 * by its kind. Pure but for the reader of tracee memory.
 */
#include "core/event/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "arch/syscall.h"

/* arch/ may not include ours, so it has the same bits. */
#define SAME(use) _Static_assert((int)SYSUSE_##use == (int)USE_##use, "enum use is one")
SAME(META);
SAME(READ);
SAME(EXEC);
SAME(ENTER);
SAME(LIST);
SAME(CREATE);
SAME(REPLACE);
SAME(REMOVE);
SAME(WRITE);
SAME(CHMETA);
SAME(ACCESSX);
SAME(SOCKET);
SAME(MOUNT);

int decode_int(const struct decoding *d, int arg)
{
	return (int)(uint32_t)d->c->vals[arg];
}

int decode_reg(const struct decoding *d, int arg)
{
	return d->in_memory ? -1 : abi_arg_reg(d->c->abi, d->c->row, arg, NULL);
}

uint64_t decode_word(const struct abi *abi, const void *at)
{
	uint64_t value = 0;

	memcpy(&value, at, abi->word);	/* every ABI here is little-endian, as we are */
	return value;
}

/* The arguments of @row from registers: 32-bit ABIs pass a 64-bit one in two. */
static void take_registers(struct call *c, const struct syscall_row *row)
{
	if (c->abi->reg64) {
		memcpy(c->vals, c->args, sizeof(c->vals));
		return;
	}
	for (int i = 0; i < SYSCALL_ARGS; i++) {
		int n, reg = abi_arg_reg(c->abi, row, i, &n);

		c->vals[i] = reg < SYSCALL_ARGS ? c->args[reg] : 0;
		if (n == 2 && reg + 1 < SYSCALL_ARGS)
			c->vals[i] |= c->args[reg + 1] << 32;
	}
}

/* socketcall: as many longs in memory as its row has arguments. */
static void take_memory(struct decoding *d, uint64_t addr)
{
	const struct abi *abi = d->c->abi;
	int n = syscall_n_args(d->c->row);
	unsigned char block[SYSCALL_ARGS * 8] = { 0 };

	d->in_memory = true;
	/* Unreadable: the kernel says EFAULT; zeros are no descriptor's and no path's. */
	if (d->read(d->ctx, addr, block, (size_t)n * abi->word) != (ssize_t)n * abi->word)
		memset(block, 0, sizeof(block));
	for (int i = 0; i < SYSCALL_ARGS; i++)
		d->c->vals[i] = i < n ? decode_word(abi, block + i * abi->word) : 0;
}

static const struct syscall_sub *find_sub(const struct call *c)
{
	size_t n;
	const struct syscall_sub *sub = syscall_subs(syscall_id(c->via), &n);

	for (size_t i = 0; i < n; i++) {
		unsigned bits = syscall_select_bits(c->via, sub[i].arg);
		uint64_t mask = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;

		if ((c->vals[sub[i].arg] & mask) == sub[i].value)
			return &sub[i];
	}
	return NULL;
}

/* What the call is by the value of one of its arguments. */
static void take_sub_call(struct decoding *d)
{
	struct call *c = d->c;
	const struct syscall_sub *sub = find_sub(c);

	if (!sub)
		return;
	if (c->via->args[1].kind == ARG_BLOCK) {
		uint64_t block = c->vals[1];

		c->row = syscall_sub_row(sub);
		take_memory(d, block);
	} else if (!sub->alias) {
		c->row = &sub->row;
	}
	/* ipc: its arguments are in another order than those of the calls it stands for. */
}

static int decode_arg(struct decoding *d, int i)
{
	struct call *c = d->c;
	const struct syscall_arg *arg = &c->row->args[i];

	switch (arg->kind) {
	case ARG_PATH:
		return decode_path_arg(d, i);
	case ARG_FDUSE:
		c->fd = decode_int(d, i);
		c->fd_use = arg->use;
		return 0;
	case ARG_HANDLEFLAGS:
		c->oflags = abi_oflags(c->abi, (uint32_t)c->vals[i]);
		c->result_use = decode_use_of_oflags(c->oflags);
		return 0;
	case ARG_SOCKADDR:
		return decode_sockaddr(d, i);
	case ARG_MSGHDR:
		return decode_msghdr(d, i);
	case ARG_MMSG:
		return decode_mmsg(d, i);
	case ARG_BPFATTR:
		return decode_bpf(d, i);
	case ARG_MOUNTSOURCE:
		return decode_mount_source(d, i);
	case ARG_QUOTAFILE:
		return decode_quota_file(d, i);
	default:
		return 0;
	}
}

/* Forget a call, but keep the memory of its paths. */
static void start(struct call *c, const struct abi *abi, uint64_t nr, const uint64_t args[6])
{
	struct buf texts[CALL_PATHS], more = c->more_addrs;

	buf_reset(&more);
	for (int i = 0; i < CALL_PATHS; i++) {
		texts[i] = c->paths[i].text;
		buf_reset(&texts[i]);
	}
	*c = (struct call){ .abi = abi, .nr = nr, .fd = -1, .addr_arg = -1,
			    .more_addrs = more };
	for (int i = 0; i < CALL_PATHS; i++)
		c->paths[i].text = texts[i];
	for (int i = 0; i < 6; i++)
		c->args[i] = abi->word == 4 && !abi->reg64 ? (uint32_t)args[i] : args[i];
	c->row = c->via = abi_row(abi, nr);
}

int call_decode(struct call *ret, const struct abi *abi, uint64_t nr, const uint64_t args[6],
		call_reader *read, void *ctx)
{
	struct decoding d = { .c = ret, .read = read, .ctx = ctx };

	start(ret, abi, nr, args);
	if (!ret->row)
		return 0;
	take_registers(ret, ret->row);
	take_sub_call(&d);
	if (ret->row == syscall_row(SYSCALL_creat))
		ret->oflags = O_CREAT | O_WRONLY | O_TRUNC;
	if (ret->row->result == RESULT_GOTFD)
		ret->result_use = USE_READ;

	for (int i = 0; i < SYSCALL_ARGS; i++) {
		int r = decode_arg(&d, i);

		if (r < 0)
			return r;
	}
	return 0;
}

void call_free(struct call *c)
{
	for (int i = 0; i < CALL_PATHS; i++)
		buf_free(&c->paths[i].text);
	buf_free(&c->more_addrs);
}
