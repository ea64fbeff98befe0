// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink's life, and each event on its way. */
#include "core/translate/translate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/translate/internal.h"
#include "emul/elf/cache.h"

void call_answer(struct event *ev, int64_t value)
{
	ev->answered = true;
	ev->answer = value;
}

int call_refuse(struct translate *tr, struct event *ev, int error, const char *what)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	call_answer(ev, error);
	if (map_get(tr->told, what, strlen(what)))
		return 1;
	if (map_set(tr->told, what, strlen(what), tr, NULL) < 0)
		return err_set(tr->e, -ENOMEM, "refuse a call");
	task_name(ev->task, &name);
	log_warn("%s: %s cannot be translated, it fails with: %s", buf_str(&name), what, strerror(-error));
	return 1;
}

/* --- paths that are passed on -------------------------------------------------------------- */

/*
 * openat2(2) confines a walk to the directory that it starts from, or to its mount: true of
 * the guest's, and found out, but not of the way that leads there on the host.
 */
static void loosen(struct event *ev, int arg)
{
	const struct call *c = ev->call;
	struct open_how how;

	if (task_read(ev->task, c->vals[arg], &how, sizeof(how)) != sizeof(how))
		return;
	how.resolve &= ~(uint64_t)(RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_NO_XDEV);
	patch_arg(ev->patch, c, arg, patch_bytes(ev->patch, &how, sizeof(how)), true);
	patch_arg(ev->patch, c, c->row->args[arg].base, sizeof(how), false);
}

/* The kernel says of the host's path what it would say of the guest's, but not of one that we know better. */
static bool tells_all(const struct event *ev, const struct call_path *p, const struct spot *s)
{
	if (s->answer)
		return true;
	/* Nothing else of these calls can be wrong before the path is looked at. */
	switch (syscall_id(ev->call->row)) {
	case SYSCALL_open:
	case SYSCALL_openat:
		return s->error && !(p->use & USE_CREATE) && !(ev->call->oflags & 020000000);
	case SYSCALL_execve:
	case SYSCALL_chdir:
		return s->error;
	default:
		return false;
	}
}

/* union bpf_attr of BPF_OBJ_PIN and BPF_OBJ_GET begins with the pointer to the path. */
static int pass_attributes(struct translate *tr, struct event *ev, int i)
{
	const struct call *c = ev->call;
	size_t size = (uint32_t)c->vals[2];
	_cleanup_buf_ struct buf attr = BUF_INIT;
	char *to = size <= 4096 ? buf_reserve(&attr, size) : NULL;
	uint64_t at;

	if (!to || task_read(ev->task, c->vals[1], to, size) != (ssize_t)size)
		return call_refuse(tr, ev, -EINVAL, c->row->name);
	at = patch_bytes(ev->patch, to, size);
	patch_word(ev->patch, at, 8, patch_text(ev->patch, tr->spots[i].host.data), true);
	patch_arg(ev->patch, c, 1, at, true);
	return 0;
}

static int pass_on(struct translate *tr, struct event *ev, int i)
{
	const struct call_path *p = &ev->call->paths[i];
	struct spot *s = &tr->spots[i];

	if (s->same)
		return 0;
	if (!s->host.len)
		return call_refuse(tr, ev, -ENOENT, "a path that leads nowhere");
	if (sockets_passes(ev->call))
		return sockets_pass(tr, ev, i);
	if (p->arg < 0)
		return pass_attributes(tr, ev, i);
	ev->rewrite[i] = s->host.data;
	if (ev->call->row == syscall_row(SYSCALL_openat2) && p->walk & (WALK_BENEATH | WALK_IN_ROOT | WALK_NO_XDEV))
		loosen(ev, 2);
	return 0;
}

/* Where nothing may be changed, and what must not be opened. 0 or −errno. */
static int forbidden(const struct translate *tr, const struct event *ev, const struct call_path *p,
		     const struct spot *s)
{
	struct stat st;

	if (s->readonly && (p->use & (USE_WRITE | USE_REPLACE | USE_REMOVE | USE_CHMETA) ||
			    (p->use & USE_CREATE && s->error == -ENOENT)))
		return -EROFS;
	if (!tr->spec.opening || ev->call->row->class != SYSCALL_OPEN || !(p->use & USE_CONTENT) || s->error)
		return 0;
	/* What may not be read at all the kernel denies. */
	if (stat(s->host.data, &st) < 0 || faccessat(AT_FDCWD, s->host.data, R_OK, AT_EACCESS) < 0)
		return 0;
	return tr->spec.opening(tr->spec.ctx, &st);
}

