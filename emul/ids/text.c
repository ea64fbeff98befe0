// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PATH KEY=VALUE …: what was said (uid, gid, mode in octal, type, xattr) and what tells
 * the file from others (dev, ino, born, size, mtime). Unknown keys are an error, so that
 * nothing gets lost by an older care.
 */
#include "emul/ids/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/buf.h"
#include "emul/ids/table.h"

/* What would end a word, and what a terminal would not show. */
static void add_word(struct buf *to, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= ' ' || c == '\\' || c == ':' || c >= 0x7f)
			buf_addf(to, "\\%03o", c);
		else
			buf_addc(to, (char)c);
	}
}

static void add_xattr(struct buf *to, const struct ids_xattr *x)
{
	buf_adds(to, " xattr=");
	add_word(to, x->name);
	buf_addc(to, ':');
	for (size_t i = 0; i < x->size; i++)
		buf_addf(to, "%02x", ((unsigned char *)x->value)[i]);
}

void text_add(struct buf *to, const struct ids_entry *e)
{
	add_word(to, e->path ? e->path : "?");
	if (e->has & IDS_UID)
		buf_addf(to, " uid=%" PRIu32, e->uid);
	if (e->has & IDS_GID)
		buf_addf(to, " gid=%" PRIu32, e->gid);
	if (e->has & IDS_MODE)
		buf_addf(to, " mode=%03" PRIo32, e->mode & 07777);
	if (e->has & IDS_TYPE)
		buf_addf(to, " type=%c:%u:%u", S_ISBLK(e->mode) ? 'b' : 'c', major(e->rdev),
			 minor(e->rdev));
	for (size_t i = 0; i < e->n_xattrs; i++)
		add_xattr(to, &e->xattrs[i]);
	buf_addf(to, " dev=%" PRIu64 " ino=%" PRIu64, e->dev, e->ino);
	if (e->born)
		buf_addf(to, " born=%" PRId64 ".%09" PRIu32, e->born, e->born_ns);
	if (e->dated)
		buf_addf(to, " size=%" PRIu64 " mtime=%" PRId64 ".%09" PRIu32, e->size, e->mtime,
			 e->mtime_ns);
	buf_addc(to, '\n');
}

/* In place: it gets shorter. */
static bool unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		unsigned value;

		*to = *s;
		if (*s != '\\')
			continue;
		if (sscanf(s + 1, "%3o", &value) != 1 || strspn(s + 1, "01234567") < 3 || !value)
			return false;
		*to = (char)value;
		s += 3;
	}
	*to = '\0';
	return true;
}

static bool number(const char *s, int base, uint64_t *ret)
{
	char *end;

	*ret = strtoull(s, &end, base);
	return end != s && !*end;
}

static bool id(const char *s, uint32_t *ret)
{
	uint64_t value;

	if (!number(s, 10, &value) || value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool when(const char *s, int64_t *ret, uint32_t *ret_ns)
{
	char end;

	return sscanf(s, "%" SCNd64 ".%" SCNu32 "%c", ret, ret_ns, &end) == 2;
}

static bool device(const char *s, struct ids_entry *e)
{
	unsigned high, low;
	char type, end;

	if (sscanf(s, "%c:%u:%u%c", &type, &high, &low, &end) != 3 || (type != 'b' && type != 'c'))
		return false;
	e->mode = (e->mode & 07777) | (type == 'b' ? S_IFBLK : S_IFCHR);
	e->rdev = makedev(high, low);
	e->has |= IDS_TYPE;
	return true;
}

static bool xattr(char *s, struct ids_entry *e)
{
	char *hex = strchr(s, ':');
	size_t n;

	if (!hex)
		return false;
	*hex++ = '\0';
	n = strlen(hex);
	if (n % 2 || strspn(hex, "0123456789abcdef") != n || !unescape(s))
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		unsigned byte = 0;

		sscanf(hex + 2 * i, "%2x", &byte);
		hex[i] = (char)byte;
	}
	return table_set_xattr(NULL, e, s, hex, n / 2) == 0;
}

static bool take(char *key, struct ids_entry *e)
{
	char *value = strchr(key, '=');
	uint64_t n;

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(key, "uid")) {
		e->has |= IDS_UID;
		return id(value, &e->uid);
	}
	if (!strcmp(key, "gid")) {
		e->has |= IDS_GID;
		return id(value, &e->gid);
	}
	if (!strcmp(key, "mode")) {
		e->has |= IDS_MODE;
		if (!number(value, 8, &n) || n > 07777)
			return false;
		e->mode = (e->mode & S_IFMT) | (uint32_t)n;
		return true;
	}
	if (!strcmp(key, "mtime")) {
		e->dated = true;
		return when(value, &e->mtime, &e->mtime_ns);
	}
	return !strcmp(key, "type") ? device(value, e) : !strcmp(key, "xattr") ? xattr(value, e) :
	       !strcmp(key, "dev") ? number(value, 10, &e->dev) :
	       !strcmp(key, "ino") ? number(value, 10, &e->ino) :
	       !strcmp(key, "size") ? number(value, 10, &e->size) :
	       !strcmp(key, "born") ? when(value, &e->born, &e->born_ns) : false;
}

struct ids_entry *text_parse(const char *line)
{
	char *copy = strdup(line), *save = NULL, *word;
	struct ids_entry *e = calloc(1, sizeof(*e));
	bool good = copy && e;

	word = good ? strtok_r(copy, " ", &save) : NULL;
	good = word && unescape(word) && (*word == '/' || !strcmp(word, "?"));
	if (good && *word == '/')
		good = (e->path = strdup(word)) != NULL;
	while (good && (word = strtok_r(NULL, " ", &save)))
		good = take(word, e);
	free(copy);
	if (good && (e->has || e->n_xattrs))
		return e;
	entry_free(e);
	return NULL;
}
