// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told besides files, each fact once: absent names, peers, losses, concealed accesses. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/far.h"
#include "core/base/log.h"
#include "core/record/recorder_internal.h"

/* A record and two strings of it, freed together by the writer. */
struct fact {
	struct manifest_record record;
	union {
		struct manifest_net net;
		struct manifest_depend depend;
		struct manifest_lost lost;
	};
	char *a, *b;
};

static void free_fact(struct manifest_record *record)
{
	struct fact *f = (struct fact *)record;

	free(f->a);
	free(f->b);
	free(f);
}

static struct fact *new_fact(enum manifest_kind kind, const char *a, const char *b)
{
	struct fact *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->record.kind = kind;
	f->a = strdup(a);
	f->b = strdup(b);
	if (!f->a || !f->b) {
		free_fact(&f->record);
		return NULL;
	}
	return f;
}

/* True when @a, @b is new to @told. */
static bool is_news(struct map *told, const char *a, const char *b)
{
	_cleanup_buf_ struct buf key = BUF_INIT;

	buf_add(&key, a, strlen(a) + 1);
	buf_adds(&key, b);
	return !buf_error(&key) && !map_get(told, key.data, key.len) &&
	       map_set(told, key.data, key.len, told, NULL) == 0;
}

int fact_depend(struct recorder *r, const char *what, const char *detail)
{
	struct fact *f;

	if (!is_news(r->depends, what, detail))
		return 0;
	f = new_fact(MANIFEST_K_DEPEND, what, detail);
	if (!f)
		return err_set(r->e, -ENOMEM, "tell of a dependency");
	f->depend = (struct manifest_depend){ f->a, f->b };
	f->record.depend = &f->depend;
	return queue_record(r->queue, &f->record, free_fact, r->e);
}

int fact_lost(struct recorder *r, const char *path, const char *why)
{
	struct fact *f;

	if (!is_news(r->lost_paths, path, why))
		return 0;
	r->sum.lost++;
	f = new_fact(MANIFEST_K_LOST, path, why);
	if (!f)
		return err_set(r->e, -ENOMEM, "tell of a loss");
	f->lost = (struct manifest_lost){ f->a, f->b, r->process };
	f->record.lost = &f->lost;
	return queue_record(r->queue, &f->record, free_fact, r->e);
}

static int tell_net(struct recorder *r, const char *proto, const char *address, bool listen)
{
	struct fact *f;

	if (!is_news(r->nets, listen ? "listen" : proto, address))
		return 0;
	f = new_fact(MANIFEST_K_NET, proto, address);
	if (!f)
		return err_set(r->e, -ENOMEM, "tell of a peer");
	f->net = (struct manifest_net){ f->a, f->b, r->process, listen };
	f->record.net = &f->net;
	return queue_record(r->queue, &f->record, free_fact, r->e);
}

static int tell_address(struct recorder *r, const struct sockaddr_storage *addr, socklen_t addr_len,
			bool listen)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_un *un = (const struct sockaddr_un *)addr;
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16], name[220];

	if (addr_len < sizeof(sa_family_t))
		return 0;
	switch (addr->ss_family) {
	case AF_INET:
		if (addr_len < sizeof(*in) || !inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)))
			return 0;
		snprintf(text, sizeof(text), "%s:%u", host, ntohs(in->sin_port));
		return tell_net(r, "inet", text, listen);
	case AF_INET6:
		if (addr_len < sizeof(*in6) || !inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host)))
			return 0;
		snprintf(text, sizeof(text), "[%s]:%u", host, ntohs(in6->sin6_port));
		return tell_net(r, "inet6", text, listen);
	case AF_UNIX:
		/* A name in the file system is a path of the call; here only abstract ones. */
		if (addr_len > sizeof(sa_family_t) && !un->sun_path[0]) {
			size_t len = addr_len - sizeof(sa_family_t) - 1;

			snprintf(name, sizeof(name), "@%.*s", (int)MIN(len, (size_t)107), un->sun_path + 1);
			return tell_net(r, "unix", name, listen);
		}
		return 0;
	default:
		return 0;
	}
}

int fact_net(struct recorder *r, const struct call *c)
{
	int ret = tell_address(r, &c->addr, c->addr_len, c->addr_bind);

	for (size_t at = 0; at < c->more_addrs.len && ret >= 0; at += sizeof(struct call_addr)) {
		struct call_addr other;

		memcpy(&other, c->more_addrs.data + at, sizeof(other));
		ret = tell_address(r, &other.addr, other.len, c->addr_bind);
	}
	return ret;
}

/* An absent name needs no strings of its own: the record owns the path. */
struct absent {
	struct manifest_record record;
	char path[];
};

static void free_absent(struct manifest_record *record)
{
	free(record);
}

int fact_absent(struct recorder *r, struct name *n)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const struct object *dir = n->parent->object;
	struct absent *a;

	if (n->flags & NAME_TOLD || !(n->flags & NAME_WAS_ABSENT))
		return 0;
	/* In a directory that was made in the run, or is the replaying machine's, it says nothing. */
	if (dir && (dir == &object_born || dir->volatile_below || dir->concealed_below))
		return 0;
	n->flags |= NAME_TOLD;
	r->sum.absent++;
	if (name_path(n, &path) < 0)
		return err_set(r->e, -ENOMEM, "tell of an absent name");
	a = malloc(sizeof(*a) + path.len + 1);
	if (!a)
		return err_set(r->e, -ENOMEM, "tell of an absent name");
	memcpy(a->path, path.data, path.len + 1);
	a->record = (struct manifest_record){ .kind = MANIFEST_K_ABSENT, .absent = a->path };
	return queue_record(r->queue, &a->record, free_absent, r->e);
}

int fact_concealed(struct recorder *r, struct name *n, unsigned use)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct manifest_concealed *more, c = { .use = use };
	int fd;

	if (n->flags & NAME_TOLD)
		return 0;
	n->flags |= NAME_TOLD;
	if (name_path(n, &path) < 0)
		return err_set(r->e, -ENOMEM, "tell of a concealed access");
	fd = far_open(path.data, O_PATH | O_NOFOLLOW);
	c.existed = fd >= 0;
	if (fd >= 0)
		close(fd);
	if (!c.existed)
		return 0;
	c.path = buf_steal(&path);
	c.exe = strdup(process_exe(r, r->process));
	more = realloc(r->concealed, (r->n_concealed + 1) * sizeof(*more));
	if (more)
		r->concealed = more;
	if (!more || !c.path || !c.exe) {
		free(c.path);
		free(c.exe);
		return err_set(r->e, -ENOMEM, "tell of a concealed access");
	}
	r->concealed[r->n_concealed++] = c;
	log_info("concealed: %s (%s)", c.path, c.exe);
	return 0;
}
