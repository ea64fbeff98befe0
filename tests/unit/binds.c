// SPDX-License-Identifier: GPL-2.0-or-later
/* core/replay/binds.h: what words mean, in a tree made here. */
#include "core/replay/binds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "tests/unit/check.h"

static char *top;		/* where we are */
static char warned[1024];

static void keep_warning(enum log_level level, const char *line)
{
	if (level == LOG_WARN)
		snprintf(warned, sizeof(warned), "%s", line);
}

static int make(struct binds *ret, const char *root, const char *const *words, struct err *e)
{
	size_t n = 0;
	struct binds_words given = { .root = root, .words = words };

	while (words[n])
		n++;
	given.n = n;
	*warned = '\0';
	*ret = (struct binds){ 0 };
	return binds_make(ret, &given, e);
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* "HOST GUEST FLAGS" of every entry, our directory left out of HOST; one a line. */
static const char *shown(const struct binds *b)
{
	static char text[4096];
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < b->n; i++) {
		const char *host = b->v[i].host;

		if (!strncmp(host, top, strlen(top)))
			host += strlen(top);
		buf_addf(&out, "%s %s%s%s%s\n", host, b->v[i].guest,
			 b->v[i].flags & BINDS_MISSING ? " missing" : "",
			 b->v[i].flags & BINDS_ON_LINK ? " link" : "",
			 b->v[i].flags & BINDS_TASK ? " task" : "");
	}
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	return text;
}

static void is(const char *const *words, const char *want)
{
	struct binds b;
	struct err e = { 0 };
	int r = make(&b, "root", words, &e);

	CHECK(r == 0, "%s: %s", words[0], e.text);
	CHECK(!strcmp(shown(&b), want), "%s: got\n%swant\n%s", words[0], shown(&b), want);
	binds_clear(&b);
}

static void refused(const char *const *words, const char *part)
{
	struct binds b;
	struct err e = { 0 };
	int r = make(&b, "root", words, &e);

	CHECK(r < 0 && strstr(e.text, part), "%s: %d %s", words[0], r, e.text);
	binds_clear(&b);
}

static void a_host_alone_is_shown_in_its_own_place(void)
{
	_cleanup_free_ char *want = NULL;
	struct binds b;

	CHECK(make(&b, "root", WORDS("dir"), NULL) == 0);
	CHECK(asprintf(&want, "/dir %s/dir missing\n", top) > 0 && !strcmp(shown(&b), want));
	CHECK(!strncmp(b.root, top, strlen(top)) && !strcmp(b.root + strlen(top), "/root"));
	binds_clear(&b);
}

static void hosts_and_guests_are_made_canonical(void)
{
	is(WORDS("./link-to-dir//../dir/:/usr/./share//x/../doc/"), "/dir /usr/share/doc missing\n");
	is(WORDS("dir:/var/run"), "/dir /run\n");	/* an absolute symlink stays in the root */
	is(WORDS("dir:/up/etc"), "/dir /etc\n");	/* so does one with more ".." than there are */
	is(WORDS("dir:/dangling"), "/dir /usr/gone missing\n");
	is(WORDS("link-to-dir:/etc"), "/dir /etc\n");
}

static void an_exclamation_mark_covers_the_symlink_itself(void)
{
	is(WORDS("dir:/var/run!"), "/dir /var/run link\n");
	is(WORDS("dir:/etc!"), "/dir /etc\n");
	is(WORDS("dir:/new!"), "/dir /new missing\n");
}

static void the_way_to_a_guest_leads_through_what_is_bound_above(void)
{
	/* dir/deep is a symlink to /etc: of the guest, as it is walked there. */
	is(WORDS("other:/mnt/deep/x", "dir:/mnt"), "/other /etc/x missing\n/dir /mnt\n");
	is(WORDS("dir:/mnt", "other:/mnt/sub"), "/dir /mnt\n/other /mnt/sub\n");
}

static void the_deeper_one_counts_whatever_the_order(void)
{
	is(WORDS("other:/usr/share", "dir:/usr"), "/dir /usr\n/other /usr/share missing\n");
}

