// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/event/decode against memory of every shape: each row of each ABI with each of its
 * pointers bad, ending at the end of a mapping, or without end; and with random bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "core/event/call.h"
#include "tests/unit/check.h"

#define PAGE 4096u
#define BASE 0x20000000u
#define PAGES 4u

/* Pages in the middle of nothing. Each byte may be read once a call. */
static unsigned char memory[PAGES * PAGE];
static unsigned char reads[PAGES * PAGE];
static bool crossed;			/* one read went over a page boundary */
static int fails_with;			/* the reader's −errno for everything, 0 = works */

static ssize_t reader(void *ctx, uint64_t addr, void *to, size_t len)
{
	(void)ctx;
	if (fails_with)
		return fails_with;
	if (addr < BASE || addr >= BASE + sizeof(memory))
		return -EFAULT;
	crossed |= (addr & (PAGE - 1)) + len > PAGE;
	len = MIN(len, BASE + sizeof(memory) - addr);
	memcpy(to, memory + (addr - BASE), len);
	for (size_t i = 0; i < len; i++)
		reads[addr - BASE + i]++;
	return (ssize_t)len;
}

static struct call call;

static void decode(const struct abi *abi, uint64_t nr, const uint64_t args[6])
{
	memset(reads, 0, sizeof(reads));
	crossed = false;
	CHECK(call_decode(&call, abi, nr, args, reader, NULL) == 0);
}

static void open_at(uint64_t addr)
{
	const uint64_t args[6] = { addr };

	decode(&abi_x86_64, 2, args);
	CHECK(call.n_paths == 1);
	CHECK(!crossed);
	for (size_t i = 0; i < sizeof(reads); i++)
		CHECK(reads[i] <= 1);
}

static void a_path_at_the_end_of_a_mapping_is_whole(void)
{
	for (size_t len = 1; len <= 600; len += 7) {
		memset(memory, 'x', sizeof(memory));
		memory[sizeof(memory) - 1] = '\0';
		open_at(BASE + sizeof(memory) - 1 - len);
		CHECK(call.paths[0].error == 0 && call.paths[0].text.len == len);
	}
}

static void a_path_over_page_boundaries_is_read_once_page_by_page(void)
{
	memset(memory, 'x', sizeof(memory));
	memory[2 * PAGE + 100] = '\0';
	open_at(BASE + PAGE - 50);
	CHECK(call.paths[0].error == -ENAMETOOLONG);	/* 4246 bytes */
	open_at(BASE + PAGE + 1000);
	CHECK(call.paths[0].error == 0 && call.paths[0].text.len == PAGE - 900);
	CHECK(strlen(call.paths[0].text.data) == PAGE - 900);
}

static void the_longest_path_has_4095_bytes(void)
{
	memset(memory, 'x', sizeof(memory));
	memory[PAGE + 4095] = '\0';
	open_at(BASE + PAGE);
	CHECK(call.paths[0].error == 0 && call.paths[0].text.len == 4095);
	memory[PAGE + 4095] = 'x';
	open_at(BASE + PAGE);
	CHECK(call.paths[0].error == -ENAMETOOLONG && call.paths[0].text.len == 0);
}

static void a_path_without_end_before_the_mapping_ends_is_efault(void)
{
	memset(memory, 'x', sizeof(memory));
	open_at(BASE + sizeof(memory) - 300);
	CHECK(call.paths[0].error == -EFAULT && call.paths[0].text.len == 0);
	open_at(BASE + sizeof(memory) - 1);
	CHECK(call.paths[0].error == -EFAULT);
}

static void memory_that_may_not_be_read_says_why(void)
{
	fails_with = -EPERM;
	open_at(BASE);
	CHECK(call.paths[0].error == -EPERM);
	fails_with = 0;
	memcpy(memory, "after", 6);
	open_at(BASE);
	CHECK(!call.paths[0].error && !strcmp(call.paths[0].text.data, "after"));
}

