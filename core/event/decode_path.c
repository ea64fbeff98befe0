// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths: read from the tracee page by page, with the walk and the use that their row
 * and the flags of the call say. Flag values are the kernel's, given by number where C
 * libraries lag behind its headers.
 */
#include "core/event/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u		/* the smallest of any machine: no page boundary is crossed */
#define PATH_BYTES 4096u	/* the kernel's PATH_MAX, its NUL included */
#define FIRST_BYTES 256u	/* most paths end here */

#define AT_SYMLINK_NOFOLLOW_ 0x100
#define AT_SYMLINK_FOLLOW_ 0x400
#define AT_EMPTY_PATH_ 0x1000
#define AT_EXECVE_CHECK_ 0x10000	/* 6.14 */
#define O_PATH_ 010000000
#define O_TMPFILE_ 020000000		/* the bit that O_TMPFILE has beside O_DIRECTORY */
#define O_EMPTYPATH_ (1 << 26)		/* 7.3 */
#define OPEN_TREE_CLONE_ 1
#define OPEN_TREE_NAMESPACE_ 2		/* 7.0 */
#define BPF_F_PATH_FD_ (1 << 14)	/* 6.5 */
#define Q_QUOTAON_ 0x800002

static const struct { unsigned resolve, walk; } resolves[] = {
	{ 0x01, WALK_NO_XDEV },
	{ 0x02, WALK_NO_MAGICLINKS },
	{ 0x04, WALK_NO_SYMLINKS | WALK_NO_MAGICLINKS },
	{ 0x08, WALK_BENEATH },
	{ 0x10, WALK_IN_ROOT },
};

/* Up to the NUL, which is not kept. 0, -EFAULT, -ENAMETOOLONG, or the reader's −errno; -ENOMEM. */
static int read_string(struct decoding *d, uint64_t addr, struct buf *ret)
{
	size_t chunk = FIRST_BYTES;

	while (ret->len < PATH_BYTES) {
		char *to;
		const char *end;
		ssize_t n;

		chunk = MIN(chunk, PATH_BYTES - ret->len);
		chunk = MIN(chunk, PAGE - (addr & (PAGE - 1)));
		to = buf_reserve(ret, chunk);
		if (!to)
			return -ENOMEM;
		n = d->read(d->ctx, addr, to, chunk);
		if (n <= 0)
			return n ? (int)n : -EFAULT;
		end = memchr(to, '\0', (size_t)n);
		if (end) {
			ret->len += (size_t)(end - to);
			return 0;
		}
		ret->len += (size_t)n;
		addr += (size_t)n;
		chunk = PAGE;
	}
	return -ENAMETOOLONG;
}

/* The call means its base: by AT_EMPTY_PATH and "", or by NULL. */
static void use_base(struct call *c, const struct path_spec *spec)
{
	c->fd = spec->dirfd;
	c->fd_use = spec->use;
}

int decode_path(struct decoding *d, const struct path_spec *spec)
{
	struct call *c = d->c;
	struct call_path *p = &c->paths[c->n_paths];
	struct buf text = p->text;
	int r = -EFAULT;

	if (!spec->addr && (spec->or_null || spec->walk & WALK_EMPTY)) {
		if (spec->arg >= 0 && (spec->dirfd != CALL_CWD || spec->walk & WALK_EMPTY))
			use_base(c, spec);
		return 0;
	}
	buf_reset(&text);
	if (spec->addr)
		r = read_string(d, spec->addr, &text);
	if (r < 0)
		buf_reset(&text);
	p->text = text;
	if (r == -ENOMEM)
		return r;
	if (!text.data && buf_reserve(&p->text, 1))
		p->text.data[0] = '\0';
	if (!p->text.data)
		return -ENOMEM;
	p->text.data[p->text.len] = '\0';

	/* move_mount may have two of them: the second stays a path. */
	if (r == 0 && !p->text.len && spec->walk & WALK_EMPTY && c->fd == -1) {
		use_base(c, spec);
		return 0;
	}
	p->arg = spec->arg;
	p->addr = spec->addr;
	p->dirfd = spec->dirfd;
	p->walk = spec->walk;
	p->use = spec->use;
	p->error = r;
	c->n_paths++;
	return 0;
}

/* struct open_how is the same for every ABI. The kernel refuses a shorter one than of 5.6. */
static void read_how(struct decoding *d, int arg)
{
	const struct call *c = d->c;
	uint64_t how[3] = { 0 };

	if (d->have_how)
		return;
	d->have_how = true;
	if (c->vals[c->row->args[arg].base] < sizeof(how))
		return;
	if (d->read(d->ctx, c->vals[arg], how, sizeof(how)) != (ssize_t)sizeof(how))
		return;
	d->how_flags = how[0];
	d->how_resolve = how[2];
}

