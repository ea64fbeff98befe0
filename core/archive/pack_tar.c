// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ustar headers, extended as POSIX pax or as GNU tar does. An extended header is
 * written only for what the plain one can't hold: 45,000 of them would double the
 * headers of a recording that only looked around.
 *
 * Names are bytes. In a plain header they stand as they are, which every tar takes
 * for bytes. A pax record is UTF-8 by definition; where one holds something else,
 * `hdrcharset=BINARY` says so (GNU tar 1.34 doesn't know it and tells, but obeys).
 */
#include "core/archive/pack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/base/buf.h"

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type, link[100], magic[6], version[2], user[32], group[32];
	char major[8], minor[8], prefix[155], rest[12];
};

static const char tar_types[] = {
	[MANIFEST_REG] = '0', [MANIFEST_DIR] = '5', [MANIFEST_LNK] = '2', [MANIFEST_CHR] = '3',
	[MANIFEST_BLK] = '4', [MANIFEST_FIFO] = '6',
};

/* @value in octal, all of @size but the NUL; false when it doesn't fit. */
static bool put_octal(char *to, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		to[i] = '0' + (value & 7);
	to[size - 1] = '\0';
	return value == 0;
}

/* GNU's way for what octal can't say: the top bit, then two's complement, big end first. */
static void put_base256(char *to, size_t size, int64_t value)
{
	for (size_t i = size; i-- > 0; value >>= 8)
		to[i] = (char)(value & 0xff);
	to[0] = (char)(to[0] | 0x80);
}

/* "length key=value\n", where length counts its own digits. */
static void pax_record(struct buf *to, const char *key, const void *value, size_t len)
{
	size_t rest = 1 + strlen(key) + 1 + len + 1, total = rest + 1;

	while (total != rest + (size_t)snprintf(NULL, 0, "%zu", total))
		total = rest + (size_t)snprintf(NULL, 0, "%zu", total);
	buf_addf(to, "%zu %s=", total, key);
	buf_add(to, value, len);
	buf_addc(to, '\n');
}

static void pax_number(struct buf *to, const char *key, uint64_t value)
{
	char text[24];

	pax_record(to, key, text, (size_t)snprintf(text, sizeof(text), "%llu",
						   (unsigned long long)value));
}

static void pax_time(struct buf *to, const char *key, struct timespec t)
{
	char text[48];
	long long sec = t.tv_sec;
	long nsec = t.tv_nsec;
	const char *sign = "";

	if (sec < 0 && nsec) {	/* −1 s + 0.25 s is −0.75 s */
		sec++;
		nsec = 1000000000 - nsec;
		sign = sec == 0 ? "-" : "";
	}
	pax_record(to, key, text, (size_t)snprintf(text, sizeof(text), "%s%lld.%09ld", sign, sec, nsec));
}

/* As the kernel has it names are bytes; as pax has it they are this. */
static bool is_utf8(const char *s)
{
	static const struct { unsigned char mask, lead, more; uint32_t least; } kinds[] = {
		{ 0x80, 0x00, 0, 0 }, { 0xe0, 0xc0, 1, 0x80 },
		{ 0xf0, 0xe0, 2, 0x800 }, { 0xf8, 0xf0, 3, 0x10000 },
	};

	while (*s) {
		unsigned char c = (unsigned char)*s++;
		uint32_t point;
		size_t k = 0;

		while (k < ARRAY_SIZE(kinds) && (c & kinds[k].mask) != kinds[k].lead)
			k++;
		if (k == ARRAY_SIZE(kinds))
			return false;
		point = c & (unsigned char)~kinds[k].mask;
		for (int i = 0; i < kinds[k].more; i++, s++) {
			if (((unsigned char)*s & 0xc0) != 0x80)
				return false;
			point = point << 6 | ((unsigned char)*s & 0x3f);
		}
		if (point < kinds[k].least || point > 0x10ffff || (point & 0x1ff800) == 0xd800)
			return false;
	}
	return true;
}

/* The name into name, or prefix and name. False: it doesn't fit, a stump is there. */
static bool put_name(struct tar_header *h, const char *name, size_t len, bool split)
{
	if (len <= sizeof(h->name)) {
		memcpy(h->name, name, len);
		return true;
	}
	for (size_t i = len - 1; split && i > 0; i--) {
		if (len - i - 1 > sizeof(h->name))
			break;
		if (name[i] == '/' && i <= sizeof(h->prefix) && len - i - 1 > 0) {
			memcpy(h->prefix, name, i);
			memcpy(h->name, name + i + 1, len - i - 1);
			return true;
		}
	}
	memcpy(h->name, name, sizeof(h->name));
	return false;
}

static void put_header(struct buf *to, struct tar_header *h, bool gnu)
{
	unsigned sum = 0;

	memcpy(h->magic, gnu ? "ustar " : "ustar", 6);
	memcpy(h->version, gnu ? " " : "00", 2);
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((unsigned char *)h)[i];
	put_octal(h->checksum, 7, sum);
	buf_add(to, h, sizeof(*h));
}

static void pad(struct buf *to, size_t len)
{
	size_t n = -len & 511;
	char *at = buf_reserve(to, n);

	if (!at)
		return;
	memset(at, 0, n);
	to->len += n;
	to->data[to->len] = '\0';
}

/* An entry in front of the real one whose content is @body. */
static void put_extra(struct buf *to, char type, const char *name, const void *body, size_t len,
		      bool gnu)
{
	struct tar_header h = { .type = type };

	memcpy(h.name, name, strlen(name));
	put_octal(h.mode, sizeof(h.mode), 0644);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	put_octal(h.size, sizeof(h.size), len);
	put_header(to, &h, gnu);
	buf_add(to, body, len);
	pad(to, len);
}

