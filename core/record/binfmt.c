// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A registration as fs/binfmt_misc.c prints it: "enabled", then lines "interpreter
 * PATH", "flags: LETTERS", and "extension .EXT" or "offset N", "magic HEX", "mask HEX".
 */
#include "core/record/binfmt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "core/base/buf.h"
#include "core/base/io.h"

#define BINFMT_MAGIC 0x42494e4d		/* BINFMTFS_MAGIC */
#define BINFMT_MAX 65536		/* of one registration: the kernel has a page for it */

static void clear(struct binfmt *b)
{
	free(b->name);
	free(b->interpreter);
	free(b->flags);
	free(b->extension);
	free(b->magic);
	free(b->mask);
}

void binfmts_clear(struct binfmts *b)
{
	for (size_t i = 0; i < b->n; i++)
		clear(&b->v[i]);
	free(b->v);
	*b = (struct binfmts){ 0 };
}

bool binfmts_mounted(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == BINFMT_MAGIC;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* NULL: no hexadecimal bytes, or no memory. */
static unsigned char *parse_hex(const char *text, size_t *ret_len)
{
	unsigned char *bytes = malloc(strlen(text) / 2 + 1);
	size_t n = 0;

	for (; bytes && digit(text[0]) >= 0 && digit(text[1]) >= 0; text += 2)
		bytes[n++] = (unsigned char)(digit(text[0]) << 4 | digit(text[1]));
	*ret_len = n;
	return bytes;
}

/* What stands behind @key, or NULL. */
static const char *value(const char *line, const char *key)
{
	return strncmp(line, key, strlen(key)) ? NULL : line + strlen(key);
}

static void parse_line(struct binfmt *b, const char *line, size_t *mask_len)
{
	const char *v;

	if ((v = value(line, "interpreter ")) && !b->interpreter)
		b->interpreter = strdup(v);
	else if ((v = value(line, "flags: ")) && !b->flags)
		b->flags = strdup(v);
	else if ((v = value(line, "extension .")) && !b->extension)
		b->extension = strdup(v);
	else if ((v = value(line, "offset ")))
		b->offset = strtoul(v, NULL, 10);
	else if ((v = value(line, "magic ")) && !b->magic)
		b->magic = parse_hex(v, &b->len);
	else if ((v = value(line, "mask ")) && !b->mask)
		b->mask = parse_hex(v, mask_len);
}

/* True: it is whole and enabled. */
static bool parse(struct binfmt *b, char *text)
{
	size_t mask_len = 0;
	char *save, *line = strtok_r(text, "\n", &save);

	if (!line || strcmp(line, "enabled"))
		return false;
	while ((line = strtok_r(NULL, "\n", &save)))
		parse_line(b, line, &mask_len);
	if (b->mask && mask_len != b->len)
		return false;
	return b->interpreter && (b->extension || (b->magic && b->len));
}

static int add(struct binfmts *all, int dir, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct binfmt b = { 0 }, *more;

	if (io_read_file(dir, name, BINFMT_MAX, &text, NULL) < 0 || !text.len)
		return 0;	/* gone, or "register", which cannot be read */
	if (!parse(&b, text.data)) {
		clear(&b);
		return 0;
	}
	b.name = strdup(name);
	more = b.name ? realloc(all->v, (all->n + 1) * sizeof(*more)) : NULL;
	if (!more) {
		clear(&b);
		return -ENOMEM;
	}
	all->v = more;
	all->v[all->n++] = b;
	return 0;
}

/* "status": all of it can be switched off. */
static bool is_off(int dir)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return io_read_file(dir, "status", BINFMT_MAX, &text, NULL) >= 0 &&
	       !strncmp(buf_str(&text), "disabled", 8);
}

int binfmts_read(struct binfmts *ret, const char *dir)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	struct binfmts all = { 0 };
	struct dirent *entry;
	int r = 0;

	if (d && !is_off(dirfd(d)))
		while (r >= 0 && (entry = readdir(d)))
			if (entry->d_name[0] != '.' && strcmp(entry->d_name, "register") &&
			    strcmp(entry->d_name, "status"))
				r = add(&all, dirfd(d), entry->d_name);
	if (r < 0)
		binfmts_clear(&all);
	else
		*ret = all;
	return r;
}

bool binfmt_matches(const struct binfmt *b, const char *name, const void *head, size_t len)
{
	const unsigned char *at = (const unsigned char *)head + b->offset;
	const char *dot;

	if (b->extension) {
		dot = strrchr(name, '.');	/* of the whole path, as the kernel does it */
		return dot && !strcmp(dot + 1, b->extension);
	}
	if (b->offset > len || b->len > len - b->offset)
		return false;
	for (size_t i = 0; i < b->len; i++)
		if ((at[i] ^ b->magic[i]) & (b->mask ? b->mask[i] : 0xff))
			return false;
	return true;
}
