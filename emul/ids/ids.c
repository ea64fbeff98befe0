// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink: what a call comes to for us, and the tasks' life. */
#include "emul/ids/ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "emul/ids/internal.h"

static const uint8_t ops[SYSCALL_IDS_END] = {
	[SYSCALL_stat] = OP_STAT, [SYSCALL_lstat] = OP_STAT, [SYSCALL_fstat] = OP_STAT,
	[SYSCALL_stat64] = OP_STAT, [SYSCALL_lstat64] = OP_STAT, [SYSCALL_fstat64] = OP_STAT,
	[SYSCALL_oldstat] = OP_STAT, [SYSCALL_oldlstat] = OP_STAT, [SYSCALL_oldfstat] = OP_STAT,
	[SYSCALL_newfstatat] = OP_STAT, [SYSCALL_fstatat64] = OP_STAT, [SYSCALL_statx] = OP_STAT,
	[SYSCALL_chown] = OP_CHOWN, [SYSCALL_lchown] = OP_CHOWN, [SYSCALL_fchown] = OP_CHOWN,
	[SYSCALL_chown32] = OP_CHOWN, [SYSCALL_lchown32] = OP_CHOWN, [SYSCALL_fchown32] = OP_CHOWN,
	[SYSCALL_fchownat] = OP_CHOWN,
	[SYSCALL_chmod] = OP_CHMOD, [SYSCALL_fchmod] = OP_CHMOD, [SYSCALL_fchmodat] = OP_CHMOD,
	[SYSCALL_fchmodat2] = OP_CHMOD,
	[SYSCALL_open] = OP_OPEN, [SYSCALL_openat] = OP_OPEN, [SYSCALL_openat2] = OP_OPEN,
	[SYSCALL_creat] = OP_OPEN,
	[SYSCALL_mkdir] = OP_MKDIR, [SYSCALL_mkdirat] = OP_MKDIR,
	[SYSCALL_mknod] = OP_MKNOD, [SYSCALL_mknodat] = OP_MKNOD,
	[SYSCALL_symlink] = OP_SYMLINK, [SYSCALL_symlinkat] = OP_SYMLINK, [SYSCALL_bind] = OP_BIND,
	[SYSCALL_unlink] = OP_REMOVE, [SYSCALL_unlinkat] = OP_REMOVE, [SYSCALL_rmdir] = OP_REMOVE,
	[SYSCALL_rename] = OP_RENAME, [SYSCALL_renameat] = OP_RENAME, [SYSCALL_renameat2] = OP_RENAME,
	[SYSCALL_setxattr] = OP_SET_XATTR, [SYSCALL_lsetxattr] = OP_SET_XATTR,
	[SYSCALL_fsetxattr] = OP_SET_XATTR,
	[SYSCALL_getxattr] = OP_GET_XATTR, [SYSCALL_lgetxattr] = OP_GET_XATTR,
	[SYSCALL_fgetxattr] = OP_GET_XATTR,
	[SYSCALL_listxattr] = OP_LIST_XATTR, [SYSCALL_llistxattr] = OP_LIST_XATTR,
	[SYSCALL_flistxattr] = OP_LIST_XATTR,
	[SYSCALL_removexattr] = OP_REMOVE_XATTR, [SYSCALL_lremovexattr] = OP_REMOVE_XATTR,
	[SYSCALL_fremovexattr] = OP_REMOVE_XATTR,
};

int no_memory(struct ids *ids)
{
	return err_set(ids->e, -ENOMEM, "remember owners");
}

void answer(struct event *ev, int64_t value)
{
	ev->answered = true;
	ev->answer = value;
}

struct who *who_of(struct ids *ids, const struct task *t)
{
	return map_get(ids->whos, &t->tid, sizeof(t->tid));
}

static void who_free(struct who *w)
{
	creds_free(&w->creds);
	buf_free(&w->path);
	free(w);
}

/* --- tasks ------------------------------------------------------------------------------------- */

static int start(struct ids *ids, struct task *t)
{
	const struct who *maker = t->parent ? who_of(ids, t->parent) : NULL;
	struct who *w = calloc(1, sizeof(*w)), *old = NULL;
	int r = !w ? -ENOMEM : maker ? creds_copy(&w->creds, &maker->creds) :
		creds_init(&w->creds, ids->spec.uid, ids->spec.gid, ids->all_caps);

	if (r == 0)
		r = map_set(ids->whos, &t->tid, sizeof(t->tid), w, (void **)&old);
	if (r < 0) {
		if (w)
			who_free(w);
		return no_memory(ids);
	}
	if (old)
		who_free(old);
	return 0;
}