static unsigned walk_of_oflags(unsigned oflags)
{
	unsigned walk = 0;

	if (oflags & O_NOFOLLOW)
		walk |= WALK_NOFOLLOW;
	if (!(oflags & (O_PATH_ | O_TMPFILE_)) && (oflags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		walk |= WALK_NOFOLLOW;
	if (oflags & O_DIRECTORY)
		walk |= WALK_DIRECTORY;
	if (oflags & O_EMPTYPATH_)
		walk |= WALK_EMPTY;
	return walk;
}

unsigned decode_use_of_oflags(unsigned oflags)
{
	unsigned use = 0;

	/* O_TMPFILE makes a file without a name: the directory is only looked at. */
	if (oflags & (O_PATH_ | O_TMPFILE_))
		return USE_META;
	/* It either comes into being or EEXIST tells that it is there. */
	if ((oflags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return USE_CREATE;
	if (oflags & O_CREAT)
		use |= USE_CREATE;
	/* Nothing of the old content is left to be read, whatever the access mode. */
	if (oflags & O_TRUNC)
		return use | USE_REPLACE;

	switch (oflags & O_ACCMODE) {
	case O_RDONLY:
		/* Only a directory can be opened so, and its names are read by getdents. */
		return use | (oflags & O_DIRECTORY ? USE_META : USE_READ);
	case O_WRONLY:
		return use | USE_WRITE;
	case O_RDWR:
		return use | USE_READ | USE_WRITE;
	default:			/* 3: a descriptor for ioctl(2) alone */
		return use | USE_META;
	}
}

static unsigned walk_of_openhow(struct decoding *d, int arg)
{
	unsigned walk;

	read_how(d, arg);
	d->c->oflags = abi_oflags(d->c->abi, (uint32_t)d->how_flags);
	walk = walk_of_oflags(d->c->oflags);
	for (size_t i = 0; i < ARRAY_SIZE(resolves); i++)
		if (d->how_resolve & resolves[i].resolve)
			walk |= resolves[i].walk;
	return walk;
}

static unsigned pick(uint32_t flags, uint32_t bit, unsigned if_set, unsigned if_not)
{
	return flags & bit ? if_set : if_not;
}

static unsigned walk_of(struct decoding *d, uint16_t last)
{
	int arg = LAST_ARG(last);
	uint32_t flags = (uint32_t)d->c->vals[arg];

	switch (LAST_RULE(last)) {
	case LAST_FOLLOW:
		return 0;
	case LAST_NOFOLLOW:
		return WALK_NOFOLLOW;
	case LAST_FOLLOW_EMPTY:
		return WALK_EMPTY;
	case LAST_NOFOLLOW_EMPTY:
		return WALK_NOFOLLOW | WALK_EMPTY;
	case LAST_NAME:
		return WALK_PARENT;
	case LAST_BY_OFLAGS:
		d->c->oflags = abi_oflags(d->c->abi, flags);
		return walk_of_oflags(d->c->oflags);
	case LAST_BY_OPENHOW:
		return walk_of_openhow(d, arg);
	case LAST_BY_ATFLAGS:
		return pick(flags, AT_SYMLINK_NOFOLLOW_, WALK_NOFOLLOW, 0) |
		       pick(flags, AT_EMPTY_PATH_, WALK_EMPTY, 0);
	case LAST_BY_LINKFLAGS:
		return pick(flags, AT_SYMLINK_FOLLOW_, 0, WALK_NOFOLLOW) |
		       pick(flags, AT_EMPTY_PATH_, WALK_EMPTY, 0);
	case LAST_BY_MOVE_FROM:		/* MOVE_MOUNT_F_SYMLINKS, _F_EMPTY_PATH */
		return pick(flags, 0x01, 0, WALK_NOFOLLOW) | pick(flags, 0x04, WALK_EMPTY, 0);
	case LAST_BY_MOVE_TO:		/* MOVE_MOUNT_T_… */
		return pick(flags, 0x10, 0, WALK_NOFOLLOW) | pick(flags, 0x40, WALK_EMPTY, 0);
	case LAST_BY_PICKFLAGS:		/* FSPICK_SYMLINK_NOFOLLOW, _EMPTY_PATH */
		return pick(flags, 0x02, WALK_NOFOLLOW, 0) | pick(flags, 0x08, WALK_EMPTY, 0);
	case LAST_BY_UMOUNT:		/* UMOUNT_NOFOLLOW */
		return pick(flags, 0x08, WALK_NOFOLLOW, 0);
	case LAST_BY_INMASK:		/* IN_DONT_FOLLOW, IN_ONLYDIR */
		return pick(flags, 0x02000000, WALK_NOFOLLOW, 0) |
		       pick(flags, 0x01000000, WALK_DIRECTORY, 0);
	case LAST_BY_FANFLAGS:		/* FAN_MARK_DONT_FOLLOW, _ONLYDIR */
		return pick(flags, 0x04, WALK_NOFOLLOW, 0) |
		       pick(flags, 0x08, WALK_DIRECTORY, 0);
	}
	return 0;
}

static unsigned use_of(struct decoding *d, uint32_t use)
{
	uint64_t val = d->c->vals[USE_ARG(use)];

	switch (USE_RULE(use)) {
	case USE_AS_SAID:
		return USE_BITS(use);
	case USE_BY_OFLAGS:
	case USE_BY_OPENHOW:
		return decode_use_of_oflags(d->c->oflags);
	case USE_BY_AMODE:
		return val & X_OK ? USE_META | USE_ACCESSX : USE_META;
	case USE_BY_LENGTH:
		return val ? USE_WRITE : USE_REPLACE;
	case USE_BY_RENAME_FROM:	/* RENAME_EXCHANGE, RENAME_WHITEOUT */
		return USE_REMOVE | pick(val, 2, USE_REPLACE, 0) | pick(val, 4, USE_CREATE, 0);
	case USE_BY_RENAME_TO:
		if (val & 2)
			return USE_REMOVE | USE_REPLACE;
		return USE_CREATE | pick(val, 1, 0, USE_REPLACE);	/* RENAME_NOREPLACE */
	case USE_BY_EXECFLAGS:
		return val & AT_EXECVE_CHECK_ ? USE_META | USE_ACCESSX : USE_EXEC;
	case USE_BY_TREEFLAGS:		/* else it is an open with O_PATH */
		return USE_META | pick(val, OPEN_TREE_CLONE_ | OPEN_TREE_NAMESPACE_, USE_MOUNT, 0);
	}
	return 0;
}

int decode_path_arg(struct decoding *d, int arg)
{
	const struct syscall_arg *a = &d->c->row->args[arg];
	struct path_spec spec = {
		.arg = decode_reg(d, arg),
		.addr = d->c->vals[arg],
		.dirfd = a->base == ARG_CWD ? CALL_CWD : decode_int(d, a->base),
		.or_null = a->last & LAST_OR_NULL,
	};

	spec.walk = walk_of(d, a->last);	/* sets oflags, which the use depends on */
	if (a->last & LAST_DIRECTORY)
		spec.walk |= WALK_DIRECTORY;
	spec.use = use_of(d, a->use);
	return decode_path(d, &spec);
}

/*
 * The source of mount(2) is a path when something is bound or moved. For a new mount
 * the type of file system decides; we take what can only be the path of a device.
 */
int decode_mount_source(struct decoding *d, int arg)
{
	enum { REMOUNT = 32, BIND = 4096, MOVE = 8192, PROPAGATION = 0x1e0000 };
	uint32_t flags = (uint32_t)d->c->vals[d->c->row->args[arg].base];
	struct path_spec spec = {
		.arg = decode_reg(d, arg), .addr = d->c->vals[arg], .dirfd = CALL_CWD,
		.use = USE_MOUNT, .or_null = true,
	};
	struct call_path *p = &d->c->paths[d->c->n_paths];
	int before = d->c->n_paths, r;

	if ((flags & 0xffff0000) == 0xc0ed0000)		/* MS_MGC_VAL, from before 2.4 */
		flags &= 0xffff;
	if (flags & REMOUNT || (flags & PROPAGATION && !(flags & BIND)))
		return 0;
	if (!(flags & (BIND | MOVE)))
		spec.use = USE_META;
	r = decode_path(d, &spec);
	if (r < 0 || d->c->n_paths == before || flags & (BIND | MOVE) || p->error)
		return r;
	if (p->text.data[0] != '/' && strncmp(p->text.data, "./", 2) &&
	    strncmp(p->text.data, "../", 3))
		d->c->n_paths--;
	return 0;
}

int decode_quota_file(struct decoding *d, int arg)
{
	struct path_spec spec = {
		.arg = decode_reg(d, arg), .addr = d->c->vals[arg], .dirfd = CALL_CWD,
		.use = USE_READ | USE_WRITE,
	};
	uint32_t command = (uint32_t)d->c->vals[d->c->row->args[arg].base] >> 8;

	return command == Q_QUOTAON_ ? decode_path(d, &spec) : 0;
}

/* BPF_OBJ_PIN, BPF_OBJ_GET: { u64 pathname; u32 fd; u32 flags; s32 path_fd } */
int decode_bpf(struct decoding *d, int arg)
{
	const struct call *c = d->c;
	const struct syscall_arg *a = &c->row->args[arg];
	struct { uint64_t path; uint32_t fd, flags; int32_t path_fd; } attr = { 0 };
	size_t size = MIN((uint32_t)c->vals[a->base], 20);
	struct path_spec spec = { .arg = -1, .dirfd = CALL_CWD, .use = use_of(d, a->use) };

	if (d->read(d->ctx, c->vals[arg], &attr, size) != (ssize_t)size)
		return 0;			/* EFAULT, as the kernel will say */
	spec.addr = attr.path;
	spec.walk = walk_of(d, a->last);
	if (attr.flags & BPF_F_PATH_FD_)
		spec.dirfd = attr.path_fd;
	return decode_path(d, &spec);
}
