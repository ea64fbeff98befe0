// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables. Members that rarely change from file to file stand together, so that a
 * compressor sees one long repetition per line.
 */
#include "core/manifest/fields.h"

#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/manifest/manifest.h"

#define SIZE(s, m) sizeof(((struct s *)0)->m)

#define F(s, m, type_, name_, doc_) \
	{ .name = (name_), .type = (type_), .offset = offsetof(struct s, m), .size = SIZE(s, m), \
	  .doc = FIELD_DOC(doc_) }
#define F_USUAL(s, m, type_, usual_, name_, doc_) \
	{ .name = (name_), .type = (type_), .offset = offsetof(struct s, m), .size = SIZE(s, m), \
	  .usual = (usual_), .doc = FIELD_DOC(doc_) }
#define F_OMIT(s, m, type_, omit_, name_, doc_) \
	{ .name = (name_), .type = (type_), .offset = offsetof(struct s, m), .size = SIZE(s, m), \
	  .omit = (omit_), .doc = FIELD_DOC(doc_) }
#define F_ENUM(s, m, words_, usual_, name_, doc_) \
	{ .name = (name_), .type = FIELD_ENUM, .offset = offsetof(struct s, m), .size = SIZE(s, m), \
	  .usual = (usual_), .words = (words_), .doc = FIELD_DOC(doc_) }
#define F_SHA256(s, doc_) \
	{ .name = "sha256", .type = FIELD_SHA256, .offset = offsetof(struct s, sha256), \
	  .size = SIZE(s, sha256), .other = offsetof(struct s, has_sha256), .doc = FIELD_DOC(doc_) }
#define F_COUNTED(s, m, n_, type_, sub_, name_, doc_) \
	{ .name = (name_), .type = (type_), .offset = offsetof(struct s, m), .size = SIZE(s, m), \
	  .other = offsetof(struct s, n_), .sub = (sub_), .doc = FIELD_DOC(doc_) }
#define F_END { .name = NULL }

const char *const field_use_names[] = {
	"meta", "read", "exec", "enter", "list", "create", "replace", "remove", "write",
	"chmeta", "accessx", "socket", "mount", "absent", NULL,
};

static const char *const type_words[] = {
	"file", "dir", "symlink", "char", "block", "fifo", "socket", NULL,
};

static const char *const content_words[] = {
	"none", "whole", "placeholder", "too-big", "unreadable", "hardlink", "volatile", NULL,
};

/* Index = RLIMIT_*, the same on every architecture that we are built for. */
static const char *const rlimit_words[] = {
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as",
	"locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime", NULL,
};

static const struct record xattr_record = {
	.name = "xattr",
	.doc = FIELD_DOC("An extended attribute."),
	.size = sizeof(struct manifest_xattr),
	.fields = (const struct field[]){
		F(manifest_xattr, name, FIELD_STRING, "name", "Its name, with the namespace: user.x."),
		F_COUNTED(manifest_xattr, value, len, FIELD_BYTES, NULL, "value", "Its value."),
		F_END,
	},
};

/* What a file system with blocks of 4 KiB allocates for a file without holes. */
static uint64_t usual_blocks(const struct manifest_file *f)
{
	return (f->size / 4096 + !!(f->size % 4096)) * 8;
}

static bool omit_blocks(const void *record)
{
	const struct manifest_file *f = record;

	return f->blocks == usual_blocks(f);
}

static bool omit_atime(const void *record)
{
	const struct manifest_file *f = record;

	return f->atime.tv_sec == f->mtime.tv_sec && f->atime.tv_nsec == f->mtime.tv_nsec;
}

/* Identity matters where several names may share it. */
static bool omit_identity(const void *record)
{
	const struct manifest_file *f = record;

	return f->type == MANIFEST_DIR || f->nlink <= 1;
}

static void prepare_file(void *record)
{
	struct manifest_file *f = record;

	f->blocks = UINT64_MAX;
	f->atime.tv_nsec = -1;
}

