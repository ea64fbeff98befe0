// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Only the set-uid programs newuidmap(1) and newgidmap(1) may map more than one id for
 * an ordinary user; they check /etc/subuid and /etc/subgid themselves.
 */
#include "core/replay/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/replay/plan.h"

bool idmap_parse(const char *text, const char *name, unsigned id, uint64_t *ret_first,
		 uint64_t *ret_count)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	while (text && *text) {
		const char *colon = strchr(text, ':'), *end = strchr(text, '\n');
		size_t len = colon ? (size_t)(colon - text) : 0;
		unsigned long long first, count;

		if (len && (!end || colon < end) &&
		    ((name && strlen(name) == len && !memcmp(text, name, len)) ||
		     (strlen(number) == len && !memcmp(text, number, len))) &&
		    sscanf(colon + 1, "%llu:%llu", &first, &count) == 2 && count > 0) {
			*ret_first = first;
			*ret_count = count;
			return true;
		}
		text = end ? end + 1 : NULL;
	}
	return false;
}

static bool read_grant(const char *path, const char *name, unsigned id, uint64_t *ret_first,
		       uint64_t *ret_count)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return io_read_file(AT_FDCWD, path, 1 << 20, &text, NULL) == 0 &&
	       idmap_parse(buf_str(&text), name, id, ret_first, ret_count);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");

	for (const char *at = path ? path : "/usr/bin:/bin";; at++) {
		_cleanup_buf_ struct buf full = BUF_INIT;
		size_t len = strcspn(at, ":");

		buf_add(&full, at, len);
		buf_addf(&full, "/%s", program);
		if (len && access(buf_str(&full), X_OK) == 0)
			return true;
		at += len;
		if (!*at)
			return false;
	}
}

bool idmap_granted(struct plan_place *place)
{
	const struct passwd *user = getpwuid(place->uid);
	const char *name = user ? user->pw_name : NULL;

	return read_grant("/etc/subuid", name, place->uid, &place->subuid, &place->subuid_count) &&
	       read_grant("/etc/subgid", name, place->uid, &place->subgid, &place->subgid_count) &&
	       in_path("newuidmap") && in_path("newgidmap");
}

/* newuidmap PID inside outside count … */
static int run_tool(const char *tool, pid_t pid, char **words, int n)
{
	char number[16];
	int status;
	pid_t child;

	snprintf(number, sizeof(number), "%d", (int)pid);
	words[0] = (char *)tool;
	words[1] = number;
	words[n] = NULL;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		execvp(tool, words);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -EPERM;
}

int idmap_write(pid_t pid, const char *text, struct err *e)
{
	static const struct { const char *tool, *what; } tools[] = {
		{ "newuidmap", "uid " }, { "newgidmap", "gid " },
	};

	for (size_t t = 0; t < ARRAY_SIZE(tools); t++) {
		_cleanup_free_ char *copy = strdup(text);
		char *words[16], *line_at = NULL;
		int n = 2, r;

		if (!copy)
			return err_set(e, -ENOMEM, "map ids");
		for (char *line = strtok_r(copy, "\n", &line_at); line; line = strtok_r(NULL, "\n", &line_at)) {
			char *word_at = NULL, *word;

			if (strncmp(line, tools[t].what, 4))
				continue;
			for (word = strtok_r(line + 4, " ", &word_at); word && n < 15;
			     word = strtok_r(NULL, " ", &word_at))
				words[n++] = word;
		}
		r = run_tool(tools[t].tool, pid, words, n);
		if (r < 0)
			return err_set(e, r, "map ids by %s", tools[t].tool);
	}
	return 0;
}
