// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table is a hash of tids with chains (a stop of any kind looks one up) and a
 * dense array for walks. Children hang on their parent so that a dying parent
 * costs its own children only.
 */
#include "core/task/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/task/fs.h"

struct node {
	struct task task;		/* first: a task is its node */
	struct node *chain;
	struct node *children;
	struct node *next, **slot;	/* among the children of task.parent */
	size_t index;			/* in table.all */
};

struct task_table {
	struct node **heads;
	size_t size;			/* of heads: a power of two */
	struct node **all;
	size_t count, room;
	uint32_t processes;
};

#define FIRST_SIZE 256

static struct node *node_of(struct task *t)
{
	return (struct node *)t;
}

static struct node **head_of(const struct task_table *t, pid_t tid)
{
	/* Tids are dense, so the low bits spread them well enough. */
	return &t->heads[(size_t)tid & (t->size - 1)];
}

struct task_table *task_table_new(void)
{
	struct task_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->size = FIRST_SIZE;
	t->heads = calloc(t->size, sizeof(*t->heads));
	if (!t->heads) {
		free(t);
		return NULL;
	}
	return t;
}

void task_table_free(struct task_table *t)
{
	if (!t)
		return;
	while (t->count)
		task_remove(t, &t->all[t->count - 1]->task);
	free(t->heads);
	free(t->all);
	free(t);
}

struct task *task_find(struct task_table *t, pid_t tid)
{
	for (struct node *n = *head_of(t, tid); n; n = n->chain)
		if (n->task.tid == tid)
			return &n->task;
	return NULL;
}

static void chain_in(struct task_table *t, struct node *n)
{
	struct node **head = head_of(t, n->task.tid);

	n->chain = *head;
	*head = n;
}

static void chain_out(struct task_table *t, struct node *n)
{
	struct node **at = head_of(t, n->task.tid);

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
}

static int grow(struct task_table *t)
{
	size_t room = MAX(t->room * 2, (size_t)FIRST_SIZE);
	struct node **all = realloc(t->all, room * sizeof(*all));
	struct node **heads;

	if (!all)
		return -ENOMEM;
	t->all = all;
	if (room > t->size) {
		heads = calloc(room, sizeof(*heads));
		if (!heads)
			return -ENOMEM;
		free(t->heads);
		t->heads = heads;
		t->size = room;
		for (size_t i = 0; i < t->count; i++)
			chain_in(t, t->all[i]);
	}
	t->room = room;
	return 0;
}

static void hang(struct node *n, struct node *parent)
{
	n->task.parent = parent ? &parent->task : NULL;
	n->slot = NULL;
	if (!parent)
		return;
	n->next = parent->children;
	if (n->next)
		n->next->slot = &n->next;
	n->slot = &parent->children;
	parent->children = n;
}

static void unhang(struct node *n)
{
	if (!n->slot)
		return;
	*n->slot = n->next;
	if (n->next)
		n->next->slot = n->slot;
	n->slot = NULL;
}

/* The working directory and root as fork(2) and clone(2) pass them on. */
static struct task_fs *fs_for(struct task *parent, bool share)
{
	if (parent && share) {
		parent->fs->refs++;
		return parent->fs;
	}
	return fs_new(parent ? parent->fs : NULL);
}

struct task *task_add(struct task_table *t, pid_t tid, struct task *parent, bool thread,
		      bool share_fs)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->task.fs = fs_for(parent, share_fs);
	if (!n->task.fs || (t->count == t->room && grow(t) < 0)) {
		if (n->task.fs)
			fs_unref(n->task.fs);
		free(n);
		return NULL;
	}
	n->task.tid = tid;
	n->task.tgid = thread && parent ? parent->tgid : tid;
	if (parent) {
		n->task.abi = parent->abi;
		n->task.image = parent->image;
		n->task.mnt_ns = parent->mnt_ns;
		n->task.pid_ns = parent->pid_ns;
	}
	n->task.process = thread && parent ? parent->process : ++t->processes;
	if (parent)
		n->task.creator = thread ? parent->creator : parent->process;
	hang(n, parent ? node_of(parent) : NULL);
	n->index = t->count;
	t->all[t->count++] = n;
	chain_in(t, n);
	return &n->task;
}

/* Who answers for the children of a thread that ends: its leader, while there is one. */
static struct node *heir(struct task_table *t, const struct node *n)
{
	struct task *leader = n->task.tid == n->task.tgid ? NULL : task_find(t, n->task.tgid);

	return leader ? node_of(leader) : NULL;
}

void task_remove(struct task_table *t, struct task *task)
{
	struct node *n = node_of(task);
	struct node *to = heir(t, n);

	while (n->children) {
		struct node *child = n->children;

		unhang(child);
		hang(child, to);
	}
	unhang(n);
	chain_out(t, n);
	t->all[n->index] = t->all[--t->count];
	t->all[n->index]->index = n->index;
	fs_unref(n->task.fs);
	free(n);
}

int task_renumber(struct task_table *t, struct task *task, pid_t tid)
{
	struct node *n = node_of(task);

	if (task_find(t, tid))
		return -EEXIST;
	chain_out(t, n);
	n->task.tid = tid;
	n->task.tgid = tid;
	chain_in(t, n);
	return 0;
}

size_t task_count(const struct task_table *t)
{
	return t->count;
}

struct task *task_next(struct task_table *t, size_t *cursor)
{
	return *cursor < t->count ? &t->all[(*cursor)++]->task : NULL;
}

void task_fs_changed_all(struct task_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		task_fs_changed(&t->all[i]->task);
}
