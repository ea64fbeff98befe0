/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tasks (threads) under observation, as a tree, with what a look-up by one of
 * them depends on: its ABI, working directory, root, mount namespace, memory.
 *
 * What can be asked of /proc is cached where asking costs: the working directory is
 * read once and dropped by task_fs_changed() when a call may have changed it.
 */
#ifndef CORE_TASK_TASK_H
#define CORE_TASK_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct abi;
struct buf;
struct err;

/* What clone(CLONE_FS) shares. Reference-counted. */
struct task_fs {
	int refs;
	char *cwd;		/* as /proc/PID/cwd says; NULL = must be read again */
	char *root;		/* as /proc/PID/root says; NULL = must be read again */
	char *guest_root;	/* of a sink that stands in for chroot(2); NULL = none */
	char *guest_cwd;	/* … of one for which a directory has several names; NULL = not known */
};

struct task {
	pid_t tid;		/* as we see it */
	pid_t tgid;
	uint32_t process;	/* number of the process in this recording, 1 = the initial command */
	uint32_t creator;	/* number of the process that made this one, 0 = none; stays when it is gone */
	struct task *parent;	/* NULL once that process is gone, and for the initial one */
	const struct abi *abi;	/* of its last system call; NULL before the first */
	struct task_fs *fs;
	ino_t mnt_ns;		/* inode of /proc/PID/ns/mnt when last read, 0 = must be read again */
	ino_t pid_ns;		/* both are filled by task_namespaces() */
	uint64_t image;		/* grows with every exec in any task; 0 = not yet exec'ed */
	void *engine;		/* the engine's own state of this task */
	void *sink;		/* the recorder's own state of this task's process image */
};

struct task_table;

struct task_table *task_table_new(void);
void task_table_free(struct task_table *t);

struct task *task_find(struct task_table *t, pid_t tid);

/*
 * A new task. @parent NULL: the initial command. @share_fs: clone(CLONE_FS);
 * @thread: clone(CLONE_THREAD), so it belongs to the parent's process.
 */
struct task *task_add(struct task_table *t, pid_t tid, struct task *parent, bool thread,
		      bool share_fs);
void task_remove(struct task_table *t, struct task *task);
/* execve(2) in a thread that is not the leader: it takes the leader's id (unused by then). */
int task_renumber(struct task_table *t, struct task *task, pid_t tid);
size_t task_count(const struct task_table *t);
/* Walk, from *cursor = 0; NULL at the end. The table must not change meanwhile. */
struct task *task_next(struct task_table *t, size_t *cursor);

/*
 * Working directory and root in the tracee's own terms. Strings live until the
 * next task_fs_changed() of any task that shares them. −errno when the task is gone.
 */
int task_cwd(struct task *t, const char **ret_path, struct err *e);
int task_root(struct task *t, const char **ret_path, struct err *e);
void task_fs_changed(struct task *t);
/* unshare(CLONE_FS): from now on its own. 0 or -ENOMEM. */
int task_fs_unshare(struct task *t);
/* Fill mnt_ns and pid_ns if they are not known. 0, or −errno when the task is gone. */
int task_namespaces(struct task *t, struct err *e);
/* Directories were renamed: every cached path is doubtful. */
void task_fs_changed_all(struct task_table *t);

/* The name that ps(1) shows, "?" when it cannot be had; for notices. */
void task_name(const struct task *t, struct buf *ret_name);

/* Where the stack of its process began, and argc lies; 0 = it cannot be had. */
uint64_t task_stack(const struct task *t);

/* readlink of /proc/PID/exe: the program that it executes. */
int task_exe(const struct task *t, struct buf *ret_path, struct err *e);
/* readlink of /proc/PID/fd/@fd ("/path", "/path (deleted)", "pipe:[1]", "anon_inode:…"). */
int task_fd_path(const struct task *t, int fd, struct buf *ret_path, struct err *e);
/* The O_* that the tracee's @fd has (/proc/PID/fdinfo, Linux 2.6.22). 0 or −errno. */
int task_fd_flags(const struct task *t, int fd, unsigned *ret_flags);
/* An O_PATH descriptor of what the tracee's @fd is open on; caller closes. −errno. */
int task_fd_open(const struct task *t, int fd, int flags);

/*
 * Copy tracee memory: the count (short when a page is missing), or −errno.
 * process_vm_readv (Linux 3.2) where allowed, else /proc/PID/mem. Writing may go
 * past the protection of a private page, as a debugger's does.
 */
ssize_t task_read(const struct task *t, uint64_t addr, void *to, size_t len);
ssize_t task_write(const struct task *t, uint64_t addr, const void *from, size_t len);

/*
 * /proc/PID/mem, where code is to be changed more than once: of the image that the task has
 * now. A descriptor, which is the caller's, or −errno; task_write() may still work.
 */
int task_mem_open(const struct task *t);

/*
 * What is left where both are refused: reads to @to, or writes from @from. Only whoever
 * traces the task can, so the engine gives it.
 */
typedef ssize_t task_peeker(pid_t tid, uint64_t addr, void *to, const void *from, size_t len);
void task_set_peeker(task_peeker *peek);

/*
 * End the call that @tid waits in, or is about to wait in, as a signal does: it returns
 * −EINTR to whoever asked for its return. 0 or −errno. It is the engine's as well.
 */
typedef int task_waker(pid_t tid);
void task_set_waker(task_waker *wake);
int task_wake(pid_t tid);

#endif
