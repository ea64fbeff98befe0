// SPDX-License-Identifier: GPL-2.0-or-later
/* care info for people: one fact a line, what matters first. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/cmd/info.h"

#define FEW 10	/* of things that may be many */

/* "label:   text", with the label on the first line only. */
static void line(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line(const char *label, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT, safe = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	cmd_add_harmless(&safe, buf_str(&text));
	printf("%-12s %s\n", label, buf_str(&safe));
}

/* For the lines of a list: the label once. */
static const char *once(const char *label, size_t i)
{
	return i ? "" : label;
}

static void rest(size_t shown, size_t all)
{
	if (all > shown)
		line("", "... and %zu more", all - shown);
}

void info_add_status(struct buf *to, int status)
{
	if (WIFEXITED(status))
		buf_addf(to, "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		buf_addf(to, "signal %d%s", WTERMSIG(status),
			 WCOREDUMP(status) ? " (core dumped)" : "");
	else
		buf_addf(to, "status %d", status);
}

static void add_command(struct buf *to, const struct manifest_strings *argv)
{
	for (size_t i = 0; i < argv->n; i++) {
		if (i)
			buf_addc(to, ' ');
		buf_add_shell(to, argv->v[i], strlen(argv->v[i]));
	}
}

static void print_when(const struct manifest *m)
{
	struct timespec start = m->run.start, end = m->end.end;
	char day[32] = "";
	struct tm tm;

	if (!start.tv_sec)
		return;
	if (gmtime_r(&start.tv_sec, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (m->has_end && end.tv_sec >= start.tv_sec)
		line("recorded:", "%s by care %s (%s), took %.1f s", day,
		     m->run.care_version ? m->run.care_version : "?",
		     m->run.engine ? m->run.engine : "?",
		     (double)(end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9);
	else
		line("recorded:", "%s by care %s", day, m->run.care_version ? m->run.care_version : "?");
}

static void print_run(const struct manifest *m)
{
	const struct manifest_run *run = &m->run;
	_cleanup_buf_ struct buf command = BUF_INIT, status = BUF_INIT;

	print_when(m);
	add_command(&command, &run->argv);
	line("command:", "%s", buf_str(&command));
	if (run->cwd)
		line("in:", "%s", run->cwd);
	if (m->end.partial) {
		line("status:", "unknown, the recording was cut short");
	} else if (m->has_end) {
		info_add_status(&status, m->end.status);
		line("status:", "%s", buf_str(&status));
	}
	if (run->arch || run->release)
		line("machine:", "%s, %s %s%s%s", run->arch ? run->arch : "?",
		     run->sysname ? run->sysname : "?", run->release ? run->release : "?",
		     run->libc ? ", " : "", run->libc ? run->libc : "");
	line("user:", "uid %u, gid %u", (unsigned)run->euid, (unsigned)run->egid);
}

static void print_files(const struct info *i)
{
	char text[16];

	if (!i->m->n_files)
		return;
	line("files:", "%zu: %" PRIu64 " with content (%s), %" PRIu64 " only looked at, %" PRIu64
	     " directories, %" PRIu64 " symlinks", i->m->n_files, i->whole,
	     cmd_bytes(text, i->bytes), i->placeholders, i->directories, i->symlinks);
	for (size_t n = 0; n < MIN(i->n_shown, i->n_biggest); n++)
		line(once("biggest:", n), "%-9s %s", cmd_bytes(text, i->biggest[n]->size),
		     i->biggest[n]->path);
	if (i->m->absent.n)
		line("absent:", "%zu paths were looked up and not there", i->m->absent.n);
}

static void print_processes(const struct manifest *m)
{
	if (!m->n_processes)
		return;
	line("processes:", "%zu", m->n_processes);
	for (size_t i = 0; i < m->n_processes && log_verbosity() >= 1; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		add_command(&b, &m->processes[i].argv);
		line("", "%" PRIu32 " %s", m->processes[i].id, buf_str(&b));
	}
}

static void print_depends(const struct manifest *m)
{
	size_t n = 0, few = log_verbosity() >= 1 ? SIZE_MAX : FEW;

	for (size_t i = 0; i < m->n_depends && i < few; i++)
		line(once("depends on:", n++), "%s%s%s", m->depends[i].what ? m->depends[i].what : "?",
		     m->depends[i].detail ? " " : "", m->depends[i].detail ? m->depends[i].detail : "");
	rest(few, m->n_depends);
	for (size_t i = 0; i < m->n_nets && i < few; i++)
		line(once("depends on:", n++), "network: %s %s%s", m->nets[i].proto ? m->nets[i].proto : "?",
		     m->nets[i].address ? m->nets[i].address : "?", m->nets[i].listen ? " (listening)" : "");
	rest(few, m->n_nets);
	for (size_t i = 0; i < m->run.volatile_paths.n && log_verbosity() >= 1; i++)
		line(once("volatile:", i), "%s", m->run.volatile_paths.v[i]);
}

static void print_concealed(const struct manifest *m, size_t few)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < m->n_concealed; i++) {
		const struct manifest_concealed *c = &m->concealed[i];

		/* What was never there would not have been found unconcealed either. */
		if (!c->existed)
			continue;
		if (all++ < few)
			line(once("concealed:", shown++), "%s%s%s", c->path ? c->path : "?",
			     c->exe ? ", wanted by " : "", c->exe ? c->exe : "");
	}
	rest(few, all);
}

static void print_trouble(const struct info *i)
{
	const struct manifest *m = i->m;
	size_t few = log_verbosity() >= 1 ? SIZE_MAX : FEW;

	print_concealed(m, few);
	for (size_t n = 0; n < m->n_unknowns && n < few; n++)
		line(once("unknown:", n), "system call %s %" PRIu64 " (%s), %" PRIu64 " times",
		     m->unknowns[n].name ? m->unknowns[n].name : "number", m->unknowns[n].nr,
		     m->unknowns[n].abi ? m->unknowns[n].abi : "?", m->unknowns[n].count);
	for (size_t n = 0; n < m->n_lost && n < few; n++)
		line(once("missing:", n), "%s: %s", m->lost[n].path ? m->lost[n].path : "?",
		     m->lost[n].why ? m->lost[n].why : "?");
	rest(few, m->n_lost);
	if (i->partial)
		line("partial:", "yes: files that were used last may be missing");
}

void info_print_text(const struct info *i)
{
	char text[16];

	if (i->archive_bytes)
		line("archive:", "%s: %s, %s", i->path, i->format, cmd_bytes(text, i->archive_bytes));
	else
		line("archive:", "%s: %s", i->path, i->format);
	print_run(i->m);
	print_files(i);
	print_processes(i->m);
	print_depends(i->m);
	print_trouble(i);
	line("again:", "care replay %s", i->path);
}
