/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --hash-output: what the command writes to standard output and error is hashed on
 * its way, and what it writes to stays what it was (decision 20): a file is hashed
 * afterwards from where it began, a pipe is teed, a terminal stays a terminal.
 */
#ifndef CORE_RECORD_TEE_H
#define CORE_RECORD_TEE_H

struct err;
struct tee;

/* For the descriptors 1 and 2 as they are now; starts a thread. NULL on failure. */
struct tee *tee_new(struct err *e);

/* In the child, before execve(2): put ours in the place of theirs. 0 or −errno. */
int tee_in_child(const struct tee *t);

/* In the parent, once the child exists: let go of the child's ends. */
void tee_started(struct tee *t);

/*
 * When all have ended: the rest, and the hashes in hexadecimal (the caller frees).
 */
int tee_finish(struct tee *t, char **ret_stdout, char **ret_stderr, struct err *e);
void tee_free(struct tee *t);

#endif
