// SPDX-License-Identifier: GPL-2.0-or-later
/* long */
/*
 * core/archive: whatever was flushed comes back. Archives cut at every offset, for each
 * container, compression and frame; ARCHIVE_CUT_STEP=1 takes every offset of the
 * uncompressed ones too.
 */
#include "tests/unit/archive.h"

#include <sys/wait.h>

#define FLUSHES 3

struct sample {
	off_t flushed[FLUSHES];	/* size of the file at the end of each flush */
	off_t size;
};

static const size_t sizes[] = { 300, 1700, 5, 700, 90 };

/* Flush k holds files 0 … k, and what has no content. */
static void build(const char *format, struct sample *s)
{
	struct archive_out *a;
	struct err e = { 0 };
	struct stat st;
	int r;

	remove_all("sample");
	r = open_out(&a, "sample", format, &e);
	CHECK(r == 0, "%s: %s", format, e.text);
	if (r < 0)
		exit(1);
	CHECK(add_run(a, &e) == 0, "%s", e.text);
	CHECK(add_other(a, "/", MANIFEST_DIR, NULL, MANIFEST_NONE, &e) == 0, "%s", e.text);
	CHECK(add_other(a, "/dir", MANIFEST_DIR, NULL, MANIFEST_NONE, &e) == 0, "%s", e.text);
	CHECK(add_other(a, "/link", MANIFEST_LNK, "dir/none", MANIFEST_NONE, &e) == 0, "%s", e.text);
	CHECK(add_other(a, "/seen", MANIFEST_REG, NULL, MANIFEST_PLACEHOLDER, &e) == 0, "%s", e.text);
	for (unsigned i = 0; i < FLUSHES; i++) {
		CHECK(add_file(a, i, sizes[i], &e) == 0, "%s", e.text);
		CHECK(a->backend->flush(a, &e) == 0, "%s", e.text);
		s->flushed[i] = stat("sample.partial", &st) == 0 ? st.st_size : -1;
	}
	CHECK(add_file(a, FLUSHES, sizes[FLUSHES], &e) == 0, "%s", e.text);
	CHECK(add_other(a, "/hard", MANIFEST_REG, "/dir/file-00001", MANIFEST_HARDLINK, &e) == 0, "%s", e.text);
	CHECK(archive_out_member(a, "re-execute.sh", 0755, "#!/bin/sh\n", 10, &e) == 0, "%s", e.text);
	CHECK(add_end(a, &e) == 0, "%s", e.text);
	CHECK(archive_out_finish(a, &e) == 0, "%s", e.text);
	archive_out_free(a, false);
	s->size = stat("sample", &st) == 0 ? st.st_size : -1;
}

static void check_extracted(const char *format, off_t cut, unsigned files)
{
	struct archive_extract how = { .only_rootfs = true, .placeholders = true };
	struct err e = { 0 };
	char target[64];
	struct stat st;
	ssize_t n;

	remove_all("out");
	CHECK(extract_to("repaired", "out", &how, &e) == 0, "%s cut at %lld: %s", format,
	      (long long)cut, e.text);
	for (unsigned i = 0; i < files; i++)
		CHECK(is_file("out", i, sizes[i]), "%s cut at %lld: file %u", format, (long long)cut, i);
	n = readlink("out/link", target, sizeof(target));
	CHECK(n == 8 && !memcmp(target, "dir/none", 8), "%s cut at %lld", format, (long long)cut);
	CHECK(stat("out/seen", &st) == 0 && st.st_size == 12345 && st.st_mtim.tv_nsec == 5,
	      "%s cut at %lld", format, (long long)cut);
	CHECK(stat("out/dir", &st) == 0 && (st.st_mode & 07777) == 0755 && st.st_mtim.tv_sec == 1600000000,
	      "%s cut at %lld", format, (long long)cut);
	CHECK(how.skipped == 0 && how.degraded == 0, "%s cut at %lld", format, (long long)cut);
}

/* The repaired one, by its manifest. */
static void check_listed(const char *format, off_t cut, unsigned files)
{
	struct manifest *m = NULL;
	struct archive_in *a;
	struct err e = { 0 };
	unsigned found = 0;

	if (archive_in_open(&a, "repaired", &e) < 0) {
		CHECK(false, "%s cut at %lld: %s", format, (long long)cut, e.text);
		return;
	}
	CHECK(archive_in_manifest(a, &m, &e) == 0, "%s cut at %lld: %s", format, (long long)cut, e.text);
	CHECK(!archive_in_partial(a), "%s cut at %lld", format, (long long)cut);
	archive_in_free(a);
	for (size_t i = 0; m && i < m->n_files; i++)
		found += m->files[i].content == MANIFEST_WHOLE && m->files[i].size;
	CHECK(found >= files, "%s cut at %lld: %u of %u", format, (long long)cut, found, files);
	CHECK(m && m->run.argv.n == 2 && m->has_end, "%s cut at %lld", format, (long long)cut);
	manifest_free(m);
}

