// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/event/exec.h"

#include <string.h>

void exec_reset(struct event_exec *x)
{
	x->abi = NULL;
	x->sp = x->ip = 0;
	x->refused = false;
	buf_reset(&x->calls);
	patch_reset(&x->patch);
}

void exec_free(struct event_exec *x)
{
	buf_free(&x->calls);
	patch_free(&x->patch);
}

int exec_error(const struct event_exec *x)
{
	int r = buf_error(&x->calls);

	return r == 0 ? patch_error(&x->patch) : r;
}

void exec_call(struct event_exec *x, enum syscall_id id, unsigned in_bytes,
	       const uint64_t args[SYSCALL_ARGS])
{
	struct event_call call = { .id = id, .in_bytes = in_bytes };

	memcpy(call.args, args, sizeof(call.args));
	buf_add(&x->calls, &call, sizeof(call));
}

struct event_call *exec_calls(const struct event_exec *x, size_t *ret_n)
{
	*ret_n = x->calls.len / sizeof(struct event_call);
	return (struct event_call *)x->calls.data;
}
