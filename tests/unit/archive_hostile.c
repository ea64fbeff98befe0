// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/archive reading what means harm: nothing outside of the target is made, changed
 * or followed, and every file ends in success or one sentence. ARCHIVE_FUZZ sets how
 * many cuts and bit flips are tried (300; 10,000 before a release, under ASan).
 */
#include "tests/unit/archive.h"

#include <sys/resource.h>

#include "core/archive/pack.h"
#include "core/archive/target.h"

struct member {
	const char *name;
	enum manifest_type type;
	const char *target;
	bool hardlink;
	const char *content;
};

/* A tar of such members, whatever they are; with a manifest that agrees. */
static void write_tar(const char *path, const struct member *all, size_t n, const char *manifest)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct err e;

	for (size_t i = 0; i <= n; i++) {
		const struct member *m = i < n ? &all[i] : &(struct member){ "x/manifest.json",
			MANIFEST_REG, NULL, false, manifest };
		size_t len = m->content ? strlen(m->content) : 0;
		struct pack_entry entry = { .name = m->name, .type = m->type, .mode = 0755, .size = len,
					    .target = m->target, .hardlink = m->hardlink, .nlink = 1 };
		uint64_t stored;

		if (i == n && !manifest)
			break;
		if (pack_header(&b, ARCHIVE_TAR, &entry, &stored, &e) < 0)
			abort();
		buf_add(&b, m->content ? m->content : "", len);
		for (unsigned pad = pack_padding(ARCHIVE_TAR, len); pad; pad--)
			buf_addc(&b, 0);
	}
	pack_trailer(&b, ARCHIVE_TAR);
	if (io_write_all(fd, b.data, b.len) < 0)
		abort();
}

static void make_jail(void)
{
	int fd;

	remove_all("jail");
	mkdir("jail", 0755);
	mkdir("jail/target", 0755);
	mkdir("jail/outside", 0755);
	fd = open("jail/outside/canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (io_write_all(fd, "alive", 5) < 0)
		abort();
	close(fd);
}

static unsigned count_names(const char *dir)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	return n;
}

static bool jail_is_intact(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;

	return io_read_file(AT_FDCWD, "jail/outside/canary", 100, &text, NULL) == 0 && text.len == 5 &&
	       !memcmp(text.data, "alive", 5) && lstat("jail/outside/canary", &st) == 0 &&
	       st.st_nlink == 1 && (st.st_mode & 07777) == 0640 && count_names("jail") == 4 &&
	       count_names("jail/outside") == 3 && lstat("jail/outside", &st) == 0 &&
	       (st.st_mode & 07777) == 0755;
}

