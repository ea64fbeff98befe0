/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `care run -k`: what uname(2) tells, in the layouts of all ABIs and of the older calls
 * (olduname, oldolduname). What the kernel can do stays as it is.
 */
#ifndef EMUL_UNAME_UNAME_H
#define EMUL_UNAME_UNAME_H

#include <stdbool.h>

#include "core/event/event.h"

#define UNAME_FIELDS 6
#define UNAME_LENGTH 65		/* of a field of struct utsname with its NUL */

struct uname_names {
	/* sysname nodename release version machine domainname; "" = the kernel's own. */
	char fields[UNAME_FIELDS][UNAME_LENGTH];
};

/*
 * PRoot's two spellings: a release, or
 * \sysname\nodename\release\version\machine\domainname\hwcap\. -EINVAL: one that begins like
 * the second and is not. What is too long is cut, hwcap is not looked at.
 */
int uname_parse(const char *text, struct uname_names *ret);

struct uname_sink {
	struct sink sink;
	struct uname_names names;
};

/* Classes of calls that the sink wants: SYSCALL_BIT()s. */
unsigned uname_classes(void);

void uname_sink_init(struct uname_sink *s, const struct uname_names *names);

#endif
