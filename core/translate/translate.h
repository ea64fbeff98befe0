/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that shows a command another root file system than the one it runs in: each
 * path of its calls is resolved against the guest's root and bindings and replaced by
 * where the file really is. For machines that refuse namespaces, and for options that
 * these cannot serve.
 *
 * The kernel's working directory and descriptors are real; what the kernel tells of
 * them is spelled back. A call that cannot be translated is refused and named.
 */
#ifndef CORE_TRANSLATE_TRANSLATE_H
#define CORE_TRANSLATE_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct call;
struct err;
struct sink;
struct stat;
struct syscall_row;
struct task;
struct task_table;
struct translate;

struct translate_spec {
	const char *root;		/* on the host, canonical */
	struct task_table *tasks;	/* the engine's */
	bool as_root;			/* the command believes to be root: chroot and bind mounts are carried out here */
	bool other_ids;			/* it is not who we are */
	const struct qemu *qemu;	/* runs programs of another machine (emul/qemu/qemu.h); NULL: the kernel decides */

	/*
	 * Look-ups that are answered here and not by the kernel: another sink's chance to
	 * correct what a call of @row of the native ABI puts in memory (a struct stat). May be NULL.
	 */
	void (*looked)(void *looker, struct task *t, const struct syscall_row *row, void *bytes, size_t len);
	void *looker;
	/* A symlink with this target stands for a file: another sink tells of it. May be NULL. */
	bool (*is_file)(const char *target);
	/* −errno for a file that must not be opened or executed. May be NULL. */
	int (*opening)(void *ctx, const struct stat *st);
	void *ctx;
};

struct translate *translate_new(const struct translate_spec *spec, struct err *e);
void translate_free(struct translate *tr);

enum translate_bind {
	TRANSLATE_READONLY = 1 << 0,
	TRANSLATE_NOFOLLOW = 1 << 1,	/* a guest that is a symlink is itself covered */
	TRANSLATE_LITERAL = 1 << 2,	/* the guest is canonical, and need not be there */
};

/*
 * @host (absolute, canonical) is seen at @guest (absolute), as a mount would show it. -ENOENT:
 * there is nothing to put it on, ret_missing (may be NULL) says what on the host.
 */
int translate_bind(struct translate *tr, const char *host, const char *guest, unsigned flags,
		   struct buf *ret_missing, struct err *e);

/* The directory that the command begins in, as it is to be told. 0 or -ENOMEM. */
int translate_start_in(struct translate *tr, const char *guest);

struct sink *translate_sink(struct translate *tr);
/* What it must see, SYSCALL_BIT()s for engine_spec.classes. */
unsigned translate_classes(const struct translate *tr);

/*
 * An absolute guest path on the host, symlinks followed (the last one only if @follow);
 * appended. What is absent has a host path too, with -ENOENT. Else 0 or −errno.
 */
int translate_host(struct translate *tr, const char *guest, bool follow, struct buf *ret_host);
/* Path @i of a call that @t is in, as the call means it. -EINVAL: it means another file to each task (procfs). */
int translate_call_host(struct translate *tr, struct task *t, const struct call *c, int i, struct buf *ret_host);
/* The program that @t executes, which /proc/TID/exe does not always tell. 0 or −errno. */
int translate_program(struct translate *tr, struct task *t, struct stat *ret);

#endif
