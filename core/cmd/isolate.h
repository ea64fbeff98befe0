/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The word list of --isolate, which replay, verify and run share. */
#ifndef CORE_CMD_ISOLATE_H
#define CORE_CMD_ISOLATE_H

/* "pid,ipc,net,uts" as a mask of enum plan_ns; NULL is none. -EINVAL. */
int isolate_parse(const char *list, unsigned *ret);

#endif
