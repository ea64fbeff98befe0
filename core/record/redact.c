// SPDX-License-Identifier: GPL-2.0-or-later
/* --redact: in the command, the environment, and the arguments of every process. */
#include "core/record/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

static int redact_one(char **s, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *at = *s, *hit;
	char *shown;

	if (!*text || !strstr(*s, text))
		return 0;
	while ((hit = strstr(at, text))) {
		buf_add(&out, at, hit - at);
		buf_adds(&out, "***");
		at = hit + strlen(text);
	}
	buf_adds(&out, at);
	shown = buf_steal(&out);
	if (!shown)
		return -ENOMEM;
	free(*s);
	*s = shown;
	return 0;
}

int redact_string(char **s, const struct manifest_strings *texts)
{
	int r = 0;

	for (size_t i = 0; *s && i < texts->n && r >= 0; i++)
		r = redact_one(s, texts->v[i]);
	return r;
}

int redact_strings(struct manifest_strings *s, const struct manifest_strings *texts)
{
	int r = 0;

	for (size_t i = 0; i < s->n && r >= 0; i++)
		r = redact_string(&s->v[i], texts);
	return r;
}
