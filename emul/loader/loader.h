/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a dynamic program whose interpreter the kernel would not find: it looks up
 * PT_INTERP by itself, in the root that the task has, and would take the host's.
 *
 * So the interpreter is what is executed, by its host path. To the kernel it is a program
 * of its own; before it runs, its image maps the program as the kernel would have done, and
 * the auxiliary vector then says what it would say if the kernel had mapped both. From
 * there on the interpreter does what it always does. What remains different: /proc/PID/exe
 * is the interpreter, which only the kernel can change.
 *
 * Whoever rewrites the path of an execve(2) makes a struct loader before, and hands it to
 * loader_exec() and loader_begin() at the events of that task, if the call succeeds.
 */
#ifndef EMUL_LOADER_LOADER_H
#define EMUL_LOADER_LOADER_H

#include <stdbool.h>

struct elf_file;
struct elf_info;
struct err;
struct event;
struct loader;
struct stat;

/*
 * Must a program be started this way? @program as elf_read_headers() read it, @interp a
 * descriptor of the file that is to be its interpreter. Not if it has none, or if the
 * kernel, which looks from our root, finds the same file.
 */
bool loader_wanted(const struct elf_info *program, int interp);

/*
 * @program, @interp: descriptors that can be read. @path: how the new image opens the
 * program, an absolute host path, or /proc/PID/fd/N of ours as long as that is open.
 * @execfn: the name that the caller of execve(2) gave, for AT_EXECFN and the task's name.
 *
 * -ENOEXEC: not a program that any kernel would map. -ELIBBAD: that is no interpreter for
 * it. -ENOSYS: of an ABI that has no stub. All are what execve(2) is then to answer.
 */
int loader_new(int program, int interp, const char *path, const char *execfn, struct loader **ret,
	       struct err *e);

/*
 * A program that is executed itself, by a host path that it need not know: it begins as if
 * by the name @execfn. Where that is longer than the path, /proc/PID/auxv still tells of the
 * place that the kernel had given it.
 */
int loader_new_named(const char *execfn, struct loader **ret, struct err *e);

/* The same of files that were read already; loader_differs() is loader_wanted(). */
bool loader_differs(const struct elf_info *program, const struct stat *interp);
int loader_new_of(struct elf_file *program, const struct elf_file *interp, const char *path,
		  const char *execfn, struct loader **ret, struct err *e);

void loader_free(struct loader *l);

/*
 * At EVENT_EXEC and EVENT_BEGIN of the task. 0; or −errno, and the image will be ended by
 * SIGSEGV (ev->exec->refused), which is what a program that the kernel cannot map ends by.
 * The observation can go on in any case.
 */
int loader_exec(struct loader *l, struct event *ev, struct err *e);
int loader_begin(struct loader *l, struct event *ev, struct err *e);

#endif
