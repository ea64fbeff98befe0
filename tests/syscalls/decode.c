// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/event/decode: what each call does to which path, for every ABI that has it. The
 * expectations are written by hand (expectations.h), from the manual pages and not from
 * arch/syscalls.def; their arguments are laid out here, in registers and in a memory of
 * our own, as the ABI's C compiler would.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/event/call.h"

struct expectation {
	const char *call;	/* name(arguments): see argument() */
	const char *shape;	/* see describe() */
};

static const struct expectation expectations[] = {
#include "tests/syscalls/expectations.h"
};

static int failed, passed;

/* --- the tracee's memory: one region, addresses that fit 32 bits ------------------------- */

#define BASE 0x20000000u
#define BAD 0x10000000u		/* nothing there */

static unsigned char memory[1 << 16];
static size_t used;

static ssize_t reader(void *ctx, uint64_t addr, void *to, size_t len)
{
	(void)ctx;
	if (addr < BASE || addr >= BASE + used)
		return -EFAULT;
	len = MIN(len, BASE + used - addr);
	memcpy(to, memory + (addr - BASE), len);
	return (ssize_t)len;
}

static uint64_t put(const void *data, size_t len)
{
	uint64_t at;

	used = (used + 7) & ~(size_t)7;
	at = BASE + used;
	memcpy(memory + used, data, len);
	used += len;
	return at;
}

/* --- arguments from text --------------------------------------------------------------- */

struct symbol {
	const char *name;
	uint64_t value, arm;	/* arm: where it differs there, as on arm64 */
};

static const struct symbol symbols[] = {
	{ "NULL", 0, 0 }, { "BAD", BAD, 0 }, { "CWD", (uint32_t)-100, 0 }, { "ALL", (uint32_t)-1, 0 },
	{ "O_RDONLY", 0, 0 }, { "O_WRONLY", 1, 0 }, { "O_RDWR", 2, 0 }, { "O_NONE", 3, 0 },
	{ "O_CREAT", 0100, 0 }, { "O_EXCL", 0200, 0 }, { "O_TRUNC", 01000, 0 },
	{ "O_APPEND", 02000, 0 }, { "O_CLOEXEC", 02000000, 0 }, { "O_PATH", 010000000, 0 },
	{ "O_DIRECT", 040000, 0200000 }, { "O_LARGEFILE", 0100000, 0400000 },
	{ "O_DIRECTORY", 0200000, 040000 }, { "O_NOFOLLOW", 0400000, 0100000 },
	{ "O_TMPFILE", 020200000, 020040000 }, { "O_EMPTYPATH", 0x4000000, 0 },
	{ "NOFOLLOW", 0x100, 0 }, { "REMOVEDIR", 0x200, 0 }, { "FOLLOW", 0x400, 0 },
	{ "EMPTY", 0x1000, 0 }, { "CHECK", 0x10000, 0 },
	{ "R_OK", 4, 0 }, { "W_OK", 2, 0 }, { "X_OK", 1, 0 }, { "F_OK", 0, 0 },
	{ "NOREPLACE", 1, 0 }, { "EXCHANGE", 2, 0 }, { "WHITEOUT", 4, 0 },
	{ "MS_REMOUNT", 32, 0 }, { "MS_BIND", 4096, 0 }, { "MS_MOVE", 8192, 0 },
	{ "MS_PRIVATE", 1 << 18, 0 }, { "MS_REC", 16384, 0 }, { "MS_MGC", 0xc0ed0000, 0 },
	{ "UMOUNT_NOFOLLOW", 8, 0 }, { "CLONE", 1, 0 },
	{ "NO_XDEV", 1, 0 }, { "NO_MAGICLINKS", 2, 0 }, { "NO_SYMLINKS", 4, 0 },
	{ "BENEATH", 8, 0 }, { "IN_ROOT", 16, 0 }, { "CACHED", 32, 0 },
	{ "IN_DONT_FOLLOW", 0x02000000, 0 }, { "IN_ONLYDIR", 0x01000000, 0 },
	{ "FAN_DONT_FOLLOW", 4, 0 }, { "FAN_ONLYDIR", 8, 0 }, { "FAN_ADD", 1, 0 },
	{ "F_SYMLINKS", 1, 0 }, { "F_EMPTY", 4, 0 }, { "T_SYMLINKS", 16, 0 }, { "T_EMPTY", 64, 0 },
	{ "PICK_NOFOLLOW", 2, 0 }, { "PICK_EMPTY", 8, 0 }, { "PATH_FD", 1 << 14, 0 },
	{ "QUOTAON", 0x80000200, 0 }, { "QUOTAOFF", 0x80000300, 0 },
};

