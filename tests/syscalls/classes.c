// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why each call is stopped, written down a second time: a call that is wrongly QUIET is
 * never seen by anybody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/base/mem.h"

static const char *const known[SYSCALL_CLASSES] = {
	[SYSCALL_LOOK] =
		"stat lstat oldstat oldlstat stat64 lstat64 newfstatat fstatat64 statx statfs "
		"statfs64 access faccessat faccessat2 readlink readlinkat getxattr lgetxattr "
		"getxattrat listxattr llistxattr listxattrat file_getattr name_to_handle_at "
		"inotify_add_watch fanotify_mark bpf=7",
	[SYSCALL_OPEN] = "open openat openat2 creat open_by_handle_at pidfd_getfd uselib",
	[SYSCALL_EXEC] = "execve execveat",
	[SYSCALL_CHANGE] =
		"mkdir mkdirat mknod mknodat rmdir unlink unlinkat rename renameat renameat2 link "
		"linkat symlink symlinkat truncate truncate64 chmod fchmodat fchmodat2 chown lchown "
		"chown32 lchown32 fchownat utime utimes futimesat utimensat utimensat_time64 "
		"setxattr lsetxattr setxattrat removexattr lremovexattr removexattrat file_setattr "
		"acct swapon swapoff quotactl bpf=6 ioctl=1342215169 ioctl=1342215182 ioctl=1342215183 "
		"ioctl=1342215191 ioctl=1342215192 ioctl=1342215231",
	[SYSCALL_ENTER] = "chdir fchdir chroot fchroot",
	[SYSCALL_LIST] = "readdir getdents getdents64",
	[SYSCALL_MOUNT] =
		"mount umount umount2 pivot_root open_tree open_tree_attr move_mount fsopen fsconfig "
		"fsconfig=3 fsconfig=4 fsmount fspick mount_setattr unshare setns",
	[SYSCALL_NET] =
		"connect listen sendto sendmsg sendmmsg socketcall=3 socketcall=4 socketcall=11 "
		"socketcall=16 socketcall=20",
	[SYSCALL_BIND] = "bind socketcall=2",
	[SYSCALL_TAKE] = "recvmsg recvmmsg recvmmsg_time64 socketcall=17 socketcall=19",
	[SYSCALL_TASK] = "fork vfork clone clone3",
	[SYSCALL_TRACE] = "ptrace",
	[SYSCALL_IDS] =
		"setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups "
		"setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 "
		"setfsgid32 setgroups32",
	[SYSCALL_DUMP] = "prctl=3 prctl=4",
	[SYSCALL_SECCOMP] = "seccomp prctl=21 prctl=22 prctl=39",
	[SYSCALL_KILL] = "kill=4294967295",
	[SYSCALL_POWER] = "reboot kexec_load kexec_file_load",
	[SYSCALL_TELL] = "getcwd",
	[SYSCALL_PEER] =
		"accept accept4 getsockname getpeername recvfrom socketcall=5 socketcall=6 "
		"socketcall=7 socketcall=12 socketcall=18",
	[SYSCALL_IPC] =
		"shmget shmat shmdt shmctl semget semop semtimedop semtimedop_time64 semctl msgget "
		"msgsnd msgrcv msgctl ipc ipc=1 ipc=2 ipc=3 ipc=4 ipc=11 ipc=12 ipc=13 ipc=14 "
		"ipc=21 ipc=22 ipc=23 ipc=24",
	[SYSCALL_REFUSE] = "io_uring_setup io_uring_enter io_uring_register",
	[SYSCALL_WHO] =
		"getuid getgid geteuid getegid getresuid getresgid getgroups getuid32 getgid32 "
		"geteuid32 getegid32 getresuid32 getresgid32 getgroups32 capget capset prctl=7 "
		"prctl=8 prctl=23 prctl=24 prctl=27 prctl=28 prctl=38 prctl=47 getsockopt=17 "
		"socket=9",
	[SYSCALL_UNAME] = "uname olduname oldolduname",
	[SYSCALL_FDMETA] =
		"fstat oldfstat fstat64 fchmod fchown fchown32 fgetxattr flistxattr fsetxattr "
		"fremovexattr",
};

static int passed, failed;

static int class_of(const char *word)
{
	size_t len = strlen(word);

	for (int class = 0; class < SYSCALL_CLASSES; class++)
		for (const char *at = known[class]; at && (at = strstr(at, word)); at++)
			if ((at == known[class] || at[-1] == ' ') && (!at[len] || at[len] == ' '))
				return class;
	return SYSCALL_QUIET;
}

static void check(const char *word, int got)
{
	int want = class_of(word);

	if (got == want) {
		passed++;
		return;
	}
	printf("not ok: %s is %s, should be %s\n", word, syscall_class_name(got),
	       syscall_class_name(want));
	failed++;
}

static bool is_call(const char *word, size_t len)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	return syscall_find(name) != SYSCALL_NONE;
}

/* A name that is misspelt above would allow its call to be anything. */
static void check_the_list(void)
{
	for (int class = 0; class < SYSCALL_CLASSES; class++)
		for (const char *at = known[class]; at && *at; at += strspn(at, " ")) {
			size_t len = strcspn(at, " ");

			if (!is_call(at, strcspn(at, " ="))) {
				printf("not ok: no call %.*s\n", (int)len, at);
				failed++;
			}
			at += len;
		}
}

int main(void)
{
	char word[64];

	check_the_list();
	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		const struct syscall_row *row = syscall_row(id);
		size_t n;
		const struct syscall_sub *sub = syscall_subs(id, &n);

		check(row->name, row->class);
		for (size_t i = 0; i < n; i++) {
			snprintf(word, sizeof(word), "%s=%u", row->name, sub[i].value);
			check(word, syscall_sub_row(&sub[i])->class);
		}
	}
	printf("%d passed, %d failed\n", passed, failed);
	return !!failed;
}
