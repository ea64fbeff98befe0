// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the text in a call to where it leads. Most paths have neither a symlink nor a ".."
 * on their way: then one openat2(2) from the place they lie in says so (RESOLVE_NO_SYMLINKS,
 * Linux 5.6), and nothing needs to be remembered that somebody else could change meanwhile.
 * With ".." in between the kernel says it of the text as it is, if all of it stays in one
 * place; a symlink at the head (/lib, /bin) or at the end is replaced, and the rest asked for
 * again. All others, and older kernels, are walked component by component.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/translate/internal.h"

/* Walks that the kernel confines to the base by itself. */
#define WALK_CONFINED (WALK_BENEATH | WALK_IN_ROOT)

/* What is to be located, and from where. */
struct wanted {
	struct task *t;
	const char *text;
	size_t len;
	unsigned walk;
	const char *root;	/* of the task, in the guest */
	const char *base;	/* directory that the text starts from, in the guest */
	bool absolute;
	bool open;		/* leave it open in spot.fd, where that costs nothing */
	int links;		/* that were replaced already */
};

/* A text put together with its base. */
struct whole {
	struct buf *guest;
	bool plain;		/* no ".." but at the head, where the base is known to be canonical */
	bool within;		/* going up did not leave the place that the base lies in */
	struct buf raw;		/* … unless plain: with each ".." that goes up from a name … */
	const struct space_place *turns;	/* … in this place; NULL: not all of them in one */
};

#define LINKS_MOST 8		/* that are replaced before all is walked */

const char *guest_root(const struct task *t)
{
	return t->fs->guest_root ?: "/";
}

void spot_reset(struct spot *s)
{
	buf_reset(&s->guest);
	buf_reset(&s->host);
	s->error = 0;
	s->answer = s->same = s->proc = s->unplain = s->readonly = false;
	cleanup_closep(&s->fd);
	s->fd = -1;
}

void spot_free(struct spot *s)
{
	spot_reset(s);
	buf_free(&s->guest);
	buf_free(&s->host);
}

static bool is_deleted(const char *path)
{
	size_t len = strlen(path), tail = sizeof(" (deleted)") - 1;

	return len > tail && !strcmp(path + len - tail, " (deleted)");
}

int guest_base(struct translate *tr, struct task *t, int dirfd, struct buf *ret_guest)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *host;
	int r;

	if (dirfd == CALL_CWD) {
		r = task_cwd(t, &host, NULL);
	} else {
		r = task_fd_path(t, dirfd, &path, NULL);
		host = buf_str(&path);
	}
	if (r < 0)
		return r;
	if (host[0] != '/' || is_deleted(host))
		return -ENOENT;
	if (dirfd == CALL_CWD)
		cwd_guest(tr, t, host, ret_guest);
	else
		space_guest(tr->space, host, ret_guest);
	return buf_error(ret_guest);
}

/* --- text ---------------------------------------------------------------------------------- */

static void go_up(struct translate *tr, const struct wanted *w, struct whole *x)
{
	const struct space_place *from = space_at(tr->space, x->guest->data);
	char *slash = strrchr(x->guest->data, '/');

	if (!strcmp(x->guest->data, w->root)) {
		x->within = false;	/* it stays there, but the kernel would go on */
		return;
	}
	buf_truncate(x->guest, slash > x->guest->data ? (size_t)(slash - x->guest->data) : 1);
	x->within &= space_at(tr->space, x->guest->data) == from;
}

/* ".." behind a name: true as it is written only if that name is no symlink. */
static void turn(struct translate *tr, const struct wanted *w, struct whole *x)
{
	const struct space_place *from = space_at(tr->space, x->guest->data);

	if (x->plain) {
		buf_adds(&x->raw, x->guest->data);
		x->plain = false;
		x->turns = from;
	}
	if (from != x->turns || !strcmp(x->guest->data, w->root))
		x->turns = NULL;
	go_up(tr, w, x);
	if (space_at(tr->space, x->guest->data) != from)
		x->turns = NULL;
	buf_adds(&x->raw, "/..");
}

