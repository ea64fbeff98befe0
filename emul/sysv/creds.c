// SPDX-License-Identifier: GPL-2.0-or-later
/* Who asks, as /proc/TID/status says: System V objects look at effective ids. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/base/mem.h"
#include "emul/sysv/internal.h"

#define CAP_IPC_OWNER 15
#define CAP_SYS_ADMIN 21

static const char *field(const struct buf *text, const char *key)
{
	const char *at = strstr(buf_str(text), key);

	return at ? at + strlen(key) : "";
}

/* Nobody at all if it cannot be read: the task is gone. */
static void load(struct sysv_call *c)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct sysv_creds *who = &c->creds;
	char name[64], *end;
	const char *at;
	uint32_t group;

	if (who->known)
		return;
	who->known = true;
	who->uid = who->gid = UINT32_MAX;
	snprintf(name, sizeof(name), "/proc/%d/status", (int)c->ev->task->tid);
	if (io_read_file(AT_FDCWD, name, 1 << 20, &text, NULL) < 0)
		return;
	sscanf(field(&text, "\nUid:"), "%*u %u", &who->uid);
	sscanf(field(&text, "\nGid:"), "%*u %u", &who->gid);
	who->caps = strtoull(field(&text, "\nCapEff:"), NULL, 16);
	for (at = field(&text, "\nGroups:"); *at && *at != '\n'; at = end) {
		group = (uint32_t)strtoul(at, &end, 10);
		if (end == at)
			break;
		buf_add(&who->groups, &group, sizeof(group));
		end += strspn(end, " \t");
	}
}

static bool in_group(const struct sysv_creds *who, uint32_t gid)
{
	const uint32_t *group = (const uint32_t *)who->groups.data;

	if (who->gid == gid)
		return true;
	for (size_t n = who->groups.len / sizeof(*group); n; n--)
		if (*group++ == gid)
			return true;
	return false;
}

bool sysv_capable(struct sysv_call *c, int capability)
{
	load(c);
	return c->creds.caps >> capability & 1;
}

bool sysv_may(struct sysv_call *c, const struct sysv_object *o, int flags)
{
	unsigned wanted = (unsigned)(flags >> 6 | flags >> 3 | flags) & 07, granted = o->mode;

	load(c);
	if (c->creds.uid == o->cuid || c->creds.uid == o->uid)
		granted >>= 6;
	else if (in_group(&c->creds, o->cgid) || in_group(&c->creds, o->gid))
		granted >>= 3;
	return !(wanted & ~granted & 07) || sysv_capable(c, CAP_IPC_OWNER);
}

bool sysv_is_owner(struct sysv_call *c, const struct sysv_object *o)
{
	load(c);
	return c->creds.uid == o->cuid || c->creds.uid == o->uid || sysv_capable(c, CAP_SYS_ADMIN);
}

void sysv_own(struct sysv_call *c, struct sysv_object *o)
{
	load(c);
	o->uid = o->cuid = c->creds.uid;
	o->gid = o->cgid = c->creds.gid;
}
