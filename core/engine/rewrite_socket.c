// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another path in a socket address. It has a length beside it, may hang on a struct
 * msghdr, and all of these may be socketcall(2)'s arguments in memory: each is copied
 * and points at the copies, so that nothing of the program's own is ever changed.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/engine/patch.h"
#include "core/task/task.h"

#define SUN_PATH offsetof(struct sockaddr_un, sun_path)
#define MSGHDR_WORDS 7		/* all of it are words, or padded to them */

int patch_reg(struct patch *p, int reg, uint64_t value, bool in_bytes)
{
	if (p->n_regs == PATCH_REGS)
		return -E2BIG;
	p->regs[p->n_regs].reg = reg;
	p->regs[p->n_regs].value = value;
	p->regs[p->n_regs].in_bytes = in_bytes;
	p->n_regs++;
	return 0;
}

static uint64_t patch_align(struct patch *p)
{
	static const char zeros[7];

	buf_add(&p->bytes, zeros, -p->bytes.len & 7);
	return p->bytes.len;
}

static int patch_word(struct patch *p, uint64_t at, unsigned size, uint64_t value, bool in_bytes)
{
	if (buf_error(&p->bytes))
		return -ENOMEM;
	memcpy(p->bytes.data + at, &value, size);	/* every ABI here is little-endian, as we are */
	if (!in_bytes)
		return 0;
	if (p->n_pointers == PATCH_POINTERS)
		return -E2BIG;
	p->pointers[p->n_pointers].at = at;
	p->pointers[p->n_pointers].size = size;
	p->n_pointers++;
	return 0;
}

void patch_settle(struct patch *p, uint64_t addr)
{
	for (int i = 0; i < p->n_pointers; i++) {
		uint64_t value = 0;

		memcpy(&value, p->bytes.data + p->pointers[i].at, p->pointers[i].size);
		value += addr;
		memcpy(p->bytes.data + p->pointers[i].at, &value, p->pointers[i].size);
	}
	for (int i = 0; i < p->n_regs; i++)
		if (p->regs[i].in_bytes)
			p->regs[i].value += addr;
}

/* The first argument of that kind, −1 = none. */
static int find_arg(const struct syscall_row *row, int kind)
{
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if ((int)row->args[i].kind == kind)
			return i;
	return -1;
}

static int copy_block(struct patch *p, const struct call *c)
{
	/* At offset 0 there never is one: an address is always there before it. */
	p->block = patch_align(p);
	for (int i = 0; i < syscall_n_args(c->row); i++)
		buf_add(&p->bytes, &c->vals[i], c->abi->word);
	return patch_reg(p, 1, p->block, true);
}

/* Argument @arg of the call := @value, wherever its arguments are. */
static int set_arg(struct patch *p, const struct call *c, int arg, uint64_t value, bool in_bytes)
{
	int r = 0;

	if (c->row == c->via || c->via->args[1].kind != ARG_BLOCK)
		return patch_reg(p, abi_arg_reg(c->abi, c->row, arg, NULL), value, in_bytes);
	if (!p->block)
		r = copy_block(p, c);
	return r < 0 ? r : patch_word(p, p->block + arg * c->abi->word, c->abi->word, value, in_bytes);
}

static int set_message(struct patch *p, const struct task *t, const struct call *c, int arg,
		       uint64_t address, uint32_t len)
{
	unsigned word = c->abi->word;
	unsigned char head[MSGHDR_WORDS * 8];
	uint64_t at = patch_align(p);
	int r;

	if (task_read(t, c->vals[arg], head, MSGHDR_WORDS * word) != (ssize_t)(MSGHDR_WORDS * word))
		return -EFAULT;
	buf_add(&p->bytes, head, MSGHDR_WORDS * word);
	r = patch_word(p, at, word, address, true);
	if (r == 0)
		r = patch_word(p, at + word, sizeof(len), len, false);
	return r < 0 ? r : set_arg(p, c, arg, at, true);
}

int patch_socket(struct patch *p, const struct task *t, const struct call *c, const char *path)
{
	int arg = find_arg(c->row, ARG_SOCKADDR), message = find_arg(c->row, ARG_MSGHDR), r;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	uint64_t at = patch_align(p);

	if (arg < 0 && message < 0)
		return -EOPNOTSUPP;
	/* The kernel takes one without its NUL. */
	if (len > sizeof(un.sun_path))
		return -ENAMETOOLONG;
	memcpy(un.sun_path, path, len);
	len = MIN(SUN_PATH + len + 1, sizeof(un));
	buf_add(&p->bytes, &un, len);
	if (arg < 0)
		return set_message(p, t, c, message, at, len);
	r = set_arg(p, c, arg, at, true);
	return r < 0 ? r : set_arg(p, c, c->row->args[arg].base, len, false);
}
