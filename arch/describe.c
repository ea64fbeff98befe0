// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows in words. Arguments are counted from 1 here, as manual pages do. */
#include "arch/describe.h"

#include <string.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/mem.h"

/* The cursor: id of the call in the upper part, 0 or the number of a sub-call + 1 below. */
#define SUB_BITS 8
#define SUB_MASK ((1u << SUB_BITS) - 1)

bool describe_next(size_t *cursor, struct describe *ret)
{
	enum syscall_id id = *cursor ? *cursor >> SUB_BITS : SYSCALL_NONE + 1;
	size_t at = *cursor & SUB_MASK, n;
	const struct syscall_sub *sub;

	if (id >= SYSCALL_IDS_END)
		return false;
	sub = syscall_subs(id, &n);
	if (at == 0) {
		*ret = (struct describe){ .row = syscall_row(id) };
	} else {
		sub += at - 1;
		*ret = (struct describe){ syscall_sub_row(sub), syscall_row(id), sub->arg, sub->value };
	}
	*cursor = at < n ? (size_t)id << SUB_BITS | (at + 1) : ((size_t)id + 1) << SUB_BITS;
	return true;
}

void describe_name(const struct describe *d, struct buf *ret)
{
	if (!d->of) {
		buf_adds(ret, d->row->name);
		return;
	}
	buf_addf(ret, "%s(argument %d is %d)", d->of->name, d->arg + 1, (int)d->value);
	if (strcmp(d->row->name, d->of->name))
		buf_addf(ret, ": %s", d->row->name);
}

void describe_numbers(const struct describe *d, const char *abi, struct buf *ret)
{
	enum syscall_id id = syscall_id(d->of ? d->of : d->row);
	const char *separator = "";

	for (int i = 0; abi_all[i]; i++) {
		int64_t nr = abi_number(abi_all[i], id);

		if (nr < 0 || (abi && strcmp(abi, abi_all[i]->name)))
			continue;
		/* Without the bit that marks all of x32's. */
		buf_addf(ret, "%s%s %lld", separator, abi_all[i]->name,
			 (long long)nr & ~(long long)abi_all[i]->nr_flag);
		separator = ", ";
	}
}

static void add_uses(uint32_t use, struct buf *ret)
{
	static const char *const names[] = {
		"meta", "read", "exec", "enter", "list", "create", "replace", "remove", "write",
		"chmeta", "accessx", "socket", "mount",
	};
	static const char *const rules[] = {
		[USE_BY_OFLAGS] = "as the flags in %d open it",
		[USE_BY_OPENHOW] = "as the structure in %d opens it",
		[USE_BY_AMODE] = "meta, accessx if the mode in %d asks for execution",
		[USE_BY_LENGTH] = "replace if the length in %d is 0, else write",
		[USE_BY_RENAME_FROM] = "remove; replace or create by the flags in %d",
		[USE_BY_RENAME_TO] = "create, replace or remove by the flags in %d",
		[USE_BY_EXECFLAGS] = "exec, or accessx by the flags in %d",
		[USE_BY_TREEFLAGS] = "meta, mount if the flags in %d clone",
	};
	const char *separator = "";

	if (USE_RULE(use) != USE_AS_SAID) {
		const char *rule = rules[USE_RULE(use)], *hole = strstr(rule, "%d");

		buf_add(ret, rule, (size_t)(hole - rule));
		buf_addf(ret, "%d%s", (int)USE_ARG(use) + 1, hole + 2);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (use & 1u << i) {
			buf_addf(ret, "%s%s", separator, names[i]);
			separator = " ";
		}
}

static void add_last(uint16_t last, struct buf *ret)
{
	switch (LAST_RULE(last)) {
	case LAST_FOLLOW:
	case LAST_FOLLOW_EMPTY:
		return;
	case LAST_NOFOLLOW:
	case LAST_NOFOLLOW_EMPTY:
		buf_adds(ret, " (not followed)");
		return;
	case LAST_NAME:
		buf_adds(ret, " (its last name)");
		return;
	default:
		buf_addf(ret, " (followed or not by %d)", (int)LAST_ARG(last) + 1);
	}
}

/* Words for the arguments that are no PATH. NULL: it names nothing. */
static const char *what_is(const struct syscall_arg *arg)
{
	switch (arg->kind) {
	case ARG_FDUSE:
		return "what descriptor %d is open on";
	case ARG_SOCKADDR:
		return "the unix socket in %d";
	case ARG_MSGHDR:
	case ARG_MMSG:
		return "unix sockets in messages of %d";
	case ARG_BPFATTR:
		return "the path in the structure of %d";
	case ARG_MOUNTSOURCE:
		return "argument %d, if it is a path";
	case ARG_QUOTAFILE:
		return "argument %d, if quotas are turned on";
	default:
		return NULL;
	}
}

static void add_argument(const struct syscall_arg *arg, int i, struct buf *ret)
{
	const char *what = what_is(arg);

	if (what) {
		const char *hole = strstr(what, "%d");

		buf_add(ret, what, (size_t)(hole - what));
		buf_addf(ret, "%d%s", i + 1, hole + 2);
	} else {
		buf_addf(ret, "argument %d", i + 1);
		if (arg->base != ARG_CWD)
			buf_addf(ret, " from descriptor %d", arg->base + 1);
	}
	add_last(arg->last, ret);
	if (arg->use) {
		buf_adds(ret, ": ");
		add_uses(arg->use, ret);
	}
}

void describe_paths(const struct syscall_row *row, struct buf *ret)
{
	const char *separator = "";

	for (int i = 0; i < syscall_n_args(row); i++) {
		const struct syscall_arg *arg = &row->args[i];

		if (arg->kind != ARG_PATH && !what_is(arg))
			continue;
		buf_adds(ret, separator);
		add_argument(arg, i, ret);
		separator = "; ";
	}
}
