/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of the trees, seen from outside: reach's "list" and "serve". */
#ifndef TESTS_TOOLS_REACH_LOOK_H
#define TESTS_TOOLS_REACH_LOOK_H

static void list_xattrs(int fd)
{
	char names[1024];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		char value[64] = "";

		if (strncmp(names + i, "user.", 5))
			continue;
		if (fgetxattr(fd, names + i, value, sizeof(value) - 1) >= 0)
			printf(" %s=%s", names + i, value);
	}
}

static void list_one(const char *top, const char *name, const struct stat *st, bool times)
{
	char path[PATH_MAX], to[PATH_MAX] = "";
	int fd;

	snprintf(path, sizeof(path), "%s%s", top, name);
	printf("%s %o %lu %u:%u", name + 1, st->st_mode, (unsigned long)st->st_nlink, st->st_uid,
	       st->st_gid);
	if (S_ISREG(st->st_mode))
		printf(" %lld", (long long)st->st_size);
	/* What was touched has today's time, whenever that is. */
	if (st->st_mtime < 1500000000 || times)
		printf(" of %lld", (long long)st->st_mtime);
	if (times)
		printf(" ino %llu changed %lld.%09ld", (unsigned long long)st->st_ino,
		       (long long)st->st_ctime, st->st_ctim.tv_nsec);
	if (times && S_ISREG(st->st_mode))
		printf(" read %lld.%09ld", (long long)st->st_atime, st->st_atim.tv_nsec);
	if (S_ISLNK(st->st_mode) && readlink(path, to, sizeof(to) - 1) > 0)
		printf(" -> %s", to);
	fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOATIME | O_CLOEXEC) : -1;
	if (fd >= 0) {
		ssize_t n = times ? 0 : pread(fd, to, 32, 0);

		to[n > 0 ? n : 0] = '\0';
		to[strcspn(to, "\n")] = '\0';
		printf(" %.10s", *to == '\177' ? "ELF" : to);
		list_xattrs(fd);
		close(fd);
	}
	putchar('\n');
}

static int list(const char *top, const char *below, bool times)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n;

	snprintf(path, sizeof(path), "%s%s", top, below);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct stat st;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s%s/%s", top, below, name);
		if (lstat(path, &st) < 0)
			fail(path);
		list_one(top, path + strlen(top), &st, times);
		if (S_ISDIR(st.st_mode) && list(top, path + strlen(top), times))
			return 1;
	}
	return 0;
}

/* --- sockets -------------------------------------------------------------------------------- */

struct served {
	int fd;
	enum object type;
	char name[128];
};
static struct served served[1024];
static int n_served;

/* By a name of one letter: the whole path may be too long for a socket. */
static void serve_at(const char *dir, const char *name, enum object type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct served *s = &served[n_served];

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", name);
	snprintf(s->name, sizeof(s->name), "%.100s.%s", strrchr(dir, '/') + 1, name);
	s->type = type;
	s->fd = socket(AF_UNIX, type == STREAM ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (s->fd < 0 || fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0 || chdir(dir) < 0 ||
	    bind(s->fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		fail(dir);
	if (type == STREAM && listen(s->fd, 9) < 0)
		fail(dir);
	if (++n_served == ARRAY_SIZE(served))
		fail("too many sockets");
}

static int count_served(void)
{
	for (int i = 0; i < n_served; i++) {
		char got[64];
		int n = 0;

		if (served[i].type == STREAM)
			while (accept(served[i].fd, NULL, NULL) >= 0)
				n++;
		else
			while (recv(served[i].fd, got, sizeof(got), 0) == 5)
				n++;
		if (n)
			printf("%s got %d\n", served[i].name, n);
	}
	return 0;
}

/* WHOSE T W */
static int serve(char **argv)
{
	struct rlimit most;
	char dir[PATH_MAX], c;

	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	for (int i = 0; i < n_slots; i++)
		for (size_t f = 0; f < ARRAY_SIZE(forms); f++) {
			enum object type = slots[i].one ? object_of(&slots[i], slots[i].nth) : NONE;

			snprintf(dir, sizeof(dir), "%s/%s.%s", argv[1 + forms[f].bound], slots[i].name, forms[f].name);
			if ((type != STREAM && type != DGRAM) || access(dir, F_OK) < 0)
				continue;
			serve_at(dir, "o", type);
			if (!strcmp(argv[0], "lying"))
				serve_at(dir, "u", type);
		}
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return count_served();
}

#endif
