/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which memory a program gets: what fs/binfmt_elf.c does with program headers, as a list
 * of mappings. No file and no task is touched.
 */
#ifndef EMUL_LOADER_LAYOUT_H
#define EMUL_LOADER_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

struct elf_info;
struct err;

/* Of the image that the program comes to. */
struct layout_room {
	unsigned word;		/* bytes of a pointer */
	uint64_t page;
	uint64_t sp;		/* somewhere in its stack */
	uint64_t random;	/* anything; 0 where addresses shall not be random */
	bool fixed_heap;	/* … that of the heap neither */
};

struct layout_map {
	uint64_t addr, len;
	uint64_t offset;	/* in the file */
	int prot;		/* PROT_* */
	bool anonymous;
	bool over;		/* over what an earlier one has mapped; else nothing may be there */
};

struct layout_zero {		/* the file goes on where the program's memory is zero */
	uint64_t addr, len;
};

struct layout {
	struct buf maps;	/* struct layout_map each, in order */
	struct buf zeros;	/* struct layout_zero each */
	uint64_t bias;		/* what is added to addresses of the file */
	uint64_t entry, phdr;	/* in memory; phdr 0: no segment has them */
	uint64_t start_code, end_code, start_data, end_data;
	uint64_t brk;		/* where the heap begins */
	bool exec_stack;	/* wants an executable stack */
	bool exec_all;		/* … and everything readable executable (old 32-bit programs) */
};

/* 0; -ENOEXEC for headers that no kernel takes; -ENOMEM. The caller frees also on failure. */
int layout_make(const struct elf_info *elf, const struct layout_room *room, struct layout *ret,
	      struct err *e);
void layout_free(struct layout *p);

#endif
