// SPDX-License-Identifier: GPL-2.0-or-later
/* A file is hashed afterwards; a pipe or a pseudo terminal while the command writes. */
#include "core/replay/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/manifest/manifest.h"

static const char *kind_of(const struct manifest_run *run, int fd)
{
	for (size_t i = 0; i < run->n_fds; i++)
		if (run->fds[i].fd == fd)
			return run->fds[i].kind;
	return "pipe";
}

static int open_terminal(struct capture *c, const struct manifest_run *run)
{
	struct winsize size = { .ws_col = run->tty_cols ?: 80, .ws_row = run->tty_rows ?: 24 };
	_cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    ptsname_r(master, name, sizeof(name)) != 0)
		return -errno;
	c->theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->theirs < 0)
		return -errno;
	ioctl(master, TIOCSWINSZ, &size);
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	c->ours = steal_fd(&master);
	return 0;
}

static int open_pipe(struct capture *c)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	c->ours = ends[0];
	c->theirs = ends[1];
	return fcntl(c->ours, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int capture_open(struct capture *c, const struct manifest_run *run, int fd, struct err *e)
{
	const char *kind = kind_of(run, fd);
	int r;

	*c = (struct capture){ .theirs = -1, .ours = -1 };
	sha256_init(&c->sha);
	if (!strcmp(kind, "tty")) {
		r = open_terminal(c, run);
	} else if (!strcmp(kind, "file") || !strcmp(kind, "removed")) {
		c->theirs = memfd_create("output", MFD_CLOEXEC);
		r = c->theirs < 0 ? -errno : 0;
	} else {
		r = open_pipe(c);
	}
	return r < 0 ? err_set(e, r, "capture descriptor %d", fd) : 0;
}

bool capture_readable(void *ctx)
{
	struct capture *c = ctx;
	unsigned char block[65536];
	ssize_t n;

	while ((n = read(c->ours, block, sizeof(block))) > 0)
		sha256_update(&c->sha, n, block);
	/* EIO is how a terminal says that nobody has it open any more. */
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int hash_file(struct capture *c)
{
	unsigned char block[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = io_pread_full(c->theirs, block, sizeof(block), at)) > 0) {
		sha256_update(&c->sha, n, block);
		at += n;
	}
	return (int)n;
}

int capture_finish(struct capture *c, struct err *e)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	int r = 0;

	if (c->ours >= 0)
		capture_readable(c);
	else
		r = hash_file(c);
	if (r < 0)
		return err_set(e, r, "read what the command wrote");
	sha256_digest(&c->sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(c->hex + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

void capture_close(struct capture *c)
{
	if (c->theirs >= 0)
		close(c->theirs);
	if (c->ours >= 0)
		close(c->ours);
	c->theirs = c->ours = -1;
}
