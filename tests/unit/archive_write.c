// SPDX-License-Identifier: GPL-2.0-or-later
/* core/archive: what goes into an archive, in which order, and what happens when it can't. */
#include "tests/unit/archive.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "core/archive/pack.h"

/* The names in a plain tar in their order, one a line; types in front. */
static char *list_tar(const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT, names = BUF_INIT;
	unsigned long size;

	if (io_read_file(AT_FDCWD, path, 1u << 30, &text, NULL) < 0)
		abort();
	for (size_t at = 0; at + 512 <= text.len && text.data[at]; at += 512 + ((size + 511) & ~511ul)) {
		const char *h = text.data + at;

		size = strtoul(h + 124, NULL, 8);
		if (h[156] != 'x')
			buf_addf(&names, "%c %.100s\n", h[156], h);
	}
	buf_adds(&names, "");
	return buf_steal(&names);
}

static struct archive_out *open_ok(const char *path, const char *format)
{
	struct archive_out *a = NULL;
	struct err e = { 0 };

	remove_all(path);
	CHECK(open_out(&a, path, format, &e) == 0, "%s as %s: %s", path, format, e.text);
	return a;
}

static void finish_ok(struct archive_out *a)
{
	struct err e = { 0 };

	CHECK(archive_out_finish(a, &e) == 0, "%s", e.text);
	archive_out_free(a, false);
}

static int add_some(struct archive_out *a, const char *path, size_t size, enum manifest_content content,
		    int fd, struct manifest_file *ret, bool *changed)
{
	struct err e = { 0 };
	int r;

	*ret = (struct manifest_file){ .path = (char *)path, .type = MANIFEST_REG, .mode = 0600,
				       .size = size, .blocks = (size + 511) / 512, .content = content,
				       .nlink = 1 };
	r = archive_out_add(a, ret, fd, changed, &e);
	CHECK(r == 0, "%s: %s", path, e.text);
	return r;
}

static void nothing_stands_there_twice_and_directories_come_last(void)
{
	struct archive_out *a = open_ok("order.tar", "tar");
	struct manifest_file f;
	struct err e = { 0 };
	char *names, *first_dir;
	int fd = content_fd(1, 100);

	add_other(a, "/", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/b", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/b/c", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/b/c/link", MANIFEST_LNK, "target", MANIFEST_NONE, &e);
	/* Looked at, then read: one entry, with content. */
	add_some(a, "/b/seen", 100, MANIFEST_PLACEHOLDER, -1, &f, NULL);
	add_some(a, "/b/seen", 100, MANIFEST_WHOLE, fd, &f, NULL);
	add_some(a, "/b/only-seen", 100, MANIFEST_PLACEHOLDER, -1, &f, NULL);
	add_some(a, "/b/only-seen", 200, MANIFEST_PLACEHOLDER, -1, &f, NULL);
	finish_ok(a);
	close(fd);
	names = list_tar("order.tar");
	first_dir = strstr(names, "5 ");
	CHECK(first_dir && !strcmp(first_dir, "5 x/rootfs/b/c/\n5 x/rootfs/b/\n5 x/rootfs/\n"), "%s", names);
	CHECK(!strncmp(names, "0 x/rootfs/b/seen\n", 18), "%s", names);
	CHECK(strstr(names, "/b/seen") && !strstr(strstr(names, "/b/seen") + 1, "/b/seen"), "%s", names);
	CHECK(strstr(names, "2 x/rootfs/b/c/link\n") && strstr(names, "0 x/rootfs/b/only-seen\n"), "%s", names);
	free(names);
}

static void a_file_that_changes_is_padded_or_cut(void)
{
	static const size_t lens[] = { 1000, 3000000 };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct archive_out *a = open_ok("changed", "tar.lzo");
		struct archive_extract how = { .only_rootfs = true };
		struct manifest_file f;
		struct stat st;
		struct err e = { 0 };
		bool changed;
		int fd = content_fd(1, lens[i]);

		add_some(a, "/shrank", lens[i] + 700, MANIFEST_WHOLE, fd, &f, &changed);
		CHECK(changed && f.content == MANIFEST_WHOLE && f.has_sha256, "shrank");
		add_some(a, "/grew", lens[i] - 700, MANIFEST_WHOLE, fd, &f, &changed);
		CHECK(changed, "grew");
		add_some(a, "/same", lens[i], MANIFEST_WHOLE, fd, &f, &changed);
		CHECK(!changed, "same");
		finish_ok(a);
		close(fd);
		remove_all("out");
		CHECK(extract_to("changed", "out", &how, &e) == 0, "%s", e.text);
		CHECK(stat("out/shrank", &st) == 0 && (size_t)st.st_size == lens[i] + 700, "shrank");
		CHECK(stat("out/grew", &st) == 0 && (size_t)st.st_size == lens[i] - 700, "grew");
	}
}

