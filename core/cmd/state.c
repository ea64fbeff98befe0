// SPDX-License-Identifier: GPL-2.0-or-later
/* Spools: a directory per recording, claimed while it runs. */
#include "core/cmd/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/claim.h"
#include "core/base/mem.h"
#include "core/base/rmtree.h"

static int make_dirs(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*at = '/';
			return -errno;
		}
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

char *state_dir(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *dir;
	int r;

	if (state && state[0] == '/')
		r = asprintf(&dir, "%s/care", state);
	else if (home && home[0] == '/' && access(home, F_OK) == 0)
		r = asprintf(&dir, "%s/.local/state/care", home);
	else
		return NULL;
	if (r < 0)
		return NULL;
	if (make_dirs(dir) < 0 || access(dir, W_OK | X_OK) < 0) {
		free(dir);
		return NULL;
	}
	return dir;
}

struct partials {
	void (*tell)(void *ctx, const char *path);
	void *ctx;
	unsigned count;
	bool others;	/* what a repair made here, say: not ours to remove */
};

/* Hidden, a copy of a file that was about to change, or the top of private places. */
static bool is_ours(const char *name)
{
	return name[0] == '.' || !strncmp(name, "aside-", 6) ||
	       (!strncmp(name, "care-", 5) && strlen(name) == 11 && !strchr(name, '.'));
}

static void look_in(void *ctx, const char *spool)
{
	struct partials *p = ctx;
	_cleanup_closedir_ DIR *d = opendir(spool);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');
		_cleanup_free_ char *path = NULL;

		if (!dot || strcmp(dot, ".partial")) {
			p->others |= !is_ours(entry->d_name);
			continue;
		}
		p->count++;
		if (p->tell && asprintf(&path, "%s/%s", spool, entry->d_name) >= 0)
			p->tell(p->ctx, path);
	}
}

void state_each_partial(const char *dir, void (*tell)(void *ctx, const char *path), void *ctx)
{
	struct partials p = { .tell = tell, .ctx = ctx };

	claim_each_left(dir, STATE_SPOOL, look_in, &p);
}

static void sweep(void *ctx, const char *spool)
{
	unsigned *unfinished = ctx;
	struct partials p = { 0 };

	look_in(&p, spool);
	*unfinished += p.count;
	if (!p.count && !p.others)
		rmtree(spool, NULL);
}

unsigned state_sweep(const char *dir)
{
	unsigned unfinished = 0;

	claim_each_left(dir, STATE_SPOOL, sweep, &unfinished);
	return unfinished;
}

void state_sweep_own(const char *spool)
{
	unsigned unfinished = 0;

	sweep(&unfinished, spool);
}
