// SPDX-License-Identifier: GPL-2.0-or-later
/* care info for programs: members as in care-manifest(5), and what care info adds. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/cmd/info.h"
#include "core/manifest/fields.h"

/* Records of one list: ,"name":[…]. */
static int add_list(struct buf *to, enum manifest_kind kind, const void *items, size_t n,
		    struct err *e)
{
	const struct record *record = record_kinds[kind];
	int r = 0;

	buf_addf(to, ",\n\"%s\":[", record->list);
	for (size_t i = 0; i < n && r == 0; i++) {
		buf_adds(to, i ? ",\n" : "\n");
		r = record_write(to, record, (const char *)items + i * record->size, e);
	}
	buf_adds(to, "]");
	return r;
}

static int add_single(struct buf *to, enum manifest_kind kind, const void *item, struct err *e)
{
	buf_addf(to, ",\n\"%s\":", record_kinds[kind]->name);
	return record_write(to, record_kinds[kind], item, e);
}

static int add_biggest(struct buf *to, const struct info *i, struct err *e)
{
	int r = 0;

	buf_adds(to, ",\n\"biggest\":[");
	for (size_t n = 0; n < MIN(i->n_shown, i->n_biggest) && r == 0; n++) {
		buf_adds(to, n ? ",\n" : "\n");
		r = record_write(to, record_kinds[MANIFEST_K_FILE], i->biggest[n], e);
	}
	buf_adds(to, "]");
	return r;
}

static int add_head(struct buf *to, const struct info *i, struct err *e)
{
	int r;

	buf_adds(to, "{\"archive\":");
	r = record_write_string(to, i->path, strlen(i->path), e);
	buf_adds(to, ",\"format\":");
	if (r == 0)
		r = record_write_string(to, i->format, strlen(i->format), e);
	buf_addf(to, ",\"bytes\":%" PRIu64 ",\"partial\":%s", i->archive_bytes,
		 i->partial ? "true" : "false");
	buf_addf(to, ",\n\"counts\":{\"files\":%zu,\"whole\":%" PRIu64 ",\"whole_bytes\":%" PRIu64
		 ",\"placeholders\":%" PRIu64 ",\"directories\":%" PRIu64 ",\"symlinks\":%" PRIu64
		 ",\"absent\":%zu,\"processes\":%zu}", i->m->n_files, i->whole, i->bytes,
		 i->placeholders, i->directories, i->symlinks, i->m->absent.n, i->m->n_processes);
	return r;
}

int info_print_json(const struct info *i, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct manifest *m = i->m;
	int r = add_head(&b, i, e);

	if (r == 0)
		r = add_single(&b, MANIFEST_K_RUN, &m->run, e);
	if (r == 0 && m->has_end)
		r = add_single(&b, MANIFEST_K_END, &m->end, e);
	if (r == 0)
		r = add_biggest(&b, i, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_PROCESS, m->processes, m->n_processes, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_CONCEALED, m->concealed, m->n_concealed, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_NET, m->nets, m->n_nets, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_DEPEND, m->depends, m->n_depends, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_UNKNOWN, m->unknowns, m->n_unknowns, e);
	if (r == 0)
		r = add_list(&b, MANIFEST_K_LOST, m->lost, m->n_lost, e);
	if (r < 0)
		return r;
	buf_adds(&b, "}\n");
	if (buf_error(&b))
		return err_set(e, -ENOMEM, "print as JSON");
	fwrite(b.data, 1, b.len, stdout);
	return 0;
}
