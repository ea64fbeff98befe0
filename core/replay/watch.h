/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who opened what the archive has no content of. The directories of placeholders are
 * watched by inotify from our own process: opening tells, stat does not, and the
 * command runs at full speed (decision 16).
 */
#ifndef CORE_REPLAY_WATCH_H
#define CORE_REPLAY_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct manifest;
struct stat;
struct watch;

/*
 * The placeholders of @m. @recorded: the recorded command runs again, which may
 * overwrite some of them as it did then. *ret is NULL when there is nothing to watch.
 */
int watch_new(struct watch **ret, const struct manifest *m, bool recorded, struct err *e);
void watch_free(struct watch *w);

/*
 * Start, in the child, when its root is the tree: an inotify descriptor, or −errno. The
 * number that the kernel gave to each directory goes to @ret_numbers (watch_dirs() of
 * them), −1 for those that could not be watched.
 */
int watch_start(const struct watch *w, int *ret_numbers, struct err *e);
size_t watch_dirs(const struct watch *w);
/* The same from where the tree is at @root. */
int watch_begin(struct watch *w, const char *root, struct err *e);

/* In the parent: the numbers that watch_start() gave, in a file. */
int watch_numbers(struct watch *w, int file);
/* Read what has happened; call when @inotify is readable and once at the end. */
void watch_read(struct watch *w, int inotify);

/* The placeholders one by one, and that one of them was opened. */
size_t watch_count(const struct watch *w);
const char *watch_path(const struct watch *w, size_t i);
void watch_opened(struct watch *w, size_t i);
/*
 * With watch_begin(): is @st, of a file of the tree, one of them, by whatever name, with what
 * it had then? It counts as opened.
 */
bool watch_refuse(struct watch *w, const struct stat *st);

/* The path of the next opened placeholder; *cursor starts with 0. NULL at the end. */
const char *watch_next(const struct watch *w, size_t *cursor);

#endif
