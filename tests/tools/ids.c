// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ids [-i UID:GID] [-n] [-f FILE] [-r ROOT] [-e ENGINE] COMMAND…: runs it as another user
 * (0:0), by emul/ids alone. -n: in a user namespace that maps our id to that one, as the
 * namespaces way does.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "emul/ids/ids.h"

struct job {
	struct ids *ids;
	bool namespace;
	uid_t uid, our_uid;
	gid_t gid, our_gid;
};

static int write_to(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

static int in_child(void *arg)
{
	const struct job *job = arg;
	char text[64];

	if (!job->namespace)
		return 0;
	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	write_to("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1", job->uid, job->our_uid);
	if (write_to("/proc/self/uid_map", text) < 0)
		return -EPERM;
	snprintf(text, sizeof(text), "%u %u 1", job->gid, job->our_gid);
	return write_to("/proc/self/gid_map", text);
}

static void tick(void *arg)
{
	ids_tick(((struct job *)arg)->ids);
}

static void print(enum log_level level, const char *line)
{
	(void)level;
	fprintf(stderr, "%s\n", line);
}

static int usage(void)
{
	fprintf(stderr, "usage: ids [-i UID:GID] [-n] [-f FILE] [-r ROOT] [-e ENGINE] COMMAND...\n");
	return 2;
}

static int run(struct job *job, struct ids_spec *spec, enum engine_kind kind, char **argv)
{
	struct engine_spec how = { .argv = argv, .kind = kind, .fake_ids = true, .child = in_child, .tick = tick, .arg = job };
	struct engine_result result;
	struct bus bus = { 0 };
	struct err e = { 0 };
	int r;

	spec->seen_uid = job->namespace ? job->uid : job->our_uid;
	spec->seen_gid = job->namespace ? job->gid : job->our_gid;
	job->ids = ids_new(spec, &e);
	if (!job->ids) {
		fprintf(stderr, "ids: %s\n", e.text);
		return 125;
	}
	how.classes = ids_classes(job->ids);
	bus_add(&bus, ids_sink(job->ids));
	r = engine_run(&how, &bus, &result, &e);
	engine_signals_restore();
	if (r == 0)
		r = ids_finish(job->ids, &e);
	if (getenv("IDS_CENSUS"))
		fprintf(stderr, "%llu stops, %llu calls\n", (unsigned long long)result.census.stops,
			(unsigned long long)result.census.calls);
	ids_free(job->ids);
	engine_result_free(&result);
	if (r < 0)
		fprintf(stderr, "ids: %s\n", e.text);
	return r < 0 ? 125 : engine_exit_code(result.status);
}

int main(int argc, char **argv)
{
	struct job job = { .our_uid = geteuid(), .our_gid = getegid() };
	struct ids_spec spec = { .root = "/" };
	enum engine_kind kind = ENGINE_AUTO;
	int c;

	log_init(0, print);
	while ((c = getopt(argc, argv, "+i:nf:r:e:")) != -1) {
		if (c == 'i' && sscanf(optarg, "%u:%u", &spec.uid, &spec.gid) != 2)
			return usage();
		if (c == 'n')
			job.namespace = true;
		if (c == 'f')
			spec.file = optarg;
		if (c == 'r')
			spec.root = optarg;
		if ((c == 'e' && engine_parse(optarg, &kind) < 0) || c == '?')
			return usage();
	}
	if (optind == argc)
		return usage();
	job.uid = spec.uid;
	job.gid = spec.gid;
	return run(&job, &spec, kind, argv + optind);
}