static void end(struct ids *ids, const struct task *t)
{
	struct who *w = map_remove(ids->whos, &t->tid, sizeof(t->tid));

	if (w)
		who_free(w);
}

static void executed(struct ids *ids, struct task *t)
{
	struct who *w = who_of(ids, t);
	struct stat_facts f = { 0 };
	bool secure;

	if (!w)
		return;
	w->asked = (struct asked){ 0 };
	if (facts_of_program(ids, t, &f) == 0)
		facts_show(ids, &f);
	secure = creds_exec(&w->creds, f.mode, f.uid, f.gid);
	who_tell_image(w, t, secure);
}

/* --- calls ------------------------------------------------------------------------------------- */

/* Is it the call whose facts we asked for, made again? Else those are of no use any more. */
static void resume(struct asked *a, const struct call *c)
{
	if (a->stage != STAGE_FIRST && a->nr == c->nr && !memcmp(a->args, c->args, sizeof(a->args)))
		return;
	*a = (struct asked){ .nr = c->nr };
	memcpy(a->args, c->args, sizeof(a->args));
}

static int show_call(struct ids *ids, struct event *ev)
{
	const struct ids_spec *s = &ids->spec;

	/* Nothing was said, and the kernel maps our ids: nothing is to be changed. */
	if (table_count(ids->table) || s->uid != s->seen_uid || s->gid != s->seen_gid)
		ev->want_return = true;
	return 0;
}

static int show_return(struct ids *ids, struct event *ev)
{
	const struct call *c = ev->call;
	unsigned char bytes[STAT_SIZE_MAX];
	int arg = 0;
	const struct stat_layout *l = stat_layout(c->abi, syscall_id(c->row), &arg);

	if (ev->result != 0 || !l ||
	    task_read(ev->task, c->vals[arg], bytes, l->size) != l->size)
		return 0;
	if (facts_show_bytes(ids, l, bytes))
		task_write(ev->task, c->vals[arg], bytes, l->size);
	return 0;
}

static enum op op_of(const struct call *c)
{
	return c->row ? ops[syscall_id(c->row)] : OP_NONE;
}

/* Where no namespace makes our user root, and who acts is. */
static bool unlock_wanted(const struct ids *ids, const struct who *w, const struct call *c)
{
	return ids->our_uid && ids->spec.seen_uid == ids->our_uid && c->n_paths &&
	       (c->row->class == SYSCALL_OPEN || c->row->class == SYSCALL_CHANGE ||
		c->row->class == SYSCALL_ENTER) &&
	       creds_can(&w->creds, CREDS_DAC_OVERRIDE);
}

static int on_call(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *c = ev->call;
	enum op op = op_of(c);
	int r;

	/* Another sink's answer, or another call that it put in place. */
	if (ev->answered || !c->row || (ev->patch && ev->patch->call != SYSCALL_NONE))
		return 0;
	if (c->row->class == SYSCALL_IDS || c->row->class == SYSCALL_WHO) {
		who_call(ids, w, ev);
		return 0;
	}
	r = unlock_wanted(ids, w, c) ? unlock_call(ids, ev) : 0;
	if (r < 0 || op == OP_NONE)
		return r;
	resume(&w->asked, c);
	w->asked.waiting = w->asked.looks = false;
	w->asked.op = op;
	if (op == OP_STAT)
		return show_call(ids, ev);
	r = op >= OP_SET_XATTR ? xattr_call(ids, w, ev, op) :
	    op >= OP_OPEN && op <= OP_BIND ? make_call(ids, w, ev, op) : change_call(ids, w, ev, op);
	if (!w->asked.waiting)		/* the next one like it begins at the beginning */
		w->asked.stage = STAGE_FIRST;
	return r;
}

