// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One section per ABI, each a list of numbers. It is searched in order, for what is allowed
 * whatever its arguments are costs nothing since 5.11 (the kernel keeps a bitmap of it).
 */
#include "emul/guard/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/mem.h"

static const struct {
	enum syscall_id id;
	uint32_t verdict;
} asked[] = {
	{ SYSCALL_open, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_openat, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_openat2, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_creat, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_execve, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_execveat, SECCOMP_RET_USER_NOTIF },
	{ SYSCALL_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS },
};

static void emit(struct buf *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	struct sock_filter f = { code, jt, jf, k };

	buf_add(b, &f, sizeof(f));
}

/* Numbers carry the bit that tells ABIs with one name apart, so sections can follow each other. */
static int emit_abi(struct buf *b, const struct abi *abi)
{
	_cleanup_buf_ struct buf section = BUF_INIT;

	emit(&section, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		int64_t nr = abi_number(abi, asked[i].id);

		if (nr < 0)
			continue;
		emit(&section, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)nr);
		emit(&section, BPF_RET | BPF_K, 0, 0, asked[i].verdict);
	}
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(section.len / sizeof(struct sock_filter)),
	     abi->audit_arch);
	buf_add(b, section.data, section.len);
	return buf_error(&section);
}

int guard_filter(struct sock_fprog *ret)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (int i = 0; abi_all[i]; i++)
		if (emit_abi(&b, abi_all[i]) < 0)
			return -ENOMEM;
	emit(&b, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	if (buf_error(&b) < 0)
		return -ENOMEM;
	ret->len = (unsigned short)(b.len / sizeof(struct sock_filter));
	ret->filter = (struct sock_filter *)buf_steal(&b);
	return 0;
}
