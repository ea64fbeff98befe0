// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From words to the list: each host is looked for on this machine, then the guests are
 * walked from the top down, so that one leads through those above it, and put in order.
 */
#include "core/replay/binds.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* A binding as it was given. */
struct given {
	struct binds_entry entry;	/* guest not walked yet */
	bool nofollow;
	size_t order;			/* of two at one place the higher one counts */
};

struct list {
	struct given *v;
	size_t n;
	char *top;			/* the host of the last one that binds to "/" */
};

static void entry_clear(struct binds_entry *b)
{
	free(b->host);
	free(b->guest);
	*b = (struct binds_entry){ 0 };
}

void binds_clear(struct binds *b)
{
	for (size_t i = 0; i < b->n; i++)
		entry_clear(&b->v[i]);
	free(b->v);
	free(b->root);
	*b = (struct binds){ 0 };
}

static void list_clear(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		entry_clear(&l->v[i].entry);
	free(l->v);
	free(l->top);
}

/* Absolute, without "//", "." and "..": links are not looked at. */
static char *tidy(const char *path)
{
	_cleanup_free_ char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	_cleanup_buf_ struct buf whole = BUF_INIT, b = BUF_INIT;
	size_t len;

	if (*path != '/' && !cwd)
		return NULL;
	buf_addf(&whole, "%s/%s", cwd ?: "", path);
	for (const char *at = buf_str(&whole); *at; at += len) {
		const char *slash;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		slash = b.len ? strrchr(b.data, '/') : NULL;
		if (len == 2 && !memcmp(at, "..", 2))
			buf_truncate(&b, slash ? (size_t)(slash - b.data) : 0);
		else if (len && !(len == 1 && *at == '.'))
			buf_addf(&b, "/%.*s", (int)len, at);
	}
	if (!b.len)
		buf_addc(&b, '/');
	return whole.failed ? NULL : buf_steal(&b);
}

static bool is_task(const char *host)
{
	static const char *const places[] = { "/proc/self", "/proc/thread-self" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t len = strlen(places[i]);

		if (!strncmp(host, places[i], len) && (!host[len] || host[len] == '/'))
			return true;
	}
	return false;
}

/* /etc/mtab and the like: a symlink that leads below /proc/self, so for us to our own directory. */
static char *as_task(const char *host)
{
	_cleanup_buf_ struct buf own = BUF_INIT, b = BUF_INIT;

	buf_addf(&own, "/proc/%d/", (int)getpid());
	if (own.failed || strncmp(host, own.data, own.len))
		return NULL;
	buf_addf(&b, "/proc/self/%s", host + own.len);
	return buf_steal(&b);
}

/* 0, -ENOENT and such if it is not there. */
static int find_host(struct binds_entry *b, const char *word)
{
	_cleanup_free_ char *plain = tidy(word), *real = NULL, *own = NULL;
	struct stat st;

	if (!plain)
		return -errno;
	real = is_task(plain) ? NULL : realpath(word, NULL);
	own = is_task(plain) ? steal_ptr(plain) : real ? as_task(real) : NULL;
	if (own)
		b->flags |= BINDS_TASK;
	b->host = own ? steal_ptr(own) : steal_ptr(real);
	if (!b->host || stat(b->host, &st) < 0)
		return -errno;
	b->type = st.st_mode & S_IFMT;
	return 0;
}

