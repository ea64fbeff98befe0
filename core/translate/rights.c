// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command that root runs may become somebody else, or give capabilities up. What we look up
 * and answer in its place must then be what it may see: so our thread looks with its rights,
 * as procfs tells them at that moment, and takes its own back. Most who might have changed
 * have not (make sets the ids that it has): that is looked at once after each such call.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/syscall.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/translate/internal.h"

#define CAP_BIT(cap) (1ull << (cap))
/* Those that decide about files: CAP_FS_MASK of the kernel, which setfsuid(2) drops and raises. */
#define FILE_CAPS (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) | \
		   CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_LINUX_IMMUTABLE) | \
		   CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_MAC_OVERRIDE))

struct identity {
	uint32_t uid, gid;	/* of its accesses to files */
	uint64_t caps;		/* effective */
	struct buf groups;	/* gid_t each */
};

bool rights_matter(const struct event *ev)
{
	const struct call *c = ev->call;

	if (c->row->class == SYSCALL_IDS || c->row == syscall_row(SYSCALL_capset))
		return true;
	if (c->via != syscall_row(SYSCALL_prctl) || c->row->class != SYSCALL_WHO)
		return false;
	switch ((uint32_t)c->vals[0]) {
	case PR_CAPBSET_DROP:
	case PR_SET_KEEPCAPS:
	case PR_SET_SECUREBITS:
	case PR_CAP_AMBIENT:
		return true;
	default:
		return false;
	}
}

/* The line of /proc/PID/status that begins with @name. */
static const char *line(const struct buf *status, const char *name)
{
	const char *at = strstr(buf_str(status), name);

	return at ? at + strlen(name) : NULL;
}

static int read_status(pid_t tid, struct buf *ret)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/status", (int)tid);
	return io_read_file(AT_FDCWD, name, 1 << 20, ret, NULL);
}

/* All that access to files is decided by, as text. */
static int add_rights(pid_t tid, struct buf *ret)
{
	static const char *const names[] = { "\nUid:", "\nGid:", "\nGroups:", "\nCapInh:", "\nCapPrm:",
					     "\nCapEff:", "\nCapBnd:", "\nCapAmb:" };
	_cleanup_buf_ struct buf status = BUF_INIT;
	int r = read_status(tid, &status);

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
		const char *at = line(&status, names[i]);

		/* Ambient ones are of Linux 4.3. */
		if (at)
			buf_add(ret, at, strcspn(at, "\n") + 1);
		else if (i < 6)
			r = -ENODATA;
	}
	return r < 0 ? r : buf_error(ret);
}

bool rights_are_ours(struct translate *tr, const struct task *t)
{
	_cleanup_buf_ struct buf theirs = BUF_INIT;

	if (!tr->our_rights.len && add_rights(getpid(), &tr->our_rights) < 0) {
		buf_reset(&tr->our_rights);
		return false;
	}
	return add_rights(t->tid, &theirs) == 0 && theirs.len == tr->our_rights.len &&
	       !memcmp(theirs.data, tr->our_rights.data, theirs.len);
}

static int read_rights(const struct task *t, struct identity *ret)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	const char *uid, *gid, *groups, *caps;
	int r;

	r = read_status(t->tid, &status);
	if (r < 0)
		return r;
	uid = line(&status, "\nUid:");
	gid = line(&status, "\nGid:");
	groups = line(&status, "\nGroups:");
	caps = line(&status, "\nCapEff:");
	if (!uid || !gid || !groups || !caps || sscanf(uid, "%*u %*u %*u %u", &ret->uid) != 1 ||
	    sscanf(gid, "%*u %*u %*u %u", &ret->gid) != 1)
		return -ENODATA;
	ret->caps = strtoull(caps, NULL, 16);
	while (groups += strspn(groups, " \t"), *groups >= '0' && *groups <= '9') {
		char *end;
		gid_t group = (gid_t)strtoul(groups, &end, 10);

		buf_add(&ret->groups, &group, sizeof(group));
		groups = end;
	}
	return buf_error(&ret->groups);
}

/* The thread's alone: setgroups(3) of a C library is for all of them. */
static int set_groups(const gid_t *groups, size_t n)
{
	int64_t nr = abi_number(abi_native(), SYSCALL_setgroups32);

	return (int)syscall(nr >= 0 ? nr : abi_number(abi_native(), SYSCALL_setgroups), n, groups);
}

static int set_effective(uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = (uint32_t)(caps >> 32 * i) & data[i].permitted;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int rights_take(struct translate *tr, const struct task *t)
{
	struct identity of = { .groups = BUF_INIT };
	int n = getgroups(0, NULL), r = read_rights(t, &of);

	if (r == 0 && n < 0)
		r = -errno;
	buf_reset(&tr->our_groups);
	if (r == 0 && n > 0) {
		gid_t *to = (gid_t *)buf_reserve(&tr->our_groups, (size_t)n * sizeof(*to));

		n = to ? getgroups(n, to) : -1;
		r = n < 0 ? -ENOMEM : 0;
		tr->our_groups.len = r == 0 ? (size_t)n * sizeof(*to) : 0;
	}
	if (r == 0 && set_groups((const gid_t *)of.groups.data, of.groups.len / sizeof(gid_t)) < 0)
		r = -errno;
	if (r == 0) {
		tr->acting = true;
		tr->their_caps = of.caps;
		setfsgid(of.gid);
		setfsuid(of.uid);
		/* No id is −1: it tells the one that there is. */
		r = (uint32_t)setfsuid((uid_t)-1) == of.uid ? set_effective(~FILE_CAPS | of.caps) : -EPERM;
	}
	buf_free(&of.groups);
	if (r < 0)
		rights_return(tr);
	return r;
}

void rights_vary(struct translate *tr, enum rights rights)
{
	static const uint64_t ours[] = { [RIGHTS_FILES] = ~FILE_CAPS, [RIGHTS_ALL] = 0, [RIGHTS_OURS] = ~0ull };

	if (tr->acting)
		set_effective(ours[rights] | tr->their_caps);
}

void rights_return(struct translate *tr)
{
	if (!tr->acting)
		return;
	tr->acting = false;
	setfsuid(geteuid());
	setfsgid(getegid());
	set_groups((const gid_t *)tr->our_groups.data, tr->our_groups.len / sizeof(gid_t));
	set_effective(~0ull);
}
