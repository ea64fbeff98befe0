/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing an archive: a table of formats behind one stream of entries. What was
 * flushed survives anything (decision 10); finishing is an explicit call that
 * returns an error, because it is where archives die of a full disk.
 */
#ifndef CORE_ARCHIVE_ARCHIVE_OUT_H
#define CORE_ARCHIVE_ARCHIVE_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct err;
struct manifest_file;
struct manifest_record;
struct archive_out;

enum archive_container { ARCHIVE_DIR, ARCHIVE_TAR, ARCHIVE_CPIO, ARCHIVE_CPIO_ODC, ARCHIVE_GNUTAR };
enum archive_filter { ARCHIVE_PLAIN, ARCHIVE_GZIP, ARCHIVE_LZOP, ARCHIVE_ZSTD };
enum archive_wrapper { ARCHIVE_BARE, ARCHIVE_RAW, ARCHIVE_SELF };	/* nothing, "RAW"+footer, program+footer */

struct archive_format {
	enum archive_container container;
	enum archive_filter filter;
	enum archive_wrapper wrapper;
	int level;		/* --compress-level, −1 = the filter's default */
};

/*
 * CARE's suffix table, read right to left, and today's (.zst, .tzst, .tar.zst).
 * @ret_prefix: the archive's top directory, i.e. the base name without the suffixes
 * that were recognised (caller frees). A name without a known suffix is .bin with
 * *ret_guessed set, so that the caller can say so.
 */
int archive_format_parse(const char *name, struct archive_format *ret_format, char **ret_prefix,
			 bool *ret_guessed, struct err *e);
/* --format=NAME: "tar.zst", "dir", "cpio-odc.gz", "gnutar.lzo", "tar.lzo.bin" … */
int archive_format_by_name(const char *name, struct archive_format *ret_format, struct err *e);
/* "tar.lzo, self-extracting": for messages. Static buffer-free: caller frees. */
char *archive_format_describe(const struct archive_format *f);

struct archive_spec {
	struct archive_format format;
	const char *path;	/* where it ends up; "-" = stdout */
	const char *spool;	/* where it grows (a directory), NULL = beside @path as NAME.partial */
	const char *prefix;	/* top directory of every member */
	int self_fd;		/* our own executable, for ARCHIVE_SELF and the member `proot`; −1 = none */
	bool reproducible;	/* sorted, no clock of ours in it; needs the spool */
};

int archive_out_open(struct archive_out **ret, const struct archive_spec *spec, struct err *e);

/*
 * Add @file below PREFIX/rootfs. Content, if file->content is MANIFEST_WHOLE, is read
 * from @fd (not closed, its offset not used) up to file->size; a file that became
 * shorter is padded, one that grew is cut, and *ret_changed (may be NULL) says so.
 * file->sha256 is filled in. Content that can't be read (or held by the container) is
 * no error: file->content then says what became of it, and a lost record why. An error
 * means that the archive itself can't go on.
 * Directories, symlinks and placeholders are held back and written by the finish, but
 * their record is journalled at the next flush. Entries of the same path: the last wins.
 */
int archive_out_add(struct archive_out *a, struct manifest_file *file, int fd, bool *ret_changed,
		    struct err *e);

/* A record without content: goes to the journal (run, process, net, end …). */
int archive_out_record(struct archive_out *a, const struct manifest_record *record, struct err *e);

/* A member of our own, PREFIX/@name: re-execute.sh, README.txt, concealed-accesses.txt. */
int archive_out_member(struct archive_out *a, const char *name, mode_t mode, const void *data,
		       size_t len, struct err *e);

/* Called from time to time: flushes when OUT_FLUSH_MS or 4 MiB went by since the last flush. */
int archive_out_tick(struct archive_out *a, struct err *e);

/* The same at once: what was added is there for a repair, whatever happens from here on. */
int archive_out_flush(struct archive_out *a, struct err *e);
/* Would a flush have nothing to do? */
bool archive_out_is_flushed(const struct archive_out *a);

/* Hold-backs, manifest.json, trailer, footer, fsync, rename into place. */
int archive_out_finish(struct archive_out *a, struct err *e);

/* Has it all been written, though it may not have come into its place? */
bool archive_out_is_whole(const struct archive_out *a);

/* Where it grows, for telling the user what is left of a failed recording; NULL: nowhere. */
const char *archive_out_partial(const struct archive_out *a);

/*
 * Stop copying large contents; may be called from a signal handler. The file that is
 * being copied and later large ones become MANIFEST_UNREADABLE, noted as lost.
 */
void archive_out_cancel(struct archive_out *a);

/* Bytes written so far, after compression. */
uint64_t archive_out_bytes(const struct archive_out *a);

/* Close and free; an unfinished archive stays as a recoverable .partial, unless @discard. */
void archive_out_free(struct archive_out *a, bool discard);

#endif
