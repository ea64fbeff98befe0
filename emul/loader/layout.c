// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As fs/binfmt_elf.c of 6.x maps: each segment from the page it begins in, what is not in
 * the file as zeros, the rest of the last page of the file cleared if memory goes on there;
 * between segments there is nothing.
 */
#include "emul/loader/layout.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "emul/elf/elf.h"

/* From here on a 32-bit stack is one on a 64-bit kernel, which gives it all 4 GiB. */
#define STACK_OF_4G 0xc0000000u

struct laying {
	const struct elf_info *elf;
	const struct layout_room *room;
	struct layout *p;
	uint64_t mapped;	/* up to there (page), in the file's addresses */
	uint64_t end;		/* of all memory, exact */
};

static uint64_t down(uint64_t v, uint64_t unit)
{
	return v & ~(unit - 1);
}

static uint64_t up(uint64_t v, uint64_t unit)
{
	return down(v + unit - 1, unit);
}

static bool is_load(const struct elf_phdr *h)
{
	return h->type == PT_LOAD;
}

/* The first address that no program can have. */
static uint64_t window(const struct layout_room *room)
{
	if (room->word == 4)
		return room->sp >= STACK_OF_4G ? 1ull << 32 : STACK_OF_4G;
	/* The stack is right below it: 1 << 47 on x86_64, 1 << 48 or 39 on arm64. */
	for (uint64_t top = 1ull << 36; top < 1ull << 57; top <<= 1)
		if (room->sp < top)
			return top;
	return 1ull << 57;
}

/*
 * Where position-independent programs lie (ELF_ET_DYN_BASE, arch_mmap_rnd): two thirds up
 * with 28 bits of x86_64's 47, 4 MiB up with 8 bits for 32 bits, on a 64-bit kernel a third up.
 */
static uint64_t base_of_dyn(const struct layout_room *room)
{
	uint64_t top = window(room), page = room->page;
	uint64_t base, range;

	if (room->word == 4) {
		base = top > STACK_OF_4G ? 0x56555000 : 0x400000;
		range = 256 * 4096;
	} else {
		base = (top - page) / 3 * 2;
		range = top / 128;
	}
	return down(base + (room->random ? room->random % range : 0), page);
}

/* What no kernel maps, and what would not be what it says: 0 or -ENOEXEC. */
static int check_segment(const struct laying *g, const struct elf_phdr *h, uint64_t before)
{
	uint64_t top = window(g->room), end;

	if (h->filesz > h->memsz || h->memsz > top || __builtin_add_overflow(h->vaddr, h->memsz, &end) ||
	    end > top)
		return -ENOEXEC;
	if ((h->vaddr ^ h->offset) & (g->room->page - 1) && h->filesz)
		return -ENOEXEC;
	if (h->offset > INT64_MAX - top || h->vaddr < before)
		return -ENOEXEC;	/* the ELF standard wants them in order */
	return 0;
}

static int check(const struct laying *g)
{
	uint64_t before = 0;
	bool any = false;

	if (g->elf->type != ET_EXEC && g->elf->type != ET_DYN)
		return -ENOEXEC;
	for (size_t i = 0; i < g->elf->n_phdrs; i++) {
		const struct elf_phdr *h = &g->elf->phdrs[i];

		if (!is_load(h))
			continue;
		if (check_segment(g, h, before) < 0)
			return -ENOEXEC;
		before = h->vaddr;
		any = true;
	}
	return any ? 0 : -ENOEXEC;
}

/* Of the first segment, and the largest alignment that is one (since 5.10 it is kept). */
static uint64_t choose_bias(const struct laying *g)
{
	uint64_t align = g->room->page, first = UINT64_MAX;

	if (g->elf->type == ET_EXEC)
		return 0;
	for (size_t i = 0; i < g->elf->n_phdrs; i++) {
		const struct elf_phdr *h = &g->elf->phdrs[i];

		if (!is_load(h))
			continue;
		first = MIN(first, h->vaddr);
		if (h->align && !(h->align & (h->align - 1)) && h->align < window(g->room) / 4)
			align = MAX(align, h->align);
	}
	return down(base_of_dyn(g->room) - down(first, g->room->page), align);
}

static void add_map(struct laying *g, uint64_t from, uint64_t to, const struct elf_phdr *h,
		    int prot, bool anonymous, bool over)
{
	struct layout_map map = { .addr = from + g->p->bias, .len = to - from, .prot = prot,
				.anonymous = anonymous, .over = over };

	if (from >= to)
		return;
	if (!anonymous)
		map.offset = down(h->offset, g->room->page) + (from - down(h->vaddr, g->room->page));
	buf_add(&g->p->maps, &map, sizeof(map));
}

