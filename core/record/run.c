// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about a run that its replay needs, taken before the command starts. */
#include "core/record/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "emul/elf/elf.h"

extern char **environ;

/* Ours, or of the shell that started us: nothing that the command should depend on. */
static bool own_variable(const char *var)
{
	return !strncmp(var, "CARE_", 5) || !strncmp(var, "_=", 2);
}

static int collect_strings(struct manifest_run *run, char *const *argv)
{
	for (; *argv; argv++)
		if (manifest_strings_add(&run->argv, *argv) < 0)
			return -ENOMEM;
	for (char **var = environ; *var; var++)
		if (!own_variable(*var) && manifest_strings_add(&run->env, *var) < 0)
			return -ENOMEM;
	return 0;
}

static int set(char **to, const char *text)
{
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

static int collect_machine(struct manifest_run *run)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -errno;
	run->hwcap = getauxval(AT_HWCAP);
	run->hwcap2 = getauxval(AT_HWCAP2);
	if (set(&run->sysname, u.sysname) || set(&run->nodename, u.nodename) ||
	    set(&run->release, u.release) || set(&run->version, u.version) ||
	    set(&run->machine, u.machine) || set(&run->domainname, u.domainname))
		return -ENOMEM;
	return 0;
}

/* The words of the first "flags" (x86) or "Features" (arm) line. */
static int collect_cpu(struct manifest_run *run)
{
	_cleanup_buf_ struct buf info = BUF_INIT;
	char *line, *word, *save;

	if (io_read_file(AT_FDCWD, "/proc/cpuinfo", 1 << 20, &info, NULL) < 0)
		return 0;
	line = strstr(info.data, "\nflags");
	if (!line)
		line = strstr(info.data, "\nFeatures");
	line = line ? strchr(line, ':') : NULL;
	if (!line)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	for (word = strtok_r(line + 1, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		if (manifest_strings_add(&run->cpu_features, word) < 0)
			return -ENOMEM;
	return 0;
}

static int collect_ids(struct manifest_run *run)
{
	int n = getgroups(0, NULL);

	if (getresuid(&run->ruid, &run->euid, &run->suid) < 0 ||
	    getresgid(&run->rgid, &run->egid, &run->sgid) < 0)
		return -errno;
	run->umask = umask(0);
	umask(run->umask);
	if (n <= 0)
		return 0;
	run->groups = calloc(n, sizeof(*run->groups));
	if (!run->groups)
		return -ENOMEM;
	n = getgroups(n, run->groups);
	run->n_groups = n < 0 ? 0 : n;
	return 0;
}

static int collect_limits(struct manifest_run *run)
{
	run->rlimits = calloc(RLIM_NLIMITS, sizeof(*run->rlimits));
	if (!run->rlimits)
		return -ENOMEM;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit rl;

		if (getrlimit(i, &rl) < 0)
			continue;
		run->rlimits[run->n_rlimits++] = (struct manifest_rlimit){
			i, rl.rlim_cur == RLIM_INFINITY ? UINT64_MAX : rl.rlim_cur,
			rl.rlim_max == RLIM_INFINITY ? UINT64_MAX : rl.rlim_max,
		};
	}
	return 0;
}

static void collect_signals(struct manifest_run *run)
{
	for (int i = 1; i < 32; i++) {
		struct sigaction sa;

		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			run->signals_ignored |= 1u << (i - 1);
	}
}

static const char *kind_of(const struct stat *st, int fd)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	case S_IFCHR: return isatty(fd) ? "tty" : "dev";
	case S_IFDIR: return "dir";
	default: return "dev";
	}
}

/*
 * A file that its name does not lead to: removed, replaced, or of a file system that is not
 * mounted here any more. It is archived as the kernel names one that was removed.
 */
static void if_unnamed(struct manifest_fd *f, const struct stat *st, char *path, size_t room)
{
	static const char tail[] = " (deleted)";
	size_t len = strlen(path);
	struct stat named;

	if (stat(path, &named) == 0 && named.st_dev == st->st_dev && named.st_ino == st->st_ino)
		return;
	snprintf(f->kind, sizeof(f->kind), "removed");
	if (len < sizeof(tail) || strcmp(path + len - strlen(tail), tail) != 0)
		snprintf(path + len, room - len, "%s", tail);
}

