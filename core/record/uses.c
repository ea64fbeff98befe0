// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a use of a name means for the archive (decision 1): reading and executing
 * keep the content, writing keeps it before it goes, everything else keeps the
 * metadata. First use wins; later ones only add to what is told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/far.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/manifest/review.h"
#include "core/record/recorder_internal.h"

#define USES_REVIEWED 8192	/* bytes: a text that is a key, or holds a token, is no longer */

struct object object_volatile = { .volatile_below = true };
struct object object_concealed = { .concealed_below = true };

/* Where the truth about @n is: for a concealed directory itself, the real one. */
static int true_host(const struct name *n, struct buf *ret)
{
	return n->flags & NAME_SKELETON ? name_path(n, ret) : name_host(n, ret);
}

static int told_link(struct recorder *r, struct object *o, const char *origin)
{
	if (o->file.type == MANIFEST_DIR)
		return 0;
	return queue_link(r->queue, o, origin, r->e);
}

/* An existing name whose parent's object is known. */
static struct object *identify(struct recorder *r, struct name *n, const struct object *parent)
{
	_cleanup_buf_ struct buf host = BUF_INIT, origin = BUF_INIT;
	struct object *o = NULL;
	struct err e = { 0 };
	bool link = false;
	int ret;

	/* Between entry and exit of the call that makes it, it may exist already. */
	if (n->flags & (NAME_BORN | NAME_PENDING) || (parent == &object_born && !(n->flags & NAME_MOUNTED)))
		return &object_born;
	if (parent && parent->volatile_below && !(n->flags & NAME_MOUNTED))
		return &object_volatile;
	if (!(n->flags & NAME_SKELETON) && name_concealed(n))
		return &object_concealed;
	if (n->flags & NAME_MOUNTED) {
		buf_adds(&origin, n->bind);	/* it was there before it was mounted here */
	} else {
		if (parent && strcmp(parent->file.path, "/"))
			buf_adds(&origin, parent->file.path);
		if (parent)
			buf_addc(&origin, '/');
		buf_adds(&origin, parent ? n->text : "/");
	}
	ret = true_host(n, &host);
	if (ret >= 0)
		ret = buf_error(&origin);
	if (ret >= 0)
		ret = objects_add(r->objects, host.data, origin.data, n->flags & NAME_CHANGED, &o,
				  &link, &e);
	if (ret == -ENOMEM)
		err_set(r->e, ret, "remember %s", buf_str(&origin));
	if (ret < 0)
		return NULL;
	if (link && told_link(r, o, origin.data) < 0)
		return NULL;
	return o;
}

struct object *name_object(struct recorder *r, struct name *n)
{
	struct object *parent = NULL;

	if (n->object)
		return n->object;
	if (n->type == NAME_UNKNOWN || n->type == NAME_ABSENT)
		return NULL;
	if (n->parent != n) {
		parent = name_object(r, n->parent);
		if (!parent)
			return NULL;
	}
	n->object = identify(r, n, parent);
	if (n->object == &object_born)
		n->flags |= NAME_BORN;
	return n->object;
}

