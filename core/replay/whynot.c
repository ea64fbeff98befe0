// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks to the program as the command's own process would, and reads what is there. */
#include "core/replay/whynot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/search.h"
#include "core/manifest/volatile.h"
#include "core/replay/enter.h"
#include "emul/elf/elf.h"
#include "emul/qemu/qemu.h"

#define PROOT_HOST "/host-rootfs/"	/* where PRoot's -q shows it without being asked */
#define MAX_SCRIPTS 5			/* "#!" of "#!": the kernel's own limit (BINPRM) */

/* @name, or from the working directory. */
static int walk(const struct entry *entry, const char *name, struct binds_place *ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (*name != '/')
		buf_addf(&path, "%s/", entry->cwd);
	buf_adds(&path, name);
	return buf_error(&path) < 0 ? -ENOMEM : binds_walk(&entry->binds, buf_str(&path), 0, ret);
}

static bool is_program(const struct binds_place *p)
{
	return S_ISREG(p->mode) && p->mode & 0111;
}

struct search {
	const struct entry *entry;
	struct binds_place place;	/* the first there is, if none may be executed */
};

static int try(void *ctx, const char *candidate)
{
	struct search *s = ctx;
	struct binds_place p = { 0 };
	bool runs;
	int r = walk(s->entry, candidate, &p);

	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	runs = is_program(&p);
	if (!runs && (s->place.guest || !S_ISREG(p.mode))) {
		binds_place_clear(&p);
		return -ENOENT;
	}
	binds_place_clear(&s->place);
	s->place = p;
	return runs ? 0 : -EACCES;
}

static const char *path_of(const struct entry *entry)
{
	return manifest_env_get(entry->env, "PATH") ?: SEARCH_DEFAULT;
}

static int find(const struct entry *entry, struct binds_place *ret)
{
	struct search s = { .entry = entry };
	const char *name = entry->how->argv[0];

	if (!search_wanted(name))
		return walk(entry, name, ret);
	search_path(path_of(entry), name, try, &s);
	*ret = s.place;
	return s.place.guest ? 0 : -ENOENT;
}

static bool is_empty(const char *dir)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return false;
	return d;
}

static int not_there(const struct entry *entry, struct err *e)
{
	const char *root = entry->binds.root, *name = entry->how->argv[0];

	if (is_empty(root))
		return err_set(e, -EINVAL, "the root %s is empty, there is nothing to run in it", root);
	if (!strncmp(name, PROOT_HOST, strlen(PROOT_HOST)))
		return err_set(e, -EINVAL, "there is no %s in the root %s; -b /:/host-rootfs shows this machine's "
			       "files there", name, root);
	if (!search_wanted(name))
		return err_set(e, -EINVAL, "there is no %s in the root %s", name, root);
	return err_set(e, -EINVAL, "there is no %s in the root %s; searched were %s", name, root,
		       path_of(entry));
}

static int no_interpreter(const struct entry *entry, const char *program, const char *how, const char *interp,
			  struct err *e)
{
	return err_set(e, -EINVAL, "%s %s%s, which the root %s does not have: install it there, or bind it (-b)",
		       program, how, interp, entry->binds.root);
}

/* A program of a machine that neither this kernel nor what -q gives can run. */
static int why_foreign(const struct entry *entry, const struct binds_place *p, const struct elf_info *elf,
		       struct err *e)
{
	const struct qemu_target *target = qemu_target_of(elf);
	const struct qemu *q = entry->how->qemu;
	struct utsname here = { 0 };

	uname(&here);
	if (!target)
		return err_set(e, -EINVAL, "%s is a %u-bit program for machine %u, which nothing here knows; this "
			       "machine is %s", p->guest, elf->bits, elf->machine, here.machine);
	if (q && q->target)
		return err_set(e, -EINVAL, "%s is a program for %s, and %s runs those for %s: -q qemu-%s-static",
			       p->guest, target->name, q->words[0], q->target->name, target->name);
	return err_set(e, -EINVAL, "%s is a program for %s, this machine is %s: -q qemu-%s-static runs it through "
		       "an emulator", p->guest, target->name, here.machine, target->name);
}

