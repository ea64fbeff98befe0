/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack of a program that has not begun: argc, argv, envp and the auxiliary vector as
 * the kernel puts them (create_elf_tables()), as bytes. Strings lie above.
 */
#ifndef EMUL_LOADER_STACK_H
#define EMUL_LOADER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack {
	unsigned word;
	unsigned char *data;	/* from the stack pointer on; the caller's */
	size_t len;		/* up to the end of AT_NULL's pair */
	size_t auxv;		/* where it begins */
	uint64_t argc, envc;
	uint64_t args, envs;	/* the first string of each, 0 = none */
};

/*
 * Finds its parts in @len bytes at the stack pointer. -EAGAIN: it goes on behind them.
 */
int stack_parse(struct stack *ret, unsigned word, void *data, size_t len);

/* A value of the auxiliary vector: 0 where it has none such. */
uint64_t stack_aux(const struct stack *s, uint64_t type);
/* Changes one that is there: false if not. */
bool stack_set_aux(struct stack *s, uint64_t type, uint64_t value);

#endif
