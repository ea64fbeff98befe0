// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/loader: mappings from program headers, stacks from bytes; no program is run. */
#include "emul/loader/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emul/elf/elf.h"
#include "emul/loader/layout.h"
#include "emul/loader/stack.h"
#include "tests/unit/check.h"

static const struct layout_room wide = { .word = 8, .page = 4096, .sp = 0x7ffc12345670 };
static const struct layout_room narrow = { .word = 4, .page = 4096, .sp = 0xbfff1230 };
static const struct layout_room compat = { .word = 4, .page = 4096, .sp = 0xfff11230 };

/* Text with the headers, a gap, data of which the last part is not in the file. */
static struct elf_phdr usual[] = {
	{ PT_PHDR, PF_R, 64, 64, 0x200, 0x200, 8 },
	{ PT_LOAD, PF_R | PF_X, 0, 0, 0x1234, 0x1234, 0x1000 },
	{ PT_LOAD, PF_R | PF_W, 0x2e00, 0x5e00, 0x300, 0x3300, 0x1000 },
	{ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 16 },
};

static struct elf_info program(uint16_t type, struct elf_phdr *h, size_t n)
{
	return (struct elf_info){ .bits = 64, .type = type, .entry = 0x1000, .phoff = 64,
				  .phdrs = h, .n_phdrs = n };
}

static const struct layout_map *maps(const struct layout *l, size_t *ret_n)
{
	*ret_n = l->maps.len / sizeof(struct layout_map);
	return (const struct layout_map *)l->maps.data;
}

static bool is(const struct layout_map *m, uint64_t addr, uint64_t len, uint64_t offset, int prot,
	       bool anonymous, bool over)
{
	return m->addr == addr && m->len == len && (anonymous || m->offset == offset) &&
	       m->prot == prot && m->anonymous == anonymous && m->over == over;
}

static void segments_are_mapped_as_the_kernel_does(void)
{
	struct elf_info elf = program(ET_EXEC, usual, 4);
	struct layout l;
	size_t n;
	const struct layout_map *m;

	CHECK(layout_make(&elf, &wide, &l, NULL) == 0);
	m = maps(&l, &n);
	CHECK(n == 3);
	CHECK(is(&m[0], 0, 0x2000, 0, PROT_READ | PROT_EXEC, false, false));
	CHECK(is(&m[1], 0x5000, 0x2000, 0x2000, PROT_READ | PROT_WRITE, false, false));
	CHECK(is(&m[2], 0x7000, 0x3000, 0, PROT_READ | PROT_WRITE, true, false));
	CHECK(l.zeros.len == sizeof(struct layout_zero));
	CHECK(((struct layout_zero *)l.zeros.data)->addr == 0x6100);
	CHECK(((struct layout_zero *)l.zeros.data)->len == 0xf00);
	CHECK(l.bias == 0 && l.entry == 0x1000 && l.phdr == 64 && l.brk == 0xa000);
	CHECK(l.start_code == 0 && l.end_code == 0x1234 && l.start_data == 0x5e00 &&
	      l.end_data == 0x6100);
	CHECK(!l.exec_stack && !l.exec_all);
	layout_free(&l);
}

/* Old linkers: the page in which text ends and data begins is there twice. */
static void a_shared_page_is_mapped_over(void)
{
	struct elf_phdr h[] = {
		{ PT_LOAD, PF_R | PF_X, 0, 0x8048000, 0x1800, 0x1800, 0x1000 },
		{ PT_LOAD, PF_R | PF_W, 0x1800, 0x8049800, 0x1000, 0x1000, 0x1000 },
	};
	struct elf_info elf = program(ET_EXEC, h, 2);
	struct layout l;
	size_t n;
	const struct layout_map *m;

	CHECK(layout_make(&elf, &narrow, &l, NULL) == 0);
	m = maps(&l, &n);
	CHECK(n == 3);
	CHECK(is(&m[1], 0x8049000, 0x1000, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC, false, true));
	CHECK(is(&m[2], 0x804a000, 0x1000, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC, false, false));
	CHECK(l.exec_stack && l.exec_all);	/* 32 bits and no PT_GNU_STACK */
	layout_free(&l);
	elf = program(ET_EXEC, h, 2);
	CHECK(layout_make(&elf, &wide, &l, NULL) == 0 && !l.exec_stack && !l.exec_all);
	layout_free(&l);
}

