/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that archives what a command uses, as it was before the command changed
 * it. It sees events, not how they were caught, and hands what it finds to a queue
 * that feeds the archive.
 */
#ifndef CORE_RECORD_RECORDER_H
#define CORE_RECORD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"
#include "core/manifest/manifest.h"

struct archive_out;
struct err;
struct recorder;
struct task_table;

struct record_spec {
	struct archive_out *out;	/* NULL: --dry-run */
	struct task_table *tasks;
	struct manifest_run *run;	/* filled in (facts_collect()); stays the caller's */
	const char *spool;		/* directory for copies of files about to change */
	const char *private_under;	/* where concealed places are made, e.g. /tmp */
	struct manifest_strings include;	/* archived with all below even if unused */
	struct manifest_strings redact;		/* texts that must not be in the archive */
	int64_t max_size;		/* bytes; bigger files stay placeholders; < 0: no limit */
	bool content_seen;		/* metadata-only use keeps the bytes too */
	bool keep_special;		/* -d: FIFOs and sockets are archived, not volatile */
	bool conceal_by_mounts;		/* recorder_in_child() hides, no call is rewritten */
};

/* Binds concealed places, archives inherited descriptors and the working directory. */
struct recorder *recorder_new(const struct record_spec *spec, struct err *e);
struct sink *recorder_sink(struct recorder *r);

/* In the child, before execve(2). 0 or −errno. */
int recorder_in_child(const struct recorder *r);

/* The SYSCALL_BIT()s of the calls it wants to see. */
unsigned recorder_classes(const struct recorder *r);

struct record_summary {
	uint64_t calls;			/* events looked at */
	uint64_t paths;			/* distinct names seen */
	uint64_t files;			/* archived with content */
	uint64_t placeholders;		/* archived as metadata only */
	uint64_t bytes;			/* of content */
	uint64_t absent;
	uint64_t changed;		/* files that changed while they were read */
	uint64_t lost;			/* what could not be recorded: not faithful if > 0 */
	uint64_t io_uring;		/* refused */
	const struct manifest_file *const *secrets;	/* that look like keys or tokens; as long */
	size_t n_secrets;
	const struct manifest_concealed *concealed;	/* accesses; valid until recorder_free() */
	size_t n_concealed;
	const struct manifest_strings *special;	/* FIFOs and sockets of others that were used */
};

/*
 * All that is still to be told: processes, outputs, later uses. Ends the writer, so
 * that the archive is the caller's again, to add records and members and finish it.
 * The flags and census of @end are filled in.
 */
int recorder_finish(struct recorder *r, struct manifest_end *end, struct err *e);
void recorder_summary(struct recorder *r, struct record_summary *ret);

/* What the command left in concealed places; copied to @keep unless that is NULL. */
int recorder_concealed_left(struct recorder *r, const char *keep,
			    void (*tell)(void *ctx, const char *path), void *ctx, struct err *e);

/* Never fails; removes the private places. */
void recorder_free(struct recorder *r);

/* For the progress line, from the engine's thread. */
void recorder_progress(struct recorder *r, uint64_t *ret_files, uint64_t *ret_bytes);

#endif
