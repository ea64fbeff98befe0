// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink of emul/links. */
#include "emul/links/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/stat.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/event/patch.h"
#include "emul/links/internal.h"

bool links_refused(void)
{
	/* Without one: ENOENT. */
	return (linkat(AT_FDCWD, "", AT_FDCWD, "", 0) < 0 && errno != ENOENT) ||
	       (link("", "") < 0 && errno != ENOENT);
}

unsigned links_classes(const struct links_options *o)
{
	return SYSCALL_BIT(SYSCALL_LIST) |
	       (o->links ? SYSCALL_FILES | SYSCALL_BIT(SYSCALL_FDMETA) : 0);
}

static void forget(struct links *l, const struct task *t)
{
	struct pending *p = map_remove(l->pending, &t->tid, sizeof(t->tid));

	if (p)
		form_free(&p->form);
	free(p);
}

static struct pending *pending_new(struct links *l, const struct task *t)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (p && map_set(l->pending, &t->tid, sizeof(t->tid), p, NULL) < 0)
		free(steal_ptr(p));
	return p;
}

static int wait_for_return(struct links *l, struct event *ev, const struct pending *what)
{
	struct pending *p = pending_new(l, ev->task);

	if (!p)
		return -ENOMEM;
	*p = *what;
	ev->want_return = true;
	return 0;
}

static void answer(struct event *ev, int64_t value)
{
	ev->answered = true;
	ev->answer = value;
}

static bool is_one_of(const struct call *c, const uint16_t *ids, size_t n)
{
	while (n--)
		if (c->row == syscall_row(*ids++))
			return true;
	return false;
}

static bool is_link(const struct call *c)
{
	return is_one_of(c, (uint16_t[]){ SYSCALL_link, SYSCALL_linkat }, 2);
}

static bool removes_name(const struct call *c)
{
	static const uint16_t ids[] = { SYSCALL_unlink, SYSCALL_unlinkat, SYSCALL_rename,
					SYSCALL_renameat, SYSCALL_renameat2 };

	return is_one_of(c, ids, ARRAY_SIZE(ids));
}

static bool reads_link(const struct call *c)
{
	return is_one_of(c, (uint16_t[]){ SYSCALL_readlink, SYSCALL_readlinkat }, 2);
}

static bool is_look(const struct call *c)
{
	int arg;

	return stat_layout(c->abi, syscall_id(c->row), &arg) != NULL;
}

static int on_drop(struct links *l, struct event *ev)
{
	struct pending p = { .drops = true, .form = FORM_INIT };
	bool drops = links_drop(l, ev, &p.form) == 0;
	int r = drops ? wait_for_return(l, ev, &p) : 0;

	if (r < 0 || !drops)
		form_free(&p.form);
	return r;
}

/* The file itself instead of a link that would not be followed. */
static int on_paths(struct links *l, struct event *ev)
{
	const struct call *c = ev->call;
	struct pending p = { 0 };

	for (int i = 0; i < c->n_paths; i++) {
		_cleanup_buf_ struct buf host = BUF_INIT;
		_cleanup_form_ struct form f = FORM_INIT;
		int r;

		if (c->paths[i].walk & WALK_PARENT || links_host(l, ev->task, c, i, &host) < 0)
			continue;
		r = form_read(buf_str(&host), &f);
		if (r == -ENOMEM)
			return r;
		if (r != 1)
			continue;
		if (reads_link(c)) {
			answer(ev, -EINVAL);
			return 0;
		}
		p.count = f.count;
		if (!(c->paths[i].walk & (WALK_NOFOLLOW | WALK_NO_SYMLINKS)) || c->paths[i].arg < 0)
			continue;
		buf_free(&l->rewrites[i]);
		l->rewrites[i] = f.final;
		f.final = BUF_INIT;
		ev->rewrite[i] = buf_str(&l->rewrites[i]);
	}
	return p.count && is_look(c) ? wait_for_return(l, ev, &p) : 0;
}

static int on_links_call(struct links *l, struct event *ev)
{
	const struct call *c = ev->call;
	int64_t r;

	if (is_link(c)) {
		r = links_link(l, ev);
		if (r != LINKS_KERNEL)
			answer(ev, r);
		return 0;
	}
	if (removes_name(c))
		return on_drop(l, ev);
	if (is_look(c) && c->fd >= 0 && (!c->n_paths || !c->paths[0].text.len))
		return wait_for_return(l, ev, &(struct pending){ 0 });
	return on_paths(l, ev);
}

static int on_call(struct links *l, struct event *ev, struct err *e)
{
	int r = 0;

	forget(l, ev->task);
	if (!ev->call->row || ev->answered)
		return 0;
	if (ev->call->row->class == SYSCALL_LIST)
		ev->want_return = true;
	else if (l->options.links)
		r = on_links_call(l, ev);
	return r == -ENOMEM ? err_set(e, r, "keep hard links") : 0;
}

static void tell_count(const struct event *ev, const struct pending *p)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	const struct stat_layout *layout;
	uint64_t count = p->count;
	int arg;

	layout = stat_layout(ev->call->abi, syscall_id(ev->call->row), &arg);
	if (!count && task_fd_path(ev->task, ev->call->fd, &name, NULL) == 0)
		count = form_count_of(buf_str(&name));
	if (count && layout && layout->nlink.size)
		task_write(ev->task, ev->call->vals[arg] + layout->nlink.at, &count, layout->nlink.size);
}

static void on_return(struct links *l, struct event *ev)
{
	struct pending *p = map_get(l->pending, &ev->task->tid, sizeof(ev->task->tid));

	if (!ev->call->row)
		return;
	if (ev->call->row->class == SYSCALL_LIST) {
		links_listed(l, ev);
		return;
	}
	/* Another sink's question; the call itself is still to come. */
	if (!p || ev->replaced)
		return;
	if (ev->result == 0 && p->drops && removes_name(ev->call))
		form_set_count(&p->form, p->form.count - 1);	/* the name has gone, whatever else fails */
	else if (ev->result == 0 && !p->drops && is_look(ev->call))
		tell_count(ev, p);
	forget(l, ev->task);
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct links *l = (struct links *)self;

	switch (ev->kind) {
	case EVENT_CALL:
		return on_call(l, ev, e);
	case EVENT_RETURN:
		on_return(l, ev);
		return 0;
	case EVENT_EXIT:
		forget(l, ev->task);
		return 0;
	default:
		return 0;
	}
}

struct links *links_new(const struct links_options *o)
{
	struct links *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->sink = (struct sink){ "links", on_event };
	l->options = *o;
	l->pending = map_new();
	if (l->pending)
		return l;
	links_free(l);
	return NULL;
}

void links_free(struct links *l)
{
	size_t cursor = 0, len;
	const void *key;
	void *value;

	if (!l)
		return;
	while (l->pending && map_next(l->pending, &cursor, &key, &len, &value)) {
		form_free(&((struct pending *)value)->form);
		free(value);
	}
	map_free(l->pending);
	for (int i = 0; i < CALL_PATHS; i++)
		buf_free(&l->rewrites[i]);
	free(l);
}

struct sink *links_sink(struct links *l)
{
	return &l->sink;
}