static int on_return(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *c = ev->call;
	enum op op = op_of(c);
	int r;

	if (syscall_id(c->via) == SYSCALL_getsockopt && c->row->class == SYSCALL_WHO)
		who_return(ids, ev);
	if (op == OP_STAT)
		return show_return(ids, ev);
	if (!w->asked.waiting || op != w->asked.op)
		return 0;
	w->asked.waiting = false;
	r = op >= OP_SET_XATTR ? xattr_return(ids, w, ev) :
	    op >= OP_OPEN && op <= OP_BIND ? make_return(ids, w, ev) : change_return(ids, w, ev);
	if (!ev->again)
		w->asked.stage = STAGE_FIRST;
	return r;
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct ids *ids = (struct ids *)self;
	struct who *w = who_of(ids, ev->task);

	ids->e = e;
	switch (ev->kind) {
	case EVENT_START:
		return start(ids, ev->task);
	case EVENT_EXIT:
		end(ids, ev->task);
		return 0;
	case EVENT_EXEC:
		executed(ids, ev->task);
		return 0;
	case EVENT_CALL:
		return w ? on_call(ids, w, ev) : 0;
	case EVENT_RETURN:
		return w ? on_return(ids, w, ev) : 0;
	case EVENT_BEGIN:
		break;
	}
	return 0;
}

/* --- from outside -------------------------------------------------------------------------------- */

static uint64_t caps_of_kernel(void)
{
	uint64_t all = 0;

	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		all |= 1ull << cap;
	return all;
}

struct ids *ids_new(const struct ids_spec *spec, struct err *e)
{
	struct ids *ids = calloc(1, sizeof(*ids));
	char bytes[STAT_SIZE_MAX];

	if (!ids) {
		err_set(e, -ENOMEM, "remember owners");
		return NULL;
	}
	ids->sink = (struct sink){ "ids", on_event };
	ids->spec = *spec;
	ids->our_uid = geteuid();
	ids->our_gid = getegid();
	ids->all_caps = caps_of_kernel();
	ids->lock = -1;
	/* 4.11; also where a container's profile does not know it. */
	ids->no_statx = syscall(SYS_statx, -100, "/", 0, 0xfff, bytes) < 0;
	ids->table = table_new();
	ids->whos = map_new();
	if (!ids->table || !ids->whos)
		err_set(e, -ENOMEM, "remember owners");
	else if (!spec->file || save_load(ids, e) == 0)
		return ids;
	ids_free(ids);
	return NULL;
}

void ids_free(struct ids *ids)
{
	const void *key;
	size_t cursor = 0, len;
	void *w;

	if (!ids)
		return;
	while (ids->whos && map_next(ids->whos, &cursor, &key, &len, &w))
		who_free(w);
	buf_free(&ids->path);
	if (ids->whos)
		map_free(ids->whos);
	table_free(ids->table);
	cleanup_closep(&ids->lock);
	free(ids);
}

struct sink *ids_sink(struct ids *ids)
{
	return &ids->sink;
}

unsigned ids_classes(const struct ids *ids)
{
	(void)ids;
	return SYSCALL_BIT(SYSCALL_LOOK) | SYSCALL_BIT(SYSCALL_OPEN) | SYSCALL_BIT(SYSCALL_EXEC) |
	       SYSCALL_BIT(SYSCALL_CHANGE) | SYSCALL_BIT(SYSCALL_ENTER) | SYSCALL_BIT(SYSCALL_BIND) |
	       SYSCALL_BIT(SYSCALL_IDS) | SYSCALL_BIT(SYSCALL_WHO) |
	       SYSCALL_BIT(SYSCALL_FDMETA);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* The more there is the longer it takes, while the tracees wait: a twentieth of the time at most. */
void ids_tick(struct ids *ids)
{
	int64_t start = now_ms();
	struct err e = { 0 };

	if (!ids->spec.file || !ids->dirty || start < ids->next_save)
		return;
	if (save_store(ids, false, &e) < 0)
		log_info("%s", e.text);		/* at the end it is tried again, and told */
	ids->next_save = start + 20 * (now_ms() - start);
}

int ids_finish(struct ids *ids, struct err *e)
{
	if (!ids->dirty)
		return 0;
	return ids->spec.file ? save_store(ids, true, e) : save_give_modes(ids, e);
}

int ids_own(struct ids *ids, int fd, uint32_t uid, uint32_t gid, struct err *e)
{
	struct stat_facts f;
	char link[64];
	int r;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	r = facts_of_link(ids, link, &f);
	if (r < 0)
		return err_set(e, r, "tell a file's owner");
	ids->e = e;
	return remember_owner(ids, &f, uid, gid);
}

void ids_looked(void *opaque, struct task *t, const struct syscall_row *row, void *bytes, size_t len)
{
	struct ids *ids = opaque;
	int arg;
	const struct stat_layout *l = stat_layout(abi_native(), syscall_id(row), &arg);

	(void)t;
	if (l && l->size <= len)
		facts_show_bytes(ids, l, bytes);
}
