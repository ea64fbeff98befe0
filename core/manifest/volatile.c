// SPDX-License-Identifier: GPL-2.0-or-later
/* Volatile paths: one way to write them, one way to find what they mean here. */
#include "core/manifest/volatile.h"

#include <string.h>

#include "core/base/buf.h"

/* libXau and libICE look there when the variable is unset. */
static const struct { const char *name, *below_home; } usual[] = {
	{ "XAUTHORITY", ".Xauthority" },
	{ "ICEAUTHORITY", ".ICEauthority" },
};

const char *manifest_env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

const char *manifest_volatile_path(const char *entry, size_t *ret_name_len)
{
	const char *colon = entry[0] == '$' ? strchr(entry, ':') : NULL;

	*ret_name_len = colon ? colon - entry - 1 : 0;
	return colon ? colon + 1 : entry;
}

char *manifest_volatile_variable(const char *name, char *const *env)
{
	const char *value = manifest_env_get(env, name);
	const char *home = manifest_env_get(env, "HOME");
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (value && *value)
		return strdup(value);
	for (size_t i = 0; home && *home && i < ARRAY_SIZE(usual); i++) {
		if (strcmp(name, usual[i].name))
			continue;
		buf_addf(&b, "%s/%s", home, usual[i].below_home);
		return buf_steal(&b);
	}
	return NULL;
}

char *manifest_volatile_host(const char *entry, char *const *env)
{
	size_t len;
	const char *path = manifest_volatile_path(entry, &len);
	_cleanup_free_ char *name = NULL;

	if (!len)
		return strdup(path);
	name = strndup(entry + 1, len);
	return name ? manifest_volatile_variable(name, env) : NULL;
}
