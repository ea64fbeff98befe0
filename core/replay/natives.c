// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/replay/natives.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/replay/inroot.h"
#include "emul/elf/elf.h"

/* Every machine has one that is what its programs are. */
#define ANY_PROGRAM "/bin/sh"

static char *find_loader(void)
{
	_cleanup_close_ int fd = open(ANY_PROGRAM, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct elf_info elf = { 0 };
	char *loader = NULL;

	if (fd >= 0 && elf_read_headers(fd, &elf, NULL) == 0)
		loader = steal_ptr(elf.interp);
	elf_info_clear(&elf);
	return loader;
}

static bool is_in(int root, const char *path)
{
	_cleanup_close_ int fd = inroot_open(root, path, O_PATH);

	return fd >= 0;
}

/* Not one that holds other things as well, and that every root has. */
static bool is_of_libraries(const char *dir)
{
	return strcmp(dir, "/lib") && strcmp(dir, "/usr/lib");
}

void natives_find(const char *root, char *ret[NATIVES_MOST + 1])
{
	_cleanup_close_ int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *loader = find_loader(), *dir = loader ? realpath(loader, NULL) : NULL;
	char *slash = dir ? strrchr(dir, '/') : NULL;
	size_t n = 0;

	memset(ret, 0, (NATIVES_MOST + 1) * sizeof(*ret));
	if (top < 0 || !slash || slash == dir || is_in(top, loader))
		return;
	*slash = '\0';
	if (is_of_libraries(dir) && !is_in(top, dir))
		ret[n++] = steal_ptr(dir);
	ret[n] = steal_ptr(loader);
}
