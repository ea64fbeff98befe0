// SPDX-License-Identifier: GPL-2.0-or-later
/* care info --review: what an archive tells about its maker, secrets first. */
#include <string.h>

#include "core/base/buf.h"
#include "core/cmd/info.h"
#include "core/manifest/review.h"

struct finding {
	struct review_sink sink;
	size_t n;
};

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT, safe = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	cmd_add_harmless(&safe, buf_str(&text));
	printf("  %s\n", buf_str(&safe));
}

static void show(struct review_sink *self, const char *kind, const char *what, const char *why)
{
	struct finding *f = (struct finding *)self;

	if (!f->n++)
		printf("These look like secrets:\n");
	put("%s %s: %s", kind, what, why);
}

/* What distributions install is the same everywhere; the rest is one's own. */
static bool is_of_the_system(const char *path)
{
	static const char *const places[] = {
		"/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/etc/", "/opt/",
		"/nix/", "/gnu/", "/snap/", "/boot/",
	};

	if (!strncmp(path, "/usr/local/", 11))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strncmp(path, places[i], strlen(places[i])))
			return true;
	return false;
}

static void review_own_files(const struct manifest *m)
{
	char text[16];
	size_t n = 0;

	for (size_t i = 0; i < m->n_files; i++) {
		const struct manifest_file *f = &m->files[i];

		if (f->content != MANIFEST_WHOLE || is_of_the_system(f->path))
			continue;
		if (!n++)
			printf("Files with content that are not the system's:\n");
		put("%-9s %s", cmd_bytes(text, f->size), f->path);
	}
}

static void review_environment(const struct manifest_run *run)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	for (size_t i = 0; i < run->env.n; i++) {
		if (names.len)
			buf_addc(&names, ' ');
		buf_add(&names, run->env.v[i], strcspn(run->env.v[i], "="));
	}
	if (!names.len)
		return;
	printf("Variables with their values (--redact-env keeps one out):\n");
	put("%s", buf_str(&names));
}

static void review_names(const struct manifest_run *run)
{
	printf("Names of people and machines:\n");
	if (run->nodename)
		put("host %s", run->nodename);
	put("uid %u, directory %s", (unsigned)run->ruid, run->cwd ? run->cwd : "?");
}

static void review_net(const struct manifest *m)
{
	for (size_t i = 0; i < m->n_nets; i++) {
		if (!i)
			printf("Network addresses:\n");
		put("%s %s", m->nets[i].proto ? m->nets[i].proto : "?",
		    m->nets[i].address ? m->nets[i].address : "?");
	}
}

static void review_commands(const struct manifest *m)
{
	if (m->n_processes)
		printf("Command lines of %zu processes are in it (care info -v 1).\n", m->n_processes);
	if (m->absent.n)
		printf("%zu names of files that were not there are in it (care info --manifest).\n",
		       m->absent.n);
}

int info_print_review(const struct info *i)
{
	struct finding f = { .sink.found = show };

	review_manifest(i->m, &f.sink);
	for (size_t n = 0; n < i->m->n_processes; n++) {
		const struct manifest_process *p = &i->m->processes[n];

		for (size_t k = 0; k < p->argv.n; k++) {
			const char *why = review_argument(p->argv.v[k]);

			if (why)
				show(&f.sink, "argument of", p->exe ? p->exe : "?", why);
		}
	}
	if (!f.n)
		printf("Nothing in it looks like a token, password or key.\n");
	review_own_files(i->m);
	review_environment(&i->m->run);
	review_names(&i->m->run);
	review_net(i->m);
	review_commands(i->m);
	return f.n ? CMD_EXIT_DIFFERS : CMD_EXIT_OK;
}
