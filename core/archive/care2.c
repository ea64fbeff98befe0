// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What CARE 2.x knew about a recording stands in its re-execute.sh, and nowhere else.
 * The script is read, never run. Its writer quotes in two ways: environment values as
 * a shell wants them, command words and the working directory not at all, so that a
 * quote in one of those breaks the script for sh but not for us: such a word ends only
 * where a quote, blanks, a backslash and the end of the line follow one another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/archive/in.h"
#include "core/base/err.h"
#include "core/manifest/manifest.h"
#include "core/manifest/volatile.h"

struct script {
	const char *at, *end;
	struct manifest_run run;
	struct manifest_end final;
};

static bool take(struct script *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len))
		return false;
	s->at += len;
	return true;
}

/* Behind the next line that begins with @text; false: there is none, nothing moved. */
static bool seek_line(struct script *s, const char *text)
{
	size_t len = strlen(text);

	for (const char *line = s->at; line < s->end;) {
		const char *newline = memchr(line, '\n', (size_t)(s->end - line));

		if ((size_t)(s->end - line) >= len && !memcmp(line, text, len)) {
			s->at = line + len;
			return true;
		}
		if (!newline)
			break;
		line = newline + 1;
	}
	return false;
}

/* Blanks, a backslash, the end of the line: how each word's line ends. */
static size_t line_end(const struct script *s, const char *at)
{
	const char *p = at;

	while (p < s->end && *p == ' ')
		p++;
	return p > at && p + 1 < s->end && p[0] == '\\' && p[1] == '\n' ? (size_t)(p + 2 - at) : 0;
}

/* A word in quotes that stand for nothing but its ends. */
static int raw_word(struct script *s, struct buf *word)
{
	buf_reset(word);
	if (!take(s, "'"))
		return -EBADMSG;
	for (const char *p = s->at; p < s->end; p++) {
		size_t n = *p == '\'' ? line_end(s, p + 1) : 0;

		if (!n)
			continue;
		buf_add(word, s->at, (size_t)(p - s->at));
		s->at = p + 1 + n;
		return buf_error(word);
	}
	return -EBADMSG;
}

/* A word as sh reads it, up to a blank; what stands in double quotes stays as written. */
static int shell_word(struct script *s, struct buf *word)
{
	char quote = 0;

	buf_reset(word);
	for (; s->at < s->end; s->at++) {
		char c = *s->at;

		if (!quote && (c == ' ' || c == '\n')) {
			size_t n = line_end(s, s->at);

			/* A blank that ends no line is no script of CARE's, but must not stop us for ever. */
			s->at += n ? n : c == ' ';
			return buf_error(word);
		}
		if (!quote && c == '\\' && s->at + 1 < s->end)
			buf_addc(word, *++s->at);
		else if (c == quote)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else
			buf_addc(word, c);
	}
	return -EBADMSG;
}

static int take_command(struct script *s)
{
	_cleanup_buf_ struct buf word = BUF_INIT;

	if (!seek_line(s, "[ $nbargs -ne 0 ] || set -- \\\n"))
		return -ENODATA;
	while (s->at < s->end && *s->at == '\'') {
		int r = raw_word(s, &word);

		if (r == 0)
			r = manifest_strings_add(&s->run.argv, buf_str(&word));
		if (r < 0)
			return r;
	}
	return s->run.argv.n ? 0 : -ENODATA;
}

/* 'NAME=value' was recorded; 'NAME'="$NAME" is taken from the replaying machine. */
static int take_variable(struct script *s)
{
	_cleanup_buf_ struct buf word = BUF_INIT;
	const char *start = s->at, *quote;
	int r = shell_word(s, &word);

	if (r < 0)
		return r;
	quote = memchr(start + 1, '\'', (size_t)(s->at - start - 1));
	if (quote && !strncmp(quote, "'=\"$", 4)) {
		buf_truncate(&word, (size_t)(quote - start - 1));
		return manifest_strings_add(&s->run.volatile_env, buf_str(&word));
	}
	return manifest_strings_add(&s->run.env, buf_str(&word));
}

static int take_environment(struct script *s)
{
	if (!seek_line(s, "env --ignore-environment \\\n"))
		return -ENODATA;
	while (s->at < s->end && *s->at != '"') {	/* "$PROOT": the environment's end */
		int r;

		if (*s->at == '\'') {
			r = take_variable(s);
		} else {
			_cleanup_buf_ struct buf word = BUF_INIT;

			r = shell_word(s, &word);	/* CARE's own */
		}
		if (r < 0)
			return r;
		if (s->at < s->end && *s->at == '\n')
			s->at++;
	}
	return 0;
}

