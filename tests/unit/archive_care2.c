// SPDX-License-Identifier: GPL-2.0-or-later
/* core/archive/care2 and extraction: archives as CARE 2.x wrote them. */
#include "tests/unit/archive.h"

#include "core/archive/in.h"
#include "core/archive/pack.h"

/* Of the shape that its writer gave it; words unquoted as it left them. */
static const char script[] =
	"#! /bin/sh\n\n"
	"export XAUTHORITY=\"${XAUTHORITY:-$HOME/.Xauthority}\"\n\n"
	"nbargs=$#\n"
	"[ $nbargs -ne 0 ] || set -- \\\n"
	"'sh' \\\n"
	"'-c' \\\n"
	"'echo 'it's' $1\nsecond line' \\\n"
	"'' \\\n\n"
	"PROOT=\"${PROOT-$(dirname $0)/proot}\"\n\n"
	"env --ignore-environment \\\n"
	"PROOT_IGNORE_MISSING_BINDINGS=1 \\\n"
	"$PROOT_NO_SECCOMP \\\n"
	"'DISPLAY'=\"$DISPLAY\"  \\\n"
	"'QUOTED=a'\\''b  c'  \\\n"
	"'LINES=one\ntwo'  \\\n"
	"'LOGNAME=jane'  \\\n"
	"'EMPTY='  \\\n"
	"\"${PROOT-$(dirname $0)/proot}\" \\\n"
	"-b \"/dev\"  \\\n"
	"-b \"$XAUTHORITY:/home/jane/.Xauthority\"  \\\n"
	"-b \"/var/tmp/kdecache-$LOGNAME\"  \\\n"
	"-b \"/var/tmp/$NOBODY\"  \\\n"
	"-k '%s'  \\\n"
	"%s"
	"-w '/home/jane/it's here'  \\\n"
	"-r \"$(dirname $0)/rootfs\" \\\n"
	"-b \"$(dirname $0)/rootfs\" \\\n"
	"${1+\"$@\"}\n\n"
	"status=$?\n"
	"if [ $status -ne 42 ] && [ $nbargs -eq 0 ]; then\n"
	"echo \"another status\"\n"
	"fi\n\n"
	"exit $status\n";

static bool is(const struct manifest_strings *s, size_t i, const char *text)
{
	return i < s->n && !strcmp(s->v[i], text);
}

static void the_script_is_read_not_run(void)
{
	static const char *const kernels[] = { "3.17.0-care", "\\\\Linux\\\\host\\\\3.2.1\\\\#1 SMP\\\\i686\\\\(none)\\\\0\\\\" };

	for (int later = 0; later < 2; later++) {
		_cleanup_buf_ struct buf text = BUF_INIT, kernel = BUF_INIT;
		struct manifest *m = NULL;
		struct err e = { 0 };

		for (const char *k = kernels[later]; *k; k++)
			if (k[0] != '\\' || k[1] != '\\')
				buf_addc(&kernel, *k);
		buf_addf(&text, script, kernel.data, later ? "-i 1000:100  \\\n" : "");
		CHECK(care2_manifest(text.data, text.len, &m, &e) == 0, "%s", e.text);
		if (!m)
			continue;
		CHECK(m->run.argv.n == 4 && is(&m->run.argv, 2, "echo 'it's' $1\nsecond line") &&
		      is(&m->run.argv, 3, ""), "%zu", m->run.argv.n);
		CHECK(m->run.env.n == 4 && is(&m->run.env, 0, "QUOTED=a'b  c") &&
		      is(&m->run.env, 1, "LINES=one\ntwo") && is(&m->run.env, 3, "EMPTY="), "%zu", m->run.env.n);
		CHECK(m->run.volatile_env.n == 1 && is(&m->run.volatile_env, 0, "DISPLAY"), "volatile");
		CHECK(m->run.volatile_paths.n == 3 && is(&m->run.volatile_paths, 0, "/dev") &&
		      is(&m->run.volatile_paths, 1, "$XAUTHORITY:/home/jane/.Xauthority") &&
		      is(&m->run.volatile_paths, 2, "/var/tmp/kdecache-jane"), "paths");
		CHECK(!strcmp(m->run.cwd, "/home/jane/it's here"), "%s", m->run.cwd);
		CHECK(m->has_end && m->end.status == 42 << 8, "%d", m->end.status);
		CHECK(!strcmp(m->run.release, later ? "3.2.1" : "3.17.0-care"), "%s", m->run.release);
		CHECK(!later || (!strcmp(m->run.machine, "i686") && m->run.euid == 1000 && m->run.egid == 100), "uname");
		manifest_free(m);
	}
}

