// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/event/patch.h"

#include <errno.h>
#include <string.h>

#include "arch/abi.h"
#include "core/event/call.h"

void patch_reset(struct patch *p)
{
	p->call = SYSCALL_NONE;
	buf_reset(&p->bytes);
	buf_reset(&p->regs);
	buf_reset(&p->pointers);
	p->block = 0;
}

void patch_free(struct patch *p)
{
	buf_free(&p->bytes);
	buf_free(&p->regs);
	buf_free(&p->pointers);
}

bool patch_is_empty(const struct patch *p)
{
	return p->call == SYSCALL_NONE && !p->regs.len;
}

int patch_error(const struct patch *p)
{
	int r = buf_error(&p->bytes);

	if (r == 0)
		r = buf_error(&p->regs);
	return r == 0 ? buf_error(&p->pointers) : r;
}

uint64_t patch_bytes(struct patch *p, const void *from, size_t len)
{
	static const char zeros[7];
	uint64_t at;

	buf_add(&p->bytes, zeros, -p->bytes.len & 7);
	at = p->bytes.len;
	buf_add(&p->bytes, from, len);
	return at;
}

uint64_t patch_text(struct patch *p, const char *text)
{
	uint64_t at = p->bytes.len;

	buf_add(&p->bytes, text, strlen(text) + 1);
	return at;
}

void patch_word(struct patch *p, uint64_t at, unsigned size, uint64_t value, bool in_bytes)
{
	struct patch_pointer pointer = { at, size };

	if (buf_error(&p->bytes) < 0)
		return;
	memcpy(p->bytes.data + at, &value, size);	/* every ABI here is little-endian, as we are */
	if (in_bytes)
		buf_add(&p->pointers, &pointer, sizeof(pointer));
}

void patch_reg(struct patch *p, int reg, uint64_t value, bool in_bytes)
{
	struct patch_reg r = { reg, value, in_bytes };

	buf_add(&p->regs, &r, sizeof(r));
}

static void copy_block(struct patch *p, const struct call *c)
{
	/* Never at offset 0, which means that there is none: 8 bytes of nothing come first. */
	static const char nothing[8];

	patch_bytes(p, nothing, sizeof(nothing));
	p->block = p->bytes.len;
	for (int i = 0; i < syscall_n_args(c->row); i++)
		buf_add(&p->bytes, &c->vals[i], c->abi->word);
	patch_reg(p, 1, p->block, true);
}

void patch_arg(struct patch *p, const struct call *c, int arg, uint64_t value, bool in_bytes)
{
	if (c->row == c->via || c->via->args[1].kind != ARG_BLOCK) {
		patch_reg(p, abi_arg_reg(c->abi, c->row, arg, NULL), value, in_bytes);
		return;
	}
	if (!p->block)
		copy_block(p, c);
	patch_word(p, p->block + arg * c->abi->word, c->abi->word, value, in_bytes);
}

void patch_settle(struct patch *p, uint64_t addr)
{
	struct patch_pointer *pointer = (struct patch_pointer *)p->pointers.data;
	struct patch_reg *reg = (struct patch_reg *)p->regs.data;

	for (size_t n = p->pointers.len / sizeof(*pointer); n; n--, pointer++) {
		uint64_t value = 0;

		memcpy(&value, p->bytes.data + pointer->at, pointer->size);
		value += addr;
		memcpy(p->bytes.data + pointer->at, &value, pointer->size);
	}
	for (size_t n = p->regs.len / sizeof(*reg); n; n--, reg++)
		if (reg->in_bytes)
			reg->value += addr;
}