static void go_down(struct whole *x, const char *name, size_t len)
{
	if (x->guest->len != 1)
		buf_addc(x->guest, '/');
	buf_add(x->guest, name, len);
	if (!x->plain) {
		buf_addc(&x->raw, '/');
		buf_add(&x->raw, name, len);
	}
}

/* "x/" and "x/." mean what a symlink x leads to. */
static bool ends_in_slash(const char *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	return len && text[len - 1] == '/';
}

static int put_together(struct translate *tr, const struct wanted *w, struct whole *x)
{
	const char *at = w->text, *end = at + w->len;
	bool head = true;

	*x = (struct whole){ .guest = x->guest, .plain = true, .within = true, .raw = BUF_INIT };
	buf_reset(x->guest);
	buf_adds(x->guest, w->absolute ? w->root : w->base);
	while (at < end && buf_error(x->guest) == 0) {
		size_t len = 0;

		while (at + len < end && at[len] != '/')
			len++;
		if (len == 2 && at[0] == '.' && at[1] == '.') {
			if (head)
				go_up(tr, w, x);
			else
				turn(tr, w, x);
		} else if (len && !(len == 1 && at[0] == '.')) {
			head = false;
			go_down(x, at, len);
		}
		at += len;
		while (at < end && *at == '/')
			at++;
	}
	if (!head && ends_in_slash(w->text, w->len)) {
		buf_addc(x->guest, '/');
		buf_addc(&x->raw, '/');
	}
	return buf_error(x->guest) < 0 ? -ENOMEM : buf_error(&x->raw);
}

/* --- the file system ------------------------------------------------------------------------- */

/* 0 when there is no symlink on the way to what is there; -ELOOP: a walk must tell. */
static int probe(struct translate *tr, const struct space_place *place, const char *rest, unsigned walk,
		 int *ret_fd)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (walk & WALK_NOFOLLOW ? O_NOFOLLOW : 0),
		/* Directories may be moved meanwhile: ".." must not leave by that. */
		.resolve = RESOLVE_NO_SYMLINKS | (strstr(rest, "..") ? RESOLVE_BENEATH : 0),
	};
	int fd;

	if (tr->no_openat2)
		return -ELOOP;
	rest += strspn(rest, "/");
	if (!*rest && place->dir)
		rest = ".";
	if (!*rest || !place->dir) {	/* a file that is bound, or below one */
		if (*rest)
			return -ENOTDIR;
		fd = fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
	} else {
		fd = (int)syscall(SYS_openat2, place->fd, rest, &how, sizeof(how));
	}
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		tr->no_openat2 = errno == ENOSYS || tr->no_openat2;
	if (fd < 0)
		return errno == ENOSYS || errno == EPERM || errno == EAGAIN || errno == EXDEV ? -ELOOP : -errno;
	*ret_fd = fd;
	return 0;
}

/* Where the walk ended, and what is left of the text, for the kernel to say the same. */
static int take_walk(const struct wanted *w, const struct path_walk *pw, const struct buf *proc, struct spot *s)
{
	int r = 0;

	s->error = pw->error;
	s->unplain = pw->links;
	buf_reset(&s->guest);
	buf_reset(&s->host);
	if (pw->last) {
		r = name_host(pw->last, &s->host);
		if (r == 0)
			r = name_path(pw->last, &s->guest);
	} else if (proc->len) {
		s->proc = true;
		buf_adds(&s->host, proc->data);
	}
	/* What the kernel meets on the host may be another symlink than the one that loops. */
	s->answer = s->error && (!s->host.len || s->error == -ELOOP || s->error == -EXDEV);
	if (pw->rest) {
		buf_addc(&s->host, '/');
		buf_add(&s->host, w->text + w->len - pw->rest, pw->rest);
	} else if (pw->slash && s->host.len) {
		buf_addc(&s->host, '/');
	}
	return r < 0 ? r : buf_error(&s->host);
}