static void a_script_that_is_none_is_refused_wherever_it_ends(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_addf(&text, script, "3.17.0", "");
	for (size_t len = 0; len < text.len; len++) {
		struct manifest *m = NULL;
		struct err e = { 0 };
		/* An allocation of its own, so that a look behind the end is seen. */
		char *part = malloc(len + 1);
		int r;

		memcpy(part, text.data, len);
		r = care2_manifest(part, len, &m, &e);
		CHECK(r == 0 || *e.text, "%zu", len);
		if (r == 0)
			manifest_free(m);
		free(part);
	}
}

/* Bytes changed at random: it may be refused or misread, but it ends. */
static void a_damaged_script_ends(void)
{
	static const char odd[] = " '\"\\\n$-=";
	_cleanup_buf_ struct buf text = BUF_INIT;

	srand(2014);
	for (int round = 0; round < 3000; round++) {
		struct manifest *m = NULL;
		struct err e = { 0 };

		buf_reset(&text);
		buf_addf(&text, script, "3.17.0", "");
		for (int i = rand() % 6; i >= 0; i--)
			text.data[(size_t)rand() % text.len] = rand() % 2 ? odd[(size_t)rand() % (sizeof(odd) - 1)] : (char)(rand() % 255 + 1);
		if (care2_manifest(text.data, text.len, &m, &e) == 0)
			manifest_free(m);
		else
			CHECK(*e.text, "round %d", round);
	}
}

static void put(struct buf *b, enum archive_container container, const char *name,
		enum manifest_type type, mode_t mode, const char *content, const char *target, bool hard)
{
	size_t len = content ? strlen(content) : 0;
	struct pack_entry entry = { .name = name, .type = type, .mode = mode, .size = len, .target = target,
				    .hardlink = hard, .nlink = 1, .mtime = { 1400000000, 0 }, .ino = 1 + b->len / 64 };
	uint64_t stored;

	if (pack_header(b, container, &entry, &stored, NULL) < 0)
		abort();
	buf_add(b, content ? content : "", len);
	for (unsigned pad = pack_padding(container, len); pad; pad--)
		buf_addc(b, 0);
}

/* Names as they were first looked up: directories anywhere, shut before they are filled. */
static void write_old(const char *path, enum archive_container container, const char *footer)
{
	_cleanup_buf_ struct buf b = BUF_INIT, text = BUF_INIT;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t start = 0;

	if (footer)
		buf_adds(&b, footer);
	start = b.len;
	put(&b, container, "o/rootfs/usr", MANIFEST_DIR, 0555, NULL, NULL, false);
	put(&b, container, "o/rootfs/usr/twice", MANIFEST_REG, 0644, NULL, NULL, false);
	put(&b, container, "o/rootfs/usr/shut", MANIFEST_DIR, 0, NULL, NULL, false);
	put(&b, container, "o/rootfs/usr/shut/in", MANIFEST_REG, 0, "inside", NULL, false);
	put(&b, container, "o/rootfs/usr/twice", MANIFEST_REG, 0600, "second", NULL, false);
	put(&b, container, "o/rootfs/usr/seen", MANIFEST_REG, 0644, NULL, NULL, false);
	if (container == ARCHIVE_GNUTAR)
		put(&b, container, "o/rootfs/usr/hard", MANIFEST_REG, 0600, NULL, "o/rootfs/usr/twice", true);
	put(&b, container, "o/rootfs/link", MANIFEST_LNK, 0777, NULL, "/usr/twice", false);
	put(&b, container, "o/rootfs", MANIFEST_DIR, 0755, NULL, NULL, false);
	buf_addf(&text, script, "3.17.0", "");
	put(&b, container, "o/re-execute.sh", MANIFEST_REG, 0755, text.data, NULL, false);
	put(&b, container, "o/README.txt", MANIFEST_REG, 0600, "about", NULL, false);
	pack_trailer(&b, container);
	if (footer) {
		unsigned char end[WRAP_FOOTER];

		wrap_footer(end, b.len - start);
		buf_add(&b, end, sizeof(end));
	}
	if (io_write_all(fd, b.data, b.len) < 0)
		abort();
}

