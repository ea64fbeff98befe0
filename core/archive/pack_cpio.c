// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cpio's two ASCII headers. Neither has room for nanoseconds, xattrs or, in odc, for
 * device numbers above 16 bits; all that stands in the manifest.
 */
#include "core/archive/pack.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/buf.h"

static const mode_t cpio_types[] = {
	[MANIFEST_REG] = S_IFREG, [MANIFEST_DIR] = S_IFDIR, [MANIFEST_LNK] = S_IFLNK,
	[MANIFEST_CHR] = S_IFCHR, [MANIFEST_BLK] = S_IFBLK, [MANIFEST_FIFO] = S_IFIFO,
	[MANIFEST_SOCK] = S_IFSOCK,
};

static unsigned long clamp_time(struct timespec t, uint64_t max)
{
	return t.tv_sec < 0 ? 0 : (unsigned long)MIN((uint64_t)t.tv_sec, max);
}

static void put_newc(struct buf *to, const struct pack_entry *e, unsigned mode, size_t name,
		     uint64_t size)
{
	buf_addf(to, "070701%08x%08x%08x%08x%08x%08lx%08lx%08x%08x%08x%08x%08lx%08x",
		 (unsigned)e->ino, mode, (unsigned)e->uid, (unsigned)e->gid, e->nlink,
		 clamp_time(e->mtime, UINT32_MAX), (unsigned long)size, 0u, 0u,
		 (unsigned)major(e->rdev), (unsigned)minor(e->rdev), (unsigned long)name, 0u);
}

/* 18 bits for an inode: the numbers of large recordings spill into the device's field. */
static void put_odc(struct buf *to, const struct pack_entry *e, unsigned mode, size_t name,
		    uint64_t size)
{
	buf_addf(to, "070707%06o%06o%06o%06o%06o%06o%06o%011lo%06lo%011llo",
		 (unsigned)(e->ino >> 18) & 0777777, (unsigned)e->ino & 0777777, mode,
		 (unsigned)e->uid & 0777777, (unsigned)e->gid & 0777777,
		 MIN(e->nlink, 0777777u),
		 (unsigned)(((major(e->rdev) & 0xff) << 8) | (minor(e->rdev) & 0xff)),
		 clamp_time(e->mtime, 077777777777), (unsigned long)name, (unsigned long long)size);
}

int pack_cpio_header(struct buf *to, const struct pack_entry *e, bool odc, uint64_t *ret_stored)
{
	size_t name = strlen(e->name) + 1;
	unsigned mode = cpio_types[e->type] | (e->mode & 07777);
	uint64_t size = 0;

	if (e->type == MANIFEST_REG && !e->hardlink)
		size = e->size;
	else if (e->type == MANIFEST_LNK && !e->hardlink)
		size = strlen(e->target);
	if (size > (odc ? 077777777777 : UINT32_MAX) || (odc && name > 0777777))
		return -EOVERFLOW;
	(odc ? put_odc : put_newc)(to, e, mode, name, size);
	buf_add(to, e->name, name);
	if (!odc)
		buf_add(to, "\0\0\0", -(110 + name) & 3);
	if (e->type != MANIFEST_LNK || e->hardlink) {
		*ret_stored = size;
		return 0;
	}
	/* A symlink's target is its content; nothing is left for the caller to write. */
	buf_add(to, e->target, size);
	if (!odc)
		buf_add(to, "\0\0\0", -size & 3);
	*ret_stored = 0;
	return 0;
}
