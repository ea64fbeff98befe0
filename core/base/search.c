// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/search.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"

bool search_wanted(const char *name)
{
	return *name && !strchr(name, '/');
}

int search_path(const char *path, const char *name, int (*try)(void *ctx, const char *candidate), void *ctx)
{
	int worst = -ENOENT;

	for (const char *at = path;; at++) {
		_cleanup_buf_ struct buf full = BUF_INIT;
		size_t len = strcspn(at, ":");
		int r;

		buf_add(&full, len ? at : ".", len ? len : 1);
		buf_addf(&full, "/%s", name);
		r = buf_error(&full) < 0 ? -ENOMEM : try(ctx, full.data);
		if (r == -EACCES)
			worst = r;
		else if (r != -ENOENT && r != -ENOTDIR)
			return r;
		at += len;
		if (!*at)
			return worst;
	}
}
