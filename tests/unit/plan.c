// SPDX-License-Identifier: GPL-2.0-or-later
/* core/replay/plan: what a replay will do, decided without asking the kernel. */
#include "core/replay/binds.h"
#include "core/replay/plan.h"
#include "core/replay/points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/manifest/manifest.h"
#include "core/replay/cpu.h"
#include "core/replay/idmap.h"
#include "tests/unit/check.h"

#define STRINGS(...) { .v = (char *[]){ __VA_ARGS__ }, .n = ARRAY_SIZE(((char *[]){ __VA_ARGS__ })) }

static char *no_env[] = { NULL };

static char *recorded_argv[] = { "make", "all" };
static char *recorded_env[] = { "PATH=/bin", "HOME=/home/a", "DISPLAY=:1" };
static char *recorded_volatile[] = { "DISPLAY", "http_proxy" };

static struct manifest recorded(void)
{
	return (struct manifest){
		.run = {
			.argv = { recorded_argv, 2 }, .env = { recorded_env, 3 },
			.volatile_env = { recorded_volatile, 2 },
			.cwd = "/src", .command_path = "/usr/bin/make", .umask = 027,
			.euid = 1000, .egid = 100,
		},
	};
}

static struct plan *build(const struct manifest *m, const struct plan_options *o, enum plan_ids ids)
{
	struct plan_place place = { .root = "/tree", .ids = ids, .uid = 5, .gid = 6 };
	struct plan_options options = o ? *o : (struct plan_options){ 0 };
	struct plan *p = NULL;

	if (!options.host_env)
		options.host_env = no_env;
	CHECK(plan_build(&p, m, &options, &place, NULL) == 0);
	return p;
}

static const struct plan_op *find(const struct plan *p, enum plan_kind kind, size_t nth)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == kind && !nth--)
			return &p->ops[i];
	return NULL;
}

static const struct plan_op *find_bind(const struct plan *p, const char *guest)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].kind == PLAN_BIND && !strcmp(p->ops[i].guest, guest))
			return &p->ops[i];
	return NULL;
}

static bool has_env(const struct plan *p, const char *word)
{
	for (size_t i = 0; p->env[i]; i++)
		if (!strcmp(p->env[i], word))
			return true;
	return false;
}

static void the_environment_is_the_recorded_one_but_for_what_is_volatile(void)
{
	struct manifest m = recorded();
	char *host[] = { "HOME=/root", "DISPLAY=:7", "http_proxy=http://p", "SECRET=1", NULL };
	struct plan *p = build(&m, &(struct plan_options){ .host_env = host }, PLAN_IDS_ONE);

	CHECK(!strcmp(p->env[0], "PATH=/bin") && !strcmp(p->env[1], "HOME=/home/a"));
	CHECK(!strcmp(p->env[2], "DISPLAY=:7"));
	CHECK(!strcmp(p->env[3], "http_proxy=http://p") && !p->env[4]);
	plan_free(p);
	p = build(&m, NULL, PLAN_IDS_ONE);
	CHECK(p->env[2] == NULL);
	plan_free(p);
	p = build(&m, &(struct plan_options){ .host_env = host, .volatile_env = { (const char *[]){ "HOME" }, 1 } },
		  PLAN_IDS_ONE);
	CHECK(has_env(p, "HOME=/root") && !has_env(p, "HOME=/home/a") && !has_env(p, "SECRET=1"));
	plan_free(p);
}

static void the_kernels_directories_come_from_here_whatever_the_recording_says(void)
{
	struct manifest m = recorded();
	struct plan *p = build(&m, NULL, PLAN_IDS_ONE);

	CHECK(find_bind(p, "/dev") && find_bind(p, "/proc") && find_bind(p, "/sys"));
	plan_free(p);
	p = build(&m, &(struct plan_options){ .isolate = PLAN_NS_PID }, PLAN_IDS_ONE);
	CHECK(!find_bind(p, "/proc") && find(p, PLAN_PROC, 0));
	CHECK(find(p, PLAN_NAMESPACES, 0)->flags & PLAN_NS_PID);
	plan_free(p);
}

static void a_place_that_a_variable_tells_is_shown_where_it_was(void)
{
	struct manifest m = recorded();
	char *host[] = { "HOME=/home/b", NULL };
	const struct plan_op *op;
	struct plan *p;

	m.run.volatile_paths = (struct manifest_strings)STRINGS("$XAUTHORITY:/home/a/.Xauthority", "$SSH_AUTH_SOCK:/tmp/s");
	p = build(&m, &(struct plan_options){ .host_env = host }, PLAN_IDS_ONE);
	op = find_bind(p, "/home/a/.Xauthority");
	CHECK(op && !strcmp(op->host, "/home/b/.Xauthority") && op->flags & PLAN_BIND_OPTIONAL);
	CHECK(!find_bind(p, "/tmp/s"));
	plan_free(p);
}

