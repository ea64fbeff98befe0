// SPDX-License-Identifier: GPL-2.0-or-later
/* core/manifest: what is written is read again, whatever the bytes; what others wrote does no harm. */
#include "core/manifest/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/fields.h"
#include "tests/unit/check.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static void add(struct buf *journal, enum manifest_kind kind, const void *record)
{
	struct manifest_record r = { .kind = kind, .run = (void *)record };
	struct err e = { 0 };

	if (manifest_format_record(journal, &r, &e) < 0) {
		printf("not ok: format: %s\n", e.text);
		check_failed++;
	}
}

static int memory_file(const char *data, size_t len)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);

	if (fd < 0 || io_write_all(fd, data, len) < 0)
		abort();
	return fd;
}

/* The document that @journal becomes. */
static int finish(const struct buf *journal, bool sorted, struct buf *document, struct err *e)
{
	int from = memory_file(buf_str(journal), journal->len);
	int to = memfd_create("document", MFD_CLOEXEC);
	int r = manifest_finish(from, to, sorted, e);
	char block[4096];
	ssize_t n;

	for (off_t at = 0; r == 0 && (n = pread(to, block, sizeof(block), at)) > 0; at += n)
		buf_add(document, block, n);
	close(from);
	close(to);
	return r;
}

static struct manifest *read_or_fail(const char *data, size_t len)
{
	struct manifest *m = NULL;
	struct err e = { 0 };

	if (manifest_read(&m, data, len, &e) < 0) {
		printf("not ok: read: %s\n", e.text);
		check_failed++;
		exit(1);
	}
	return m;
}

/* Every byte but NUL and the slash, in one name. */
static void every_byte(char to[256], const char *before)
{
	size_t n = strlen(before);

	memcpy(to, before, n);
	for (int c = 1; c < 256 - 20; c++)
		if (c != '/')
			to[n++] = c;
	to[n] = '\0';
}

static bool same_strings(const struct manifest_strings *a, const struct manifest_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}

static struct manifest_file whole_file(char *path)
{
	static struct manifest_xattr xattrs[] = {
		{ (char *)"user.a", (void *)"plain", 5 },
		{ (char *)"security.capability", (void *)"\1\0\0\2\377", 5 },
		{ (char *)"user.empty", (void *)"", 0 },
	};
	struct manifest_file f = {
		.path = path, .type = MANIFEST_REG, .mode = 04755, .uid = 1000, .gid = UINT32_MAX,
		.size = UINT64_MAX, .blocks = 3, .mtime = { -1, 500000000 },
		.atime = { 1700000000, 1 }, .rdev = 0x12345678, .dev = 0xfe01, .ino = 123456789012,
		.nlink = 2, .link = (char *)"/other", .xattrs = xattrs, .n_xattrs = 3,
		.use = USE_READ | USE_EXEC | USE_ACCESSX, .content = MANIFEST_WHOLE,
		.has_sha256 = true, .process = 42,
	};

	for (int i = 0; i < 32; i++)
		f.sha256[i] = i * 9;
	return f;
}

static bool same_file(const struct manifest_file *a, const struct manifest_file *b)
{
	if (a->n_xattrs != b->n_xattrs || !a->link != !b->link)
		return false;
	for (size_t i = 0; i < a->n_xattrs; i++)
		if (strcmp(a->xattrs[i].name, b->xattrs[i].name) ||
		    a->xattrs[i].len != b->xattrs[i].len ||
		    (b->xattrs[i].len &&
		     memcmp(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len)))
			return false;
	return !strcmp(a->path, b->path) && a->type == b->type && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->size == b->size &&
	       a->blocks == b->blocks && !memcmp(&a->mtime, &b->mtime, sizeof(a->mtime)) &&
	       !memcmp(&a->atime, &b->atime, sizeof(a->atime)) && a->rdev == b->rdev &&
	       a->dev == b->dev && a->ino == b->ino && a->nlink == b->nlink && a->use == b->use &&
	       (!a->link || !strcmp(a->link, b->link)) && a->content == b->content &&
	       a->has_sha256 == b->has_sha256 && !memcmp(a->sha256, b->sha256, 32) &&
	       a->process == b->process;
}

