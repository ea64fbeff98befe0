// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of strings. They double: a manifest may name 100,000 absent paths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/manifest/manifest.h"

int manifest_strings_add(struct manifest_strings *s, const char *text)
{
	char **v = s->v;
	char *copy;

	/* Full, with the NULL behind the last, at every power of two. */
	if (!(s->n & (s->n + 1))) {
		v = reallocarray(s->v, (s->n + 1) * 2, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	v[s->n++] = copy;
	v[s->n] = NULL;
	return 0;
}

void manifest_strings_clear(struct manifest_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct manifest_strings){ 0 };
}
