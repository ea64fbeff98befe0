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
#include "emul/elf/cache.h"
#include "emul/loader/image.h"

bool loader_differs(const struct elf_info *program, const struct stat *interp)
{
	struct stat kernels;

	return program->interp && (stat(program->interp, &kernels) < 0 || kernels.st_dev != interp->st_dev ||
				   kernels.st_ino != interp->st_ino);
}

bool loader_wanted(const struct elf_info *program, int interp)
{
	struct stat ours;

	return program->interp && (fstat(interp, &ours) < 0 || loader_differs(program, &ours));
}

/* Could the interpreter, executed by itself, be what the program needs? */
static bool is_interp(const struct elf_file *interp, const struct elf_info *program)
{
	const struct elf_info *i = &interp->info;

	return interp->is_elf && !i->interp && i->bits == program->bits && i->machine == program->machine &&
	       i->big_endian == program->big_endian;
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

/* Has it what it takes to be started? */
static int check(const struct elf_file *program, const struct elf_file *interp, const char *execfn,
		 struct err *e)
{
	const struct elf_info *info = &program->info;
	const struct abi *abi;

	if (!program->is_elf || !info->interp)
		return err_set(e, -ENOEXEC, "%s has no interpreter", execfn);
	if (!is_interp(interp, info))
		return err_set(e, -ELIBBAD, "%s is no interpreter for it", info->interp);
	abi = abi_find_by_elf(info->bits == 64 ? ELFCLASS64 : ELFCLASS32, info->machine);
	if (info->big_endian || !abi || !abi->stub)
		return err_set(e, -ENOSYS, "%s is of another machine", execfn);
	return 0;
}

int loader_new_of(struct elf_file *program, const struct elf_file *interp, const char *path,
		  const char *execfn, struct loader **ret, struct err *e)
{
	struct loader *l;
	int r = check(program, interp, execfn, e);

	if (r < 0)
		return r;
	l = make(execfn);
	if (l)
		l->path = strdup(path);
	if (!l || !l->path) {
		loader_free(l);
		return err_set(e, -ENOMEM, "start %s", execfn);
	}
	l->file = elf_file_ref(program);
	l->program = &program->info;
	l->interp_entry = interp->info.entry;
	*ret = l;
	return 0;
}

int loader_new(int program, int interp, const char *path, const char *execfn, struct loader **ret,
	       struct err *e)
{
	struct elf_file *files[2] = { NULL, NULL };
	int r = elf_cache_read(NULL, program, &files[0]);

	if (r == 0)
		r = elf_cache_read(NULL, interp, &files[1]);
	r = r < 0 ? err_set(e, r, "start %s", execfn) :
		    loader_new_of(files[0], files[1], path, execfn, ret, e);
	elf_file_unref(files[0]);
	elf_file_unref(files[1]);
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
	elf_file_unref(l->file);
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
