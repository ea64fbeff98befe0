// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The last step: the program, searched as a shell does, in the PATH it will see
 * itself (execvp would use ours).
 */
#include "core/replay/ns_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/search.h"
#include "core/manifest/volatile.h"
#include "core/replay/ns.h"
#include "emul/elf/elf.h"

/* As execvp: what the kernel does not know may be a script without a first line. */
static int run(void *plan, const char *program)
{
	const struct plan *p = plan;
	size_t n = 0;
	_cleanup_free_ char **argv = NULL;
	int fd;

	execve(program, p->argv, p->env);
	if (errno != ENOEXEC)
		return -errno;
	fd = open(program, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && elf_has_magic(fd))
		return -ENOEXEC;
	while (p->argv[n])
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = "sh";
	argv[1] = (char *)program;
	memcpy(argv + 2, p->argv + 1, n * sizeof(*argv));
	execve("/bin/sh", argv, p->env);
	return -ENOEXEC;
}

int ns_explain(const char *program, const char *file, int r, struct err *e)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct elf_info elf = { 0 };
	const struct abi *abi;
	struct utsname here;

	if (fd < 0 || elf_read(fd, &elf, NULL) < 0 || uname(&here) < 0)
		return err_set(e, r, "%s", program);
	abi = abi_find_by_elf(elf.bits / 32, elf.machine);
	if (r == -ENOEXEC && abi)
		err_set(e, r, "%s is a program for %s, this machine is %s", program, abi->arch, here.machine);
	else if (r == -ENOEXEC)
		err_set(e, r, "%s is a %u-bit program for machine %u, this is a %s", program, elf.bits,
			elf.machine, here.machine);
	else if (r == -ENOENT && elf.interp)
		err_set(e, r, "%s needs %s, which the archive does not have", program, elf.interp);
	else
		err_set(e, r, "%s", program);
	elf_info_clear(&elf);
	return r;
}

int ns_exec(const struct plan *p, const char *program, struct err *e)
{
	const char *name = program ? program : p->argv[0];
	const char *path = manifest_env_get(p->env, "PATH") ?: SEARCH_DEFAULT;
	/* An empty name is ENOENT for the kernel as well. */
	int r = search_wanted(name) ? search_path(path, name, run, (void *)p) : run((void *)p, name);

	return ns_explain(name, name, r, e);
}
