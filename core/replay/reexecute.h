/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two members of an archive that need no care to be understood: a shell script
 * that runs the command again below PRoot or `care run`, and a page that explains.
 */
#ifndef CORE_REPLAY_REEXECUTE_H
#define CORE_REPLAY_REEXECUTE_H

#include <stdbool.h>

struct buf;
struct manifest_end;
struct manifest_run;
struct manifest_strings;

/*
 * re-execute.sh. @special: FIFOs and sockets that are the machine's, may be NULL; so may
 * @end (the status is not known). @kernel_release: ask the runner to show the recorded
 * kernel's name (-k). Check buf_error(@to).
 */
void reexecute_script(struct buf *to, const struct manifest_run *run,
		      const struct manifest_strings *special, const struct manifest_end *end,
		      bool kernel_release);

/* README.txt. @concealed: there is a concealed-accesses.txt; @runner: there is a `proot`. */
void reexecute_readme(struct buf *to, const struct manifest_run *run, bool concealed, bool runner);

#endif
