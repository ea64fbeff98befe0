// SPDX-License-Identifier: GPL-2.0-or-later
/* The machines of QEMU's linux-user targets (configs/targets of QEMU 9), by <elf.h>. */
#include <elf.h>
#include <string.h>

#include "core/base/mem.h"
#include "emul/elf/elf.h"
#include "emul/qemu/qemu.h"

/* Newer than the <elf.h> of some C libraries. */
#define MACHINE_HEXAGON 164
#define MACHINE_LOONGARCH 258
#define MACHINE_MICROBLAZE 189
#define MACHINE_RISCV 243
#define MACHINE_XTENSA 94
#define MACHINE_ALPHA 0x9026		/* what Linux uses; EM_ALPHA of the standard is another one */
#define MIPS_N32 0x20			/* EF_MIPS_ABI2 */

#define LITTLE false
#define BIG true

static const struct qemu_target targets[] = {
	{ "aarch64", 64, LITTLE, EM_AARCH64, 0, 0 },
	{ "aarch64_be", 64, BIG, EM_AARCH64, 0, 0 },
	{ "alpha", 64, LITTLE, MACHINE_ALPHA, 0, 0 },
	{ "arm", 32, LITTLE, EM_ARM, 0, 0 },
	{ "armeb", 32, BIG, EM_ARM, 0, 0 },
	{ "hexagon", 32, LITTLE, MACHINE_HEXAGON, 0, 0 },
	{ "hppa", 32, BIG, EM_PARISC, 0, 0 },
	{ "i386", 32, LITTLE, EM_386, 0, 0 },
	{ "loongarch64", 64, LITTLE, MACHINE_LOONGARCH, 0, 0 },
	{ "m68k", 32, BIG, EM_68K, 0, 0 },
	{ "microblaze", 32, BIG, MACHINE_MICROBLAZE, 0, 0 },
	{ "microblazeel", 32, LITTLE, MACHINE_MICROBLAZE, 0, 0 },
	{ "mips", 32, BIG, EM_MIPS, 0, MIPS_N32 },
	{ "mipsel", 32, LITTLE, EM_MIPS, 0, MIPS_N32 },
	{ "mipsn32", 32, BIG, EM_MIPS, MIPS_N32, MIPS_N32 },
	{ "mipsn32el", 32, LITTLE, EM_MIPS, MIPS_N32, MIPS_N32 },
	{ "mips64", 64, BIG, EM_MIPS, 0, 0 },
	{ "mips64el", 64, LITTLE, EM_MIPS, 0, 0 },
	{ "or1k", 32, BIG, EM_OPENRISC, 0, 0 },
	{ "ppc", 32, BIG, EM_PPC, 0, 0 },
	{ "ppc64", 64, BIG, EM_PPC64, 0, 0 },
	{ "ppc64le", 64, LITTLE, EM_PPC64, 0, 0 },
	{ "riscv32", 32, LITTLE, MACHINE_RISCV, 0, 0 },
	{ "riscv64", 64, LITTLE, MACHINE_RISCV, 0, 0 },
	{ "s390x", 64, BIG, EM_S390, 0, 0 },
	{ "sh4", 32, LITTLE, EM_SH, 0, 0 },
	{ "sh4eb", 32, BIG, EM_SH, 0, 0 },
	{ "sparc", 32, BIG, EM_SPARC, 0, 0 },
	{ "sparc32plus", 32, BIG, EM_SPARC32PLUS, 0, 0 },
	{ "sparc64", 64, BIG, EM_SPARCV9, 0, 0 },
	{ "x86_64", 64, LITTLE, EM_X86_64, 0, 0 },
	{ "xtensa", 32, LITTLE, MACHINE_XTENSA, 0, 0 },
	{ "xtensaeb", 32, BIG, MACHINE_XTENSA, 0, 0 },
};

const struct qemu_target *qemu_target_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (strlen(targets[i].name) == len && !memcmp(targets[i].name, name, len))
			return &targets[i];
	return NULL;
}

bool qemu_target_is(const struct qemu_target *t, const struct elf_info *elf)
{
	return t->bits == elf->bits && t->big_endian == elf->big_endian && t->machine == elf->machine &&
	       (elf->flags & t->flags_mask) == t->flags;
}

const struct qemu_target *qemu_target_of(const struct elf_info *elf)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (qemu_target_is(&targets[i], elf))
			return &targets[i];
	return NULL;
}