/* Everything that is done with an archive. Returns what the extraction said. */
static int try_all(const char *path, struct err *e, bool strip)
{
	struct archive_extract how = { .placeholders = true, .strip_prefix = strip };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct manifest *m = NULL;
	struct archive_in *a;
	int r, fd;

	r = archive_in_open(&a, path, e);
	if (r < 0)
		return r;
	if (archive_in_manifest(a, &m, NULL) == 0)
		manifest_free(m);
	archive_in_member(a, "re-execute.sh", &text, NULL);
	fd = open("jail/target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = archive_in_extract(a, fd, &how, e);
	close(fd);
	archive_in_free(a);
	return r;
}

#define REFUSED(members, manifest, why)                                        \
	do {                                                                   \
		struct err e_ = { 0 };                                         \
		make_jail();                                                   \
		write_tar("hostile", members, ARRAY_SIZE(members), manifest);  \
		CHECK(try_all("hostile", &e_, false) < 0 && *e_.text, "%s", why); \
		CHECK(jail_is_intact(), "%s", why);                            \
		make_jail();                                                   \
		try_all("hostile", NULL, true);                                \
		CHECK(jail_is_intact(), "%s, prefix stripped", why);           \
	} while (0)

#define FIRST { "x/rootfs/first", MANIFEST_REG, NULL, false, "first" }

static void names_that_lead_outside_are_refused(void)
{
	static const struct member absolute[] = { FIRST, { "/jail/outside/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member up[] = { FIRST, { "x/rootfs/../../../outside/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member first_up[] = { { "../outside/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member dots[] = { FIRST, { "x/rootfs/..", MANIFEST_DIR, NULL, false, NULL } };

	REFUSED(absolute, NULL, "absolute");
	REFUSED(up, NULL, "..");
	REFUSED(first_up, NULL, ".. first");
	REFUSED(dots, NULL, ".. last");
}

static void links_are_not_followed(void)
{
	static const struct member below[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/l/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member chain[] = { FIRST,
		{ "x/rootfs/a", MANIFEST_LNK, ".", false, NULL },
		{ "x/rootfs/a/b", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/b/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member prefix[] = { { "x", MANIFEST_LNK, "../outside", false, NULL },
		{ "x/canary", MANIFEST_REG, NULL, false, "dead" } };
	static const struct member node[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/l/pipe", MANIFEST_FIFO, NULL, false, NULL } };
	static const struct member directory[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/l/new", MANIFEST_DIR, NULL, false, NULL } };

	REFUSED(below, NULL, "file below a link");
	REFUSED(chain, NULL, "link below a link");
	REFUSED(prefix, NULL, "the prefix is a link");
	REFUSED(node, NULL, "fifo below a link");
	REFUSED(directory, NULL, "directory below a link");
}

static void hard_links_stay_inside(void)
{
	static const struct member absolute[] = { FIRST,
		{ "x/rootfs/h", MANIFEST_REG, "/etc/passwd", true, NULL } };
	static const struct member up[] = { FIRST,
		{ "x/rootfs/h", MANIFEST_REG, "x/rootfs/../../../outside/canary", true, NULL } };
	static const struct member through[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/h", MANIFEST_REG, "x/rootfs/l/canary", true, NULL } };

	REFUSED(absolute, NULL, "hard link, absolute");
	REFUSED(up, NULL, "hard link, ..");
	REFUSED(through, NULL, "hard link through a link");
}

/* A hard link to a symbolic link, then "its" content: that must not go through. */
static void content_replaces_and_never_follows(void)
{
	static const struct member twice[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside/canary", false, NULL },
		{ "x/rootfs/h", MANIFEST_REG, "x/rootfs/l", true, NULL },
		{ "x/rootfs/h", MANIFEST_REG, NULL, false, "dead" },
		{ "x/rootfs/l", MANIFEST_REG, NULL, false, "dead" },
		{ "x/rootfs/d", MANIFEST_LNK, "../../../outside", false, NULL },
		{ "x/rootfs/d", MANIFEST_DIR, NULL, false, NULL },
		{ "x/rootfs/d/canary", MANIFEST_REG, NULL, false, "dead" } };
	struct err e = { 0 };

	make_jail();
	write_tar("hostile", twice, ARRAY_SIZE(twice), NULL);
	CHECK(try_all("hostile", &e, false) == 0, "%s", e.text);
	CHECK(jail_is_intact(), "replaced, not followed");
}

/* Metadata is by name: none of it through a link, none above. */
static void a_manifest_is_as_hostile_as_members(void)
{
	static const struct member plain[] = { FIRST,
		{ "x/rootfs/l", MANIFEST_LNK, "../../../outside", false, NULL } };
	static const char *const paths[] = { "/../../../outside/canary", "/l/canary", "/l",
					     "/./../../../outside", "/", "/first/below", "" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		static const enum manifest_type types[] = { MANIFEST_REG, MANIFEST_DIR, MANIFEST_LNK };

		for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
			struct manifest_xattr x = { (char *)"user.x", (void *)"y", 1 };
			struct manifest_file f = { .path = (char *)paths[i], .type = types[t], .mode = 0777,
				.size = 7, .content = MANIFEST_PLACEHOLDER, .nlink = 1,
				.link = (char *)"/l/canary", .xattrs = &x, .n_xattrs = 1 };
			struct manifest_record record = { .kind = MANIFEST_K_FILE, .file = &f };
			struct err e = { 0 };

			buf_reset(&text);
			make_jail();
			if (manifest_format_record(&text, &record, &e) < 0)
				continue;
			write_tar("hostile", plain, ARRAY_SIZE(plain), text.data);
			try_all("hostile", &e, false);
			CHECK(jail_is_intact(), "manifest with %s", paths[i]);
		}
	}
}

static void sizes_that_nothing_backs_are_refused(void)
{
	static const char claim[] = "x/rootfs/huge";
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct pack_entry entry = { .name = claim, .type = MANIFEST_REG, .mode = 0644, .nlink = 1,
				    .size = 1ull << 60 };
	struct pack_extent hole = { (1ull << 62) - 1, 0 };
	struct err e = { 0 };
	uint64_t stored;
	int fd;

	for (int sparse = 0; sparse < 2; sparse++) {
		buf_reset(&b);
		if (sparse) {
			entry.size = (1ull << 62) - 1;
			entry.sparse = true;
			entry.extents = &hole;
			entry.n_extents = 1;
		}
		if (pack_header(&b, ARCHIVE_TAR, &entry, &stored, &e) < 0)
			abort();
		pack_trailer(&b, ARCHIVE_TAR);
		fd = open("hostile", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (io_write_all(fd, b.data, b.len) < 0)
			abort();
		close(fd);
		make_jail();
		e.text[0] = '\0';
		CHECK(try_all("hostile", &e, false) < 0 && *e.text, "size, sparse %d", sparse);
		CHECK(jail_is_intact(), "size");
	}
}

static void footers_that_lie_are_refused(void)
{
	static const unsigned char sizes[][8] = {
		{ 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 1, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_close_ int fd = open("hostile", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		char body[1000] = "\177ELF";
		struct err e = { 0 };

		memcpy(body + sizeof(body) - 21, "I_LOVE_PIZZA", 13);
		memcpy(body + sizeof(body) - 8, sizes[i], 8);
		if (io_write_all(fd, body, sizeof(body)) < 0)
			abort();
		make_jail();
		CHECK(try_all("hostile", &e, false) < 0 && *e.text, "footer %zu", i);
	}
}

static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static void build(const char *path, const char *format)
{
	struct archive_out *a;
	struct err e = { 0 };
	int r;

	remove_all(path);
	r = open_out(&a, path, format, &e);
	CHECK(r == 0, "%s: %s", format, e.text);
	add_run(a, &e);
	add_other(a, "/", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/dir", MANIFEST_DIR, NULL, MANIFEST_NONE, &e);
	add_other(a, "/link", MANIFEST_LNK, "../../../outside", MANIFEST_NONE, &e);
	add_other(a, "/up", MANIFEST_LNK, "/etc", MANIFEST_NONE, &e);
	add_other(a, "/seen", MANIFEST_REG, NULL, MANIFEST_PLACEHOLDER, &e);
	add_other(a, "/pipe", MANIFEST_FIFO, NULL, MANIFEST_NONE, &e);
	for (unsigned i = 0; i < 4; i++) {
		add_file(a, i, 50 + i * 333, &e);
		if (i == 1)
			a->backend->flush(a, &e);
	}
	add_other(a, "/hard", MANIFEST_REG, "/dir/file-00001", MANIFEST_HARDLINK, &e);
	archive_out_member(a, "re-execute.sh", 0755, "#!/bin/sh\n", 10, &e);
	add_end(a, &e);
	CHECK(archive_out_finish(a, &e) == 0, "%s: %s", format, e.text);
	archive_out_free(a, false);
}

/* A tar header's checksum made right again, so that what was changed is believed. */
static void mend_checksum(unsigned char *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

static size_t mutate(unsigned char *data, size_t size)
{
	unsigned changes = 1 + next_random() % 4;

	if (next_random() % 4 == 0)
		size = next_random() % size;
	while (size && changes--) {
		size_t at = next_random() % size;

		data[at] ^= (unsigned char)(1 << next_random() % 8);
		if (next_random() % 3 == 0)
			data[at] = (unsigned char)next_random();
		if (next_random() % 4 == 0 && at + 13 < size)
			memcpy(data + at, "../../outside", 13);
		at &= ~(size_t)511;
		if (at + 512 <= size && !memcmp(data + at + 257, "ustar", 5))
			mend_checksum(data + at);
	}
	return size;
}

static void fuzz(const char *format, unsigned long rounds)
{
	_cleanup_buf_ struct buf whole = BUF_INIT;

	build("whole", format);
	if (io_read_file(AT_FDCWD, "whole", 1u << 30, &whole, NULL) < 0)
		abort();
	for (unsigned long i = 0; i < rounds; i++) {
		uint32_t seed = random_state;
		unsigned char *data = malloc(whole.len);
		uint64_t files;
		size_t size;
		struct err e = { 0 };
		int fd, r;

		memcpy(data, whole.data, whole.len);
		size = mutate(data, whole.len);
		fd = open("hostile", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (io_write_all(fd, data, size) < 0)
			abort();
		close(fd);
		free(data);
		make_jail();
		r = try_all("hostile", &e, false);
		CHECK(r == 0 || *e.text, "%s, seed %u: no sentence", format, seed);
		CHECK(jail_is_intact(), "%s, seed %u", format, seed);
		remove_all("mended");
		e.text[0] = '\0';
		r = archive_repair("hostile", "mended", &files, &e);
		CHECK(r == 0 || *e.text, "%s, seed %u: no sentence", format, seed);
		if (r == 0) {
			make_jail();
			try_all("mended", &e, false);
			CHECK(jail_is_intact(), "%s mended, seed %u", format, seed);
		}
	}
}

int main(void)
{
	static const char *const formats[] = { "tar", "tar", "cpio", "gnutar", "cpio-odc", "tar.gz",
					       "tar.lzo", "tar.zst", "tar.raw", "cpio.lzo.bin" };
	/* A mistake shall not fill the disk of who runs this. */
	struct rlimit most = { 1ull << 40, 1ull << 40 };
	unsigned long rounds = count_of("ARCHIVE_FUZZ", 300);

	umask(022);
	setrlimit(RLIMIT_FSIZE, &most);
	random_state = (uint32_t)count_of("ARCHIVE_FUZZ_SEED", 20141112);
	enter_scratch();
	make_program();
	names_that_lead_outside_are_refused();
	links_are_not_followed();
	hard_links_stay_inside();
	content_replaces_and_never_follows();
	a_manifest_is_as_hostile_as_members();
	sizes_that_nothing_backs_are_refused();
	footers_that_lie_are_refused();
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		fuzz(formats[i], rounds / ARRAY_SIZE(formats));
	return check_summary();
}
