// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * execve(2): the kernel would look for interpreters among the host's files. So a script is
 * replaced by its interpreter, with the arguments that fs/binfmt_script.c would make, and a
 * dynamic program by its ld.so, into which the program itself is put before it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/event/exec.h"
#include "core/translate/internal.h"
#include "emul/elf/cache.h"
#include "emul/loader/loader.h"
#include "emul/qemu/qemu.h"

#define SCRIPTS_MOST 5		/* #! of #! … (exec_binprm() in fs/exec.c) */
#define PATH_BYTES 4096	/* PATH_MAX, the NUL included */
#define ARGS_MOST (1 << 20)	/* pointers; the strings' own limit is met before that */

/* What is going to be executed. */
struct search {
	struct spot spot;
	struct buf execfn;	/* the name that it was given: AT_EXECFN, and $0 of a script */
	struct buf words;	/* char * each: what stands before the caller's second argument */
	size_t scripts;
	bool by_fd;		/* the call names a descriptor, which the kernel can execute as it is */
	struct elf_file *file;	/* what is in the file at spot, NULL: not known yet … */
	int program_fd;		/* … and open here, −1: it was read before */
	bool changes_ids;	/* set-uid or set-gid */
};

static void search_free(struct search *x)
{
	char **words = (char **)x->words.data;

	for (size_t i = 0; i < x->words.len / sizeof(*words); i++)
		free(words[i]);
	buf_free(&x->words);
	buf_free(&x->execfn);
	spot_free(&x->spot);
	elf_file_unref(x->file);
	cleanup_closep(&x->program_fd);
}

/* In front of all words. NULL: what the caller gives as argv[0]. */
static int add_word(struct search *x, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	buf_add(&x->words, &copy, sizeof(copy));
	if ((text && !copy) || buf_error(&x->words) < 0) {
		free(copy);
		return -ENOMEM;
	}
	memmove(x->words.data + sizeof(copy), x->words.data, x->words.len - sizeof(copy));
	memcpy(x->words.data, &copy, sizeof(copy));
	return 0;
}

/* A descriptor to read what @spot is. −errno. */
static int reopen(struct translate *tr, const struct spot *spot)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", spot->fd);
	rights_vary(tr, RIGHTS_OURS);
	fd = open(spot->fd >= 0 ? name : spot->host.data, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	rights_vary(tr, RIGHTS_FILES);
	return fd;
}

/* The new image can open it by this name as well: it need not be open here. */
static bool has_name(const struct search *x)
{
	return !x->by_fd && !x->spot.proc && x->spot.host.len < PATH_BYTES;
}

/* 0 or −errno. */
static int may_execute(const struct translate *tr, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -EACCES;
	return tr->spec.opening ? tr->spec.opening(tr->spec.ctx, st) : 0;
}

/* Opened, and read anew. 0, -ENOMEM, or what comes of the file in *ret_error. */
static int read_program(struct translate *tr, struct search *x, int *ret_error)
{
	x->program_fd = reopen(tr, &x->spot);
	*ret_error = MIN(x->program_fd, 0);
	return *ret_error ? 0 : elf_cache_read(tr->files, x->program_fd, &x->file);
}

/* What the file is that was found, if it may be executed. */
static int look_into(struct translate *tr, struct search *x, int *ret_error)
{
	const struct spot *s = &x->spot;
	char name[64];
	const char *path = s->host.data;
	struct stat st;

	elf_file_unref(steal_ptr(x->file));
	cleanup_closep(&x->program_fd);
	x->program_fd = -1;
	if (s->fd >= 0) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", s->fd);
		path = name;
	}
	if ((s->fd >= 0 ? fstat(s->fd, &st) : stat(path, &st)) < 0) {	/* O_PATH: since 3.6 */
		*ret_error = -errno;
		return 0;
	}
	x->changes_ids = st.st_mode & (S_ISUID | S_ISGID);
	*ret_error = may_execute(tr, path, &st);
	if (*ret_error)
		return 0;
	/* Known: we could read it, and with its times its mode is as it was. */
	x->file = has_name(x) ? elf_cache_find(tr->files, &st) : NULL;
	return x->file ? 0 : read_program(tr, x, ret_error);
}

/* What a program file, or an interpreter, is called: @text, from the working directory. */
static int find(struct translate *tr, struct event *ev, const char *text, struct spot *s)
{
	struct call_path p = { .dirfd = CALL_CWD, .text = BUF_INIT };
	int r;

	buf_adds(&p.text, text);
	r = buf_error(&p.text) < 0 ? -ENOMEM : resolve_path(tr, ev->task, &p, true, s);
	buf_free(&p.text);
	/* Left alone the kernel would get there, but it is we who must. */
	if (r == 0 && !s->host.len && !s->error)
		s->error = -ENOENT;
	return r;
}

