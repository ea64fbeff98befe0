/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of this machine is shown where in another root: PRoot's -b, made definite once, so
 * that namespaces and translation do the same with it.
 *
 * The list is sorted by guest path, what is above before what is below; for a path the
 * last entry that it lies at or below counts, in whichever order they were given (as in
 * PRoot; mount(8) would hide the deeper one). Nothing is shown through what is bound:
 * each host path is one of this machine, taken before anything is bound, so that
 * /a:/b with /b:/a swaps them and a directory may be bound below itself.
 */
#ifndef CORE_REPLAY_BINDS_H
#define CORE_REPLAY_BINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

enum binds_flag {
	/* Nothing is there to bind over: points_make() makes it (points.h). */
	BINDS_MISSING = 1 << 0,
	/* The guest is a symlink and is itself covered ("!"). */
	BINDS_ON_LINK = 1 << 1,
	/*
	 * The host is /proc/self, /proc/thread-self or below: another thing for each task, so
	 * it is as it was given, with no symlink followed.
	 */
	BINDS_TASK = 1 << 2,
	/* One of -R or -S, not asked for by name. */
	BINDS_USUAL = 1 << 3,
};

struct binds_entry {
	char *host;		/* absolute, no symlink on the way, nothing to tidy */
	char *guest;		/* the same in the new root; "/" only in ->root's place, never here */
	unsigned flags;
	mode_t type;		/* S_IFMT of the host */
};

struct binds {
	char *root;		/* the new root on this machine, like a host; "/" is possible */
	struct binds_entry *v;
	size_t n;
	bool links;		/* symlinks that stand for hard links (emul/links) are files */
};

struct binds_words {		/* points at words of others */
	const char *root;		/* as given; NULL: "/", or what a word binds to "/" */
	const char *const *words;	/* "HOST[:GUEST[!]]", relative ones from the working directory */
	size_t n;
	/* More, absolute, in both places the same; ends with NULL. "$HOME" is that. May be NULL. */
	const char *const *usual;
	bool usual_root;	/* the root is one of them too */
	bool silent;		/* a given host that is missing is not even told */
	bool links;		/* see struct binds */
};

/*
 * Make the list. What is missing on this machine is left out, with a warning if it was
 * given; of two at the same place the last one counts, with a warning if both were given.
 * −errno with a sentence for what cannot be meant: a file over a directory or a directory
 * over a file, a guest below a file, symlinks of the guest that never end, two roots.
 */
int binds_make(struct binds *ret, const struct binds_words *given, struct err *e);
void binds_clear(struct binds *b);

/* The entry that decides for the canonical guest path @path, NULL: the root does. */
const struct binds_entry *binds_at(const struct binds *b, const char *path);

/* Where the canonical guest path @path lies on this machine; the caller frees. NULL: no memory. */
char *binds_host(const struct binds *b, const char *path);

enum binds_walk {
	BINDS_NOFOLLOW = 1 << 0,	/* the last component is not followed if it is a symlink */
	BINDS_ABSENT = 1 << 1,		/* what is missing is no error: it is taken literally */
};

struct binds_place {
	char *guest, *host;	/* canonical; the caller frees, see binds_place_clear() */
	mode_t mode;		/* 0: it is missing */
};

/*
 * Walk the absolute path @path in the new root as a process there would: symlinks stay in
 * it and lead through what is bound. 0 or −errno, without a sentence.
 */
int binds_walk(const struct binds *b, const char *path, unsigned flags, struct binds_place *ret);
void binds_place_clear(struct binds_place *p);

#endif
