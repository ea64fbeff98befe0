// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of the recording enter the script only inside single quotes, where a POSIX
 * shell takes every byte as it is. The script itself is ASCII and uses nothing that
 * dash, bash and busybox do not share.
 */
#include "core/replay/reexecute.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/buf.h"
#include "core/manifest/manifest.h"
#include "core/manifest/volatile.h"

/* Always quoted, so that a reader sees at once what is data. */
static void add_word(struct buf *to, const char *s, size_t len)
{
	buf_addc(to, '\'');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\'')
			buf_adds(to, "'\\''");
		else
			buf_addc(to, s[i]);
	}
	buf_addc(to, '\'');
}

static void add_string(struct buf *to, const char *s)
{
	add_word(to, s, strlen(s));
}

/* In a comment, nothing may end the line. */
static void add_comment(struct buf *to, const char *s)
{
	for (; *s; s++)
		buf_addc(to, *s >= ' ' && *s < 127 ? *s : '?');
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What a shell can name: letters, digits and _, not starting with a digit. */
static bool is_name(const char *s, size_t len)
{
	if (!len || (*s >= '0' && *s <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(s[i] == '_' || (s[i] >= '0' && s[i] <= '9') || ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z')))
			return false;
	return true;
}

static bool is_volatile(const struct manifest_run *run, const char *name, size_t len)
{
	for (size_t i = 0; i < run->volatile_env.n; i++)
		if (strlen(run->volatile_env.v[i]) == len && !memcmp(run->volatile_env.v[i], name, len))
			return true;
	return false;
}

static void add_head(struct buf *to, const struct manifest_run *run)
{
	buf_adds(to, "#! /bin/sh\n"
		     "# Runs a recorded command again, with the files in rootfs/.\n"
		     "#\n"
		     "#   ./re-execute.sh                 the recorded command\n"
		     "#   ./re-execute.sh COMMAND...      another one, in the same place\n"
		     "#\n"
		     "# PROOT=PROGRAM chooses what runs it: `care`, or a PRoot. What the command\n"
		     "# writes stays in rootfs/; `care replay` leaves that alone.\n");
	buf_adds(to, "#\n# Recorded");
	if (run->nodename) {
		buf_adds(to, " on ");
		add_comment(to, run->nodename);
	}
	buf_adds(to, " by care ");
	add_comment(to, run->care_version ?: "?");
	buf_adds(to, " for ");
	add_comment(to, run->arch ?: run->machine ?: "an unknown machine");
	buf_adds(to, ".\n\n");
	buf_adds(to, "here=$(CDPATH= cd -- \"$(dirname -- \"$0\")\" && pwd) || exit 125\n\n");
}

/* A descriptor that was a file is that file again; the shell reaches 0 to 9. */
static void add_descriptors(struct buf *to, const struct manifest_run *run)
{
	for (size_t i = 0; i < run->n_fds; i++) {
		const struct manifest_fd *f = &run->fds[i];
		int mode = f->oflags & O_ACCMODE;
		const char *how = mode == O_RDONLY ? "<" : f->oflags & O_APPEND ? ">>" : "<>";

		/* An offset cannot be said in a shell; `care replay` seeks. */
		if (!manifest_fd_is_file(f) || f->fd > 9 || f->fd == 1 || f->fd == 2)
			continue;
		buf_addf(to, "\texec %d%s\"$here/rootfs\"", f->fd, how);
		add_string(to, f->path);
		buf_addc(to, '\n');
	}
}

static void add_command(struct buf *to, const struct manifest_run *run)
{
	buf_adds(to, "recorded=no\n"
		     "if [ $# -eq 0 ]; then\n"
		     "\trecorded=yes\n"
		     "\tset --");
	for (size_t i = 0; i < run->argv.n; i++) {
		buf_adds(to, " \\\n\t\t");
		add_string(to, run->argv.v[i]);
	}
	buf_addc(to, '\n');
	add_descriptors(to, run);
	buf_adds(to, "fi\n\n");
}

static void add_runner(struct buf *to)
{
	/* ./proot may be of another machine: it must start here before it is chosen. */
	buf_adds(to,
		 "if [ -z \"${PROOT-}\" ]; then\n"
		 "\tif [ -x \"$here/proot\" ] && \"$here/proot\" --version >/dev/null 2>&1; then\n"
		 "\t\tPROOT=$here/proot\n"
		 "\telse\n"
		 "\t\tPROOT=$(command -v care || command -v proot)\n"
		 "\tfi\n"
		 "fi\n"
		 "if [ -z \"$PROOT\" ]; then\n"
		 "\techo \"$0: neither care nor proot was found; put one into your PATH, or\" \\\n"
		 "\t\t\"set PROOT to where it is.\" >&2\n"
		 "\texit 125\n"
		 "fi\n"
		 "case ${PROOT##*/} in\n"
		 "care*) subcommand=run ;;\n"
		 "*) subcommand= ;;\n"
		 "esac\n\n");
}

/* Binds are given by name: what is not here is left out by the runner. */
static void add_bind(struct buf *to, const char *entry)
{
	size_t len;
	const char *path = manifest_volatile_path(entry, &len);

	if (!len) {
		buf_adds(to, " \\\n\t-b ");
		add_string(to, path);
		return;
	}
	/* Two words if the variable is set, none at all otherwise. */
	buf_addf(to, " \\\n\t${%.*s:+-b} ${%.*s:+\"$%.*s:\"", (int)len, entry + 1, (int)len, entry + 1,
		 (int)len, entry + 1);
	add_string(to, path);
	buf_addc(to, '}');
}

/* Variables that tell a place have a usual one below $HOME (libXau, libICE). */
static void add_defaults(struct buf *to)
{
	buf_adds(to, ": \"${XAUTHORITY:=${HOME-}/.Xauthority}\" \"${ICEAUTHORITY:=${HOME-}/.ICEauthority}\"\n");
}

/* "set" only if set here: an empty DISPLAY is not the same as none. */
static void add_volatile_env(struct buf *to, const struct manifest_run *run)
{
	for (size_t i = 0; i < run->volatile_env.n; i++) {
		const char *name = run->volatile_env.v[i];

		if (is_name(name, strlen(name)))
			buf_addf(to, "[ -z \"${%s+set}\" ] || set -- '%s'=\"$%s\" \"$@\"\n", name, name, name);
	}
}

/* env(1) takes NAME=value with any name that does not look like an option. */
static void add_env(struct buf *to, const struct manifest_run *run)
{
	for (size_t i = 0; i < run->env.n; i++) {
		const char *word = run->env.v[i];
		size_t len = strcspn(word, "=");

		if (!word[len] || !len || *word == '-' || is_volatile(run, word, len))
			continue;
		buf_adds(to, " \\\n\t");
		add_string(to, word);
	}
}

static void add_umask(struct buf *to, const struct manifest_run *run)
{
	static const int trapped[] = { 1, 2, 3, 6, 13, 14, 15 };	/* those that POSIX numbers */

	buf_addf(to, "umask %04o\n", (unsigned)run->umask);
	for (size_t i = 0; i < ARRAY_SIZE(trapped); i++)
		if (run->signals_ignored >> (trapped[i] - 1) & 1)
			buf_addf(to, "trap '' %d\n", trapped[i]);
}

/* PRoot's form: \sysname\nodename\release\version\machine\domainname\hwcap\. */
static void add_kernel(struct buf *to, const struct manifest_run *run)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "\\%s\\%s\\%s\\%s\\%s\\%s\\0\\", run->sysname ?: "Linux", run->nodename ?: "localhost",
		 run->release ?: "", run->version ?: "", run->machine ?: "",
		 run->domainname ?: "(none)");
	buf_adds(to, " \\\n\t-k ");
	add_word(to, buf_str(&b), b.len);
}

static void add_run(struct buf *to, const struct manifest_run *run,
		    const struct manifest_strings *special, bool kernel_release)
{
	/*
	 * The runner's arguments come before the command's, the variables before the
	 * runner; so the list grows to the left. env's own -- is not in POSIX.
	 */
	buf_adds(to, "set -- \"$PROOT\" $subcommand");
	for (size_t i = 0; i < run->volatile_paths.n; i++)
		add_bind(to, run->volatile_paths.v[i]);
	for (size_t i = 0; special && i < special->n; i++)
		add_bind(to, special->v[i]);
	if (kernel_release)
		add_kernel(to, run);
	buf_addf(to, " \\\n\t-i %u:%u", (unsigned)run->euid, (unsigned)run->egid);
	buf_adds(to, " \\\n\t-w ");
	add_string(to, run->cwd ?: "/");
	buf_adds(to, " \\\n\t-r \"$here/rootfs\" \\\n\t\"$@\"\n\n");
	buf_adds(to, "# Variables that are this machine's, if it has them.\n");
	add_volatile_env(to, run);
	buf_adds(to, "[ -z \"${PROOT_NO_SECCOMP+set}\" ] || set -- PROOT_NO_SECCOMP=\"$PROOT_NO_SECCOMP\" \"$@\"\n\n");
	buf_adds(to, "env -i PROOT_IGNORE_MISSING_BINDINGS=1");
	add_env(to, run);
	buf_adds(to, " \\\n\t\"$@\"\nstatus=$?\n\n");
}

static void add_tail(struct buf *to, const struct manifest_end *end)
{
	if (end) {
		int status = exit_status(end->status);

		buf_addf(to,
			 "if [ \"$recorded\" = yes ] && [ $status -ne %d ]; then\n"
			 "\techo \"$0: the command ended with status $status, it was %d in the recording\" >&2\n"
			 "fi\n",
			 status, status);
	}
	buf_adds(to, "exit $status\n");
}

void reexecute_script(struct buf *to, const struct manifest_run *run,
		      const struct manifest_strings *special, const struct manifest_end *end,
		      bool kernel_release)
{
	add_head(to, run);
	add_command(to, run);
	add_runner(to);
	add_defaults(to);
	add_umask(to, run);
	add_run(to, run, special, kernel_release);
	add_tail(to, end);
}

void reexecute_readme(struct buf *to, const struct manifest_run *run, bool concealed, bool runner)
{
	buf_adds(to, "One command and every file that it used\n"
		     "=======================================\n\n"
		     "care recorded this command:\n\n    ");
	for (size_t i = 0; i < run->argv.n; i++) {
		if (i)
			buf_addc(to, ' ');
		buf_add_shell(to, run->argv.v[i], strlen(run->argv.v[i]));
	}
	buf_adds(to, "\n\nin the directory\n\n    ");
	buf_adds(to, run->cwd ?: "/");
	buf_adds(to,
		 "\n\nTo run it again, no root and no installation are needed:\n\n"
		 "    care replay THIS-DIRECTORY      in a private copy, nothing here changes\n"
		 "    ./re-execute.sh                 in rootfs/ itself, by care or by PRoot\n"
		 "    ./re-execute.sh sh              another command among the same files\n\n"
		 "What is here:\n\n"
		 "rootfs/\n"
		 "    The files as they were before the command changed any of them, each below\n"
		 "    its own path. Those whose content was not needed are empty.\n\n"
		 "re-execute.sh\n"
		 "    A shell script that says how the command was started: its words, its\n"
		 "    environment, its directory, and what is taken from the machine where it\n"
		 "    runs (/dev, /proc, the display ...). Read it, change it.\n\n"
		 "manifest.json\n"
		 "    All that is known about the recording, for programs: care-manifest(5).\n"
		 "    `care info THIS-DIRECTORY` tells it to people.\n\n");
	if (concealed)
		buf_adds(to, "concealed-accesses.txt\n"
			     "    Files that were there but were hidden from the command, and which program\n"
			     "    asked for them. If the command failed because of one, record it again\n"
			     "    with -r and its path.\n\n");
	if (runner)
		buf_adds(to, "proot\n"
			     "    The program that recorded, for the kind of machine it was recorded on;\n"
			     "    re-execute.sh uses it where it runs.\n\n");
	buf_adds(to, "Before you pass this on: look through rootfs/ and the environment in\n"
		     "re-execute.sh for what should not leave your machine.\n"
		     "`care info --review THIS-DIRECTORY` lists what to look at.\n");
}