static int add(struct list *l, struct given *g)
{
	struct given *more = realloc(l->v, (l->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->v = more;
	g->order = l->n;
	l->v[l->n++] = *g;
	g->entry = (struct binds_entry){ 0 };
	return 0;
}

/* One to "/" is another word for the root. */
static int add_top(struct list *l, struct given *g, struct err *e)
{
	if (l->top && strcmp(l->top, g->entry.host))
		return err_set(e, -EINVAL, "both %s and %s are to be /: give one root", l->top, g->entry.host);
	free(l->top);
	l->top = steal_ptr(g->entry.host);
	return 0;
}

static int add_word(struct list *l, const char *word, const struct binds_words *given, struct err *e)
{
	const char *colon = strchr(word, ':');
	_cleanup_free_ char *host = strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	_cleanup_free_ char *guest = strdup(colon ? colon + 1 : word);
	size_t len = guest ? strlen(guest) : 0;
	struct given g = { 0 };
	int r;

	if (!host || !guest)
		return err_set(e, -ENOMEM, "bind %s", word);
	if (!*host || !len || (colon && !strcmp(guest, "!")))
		return err_set(e, -EINVAL, "\"%s\" binds %s: write HOST or HOST:GUEST", word,
			       *host ? "it nowhere" : "nothing");
	if (colon && guest[len - 1] == '!') {
		guest[len - 1] = '\0';
		g.nofollow = true;
	}
	r = find_host(&g.entry, host);
	if (r == -ENOMEM)
		return err_set(e, r, "bind %s", word);
	if (r < 0 && !given->silent)
		log_warn("%s is not bound: %s", host, strerror(-r));
	if (r == 0) {
		g.entry.guest = tidy(guest);
		r = !g.entry.guest ? err_set(e, -ENOMEM, "bind %s", word) :
		    strcmp(g.entry.guest, "/") ? add(l, &g) : add_top(l, &g, e);
		if (r == -ENOMEM)
			err_set(e, r, "bind %s", word);
	} else {
		r = 0;
	}
	entry_clear(&g.entry);
	return r;
}

static int add_usual(struct list *l, const char *path)
{
	struct given g = { .entry = { .flags = BINDS_USUAL } };
	int r;

	if (!path || *path != '/' || find_host(&g.entry, path) < 0 || !strcmp(g.entry.host, "/")) {
		entry_clear(&g.entry);
		return 0;
	}
	g.entry.guest = tidy(path);
	r = g.entry.guest ? add(l, &g) : -ENOMEM;
	entry_clear(&g.entry);
	return r;
}

/* The usual ones first, so that given ones win. */
static int gather(struct list *l, const struct binds_words *given, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && given->usual && given->usual[i]; i++)
		r = add_usual(l, strcmp(given->usual[i], "$HOME") ? given->usual[i] : getenv("HOME"));
	if (r == 0 && given->usual_root && given->root) {
		_cleanup_free_ char *root = realpath(given->root, NULL);

		r = add_usual(l, root);
	}
	if (r < 0)
		return err_set(e, r, "gather what is bound");
	for (size_t i = 0; r == 0 && i < given->n; i++)
		r = add_word(l, given->words[i], given, e);
	return r;
}

static int find_root(struct binds *b, const struct list *l, const struct binds_words *given, struct err *e)
{
	struct stat st;

	b->root = given->root ? realpath(given->root, NULL) : strdup(l->top ?: "/");
	if (!b->root)
		return given->root ? err_set(e, -errno, "the root %s", given->root) :
				     err_set(e, -ENOMEM, "find the root");
	if (stat(b->root, &st) < 0)
		return err_set(e, -errno, "the root %s", b->root);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "%s is to be the root", b->root);
	if (l->top && strcmp(l->top, b->root))
		return err_set(e, -EINVAL, "both %s and %s are to be /: give one root", b->root, l->top);
	return 0;
}

