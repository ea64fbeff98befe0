// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls about who one is, answered without the kernel: for it the task is our user all the
 * time. i386 and arm have each of them with ids of 16 bits and of 32.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>

#include "core/base/io.h"
#include "core/base/mem.h"
#include "emul/ids/internal.h"

static bool is_narrow(const struct call *c)
{
	const char *name = c->row->name;

	return c->abi->word == 4 && !c->abi->reg64 && !strstr(name, "32");
}

static uint32_t id_arg(const struct call *c, int i)
{
	uint32_t id = (uint32_t)c->vals[i];

	if (!is_narrow(c))
		return id;
	return (uint16_t)id == 0xffff ? CREDS_KEEP : (uint16_t)id;
}

static uint32_t id_shown(const struct call *c, uint32_t id)
{
	return is_narrow(c) && id > 0xffff ? 65534 : id;
}

static int64_t put_id(struct event *ev, uint64_t addr, uint32_t id)
{
	uint32_t shown = id_shown(ev->call, id);
	size_t size = is_narrow(ev->call) ? 2 : 4;

	return task_write(ev->task, addr, &shown, size) == (ssize_t)size ? 0 : -EFAULT;
}

static int64_t put_three(struct event *ev, const struct creds_ids *ids)
{
	const uint64_t *at = ev->call->vals;
	int64_t r = put_id(ev, at[0], ids->real);

	if (r == 0)
		r = put_id(ev, at[1], ids->effective);
	return r == 0 ? put_id(ev, at[2], ids->saved) : r;
}

/* --- groups ---------------------------------------------------------------------------------- */

static int64_t get_groups(struct creds *c, struct event *ev)
{
	int64_t room = (int32_t)ev->call->vals[0], r = 0;
	size_t size = is_narrow(ev->call) ? 2 : 4;

	if (room < 0 || (room && room < (int64_t)c->n_groups))
		return -EINVAL;
	for (size_t i = 0; room && i < c->n_groups && r == 0; i++)
		r = put_id(ev, ev->call->vals[1] + i * size, c->groups[i]);
	return r < 0 ? r : (int64_t)c->n_groups;
}

static int64_t set_groups(struct creds *c, struct event *ev)
{
	size_t n = (uint32_t)ev->call->vals[0], size = is_narrow(ev->call) ? 2 : 4;
	_cleanup_free_ uint32_t *groups = NULL;
	_cleanup_free_ unsigned char *raw = NULL;

	if (!creds_can(c, CREDS_SETGID))
		return -EPERM;
	if (n > 65536)
		return -EINVAL;
	raw = calloc(n + 1, size);
	groups = calloc(n + 1, sizeof(*groups));
	if (!raw || !groups)
		return -ENOMEM;
	if (n && task_read(ev->task, ev->call->vals[1], raw, n * size) != (ssize_t)(n * size))
		return -EFAULT;
	for (size_t i = 0; i < n; i++)
		memcpy(&groups[i], raw + i * size, size);
	return creds_set_groups(c, groups, n);
}

/* --- capabilities ------------------------------------------------------------------------------ */

static int version_words(uint32_t version)
{
	return version == _LINUX_CAPABILITY_VERSION_1 ? 1 :
	       version == _LINUX_CAPABILITY_VERSION_2 || version == _LINUX_CAPABILITY_VERSION_3 ? 2 : 0;
}

/* The header is read, and a version that is none becomes the best one. Words per set, or −errno. */
static int cap_header(struct event *ev, struct __user_cap_header_struct *ret)
{
	uint32_t best = _LINUX_CAPABILITY_VERSION_3;
	uint64_t at = ev->call->vals[0];

	if (task_read(ev->task, at, ret, sizeof(*ret)) != sizeof(*ret))
		return -EFAULT;
	if (version_words(ret->version))
		return version_words(ret->version);
	return task_write(ev->task, at, &best, sizeof(best)) == sizeof(best) ? -EINVAL : -EFAULT;
}