static void files_survive_with_every_byte_in_their_names(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT;
	char bytes[256], utf8[] = "/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\x01\n\"\\";
	char surrogate[] = "/\xed\xa0\x80", overlong[] = "/\xc0\xaf";
	struct manifest_file f[5];
	struct manifest *m;

	every_byte(bytes, "/");
	f[0] = whole_file(bytes);
	f[1] = whole_file(utf8);
	f[2] = whole_file(surrogate);
	f[3] = whole_file(overlong);
	/* Nothing but what is usual: every member but path and mode falls away. */
	f[4] = (struct manifest_file){ .path = (char *)"/plain", .size = 5000, .blocks = 16,
				       .nlink = 1, .process = 1, .use = USE_META };
	for (size_t i = 0; i < 5; i++)
		add(&j, MANIFEST_K_FILE, &f[i]);
	CHECK(strstr(buf_str(&j), "{\"file\":{\"path\":\"/plain\",\"size\":5000,\"mode\":\"0\"}}\n"));
	m = read_or_fail(buf_str(&j), j.len);
	CHECK(m->n_files == 5);
	for (size_t i = 0; i < 5; i++) {
		CHECK(same_file(&m->files[i], &f[i]));
		CHECK(manifest_file_find(m, f[i].path) == &m->files[i]);
	}
	CHECK(!manifest_file_find(m, "/none"));
	manifest_free(m);
}

static void every_single_byte_survives(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT;
	struct manifest *m;

	for (int c = 1; c < 256; c++) {
		char text[] = { 'a', c, 'b', 0 };

		add(&j, MANIFEST_K_ABSENT, text);
	}
	m = read_or_fail(buf_str(&j), j.len);
	CHECK(m->absent.n == 255);
	for (int c = 1; c < 256; c++)
		CHECK((unsigned char)m->absent.v[c - 1][1] == c && m->absent.v[c - 1][2] == 'b');
	manifest_free(m);
}

static struct manifest_run a_run(void)
{
	static char bytes[256], *argv[] = { (char *)"sh", (char *)"-c", bytes, (char *)"" };
	static char *env[] = { (char *)"A=\xff", (char *)"B=1" };
	static char *vol[] = { (char *)"/dev", (char *)"$XAUTHORITY:/h/.Xauthority" };
	static gid_t groups[] = { 0, 7, UINT32_MAX };
	static struct manifest_rlimit limits[] = { { 7, 1024, UINT64_MAX }, { 3, 0, 1 } };
	static struct manifest_fd fds[] = {
		{ .fd = 0, .path = (char *)"/in", .kind = "file", .oflags = 02000, .offset = 1ll << 40 },
		{ .fd = 9, .kind = "closed", .offset = -1 },
	};

	every_byte(bytes, "");
	return (struct manifest_run){
		.care_version = (char *)"3", .engine = (char *)"ptrace", .arch = (char *)"x86_64",
		.abi = (char *)"i386", .sysname = (char *)"Linux", .nodename = (char *)"n",
		.release = (char *)"6.1", .version = (char *)"#1", .machine = (char *)"x",
		.domainname = (char *)"(none)", .libc = (char *)"glibc 2.36", .cpu_features = { env, 1 },
		.hwcap = UINT64_MAX, .hwcap2 = 2, .start = { 1, 2 }, .argv = { argv, 4 },
		.env = { env, 2 }, .volatile_env = { env, 1 }, .volatile_paths = { vol, 2 },
		.concealed = { vol, 1 }, .revealed = { vol, 2 }, .cwd = (char *)"/c",
		.command_path = (char *)"/bin/sh", .ruid = 1, .euid = 2, .suid = 3, .rgid = 4,
		.egid = 5, .sgid = 6, .groups = groups, .n_groups = 3, .umask = 022,
		.rlimits = limits, .n_rlimits = 2, .fds = fds, .n_fds = 2, .tty = true,
		.tty_cols = 80, .tty_rows = 65535, .signals_ignored = 0x80000001,
	};
}

