// SPDX-License-Identifier: GPL-2.0-or-later
/* arch/stub: the machine code itself, run by this process at another address. */
#include "arch/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "tests/unit/check.h"

#define PLACE ((void *)0x30000000)

static unsigned long *table;		/* words of this program's own ABI */
static unsigned char *code;
static sigjmp_buf ended;
static char alternate[65536];

/* From a handler, back to somewhere else: the stub's first instruction, its table as stack. */
static void enter(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)signo;
	(void)info;
#if defined(__x86_64__)
	u->uc_mcontext.gregs[REG_RSP] = (greg_t)table;
	u->uc_mcontext.gregs[REG_RIP] = (greg_t)code;
#elif defined(__i386__)
	u->uc_mcontext.gregs[REG_ESP] = (greg_t)table;
	u->uc_mcontext.gregs[REG_EIP] = (greg_t)code;
#elif defined(__aarch64__)
	u->uc_mcontext.sp = (uintptr_t)table;
	u->uc_mcontext.pc = (uintptr_t)code;
#elif defined(__arm__)
	u->uc_mcontext.arm_sp = (uintptr_t)table;
	u->uc_mcontext.arm_pc = (uintptr_t)code;
	u->uc_mcontext.arm_cpsr &= ~0x20ul;
#endif
}

static void breaks(int signo)
{
	siglongjmp(ended, signo);
}

static unsigned long *entry(int i)
{
	return table + i * STUB_WORDS;
}

static void put(int i, long nr, const unsigned long args[6])
{
	entry(i)[STUB_NR] = (unsigned long)nr;
	memcpy(entry(i) + STUB_ARGS, args, 6 * sizeof(*args));
}

static void prepare(size_t offset)
{
	const struct stub *stub = abi_native()->stub;
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction sa = { .sa_sigaction = enter, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sa = (struct sigaction){ .sa_handler = breaks, .sa_flags = SA_ONSTACK };
	sigaction(SIGTRAP, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);	/* what an emulator makes of arm's breakpoint */
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code += offset;
	memcpy(code, stub->code, stub->len);
	__builtin___clear_cache((char *)code, (char *)code + stub->len);
	table = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(table, 0x5a, 8192);
	entry(0)[STUB_FIRST] = (unsigned long)STUB_FIRST_RESULT;
}

static void the_calls_of_a_table_are_made(void)
{
	static const char passwd[] = "/etc/passwd";
	const unsigned long first = (unsigned long)STUB_FIRST_RESULT;
	int64_t mmap2 = abi_number(abi_native(), SYSCALL_mmap2);

	prepare(64);
	put(0, SYS_openat, (unsigned long[6]){ AT_FDCWD, (unsigned long)passwd, O_RDONLY });
	put(1, mmap2 < 0 ? abi_number(abi_native(), SYSCALL_mmap) : mmap2,
	    (unsigned long[6]){ (unsigned long)PLACE, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, first, 0 });
	put(2, SYS_dup3, (unsigned long[6]){ first, 77, O_CLOEXEC });
	put(3, SYS_close, (unsigned long[6]){ first });
	put(4, SYS_close, (unsigned long[6]){ first });
	put(5, SYS_getppid, (unsigned long[6]){ 0 });
	entry(6)[STUB_NR] = (unsigned long)-1;
	if (!sigsetjmp(ended, 1))
		raise(SIGUSR1);
	CHECK((long)entry(0)[STUB_RESULT] >= 3);
	CHECK(entry(1)[STUB_RESULT] == (unsigned long)PLACE && !memcmp(PLACE, "root:", 5));
	CHECK(entry(2)[STUB_RESULT] == 77 && close(77) == 0);
	CHECK(entry(3)[STUB_RESULT] == 0);
	CHECK((long)entry(4)[STUB_RESULT] == -EBADF);
	CHECK((pid_t)entry(5)[STUB_RESULT] == getppid());
	/* Arguments stay, and nothing is written behind. */
	CHECK(entry(3)[STUB_ARGS] == first && entry(6)[STUB_NR] == (unsigned long)-1);
	CHECK(entry(6)[STUB_RESULT] == entry(7)[STUB_RESULT]);
}

static void an_empty_table_makes_none(void)
{
	prepare(128);
	entry(0)[STUB_NR] = (unsigned long)-1;
	if (!sigsetjmp(ended, 1))
		raise(SIGUSR1);
	CHECK(entry(0)[STUB_RESULT] == entry(1)[STUB_RESULT]);
}

static void every_stub_fits(void)
{
	for (int i = 0; abi_all[i]; i++) {
		const struct stub *stub = abi_all[i]->stub;

		CHECK(!stub || (stub->len <= STUB_MAX && stub->len > 16));
		CHECK(stub || abi_all[i]->untested);
	}
}

int main(void)
{
	alarm(20);
	return check_tests(
		the_calls_of_a_table_are_made,
		an_empty_table_makes_none,
		every_stub_fits);
}
