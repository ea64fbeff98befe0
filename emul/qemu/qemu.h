/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's user mode: one static binary a target, called qemu-TARGET or qemu-TARGET-static,
 * that loads a program of another machine into its own process and makes its system calls
 * for it. Which target a binary has only its name tells.
 */
#ifndef EMUL_QEMU_QEMU_H
#define EMUL_QEMU_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct elf_info;
struct err;

/* What programs of a target have in their ELF headers. */
struct qemu_target {
	const char *name;		/* as in the binary's name */
	uint8_t bits;			/* 32, 64 */
	bool big_endian;
	uint16_t machine;		/* EM_… */
	uint32_t flags, flags_mask;	/* of e_flags */
};

/* NULL: there is none of that name, or for such programs. */
const struct qemu_target *qemu_target_find(const char *name, size_t len);
const struct qemu_target *qemu_target_of(const struct elf_info *elf);
bool qemu_target_is(const struct qemu_target *t, const struct elf_info *elf);

struct qemu {
	char *path;			/* on this machine, canonical */
	char **words;			/* how it is called: its name and options, NULL at the end */
	const struct qemu_target *target;	/* NULL: its name does not tell */
	const struct qemu_target *own;	/* of the binary itself; NULL: QEMU has none for that */
	bool all;			/* even what this machine could run is run by it */
};

/*
 * @command: the binary, searched in @path (as PATH) if it has no slash, and its options.
 * @name: what the option was, for sentences. −errno: it is not there, no program of this
 * machine, not static (it would need this machine's libraries inside).
 */
int qemu_find(struct qemu *ret, char *const *command, const char *path, const char *name, struct err *e);
void qemu_clear(struct qemu *q);

/*
 * Is such a program run by it? What it is for by its name always; else, if the name does
 * not tell, all that this machine cannot run.
 */
bool qemu_runs(const struct qemu *q, const struct elf_info *elf);

/* May this kernel run such a program itself, as far as uname(2) tells? */
bool qemu_is_native(const struct elf_info *elf);

/*
 * The line that registers it with binfmt_misc; @interpreter is its path there. What is in
 * the way of that, as a sentence's end, or NULL.
 */
void qemu_binfmt(const struct qemu *q, const char *interpreter, struct buf *ret);
const char *qemu_binfmt_why_not(const struct qemu *q);

#endif
