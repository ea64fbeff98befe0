/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the decoder share; call_decode() is all that others see. */
#ifndef CORE_EVENT_DECODE_H
#define CORE_EVENT_DECODE_H

#include "arch/abi.h"
#include "core/event/call.h"

struct decoding {
	struct call *c;
	call_reader *read;
	void *ctx;
	bool in_memory;			/* the arguments are no registers: socketcall */

	bool have_how;			/* struct open_how, read once */
	uint64_t how_flags;
	uint64_t how_resolve;
};

/* One path to be read, as its row and the other arguments say. */
struct path_spec {
	int arg;			/* register, −1 = none */
	uint64_t addr;
	int dirfd;
	unsigned walk;
	unsigned use;
	bool or_null;
};

/* decode.c */
int decode_int(const struct decoding *d, int arg);		/* sign-extended */
int decode_reg(const struct decoding *d, int arg);		/* register of it, −1 = in memory */
uint64_t decode_word(const struct abi *abi, const void *at);	/* a long or pointer of a struct */

/* decode_path.c: 0 or -ENOMEM. */
int decode_path(struct decoding *d, const struct path_spec *spec);
int decode_path_arg(struct decoding *d, int arg);
int decode_mount_source(struct decoding *d, int arg);
int decode_quota_file(struct decoding *d, int arg);
int decode_bpf(struct decoding *d, int arg);
unsigned decode_use_of_oflags(unsigned oflags);

/* decode_socket.c: 0 or -ENOMEM. */
int decode_sockaddr(struct decoding *d, int arg);
int decode_msghdr(struct decoding *d, int arg);
int decode_mmsg(struct decoding *d, int arg);

#endif
