// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first line of a script, by the rules of the kernel's fs/binfmt_script.c: blanks
 * are space and tab, all after the interpreter is one argument, and a NUL ends it.
 */
#include "emul/elf/elf.h"

#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

#define SHEBANG_BYTES 256	/* BINPRM_BUF_SIZE */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* @line is NUL-terminated; @whole: it ended before the kernel's limit. */
static int split(const char *line, bool whole, char **ret_interp, char **ret_arg)
{
	const char *start = line + strspn(line, " \t");
	size_t len = strcspn(start, " \t");
	const char *arg = start + len, *end = line + strlen(line);
	_cleanup_free_ char *interp = NULL;

	/* A name that touches the limit may have been cut. */
	if (!len || (!whole && !*arg))
		return -ENOEXEC;
	interp = strndup(start, len);
	if (!interp)
		return -ENOMEM;
	arg += strspn(arg, " \t");
	while (end > arg && blank(end[-1]))
		end--;
	*ret_arg = NULL;
	if (end > arg) {
		*ret_arg = strndup(arg, end - arg);
		if (!*ret_arg)
			return -ENOMEM;
	}
	*ret_interp = steal_ptr(interp);
	return 0;
}

int elf_shebang(int fd, char **ret_interp, char **ret_arg, struct err *e)
{
	char head[SHEBANG_BYTES + 1] = "";
	ssize_t n = io_pread_full(fd, head, SHEBANG_BYTES, 0);
	bool whole;
	char *end;
	int r;

	if (n < 0)
		return err_set(e, (int)n, "read the first line");
	if (n < 2 || head[0] != '#' || head[1] != '!')
		return err_set(e, -ENOEXEC, "no #! line");
	head[n] = '\0';
	end = head + strcspn(head, "\n");
	/* A file shorter than the limit, or a NUL within it, ends the line as well. */
	whole = *end == '\n' || end < head + SHEBANG_BYTES;
	*end = '\0';
	r = split(head + 2, whole, ret_interp, ret_arg);
	return r < 0 ? err_set(e, r, "read the #! line") : 0;
}