static void a_socket_that_a_volatile_variable_names_is_shown(void)
{
	struct manifest m = recorded();
	char *host[] = { "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/7/bus,guid=12", NULL };
	struct plan *p;

	m.run.volatile_env = (struct manifest_strings)STRINGS("DBUS_SESSION_BUS_ADDRESS");
	p = build(&m, &(struct plan_options){ .host_env = host }, PLAN_IDS_ONE);
	CHECK(find_bind(p, "/run/user/7/bus"));
	plan_free(p);
}

static void binds_are_mounted_from_the_top_down_and_once(void)
{
	struct manifest m = recorded();
	const char *given[] = { "/x/y", "/dev/pts", "/x", "/b:/x/y", "//x//y/z/:/x/y/z" };
	struct plan *p = build(&m, &(struct plan_options){ .volatile_paths = { given, 5 } }, PLAN_IDS_ONE);
	const char *last = "";

	for (size_t i = 0; i < p->n; i++) {
		if (p->ops[i].kind != PLAN_BIND)
			continue;
		CHECK(strcmp(last, p->ops[i].guest) < 0);
		last = p->ops[i].guest;
	}
	/* /dev shows it; /x/y was said again; what lies below that one is not /x's any more. */
	CHECK(!find_bind(p, "/dev/pts"));
	CHECK(!strcmp(find_bind(p, "/x/y")->host, "/b"));
	CHECK(find_bind(p, "/x/y/z") && !strcmp(find_bind(p, "/x/y/z")->host, "/x/y/z"));
	plan_free(p);
}

static void revealed_places_are_read_only_also_below_writable_ones(void)
{
	struct manifest m = recorded();
	struct plan *p = build(&m, &(struct plan_options){ .volatile_paths = { (const char *[]){ "/data" }, 1 },
							   .revealed = { (const char *[]){ "/data/in" }, 1 } },
			       PLAN_IDS_ONE);

	CHECK(!(find_bind(p, "/data")->flags & PLAN_BIND_READONLY));
	CHECK(find_bind(p, "/data/in") && find_bind(p, "/data/in")->flags & PLAN_BIND_READONLY);
	plan_free(p);
}

static void one_id_is_the_recorded_one_and_needs_no_change_of_ids(void)
{
	struct manifest m = recorded();
	struct plan *p = build(&m, NULL, PLAN_IDS_ONE);
	const struct plan_op *op = find(p, PLAN_MAP_ONE, 0);

	CHECK(op && op->uid == 1000 && op->gid == 100 && op->our_uid == 5 && op->our_gid == 6);
	CHECK(!find(p, PLAN_IDS, 0) && !find(p, PLAN_GROUPS, 0));
	CHECK(find(p, PLAN_NAMESPACES, 0)->flags & PLAN_NS_USER);
	plan_free(p);
}

static void root_needs_no_user_namespace_and_becomes_who_recorded(void)
{
	struct manifest m = recorded();
	struct plan *p;
	const struct plan_op *op;

	m.run.groups = (gid_t[]){ 4, 24 };
	m.run.n_groups = 2;
	p = build(&m, NULL, PLAN_IDS_TRUE);
	op = find(p, PLAN_IDS, 0);
	CHECK(!(find(p, PLAN_NAMESPACES, 0)->flags & PLAN_NS_USER));
	CHECK(op && op->uid == 1000 && op->gid == 100);
	op = find(p, PLAN_GROUPS, 0);
	CHECK(op && op->n_ids == 2 && op->ids[1] == 24);
	/* Limits may need root, groups do: both before the ids. */
	CHECK(find(p, PLAN_GROUPS, 0) < find(p, PLAN_IDS, 0));
	plan_free(p);
}

