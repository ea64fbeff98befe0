// SPDX-License-Identifier: GPL-2.0-or-later
/* kernel/sys.c (ids), security/commoncap.c (capabilities) and kernel/groups.c are the rules. */
#include "emul/ids/creds.h"

#include <errno.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "core/base/mem.h"

#define BIT(cap) (1ull << (cap))
#define GROUPS_MAX 65536

/* CAP_FS_SET: chown, dac_override, dac_read_search, fowner, fsetid, linux_immutable, mknod, mac_override. */
#define FS_CAPS (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(9) | BIT(27) | BIT(32))

int creds_init(struct creds *c, uint32_t uid, uint32_t gid, uint64_t all)
{
	*c = (struct creds){ .uid = { uid, uid, uid, uid }, .gid = { gid, gid, gid, gid },
			     .all = all, .bounding = all };
	if (uid == 0)
		c->permitted = c->effective = all;
	c->groups = malloc(sizeof(*c->groups));
	if (!c->groups)
		return -ENOMEM;
	c->groups[c->n_groups++] = gid;
	return 0;
}

int creds_copy(struct creds *to, const struct creds *from)
{
	uint32_t *groups = malloc((from->n_groups + 1) * sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	*to = *from;
	memcpy(groups, from->groups, from->n_groups * sizeof(*groups));
	to->groups = groups;
	return 0;
}

void creds_free(struct creds *c)
{
	free(steal_ptr(c->groups));
	c->n_groups = 0;
}

bool creds_can(const struct creds *c, enum creds_cap cap)
{
	return c->effective & BIT(cap);
}

bool creds_in_group(const struct creds *c, uint32_t gid)
{
	bool in = gid == c->gid.fs;

	for (size_t i = 0; i < c->n_groups && !in; i++)
		in = c->groups[i] == gid;
	return in;
}

/* --- capabilities that go with uid 0 ----------------------------------------------------- */

static bool any_root(const struct creds_ids *u)
{
	return !u->real || !u->effective || !u->saved;
}

/* cap_emulate_setxuid() */
static void uids_changed(struct creds *c, const struct creds_ids *before)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (any_root(before) && !any_root(&c->uid)) {
		if (!(c->securebits & SECBIT_KEEP_CAPS))
			c->permitted = c->effective = 0;
		c->ambient = 0;
	}
	if (!before->effective && c->uid.effective)
		c->effective = 0;
	if (before->effective && !c->uid.effective)
		c->effective = c->permitted;
}

static void fsuid_changed(struct creds *c, uint32_t before)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!before && c->uid.fs)
		c->effective &= ~FS_CAPS;
	if (before && !c->uid.fs)
		c->effective |= FS_CAPS & c->permitted;
}

/* --- ids ----------------------------------------------------------------------------------- */

static struct creds_ids *ids_of(struct creds *c, bool gids)
{
	return gids ? &c->gid : &c->uid;
}

static bool may_set(const struct creds *c, bool gids)
{
	return creds_can(c, gids ? CREDS_SETGID : CREDS_SETUID);
}

/* The file system id goes where the effective one goes. */
static int commit(struct creds *c, bool gids, struct creds_ids ids)
{
	struct creds_ids before = *ids_of(c, gids);

	ids.fs = ids.effective;
	*ids_of(c, gids) = ids;
	if (!gids)
		uids_changed(c, &before);
	return 0;
}

int creds_set(struct creds *c, bool gids, uint32_t id)
{
	struct creds_ids ids = *ids_of(c, gids);

	if (id == CREDS_KEEP)
		return -EINVAL;
	if (may_set(c, gids))
		ids.real = ids.saved = id;
	else if (id != ids.real && id != ids.saved)
		return -EPERM;
	ids.effective = id;
	return commit(c, gids, ids);
}

int creds_set_re(struct creds *c, bool gids, uint32_t real, uint32_t effective)
{
	struct creds_ids old = *ids_of(c, gids), ids = old;
	bool may = may_set(c, gids);

	if (real != CREDS_KEEP) {
		ids.real = real;
		if (real != old.real && real != old.effective && !may)
			return -EPERM;
	}
	if (effective != CREDS_KEEP) {
		ids.effective = effective;
		if (effective != old.real && effective != old.effective && effective != old.saved && !may)
			return -EPERM;
	}
	if (real != CREDS_KEEP || (effective != CREDS_KEEP && effective != old.real))
		ids.saved = ids.effective;
	return commit(c, gids, ids);
}

static bool is_one_of(const struct creds_ids *ids, uint32_t id)
{
	return id == CREDS_KEEP || id == ids->real || id == ids->effective || id == ids->saved;
}

int creds_set_res(struct creds *c, bool gids, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct creds_ids old = *ids_of(c, gids), ids = old;

	if (!may_set(c, gids) && !(is_one_of(&old, real) && is_one_of(&old, effective) &&
				   is_one_of(&old, saved)))
		return -EPERM;
	if (real != CREDS_KEEP)
		ids.real = real;
	if (effective != CREDS_KEEP)
		ids.effective = effective;
	if (saved != CREDS_KEEP)
		ids.saved = saved;
	/* All as they are: it changes nothing, the file system id neither. */
	if (ids.real == old.real && ids.saved == old.saved && ids.effective == old.effective &&
	    (effective == CREDS_KEEP || old.fs == old.effective))
		return 0;
	return commit(c, gids, ids);
}

