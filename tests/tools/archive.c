// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core/archive from a shell, for the tests: archives a tree as if a command had read
 * all of it, and takes archives apart.
 *
 *   archive make [-r] [-d] [-n] [-f FORMAT] [-s SPOOL] [-S PROGRAM] [-w MS] TO FROM
 *       -r reproducible, -d placeholders only, -n don't finish, -w wait between files
 *   archive extract [-r] [-p] [-o] [-s] ARCHIVE DIR
 *       -r only rootfs/, -p placeholders get their size, -o owners, -s strip the prefix
 *   archive info ARCHIVE            format, prefix, partial, counts
 *   archive cat ARCHIVE MEMBER
 *   archive repair ARCHIVE [TO]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/archive/archive_out.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/manifest/manifest.h"

static struct err err;
static useconds_t wait_us;
static bool placeholders;
static const char *top;

static int fail(void)
{
	fprintf(stderr, "archive: %s\n", err.text);
	return 1;
}

static void print_line(enum log_level level, const char *line)
{
	(void)level;
	fprintf(stderr, "archive: %s\n", line);
}

static enum manifest_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return MANIFEST_DIR;
	case S_IFLNK:
		return MANIFEST_LNK;
	case S_IFCHR:
		return MANIFEST_CHR;
	case S_IFBLK:
		return MANIFEST_BLK;
	case S_IFIFO:
		return MANIFEST_FIFO;
	case S_IFSOCK:
		return MANIFEST_SOCK;
	default:
		return MANIFEST_REG;
	}
}

static void read_xattrs(const char *path, struct manifest_file *f)
{
	static char names[65536], value[65536];
	ssize_t len = llistxattr(path, names, sizeof(names));

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = lgetxattr(path, names + at, value, sizeof(value));
		struct manifest_xattr *x;

		if (n < 0)
			continue;
		f->xattrs = realloc(f->xattrs, (f->n_xattrs + 1) * sizeof(*f->xattrs));
		x = &f->xattrs[f->n_xattrs++];
		x->name = strdup(names + at);
		x->value = malloc((size_t)n + 1);
		x->len = (size_t)n;
		memcpy(x->value, value, (size_t)n);
	}
}

/* The first name of an inode that has several. */
static const char *first_name(const struct stat *st, const char *path)
{
	static struct { dev_t dev; ino_t ino; char *path; } *seen;
	static size_t n;

	for (size_t i = 0; i < n; i++)
		if (seen[i].dev == st->st_dev && seen[i].ino == st->st_ino)
			return seen[i].path;
	seen = realloc(seen, (n + 1) * sizeof(*seen));
	seen[n].dev = st->st_dev;
	seen[n].ino = st->st_ino;
	seen[n++].path = strdup(path);
	return NULL;
}

static void fill(struct manifest_file *f, const struct stat *st, const char *path)
{
	static char target[65536];
	const char *first = NULL;
	ssize_t n;

	*f = (struct manifest_file){
		.path = (char *)(path[strlen(top)] ? path + strlen(top) : "/"), .type = type_of(st->st_mode),
		.mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
		.size = (uint64_t)st->st_size, .blocks = (uint64_t)st->st_blocks, .mtime = st->st_mtim,
		.atime = st->st_atim, .rdev = st->st_rdev, .dev = st->st_dev, .ino = st->st_ino,
		.nlink = st->st_nlink, .use = USE_READ, .process = 1,
	};
	if (f->type == MANIFEST_REG)
		f->content = placeholders ? MANIFEST_PLACEHOLDER : MANIFEST_WHOLE;
	if (f->type == MANIFEST_REG && st->st_nlink > 1)
		first = first_name(st, f->path);
	if (first) {
		f->content = MANIFEST_HARDLINK;
		f->link = strdup(first);
	}
	n = f->type == MANIFEST_LNK ? readlink(path, target, sizeof(target) - 1) : -1;
	if (n >= 0)
		f->link = strndup(target, (size_t)n);
	read_xattrs(path, f);
}

