// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known of a file, by a descriptor, or by a path as the command's own kernel
 * resolves it: a look-up in place of its call, whose result is read from its memory.
 * So roots, namespaces, /proc/self and error codes are the command's, and no path is
 * resolved a second time by us.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "emul/ids/internal.h"

#define STATX_WANTED 0xfff	/* STATX_BASIC_STATS | STATX_BTIME */

/* Our user's files are those of the command's first user. */
static void see(struct stat_facts *f, uint32_t from_uid, uint32_t from_gid, const struct ids_spec *spec)
{
	if (f->uid == from_uid)
		f->uid = spec->uid;
	if (f->gid == from_gid)
		f->gid = spec->gid;
}

/* A path of this machine, or one in the root of another namespace, is from our root on. */
static void below_root(const struct ids *ids, struct buf *path)
{
	size_t n = strlen(ids->spec.root);

	if (n > 1 && path->len > n && !strncmp(buf_str(path), ids->spec.root, n) && path->data[n] == '/') {
		memmove(path->data, path->data + n, path->len - n + 1);
		path->len -= n;
	}
}

/* Only a guess, and one that need not be checked before the paths are written down. */
static void guess_path(struct ids *ids, const struct event *ev, int i, struct buf *ret)
{
	const char *text = ev->rewrite[i] ? ev->rewrite[i] : buf_str(&ev->call->paths[i].text), *cwd;

	buf_reset(ret);
	if (*text != '/' && (ev->call->paths[i].dirfd != CALL_CWD || task_cwd(ev->task, &cwd, NULL) < 0))
		return;
	if (*text != '/')
		buf_addf(ret, "%s/", strcmp(cwd, "/") ? cwd : "");
	buf_adds(ret, strncmp(text, "./", 2) ? text : text + 2);
	if (strstr(buf_str(ret), "/.") || strstr(buf_str(ret), "//") || buf_error(ret))
		buf_reset(ret);
	below_root(ids, ret);
}

static void read_path(struct ids *ids, const char *link)
{
	char target[4096];	/* procfs tells no more than a page */
	ssize_t n = readlink(link, target, sizeof(target));

	buf_reset(&ids->path);
	if (n <= 0 || n == sizeof(target) || *target != '/')
		return;
	buf_add(&ids->path, target, (size_t)n);
	below_root(ids, &ids->path);
}

static int facts_of_path(struct ids *ids, const char *path, struct stat_facts *ret)
{
	int arg;
	const struct stat_layout *l = stat_layout(abi_native(), SYSCALL_statx, &arg);
	unsigned char bytes[STAT_SIZE_MAX];
	struct stat st;

	if (!ids->no_statx && l) {
		if (syscall(SYS_statx, AT_FDCWD, path, 0, STATX_WANTED, bytes) < 0)
			return -errno;
		stat_get(l, bytes, ret);
	} else {
		if (stat(path, &st) < 0)
			return -errno;
		*ret = (struct stat_facts){ .dev = st.st_dev, .ino = st.st_ino, .rdev = st.st_rdev,
					    .mode = st.st_mode, .nlink = (uint32_t)st.st_nlink,
					    .uid = st.st_uid, .gid = st.st_gid };
	}
	see(ret, ids->our_uid, ids->our_gid, &ids->spec);
	return 0;
}

int facts_of_link(struct ids *ids, const char *link, struct stat_facts *ret)
{
	read_path(ids, link);
	return facts_of_path(ids, link, ret);
}

int facts_of_fd(struct ids *ids, const struct task *t, int fd, struct stat_facts *ret)
{
	char path[64];

	if (fd == CALL_CWD)
		snprintf(path, sizeof(path), "/proc/%d/cwd", (int)t->tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->tid, fd);
	return facts_of_link(ids, path, ret);
}

int facts_of_program(struct ids *ids, struct task *t, struct stat_facts *ret)
{
	char path[64];
	struct stat st;

	if (ids->spec.program && ids->spec.program(ids->spec.ctx, t, &st) == 0) {
		*ret = (struct stat_facts){ .dev = st.st_dev, .ino = st.st_ino, .mode = st.st_mode,
					    .uid = st.st_uid, .gid = st.st_gid };
		see(ret, ids->our_uid, ids->our_gid, &ids->spec);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->tid);
	return facts_of_path(ids, path, ret);
}

static enum syscall_id look_up_call(const struct ids *ids, const struct abi *abi)
{
	if (!ids->no_statx)
		return SYSCALL_statx;
	return abi_number(abi, SYSCALL_newfstatat) >= 0 ? SYSCALL_newfstatat : SYSCALL_fstatat64;
}

