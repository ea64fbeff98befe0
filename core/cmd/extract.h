/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extraction as a command does it: with its messages. Also for self-extracting archives. */
#ifndef CORE_CMD_EXTRACT_H
#define CORE_CMD_EXTRACT_H

struct archive_extract;

/* @to: a directory, NULL = here. The exit status. */
int extract_archive(const char *path, const char *to, struct archive_extract *how);

#endif