static int walk(struct translate *tr, const struct wanted *w, struct spot *s)
{
	_cleanup_buf_ struct buf proc = BUF_INIT;
	struct path_walk pw = {
		.text = w->text, .len = w->len, .walk = w->walk | WALK_EMPTY, .keep_fds = true, .proc = &proc,
		.tgid = w->t ? w->t->tgid : getpid(), .tid = w->t ? w->t->tid : getpid(),
	};
	int r = space_walk(tr->space, w->root, w->absolute ? w->root : w->base, &pw, tr->e);

	return r < 0 ? r : take_walk(w, &pw, &proc, s);
}

/* Is @place where the command sees it as well? */
static bool in_place(const struct space_place *place)
{
	return !strcmp(place->guest, place->host);
}

/*
 * Below /proc/self: the task itself must look. Further than to what a descriptor of it is
 * open on nobody can follow, for the links there lead by the host's names.
 */
static int of_task(const struct space_place *place, struct spot *s)
{
	const char *rest = s->guest.data + place->guest_len;

	s->proc = true;
	s->same = false;
	if (*rest && strchr(rest + 1, '/')) {
		s->error = -ENOENT;
		s->answer = true;
	}
	buf_addf(&s->host, "%s%s", place->host, rest);
	return buf_error(&s->host);
}

/* Where a link may lead to a thing: only a walk tells what is one. Another procfs than /proc is a place of its own. */
static bool in_procfs(const struct space_place *place, const char *rest)
{
	return place->procfs || (!place->host_len && !strncmp(rest, "/proc/", 6));
}

static int locate(struct translate *tr, const struct wanted *w, struct spot *s);

/* What @dir has is a symlink to @target, and @tail follows it in the text. */
static int go_on(struct translate *tr, const struct wanted *w, const char *dir, const char *target,
		 const char *tail, struct spot *s)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct wanted next = *w;
	int r;

	buf_addf(&text, "%s%s", target, tail);
	if (buf_error(&text) < 0)
		return -ENOMEM;
	next.text = text.data;
	next.len = text.len;
	next.absolute = target[0] == '/';
	next.base = dir;
	next.links++;
	r = locate(tr, &next, s);
	s->unplain = true;
	s->same = false;
	return r;
}

/* Is what @text begins with, to @len, a symlink below @fd, and stands for no file? Its target. */
static bool read_link(const struct translate *tr, int fd, const char *text, size_t len, struct buf *ret)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	char target[1024];
	ssize_t n;

	buf_add(&name, text, len);
	n = buf_error(&name) < 0 ? -1 : readlinkat(fd, buf_str(&name), target, sizeof(target));
	if (n <= 0 || n == sizeof(target))
		return false;
	buf_add(ret, target, (size_t)n);
	return buf_error(ret) == 0 && !(tr->spec.is_file && tr->spec.is_file(ret->data));
}

/*
 * The first name below the place (/lib), or the last one (libc.so.6), is what most symlinks
 * are. What stands before it has none, so it is where its text says. 1: there is another.
 */
static int through_link(struct translate *tr, const struct wanted *w, const struct space_place *place,
			struct spot *s)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, target = BUF_INIT, tail = BUF_INIT;
	const char *text = s->guest.data + place->guest_len, *end = text + strlen(text), *last;
	_cleanup_close_ int fd = -1;
	size_t first;

	text += strspn(text, "/");
	first = strcspn(text, "/");
	buf_adds(&dir, place->guest);
	if (read_link(tr, place->fd, text, first, &target)) {
		buf_adds(&tail, text + first);
	} else {
		buf_reset(&target);
		for (last = end; last > text && last[-1] == '/';)
			last--;
		buf_adds(&tail, last);
		for (end = last; last > text && last[-1] != '/';)
			last--;
		if (last == text)
			return 1;
		buf_reset(&dir);
		buf_add(&dir, s->guest.data, (size_t)(last - 1 - s->guest.data));
		if (buf_error(&dir) < 0 || probe(tr, place, dir.data + place->guest_len, 0, &fd) < 0 ||
		    !read_link(tr, fd, last, (size_t)(end - last), &target))
			return 1;
	}
	return buf_error(&dir) < 0 || buf_error(&tail) < 0 ?
		       -ENOMEM : go_on(tr, w, dir.data, target.data, buf_str(&tail), s);
}

