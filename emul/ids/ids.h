/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that lets a command be another user, root most often: what it asks about
 * itself is answered, what it says of files (owners, modes, device nodes) is remembered
 * and shown by every call that tells it. The disk keeps our user's files.
 */
#ifndef EMUL_IDS_IDS_H
#define EMUL_IDS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct err;
struct ids;
struct sink;
struct syscall_row;
struct task;

struct ids_spec {
	uint32_t uid, gid;		/* who the command is at first; our user's files are this one's */
	/* What the kernel tells the command of our user's files: in a user namespace another id. */
	uint32_t seen_uid, seen_gid;
	const char *root;		/* on this machine, canonical; where `file` finds its files */
	const char *file;		/* what is said of files lasts there; NULL: for this run */
	/*
	 * The program that @t executes, where /proc/TID/exe does not tell (a loader does). May be
	 * NULL. 0 or −errno.
	 */
	int (*program)(void *ctx, struct task *t, struct stat *ret);
	void *ctx;
};

/* NULL with its sentence: -EBUSY where another run has the file, -EINVAL for one that is none. */
struct ids *ids_new(const struct ids_spec *spec, struct err *e);
void ids_free(struct ids *ids);

/* The file that @fd is open on (O_PATH is enough) belongs to @uid:@gid. 0, or −errno. */
int ids_own(struct ids *ids, int fd, uint32_t uid, uint32_t gid, struct err *e);

struct sink *ids_sink(struct ids *ids);
/* What it must see, SYSCALL_BIT()s for engine_spec.classes. */
unsigned ids_classes(const struct ids *ids);

/* About once a second: what was said by now is safe in the file, if that takes no longer than it may. */
void ids_tick(struct ids *ids);
/*
 * At the end: the same, with the path of every file; without a file the disk gets the modes
 * that it did not have yet. 0 or −errno.
 */
int ids_finish(struct ids *ids, struct err *e);

/*
 * For another sink that answers a call of @row (of our own ABI) itself: @bytes, as the
 * kernel would write them, become what the command is to see. @ids: struct ids.
 */
void ids_looked(void *ids, struct task *t, const struct syscall_row *row, void *bytes, size_t len);

#endif
