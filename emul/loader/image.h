/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The new image: what is read of it, asked of it, and written to it; loader.c's other half. */
#ifndef EMUL_LOADER_IMAGE_H
#define EMUL_LOADER_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "emul/elf/cache.h"
#include "emul/loader/layout.h"
#include "emul/loader/stack.h"

struct err;
struct event_exec;
struct task;

struct loader {
	struct elf_file *file;
	const struct elf_info *program;	/* … of which it is */
	uint64_t interp_entry;	/* of its file */
	char *path;		/* NULL: nothing but the name is to be another */
	char *execfn;

	/* From EVENT_EXEC on: */
	struct layout layout;
	unsigned char *stack;	/* its bytes, as they are to be */
	size_t stack_len;	/* … that were read */
	struct stack parts;	/* … and what they are */
	uint64_t sp;		/* where they go: at the old place or below it */
	uint64_t execfn_at, old_execfn;
	size_t old_room;	/* bytes of the old name, with its NUL */
	bool renamed;		/* the task has another name than it is to have */
	size_t n_maps;		/* of the calls, after the first */
};

struct image {
	struct loader *l;
	const struct task *task;
	struct event_exec *exec;
};

/* 0, or −errno with its sentence. In this order: */
int image_read_stack(struct image *m, struct err *e);
int image_lay_out(struct image *m, struct err *e);		/* where the program goes */
int image_name(struct image *m, struct err *e);		/* a place for the name, below the rest if need be */
int image_ask(struct image *m, struct err *e);		/* adds the calls */
int image_ask_name(struct image *m, struct err *e);	/* … or none but that for the task's name */
int image_answers(struct image *m, struct err *e);	/* did those succeed that must? */
int image_write_stack(struct image *m, struct err *e);

#endif
