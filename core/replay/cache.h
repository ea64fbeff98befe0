/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where replays keep things: ${XDG_CACHE_HOME:-~/.cache}/care/ holds the extracted
 * tree of each archive, to start again quickly, and the private directory of each
 * running replay. What a killed one left behind is removed by the next.
 */
#ifndef CORE_REPLAY_CACHE_H
#define CORE_REPLAY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct archive_in;
struct err;
struct manifest;

/* Programs are run from it, so a file system mounted noexec is passed over. */
int cache_dir(char **ret_path, struct err *e);

/* Another one, that other users can get to what lies in it of theirs. */
int cache_shared_dir(char **ret_path, struct err *e);

/* A new directory for one replay, held by the lock *ret_lock (a descriptor). */
int cache_run_dir(const char *cache, char **ret_path, int *ret_lock, struct err *e);
/* Remove it, then let go of its lock (−1: there is none). */
int cache_run_remove(const char *path, int lock, struct err *e);

struct cache_want {
	const char *archive;		/* its path: with size, times and inode it is the key */
	struct archive_in *in;
	struct manifest *project;	/* permissions projected for its credentials, or NULL */
	const char *cwd;		/* made if the archive lacks it, may be NULL */
	bool owners;
	uint64_t limit;			/* bytes that all extracted trees may take */
	bool new_limit;			/* … which is not the one that always holds */
	void (*progress)(void *ctx, uint64_t files, uint64_t bytes);
	void *ctx;
};

/*
 * The extracted rootfs/ of the archive, made if need be. It stays as long as *ret_lock
 * is open. Read it, never write to it.
 */
int cache_tree(const char *cache, const struct cache_want *want, char **ret_path, int *ret_lock,
	       struct err *e);

/* Extract into the new directory rootfs/ of @path; @reachable: others can enter that. */
int cache_extract(const char *path, bool reachable, const struct cache_want *want, struct err *e);

#endif