/* Is the text, made canonical, where it leads? 0, −errno of the walk; -ELOOP: a symlink, -EXDEV: not known. */
static int ask(struct translate *tr, const struct wanted *w, const struct whole *x,
	       const struct space_place *place, int *ret_fd)
{
	int r;

	if (x->plain)
		return probe(tr, place, x->guest->data + place->guest_len, w->walk, ret_fd);
	if (x->turns != place)
		return -EXDEV;
	r = probe(tr, place, x->raw.data + place->guest_len, w->walk, ret_fd);
	/* Where it ends halfway, the text that is left must tell. */
	return r < 0 ? -EXDEV : 0;
}

/* All of the text is walked. */
static int locate(struct translate *tr, const struct wanted *w, struct spot *s)
{
	struct whole x = { .guest = &s->guest };
	const struct space_place *place;
	int r = put_together(tr, w, &x), fd = -1;

	if (r < 0) {
		buf_free(&x.raw);
		return r;
	}
	place = space_at(tr->space, s->guest.data);
	s->readonly = place->readonly;
	if (place->task && x.plain)
		return of_task(place, s);
	if (place->task || w->walk & WALK_CONFINED || in_procfs(place, s->guest.data + place->guest_len))
		r = -EXDEV;
	else if (w->len)	/* else it is the base, which is canonical */
		r = ask(tr, w, &x, place, &fd);
	buf_free(&x.raw);
	if (r == -ELOOP && !tr->no_openat2 && !(w->walk & WALK_NO_SYMLINKS) && w->links < LINKS_MOST) {
		r = through_link(tr, w, place, s);
		if (r != 1)
			return r;
		r = -ELOOP;
	}
	s->same = w->absolute ? in_place(place) && !strcmp(w->root, "/") :
				x.within && place == space_at(tr->space, w->base);
	s->same &= x.plain;
	if (r == -ELOOP || r == -EXDEV) {
		r = walk(tr, w, s);
		s->same &= !s->unplain && !s->answer;
		s->readonly = r == 0 && s->guest.len && space_at(tr->space, s->guest.data)->readonly;
		return r;
	}
	if (fd >= 0 && w->open)
		s->fd = fd;
	else
		cleanup_closep(&fd);
	s->error = r;
	buf_add(&s->host, place->host, place->host_len);
	buf_adds(&s->host, s->guest.data + place->guest_len);
	if (!s->host.len)
		buf_addc(&s->host, '/');
	return buf_error(&s->host);
}

/* --- the last name is only a name -------------------------------------------------------------- */

/* A mount point can be neither removed nor renamed, nor something put in its place. */
static int check_place(struct translate *tr, const struct call_path *p, struct spot *s)
{
	const struct space_place *place = space_exactly(tr->space, s->guest.data);

	if (!place && !((p->use & (USE_REMOVE | USE_REPLACE)) && space_has_below(tr->space, s->guest.data)))
		return 0;
	if (p->use & (USE_REMOVE | USE_REPLACE)) {
		s->error = -EBUSY;
	} else if (p->use & USE_CREATE) {
		s->error = -EEXIST;
	} else {
		buf_reset(&s->host);
		buf_adds(&s->host, place->host);
		s->same = false;
		return buf_error(&s->host);
	}
	s->answer = true;
	return 0;
}

