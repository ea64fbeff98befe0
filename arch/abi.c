// SPDX-License-Identifier: GPL-2.0-or-later
/* Which ABI a call belongs to, and which call a number is. */
#include "arch/abi.h"

#include <string.h>

#include "core/base/mem.h"

/* x32 before x86_64: they share an AUDIT_ARCH, and x32 is told by its bit. */
const struct abi *const abi_all[] = {
	&abi_x32, &abi_x86_64, &abi_i386, &abi_arm, &abi_arm64, NULL
};

const struct abi *abi_find_by_audit(uint32_t audit_arch, uint64_t nr)
{
	for (int i = 0; abi_all[i]; i++) {
		const struct abi *abi = abi_all[i];

		if (abi->audit_arch == audit_arch && (nr & abi->nr_flag) == abi->nr_flag)
			return abi;
	}
	return NULL;
}

const struct abi *abi_find_by_elf(uint8_t elf_class, uint16_t machine)
{
	for (int i = 0; abi_all[i]; i++)
		if (abi_all[i]->elf_class == elf_class && abi_all[i]->elf_machine == machine)
			return abi_all[i];
	return NULL;
}

const struct abi *abi_find_by_name(const char *name)
{
	for (int i = 0; abi_all[i]; i++)
		if (!strcmp(abi_all[i]->name, name))
			return abi_all[i];
	return strcmp(abi_sandbox.name, name) ? NULL : &abi_sandbox;
}

enum syscall_id abi_syscall(const struct abi *abi, uint64_t nr)
{
	nr &= ~(uint64_t)abi->nr_flag;
	for (const struct abi_span *s = abi->spans; s->n; s++)
		if (nr >= s->first && nr - s->first < s->n)
			return s->ids[nr - s->first];
	return SYSCALL_NONE;
}

const struct syscall_row *abi_row(const struct abi *abi, uint64_t nr)
{
	return syscall_row(abi_syscall(abi, nr));
}

static int64_t find_number(const struct abi *abi, enum syscall_id id)
{
	for (const struct abi_span *s = abi->spans; s->n; s++)
		for (uint32_t i = 0; i < s->n; i++)
			if (id != SYSCALL_NONE && s->ids[i] == id)
				return (int64_t)(s->first + i) | abi->nr_flag;
	return -1;
}

/*
 * The tables are by number; what was found the other way round is kept, for each program
 * that is started asks a dozen times. Per thread, so that nobody has to wait.
 */
int64_t abi_number(const struct abi *abi, enum syscall_id id)
{
	static _Thread_local struct {
		const struct abi *abi;
		enum syscall_id id;
		int64_t nr;
	} found[64], *f;

	f = &found[((unsigned)id + (unsigned)abi->word) % ARRAY_SIZE(found)];
	if (f->abi != abi || f->id != id) {
		f->nr = find_number(abi, id);
		f->abi = abi;
		f->id = id;
	}
	return f->nr;
}

int abi_arg_reg(const struct abi *abi, const struct syscall_row *row, int arg, int *ret_n)
{
	int reg = 0, n = 1;

	for (int i = 0; i <= arg; i++) {
		reg += i ? n : 0;
		n = 1;
		if (row->args[i].kind == ARG_LLONG && !abi->reg64) {
			n = 2;
			if (abi->pairs_even)
				reg += reg & 1;
		}
	}
	if (ret_n)
		*ret_n = n;
	return reg;
}

uint32_t abi_oflags(const struct abi *abi, uint32_t theirs)
{
	const struct abi *us = abi_native();
	const struct { uint32_t theirs, ours; } map[] = {
		{ abi->o_direct, us->o_direct },
		{ abi->o_largefile, us->o_largefile },
		{ abi->o_directory, us->o_directory },
		{ abi->o_nofollow, us->o_nofollow },
	};
	uint32_t ours = theirs;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		ours &= ~map[i].theirs;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (theirs & map[i].theirs)
			ours |= map[i].ours;
	return ours;
}
