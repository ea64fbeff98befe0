// SPDX-License-Identifier: GPL-2.0-or-later
/* long */
/*
 * Being observed changes no answer: every call of the native ABI (and of i386 on x86_64,
 * by int 0x80) with bad pointers, descriptors, flags and paths, alone and under each
 * engine. The arguments follow from the kinds in arch/syscalls.def.
 *
 *   errnos print       what each call answers, a line each: "abi call case answer"
 *   errnos             the test: runs itself so alone, twice, and observed
 *
 * Each call is made in a child, so that none can disturb the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/engine/engine.h"
#include "core/event/event.h"

enum { ZERO, BAD, BAD_POINTERS, BAD_FDS, BAD_FLAGS, ABSENT, NOT_DIRECTORY, LONG, CUT, EMPTY, CASES };

static const char *const cases[CASES] = {
	"zero", "bad", "badpointers", "badfds", "badflags",
	/* only of calls with paths: */
	"absent", "notdirectory", "long", "cut", "empty",
};

/* --- what is never called ------------------------------------------------------------- */

/*
 * Ends or stops the caller, waits for ever, sets the machine's name or clock, makes what
 * outlives us, or is not meant to be the same (ptrace of a traced task, io_uring).
 */
static const char *const never[] = {
	"exit", "exit_group", "fork", "vfork", "clone", "clone3", "ptrace", "pause", "sigsuspend",
	"sigreturn", "rt_sigreturn", "restart_syscall", "uretprobe", "uprobe", "vhangup", "sync",
	"io_uring_setup", "io_uring_enter", "io_uring_register", "sethostname", "setdomainname",
	"settimeofday", "stime", "clock_settime", "clock_settime64", "reboot", "kexec_load",
	"kexec_file_load", "vm86", "vm86old", "idle", "syslog", "acct", "msgget", "semget",
	"shmget", "mq_open", NULL
};

/* These wait unless an argument is wrong; and others whose good arguments do something. */
static const char *const only_bad[] = {
	"select", "_newselect", "pselect6", "pselect6_time64", "poll", "ppoll", "ppoll_time64",
	"munmap", "close_range", "seccomp", "setsid", "personality", "msgrcv", "flock",
	"clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "keyctl", "mlockall", NULL
};

