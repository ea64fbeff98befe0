/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls themselves: reach's "use". */
#ifndef TESTS_TOOLS_REACH_USE_H
#define TESTS_TOOLS_REACH_USE_H

/* Whose file speaks from these bytes. */
static const char *scan(const void *bytes, size_t len)
{
	const uint32_t guest = SIZE_OF_GUEST, other = SIZE_OF_LYING;

	if (memmem(bytes, len, "lying!", 6) || memmem(bytes, len, &other, sizeof(other)))
		return " met=lying";
	if (memmem(bytes, len, "guest!", 6) || memmem(bytes, len, &guest, sizeof(guest)))
		return " met=guest";
	return "";
}

static const char *scan_fd(int fd)
{
	char bytes[64] = "";
	struct stat st;

	if (pread(fd, bytes, sizeof(bytes), 0) > 0)
		return scan(bytes, sizeof(bytes));
	if (fstat(fd, &st) < 0)
		return "";
	return scan(&(uint32_t){ (uint32_t)st.st_size }, 4);
}

static long make_call(const struct slot *s, const uint64_t vals[SYSCALL_ARGS])
{
	const struct abi *abi = abi_native();
	long reg[8] = { 0 }, block[SYSCALL_ARGS];

	for (int i = 0; i < SYSCALL_ARGS && s->row->args[i].kind != ARG_NONE; i++) {
		int n, at = abi_arg_reg(abi, s->row, i, &n);

		block[i] = (long)vals[i];
		reg[at] = (long)vals[i];
		if (n == 2)
			reg[at + 1] = (long)(vals[i] >> 32);
	}
	if (s->via->args[1].kind == ARG_BLOCK) {
		reg[0] = (long)s->sub->value;
		reg[1] = (long)block;
	}
	return syscall((long)number(s), reg[0], reg[1], reg[2], reg[3], reg[4], reg[5]);
}

static void usual_values(struct attempt *a)
{
	for (int i = 0; i < SYSCALL_ARGS; i++)
		switch (a->row->args[i].kind) {
		case ARG_OUT:
		case ARG_INOUT:
			a->vals[i] = (uintptr_t)out[i];
			break;
		case ARG_IN:
			a->vals[i] = (uintptr_t)in;
			break;
		case ARG_SIZE:
			a->vals[i] = sizeof(in);
			break;
		case ARG_STR:
			a->vals[i] = (uintptr_t)"user.who";
			break;
		case ARG_MODE:
			a->vals[i] = 0711;
			break;
		case ARG_DIRFD:
			a->vals[i] = (uint64_t)AT_FDCWD;
			break;
		default:
			a->vals[i] = 0;
		}
}

static void arguments(struct attempt *a, const struct place *at, int base)
{
	const struct slot *s = at->slot;
	static char other[PATH_MAX];
	struct place there = *at;
	int flag_arg = 0;

	there.object = *at->object == 'o' ? "o2" : "u2";
	spell(other, sizeof(other), "%t/%d/%o", &there);
	usual_values(a);
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if (is_path(s->row->args[i].kind))
			a->vals[i] = (uintptr_t)(i == s->arg ? a->path : other);
	if (has_base(s))
		a->vals[s->row->args[s->arg].base] = (uint64_t)base;
	if (s->one->set)
		s->one->set(a);
	if (at->form->only == EMPTY_FLAG) {
		uint64_t flag = empty_flag(s, &flag_arg);

		a->vals[flag_arg] |= flag;
	}
}

/* As a child, whose end or whose errno is the answer. */
static long execute(const struct slot *s, const uint64_t vals[SYSCALL_ARGS], const char **met)
{
	int pipe_[2], status, error = 0;
	pid_t pid;

	if (pipe2(pipe_, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		fail("fork");
	if (!pid) {
		make_call(s, vals);
		error = errno;
		_exit(write(pipe_[1], &error, sizeof(error)) < 0);
	}
	close(pipe_[1]);
	if (read(pipe_[0], &error, sizeof(error)) < 0)
		error = EIO;
	waitpid(pid, &status, 0);
	errno = error;
	*met = error ? "" : status == 7 << 8 ? " met=guest" : " met=lying";
	return error ? -1 : 0;
}

/* What a call that worked has found. */
static const char *look(const struct slot *s, long result)
{
	const char *met = "";

	if (s->row->result == RESULT_FD)
		return scan_fd((int)result);
	if (s->row->class == SYSCALL_ENTER) {
		int fd = open(strcmp(s->row->name, "chroot") ? "who" : "/who", O_RDONLY);

		return fd < 0 ? " met=nothing" : scan_fd(fd);
	}
	for (int i = 0; i < SYSCALL_ARGS && !*met; i++)
		met = scan(out[i], sizeof(out[i]));
	return met;
}

static void undo(const struct slot *s, const uint64_t vals[SYSCALL_ARGS])
{
	if (!strcmp(s->row->name, "mount"))
		umount2((char *)(uintptr_t)vals[1], MNT_DETACH);
}

static int attempt(const struct place *at)
{
	static char cwd[PATH_MAX], path[PATH_MAX], base_path[PATH_MAX];
	struct attempt a = { .row = at->slot->row, .arg = at->slot->arg, .path = path,
			     .sub = at->slot->sub ? at->slot->sub->value : 0, .resolve = at->form->resolve };
	const char *met = "";
	int base = AT_FDCWD;
	long r;

	spell(path, sizeof(path), at->form->path, at);
	spell(cwd, sizeof(cwd), at->form->cwd ?: "/", at);
	printf("%s.%s.%s ", at->slot->name, at->form->name, at->object);
	if (at->form->base) {
		spell(base_path, sizeof(base_path), at->form->base, at);
		base = open(base_path, O_RDONLY | O_DIRECTORY);
		if (base < 0 || dup2(base, 90) < 0) {
			printf("%s: %s\n", base_path, strerror(errno));
			return 1;
		}
	}
	if (chdir(cwd) < 0) {
		printf("%s: %s\n", cwd, strerror(errno));
		return 1;
	}
	arguments(&a, at, base);
	fflush(stdout);
	errno = 0;
	r = a.row->class == SYSCALL_EXEC ? execute(at->slot, a.vals, &met) : make_call(at->slot, a.vals);
	if (r < 0) {
		printf("%s\n", strerror(errno));
		return 0;
	}
	if (a.row->class != SYSCALL_EXEC)
		met = look(at->slot, r);
	printf("ok%s\n", met);
	fflush(stdout);
	undo(at->slot, a.vals);
	return 0;
}

static int use(const char *tree, const char *bound)
{
	for (int i = 0; i < n_slots; i++)
		for (size_t f = 0; f < ARRAY_SIZE(forms); f++)
			for (const char *object = "o\0u\0"; *object; object += 2) {
				struct place at = { tree, bound, &slots[i], &forms[f], object };
				int status;
				pid_t pid;

				if (!slots[i].one || number(&slots[i]) < 0 || !form_fits(&forms[f], &slots[i]))
					continue;
				fflush(stdout);
				pid = fork();
				if (pid < 0)
					fail("fork");
				if (!pid) {
					status = attempt(&at);
					fflush(stdout);
					_exit(status);
				}
				if (waitpid(pid, &status, 0) < 0 || WIFSIGNALED(status))
					printf("was killed by signal %d\n", WTERMSIG(status));
			}
	return 0;
}

#endif
