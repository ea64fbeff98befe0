// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening archives for commands. */
#include "core/cmd/open.h"

#include <errno.h>

#include "core/archive/archive_in.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"

int cmd_read_status(const struct err *e)
{
	static const int not_its_fault[] = {
		ENOENT, EACCES, EPERM, ENOTDIR, ELOOP, ENAMETOOLONG, EMFILE, ENFILE, ENOMEM, ENOSPC,
		EDQUOT, EROFS, EFBIG, EIO, EINTR, EEXIST, ENOTEMPTY,
	};

	for (size_t i = 0; i < ARRAY_SIZE(not_its_fault); i++)
		if (e->code == -not_its_fault[i])
			return CMD_EXIT_FAILURE;
	return CMD_EXIT_ARCHIVE;
}

int cmd_open_archive(struct archive_in **ret, const char *path)
{
	struct err e = { 0 };

	if (archive_in_open(ret, path, &e) < 0)
		return cmd_fail_at(cmd_read_status(&e), path, &e);
	return 0;
}

int cmd_open_manifest(struct archive_in *a, const char *path, struct manifest **ret)
{
	struct err e = { 0 };
	int r = archive_in_manifest(a, ret, &e);

	return r < 0 ? cmd_fail_at(cmd_read_status(&e), path, &e) : 0;
}