static void check_old(const char *what)
{
	struct archive_extract how = { .placeholders = true };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct manifest *m = NULL;
	struct archive_in *a;
	struct err e = { 0 };
	struct stat st;

	CHECK(archive_in_open(&a, "old", &e) == 0, "%s: %s", what, e.text);
	CHECK(!strcmp(archive_in_prefix(a), "o"), "%s: %s", what, archive_in_prefix(a));
	CHECK(archive_in_manifest(a, &m, &e) == 0 && m->run.argv.n == 4, "%s: %s", what, e.text);
	CHECK(!archive_in_partial(a), "%s", what);
	manifest_free(m);
	archive_in_free(a);
	remove_all("out");
	CHECK(extract_to("old", "out", &how, &e) == 0 && !how.skipped && !how.degraded, "%s: %s", what, e.text);
	CHECK(io_read_file(AT_FDCWD, "out/o/rootfs/usr/twice", 100, &text, NULL) == 0 &&
	      !strcmp(buf_str(&text), "second"), "%s: %s", what, buf_str(&text));
	CHECK(stat("out/o/rootfs/usr", &st) == 0 && (st.st_mode & 07777) == 0555 &&
	      st.st_mtim.tv_sec == 1400000000, "%s", what);
	CHECK(stat("out/o/rootfs/usr/shut", &st) == 0 && (st.st_mode & 07777) == 0, "%s", what);
	CHECK(stat("out/o/rootfs/usr/seen", &st) == 0 && st.st_size == 0, "%s", what);
	CHECK(chmod("out/o/rootfs/usr/shut", 0755) == 0 && stat("out/o/rootfs/usr/shut/in", &st) == 0 &&
	      st.st_size == 6, "%s", what);
}

static void old_archives_come_out(void)
{
	static const struct { const char *what; enum archive_container container; const char *footer; } rows[] = {
		{ "gnutar", ARCHIVE_GNUTAR, NULL }, { "odc", ARCHIVE_CPIO_ODC, NULL },
		{ "raw", ARCHIVE_GNUTAR, "RAW" },
		/* In front of an archive any program or script may stand. */
		{ "script", ARCHIVE_CPIO_ODC, "#!/bin/sh\necho hello\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		write_old("old", rows[i].container, rows[i].footer);
		check_old(rows[i].what);
	}
}

/* No journal: the members that are whole are kept. */
static void a_cut_one_keeps_what_is_whole(void)
{
	struct archive_extract how = { 0 };
	struct err e = { 0 };
	uint64_t files = 0;
	struct stat st;

	write_old("old", ARCHIVE_GNUTAR, NULL);
	CHECK(archive_repair("old", "repaired", &files, &e) == -EALREADY, "%s", e.text);
	CHECK(stat("old", &st) == 0 && truncate("old", st.st_size - 1024 * 4) == 0, "cut");
	CHECK(archive_repair("old", "repaired", &files, &e) == 0, "%s", e.text);
	remove_all("out");
	CHECK(extract_to("repaired", "out", &how, &e) == 0, "%s", e.text);
	CHECK(stat("out/o/rootfs/usr/twice", &st) == 0 && st.st_size == 6, "twice");
}

int main(void)
{
	enter_scratch();
	umask(022);
	the_script_is_read_not_run();
	a_script_that_is_none_is_refused_wherever_it_ends();
	a_damaged_script_ends();
	old_archives_come_out();
	a_cut_one_keeps_what_is_whole();
	return check_summary();
}