static bool same_fds(const struct manifest_run *a, const struct manifest_run *b)
{
	for (size_t i = 0; i < a->n_fds; i++) {
		const struct manifest_fd *x = &a->fds[i], *y = &b->fds[i];

		if (x->fd != y->fd || x->oflags != y->oflags || x->offset != y->offset ||
		    strcmp(x->kind, y->kind) || !x->path != !y->path ||
		    (x->path && strcmp(x->path, y->path)))
			return false;
	}
	return a->n_fds == b->n_fds;
}

static void the_start_survives(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT, again = BUF_INIT;
	struct manifest_run run = a_run();
	struct manifest *m;

	add(&j, MANIFEST_K_RUN, &run);
	m = read_or_fail(buf_str(&j), j.len);
	CHECK(same_strings(&m->run.argv, &run.argv) && same_strings(&m->run.env, &run.env));
	CHECK(same_strings(&m->run.revealed, &run.revealed));
	CHECK(same_fds(&run, &m->run));
	CHECK(m->run.n_rlimits == 2 && m->run.rlimits[0].hard == UINT64_MAX &&
	      m->run.rlimits[0].soft == 1024 && m->run.rlimits[0].resource == 7);
	CHECK(m->run.n_groups == 3 && m->run.groups[2] == UINT32_MAX);
	CHECK(m->run.hwcap == UINT64_MAX && m->run.tty && m->run.tty_rows == 65535);
	CHECK(!m->has_end && m->end.partial);
	/* Whatever a member is: written again, it is the same text. */
	add(&again, MANIFEST_K_RUN, &m->run);
	CHECK(!strcmp(buf_str(&j), buf_str(&again)));
	manifest_free(m);
}

static void every_kind_of_record_survives(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT, again = BUF_INIT, document = BUF_INIT;
	char bytes[256], *argv[] = { bytes };
	struct manifest_process p = { 7, 3, 4711, 4026531836, bytes, { argv, 1 }, { 5, 6 }, { 0, 7 }, 0x8b };
	struct manifest_process q = { 1, 0, -1, 0, NULL, { NULL, 0 }, { 0, 0 }, { 0, 0 }, -1 };
	struct manifest_concealed c = { bytes, bytes, USE_WRITE | USE_CREATE, true };
	struct manifest_net n = { (char *)"tcp", (char *)"[::1]:80", 9, true };
	struct manifest_unknown u = { (char *)"x86_64", UINT64_MAX, 3, (char *)"x" };
	struct manifest_lost l = { bytes, (char *)"gone", 2 };
	struct manifest_depend d = { (char *)"tty", bytes };
	struct manifest_written w = { bytes, true, { 255, 1 }, 77 };
	struct manifest_end end = { { 9, 10 }, 0x700, true, true, true, true, 1, UINT64_MAX, 3,
				    (char *)"ab", (char *)"cd" };
	struct manifest_run run = a_run();
	struct err e = { 0 };
	struct manifest *m, *m2;

	every_byte(bytes, "/");
	add(&j, MANIFEST_K_END, &end);		/* any order */
	add(&j, MANIFEST_K_RUN, &run);
	add(&j, MANIFEST_K_PROCESS, &p);
	add(&j, MANIFEST_K_PROCESS, &q);
	add(&j, MANIFEST_K_CONCEALED, &c);
	add(&j, MANIFEST_K_NET, &n);
	add(&j, MANIFEST_K_UNKNOWN, &u);
	add(&j, MANIFEST_K_LOST, &l);
	add(&j, MANIFEST_K_DEPEND, &d);
	add(&j, MANIFEST_K_WRITTEN, &w);
	m = read_or_fail(buf_str(&j), j.len);
	CHECK(finish(&j, false, &document, &e) == 0);
	m2 = read_or_fail(buf_str(&document), document.len);
	for (int i = 0; i < 2; i++, m = m2) {
		CHECK(m->n_processes == 2 && m->processes[0].status == 0x8b && m->processes[0].pid == 4711);
		CHECK(m->processes[1].status == -1 && m->processes[1].pid == -1 && !m->processes[1].exe);
		CHECK(!strcmp(m->concealed[0].exe, bytes) && m->concealed[0].existed &&
		      m->concealed[0].use == (USE_WRITE | USE_CREATE));
		CHECK(m->nets[0].listen && m->nets[0].process == 9);
		CHECK(m->unknowns[0].nr == UINT64_MAX && m->unknowns[0].count == 3);
		CHECK(!strcmp(m->lost[0].why, "gone") && !strcmp(m->depends[0].detail, bytes));
		CHECK(m->written[0].has_sha256 && m->written[0].sha256[0] == 255 && m->written[0].size == 77);
		CHECK(m->has_end && m->end.partial && m->end.status == 0x700 &&
		      m->end.calls == UINT64_MAX && !strcmp(m->end.stderr_sha256, "cd"));
		buf_reset(&again);
		add(&again, MANIFEST_K_PROCESS, &m->processes[0]);
		CHECK(strstr(buf_str(&j), buf_str(&again)));
		if (i == 0)
			manifest_free(m);
	}
	manifest_free(m2);
}

