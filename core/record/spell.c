// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls whose result is a path of the kernel's: getcwd, and readlink of /proc/self/cwd,
 * exe or fd. Where that lies in a private place, the command must read it as it spells it.
 */
#include <errno.h>
#include <string.h>

#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/record/recorder_internal.h"

#define SPELL_MAX 65536		/* longer than any path that the kernel tells */

struct place {		/* of the buffer in the tracee */
	uint64_t addr, size;
	bool terminated;	/* the NUL is counted in the result */
};

static bool place_of(const struct call *c, struct place *ret)
{
	if (c->row == syscall_row(SYSCALL_getcwd))
		*ret = (struct place){ c->args[0], c->args[1], true };
	else if (c->row == syscall_row(SYSCALL_readlink))
		*ret = (struct place){ c->args[1], c->args[2], false };
	else if (c->row == syscall_row(SYSCALL_readlinkat))
		*ret = (struct place){ c->args[2], c->args[3], false };
	else
		return false;
	return true;
}

bool spell_wanted(const struct recorder *r, const struct call *c, const struct used_path *p)
{
	struct place at;

	if (!recorder_rewrites(r) || !place_of(c, &at))
		return false;
	/* A link of the file system's own holds what somebody wrote into it. */
	return at.terminated || (p && !p->w.last);
}

int spell_result(struct recorder *r, struct event *ev)
{
	_cleanup_buf_ struct buf host = BUF_INIT, path = BUF_INIT;
	struct place at;
	char *to;
	size_t len;

	if (ev->result <= 0 || ev->result > SPELL_MAX || !place_of(ev->call, &at))
		return 0;
	to = buf_reserve(&host, ev->result);
	if (!to)
		return err_set(r->e, -ENOMEM, "conceal");
	if (task_read(ev->task, at.addr, to, ev->result) != ev->result)
		return 0;
	to[ev->result] = '\0';
	if (!conceal_from_host(r->conceal, to, &path))
		return 0;
	if (buf_error(&path) < 0)
		return err_set(r->e, -ENOMEM, "conceal");
	len = path.len + at.terminated;
	if (len > at.size) {
		if (at.terminated) {	/* getcwd(2): ERANGE */
			ev->answered = true;
			ev->answer = -ERANGE;
			return 0;
		}
		len = at.size;	/* readlink(2) cuts */
	}
	if (task_write(ev->task, at.addr, path.data, len) != (ssize_t)len)
		return 0;
	ev->answered = true;
	ev->answer = len;
	return 0;
}
