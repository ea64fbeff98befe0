// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes every system call that takes a path, with every kind of path, and tells which file it
 * met. tests/syscalls/reach.sh runs it in a root file system while files of the same names
 * lie in wait outside.
 *
 *   reach rows                 each path argument that arch/syscalls.def knows of: CALL.ARG
 *   reach prepare WHOSE T SEEN W SEEN      two trees of files, marked as "guest" or "lying", that
 *                              are called SEEN by whoever uses them
 *   reach serve WHOSE T W      receive what is sent to sockets in them, until fd 0 ends
 *   reach use T W              CALL.ARG.FORM.FILE: what the call answered, what it met
 *   reach list DIR [times]     what is in a tree, to be compared
 *
 * In each directory CALL.ARG.FORM the file "o" is the call's object; "u" is there only where
 * files lie in wait: whoever finds it, or finds that it exists, was let through.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "tests/tools/reach_cases.h"

#define SIZE_OF_GUEST 0x5a5a01u		/* of sparse files: no other number looks like these */
#define SIZE_OF_LYING 0x5a5a02u

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "reach: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the rows ------------------------------------------------------------------------------- */

/* One path argument of one row. */
struct slot {
	const struct syscall_row *via, *row;
	const struct syscall_sub *sub;		/* NULL: the call has one meaning */
	const struct one *one;			/* NULL: nobody has said what it needs */
	int arg, nth;
	char name[64];
};

static struct slot slots[256];
static int n_slots;

static bool is_path(enum arg_kind kind)
{
	return kind == ARG_PATH || kind == ARG_SOCKADDR || kind == ARG_MSGHDR || kind == ARG_MMSG ||
	       kind == ARG_BPFATTR || kind == ARG_MOUNTSOURCE || kind == ARG_QUOTAFILE;
}

static const struct one *find_case(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strcmp(cases[i].call, name))
			return &cases[i];
	return NULL;
}

/* @sub: what selects @row; an alias is another way to a row that is its own case. */
static void add_slots(const struct syscall_row *via, const struct syscall_row *row,
		      const struct syscall_sub *sub)
{
	char name[48], with[48];
	int nth = 0;

	snprintf(name, sizeof(name), "%s", via->name);
	if (sub)
		snprintf(name, sizeof(name), "%s=%u", via->name, sub->value);
	snprintf(with, sizeof(with), "%s", sub && sub->alias ? row->name : name);
	for (int arg = 0; arg < SYSCALL_ARGS; arg++) {
		struct slot *s = &slots[n_slots];

		if (!is_path(row->args[arg].kind))
			continue;
		if (++n_slots == ARRAY_SIZE(slots))
			fail("too many rows");
		*s = (struct slot){ via, row, sub, find_case(with), arg, nth++, "" };
		snprintf(s->name, sizeof(s->name), "%s.%d", name, arg);
	}
}

static void find_slots(void)
{
	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		const struct syscall_row *row = syscall_row((enum syscall_id)id);
		size_t n;
		const struct syscall_sub *subs = syscall_subs((enum syscall_id)id, &n);

		add_slots(row, row, NULL);
		for (size_t i = 0; i < n; i++)
			add_slots(row, syscall_sub_row(&subs[i]), &subs[i]);
	}
}

static int64_t number(const struct slot *s)
{
	return abi_number(abi_native(), syscall_id(s->via));
}

static enum object object_of(const struct slot *s, int nth)
{
	return nth ? s->one->second : s->one->first;
}

static int rows(void)
{
	for (int i = 0; i < n_slots; i++)
		printf("%s %s\n", slots[i].name, !slots[i].one ? "untested" :
		       number(&slots[i]) < 0 ? "absent" : slots[i].one->refusable ? "refusable" : "strict");
	return 0;
}

/* --- kinds of paths ------------------------------------------------------------------------- */

static const char *const up = "../../../../../../../../../../../../../../../../../../../..";

/*
 * @cwd, @path: %t is the tree, %d the directory in it, %o the file, %u many times "..", %n the
 * tree's own name; @base is opened and passed as the directory descriptor.
 */
