// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small ELF reader. Fields are taken byte by byte, so that a file of the other
 * word size or byte order reads the same on any machine.
 */
#include "emul/elf/elf.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

/* The kernel refuses program header tables above 64 KiB (fs/binfmt_elf.c). */
#define ELF_MAX_PHDRS 65536
/* Nothing the kernel says; large programs have some hundred entries. */
#define ELF_MAX_DYNAMIC 65536
#define ELF_MAX_NEEDED 4096
#define STRING_STEP 256
#define STRING_MAX (1 << 20)	/* a file may hold no NUL at all */

struct reader {
	int fd;
	bool wide, big;
	struct elf_phdr *phdrs;
	size_t n;
};

static uint64_t field(const struct reader *r, const unsigned char *at, int size)
{
	uint64_t v = 0;

	for (int i = 0; i < size; i++)
		v |= (uint64_t)at[i] << 8 * (r->big ? size - 1 - i : i);
	return v;
}

/* The word of @offset32 in a 32-bit structure, of @offset64 in a 64-bit one. */
static uint64_t word(const struct reader *r, const unsigned char *base, int offset32, int offset64)
{
	return r->wide ? field(r, base + offset64, 8) : field(r, base + offset32, 4);
}

static int pread_exact(int fd, void *to, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > (uint64_t)INT64_MAX - len)
		return -ENOEXEC;
	n = io_pread_full(fd, to, len, offset);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -ENOEXEC;
}

bool elf_has_magic(int fd)
{
	char magic[SELFMAG];

	return io_pread_full(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, ELFMAG, SELFMAG);
}

static int read_header(struct reader *r, struct elf_info *info, uint64_t *ret_phoff, size_t *ret_phnum)
{
	unsigned char h[64] = { 0 };
	ssize_t n = io_pread_full(r->fd, h, sizeof(h), 0);
	unsigned phentsize;

	if (n < 0)
		return (int)n;
	if (n < 52 || memcmp(h, ELFMAG, SELFMAG) || (h[EI_CLASS] != ELFCLASS32 && h[EI_CLASS] != ELFCLASS64) ||
	    (h[EI_DATA] != ELFDATA2LSB && h[EI_DATA] != ELFDATA2MSB))
		return -ENOEXEC;
	r->wide = h[EI_CLASS] == ELFCLASS64;
	r->big = h[EI_DATA] == ELFDATA2MSB;
	if (r->wide && n < 64)
		return -ENOEXEC;
	info->bits = r->wide ? 64 : 32;
	info->big_endian = r->big;
	info->osabi = h[EI_OSABI];
	info->type = field(r, h + 16, 2);
	info->machine = field(r, h + 18, 2);
	info->flags = field(r, h + (r->wide ? 48 : 36), 4);
	info->entry = word(r, h, 24, 24);
	*ret_phoff = info->phoff = word(r, h, 28, 32);
	phentsize = field(r, h + (r->wide ? 54 : 42), 2);
	*ret_phnum = field(r, h + (r->wide ? 56 : 44), 2);
	/* Relocatable objects have no program headers and are not run: still ELF. */
	if (!*ret_phnum)
		return info->type == ET_REL ? 0 : -ENOEXEC;
	if (phentsize != (r->wide ? 56u : 32u) || *ret_phnum * phentsize > ELF_MAX_PHDRS)
		return -ENOEXEC;
	return 0;
}

static int read_phdrs(struct reader *r, uint64_t phoff, size_t phnum)
{
	size_t size = r->wide ? 56 : 32;
	_cleanup_free_ unsigned char *raw = malloc(phnum * size + 1);
	int err;

	r->phdrs = calloc(phnum + 1, sizeof(*r->phdrs));
	if (!raw || !r->phdrs)
		return -ENOMEM;
	err = pread_exact(r->fd, raw, phnum * size, phoff);
	if (err < 0)
		return err;
	for (r->n = 0; r->n < phnum; r->n++) {
		const unsigned char *p = raw + r->n * size;

		r->phdrs[r->n] = (struct elf_phdr){
			.type = field(r, p, 4),
			.flags = field(r, p + (r->wide ? 4 : 24), 4),
			.offset = word(r, p, 4, 8),
			.vaddr = word(r, p, 8, 16),
			.filesz = word(r, p, 16, 32),
			.memsz = word(r, p, 20, 40),
			.align = word(r, p, 28, 48),
		};
	}
	return 0;
}

static const struct elf_phdr *find_phdr(const struct reader *r, uint32_t type)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->phdrs[i].type == type)
			return &r->phdrs[i];
	return NULL;
}

static uint64_t load_end(const struct reader *r)
{
	uint64_t end = 0, this;

	for (size_t i = 0; i < r->n; i++)
		if (r->phdrs[i].type == PT_LOAD && r->phdrs[i].filesz &&
		    !__builtin_add_overflow(r->phdrs[i].offset, r->phdrs[i].filesz, &this))
			end = MAX(end, this);
	return end;
}