static void ranges_map_us_in_the_middle_of_what_is_granted(void)
{
	static const struct { uint64_t inside, count; const char *text; } cases[] = {
		{ 1000, 65536, "1000 5 1 0 100000 1000 1001 101000 64536" },
		{ 0, 10, "0 5 1 1 100000 10" },
		{ 70000, 10, "70000 5 1 0 100000 10" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf map = BUF_INIT;

		idmap_format(&map, cases[i].inside, 5, &(struct idmap_range){ 100000, cases[i].count });
		CHECK(!strcmp(buf_str(&map), cases[i].text));
	}
}

static void in_granted_ranges_ids_are_changed_as_root_changes_them(void)
{
	struct manifest m = recorded();
	struct plan *p = build(&m, NULL, PLAN_IDS_RANGES);

	CHECK(!(find(p, PLAN_NAMESPACES, 0)->flags & PLAN_NS_USER) && !find(p, PLAN_MAP_ONE, 0));
	CHECK(find(p, PLAN_IDS, 0) && find(p, PLAN_IDS, 0)->uid == 1000);
	plan_free(p);
}

static void descriptors_are_opened_again_but_output_is_ours(void)
{
	struct manifest m = recorded();
	struct manifest_fd fds[] = {
		{ 0, "/in", "file", O_RDONLY, 12 },
		{ 1, "/out", "file", O_WRONLY | O_APPEND, 0 },
		{ 3, "/log", "file", O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0 },
		{ 5, NULL, "pipe", O_RDONLY, 0 },
	};
	struct plan *p;

	m.run.fds = fds;
	m.run.n_fds = 4;
	p = build(&m, NULL, PLAN_IDS_ONE);
	CHECK(find(p, PLAN_FD, 0)->number == 0 && find(p, PLAN_FD, 0)->offset == 12);
	CHECK(find(p, PLAN_FD, 1)->number == 3 && find(p, PLAN_FD, 1)->oflags == (O_WRONLY | O_APPEND));
	CHECK(!find(p, PLAN_FD, 2));
	CHECK(find(p, PLAN_CLOSE_OTHERS, 0)->n_ids == 2);
	plan_free(p);
	p = build(&m, &(struct plan_options){ .argv = (char *[]){ "sh", NULL } }, PLAN_IDS_ONE);
	CHECK(!find(p, PLAN_FD, 0) && !find(p, PLAN_CLOSE_OTHERS, 0));
	CHECK(!p->recorded && !find(p, PLAN_EXEC, 0)->guest && !strcmp(p->argv[0], "sh"));
	plan_free(p);
}

static void a_recording_without_a_command_is_refused(void)
{
	struct manifest m = recorded();
	struct plan_place place = { .root = "/tree" };
	struct plan *p = NULL;

	m.run.argv.n = 0;
	CHECK(plan_build(&p, &m, &(struct plan_options){ .host_env = no_env }, &place, NULL) < 0 && !p);
}

static void permissions_become_what_the_recorded_user_could_do(void)
{
	struct manifest m = recorded();

	m.run.groups = (gid_t[]){ 42 };
	m.run.n_groups = 1;
	CHECK(plan_project_mode(&m, 0644, 0, 0) == 0444);
	CHECK(plan_project_mode(&m, 0640, 0, 0) == 0040);	/* unreadable */
	CHECK(plan_project_mode(&m, 0640, 0, 100) == 0440);	/* our group */
	CHECK(plan_project_mode(&m, 0660, 0, 42) == 0660);	/* one of our groups */
	CHECK(plan_project_mode(&m, 0604, 0, 100) == 0004);	/* the group class comes first */
	CHECK(plan_project_mode(&m, 0600, 1000, 0) == 0600);	/* ours */
	CHECK(plan_project_mode(&m, 01777, 0, 0) == 01777);
	CHECK(plan_project_mode(&m, 0755, 0, 0) == 0555);
	m.run.euid = 0;
	CHECK(plan_project_mode(&m, 0600, 33, 33) == 0600);	/* root passes all */
}

static void a_plan_prints_one_line_an_operation(void)
{
	struct manifest m = recorded();
	struct plan *p = build(&m, NULL, PLAN_IDS_ONE);
	_cleanup_buf_ struct buf text = BUF_INIT;

	plan_print(p, &text);
	CHECK(strstr(buf_str(&text), "namespaces  user, mount\n"));
	CHECK(strstr(buf_str(&text), "map         we are seen as 1000:100\n"));
	CHECK(strstr(buf_str(&text), "umask       0027\n"));
	CHECK(strstr(buf_str(&text), "run         /usr/bin/make as make all\n"));
	plan_free(p);
}

static void run_shows_what_is_bound_and_starts_where_it_is_told(void)
{
	struct binds_entry entries[] = { { .host = "/b", .guest = "/c" },
					 { .host = "/b/x", .guest = "/c/y", .flags = BINDS_USUAL } };
	struct binds binds = { .root = "/tree", .v = entries, .n = 2 };
	struct plan_run run = { .argv = (char *[]){ "x", NULL }, .env = no_env, .binds = &binds, .cwd = "/c" };
	struct plan_place place = { .root = "/tree", .ids = PLAN_IDS_ONE, .uid = 5, .gid = 6 };
	struct plan *p = NULL;

	CHECK(plan_build_run(&p, &run, &place, NULL) == 0);
	CHECK(!strcmp(find_bind(p, "/c")->host, "/b") && find_bind(p, "/c")->flags == PLAN_BIND_READY);
	CHECK(find_bind(p, "/c/y")->flags & PLAN_BIND_OPTIONAL);
	CHECK(!strcmp(find(p, PLAN_CHDIR, 0)->guest, "/c"));
	CHECK(find(p, PLAN_MAP_ONE, 0)->uid == 5);	/* nobody else than we are */
	plan_free(p);
}

static void what_lacks_a_place_gets_a_frame(void)
{
	struct binds_entry entries[] = { { .host = "/b", .guest = "/c" }, { .host = "/d", .guest = "/c/y/z" },
					 { .host = "/e", .guest = "/c/yy" }, { .host = "/f", .guest = "/top" } };
	struct binds binds = { .root = "/tree", .v = entries, .n = 4 };
	const struct points_lack lacks[] = { { "/c/y", -EACCES }, { "/top", -EROFS } };
	struct plan_run run = { .argv = (char *[]){ "x", NULL }, .env = no_env, .binds = &binds, .cwd = "/",
				.lacks = lacks, .n_lacks = 2 };
	struct plan_place place = { .root = "/tree", .ids = PLAN_IDS_ONE };
	const struct plan_op *frame;
	struct plan *p = NULL;

	CHECK(plan_build_run(&p, &run, &place, NULL) == 0);
	frame = find(p, PLAN_FRAME, 0);
	CHECK(!strcmp(frame->guest, "/c") && frame == find_bind(p, "/c") + 1 && frame == find_bind(p, "/c/y/z") - 1);
	CHECK(find_bind(p, "/c/y/z")->flags & PLAN_BIND_MAKE && !(find_bind(p, "/c/yy")->flags & PLAN_BIND_MAKE));
	CHECK(!strcmp(find(p, PLAN_FRAME, 1)->guest, "/") && !find(p, PLAN_FRAME, 2));
	plan_free(p);
}

static void only_instructions_are_missed(void)
{
	struct manifest_strings had = STRINGS("fpu", "sse4_2", "avx512f", "ibrs", "aes");
	_cleanup_buf_ struct buf missing = BUF_INIT;

	cpu_missing(&missing, &had, "flags\t\t: fpu sse4_2 avx aes\n");
	CHECK(!strcmp(buf_str(&missing), "avx512f"));
}

static void a_grant_of_ids_is_found_by_name_or_number(void)
{
	struct idmap_range r;

	CHECK(idmap_parse("a:1:2\nbob:100000:65536\n", "bob", 7, &r) && r.first == 100000);
	CHECK(idmap_parse("7:5:6", "bob", 7, &r) && r.first == 5 && r.count == 6);
	CHECK(!idmap_parse("bobby:1:2\nbo:1:2\n:1:2\nbob\nbob:x:y\nbob:1:0\n", "bob", 7, &r));
	CHECK(!idmap_parse("", NULL, 7, &r));
}

int main(void)
{
	return check_tests(
		the_environment_is_the_recorded_one_but_for_what_is_volatile,
		the_kernels_directories_come_from_here_whatever_the_recording_says,
		a_place_that_a_variable_tells_is_shown_where_it_was,
		a_socket_that_a_volatile_variable_names_is_shown,
		binds_are_mounted_from_the_top_down_and_once,
		revealed_places_are_read_only_also_below_writable_ones,
		one_id_is_the_recorded_one_and_needs_no_change_of_ids,
		root_needs_no_user_namespace_and_becomes_who_recorded,
		ranges_map_us_in_the_middle_of_what_is_granted,
		in_granted_ranges_ids_are_changed_as_root_changes_them,
		descriptors_are_opened_again_but_output_is_ours,
		a_recording_without_a_command_is_refused,
		permissions_become_what_the_recorded_user_could_do,
		a_plan_prints_one_line_an_operation,
		run_shows_what_is_bound_and_starts_where_it_is_told,
		what_lacks_a_place_gets_a_frame,
		only_instructions_are_missed,
		a_grant_of_ids_is_found_by_name_or_number);
}
