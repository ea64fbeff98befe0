/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program file says about itself before it runs: the ELF header with the
 * interpreter and libraries it asks for, or the `#!` line of a script. Read as the
 * kernel reads it, from files that may be cut short or made to harm: every size is
 * checked against a bound of ours and every read against the end of the file.
 */
#ifndef EMUL_ELF_ELF_H
#define EMUL_ELF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct elf_phdr {
	uint32_t type, flags;	/* PT_*, PF_* */
	uint64_t offset, vaddr, filesz, memsz, align;
};

struct elf_info {
	unsigned bits;		/* 32 or 64 */
	bool big_endian;
	uint8_t osabi;
	uint16_t type;		/* ET_EXEC, ET_DYN … */
	uint16_t machine;	/* EM_…: whose it is, arch/ knows */
	uint32_t flags;		/* e_flags: float ABI and the like */
	uint64_t entry, phoff;
	struct elf_phdr *phdrs;	/* as they are in the file: nothing but their number is checked */
	size_t n_phdrs;
	char *interp;		/* PT_INTERP, NULL for a static program or a library */
	bool dynamic;		/* has a PT_DYNAMIC */
	uint64_t load_end;	/* the file must be this long to hold all that is loaded of it */
	char *soname;		/* DT_SONAME, DT_RPATH, DT_RUNPATH or NULL */
	char *rpath, *runpath;
	char **needed;		/* DT_NEEDED, in order */
	size_t n_needed;
};

/*
 * Read @fd, whose offset is not moved. -ENOEXEC: not an ELF file, or one that no
 * kernel would run. A damaged dynamic section is no error: the kernel does not look
 * at it either; what could be read of it is there. On failure *ret is untouched.
 */
int elf_read(int fd, struct elf_info *ret, struct err *e);
/* The same without what the dynamic section says: what the kernel reads. */
int elf_read_headers(int fd, struct elf_info *ret, struct err *e);
void elf_info_clear(struct elf_info *info);
/* Does it begin as an ELF file does, whatever follows? */
bool elf_has_magic(int fd);

/*
 * The interpreter and its one optional argument (NULL when absent) of a script,
 * within the 256 bytes that the kernel looks at (128 before Linux 5.1). -ENOEXEC:
 * not a script, or a line whose interpreter is cut by that limit (refused since 5.0).
 * The caller frees both.
 */
int elf_shebang(int fd, char **ret_interp, char **ret_arg, struct err *e);

#endif
