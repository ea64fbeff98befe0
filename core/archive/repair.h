/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One repair on its way; for core/archive only. */
#ifndef CORE_ARCHIVE_REPAIR_H
#define CORE_ARCHIVE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/in.h"
#include "core/archive/out.h"
#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/manifest/manifest.h"

struct repair {
	struct archive_in *a;
	const char *to;
	/* What a look at all of it found. */
	struct buf lines;	/* of the journal, or the manifest's text */
	unsigned journals;
	bool has_manifest, whole;
	struct buf path;	/* of the member at hand, normalised */
	struct map *contents;	/* path → any: its content is there, in front of the cut */
	uint64_t members;	/* that are whole */
	uint64_t cut, cut_raw;	/* offset in the file, and decoded, that all is well up to */
	struct manifest *m;
	struct archive_out *out;
};

/* repair_scan.c: what is there and how far. */
int repair_look(struct repair *r, struct err *e);
/* repair_dir.c: the same for a directory, and its contents checked. */
int repair_look_dir(struct repair *r, struct err *e);
int repair_resume_dir(struct repair *r, struct err *e);

#endif
