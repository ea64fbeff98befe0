// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest paths and host paths: which place decides, the way there and back, and walks over both. */
#include "core/translate/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/rmtree.h"
#include "tests/unit/check.h"

#define CHECK_STR(is, should) CHECK(!strcmp(is, should), "is %s", is)

static char top[128] = "/var/tmp/care-space.XXXXXX";

static const char *at(const char *below)
{
	static char paths[8][256];
	static unsigned next;
	char *to = paths[next++ % 8];

	snprintf(to, 256, "%s%s", top, below);
	return to;
}

static void touch(const char *below)
{
	int fd = open(at(below), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	close(fd);
}

/* root/{etc/hosts, data/, link -> /data, out -> ../../../.., proc} and host/{data/x, etc/hosts, sub} */
static void make(void)
{
	static const char *const dirs[] = {
		"/root", "/root/etc", "/root/data", "/root/data/sub", "/host", "/host/data", "/host/etc", "/host/deep",
	};

	CHECK(mkdtemp(top) != NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		CHECK(mkdir(at(dirs[i]), 0755) == 0);
	touch("/root/etc/hosts");
	touch("/host/etc/hosts");
	touch("/host/data/x");
	touch("/host/deep/y");
	CHECK(symlink("/data", at("/root/link")) == 0);
	CHECK(symlink("../../../../etc", at("/root/out")) == 0);
	CHECK(symlink("/link/sub/y", at("/root/file")) == 0);
	CHECK(symlink("around", at("/root/around")) == 0);
}

static struct space *made(void)
{
	struct err e = { 0 };
	struct space *s = space_new(at("/root"), &e);

	CHECK(s != NULL);
	CHECK(space_bind(s, at("/host/data"), "/data", false, &e) == 0);
	CHECK(space_bind(s, at("/host/deep"), "/data/sub", false, &e) == 0);
	CHECK(space_bind(s, at("/host/etc/hosts"), "/etc/hosts", true, &e) == 0);
	return s;
}

static const char *host_of(const struct space *s, const char *guest)
{
	static struct buf b;

	buf_reset(&b);
	space_host(s, guest, &b);
	return buf_str(&b);
}

static const char *guest_of(const struct space *s, const char *host)
{
	static struct buf b;

	buf_reset(&b);
	return space_guest(s, host, &b) ? buf_str(&b) : "outside";
}

static void the_deepest_place_decides(void)
{
	struct space *s = made();

	CHECK_STR(host_of(s, "/"), at("/root"));
	CHECK_STR(host_of(s, "/etc"), at("/root/etc"));
	CHECK_STR(host_of(s, "/etc/hosts"), at("/host/etc/hosts"));
	CHECK_STR(host_of(s, "/etc/hosts2"), at("/root/etc/hosts2"));
	CHECK_STR(host_of(s, "/data/x"), at("/host/data/x"));
	CHECK_STR(host_of(s, "/data/sub/y"), at("/host/deep/y"));
	CHECK_STR(host_of(s, "/data/subs"), at("/host/data/subs"));
	CHECK(space_exactly(s, "/data/sub") && !space_exactly(s, "/data/x"));
	CHECK(space_exactly(s, "/etc/hosts")->readonly && !space_at(s, "/etc")->readonly);
	CHECK(space_has_below(s, "/") && space_has_below(s, "/data") && !space_has_below(s, "/data/sub"));
	CHECK(!space_is_identity(s));
	space_free(s);
}

static void what_the_kernel_tells_is_spelled_by_the_place_that_shows_it(void)
{
	struct space *s = made();
	struct buf guest = BUF_INIT;
	const char *rest = NULL;

	CHECK_STR(guest_of(s, at("/root")), "/");
	CHECK_STR(guest_of(s, at("/root/etc")), "/etc");
	CHECK_STR(guest_of(s, at("/host/data/x")), "/data/x");
	CHECK_STR(guest_of(s, at("/host/deep/y")), "/data/sub/y");
	CHECK_STR(guest_of(s, at("/host/etc/hosts")), "/etc/hosts");
	/* What is hidden under a binding, and what lies beside the root, cannot be seen. */
	CHECK_STR(guest_of(s, at("/root/data/z")), "outside");
	CHECK_STR(guest_of(s, at("/host")), "outside");
	CHECK_STR(guest_of(s, "/"), "outside");
	CHECK(!space_guest(s, at("/host/other"), &guest));
	CHECK(space_is_outside(s, guest.data, &rest) && !strcmp(rest, at("/host/other")));
	CHECK_STR(host_of(s, guest.data), at("/host/other"));
	CHECK(!space_is_outside(s, "/data", &rest));
	buf_free(&guest);
	space_free(s);
}

static void a_root_that_is_bound_to_itself_is_the_root(void)
{
	struct err e = { 0 };
	struct space *s = space_new(at("/root"), &e);

	/* CARE 2 binds its root to its own path as well: what is both is told by the root. */
	CHECK(space_bind(s, at("/root"), at("/root"), false, &e) == 0);
	CHECK_STR(guest_of(s, at("/root/etc")), "/etc");
	CHECK_STR(host_of(s, at("/root/etc")), at("/root/etc"));
	space_free(s);
	s = space_new("/", &e);
	CHECK(space_is_identity(s));
	CHECK_STR(guest_of(s, "/usr/bin"), "/usr/bin");
	CHECK_STR(host_of(s, "/"), "/");
	CHECK(space_bind(s, at("/host"), "/mnt", false, &e) == 0 && !space_is_identity(s));
	CHECK_STR(guest_of(s, at("/host/x")), "/mnt/x");
	CHECK_STR(guest_of(s, "/usr"), "/usr");
	CHECK(space_unbind(s, "/mnt") == 0 && space_is_identity(s) && space_unbind(s, "/mnt") == -EINVAL);
	space_free(s);
}

/* Where a walk ends: its host path, or "error N". */
static const char *walked(struct space *s, const char *root, const char *base, const char *text, unsigned flags)
{
	static struct buf host;
	struct path_walk w = { .text = text, .len = strlen(text), .walk = flags, .tgid = getpid(), .tid = getpid() };
	struct err e = { 0 };

	buf_reset(&host);
	CHECK(space_walk(s, root, base, &w, &e) == 0);
	if (w.error)
		buf_addf(&host, "error %d", -w.error);
	else if (w.last)
		CHECK(name_host(w.last, &host) == 0);
	return buf_str(&host);
}

static void a_walk_stays_inside_and_sees_what_is_there_now(void)
{
	struct space *s = made();
	char loop[32];

	snprintf(loop, sizeof(loop), "error %d", ELOOP);
	CHECK_STR(walked(s, "/", "/", "/link/x", 0), at("/host/data/x"));
	CHECK_STR(walked(s, "/", "/", "/link", WALK_NOFOLLOW), at("/root/link"));
	CHECK_STR(walked(s, "/", "/", "/file", 0), at("/host/deep/y"));
	CHECK_STR(walked(s, "/", "/", "/out/hosts", 0), at("/host/etc/hosts"));
	CHECK_STR(walked(s, "/", "/data/sub", "../../../../etc", 0), at("/root/etc"));
	CHECK_STR(walked(s, "/", "/data/sub", "..", 0), at("/host/data"));
	CHECK_STR(walked(s, "/", "/", "/around", 0), loop);
	CHECK_STR(walked(s, "/etc", "/etc", "/../hosts", 0), at("/host/etc/hosts"));
	CHECK_STR(walked(s, "/etc", "/etc", "/link", 0), "error 2");
	/* Others may change what was walked before. */
	CHECK(unlink(at("/root/link")) == 0 && symlink("/etc", at("/root/link")) == 0);
	CHECK_STR(walked(s, "/", "/", "/link/hosts", 0), at("/host/etc/hosts"));
	CHECK(unlink(at("/root/link")) == 0 && symlink("/data", at("/root/link")) == 0);
	space_free(s);
}

int main(void)
{
	int status;

	alarm(60);
	make();
	status = check_tests(
		the_deepest_place_decides,
		what_the_kernel_tells_is_spelled_by_the_place_that_shows_it,
		a_root_that_is_bound_to_itself_is_the_root,
		a_walk_stays_inside_and_sees_what_is_there_now);
	rmtree(top, NULL);
	return status;
}
