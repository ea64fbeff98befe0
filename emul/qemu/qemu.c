// SPDX-License-Identifier: GPL-2.0-or-later
#include "emul/qemu/qemu.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/search.h"
#include "emul/elf/elf.h"

#define MACHINE_486 6	/* which the kernel takes for a 386 */
#define STATIC "-static"
#define GET_IT "install QEMU's static user mode (Debian package qemu-user-static) or give its path"

/* --- what runs where ------------------------------------------------------------------------ */

bool qemu_is_native(const struct elf_info *elf)
{
	/* A kernel of 64 bits may call itself one of 32 (PER_LINUX32 of personality(2)). */
	static const struct { const char *here; uint16_t machine; } table[] = {
		{ "x86_64", EM_X86_64 }, { "x86_64", EM_386 }, { "x86_64", MACHINE_486 },
		{ "i?86", EM_X86_64 }, { "i?86", EM_386 }, { "i?86", MACHINE_486 },
		{ "aarch64", EM_AARCH64 }, { "aarch64", EM_ARM },
		{ "arm*", EM_AARCH64 }, { "arm*", EM_ARM },
	};
	struct utsname here;

	if (elf->big_endian || uname(&here) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].machine == elf->machine && fnmatch(table[i].here, here.machine, 0) == 0)
			return true;
	return false;
}

bool qemu_runs(const struct qemu *q, const struct elf_info *elf)
{
	if (q->all)
		return true;
	return q->target ? qemu_target_is(q->target, elf) : !qemu_is_native(elf);
}

/* --- the binary ------------------------------------------------------------------------------- */

static int is_program(void *ret_path, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -ENOENT;
	*(char **)ret_path = realpath(path, NULL);
	return *(char **)ret_path ? 0 : -errno;
}

/* @name with @suffix, along @path if it has no slash; the caller frees. NULL: it is not there. */
static char *search(const char *name, const char *suffix, const char *path)
{
	_cleanup_buf_ struct buf full = BUF_INIT;
	char *found = NULL;

	buf_addf(&full, "%s%s", name, suffix);
	if (buf_error(&full) < 0)
		return NULL;
	if (search_wanted(full.data))
		search_path(path, full.data, is_program, &found);
	else
		is_program(&found, full.data);
	return found;
}

/* qemu-TARGET or qemu-TARGET-static. */
static const struct qemu_target *target_by_name(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(name);

	if (len > strlen(STATIC) && !strcmp(name + len - strlen(STATIC), STATIC))
		len -= strlen(STATIC);
	return len > 5 && !strncmp(name, "qemu-", 5) ? qemu_target_find(name + 5, len - 5) : NULL;
}