static void what_is_not_in_the_file_at_all_is_zeros(void)
{
	struct elf_phdr h[] = {
		{ PT_LOAD, PF_R | PF_X, 0, 0, 0x1000, 0x1000, 0x1000 },
		{ PT_LOAD, PF_R | PF_W, 0x123, 0x3456, 0, 0x2000, 0x1000 },
	};
	struct elf_info elf = program(ET_EXEC, h, 2);
	struct layout l;
	size_t n;
	const struct layout_map *m;

	CHECK(layout_make(&elf, &wide, &l, NULL) == 0);
	m = maps(&l, &n);
	CHECK(n == 2 && is(&m[1], 0x3000, 0x3000, 0, PROT_READ | PROT_WRITE, true, false));
	CHECK(!l.zeros.len);
	layout_free(&l);
}

static void position_independent_programs_lie_where_the_kernel_puts_them(void)
{
	const struct { const struct layout_room *room; uint64_t base; } tried[] = {
		{ &wide, 0x555555554000 }, { &narrow, 0x400000 }, { &compat, 0x56555000 },
	};
	struct elf_info elf = program(ET_DYN, usual, 4);
	struct layout l;

	for (size_t i = 0; i < 3; i++) {
		struct layout_room room = *tried[i].room;

		CHECK(layout_make(&elf, &room, &l, NULL) == 0);
		CHECK(l.bias == tried[i].base && l.brk == l.bias + 0xa000);
		layout_free(&l);
		room.random = 0x123456789abcdef;
		CHECK(layout_make(&elf, &room, &l, NULL) == 0);
		CHECK(l.bias > tried[i].base && l.bias % 4096 == 0 && l.brk > l.bias + 0xa000);
		CHECK(l.bias < room.sp - (1 << 30));
		layout_free(&l);
		room.fixed_heap = true;
		CHECK(layout_make(&elf, &room, &l, NULL) == 0);
		CHECK(l.bias > tried[i].base && l.brk == l.bias + 0xa000);
		layout_free(&l);
	}
}

static void alignments_and_first_addresses_are_kept(void)
{
	struct elf_phdr h[] = {
		{ PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x1000, 0x1000, 0x200000 },
		{ PT_LOAD, PF_R | PF_W, 0x1000, 0x41000, 0x1000, 0x1000, 0x3000 },
	};
	struct elf_info elf = program(ET_DYN, h, 2);
	struct layout_room room = wide;
	struct layout l;

	for (uint64_t random = 0; random < 1ull << 60; random = random * 3 + 12345) {
		room.random = random;
		CHECK(layout_make(&elf, &room, &l, NULL) == 0 && l.bias % 0x200000 == 0);
		layout_free(&l);
	}
}

static void hostile_headers_are_refused(void)
{
	static const struct elf_phdr bad[] = {
		{ PT_LOAD, PF_R, 0, 0, 0x2000, 0x1000, 0x1000 },	/* more in the file than in memory */
		{ PT_LOAD, PF_R, 0x10, 0x20, 0x1000, 0x1000, 0x1000 },	/* not congruent */
		{ PT_LOAD, PF_R, 0, UINT64_MAX - 0xfff, 0x1000, 0x2000, 0x1000 },	/* around the end */
		{ PT_LOAD, PF_R, 0, 1ull << 60, 0x1000, 0x1000, 0x1000 },	/* beyond all */
		{ PT_LOAD, PF_R, 0, 0, 0, UINT64_MAX, 0x1000 },
		{ PT_LOAD, PF_R, INT64_MAX & ~0xfffull, 0, 0x1000, 0x1000, 0x1000 },
		{ PT_NOTE, PF_R, 0, 0, 0x1000, 0x1000, 0x1000 },		/* nothing to load */
	};
	struct elf_phdr h[2];
	struct layout l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct elf_info elf = program(ET_DYN, h, 1);

		h[0] = bad[i];
		CHECK(layout_make(&elf, &wide, &l, NULL) == -ENOEXEC, "%zu", i);
		layout_free(&l);
		elf.type = ET_CORE;
		h[0] = usual[1];
		CHECK(layout_make(&elf, &wide, &l, NULL) == -ENOEXEC);
		layout_free(&l);
	}
	/* Out of order. */
	h[0] = usual[2];
	h[1] = usual[1];
	CHECK(layout_make(&(struct elf_info){ .type = ET_DYN, .phdrs = h, .n_phdrs = 2 }, &wide, &l,
			  NULL) == -ENOEXEC);
	layout_free(&l);
}

