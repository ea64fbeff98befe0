// SPDX-License-Identifier: GPL-2.0-or-later
/* Socket addresses in tracee memory: what the kernel told becomes what the program knows. */
#include <errno.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "core/task/task.h"
#include "emul/ports/internal.h"

#define PORT_AT 2		/* in an address of either family */

void ports_spell(const struct ports *p, const struct task *t, uint64_t addr, uint32_t len)
{
	struct sockaddr_storage a = { 0 };
	uint16_t port, inside;

	len = MIN(len, (uint32_t)sizeof(a));
	if (!addr || task_read(t, addr, &a, len) != (ssize_t)len)
		return;
	port = port_of(&a, len);
	inside = p->table.of[port].back;
	if (!port || !inside)
		return;
	if (!p->table.of[inside].everywhere && !port_is_here(&a, len))
		return;
	port_set(&a, inside);
	task_write(t, addr + PORT_AT, (const char *)&a + PORT_AT, sizeof(port));
}

int ports_message(const struct event *ev, uint64_t at, uint64_t *ret_name, uint32_t *ret_len)
{
	unsigned word = ev->call->abi->word;
	unsigned char head[16] = { 0 };
	uint64_t name = 0;

	if (task_read(ev->task, at, head, word + sizeof(*ret_len)) != (ssize_t)(word + sizeof(*ret_len)))
		return -EFAULT;
	memcpy(&name, head, word);
	memcpy(ret_len, head + word, sizeof(*ret_len));
	*ret_name = name;
	return 0;
}