/* "#!": what executes the script is looked for next. Errors of files come in *ret_error. */
static int take_script(struct translate *tr, struct event *ev, struct search *x, const char *interp,
		       const char *arg, int *ret_error)
{
	int r = 0;

	if (x->scripts++ == SCRIPTS_MOST) {
		*ret_error = -ELOOP;
		return 0;
	}
	if (!x->words.len)
		r = add_word(x, x->execfn.data);
	if (r == 0 && arg)
		r = add_word(x, arg);
	if (r == 0)
		r = add_word(x, interp);
	if (r == 0)
		r = find(tr, ev, interp, &x->spot);
	*ret_error = x->spot.error;
	return r;
}

/* Through scripts to what the kernel can execute: x->file, or *ret_error. */
static int search(struct translate *tr, struct event *ev, struct search *x, int *ret_error)
{
	int r = 0;

	while (r == 0 && !*ret_error) {
		r = look_into(tr, x, ret_error);
		if (r < 0 || *ret_error || !x->file->interp)
			break;
		r = take_script(tr, ev, x, x->file->interp, x->file->arg, ret_error);
	}
	return r;
}

/* --- the call's new arguments ------------------------------------------------------------------ */

/*
 * Pointers of the caller's argv from the second on, to the NULL; the first one goes into
 * *ret_first. −errno: EFAULT, E2BIG.
 */
static int read_args(const struct event *ev, uint64_t addr, uint64_t *ret_first, struct buf *ret)
{
	const unsigned word = ev->call->abi->word;
	uint64_t value = 1;

	for (size_t n = 0; addr && value; n++, addr += word) {
		value = 0;
		if (n == ARGS_MOST)
			return -E2BIG;
		if (task_read(ev->task, addr, &value, word) != (ssize_t)word)
			return -EFAULT;
		if (n || !value)
			buf_add(ret, &value, word);
		else
			*ret_first = value;
	}
	if (!ret->len)
		buf_add(ret, &value, word);
	return buf_error(ret);
}

static int index_of_argv(const struct call *c)
{
	return c->row == syscall_row(SYSCALL_execveat) ? 2 : 1;
}

/* What the scripts on the way add in front; 0, -ENOMEM, or what the kernel would say. */
static int set_args(struct event *ev, const struct search *x)
{
	const struct call *c = ev->call;
	char **words = (char **)x->words.data;
	size_t n = x->words.len / sizeof(*words);
	_cleanup_buf_ struct buf rest = BUF_INIT;
	_cleanup_free_ uint64_t *at = calloc(n + 1, sizeof(*at));
	uint64_t array, first = 0;
	int r;

	if (!n)
		return 0;
	r = at ? read_args(ev, c->vals[index_of_argv(c)], &first, &rest) : -ENOMEM;
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		at[i] = !words[i] && first ? first : patch_text(ev->patch, words[i] ?: "");
	array = patch_bytes(ev->patch, at, n * c->abi->word);	/* places, filled in next */
	for (size_t i = 0; i < n; i++)
		patch_word(ev->patch, array + i * c->abi->word, c->abi->word, at[i], words[i] || !first);
	buf_add(&ev->patch->bytes, rest.data, rest.len);
	patch_arg(ev->patch, c, index_of_argv(c), array, true);
	return patch_error(ev->patch);
}

/* @path in place of whatever the call names. */
static void set_path(struct event *ev, const char *path)
{
	const struct call *c = ev->call;
	bool at = c->row == syscall_row(SYSCALL_execveat);

	patch_arg(ev->patch, c, at, patch_text(ev->patch, path), true);
	if (at)
		patch_arg(ev->patch, c, 4, 0, false);
}

/* --- the call ---------------------------------------------------------------------------------- */

/* What execveat(2) with an empty path executes: the name that scripts are given is the kernel's. */
static int of_descriptor(struct translate *tr, struct event *ev, struct search *x)
{
	char name[64];

	(void)tr;
	buf_addf(&x->execfn, "/dev/fd/%d", ev->call->fd);
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)ev->task->tid, ev->call->fd);
	x->spot.fd = open(name, O_PATH | O_CLOEXEC);
	if (x->spot.fd < 0)
		x->spot.error = -EBADF;
	else
		x->by_fd = true;
	return buf_error(&x->execfn);
}

static int of_path(struct translate *tr, struct event *ev, struct search *x)
{
	const struct call_path *p = &ev->call->paths[0];

	/* bprm->filename of fs/exec.c. */
	if (p->dirfd != CALL_CWD && buf_str(&p->text)[0] != '/')
		buf_addf(&x->execfn, "/dev/fd/%d/", p->dirfd);
	buf_add(&x->execfn, buf_str(&p->text), p->text.len);
	return buf_error(&x->execfn) < 0 ? -ENOMEM : resolve_path(tr, ev->task, p, true, &x->spot);
}