/* Pages that an earlier segment has already are mapped over, the others are new. */
static void add_pages(struct laying *g, uint64_t from, uint64_t to, const struct elf_phdr *h,
		      int prot, bool anonymous)
{
	uint64_t split = MIN(MAX(from, g->mapped), to);

	add_map(g, from, split, h, prot, anonymous, true);
	add_map(g, split, to, h, prot, anonymous, false);
	g->mapped = MAX(g->mapped, to);
}

static void add_segment(struct laying *g, const struct elf_phdr *h)
{
	uint64_t page = g->room->page, file_end = h->vaddr + h->filesz, end = h->vaddr + h->memsz;
	int prot = (h->flags & PF_R ? PROT_READ : 0) | (h->flags & PF_W ? PROT_WRITE : 0) |
		   (h->flags & PF_X ? PROT_EXEC : 0);
	struct layout_zero zero = { file_end + g->p->bias, up(file_end, page) - file_end };
	uint64_t pages = h->filesz ? up(file_end, page) : down(h->vaddr, page);

	if (g->p->exec_all && (prot & PROT_READ))
		prot |= PROT_EXEC;
	if (h->filesz)
		add_pages(g, down(h->vaddr, page), pages, h, prot, false);
	/* As vm_brk_flags() maps it: writable, whatever the segment says. */
	if (up(end, page) > pages && h->memsz)
		add_pages(g, pages, up(end, page), h,
			  PROT_READ | PROT_WRITE | (prot & PROT_EXEC), true);
	if (h->filesz && h->memsz > h->filesz && (prot & PROT_WRITE) && zero.len)
		buf_add(&g->p->zeros, &zero, sizeof(zero));
	g->end = MAX(g->end, end);
}

/* What /proc/PID/stat and statm say of it. */
static void note_extent(struct laying *g, const struct elf_phdr *h)
{
	struct layout *p = g->p;
	uint64_t at = h->vaddr + p->bias, end = at + h->filesz;

	if (h->flags & PF_X) {
		p->start_code = MIN(p->start_code, at);
		p->end_code = MAX(p->end_code, end);
	}
	p->start_data = MAX(p->start_data, at);
	p->end_data = MAX(p->end_data, end);
	if (h->offset <= g->elf->phoff && g->elf->phoff - h->offset < h->filesz)
		p->phdr = g->elf->phoff - h->offset + at;
}

/*
 * PT_GNU_STACK decides; without one a 64-bit program gets none (since 5.8), and a 32-bit
 * one is so old that it may execute whatever it can read.
 */
static void decide_stack(struct laying *g)
{
	for (size_t i = 0; i < g->elf->n_phdrs; i++)
		if (g->elf->phdrs[i].type == PT_GNU_STACK) {
			g->p->exec_stack = g->elf->phdrs[i].flags & PF_X;
			return;
		}
	g->p->exec_stack = g->p->exec_all = g->room->word == 4;
}

int layout_make(const struct elf_info *elf, const struct layout_room *room, struct layout *ret,
	      struct err *e)
{
	struct laying g = { .elf = elf, .room = room, .p = ret };
	uint64_t heap;
	int r;

	*ret = (struct layout){ .start_code = UINT64_MAX };
	if (check(&g) < 0)
		return err_set(e, -ENOEXEC, "map the program by its headers");
	decide_stack(&g);
	ret->bias = choose_bias(&g);
	ret->entry = elf->entry + ret->bias;
	for (size_t i = 0; i < elf->n_phdrs; i++)
		if (is_load(&elf->phdrs[i])) {
			add_segment(&g, &elf->phdrs[i]);
			note_extent(&g, &elf->phdrs[i]);
		}
	/* arch_randomize_brk(): 1 GiB for 64 bits, 32 MiB for 32. */
	heap = room->fixed_heap ? 0 : (room->random >> 20) % (room->word == 8 ? 1u << 30 : 32u << 20);
	ret->brk = up(g.end + ret->bias, room->page) + down(heap, room->page);
	r = buf_error(&ret->maps);
	r = r == 0 ? buf_error(&ret->zeros) : r;
	return r < 0 ? err_set(e, r, "map the program") : 0;
}

void layout_free(struct layout *p)
{
	buf_free(&p->maps);
	buf_free(&p->zeros);
}
