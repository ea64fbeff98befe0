/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interpreters that are registered with binfmt_misc, by the first bytes of a program
 * or by its suffix (Documentation/admin-guide/binfmt-misc.rst): the kernel opens them,
 * and no tracee makes a call for it.
 */
#ifndef CORE_RECORD_BINFMT_H
#define CORE_RECORD_BINFMT_H

#include <stdbool.h>
#include <stddef.h>

#define BINFMT_DIR "/proc/sys/fs/binfmt_misc"
#define BINFMT_HEAD 256		/* bytes of a program that the kernel looks at (128 before 5.1) */

struct binfmt {
	char *name;
	char *interpreter;
	char *flags;			/* P, O, C, F */
	char *extension;		/* without its dot; NULL: by magic */
	unsigned char *magic, *mask;	/* mask NULL: all bits */
	size_t offset, len;
};

struct binfmts {
	struct binfmt *v;
	size_t n;
};

/*
 * What is registered and enabled in @dir, which looks as the kernel shows it. Nothing
 * when there is no such directory. 0 or -ENOMEM.
 */
int binfmts_read(struct binfmts *ret, const char *dir);
void binfmts_clear(struct binfmts *b);

/* Is binfmt_misc mounted there? Asked without triggering an automount. */
bool binfmts_mounted(const char *dir);

/* Would @b run the program of that name, which begins with @head? */
bool binfmt_matches(const struct binfmt *b, const char *name, const void *head, size_t len);

#endif
