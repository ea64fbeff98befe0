// SPDX-License-Identifier: GPL-2.0-or-later
/* core/archive/format: CARE's suffix table and what --format takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/archive/archive_out.h"
#include "core/base/err.h"
#include "tests/unit/check.h"

static const struct row {
	const char *name, *means, *prefix;	/* means: '?' in front if guessed */
} rows[] = {
	/* CARE 2.2.1's: three containers' worth of suffixes, bare, in .raw and in .bin. */
	{ "x/", "directory", "x" },
	{ "x.tar", "tar", "x" },
	{ "x.tar.gz", "tar.gz", "x" },
	{ "x.tar.lzo", "tar.lzo", "x" },
	{ "x.tgz", "tar.gz", "x" },
	{ "x.tzo", "tar.lzo", "x" },
	{ "x.cpio", "cpio", "x" },
	{ "x.cpio.gz", "cpio.gz", "x" },
	{ "x.cpio.lzo", "cpio.lzo", "x" },
	{ "x.tar.raw", "tar, raw", "x" },
	{ "x.tar.gz.raw", "tar.gz, raw", "x" },
	{ "x.tgz.raw", "tar.gz, raw", "x" },
	{ "x.tzo.raw", "tar.lzo, raw", "x" },
	{ "x.cpio.raw", "cpio, raw", "x" },
	{ "x.cpio.gz.raw", "cpio.gz, raw", "x" },
	{ "x.cpio.lzo.raw", "cpio.lzo, raw", "x" },
	{ "x.raw", "tar.lzo, raw", "x" },
	{ "x.tar.bin", "tar, self-extracting", "x" },
	{ "x.tar.lzo.bin", "tar.lzo, self-extracting", "x" },
	{ "x.tgz.bin", "tar.gz, self-extracting", "x" },
	{ "x.tzo.bin", "tar.lzo, self-extracting", "x" },
	{ "x.cpio.bin", "cpio, self-extracting", "x" },
	{ "x.cpio.gz.bin", "cpio.gz, self-extracting", "x" },
	{ "x.bin", "tar.lzo, self-extracting", "x" },
	/* A filter alone: tar is assumed, and said. */
	{ "x.gz", "?tar.gz", "x" },
	{ "x.lzo", "?tar.lzo", "x" },
	{ "x.lzo.bin", "?tar.lzo, self-extracting", "x" },
	/* Nothing that is known. */
	{ "x", "?tar.lzo, self-extracting", "x" },
	{ "x.zip", "?tar.lzo, self-extracting", "x.zip" },
	{ "xtar", "?tar.lzo, self-extracting", "xtar" },
	/* Today's. */
	{ "x.tar.zst", "tar.zst", "x" },
	{ "x.tzst", "tar.zst", "x" },
	{ "x.cpio.zst.bin", "cpio.zst, self-extracting", "x" },
	/* Read from the right, each word once, never one that stands further right. */
	{ "x.bin.tar", "tar", "x.bin" },
	{ "x.tar.tar", "tar", "x.tar" },
	{ "x.gz.tar", "tar", "x.gz" },
	{ "x.gz.lzo", "?tar.lzo", "x.gz" },
	{ "x.tar.tgz", "tar.gz", "x.tar" },
	{ "x.tar/", "directory", "x.tar" },
	{ "a.tar/b.cpio", "cpio", "b" },
	{ "/a/b/c.tar.gz", "tar.gz", "c" },
	{ "a/b//", "directory", "b" },
	{ "x.cpio-odc", "?tar.lzo, self-extracting", "x.cpio-odc" },
	/* Names that can't be a directory's. */
	{ ".tar", "tar", "care" },
	{ "-", "?tar.lzo, self-extracting", "care" },
	{ "./", "directory", "care" },
	{ "../", "directory", "care" },
	{ "..tar", "tar", "care" },
};

static void suffixes_mean_what_they_meant(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct archive_format f;
		char *prefix = NULL, *text;
		bool guessed = false, guess = rows[i].means[0] == '?';

		CHECK(archive_format_parse(rows[i].name, &f, &prefix, &guessed, NULL) == 0, "%s", rows[i].name);
		text = archive_format_describe(&f);
		CHECK(!strcmp(text, rows[i].means + guess), "%s", rows[i].name);
		CHECK(!strcmp(prefix, rows[i].prefix), "%s", rows[i].name);
		CHECK(guessed == guess, "%s", rows[i].name);
		CHECK(f.level == -1, "%s", rows[i].name);
		free(text);
		free(prefix);
	}
}

static void a_name_is_needed(void)
{
	struct archive_format f = { .level = 77 };
	char *prefix = (char *)"untouched";
	struct err e;

	CHECK(archive_format_parse("", &f, &prefix, NULL, &e) < 0);
	CHECK(f.level == 77 && !strcmp(prefix, "untouched"), "outputs stay");
}

static void formats_have_names(void)
{
	static const struct { const char *name, *means; } good[] = {
		{ "dir", "directory" }, { "tar", "tar" }, { "tar.zst", "tar.zst" },
		{ "cpio-odc.gz", "cpio-odc.gz" }, { "gnutar.lzo", "gnutar.lzo" },
		{ "tar.lzo.bin", "tar.lzo, self-extracting" }, { "raw", "tar.lzo, raw" },
		{ "cpio", "cpio" }, { "tgz", "tar.gz" }, { "gz", "tar.gz" },
	};
	static const char *const bad[] = { "", "zip", "tar.xz", "x.tar", "tar.", ".tar", "dir.gz",
					   "tar.gz.lzo", "gz.tar", "bin.raw", "TAR" };
	struct archive_format f;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char *text;

		CHECK(archive_format_by_name(good[i].name, &f, &e) == 0, "%s", good[i].name);
		text = archive_format_describe(&f);
		CHECK(!strcmp(text, good[i].means), "%s", good[i].name);
		free(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(archive_format_by_name(bad[i], &f, &e) < 0 && *e.text, "%s", bad[i]);
}

int main(void)
{
	return check_tests(
		suffixes_mean_what_they_meant,
		a_name_is_needed,
		formats_have_names);
}
