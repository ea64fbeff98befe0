// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers on an x86_64 kernel. 64-bit code shows user_regs_struct, 32-bit code that
 * of i386; and 64-bit code may make an i386 call by int 0x80, seen only in its code.
 */
#include <errno.h>
#include <sys/ptrace.h>

#include "arch/regs_layout.h"

enum { R15, R14, R13, R12, RBP, RBX, R11, R10, R9, R8, RAX, RCX, RDX, RSI, RDI, ORIG_RAX, RIP,
       CS, EFLAGS, RSP, NATIVE_WORDS = 27 };
enum { EBX, ECX, EDX, ESI, EDI, EBP, EAX, ORIG_EAX = 11, EIP, ESP = 15, I386_WORDS = 17 };

#define X32_BIT 0x40000000

static const struct regs_layout native = {
	.word = 8, .args = { RDI, RSI, RDX, R10, R8, R9 },
	.nr = ORIG_RAX, .result = RAX, .ip = RIP, .sp = RSP, .call_nr = RAX,
};

static const struct regs_layout int80 = {
	.word = 8, .args = { RBX, RCX, RDX, RSI, RDI, RBP },
	.nr = ORIG_RAX, .result = RAX, .ip = RIP, .sp = RSP, .call_nr = RAX,
};

static const struct regs_layout i386 = {
	.word = 4, .args = { EBX, ECX, EDX, ESI, EDI, EBP },
	.nr = ORIG_EAX, .result = EAX, .ip = EIP, .sp = ESP, .call_nr = EAX,
};

const struct abi *abi_native(void)
{
	return &abi_x86_64;
}

/* Does the instruction before the instruction pointer say int $0x80? */
static bool made_by_int80(pid_t tid, uint64_t ip)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, (void *)(ip - 2), NULL);
	return !errno && (word & 0xffff) == 0x80cd;
}

int regs_arch_identify(pid_t tid, const struct abi *known, struct regs *r)
{
	if (r->len == I386_WORDS * 4) {
		r->abi = &abi_i386;
		r->layout = &i386;
		return 0;
	}
	if (r->len != NATIVE_WORDS * 8)
		return -EPROTO;

	r->layout = &native;
	if (known ? known == &abi_i386 : r->w64[ORIG_RAX] != UINT64_MAX && made_by_int80(tid, r->w64[RIP])) {
		r->abi = &abi_i386;
		r->layout = &int80;
	} else {
		r->abi = (int64_t)r->w64[ORIG_RAX] >= X32_BIT ? &abi_x32 : &abi_x86_64;
	}
	return 0;
}

int regs_arch_write_nr(pid_t tid, struct regs *r)
{
	(void)tid;
	regs_set_word(r, r->layout->nr, r->nr);
	return 0;
}

void regs_arch_plain_code(struct regs *r)
{
	(void)r;
}

/* syscall, int $0x80; sysenter returns behind an int $0x80 that stands there for this. */
unsigned regs_arch_call_length(const struct regs *r)
{
	(void)r;
	return 2;
}
