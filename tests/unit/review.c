// SPDX-License-Identifier: GPL-2.0-or-later
/* core/manifest/review: what looks like a secret, and what does not. */
#include "core/manifest/review.h"

#include <stdio.h>
#include <string.h>

#include "core/manifest/manifest.h"
#include "tests/unit/check.h"

static void variables_are_told_by_name_or_value(void)
{
	CHECK(review_variable("GITHUB_TOKEN=x"));
	CHECK(review_variable("GH_PAT=x"));
	CHECK(review_variable("AWS_SECRET_ACCESS_KEY=x"));
	CHECK(review_variable("db_password=x"));
	CHECK(review_variable("MYAPIKEY=x"));
	CHECK(review_variable("SMTP_PASS=x"));
	CHECK(review_variable("X=ghp_0123456789012345678901234567890123456789"));
	CHECK(review_variable("URL=https://me:pw@host/x"));
	CHECK(review_variable("X=-----BEGIN RSA PRIVATE KEY-----"));
}

static void usual_variables_are_not(void)
{
	static const char *const usual[] = {
		"PATH=/usr/bin", "PWD=/x", "OLDPWD=/x", "KEYBOARD=us", "COMPASS=n", "SSH_AUTH_SOCK=/s",
		"XAUTHORITY=/a", "GITHUB_TOKEN=", "GITHUB_TOKEN=***", "GITHUB_TOKEN", "HOME=/h",
		"URL=https://host:80/x@y", "LS_COLORS=*.key=01", "X=sk-short", "", "=", "_=/usr/bin/env",
		"XKB_DEFAULT_LAYOUT=de", "MONKEY=1",
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (review_variable(usual[i])) {
			printf("not ok: %s: %s\n", usual[i], review_variable(usual[i]));
			check_failed++;
		} else {
			check_passed++;
		}
}

static void arguments_are_told_by_option_or_form(void)
{
	CHECK(review_argument("--password=x"));
	CHECK(review_argument("-token=x"));
	CHECK(review_argument("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.0123456789abcdefghij"));
	CHECK(review_argument("--key=AKIAIOSFODNN7EXAMPLE"));
	CHECK(!review_argument("--password"));
	CHECK(!review_argument("--password=***"));
	CHECK(!review_argument("-pthread") && !review_argument("") && !review_argument("--pass-through=1"));
}

static void files_are_told_by_place_and_name(void)
{
	CHECK(review_path("/home/u/.ssh/config"));
	CHECK(review_path("/home/u/work/server.PEM"));
	CHECK(review_path("/home/u/.netrc") && review_path("/root/.git-credentials"));
	CHECK(review_path("/etc/shadow") && review_path("/srv/id_ed25519"));
	CHECK(!review_path("/home/u/.ssh/id_rsa.pub") && !review_path("/home/u/.ssh/known_hosts"));
	CHECK(!review_path("/usr/share/doc/x.key") && !review_path("/etc/ssl/certs/ca.pem"));
	CHECK(!review_path("/home/u/main.c") && !review_path("/home/u/.pem") && !review_path("/"));
}

#define TEXT(text) review_content(text, sizeof(text) - 1)

static void content_is_told_by_its_beginning(void)
{
	const char key[] = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl";

	CHECK(review_content(key, sizeof(key) - 1));
	CHECK(!review_content(key, 20));
	CHECK(!review_content("-----BEGIN CERTIFICATE-----", 27) && !review_content("", 0));
	/* What speaks of them only, and what is no text. */
	CHECK(!review_content("	{ \"-----BEGIN PRIVATE KEY-----\" },\n", 35));
	CHECK(!review_content("-----BEGIN PRIVATE KEY-----\n\0\1", 30));
	CHECK(TEXT("x\n-----BEGIN PRIVATE KEY-----\nMIIE\n"));
	CHECK(TEXT("//registry/:_authToken=npm_0123456789abcdefABCDEF0123456789abcdefABCD\n"));
	CHECK(TEXT("token: \"ghp_0123456789abcdefABCDEF0123456789abcdef\"\n"));
	CHECK(!TEXT("npm_config_package_import_method_of_the_user=1\n"));
	CHECK(!TEXT(".sk-fading-circle-with-a-very-long-name-of-twelve { }\n"));
	CHECK(!TEXT("https://me:pw@host/x in an example\n"));
}

struct counting {
	struct review_sink sink;
	int n;
	char last[64];
};

static void count(struct review_sink *self, const char *kind, const char *what, const char *why)
{
	struct counting *c = (struct counting *)self;

	c->n++;
	snprintf(c->last, sizeof(c->last), "%s %s", kind, what);
	CHECK(why && *why && !strstr(what, "hunter2"));
}

static void a_manifest_is_looked_through_without_telling_values(void)
{
	char *env[] = { (char *)"A=1", (char *)"MY_PASSWORD=hunter2" };
	char *argv[] = { (char *)"curl", (char *)"--password=hunter2" };
	struct manifest_file files[] = {
		{ .path = (char *)"/h/.netrc", .content = MANIFEST_PLACEHOLDER },
		{ .path = (char *)"/h/.netrc", .content = MANIFEST_WHOLE },
	};
	struct manifest m = {
		.run = { .env = { env, 2 }, .argv = { argv, 2 } }, .files = files, .n_files = 2,
	};
	struct counting c = { .sink.found = count };

	CHECK(review_manifest(&m, &c.sink) == 3 && c.n == 3);
	CHECK(!strcmp(c.last, "file /h/.netrc"));
}

int main(void)
{
	return check_tests(
		variables_are_told_by_name_or_value,
		usual_variables_are_not,
		arguments_are_told_by_option_or_form,
		files_are_told_by_place_and_name,
		content_is_told_by_its_beginning,
		a_manifest_is_looked_through_without_telling_values);
}