static int describe_fd(struct manifest_fd *f, int fd)
{
	char link[64], path[4096 + 16];
	struct stat st;
	ssize_t n;

	*f = (struct manifest_fd){ .fd = fd };
	if (fstat(fd, &st) < 0) {
		snprintf(f->kind, sizeof(f->kind), "closed");
		return 0;
	}
	snprintf(f->kind, sizeof(f->kind), "%s", kind_of(&st, fd));
	f->oflags = fcntl(fd, F_GETFL);
	f->offset = lseek(fd, 0, SEEK_CUR);
	if (f->offset < 0)
		f->offset = 0;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 4096);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	if (S_ISREG(st.st_mode))
		if_unnamed(f, &st, path, sizeof(path));
	return set(&f->path, path);
}

static int add_fd(struct manifest_run *run, int fd)
{
	struct manifest_fd *more = realloc(run->fds, (run->n_fds + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	run->fds = more;
	return describe_fd(&more[run->n_fds++], fd);
}

static int collect_fds(struct manifest_run *run)
{
	_cleanup_closedir_ DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	struct winsize ws;
	int r = 0;

	for (int fd = 0; fd < 3 && r >= 0; fd++)
		r = add_fd(run, fd);
	while (d && r >= 0 && (entry = readdir(d))) {
		int fd = atoi(entry->d_name);

		/* What closes at exec is not the command's. */
		if (fd >= 3 && fd != dirfd(d) && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			r = add_fd(run, fd);
	}
	run->tty = isatty(0);
	if (ioctl(0, TIOCGWINSZ, &ws) == 0) {
		run->tty_cols = ws.ws_col;
		run->tty_rows = ws.ws_row;
	}
	return r;
}

static int collect_cwd(struct manifest_run *run)
{
	run->cwd = getcwd(NULL, 0);
	if (!run->cwd)
		return -errno;
	return run->cwd[0] == '/' ? 0 : -ENOENT;	/* "(unreachable)/…": since Linux 2.6.36 */
}

char *run_find_program(const struct manifest_strings *env, const char *name)
{
	const char *path = "/usr/local/bin:/bin:/usr/bin";
	struct stat st;

	if (strchr(name, '/'))
		return strdup(name);
	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], "PATH=", 5))
			path = env->v[i] + 5;
	for (;; path++) {
		size_t len = strcspn(path, ":");
		char *file;

		if (asprintf(&file, "%.*s%s%s", (int)len, path, len ? "/" : "", name) < 0)
			return NULL;
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
		free(file);
		path += len;
		if (!*path)
			return NULL;
	}
}

#define RUN_MAX_SCRIPTS 5	/* #! of #! … (fs/exec.c) */

int run_find_abi(struct manifest_run *run)
{
	_cleanup_free_ char *path = run->command_path ? strdup(run->command_path) : NULL;

	for (int i = 0; path && i <= RUN_MAX_SCRIPTS; i++) {
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		_cleanup_free_ char *arg = NULL;
		struct elf_info elf;
		const struct abi *abi;
		char *interp;

		if (fd < 0)
			return 0;
		if (elf_shebang(fd, &interp, &arg, NULL) >= 0) {
			free(path);
			path = interp;
			continue;
		}
		if (elf_read(fd, &elf, NULL) < 0)
			return 0;
		abi = abi_find_by_elf(elf.bits == 64 ? 2 : 1, elf.machine);
		elf_info_clear(&elf);
		if (!abi)
			return 0;
		run->arch = strdup(abi->arch);
		run->abi = strdup(abi->name);
		return run->arch && run->abi ? 0 : -ENOMEM;
	}
	return 0;
}

int run_collect(struct manifest_run *run, char *const *argv, struct err *e)
{
	int r = collect_fds(run);

	if (r >= 0)
		r = collect_cwd(run);
	if (r < 0)
		return err_set(e, r, "find the current directory and the open files");
	/*
	 * Not the coarse clock that inode times used to be taken from: since Linux 6.13 they
	 * may be finer, and what a shell made just before us would be taken for born in the run.
	 */
	clock_gettime(CLOCK_REALTIME, &run->start);
	collect_signals(run);
	r = collect_strings(run, argv);
	if (r >= 0)
		r = collect_machine(run);
	if (r >= 0)
		r = collect_cpu(run);
	if (r >= 0)
		r = collect_ids(run);
	if (r >= 0)
		r = collect_limits(run);
	if (r < 0)
		return err_set(e, r, "describe this machine");
	run->command_path = run_find_program(&run->env, argv[0]);
	return 0;
}