static void later_records_replace_earlier_ones(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT, document = BUF_INIT;
	struct manifest_file f = { .path = (char *)"/b", .size = 1, .blocks = 8, .nlink = 1 };
	struct manifest_process p = { .id = 12, .pid = 5 };
	struct err e = { 0 };
	struct manifest *m;

	add(&j, MANIFEST_K_FILE, &f);
	add(&j, MANIFEST_K_PROCESS, &p);
	f.path = (char *)"/a";
	add(&j, MANIFEST_K_FILE, &f);
	f.path = (char *)"/b";
	f.size = 2;
	add(&j, MANIFEST_K_FILE, &f);
	p.status = 0x100;
	add(&j, MANIFEST_K_PROCESS, &p);
	p.id = 9;
	add(&j, MANIFEST_K_PROCESS, &p);
	add(&j, MANIFEST_K_ABSENT, "/x");
	add(&j, MANIFEST_K_ABSENT, "/x");
	m = read_or_fail(buf_str(&j), j.len);
	CHECK(m->n_files == 2 && m->files[0].size == 2 && m->n_processes == 2);
	manifest_free(m);

	CHECK(finish(&j, false, &document, &e) == 0);
	m = read_or_fail(buf_str(&document), document.len);
	CHECK(m->n_files == 2 && !strcmp(m->files[0].path, "/b") && m->files[0].size == 2);
	CHECK(m->n_processes == 2 && m->processes[0].id == 12 && m->processes[0].status == 0x100);
	CHECK(m->absent.n == 1);
	manifest_free(m);

	buf_reset(&document);
	CHECK(finish(&j, true, &document, &e) == 0);
	m = read_or_fail(buf_str(&document), document.len);
	CHECK(!strcmp(m->files[0].path, "/a") && m->processes[0].id == 9);
	manifest_free(m);
}

static void order_in_the_journal_does_not_show_when_sorted(void)
{
	_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, a_doc = BUF_INIT, b_doc = BUF_INIT;
	struct err e = { 0 };

	for (int i = 0; i < 500; i++) {
		char path[32];
		struct manifest_file f = { .path = path, .nlink = 1 };

		snprintf(path, sizeof(path), "/%d", (i * 7919) % 500);
		add(&a, MANIFEST_K_FILE, &f);
		snprintf(path, sizeof(path), "/%d", i);
		add(&b, MANIFEST_K_FILE, &f);
	}
	CHECK(finish(&a, true, &a_doc, &e) == 0 && finish(&b, true, &b_doc, &e) == 0);
	CHECK(a_doc.len > 500 && !strcmp(buf_str(&a_doc), buf_str(&b_doc)));
}

