// SPDX-License-Identifier: GPL-2.0-or-later
/* core/task: numbering, inheritance, what /proc says, memory. */
#include "core/task/task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "tests/unit/check.h"

static void processes_are_numbered_from_one_and_threads_share_the_number(void)
{
	struct task_table *t = task_table_new();
	struct task *first = task_add(t, 100, NULL, false, false);
	struct task *thread = task_add(t, 101, first, true, true);
	struct task *child = task_add(t, 102, thread, false, false);

	CHECK(first->process == 1 && first->creator == 0);
	CHECK(thread->process == 1 && thread->tgid == 100);
	CHECK(child->process == 2 && child->creator == 1 && child->tgid == 102);
	CHECK(child->parent == thread);
	CHECK(task_find(t, 102) == child && !task_find(t, 103));
	task_table_free(t);
}

static void children_of_a_dead_thread_belong_to_its_leader_and_of_a_dead_process_to_nobody(void)
{
	struct task_table *t = task_table_new();
	struct task *first = task_add(t, 100, NULL, false, false);
	struct task *thread = task_add(t, 101, first, true, true);
	struct task *child = task_add(t, 102, thread, false, false);

	task_remove(t, thread);
	CHECK(child->parent == first);
	task_remove(t, first);
	CHECK(child->parent == NULL && child->creator == 1);
	CHECK(task_count(t) == 1);
	task_table_free(t);
}

static void a_renumbered_task_is_found_under_its_new_id_only(void)
{
	struct task_table *t = task_table_new();
	struct task *first = task_add(t, 100, NULL, false, false);
	struct task *thread = task_add(t, 101, first, true, true);

	CHECK(task_renumber(t, thread, 100) == -EEXIST);
	task_remove(t, first);
	CHECK(task_renumber(t, thread, 100) == 0);
	CHECK(task_find(t, 100) == thread && !task_find(t, 101));
	CHECK(thread->process == 1);
	task_table_free(t);
}

static void ten_thousand_tasks_come_and_go(void)
{
	struct task_table *t = task_table_new();
	struct task *parent = task_add(t, 1, NULL, false, false);
	size_t cursor = 0, n = 0;

	for (pid_t tid = 2; tid <= 10000; tid++)
		parent = task_add(t, tid, parent, tid % 3 == 0, false);
	while (task_next(t, &cursor))
		n++;
	CHECK(n == 10000 && task_count(t) == 10000);
	for (pid_t tid = 1; tid <= 10000; tid += 2)
		task_remove(t, task_find(t, tid));
	CHECK(task_count(t) == 5000);
	for (pid_t tid = 1; tid <= 10000; tid++)
		CHECK(!task_find(t, tid) == (tid % 2 == 1));
	task_table_free(t);
}

/* A child that waits in /usr, until killed. */
static pid_t sleeper(void)
{
	int pipes[2];
	char c;
	pid_t pid;

	if (pipe(pipes) < 0)
		abort();
	pid = fork();
	if (!pid) {
		if (chdir("/usr") < 0 || write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK(read(pipes[0], &c, 1) == 1);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void directories_are_read_once_until_said_to_have_changed(void)
{
	struct task_table *t = task_table_new();
	pid_t pid = sleeper();
	struct task *task = task_add(t, pid, NULL, false, false);
	const char *path = NULL;
	struct err e;

	CHECK(task_cwd(task, &path, &e) == 0 && !strcmp(path, "/usr"));
	CHECK(task_root(task, &path, &e) == 0 && !strcmp(path, "/"));
	CHECK(task_namespaces(task, &e) == 0 && task->mnt_ns && task->pid_ns);
	end(pid);
	CHECK(task_cwd(task, &path, &e) == 0 && !strcmp(path, "/usr"));
	task_fs_changed(task);
	CHECK(task_cwd(task, &path, &e) == -ENOENT && e.text[0]);
	CHECK(task->mnt_ns == 0);
	task_table_free(t);
}

static void shared_directories_change_for_all_and_copied_ones_do_not(void)
{
	struct task_table *t = task_table_new();
	struct task *first = task_add(t, getpid(), NULL, false, false);
	const char *path;
	struct task *sharing, *copying;
	struct err e;

	CHECK(task_cwd(first, &path, &e) == 0);
	sharing = task_add(t, 900001, first, true, true);
	copying = task_add(t, 900002, first, false, false);
	CHECK(sharing->fs == first->fs && copying->fs != first->fs);
	CHECK(copying->fs->cwd && !strcmp(copying->fs->cwd, path));
	task_fs_changed(sharing);
	CHECK(!first->fs->cwd && copying->fs->cwd);
	CHECK(task_fs_unshare(sharing) == 0 && sharing->fs != first->fs);
	CHECK(first->fs->refs == 1 && sharing->fs->refs == 1);
	task_fs_changed_all(t);
	CHECK(!copying->fs->cwd);
	task_table_free(t);
}

static void descriptors_are_named_and_opened(void)
{
	struct task_table *t = task_table_new();
	struct task *task = task_add(t, getpid(), NULL, false, false);
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e;
	int got;

	CHECK(task_fd_path(task, fd, &path, &e) == 0 && !strcmp(buf_str(&path), "/usr"));
	got = task_fd_open(task, fd, O_PATH);
	CHECK(got >= 0 && (fcntl(got, F_GETFD) & FD_CLOEXEC));
	close(got);
	close(fd);
	CHECK(task_fd_open(task, fd, O_PATH) == -ENOENT);
	task_table_free(t);
}

static void memory_is_read_up_to_the_first_missing_page(void)
{
	struct task_table *t = task_table_new();
	struct task *task = task_add(t, getpid(), NULL, false, false);
	long page = sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char out[64];

	munmap(two + page, page);
	memset(two, 'a', page);
	CHECK(task_read(task, (uintptr_t)two, out, sizeof(out)) == sizeof(out) && out[63] == 'a');
	CHECK(task_read(task, (uintptr_t)two + page - 10, out, sizeof(out)) == 10);
	CHECK(task_read(task, (uintptr_t)two + page, out, sizeof(out)) == -EFAULT);
	CHECK(task_write(task, (uintptr_t)two, "hello", 5) == 5 && !memcmp(two, "helloa", 6));
	CHECK(task_write(task, (uintptr_t)two + page, "hello", 5) == -EFAULT);
	CHECK(task_read(task, 0, out, 0) == 0);
	munmap(two, page);
	task_table_free(t);
}

static void memory_of_a_dead_task_is_an_error(void)
{
	struct task_table *t = task_table_new();
	pid_t pid = sleeper();
	struct task *task = task_add(t, pid, NULL, false, false);
	char out[8];

	end(pid);
	CHECK(task_read(task, 4096, out, sizeof(out)) == -ESRCH);
	task_table_free(t);
}

int main(void)
{
	alarm(60);
	return check_tests(
		processes_are_numbered_from_one_and_threads_share_the_number,
		children_of_a_dead_thread_belong_to_its_leader_and_of_a_dead_process_to_nobody,
		a_renumbered_task_is_found_under_its_new_id_only,
		ten_thousand_tasks_come_and_go,
		directories_are_read_once_until_said_to_have_changed,
		shared_directories_change_for_all_and_copied_ones_do_not,
		descriptors_are_named_and_opened,
		memory_is_read_up_to_the_first_missing_page,
		memory_of_a_dead_task_is_an_error);
}