/* What becomes of the process if the call succeeds; a call that fails is followed by another, or none. */
static void forget(struct state *s)
{
	loader_free(steal_ptr(s->loader));
	cleanup_closep(&s->program_fd);
	s->program_fd = -1;
	state_set_next(s, NULL);
}

/* /proc/PID/exe must say how the command would name the program, not where it lies. */
static int remember(struct translate *tr, struct state *s, const struct search *x)
{
	struct program *next = calloc(1, sizeof(*next));
	_cleanup_buf_ struct buf link = BUF_INIT, guest = BUF_INIT;
	char name[64];

	if (!next)
		return -ENOMEM;
	state_set_next(s, next);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", x->program_fd);
	if (!x->by_fd && !x->spot.proc) {
		buf_adds(&guest, buf_str(&x->spot.guest));
		next->host = strdup(x->spot.host.data);
		if (!next->host)
			return -ENOMEM;
	} else if (fsview_host()->link(fsview_host(), name, &link) == 0 && buf_str(&link)[0] == '/') {
		space_guest(tr->space, link.data, &guest);
	} else {
		buf_adds(&guest, buf_str(&link));
	}
	next->guest = buf_steal(&guest);
	return next->guest ? 0 : -ENOMEM;
}

/* What the interpreter at @spot is; @st as well. 0, -ENOMEM, or what is wrong with it in *ret_error. */
static int look_at_interp(struct translate *tr, const struct spot *spot, struct stat *st,
			  struct elf_file **ret, int *ret_error)
{
	_cleanup_close_ int fd = -1;

	*ret_error = spot->error;
	if (!*ret_error && (spot->fd >= 0 ? fstat(spot->fd, st) : stat(spot->host.data, st)) < 0)
		*ret_error = -errno;
	if (!*ret_error)
		*ret = elf_cache_find(tr->files, st);
	if (*ret_error || *ret)
		return 0;
	fd = reopen(tr, spot);
	*ret_error = fd < 0 ? fd : fstat(fd, st) < 0 ? -errno : 0;
	return *ret_error ? 0 : elf_cache_read(tr->files, fd, ret);
}

/* Its ld.so is what is executed, and maps it. */
static int load(struct translate *tr, struct event *ev, struct search *x, struct state *s,
		const struct spot *interp, const struct elf_file *interp_file)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct err e = { 0 };
	int r;

	/* What has no name, or too long a one, is opened through a descriptor of ours. */
	if (!has_name(x)) {
		s->program_fd = steal_fd(&x->program_fd);
		buf_addf(&path, "%s/fd/%d", tr->proc_self, s->program_fd);
	} else {
		buf_adds(&path, x->spot.host.data);
	}
	r = buf_error(&path) < 0 ? -ENOMEM :
				   loader_new_of(x->file, interp_file, path.data, x->execfn.data,
						 &s->loader, &e);
	if (r < 0)
		log_info("%s", e.text);
	else
		set_path(ev, interp->host.data);
	return r;
}

/* The kernel executes it as it is; only its name must not be the host's. */
static int run_named(struct event *ev, struct search *x, struct state *s)
{
	struct err e = { 0 };

	if (x->by_fd)
		return 0;
	set_path(ev, x->spot.host.data);
	return strcmp(x->spot.host.data, x->execfn.data) ? loader_new_named(x->execfn.data, &s->loader, &e) : 0;
}

/* The program as the emulator can open it: by the name that was given, where that still means the same. */
static char *name_for_qemu(const struct event *ev, const struct search *x)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	const char *given = x->execfn.data;

	if (x->by_fd)
		buf_addf(&name, "/proc/self/fd/%d", ev->call->fd);
	else if (!x->spot.proc && (!strncmp(given, "/proc/", 6) || !strncmp(given, "/dev/fd/", 8)))
		buf_adds(&name, buf_str(&x->spot.guest));
	else	/* what begins with a dash would be an option */
		buf_addf(&name, "%s%s", *given == '-' ? "./" : "", given);
	return buf_steal(&name);
}

/* "qemu OPTIONS -0 ARGV0 PROGRAM", in front of the program's own arguments. */
static int add_qemu(const struct translate *tr, struct event *ev, struct search *x)
{
	char *const *words = tr->spec.qemu->words;
	_cleanup_free_ char *name = NULL;
	bool script = x->words.len;
	size_t n = 0;
	int r;

	/* A script's interpreter stands there already, and is called by its name. */
	name = script ? strdup(*(char **)x->words.data) : name_for_qemu(ev, x);
	r = !name ? -ENOMEM : script ? 0 : add_word(x, name);
	if (r == 0)
		r = add_word(x, script ? name : NULL);
	if (r == 0)
		r = add_word(x, "-0");
	while (words[n])
		n++;
	while (r == 0 && n)
		r = add_word(x, words[--n]);
	return r;
}

