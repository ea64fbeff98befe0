// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers seen by a 32-bit program: i386 alone. A 32-bit tracer cannot even ask for
 * those of 64-bit code, so such programs are refused when they are executed.
 */
#include <errno.h>

#include "arch/regs_layout.h"

enum { EBX, ECX, EDX, ESI, EDI, EBP, EAX, ORIG_EAX = 11, EIP, ESP = 15, WORDS = 17 };

static const struct regs_layout native = {
	.word = 4, .args = { EBX, ECX, EDX, ESI, EDI, EBP },
	.nr = ORIG_EAX, .result = EAX, .ip = EIP, .sp = ESP, .call_nr = EAX,
};

const struct abi *abi_native(void)
{
	return &abi_i386;
}

int regs_arch_identify(pid_t tid, const struct abi *known, struct regs *r)
{
	(void)tid;
	(void)known;
	if (r->len != WORDS * 4)
		return -EPROTO;
	r->abi = &abi_i386;
	r->layout = &native;
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

/* int $0x80; sysenter returns behind an int $0x80 that stands there for this. */
unsigned regs_arch_call_length(const struct regs *r)
{
	(void)r;
	return 2;
}
