// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A lock file beside each tree: shared while a replay uses it, exclusive while it is
 * made or removed. A tree is complete when it has its final name.
 */
#include "core/replay/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/manifest/manifest.h"
#include "core/replay/copy.h"
#include "core/replay/settle.h"
#include "core/replay/stamp.h"
#include "core/replay/wait.h"
#include "core/base/rmtree.h"

#define CACHE_LAYOUT 2		/* part of the key: grows when what is extracted changes */
#define RUN_PREFIX "run."
#define LOCK_SUFFIX ".lock"
#define KEY_LENGTH 32		/* hexadecimal digits */

/* A directory that is ours alone, below which programs may be run. */
static bool usable(const char *path)
{
	struct statvfs fs;
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022) && statvfs(path, &fs) == 0 &&
	       !(fs.f_flag & (ST_NOEXEC | ST_RDONLY)) && access(path, W_OK | X_OK) == 0;
}

static void make_parents(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
}

static char *try_dir(const char *base, const char *rest)
{
	_cleanup_free_ char *path = NULL;

	if (!base || *base != '/' || asprintf(&path, "%s/%s", base, rest) < 0)
		return NULL;
	make_parents(path);
	mkdir(path, 0700);
	return usable(path) ? steal_ptr(path) : NULL;
}

int cache_dir(char **ret_path, struct err *e)
{
	char own[32];
	char *path;

	snprintf(own, sizeof(own), "care-%u", (unsigned)geteuid());
	path = try_dir(getenv("XDG_CACHE_HOME"), "care");
	if (!path)
		path = try_dir(getenv("HOME"), ".cache/care");
	if (!path)
		path = try_dir("/var/tmp", own);
	if (!path)
		path = try_dir(getenv("TMPDIR") ?: "/tmp", own);
	if (!path)
		return err_set(e, -EACCES, "no place for extracted files (set XDG_CACHE_HOME to a "
			       "directory of yours where programs may be run)");
	*ret_path = path;
	return 0;
}

int cache_shared_dir(char **ret_path, struct err *e)
{
	char own[32];
	char *path;

	snprintf(own, sizeof(own), "care-%u-shared", (unsigned)geteuid());
	path = try_dir("/var/tmp", own) ?: try_dir("/tmp", own);
	if (!path || chmod(path, 0711) < 0) {
		free(path);
		return err_set(e, -EACCES, "no place for files that another user is to work on");
	}
	*ret_path = path;
	return 0;
}

/* The lock that its directory's name and this descriptor both mean. */
static int lock_file(int dir, const char *name, int operation)
{
	for (;;) {
		_cleanup_close_ int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat a, b;

		if (fd < 0)
			return -errno;
		while (flock(fd, operation) < 0)
			if (errno != EINTR)
				return -errno;
		/* Whoever removed a tree removed its lock as well. */
		if (fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
		    a.st_ino == b.st_ino)
			return steal_fd(&fd);
	}
}

static int path_below(char **ret, const char *dir, const char *name, struct err *e)
{
	return asprintf(ret, "%s/%s", dir, name) < 0 ? err_set(e, -ENOMEM, "name a file") : 0;
}

/*
 * Directories of replays whose lock nobody holds. Called under the lock of all runs.
 * The lock lies beside the directory, so that it outlives it: one that is just being
 * removed by its owner is not taken for stale.
 */
static void remove_stale(const char *cache, int dir)
{
	_cleanup_closedir_ DIR *d = opendir(cache);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		_cleanup_free_ char *path = NULL, *lock = NULL;
		_cleanup_close_ int fd = -1;
		size_t len = strlen(RUN_PREFIX "XXXXXX");

		/* A lock without its directory has the same end. */
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) ||
		    strlen(entry->d_name) < len ||
		    asprintf(&lock, "%.*s" LOCK_SUFFIX, (int)len, entry->d_name) < 0)
			continue;
		fd = lock_file(dir, lock, LOCK_EX | LOCK_NB);
		if (fd < 0 || asprintf(&path, "%s/%.*s", cache, (int)len, entry->d_name) < 0)
			continue;
		if (rmtree(path, NULL) == 0)
			unlinkat(dir, lock, 0);
	}
}

