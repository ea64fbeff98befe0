// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths of the tree are walked inside it: a symlink there does not lead to this machine. */
#include "core/replay/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/replay/copy.h"
#include "core/replay/idmap.h"
#include "core/replay/inroot.h"

struct transfer {
	int top;
	struct plan_words words;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* As cp: into @name if it is a directory, under the name that @like has. */
static int into_directory(int *dir, char **name, const char *like)
{
	struct stat st;
	int sub;

	if (fstatat(*dir, *name, &st, 0) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	sub = openat(*dir, *name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sub < 0)
		return -errno;
	close(*dir);
	*dir = sub;
	free(*name);
	*name = strdup(base_name(like));
	return *name ? 0 : -ENOMEM;
}

/* An O_PATH descriptor does not serve for reading the names below it. */
static int real_dir(int *dir)
{
	int fd = openat(*dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(*dir);
	*dir = fd;
	return 0;
}

static int put_one(int top, const char *host, const char *guest, struct err *e)
{
	_cleanup_free_ char *name = NULL, *source = strdup(host);
	_cleanup_close_ int dir = -1;
	size_t len = source ? strlen(source) : 0;
	int r = source ? 0 : -ENOMEM;

	while (len > 1 && source[len - 1] == '/')
		source[--len] = '\0';
	if (r == 0)
		r = inroot_parent(top, guest, 1, &dir, &name);
	if (r == 0)
		r = into_directory(&dir, &name, source);
	if (r == 0)
		r = real_dir(&dir);
	if (r < 0)
		return err_set(e, r, "put %s to %s", host, guest);
	return copy_object(AT_FDCWD, source, dir, name, false, e);
}

static int put_all(void *arg, struct err *e)
{
	const struct transfer *t = arg;
	int r = 0;

	for (size_t i = 0; i < t->words.n && r == 0; i++) {
		const char *word = t->words.v[i], *colon = strrchr(word, ':');
		_cleanup_free_ char *host = colon ? strndup(word, colon - word) : NULL;

		if (!colon || colon[1] != '/')
			return err_set(e, -EINVAL, "--put wants HOST:/GUEST, not %s", word);
		r = host ? put_one(t->top, host, colon + 1, e) : err_set(e, -ENOMEM, "put a file");
	}
	return r;
}

/* The tree is ours, whatever the recorded permissions say of its directories. */
static int transfer(const char *root, struct plan_words words, int (*all)(void *arg, struct err *e),
		    struct err *e)
{
	struct transfer t = { .words = words };
	_cleanup_close_ int top = -1;

	if (!words.n)
		return 0;
	top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_set(e, -errno, "open %s", root);
	t.top = top;
	return idmap_within(all, &t, e);
}

int transfer_put(const char *root, struct plan_words words, struct err *e)
{
	return transfer(root, words, put_all, e);
}

static int get_one(int top, const char *guest, const char *host, struct err *e)
{
	_cleanup_free_ char *name = NULL, *to_name = NULL, *parent = NULL;
	_cleanup_close_ int dir = -1, to = -1;
	int r = inroot_parent(top, guest, 0, &dir, &name);

	if (r == 0)
		r = real_dir(&dir);
	if (r < 0)
		return err_set(e, r, "get %s", guest);
	parent = strndup(host, base_name(host) - host);
	to_name = strdup(*base_name(host) ? base_name(host) : ".");
	if (!parent || !to_name)
		return err_set(e, -ENOMEM, "get %s", guest);
	to = open(*parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return err_set(e, -errno, "open %s", *parent ? parent : ".");
	r = into_directory(&to, &to_name, guest);
	if (r == 0)
		r = real_dir(&to);
	return r < 0 ? err_set(e, r, "get %s", guest) : copy_object(dir, name, to, to_name, true, e);
}

static int get_all(void *arg, struct err *e)
{
	const struct transfer *t = arg;
	int r = 0;

	for (size_t i = 0; i < t->words.n && r == 0; i++) {
		const char *word = t->words.v[i], *colon = strchr(word, ':');
		_cleanup_free_ char *guest = colon ? strndup(word, colon - word) : strdup(word);

		if (!guest)
			return err_set(e, -ENOMEM, "get a file");
		r = get_one(t->top, guest, colon ? colon + 1 : base_name(guest), e);
	}
	return r;
}

int transfer_get(const char *root, struct plan_words words, struct err *e)
{
	return transfer(root, words, get_all, e);
}