static const struct form {
	const char *name, *cwd, *path, *base;
	uint64_t resolve;
	bool bound;		/* below the binding */
	enum { ANY, AT, EMPTY_FLAG, OPENAT2 } only;
} forms[] = {
	{ .name = "abs", .path = "%t/%d/%o" },
	{ .name = "rel", .path = "%o", .cwd = "%t/%d" },
	{ .name = "above", .path = "/../../..%t/%d/%o" },
	{ .name = "up", .path = "%u%t/%d/%o", .cwd = "%t/%d" },
	{ .name = "link", .path = "%t/absolute/%d/%o" },
	{ .name = "climb", .path = "%t/climbing/%d/%o" },
	{ .name = "last", .path = "%t/%d/to-%o" },
	{ .name = "bind", .path = "%t/%d/%o", .bound = true },
	{ .name = "inbind", .path = "%o", .cwd = "%t/%d", .bound = true },
	{ .name = "unbind", .path = "%b/../%n/%d/%o" },
	{ .name = "root", .path = "/proc/self/root%t/%d/%o" },
	{ .name = "cwd", .path = "/proc/self/cwd/%o", .cwd = "%t/%d" },
	{ .name = "fd", .path = "/proc/self/fd/90/%o", .base = "%t/%d" },
	{ .name = "dirfd", .path = "%o", .base = "%t/%d", .only = AT },
	{ .name = "dirup", .path = "%u%t/%d/%o", .base = "%t/%d", .only = AT },
	{ .name = "decoy", .path = "%t/%d/%o", .base = "/", .only = AT },
	{ .name = "empty", .path = "%o", .base = "%t/%d", .only = EMPTY_FLAG },
	{ .name = "inroot", .path = "/../%d/%o", .base = "%t", .resolve = 0x10, .only = OPENAT2 },
	{ .name = "inlink", .path = "/rooted/%d/%o", .base = "%t", .resolve = 0x10, .only = OPENAT2 },
	{ .name = "beneath", .path = "%d/%o", .base = "%t", .resolve = 0x08, .only = OPENAT2 },
	{ .name = "escape", .path = "absolute/%d/%o", .base = "%t", .resolve = 0x08, .only = OPENAT2 },
	{ .name = "out", .path = "../%n/%d/%o", .base = "%t", .resolve = 0x08, .only = OPENAT2 },
	{ .name = "nolink", .path = "%t/absolute/%d/%o", .resolve = 0x04, .only = OPENAT2 },
	{ .name = "nomagic", .path = "/proc/self/root%t/%d/%o", .resolve = 0x02, .only = OPENAT2 },
};

/* The bit that allows an empty path, in the argument that has it; 0: none. */
static uint64_t empty_flag(const struct slot *s, int *ret_arg)
{
	uint16_t last = s->row->args[s->arg].last;

	if (s->row->args[s->arg].kind != ARG_PATH)
		return 0;
	*ret_arg = LAST_ARG(last);
	switch (LAST_RULE(last)) {
	case LAST_BY_ATFLAGS:
	case LAST_BY_LINKFLAGS:
		return 0x1000;
	case LAST_BY_MOVE_FROM:
		return 0x04;
	case LAST_BY_MOVE_TO:
		return 0x40;
	case LAST_BY_PICKFLAGS:
		return 0x08;
	default:
		return 0;
	}
}

static bool has_base(const struct slot *s)
{
	return s->row->args[s->arg].kind == ARG_PATH && s->row->args[s->arg].base != ARG_CWD;
}

static bool form_fits(const struct form *f, const struct slot *s)
{
	int arg;

	switch (f->only) {
	case AT:
		return has_base(s);
	case EMPTY_FLAG:
		return empty_flag(s, &arg);
	case OPENAT2:
		return !strcmp(s->row->name, "openat2");
	default:
		return true;
	}
}

struct place {
	const char *tree, *bound;	/* T, W */
	const struct slot *slot;
	const struct form *form;
	const char *object;
};

static void spell(char *to, size_t room, const char *format, const struct place *at)
{
	const char *tree = at->form->bound ? at->bound : at->tree;
	char dir[128];
	size_t len = 0;

	snprintf(dir, sizeof(dir), "%s.%s", at->slot->name, at->form->name);
	for (const char *f = format; *f; f++) {
		const char *word;

		if (*f != '%') {
			len += (size_t)snprintf(to + len, room - len, "%c", *f);
			continue;
		}
		switch (*++f) {
		case 't': word = tree; break;
		case 'b': word = at->bound; break;
		case 'n': word = strrchr(tree, '/') + 1; break;
		case 'd': word = dir; break;
		case 'o': word = at->object; break;
		default: word = up; break;
		}
		len += (size_t)snprintf(to + len, room - len, "%s", word);
		if (len >= room)
			fail("a path is too long");
	}
}

/* --- making the trees ----------------------------------------------------------------------- */

static bool lying;
static char program[PATH_MAX];		/* of the tree that is being made */

static void put_file(int dir, const char *name, const char *say, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, say, strlen(say)) != (ssize_t)strlen(say))
		fail(name);
	if (ftruncate(fd, lying ? SIZE_OF_LYING : SIZE_OF_GUEST) < 0 || fchmod(fd, mode) < 0)
		fail(name);
	/* Where there are none, the calls say so everywhere. */
	fsetxattr(fd, "user.who", say, strlen(say), 0);
	fsetxattr(fd, lying ? "user.lying!" : "user.guest!", "", 0, 0);
	futimens(fd, (struct timespec[2]){ { 1400000000, 0 }, { 1400000000, 0 } });
	close(fd);
}

