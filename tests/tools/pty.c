// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pty STEP… -- COMMAND…
 *
 * Runs COMMAND as the leader of a session on a terminal of its own and does the steps:
 *
 *   expect=TEXT   wait until it has written TEXT, after what was expected before
 *   send=TEXT     type TEXT; ^X is a control character, \n the return key
 *   size=RxC      change the window
 *   hangup        hang up, as a closed window does
 *   end           wait until it ends
 *
 * Prints all that it wrote, and ends with its status (128 and the signal), 124 when a
 * step took a minute. A last line "modes: same" says that the terminal is set as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE 60	/* seconds */

static int master = -1, slave = -1;
static char seen[1 << 16];
static size_t len, from;	/* written so far; where the next expectation starts */

static void show(void)
{
	for (size_t i = 0; i < len; i++)
		if (seen[i] != '\r')
			putchar(seen[i]);
}

_Noreturn static void give_up(const char *step)
{
	show();
	printf("\npty: nothing in time: %s\n", step);
	exit(124);
}

/* What has been written, within @ms. False at the hang-up. */
static int take(int ms)
{
	struct pollfd p = { .fd = master, .events = POLLIN };
	ssize_t n;

	if (master < 0 || poll(&p, 1, ms) <= 0)
		return 1;
	n = read(master, seen + len, sizeof(seen) - 1 - len);
	if (n > 0)
		len += (size_t)n;
	seen[len] = '\0';
	return n > 0;
}

static void expect(const char *step, const char *text)
{
	time_t end = time(NULL) + DEADLINE;
	char *at;

	while (!(at = strstr(seen + from, text))) {
		if (time(NULL) > end)
			give_up(step);
		take(200);
	}
	from = (size_t)(at - seen) + strlen(text);
}

static void type(const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '^' && text[1])
			c = (char)(*++text & 0x1f);
		else if (c == '\\' && text[1] == 'n')
			c = *++text ? '\r' : 0;
		if (write(master, &c, 1) != 1)
			perror("pty: type");
	}
}

static void resize(const char *text)
{
	struct winsize size = { 0 };

	size.ws_row = (unsigned short)atoi(text);
	size.ws_col = (unsigned short)atoi(strchr(text, 'x') + 1);
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		perror("pty: size");
}

static int end_of(pid_t pid, const char *step)
{
	time_t end = time(NULL) + DEADLINE;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (time(NULL) > end) {
			kill(pid, SIGKILL);
			give_up(step);
		}
		take(20);
	}
	while (master >= 0 && poll(&(struct pollfd){ master, POLLIN, 0 }, 1, 0) > 0 && take(0))
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);	/* as at a login, whoever runs the tests in the background */
	signal(SIGQUIT, SIG_DFL);
	setsid();
	if (ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, 0) < 0 || dup2(slave, 1) < 0 ||
	    dup2(slave, 2) < 0)
		_exit(125);
	close(slave);
	close(master);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct termios before, after;
	int i = 1, status = -1;
	pid_t pid;

	for (; i < argc && strcmp(argv[i], "--"); i++)
		;
	if (i + 1 >= argc)
		return 125;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return 125;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &before) < 0)
		return 125;
	pid = start(argv + i + 1);
	for (int n = 1; n < i && status < 0; n++) {
		char *step = argv[n];

		if (!strncmp(step, "expect=", 7))
			expect(step, step + 7);
		else if (!strncmp(step, "send=", 5))
			type(step + 5);
		else if (!strncmp(step, "size=", 5))
			resize(step + 5);
		else if (!strcmp(step, "end"))
			status = end_of(pid, step);
		else if (!strcmp(step, "hangup")) {
			close(slave);
			close(master);
			master = slave = -1;
		}
	}
	if (status < 0)
		status = end_of(pid, "end");
	show();
	if (slave >= 0 && tcgetattr(slave, &after) == 0)
		printf("\nmodes: %s\n", before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag &&
		       before.c_oflag == after.c_oflag ? "same" : "changed");
	return status;
}