static void cut_everywhere(const char *format, unsigned long step)
{
	struct sample s;
	struct err e;
	int from, r;
	uint64_t files;
	unsigned round = 0;

	build(format, &s);
	from = open("sample", O_RDWR | O_CLOEXEC);
	/* Downwards, so that one copy serves all. */
	for (off_t cut = s.size; cut >= 0; cut -= (off_t)step, round++) {
		unsigned expected = 0;

		while (expected < FLUSHES && s.flushed[expected] <= cut)
			expected++;
		if (ftruncate(from, cut) < 0)
			abort();
		remove_all("repaired");
		e.text[0] = '\0';
		r = archive_repair("sample", "repaired", &files, &e);
		if (r == -EALREADY) {
			/* Whole to the last byte, but for what may be missing unseen. */
			CHECK(cut > s.flushed[FLUSHES - 1], "%s cut at %lld", format, (long long)cut);
			continue;
		}
		CHECK(r == 0 || (!expected && *e.text), "%s cut at %lld: %s", format, (long long)cut, e.text);
		if (r < 0 || !expected)
			continue;
		check_listed(format, cut, expected);
		if (round % 16 == 0)
			check_extracted(format, cut, expected);
	}
	close(from);
}

/* The same file repaired in place is what a repair to another name gives. */
static void in_place(const char *format)
{
	struct sample s;
	struct err e = { 0 };
	uint64_t files = 0;

	build(format, &s);
	CHECK(truncate("sample", s.flushed[1] + 10) == 0, "%s", format);
	CHECK(archive_repair("sample", NULL, &files, &e) == 0, "%s: %s", format, e.text);
	CHECK(files == 6, "%s: %llu", format, (unsigned long long)files);
	CHECK(archive_repair("sample", NULL, &files, &e) == -EALREADY, "%s", format);
	remove_all("repaired");
	CHECK(rename("sample", "repaired") == 0, "%s", format);
	check_listed(format, -1, 2);
	check_extracted(format, -1, 2);
}

static void what_is_still_written_is_left_alone(void)
{
	struct archive_out *a;
	struct err e = { 0 };
	uint64_t files;

	remove_all("busy");
	CHECK(open_out(&a, "busy", "tar.lzo", &e) == 0, "%s", e.text);
	CHECK(add_file(a, 1, 100, &e) == 0 && a->backend->flush(a, &e) == 0, "%s", e.text);
	/* flock() is per open file: another opening of it is like another process. */
	CHECK(archive_repair("busy.partial", "repaired", &files, &e) == -EBUSY, "%s", e.text);
	archive_out_free(a, true);
	CHECK(access("busy.partial", F_OK) < 0, "discarded");
}

/* kill -9 at any moment: what was flushed before is there. */
static void killed(const char *format, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		unsigned flushed = 0, n;
		struct err e = { 0 };
		uint64_t files;
		int fds[2], status;
		pid_t child;

		remove_all("victim.partial");
		remove_all("repaired");
		remove_all("out");
		if (pipe(fds) < 0)
			abort();
		child = fork();
		if (child == 0) {
			struct archive_out *a;

			if (open_out(&a, "victim", format, &e) < 0 || add_run(a, &e) < 0)
				_exit(1);
			add_other(a, "/link", MANIFEST_LNK, "dir/none", MANIFEST_NONE, &e);
			add_other(a, "/seen", MANIFEST_REG, NULL, MANIFEST_PLACEHOLDER, &e);
			add_other(a, "/dir", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
			for (unsigned i = 0;; i++) {
				if (add_file(a, i, 100 + i * 97 % 30000, &e) < 0)
					_exit(1);
				if (i % 3 == 2 && (a->backend->flush(a, &e) < 0 ||
						   write(fds[1], &(unsigned){ i + 1 }, sizeof(i)) < 0))
					_exit(1);
			}
		}
		close(fds[1]);
		/* At some moment behind the so-manieth flush. */
		for (unsigned i = 0; i <= round % 7; i++)
			if (read(fds[0], &n, sizeof(n)) == sizeof(n))
				flushed = n;
		usleep(round * 373 % 3000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		CHECK(WIFSIGNALED(status), "%s: the writer ended by itself", format);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			flushed = n;
		close(fds[0]);
		CHECK(archive_repair("victim.partial", "repaired", &files, &e) == 0, "%s round %u: %s",
		      format, round, e.text);
		check_extracted(format, -(off_t)round, 0);
		for (unsigned i = 0; i < flushed; i++)
			CHECK(is_file("out", i, 100 + i * 97 % 30000), "%s round %u: file %u of %u",
			      format, round, i, flushed);
	}
}

int main(void)
{
	static const char *const formats[] = {
		"tar", "tar.gz", "tar.lzo", "tar.zst", "cpio", "cpio.gz", "cpio.lzo", "cpio.zst",
		"cpio-odc", "cpio-odc.gz", "cpio-odc.lzo", "cpio-odc.zst", "gnutar", "gnutar.gz",
		"gnutar.lzo", "gnutar.zst", "tar.lzo.raw", "tar.raw", "tar.lzo.bin", "cpio.gz.bin",
	};
	unsigned long step = count_of("ARCHIVE_CUT_STEP", 0);

	enter_scratch();
	make_program();
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		bool packed = strstr(formats[i], ".gz") || strstr(formats[i], ".lzo") ||
			      strstr(formats[i], ".zst");

		cut_everywhere(formats[i], step ? step : packed ? 7 : 101);
		in_place(formats[i]);
	}
	what_is_still_written_is_left_alone();
	killed("tar.lzo", 12);
	killed("tar.zst", 12);
	killed("cpio.gz", 6);
	killed("dir", 12);
	return check_summary();
}