struct input {
	const struct abi *abi;
	const char *at;
};

static bool took(struct input *in, const char *word)
{
	while (*in->at == ' ')
		in->at++;
	if (strncmp(in->at, word, strlen(word)))
		return false;
	in->at += strlen(word);
	return true;
}

static void expect(struct input *in, const char *word)
{
	if (!took(in, word)) {
		printf("expected %s at: %s\n", word, in->at);
		exit(2);
	}
}

static uint64_t one_number(struct input *in)
{
	char name[32];
	size_t n = 0;

	while (*in->at == ' ')
		in->at++;
	if (isdigit((unsigned char)*in->at) || *in->at == '-') {
		char *end;
		uint64_t value = strtoull(in->at, &end, 0);

		in->at = end;
		return value;
	}
	while ((isalnum((unsigned char)*in->at) || *in->at == '_') && n < sizeof(name) - 1)
		name[n++] = *in->at++;
	name[n] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		if (!strcmp(symbols[i].name, name))
			return in->abi->elf_machine == 40 || in->abi->elf_machine == 183 ?
				       (symbols[i].arm ? symbols[i].arm : symbols[i].value) :
				       symbols[i].value;
	printf("no such word: '%s' at %s\n", name, in->at);
	exit(2);
}

static uint64_t number(struct input *in)
{
	uint64_t value = one_number(in);

	while (took(in, "|"))
		value |= one_number(in);
	return value;
}

/* 'text', @ stands for a NUL byte; returns its length, the final NUL not counted. */
static size_t text(struct input *in, char *to)
{
	size_t n = 0;

	expect(in, "'");
	while (*in->at != '\'')
		to[n++] = *in->at == '@' ? '\0' : *in->at, in->at++;
	in->at++;
	to[n] = '\0';
	return n;
}

static uint64_t argument(struct input *in, uint64_t *ret_len);

/* un('path'): a sockaddr_un of just that length; sets where it is and how long. */
static uint64_t address(struct input *in, uint64_t *ret_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_storage inet = { .ss_family = AF_INET };
	char path[256];

	if (took(in, "un(")) {
		*ret_len = offsetof(struct sockaddr_un, sun_path) + text(in, path);
		memcpy(un.sun_path, path, sizeof(un.sun_path));
		expect(in, ")");
		return put(&un, *ret_len);
	}
	expect(in, "inet");
	*ret_len = 16;
	return put(&inet, *ret_len);
}

/* A struct msghdr of the ABI with that address; the bytes in @to. */
static size_t message(struct input *in, unsigned char *to, bool many)
{
	uint64_t len = 0, at = took(in, "none") ? 0 : address(in, &len);
	uint32_t at32 = (uint32_t)at, len32 = (uint32_t)len;

	memset(to, 0x55, 64);
	if (in->abi->word == 8) {
		memcpy(to, &at, 8);
		memcpy(to + 8, &len32, 4);
		return many ? 64 : 56;
	}
	memcpy(to, &at32, 4);
	memcpy(to + 4, &len32, 4);
	return many ? 32 : 28;
}

