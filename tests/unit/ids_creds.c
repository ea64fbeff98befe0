// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * emul/ids/creds: what a task may become, against the kernel itself: the same calls, by
 * chance, of both, from who we are; root and a user begin differently.
 */
#include "emul/ids/creds.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/unit/check.h"

#define STEPS 60

static uint32_t random_state;

static uint32_t chance(uint32_t n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % n;
}

static uint32_t any_id(void)
{
	uint32_t ids[] = { 0, 0, 1000, 1001, getuid(), getgid(), UINT32_MAX };

	return ids[chance(ARRAY_SIZE(ids))];
}

/* musl and glibc carry these out in all threads; one number is one call everywhere. */
static long kernel(long nr, long a, long b, long c)
{
	long r = syscall(nr, a, b, c, 0, 0);

	return r < 0 ? -errno : r;
}

static long step(struct creds *c, long *ret_ours)
{
	uint32_t a = any_id(), b = any_id(), s = any_id();
	bool gids = chance(3) == 0;
	int64_t ours = 0;
	long r;

	switch (chance(8)) {
	case 0:
		r = kernel(gids ? SYS_setgid : SYS_setuid, a, 0, 0);
		*ret_ours = creds_set(c, gids, a);
		return r;
	case 1:
		r = kernel(gids ? SYS_setregid : SYS_setreuid, a, b, 0);
		*ret_ours = creds_set_re(c, gids, a, b);
		return r;
	case 2:
	case 3:
		r = kernel(gids ? SYS_setresgid : SYS_setresuid, a, b, s);
		*ret_ours = creds_set_res(c, gids, a, b, s);
		return r;
	case 4:
		r = (uint32_t)kernel(gids ? SYS_setfsgid : SYS_setfsuid, a, 0, 0);
		*ret_ours = creds_set_fs(c, gids, a);
		return r;
	case 5: {
		uint32_t list[3] = { a == UINT32_MAX ? 7 : a, 9, 11 };
		size_t n = chance(4);

		r = kernel(SYS_setgroups, (long)n, (long)list, 0);
		*ret_ours = creds_set_groups(c, list, n);
		return r;
	}
	case 6: {
		static const int options[] = { PR_SET_KEEPCAPS, PR_GET_KEEPCAPS, PR_CAPBSET_READ,
					       PR_CAPBSET_DROP, PR_GET_SECUREBITS, PR_SET_SECUREBITS };
		int option = options[chance(ARRAY_SIZE(options))];
		long value = chance(4) ? (long)chance(3) : (long)chance(70);

		r = kernel(SYS_prctl, option, value, 0);
		CHECK(creds_prctl(c, option, (uint64_t)value, 0, &ours));
		*ret_ours = (long)ours;
		return r;
	}
	default: {
		struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
		uint64_t e = chance(2) ? c->effective : c->permitted & ~(1ull << chance(8));
		uint64_t p = chance(3) ? c->permitted : c->permitted & ~(1ull << chance(40));
		uint64_t i = chance(2) ? c->inheritable : c->inheritable ^ (1ull << chance(8));
		struct __user_cap_data_struct data[2] = {
			{ (uint32_t)e, (uint32_t)p, (uint32_t)i },
			{ (uint32_t)(e >> 32), (uint32_t)(p >> 32), (uint32_t)(i >> 32) },
		};

		r = kernel(SYS_capset, (long)&header, (long)data, 0);
		*ret_ours = creds_set_caps(c, e & c->all, p & c->all, i & c->all);
		return r;
	}
	}
}

static void same_state(const struct creds *c, int n)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	uint32_t r, e, s, groups[100];
	long got;

	syscall(SYS_getresuid, &r, &e, &s);
	CHECK(r == c->uid.real && e == c->uid.effective && s == c->uid.saved, "step %d", n);
	CHECK((uint32_t)syscall(SYS_setfsuid, -1) == c->uid.fs, "step %d", n);
	syscall(SYS_getresgid, &r, &e, &s);
	CHECK(r == c->gid.real && e == c->gid.effective && s == c->gid.saved, "step %d", n);
	CHECK((uint32_t)syscall(SYS_setfsgid, -1) == c->gid.fs, "step %d", n);
	got = syscall(SYS_getgroups, 100, groups);
	CHECK(got == (long)c->n_groups, "step %d", n);
	syscall(SYS_capget, &header, d);
	CHECK((d[0].effective | (uint64_t)d[1].effective << 32) == c->effective, "step %d", n);
	CHECK((d[0].permitted | (uint64_t)d[1].permitted << 32) == c->permitted, "step %d", n);
	CHECK((d[0].inheritable | (uint64_t)d[1].inheritable << 32) == c->inheritable, "step %d", n);
	CHECK(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == (int)c->securebits, "step %d", n);
}

