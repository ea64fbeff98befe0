// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of tasks under ptrace: made, executed, ended.
 *
 * A new task's first stop and its maker's report come in any order, and the report
 * never comes when the maker is killed in between: what stops unannounced is parked
 * until it is reported, or adopted with what /proc tells when no report comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/begin.h"
#include "core/engine/ptrace.h"
#include "core/engine/signals.h"
#include "core/engine/sys.h"

#define ADOPT_AFTER_MS 50

struct tracee *tracee_of(struct engine *en, pid_t tid)
{
	struct task *task = task_find(en->tasks, tid);

	return task ? task->engine : NULL;
}

static struct image *image_new(const struct image *from)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	if (from)
		*image = *from;
	image->refs = 1;
	return image;
}

static void image_unref(struct image *image)
{
	if (image && --image->refs == 0)
		free(image);
}

static void tracee_free(struct tracee *t)
{
	image_unref(t->image);
	if (t->call) {
		call_free(t->call);
		free(t->call);
	}
	begin_free(t->begin);
	free(t->before);
	free(t);
}

static struct tracee *add(struct engine *en, pid_t tid, struct tracee *maker, uint64_t flags)
{
	struct tracee *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (maker && (flags & CLONE_VM)) {
		t->image = maker->image;
		t->image->refs++;
	} else {
		t->image = image_new(maker ? maker->image : NULL);
	}
	t->renumbered = REGS_NO_CALL;
	if (t->image)
		t->task = task_add(en->tasks, tid, maker ? maker->task : NULL,
				   flags & CLONE_THREAD, flags & CLONE_FS);
	if (!t->task) {
		tracee_free(t);
		return NULL;
	}
	t->task->engine = t;
	if (maker) {
		t->filtered = maker->filtered;
		t->traces = maker->traces && (flags & CLONE_THREAD);
		/* Nobody else uses it: the maker has its own copy, or waits in vfork(2). */
		if (!(flags & CLONE_VM) || (flags & CLONE_VFORK))
			t->scratch = maker->scratch;
		if (!(flags & CLONE_THREAD))
			t->task->pid_ns = 0;	/* unshare(2) and setns(2) change the children's */
		if (flags & CLONE_NEWNS)
			t->task->mnt_ns = 0;
	}
	en->ret->census.tasks++;
	return t;
}

static void announce(struct engine *en, struct tracee *t)
{
	struct event ev = { .kind = EVENT_START, .task = t->task };

	engine_tell(en, &ev);
}

static void end_now(struct engine *en, struct tracee *t, int status)
{
	struct event ev = { .kind = EVENT_EXIT, .task = t->task, .status = status };
	struct task *task = t->task;

	engine_tell(en, &ev);
	nest_ended(en, t, status);
	tracee_free(t);
	task_remove(en->tasks, task);
}

int tasks_initial(struct engine *en, pid_t pid)
{
	struct tracee *t = add(en, pid, NULL, 0);

	if (!t)
		return -ENOMEM;
	t->image->trap_ignored = begin_trap_ignored();
	announce(en, t);
	return 0;
}

/* Flags of the call that @maker is in; what of them is a signal number is cut off. */
static uint64_t clone_flags(struct engine *en, struct tracee *maker, unsigned event)
{
	const struct abi *abi = maker->task->abi;
	uint64_t flags = event == PTRACE_EVENT_VFORK ? CLONE_VFORK | CLONE_VM : 0;
	struct regs regs;
	uint64_t args[6], nr, word;

	(void)en;
	if (regs_read(maker->task->tid, &regs) < 0)
		return flags;
	abi = regs_call(&regs, &nr, args);
	if (!abi)
		return flags;
	switch (abi_syscall(abi, nr)) {
	case SYSCALL_clone:
		return args[0] & ~(uint64_t)CSIGNAL & 0xffffffff;
	case SYSCALL_clone3:
		if (task_read(maker->task, args[0], &word, sizeof(word)) == sizeof(word))
			return word;
		return flags;
	default:
		return flags;
	}
}

static struct parked *parked_find(struct engine *en, pid_t tid)
{
	for (size_t i = 0; i < en->n_parked; i++)
		if (en->parked[i].tid == tid)
			return &en->parked[i];
	return NULL;
}

static void unpark(struct engine *en, struct parked *p)
{
	*p = en->parked[--en->n_parked];
	if (!en->n_parked)
		end_tick(en);
}

