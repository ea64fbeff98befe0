// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptrace(2) of tracees: who may trace whom, and what a stopped one does next. The errors are
 * those of kernel/ptrace.c, and in its order.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/nest.h"
#include "core/engine/ptrace.h"
#include "core/engine/sys.h"

#define TRACE_OPTIONS 0xff		/* PTRACE_O_MASK without the two that stand apart */
#define SYSEMU 31			/* of x86 and arm64 */
#define SYSEMU_SINGLESTEP 32
#define SINGLEBLOCK 33
#define SECCOMP_GET_FILTER 0x420c
#define SECCOMP_GET_METADATA 0x420d
#define SIGNALS 64
#define CAP_SYS_PTRACE_BIT 19

/* --- what is not done -------------------------------------------------------------------- */

static int refuse(struct engine *en, struct tracee *t, int error, const char *what)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!en->nests.told) {
		task_name(t->task, &name);
		log_warn("%s traces programs and wants %s, which care does not do for it: it is "
			 "told \"%s\"", buf_str(&name), what, strerror(-error));
	}
	en->nests.told = true;
	return error;
}

/* Its structures are ours, or nest_compat.c's. */
static bool knows_words(const struct abi *abi)
{
	return abi == abi_native() || (abi->word == 4 && abi_native()->word == 8 && !abi->nr_flag);
}

/* Numbers of processes are ours, so both must be in our namespace. */
static bool knows_our_pids(struct tracee *t)
{
	struct stat ours;

	return task_namespaces(t->task, NULL) == 0 && stat("/proc/self/ns/pid", &ours) == 0 &&
	       t->task->pid_ns == ours.st_ino;
}

/* --- who may ----------------------------------------------------------------------------- */

struct creds {
	unsigned uid[4], gid[4];	/* real, effective, saved, of the file system */
	uint64_t permitted, effective;
};

static bool read_creds(pid_t tid, struct creds *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *uid, *gid, *permitted, *effective;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/status", (int)tid);
	if (io_read_file(AT_FDCWD, name, 1 << 16, &text, NULL) < 0)
		return false;
	uid = strstr(buf_str(&text), "\nUid:");
	gid = strstr(buf_str(&text), "\nGid:");
	permitted = strstr(buf_str(&text), "\nCapPrm:");
	effective = strstr(buf_str(&text), "\nCapEff:");
	if (!uid || !gid || !permitted || !effective)
		return false;
	sscanf(uid, "\nUid: %u %u %u %u", &ret->uid[0], &ret->uid[1], &ret->uid[2], &ret->uid[3]);
	sscanf(gid, "\nGid: %u %u %u %u", &ret->gid[0], &ret->gid[1], &ret->gid[2], &ret->gid[3]);
	ret->permitted = strtoull(permitted + strlen("\nCapPrm:"), NULL, 16);
	ret->effective = strtoull(effective + strlen("\nCapEff:"), NULL, 16);
	return true;
}

static bool same_ids(const struct creds *a, const struct creds *b)
{
	for (int i = 0; i < 3; i++)
		if (a->uid[0] != b->uid[i] || a->gid[0] != b->gid[i])
			return false;
	return true;
}

