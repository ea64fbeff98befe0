// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A binfmt_misc of the user namespace's own (Linux 6.7): programs of another machine are
 * executed as any others, and nothing of ours is between. Its registrations live as long as
 * its last mount, which needs no place in the new root: somebody keeps a descriptor of it.
 */
#include "core/replay/ns_child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

/* <linux/mount.h> and <sys/mount.h> exclude each other in older C libraries. */
#define FSOPEN_CLOEXEC_ 1
#define FSMOUNT_CLOEXEC_ 1
#define FSCONFIG_CMD_CREATE_ 6

/* A mount that is nowhere (Linux 5.2). −errno: EPERM before 6.7, ENODEV: the kernel has none. */
static int make_mount(void)
{
	_cleanup_close_ int fs = (int)syscall(SYS_fsopen, "binfmt_misc", FSOPEN_CLOEXEC_);
	int mount;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE_, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC_, 0);
	return mount < 0 ? -errno : mount;
}

int ns_binfmt(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	_cleanup_close_ int mount = make_mount(), file = -1;
	int r;

	if (mount < 0)
		return err_set(e, mount, "register %s with a binfmt_misc of our own", op->host);
	file = openat(mount, "register", O_WRONLY | O_CLOEXEC);
	/* The line names the emulator as seen from this machine's root, which is not ours any more. */
	r = file < 0 || fchdir(s->old) < 0 ? -errno : io_write_all(file, op->text, strlen(op->text));
	if (r < 0)
		return err_set(e, r, "register %s with binfmt_misc", op->host);
	s->proc = open("proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		return err_set(e, -errno, "open /proc");
	s->keep = steal_fd(&mount);
	return 0;
}