int cache_run_dir(const char *cache, char **ret_path, int *ret_lock, struct err *e)
{
	_cleanup_close_ int dir = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC), all = -1, lock = -1;
	_cleanup_free_ char *path = NULL, *name = NULL;

	if (dir < 0)
		return err_set(e, -errno, "open %s", cache);
	all = lock_file(dir, "runs.lock", LOCK_EX);
	if (all < 0)
		return err_set(e, all, "lock %s", cache);
	remove_stale(cache, dir);
	if (asprintf(&path, "%s/" RUN_PREFIX "XXXXXX", cache) < 0)
		return err_set(e, -ENOMEM, "make a directory");
	if (!mkdtemp(path))
		return err_set(e, -errno, "make a directory in %s", cache);
	if (asprintf(&name, "%s" LOCK_SUFFIX, path) < 0)
		return err_set(e, -ENOMEM, "make a directory");
	lock = lock_file(AT_FDCWD, name, LOCK_EX);
	if (lock < 0) {
		rmtree(path, NULL);
		return err_set(e, lock, "lock %s", path);
	}
	*ret_path = steal_ptr(path);
	*ret_lock = steal_fd(&lock);
	return 0;
}

int cache_run_remove(const char *path, int lock, struct err *e)
{
	_cleanup_free_ char *name = NULL;
	int r = rmtree(path, e);

	if (r == 0 && asprintf(&name, "%s" LOCK_SUFFIX, path) >= 0)
		unlink(name);
	if (lock >= 0)
		close(lock);
	return r;
}