/* A variable in the middle of a path (kdecache-$LOGNAME): what it was when recorded. */
static int add_volatile(struct script *s, const char *entry)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *dollar = strchr(entry + 1, '$'), *value;

	if (entry[0] != '/' && entry[0] != '$')
		return 0;
	if (!dollar)
		return manifest_strings_add(&s->run.volatile_paths, entry);
	for (size_t i = 0; i < s->run.env.n; i++) {
		value = strchr(s->run.env.v[i], '=');
		if (!value || strlen(dollar + 1) != (size_t)(value - s->run.env.v[i]) ||
		    strncmp(dollar + 1, s->run.env.v[i], (size_t)(value - s->run.env.v[i])))
			continue;
		buf_add(&path, entry, (size_t)(dollar - entry));
		buf_adds(&path, value + 1);
		return path.failed ? -ENOMEM : manifest_strings_add(&s->run.volatile_paths, path.data);
	}
	return 0;
}

/* 2.2: a release; later: \sysname\nodename\release\version\machine\domainname\hwcap\. */
static int set_kernel(struct manifest_run *run, char *text)
{
	char **fields[] = { &run->sysname, &run->nodename, &run->release, &run->version,
			    &run->machine, &run->domainname };
	char *at = text + 1;

	if (text[0] != '\\')
		return (run->release = strdup(text)) ? 0 : -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(fields) && at; i++) {
		const char *field = strsep(&at, "\\");

		free(*fields[i]);
		*fields[i] = strdup(field);
		if (!*fields[i])
			return -ENOMEM;
	}
	return 0;
}

static void set_ids(struct manifest_run *run, const char *text)
{
	char *colon;
	unsigned long uid = strtoul(text, &colon, 10);

	if (*colon != ':')
		return;
	run->ruid = run->euid = run->suid = (uid_t)uid;
	run->rgid = run->egid = run->sgid = (gid_t)strtoul(colon + 1, NULL, 10);
}

static int take_options(struct script *s)
{
	_cleanup_buf_ struct buf word = BUF_INIT;
	int r = shell_word(s, &word);	/* "$PROOT" itself */

	while (r == 0 && s->at + 3 < s->end && *s->at == '-') {
		char option = s->at[1];

		s->at += 3;
		if (option == 'w') {
			r = raw_word(s, &word);
			free(s->run.cwd);
			if (r == 0 && !(s->run.cwd = strdup(buf_str(&word))))
				r = -ENOMEM;
			continue;
		}
		r = shell_word(s, &word);
		if (r < 0)
			break;
		if (option == 'b')
			r = add_volatile(s, buf_str(&word));
		else if (option == 'k' && word.len && !s->run.release)
			r = set_kernel(&s->run, word.data);
		else if (option == 'i')
			set_ids(&s->run, buf_str(&word));
	}
	return r;
}

static void take_status(struct script *s)
{
	long status = 0;

	for (const char *p = s->at; (p = memmem(p, (size_t)(s->end - p), "-ne ", 4)); p += 4) {
		/* The first number that the status is compared with; $nbargs is compared with 0. */
		if (p - s->at >= 8 && !strncmp(p - 8, "$status ", 8)) {
			status = strtol(p + 4, NULL, 10);
			break;
		}
	}
	s->final.status = (int)(status & 0xff) << 8;
}

static void script_free(struct script *s)
{
	manifest_run_clear(&s->run);
}

/* Through the journal's text, so that a reader gets it as it gets any other. */
static int as_manifest(struct script *s, struct manifest **ret, struct err *e)
{
	struct manifest_record run = { .kind = MANIFEST_K_RUN, .run = &s->run };
	struct manifest_record end = { .kind = MANIFEST_K_END, .end = &s->final };
	_cleanup_buf_ struct buf lines = BUF_INIT;
	int r = manifest_format_record(&lines, &run, e);

	if (r == 0)
		r = manifest_format_record(&lines, &end, e);
	if (r == 0 && lines.failed)
		r = err_set(e, -ENOMEM, "read re-execute.sh");
	return r < 0 ? r : manifest_read(ret, lines.data, lines.len, e);
}

int care2_manifest(const char *script, size_t len, struct manifest **ret, struct err *e)
{
	_cleanup_(script_free) struct script s = { .at = script, .end = script + len };
	int r = take_command(&s);

	if (r == 0)
		r = take_environment(&s);
	if (r == 0)
		r = take_options(&s);
	if (r < 0)
		return err_set(e, r, "read re-execute.sh, which is not as CARE writes it");
	take_status(&s);
	if (!s.run.cwd && !(s.run.cwd = strdup("/")))
		return err_set(e, -ENOMEM, "read re-execute.sh");
	s.run.care_version = strdup("CARE 2");
	s.run.umask = 022;
	return as_manifest(&s, ret, e);
}