static void all_bytes_but_nul_are_kept(void)
{
	for (int i = 0; i < 255; i++)
		memory[i] = (unsigned char)(i + 1);
	memory[255] = '\0';
	open_at(BASE);
	CHECK(call.paths[0].text.len == 255 && !memcmp(call.paths[0].text.data, memory, 256));
}

static void arguments_of_32_bits_have_no_more(void)
{
	const uint64_t args[6] = { 0xdeadbeef00000005, 0x1234567800000000 + BASE };

	strcpy((char *)memory, "f");
	decode(&abi_i386, 295, args);			/* openat */
	CHECK(call.args[0] == 5 && call.args[1] == BASE);
	CHECK(call.n_paths == 1 && call.paths[0].dirfd == 5 && call.paths[0].arg == 1);
	decode(&abi_x86_64, 257, args);
	CHECK(call.args[0] == args[0] && call.paths[0].dirfd == 5);	/* an int */
	CHECK(call.paths[0].error == -EFAULT);
}

/* Whatever a tracee passes, the decoder ends, and what it says is within bounds. */
static void check_sanity(const struct abi *abi)
{
	CHECK(call.abi == abi && call.n_paths >= 0 && call.n_paths <= CALL_PATHS);
	CHECK(call.addr_len <= sizeof(call.addr));
	for (int i = 0; i < call.n_paths; i++) {
		const struct call_path *p = &call.paths[i];

		CHECK(p->arg >= -1 && p->arg < 6);
		CHECK(p->text.len < 4096);
		CHECK(p->error || !memchr(buf_str(&p->text), '\0', p->text.len));
	}
}

static uint64_t random_state = 1;

static uint64_t random_number(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 24;
}

static uint64_t random_value(void)
{
	switch (random_number() % 6) {
	case 0:
		return 0;
	case 1:
		return random_number() % 32;
	case 2:
		return (uint64_t)-(int64_t)(random_number() % 200);
	case 3:
		return random_number();
	default:
		return BASE + random_number() % (sizeof(memory) + 64);
	}
}

static void every_row_survives_every_argument(void)
{
	for (int round = 0; round < 60; round++) {
		for (size_t i = 0; i < sizeof(memory); i++)
			memory[i] = random_number() % 16 ? 'a' + i % 26 : random_number() % 32;
		/* Pointers in the structures that arguments point at. */
		for (size_t i = 0; i + 8 <= sizeof(memory); i += 64) {
			uint64_t value = random_value();

			memcpy(memory + i, &value, 8);
		}
		for (int a = 0; abi_all[a]; a++)
			for (uint64_t nr = 0; nr < 480; nr++) {
				uint64_t args[6];

				for (int i = 0; i < 6; i++)
					args[i] = random_value();
				decode(abi_all[a], nr | abi_all[a]->nr_flag, args);
				check_sanity(abi_all[a]);
			}
	}
}

/* A path of each row in each register that may hold one says so, wherever it points. */
static void bad_pointers_are_paths_with_an_error_or_none(void)
{
	for (int a = 0; abi_all[a]; a++)
		for (uint64_t nr = 0; nr < 480; nr++) {
			const uint64_t args[6] = { 0x1000, 0x1000, 0x1000, 0x1000, 0x1000, 0x1000 };

			decode(abi_all[a], nr | abi_all[a]->nr_flag, args);
			check_sanity(abi_all[a]);
			for (int i = 0; i < call.n_paths; i++)
				CHECK(call.paths[i].error == -EFAULT);
		}
}

int main(void)
{
	int status;

	status = check_tests(
		a_path_at_the_end_of_a_mapping_is_whole,
		a_path_over_page_boundaries_is_read_once_page_by_page,
		the_longest_path_has_4095_bytes,
		a_path_without_end_before_the_mapping_ends_is_efault,
		memory_that_may_not_be_read_says_why,
		all_bytes_but_nul_are_kept,
		arguments_of_32_bits_have_no_more,
		bad_pointers_are_paths_with_an_error_or_none,
		every_row_survives_every_argument);
	call_free(&call);
	return status;
}
