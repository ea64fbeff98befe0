/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording says about itself. The recorder emits records one at a time
 * (journal: one JSON object per line, `manifest.d/NNNN.ndjson`); at the finish they
 * become `manifest.json`; a reader gets the whole as one struct. This is where
 * record, replay, coverage and board meet, so nothing here knows how facts were found.
 *
 * Strings are bytes with a length in front of JSON only: a name that is not UTF-8 is
 * written {"b64": "…"}. All paths are absolute in the recorded root.
 */
#ifndef CORE_MANIFEST_MANIFEST_H
#define CORE_MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/event/use.h"

#define MANIFEST_VERSION 1

struct err;

struct manifest_strings {	/* argv, environment, paths: n NUL-terminated strings */
	char **v;
	size_t n;
};

/*
 * Append a copy of @text: 0 or -ENOMEM. The array then is this function's: do not mix in
 * others. A NULL stands behind the last, as in environ.
 */
int manifest_strings_add(struct manifest_strings *s, const char *text);
void manifest_strings_clear(struct manifest_strings *s);

struct manifest_xattr {
	char *name;		/* security.capability, system.posix_acl_access, user.… */
	void *value;
	size_t len;
};

enum manifest_type {
	MANIFEST_REG, MANIFEST_DIR, MANIFEST_LNK, MANIFEST_CHR, MANIFEST_BLK,
	MANIFEST_FIFO, MANIFEST_SOCK,
};

/* How much of a file is in the archive. */
enum manifest_content {
	MANIFEST_NONE,		/* has none by nature: directory, symlink, device … */
	MANIFEST_WHOLE,
	MANIFEST_PLACEHOLDER,	/* only its metadata was used: archived with size 0 */
	MANIFEST_TOO_BIG,	/* above -m */
	MANIFEST_UNREADABLE,	/* we could not read it (the command could not either, or see lost) */
	MANIFEST_HARDLINK,	/* same inode as `link` */
	MANIFEST_VOLATILE,	/* taken from the replaying machine */
};

struct manifest_file {
	char *path;
	enum manifest_type type;
	mode_t mode;		/* permission bits and set-id bits only */
	uid_t uid;
	gid_t gid;
	uint64_t size;		/* the true one, also for placeholders */
	uint64_t blocks;	/* 512-byte units allocated; tells a sparse file */
	struct timespec mtime, atime;
	dev_t rdev;
	dev_t dev;		/* identity at record time; written only if nlink > 1, not of directories */
	ino_t ino;
	nlink_t nlink;
	char *link;		/* symlink target, or the path of the first hard link */
	struct manifest_xattr *xattrs;
	size_t n_xattrs;
	unsigned use;		/* enum use */
	enum manifest_content content;
	unsigned char sha256[32];
	bool has_sha256;
	uint32_t process;	/* who used it first */
	char *secret;		/* why its content looks like a secret, else NULL */
};

struct manifest_process {
	uint32_t id, parent;	/* parent 0: the initial command */
	pid_t pid;
	ino_t pid_ns;
	char *exe;		/* recorded path of the program */
	struct manifest_strings argv;
	struct timespec start, end;	/* end 0 = outlived the recording */
	int status;		/* wait status */
};

struct manifest_fd {		/* a descriptor inherited at the start */
	int fd;
	char *path;		/* a regular file's path; else NULL */
	char kind[16];		/* "file", "removed", "pipe", "tty", "socket", "dev", "closed" */
	int oflags;
	off_t offset;
};

struct manifest_rlimit { int resource; uint64_t soft, hard; };	/* UINT64_MAX = infinity */

/* Everything known at the start. */
struct manifest_run {
	char *care_version;
	char *engine;		/* "ptrace-seccomp", "ptrace" */
	char *arch;		/* machine as care names it: x86_64, x86, arm, arm64 */
	char *abi;		/* of the initial program */
	char *sysname, *nodename, *release, *version, *machine, *domainname;
	char *libc;		/* "glibc 2.36", "musl 1.2.3", or NULL when static or unknown */
	struct manifest_strings cpu_features;	/* as /proc/cpuinfo names them */
	uint64_t hwcap, hwcap2;
	struct timespec start;
	struct manifest_strings argv, env, volatile_env;
	struct manifest_strings volatile_paths;	/* as core/manifest/volatile.h writes them */
	struct manifest_strings concealed, revealed;
	char *cwd;
	char *command_path;	/* the program that argv[0] resolved to, NULL if not found */
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	gid_t *groups;
	size_t n_groups;
	mode_t umask;
	struct manifest_rlimit *rlimits;
	size_t n_rlimits;
	struct manifest_fd *fds;
	size_t n_fds;
	bool tty;		/* stdin was a terminal */
	unsigned short tty_cols, tty_rows;
	unsigned signals_ignored;	/* bit n−1: signal n was ignored at the start */
};

