// SPDX-License-Identifier: GPL-2.0-or-later
/* core/record/defaults and core/manifest/volatile: what applies when nobody says anything. */
#include "core/record/defaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/manifest/volatile.h"
#include "tests/unit/check.h"

static bool has(const struct manifest_strings *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i], text))
			return true;
	return false;
}

static void care_s_lists_apply(void)
{
	char *env[] = { (char *)"HOME=/nonexistent/me", (char *)"LOGNAME=me",
			(char *)"XAUTHORITY=/run/x/auth", (char *)"XDG_RUNTIME_DIR=/run/user/7", NULL };
	struct record_paths p = { 0 };

	CHECK(defaults_add(&p, env, "/nonexistent/me/work", NULL) == 0);
	CHECK(p.concealed.n == 2 && has(&p.concealed, "/nonexistent/me") && has(&p.concealed, "/tmp"));
	CHECK(p.revealed.n == 1 && has(&p.revealed, "/nonexistent/me/work"));
	CHECK(!p.reveals_home);
	CHECK(has(&p.volatile_paths, "/dev") && has(&p.volatile_paths, "/tmp/.X11-unix"));
	CHECK(has(&p.volatile_paths, "/var/tmp/kdecache-me"));
	CHECK(has(&p.volatile_paths, "$XAUTHORITY:/run/x/auth"));
	CHECK(has(&p.volatile_paths, "$ICEAUTHORITY:/nonexistent/me/.ICEauthority"));
	CHECK(has(&p.volatile_paths, "$XDG_RUNTIME_DIR:/run/user/7"));
	CHECK(has(&p.volatile_env, "DISPLAY") && has(&p.volatile_env, "NO_PROXY"));
	CHECK(!has(&p.volatile_env, "SSH_AUTH_SOCK"));
	record_paths_clear(&p);
}

static void a_home_that_is_the_root_is_not_concealed(void)
{
	char *env[] = { (char *)"HOME=/", (char *)"LOGNAME=../x", NULL };
	struct record_paths p = { 0 };

	CHECK(defaults_add(&p, env, "/", NULL) == 0);
	CHECK(p.concealed.n == 1);
	CHECK(!has(&p.volatile_paths, "/var/tmp/kdecache-../x"));
	record_paths_clear(&p);
}

static void an_empty_environment_will_do(void)
{
	struct record_paths p = { 0 };

	CHECK(defaults_add(&p, NULL, "/", NULL) == 0 && p.concealed.n == 1 && p.revealed.n == 1);
	record_paths_clear(&p);
}

static void lists_end_with_null(void)
{
	struct manifest_strings s = { 0 };

	for (size_t i = 0; i < 40; i++) {
		CHECK(manifest_strings_add(&s, "x") == 0);
		CHECK(s.n == i + 1 && s.v[i] && !s.v[s.n]);
	}
	manifest_strings_clear(&s);
}

static void working_in_the_home_is_told(void)
{
	char *env[] = { (char *)"HOME=/usr/", NULL };
	struct record_paths p = { 0 };

	CHECK(defaults_add(&p, env, "/usr", NULL) == 0);
	CHECK(p.reveals_home);
	record_paths_clear(&p);
}

static void a_runtime_directory_that_one_works_in_is_recorded(void)
{
	char *env[] = { (char *)"XDG_RUNTIME_DIR=/run/user/7", NULL };
	struct record_paths p = { 0 };

	CHECK(defaults_add(&p, env, "/run/user/7/build", NULL) == 0);
	CHECK(!has(&p.volatile_paths, "$XDG_RUNTIME_DIR:/run/user/7"));
	record_paths_clear(&p);
	CHECK(defaults_add(&p, env, "/run/user/77", NULL) == 0);
	CHECK(has(&p.volatile_paths, "$XDG_RUNTIME_DIR:/run/user/7"));
	record_paths_clear(&p);
}

static void users_paths_become_absolute(void)
{
	char *a = defaults_user_path("no/such/", "/nonexistent");
	char *b = defaults_user_path("/usr/./bin/../lib", "/");

	CHECK(a && !strcmp(a, "/nonexistent/no/such"));
	CHECK(b && !strcmp(b, "/usr/lib"));
	free(a);
	free(b);
}

static bool host_is(const char *entry, char *const *env, const char *want)
{
	char *host = manifest_volatile_host(entry, env);
	bool same = want ? host && !strcmp(host, want) : !host;

	free(host);
	return same;
}

static void volatile_entries_mean_something_here(void)
{
	char *env[] = { (char *)"XAUTHORITY=/here/auth", (char *)"HOME=/here", (char *)"E=", NULL };
	size_t len;

	CHECK(!strcmp(manifest_volatile_path("/dev", &len), "/dev") && len == 0);
	CHECK(!strcmp(manifest_volatile_path("$XAUTHORITY:/a:b", &len), "/a:b") && len == 10);
	CHECK(host_is("/dev", env, "/dev"));
	CHECK(host_is("$XAUTHORITY:/there/auth", env, "/here/auth"));
	CHECK(host_is("$ICEAUTHORITY:/there/ice", env, "/here/.ICEauthority"));
	CHECK(host_is("$SSH_AUTH_SOCK:/there/agent", env, NULL));
	CHECK(host_is("$E:/there/e", env, NULL));
}

int main(void)
{
	return check_tests(
		care_s_lists_apply,
		a_home_that_is_the_root_is_not_concealed,
		working_in_the_home_is_told,
		an_empty_environment_will_do,
		lists_end_with_null,
		a_runtime_directory_that_one_works_in_is_recorded,
		users_paths_become_absolute,
		volatile_entries_mean_something_here);
}
