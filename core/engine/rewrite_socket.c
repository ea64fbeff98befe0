// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another path in a socket address. It has a length beside it, may hang on a struct
 * msghdr, and all of these may be socketcall(2)'s arguments in memory: each is copied
 * and points at the copies, so that nothing of the program's own is ever changed.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/engine/ptrace.h"
#include "core/event/patch.h"
#include "core/task/task.h"

#define SUN_PATH offsetof(struct sockaddr_un, sun_path)
#define MSGHDR_WORDS 7		/* all of it are words, or padded to them */

static int set_message(struct patch *p, const struct task *t, const struct call *c, int arg,
		       uint64_t address, uint32_t len)
{
	unsigned word = c->abi->word;
	unsigned char head[MSGHDR_WORDS * 8];
	uint64_t at;

	if (task_read(t, c->vals[arg], head, MSGHDR_WORDS * word) != (ssize_t)(MSGHDR_WORDS * word))
		return -EFAULT;
	at = patch_bytes(p, head, MSGHDR_WORDS * word);
	patch_word(p, at, word, address, true);
	patch_word(p, at + word, sizeof(len), len, false);
	patch_arg(p, c, arg, at, true);
	return 0;
}

int rewrite_socket(struct patch *p, const struct task *t, const struct call *c, const char *path)
{
	int arg = syscall_arg(c->row, ARG_SOCKADDR), message = syscall_arg(c->row, ARG_MSGHDR);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	uint64_t at;

	if (arg < 0 && message < 0)
		return -EOPNOTSUPP;
	/* The kernel takes one without its NUL. */
	if (len > sizeof(un.sun_path))
		return -ENAMETOOLONG;
	memcpy(un.sun_path, path, len);
	len = MIN(SUN_PATH + len + 1, sizeof(un));
	at = patch_bytes(p, &un, len);
	if (arg < 0)
		return set_message(p, t, c, message, at, len);
	patch_arg(p, c, arg, at, true);
	patch_arg(p, c, c->row->args[arg].base, len, false);
	return 0;
}
