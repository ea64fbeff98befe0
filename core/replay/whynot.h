/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a command cannot run in a root, in one sentence with what to do: looked at from
 * outside, so it is the same whichever way was taken.
 */
#ifndef CORE_REPLAY_WHYNOT_H
#define CORE_REPLAY_WHYNOT_H

struct entry;
struct err;

/*
 * Before it is tried: what execve(2) would accept and no program survives, an ELF file that
 * is cut off. 0, or -EINVAL with the sentence.
 */
int whynot_before(const struct entry *entry, struct err *e);

/* After execve(2) said @error: the sentence; with -EINVAL where the system's words add nothing. */
void whynot_after(const struct entry *entry, int error, struct err *e);

#endif