/* In all of them the stream goes back to before the entry. */
static void what_cannot_be_read_is_a_placeholder_and_a_loss(void)
{
	static const char *const formats[] = { "tar", "tar.gz", "tar.lzo", "tar.zst", "cpio", "dir" };
	static const size_t lens[] = { 1000, 3000000 };

	for (size_t i = 0; i < ARRAY_SIZE(formats) * ARRAY_SIZE(lens); i++) {
		const char *format = formats[i / 2];
		struct archive_extract how = { .only_rootfs = true, .placeholders = true };
		struct archive_out *a = open_ok("unreadable", format);
		int blind = open("blind", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		struct manifest *m = NULL;
		struct archive_in *in;
		struct manifest_file f;
		struct err e = { 0 };
		struct stat st;

		add_file(a, 1, 5000, &e);
		add_some(a, "/blind", lens[i % 2], MANIFEST_WHOLE, blind, &f, NULL);
		CHECK(f.content == MANIFEST_UNREADABLE && !f.has_sha256, "%s", format);
		add_file(a, 2, 2000000, &e);
		finish_ok(a);
		close(blind);
		remove_all("out");
		CHECK(extract_to("unreadable", "out", &how, &e) == 0, "%s: %s", format, e.text);
		CHECK(is_file("out", 1, 5000) && is_file("out", 2, 2000000), "%s", format);
		CHECK(stat("out/blind", &st) == 0 && (size_t)st.st_size == lens[i % 2], "%s", format);
		CHECK(archive_in_open(&in, "unreadable", &e) == 0 && archive_in_manifest(in, &m, &e) == 0,
		      "%s: %s", format, e.text);
		CHECK(m && m->n_lost == 1 && !strcmp(m->lost[0].path, "/blind"), "%s", format);
		manifest_free(m);
		archive_in_free(in);
	}
}

static void cancelling_skips_what_is_large(void)
{
	struct archive_out *a = open_ok("cancelled", "tar.zst");
	struct manifest_file f;
	struct err e = { 0 };
	int fd = content_fd(1, 3000000);

	archive_out_cancel(a);
	add_some(a, "/large", 3000000, MANIFEST_WHOLE, fd, &f, NULL);
	CHECK(f.content == MANIFEST_UNREADABLE, "large");
	CHECK(add_file(a, 7, 1000, &e) == 0, "%s", e.text);
	finish_ok(a);
	close(fd);
}

static void sizes_beyond_the_container_are_said_to_be_too_big(void)
{
	static const struct { const char *format; uint64_t size; } rows[] = {
		{ "cpio", 5ull << 30 }, { "cpio-odc", 9ull << 30 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct archive_out *a = open_ok("big", rows[i].format);
		struct manifest_file f = { .path = (char *)"/big", .type = MANIFEST_REG, .size = rows[i].size,
					   .blocks = rows[i].size / 512, .content = MANIFEST_WHOLE, .nlink = 1 };
		struct err e = { 0 };
		int fd = content_fd(1, 10);

		CHECK(archive_out_add(a, &f, fd, NULL, &e) == 0, "%s", e.text);
		CHECK(f.content == MANIFEST_TOO_BIG, "%s", rows[i].format);
		finish_ok(a);
		close(fd);
	}
}

static void huge_sizes_and_ids_get_records_of_their_own(void)
{
	struct pack_entry entry = { .name = "x", .type = MANIFEST_REG, .size = 9ull << 30,
				    .uid = 3000000000u, .mtime = { -5, 250000000 }, .nanoseconds = true };
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint64_t stored;

	CHECK(pack_header(&b, ARCHIVE_TAR, &entry, &stored, NULL) == 0 && stored == entry.size, "tar");
	CHECK(memmem(b.data, b.len, "size=9663676416\n", 16) && memmem(b.data, b.len, "uid=3000000000\n", 15) &&
	      memmem(b.data, b.len, "mtime=-4.750000000\n", 19), "tar");
	buf_reset(&b);
	CHECK(pack_header(&b, ARCHIVE_GNUTAR, &entry, &stored, NULL) == 0 && b.len == 512 &&
	      (unsigned char)b.data[124] == 0x80 && (unsigned char)b.data[136] == 0xff, "gnutar");
}

/* Bytes alike whatever the order and the clock. */
static void reproducible_archives_are_the_same_bytes(void)
{
	static const char *const formats[] = { "tar", "tar.gz", "tar.lzo", "tar.zst", "cpio.zst", "gnutar",
					       "cpio-odc.gz", "tar.lzo.raw" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_buf_ struct buf one = BUF_INIT, other = BUF_INIT;

		for (int run = 0; run < 2; run++) {
			struct archive_spec spec = { .path = "same", .prefix = "x", .self_fd = -1,
						     .reproducible = true };
			struct archive_out *a;
			struct err e = { 0 };

			remove_all("same");
			archive_format_by_name(formats[i], &spec.format, &e);
			CHECK(archive_out_open(&a, &spec, &e) == 0, "%s: %s", formats[i], e.text);
			add_run(a, &e);
			for (unsigned n = 0; n < 20; n++)
				add_file(a, run ? 19 - n : n, 100 + 977 * (run ? 19 - n : n), &e);
			if (run)
				add_other(a, "/link", MANIFEST_LNK, "x", MANIFEST_NONE, &e);
			add_other(a, "/", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
			if (!run)
				add_other(a, "/link", MANIFEST_LNK, "x", MANIFEST_NONE, &e);
			add_end(a, &e);
			finish_ok(a);
			if (io_read_file(AT_FDCWD, "same", 1u << 30, run ? &other : &one, &e) < 0)
				abort();
		}
		CHECK(one.len == other.len && !memcmp(one.data, other.data, one.len), "%s", formats[i]);
		CHECK(access("same.partial", F_OK) < 0, "%s", formats[i]);
	}
}

/* In a child: @to is its standard output. Its exit status: the errno of the failure. */
static int stream_to(int to, rlim_t limit, const char *path, unsigned files)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct rlimit most = { limit, limit };
		struct archive_out *a;
		struct err e = { 0 };
		int r;

		dup2(to, STDOUT_FILENO);
		setrlimit(RLIMIT_FSIZE, &most);
		r = open_out(&a, path, "tar.zst", &e);
		if (r == 0)
			r = add_run(a, &e);
		for (unsigned i = 0; r == 0 && i < files; i++)
			r = add_file(a, i, 60000, &e);
		if (r == 0)
			r = archive_out_finish(a, &e);
		if (r < 0 && !*e.text)
			_exit(99);
		_exit(-r);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void full_disks_and_closed_pipes_are_errors_not_ends(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fds[2], r;
	struct err e = { 0 };
	uint64_t files = 0;

	r = stream_to(full, RLIM_INFINITY, "-", 100);
	CHECK(r == ENOSPC, "%d", r);
	close(full);
	if (pipe(fds) < 0)
		abort();
	close(fds[0]);
	r = stream_to(fds[1], RLIM_INFINITY, "-", 100);
	CHECK(r == EPIPE, "%d", r);
	close(fds[1]);

	/* ulimit -f, reached behind a flush: what came before it is there. */
	remove_all("limited.partial");
	remove_all("repaired");
	r = stream_to(STDERR_FILENO, 9 << 20, "limited", 1000);
	CHECK(r == EFBIG, "%d", r);
	CHECK(archive_repair("limited.partial", "repaired", &files, &e) == 0, "%s", e.text);
	CHECK(files > 100, "%llu", (unsigned long long)files);
}

static void standard_output_takes_a_whole_archive(void)
{
	struct archive_extract how = { .only_rootfs = true };
	struct err e = { 0 };
	int fds[2], fd, r;
	char block[65536];
	ssize_t n;
	pid_t child;

	if (pipe(fds) < 0)
		abort();
	child = fork();
	if (child == 0) {
		close(fds[0]);
		_exit(stream_to(fds[1], RLIM_INFINITY, "-", 40));
	}
	close(fds[1]);
	fd = open("streamed", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while ((n = read(fds[0], block, sizeof(block))) > 0)
		if (io_write_all(fd, block, (size_t)n) < 0)
			abort();
	close(fd);
	close(fds[0]);
	waitpid(child, &r, 0);
	CHECK(r == 0, "%d", r);
	remove_all("out");
	CHECK(extract_to("streamed", "out", &how, &e) == 0, "%s", e.text);
	for (unsigned i = 0; i < 40; i++)
		CHECK(is_file("out", i, 60000), "file %u", i);
}

static void what_cannot_become_an_archive_is_said_at_the_start(void)
{
	struct archive_out *a;
	struct err e = { 0 };

	mkdir("occupied", 0755);
	close(open("occupied/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	CHECK(open_out(&a, "occupied", "tar", &e) == -EISDIR && *e.text, "%s", e.text);
	CHECK(open_out(&a, "occupied", "dir", &e) == -EEXIST, "%s", e.text);
	CHECK(open_out(&a, "nowhere/x", "tar", &e) == -ENOENT, "%s", e.text);
	CHECK(open_out(&a, "occupied/x/y", "tar", &e) == -ENOTDIR, "%s", e.text);
	CHECK(open_out(&a, "-", "dir", &e) == -EINVAL, "%s", e.text);
	if (geteuid()) {
		chmod("occupied", 0555);
		CHECK(open_out(&a, "occupied/new", "tar", &e) == -EACCES, "%s", e.text);
		chmod("occupied", 0755);
	}
	remove_all("occupied");
}

static void an_unfinished_archive_of_before_is_kept(void)
{
	struct archive_out *first = open_ok("twice", "tar"), *second;
	struct err e = { 0 };

	CHECK(open_out(&second, "twice", "tar", &e) == 0, "%s", e.text);
	CHECK(!strcmp(archive_out_partial(first), "./twice.partial"), "%s", archive_out_partial(first));
	CHECK(!strcmp(archive_out_partial(second), "./twice.1.partial"), "%s", archive_out_partial(second));
	archive_out_free(second, true);
	archive_out_free(first, false);
	CHECK(access("twice.partial", F_OK) == 0 && access("twice.1.partial", F_OK) < 0, "kept, discarded");
	remove_all("twice.partial");
}

/* Spools are moved, over the border of a file system too; either way nothing stays. */
static void a_spool_is_moved(void)
{
	static const char *const spools[] = { "here/spool", "/dev/shm/care-spool-test", "/tmp/care-spool-test" };

	for (size_t i = 0; i < ARRAY_SIZE(spools); i++) {
		struct archive_spec spec = { .path = "moved", .prefix = "x", .spool = spools[i], .self_fd = -1,
					     .format = { .filter = ARCHIVE_LZOP, .container = ARCHIVE_TAR, .level = -1 } };
		struct archive_extract how = { .only_rootfs = true };
		struct archive_out *a;
		struct err e = { 0 };
		char partial[100];

		remove_all("moved");
		if (archive_out_open(&a, &spec, &e) < 0) {
			CHECK(i > 0, "%s", e.text);	/* no /dev/shm here */
			continue;
		}
		snprintf(partial, sizeof(partial), "%s/moved.partial", spools[i]);
		CHECK(access(partial, F_OK) == 0 && access("moved", F_OK) < 0, "%s", partial);
		add_file(a, 3, 70000, &e);
		finish_ok(a);
		CHECK(access(partial, F_OK) < 0 && access("moved", F_OK) == 0, "%s", partial);
		remove_all("out");
		CHECK(extract_to("moved", "out", &how, &e) == 0 && is_file("out", 3, 70000), "%s", e.text);
		rmdir(spools[i]);
	}
	remove_all("here");
}

/* A program that carries an archive puts only the program in front of the next one. */
static void programs_do_not_pile_up(void)
{
	struct archive_out *a;
	struct stat first, second;
	struct err e = { 0 };

	make_program();
	a = open_ok("self", "tar.lzo.bin");
	add_file(a, 1, 50000, &e);
	finish_ok(a);
	CHECK(stat("self", &first) == 0 && (first.st_mode & 0777) == 0750, "mode %o", first.st_mode);
	rename("self", "program");
	a = open_ok("self", "tar.lzo.bin");
	add_file(a, 1, 50000, &e);
	finish_ok(a);
	CHECK(stat("self", &second) == 0 && second.st_size == first.st_size, "%lld, %lld",
	      (long long)first.st_size, (long long)second.st_size);
}

static void directory_journals_go_and_contents_stay(void)
{
	struct archive_out *a = open_ok("tree", "dir");
	struct err e = { 0 };

	add_file(a, 1, 500, &e);
	CHECK(a->backend->flush(a, &e) == 0 && access("tree.partial/manifest.d/0001.ndjson", F_OK) == 0, "%s", e.text);
	add_other(a, "/dir", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/link", MANIFEST_LNK, "/etc", MANIFEST_NONE, &e);
	finish_ok(a);
	CHECK(access("tree/manifest.json", F_OK) == 0 && access("tree/manifest.d", F_OK) < 0 &&
	      access("tree.partial", F_OK) < 0, "tree");
	CHECK(is_file("tree/rootfs", 1, 500), "tree");
}

/* By its name alone, as -o makes it; what is read back is of that format and whole. */
static void write_and_read(const char *name)
{
	struct archive_extract how = { .only_rootfs = true, .strip_prefix = true };
	struct archive_spec spec = { .path = name, .self_fd = -1 };
	struct archive_out *a = NULL;
	struct archive_in *in = NULL;
	_cleanup_free_ char *prefix = NULL, *wanted = NULL, *got = NULL;
	struct err e = { 0 };
	bool guessed;

	CHECK(archive_format_parse(name, &spec.format, &prefix, &guessed, &e) == 0, "%s", name);
	spec.prefix = prefix;
	if (spec.format.wrapper == ARCHIVE_SELF)
		spec.self_fd = open("program", O_RDONLY | O_CLOEXEC);
	CHECK(archive_out_open(&a, &spec, &e) == 0, "%s: %s", name, e.text);
	if (spec.self_fd >= 0)
		close(spec.self_fd);
	if (!a)
		return;
	add_run(a, &e);
	for (unsigned i = 0; i < 3; i++)
		add_file(a, i, 100 + i * 40000, &e);
	finish_ok(a);
	CHECK(archive_in_open(&in, name, &e) == 0, "%s: %s", name, e.text);
	if (!in)
		return;
	wanted = archive_format_describe(&spec.format);
	got = archive_format_describe(archive_in_format(in));
	CHECK(!strcmp(wanted, got), "%s: %s is read as %s", name, wanted, got);
	archive_in_free(in);
	remove_all("out");
	CHECK(extract_to(name, "out", &how, &e) == 0, "%s: %s", name, e.text);
	for (unsigned i = 0; i < 3; i++)
		CHECK(is_file("out", i, 100 + i * 40000), "%s: file %u", name, i);
	remove_all(name);
}

static void every_suffix_is_written_and_read_back(void)
{
	static const char *const formats[] = {
		"", ".tar", ".tar.gz", ".tar.lzo", ".tar.zst", ".tgz", ".tzo", ".tzst", ".gz", ".lzo", ".zst",
		".cpio", ".cpio.gz", ".cpio.lzo", ".cpio.zst",
	};
	static const char *const wrappers[] = { "", ".raw", ".bin" };
	char name[64];

	make_program();
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (size_t k = 0; k < ARRAY_SIZE(wrappers); k++) {
			snprintf(name, sizeof(name), "suffix%s%s", formats[i], wrappers[k]);
			write_and_read(name);
		}
	write_and_read("suffix/");
}

int main(void)
{
	enter_scratch();
	umask(022);
	nothing_stands_there_twice_and_directories_come_last();
	a_file_that_changes_is_padded_or_cut();
	what_cannot_be_read_is_a_placeholder_and_a_loss();
	cancelling_skips_what_is_large();
	sizes_beyond_the_container_are_said_to_be_too_big();
	huge_sizes_and_ids_get_records_of_their_own();
	reproducible_archives_are_the_same_bytes();
	full_disks_and_closed_pipes_are_errors_not_ends();
	standard_output_takes_a_whole_archive();
	what_cannot_become_an_archive_is_said_at_the_start();
	an_unfinished_archive_of_before_is_kept();
	a_spool_is_moved();
	programs_do_not_pile_up();
	directory_journals_go_and_contents_stay();
	every_suffix_is_written_and_read_back();
	return check_summary();
}