static int64_t cap_get(struct ids *ids, const struct creds *c, struct event *ev)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
	struct task other = { 0 };
	struct who *w;
	int n = cap_header(ev, &header);

	if (n < 0)	/* who asks for nothing wants the version */
		return n == -EINVAL && !ev->call->vals[1] ? 0 : n;
	if (header.pid < 0)
		return -EINVAL;
	if (header.pid && header.pid != ev->task->tid) {
		other.tid = header.pid;
		w = who_of(ids, &other);
		if (!w)
			return -ESRCH;
		c = &w->creds;
	}
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(c->effective >> 32 * i),
			.permitted = (uint32_t)(c->permitted >> 32 * i),
			.inheritable = (uint32_t)(c->inheritable >> 32 * i),
		};
	if (!ev->call->vals[1])
		return 0;
	return task_write(ev->task, ev->call->vals[1], data, n * sizeof(*data)) ==
			       (ssize_t)(n * sizeof(*data)) ? 0 : -EFAULT;
}

static int64_t cap_set(struct creds *c, struct event *ev)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2] = { 0 };
	int n = cap_header(ev, &header);

	if (n < 0)
		return n;
	if (header.pid && header.pid != ev->task->tid)
		return -EPERM;
	if (task_read(ev->task, ev->call->vals[1], data, n * sizeof(*data)) !=
	    (ssize_t)(n * sizeof(*data)))
		return -EFAULT;
	return creds_set_caps(c,
			      c->all & (data[0].effective | (uint64_t)data[1].effective << 32),
			      c->all & (data[0].permitted | (uint64_t)data[1].permitted << 32),
			      c->all & (data[0].inheritable | (uint64_t)data[1].inheritable << 32));
}

/* --- which call is which ------------------------------------------------------------------------- */

static bool set_call(struct creds *c, struct event *ev, enum syscall_id id, int64_t *ret)
{
	const struct call *call = ev->call;
	bool gids = strstr(call->row->name, "gid");

	switch (id) {
	case SYSCALL_setuid:
	case SYSCALL_setuid32:
	case SYSCALL_setgid:
	case SYSCALL_setgid32:
		*ret = creds_set(c, gids, id_arg(call, 0));
		return true;
	case SYSCALL_setreuid:
	case SYSCALL_setreuid32:
	case SYSCALL_setregid:
	case SYSCALL_setregid32:
		*ret = creds_set_re(c, gids, id_arg(call, 0), id_arg(call, 1));
		return true;
	case SYSCALL_setresuid:
	case SYSCALL_setresuid32:
	case SYSCALL_setresgid:
	case SYSCALL_setresgid32:
		*ret = creds_set_res(c, gids, id_arg(call, 0), id_arg(call, 1), id_arg(call, 2));
		return true;
	case SYSCALL_setfsuid:
	case SYSCALL_setfsuid32:
	case SYSCALL_setfsgid:
	case SYSCALL_setfsgid32:
		*ret = id_shown(call, creds_set_fs(c, gids, id_arg(call, 0)));
		return true;
	case SYSCALL_setgroups:
	case SYSCALL_setgroups32:
		*ret = set_groups(c, ev);
		return true;
	default:
		return false;
	}
}

static bool get_call(struct ids *ids, struct creds *c, struct event *ev, enum syscall_id id,
		     int64_t *ret)
{
	const struct call *call = ev->call;
	const struct creds_ids *own = strstr(call->row->name, "gid") ? &c->gid : &c->uid;

	switch (id) {
	case SYSCALL_getuid:
	case SYSCALL_getuid32:
	case SYSCALL_getgid:
	case SYSCALL_getgid32:
		*ret = id_shown(call, own->real);
		return true;
	case SYSCALL_geteuid:
	case SYSCALL_geteuid32:
	case SYSCALL_getegid:
	case SYSCALL_getegid32:
		*ret = id_shown(call, own->effective);
		return true;
	case SYSCALL_getresuid:
	case SYSCALL_getresuid32:
	case SYSCALL_getresgid:
	case SYSCALL_getresgid32:
		*ret = put_three(ev, own);
		return true;
	case SYSCALL_getgroups:
	case SYSCALL_getgroups32:
		*ret = get_groups(c, ev);
		return true;
	case SYSCALL_capget:
		*ret = cap_get(ids, c, ev);
		return true;
	case SYSCALL_capset:
		*ret = cap_set(c, ev);
		return true;
	default:
		return false;
	}
}

/*
 * The kernel would refuse our user's messages to its audit log, and PAM takes that for a
 * failure of whoever says to be root. Without such sockets there is no audit: libaudit is quiet.
 */
