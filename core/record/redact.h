/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that must not be in an archive: what stands for them is "***". */
#ifndef CORE_RECORD_REDACT_H
#define CORE_RECORD_REDACT_H

#include "core/manifest/manifest.h"

/* Every one of @texts in @s, which is replaced when there is one. 0 or -ENOMEM. */
int redact_string(char **s, const struct manifest_strings *texts);
int redact_strings(struct manifest_strings *s, const struct manifest_strings *texts);

#endif