static void put_program(int dir, const char *name)
{
	static const char script[] = "#!/bin/sh\nexit 99\n";

	if (!lying && linkat(AT_FDCWD, program, dir, name, 0) < 0)
		fail(program);
	if (lying) {
		int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

		if (write(fd, script, sizeof(script) - 1) < 0)
			fail(name);
		close(fd);
	}
}

static void put(int dir, const char *name, enum object object)
{
	const char *say = lying ? "lying!" : "guest!";

	switch (object) {
	case FILE_:
		put_file(dir, name, say, lying ? 0640 : 0755);
		break;
	case DIR_:
	case EMPTY:
		if (mkdirat(dir, name, 0755) < 0)
			fail(name);
		if (object == DIR_) {
			int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			put_file(fd, "who", say, 0644);
			close(fd);
		}
		break;
	case LINK:
		if (symlinkat(lying ? "text of lying!" : "text of guest!", dir, name) < 0)
			fail(name);
		break;
	case EXE:
		put_program(dir, name);
		break;
	case NONE:
	case STREAM:		/* bound by who serves them */
	case DGRAM:
	case NEW:
		break;
	}
	if (object != STREAM && object != DGRAM && object != NEW && object != NONE)
		utimensat(dir, name, (struct timespec[2]){ { 1400000000, 0 }, { 1400000000, 0 } },
			  AT_SYMLINK_NOFOLLOW);
}

/* What stands in a directory: the object; for a call with two paths, what the other one means. */
static void fill(const struct place *at, const char *tree, int dir)
{
	enum object object = object_of(at->slot, at->slot->nth);
	enum object other = at->slot->one->second ? object_of(at->slot, !at->slot->nth) : NONE;
	char link[PATH_MAX];

	put(dir, "o", object);
	put(dir, "o2", other);
	put(dir, "u2", other);
	if (lying)
		put(dir, "u", object == NEW ? FILE_ : object);
	for (const char *name = "o\0u\0"; *name; name += 2) {
		char to[8] = { 't', 'o', '-', *name };

		snprintf(link, sizeof(link), "%s/%s.%s/%s", tree, at->slot->name, at->form->name, name);
		if (symlinkat(link, dir, to) < 0)
			fail(to);
	}
}

/* @seen: how the tree at @tree is called by whoever will use it. */
static int make_tree(const char *tree, const char *seen, bool bound)
{
	char name[PATH_MAX];
	int top;

	if (mkdir(tree, 0755) < 0 && errno != EEXIST)
		fail(tree);
	top = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(program, sizeof(program), "%s/program", tree);
	snprintf(name, sizeof(name), "%s%s", up, seen);
	if (top < 0 || symlinkat(seen, top, "absolute") < 0 || symlinkat("/", top, "rooted") < 0 ||
	    symlinkat(name, top, "climbing") < 0)
		fail(tree);
	for (int i = 0; i < n_slots; i++)
		for (size_t f = 0; f < ARRAY_SIZE(forms); f++) {
			struct place at = { .slot = &slots[i], .form = &forms[f] };
			int dir;

			if (!slots[i].one || number(&slots[i]) < 0 || !form_fits(&forms[f], &slots[i]) ||
			    forms[f].bound != bound)
				continue;
			snprintf(name, sizeof(name), "%s.%s", slots[i].name, forms[f].name);
			if (mkdirat(top, name, 0755) < 0)
				fail(name);
			dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			fill(&at, seen, dir);
			close(dir);
		}
	return 0;
}

#include "tests/tools/reach_look.h"
#include "tests/tools/reach_use.h"

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	umask(022);
	if (argc == 2 && !strcmp(argv[1], "tell"))
		return 7;		/* the program that is executed */
	find_slots();
	if (!strcmp(what, "rows"))
		return rows();
	if (!strcmp(what, "prepare") && argc > 6) {
		lying = !strcmp(argv[2], "lying");
		return make_tree(argv[3], argv[4], false) || make_tree(argv[5], argv[6], true);
	}
	if (!strcmp(what, "serve") && argc > 4)
		return serve(argv + 2);
	if (!strcmp(what, "use") && argc > 3)
		return use(argv[2], argv[3]);
	if (!strcmp(what, "list") && argc > 2)
		return list(argv[2], "", argc > 3);
	fprintf(stderr, "usage: reach rows|prepare|serve|use|list ...\n");
	return 2;
}