/* Absolute and plain: whoever joins it to a directory stays below that. */
static bool is_plain_path(const char *path)
{
	if (!path || path[0] != '/')
		return false;
	while (*path) {
		size_t len;

		path += *path == '/';
		len = strcspn(path, "/");
		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return true;
}

static int complete_file(void *record, struct err *e)
{
	struct manifest_file *f = record;

	if (!is_plain_path(f->path))
		return err_set(e, -EBADMSG, "manifest: file path \"%.100s\" is not a plain absolute one",
			       f->path ? f->path : "");
	if (f->blocks == UINT64_MAX)
		f->blocks = usual_blocks(f);
	if (f->atime.tv_nsec == -1)
		f->atime = f->mtime;
	return 0;
}

static const struct record file_record = {
	.name = "file",
	.list = "files",
	.doc = FIELD_DOC("A file that the command used, as it was before the command changed it."),
	.size = sizeof(struct manifest_file),
	.prepare = prepare_file,
	.complete = complete_file,
	.fields = (const struct field[]){
		F(manifest_file, path, FIELD_STRING, "path", "Its absolute path."),
		F(manifest_file, size, FIELD_UINT, "size", "Its true size, whatever the archive holds."),
		F(manifest_file, mtime, FIELD_TIME, "mtime", "When its content last changed."),
		F_OMIT(manifest_file, atime, FIELD_TIME, omit_atime, "atime",
		       "When it was last read; absent: as mtime."),
		F_ENUM(manifest_file, type, type_words, MANIFEST_REG, "type", "What it is."),
		F_USUAL(manifest_file, mode, FIELD_OCTAL, FIELD_ALWAYS, "mode",
			"Permission, set-id and sticky bits, octal."),
		F(manifest_file, uid, FIELD_UINT, "uid", "Its owner."),
		F(manifest_file, gid, FIELD_UINT, "gid", "Its group."),
		F_ENUM(manifest_file, content, content_words, MANIFEST_NONE, "content",
		       "How much of it is in the archive; none: by nature it has none."),
		F_USUAL(manifest_file, use, FIELD_USE, USE_META, "use", "What was done to it."),
		F_USUAL(manifest_file, process, FIELD_UINT, 1, "process", "Who used it first: an id."),
		F_OMIT(manifest_file, blocks, FIELD_UINT, omit_blocks, "blocks",
		       "Allocated units of 512 bytes; absent: as a file without holes in blocks of 4096."),
		F(manifest_file, rdev, FIELD_UINT, "rdev", "Of a device: its number, as st_rdev."),
		F_USUAL(manifest_file, nlink, FIELD_UINT, 1, "nlink", "How many names it had."),
		F_OMIT(manifest_file, dev, FIELD_UINT, omit_identity, "dev",
		       "Device that it was on; only if it had several names and is no directory."),
		F_OMIT(manifest_file, ino, FIELD_UINT, omit_identity, "ino", "Its inode number; as dev."),
		F(manifest_file, secret, FIELD_STRING, "secret",
		  "Why its content looks like a secret; care info --review tells it."),
		F(manifest_file, link, FIELD_STRING, "link",
		  "Of a symlink: its target; of a hard link: the path that holds the content."),
		F_COUNTED(manifest_file, xattrs, n_xattrs, FIELD_RECORDS, &xattr_record, "xattrs",
			  "Extended attributes; ACLs and capabilities are among them."),
		F_SHA256(manifest_file, "SHA-256 of the archived content."),
		F_END,
	},
};

static const struct record process_record = {
	.name = "process",
	.list = "processes",
	.doc = FIELD_DOC("A process of the recording."),
	.size = sizeof(struct manifest_process),
	.fields = (const struct field[]){
		F(manifest_process, id, FIELD_UINT, "id", "Its number in this recording, from 1."),
		F(manifest_process, parent, FIELD_UINT, "parent",
		  "The id of its parent; absent: the initial command."),
		F(manifest_process, pid, FIELD_INT, "pid", "Its process id while recording."),
		F(manifest_process, pid_ns, FIELD_UINT, "pid_ns", "Inode of its pid namespace."),
		F(manifest_process, exe, FIELD_STRING, "exe", "Path of its last program."),
		F(manifest_process, argv, FIELD_STRINGS, "argv", "Arguments of its last program."),
		F(manifest_process, start, FIELD_TIME, "start", "When it began."),
		F(manifest_process, end, FIELD_TIME, "end", "When it ended; absent: it outlived the recording."),
		F(manifest_process, status, FIELD_STATUS, "status", "How it ended; absent: exit 0."),
		F_END,
	},
};

static const struct record fd_record = {
	.name = "fd",
	.doc = FIELD_DOC("A file descriptor that the command inherited."),
	.size = sizeof(struct manifest_fd),
	.fields = (const struct field[]){
		F_USUAL(manifest_fd, fd, FIELD_INT, FIELD_ALWAYS, "fd", "Its number."),
		F(manifest_fd, kind, FIELD_NAME, "kind", "file, removed (a file without a name, archived by the path that "
		  "the kernel tells), pipe, tty, socket, dev or closed."),
		F(manifest_fd, path, FIELD_STRING, "path", "Of a file: its path."),
		F(manifest_fd, oflags, FIELD_OCTAL, "flags", "Flags of open(2), octal, as on x86."),
		F(manifest_fd, offset, FIELD_INT, "offset", "Where it stood."),
		F_END,
	},
};

static const struct record rlimit_record = {
	.name = "rlimit",
	.doc = FIELD_DOC("A resource limit."),
	.size = sizeof(struct manifest_rlimit),
	.fields = (const struct field[]){
		F_ENUM(manifest_rlimit, resource, rlimit_words, FIELD_ALWAYS, "resource",
		       "Which, as setrlimit(2) names it."),
		F_USUAL(manifest_rlimit, soft, FIELD_LIMIT, 0, "soft", "The limit in force."),
		F_USUAL(manifest_rlimit, hard, FIELD_LIMIT, 0, "hard", "Up to where it may be raised."),
		F_END,
	},
};

static const struct record run_record = {
	.name = "run",
	.doc = FIELD_DOC("What was known at the start."),
	.size = sizeof(struct manifest_run),
	.fields = (const struct field[]){
		F(manifest_run, care_version, FIELD_STRING, "care", "Version of care that recorded."),
		F(manifest_run, engine, FIELD_STRING, "engine", "How it observed: ptrace-seccomp, ptrace."),
		F(manifest_run, arch, FIELD_STRING, "arch", "The machine: x86_64, x86, arm, arm64."),
		F(manifest_run, abi, FIELD_STRING, "abi", "System call convention of the initial program."),
		F(manifest_run, sysname, FIELD_STRING, "sysname", "As uname(2), like the next five."),
		F(manifest_run, nodename, FIELD_STRING, "nodename", "Name of the host."),
		F(manifest_run, release, FIELD_STRING, "release", "Release of the kernel."),
		F(manifest_run, version, FIELD_STRING, "version", "Version of the kernel."),
		F(manifest_run, machine, FIELD_STRING, "machine", "Machine as the kernel names it."),
		F(manifest_run, domainname, FIELD_STRING, "domainname", "NIS domain."),
		F(manifest_run, libc, FIELD_STRING, "libc",
		  "C library of the initial program: glibc 2.36; absent: static or unknown."),
		F(manifest_run, cpu_features, FIELD_STRINGS, "cpu_features", "Flags as in /proc/cpuinfo."),
		F(manifest_run, hwcap, FIELD_HEX, "hwcap", "AT_HWCAP."),
		F(manifest_run, hwcap2, FIELD_HEX, "hwcap2", "AT_HWCAP2."),
		F(manifest_run, start, FIELD_TIME, "start", "When the recording began."),
		F(manifest_run, argv, FIELD_STRINGS, "argv", "The command."),
		F(manifest_run, command_path, FIELD_STRING, "program",
		  "The file that the command's first word meant; absent: not found."),
		F(manifest_run, cwd, FIELD_STRING, "cwd", "Where it was started."),
		F(manifest_run, env, FIELD_STRINGS, "env", "Its environment, NAME=value."),
		F(manifest_run, volatile_env, FIELD_STRINGS, "volatile_env",
		  "Variables that a replay takes from its own environment."),
		F(manifest_run, volatile_paths, FIELD_STRINGS, "volatile_paths",
		  "Paths that a replay takes from its own machine; $NAME:/path: what its variable NAME "
		  "names appears as /path."),
		F(manifest_run, concealed, FIELD_STRINGS, "concealed", "Paths that were hidden."),
		F(manifest_run, revealed, FIELD_STRINGS, "revealed", "Paths in them that were not."),
		F(manifest_run, ruid, FIELD_UINT, "ruid", "Real user id."),
		F(manifest_run, euid, FIELD_UINT, "euid", "Effective user id."),
		F(manifest_run, suid, FIELD_UINT, "suid", "Saved user id."),
		F(manifest_run, rgid, FIELD_UINT, "rgid", "Real group id."),
		F(manifest_run, egid, FIELD_UINT, "egid", "Effective group id."),
		F(manifest_run, sgid, FIELD_UINT, "sgid", "Saved group id."),
		F_COUNTED(manifest_run, groups, n_groups, FIELD_IDS, NULL, "groups", "Further groups."),
		F_USUAL(manifest_run, umask, FIELD_OCTAL, FIELD_ALWAYS, "umask", "File mode creation mask."),
		F_COUNTED(manifest_run, rlimits, n_rlimits, FIELD_RECORDS, &rlimit_record, "rlimits",
			  "Resource limits."),
		F_COUNTED(manifest_run, fds, n_fds, FIELD_RECORDS, &fd_record, "fds",
			  "Inherited descriptors."),
		F(manifest_run, tty, FIELD_BOOL, "tty", "Standard input was a terminal."),
		F(manifest_run, tty_cols, FIELD_UINT, "columns", "Its width."),
		F(manifest_run, tty_rows, FIELD_UINT, "rows", "Its height."),
		F(manifest_run, signals_ignored, FIELD_UINT, "signals_ignored",
		  "Ignored signals: bit n-1 for signal n."),
		F_END,
	},
};

static const struct record end_record = {
	.name = "end",
	.doc = FIELD_DOC("What was known at the end; absent: the recording was cut short."),
	.size = sizeof(struct manifest_end),
	.fields = (const struct field[]){
		F(manifest_end, end, FIELD_TIME, "end", "When the recording ended."),
		F_USUAL(manifest_end, status, FIELD_STATUS, FIELD_ALWAYS, "status",
			"How the initial command ended."),
		F(manifest_end, partial, FIELD_BOOL, "partial",
		  "The recording was cut short: files used last may be missing."),
		F(manifest_end, renamed_dirs, FIELD_BOOL, "renamed_dirs",
		  "The command renamed a directory that existed before."),
		F(manifest_end, wrote_hardlinks, FIELD_BOOL, "wrote_hardlinks",
		  "It wrote to a file that had several names."),
		F(manifest_end, changed_ids, FIELD_BOOL, "changed_ids", "It changed user or group ids."),
		F(manifest_end, stops, FIELD_UINT, "stops", "How often a process was stopped."),
		F(manifest_end, calls, FIELD_UINT, "calls", "How many system calls were looked at."),
		F(manifest_end, paths, FIELD_UINT, "paths", "How many paths were resolved."),
		F(manifest_end, stdout_sha256, FIELD_STRING, "stdout_sha256",
		  "SHA-256 of standard output, if it was asked for."),
		F(manifest_end, stderr_sha256, FIELD_STRING, "stderr_sha256",
		  "SHA-256 of standard error, likewise."),
		F_END,
	},
};

static const struct record absent_record = {
	.name = "absent",
	.list = "absent",
	.doc = FIELD_DOC("A path that was looked up and was not there: a string, not an object."),
	.size = sizeof(char *),
};

static const struct record concealed_record = {
	.name = "concealed",
	.list = "concealed",
	.doc = FIELD_DOC("An access to a concealed path."),
	.size = sizeof(struct manifest_concealed),
	.fields = (const struct field[]){
		F(manifest_concealed, path, FIELD_STRING, "path", "The path."),
		F(manifest_concealed, exe, FIELD_STRING, "exe", "The program that used it."),
		F_USUAL(manifest_concealed, use, FIELD_USE, USE_META, "use", "What it wanted to do."),
		F(manifest_concealed, existed, FIELD_BOOL, "existed", "It would have been there."),
		F_END,
	},
};

static const struct record net_record = {
	.name = "net",
	.list = "nets",
	.doc = FIELD_DOC("A network peer, or an address that was listened on."),
	.size = sizeof(struct manifest_net),
	.fields = (const struct field[]){
		F(manifest_net, proto, FIELD_STRING, "proto", "tcp, udp, unix ..."),
		F(manifest_net, address, FIELD_STRING, "address", "Address and port."),
		F_USUAL(manifest_net, process, FIELD_UINT, 1, "process", "Who: an id."),
		F(manifest_net, listen, FIELD_BOOL, "listen", "It waited for connections there."),
		F_END,
	},
};

static const struct record unknown_record = {
	.name = "unknown",
	.list = "unknowns",
	.doc = FIELD_DOC("A system call that care does not know, or refused."),
	.size = sizeof(struct manifest_unknown),
	.fields = (const struct field[]){
		F(manifest_unknown, abi, FIELD_STRING, "abi", "System call convention."),
		F_USUAL(manifest_unknown, nr, FIELD_UINT, FIELD_ALWAYS, "nr", "Its number there."),
		F(manifest_unknown, name, FIELD_STRING, "name", "Its name, if it has one."),
		F(manifest_unknown, count, FIELD_UINT, "count", "How often it was called."),
		F_END,
	},
};

static const struct record lost_record = {
	.name = "lost",
	.list = "lost",
	.doc = FIELD_DOC("Something that the command used and the archive lacks."),
	.size = sizeof(struct manifest_lost),
	.fields = (const struct field[]){
		F(manifest_lost, path, FIELD_STRING, "path", "What."),
		F(manifest_lost, why, FIELD_STRING, "why", "Why."),
		F_USUAL(manifest_lost, process, FIELD_UINT, 1, "process", "Who used it: an id."),
		F_END,
	},
};

static const struct record depend_record = {
	.name = "depend",
	.list = "depends",
	.doc = FIELD_DOC("Something outside the archive that the command depended on."),
	.size = sizeof(struct manifest_depend),
	.fields = (const struct field[]){
		F(manifest_depend, what, FIELD_STRING, "what", "Its kind: tty, device, unix-socket ..."),
		F(manifest_depend, detail, FIELD_STRING, "detail", "Which."),
		F_END,
	},
};

static const struct record written_record = {
	.name = "written",
	.list = "written",
	.doc = FIELD_DOC("A file that the command left behind, new or changed."),
	.size = sizeof(struct manifest_written),
	.fields = (const struct field[]){
		F(manifest_written, path, FIELD_STRING, "path", "Its path."),
		F(manifest_written, size, FIELD_UINT, "size", "Its size at the end."),
		F_SHA256(manifest_written, "SHA-256 of its content at the end."),
		F_END,
	},
};

const struct record *const record_kinds[RECORD_KINDS] = {
	[MANIFEST_K_RUN] = &run_record,
	[MANIFEST_K_FILE] = &file_record,
	[MANIFEST_K_PROCESS] = &process_record,
	[MANIFEST_K_ABSENT] = &absent_record,
	[MANIFEST_K_CONCEALED] = &concealed_record,
	[MANIFEST_K_NET] = &net_record,
	[MANIFEST_K_UNKNOWN] = &unknown_record,
	[MANIFEST_K_LOST] = &lost_record,
	[MANIFEST_K_DEPEND] = &depend_record,
	[MANIFEST_K_WRITTEN] = &written_record,
	[MANIFEST_K_END] = &end_record,
};
