// SPDX-License-Identifier: GPL-2.0-or-later
/* What every way to enter a root needs to know of this machine first. */
#include "core/replay/enter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/replay/natives.h"
#include "core/replay/points.h"
#include "core/replay/settle.h"
#include "emul/qemu/qemu.h"

extern char **environ;

/* Of PRoot's own variables nothing is for the command. */
static bool is_ours(const char *variable)
{
	static const char *const names[] = {
		"PROOT_IGNORE_MISSING_BINDINGS=", "PROOT_NO_SECCOMP=", "PROOT_TMP_DIR=", "PROOT_L2S_DIR=",
		"PROOT_VERBOSE=", "PROOT_DONT_POLLUTE_ROOTFS=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

static void free_words(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

/* PWD follows where the command starts, if it had one: some shells and make believe it. */
static char *variable_for(const char *variable, const char *cwd)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (strncmp(variable, "PWD=", 4))
		return strdup(variable);
	buf_addf(&b, "PWD=%s", cwd);
	return buf_steal(&b);
}

static char **make_env(const char *cwd)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++) {
		if (is_ours(environ[i]))
			continue;
		env[kept] = variable_for(environ[i], cwd);
		if (!env[kept++]) {
			free_words(env);
			return NULL;
		}
	}
	return env;
}

/* As PRoot: a directory that is not there is told, and the top will do. */
static int find_cwd(struct entry *entry, struct err *e)
{
	const char *word = entry->how->cwd;
	_cleanup_free_ char *here = word && *word == '/' ? NULL : getcwd(NULL, 0);
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct binds_place place = { 0 };
	int r;

	buf_addf(&path, "%s%s%s", here ?: "", here && word ? "/" : "", word ?: "");
	if (!path.len || path.data[0] != '/')
		buf_adds(&path, "/");
	r = buf_error(&path);
	if (r == 0)
		r = binds_walk(&entry->binds, buf_str(&path), 0, &place);
	if (r == 0 && !S_ISDIR(place.mode))
		r = -ENOTDIR;
	if (r == -ENOMEM)
		return err_set(e, r, "find the working directory");
	if (r < 0 && word)
		log_warn("the working directory %s is not in the root (%s): / is taken", buf_str(&path),
			 strerror(-r));
	entry->cwd = r == 0 ? steal_ptr(place.guest) : strdup("/");
	binds_place_clear(&place);
	return entry->cwd ? 0 : err_set(e, -ENOMEM, "find the working directory");
}

/* The emulator's path is looked up from this machine's root, which it is relative to then. */
static int make_binfmt(struct entry *entry)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!entry->how->qemu || *entry->why_not)
		return 0;
	qemu_binfmt(entry->how->qemu, entry->how->qemu->path + 1, &line);
	entry->binfmt = buf_steal(&line);
	return entry->binfmt ? 0 : -ENOMEM;
}

/* Where it is missing in the root a symlink does, if it leads to the same. */
static bool is_by_link(const struct entry *entry, const struct binds_entry *b)
{
	_cleanup_free_ char *there = binds_host(&entry->binds, b->host);

	return b->flags & BINDS_MISSING && there && !strcmp(there, b->host);
}

/* Root has no user namespace of its own here: it would be registered for the whole machine. */
static const char *qemu_why(const struct qemu *q)
{
	return geteuid() == 0 ? "only in a user's namespace can it be registered" : qemu_binfmt_why_not(q);
}

static void option_why(const struct enter *how, char *to, size_t size)
{
	const char *qemu = how->qemu ? qemu_why(how->qemu) : NULL;

	/* Where those lead is said by this machine's names, which nothing in the root has. */
	if (how->links)
		snprintf(to, size, "symlinks are to stand for hard links (-l)");
	else if (qemu)
		snprintf(to, size, "%.80s is to run programs (-q), and %s", how->qemu->words[0], qemu);
}

static void find_why_not(struct entry *entry)
{
	option_why(entry->how, entry->why_not, sizeof(entry->why_not));
	for (size_t i = 0; i < entry->binds.n; i++) {
		const struct binds_entry *b = &entry->binds.v[i];

		if (b->flags & BINDS_ON_LINK)
			snprintf(entry->why_not, sizeof(entry->why_not),
				 "%.100s is a symlink, and is to be covered itself", b->guest);
		/* A usual one is left out instead. */
		else if (b->flags & BINDS_TASK && !(b->flags & BINDS_USUAL) && !is_by_link(entry, b))
			snprintf(entry->why_not, sizeof(entry->why_not),
				 "%.100s is to be another file for each process", b->guest);
	}
}

/* What is bound without being asked for; the words are others', the list is the caller's. NULL: no memory. */
static const char **make_usual(const struct enter *how, char *const natives[NATIVES_MOST + 1])
{
	size_t n = 0, used = 0;
	const char **list;

	while (how->usual && how->usual[n])
		n++;
	list = calloc(n + NATIVES_MOST + 1, sizeof(*list));
	for (size_t i = 0; list && i < n; i++)
		list[used++] = how->usual[i];
	for (size_t i = 0; list && natives[i]; i++)
		list[used++] = natives[i];
	return list;
}

static int make_binds(struct entry *entry, struct err *e)
{
	const struct enter *how = entry->how;
	char *natives[NATIVES_MOST + 1] = { NULL };
	struct binds_words words = {
		.root = how->root, .words = how->binds.v, .n = how->binds.n,
		.usual_root = how->usual_root, .silent = how->silent, .links = how->links,
	};
	_cleanup_free_ const char **usual = NULL;
	int r;

	/* Programs of both machines run side by side. */
	if (how->qemu && !how->qemu->all && how->root)
		natives_find(how->root, natives);
	usual = make_usual(how, natives);
	words.usual = usual;
	r = usual ? binds_make(&entry->binds, &words, e) : err_set(e, -ENOMEM, "bind");
	for (size_t i = 0; natives[i]; i++)
		free(natives[i]);
	return r;
}

void entry_clear(struct entry *entry)
{
	points_remove(entry->points);
	binds_clear(&entry->binds);
	free_words(entry->env);
	free(entry->cwd);
	free(entry->binfmt);
	*entry = (struct entry){ 0 };
}

int enter_prepare(struct entry *ret, const struct enter *how, struct err *e)
{
	struct entry entry = { .how = how };
	int r = make_binds(&entry, e);

	/* A working directory may lie on the way to a mount point. */
	if (r == 0)
		r = points_make(&entry.points, &entry.binds, how->isolate & PLAN_NS_PID ? "/proc" : NULL,
				how->no_points, e);
	if (r == 0)
		r = find_cwd(&entry, e);
	if (r == 0) {
		settle_beside(entry.binds.root);
		entry.env = make_env(entry.cwd);
		if (!entry.env)
			r = err_set(e, -ENOMEM, "copy the environment");
	}
	if (r == 0) {
		find_why_not(&entry);
		if (make_binfmt(&entry) < 0)
			r = err_set(e, -ENOMEM, "register an emulator");
	}
	if (r == 0) {
		*ret = entry;
	} else {
		entry_clear(&entry);
	}
	return r;
}
