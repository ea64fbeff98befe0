// SPDX-License-Identifier: GPL-2.0-or-later
/* care doctor: what this machine can do, why not, and which system calls are covered. */
#include "core/cmd/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "arch/abi.h"
#include "arch/describe.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/cmd.h"
#include "core/cmd/commands.h"
#include "core/manifest/fields.h"

struct doctor_options {
	bool syscalls, json;
	const char *abi;
};

static const struct cmd_option doctor_options[] = {
	CMD_OPTION("json", CMD_FLAG, doctor_options, json, NULL, "Print it as JSON."),
	CMD_OPTION("syscalls", CMD_FLAG, doctor_options, syscalls, NULL,
		   "Print instead all system calls that care knows: their numbers, since which kernel, why "
		   "they are looked at, and what they name."),
	CMD_OPTION("abi", CMD_STRING, doctor_options, abi, "ABI",
		   "With --syscalls: only those of x86_64, x32, i386, arm or arm64."),
	CMD_OPTIONS_END,
};

struct doctor_check *doctor_add(struct doctor *d, const char *area, const char *name, const char *use)
{
	struct doctor_check *c = &d->checks[d->n];

	if (d->n < DOCTOR_CHECKS - 1)
		d->n++;
	*c = (struct doctor_check){ .area = area, .name = name, .use = use };
	return c;
}

static void print_area(const struct doctor *d, const char *area, const char *heading)
{
	printf("\n%s\n", heading);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_check *c = &d->checks[i];
		_cleanup_buf_ struct buf why = BUF_INIT;

		if (strcmp(c->area, area))
			continue;
		cmd_add_harmless(&why, c->why);
		printf("  %-4s %-28s %s\n", c->ok ? "yes" : "no", c->name, c->use);
		if (why.len)
			printf("       %s\n", buf_str(&why));
	}
}

static void print_text(const struct doctor *d)
{
	struct utsname u = { 0 };

	uname(&u);
	printf("care %s for %s, on %s %s %s\n", CARE_VERSION, abi_native()->arch, u.sysname, u.release,
	       u.machine);
	print_area(d, "record", "Recording");
	printf("  %s%s\n", d->engine ? "so recording works, with the engine " : "so recording does not work",
	       d->engine ? d->engine : "");
	print_area(d, "replay", "Replaying");
	printf("  %s%s\n", d->way ? "so replaying works, and care run, by " : "so replaying does not work",
	       d->way ? d->way : "");
}

static int print_json(const struct doctor *d, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = 0;

	buf_addf(&b, "{\"care\":\"%s\",\"arch\":\"%s\",\"engine\":", CARE_VERSION, abi_native()->arch);
	buf_addf(&b, d->engine ? "\"%s\"" : "null", d->engine);
	buf_addf(&b, ",\"replay\":%s,\"way\":", d->way ? "true" : "false");
	buf_addf(&b, d->way ? "\"%s\"" : "null", d->way);
	buf_adds(&b, ",\n\"checks\":[");
	for (size_t i = 0; i < d->n && r == 0; i++) {
		const struct doctor_check *c = &d->checks[i];

		buf_addf(&b, "%s\n{\"area\":\"%s\",\"name\":\"%s\",\"ok\":%s,\"why\":", i ? "," : "", c->area,
			 c->name, c->ok ? "true" : "false");
		r = record_write_string(&b, c->why, strlen(c->why), e);
		buf_adds(&b, "}");
	}
	buf_adds(&b, "]}\n");
	if (r == 0)
		fwrite(buf_str(&b), 1, b.len, stdout);
	return r;
}

static int print_syscalls(const char *abi)
{
	struct describe d;
	size_t cursor = 0;

	if (abi && !abi_find_by_name(abi))
		return cmd_usage(&cmd_doctor, "there is no ABI \"%s\"", abi);
	printf("%-28s %-9s %-8s %-44s %s\n", "call", "since", "class", "numbers", "what it names: use");
	while (describe_next(&cursor, &d)) {
		_cleanup_buf_ struct buf name = BUF_INIT, numbers = BUF_INIT, paths = BUF_INIT;

		describe_numbers(&d, abi, &numbers);
		if (abi && !numbers.len)
			continue;
		describe_name(&d, &name);
		describe_paths(d.row, &paths);
		printf("%-28s %-9s %-8s %-44s %s\n", buf_str(&name), d.row->since,
		       syscall_class_name(d.row->class), buf_str(&numbers), buf_str(&paths));
	}
	return CMD_EXIT_OK;
}

static int doctor_run(void *options, int argc, char **argv)
{
	const struct doctor_options *o = options;
	struct doctor d = { 0 };
	struct err e = { 0 };

	if (argc)
		return cmd_usage(&cmd_doctor, "what is \"%s\"?", argv[0]);
	if (o->abi && !o->syscalls)
		return cmd_usage(&cmd_doctor, "--abi goes with --syscalls");
	if (o->syscalls)
		return print_syscalls(o->abi);
	doctor_record(&d);
	doctor_replay(&d);
	if (!o->json)
		print_text(&d);
	else if (print_json(&d, &e) < 0)
		return cmd_fail_err(CMD_EXIT_FAILURE, &e);
	return d.engine && d.way ? CMD_EXIT_OK : CMD_EXIT_DIFFERS;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "say what this machine can do, and why not",
	.synopsis = "",
	.options = doctor_options,
	.options_size = sizeof(struct doctor_options),
	.permute = 1,
	.examples = (const struct cmd_example[]){
		{ "care doctor", "what works here, and the reason of what does not" },
		{ "care doctor --syscalls --abi=x86_64", "all system calls of x86_64 and how they are seen" },
		{ NULL, NULL },
	},
	.run = CMD_RUN(doctor_run),
};
