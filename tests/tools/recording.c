// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes DIR with a rootfs/ into a recording of a command that never ran, with the script
 * and the page that belong to it, so that replay is tested without recording:
 *
 *   recording DIR [KEY=VALUE]... -- COMMAND...
 *
 * uid gid cwd umask status signal path (of the program), env=NAME=VALUE, venv=NAME, vpath=PATH,
 * ignore=SIGNAL, nofile=N, stdin=PATH, fd3=PATH (appended to), placeholder=PATH,
 * owner=PATH:UID:GID, written=PATH (with the hash of DIR/written/PATH), cpu=FEATURE, renamed=1, changed_ids=1, kernel=1 (-k)
 */
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"
#include "core/replay/reexecute.h"

static struct buf journal;
static char *dir;
static int argc_keys;
static char **keys;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "recording: %s\n", what);
	exit(2);
}

static void add(const struct manifest_record *record)
{
	struct err e = { 0 };

	must(manifest_format_record(&journal, record, &e) == 0, e.text);
}

/* The next value of a key; *at starts with 0. */
static const char *next(const char *key, int *at)
{
	size_t len = strlen(key);

	while (*at < argc_keys) {
		const char *word = keys[(*at)++];

		if (!strncmp(word, key, len) && word[len] == '=')
			return word + len + 1;
	}
	return NULL;
}

static const char *value(const char *key)
{
	int at = 0;

	return next(key, &at);
}

static long number(const char *key, long otherwise, int base)
{
	const char *v = value(key);

	return v ? strtol(v, NULL, base) : otherwise;
}

static bool is_listed(const char *key, const char *path)
{
	const char *v;
	int at = 0;

	while ((v = next(key, &at)))
		if (!strcmp(v, path))
			return true;
	return false;
}

static void strings(struct manifest_strings *s, const char *key)
{
	const char *v;
	int at = 0;

	while ((v = next(key, &at)))
		must(manifest_strings_add(s, v) == 0, "no memory");
}

static void own(struct manifest_file *f)
{
	const char *v;
	int at = 0;

	while ((v = next("owner", &at))) {
		size_t len = strcspn(v, ":");

		if (strlen(f->path) == len && !strncmp(v, f->path, len))
			must(sscanf(v + len, ":%u:%u", &f->uid, &f->gid) == 2, "owner=PATH:UID:GID");
	}
}

static void add_file(char *path, const char *host, const struct stat *st)
{
	char target[4096] = "";
	struct manifest_file f = {
		.path = path, .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
		.size = st->st_size, .blocks = st->st_blocks, .mtime = st->st_mtim, .atime = st->st_mtim,
		.nlink = st->st_nlink, .dev = st->st_dev, .ino = st->st_ino, .use = USE_READ, .process = 1,
	};

	f.type = S_ISDIR(st->st_mode) ? MANIFEST_DIR : S_ISLNK(st->st_mode) ? MANIFEST_LNK : MANIFEST_REG;
	f.content = f.type == MANIFEST_REG ? MANIFEST_WHOLE : MANIFEST_NONE;
	if (f.type == MANIFEST_LNK) {
		must(readlink(host, target, sizeof(target) - 1) > 0, "readlink");
		f.link = target;
	}
	if (is_listed("placeholder", path)) {
		f.content = MANIFEST_PLACEHOLDER;
		f.use = USE_META;
		f.size = f.size ? f.size : 7;
	}
	own(&f);
	add(&(struct manifest_record){ .kind = MANIFEST_K_FILE, .file = &f });
}

static void walk(const char *host, const char *path)
{
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	struct stat st;

	must(lstat(host, &st) == 0, host);
	add_file((char *)(*path ? path : "/"), host, &st);
	if (!S_ISDIR(st.st_mode) || !(d = opendir(host)))
		return;
	while ((entry = readdir(d))) {
		_cleanup_free_ char *h = NULL, *p = NULL;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		must(asprintf(&h, "%s/%s", host, entry->d_name) > 0 &&
		     asprintf(&p, "%s/%s", path, entry->d_name) > 0, "no memory");
		walk(h, p);
	}
}

static void add_written(const char *path)
{
	_cleanup_buf_ struct buf content = BUF_INIT;
	_cleanup_free_ char *host = NULL;
	struct manifest_written w = { .path = (char *)path, .has_sha256 = true };
	struct sha256_ctx sha;

	must(asprintf(&host, "%s/written%s", dir, path) > 0, "no memory");
	must(io_read_file(AT_FDCWD, host, 1 << 20, &content, NULL) == 0, host);
	sha256_init(&sha);
	sha256_update(&sha, content.len, (const uint8_t *)buf_str(&content));
	sha256_digest(&sha, sizeof(w.sha256), w.sha256);
	w.size = content.len;
	add(&(struct manifest_record){ .kind = MANIFEST_K_WRITTEN, .written = &w });
}

