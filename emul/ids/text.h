/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of --root-id: one line for each file of which something is said (care-run(1)). Pure. */
#ifndef EMUL_IDS_TEXT_H
#define EMUL_IDS_TEXT_H

struct buf;
struct ids_entry;

#define TEXT_HEAD "care-root-id 1"

/* "/dev/null type=c:1:3 mode=666 ino=…", a newline behind it. */
void text_add(struct buf *to, const struct ids_entry *e);
/* A line without its newline. NULL: no such line, or no memory. */
struct ids_entry *text_parse(const char *line);

#endif