static int read_text(const char *text)
{
	struct manifest *m = NULL;
	struct err e = { 0 };
	int r = manifest_read(&m, text, strlen(text), &e);

	if (r == 0)
		manifest_free(m);
	else if (!e.text[0])
		return 1;	/* no sentence */
	return r;
}

static void wrong_documents_are_refused_with_a_sentence(void)
{
	static const char *const wrong[] = {
		"", "x", "[]", "{", "{}", "null", "{\"care-manifest\":\"1\"}", "{\"care-manifest\":0}",
		"{\"care-manifest\":1", "{\"care-manifest\":1,\"files\":[{\"path\":\"/a\"}",
		"{\"care-manifest\":1,\"files\":[1]}", "{\"care-manifest\":1,\"files\":[{}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"a\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a/../b\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/..\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/./a\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\\u0000b\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":{\"b64\":\"AGE=\"}}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":{\"b64\":\"!\"}}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"size\":-1}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"size\":1.5}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"size\":18446744073709551616}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"uid\":4294967296}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"mode\":\"9\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"mode\":420}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"mtime\":\"1.5\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"mtime\":\"\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"type\":\"door\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"sha256\":\"00\"}]}",
		"{\"care-manifest\":1,\"files\":[{\"path\":\"/a\",\"xattrs\":{}}]}",
		"{\"care-manifest\":1,\"run\":{\"argv\":\"ls\"}}",
		"{\"care-manifest\":1,\"run\":{\"tty\":1}}",
		"{\"care-manifest\":1,\"run\":{\"fds\":[{\"kind\":\"0123456789abcdef\"}]}}",
		"{\"care-manifest\":1,\"end\":{\"status\":\"exit 256\"}}",
		"{\"care-manifest\":1,\"end\":{\"status\":\"signal 9 cores\"}}",
		"{\"care-manifest\":1,\"x\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (read_text(wrong[i]) != -EBADMSG) {
			printf("not ok: accepted: %s (%d)\n", wrong[i], read_text(wrong[i]));
			check_failed++;
		} else {
			check_passed++;
		}
	CHECK(read_text("{\"care-manifest\":2}") == -ENOTSUP);
	CHECK(read_text("{\"care-manifest\":99999999999999999999}") == -ENOTSUP);
	CHECK(read_text("{\"care-manifest\":1,\"new\":{\"a\":[1]},\"news\":[{}],\"files\":[{\"path\":\"/a\","
			"\"new\":null,\"use\":\"read dance\"}]}") == 0);
}

static void journals_that_are_not_ours_are_refused(void)
{
	static const char *const wrong[] = {
		"x\n", "{}\n", "{\"file\":{\"path\":\"/a\"}}", "\n", "{\"file\":{}}\n",
		"{ \"file\":{\"path\":\"/a\"}}\n", "{\"file\":{\"path\":\"/a\"},\"file\":{\"path\":\"/a\"}}\n",
		"{\"files\":[{\"path\":\"/a\"}]}\n", "{\"process\":{}}\n", "{\"absent\":1}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_buf_ struct buf j = BUF_INIT, document = BUF_INIT;
		struct err e = { 0 };

		buf_adds(&j, wrong[i]);
		CHECK(finish(&j, false, &document, &e) == -EBADMSG && e.text[0]);
	}
}

/* A small generator of our own: the same inputs in every run. */
static uint32_t pseudo(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void mutated_documents_do_no_harm(void)
{
	_cleanup_buf_ struct buf j = BUF_INIT, document = BUF_INIT;
	static const char inserts[] = "\"{}[]:,\\0-9e.u\xff";
	char path[256];
	struct manifest_file f;
	struct manifest_run run = a_run();
	struct manifest_end end = { .status = 9 };
	struct err e = { 0 };
	int accepted = 0;

	every_byte(path, "/");
	f = whole_file(path);
	add(&j, MANIFEST_K_RUN, &run);
	add(&j, MANIFEST_K_FILE, &f);
	add(&j, MANIFEST_K_END, &end);
	CHECK(finish(&j, false, &document, &e) == 0);
	for (int i = 0; i < 20000; i++) {
		const struct buf *from = i & 1 ? &j : &document;
		size_t len = from->len;
		char *copy = malloc(len + 1);
		struct manifest *m = NULL;

		memcpy(copy, buf_str(from), len);
		for (uint32_t n = pseudo() % 4; n--;)
			copy[pseudo() % len] = inserts[pseudo() % (sizeof(inserts) - 1)];
		if (pseudo() % 4 == 0)
			len = pseudo() % len;
		if (manifest_read(&m, copy, len, &e) == 0) {
			accepted++;
			manifest_free(m);
		}
		if (i % 8 == 1) {
			struct buf cut = { .data = copy, .len = len, .cap = len };
			_cleanup_buf_ struct buf out = BUF_INIT;

			finish(&cut, true, &out, &e);
		}
		free(copy);
	}
	/* Some changes are harmless, most are not. */
	CHECK(accepted > 1000 && accepted < 19000);
}

static void deep_nesting_is_refused_early(void)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "{\"care-manifest\":1,\"x\":");
	for (int i = 0; i < 1000000; i++)
		buf_addc(&b, '[');
	CHECK(read_text(buf_str(&b)) == -EBADMSG);
}