/* A descriptor of our own to read from what @at is. −errno. */
static int reopen(int at)
{
	char link[64];
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOATIME);
	if (fd < 0 && errno == EPERM)	/* O_NOATIME is the owner's */
		fd = open(link, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * A descriptor to read @o's content from. O_PATH first, because opening has effects
 * of its own on what is not a regular file (decision 5). −errno.
 */
static int open_content(const struct name *n, const struct object *o)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_close_ int at = -1;
	struct stat st;
	int r = name_host(n, &host);

	if (r < 0)
		return r;
	at = far_open(host.data, O_PATH | O_NOFOLLOW);
	if (at < 0)
		return at;
	if (fstat(at, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_dev != o->file.dev || st.st_ino != o->file.ino)
		return -ESTALE;
	return reopen(at);
}

/* What distributions install there is everybody's, and most of what is read. */
static bool is_installed(const char *path)
{
	static const char *const places[] = {
		"/usr/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/etc/ssl/certs/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strncmp(path, places[i], strlen(places[i])))
			return strncmp(path, "/usr/local/", 11) != 0;
	return false;
}

/* A key or a token by its text. Only small files are looked into: those that are them. */
static int review_text(struct object *o, int fd)
{
	char text[USES_REVIEWED];
	const char *why;
	ssize_t n;

	if (o->file.size > sizeof(text) || o->file.secret || is_installed(o->file.path))
		return 0;
	n = io_pread_full(fd, text, o->file.size, 0);
	why = n > 0 ? review_content(text, n) : NULL;
	if (why)
		o->file.secret = strdup(why);
	return why && !o->file.secret ? -ENOMEM : 0;
}

/* Keys are archived like any other file, but not without a word. */
static int review(struct recorder *r, struct object *o, int fd)
{
	const struct manifest_file **more;
	int ret = review_text(o, fd);

	if (ret >= 0 && !o->file.secret && !review_path(o->file.path))
		return 0;
	more = ret < 0 ? NULL : realloc(r->secrets, (r->n_secrets + 1) * sizeof(*more));
	if (!more)
		return err_set(r->e, -ENOMEM, "remember %s", o->file.path);
	r->secrets = more;
	r->secrets[r->n_secrets++] = &o->file;
	return 0;
}

/* Content that is wanted and not settled yet; of name @n, or open as @at. */
static int keep_content(struct recorder *r, const struct name *n, int at, struct object *o, unsigned use)
{
	/* What is stored: holes are not. */
	uint64_t stored = MIN(o->file.size, o->file.blocks * 512);
	int fd;

	o->content_told = true;
	if (r->spec.max_size >= 0 && stored > (uint64_t)r->spec.max_size) {
		o->file.content = MANIFEST_TOO_BIG;
		fact_lost(r, o->file.path, "bigger than the limit (-m)");
		log_warn("%s: %llu MiB is more than -m allows, archived without content", o->file.path,
			 (unsigned long long)(stored >> 20));
		return queue_file(r->queue, o, -1, r->e);
	}
	fd = n ? open_content(n, o) : reopen(at);
	if (fd >= 0) {
		/* The summary had it among the placeholders, if it was looked at before. */
		r->sum.placeholders -= o->file.content == MANIFEST_PLACEHOLDER;
		o->file.content = MANIFEST_WHOLE;
		r->sum.files++;
		r->sum.bytes += o->file.size;
		log_info("archived: %s", o->file.path);
		if (review(r, o, fd) < 0) {
			close(fd);
			return r->e->code;
		}
		return queue_file(r->queue, o, fd, r->e);
	}
	o->file.content = MANIFEST_UNREADABLE;
	/* What the command may not read either is no loss; what it may execute is. */
	if (fd != -EACCES || use & USE_EXEC)
		fact_lost(r, o->file.path, fd == -EACCES ? "may be executed but not read" : strerror(-fd));
	return queue_file(r->queue, o, -1, r->e);
}

/*
 * Found by a search along $PATH, or asked whether it can be executed: kept, so that
 * another command can be tried at replay. A directory whose names were all listed
 * was not searched.
 */
static bool executable_found(const struct name *n, const struct object *o, unsigned use)
{
	const struct object *dir = n->parent->object;

	if (!(o->file.mode & 0111) || !(use & (USE_META | USE_ACCESSX)))
		return false;
	return use & USE_ACCESSX || (n->parent->flags & NAME_PATHDIR && dir && !dir->listed);
}

/* A rename replaces the name only: the bytes of what it meant stay until the last name goes. */
static bool is_rename(const struct event *ev)
{
	const struct call *c = ev ? ev->call : NULL;

	return c && c->n_paths == 2 && c->paths[0].use & USE_REMOVE;
}

static int use_regular(struct recorder *r, struct name *n, struct object *o, unsigned use, bool first)
{
	bool truncates = use & USE_REPLACE && !is_rename(r->ev);
	bool want = (use & USE_CONTENT && !truncates) || r->spec.content_seen ||
		    executable_found(n, o, use);
	int ret = 0;

	if (want && !o->content_told && !o->doomed)
		ret = keep_content(r, n, -1, o, use);
	else if (first) {
		o->file.content = MANIFEST_PLACEHOLDER;
		r->sum.placeholders++;
		ret = queue_file(r->queue, o, -1, r->e);
	}
	if (use & USE_WRITE || truncates) {
		if (o->file.nlink > 1)
			r->wrote_hardlinks = true;
		if (ret >= 0)
			ret = queue_secure(r->queue, o, r->e);
		o->doomer = o->doomed || !r->ev ? 0 : r->ev->task->tid;
		o->doomed = true;
	}
	return ret;
}

/* Made by nobody's reading: FIFO and socket are the other side's business. */
static int use_special(struct recorder *r, struct object *o, unsigned use, unsigned before)
{
	enum manifest_type type = o->file.type;
	bool others = (type == MANIFEST_FIFO || type == MANIFEST_SOCK) && !r->spec.keep_special;
	const unsigned talk = USE_CONTENT | USE_SOCKET;

	if ((type == MANIFEST_CHR || type == MANIFEST_BLK) && use & USE_CONTENT)
		fact_depend(r, "device", o->file.path);
	if (type == MANIFEST_SOCK && use & USE_SOCKET)
		fact_depend(r, "unix-socket", o->file.path);
	if (others && use & talk && !(before & talk) && manifest_strings_add(&r->special, o->file.path) < 0)
		return err_set(r->e, -ENOMEM, "tell of %s", o->file.path);
	if (before)
		return 0;
	if (others)
		o->file.content = MANIFEST_VOLATILE;
	return queue_file(r->queue, o, -1, r->e);
}

static int use_object(struct recorder *r, struct name *n, struct object *o, unsigned use)
{
	unsigned before = o->file.use;
	bool first = !before;

	if (!(use & ~o->file.use) && !(use & (USE_WRITE | USE_REPLACE)))
		return 0;
	o->file.use |= use;
	if (first) {
		o->file.process = r->process;
		if (n->flags & NAME_VOLATILE) {
			o->volatile_below = true;
			o->file.content = MANIFEST_VOLATILE;
			log_info("volatile: %s", o->file.path);
			return queue_file(r->queue, o, -1, r->e);
		}
	}
	if (o->volatile_below)
		return 0;
	switch (o->file.type) {
	case MANIFEST_REG:
		return use_regular(r, n, o, use, first);
	case MANIFEST_DIR:
	case MANIFEST_LNK:
		return first ? queue_file(r->queue, o, -1, r->e) : 0;
	default:
		return use_special(r, o, use, before);
	}
}

int use_name(struct recorder *r, struct name *n, unsigned use)
{
	struct object *o;

	if (n->type == NAME_ABSENT) {
		if (name_concealed(n))
			return fact_concealed(r, n, use);
		return fact_absent(r, n);
	}
	o = name_object(r, n);
	if (!o)
		return r->e && r->e->code == -ENOMEM ? -ENOMEM : 0;
	if (o == &object_born || o == &object_volatile || o == &object_concealed)
		return 0;
	return use_object(r, n, o, use);
}

int use_unnamed(struct recorder *r, int fd, const char *path, unsigned use)
{
	struct object *o;
	bool link = false;
	int ret = objects_add_fd(r->objects, fd, path, &o, &link, r->e);

	if (ret < 0)
		return ret;
	if (link)
		return told_link(r, o, path);
	if (o->content_told)	/* another descriptor of it */
		return 0;
	o->file.use |= use;
	o->file.process = r->process;
	ret = keep_content(r, NULL, fd, o, use);
	/* write(2) is not seen: it may come at any time. */
	if (ret >= 0 && use & USE_WRITE)
		ret = queue_secure(r->queue, o, r->e);
	return ret;
}

int use_secure(struct recorder *r, struct name *n)
{
	struct object *o = n->object;

	return o && o->job ? queue_secure(r->queue, o, r->e) : 0;
}

static int use_listed(struct recorder *r, struct name *dir, const char *text)
{
	struct name *n = names_child(r->names, dir, text, strlen(text));
	int ret;

	if (!n)
		return err_set(r->e, -ENOMEM, "list a directory");
	ret = names_refresh(r->names, n);
	if (ret < 0)
		return ret == -ENOMEM ? err_set(r->e, ret, "list a directory") : 0;
	return n->type == NAME_ABSENT ? 0 : use_name(r, n, USE_META);
}

int use_list(struct recorder *r, struct name *dir)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	_cleanup_closedir_ DIR *d = NULL;
	struct object *o = name_object(r, dir);
	struct dirent *entry;
	int ret = 0;

	if (!o || o == &object_born || o == &object_volatile || o == &object_concealed ||
	    o->volatile_below || o->listed || o->file.type != MANIFEST_DIR)
		return 0;
	o->listed = true;
	ret = name_host(dir, &host);
	if (ret < 0)
		return err_set(r->e, ret, "list %s", o->file.path);
	d = far_opendir(host.data);
	while (d && ret >= 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = use_listed(r, dir, entry->d_name);
	return ret;
}
