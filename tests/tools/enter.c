// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command on "another machine": below a directory that becomes the root, with
 * processes, /proc, /dev and /tmp of its own, as a user without any capability.
 *
 *   enter [-b HOST:GUEST]... [-u UID:GID] ROOT COMMAND...
 *
 * Not chroot(2): below one the kernel refuses user namespaces, which is what the
 * commands run here need. Root steps down to UID:GID; anybody else is called so in a user
 * namespace. As 0:0 the command is root there, with all capabilities. Exit status: the command's, 128+n for a signal, 125 for our own failures.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "enter: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(path);
	close(fd);
}

static void mount_or_fail(const char *from, const char *to, const char *type, unsigned long flags,
			  const char *data)
{
	if (mount(from, to, type, flags, data) < 0)
		fail(to);
}

/* @guest, absolute, is made in the root (which is the cwd) like @host. */
static void bind(const char *host, const char *guest)
{
	struct stat st;

	guest += strspn(guest, "/");
	if (stat(host, &st) < 0)
		fail(host);
	if (S_ISDIR(st.st_mode)) {
		if (mkdir(guest, 0755) < 0 && errno != EEXIST)
			fail(guest);
	} else {
		int fd = open(guest, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0)
			fail(guest);
		close(fd);
	}
	mount_or_fail(host, guest, NULL, MS_BIND | MS_REC, NULL);
}

static void make_dev(void)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	char host[32], guest[32];

	mount_or_fail("dev", "dev", "tmpfs", MS_NOSUID, "mode=755");
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(host, sizeof(host), "/dev/%s", nodes[i]);
		snprintf(guest, sizeof(guest), "/dev/%s", nodes[i]);
		bind(host, guest);
	}
	if (mkdir("dev/shm", 0777) < 0 || mkdir("dev/pts", 0755) < 0 || chmod("dev/shm", 01777) < 0)
		fail("dev");
	mount_or_fail("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=666,mode=620");
	if (symlink("pts/ptmx", "dev/ptmx") < 0 || symlink("/proc/self/fd", "dev/fd") < 0 ||
	    symlink("/proc/self/fd/0", "dev/stdin") < 0 || symlink("/proc/self/fd/1", "dev/stdout") < 0 ||
	    symlink("/proc/self/fd/2", "dev/stderr") < 0)
		fail("dev");
}

static void make_namespaces(uid_t uid, gid_t gid, int need_user)
{
	unsigned outside_uid = geteuid(), outside_gid = getegid();
	char line[64];

	if (unshare((need_user ? CLONE_NEWUSER : 0) | CLONE_NEWNS | CLONE_NEWPID) < 0)
		fail(need_user ? "no user namespaces here (unshare)" : "unshare");
	if (need_user) {
		write_file("/proc/self/setgroups", "deny");
		snprintf(line, sizeof(line), "%u %u 1", uid, outside_uid);
		write_file("/proc/self/uid_map", line);
		snprintf(line, sizeof(line), "%u %u 1", gid, outside_gid);
		write_file("/proc/self/gid_map", line);
	}
	mount_or_fail(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* The first process of the pid namespace: the cwd becomes the root of everything. */
static void move_in(char *const *binds, int n_binds)
{
	mount_or_fail("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	make_dev();
	mount_or_fail("tmp", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	for (int i = 0; i < n_binds; i++) {
		char *colon = strchr(binds[i], ':');

		if (!colon) {
			errno = EINVAL;
			fail(binds[i]);
		}
		*colon = '\0';
		bind(binds[i], colon + 1);
	}
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		fail("pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail("umount");
}

static void step_down(uid_t uid, gid_t gid, int need_user)
{
	if (!need_user && (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
			   setresuid(uid, uid, uid) < 0))
		fail("setresuid");
	/* execve(2) of another uid than 0 drops what unshare(2) gave, except ambient ones. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		fail("prctl");
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* As PID 1 of its namespace it would ignore signals: the command is its child. */
static int be_init(char *const *argv, uid_t uid, gid_t gid, int need_user)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		step_down(uid, gid, need_user);
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	for (;;) {
		pid_t ended = waitpid(-1, &status, 0);

		if (ended == pid)
			break;
		if (ended < 0 && errno != EINTR)
			fail("waitpid");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	unsigned uid = 0, gid = 0;
	int need_user = geteuid() != 0, n_binds = 0, named = 0, c;
	char **binds = calloc(argc, sizeof(*binds));
	pid_t pid;

	if (!binds)
		fail("calloc");
	while ((c = getopt(argc, argv, "+b:u:")) != -1) {
		if (c == 'b')
			binds[n_binds++] = optarg;
		else if (c != 'u' || sscanf(optarg, "%u:%u", &uid, &gid) != 2)
			return 125;
		else
			named = 1;
	}
	if (argc - optind < 2 || !named) {
		fprintf(stderr, "usage: enter [-b HOST:GUEST]... -u UID:GID ROOT COMMAND...\n");
		return 125;
	}
	make_namespaces(uid, gid, need_user);
	/* A mount point, which pivot_root(2) wants. */
	mount_or_fail(argv[optind], argv[optind], NULL, MS_BIND | MS_REC, NULL);
	if (chdir(argv[optind]) < 0)
		fail(argv[optind]);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		move_in(binds, n_binds);
		return be_init(argv + optind + 1, uid, gid, need_user);
	}
	return wait_for(pid);
}
