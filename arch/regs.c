// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers of tracees: what is the same everywhere; arch/<arch>/regs.c has the rest. */
#include "arch/regs.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "arch/regs_layout.h"

#ifndef NT_PRSTATUS
#define NT_PRSTATUS 1
#endif

/* Numbers of our own: C libraries name them differently, or not at all. */
#define GETREGSET 0x4204
#define SETREGSET 0x4205

int regs_read(pid_t tid, struct regs *ret)
{
	return regs_read_in(tid, NULL, ret);
}

int regs_read_in(pid_t tid, const struct abi *abi, struct regs *ret)
{
	struct regs r = { 0 };
	struct iovec io = { r.w64, sizeof(r.w64) };
	int error;

	if (ptrace(GETREGSET, tid, NT_PRSTATUS, &io) < 0)
		return -errno;
	r.len = io.iov_len;
	error = regs_arch_identify(tid, abi, &r);
	if (error < 0)
		return error;
	*ret = r;
	return 0;
}

int regs_write(pid_t tid, const struct regs *r)
{
	struct regs copy = *r;
	struct iovec io = { copy.w64, copy.len };
	int error = copy.set_nr ? regs_arch_write_nr(tid, &copy) : 0;

	if (error < 0)
		return error;
	return ptrace(SETREGSET, tid, NT_PRSTATUS, &io) < 0 ? -errno : 0;
}

const struct abi *regs_call(const struct regs *r, uint64_t *ret_nr, uint64_t ret_args[6])
{
	*ret_nr = regs_nr(r);
	for (int i = 0; i < 6; i++)
		ret_args[i] = regs_arg(r, i);
	return r->abi;
}

uint64_t regs_word(const struct regs *r, unsigned index)
{
	return r->layout->word == 8 ? r->w64[index] : r->w32[index];
}

void regs_set_word(struct regs *r, unsigned index, uint64_t value)
{
	if (r->layout->word == 8)
		r->w64[index] = value;
	else
		r->w32[index] = value;
}

uint64_t regs_nr(const struct regs *r)
{
	uint64_t nr = r->set_nr ? r->nr : regs_word(r, r->layout->nr);

	/* Numbers are ints; "no call" is −1 in any width. */
	return (uint32_t)nr == UINT32_MAX ? REGS_NO_CALL : (uint32_t)nr;
}

uint64_t regs_arg(const struct regs *r, int i)
{
	uint64_t value = regs_word(r, r->layout->args[i]);

	return r->abi->reg64 ? value : (uint32_t)value;
}

int64_t regs_result(const struct regs *r)
{
	uint64_t value = regs_word(r, r->layout->result);

	/*
	 * 32-bit results: the last page of addresses is −errno, all other values are
	 * addresses or counts and have no sign.
	 */
	if (!r->abi->reg64 && (uint32_t)value <= (uint32_t)-4096)
		return (uint32_t)value;
	return r->abi->reg64 ? (int64_t)value : (int32_t)value;
}

uint64_t regs_ip(const struct regs *r)
{
	return regs_word(r, r->layout->ip);
}

uint64_t regs_sp(const struct regs *r)
{
	return regs_word(r, r->layout->sp);
}

void regs_set_arg(struct regs *r, int i, uint64_t value)
{
	regs_set_word(r, r->layout->args[i], value);
}

void regs_set_result(struct regs *r, int64_t value)
{
	regs_set_word(r, r->layout->result, (uint64_t)value);
}

void regs_set_ip(struct regs *r, uint64_t value)
{
	regs_set_word(r, r->layout->ip, value);
}

void regs_set_sp(struct regs *r, uint64_t value)
{
	regs_set_word(r, r->layout->sp, value);
}

void regs_set_nr(struct regs *r, uint64_t nr)
{
	r->nr = nr;
	r->set_nr = true;
}

void regs_skip(struct regs *r)
{
	regs_set_nr(r, REGS_NO_CALL);
}

const struct abi *regs_code_abi(const struct regs *r)
{
	return r->layout->word == abi_native()->word ? abi_native() : r->abi;
}

void regs_enter(struct regs *r, uint64_t ip)
{
	regs_arch_plain_code(r);
	regs_set_ip(r, ip);
}

void regs_rewind(struct regs *r, uint64_t nr)
{
	regs_set_word(r, r->layout->call_nr, nr);
	regs_set_ip(r, regs_ip(r) - regs_arch_call_length(r));
}