/* Through the emulator, which opens the program and its interpreter as its own calls would. */
static int run_emulated(struct translate *tr, struct event *ev, struct search *x, struct state *s)
{
	struct err e = { 0 };
	unsigned flags;
	int r;

	/* As binfmt_misc does with what nobody could open any more. */
	if (x->by_fd && (task_fd_flags(ev->task, ev->call->fd, &flags) < 0 || flags & O_CLOEXEC))
		return -ENOENT;
	r = add_qemu(tr, ev, x);
	if (r == 0)
		r = remember(tr, s, x);
	if (r == 0)
		r = loader_new_named(x->execfn.data, &s->loader, &e);
	if (r == 0)
		set_path(ev, tr->spec.qemu->path);
	return r;
}

/* x->file, which the kernel is to execute. Errors of files in *ret_error. */
static int run_elf(struct translate *tr, struct event *ev, struct search *x, struct state *s, int *ret_error)
{
	const struct elf_info *elf = &x->file->info;
	struct elf_file *file = NULL;
	struct spot interp = { .fd = -1 };
	struct stat st;
	int r = 0;

	if (x->file->is_elf && tr->spec.qemu && qemu_runs(tr->spec.qemu, elf))
		return run_emulated(tr, ev, x, s);
	/* What this machine has in its binfmt_misc are programs of its own, which look for ours there. */
	if (!x->file->is_elf || !qemu_is_native(elf)) {
		*ret_error = -ENOEXEC;
		return 0;
	}
	if (elf->interp) {
		r = find(tr, ev, elf->interp, &interp);
		if (r == 0)
			r = look_at_interp(tr, &interp, &st, &file, ret_error);
	}
	if (r == 0 && !*ret_error)
		r = remember(tr, s, x);
	if (r == 0 && !*ret_error)
		r = file && loader_differs(elf, &st) ? load(tr, ev, x, s, &interp, file) : run_named(ev, x, s);
	spot_free(&interp);
	elf_file_unref(file);
	return r;
}

/* Of the process: execve(2) of any thread goes on as its leader. */
static struct state *process_state(struct translate *tr, const struct task *t)
{
	const struct task *leader = task_find(tr->spec.tasks, t->tgid);

	return state_of(tr, leader ? leader : t);
}

int program_call(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	struct state *s = process_state(tr, ev->task);
	struct search x = { .spot = { .fd = -1 }, .program_fd = -1 };
	int r, error = 0;

	if (!s)
		return -ENOMEM;
	forget(s);
	if (c->n_paths && c->paths[0].error)
		return 0;	/* EFAULT, ENAMETOOLONG: the kernel says so */
	r = c->n_paths ? of_path(tr, ev, &x) : of_descriptor(tr, ev, &x);
	error = x.spot.error;
	if (r == 0)
		r = search(tr, ev, &x, &error);
	if (r == 0 && !error)
		state_doubt_ids(s, x.changes_ids);
	if (r == 0 && !error)
		r = run_elf(tr, ev, &x, s, &error);
	if (r == 0 && !error)
		r = set_args(ev, &x);
	search_free(&x);
	if (error || (r < 0 && r != -ENOMEM))
		call_answer(ev, error ? error : r);
	else if (r < 0)
		return err_set(tr->e, r, "execute a program");
	return 0;
}

int program_done(struct translate *tr, struct event *ev)
{
	struct state *s = state_of(tr, ev->task), *caller;
	struct err e = { 0 };

	if (!s)
		return -ENOMEM;
	/* Capabilities are made anew from all that an earlier call may have changed. */
	caller = ev->kind == EVENT_EXEC ? map_get(tr->states, &ev->exec->caller, sizeof(ev->exec->caller)) : NULL;
	state_doubt_ids(s, caller && caller->ids_asked);
	state_set_program(s, s->next);
	if (s->loader && (ev->kind == EVENT_EXEC ? loader_exec : loader_begin)(s->loader, ev, &e) < 0)
		log_warn("%s", e.text);
	/* The calls that it wants made come next; with none of them it has begun. */
	if (ev->kind == EVENT_BEGIN || !s->loader || !ev->exec->calls.len)
		forget(s);
	return 0;
}

int translate_program(struct translate *tr, struct task *t, struct stat *ret)
{
	struct state *s = process_state(tr, t);
	char exe[64];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)t->tid);
	return stat(s && s->program && s->program->host ? s->program->host : exe, ret) < 0 ? -errno : 0;
}