/* Structures that arguments point at. */
static bool structure(struct input *in, uint64_t *ret, uint64_t *ret_len)
{
	unsigned char bytes[64 * 16] = { 0 };
	size_t n = 0;

	if (took(in, "how(")) {
		uint64_t how[3] = { 0 };

		how[0] = number(in);
		expect(in, ",");
		how[2] = number(in);
		expect(in, ")");
		*ret = put(how, sizeof(how));
		return true;
	}
	if (took(in, "bpf(")) {
		struct { uint64_t path; uint32_t fd, flags; int32_t dirfd; } attr = { 0 };

		attr.path = argument(in, ret_len);
		expect(in, ",");
		attr.flags = (uint32_t)number(in);
		expect(in, ",");
		attr.dirfd = (int32_t)number(in);
		expect(in, ")");
		*ret = put(&attr, sizeof(attr));
		return true;
	}
	if (took(in, "msg(")) {
		n = message(in, bytes, false);
		expect(in, ")");
		*ret = put(bytes, n);
		return true;
	}
	if (took(in, "mmsg(")) {
		do {
			n += message(in, bytes + n, true);
		} while (n + 64 <= sizeof(bytes) && took(in, ";"));
		expect(in, ")");
		*ret = put(bytes, n);
		return true;
	}
	if (took(in, "block(")) {		/* socketcall's longs */
		do {
			uint64_t value = argument(in, ret_len);

			memcpy(bytes + n, &value, in->abi->word);
			n += in->abi->word;
		} while (took(in, ";"));
		expect(in, ")");
		*ret = put(bytes, n);
		return true;
	}
	return false;
}

/*
 * A number, flags, 'text', a structure, or `len`: the length of the address before.
 */
static uint64_t argument(struct input *in, uint64_t *ret_len)
{
	char path[5000];
	uint64_t value;

	while (*in->at == ' ')
		in->at++;
	if (*in->at == '\'')
		return put(path, text(in, path) + 1);
	if (took(in, "long"))			/* a path of 4096 bytes before its NUL */
		return put(memset(path, 'x', 4096), 4097);
	if (!strncmp(in->at, "un(", 3) || !strncmp(in->at, "inet", 4))
		return address(in, ret_len);
	if (took(in, "len"))
		return *ret_len;
	if (structure(in, &value, ret_len))
		return value;
	return number(in);
}

/* --- calls ------------------------------------------------------------------------------- */

/* What the C compiler and library of the ABI would put into the registers. */
static void registers(struct input *in, uint64_t regs[6])
{
	uint64_t len = 0;
	int n = 0;

	memset(regs, 0, 6 * sizeof(regs[0]));
	while (!took(in, ")")) {
		bool wide = took(in, "ll ");
		uint64_t value = argument(in, &len);

		if (wide && !in->abi->reg64) {
			if (in->abi->pairs_even)
				n += n & 1;
			regs[n++] = (uint32_t)value;
			value >>= 32;
		}
		regs[n++] = in->abi->reg64 ? value : (uint32_t)value;
		took(in, ",");
	}
}

static void set(struct buf *b, unsigned bits, const char *const *names)
{
	bool first = true;

	for (int i = 0; names[i]; i++)
		if (bits & 1u << i) {
			buf_addf(b, "%s%s", first ? "" : "|", names[i]);
			first = false;
		}
}

/*
 * A decoded call as text: its paths, "USES 'path'", with "@3" unless from the cwd, and
 * the walk in brackets; then "fd N USES", "result USES", "bind" or "peer" if it has an
 * address, "more", "?EFAULT" for an unreadable path. "-": nothing.
 */