uint32_t creds_set_fs(struct creds *c, bool gids, uint32_t id)
{
	struct creds_ids *ids = ids_of(c, gids);
	uint32_t before = ids->fs;

	if (id == CREDS_KEEP || id == before || !(may_set(c, gids) || is_one_of(ids, id)))
		return before;
	ids->fs = id;
	if (!gids)
		fsuid_changed(c, before);
	return before;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int creds_set_groups(struct creds *c, const uint32_t *groups, size_t n)
{
	uint32_t *copy;

	if (!creds_can(c, CREDS_SETGID))
		return -EPERM;
	if (n > GROUPS_MAX)
		return -EINVAL;
	copy = malloc((n + 1) * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, groups, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_number);	/* groups_sort() of kernel/groups.c */
	free(c->groups);
	c->groups = copy;
	c->n_groups = n;
	return 0;
}

/* --- capabilities --------------------------------------------------------------------------- */

/* cap_capset() */
int creds_set_caps(struct creds *c, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	if (!creds_can(c, CREDS_SETPCAP) && inheritable & ~(c->inheritable | c->permitted))
		return -EPERM;
	if (inheritable & ~(c->inheritable | c->bounding))
		return -EPERM;
	if (permitted & ~c->permitted || effective & ~permitted)
		return -EPERM;
	c->effective = effective;
	c->permitted = permitted;
	c->inheritable = inheritable;
	c->ambient &= permitted & inheritable;
	return 0;
}

static bool is_cap(const struct creds *c, uint64_t cap)
{
	return cap < 64 && c->all & BIT(cap);
}

static int64_t drop_bound(struct creds *c, uint64_t cap)
{
	if (!creds_can(c, CREDS_SETPCAP))
		return -EPERM;
	if (!is_cap(c, cap))
		return -EINVAL;
	c->bounding &= ~BIT(cap);
	return 0;
}

static int64_t set_securebits(struct creds *c, uint64_t bits)
{
	unsigned locks = c->securebits & SECURE_ALL_LOCKS;

	if ((locks >> 1 & (c->securebits ^ bits)) || (locks & ~bits) ||
	    bits & ~(uint64_t)(SECURE_ALL_LOCKS | SECURE_ALL_BITS) || !creds_can(c, CREDS_SETPCAP))
		return -EPERM;
	c->securebits = (unsigned)bits;
	return 0;
}

static int64_t keep_caps(struct creds *c, uint64_t on)
{
	if (on > 1)
		return -EINVAL;
	if (c->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	c->securebits = (c->securebits & ~(unsigned)SECBIT_KEEP_CAPS) | (on ? SECBIT_KEEP_CAPS : 0);
	return 0;
}

static int64_t ambient(struct creds *c, uint64_t what, uint64_t cap)
{
	if (what == PR_CAP_AMBIENT_CLEAR_ALL) {
		c->ambient = 0;
		return cap ? -EINVAL : 0;
	}
	if (!is_cap(c, cap))
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
		return !!(c->ambient & BIT(cap));
	case PR_CAP_AMBIENT_LOWER:
		c->ambient &= ~BIT(cap);
		return 0;
	case PR_CAP_AMBIENT_RAISE:
		if (!(c->permitted & c->inheritable & BIT(cap)) ||
		    c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)
			return -EPERM;
		c->ambient |= BIT(cap);
		return 0;
	default:
		return -EINVAL;
	}
}

bool creds_prctl(struct creds *c, unsigned option, uint64_t arg2, uint64_t arg3, int64_t *ret)
{
	switch (option) {
	case PR_GET_KEEPCAPS:
		*ret = !!(c->securebits & SECBIT_KEEP_CAPS);
		return true;
	case PR_SET_KEEPCAPS:
		*ret = keep_caps(c, arg2);
		return true;
	case PR_CAPBSET_READ:
		*ret = is_cap(c, arg2) ? !!(c->bounding & BIT(arg2)) : -EINVAL;
		return true;
	case PR_CAPBSET_DROP:
		*ret = drop_bound(c, arg2);
		return true;
	case PR_GET_SECUREBITS:
		*ret = c->securebits;
		return true;
	case PR_SET_SECUREBITS:
		*ret = set_securebits(c, arg2);
		return true;
	case PR_CAP_AMBIENT:
		*ret = ambient(c, arg2, arg3);
		return true;
	case PR_SET_NO_NEW_PRIVS:	/* it is the kernel's business too */
		c->no_new_privs |= arg2 == 1;
		return false;
	default:
		return false;
	}
}

/* cap_bprm_creds_from_file(), without the capabilities of files. */
static void caps_of_image(struct creds *c)
{
	bool root = !(c->securebits & SECBIT_NOROOT) && (!c->uid.real || !c->uid.effective);

	if (root)
		c->ambient = 0;
	c->permitted = root ? (c->bounding | c->inheritable) : c->ambient;
	c->effective = root && c->uid.effective ? 0 : c->permitted;
	c->securebits &= ~(unsigned)SECBIT_KEEP_CAPS;
}

bool creds_exec(struct creds *c, unsigned mode, uint32_t uid, uint32_t gid)
{
	bool gains = false;

	if (!c->no_new_privs) {
		if (mode & S_ISUID)
			c->uid.effective = uid;
		/* Without the group's execute bit it once meant mandatory locking. */
		if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			c->gid.effective = gid;
	}
	gains = c->uid.effective != c->uid.real || c->gid.effective != c->gid.real;
	if (gains && mode & (S_ISUID | S_ISGID))
		c->ambient = 0;
	c->uid.saved = c->uid.fs = c->uid.effective;
	c->gid.saved = c->gid.fs = c->gid.effective;
	caps_of_image(c);
	return gains;
}
