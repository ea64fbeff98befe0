// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/search.h"
#include "core/engine/engine.h"
#include "core/engine/signals.h"
#include "emul/elf/elf.h"

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#endif

#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

extern char **environ;

struct report {
	int stage;
	int error;
};

void launch_close(struct launch *l)
{
	cleanup_closep(&l->go);
	cleanup_closep(&l->report);
	l->go = l->report = -1;
}

static const char *path_of(char *const *envp)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return DEFAULT_PATH;
}

static int take(char **ret_path, const char *path)
{
	*ret_path = strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

/*
 * 0, -EACCES for a file that may not be executed, -ENOENT for all that is no candidate:
 * what lies in a directory that we may not search is none, as for bash.
 */
static int is_program(void *ret_path, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -EACCES : take(ret_path, path);
}

int launch_find(const char *name, char *const *envp, char **ret_path)
{
	char *path = NULL;
	int r = search_wanted(name) ? search_path(path_of(envp), name, is_program, &path) :
		*name		    ? take(&path, name) :
				      -ENOENT;

	if (r == 0)
		*ret_path = path;
	return r;
}

static int install(const struct sock_fprog *filter)
{
	/*
	 * SPEC_ALLOW (4.17): before 5.16 a filter switched speculative store bypass
	 * off for the task, at a cost that is not ours to impose.
	 */
	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, filter))
		return 0;
	if (errno == EINVAL && !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter))
		return 0;
	/* seccomp(2) came with 3.17. */
	if (errno == ENOSYS && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0))
		return 0;
	return -errno;
}

int launch_filter(const struct sock_fprog *filter)
{
	int r = install(filter);

	/*
	 * With CAP_SYS_ADMIN no_new_privs is not needed, and set-uid programs keep
	 * their privilege; without it they lose it anyway, for they are traced.
	 */
	if (r != -EACCES)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return install(filter);
}

static int execute(const struct engine_spec *spec, const char *path)
{
	char *const *envp = spec->envp ? spec->envp : environ;
	_cleanup_free_ char **argv = NULL;
	_cleanup_close_ int fd = -1;
	size_t n = 0;

	execve(path, spec->argv, envp);
	if (errno != ENOEXEC)
		return -errno;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (spec->binary || (fd >= 0 && elf_has_magic(fd)))
		return -ENOEXEC;

	/* A text file without #!: the shell's business, as everywhere. */
	while (spec->argv[n])
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[0] = (char *)"/bin/sh";
	argv[1] = (char *)path;
	memcpy(argv + 2, spec->argv + 1, n * sizeof(*argv));
	execve(argv[0], argv, envp);
	return -ENOEXEC;
}

static enum launch_stage prepare(const struct engine_spec *spec, const struct sock_fprog *filter,
				 int go, int *ret_error)
{
	char c;
	ssize_t n;

	do
		n = read(go, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125);	/* care is gone, or could not seize us */
	/* Before the caller's own steps: one of them may be to change it. */
	signals_inherit();
	*ret_error = spec->child ? spec->child(spec->arg) : 0;
	if (*ret_error < 0)
		return LAUNCH_CHILD;
	*ret_error = filter ? launch_filter(filter) : 0;
	return *ret_error < 0 ? LAUNCH_FILTER : LAUNCH_OK;
}

_Noreturn static void child(const struct engine_spec *spec, const char *path,
			    const struct sock_fprog *filter, int go, int report)
{
	struct report failed;

	failed.stage = prepare(spec, filter, go, &failed.error);
	if (failed.stage == LAUNCH_OK) {
		failed.stage = LAUNCH_EXEC;
		failed.error = execute(spec, path);
	}
	/* A pipe takes this whole or not at all. */
	if (write(report, &failed, sizeof(failed)) < 0)
		_exit(125);
	_exit(failed.stage != LAUNCH_EXEC ? 125 : failed.error == -ENOENT ? 127 : 126);
}

int launch_fork(const struct engine_spec *spec, const char *path, const struct sock_fprog *filter,
		struct launch *ret, struct err *e)
{
	int go[2] = { -1, -1 }, report[2] = { -1, -1 };
	int r = 0;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
		r = err_set(e, -errno, "make a pipe");
		goto out;
	}
	signals_hold();
	ret->pid = fork();
	if (!ret->pid)
		child(spec, path, filter, go[0], report[1]);
	r = ret->pid < 0 ? -errno : 0;
	signals_release();
	if (r < 0) {
		err_set(e, r, "start %s", spec->argv[0]);
		goto out;
	}
	ret->go = steal_fd(&go[1]);
	ret->report = steal_fd(&report[0]);
out:
	for (int i = 0; i < 2; i++) {
		cleanup_closep(&go[i]);
		cleanup_closep(&report[i]);
	}
	return r;
}

int launch_go(struct launch *l)
{
	ssize_t n = write(l->go, "g", 1);

	cleanup_closep(&l->go);
	l->go = -1;
	return n == 1 ? 0 : -EPIPE;
}

enum launch_stage launch_report(struct launch *l, int *ret_error)
{
	struct report got = { LAUNCH_OK, 0 };
	ssize_t n;

	/* Both ends of it are close-on-exec: what comes is the report or the end. */
	do
		n = read(l->report, &got, sizeof(got));
	while (n < 0 && errno == EINTR);
	*ret_error = n == sizeof(got) ? got.error : 0;
	return n == sizeof(got) ? (enum launch_stage)got.stage : LAUNCH_OK;
}
