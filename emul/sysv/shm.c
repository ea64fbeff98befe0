// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared memory segments. How often one is attached is counted when it matters, from the
 * maps of the processes that live: so fork, exec, exit and munmap need not be watched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "arch/abi.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/event/patch.h"
#include "emul/sysv/internal.h"

enum { SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY };
#define SHM_DEST 01000
#define SHM_LOCKED 02000
#define SHM_HUGETLB 04000
#define SHM_SIZE_MAX (INT64_MAX - (1ll << 24))	/* as the kernel's default */
#define PAGE 4096ull

static struct sysv_shm *shm_of(struct sysv_object *o)
{
	return (struct sysv_shm *)o;
}

/* --- what is mapped where ---------------------------------------------------------------- */

struct mapping {
	uint64_t start, end, offset;
	dev_t dev;
	ino_t ino;
};

/* A line of /proc/PID/maps. */
static bool parse_mapping(const char *line, struct mapping *ret)
{
	unsigned long long start, end, offset, ino;
	unsigned major, minor;

	if (sscanf(line, "%llx-%llx %*s %llx %x:%x %llu", &start, &end, &offset, &major, &minor, &ino) != 6)
		return false;
	*ret = (struct mapping){ start, end, offset, makedev(major, minor), (ino_t)ino };
	return true;
}

static int read_maps(pid_t pid, struct buf *ret)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	return io_read_file(AT_FDCWD, name, 1 << 28, ret, NULL);
}

static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

static uint64_t attached_in(pid_t pid, const struct sysv_shm *shm)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct mapping m;
	uint64_t n = 0;

	if (read_maps(pid, &text) < 0)
		return 0;
	for (const char *at = buf_str(&text); *at; at = next_line(at))
		n += parse_mapping(at, &m) && m.ino == shm->ino && m.dev == shm->dev;
	return n;
}

uint64_t sysv_attached(const struct sysv *s, const struct sysv_shm *shm)
{
	const void *key;
	size_t cursor = 0, len;
	void *value;
	uint64_t n = 0;
	pid_t pid;

	while (map_next(s->processes, &cursor, &key, &len, &value)) {
		memcpy(&pid, key, sizeof(pid));
		n += attached_in(pid, shm);
	}
	return n;
}

static struct sysv_shm *by_inode(const struct sysv *s, const struct mapping *m)
{
	const struct sysv_table *t = &s->tables[SYSV_SHM];

	for (size_t i = 0; i < t->room; i++)
		if (t->at[i] && shm_of(t->at[i])->ino == m->ino && shm_of(t->at[i])->dev == m->dev)
			return shm_of(t->at[i]);
	return NULL;
}

uint64_t sysv_mapped_at(const struct sysv *s, pid_t pid, uint64_t addr, struct sysv_shm **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct sysv_shm *shm = NULL;
	uint64_t end = addr;
	struct mapping m;

	if (read_maps(pid, &text) < 0)
		return 0;
	for (const char *at = buf_str(&text); *at; at = next_line(at)) {
		if (!parse_mapping(at, &m) || m.start < addr)
			continue;
		if (m.start != end || m.offset != end - addr)
			break;
		if (!shm)
			shm = by_inode(s, &m);
		if (!shm || by_inode(s, &m) != shm)
			break;
		end = m.end;
	}
	*ret = shm;
	return shm ? end - addr : 0;
}

void sysv_shm_sweep(struct sysv *s)
{
	struct sysv_table *t = &s->tables[SYSV_SHM];

	for (size_t i = 0; s->doomed && i < t->room; i++) {
		struct sysv_object *o = t->at[i];

		if (!o || !(o->mode & SHM_DEST) || sysv_attached(s, shm_of(o)))
			continue;
		s->doomed--;
		sysv_destroy(s, o);
	}
}

/* --- the calls --------------------------------------------------------------------------- */

static int fits(const struct sysv_object *o, const struct sysv_request *q)
{
	return ((const struct sysv_shm *)o)->size < q->size ? -EINVAL : 0;
}