/* As load_elf_binary() checks it: 2 to PATH_MAX bytes with a NUL at the end. */
static int read_interp(const struct reader *r, char **ret)
{
	const struct elf_phdr *p = find_phdr(r, PT_INTERP);
	_cleanup_free_ char *interp = NULL;
	int err;

	if (!p)
		return 0;
	if (p->filesz < 2 || p->filesz > PATH_MAX)
		return -ENOEXEC;
	interp = malloc(p->filesz);
	if (!interp)
		return -ENOMEM;
	err = pread_exact(r->fd, interp, p->filesz, p->offset);
	if (err < 0)
		return err;
	if (interp[p->filesz - 1])
		return -ENOEXEC;
	*ret = steal_ptr(interp);
	return 0;
}

/* Where the file holds what will be at @vaddr; false when no segment loads it. */
static bool file_offset(const struct reader *r, uint64_t vaddr, uint64_t *ret)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct elf_phdr *p = &r->phdrs[i];

		if (p->type == PT_LOAD && vaddr >= p->vaddr && vaddr - p->vaddr < p->filesz) {
			*ret = p->offset + (vaddr - p->vaddr);
			return true;
		}
	}
	return false;
}

/* A string of the dynamic string table; NULL when the file ends before it does. */
static char *dynamic_string(const struct reader *r, uint64_t strtab, uint64_t index)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint64_t at;

	if (__builtin_add_overflow(strtab, index, &at))
		return NULL;
	for (;;) {
		char *to = buf_reserve(&text, STRING_STEP);
		ssize_t n;

		if (!to || at > (uint64_t)INT64_MAX - STRING_STEP || text.len >= STRING_MAX)
			return NULL;
		n = io_pread_full(r->fd, to, STRING_STEP, at);
		if (n <= 0)
			return NULL;
		if (memchr(to, '\0', n))
			return strdup(text.data);
		text.len += n;
		at += n;
	}
}

static void take(char **at, char *value)
{
	free(*at);
	*at = value;
}

static int add_needed(struct elf_info *info, char *name)
{
	char **more;

	if (!name || info->n_needed >= ELF_MAX_NEEDED) {
		free(name);
		return 0;
	}
	more = realloc(info->needed, (info->n_needed + 1) * sizeof(*more));
	if (!more) {
		free(name);
		return -ENOMEM;
	}
	info->needed = more;
	info->needed[info->n_needed++] = name;
	return 0;
}

static int read_strings(const struct reader *r, const unsigned char *dyn, size_t n, uint64_t strtab,
			struct elf_info *info)
{
	size_t size = r->wide ? 16 : 8;
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		uint64_t tag = word(r, dyn + i * size, 0, 0), value = word(r, dyn + i * size, 4, 8);

		if (tag == DT_NULL)
			break;
		if (tag == DT_NEEDED)
			err = add_needed(info, dynamic_string(r, strtab, value));
		else if (tag == DT_SONAME)
			take(&info->soname, dynamic_string(r, strtab, value));
		else if (tag == DT_RPATH)
			take(&info->rpath, dynamic_string(r, strtab, value));
		else if (tag == DT_RUNPATH)
			take(&info->runpath, dynamic_string(r, strtab, value));
	}
	return err;
}

static int read_dynamic(const struct reader *r, struct elf_info *info)
{
	const struct elf_phdr *p = find_phdr(r, PT_DYNAMIC);
	size_t size = r->wide ? 16 : 8, n;
	_cleanup_free_ unsigned char *dyn = NULL;
	uint64_t strtab;
	ssize_t got;

	info->dynamic = p;
	if (!p || p->filesz > ELF_MAX_DYNAMIC * size || p->offset > INT64_MAX - p->filesz)
		return 0;
	dyn = malloc(p->filesz + 1);
	if (!dyn)
		return -ENOMEM;
	got = io_pread_full(r->fd, dyn, p->filesz, p->offset);
	n = got > 0 ? got / size : 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t tag = word(r, dyn + i * size, 0, 0), value = word(r, dyn + i * size, 4, 8);

		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB && file_offset(r, value, &strtab))
			return read_strings(r, dyn, n, strtab, info);
	}
	return 0;
}

static int read_file(int fd, bool dynamic, struct elf_info *ret, struct err *e)
{
	struct elf_info info = { 0 };
	struct reader r = { .fd = fd };
	uint64_t phoff = 0;
	size_t phnum = 0;
	int err;

	err = read_header(&r, &info, &phoff, &phnum);
	if (err == 0)
		err = read_phdrs(&r, phoff, phnum);
	if (err == 0)
		err = read_interp(&r, &info.interp);
	if (err == 0 && dynamic)
		err = read_dynamic(&r, &info);
	info.load_end = load_end(&r);
	info.phdrs = r.phdrs;
	info.n_phdrs = r.n;
	if (err < 0) {
		elf_info_clear(&info);
		return err_set(e, err, "read the ELF header");
	}
	*ret = info;
	return 0;
}

int elf_read(int fd, struct elf_info *ret, struct err *e)
{
	return read_file(fd, true, ret, e);
}

int elf_read_headers(int fd, struct elf_info *ret, struct err *e)
{
	return read_file(fd, false, ret, e);
}

void elf_info_clear(struct elf_info *info)
{
	free(info->phdrs);
	free(info->interp);
	free(info->soname);
	free(info->rpath);
	free(info->runpath);
	for (size_t i = 0; i < info->n_needed; i++)
		free(info->needed[i]);
	free(info->needed);
	*info = (struct elf_info){ 0 };
}