static int add(struct archive_out *a, const char *path)
{
	struct manifest_file f;
	struct stat st;
	int fd = -1, r;

	if (lstat(path, &st) < 0)
		return err_set(&err, -errno, "%s", path);
	fill(&f, &st, path);
	if (f.type == MANIFEST_REG && f.content == MANIFEST_WHOLE)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f.content == MANIFEST_WHOLE && fd < 0)
		f.content = MANIFEST_UNREADABLE;
	r = archive_out_add(a, &f, fd, NULL, &err);
	if (fd >= 0)
		close(fd);
	free(f.link);
	for (size_t i = 0; i < f.n_xattrs; i++) {
		free(f.xattrs[i].name);
		free(f.xattrs[i].value);
	}
	free(f.xattrs);
	if (wait_us)
		usleep(wait_us);
	return r;
}

static int walk(struct archive_out *a, const char *path)
{
	struct dirent **names = NULL;
	int n, r = add(a, path);

	n = r < 0 ? -1 : scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		_cleanup_buf_ struct buf child = BUF_INIT;
		struct stat st;

		buf_addf(&child, "%s/%s", path, names[i]->d_name);
		if (r >= 0 && strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, "..")) {
			if (lstat(child.data, &st) == 0 && S_ISDIR(st.st_mode))
				r = walk(a, child.data);
			else
				r = add(a, child.data);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

static int add_run(struct archive_out *a)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"true" };
	struct manifest_run run = { .care_version = (char *)"test", .engine = (char *)"none",
		.arch = (char *)"any", .abi = (char *)"any", .cwd = (char *)"/", .argv = { argv, 3 },
		.start = { 1700000000, 0 } };
	struct manifest_record record = { .kind = MANIFEST_K_RUN, .run = &run };

	return archive_out_record(a, &record, &err);
}

static int finish(struct archive_out *a)
{
	struct manifest_end end = { .end = { 1700000001, 0 }, .status = 0 };
	struct manifest_record record = { .kind = MANIFEST_K_END, .end = &end };
	const char script[] = "#!/bin/sh\nexit 0\n";
	int r = archive_out_member(a, "re-execute.sh", 0755, script, sizeof(script) - 1, &err);

	if (r == 0)
		r = archive_out_record(a, &record, &err);
	return r < 0 ? r : archive_out_finish(a, &err);
}

static int make(int argc, char **argv)
{
	struct archive_spec spec = { .self_fd = -1 };
	_cleanup_free_ char *prefix = NULL;
	const char *format = NULL;
	struct archive_out *a;
	bool unfinished = false;
	int opt, r;

	while ((opt = getopt(argc, argv, "rdnf:s:S:w:")) != -1) {
		if (opt == 'r')
			spec.reproducible = true;
		else if (opt == 'd')
			placeholders = true;
		else if (opt == 'n')
			unfinished = true;
		else if (opt == 'f')
			format = optarg;
		else if (opt == 's')
			spec.spool = optarg;
		else if (opt == 'S')
			spec.self_fd = open(optarg, O_RDONLY | O_CLOEXEC);
		else if (opt == 'w')
			wait_us = (useconds_t)atoi(optarg) * 1000;
	}
	if (argc - optind != 2)
		return 2;
	spec.path = argv[optind];
	top = argv[optind + 1];
	if (archive_format_parse(spec.path, &spec.format, &prefix, NULL, &err) < 0 ||
	    (format && archive_format_by_name(format, &spec.format, &err) < 0))
		return fail();
	spec.prefix = prefix;
	r = archive_out_open(&a, &spec, &err);
	if (r < 0)
		return fail();
	r = add_run(a);
	if (r == 0)
		r = walk(a, top);
	if (unfinished)
		_exit(r < 0 ? fail() : 0);
	if (r == 0)
		r = finish(a);
	if (r < 0 && archive_out_partial(a))
		fprintf(stderr, "archive: left in %s\n", archive_out_partial(a));
	archive_out_free(a, false);
	return r < 0 ? fail() : 0;
}