/* What the archive is, cheaply: a changed file has another time of change (ctime). */
static int make_key(const struct cache_want *want, char ret[KEY_LENGTH + 1], struct err *e)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct sha256_ctx sha;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct stat st;

	if (stat(want->archive, &st) < 0)
		return err_set(e, -errno, "%s", want->archive);
	buf_addf(&text, "%d %ju %ju %jd %jd.%09ld %jd.%09ld owners %d", CACHE_LAYOUT,
		 (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		 (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
		 st.st_ctim.tv_nsec, want->owners);
	if (want->project)
		buf_adds(&text, " projected");
	if (text.failed)
		return err_set(e, -ENOMEM, "name a file");
	sha256_init(&sha);
	sha256_update(&sha, text.len, (const uint8_t *)text.data);
	sha256_digest(&sha, sizeof(digest), digest);
	for (int i = 0; i < KEY_LENGTH / 2; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

int cache_extract(const char *path, bool reachable, const struct cache_want *want, struct err *e)
{
	struct archive_extract how = {
		.only_rootfs = true, .placeholders = true, .owners = want->owners,
		.set_ids = !reachable, .progress = want->progress, .ctx = want->ctx,
		.stop = wait_interrupted,
	};
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), root = -1;
	int r;

	if (dir < 0 || mkdirat(dir, "rootfs", 0755) < 0)
		return err_set(e, -errno, "make %s/rootfs", path);
	root = openat(dir, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return err_set(e, -errno, "open %s/rootfs", path);
	r = archive_in_extract(want->in, root, &how, e);
	if (r < 0)
		return r;
	if (want->cwd)
		r = settle_cwd(root, want->cwd, e);
	if (r < 0)
		return r;
	if (how.skipped)
		log_info("%" PRIu64 " entries could not be extracted here", how.skipped);
	return want->project ? copy_project(root, want->project, reachable, e) : 0;
}

static int make_tree(const char *cache, const char *key, const struct cache_want *want, struct err *e)
{
	_cleanup_free_ char *growing = NULL, *tree = NULL;
	int r;

	if (asprintf(&growing, "%s/%s.partial", cache, key) < 0 || path_below(&tree, cache, key, e) < 0)
		return err_set(e, -ENOMEM, "name a file");
	/* One that a power cut left incomplete goes under the name that says so. */
	r = rmtree(growing, e);
	if (r == 0 && rename(tree, growing) == 0)
		r = rmtree(growing, e);
	if (r < 0)
		return r;
	if (mkdir(growing, 0700) < 0)
		return err_set(e, -errno, "make %s", growing);
	r = cache_extract(growing, false, want, e);
	if (r == 0)
		r = stamp_write(AT_FDCWD, growing, e);
	if (r == 0 && rename(growing, tree) < 0)
		r = err_set(e, -errno, "rename %s", growing);
	if (r < 0)
		rmtree(growing, NULL);
	if (r == -ENOSPC || r == -EDQUOT)
		err_set(e, r, "no room to extract the archive in %s (XDG_CACHE_HOME names another place)",
			cache);
	return r;
}

struct entry {
	char key[KEY_LENGTH + 1];
	struct stamp stamp;
};

static bool is_key(const char *name)
{
	return strlen(name) == KEY_LENGTH && strspn(name, "0123456789abcdef") == KEY_LENGTH;
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->stamp.used;
	const struct timespec *y = &((const struct entry *)b)->stamp.used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

/* Unless somebody uses it. */
static bool remove_entry(const char *cache, int dir, const char *key)
{
	_cleanup_free_ char *lock = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;

	if (asprintf(&lock, "%s.lock", key) < 0 || path_below(&path, cache, key, NULL) < 0)
		return false;
	fd = lock_file(dir, lock, LOCK_EX | LOCK_NB);
	if (fd < 0 || rmtree(path, NULL) < 0)
		return false;
	unlinkat(dir, lock, 0);
	return true;
}

/* The longest unused first, until the rest fits. The one in use is locked by us. */
static void shrink(const char *cache, int dir, uint64_t limit)
{
	_cleanup_closedir_ DIR *d = opendir(cache);
	_cleanup_free_ struct entry *all = NULL;
	struct dirent *entry;
	uint64_t sum = 0;
	size_t n = 0;

	while (d && (entry = readdir(d))) {
		struct entry *more = realloc(all, (n + 1) * sizeof(*all));

		if (!more)
			return;
		all = more;
		if (!is_key(entry->d_name) || !stamp_read(dir, entry->d_name, &all[n].stamp))
			continue;
		memcpy(all[n].key, entry->d_name, sizeof(all[n].key));
		sum += all[n++].stamp.room;
	}
	if (sum <= limit)
		return;
	qsort(all, n, sizeof(*all), by_use);
	for (size_t i = 0; i < n && sum > limit; i++)
		if (remove_entry(cache, dir, all[i].key))
			sum -= all[i].stamp.room;
}

int cache_tree(const char *cache, const struct cache_want *want, char **ret_path, int *ret_lock,
	       struct err *e)
{
	_cleanup_close_ int dir = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
	_cleanup_free_ char *lock_name = NULL, *root = NULL;
	char key[KEY_LENGTH + 1];
	bool made = false;
	int r;

	if (dir < 0)
		return err_set(e, -errno, "open %s", cache);
	r = make_key(want, key, e);
	if (r < 0)
		return r;
	if (asprintf(&lock_name, "%s.lock", key) < 0 || asprintf(&root, "%s/%s/rootfs", cache, key) < 0)
		return err_set(e, -ENOMEM, "name a file");
	/* Shared is enough when it is there already, so that replays do not wait. */
	lock = lock_file(dir, lock_name, LOCK_SH);
	if (lock >= 0 && !stamp_holds(dir, key)) {
		close(steal_fd(&lock));
		lock = lock_file(dir, lock_name, LOCK_EX);
		made = lock >= 0 && !stamp_holds(dir, key);
		if (made)
			r = make_tree(cache, key, want, e);
		if (lock >= 0)
			flock(lock, LOCK_SH);
	}
	if (lock < 0)
		return err_set(e, lock, "lock %s/%s", cache, lock_name);
	if (r < 0)
		return r;
	stamp_touch(dir, key);
	/* It has grown, or may be smaller than it was: else there is nothing to look for. */
	if (made || want->new_limit)
		shrink(cache, dir, want->limit);
	*ret_path = steal_ptr(root);
	*ret_lock = steal_fd(&lock);
	return 0;
}
