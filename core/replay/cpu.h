/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recording's processor could do and this one cannot. */
#ifndef CORE_REPLAY_CPU_H
#define CORE_REPLAY_CPU_H

struct buf;
struct manifest_strings;

/*
 * Names of @recorded that @here (the text of /proc/cpuinfo) does not have and that a
 * program could have come to depend on, separated by spaces. Empty: nothing is missing.
 */
void cpu_missing(struct buf *to, const struct manifest_strings *recorded, const char *here);

#endif