static void describe(const struct call *c, struct buf *b)
{
	static const char *const uses[] = { "META", "READ", "EXEC", "ENTER", "LIST", "CREATE",
		"REPLACE", "REMOVE", "WRITE", "CHMETA", "ACCESSX", "SOCKET", "MOUNT", NULL };
	static const char *const walks[] = { "nofollow", "parent", "empty", "no_symlinks",
		"no_magiclinks", "beneath", "in_root", "no_xdev", "directory", NULL };

	for (int i = 0; i < c->n_paths; i++) {
		const struct call_path *p = &c->paths[i];

		buf_adds(b, b->len ? ", " : "");
		set(b, p->use, uses);
		if (p->error)
			buf_addf(b, " ?%s", p->error == -EFAULT ? "EFAULT" :
				 p->error == -ENAMETOOLONG ? "ENAMETOOLONG" : "other");
		else
			buf_addf(b, " '%s'", buf_str(&p->text));
		if (p->dirfd != CALL_CWD)
			buf_addf(b, " @%d", p->dirfd);
		if (p->walk) {
			buf_adds(b, " [");
			set(b, p->walk, walks);
			buf_adds(b, "]");
		}
	}
	if (c->fd != -1) {
		buf_addf(b, c->fd == CALL_CWD ? "%sfd CWD " : "%sfd %d ", b->len ? ", " : "", c->fd);
		set(b, c->fd_use, uses);
	}
	if (c->result_use) {
		buf_addf(b, "%sresult ", b->len ? ", " : "");
		set(b, c->result_use, uses);
	}
	if (c->addr_len)
		buf_addf(b, "%s%s", b->len ? ", " : "", c->addr_bind ? "bind" : "peer");
	if (c->more_addrs.len)
		buf_addf(b, " +%zu", c->more_addrs.len / sizeof(struct call_addr));
	if (c->more)
		buf_addf(b, "%smore", b->len ? ", " : "");
	if (!b->len)
		buf_adds(b, "-");
}

/* Every path that a register points at must say which: rewriting depends on it. */
static bool registers_are_right(const struct call *c)
{
	for (int i = 0; i < c->n_paths; i++)
		if (c->paths[i].arg >= 0 && c->args[c->paths[i].arg] != c->paths[i].addr)
			return false;
	return c->addr_arg < 0 || c->args[c->addr_arg] == c->addr_at;
}

static struct call call;

static void check_on(const struct expectation *x, const struct abi *abi)
{
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct input in = { abi, x->call };
	size_t n = strcspn(x->call, "(");
	uint64_t regs[6];
	char name[64];
	int64_t nr;

	snprintf(name, sizeof(name), "%.*s", (int)n, x->call);
	nr = abi_number(abi, syscall_find(name));
	if (nr < 0)
		return;
	in.at += n + 1;
	used = 0;
	memset(memory, 0, sizeof(memory));
	registers(&in, regs);
	if (call_decode(&call, abi, (uint64_t)nr, regs, reader, NULL) < 0)
		exit(2);
	describe(&call, &got);
	if (!strcmp(buf_str(&got), x->shape) && registers_are_right(&call)) {
		passed++;
		return;
	}
	failed++;
	printf("not ok: %s on %s:\n  want %s\n  got  %s%s\n", x->call, abi->name, x->shape,
	       buf_str(&got), registers_are_right(&call) ? "" : " (wrong register)");
}

/* A row without an expectation is a row that nobody looked at. */
static void every_call_that_names_something_is_expected(void)
{
	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		const struct syscall_row *row = syscall_row(id);
		size_t len = strlen(row->name);
		bool found = !(SYSCALL_FILES & SYSCALL_BIT(row->class));

		for (size_t i = 0; !found && i < ARRAY_SIZE(expectations); i++)
			found = !strncmp(expectations[i].call, row->name, len) &&
				expectations[i].call[len] == '(';
		if (!found) {
			printf("not ok: nothing is expected of %s\n", row->name);
			failed++;
		}
	}
	passed++;
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
		int before = passed + failed;

		for (int a = 0; abi_all[a]; a++)
			check_on(&expectations[i], abi_all[a]);
		check_on(&expectations[i], &abi_sandbox);
		if (passed + failed == before) {
			printf("not ok: no ABI has %s\n", expectations[i].call);
			failed++;
		}
	}
	every_call_that_names_something_is_expected();
	call_free(&call);
	printf("%d passed, %d failed\n", passed, failed);
	return !!failed;
}