/* By guest as it was written, those above first; in one place as given. */
static int by_guest(const void *a_at, const void *b_at)
{
	const struct given *a = a_at, *b = b_at;
	int order = strcmp(a->entry.guest, b->entry.guest);

	return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static void put(struct binds *to, size_t at, struct binds_entry *b)
{
	memmove(to->v + at + 1, to->v + at, (to->n - at) * sizeof(*to->v));
	to->v[at] = *b;
	to->n++;
	*b = (struct binds_entry){ 0 };
}

/* By its order in the words: which of two entries for one guest counts. */
static bool replaces(const struct binds_entry *was, size_t was_order, const struct given *g)
{
	if (was_order > g->order)
		return false;
	if (strcmp(was->host, g->entry.host) && !((was->flags | g->entry.flags) & BINDS_USUAL))
		log_warn("both %s and %s are bound to %s: the last one counts", was->host, g->entry.host,
			 was->guest);
	return true;
}

/* Sorted in; @orders runs along with the list. */
static void insert(struct binds *to, size_t *orders, struct given *g)
{
	size_t at = 0;
	int order = 1;

	while (at < to->n && (order = strcmp(to->v[at].guest, g->entry.guest)) < 0)
		at++;
	if (at < to->n && order == 0) {
		if (!replaces(&to->v[at], orders[at], g))
			return;
		entry_clear(&to->v[at]);
		to->v[at] = g->entry;
		g->entry = (struct binds_entry){ 0 };
		orders[at] = g->order;
		return;
	}
	memmove(orders + at + 1, orders + at, (to->n - at) * sizeof(*orders));
	orders[at] = g->order;
	put(to, at, &g->entry);
}

/* Why the way to a guest cannot be gone, and what to do. */
static int no_way(const struct binds_entry *b, int r, struct err *e)
{
	switch (r) {
	case -ELOOP:
		return err_set(e, -EINVAL, "%s cannot be bound to %s, where symlinks of the root lead in a circle; a "
			       "GUEST that ends with ! covers a symlink itself", b->host, b->guest);
	case -ENOTDIR:
		return err_set(e, -EINVAL, "%s cannot be bound to %s: something on the way there is a file", b->host,
			       b->guest);
	default:
		return err_set(e, r, "%s cannot be bound to %s", b->host, b->guest);
	}
}

static int place_one(struct binds *to, size_t *orders, struct given *g, struct err *e)
{
	struct binds_place place = { 0 };
	int r = binds_walk(to, g->entry.guest, BINDS_ABSENT | (g->nofollow ? BINDS_NOFOLLOW : 0), &place);

	if (r < 0) {
		r = no_way(&g->entry, r, e);
	} else if (!strcmp(place.guest, "/")) {
		r = err_set(e, -EINVAL, "%s, bound to %s, would be the root: say it with -r", g->entry.host,
			    g->entry.guest);
	} else {
		free(g->entry.guest);
		g->entry.guest = steal_ptr(place.guest);
		insert(to, orders, g);
	}
	if (r < 0 && g->entry.flags & BINDS_USUAL && r != -ENOMEM) {
		log_debug("%s", e->text);
		r = 0;
	}
	binds_place_clear(&place);
	return r;
}

/* What the guest is decides whether it can be covered by that host. */
static int fits(struct binds_entry *b, mode_t guest, struct err *e)
{
	if (!guest)
		b->flags |= BINDS_MISSING;
	else if (S_ISLNK(guest))
		b->flags |= BINDS_ON_LINK;
	else if (S_ISDIR(guest) && !S_ISDIR(b->type))
		return err_set(e, -EINVAL, "%s is a file and cannot be bound over the directory %s; bind it to a "
			       "name in there", b->host, b->guest);
	else if (!S_ISDIR(guest) && S_ISDIR(b->type))
		return err_set(e, -EINVAL, "%s is a directory and cannot be bound over the file %s", b->host,
			       b->guest);
	return 0;
}

/*
 * Once all have their places: what stands there without an entry. If it is the same, nothing
 * needs to be done. A symlink is met here only where it is to be covered itself.
 */
static int finish(struct binds *b, bool silent, struct err *e)
{
	size_t n = b->n;
	int r = 0;

	b->n = 0;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *there = binds_host(b, b->v[i].guest);
		bool same = there && !strcmp(there, b->v[i].host), quiet;
		struct stat st;

		if (!there)
			r = err_set(e, -ENOMEM, "put what is bound in order");
		else if (r == 0 && !same)
			r = fits(&b->v[i], lstat(there, &st) == 0 ? st.st_mode : 0, e);
		quiet = r == -EINVAL && (silent || b->v[i].flags & BINDS_USUAL);
		if (quiet) {
			log_debug("%s", e->text);
			r = 0;
		}
		if (r < 0 || same || quiet)
			entry_clear(&b->v[i]);
		else
			b->v[b->n++] = b->v[i];
	}
	return r;
}

/* From the top down, so that the way to one leads through those above it. */
static int place_all(struct binds *to, struct list *l, struct err *e)
{
	_cleanup_free_ size_t *orders = calloc(l->n + 1, sizeof(*orders));
	int r = 0;

	to->v = calloc(l->n + 1, sizeof(*to->v));
	if (!to->v || !orders)
		return err_set(e, -ENOMEM, "put what is bound in order");
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_guest);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = place_one(to, orders, &l->v[i], e);
	return r;
}

int binds_make(struct binds *ret, const struct binds_words *given, struct err *e)
{
	struct binds b = { .links = given->links };
	struct list l = { 0 };
	struct err local;
	int r;

	e = e ?: &local;
	r = gather(&l, given, e);
	if (r == 0)
		r = find_root(&b, &l, given, e);
	if (r == 0)
		r = place_all(&b, &l, e);
	if (r == 0)
		r = finish(&b, given->silent, e);
	list_clear(&l);
	if (r == 0)
		*ret = b;
	else
		binds_clear(&b);
	return r;
}