static void of_two_in_one_place_the_last_counts_and_is_told(void)
{
	is(WORDS("dir:/etc", "other:/etc"), "/other /etc\n");
	CHECK(strstr(warned, "the last one counts"), "%s", warned);
	is(WORDS("dir:/run", "other:/var/run"), "/other /run\n");
	is(WORDS("dir:/var/run", "other:/run"), "/other /run\n");
	is(WORDS("other:/etc", "other:/etc"), "/other /etc\n");
	CHECK(!*warned, "%s", warned);
}

static void what_is_there_already_needs_no_entry(void)
{
	is(WORDS("dir:/mnt", "dir/sub:/mnt/sub"), "/dir /mnt\n");
	is(WORDS("dir:/mnt", "other:/mnt/sub", "dir/sub/x:/mnt/sub/x"),
	   "/dir /mnt\n/other /mnt/sub\n/dir/sub/x /mnt/sub/x missing\n");
}

static void what_is_missing_here_is_left_out_and_told(void)
{
	struct binds_words given = { .root = "root", .words = WORDS("nosuch:/etc"), .n = 1, .silent = true };
	struct binds b;

	is(WORDS("nosuch:/etc", "dir:/mnt"), "/dir /mnt\n");
	CHECK(strstr(warned, "nosuch"), "%s", warned);
	*warned = '\0';
	CHECK(binds_make(&b, &given, NULL) == 0 && b.n == 0 && !*warned);
	binds_clear(&b);
}

static void usual_ones_give_way_in_silence(void)
{
	_cleanup_free_ char *usual = NULL;
	struct binds_words given = { .root = "root", .words = WORDS("file:/etc/passwd", "dir:/tmp"), .n = 2,
				     .usual = WORDS("/nosuch/file", "/tmp", "/proc/self", "$HOME") };
	struct binds b;

	*warned = '\0';
	unsetenv("HOME");
	CHECK(binds_make(&b, &given, NULL) == 0);
	CHECK(!strcmp(shown(&b), "/file /etc/passwd\n/proc/self /proc/self missing task\n/dir /tmp missing\n"),
	      "%s", shown(&b));
	CHECK(!*warned, "%s", warned);
	binds_clear(&b);
}

static void what_each_task_sees_differently_stays_as_given(void)
{
	is(WORDS("/proc/self/fd:/dev/fd"), "/proc/self/fd /dev/fd missing task\n");
	is(WORDS("/proc/selfish:/etc"), "");
}

static void one_to_the_top_is_the_root(void)
{
	struct binds b;
	struct err e;

	CHECK(make(&b, NULL, WORDS("dir:/"), &e) == 0 && !strcmp(b.root + strlen(top), "/dir") && !b.n);
	binds_clear(&b);
	CHECK(make(&b, "root", WORDS("./root:/.."), &e) == 0 && !b.n);
	binds_clear(&b);
	refused(WORDS("dir:/"), "give one root");
	refused(WORDS("root:/", "dir:/"), "give one root");
	refused(WORDS("dir:/to-top"), "-r");
	CHECK(make(&b, "nosuch", WORDS("dir"), &e) == -ENOENT && strstr(e.text, "nosuch"));
	CHECK(make(&b, "file", WORDS("dir"), &e) == -ENOTDIR);
}

static void what_cannot_be_meant_is_refused(void)
{
	refused(WORDS("file:/usr"), "cannot be bound over the directory /usr");
	refused(WORDS("dir:/etc/passwd"), "cannot be bound over the file /etc/passwd");
	refused(WORDS("dir:/etc/passwd/x"), "is a file");
	refused(WORDS("file:/mnt/f", "dir:/mnt/f/x"), "is a file");
	refused(WORDS("dir:/loop"), "circle");
	refused(WORDS("dir:/loop/x"), "circle");
	refused(WORDS("dir:"), "nowhere");
	refused(WORDS(":/etc"), "nothing");
	/* Found only when both have their places. */
	refused(WORDS("other:/link-to-mnt", "file:/mnt/sub"), "over the directory /mnt/sub");
}

static void what_covers_each_other_has_its_meaning(void)
{
	is(WORDS("root/usr:/etc", "root/etc:/usr"), "/root/usr /etc\n/root/etc /usr\n");
	is(WORDS("root/usr:/usr/inner"), "/root/usr /usr/inner missing\n");
	is(WORDS("root:/mnt/root"), "/root /mnt/root missing\n");
}