static int one_path(struct translate *tr, struct event *ev, int i, bool look)
{
	const struct call_path *p = &ev->call->paths[i];
	struct spot *s = &tr->spots[i];
	int r = resolve_path(tr, ev->task, p, look, s);

	if (r < 0)
		return r;
	if (p->error && p->error != -EFAULT && p->error != -ENAMETOOLONG)
		return call_refuse(tr, ev, -EACCES, "a path in memory that cannot be read");
	if (tells_all(ev, p, s)) {
		call_answer(ev, s->error ? s->error : -ENOENT);
		return 0;
	}
	r = forbidden(tr, ev, p, s);
	if (r < 0) {
		call_answer(ev, r);
		return 0;
	}
	if (look && !s->same) {
		r = look_answer(tr, ev, s);
		if (r)
			return r;
	}
	r = tell_link(tr, ev, s);
	if (r == 0 && ev->call->row == syscall_row(SYSCALL_chdir))
		r = cwd_enter(tr, ev, s);
	if (r == 0 && ev->call->row->class == SYSCALL_OPEN)
		r = procfs_open(tr, ev, s);
	return r ? r : pass_on(tr, ev, i);
}

static int all_paths(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	bool look = look_wanted(tr, ev->task, c);
	int r = 0;

	if (c->more)
		return call_refuse(tr, ev, -E2BIG, "more paths in one call than are looked at");
	for (int i = 0; i < c->n_paths && r >= 0 && !ev->answered; i++)
		r = one_path(tr, ev, i, look);
	return r;
}

/* --- events ---------------------------------------------------------------------------------- */

/* Directories get other names: what is remembered of working directories is not true any more. */
static void renames(struct translate *tr, struct event *ev)
{
	for (int i = 0; i < ev->call->n_paths; i++)
		if (ev->call->paths[i].use & USE_REMOVE && ev->call->n_paths > 1)
			ev->want_return = true;
	if (ev->want_return)
		task_fs_changed_all(tr->spec.tasks);
}

static int rights_change(struct translate *tr, struct event *ev)
{
	struct state *s = state_of(tr, ev->task);

	if (!s)
		return -ENOMEM;
	/* What a sink for ids answers changes nothing. */
	state_doubt_ids(s, !tr->spec.looked && rights_matter(ev));
	return 0;
}

static int on_call(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	int r;

	if (ev->answered)
		return 0;
	if (!c->row)	/* newer than us: programs fall back */
		return call_refuse(tr, ev, -ENOSYS, "a system call that is newer than this care");
	switch (c->row->class) {
	case SYSCALL_TELL:
		return tell_cwd(tr, ev);
	case SYSCALL_EXEC:
		return program_call(tr, ev);
	case SYSCALL_PEER:
		return sockets_ask(tr, ev);
	case SYSCALL_IDS:
	case SYSCALL_WHO:
		return rights_change(tr, ev);
	case SYSCALL_CHANGE:
		renames(tr, ev);
		break;
	default:
		break;
	}
	if (c->row == syscall_row(SYSCALL_sendmmsg))
		return c->n_paths ? sockets_many(tr, ev) : 0;
	r = mounts_call(tr, ev);
	return r || ev->answered ? MIN(r, 0) : all_paths(tr, ev);
}

/* What cannot be told of a task's rights the kernel is asked. */
static int on_call_of(struct translate *tr, struct event *ev)
{
	struct state *s = map_get(tr->states, &ev->task->tid, sizeof(ev->task->tid));
	bool asks = s && s->other_ids && ev->call->row && ev->call->n_paths;
	int r;

	/* The call that may have changed them has returned, or this one would not be made. */
	if (asks && s->ids_doubt) {
		s->ids_doubt = false;
		s->other_ids = !rights_are_ours(tr, ev->task);
	}
	if (tr->root && asks && s->other_ids)
		rights_take(tr, ev->task);
	r = on_call(tr, ev);
	rights_return(tr);
	return r;
}

static int on_return(struct translate *tr, struct event *ev)
{
	state_release(tr, ev->task);
	if (ev->call->row == syscall_row(SYSCALL_sendmmsg))
		sockets_sent(tr, ev);
	if (ev->call->row->class == SYSCALL_CHANGE)
		renames(tr, ev);
	if (ev->call->row == syscall_row(SYSCALL_chdir))
		cwd_entered(tr, ev);
	return ev->call->row->class == SYSCALL_PEER ? sockets_told(tr, ev) : 0;
}

static int on_event(struct sink *sink, struct event *ev, struct err *e)
{
	struct translate *tr = (struct translate *)sink;	/* its first member */
	struct err own = { 0 };
	int r;

	tr->e = e ? e : &own;
	switch (ev->kind) {
	case EVENT_CALL:
		r = on_call_of(tr, ev);
		return MIN(r, 0);
	case EVENT_RETURN:
		return on_return(tr, ev);
	case EVENT_START:
		return state_start(tr, ev->task);
	case EVENT_EXEC:
	case EVENT_BEGIN:
		return program_done(tr, ev);
	case EVENT_EXIT:
		state_exit(tr, ev->task);
		return 0;
	default:
		return 0;
	}
}

