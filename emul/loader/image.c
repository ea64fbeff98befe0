// SPDX-License-Identifier: GPL-2.0-or-later
#include "emul/loader/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/event/exec.h"
#include "core/task/task.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000	/* 4.17; before it the address is but a hint, which serves */
#endif
#define MM_MAP 14			/* PR_SET_MM_MAP, 3.18 */
#define NAME_MAX_KERNEL (1u << 20)	/* MAX_ARG_STRLEN is less */
#define STACK_MAX (64u << 20)		/* arguments and their pointers take up to 6 MiB */
#define STACK_OF_4G 0xc0000000u		/* layout.c: the kernel has 64 bits */

static int gone(struct err *e)
{
	return err_set(e, -ESRCH, "read the new program's stack");
}

/* Reads until all of it is there: pages are many only where arguments are. */
int image_read_stack(struct image *m, struct err *e)
{
	struct loader *l = m->l;
	const unsigned word = m->exec->abi->word;

	for (size_t size = 4096; size <= STACK_MAX; size *= 2) {
		unsigned char *more = realloc(l->stack, size);
		ssize_t n;

		if (!more)
			return err_set(e, -ENOMEM, "read the new program's stack");
		l->stack = more;
		/* Short at the stack's end, which most are near. */
		n = task_read(m->task, m->exec->sp, more, size);
		if (n < 0)
			n = task_read(m->task, m->exec->sp, more, 4096 - m->exec->sp % 4096);
		if (n <= 0)
			return gone(e);
		l->stack_len = (size_t)n;
		if (stack_parse(&l->parts, word, more, (size_t)n) == 0)
			return 0;
		if ((size_t)n < size)
			break;
	}
	return gone(e);
}

/*
 * Where nothing is random the stack, and with it the name, ends where the kernel's own memory
 * or a 32-bit ARM's vectors begin: right below a round address. Of what ends there by chance
 * the personality is asked.
 */
static bool is_random_stack(const struct image *m)
{
	const uint64_t near = 128 << 10, round = 4 << 20;
	uint64_t name = stack_aux(&m->l->parts, AT_EXECFN);

	return name && (name + near) % round > near;
}

static unsigned personality_of(const struct task *task)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/personality", (int)task->tid);
	if (io_read_file(AT_FDCWD, name, 64, &text, NULL) < 0)
		return 0;
	return (unsigned)strtoul(buf_str(&text), NULL, 16);
}

/* 0, 1: all but the heap, 2. */
static int randomize_va_space(void)
{
	static int known = -1;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (known < 0) {
		known = 2;
		if (io_read_file(AT_FDCWD, "/proc/sys/kernel/randomize_va_space", 16, &text, NULL) == 0)
			known = (int)strtol(buf_str(&text), NULL, 10);
	}
	return known;
}