/* Its tid may belong to another task by now, made after the one that was parked as dead. */
static bool is_ours(pid_t tid)
{
	return sys_ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0;
}

void tasks_made(struct engine *en, struct tracee *maker, unsigned event)
{
	pid_t tid = (pid_t)sys_event_message(maker->task->tid);
	struct parked *p = parked_find(en, tid);
	struct tracee *t;
	bool ended = p && p->ended && !is_ours(tid);
	int status = p ? p->status : 0;

	/* 0: it was gone before we could ask. Known: adopted, its report is late. */
	if (!tid || tracee_of(en, tid))
		return;
	t = add(en, tid, maker, clone_flags(en, maker, event));
	if (!t) {
		engine_fail(en, err_set(en->e, -ENOMEM, "follow process %d", (int)tid));
		sys_ptrace(PTRACE_DETACH, tid, 0, 0);
		return;
	}
	nest_made(en, maker, t, event);
	announce(en, t);
	t->fresh = !p;
	if (!p)
		return;
	unpark(en, p);
	if (ended) {
		end_now(en, t, status);
	} else {
		t->stopped = true;
		if (!nest_at_start(en, t))
			engine_resume(en, t, 0);
	}
}

void tasks_unknown(struct engine *en, pid_t tid, int status)
{
	struct parked *p = parked_find(en, tid), *more;

	if (!p) {
		if (en->n_parked == en->room_parked) {
			size_t room = en->room_parked * 2 + 16;

			more = realloc(en->parked, room * sizeof(*more));
			if (!more) {
				engine_fail(en, err_set(en->e, -ENOMEM, "follow process %d", (int)tid));
				sys_ptrace(PTRACE_DETACH, tid, 0, 0);
				return;
			}
			en->parked = more;
			en->room_parked = room;
		}
		p = &en->parked[en->n_parked++];
		signals_tick(ADOPT_AFTER_MS);
	}
	*p = (struct parked){ .tid = tid, .ended = !WIFSTOPPED(status), .status = status,
			      .ms = end_now_ms() };
}

/* A number of /proc/TID/status, 0 when it cannot be had. */
static pid_t status_number(pid_t tid, const char *key)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)tid);
	if (io_read_file(AT_FDCWD, name, 1 << 16, &text, NULL) < 0)
		return 0;
	at = strstr(buf_str(&text), key);
	return at ? (pid_t)strtol(at + strlen(key), NULL, 10) : 0;
}

static void adopt(struct engine *en, pid_t tid)
{
	pid_t tgid = status_number(tid, "\nTgid:");
	struct tracee *leader = tgid != tid ? tracee_of(en, tgid) : NULL;
	struct tracee *parent = leader ? leader : tracee_of(en, status_number(tid, "\nPPid:"));
	struct tracee *t;

	t = add(en, tid, parent, leader ? CLONE_THREAD | CLONE_FS | CLONE_VM : 0);
	if (!t) {
		engine_fail(en, err_set(en->e, -ENOMEM, "follow process %d", (int)tid));
		sys_ptrace(PTRACE_DETACH, tid, 0, 0);
		return;
	}
	t->task->tgid = tgid ? tgid : tid;
	announce(en, t);
	t->stopped = true;
	engine_resume(en, t, 0);
}

void tasks_adopt(struct engine *en)
{
	int64_t now = en->n_parked ? end_now_ms() : 0;

	for (size_t i = en->n_parked; i-- > 0;) {
		struct parked p = en->parked[i];

		if (now - p.ms < ADOPT_AFTER_MS)
			continue;
		unpark(en, &en->parked[i]);
		if (!p.ended)
			adopt(en, p.tid);
	}
}

/*
 * execve(2) in a thread that is not the leader: the leader's task goes on as the one
 * that executed, for it is the process; the thread's own ends. Its leader will never
 * be reported as dead.
 */
static struct tracee *take_over(struct engine *en, pid_t tid, pid_t was,
				struct tracee **ret_ended)
{
	struct tracee *leader = tracee_of(en, tid), *thread = tracee_of(en, was);
	struct task_fs *fs;
	struct tracee kept;

