// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of two places that show one directory (/usr, and /usr/bin as /bin) the kernel knows which
 * was entered, by its mount. For us both are the same directory of the host, so the name is
 * remembered: of it counts which place it lies in, as long as that has what the kernel tells.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/translate/internal.h"

/* @host, as the place that @word lies in shows it. False: it does not. */
static bool by_place(const struct translate *tr, const char *word, const char *host, struct buf *ret_guest)
{
	const struct space_place *p = space_at(tr->space, word);
	const char *rest = strcmp(host, "/") ? host + p->host_len : "";
	size_t at = ret_guest->len;

	if (strncmp(host, p->host, p->host_len) || (*rest && *rest != '/'))
		return false;
	buf_add(ret_guest, p->guest, p->guest_len);
	buf_adds(ret_guest, p->guest_len || *rest ? rest : "/");
	if (buf_error(ret_guest) == 0 && space_at(tr->space, ret_guest->data + at) == p)
		return true;
	buf_truncate(ret_guest, at);
	return false;
}

bool cwd_guest(const struct translate *tr, const struct task *t, const char *host, struct buf *ret_guest)
{
	return (t->fs->guest_cwd && by_place(tr, t->fs->guest_cwd, host, ret_guest)) ||
	       space_guest(tr->space, host, ret_guest);
}

int cwd_enter(struct translate *tr, struct event *ev, const struct spot *s)
{
	_cleanup_buf_ struct buf host = BUF_INIT, told = BUF_INIT;
	struct task_fs *fs = ev->task->fs;
	struct state *state = state_of(tr, ev->task);
	size_t len = s->guest.len;
	char *word;

	if (!state)
		return -ENOMEM;
	free(steal_ptr(state->cwd));
	if (s->error || s->proc || !len)
		return 0;
	while (len > 1 && s->guest.data[len - 1] == '/')
		len--;
	word = strndup(s->guest.data, len);
	if (!word)
		return err_set(tr->e, -ENOMEM, "remember a directory");
	space_host(tr->space, word, &host);
	space_guest(tr->space, buf_str(&host), &told);
	/* The name that would be told anyway need not be remembered, nor its return be seen. */
	if (!fs->guest_cwd && !strcmp(buf_str(&told), word)) {
		free(word);
		return 0;
	}
	state->cwd = word;
	ev->want_return = true;
	return 0;
}

void cwd_entered(struct translate *tr, struct event *ev)
{
	struct state *state = state_of(tr, ev->task);

	if (!state || !state->cwd || ev->result != 0)
		return;
	free(ev->task->fs->guest_cwd);
	ev->task->fs->guest_cwd = steal_ptr(state->cwd);
}
