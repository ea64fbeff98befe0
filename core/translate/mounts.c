// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chroot(2) and bind mounts: what they do to names is done here, for the kernel's names are
 * not the command's. Only for who may: root, or who believes to be.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/translate/internal.h"

#define NEW_NS_MOUNT 0x00020000u		/* CLONE_NEWNS */
#define NEW_NS_USER 0x10000000u			/* CLONE_NEWUSER */

static bool may(const struct translate *tr)
{
	return tr->spec.as_root || geteuid() == 0;
}

/* Path @i, which must be there. 1: answered (it is not), 0: it is, or the kernel shall say. */
static int find(struct translate *tr, struct event *ev, int i, struct stat *st, bool *ret_found)
{
	struct spot *s = &tr->spots[i];
	int r = resolve_path(tr, ev->task, &ev->call->paths[i], false, s);

	*ret_found = false;
	if (r < 0 || (s->error && s->same))
		return r;
	if (s->error || s->proc || stat(s->host.data, st) < 0) {
		call_answer(ev, s->error ? s->error : s->proc ? -EPERM : -errno);
		return 1;
	}
	while (s->guest.len > 1 && s->guest.data[s->guest.len - 1] == '/')
		buf_truncate(&s->guest, s->guest.len - 1);
	*ret_found = true;
	return 0;
}

static int change_root(struct translate *tr, struct event *ev)
{
	struct task_fs *fs = ev->task->fs;
	struct stat st;
	char *guest;
	bool found;
	int r = find(tr, ev, 0, &st, &found);

	if (r || !found)
		return r;
	if (!S_ISDIR(st.st_mode)) {
		call_answer(ev, -ENOTDIR);
	} else if (!may(tr)) {
		call_answer(ev, -EPERM);
	} else {
		guest = strdup(tr->spots[0].guest.data);
		if (!guest)
			return err_set(tr->e, -ENOMEM, "change a root");
		free(fs->guest_root);
		fs->guest_root = guest;
		call_answer(ev, 0);
	}
	return 1;
}

/* File systems that this machine has mounted somewhere already. */
static const char *standing(const char *type)
{
	static const struct { const char *type, *at; } map[] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" }, { "devpts", "/dev/pts" },
		{ "mqueue", "/dev/mqueue" }, { "cgroup2", "/sys/fs/cgroup" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (!strcmp(type, map[i].type))
			return map[i].at;
	return NULL;
}

static int show(struct translate *tr, struct event *ev, const char *host, const struct spot *at)
{
	struct err e = { 0 };
	int r = space_bind(tr->space, host, at->guest.data, false, &e);

	if (r == -ENOMEM)
		return err_set(tr->e, r, "bind %s", host);
	call_answer(ev, r);
	return 1;
}

/* Where mount(2) puts it: the last of its paths. The source is not always one. */
static int mount_call(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	uint32_t flags = (uint32_t)c->vals[3];
	int target = c->n_paths - 1;
	struct stat from, to;
	char type[32] = "";
	bool found;
	int r;

	if (target < 0 || c->paths[target].arg != abi_arg_reg(c->abi, c->row, 1, NULL))
		return 0;	/* unreadable: EFAULT */
	if (!may(tr)) {
		call_answer(ev, -EPERM);
		return 1;
	}
	r = find(tr, ev, target, &to, &found);
	if (r || !found)
		return r;
	if (flags & (MS_REMOUNT | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) {
		call_answer(ev, space_exactly(tr->space, tr->spots[target].guest.data) ? 0 : -EINVAL);
		return 1;
	}
	if (flags & MS_MOVE)
		return call_refuse(tr, ev, -EPERM, "moving a mount");
	if (flags & MS_BIND) {
		r = target ? find(tr, ev, 0, &from, &found) : 0;
		if (r || !target || !found)
			return r;
		if (S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode)) {
			call_answer(ev, -ENOTDIR);
			return 1;
		}
		return show(tr, ev, tr->spots[0].host.data, &tr->spots[target]);
	}
	if (task_read(ev->task, c->vals[2], type, sizeof(type) - 1) < 0 || !standing(type))
		return call_refuse(tr, ev, -EPERM, "mounting a file system that is not mounted on this machine");
	return show(tr, ev, standing(type), &tr->spots[target]);
}

static int umount_call(struct translate *tr, struct event *ev)
{
	struct stat st;
	bool found;
	int r;

	if (!ev->call->n_paths)
		return 0;
	if (!may(tr)) {
		call_answer(ev, -EPERM);
		return 1;
	}
	r = find(tr, ev, 0, &st, &found);
	if (r || !found)
		return r;
	r = space_unbind(tr->space, tr->spots[0].guest.data);
	if (r == -ENOMEM)
		return err_set(tr->e, r, "unmount");
	call_answer(ev, r);
	return 1;
}

/* A tree of mounts of its own would be the kernel's, with the host's names. */
static int namespace_call(struct translate *tr, struct event *ev, uint64_t flags)
{
	if (!(flags & (NEW_NS_MOUNT | NEW_NS_USER)))
		return 0;
	return call_refuse(tr, ev, -EPERM, "a mount or user namespace of its own");
}

int mounts_call(struct translate *tr, struct event *ev)
{
	const struct call *c = ev->call;
	uint64_t flags = 0;

	switch (syscall_id(c->row)) {
	case SYSCALL_chroot:
		return change_root(tr, ev);
	case SYSCALL_fchroot:
		return call_refuse(tr, ev, -ENOSYS, c->row->name);
	case SYSCALL_mount:
		return mount_call(tr, ev);
	case SYSCALL_umount:
	case SYSCALL_umount2:
		return umount_call(tr, ev);
	case SYSCALL_pivot_root:
		return call_refuse(tr, ev, -EPERM, c->row->name);
	case SYSCALL_unshare:
	case SYSCALL_clone:
		return namespace_call(tr, ev, c->vals[0]);
	case SYSCALL_clone3:
		if (task_read(ev->task, c->vals[0], &flags, sizeof(flags)) != sizeof(flags))
			return 0;
		return namespace_call(tr, ev, flags);
	case SYSCALL_setns:
		/* What kind of namespace the descriptor is of need not be said. */
		return namespace_call(tr, ev, (uint32_t)c->vals[1] ? c->vals[1] : NEW_NS_MOUNT);
	/* mount(8) takes mount(2) where these are missing. */
	case SYSCALL_fsopen:
	case SYSCALL_fsmount:
	case SYSCALL_fspick:
	case SYSCALL_move_mount:
	case SYSCALL_mount_setattr:
	case SYSCALL_open_tree_attr:
		return call_refuse(tr, ev, -ENOSYS, c->row->name);
	case SYSCALL_open_tree:
		return (uint32_t)c->vals[2] & 1 ? call_refuse(tr, ev, -ENOSYS, "cloning a mount") : 0;
	default:
		/* fsconfig's sub-calls have rows of their own. */
		return c->row->class == SYSCALL_MOUNT ? call_refuse(tr, ev, -ENOSYS, c->row->name) : 0;
	}
}
