// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan as text: one line per operation, in the order in which they happen. */
#include "core/replay/plan.h"

#include <fcntl.h>
#include <string.h>

#include "core/base/buf.h"

static const char *const ns_names[] = { "user", "mount", "pid", "ipc", "net", "uts" };

static void add_path(struct buf *to, const char *path)
{
	buf_add_shell(to, path, strlen(path));
}

static void print_namespaces(const struct plan_op *op, struct buf *to)
{
	const char *comma = "";

	buf_adds(to, "namespaces  ");
	for (size_t i = 0; i < ARRAY_SIZE(ns_names); i++)
		if (op->flags & 1u << i) {
			buf_addf(to, "%s%s", comma, ns_names[i]);
			comma = ", ";
		}
}

static void print_ids_kept(const struct plan *p, struct buf *to)
{
	static const char *const how[] = {
		[PLAN_IDS_TRUE] = "true: every owner is itself, no user namespace",
		[PLAN_IDS_RANGES] = "ranges: every owner is itself, in a user namespace with the ids granted to us",
		[PLAN_IDS_ONE] = "one: every file belongs to whoever runs, permissions are projected",
	};

	buf_addf(to, "ids         %s\n", how[p->ids]);
}

static void print_bind(const struct plan_op *op, struct buf *to)
{
	buf_adds(to, "bind        ");
	add_path(to, op->host);
	if (strcmp(op->host, op->guest)) {
		buf_adds(to, " on ");
		add_path(to, op->guest);
	}
	if (op->flags & PLAN_BIND_READONLY)
		buf_adds(to, " (read-only)");
	if (op->flags & PLAN_BIND_OPTIONAL)
		buf_adds(to, " (if it is there)");
}

static void print_fd(const struct plan_op *op, struct buf *to)
{
	static const char *const modes[] = { "read", "write", "read and write", "no" };

	buf_addf(to, "descriptor  %lld is ", op->number);
	add_path(to, op->guest);
	buf_addf(to, " for %s%s, at %lld", modes[op->oflags & O_ACCMODE],
		 op->oflags & O_APPEND ? " (append)" : "", (long long)op->offset);
}

static void print_limit(struct buf *to, uint64_t v)
{
	if (v == UINT64_MAX)
		buf_adds(to, " unlimited");
	else
		buf_addf(to, " %llu", (unsigned long long)v);
}

static void print_exec(const struct plan *p, const struct plan_op *op, struct buf *to)
{
	for (size_t i = 0; p->env && p->env[i]; i++) {
		buf_adds(to, "environment ");
		add_path(to, p->env[i]);
		buf_addc(to, '\n');
	}
	buf_adds(to, "run         ");
	if (op->guest) {
		add_path(to, op->guest);
		buf_adds(to, " as ");
	}
	for (size_t i = 0; p->argv && p->argv[i]; i++) {
		if (i)
			buf_addc(to, ' ');
		add_path(to, p->argv[i]);
	}
}

static void print_numbers(const char *what, const struct plan_op *op, struct buf *to)
{
	buf_adds(to, what);
	for (size_t i = 0; i < op->n_ids; i++)
		buf_addf(to, " %u", op->ids[i]);
	if (!op->n_ids)
		buf_adds(to, " none");
}

static void print_signals(const struct plan_op *op, struct buf *to)
{
	buf_adds(to, "ignore      signals");
	for (int i = 0; i < 64; i++)
		if ((unsigned long long)op->number >> i & 1)
			buf_addf(to, " %d", i + 1);
}

static void print_overlay(const struct plan_op *op, struct buf *to)
{
	buf_adds(to, "root        ");
	add_path(to, op->host);
	buf_adds(to, " with changes going to ");
	add_path(to, op->upper);
}

static void print_op(const struct plan *p, const struct plan_op *op, struct buf *to)
{
	switch (op->kind) {
	case PLAN_NAMESPACES:
		print_namespaces(op, to);
		buf_addc(to, '\n');
		print_ids_kept(p, to);
		return;
	case PLAN_MAP_ONE:
		buf_addf(to, "map         we are seen as %u:%u", op->uid, op->gid);
		break;
	case PLAN_ROOT: buf_adds(to, "root        "); add_path(to, op->host); break;
	case PLAN_OVERLAY: print_overlay(op, to); break;
	case PLAN_ENTER: buf_adds(to, "enter       the root"); break;
	case PLAN_BIND: print_bind(op, to); break;
	case PLAN_FRAME: buf_adds(to, "frame       "); add_path(to, op->guest); break;
	case PLAN_PROC: buf_adds(to, "mount       an own /proc"); break;
	case PLAN_BINFMT: buf_adds(to, "register    "); add_path(to, op->host); break;
	case PLAN_DETACH: buf_adds(to, "detach      this machine's files"); break;
	case PLAN_LOOPBACK: buf_adds(to, "network     loopback only"); break;
	case PLAN_REMAP:
		buf_addf(to, "map         we are seen as %u:%u", op->uid, op->gid);
		break;
	case PLAN_HOSTNAME: buf_adds(to, "hostname    "); add_path(to, op->text); break;
	case PLAN_RLIMIT:
		buf_addf(to, "limit       %lld:", op->number);
		print_limit(to, op->soft);
		print_limit(to, op->hard);
		break;
	case PLAN_UMASK: buf_addf(to, "umask       %04llo", (unsigned long long)op->number); break;
	case PLAN_GROUPS: print_numbers("groups     ", op, to); break;
	case PLAN_IDS: buf_addf(to, "become      %u:%u", op->uid, op->gid); break;
	case PLAN_CHDIR: buf_adds(to, "directory   "); add_path(to, op->guest); break;
	case PLAN_FD: print_fd(op, to); break;
	case PLAN_CLOSE_OTHERS: print_numbers("descriptors 0 1 2", op, to); break;
	case PLAN_GUARD: buf_adds(to, "guard       opening a file without content fails"); break;
	case PLAN_IGNORE: print_signals(op, to); break;
	case PLAN_EXEC: print_exec(p, op, to); break;
	}
	buf_addc(to, '\n');
}

void plan_print(const struct plan *p, struct buf *to)
{
	for (size_t i = 0; i < p->n; i++)
		print_op(p, &p->ops[i], to);
}