	if (!thread)
		return leader;
	if (!leader) {
		thread->task->tgid = tid;
		return task_renumber(en->tasks, thread->task, tid) < 0 ? NULL : thread;
	}
	nest_forget(en, leader);
	fs = leader->task->fs;
	leader->task->fs = thread->task->fs;
	thread->task->fs = fs;
	/* All but the task is the thread's: the call it is in, what it waits for. */
	kept = *leader;
	*leader = *thread;
	*thread = kept;
	thread->task = leader->task;
	leader->task = kept.task;
	thread->stopped = false;
	nest_moved(leader);
	*ret_ended = thread;
	return leader;
}

/* Execute bits that did nothing because we trace (or because of no_new_privs). */
static void check_privilege(struct engine *en, struct tracee *t)
{
	char name[64], target[256];
	struct stat st;
	ssize_t n;

	if (en->probe.privileged || en->spec->fake_ids)
		return;
	snprintf(name, sizeof(name), "/proc/%d/exe", (int)t->task->tid);
	if (stat(name, &st) < 0 || !(st.st_mode & (S_ISUID | S_ISGID)))
		return;
	if (!((st.st_mode & S_ISUID) && st.st_uid != geteuid()) &&
	    !((st.st_mode & S_ISGID) && st.st_gid != getegid()))
		return;
	en->ret->census.setuid_lost++;
	n = readlink(name, target, sizeof(target) - 1);
	log_warn("%.*s ran without its set-%s-id privilege, as any traced program does",
		 n > 0 ? (int)n : 1, n > 0 ? target : "?", st.st_mode & S_ISUID ? "user" : "group");
}

/* A 32-bit care can neither read nor write the registers of a 64-bit program. */
static bool check_width(struct engine *en, struct tracee *t)
{
	unsigned char head[20] = { 0 };	/* e_ident, e_type, e_machine */
	const struct abi *abi;
	uint16_t machine;
	char name[64];
	_cleanup_close_ int fd = -1;

	if (sizeof(long) == 8)
		return true;
	snprintf(name, sizeof(name), "/proc/%d/exe", (int)t->task->tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_full(fd, head, sizeof(head)) != sizeof(head) || head[4] != 2)
		return true;
	memcpy(&machine, head + 18, sizeof(machine));
	abi = abi_find_by_elf(head[4], machine);
	err_set(en->e, -ENOEXEC,
		"this care is a 32-bit program and the command runs a 64-bit one: use the care of %s",
		abi ? abi->arch : "its architecture");
	engine_fail(en, -ENOEXEC);
	en->ret->unfit = en->ret->census.images == 1;
	en->fatal = true;
	end_all(en);
	return false;
}

void tasks_executed(struct engine *en, pid_t tid)
{
	pid_t was = (pid_t)sys_event_message(tid);
	struct tracee *ended = NULL;
	struct tracee *t = was && was != tid ? take_over(en, tid, was, &ended) :
					       tracee_of(en, tid);
	struct image *image = image_new(NULL);

	if (!t || !image) {
		free(image);
		if (ended)
			end_now(en, ended, 0);
		engine_fail(en, err_set(en->e, -ENOMEM, "follow process %d", (int)tid));
		sys_ptrace(PTRACE_CONT, tid, 0, 0);
		return;
	}
	image->trap_ignored = t->image->trap_ignored;
	image_unref(t->image);
	t->image = image;
	t->scratch = (struct scratch){ 0 };
	t->replaced = 0;		/* the registers that held them are gone */
	t->renumbered = REGS_NO_CALL;
	t->at_exit &= ~(AT_EXIT_RESTORE | AT_EXIT_SCRATCH);
	t->stopped = true;
	t->nr_known = false;
	t->call_abi = NULL;
	t->task->abi = NULL;
	t->task->image = ++en->images;
	en->ret->census.images++;
	if (check_width(en, t)) {
		check_privilege(en, t);
		begin_image(en, t, was ? was : tid);
	}
	/* After it: what sinks keep of who called is still there when the image is told of. */
	if (ended)
		end_now(en, ended, 0);
	if (!nest_at_exec(en, t))
		engine_resume(en, t, 0);
}

void tasks_ended(struct engine *en, pid_t tid, int status)
{
	struct tracee *t = tracee_of(en, tid);

	if (!t) {
		tasks_unknown(en, tid, status);
		return;
	}
	end_now(en, t, status);
	if (tid == en->launch.pid)
		end_initial(en, status);
}

void tasks_free(struct engine *en)
{
	size_t cursor = 0;
	struct task *task;

	nest_free(en);
	while ((task = task_next(en->tasks, &cursor)))
		tracee_free(task->engine);
	free(en->parked);
}
