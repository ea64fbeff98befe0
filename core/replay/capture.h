/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command's output as a hash, through the kind of thing that it was written to in the
 * recording: programs behave differently on a terminal, a pipe and a file.
 */
#ifndef CORE_REPLAY_CAPTURE_H
#define CORE_REPLAY_CAPTURE_H

#include <nettle/sha2.h>
#include <stdbool.h>

struct err;
struct manifest_run;

struct capture {
	int theirs;		/* the descriptor for the command */
	int ours;		/* to be read while it runs; −1: a file, read afterwards */
	struct sha256_ctx sha;
	char hex[2 * SHA256_DIGEST_SIZE + 1];
};

/* For the descriptor @fd (1 or 2) of the recording @run. */
int capture_open(struct capture *c, const struct manifest_run *run, int fd, struct err *e);

/* The callback of struct wait_source; @ctx is the capture. */
bool capture_readable(void *ctx);

/* The rest, and the hash into c->hex. */
int capture_finish(struct capture *c, struct err *e);
void capture_close(struct capture *c);

#endif