int image_lay_out(struct image *m, struct err *e)
{
	struct loader *l = m->l;
	struct layout_room room = { .word = m->exec->abi->word, .sp = m->exec->sp,
				  .page = stack_aux(&l->parts, AT_PAGESZ) };

	if (!room.page || (room.page & (room.page - 1)))
		room.page = 4096;
	if (l->program->bits != room.word * 8)
		return err_set(e, -ENOEXEC, "%s: its interpreter is of another kind", l->execfn);
	if (randomize_va_space() &&
	    (is_random_stack(m) || !(personality_of(m->task) & ADDR_NO_RANDOMIZE)) &&
	    getrandom(&room.random, sizeof(room.random), GRND_NONBLOCK) != sizeof(room.random))
		room.random = 0;
	room.fixed_heap = randomize_va_space() < 2;
	layout_free(&l->layout);
	return layout_make(l->program, &room, &l->layout, e);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The name that the kernel gave: false if there is none. */
static bool old_name(const struct image *m, struct buf *ret_name)
{
	const struct loader *l = m->l;
	uint64_t at = l->old_execfn, within_stack = at - m->exec->sp;
	const char *read = (const char *)l->stack + within_stack;
	char part[256];

	/* It stands at the very end, and all of a small stack was read. */
	if (at > m->exec->sp && within_stack < l->stack_len &&
	    memchr(read, 0, l->stack_len - within_stack)) {
		buf_adds(ret_name, read);
		return buf_error(ret_name) == 0;
	}
	while (at && ret_name->len < NAME_MAX_KERNEL) {
		size_t within = MIN(sizeof(part), 4096 - at % 4096);
		ssize_t n = task_read(m->task, at, part, within);
		const char *end = n > 0 ? memchr(part, 0, (size_t)n) : NULL;

		if (n <= 0)
			return false;
		buf_add(ret_name, part, end ? (size_t)(end - part) : (size_t)n);
		if (end)
			return buf_error(ret_name) == 0;
		at += (uint64_t)n;
	}
	return false;
}

static void set_vector(struct image *m)
{
	struct loader *l = m->l;
	struct stack *s = &l->parts;

	stack_set_aux(s, AT_EXECFN, l->execfn_at);
	if (!l->path)
		return;
	/* The interpreter, told of by what the kernel took it for: a program. */
	stack_set_aux(s, AT_BASE, stack_aux(s, AT_ENTRY) - l->interp_entry);
	stack_set_aux(s, AT_PHDR, l->layout.phdr);
	stack_set_aux(s, AT_PHENT, l->program->bits == 64 ? 56 : 32);
	stack_set_aux(s, AT_PHNUM, l->program->n_phdrs);
	stack_set_aux(s, AT_ENTRY, l->layout.entry);
}

/*
 * Where the old name was, if there is room: at the top of the stack. Else all from argc to
 * the end of the vector moves down and the name comes behind it.
 */
int image_name(struct image *m, struct err *e)
{
	_cleanup_buf_ struct buf old = BUF_INIT;
	struct loader *l = m->l;
	size_t need = strlen(l->execfn) + 1, room;

	(void)e;
	l->sp = m->exec->sp;
	l->old_execfn = l->execfn_at = stack_aux(&l->parts, AT_EXECFN);
	l->old_room = old_name(m, &old) ? old.len + 1 : 0;
	l->renamed = strcmp(base_name(buf_str(&old)), base_name(l->execfn)) != 0;
	if (l->old_execfn && need > l->old_room) {
		room = (need + 15) & ~(size_t)15;
		l->sp -= room;
		l->execfn_at = l->sp + l->parts.len;
	}
	set_vector(m);
	return 0;
}

/* struct prctl_mm_map as the kernel has it, which on a 64-bit one is one for all programs. */
static uint64_t mm_map(struct image *m)
{
	struct loader *l = m->l;
	struct patch *p = &m->exec->patch;
	const struct layout *layout = &l->layout;
	const struct stack *s = &l->parts;
	unsigned word = m->exec->abi->word;
	bool wide = word == 8 || m->exec->sp >= STACK_OF_4G;
	size_t size = s->len - s->auxv;
	uint64_t vector = patch_bytes(p, s->data + s->auxv, size);
	uint64_t env_end = l->old_execfn, env_start = s->envc ? s->envs : env_end;
	const uint64_t words[] = {
		layout->start_code, layout->end_code, layout->start_data, layout->end_data, layout->brk, layout->brk,
		l->sp, s->argc ? s->args : env_start, env_start, env_start, env_end,
	};
	unsigned char tail[16] = { 0 };
	uint64_t at = patch_bytes(p, words, sizeof(words)), end = at + sizeof(words);
	unsigned pointer = wide ? 8 : 4;

	buf_add(&p->bytes, tail, sizeof(tail));
	patch_word(p, end, pointer, vector, true);
	patch_word(p, end + pointer, 4, size, false);
	patch_word(p, end + pointer + 4, 4, UINT32_MAX, false);	/* no other /proc/PID/exe */
	return at;
}

/* Of i386 100 bytes, of other 32-bit kernels 104: their words of 64 bits are aligned. */
static size_t mm_map_size(const struct image *m)
{
	bool wide = m->exec->abi->word == 8 || m->exec->sp >= STACK_OF_4G;

	return wide || m->exec->abi->pairs_even ? 104 : 100;
}

static void ask_maps(struct image *m)
{
	struct loader *l = m->l;
	struct event_exec *x = m->exec;
	const struct layout_map *map = (const struct layout_map *)l->layout.maps.data;
	bool pages = abi_number(x->abi, SYSCALL_mmap2) >= 0;

	l->n_maps = l->layout.maps.len / sizeof(*map);
	for (size_t i = 0; i < l->n_maps; i++, map++) {
		uint64_t flags = MAP_PRIVATE | (map->over ? MAP_FIXED : MAP_FIXED_NOREPLACE) |
				 (map->anonymous ? MAP_ANONYMOUS : 0);
		const uint64_t args[6] = {
			map->addr, map->len, (uint64_t)map->prot, flags,
			map->anonymous ? (uint64_t)-1 : EVENT_FIRST_RESULT,
			pages ? map->offset / 4096 : map->offset,
		};

		exec_call(x, pages ? SYSCALL_mmap2 : SYSCALL_mmap, 0, args);
	}
}

/* What old programs want that the interpreter, which the kernel looked at, does not. */
static void ask_exec_stack(struct image *m)
{
	const struct layout *layout = &m->l->layout;
	uint64_t page = m->exec->sp & ~(uint64_t)4095;

	if (layout->exec_all)
		exec_call(m->exec, SYSCALL_personality, 0,
			  (uint64_t[6]){ personality_of(m->task) | READ_IMPLIES_EXEC });
	/* With PROT_GROWSDOWN from there down to its end; what is above it is mapped by it too. */
	if (layout->exec_stack)
		exec_call(m->exec, SYSCALL_mprotect, 0,
			  (uint64_t[6]){ page, 4096,
					 PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN });
}

/*
 * What must succeed comes first: image_answers(). The rest is what ps(1), gdb and the heap
 * find; a kernel without CONFIG_CHECKPOINT_RESTORE has its own idea of that, which serves.
 */
int image_ask(struct image *m, struct err *e)
{
	struct event_exec *x = m->exec;
	uint64_t path = patch_text(&x->patch, m->l->path);
	uint64_t name = patch_text(&x->patch, base_name(m->l->execfn));
	int r;

	exec_call(x, SYSCALL_openat, 1 << 1,
		  (uint64_t[6]){ (uint64_t)AT_FDCWD, path, O_RDONLY | O_CLOEXEC | x->abi->o_largefile });
	ask_maps(m);
	exec_call(x, SYSCALL_close, 0, (uint64_t[6]){ EVENT_FIRST_RESULT });
	exec_call(x, SYSCALL_prctl, 1 << 1, (uint64_t[6]){ PR_SET_NAME, name });
	if (m->l->layout.start_code < m->l->layout.end_code)
		exec_call(x, SYSCALL_prctl, 1 << 2,
			  (uint64_t[6]){ PR_SET_MM, MM_MAP, mm_map(m), mm_map_size(m) });
	ask_exec_stack(m);
	r = exec_error(x);
	return r < 0 ? err_set(e, r, "start %s", m->l->execfn) : 0;
}

int image_ask_name(struct image *m, struct err *e)
{
	uint64_t name = patch_text(&m->exec->patch, base_name(m->l->execfn));
	int r;

	exec_call(m->exec, SYSCALL_prctl, 1 << 1, (uint64_t[6]){ PR_SET_NAME, name });
	r = exec_error(m->exec);
	return r < 0 ? err_set(e, r, "start %s", m->l->execfn) : 0;
}

static bool put(const struct image *m, uint64_t at, const void *from, size_t len)
{
	return task_write(m->task, at, from, len) == (ssize_t)len;
}

int image_answers(struct image *m, struct err *e)
{
	const struct loader *l = m->l;
	const struct layout_map *map = (const struct layout_map *)l->layout.maps.data;
	const struct layout_zero *zero = (const struct layout_zero *)l->layout.zeros.data;
	static const char none[4096];
	size_t n;
	const struct event_call *calls = exec_calls(m->exec, &n);

	if (n < l->n_maps + 1 || calls[0].result < 0)
		return err_set(e, n ? (int)calls[0].result : -EFAULT, "open %s for a new program", l->path);
	for (size_t i = 0; i < l->n_maps; i++) {
		int64_t got = calls[i + 1].result;

		if ((uint64_t)got != map[i].addr)
			return err_set(e, got < 0 && got > -4096 ? (int)got : -EEXIST,
				       "map %s at %#llx", l->path, (unsigned long long)map[i].addr);
	}
	for (size_t i = l->layout.zeros.len / sizeof(*zero); i; i--, zero++)
		for (size_t at = 0, part; at < zero->len; at += part) {
			part = MIN(zero->len - at, sizeof(none));
			if (!put(m, zero->addr + at, none, part))
				return err_set(e, -EFAULT, "clear memory of %s", l->path);
		}
	return 0;
}

int image_write_stack(struct image *m, struct err *e)
{
	struct loader *l = m->l;
	const struct stack *s = &l->parts;
	size_t need = strlen(l->execfn) + 1;
	bool over = l->execfn_at == l->old_execfn;
	_cleanup_free_ char *name = calloc(1, MAX(l->old_room, need) + 1);
	bool good = name != NULL;

	/* Nothing is left of the name that only care knows. */
	if (good && over)
		memcpy(name, l->execfn, need);
	if (good && l->old_room)
		good = put(m, l->old_execfn, name, l->old_room);
	if (good && l->execfn_at && !(over && l->old_room))
		good = put(m, l->execfn_at, l->execfn, need);
	if (good && l->sp != m->exec->sp)
		good = put(m, l->sp, s->data, s->len);
	else if (good)
		good = put(m, l->sp + s->auxv, s->data + s->auxv, s->len - s->auxv);
	m->exec->sp = l->sp;
	return good ? 0 : err_set(e, -EFAULT, "write the new program's stack");
}
