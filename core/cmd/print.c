// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one printer. Everything for people goes to stderr, because stdout belongs to
 * the recorded command (or is a report). Names come from anywhere: control
 * characters are shown, never sent to the terminal.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/cmd/cmd.h"

const struct cmd_exit_code cmd_exit_codes[] = {
	{ CMD_EXIT_UNFAITHFUL, "The recording is not faithful: something that the command used is "
			       "missing in the archive; what and why was said." },
	{ CMD_EXIT_STRICT, "A strict replay opened a file whose content is not in the archive." },
	{ CMD_EXIT_ARCHIVE, "The archive cannot be read: damaged, hostile, or too new." },
	{ CMD_EXIT_UNFINISHED, "The command ran, but its archive could not be completed; the "
			       "command's own status was said." },
	{ CMD_EXIT_FAILURE, "Wrong usage, or nothing could be run." },
	{ CMD_EXIT_NOEXEC, "The command was found but could not be executed." },
	{ CMD_EXIT_NOTFOUND, "The command was not found." },
	{ 0, NULL },
};

static bool is_terminal, is_coloured, progress_shown;

/* U+0080 to U+009F, as UTF-8 or as bytes of an old terminal, are control characters too. */
static bool is_c1(const unsigned char *c, const unsigned char *start)
{
	if (*c == 0xc2)
		return (c[1] & 0xe0) == 0x80;
	return (*c & 0xe0) == 0x80 && (c == start || c[-1] < 0x80 || c[-1] == 0xc2);
}

void cmd_add_harmless(struct buf *to, const char *text)
{
	const unsigned char *start = (const unsigned char *)text;

	for (const unsigned char *c = start; *c; c++) {
		if (*c == '\t' || (*c >= ' ' && *c != 0x7f && !is_c1(c, start)))
			buf_addc(to, *c);
		else if (*c == '\n')
			buf_adds(to, "\\n");
		else
			buf_addf(to, "\\x%02x", *c);
	}
}

static void print_line(enum log_level level, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (progress_shown)
		buf_adds(&b, "\r\033[K");
	progress_shown = false;
	buf_adds(&b, "care: ");
	if (level == LOG_ERROR)
		buf_adds(&b, is_coloured ? "\033[1;31merror:\033[m " : "error: ");
	else if (level == LOG_WARN)
		buf_adds(&b, is_coloured ? "\033[1;35mwarning:\033[m " : "warning: ");
	cmd_add_harmless(&b, text);
	buf_addc(&b, '\n');
	/* One write: lines of several processes do not mix. Nobody to tell if it fails. */
	if (!buf_error(&b))
		(void)io_write_all(STDERR_FILENO, b.data, b.len);
}

void cmd_printer_init(int verbosity)
{
	const char *term = getenv("TERM");

	is_terminal = isatty(STDERR_FILENO);
	is_coloured = is_terminal && !getenv("NO_COLOR") && term && strcmp(term, "dumb");
	log_init(verbosity, print_line);
}

static void print_formatted(enum log_level level, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_addv(&b, fmt, ap);
	print_line(level, buf_str(&b));
}

void cmd_warn(const char *fmt, ...)
{
	va_list ap;

	if (log_verbosity() < LOG_WARN)
		return;
	va_start(ap, fmt);
	print_formatted(LOG_WARN, fmt, ap);
	va_end(ap);
}

void cmd_say(const char *fmt, ...)
{
	va_list ap;

	if (log_verbosity() < 0)
		return;
	va_start(ap, fmt);
	print_formatted(LOG_INFO, fmt, ap);
	va_end(ap);
}

int cmd_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_formatted(LOG_ERROR, fmt, ap);
	va_end(ap);
	return status;
}

/*
 * The sentence without the system's words where these only say that something is
 * wrong: "not JSON at byte 7: Bad message".
 */
static int useful_length(const struct err *e)
{
	const char *words = strerror(-e->code);
	size_t len = strlen(e->text), n = strlen(words) + 2;

	if (e->code != -EBADMSG && e->code != -ENODATA && e->code != -ENOTSUP && e->code != -EINVAL)
		return len;
	return len > n && !strcmp(e->text + len - n + 2, words) ? len - n : len;
}

int cmd_fail_err(int status, const struct err *e)
{
	return cmd_fail(status, "%.*s", useful_length(e), e->text);
}

int cmd_fail_at(int status, const char *path, const struct err *e)
{
	if (strstr(e->text, path))
		return cmd_fail_err(status, e);
	return cmd_fail(status, "%s: %.*s", path, useful_length(e), e->text);
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	return cmd_fail(CMD_EXIT_FAILURE, "%s (see: care %s --help)", buf_str(&b), cmd->name);
}

const char *cmd_bytes(char to[16], uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	double value = bytes;
	int unit = -1;

	while (value >= 999.5) {
		value /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(to, 16, "%u bytes", (unsigned)bytes);
	else
		snprintf(to, 16, value < 9.95 ? "%.1f %cB" : "%.0f %cB", value, units[unit]);
	return to;
}

static bool progress_due(void)
{
	static struct timespec last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < 100)
		return false;
	last = now;
	return true;
}

void cmd_progress(const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT, b = BUF_INIT;
	va_list ap;

	if (!is_terminal || log_verbosity() < 0 || !progress_due())
		return;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	buf_adds(&b, "\r\033[K");
	cmd_add_harmless(&b, buf_str(&text));
	if (!buf_error(&b))
		(void)io_write_all(STDERR_FILENO, b.data, b.len);
	progress_shown = true;
}

/* Neither an editor nor a password prompt has it, and it is not stopped by Ctrl-S. */
static bool terminal_takes_lines(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct termios t;

	return is_terminal && tcgetattr(STDERR_FILENO, &t) == 0 && t.c_lflag & ICANON &&
	       t.c_lflag & ECHO && poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

void cmd_progress_line(const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	if (log_verbosity() < 0 || !terminal_takes_lines())
		return;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	print_line(LOG_INFO, buf_str(&text));
}

void cmd_progress_end(void)
{
	if (progress_shown)
		(void)io_write_all(STDERR_FILENO, "\r\033[K", 4);
	progress_shown = false;
}
