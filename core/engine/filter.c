// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A section per ABI, in it a binary search over the ranges of numbers that are treated
 * alike. Arguments are looked at in the leaves only, where one decides: what depends on
 * nothing but the number and is allowed costs 5 ns since 5.11, because the kernel tries
 * the filter for every number when it is installed and keeps a bitmap; one look at an
 * argument before the search would take that from all calls.
 */
#include "core/engine/filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/mem.h"

#define STOP (SECCOMP_RET_TRACE | FILTER_DATA)

/* Numbers from @first up to the next range. */
struct range {
	uint32_t first;
	bool stop;
	bool look;			/* an argument decides */
	enum syscall_id id;
	const struct abi *abi;
};

struct ranges {
	struct range *at;
	size_t n, room;
	bool failed;
};

#define FSTAT_FLAGS_ARG 3
#define FSTAT_FLAGS 0x1000	/* AT_EMPTY_PATH and nothing else */

uint32_t filter_fstat_flags(enum syscall_id id)
{
	return id == SYSCALL_newfstatat || id == SYSCALL_fstatat64 ? FSTAT_FLAGS : 0;
}

uint32_t filter_task_flags(void)
{
	return CLONE_UNTRACED | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
	       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
}

/* Of the calls that make tasks only those with certain flags. */
static bool by_flags(unsigned classes)
{
	return (classes & FILTER_TASK_FLAGS) && !(classes & SYSCALL_BIT(SYSCALL_TASK));
}

static bool flags_decide(unsigned classes, enum syscall_id id)
{
	return by_flags(classes) && id == SYSCALL_clone;
}

bool filter_adds_task(unsigned classes, const struct syscall_row *row, const uint64_t *args)
{
	if (!by_flags(classes))
		return false;
	return row == syscall_row(SYSCALL_clone3) ||
	       (row == syscall_row(SYSCALL_clone) && ((uint32_t)args[0] & filter_task_flags()));
}

static bool every_fstat(unsigned classes)
{
	return classes & (SYSCALL_BIT(SYSCALL_FDMETA) | FILTER_EVERY_FSTAT);
}

bool filter_leaves_out(unsigned classes, const struct syscall_row *row, const uint64_t *args)
{
	return !every_fstat(classes) && filter_fstat_flags(syscall_id(row)) &&
	       (uint32_t)args[FSTAT_FLAGS_ARG] == FSTAT_FLAGS;
}

/* --- which numbers are treated alike --------------------------------------------------- */

static bool wanted(unsigned classes, const struct syscall_row *row)
{
	if ((classes & FILTER_TASK_FLAGS) && row == syscall_row(SYSCALL_clone3))
		return true;
	return classes & SYSCALL_BIT(row->class);
}

static bool argument_decides(unsigned classes, const struct filter_pass *pass, enum syscall_id id)
{
	bool call = wanted(classes, syscall_row(id));
	size_t n;

	const struct syscall_sub *sub = syscall_subs(id, &n);

	if (call && filter_fstat_flags(id))
		return !every_fstat(classes);
	if (flags_decide(classes, id) || (call && pass && id == SYSCALL_openat))
		return true;
	for (size_t i = 0; i < n; i++)
		if (wanted(classes, syscall_sub_row(&sub[i])) != call)
			return true;
	return false;
}

static void add_range(struct ranges *r, const struct range *new)
{
	struct range *last = r->n ? &r->at[r->n - 1] : NULL;

	if (last && !last->look && !new->look && last->stop == new->stop)
		return;
	if (r->n == r->room) {
		size_t room = r->room * 2 + 64;
		struct range *at = realloc(r->at, room * sizeof(*at));

		if (!at) {
			r->failed = true;
			return;
		}
		r->at = at;
		r->room = room;
	}
	r->at[r->n++] = *new;
}

/* All numbers from 0 on; what no table has is stopped. */
static void find_ranges(const struct abi *abi, unsigned classes, const struct filter_pass *pass,
			struct ranges *r)
{
	uint32_t next = 0;

	for (const struct abi_span *s = abi->spans; s->n; s++) {
		if (s->first > next)
			add_range(r, &(struct range){ .first = next, .stop = true });
		for (uint32_t i = 0; i < s->n; i++) {
			enum syscall_id id = s->ids[i];
			struct range range = { .first = s->first + i, .id = id, .abi = abi };

			range.stop = !id || wanted(classes, syscall_row(id));
			range.look = id && argument_decides(classes, pass, id);
			add_range(r, &range);
		}
		next = s->first + s->n;
	}
	add_range(r, &(struct range){ .first = next, .stop = true });
}

/* --- instructions ------------------------------------------------------------------------ */

static void emit(struct buf *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	struct sock_filter f = { code, jt, jf, k };

	buf_add(b, &f, sizeof(f));
}

static size_t count(const struct buf *b)
{
	return b->len / sizeof(struct sock_filter);
}

static void emit_verdict(struct buf *b, bool stop)
{
	emit(b, BPF_RET | BPF_K, 0, 0, stop ? STOP : SECCOMP_RET_ALLOW);
}

/* One argument against the values at which its sub-calls differ from the call itself. */
static void emit_look(struct buf *b, unsigned classes, const struct range *r)
{
	const struct syscall_row *row = syscall_row(r->id);
	size_t n;
	const struct syscall_sub *sub = syscall_subs(r->id, &n);
	int arg = sub[0].arg, reg = abi_arg_reg(r->abi, row, arg, NULL);
	unsigned bits = syscall_select_bits(row, arg);
	/* Both halves are little-endian, as every machine here is. */
	uint32_t low = offsetof(struct seccomp_data, args) + reg * sizeof(uint64_t);

	if (bits == 64 && r->abi->reg64) {
		emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, low + 4);
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
		emit_verdict(b, r->stop);
	}
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, low);
	if (bits == 16)
		emit(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xffff);
	for (size_t i = 0; i < n; i++) {
		if (wanted(classes, syscall_sub_row(&sub[i])) == r->stop)
			continue;
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, sub[i].value);
		emit_verdict(b, !r->stop);
	}
	emit_verdict(b, r->stop);
}

