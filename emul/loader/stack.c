// SPDX-License-Identifier: GPL-2.0-or-later
#include "emul/loader/stack.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

static uint64_t word_at(const struct stack *s, size_t at)
{
	uint64_t value = 0;

	memcpy(&value, s->data + at, s->word);	/* little-endian, as all are */
	return value;
}

/* Passes over pointers and the NULL behind them. */
static int pass(const struct stack *s, size_t len, size_t *at, uint64_t *ret_first, uint64_t *ret_n)
{
	uint64_t n = 0, value;

	do {
		if (*at + s->word > len)
			return -EAGAIN;
		value = word_at(s, *at);
		if (!n)
			*ret_first = value;
		*at += s->word;
		n += value != 0;
	} while (value);
	*ret_n = n;
	return 0;
}

int stack_parse(struct stack *ret, unsigned word, void *data, size_t len)
{
	struct stack s = { .word = word, .data = data };
	size_t at = word;
	uint64_t pointers;
	int r;

	if (len < word)
		return -EAGAIN;
	s.argc = word_at(&s, 0);
	r = pass(&s, len, &at, &s.args, &pointers);
	if (r == 0)
		r = pass(&s, len, &at, &s.envs, &s.envc);
	if (r < 0)
		return r;
	s.auxv = at;
	do {
		at += 2 * word;
		if (at > len)
			return -EAGAIN;
	} while (word_at(&s, at - 2 * word) != AT_NULL);
	s.len = at;
	*ret = s;
	return 0;
}

static size_t find_aux(const struct stack *s, uint64_t type)
{
	for (size_t at = s->auxv; at < s->len; at += 2 * s->word)
		if (word_at(s, at) == type)
			return at + s->word;
	return 0;
}

uint64_t stack_aux(const struct stack *s, uint64_t type)
{
	size_t at = find_aux(s, type);

	return at ? word_at(s, at) : 0;
}

bool stack_set_aux(struct stack *s, uint64_t type, uint64_t value)
{
	size_t at = find_aux(s, type);

	if (at)
		memcpy(s->data + at, &value, s->word);
	return at;
}
