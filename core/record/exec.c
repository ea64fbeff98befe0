// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel itself opens to execute a program: the interpreter of a script,
 * and of that one, and the ELF interpreter. No tracee makes a call for these, so
 * they are found by reading the file (decision 21).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/far.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/record/recorder_internal.h"
#include "emul/elf/elf.h"

#define EXEC_MAX_DEPTH 5	/* the kernel follows that many #! (fs/exec.c), then ELOOP */

static int on_the_way(void *ctx, struct name *n, enum walk_role role)
{
	return use_name(ctx, n, role == ROLE_LAST ? USE_EXEC : USE_META);
}

/* The interpreter @path, as the kernel looks it up for @t; @fixed: opened when it was registered. */
static int use_interpreter(struct recorder *r, struct task *t, const char *path, int depth, bool fixed)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	struct name *root = names_root(r->names), *cwd = NULL;
	struct path_walk w = { .text = path, .len = strlen(path), .tgid = t->tgid, .tid = t->tid,
			       .visit = on_the_way, .ctx = r };
	const char *dir;
	int ret = 0;

	if (!fixed && task_root(t, &dir, NULL) >= 0 && strcmp(dir, "/"))
		ret = path_base(r, t, dir, &root);
	if (ret >= 0 && path[0] != '/' && task_cwd(t, &dir, NULL) >= 0)
		ret = path_base(r, t, dir, &cwd);
	if (ret < 0 || !root || (path[0] != '/' && !cwd))
		return ret;
	w.root = root;
	w.base = cwd ? cwd : root;
	ret = names_walk(r->names, &w, r->e);
	if (ret < 0 || w.error || !w.last)
		return ret;
	ret = name_host(w.last, &host);
	return ret < 0 ? err_set(r->e, ret, "follow an interpreter") :
			 exec_closure(r, t, host.data, depth + 1);
}

/*
 * binfmt_misc comes first in the kernel, whatever the file is. Which of several that
 * match is taken depends on the order they were registered in, which is not shown: all.
 */
static int use_handlers(struct recorder *r, struct task *t, const char *name, int fd, int depth)
{
	unsigned char head[BINFMT_HEAD] = { 0 };	/* the kernel's buffer has zeros behind a short file */
	int ret = 0;

	if (!r->binfmts_known) {
		binfmts_clear(&r->binfmts);
		if (binfmts_mounted(BINFMT_DIR))
			ret = binfmts_read(&r->binfmts, BINFMT_DIR);
		r->binfmts_known = true;
	}
	if (ret < 0)
		return err_set(r->e, ret, "read the handlers of binfmt_misc");
	if (r->binfmts.n && io_pread_full(fd, head, sizeof(head), 0) < 0)
		return 0;
	for (size_t i = 0; i < r->binfmts.n && ret >= 0; i++) {
		const struct binfmt *b = &r->binfmts.v[i];

		if (!binfmt_matches(b, name, head, sizeof(head)))
			continue;
		ret = fact_depend(r, "binfmt", b->name);
		if (ret >= 0)
			ret = use_interpreter(r, t, b->interpreter, depth, b->flags && strchr(b->flags, 'F'));
	}
	return ret;
}

static int closure_of(struct recorder *r, struct task *t, const char *name, int fd, int depth)
{
	struct elf_info elf = { 0 };
	_cleanup_free_ char *interp = NULL, *arg = NULL;
	int ret = 0;

	if (depth > EXEC_MAX_DEPTH)
		return 0;
	ret = use_handlers(r, t, name, fd, depth);
	if (ret < 0)
		return ret;
	if (elf_shebang(fd, &interp, &arg, NULL) >= 0)
		return use_interpreter(r, t, interp, depth, false);
	if (elf_read(fd, &elf, NULL) < 0)
		return 0;	/* the kernel will refuse it */
	if (elf.interp)
		ret = use_interpreter(r, t, elf.interp, depth, false);
	elf_info_clear(&elf);
	return ret;
}

int exec_closure(struct recorder *r, struct task *t, const char *host, int depth)
{
	_cleanup_close_ int fd = far_open(host, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? 0 : closure_of(r, t, host, fd, depth);
}

int exec_closure_fd(struct recorder *r, struct task *t, int fd)
{
	_cleanup_close_ int file = task_fd_open(t, fd, O_RDONLY | O_CLOEXEC);

	return file < 0 ? 0 : closure_of(r, t, "", file, 0);
}
