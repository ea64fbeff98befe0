/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command left behind, hashed so that a replay's outputs can be compared. */
#ifndef CORE_RECORD_OUTPUTS_H
#define CORE_RECORD_OUTPUTS_H

struct recorder;

int outputs_tell(struct recorder *r);

#endif