/* Of a task that was just started, as the kernel has it. */
static void take_over(struct creds *c)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	uint64_t all = 0;

	for (int i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		all |= 1ull << i;
	CHECK(creds_init(c, getuid(), getgid(), all) == 0);
	free(c->groups);
	c->groups = calloc(100, sizeof(*c->groups));
	c->n_groups = (size_t)syscall(SYS_getgroups, 100, c->groups);
	syscall(SYS_capget, &header, d);
	c->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	c->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	c->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	for (int i = 0; i < 64; i++)
		if (all & (1ull << i) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 0)
			c->bounding &= ~(1ull << i);
}

static int one_life(uint32_t seed)
{
	struct creds c;

	random_state = seed;
	take_over(&c);
	same_state(&c, -1);
	for (int i = 0; i < STEPS && !check_failed; i++) {
		long ours = 0, theirs = step(&c, &ours);

		CHECK(ours == theirs, "step %d of life %u: %ld, the kernel says %ld", i, seed, ours, theirs);
		same_state(&c, i);
	}
	creds_free(&c);
	fflush(stdout);
	return check_failed != 0;
}

static void every_call_has_the_kernels_result_and_effect(void)
{
	for (uint32_t seed = 1; seed <= 400; seed++) {
		pid_t pid;
		int status = -1;

		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(one_life(seed));
		waitpid(pid, &status, 0);
		CHECK(status == 0, "life %u", seed);
	}
}

static void executing_takes_the_ids_of_the_file(void)
{
	const uint64_t all = (1ull << 41) - 1;
	struct creds c;

	CHECK(creds_init(&c, 1000, 1000, all) == 0 && !c.permitted);
	CHECK(!creds_exec(&c, S_IFREG | 0755, 0, 0) && c.uid.effective == 1000);
	CHECK(creds_exec(&c, S_IFREG | 04755, 0, 0));
	CHECK(c.uid.real == 1000 && !c.uid.effective && !c.uid.saved && !c.uid.fs);
	CHECK(c.permitted == all && c.effective == all && c.gid.effective == 1000);
	/* The next program has the saved id of its effective one. */
	CHECK(creds_set_res(&c, false, UINT32_MAX, 1000, UINT32_MAX) == 0 && !c.effective);
	CHECK(!creds_exec(&c, S_IFREG | 0755, 0, 0) && c.uid.saved == 1000 && !c.permitted);
	CHECK(creds_set(&c, false, 0) == -EPERM);
	CHECK(creds_exec(&c, S_IFREG | 02755, 0, 8) && c.gid.effective == 8 && c.gid.saved == 8);
	CHECK(creds_in_group(&c, 8) && creds_in_group(&c, 1000) && !creds_in_group(&c, 9));
	/* Without the group's execute bit it is no set-group-id. */
	CHECK(!creds_exec(&c, S_IFREG | 02745, 0, 77) || c.gid.effective == 8);
	c.no_new_privs = true;
	creds_exec(&c, S_IFREG | 06755, 0, 0);
	CHECK(c.uid.effective == 1000 && c.gid.effective == 8);
	creds_free(&c);
	CHECK(creds_init(&c, 0, 0, all) == 0 && c.effective == all);
	CHECK(!creds_exec(&c, S_IFREG | 0755, 5, 5) && c.permitted == all);
	CHECK(creds_exec(&c, S_IFREG | 04755, 5, 5) && c.uid.effective == 5 && !c.effective);
	CHECK(creds_set(&c, false, 0) == 0 && c.effective == all);
	creds_free(&c);
}

int main(void)
{
	return check_tests(every_call_has_the_kernels_result_and_effect,
			   executing_takes_the_ids_of_the_file);
}
