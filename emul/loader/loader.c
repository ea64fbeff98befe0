// SPDX-License-Identifier: GPL-2.0-or-later
/* From the files to the image: what is asked of it, and what it then finds on its stack. */
#include "emul/loader/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/event/event.h"
#include "core/event/exec.h"
#include "core/task/task.h"
#include "emul/elf/elf.h"
#include "emul/loader/image.h"

bool loader_wanted(const struct elf_info *program, int interp)
{
	struct stat kernels, ours;

	if (!program->interp)
		return false;
	return stat(program->interp, &kernels) < 0 || fstat(interp, &ours) < 0 ||
	       kernels.st_dev != ours.st_dev || kernels.st_ino != ours.st_ino;
}

/* Could the interpreter, executed by itself, be what the program needs? */
static int read_interp(struct loader *l, int interp, struct err *e)
{
	struct elf_info info = { 0 };
	int r = elf_read_headers(interp, &info, NULL);

	if (r == -ENOMEM)
		return err_set(e, r, "read the interpreter");
	if (r < 0 || info.bits != l->program.bits || info.machine != l->program.machine ||
	    info.big_endian != l->program.big_endian || info.interp)
		r = -ELIBBAD;
	l->interp_entry = info.entry;
	elf_info_clear(&info);
	return r < 0 ? err_set(e, -ELIBBAD, "%s is no interpreter for it", l->program.interp) : 0;
}

static struct loader *make(const char *execfn)
{
	struct loader *l = calloc(1, sizeof(*l));

	if (l)
		l->execfn = strdup(execfn);
	if (l && !l->execfn)
		free(steal_ptr(l));
	return l;
}

int loader_new(int program, int interp, const char *path, const char *execfn, struct loader **ret,
	       struct err *e)
{
	struct loader *l = make(execfn);
	const struct abi *abi;
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "start %s", execfn);
	l->path = strdup(path);
	r = l->path ? elf_read_headers(program, &l->program, e) : err_set(e, -ENOMEM, "start %s", path);
	if (r == 0 && !l->program.interp)
		r = err_set(e, -ENOEXEC, "%s has no interpreter", execfn);
	if (r == 0)
		r = read_interp(l, interp, e);
	if (r == 0) {
		abi = abi_find_by_elf(l->program.bits == 64 ? ELFCLASS64 : ELFCLASS32,
				      l->program.machine);
		if (l->program.big_endian || !abi || !abi->stub)
			r = err_set(e, -ENOSYS, "%s is of another machine", execfn);
	}
	if (r < 0)
		loader_free(l);
	else
		*ret = l;
	return r;
}

int loader_new_named(const char *execfn, struct loader **ret, struct err *e)
{
	struct loader *l = make(execfn);

	if (!l)
		return err_set(e, -ENOMEM, "start %s", execfn);
	*ret = l;
	return 0;
}

void loader_free(struct loader *l)
{
	if (!l)
		return;
	elf_info_clear(&l->program);
	layout_free(&l->layout);
	free(l->path);
	free(l->execfn);
	free(l->stack);
	free(l);
}

/* What went wrong is said, and the image is not to begin. */
static int refuse(struct event *ev, int r)
{
	ev->exec->refused = true;
	return r;
}

int loader_exec(struct loader *l, struct event *ev, struct err *e)
{
	struct image image = { .l = l, .task = ev->task, .exec = ev->exec };
	int r;

	if (!ev->exec->abi)
		return 0;	/* it is dead */
	r = image_read_stack(&image, e);
	if (r == 0 && l->path)
		r = image_lay_out(&image, e);
	if (r == 0)
		r = image_name(&image, e);
	if (r == 0 && l->path)
		r = image_ask(&image, e);
	/* A name of its own costs a stop: only where it is another than that of the file. */
	if (r == 0 && !l->path && l->renamed)
		r = image_ask_name(&image, e);
	else if (r == 0 && !l->path)
		r = image_write_stack(&image, e);
	return r < 0 ? refuse(ev, r) : 0;
}

int loader_begin(struct loader *l, struct event *ev, struct err *e)
{
	struct image image = { .l = l, .task = ev->task, .exec = ev->exec };
	int r = l->path ? image_answers(&image, e) : 0;

	if (r == 0)
		r = image_write_stack(&image, e);
	return r < 0 ? refuse(ev, r) : 0;
}
