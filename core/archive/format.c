// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names to formats. CARE reads a name from its right end: one wrapper, one filter,
 * one container; what remains is the archive's top directory. --format takes the
 * same words without the dots, and those that no suffix stands for.
 */
#include "core/archive/archive_out.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"

enum { WRAPPER = 1, FILTER = 2, CONTAINER = 4 };

struct word {
	const char *text;
	unsigned sets;		/* what it decides */
	enum archive_wrapper wrapper;
	enum archive_filter filter;
	enum archive_container container;
	bool suffix;		/* may stand at the end of a file name */
};

static const struct word words[] = {
	{ "raw",      WRAPPER, .wrapper = ARCHIVE_RAW, .suffix = true },
	{ "bin",      WRAPPER, .wrapper = ARCHIVE_SELF, .suffix = true },
	{ "gz",       FILTER, .filter = ARCHIVE_GZIP, .suffix = true },
	{ "lzo",      FILTER, .filter = ARCHIVE_LZOP, .suffix = true },
	{ "zst",      FILTER, .filter = ARCHIVE_ZSTD, .suffix = true },
	{ "tgz",      FILTER | CONTAINER, .filter = ARCHIVE_GZIP, .container = ARCHIVE_TAR, .suffix = true },
	{ "tzo",      FILTER | CONTAINER, .filter = ARCHIVE_LZOP, .container = ARCHIVE_TAR, .suffix = true },
	{ "tzst",     FILTER | CONTAINER, .filter = ARCHIVE_ZSTD, .container = ARCHIVE_TAR, .suffix = true },
	{ "cpio",     CONTAINER, .container = ARCHIVE_CPIO, .suffix = true },
	{ "tar",      CONTAINER, .container = ARCHIVE_TAR, .suffix = true },
	{ "cpio-odc", CONTAINER, .container = ARCHIVE_CPIO_ODC },
	{ "gnutar",   CONTAINER, .container = ARCHIVE_GNUTAR },
	{ "dir",      WRAPPER | FILTER | CONTAINER, .container = ARCHIVE_DIR },
};

/* The word that @text (@len bytes) ends in after a dot, or is as a whole. */
static const struct word *last_word(const char *text, size_t len, bool whole, size_t *ret_at)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].text);

		if (len < n || memcmp(text + len - n, words[i].text, n))
			continue;
		if (whole && len == n) {
			*ret_at = 0;
			return &words[i];
		}
		if (len > n + whole && text[len - n - 1] == '.' && (whole || words[i].suffix)) {
			*ret_at = len - n - 1;
			return &words[i];
		}
	}
	return NULL;
}

/*
 * Take words from the end while each decides something further left than the one
 * before (wrapper, filter, container). Returns what was decided; *len is what is left.
 */
static unsigned take_words(const char *text, size_t *len, bool whole, struct archive_format *f)
{
	unsigned decided = 0;
	const struct word *w;
	size_t at;

	while (*len && (w = last_word(text, *len, whole, &at))) {
		unsigned rightmost = w->sets & -w->sets;

		if (decided >= rightmost)
			break;
		decided |= w->sets;
		if (w->sets & WRAPPER)
			f->wrapper = w->wrapper;
		if (w->sets & FILTER)
			f->filter = w->filter;
		if (w->sets & CONTAINER)
			f->container = w->container;
		*len = at;
	}
	return decided;
}

/* What CARE takes where nothing is said: tar, and lzop unless a container was named. */
static void fill_in(struct archive_format *f, unsigned decided)
{
	if (!(decided & (FILTER | CONTAINER)))
		f->filter = ARCHIVE_LZOP;
	if (!(decided & CONTAINER))
		f->container = ARCHIVE_TAR;
}

static bool usable_prefix(const char *s, size_t len)
{
	return len && !(len == 1 && (s[0] == '.' || s[0] == '-')) &&
	       !(len == 2 && s[0] == '.' && s[1] == '.');
}

int archive_format_parse(const char *name, struct archive_format *ret_format, char **ret_prefix,
			 bool *ret_guessed, struct err *e)
{
	struct archive_format f = { .wrapper = ARCHIVE_BARE, .filter = ARCHIVE_PLAIN, .level = -1 };
	size_t len = strlen(name);
	bool dir = len && name[len - 1] == '/', guessed = false;
	const char *base;
	char *prefix;

	if (!len)
		return err_set(e, -ENOENT, "an archive needs a name");
	while (len && name[len - 1] == '/')
		len--;
	base = memrchr(name, '/', len);
	base = base ? base + 1 : name;
	len -= base - name;

	if (dir) {
		f.container = ARCHIVE_DIR;
	} else {
		unsigned decided = take_words(base, &len, false, &f);

		guessed = !decided || decided == FILTER || decided == (FILTER | WRAPPER);
		if (!decided)
			f.wrapper = ARCHIVE_SELF;
		fill_in(&f, decided);
	}
	prefix = usable_prefix(base, len) ? strndup(base, len) : strdup("care");
	if (!prefix)
		return err_set(e, -ENOMEM, "name the archive %s", name);
	*ret_format = f;
	*ret_prefix = prefix;
	if (ret_guessed)
		*ret_guessed = guessed;
	return 0;
}

int archive_format_by_name(const char *name, struct archive_format *ret_format, struct err *e)
{
	struct archive_format f = { .wrapper = ARCHIVE_BARE, .filter = ARCHIVE_PLAIN, .level = -1 };
	size_t len = strlen(name);
	unsigned decided = take_words(name, &len, true, &f);

	if (!decided || len)
		return err_set(e, -EINVAL, "there is no format \"%s\" (dir, tar, cpio, cpio-odc "
			       "or gnutar; then .gz, .lzo or .zst; then .bin or .raw)", name);
	fill_in(&f, decided);
	*ret_format = f;
	return 0;
}

char *archive_format_describe(const struct archive_format *f)
{
	static const char *const containers[] = {
		[ARCHIVE_DIR] = "directory", [ARCHIVE_TAR] = "tar", [ARCHIVE_CPIO] = "cpio",
		[ARCHIVE_CPIO_ODC] = "cpio-odc", [ARCHIVE_GNUTAR] = "gnutar",
	};
	static const char *const filters[] = {
		[ARCHIVE_PLAIN] = "", [ARCHIVE_GZIP] = ".gz", [ARCHIVE_LZOP] = ".lzo",
		[ARCHIVE_ZSTD] = ".zst",
	};
	static const char *const wrappers[] = {
		[ARCHIVE_BARE] = "", [ARCHIVE_RAW] = ", raw", [ARCHIVE_SELF] = ", self-extracting",
	};
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s%s%s", containers[f->container], filters[f->filter], wrappers[f->wrapper]);
	return buf_steal(&b);
}