static int extract(int argc, char **argv)
{
	struct archive_extract how = { 0 };
	struct archive_in *a;
	int opt, r, dir;

	while ((opt = getopt(argc, argv, "rposi")) != -1) {
		if (opt == 'r')
			how.only_rootfs = true;
		else if (opt == 'p')
			how.placeholders = true;
		else if (opt == 'o')
			how.owners = true;
		else if (opt == 's')
			how.strip_prefix = true;
		else if (opt == 'i')
			how.set_ids = true;
	}
	if (argc - optind != 2)
		return 2;
	if (archive_in_open(&a, argv[optind], &err) < 0)
		return fail();
	dir = open(argv[optind + 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = archive_in_extract(a, dir, &how, &err);
	if (how.skipped || how.degraded || archive_in_partial(a))
		printf("%llu skipped, %llu degraded%s\n", (unsigned long long)how.skipped,
		       (unsigned long long)how.degraded, archive_in_partial(a) ? ", partial" : "");
	archive_in_free(a);
	close(dir);
	return r < 0 ? fail() : 0;
}

static void print_strings(const char *what, const struct manifest_strings *s)
{
	printf("%s:", what);
	for (size_t i = 0; i < s->n; i++)
		printf(" [%s]", s->v[i]);
	printf("\n");
}

static int info(int argc, char **argv)
{
	struct manifest *m = NULL;
	struct archive_in *a;
	char *text;
	int r;

	if (argc != 2)
		return 2;
	if (archive_in_open(&a, argv[1], &err) < 0)
		return fail();
	text = archive_format_describe(archive_in_format(a));
	r = archive_in_manifest(a, &m, &err);
	printf("%s\nprefix %s\n", text, archive_in_prefix(a));
	free(text);
	if (r == 0) {
		size_t content = 0;

		for (size_t i = 0; i < m->n_files; i++)
			content += m->files[i].content == MANIFEST_WHOLE;
		printf("%s\nfiles %zu, with content %zu\n", archive_in_partial(a) ? "partial" : "whole",
		       m->n_files, content);
		print_strings("argv", &m->run.argv);
		print_strings("env", &m->run.env);
		print_strings("volatile env", &m->run.volatile_env);
		print_strings("volatile paths", &m->run.volatile_paths);
		printf("cwd %s\nstatus %d%s\n", m->run.cwd ? m->run.cwd : "", m->end.status,
		       m->has_end ? "" : " (no end)");
		manifest_free(m);
	}
	archive_in_free(a);
	return r < 0 ? fail() : 0;
}

static int repair(int argc, char **argv)
{
	uint64_t files = 0;

	if (argc != 2 && argc != 3)
		return 2;
	if (archive_repair(argv[1], argc == 3 ? argv[2] : NULL, &files, &err) < 0)
		return fail();
	printf("%llu files\n", (unsigned long long)files);
	return 0;
}

static int cat(int argc, char **argv)
{
	_cleanup_buf_ struct buf content = BUF_INIT;
	struct archive_in *a;
	int r;

	if (argc != 3)
		return 2;
	if (archive_in_open(&a, argv[1], &err) < 0)
		return fail();
	r = archive_in_member(a, argv[2], &content, &err);
	if (r == 0)
		fwrite(content.data, 1, content.len, stdout);
	archive_in_free(a);
	return r < 0 ? fail() : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int r = 2;

	log_init(0, print_line);
	argc--;
	argv++;
	if (!strcmp(what, "make"))
		r = make(argc, argv);
	else if (!strcmp(what, "extract"))
		r = extract(argc, argv);
	else if (!strcmp(what, "info"))
		r = info(argc, argv);
	else if (!strcmp(what, "cat"))
		r = cat(argc, argv);
	else if (!strcmp(what, "repair"))
		r = repair(argc, argv);
	if (r == 2)
		fprintf(stderr, "archive: wrong arguments; the source has them\n");
	return r;
}
