/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptrace(2) as the kernel has it: −errno instead of errno, no libc's idea of its
 * types, and requests newer than the headers that we may be built with.
 */
#ifndef CORE_ENGINE_SYS_H
#define CORE_ENGINE_SYS_H

#include <stdint.h>
#include <sys/types.h>

/* PTRACE_GET_SYSCALL_INFO, Linux 5.3. */
struct sys_info {
	uint8_t op;
	uint8_t pad[3];
	uint32_t arch;		/* AUDIT_ARCH_* */
	uint64_t ip, sp;
	union {
		struct {	/* entry, and with ret_data: seccomp */
			uint64_t nr;
			uint64_t args[6];
			uint32_t ret_data;
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
	};
};

enum sys_info_op { SYS_INFO_NONE, SYS_INFO_ENTRY, SYS_INFO_EXIT, SYS_INFO_SECCOMP };

long sys_ptrace(int request, pid_t tid, uintptr_t addr, uintptr_t data);	/* −errno */

/* PTRACE_SEIZE with @options, and EXITKILL where there is one (3.8). 0 or −errno. */
int sys_seize(pid_t tid, unsigned long options);

int sys_interrupt(pid_t tid);	/* PTRACE_INTERRUPT: 0 or −errno */

int sys_info(pid_t tid, struct sys_info *ret);	/* 0 or −errno; whole or not at all */
int sys_has_info(pid_t tid);	/* … whether it can be asked, in a stop of any kind */

/*
 * Tracee memory word by word (PTRACE_PEEKDATA, PTRACE_POKEDATA): read to @to, or written
 * from @from. The count, short when a page is missing, or −errno.
 */
ssize_t sys_peek(pid_t tid, uint64_t addr, void *to, const void *from, size_t len);

/* PTRACE_GETEVENTMSG; 0 when the task is gone. */
unsigned long sys_event_message(pid_t tid);

#endif
