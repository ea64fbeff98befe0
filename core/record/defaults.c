// SPDX-License-Identifier: GPL-2.0-or-later
/* CARE 2.2.1's defaults and today's, as tables. */
#include "core/record/defaults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/manifest/volatile.h"

static const char *const volatile_paths[] = {
	"/dev",
	"/proc",
	"/sys",
	"/run/shm",
	"/tmp/.X11-unix",
	"/tmp/.ICE-unix",
	"/var/run/dbus/system_bus_socket",
	"/run/dbus/system_bus_socket",	/* where /var/run is no symlink to /run */
	NULL,
};

/*
 * Paths that a variable names. They are bound onto the recorded place, so the variable
 * itself keeps its recorded value. $XDG_RUNTIME_DIR as a whole: the sockets in it
 * (Wayland, PulseAudio, PipeWire, D-Bus) are named by volatile variables, and nothing
 * in it outlives the session.
 */
static const char *const path_variables[] = {
	"XAUTHORITY", "ICEAUTHORITY", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", NULL,
};

static const char *const volatile_env[] = {
	"DISPLAY",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
	"DBUS_SESSION_BUS_ADDRESS",
	"SESSION_MANAGER",
	"XDG_SESSION_COOKIE",
	"WAYLAND_DISPLAY",
	"PULSE_SERVER",
	NULL,
};

static const char *env_absolute(char *const *env, const char *name)
{
	const char *value = manifest_env_get(env, name);

	return value && value[0] == '/' && value[1] ? value : NULL;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static int add_path_variable(struct record_paths *p, char *const *env, const char *name,
			     const char *cwd)
{
	_cleanup_free_ char *value = manifest_volatile_variable(name, env);
	_cleanup_buf_ struct buf b = BUF_INIT;

	/* Who works in there wants it recorded. */
	if (!value || value[0] != '/' || !value[1] || is_below(cwd, value))
		return 0;
	buf_addf(&b, "$%s:%s", name, value);
	return buf_error(&b) ? -ENOMEM : manifest_strings_add(&p->volatile_paths, b.data);
}

static int add_volatile(struct record_paths *p, char *const *env, const char *cwd)
{
	_cleanup_buf_ struct buf kde = BUF_INIT;
	const char *logname = manifest_env_get(env, "LOGNAME");
	int r = 0;

	for (const char *const *v = volatile_paths; *v && r == 0; v++)
		r = manifest_strings_add(&p->volatile_paths, *v);
	for (const char *const *v = path_variables; *v && r == 0; v++)
		r = add_path_variable(p, env, *v, cwd);
	for (const char *const *v = volatile_env; *v && r == 0; v++)
		r = manifest_strings_add(&p->volatile_env, *v);
	if (r == 0 && logname && *logname && !strchr(logname, '/')) {
		buf_addf(&kde, "/var/tmp/kdecache-%s", logname);
		r = buf_error(&kde) ? -ENOMEM : manifest_strings_add(&p->volatile_paths, kde.data);
	}
	return r;
}

int defaults_add(struct record_paths *p, char *const *env, const char *cwd, struct err *e)
{
	const char *home = env_absolute(env, "HOME");
	_cleanup_free_ char *real_home = home ? defaults_user_path(home, cwd) : NULL;
	int r = 0;

	if (home && !real_home)
		return err_set(e, -ENOMEM, "read the defaults");
	/* A home that is "/" (some daemons' accounts) would conceal everything. */
	if (real_home && strcmp(real_home, "/"))
		r = manifest_strings_add(&p->concealed, real_home);
	if (r == 0)
		r = manifest_strings_add(&p->concealed, "/tmp");
	if (r == 0)
		r = manifest_strings_add(&p->revealed, cwd);
	if (r == 0)
		r = add_volatile(p, env, cwd);
	if (r < 0)
		return err_set(e, r, "read the defaults");
	p->reveals_home = real_home && !strcmp(real_home, cwd);
	return 0;
}

char *defaults_user_path(const char *path, const char *cwd)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *real;

	if (path[0] != '/')
		buf_addf(&b, "%s/", cwd);
	buf_adds(&b, path);
	if (buf_error(&b))
		return NULL;
	real = realpath(b.data, NULL);
	if (real)
		return real;
	while (b.len > 1 && b.data[b.len - 1] == '/')
		buf_truncate(&b, b.len - 1);
	return buf_steal(&b);
}

void record_paths_clear(struct record_paths *p)
{
	manifest_strings_clear(&p->concealed);
	manifest_strings_clear(&p->revealed);
	manifest_strings_clear(&p->volatile_paths);
	manifest_strings_clear(&p->volatile_env);
}