static void put_number(struct buf *pax, const char *key, char *to, size_t size, uint64_t value,
		       bool gnu)
{
	if (put_octal(to, size, value))
		return;
	if (gnu)
		put_base256(to, size, (int64_t)value);
	else {
		put_octal(to, size, 0);
		pax_number(pax, key, value);
	}
}

static void put_mtime(struct buf *pax, struct tar_header *h, const struct pack_entry *e, bool gnu)
{
	bool fits = e->mtime.tv_sec >= 0 &&
		    put_octal(h->mtime, sizeof(h->mtime), (uint64_t)e->mtime.tv_sec);

	if (gnu && !fits)
		put_base256(h->mtime, sizeof(h->mtime), e->mtime.tv_sec);
	if (!gnu && !fits)
		put_octal(h->mtime, sizeof(h->mtime), 0);
	if (!gnu && (!fits || (e->nanoseconds && e->mtime.tv_nsec)))
		pax_time(pax, "mtime", e->mtime);
}

/* GNU's sparse format 1.0: a map in text in front of the data, in whole blocks. */
static void sparse_map(struct buf *map, const struct pack_entry *e, uint64_t *ret_data)
{
	uint64_t data = 0;

	buf_addf(map, "%zu\n", e->n_extents);
	for (size_t i = 0; i < e->n_extents; i++) {
		buf_addf(map, "%llu\n%llu\n", (unsigned long long)e->extents[i].at,
			 (unsigned long long)e->extents[i].len);
		data += e->extents[i].len;
	}
	pad(map, map->len);
	*ret_data = data;
}

static void put_sparse(struct buf *pax, struct buf *map, const struct pack_entry *e,
		       const char *name, uint64_t *stored)
{
	pax_number(pax, "GNU.sparse.major", 1);
	pax_number(pax, "GNU.sparse.minor", 0);
	pax_record(pax, "GNU.sparse.name", name, strlen(name));
	pax_number(pax, "GNU.sparse.realsize", e->size);
	sparse_map(map, e, stored);
	*stored += map->len;
}

static void put_xattrs(struct buf *pax, const struct pack_entry *e)
{
	_cleanup_buf_ struct buf key = BUF_INIT;

	for (size_t i = 0; i < e->n_xattrs; i++) {
		/* The key ends at the first '=': such a name stands in the manifest only. */
		if (strchr(e->xattrs[i].name, '='))
			continue;
		buf_reset(&key);
		buf_addf(&key, "SCHILY.xattr.%s", e->xattrs[i].name);
		if (key.failed)
			pax->failed = true;
		else
			pax_record(pax, key.data, e->xattrs[i].value, e->xattrs[i].len);
	}
}

/* Name and link target, into @h or whatever stands in front of it. */
static void put_names(struct buf *to, struct buf *pax, struct tar_header *h,
		      const struct pack_entry *e, const char *name, bool gnu)
{
	size_t len = strlen(name), target = e->target ? strlen(e->target) : 0;
	bool name_fits = put_name(h, name, len, !gnu);
	bool target_fits = target <= sizeof(h->link);
	bool utf8 = (name_fits && !e->sparse) || is_utf8(name);

	if (target)
		memcpy(h->link, e->target, MIN(target, sizeof(h->link)));
	if (gnu) {
		if (!target_fits)
			put_extra(to, 'K', "././@LongLink", e->target, target + 1, true);
		if (!name_fits)
			put_extra(to, 'L', "././@LongLink", name, len + 1, true);
		return;
	}
	if (!utf8 || (!target_fits && !is_utf8(e->target)))
		pax_record(pax, "hdrcharset", "BINARY", 6);
	if (!name_fits && !e->sparse)
		pax_record(pax, "path", name, len);
	if (!target_fits)
		pax_record(pax, "linkpath", e->target, target);
}

int pack_tar_header(struct buf *to, const struct pack_entry *e, bool gnu, uint64_t *ret_stored)
{
	_cleanup_buf_ struct buf pax = BUF_INIT, name = BUF_INIT, map = BUF_INIT;
	bool regular = e->type == MANIFEST_REG && !e->hardlink;
	uint64_t stored = regular ? e->size : 0;
	struct tar_header h = { .type = e->hardlink ? '1' : tar_types[e->type] };

	buf_addf(&name, "%s%s", e->name, e->type == MANIFEST_DIR ? "/" : "");
	if (name.failed)
		return -ENOMEM;
	put_names(to, &pax, &h, e, name.data, gnu);
	if (e->sparse && regular)
		put_sparse(&pax, &map, e, name.data, &stored);
	put_octal(h.mode, sizeof(h.mode), e->mode & 07777);
	put_number(&pax, "uid", h.uid, sizeof(h.uid), e->uid, gnu);
	put_number(&pax, "gid", h.gid, sizeof(h.gid), e->gid, gnu);
	put_number(&pax, "size", h.size, sizeof(h.size), stored, gnu);
	put_mtime(&pax, &h, e, gnu);
	if (e->type == MANIFEST_CHR || e->type == MANIFEST_BLK) {
		put_octal(h.major, sizeof(h.major), major(e->rdev));
		put_octal(h.minor, sizeof(h.minor), minor(e->rdev));
	}
	if (!gnu && !e->hardlink)
		put_xattrs(&pax, e);
	if (pax.failed || map.failed)
		return -ENOMEM;
	if (pax.len)
		put_extra(to, 'x', "PaxHeader", pax.data, pax.len, false);
	put_header(to, &h, gnu);
	if (map.len)
		buf_add(to, map.data, map.len);
	*ret_stored = stored - map.len;
	return 0;
}