/* Flags alone, nothing else of the call is looked at. */
static void emit_fstat(struct buf *b, const struct range *r)
{
	int reg = abi_arg_reg(r->abi, syscall_row(r->id), FSTAT_FLAGS_ARG, NULL);

	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     (uint32_t)(offsetof(struct seccomp_data, args) + reg * sizeof(uint64_t)));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, filter_fstat_flags(r->id));
	emit_verdict(b, false);
	emit_verdict(b, true);
}

static void emit_flags(struct buf *b, const struct range *r)
{
	int reg = abi_arg_reg(r->abi, syscall_row(r->id), 0, NULL);

	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     (uint32_t)(offsetof(struct seccomp_data, args) + reg * sizeof(uint64_t)));
	emit(b, BPF_JMP | BPF_JSET | BPF_K, 0, 1, filter_task_flags());
	emit_verdict(b, true);
	emit_verdict(b, false);
}

/* Registers, and not arguments: the call has but four. */
static void emit_pass(struct buf *b, const struct filter_pass *pass, const struct range *r)
{
	size_t halves = r->abi->reg64 ? 4 : 2;

	for (size_t i = 0; i < halves; i++) {
		size_t word = i % 2;
		bool high = i / 2;

		emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
		     (uint32_t)(offsetof(struct seccomp_data, args) + (4 + word) * sizeof(uint64_t) + 4 * high));
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)((halves - 1 - i) * 2 + 1),
		     (uint32_t)(pass->words[word] >> 32 * high));
	}
	emit_verdict(b, false);
	emit_verdict(b, true);
}

static void emit_leaf(struct buf *b, unsigned classes, const struct filter_pass *pass, const struct range *r)
{
	if (!r->look)
		emit_verdict(b, r->stop);
	else if (filter_fstat_flags(r->id))
		emit_fstat(b, r);
	else if (flags_decide(classes, r->id))
		emit_flags(b, r);
	else if (r->id == SYSCALL_openat)
		emit_pass(b, pass, r);
	else
		emit_look(b, classes, r);
}

static int emit_search(struct buf *b, unsigned classes, const struct filter_pass *pass,
		       const struct range *r, size_t n)
{
	_cleanup_buf_ struct buf below = BUF_INIT;
	size_t half = n / 2;
	int error;

	if (n == 1) {
		emit_leaf(b, classes, pass, r);
		return buf_error(b);
	}
	error = emit_search(&below, classes, pass, r, half);
	if (error < 0)
		return error;
	/* Conditional jumps reach 255 instructions. */
	if (count(&below) <= 255) {
		emit(b, BPF_JMP | BPF_JGE | BPF_K, (uint8_t)count(&below), 0, r[half].first);
	} else {
		emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, r[half].first);
		emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)count(&below));
	}
	buf_add(b, below.data, below.len);
	return emit_search(b, classes, pass, r + half, n - half);
}

/* The number is loaded; a bit that all numbers of the ABI carry is taken away. */
static int emit_abi(struct buf *b, unsigned classes, const struct filter_pass *pass, const struct abi *abi)
{
	struct ranges r = { 0 };
	int error;

	find_ranges(abi, classes, pass, &r);
	if (abi->nr_flag)
		emit(b, BPF_ALU | BPF_AND | BPF_K, 0, 0, ~abi->nr_flag);
	error = r.failed ? -ENOMEM : emit_search(b, classes, pass, r.at, r.n);
	free(r.at);
	return error;
}

/*
 * The section of @abi, behind a test that passes it over for calls of others. A long
 * section needs a long jump.
 */
static int emit_section(struct buf *b, unsigned classes, const struct filter_pass *pass,
			const struct abi *abi)
{
	_cleanup_buf_ struct buf section = BUF_INIT;
	int error;

	emit(&section, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	error = emit_abi(&section, classes, pass, abi);
	if (error < 0)
		return error;
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, abi->audit_arch);
	emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)count(&section) + (abi->nr_flag ? 3 : 0));
	if (abi->nr_flag) {		/* of two ABIs that share their name, this bit tells */
		emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
		emit(b, BPF_JMP | BPF_JSET | BPF_K, 1, 0, abi->nr_flag);
		emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)count(&section));
	}
	buf_add(b, section.data, section.len);
	return buf_error(b);
}

int filter_build(unsigned classes, const struct filter_pass *pass, struct sock_fprog *ret)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (int i = 0; abi_all[i]; i++) {
		int error = emit_section(&b, classes, pass, abi_all[i]);

		if (error < 0)
			return error;
	}
	emit_verdict(&b, true);		/* a machine that we do not know */
	if (buf_error(&b))
		return -ENOMEM;
	if (count(&b) > BPF_MAXINSNS)
		return -E2BIG;
	ret->len = (unsigned short)count(&b);
	ret->filter = (struct sock_filter *)buf_steal(&b);
	return 0;
}

uint32_t filter_own_data(void)
{
	return 0x8000u | ((uint32_t)getpid() & 0x3fff);	/* STRICT_DATA has another bit */
}

void filter_mark(struct sock_fprog *f, uint32_t data)
{
	for (unsigned i = 0; i < f->len; i++)
		if (f->filter[i].code == (BPF_RET | BPF_K) && f->filter[i].k == STOP)
			f->filter[i].k = SECCOMP_RET_TRACE | data;
}
