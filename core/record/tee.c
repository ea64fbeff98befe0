// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One thread that reads what the command writes, hashes it and writes it on. The
 * hash of a terminal's is of what a terminal makes of it (\n becomes \r\n), as
 * `care verify` sees it too.
 */
#include "core/record/tee.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"

struct stream {
	int fd;			/* 1 or 2: ours, where it goes */
	int theirs;		/* for the child, −1: its own stays (a file) */
	int ours;		/* our end, −1: nothing to read */
	bool is_file;
	off_t start;		/* of a file */
	bool skip;		/* closed, or not to be hashed */
	struct sha256_ctx sha;
};

struct tee {
	struct stream streams[2];
	pthread_t thread;
	bool running;
};

static int open_terminal(struct stream *s)
{
	_cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct winsize size;
	char name[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    ptsname_r(master, name, sizeof(name)) != 0)
		return -errno;
	s->theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->theirs < 0)
		return -errno;
	if (ioctl(s->fd, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
	s->ours = steal_fd(&master);
	return 0;
}

static int open_pipe(struct stream *s)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	s->ours = ends[0];
	s->theirs = ends[1];
	return 0;
}

static int open_stream(struct stream *s, int fd)
{
	struct stat st;

	*s = (struct stream){ .fd = fd, .theirs = -1, .ours = -1 };
	sha256_init(&s->sha);
	if (fstat(fd, &st) < 0) {
		s->skip = true;	/* closed: nothing can be written */
		return 0;
	}
	s->is_file = S_ISREG(st.st_mode);
	if (s->is_file) {
		s->start = fcntl(fd, F_GETFL) & O_APPEND ? st.st_size : lseek(fd, 0, SEEK_CUR);
		return 0;
	}
	return isatty(fd) ? open_terminal(s) : open_pipe(s);
}

/* False at the end. EIO is how a terminal says that nobody has it open any more. */
static bool pass_on(struct stream *s)
{
	unsigned char block[65536];
	ssize_t n = read(s->ours, block, sizeof(block));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	sha256_update(&s->sha, n, block);
	/* A reader that went away: the command is told by its own SIGPIPE when we close. */
	return io_write_all(s->fd, block, n) == 0;
}

static void *pump(void *arg)
{
	struct tee *t = arg;
	struct pollfd p[2];

	for (;;) {
		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd){ .fd = t->streams[i].ours, .events = POLLIN };
		if (p[0].fd < 0 && p[1].fd < 0)
			return NULL;
		if (poll(p, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || !p[i].revents || pass_on(&t->streams[i]))
				continue;
			close(t->streams[i].ours);
			t->streams[i].ours = -1;
		}
	}
}

struct tee *tee_new(struct err *e)
{
	struct tee *t = calloc(1, sizeof(*t));
	sigset_t all, was;
	int r;

	if (!t) {
		err_set(e, -ENOMEM, "hash the output");
		return NULL;
	}
	t->streams[1].theirs = t->streams[1].ours = -1;
	r = open_stream(&t->streams[0], 1);
	if (r >= 0)
		r = open_stream(&t->streams[1], 2);
	if (r >= 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &was);
		r = -pthread_create(&t->thread, NULL, pump, t);
		pthread_sigmask(SIG_SETMASK, &was, NULL);
		t->running = r >= 0;
	}
	if (r < 0) {
		err_set(e, r, "hash the output");
		tee_free(t);
		return NULL;
	}
	return t;
}

int tee_in_child(const struct tee *t)
{
	for (int i = 0; i < 2; i++)
		if (t->streams[i].theirs >= 0 && dup3(t->streams[i].theirs, t->streams[i].fd, 0) < 0)
			return -errno;
	return 0;
}

void tee_started(struct tee *t)
{
	for (int i = 0; i < 2; i++)
		if (t->streams[i].theirs >= 0)
			close(steal_fd(&t->streams[i].theirs));
}

/* What was appended to a file since the start; it may be open for writing only. */
static int hash_file(struct stream *s)
{
	_cleanup_close_ int fd = -1;
	unsigned char block[65536];
	off_t at = s->start;
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", s->fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = io_pread_full(fd, block, sizeof(block), at)) > 0) {
		sha256_update(&s->sha, n, block);
		at += n;
	}
	return (int)n;
}

static char *hex_of(struct stream *s)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char *hex = malloc(2 * sizeof(digest) + 1);

	sha256_digest(&s->sha, sizeof(digest), digest);
	for (size_t i = 0; hex && i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return hex;
}

int tee_finish(struct tee *t, char **ret_stdout, char **ret_stderr, struct err *e)
{
	char **ret[2] = { ret_stdout, ret_stderr };

	tee_started(t);
	if (t->running)
		pthread_join(t->thread, NULL);
	t->running = false;
	for (int i = 0; i < 2; i++) {
		struct stream *s = &t->streams[i];
		int r = 0;

		if (s->skip)
			continue;
		if (s->is_file)
			r = hash_file(s);
		if (r < 0)
			return err_set(e, r, "hash what was written to descriptor %d", s->fd);
		*ret[i] = hex_of(s);
		if (!*ret[i])
			return err_set(e, -ENOMEM, "hash the output");
	}
	return 0;
}

void tee_free(struct tee *t)
{
	if (!t)
		return;
	tee_started(t);
	if (t->running)
		pthread_join(t->thread, NULL);
	for (int i = 0; i < 2; i++)
		if (t->streams[i].ours >= 0)
			close(t->streams[i].ours);
	free(t);
}
