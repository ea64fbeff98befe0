/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of ids that an administrator granted to users: /etc/subuid, newuidmap(1). */
#ifndef CORE_REPLAY_IDMAP_H
#define CORE_REPLAY_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct plan_place;

/* Fill in the sub… fields for our user. False: none are granted, or no newuidmap. */
bool idmap_granted(struct plan_place *place);

/* Write @text (see PLAN_MAP_RANGES) for the child @pid. */
int idmap_write(pid_t pid, const char *text, struct err *e);

/* The first line of a subuid file that grants @name (or the number @id) a range. */
bool idmap_parse(const char *text, const char *name, unsigned id, uint64_t *ret_first,
		 uint64_t *ret_count);

#endif
