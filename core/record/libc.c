// SPDX-License-Identifier: GPL-2.0-or-later
/* The C library among what was read, and the version that glibc prints of itself. */
#include "core/record/libc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/record/object.h"

#define LIBC_MAX (8 << 20)

static char *glibc_version(const char *path)
{
	static const char mark[] = "GNU C Library", word[] = "version ";
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *at;
	char *name;

	if (io_read_file(AT_FDCWD, path, LIBC_MAX, &text, NULL) < 0)
		return strdup("glibc");
	at = memmem(buf_str(&text), text.len, mark, sizeof(mark) - 1);
	at = at ? memmem(at, text.data + text.len - at, word, sizeof(word) - 1) : NULL;
	if (!at)
		return strdup("glibc");
	at += sizeof(word) - 1;
	if (asprintf(&name, "glibc %.*s", (int)strspn(at, "0123456789."), at) < 0)
		return NULL;
	while (name[strlen(name) - 1] == '.')	/* the end of its sentence */
		name[strlen(name) - 1] = '\0';
	return name;
}

char *libc_of(struct objects *t)
{
	const struct object *o;

	for (size_t cursor = 0; (o = objects_next(t, &cursor)); ) {
		const char *name = strrchr(o->file.path, '/');

		if (o->file.type != MANIFEST_REG || !(o->file.use & (USE_READ | USE_EXEC)) || !name)
			continue;
		if (!strcmp(name, "/libc.so.6"))
			return glibc_version(o->file.path);
		if (!strncmp(name, "/ld-musl-", 9))
			return strdup("musl");
	}
	return NULL;
}
