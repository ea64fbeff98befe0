/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What program files say about themselves, read once. What was read counts as long as
 * stat(2) says the same of the file as it did then; a file that has changed only a moment
 * before is read each time, for its times could not tell another change from that one.
 */
#ifndef EMUL_ELF_CACHE_H
#define EMUL_ELF_CACHE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "emul/elf/elf.h"

struct elf_cache;

struct elf_file {		/* counted; nobody changes it */
	int refs;
	char *interp, *arg;	/* as elf_shebang(); interp NULL: no script */
	bool is_elf;		/* … as elf_read_headers(): */
	struct elf_info info;
	struct elf_key {
		dev_t dev;
		ino_t ino;
		off_t size;
		struct timespec changed, modified;
	} key;
};

struct elf_cache *elf_cache_new(void);	/* NULL: no memory */
void elf_cache_free(struct elf_cache *c);

/* The file of which stat(2) says @st; NULL: it must be read. */
struct elf_file *elf_cache_find(struct elf_cache *c, const struct stat *st);
/* Reads @fd, and keeps it in @c (may be NULL). 0 or -ENOMEM; what cannot be read is neither. */
int elf_cache_read(struct elf_cache *c, int fd, struct elf_file **ret);

struct elf_file *elf_file_ref(struct elf_file *f);
void elf_file_unref(struct elf_file *f);

#endif