/* @text is taken apart: *ret_last where its last name begins, *ret_end where that ends. */
static void split(const char *text, size_t len, size_t *ret_last, size_t *ret_end)
{
	while (len && text[len - 1] == '/')
		len--;
	*ret_end = len;
	while (len && text[len - 1] != '/')
		len--;
	*ret_last = len;
}

static int locate_parent(struct translate *tr, const struct wanted *w, const struct call_path *p,
			 struct spot *s)
{
	struct wanted parent = *w;
	size_t last, end;
	bool dots;
	int r;

	split(w->text, w->len, &last, &end);
	dots = end - last <= 2 && !strncmp(w->text + last, "..", end - last);	/* "", ".", ".." */
	parent.len = last;
	parent.walk = (w->walk & ~(unsigned)(WALK_PARENT | WALK_NOFOLLOW)) | WALK_DIRECTORY;
	r = locate(tr, &parent, s);
	if (r < 0 || s->answer)
		return r;
	if (s->host.data[s->host.len - 1] != '/')
		buf_addc(&s->host, '/');
	/* For "x/.." and "/" the kernel looks at the kind of the name before anything else. */
	buf_add(&s->host, end ? w->text + last : ".", end ? w->len - last : 1);
	if (s->error || s->proc || dots)
		return buf_error(&s->host);
	if (s->guest.data[s->guest.len - 1] != '/')
		buf_addc(&s->guest, '/');
	buf_add(&s->guest, w->text + last, end - last);
	r = buf_error(&s->guest);
	if (r == 0)
		r = buf_error(&s->host);
	return r < 0 ? r : check_place(tr, p, s);
}

/* --- a path of a call -------------------------------------------------------------------------- */

/* The kernel alone finds what a path means that starts from what has no name (any more). */
static int from_nowhere(const struct call_path *p, struct spot *s)
{
	/* But for "..", by which one could leave the root. */
	s->error = -ENOENT;
	s->answer = strstr(buf_str(&p->text), "..") != NULL;
	s->same = !s->answer;
	return 0;
}

/* What the kernel confines to its base it resolves as we would, if nothing is bound there. */
static bool kernel_confines(const struct translate *tr, const struct wanted *w)
{
	return !w->absolute && (w->walk & WALK_CONFINED) && !space_has_below(tr->space, w->base);
}

int resolve_path(struct translate *tr, struct task *t, const struct call_path *p, bool open, struct spot *s)
{
	_cleanup_buf_ struct buf base = BUF_INIT;
	struct wanted w = {
		.t = t, .text = buf_str(&p->text), .len = p->text.len, .walk = p->walk, .open = open,
		.root = guest_root(t),
	};
	int r;

	spot_reset(s);
	w.absolute = w.text[0] == '/' && !(w.walk & WALK_IN_ROOT);
	if (p->error || !w.len) {	/* the kernel says so too */
		s->error = p->error ? p->error : -ENOENT;
		s->same = true;
		return 0;
	}
	if (!w.absolute) {
		r = guest_base(tr, t, p->dirfd, &base);
		if (r < 0)
			return r == -ENOMEM ? r : from_nowhere(p, s);
		w.base = base.data;
	}
	if (kernel_confines(tr, &w)) {
		s->same = true;
		space_host(tr->space, w.base, &s->host);
		buf_addf(&s->host, "/%s", w.text);
		return buf_error(&s->host);
	}
	return w.walk & WALK_PARENT ? locate_parent(tr, &w, p, s) : locate(tr, &w, s);
}

int resolve_guest(struct translate *tr, const char *guest, unsigned walk_flags, struct spot *s)
{
	struct wanted w = {
		.text = guest, .len = strlen(guest), .walk = walk_flags, .root = "/", .base = "/", .absolute = true,
	};

	spot_reset(s);
	return locate(tr, &w, s);
}
