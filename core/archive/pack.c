// SPDX-License-Identifier: GPL-2.0-or-later
/* Which container does what. */
#include "core/archive/pack.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"

bool pack_can_sparse(enum archive_container container)
{
	return container == ARCHIVE_TAR;
}

bool pack_can_type(enum archive_container container, enum manifest_type type)
{
	/* tar has no type for a socket: it stands in the manifest alone. */
	return type != MANIFEST_SOCK || container == ARCHIVE_CPIO || container == ARCHIVE_CPIO_ODC;
}

int pack_header(struct buf *to, enum archive_container container, const struct pack_entry *entry,
		uint64_t *ret_stored, struct err *e)
{
	size_t before = to->len;
	int r;

	if (container == ARCHIVE_CPIO || container == ARCHIVE_CPIO_ODC)
		r = pack_cpio_header(to, entry, container == ARCHIVE_CPIO_ODC, ret_stored);
	else
		r = pack_tar_header(to, entry, container == ARCHIVE_GNUTAR, ret_stored);
	if (r == 0)
		r = buf_error(to);
	if (r < 0) {
		buf_truncate(to, before);
		return err_set(e, r, "archive %s", entry->name);
	}
	return 0;
}

unsigned pack_padding(enum archive_container container, uint64_t stored)
{
	switch (container) {
	case ARCHIVE_CPIO:
		return -stored & 3;
	case ARCHIVE_CPIO_ODC:
	case ARCHIVE_DIR:
		return 0;
	case ARCHIVE_TAR:
	case ARCHIVE_GNUTAR:
		break;
	}
	return -stored & 511;
}

void pack_trailer(struct buf *to, enum archive_container container)
{
	struct pack_entry end = { .name = "TRAILER!!!", .type = MANIFEST_REG, .nlink = 1 };
	uint64_t stored;

	if (container == ARCHIVE_TAR || container == ARCHIVE_GNUTAR) {
		char *at = buf_reserve(to, 1024);

		if (at)
			memset(at, 0, 1024);
		if (at)
			to->len += 1024;
	} else {
		pack_cpio_header(to, &end, container == ARCHIVE_CPIO_ODC, &stored);
	}
}
