// SPDX-License-Identifier: GPL-2.0-or-later
/* One replay with its outputs captured, then a list of comparisons. */
#include "core/replay/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/manifest/manifest.h"
#include "core/replay/capture.h"
#include "core/replay/replay.h"

#define HEX (2 * SHA256_DIGEST_SIZE + 1)

static int add(struct verify *v, const char *what, const char *path, enum verify_verdict verdict,
	       const char *recorded, const char *now)
{
	struct verify_item *more = realloc(v->items, (v->n + 1) * sizeof(*more)), *item;

	if (!more)
		return -ENOMEM;
	v->items = more;
	item = &more[v->n];
	*item = (struct verify_item){
		.what = what, .verdict = verdict,
		.path = path ? strdup(path) : NULL,
		.recorded = recorded ? strdup(recorded) : NULL,
		.now = now ? strdup(now) : NULL,
	};
	v->n++;
	v->differences += verdict == VERIFY_DIFFERS || verdict == VERIFY_MISSING;
	return (path && !item->path) || (recorded && !item->recorded) || (now && !item->now) ? -ENOMEM : 0;
}

static int compare_status(struct verify *v, const struct replay *r)
{
	const struct manifest *m = r->manifest;
	int now = r->ran ? wait_exit_status(r->status) :
		  r->not_run == -ENOENT || r->not_run == -ENOTDIR ? 127 : 126;
	int was = m->has_end ? wait_exit_status(m->end.status) : -1;
	char a[16], b[16];

	snprintf(a, sizeof(a), "%d", was);
	snprintf(b, sizeof(b), "%d", now);
	if (!m->has_end)
		return add(v, "status", NULL, VERIFY_UNKNOWN, NULL, b);
	return add(v, "status", NULL, was == now ? VERIFY_SAME : VERIFY_DIFFERS, a, b);
}

static int compare_output(struct verify *v, const char *what, const char *recorded, struct capture *c,
			  struct err *e)
{
	int r = capture_finish(c, e);

	if (r < 0)
		return r;
	if (!recorded)
		return add(v, what, NULL, VERIFY_UNKNOWN, NULL, c->hex);
	return add(v, what, NULL, strcmp(recorded, c->hex) ? VERIFY_DIFFERS : VERIFY_SAME, recorded, c->hex);
}

static void to_hex(const uint8_t *digest, char ret[HEX])
{
	for (int i = 0; i < SHA256_DIGEST_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static int hash_file(int fd, char ret[HEX])
{
	unsigned char block[65536];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	ssize_t n;

	sha256_init(&sha);
	while ((n = io_read_full(fd, block, sizeof(block))) > 0)
		sha256_update(&sha, n, block);
	if (n < 0)
		return (int)n;
	sha256_digest(&sha, sizeof(digest), digest);
	to_hex(digest, ret);
	return 0;
}

static int compare_written(struct verify *v, const struct replay *r, const struct manifest_written *w)
{
	_cleanup_close_ int fd = replay_open_file(r, w->path);
	char recorded[HEX], now[HEX];
	struct stat st;
	int err;

	if (fd < 0)
		return add(v, "file", w->path, VERIFY_MISSING, NULL, NULL);
	if (!w->has_sha256 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return add(v, "file", w->path, VERIFY_UNKNOWN, NULL, NULL);
	err = hash_file(fd, now);
	if (err < 0)
		return add(v, "file", w->path, VERIFY_DIFFERS, NULL, strerror(-err));
	to_hex(w->sha256, recorded);
	return add(v, "file", w->path, strcmp(recorded, now) ? VERIFY_DIFFERS : VERIFY_SAME, recorded, now);
}

static bool is_recorded(const struct manifest *m, const char *path)
{
	for (size_t i = 0; i < m->n_written; i++)
		if (!strcmp(m->written[i].path, path))
			return true;
	return false;
}

static bool is_dir(const struct replay *r, const char *path)
{
	_cleanup_close_ int fd = replay_open_file(r, path);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static int find_extra(struct verify *v, struct replay *r, struct err *e)
{
	struct changes c = { 0 };
	int err;

	if (!r->tree->pristine)
		return 0;
	err = replay_changes(r, &c, e);
	for (size_t i = 0; i < c.n && err == 0; i++)
		if ((c.v[i].kind == CHANGE_NEW || c.v[i].kind == CHANGE_CONTENT) &&
		    !is_recorded(r->manifest, c.v[i].path) && !is_dir(r, c.v[i].path))
			err = add(v, "file", c.v[i].path, VERIFY_EXTRA, NULL, NULL);
	changes_clear(&c);
	return err;
}

static int compare(struct verify *v, struct replay *r, struct capture *outputs, struct err *e)
{
	const struct manifest *m = r->manifest;
	int err = compare_status(v, r);

	if (err == 0)
		err = compare_output(v, "stdout", m->end.stdout_sha256, &outputs[0], e);
	if (err == 0)
		err = compare_output(v, "stderr", m->end.stderr_sha256, &outputs[1], e);
	for (size_t i = 0; i < m->n_written && err == 0; i++)
		err = compare_written(v, r, &m->written[i]);
	return err == 0 ? find_extra(v, r, e) : err;
}

static int replay_captured(struct verify *v, struct replay *r, bool *ret_refused, struct err *e)
{
	struct capture outputs[2] = { { .theirs = -1, .ours = -1 }, { .theirs = -1, .ours = -1 } };
	int stdio[3] = { -1, -1, -1 }, err = 0;

	for (int i = 0; i < 2 && err == 0; i++) {
		err = capture_open(&outputs[i], &r->manifest->run, i + 1, e);
		stdio[i + 1] = outputs[i].theirs;
		r->want.sources[i] = (struct wait_source){ outputs[i].ours, capture_readable, &outputs[i] };
	}
	r->want.n_sources = 2;
	r->want.stdio = stdio;
	if (err == 0)
		err = replay_run(r, ret_refused, e);
	if (err == 0) {
		err = compare(v, r, outputs, e);
		if (err == -ENOMEM)
			err_set(e, err, "compare");
	}
	capture_close(&outputs[0]);
	capture_close(&outputs[1]);
	return err;
}

int verify_run(struct verify *ret, struct replay_want *want, bool *ret_refused, struct err *e)
{
	struct verify v = { 0 };
	struct replay *r;
	int err;

	*ret_refused = false;
	err = replay_open(&r, want, e);
	if (err < 0)
		return err;
	if (r->manifest->end.partial) {
		replay_close(r, NULL);
		return err_set(e, -ENODATA, "its recording was cut short, so nobody knows what it ought "
			       "to give (care replay runs what is there)");
	}
	err = replay_captured(&v, r, ret_refused, e);
	if (err < 0) {
		replay_close(r, NULL);
		verify_clear(&v);
		return err;
	}
	err = replay_close(r, e);
	*ret = v;
	return err;
}

void verify_clear(struct verify *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->items[i].path);
		free(v->items[i].recorded);
		free(v->items[i].now);
	}
	free(v->items);
	*v = (struct verify){ 0 };
}