static void write_member(const char *name, mode_t mode, const struct buf *text)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	must(buf_error(text) == 0 && asprintf(&path, "%s/%s", dir, name) > 0, "no memory");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	must(fd >= 0 && io_write_all(fd, text->data, text->len) == 0, path);
}

/* What the recorder puts beside rootfs/. */
static void write_script(const struct manifest_run *run)
{
	struct manifest_end end = { .status = number("status", 0, 10) << 8 | number("signal", 0, 10) };
	_cleanup_buf_ struct buf script = BUF_INIT, readme = BUF_INIT;

	reexecute_script(&script, run, NULL, &end, value("kernel") != NULL);
	reexecute_readme(&readme, run, false, false);
	write_member("re-execute.sh", 0755, &script);
	write_member("README.txt", 0644, &readme);
}

static void add_run(char **argv)
{
	static struct manifest_fd fds[5];
	struct manifest_rlimit limit = { RLIMIT_NOFILE, number("nofile", 0, 10), number("nofile", 0, 10) };
	struct manifest_run run = {
		.care_version = "test", .engine = "none", .cwd = (char *)(value("cwd") ?: "/"),
		.command_path = (char *)value("path"), .umask = number("umask", 022, 8),
		.euid = number("uid", 0, 10), .egid = number("gid", 0, 10),
		.n_rlimits = !!value("nofile"), .rlimits = &limit,
	};
	const char *v;
	int at = 0;

	run.ruid = run.suid = run.euid;
	run.rgid = run.sgid = run.egid;
	for (; *argv; argv++)
		must(manifest_strings_add(&run.argv, *argv) == 0, "no memory");
	strings(&run.env, "env");
	strings(&run.volatile_env, "venv");
	strings(&run.volatile_paths, "vpath");
	strings(&run.cpu_features, "cpu");
	while ((v = next("ignore", &at)))
		run.signals_ignored |= 1u << (atoi(v) - 1);
	for (int i = 0; i < 3; i++)
		fds[i] = (struct manifest_fd){ .fd = i, .kind = "pipe", .oflags = i ? O_WRONLY : O_RDONLY };
	if (value("stdin"))
		fds[0] = (struct manifest_fd){ 0, (char *)value("stdin"), "file", O_RDONLY, number("offset", 0, 10) };
	if (value("fd3"))
		fds[3] = (struct manifest_fd){ 3, (char *)value("fd3"), "file", O_WRONLY | O_APPEND, 0 };
	run.fds = fds;
	run.n_fds = value("fd3") ? 4 : 3;
	add(&(struct manifest_record){ .kind = MANIFEST_K_RUN, .run = &run });
	write_script(&run);
	manifest_strings_clear(&run.argv);
	manifest_strings_clear(&run.env);
	manifest_strings_clear(&run.volatile_env);
	manifest_strings_clear(&run.volatile_paths);
	manifest_strings_clear(&run.cpu_features);
}

static void finish(void)
{
	_cleanup_free_ char *lines = NULL, *name = NULL;
	struct err e = { 0 };
	int from, to;

	must(asprintf(&lines, "%s/lines", dir) > 0 && asprintf(&name, "%s/manifest.json", dir) > 0, "no memory");
	from = open(lines, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	to = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(from >= 0 && to >= 0 && io_write_all(from, journal.data, journal.len) == 0, name);
	must(manifest_finish(from, to, true, &e) == 0, e.text);
	unlink(lines);
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *root = NULL;
	struct manifest_end end = { 0 };
	const char *v;
	int i, at = 0;

	must(argc > 3, "DIR [KEY=VALUE]... -- COMMAND...");
	dir = argv[1];
	keys = argv + 2;
	for (i = 2; i < argc && strcmp(argv[i], "--"); i++)
		argc_keys++;
	must(i + 1 < argc && asprintf(&root, "%s/rootfs", dir) > 0, "-- COMMAND...");
	add_run(argv + i + 1);
	walk(root, "");
	while ((v = next("written", &at)))
		add_written(v);
	end.status = number("status", 0, 10) << 8 | number("signal", 0, 10);
	end.renamed_dirs = number("renamed", 0, 10);
	end.changed_ids = number("changed_ids", 0, 10);
	add(&(struct manifest_record){ .kind = MANIFEST_K_END, .end = &end });
	finish();
	buf_free(&journal);
	return 0;
}