/* kernel.yama.ptrace_scope; 0 where there is no yama. */
static int yama_scope(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (io_read_file(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", 16, &text, NULL) < 0)
		return 0;
	return atoi(buf_str(&text));
}

static bool is_descendant(const struct tracee *of, const struct tracee *t)
{
	for (const struct task *task = t->task; task; task = task->parent)
		if (task->tgid == of->task->tgid)
			return true;
	return false;
}

/*
 * __ptrace_may_access() for PTRACE_MODE_ATTACH_REALCREDS, and yama's hook but for what
 * PR_SET_PTRACER has allowed, which the kernel does not tell.
 */
static bool may_trace(struct tracee *tracer, struct tracee *t)
{
	struct creds caller, target;
	struct stat proc;
	char name[64];
	bool able;
	int scope;

	if (!read_creds(tracer->task->tid, &caller) || !read_creds(t->task->tid, &target))
		return false;
	able = caller.effective >> CAP_SYS_PTRACE_BIT & 1;
	if (able)
		return true;
	if (!same_ids(&caller, &target) || target.permitted & ~caller.effective)
		return false;
	/* What is not dumpable belongs to root there. */
	snprintf(name, sizeof(name), "/proc/%d/environ", (int)t->task->tid);
	if (t->image->undumpable || stat(name, &proc) < 0 || proc.st_uid != target.uid[1])
		return false;
	scope = yama_scope();
	return scope == 0 || (scope == 1 && is_descendant(tracer, t));
}

/* --- attaching --------------------------------------------------------------------------- */

static bool is_traced(const struct tracee *t)
{
	return t->nest && t->nest->tracer;
}

static bool good_options(uint64_t options)
{
	return !(options & ~(uint64_t)(TRACE_OPTIONS | PTRACE_O_EXITKILL));
}

static int64_t traceme(struct engine *en, struct tracee *t)
{
	struct task *parent = t->task->parent;

	if (is_traced(t))
		return -EPERM;
	if (!parent)
		return refuse(en, t, -EPERM, "to be traced by a program outside");
	return nest_attach(en, parent->engine, t, false, 0);
}

static int64_t attach(struct engine *en, struct tracee *t, struct tracee *target, bool seize,
		      uint64_t addr, uint64_t options)
{
	int r;

	if (seize && (addr || !good_options(options)))
		return -EIO;
	if (t->task->tgid == target->task->tgid || !may_trace(t, target) || is_traced(target))
		return -EPERM;
	r = nest_attach(en, t, target, seize, seize ? (unsigned)options : 0);
	if (r < 0)
		return r;
	if (!seize)
		nest_send(target->nest, SIGSTOP, SI_KERNEL, 0);
	/* One that is in a group-stop leaves it for the tracer's stop at once. */
	if (target->listening)
		nest_interrupt(target->nest);
	else if (target->nest->options_due && !target->stopped)
		nest_apply(target);
	return 0;
}

/* --- going on ---------------------------------------------------------------------------- */

static int64_t go(struct engine *en, struct nest *n, int request, uint64_t signo)
{
	if (signo > SIGNALS)
		return -EIO;
	n->how = request == PTRACE_SYSCALL ? NEST_CALLS : request == PTRACE_CONT ? NEST_RUN :
										   NEST_STEP;
	n->step = request;
	return nest_go(en, n, (int)signo);
}

static int64_t detach(struct engine *en, struct nest *n, uint64_t signo)
{
	if (signo > SIGNALS)
		return -EIO;
	nest_detach(en, n);
	if (!n->group)
		return nest_go(en, n, (int)signo);
	/* The process is stopped, and stays so. */
	n->stopped = n->unreported = false;
	engine_listen(n->t);
	return 0;
}

static int64_t listen_to(struct nest *n)
{
	if (!n->seized || n->status >> 8 != PTRACE_EVENT_STOP)
		return -EIO;
	n->stopped = n->unreported = false;
	engine_listen(n->t);
	return 0;
}

static int64_t set_options(struct engine *en, struct nest *n, uint64_t options)
{
	if (!good_options(options))
		return -EINVAL;
	n->options = (unsigned)options;
	nest_options(en, n);
	return 0;
}

static int64_t stopped_request(struct engine *en, struct tracee *t, struct nest *n, int request,
			       uint64_t addr, uint64_t data)
{
	int64_t r;

	switch (request) {
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case SINGLEBLOCK:
		return go(en, n, request, data);
	case PTRACE_DETACH:
		return detach(en, n, data);
	case PTRACE_LISTEN:
		return listen_to(n);
	case PTRACE_SETOPTIONS:
		return set_options(en, n, data);
	case SECCOMP_GET_FILTER:
	case SECCOMP_GET_METADATA:
		return refuse(en, t, -EACCES, "to read its filters");
	case SYSEMU:
	case SYSEMU_SINGLESTEP:
		return refuse(en, t, -EIO, "PTRACE_SYSEMU");
	default:
		r = nest_data(en, t, n, request, addr, data);
		return r == -ENOTSUP ? refuse(en, t, -EIO, "a request that care does not know") : r;
	}
}

static int64_t request_of(struct engine *en, struct tracee *t, struct tracee *target, int request,
			  uint64_t addr, uint64_t data)
{
	struct nest *n = target->nest;

	if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
		return attach(en, t, target, request == PTRACE_SEIZE, addr, data);
	if (!is_traced(target) || n->tracer != t->nest)
		return -ESRCH;
	if (request == PTRACE_KILL) {
		syscall(SYS_tgkill, (long)target->task->tgid, (long)target->task->tid,
			(long)SIGKILL);
		return 0;
	}
	if (request == PTRACE_INTERRUPT) {
		if (!n->seized)
			return -EIO;
		nest_interrupt(n);
		return 0;
	}
	return n->stopped ? stopped_request(en, t, n, request, addr, data) : -ESRCH;
}

bool nest_ptrace(struct engine *en, struct tracee *t, struct event *ev)
{
	const struct call *call = ev->call;
	int request = (int)call->vals[0];
	bool begins = request == PTRACE_TRACEME || request == PTRACE_ATTACH ||
		      request == PTRACE_SEIZE;
	struct tracee *target = NULL;

	if (!knows_words(call->abi) || !knows_our_pids(t)) {
		if (!begins)
			return false;	/* ESRCH, or EPERM: it has none */
		ev->answer = refuse(en, t, -EPERM, !knows_words(call->abi) ?
				    "that with calls of another architecture" :
				    "that in a namespace of processes of its own");
		return ev->answered = true;
	}
	if (request != PTRACE_TRACEME) {
		/* Not one of ours: the kernel lets it be traced, or not. */
		target = tracee_of(en, (pid_t)call->vals[1]);
		if (!target)
			return false;
		ev->answer = request_of(en, t, target, request, call->vals[2], call->vals[3]);
	} else {
		ev->answer = traceme(en, t);
	}
	return ev->answered = true;
}