void facts_ask(struct ids *ids, struct who *w, struct event *ev, int i, bool nofollow)
{
	static const char room[STAT_SIZE_MAX];
	const struct call_path *p = &ev->call->paths[i];
	enum syscall_id call = look_up_call(ids, ev->call->abi);
	/* In a socket's address nothing ends it. */
	const char *text = ev->rewrite[i] ? ev->rewrite[i] : p->arg < 0 ? buf_str(&p->text) : NULL;
	unsigned flags = nofollow ? AT_SYMLINK_NOFOLLOW : 0;
	struct patch *patch = ev->patch;
	bool x = call == SYSCALL_statx;

	guess_path(ids, ev, i, &w->path);
	patch_reset(patch);
	w->asked.at = patch_bytes(patch, room, sizeof(room));
	patch_reg(patch, 0, (uint64_t)(int64_t)p->dirfd, false);
	patch_reg(patch, 1, text ? patch_text(patch, text) : p->addr, text != NULL);
	patch_reg(patch, x ? 2 : 3, flags, false);
	if (x)
		patch_reg(patch, 3, STATX_WANTED, false);
	patch_reg(patch, x ? 4 : 2, w->asked.at, true);
	patch->call = call;
	memset(ev->rewrite, 0, sizeof(ev->rewrite));	/* it is in the patch */
	ev->want_return = true;
	w->asked.waiting = w->asked.looks = true;
}

int facts_told(struct ids *ids, struct who *w, const struct event *ev, struct stat_facts *ret)
{
	unsigned char bytes[STAT_SIZE_MAX];
	const struct stat_layout *l;
	ssize_t n;
	int arg;

	if (ev->result < 0)
		return (int)ev->result;
	l = stat_layout(ev->call->abi, look_up_call(ids, ev->call->abi), &arg);
	if (!l || !ev->patch_at)
		return -EIO;
	n = task_read(ev->task, ev->patch_at + w->asked.at, bytes, l->size);
	if (n != l->size)
		return n < 0 ? (int)n : -EFAULT;
	stat_get(l, bytes, ret);
	see(ret, ids->spec.seen_uid, ids->spec.seen_gid, &ids->spec);
	facts_path(ids, w);
	return 0;
}

void facts_path(struct ids *ids, const struct who *w)
{
	buf_reset(&ids->path);
	buf_adds(&ids->path, buf_str(&w->path));
}

struct ids_entry *facts_entry(struct ids *ids, const struct stat_facts *f)
{
	struct ids_entry *e = table_get(ids->table, f);

	if (e && !e->path && ids->path.len)
		e->path = strdup(buf_str(&ids->path));
	return e;
}

void facts_show(struct ids *ids, struct stat_facts *f)
{
	const struct ids_entry *e = table_find(ids->table, f);

	if (e)
		entry_show(e, f);
}

bool facts_show_bytes(struct ids *ids, const struct stat_layout *l, void *bytes)
{
	struct stat_facts was, f;

	stat_get(l, bytes, &was);
	f = was;
	see(&f, ids->spec.seen_uid, ids->spec.seen_gid, &ids->spec);
	facts_show(ids, &f);
	if (f.uid == was.uid && f.gid == was.gid && f.mode == was.mode && f.rdev == was.rdev)
		return false;
	stat_put(l, bytes, &f);
	return true;
}

int remember_owner(struct ids *ids, const struct stat_facts *f, uint32_t uid, uint32_t gid)
{
	struct ids_entry *e = facts_entry(ids, f);

	if (!e)
		return no_memory(ids);
	if (uid != CREDS_KEEP) {
		e->uid = uid;
		e->has = (e->has & ~(unsigned)IDS_UID) | (uid != f->uid ? IDS_UID : 0);
	}
	if (gid != CREDS_KEEP) {
		e->gid = gid;
		e->has = (e->has & ~(unsigned)IDS_GID) | (gid != f->gid ? IDS_GID : 0);
	}
	table_settle(ids->table, e);
	ids->dirty = true;
	return 0;
}

int remember_mode(struct ids *ids, const struct stat_facts *f, uint32_t wanted, uint32_t given)
{
	struct ids_entry *e = facts_entry(ids, f);

	if (!e)
		return no_memory(ids);
	e->mode = (e->mode & S_IFMT) | (wanted & 07777);
	e->has = (e->has & ~(unsigned)IDS_MODE) | ((wanted ^ given) & 07777 ? IDS_MODE : 0);
	table_settle(ids->table, e);
	ids->dirty = true;
	return 0;
}