static bool among(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

/* --- arguments ------------------------------------------------------------------------- */

#define PAGE 4096

/* Below 4 GiB, so that calls of 32-bit ABIs can point at it. */
static char *low;
static char *buffer, *absent, *not_directory, *too_long, *cut, *empty;
static int file;			/* open on an empty file in the cwd */
static volatile int64_t *answer;	/* shared with the child */

/* An empty place below 4 GiB, whatever the kernel has put where. */
static char *map_low(size_t size)
{
	for (uintptr_t at = 0x20000000; at < 0x70000000; at += 0x1000000) {
		char *p = mmap((void *)at, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == (char *)at)
			return p;
		if (p != MAP_FAILED)
			munmap(p, size);
	}
	exit(2);
}

static void prepare(void)
{
	low = map_low(8 * PAGE);
	buffer = low;
	absent = strcpy(low + PAGE, "no-such-directory/name");
	not_directory = strcpy(low + PAGE + 100, "/dev/null/name");
	empty = strcpy(low + PAGE + 200, "");
	too_long = memset(low + 2 * PAGE, 'x', 2 * PAGE + 1);
	too_long[2 * PAGE] = '\0';
	/* No NUL before the mapping ends. */
	cut = memset(low + 7 * PAGE - 20, 'x', 20);
	munmap(low + 7 * PAGE, PAGE);
	answer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file = open("empty-file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (answer == MAP_FAILED || file < 0)
		exit(2);
	file = fcntl(file, F_DUPFD, 100);
}

static uint64_t path_of(int which)
{
	switch (which) {
	case NOT_DIRECTORY:
		return (uintptr_t)not_directory;
	case LONG:
		return (uintptr_t)too_long;
	case CUT:
		return (uintptr_t)cut;
	case EMPTY:
		return (uintptr_t)empty;
	default:
		return (uintptr_t)absent;
	}
}

static uint64_t value_of(const struct syscall_arg *arg, int which)
{
	bool wrong = which == BAD;

	if (which == ZERO)
		return 0;
	switch (arg->kind) {
	case ARG_FD:
	case ARG_FDUSE:
	case ARG_DIRFD:
		return wrong || which == BAD_FDS ? 0x3fff : (uint64_t)file;
	case ARG_PATH:
		return wrong || which == BAD_POINTERS ? 0x10 : path_of(which);
	case ARG_FLAGS:
	case ARG_OFLAGS:
	case ARG_HANDLEFLAGS:
	case ARG_AMODE:
		return wrong || which == BAD_FLAGS ? 0xffffffff : 0;
	case ARG_ATFLAGS:
		return wrong || which == BAD_FLAGS ? 0xffffffff : which == EMPTY ? 0x1000 : 0;
	case ARG_INT:
	case ARG_LOW16:
		/* No address either, for i386's select: a sanitizer has memory above 0x7fff7000. */
		return wrong ? 0x6ffffff0 : 0x7ffffff;
	case ARG_LONG:
	case ARG_LLONG:
		return wrong ? (uint64_t)-5 : 5;
	case ARG_ID:
		return 0xffffffff;
	case ARG_SIZE:
		return 16;
	case ARG_MODE:
		return 0600;
	case ARG_DEV:
	case ARG_NONE:
		return 0;
	default:		/* something in memory */
		return wrong || which == BAD_POINTERS ? 0x10 : (uintptr_t)buffer;
	}
}

static bool has_path(const struct syscall_row *row)
{
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if (row->args[i].kind == ARG_PATH)
			return true;
	return false;
}

/* --- calls ------------------------------------------------------------------------------- */

static int64_t call_native(uint64_t nr, const uint64_t a[6])
{
	int64_t r = syscall((long)nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4],
			    (long)a[5]);

	return r == -1 ? -errno : r;
}

#ifdef __x86_64__
static int64_t call_i386(uint64_t nr, const uint64_t a[6])
{
	uint64_t block[2] = { a[0], a[5] };
	int64_t r;

	/* rbx and rbp are the compiler's: put them by hand. */
	__asm__ volatile("push %%rbx\n\tpush %%rbp\n\t"
			 "mov 8(%1), %%rbp\n\tmov (%1), %%rbx\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp\n\tpop %%rbx"
			 : "=a"(r)
			 : "r"(block), "0"(nr), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)r;
}
#endif

typedef int64_t caller(uint64_t nr, const uint64_t args[6]);

static void make_call(caller *make, uint64_t nr, const uint64_t args[6])
{
	pid_t child;
	int status;

	if (ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) != 0)
		exit(2);
	*answer = INT64_MIN;
	child = fork();
	if (child == 0) {
		signal(SIGSYS, SIG_DFL);
		alarm(10);
		*answer = make(nr, args);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(2);
	if (*answer == INT64_MIN)
		printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
	else if (*answer < 0 && *answer > -4096)
		printf("%s\n", strerror((int)-*answer));
	else
		printf("worked\n");
}

static void print_call(const struct abi *abi, caller *make, const struct syscall_row *row)
{
	uint64_t nr = (uint64_t)abi_number(abi, syscall_id(row));

	for (int which = 0; which < CASES; which++) {
		uint64_t args[7] = { 0 };

		if (which >= ABSENT && !has_path(row))
			continue;
		if (which != BAD && among(only_bad, row->name))
			continue;
		for (int i = 0; i < syscall_n_args(row); i++) {
			int n, reg = abi_arg_reg(abi, row, i, &n);
			uint64_t value = value_of(&row->args[i], which);

			args[reg] = value;
			if (n == 2)
				args[reg + 1] = value >> 32;
		}
		printf("%s %s %s ", abi->name, row->name, cases[which]);
		make_call(make, nr, args);
	}
}

static void print_abi(const struct abi *abi, caller *make)
{
	static const uint64_t none[6];

	for (int id = SYSCALL_NONE + 1; id < SYSCALL_IDS_END; id++) {
		const struct syscall_row *row = syscall_row(id);

		if (abi_number(abi, id) >= 0 && !among(never, row->name))
			print_call(abi, make, row);
	}
	for (uint64_t nr = 600; nr < 603; nr++) {
		printf("%s %d unknown ", abi->name, (int)nr);
		make_call(make, nr, none);
	}
}

static void print_all(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);	/* nothing of it is left to the children */
	prepare();
	/* What an unprivileged filter needs, and landlock shows: the one known difference. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	print_abi(abi_native(), call_native);
#ifdef __x86_64__
	if (call_i386((uint64_t)abi_number(&abi_i386, SYSCALL_getpid), (const uint64_t[6]){ 0 }) > 0)
		print_abi(&abi_i386, call_i386);	/* the kernel may lack it */
#endif
	fflush(stdout);
	_exit(0);		/* a sanitizer looks for leaks by ptrace, which is taken */
}