static void members_have_distinct_names(void)
{
	for (int i = 0; i < RECORD_KINDS; i++)
		for (const struct field *f = record_kinds[i]->fields; f && f->name; f++)
			for (const struct field *g = f + 1; g->name; g++)
				CHECK(strcmp(f->name, g->name));
}

static long peak_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* 45,000 files cost at most 16 MiB, whatever the journal's size. */
static void finishing_many_files_takes_little_memory(void)
{
	int from = memfd_create("journal", MFD_CLOEXEC), to;
	_cleanup_buf_ struct buf j = BUF_INIT;
	long before, after;
	struct err e = { 0 };

	for (int i = 0; i < 45000; i++) {
		char path[128];
		struct manifest_file f = { .path = path, .size = i, .nlink = 1, .mode = 0644,
					   .mtime = { 1700000000, pseudo() % 1000000000 } };

		snprintf(path, sizeof(path), "/usr/share/doc/package-%d/some/folder/file-%d.html", i / 20, i);
		add(&j, MANIFEST_K_FILE, &f);
		if (j.len > 60000) {
			CHECK(io_write_all(from, j.data, j.len) == 0);
			buf_reset(&j);
		}
	}
	CHECK(io_write_all(from, j.data, j.len) == 0);
	/* A file, not memory that counts as ours. */
	to = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0)
		to = memfd_create("document", MFD_CLOEXEC);
	before = peak_kib();
	CHECK(manifest_finish(from, to, true, &e) == 0);
	after = peak_kib();
	/* Under a sanitizer memory is another matter, and the document's pages count too. */
	if (!SANITIZED)
		CHECK(after - before < 16384);
	CHECK(lseek(to, 0, SEEK_END) > 45000 * 80);
	close(from);
	close(to);
}

int main(void)
{
	return check_tests(
		finishing_many_files_takes_little_memory,
		files_survive_with_every_byte_in_their_names,
		every_single_byte_survives,
		the_start_survives,
		every_kind_of_record_survives,
		later_records_replace_earlier_ones,
		order_in_the_journal_does_not_show_when_sorted,
		wrong_documents_are_refused_with_a_sentence,
		journals_that_are_not_ours_are_refused,
		mutated_documents_do_no_harm,
		deep_nesting_is_refused_early,
		members_have_distinct_names);
}
