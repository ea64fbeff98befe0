// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told when all tasks have ended: the run again, processes, later uses, outputs. */
#include <errno.h>

#include "core/base/err.h"
#include "core/record/libc.h"
#include "core/record/outputs.h"
#include "core/record/recorder_internal.h"

static void run_told(struct manifest_record *record)
{
	free(record);	/* the run is the caller's */
}

int finish_tell_run(struct recorder *r)
{
	struct manifest_record *record = calloc(1, sizeof(*record));

	if (!record)
		return err_set(r->e, -ENOMEM, "tell of the run");
	record->kind = MANIFEST_K_RUN;
	record->run = r->spec.run;
	return queue_record(r->queue, record, run_told, r->e);
}

static void told(struct manifest_record *record)
{
	free(record);
}

/* Uses that came after the object's record was made. */
static int tell_later_uses(struct recorder *r)
{
	struct object *o;

	for (size_t cursor = 0; (o = objects_next(r->objects, &cursor)); ) {
		struct manifest_record *record;
		int ret;

		if (o->file.use == o->told || !o->told)
			continue;
		record = calloc(1, sizeof(*record));
		if (!record)
			return err_set(r->e, -ENOMEM, "tell of uses");
		record->kind = MANIFEST_K_FILE;
		record->file = &o->file;
		ret = queue_record(r->queue, record, told, r->e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int tell_concealed(struct recorder *r)
{
	for (size_t i = 0; i < r->n_concealed; i++) {
		struct manifest_record *record = calloc(1, sizeof(*record));
		int ret;

		if (!record)
			return err_set(r->e, -ENOMEM, "tell of concealed accesses");
		record->kind = MANIFEST_K_CONCEALED;
		record->concealed = &r->concealed[i];
		ret = queue_record(r->queue, record, told, r->e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int recorder_finish(struct recorder *r, struct manifest_end *end, struct err *e)
{
	int ret, ret_queue;

	r->e = e;
	r->ev = NULL;
	r->view = &r->home;
	r->names = r->home.names;
	ret = queue_drain(r->queue, e);	/* hashes are known from here on */
	if (!r->spec.run->libc)
		r->spec.run->libc = libc_of(r->objects);
	if (ret >= 0)
		ret = finish_tell_run(r);	/* again: engine and C library are known now */
	if (ret >= 0)
		ret = process_finish(r);
	if (ret >= 0)
		ret = tell_concealed(r);
	if (ret >= 0)
		ret = tell_later_uses(r);
	if (ret >= 0)
		ret = outputs_tell(r);
	ret_queue = queue_finish(r->queue, ret < 0 ? NULL : e);
	end->renamed_dirs = r->renamed_dirs;
	end->wrote_hardlinks = r->wrote_hardlinks;
	end->changed_ids = r->changed_ids;
	end->calls = r->sum.calls;
	end->paths = names_count(r->home.names);
	return ret < 0 ? ret : ret_queue;
}