static size_t make_stack(unsigned char *to, unsigned word)
{
	static const uint64_t values[] = { 2, 0x1001, 0x1005, 0, 0x2001, 0, AT_PAGESZ, 4096, AT_ENTRY,
					   0x4444, AT_EXECFN, 0x9999, AT_NULL, 0 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		memcpy(to + i * word, &values[i], word);
	return sizeof(values) / sizeof(*values) * word;
}

static void stacks_are_read_and_changed(void)
{
	for (unsigned word = 4; word <= 8; word += 4) {
		unsigned char bytes[256], same[256];
		size_t len = make_stack(bytes, word);
		struct stack s;

		make_stack(same, word);
		for (size_t cut = 0; cut < len; cut++)
			CHECK(stack_parse(&s, word, bytes, cut) == -EAGAIN);
		CHECK(stack_parse(&s, word, bytes, sizeof(bytes)) == 0);
		CHECK(s.len == len && s.auxv == 6 * word && s.argc == 2 && s.envc == 1);
		CHECK(s.args == 0x1001 && s.envs == 0x2001);
		CHECK(stack_aux(&s, AT_ENTRY) == 0x4444 && stack_aux(&s, AT_BASE) == 0);
		CHECK(stack_set_aux(&s, AT_ENTRY, 0x55667788) && !stack_set_aux(&s, AT_BASE, 1));
		CHECK(stack_aux(&s, AT_ENTRY) == 0x55667788);
		CHECK(stack_set_aux(&s, AT_ENTRY, 0x4444) && !memcmp(bytes, same, len));
	}
}

static void programs_and_interpreters_must_fit(void)
{
	struct elf_info info = { 0 };
	struct loader *l = NULL;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int text = open("/etc/passwd", O_RDONLY | O_CLOEXEC), interp = -1;

	CHECK(elf_read_headers(self, &info, NULL) == 0 && info.n_phdrs > 1 && info.entry);
	CHECK(loader_new(text, self, "/x", "x", &l, NULL) == -ENOEXEC && !l);
	if (info.interp) {	/* with sanitizers */
		interp = open(info.interp, O_RDONLY | O_CLOEXEC);
		CHECK(!loader_wanted(&info, interp) && loader_wanted(&info, text));
		CHECK(loader_new(self, text, "/x", "x", &l, NULL) == -ELIBBAD && !l);
		CHECK(loader_new(self, self, "/x", "x", &l, NULL) == -ELIBBAD && !l);
		CHECK(loader_new(self, interp, "/x", "x", &l, NULL) == 0 && l);
		loader_free(l);
		close(interp);
	} else {
		CHECK(!loader_wanted(&info, text));
		CHECK(loader_new(self, text, "/x", "x", &l, NULL) == -ENOEXEC && !l);
	}
	elf_info_clear(&info);
	close(self);
	close(text);
}

int main(void)
{
	return check_tests(
		segments_are_mapped_as_the_kernel_does,
		a_shared_page_is_mapped_over,
		what_is_not_in_the_file_at_all_is_zeros,
		position_independent_programs_lie_where_the_kernel_puts_them,
		alignments_and_first_addresses_are_kept,
		hostile_headers_are_refused,
		stacks_are_read_and_changed,
		programs_and_interpreters_must_fit);
}
