// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of operations itself: adding, putting binds in order, printing. What
 * goes into it for a recording is in plan_replay.c, for `care run` in plan_run.c.
 */
#include "core/replay/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct plan *plan_new(void)
{
	return calloc(1, sizeof(struct plan));
}

static void op_clear(struct plan_op *op)
{
	free(op->host);
	free(op->guest);
	free(op->text);
	free(op->upper);
	free(op->work);
	free(op->ids);
}

static void free_words(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		op_clear(&p->ops[i]);
	free(p->ops);
	free_words(p->argv);
	free_words(p->env);
	free(p);
}

struct plan_op *plan_add(struct plan *p, enum plan_kind kind)
{
	struct plan_op *more;

	if (p->failed)
		return NULL;
	more = realloc(p->ops, (p->n + 1) * sizeof(*more));
	if (!more) {
		p->failed = true;
		return NULL;
	}
	p->ops = more;
	p->ops[p->n] = (struct plan_op){ .kind = kind };
	return &p->ops[p->n++];
}

char *plan_string(struct plan *p, const char *s)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		p->failed = true;
	return copy;
}

int plan_error(const struct plan *p, struct err *e)
{
	return p->failed ? err_set(e, -ENOMEM, "make a plan") : 0;
}

/* "/a//b/" as "/a/b": what sorting and comparing of names needs. */
static char *tidy(struct plan *p, const char *path)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *text;

	for (const char *at = path; *at; at++)
		if (*at != '/' || (at[1] && at[1] != '/'))
			buf_addc(&b, *at);
	if (!b.len && *path == '/')
		buf_addc(&b, '/');
	text = buf_steal(&b);
	if (!text)
		p->failed = true;
	return text;
}

void plan_add_bind(struct plan *p, const char *host, const char *guest, unsigned flags)
{
	struct plan_op *op = plan_add(p, PLAN_BIND);

	if (!op)
		return;
	op->flags = flags;
	op->host = tidy(p, host);
	op->guest = tidy(p, guest);
}

static void add_map(struct plan *p, const struct plan_place *place, uid_t uid, gid_t gid)
{
	struct plan_op *op = plan_add(p, PLAN_MAP_ONE);

	if (!op)
		return;
	op->uid = uid;
	op->gid = gid;
	op->our_uid = place->uid;
	op->our_gid = place->gid;
}

void plan_add_root(struct plan *p, const struct plan_place *place, unsigned isolate, uid_t uid,
		   gid_t gid)
{
	struct plan_op *op = plan_add(p, PLAN_NAMESPACES);

	p->ids = place->ids;
	if (op)
		op->flags = PLAN_NS_MOUNT | isolate |
			    (place->ids == PLAN_IDS_ONE ? PLAN_NS_USER : 0);
	if (place->ids == PLAN_IDS_ONE)
		add_map(p, place, uid, gid);
	op = plan_add(p, place->lower ? PLAN_OVERLAY : PLAN_ROOT);
	if (op && place->lower) {
		op->host = plan_string(p, place->lower);
		op->upper = plan_string(p, place->upper);
		op->work = plan_string(p, place->work);
		op->guest = plan_string(p, place->root);
	} else if (op) {
		op->host = plan_string(p, place->root);
	}
	plan_add(p, PLAN_ENTER);
}

/* @path is @above or below it: what follows @above, else NULL. */
static const char *below(const char *path, const char *above)
{
	size_t len = strcmp(above, "/") ? strlen(above) : 0;

	if (strncmp(path, above, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* An earlier bind shows the same thing at the same place already. */
static bool included(const struct plan_op *binds, size_t n, const struct plan_op *b)
{
	for (size_t i = n; i-- > 0;) {
		const char *rest = below(b->guest, binds[i].guest), *host;

		if (!rest)
			continue;
		host = below(b->host, binds[i].host);
		return host && !strcmp(host, rest) &&
		       !((b->flags ^ binds[i].flags) & PLAN_BIND_READONLY);
	}
	return false;
}

static void sort(struct plan_op *ops, size_t n)
{
	/* Insertion keeps the order of equal ones; there are some dozens. */
	for (size_t i = 1; i < n; i++) {
		struct plan_op op = ops[i];
		size_t j = i;

		for (; j > 0 && strcmp(ops[j - 1].guest, op.guest) > 0; j--)
			ops[j] = ops[j - 1];
		ops[j] = op;
	}
}

void plan_sort_binds(struct plan *p)
{
	size_t first = 0, end, kept = 0, n;

	if (p->failed)
		return;
	while (first < p->n && p->ops[first].kind != PLAN_BIND)
		first++;
	for (end = first; end < p->n && p->ops[end].kind == PLAN_BIND; end++)
		;
	n = end - first;
	sort(p->ops + first, n);
	for (size_t i = 0; i < n; i++) {
		struct plan_op *all = p->ops + first, *b = &all[i];
		bool last = i + 1 == n || strcmp(b->guest, all[i + 1].guest);

		/* Of two at the same place, the later word wins. */
		if (!last || included(all, kept, b))
			op_clear(b);
		else
			all[kept++] = *b;
	}
	memmove(p->ops + first + kept, p->ops + end, (p->n - end) * sizeof(*p->ops));
	p->n -= n - kept;
}