/* Before memfd_create (Linux 3.17) a file that has no name any more. */
static int make_file(void)
{
	int fd = memfd_create("SYSV", MFD_CLOEXEC);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int make(struct sysv_call *c, struct sysv_object **ret)
{
	_cleanup_close_ int fd = -1;
	struct sysv_shm *shm;
	struct stat st;

	if (!c->q.size || c->q.size > (uint64_t)SHM_SIZE_MAX)
		return -EINVAL;
	if (c->q.flags & SHM_HUGETLB)	/* as where no huge pages are kept */
		return -ENOMEM;
	fd = make_file();
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? -ENOSPC : fd;
	/* What may be attached is decided by us; the file must only not refuse it. */
	if (ftruncate(fd, (off_t)c->q.size) < 0 || fchmod(fd, 0777) < 0 || fstat(fd, &st) < 0)
		return errno == EFBIG ? -ENOMEM : -errno;
	shm = calloc(1, sizeof(*shm));
	if (!shm)
		return -ENOMEM;
	shm->size = c->q.size;
	shm->dev = st.st_dev;
	shm->ino = st.st_ino;
	shm->cpid = c->ev->task->tgid;
	shm->fd = steal_fd(&fd);
	*ret = &shm->o;
	return 0;
}

int64_t sysv_shmget(struct sysv_call *c)
{
	return sysv_get(c, SYSV_SHM, fits, make);
}

void sysv_shm_numbers(const struct sysv *s, const struct sysv_object *o, uint64_t *ret)
{
	const struct sysv_shm *shm = (const struct sysv_shm *)o;
	const uint64_t numbers[] = { shm->size, (uint64_t)shm->atime, (uint64_t)shm->dtime,
				     (uint64_t)o->ctime, (uint64_t)shm->cpid, (uint64_t)shm->lpid,
				     sysv_attached(s, shm) };

	memcpy(ret, numbers, sizeof(numbers));
}

/* struct shminfo: limits. */
static int64_t tell_limits(struct sysv_call *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint64_t most = c->ev->call->abi->reg64 ? UINT64_MAX - (1ull << 24) : UINT32_MAX - (1ull << 24);
	const uint64_t limits[] = { most, 1, c->s->tables[SYSV_SHM].max, c->s->tables[SYSV_SHM].max, most };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (c->q.old)
			sysv_add_int(&b, (uint32_t)MIN(limits[i], (uint64_t)INT32_MAX));
		else
			sysv_add_long(c, &b, limits[i]);
	for (int i = 0; !c->q.old && i < 4; i++)
		sysv_add_long(c, &b, 0);
	return sysv_write_buf(c, &b, sysv_top(c->s, SYSV_SHM));
}

/* struct shm_info: what is in use. */
static int64_t tell_use(struct sysv_call *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct sysv_table *t = &c->s->tables[SYSV_SHM];
	uint64_t pages = 0, resident = 0;
	struct stat st;

	for (size_t i = 0; i < t->room; i++) {
		if (!t->at[i])
			continue;
		pages += (shm_of(t->at[i])->size + PAGE - 1) / PAGE;
		if (fstat(shm_of(t->at[i])->fd, &st) == 0)
			resident += (uint64_t)st.st_blocks * 512 / PAGE;
	}
	sysv_add_int(&b, (uint32_t)t->used);
	sysv_add_long(c, &b, pages);
	sysv_add_long(c, &b, resident);
	for (int i = 0; i < 3; i++)	/* nothing is swapped that we knew of */
		sysv_add_long(c, &b, 0);
	return sysv_write_buf(c, &b, sysv_top(c->s, SYSV_SHM));
}

static int64_t remove_or_lock(struct sysv_call *c)
{
	struct sysv_object *o = sysv_by_id(c->s, SYSV_SHM, c->q.id);

	if (!o)
		return -EINVAL;
	if (!sysv_is_owner(c, o))
		return -EPERM;
	if (c->q.cmd == SHM_LOCK) {
		o->mode |= SHM_LOCKED;
	} else if (c->q.cmd == SHM_UNLOCK) {
		o->mode &= ~(unsigned)SHM_LOCKED;
	} else if (sysv_attached(c->s, shm_of(o))) {
		if (!(o->mode & SHM_DEST))
			c->s->doomed++;
		o->mode |= SHM_DEST;
		o->key = 0;
	} else {
		if (o->mode & SHM_DEST)
			c->s->doomed--;
		sysv_destroy(c->s, o);
	}
	return 0;
}

int64_t sysv_shmctl(struct sysv_call *c)
{
	switch (c->q.cmd) {
	case SYSV_INFO:
		return tell_limits(c);
	case SHM_INFO:
		return tell_use(c);
	case SYSV_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return remove_or_lock(c);
	default:
		return sysv_control(c, SYSV_SHM, SHM_STAT, SHM_STAT_ANY);
	}
}

/* All that is left of it from its first page on, as one munmap(2). */
int64_t sysv_shmdt(struct sysv_call *c)
{
	struct sysv_shm *shm;
	uint64_t len = sysv_mapped_at(c->s, c->ev->task->tid, c->q.ptr, &shm);

	if (!len)
		return -EINVAL;
	shm->dtime = sysv_now();
	shm->lpid = c->ev->task->tgid;
	c->ev->patch->call = SYSCALL_munmap;
	patch_reg(c->ev->patch, 0, c->q.ptr, false);
	patch_reg(c->ev->patch, 1, len, false);
	return SYSV_PATCHED;
}