static int why_elf(const struct entry *entry, const struct binds_place *p, const struct elf_info *elf,
		   int error, struct err *e)
{
	struct binds_place interp = { 0 };
	int r;

	if (error == -ENOEXEC)
		return why_foreign(entry, p, elf, e);
	r = elf->interp ? walk(entry, elf->interp, &interp) : 0;
	binds_place_clear(&interp);
	if (r < 0)
		return no_interpreter(entry, p->guest, "needs ", elf->interp, e);
	return err_set(e, error, "%s", p->guest);
}

static int why_file(const struct entry *entry, const struct binds_place *p, int depth, int error, struct err *e);

static int why_script(const struct entry *entry, const struct binds_place *p, const char *interp, int depth,
		      int error, struct err *e)
{
	struct binds_place next = { 0 };
	int r = walk(entry, interp, &next);

	if (r < 0)
		r = no_interpreter(entry, p->guest, "begins with #!", interp, e);
	else if (depth >= MAX_SCRIPTS)
		r = err_set(e, -EINVAL, "%s is run by scripts that are run by scripts without end", p->guest);
	else
		r = why_file(entry, &next, depth + 1, error, e);
	binds_place_clear(&next);
	return r;
}

static int why_content(const struct entry *entry, const struct binds_place *p, int fd, int depth, int error,
		       struct err *e)
{
	_cleanup_free_ char *interp = NULL, *arg = NULL;
	struct elf_info elf = { 0 };
	struct stat st;
	int r;

	if (elf_read(fd, &elf, NULL) == 0) {
		r = why_elf(entry, p, &elf, error, e);
		elf_info_clear(&elf);
		return r;
	}
	if (elf_has_magic(fd))
		return err_set(e, -EINVAL, "%s is an ELF file that is damaged or cut off: install it again", p->guest);
	if (elf_shebang(fd, &interp, &arg, NULL) == 0)
		return why_script(entry, p, interp, depth, error, e);
	if (fstat(fd, &st) == 0 && !st.st_size)
		return err_set(e, -EINVAL, "%s is empty", p->guest);
	if (error == -ENOEXEC)
		return err_set(e, -EINVAL, "%s is neither an ELF program nor a script that begins with #!", p->guest);
	return err_set(e, error, "%s", p->guest);
}

static int why_file(const struct entry *entry, const struct binds_place *p, int depth, int error, struct err *e)
{
	_cleanup_close_ int fd = -1;

	if (S_ISDIR(p->mode))
		return err_set(e, -EINVAL, "%s is a directory", p->guest);
	if (!S_ISREG(p->mode))
		return err_set(e, -EINVAL, "%s is not a file that can be run", p->guest);
	if (error == -EACCES && !is_program(p))
		return err_set(e, -EINVAL, "%s may not be executed (chmod +x)", p->guest);
	fd = open(p->host, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? err_set(e, error, "%s", p->guest) : why_content(entry, p, fd, depth, error, e);
}

void whynot_after(const struct entry *entry, int error, struct err *e)
{
	struct binds_place p = { 0 };

	if (find(entry, &p) < 0)
		not_there(entry, e);
	else
		why_file(entry, &p, 1, error, e);
	binds_place_clear(&p);
}

int whynot_before(const struct entry *entry, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct binds_place p = { 0 };
	struct elf_info elf = { 0 };
	struct stat st;
	int r = 0;

	if (find(entry, &p) == 0 && is_program(&p))
		fd = open(p.host, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && elf_read(fd, &elf, NULL) == 0 && elf.load_end > (uint64_t)st.st_size)
		r = err_set(e, -EINVAL, "%s is cut off: it is %llu bytes long and needs %llu; install it again",
			    p.guest, (unsigned long long)st.st_size, (unsigned long long)elf.load_end);
	elf_info_clear(&elf);
	binds_place_clear(&p);
	return r;
}