/* --- the test ------------------------------------------------------------------------------ */

static char self[4096];
static int passed, failed;

/*
 * Standard input and output of the program that prints; in its own process. Both
 * are files of ours: fchmod(0, 0) as root would otherwise be a change of /dev/null. The
 * input is a new one each time, for that very call.
 */
static void redirect(const char *output)
{
	int in, out;

	unlink("empty-input");
	in = open("empty-input", O_RDWR | O_CREAT, 0600);
	out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(in, 0);
	dup2(out, 1);
	close(in);
	close(out);
}

static int ignore(struct sink *sink, struct event *ev, struct err *e)
{
	(void)sink;
	(void)e;
	ev->want_return = ev->kind == EVENT_CALL && ev->call->row;
	return 0;
}

/* Alone (ENGINE_AUTO), or under that engine, whose sink wants every return. 0: it ran. */
static int run_as(enum engine_kind kind)
{
	char *argv[] = { self, "print", NULL };
	struct engine_spec spec = { .argv = argv, .envp = environ, .kind = kind };
	struct sink sink = { .name = "ignore", .event = ignore };
	struct engine_result result;
	struct bus bus = { 0 };
	struct err e = { 0 };

	if (kind == ENGINE_AUTO)
		return execv(self, argv);
	spec.classes = ~SYSCALL_BIT(SYSCALL_REFUSE);
	bus_add(&bus, &sink);
	if (engine_run(&spec, &bus, &result, &e) < 0 || result.kind != kind) {
		fprintf(stderr, "# %s: %s%s\n", engine_name(kind), e.text, result.why);
		return 1;
	}
	fprintf(stderr, "%s: %llu calls, %llu returns\n", engine_name(kind),
		(unsigned long long)result.census.calls, (unsigned long long)result.census.returns);
	return result.status != 0 || result.census.returns < 1000;
}

/* What the run printed, "" when it failed. */
static struct buf run(enum engine_kind kind, const char *output)
{
	struct buf text = BUF_INIT;
	pid_t child = fork();
	int status;

	if (child == 0) {
		redirect(output);
		_exit(run_as(kind));
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		io_read_file(AT_FDCWD, output, SIZE_MAX / 2, &text, NULL);
	else
		printf("# a run ended with status %x\n", status);
	return text;
}

/* The next line of @at; *@at moves behind it. */
static bool line_of(const char **at, const char **ret, size_t *ret_len)
{
	*ret = *at;
	*ret_len = strcspn(*at, "\n");
	*at += *ret_len + ((*at)[*ret_len] != '\0');
	return *ret_len;
}

/* Lines that differ; -1 for each when one is missing. */
static int compare(const struct buf *alone, const struct buf *other, const char *who)
{
	const char *a = buf_str(alone), *b = buf_str(other), *x, *y;
	int same = 0, different = 0;
	size_t n, m;

	while (line_of(&a, &x, &n)) {
		line_of(&b, &y, &m);
		if (n == m && !memcmp(x, y, n)) {
			same++;
			continue;
		}
		different++;
		printf("# alone: %.*s\n# %s: %.*s\n", (int)n, x, who, (int)m, y);
	}
	printf("# %s: %d same, %d different\n", who, same, different);
	return same < 500 ? -1 : different;
}

static void check(const char *what, bool ok)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", passed + failed + 1, what);
	passed += ok;
	failed += !ok;
}

int main(int argc, char *argv[])
{
	_cleanup_buf_ struct buf first = BUF_INIT, again = BUF_INIT, filtered = BUF_INIT,
				 stopped = BUF_INIT;
	ssize_t n;

	if (argc > 1 && !strcmp(argv[1], "print"))
		print_all();
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return 2;
	self[n] = '\0';
	setvbuf(stdout, NULL, _IOLBF, 0);
	first = run(ENGINE_AUTO, "first");
	again = run(ENGINE_AUTO, "again");
	filtered = run(ENGINE_PTRACE_SECCOMP, "filtered");
	stopped = run(ENGINE_PTRACE, "stopped");
	check("alone, every call answers the same twice", !compare(&first, &again, "alone again"));
	check("stopped at calls of interest, it answers the same",
	      !compare(&first, &filtered, "ptrace-seccomp"));
	check("stopped at every call, it answers the same", !compare(&first, &stopped, "ptrace"));
	printf("1..%d\n", passed + failed);
	return !!failed;
}