struct translate *translate_new(const struct translate_spec *spec, struct err *e)
{
	struct translate *tr = calloc(1, sizeof(*tr));
	int r = 0;

	if (!tr) {
		err_set(e, -ENOMEM, "translate paths");
		return NULL;
	}
	tr->sink = (struct sink){ "translate", on_event };
	tr->spec = *spec;
	tr->e = e;
	tr->root = geteuid() == 0;
	for (int i = 0; i < CALL_PATHS; i++)
		tr->spots[i].fd = -1;
	snprintf(tr->proc_self, sizeof(tr->proc_self), "/proc/%d", (int)getpid());
	tr->states = map_new();
	tr->told = map_new();
	tr->sockets = map_new();
	tr->files = elf_cache_new();
	tr->space = tr->states && tr->told && tr->sockets && tr->files ? space_new(spec->root, e) : NULL;
	r = tr->space ? 0 : -ENOMEM;
	if (r < 0) {
		translate_free(tr);
		return NULL;
	}
	space_set_magic(tr->space, tell_magic, tr);
	space_set_files(tr->space, spec->is_file);
	return tr;
}

void translate_free(struct translate *tr)
{
	size_t cursor = 0;
	void *given;

	if (!tr)
		return;
	for (int i = 0; i < CALL_PATHS; i++)
		spot_free(&tr->spots[i]);
	states_free(tr);
	map_free(tr->told);
	while (tr->sockets && map_next(tr->sockets, &cursor, NULL, NULL, &given))
		free(given);
	map_free(tr->sockets);
	buf_free(&tr->our_groups);
	buf_free(&tr->our_rights);
	free(tr->cwd);
	elf_cache_free(tr->files);
	space_free(tr->space);
	free(tr);
}

int translate_bind(struct translate *tr, const char *host, const char *guest, unsigned flags,
		   struct buf *ret_missing, struct err *e)
{
	struct spot s = { .fd = -1 };
	int r;

	if (flags & TRANSLATE_LITERAL)
		return space_bind(tr->space, host, guest, flags & TRANSLATE_READONLY, e);
	r = resolve_guest(tr, guest, flags & TRANSLATE_NOFOLLOW ? WALK_NOFOLLOW : 0, &s);

	if (r == 0 && s.error == -ENOENT && ret_missing)
		buf_adds(ret_missing, buf_str(&s.host));
	if (r == 0)
		r = s.error ? s.error : s.proc ? -EPERM : 0;
	if (r == 0) {
		r = space_bind(tr->space, host, s.guest.data, flags & TRANSLATE_READONLY, e);
	} else {
		err_set(e, r, "bind %s to %s", host, guest);
	}
	spot_free(&s);
	return r;
}

int translate_start_in(struct translate *tr, const char *guest)
{
	free(tr->cwd);
	tr->cwd = strdup(guest);
	return tr->cwd ? 0 : -ENOMEM;
}

struct sink *translate_sink(struct translate *tr)
{
	return &tr->sink;
}

unsigned translate_classes(const struct translate *tr)
{
	/* Nobody but root has capabilities to give up: capset(2). */
	return (SYSCALL_FILES & ~SYSCALL_BIT(SYSCALL_LIST)) | SYSCALL_BIT(SYSCALL_TELL) |
	       (tr->root ? SYSCALL_BIT(SYSCALL_WHO) : 0) |
	       SYSCALL_BIT(SYSCALL_IDS) | SYSCALL_BIT(SYSCALL_PEER);
}

int translate_host(struct translate *tr, const char *guest, bool follow, struct buf *ret_host)
{
	struct spot s = { .fd = -1 };
	int r = resolve_guest(tr, guest, follow ? 0 : WALK_NOFOLLOW, &s);

	if (r == 0) {
		buf_adds(ret_host, buf_str(&s.host));
		r = buf_error(ret_host) < 0 ? -ENOMEM : s.error;
	}
	spot_free(&s);
	return r;
}

int translate_call_host(struct translate *tr, struct task *t, const struct call *c, int i, struct buf *ret_host)
{
	struct spot s = { .fd = -1 };
	int r = resolve_path(tr, t, &c->paths[i], false, &s);

	if (r == 0 && s.proc) {
		r = -EINVAL;
	} else if (r == 0) {
		buf_adds(ret_host, buf_str(&s.host));
		r = buf_error(ret_host) < 0 ? -ENOMEM : s.error;
	}
	spot_free(&s);
	return r;
}
