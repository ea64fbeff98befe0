// SPDX-License-Identifier: GPL-2.0-or-later
/* arch/abi, arch/syscall: numbers, registers and flags of every ABI. */
#include "arch/abi.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

/* How many the text has. */
enum {
	SUBS = 0
#define SYS(...)
#define SUB(...) + 1
#define ALIAS(...) + 1
#include "arch/syscalls.def"
#undef SYS
#undef SUB
#undef ALIAS
};

/* Facts of the kernel's headers, not of our tables. */
static void numbers_are_those_of_the_kernel(void)
{
	static const struct { const struct abi *abi; uint32_t nr; const char *name; } known[] = {
		{ &abi_x86_64, 0, "read" }, { &abi_x86_64, 257, "openat" },
		{ &abi_x86_64, 437, "openat2" }, { &abi_x86_64, 59, "execve" },
		{ &abi_x86_64, 468, "file_getattr" }, { &abi_x86_64, 335, "uretprobe" },
		{ &abi_i386, 5, "open" }, { &abi_i386, 102, "socketcall" },
		{ &abi_i386, 195, "stat64" }, { &abi_i386, 300, "fstatat64" },
		{ &abi_i386, 463, "setxattrat" }, { &abi_i386, 22, "umount" },
		{ &abi_x32, 0x40000000 + 520, "execve" }, { &abi_x32, 0x40000000 + 2, "open" },
		{ &abi_arm, 322, "openat" }, { &abi_arm, 0x0f0002, "cacheflush" },
		{ &abi_arm, 0x0f0005, "set_tls" }, { &abi_arm, 283, "connect" },
		{ &abi_arm64, 56, "openat" }, { &abi_arm64, 221, "execve" },
		{ &abi_arm64, 79, "newfstatat" }, { &abi_arm64, 461, "lsm_list_modules" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct syscall_row *row = abi_row(known[i].abi, known[i].nr);

		CHECK(row && !strcmp(row->name, known[i].name));
		CHECK(abi_number(known[i].abi, syscall_find(known[i].name)) == known[i].nr);
	}
}

static void numbers_outside_the_tables_are_unknown(void)
{
	CHECK(!abi_row(&abi_x86_64, 400));		/* the gap to the common numbers */
	CHECK(!abi_row(&abi_x86_64, 473));
	CHECK(!abi_row(&abi_x86_64, UINT64_MAX));
	CHECK(!abi_row(&abi_arm, 0x0f0000));
	CHECK(!abi_row(&abi_arm, 0x0f0007));
	CHECK(abi_number(&abi_arm64, syscall_find("open")) == -1);
	CHECK(abi_number(&abi_arm64, SYSCALL_NONE) == -1);
	CHECK(syscall_find("nonsense") == SYSCALL_NONE);
}

static void a_call_has_the_abi_that_the_kernel_says(void)
{
	CHECK(abi_find_by_audit(0xc000003e, 1) == &abi_x86_64);
	CHECK(abi_find_by_audit(0xc000003e, 0x40000001) == &abi_x32);
	CHECK(abi_find_by_audit(0x40000003, 1) == &abi_i386);
	CHECK(abi_find_by_audit(0x40000028, 0x0f0005) == &abi_arm);
	CHECK(abi_find_by_audit(0xc00000b7, 56) == &abi_arm64);
	CHECK(!abi_find_by_audit(0x80000015, 1));	/* ppc64 */
	CHECK(!abi_find_by_audit(0, 1));		/* never the sandbox */
	CHECK(abi_find_by_elf(1, 62) == &abi_x32);
	CHECK(abi_find_by_elf(2, 62) == &abi_x86_64);
	CHECK(!abi_find_by_elf(2, 40));
	CHECK(abi_find_by_name("sandbox") == &abi_sandbox);
	CHECK(!abi_find_by_name("vax"));
}

static void wide_arguments_move_those_behind_them(void)
{
	const struct syscall_row *mark = syscall_row(SYSCALL_fanotify_mark);
	const struct syscall_row *cut = syscall_row(SYSCALL_truncate64);
	int n;

	CHECK(abi_arg_reg(&abi_x86_64, mark, 4, &n) == 4 && n == 1);
	CHECK(abi_arg_reg(&abi_i386, mark, 4, &n) == 5 && n == 1);
	CHECK(abi_arg_reg(&abi_i386, mark, 2, &n) == 2 && n == 2);
	CHECK(abi_arg_reg(&abi_arm, mark, 4, &n) == 5);
	CHECK(abi_arg_reg(&abi_i386, cut, 1, &n) == 1 && n == 2);
	CHECK(abi_arg_reg(&abi_arm, cut, 1, &n) == 2 && n == 2);
	CHECK(abi_arg_reg(&abi_x32, cut, 1, &n) == 1 && n == 1);
}

static void open_flags_are_made_the_generic_ones(void)
{
	CHECK(abi_oflags(&abi_x86_64, 0600101) == 0600101);
	CHECK(abi_oflags(&abi_arm, 040000) == 0200000);		/* O_DIRECTORY */
	CHECK(abi_oflags(&abi_arm, 0100000) == 0400000);	/* O_NOFOLLOW */
	CHECK(abi_oflags(&abi_arm, 0200000) == 040000);		/* O_DIRECT */
	CHECK(abi_oflags(&abi_arm64, 0400000) == 0100000);	/* O_LARGEFILE */
	CHECK(abi_oflags(&abi_arm64, 02000000 | 01101) == (02000000 | 01101));
}

/* They are searched for by the order of calls: each must stand behind its own. */
static void sub_calls_of_one_call_stand_together(void)
{
	size_t all = 0;

	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		size_t n;
		const struct syscall_sub *sub = syscall_subs(id, &n);

		for (size_t i = 0; i < n; i++) {
			CHECK(sub[i].call == id);
			CHECK(sub[i].arg == sub[0].arg);
			CHECK(syscall_sub_row(&sub[i]) != NULL);
		}
		all += n;
	}
	CHECK(all == SUBS);	/* none is lost to the search */
}

static void every_row_says_what_it_is(void)
{
	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		const struct syscall_row *row = syscall_row(id);

		CHECK(row->name && row->since && row->since[0] >= '1');
		CHECK(row->class < SYSCALL_CLASSES && syscall_id(row) == (enum syscall_id)id);
		for (int i = 0; i < syscall_n_args(row); i++) {
			const struct syscall_arg *arg = &row->args[i];

			if (arg->kind == ARG_PATH && arg->base != ARG_CWD)
				CHECK(row->args[arg->base].kind == ARG_DIRFD);
			if (arg->kind == ARG_PATH)
				CHECK(row->class != SYSCALL_QUIET && arg->use);
			if (arg->kind == ARG_LLONG)
				CHECK(abi_arg_reg(&abi_arm, row, i, NULL) % 2 == 0);
		}
	}
}

int main(void)
{
	return check_tests(
		numbers_are_those_of_the_kernel,
		numbers_outside_the_tables_are_unknown,
		a_call_has_the_abi_that_the_kernel_says,
		wide_arguments_move_those_behind_them,
		open_flags_are_made_the_generic_ones,
		sub_calls_of_one_call_stand_together,
		every_row_says_what_it_is);
}