/* Everything known at the end. */
struct manifest_end {
	struct timespec end;
	int status;		/* wait status of the initial command */
	bool partial;		/* cut short: what was flushed is here, the rest is not */
	bool renamed_dirs, wrote_hardlinks, changed_ids;	/* decide how replay may mount (decision 14) */
	uint64_t stops, calls, paths;	/* census, for the summary */
	char *stdout_sha256, *stderr_sha256;	/* --hash-output, hex, else NULL */
};

struct manifest_concealed { char *path, *exe; unsigned use; bool existed; };
struct manifest_net { char *proto, *address; uint32_t process; bool listen; };
struct manifest_unknown { char *abi; uint64_t nr, count; char *name; };	/* calls without a row, or refused */
struct manifest_lost { char *path, *why; uint32_t process; };
struct manifest_depend { char *what, *detail; };	/* "tty", "device", "unix-socket", "io_uring" … */
struct manifest_written { char *path; bool has_sha256; unsigned char sha256[32]; uint64_t size; };

/* A whole manifest in memory, as a reader gets it. */
struct manifest {
	struct manifest_run run;
	struct manifest_end end;
	bool has_end;
	struct manifest_file *files;		size_t n_files;
	struct manifest_process *processes;	size_t n_processes;
	struct manifest_strings absent;		/* paths looked up and not there */
	struct manifest_concealed *concealed;	size_t n_concealed;
	struct manifest_net *nets;		size_t n_nets;
	struct manifest_unknown *unknowns;	size_t n_unknowns;
	struct manifest_lost *lost;		size_t n_lost;
	struct manifest_depend *depends;	size_t n_depends;
	struct manifest_written *written;	size_t n_written;	/* what the command left behind */
	struct map *by_path;	/* manifest_file_find()'s own */
};

/* One record, for the journal. The pointer in use is told by kind. */
enum manifest_kind {
	MANIFEST_K_RUN, MANIFEST_K_FILE, MANIFEST_K_PROCESS, MANIFEST_K_ABSENT,
	MANIFEST_K_CONCEALED, MANIFEST_K_NET, MANIFEST_K_UNKNOWN, MANIFEST_K_LOST,
	MANIFEST_K_DEPEND, MANIFEST_K_WRITTEN, MANIFEST_K_END,
};

struct manifest_record {
	enum manifest_kind kind;
	union {
		struct manifest_run *run;
		struct manifest_file *file;
		struct manifest_process *process;
		const char *absent;
		struct manifest_concealed *concealed;
		struct manifest_net *net;
		struct manifest_unknown *unknown;
		struct manifest_lost *lost;
		struct manifest_depend *depend;
		struct manifest_written *written;
		struct manifest_end *end;
	};
};

struct buf;

/* @record as one line of JSON (newline included), appended to @line. 0 or −errno. */
int manifest_format_record(struct buf *line, const struct manifest_record *record, struct err *e);

/*
 * Journal lines (any number of manifest_format_record() outputs, in any order) as
 * one manifest.json, streamed: @from is read line by line several times (it must be
 * seekable), the document goes to @to. Later records of the same file path replace
 * earlier ones. @sorted: members in path order (--reproducible).
 */
int manifest_finish(int from, int to, bool sorted, struct err *e);

/*
 * Read manifest.json, or journal lines, from @data. Unknown members are ignored; a
 * higher version is -ENOTSUP with a sentence. On failure *ret is untouched.
 */
int manifest_read(struct manifest **ret, const char *data, size_t len, struct err *e);
void manifest_free(struct manifest *m);

/* Whether it is a regular file with a path in the archive; a "removed" one had none elsewhere. */
bool manifest_fd_is_file(const struct manifest_fd *fd);

void manifest_file_clear(struct manifest_file *f);	/* what its pointers own */
void manifest_run_clear(struct manifest_run *r);

/* The file of that path, or NULL. Fast after the first call. */
const struct manifest_file *manifest_file_find(struct manifest *m, const char *path);

#endif