/* 0; -ELIBACC: it is not static; −errno. */
static int look_at(struct qemu *q, struct elf_info *elf, const char *name, struct err *e)
{
	_cleanup_close_ int fd = open(q->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_set(e, -errno, "%s: open %s", name, q->path);
	if (elf_read_headers(fd, elf, NULL) < 0)
		return err_set(e, -ENOEXEC, "%s: %s is no ELF program: QEMU's own binary is wanted", name, q->path);
	q->own = qemu_target_of(elf);
	if (!qemu_is_native(elf))
		return err_set(e, -ENOEXEC, "%s: %s is not a program for this machine", name, q->path);
	if (elf->interp)
		return err_set(e, -ELIBACC, "%s: %s needs libraries of this machine, which a new root has not: %s",
			       name, q->path, GET_IT);
	return 0;
}

static int take(struct qemu *q, const char *command, const char *suffix, const char *path, const char *name,
		struct err *e)
{
	struct elf_info elf = { 0 };
	int r;

	free(q->path);
	q->path = search(command, suffix, path);
	if (!q->path)
		return err_set(e, -ENOENT, "%s: there is no %s%s: %s", name, command,
			       strchr(command, '/') ? "" : " in PATH", GET_IT);
	r = look_at(q, &elf, name, e);
	elf_info_clear(&elf);
	return r;
}

static int copy_words(struct qemu *q, char *const *command)
{
	size_t n = 0;

	while (command[n])
		n++;
	q->words = calloc(n + 1, sizeof(*q->words));
	for (size_t i = 0; q->words && i < n; i++) {
		q->words[i] = strdup(command[i]);
		if (!q->words[i])
			return -ENOMEM;
	}
	return q->words ? 0 : -ENOMEM;
}

int qemu_find(struct qemu *ret, char *const *command, const char *path, const char *name, struct err *e)
{
	struct qemu q = { 0 };
	struct err other;
	int r = take(&q, command[0], "", path, name, e);

	/* Debian has the one beside the other. */
	if ((r == -ENOENT || r == -ELIBACC) && take(&q, command[0], STATIC, path, name, &other) == 0) {
		log_info("%s: %s is taken", name, q.path);
		r = 0;
	}
	if (r == 0 && copy_words(&q, command) < 0)
		r = err_set(e, -ENOMEM, "%s", name);
	if (r < 0) {
		qemu_clear(&q);
		return r;
	}
	q.target = target_by_name(command[0]) ?: target_by_name(q.path);
	*ret = q;
	return 0;
}

void qemu_clear(struct qemu *q)
{
	for (size_t i = 0; q->words && q->words[i]; i++)
		free(q->words[i]);
	free(q->words);
	free(q->path);
	*q = (struct qemu){ 0 };
}

/* --- binfmt_misc -------------------------------------------------------------------------------- */

const char *qemu_binfmt_why_not(const struct qemu *q)
{
	if (!q->target)
		return "its name does not tell whose programs it runs";
	if (q->all)
		return "this machine's programs are to be run by it too";
	if (q->own == q->target)
		return "it is itself such a program";
	if (q->words[1])
		return "it is given options, which binfmt_misc has no place for";
	return NULL;
}

static void put(unsigned char *at, int size, bool big_endian, uint64_t value)
{
	for (int i = 0; i < size; i++)
		at[i] = (unsigned char)(value >> 8 * (big_endian ? size - 1 - i : i));
}

static void add_bytes(struct buf *to, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(to, "\\x%02x", bytes[i]);
}

/*
 * Documentation/admin-guide/binfmt-misc.rst. F: it is opened now, so that it need not be in the
 * new root. P: it gets the argv[0] too, which it tells by AT_FLAGS (Linux 5.12, QEMU 5.2).
 */
void qemu_binfmt(const struct qemu *q, const char *interpreter, struct buf *ret)
{
	const struct qemu_target *t = q->target;
	unsigned char magic[40] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3 };
	unsigned char mask[40] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	size_t n = t->flags_mask ? sizeof(magic) : 20;
	/* What the line's fields are separated by is whatever the path does not hold. */
	char mark = strchr(interpreter, ':') ? '\001' : ':';

	magic[EI_CLASS] = t->bits == 64 ? ELFCLASS64 : ELFCLASS32;
	magic[EI_DATA] = t->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	magic[EI_VERSION] = EV_CURRENT;
	put(magic + 16, 2, t->big_endian, ET_EXEC);	/* or ET_DYN, which is one more */
	put(mask + 16, 2, t->big_endian, 0xfffe);
	put(magic + 18, 2, t->big_endian, t->machine);
	put(mask + 18, 2, t->big_endian, 0xffff);
	if (t->flags_mask) {	/* e_flags of Elf32_Ehdr */
		put(magic + 36, 4, t->big_endian, t->flags);
		put(mask + 36, 4, t->big_endian, t->flags_mask);
	}
	buf_addf(ret, "%ccare-%s%cM%c%c", mark, t->name, mark, mark, mark);
	add_bytes(ret, magic, n);
	buf_addc(ret, mark);
	add_bytes(ret, mask, n);
	buf_addf(ret, "%c%s%cFP", mark, interpreter, mark);
}