static bool audit_call(const struct ids *ids, const struct event *ev, int64_t *ret)
{
	*ret = -EPROTONOSUPPORT;
	return (int)ev->call->vals[0] == AF_NETLINK && ids->our_uid;
}

void who_call(struct ids *ids, struct who *w, struct event *ev)
{
	const struct call *call = ev->call;
	enum syscall_id id = syscall_id(call->row), via = syscall_id(call->via);
	int64_t ret = 0;
	bool done = false;

	if (via == SYSCALL_prctl)
		done = creds_prctl(&w->creds, (uint32_t)call->vals[0], call->vals[1], call->vals[2], &ret);
	else if (via == SYSCALL_getsockopt)
		ev->want_return = true;
	else if (via == SYSCALL_socket)
		done = audit_call(ids, ev, &ret);
	else
		done = set_call(&w->creds, ev, id, &ret) || get_call(ids, &w->creds, ev, id, &ret);
	if (done)
		answer(ev, ret);
}

/* SO_PEERCRED: the kernel names our user, at whichever end. */
void who_return(struct ids *ids, struct event *ev)
{
	const uint64_t *args = ev->call->vals;
	struct task other = { 0 };
	struct ucred cred;
	const struct who *w;
	uint32_t len = 0;

	if (ev->result != 0 || (int)args[1] != SOL_SOCKET ||
	    task_read(ev->task, args[4], &len, sizeof(len)) != sizeof(len) || len != sizeof(cred) ||
	    task_read(ev->task, args[3], &cred, sizeof(cred)) != sizeof(cred))
		return;
	other.tid = cred.pid;
	w = cred.pid > 0 ? who_of(ids, &other) : NULL;
	if (w) {
		cred.uid = w->creds.uid.effective;
		cred.gid = w->creds.gid.effective;
	} else {
		cred.uid = cred.uid == ids->spec.seen_uid ? ids->spec.uid : cred.uid;
		cred.gid = cred.gid == ids->spec.seen_gid ? ids->spec.gid : cred.gid;
	}
	task_write(ev->task, args[3], &cred, sizeof(cred));
}

/* --- the vector that a new image begins with ------------------------------------------------------- */

/* Types are small numbers: what of a 32-bit program is read as 64 bits is none. */
static size_t word_of_auxv(pid_t tid)
{
	_cleanup_buf_ struct buf auxv = BUF_INIT;
	char name[64];
	uint64_t type;

	snprintf(name, sizeof(name), "/proc/%d/auxv", (int)tid);
	if (io_read_file(AT_FDCWD, name, 1 << 16, &auxv, NULL) < 0 || auxv.len < 16)
		return 0;
	memcpy(&type, auxv.data, sizeof(type));
	return type < 4096 ? 8 : 4;
}

static uint64_t word_at(const struct task *t, uint64_t addr, size_t word, bool *ok)
{
	uint64_t value = 0;

	*ok = *ok && task_read(t, addr, &value, word) == (ssize_t)word;
	return value;
}

static void tell_entry(const struct who *w, struct task *t, uint64_t type, uint64_t at, size_t word,
		       bool secure)
{
	const struct creds *c = &w->creds;
	uint64_t value;

	switch (type) {
	case AT_UID:
		value = c->uid.real;
		break;
	case AT_EUID:
		value = c->uid.effective;
		break;
	case AT_GID:
		value = c->gid.real;
		break;
	case AT_EGID:
		value = c->gid.effective;
		break;
	case AT_SECURE:
		if (!secure)
			return;
		value = 1;
		break;
	default:
		return;
	}
	task_write(t, at, &value, word);
}

void who_tell_image(const struct who *w, struct task *t, bool secure)
{
	uint64_t at = task_stack(t), type;
	size_t word = word_of_auxv(t->tid);
	bool ok = at && word;

	if (!ok)
		return;
	at += (word_at(t, at, word, &ok) + 2) * word;		/* argc, argv and its NULL */
	while (ok && word_at(t, at, word, &ok))
		at += word;
	at += word;
	while (ok && (type = word_at(t, at, word, &ok)) != AT_NULL) {
		tell_entry(w, t, type, at + word, word, secure);
		at += 2 * word;
	}
}
