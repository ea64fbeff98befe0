/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that answers all System V IPC calls itself: an IPC namespace of the run's own
 * without any help of the kernel. For `care run --sysvipc`.
 *
 * A segment is a memory file of care's, which a task that attaches it opens below
 * /proc/PID/fd and maps: it must see this procfs and be allowed to look at care, so a
 * program that changed its user after care had root cannot attach (EACCES).
 *
 * A blocked task waits in ppoll(2), put in place of its call, from which the sink ends
 * it (task_wake()) when another task's call has let it go on; a time-out is ppoll's. So a
 * signal or a kill ends the wait as it ends the kernel's own, the engine never waits, and
 * the program's memory and descriptors have no part in it, as a futex's or a pipe's would.
 */
#ifndef EMUL_SYSV_SYSV_H
#define EMUL_SYSV_SYSV_H

#include <stdbool.h>

#include "core/event/event.h"

struct sysv;

/*
 * Are the calls refused here? A filter that does it (a container's) comes before ours, so
 * only ENGINE_PTRACE sees them.
 */
bool sysv_refused(void);

unsigned sysv_classes(void);	/* SYSCALL_BIT()s that the sink wants */
struct sysv *sysv_new(void);	/* NULL: no memory. This process is dumpable from now on */
void sysv_free(struct sysv *s);
struct sink *sysv_sink(struct sysv *s);

#endif