static void where(const struct binds *b, const char *path, unsigned flags, int want, const char *guest,
		  const char *host)
{
	struct binds_place place = { 0 };
	int r = binds_walk(b, path, flags, &place);

	CHECK(r == want, "%s: %d", path, r);
	if (r == 0 && want == 0)
		CHECK(!strcmp(place.guest, guest) && !strcmp(place.host + strlen(top), host), "%s: %s %s", path,
		      place.guest, place.host);
	binds_place_clear(&place);
}

static void a_path_is_walked_as_in_the_root(void)
{
	struct binds b;

	CHECK(make(&b, "root", WORDS("dir:/mnt", "other:/var/run!"), NULL) == 0);
	where(&b, "/", 0, 0, "/", "/root");
	where(&b, "/../..", 0, 0, "/", "/root");
	where(&b, "/etc/passwd", 0, 0, "/etc/passwd", "/root/etc/passwd");
	where(&b, "/etc/passwd/", 0, 0, "/etc/passwd", "/root/etc/passwd");
	where(&b, "/etc/passwd/.", 0, -ENOTDIR, NULL, NULL);
	where(&b, "/etc/passwd/..", 0, -ENOTDIR, NULL, NULL);
	where(&b, "/mnt/deep/passwd", 0, 0, "/etc/passwd", "/root/etc/passwd");
	where(&b, "/mnt/..", 0, 0, "/", "/root");
	where(&b, "/mnt/sub", 0, 0, "/mnt/sub", "/dir/sub");
	where(&b, "/var/run/s", 0, 0, "/var/run/s", "/other/s");
	where(&b, "/nosuch", 0, -ENOENT, NULL, NULL);
	where(&b, "/nosuch/../etc", 0, -ENOENT, NULL, NULL);
	where(&b, "/nosuch/a/../../etc", BINDS_ABSENT, 0, "/etc", "/root/etc");
	where(&b, "/loop", 0, -ELOOP, NULL, NULL);
	where(&b, "/loop", BINDS_NOFOLLOW, 0, "/loop", "/root/loop");
	CHECK(binds_at(&b, "/mnt/a") == &b.v[0] && !binds_at(&b, "/mnta") && !binds_at(&b, "/"));
	binds_clear(&b);
}

static int tree(void)
{
	static const char *const dirs[] = { "dir", "dir/sub", "other", "root", "root/usr", "root/etc",
					    "root/mnt", "root/run", "root/var",
					    "dir/sub/x", "other/sub" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0)
			return -1;
	if (symlink("dir", "link-to-dir") || symlink("/etc", "dir/deep") || symlink("/run", "root/var/run") ||
	    symlink("../../..", "root/up") || symlink("usr/gone", "root/dangling") ||
	    symlink("loop", "root/loop") || symlink("/", "root/to-top") || symlink("mnt", "root/link-to-mnt"))
		return -1;
	for (int i = 0; i < 3; i++) {
		FILE *f = fopen((const char *[]){ "file", "other/s", "root/etc/passwd" }[i], "we");

		if (!f || fclose(f))
			return -1;
	}
	return 0;
}

int main(void)
{
	int r;

	top = getcwd(NULL, 0);
	log_init(0, keep_warning);
	if (!top || tree() < 0) {
		perror("make a tree");
		return 1;
	}
	r = check_tests(
		a_host_alone_is_shown_in_its_own_place,
		hosts_and_guests_are_made_canonical,
		an_exclamation_mark_covers_the_symlink_itself,
		the_way_to_a_guest_leads_through_what_is_bound_above,
		the_deeper_one_counts_whatever_the_order,
		of_two_in_one_place_the_last_counts_and_is_told,
		what_is_there_already_needs_no_entry,
		what_is_missing_here_is_left_out_and_told,
		usual_ones_give_way_in_silence,
		what_each_task_sees_differently_stays_as_given,
		one_to_the_top_is_the_root,
		what_cannot_be_meant_is_refused,
		what_covers_each_other_has_its_meaning,
		a_path_is_walked_as_in_the_root);
	free(top);
	return r;
}
