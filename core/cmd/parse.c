// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The option parser: short clusters, "-o x", "-ox", "--long=x", "--long x", "--".
 * Not getopt: it stops at the first operand as CARE does (the recorded command's own
 * options are not ours), keeps no state, and names the nearest option it knows.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/cmd/cmd.h"

const struct cmd_option cmd_common_options[] = {
	CMD_OPTION("v,verbose", CMD_INT, cmd_common, verbosity, "LEVEL",
		   "Say more (1: what is archived, concealed and volatile; 2 and up: details) or less "
		   "(-1: errors only)."),
	CMD_OPTION("V,version,about", CMD_FLAG, cmd_common, version, NULL,
		   "Print the version, the formats and the licences of what is linked in, and exit."),
	CMD_OPTION("h,help,usage", CMD_FLAG, cmd_common, help, NULL, "Print a summary and exit."),
	CMD_OPTIONS_END,
};

/* Where a parse stands. */
struct parse {
	const struct cmd *cmd;
	int argc;
	char **argv;
	int at;			/* the next word */
	void *options;
	struct cmd_common *common;
};

const char *cmd_next_name(const char **at, size_t *ret_len)
{
	const char *name = *at;

	if (!name || !*name)
		return NULL;
	*ret_len = strcspn(name, ",");
	*at = name + *ret_len + (name[*ret_len] == ',');
	return name;
}

static bool has_name(const struct cmd_option *o, const char *name, size_t len)
{
	const char *at = o->names, *n;
	size_t n_len;

	while ((n = cmd_next_name(&at, &n_len)))
		if (n_len == len && !memcmp(n, name, len))
			return true;
	return false;
}

/* The option of that name, and the struct its offset is in. */
static const struct cmd_option *find(struct parse *p, const char *name, size_t len, void **ret_base)
{
	const struct cmd_option *o;

	*ret_base = p->options;
	for (o = p->cmd->options; o && o->names; o++)
		if (has_name(o, name, len))
			return o;
	*ret_base = p->common;
	for (o = cmd_common_options; o->names; o++)
		if (has_name(o, name, len))
			return o;
	return NULL;
}

/* Edit distance where a swap of neighbours counts one; names longer than 31 are far. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned d[32][32];

	if (a_len > 31 || b_len > 31)
		return 32;
	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			bool same = a[i - 1] == b[j - 1];

			d[i][j] = MIN(d[i - 1][j - 1] + !same,
				      MIN(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_len][b_len];
}

const struct cmd *cmd_near(const char *name)
{
	size_t len = strlen(name);

	for (const struct cmd *const *c = cmd_all; *c; c++)
		if (len >= 3 && distance((*c)->name, strlen((*c)->name), name, len) <= MAX(len / 4, (size_t)1))
			return *c;
	return NULL;
}

static void nearest_in(const struct cmd_option *o, const char *name, size_t len,
		       const char **best, size_t *best_len, unsigned *best_distance)
{
	for (; o && o->names; o++) {
		const char *at = o->names, *n;
		size_t n_len;

		while ((n = cmd_next_name(&at, &n_len))) {
			/* What was typed may also be the beginning of a long name. */
			bool start = len >= 2 && n_len > len && !memcmp(n, name, len);
			unsigned d = start ? 1 : distance(n, n_len, name, len);

			if (n_len < 2 || d >= *best_distance)
				continue;
			*best = n;
			*best_len = n_len;
			*best_distance = d;
		}
	}
}

static enum cmd_parsed unknown(struct parse *p, const char *dashes, const char *name, size_t len)
{
	unsigned best_distance = MAX(len / 2, (size_t)1) + 1;
	const char *best = NULL;
	size_t best_len = 0;

	if (len > 1) {
		nearest_in(p->cmd->options, name, len, &best, &best_len, &best_distance);
		nearest_in(cmd_common_options, name, len, &best, &best_len, &best_distance);
	}
	if (best)
		cmd_usage(p->cmd, "unknown option %s%.*s; did you mean --%.*s?", dashes, (int)len,
			  name, (int)best_len, best);
	else
		cmd_usage(p->cmd, "unknown option %s%.*s", dashes, (int)len, name);
	return CMD_WRONG;
}

static bool parse_int(const char *text, long long min, long long max, long long *ret, char **ret_end)
{
	long long value;

	errno = 0;
	value = strtoll(text, ret_end, 10);
	if (errno || *ret_end == text || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

static bool set_size(int64_t *to, const char *text, uint64_t unit)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	long long value;
	char *end;

	if (!parse_int(text, LLONG_MIN, LLONG_MAX, &value, &end))
		return false;
	if (value < 0) {
		*to = -1;
		return !*end;
	}
	unit = unit ? unit : 1;
	if (*end) {
		suffix = strchr(suffixes, *end >= 'a' ? *end - 'a' + 'A' : *end);
		if (!suffix || end[1])
			return false;
		unit = 1024ull << (10 * (suffix - suffixes));
	}
	/* More bytes than a number can say is as good as no limit. */
	if (__builtin_mul_overflow((int64_t)value, (int64_t)unit, to))
		*to = INT64_MAX;
	return true;
}

static bool set_choice(int *to, const char *text, const char *words)
{
	size_t len = strlen(text), n;

	for (int i = 0;; i++) {
		n = strcspn(words, "|");
		if (n == len && !memcmp(words, text, n)) {
			*to = i;
			return true;
		}
		if (!words[n])
			return false;
		words += n + 1;
	}
}

static bool add_to_list(struct cmd_list *list, const char *text)
{
	const char **v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return false;
	list->v = v;
	list->v[list->n++] = text;
	return true;
}

bool cmd_is_optional(const struct cmd_option *o)
{
	return o->type == CMD_OPTIONAL || o->type == CMD_NUMBERS;
}

static bool is_numbers(const char *text)
{
	return *text && strspn(text, "0123456789:") == strlen(text);
}

static bool set(const struct cmd_option *o, void *base, const char *text)
{
	void *to = (char *)base + o->offset;
	long long value;
	char *end;

	switch (o->type) {
	case CMD_FLAG:
		*(bool *)to = true;
		return true;
	case CMD_STRING:
		*(const char **)to = text;
		return *text;
	case CMD_INT:
		if (!parse_int(text, INT_MIN, INT_MAX, &value, &end) || *end)
			return false;
		*(int *)to = value;
		return true;
	case CMD_SIZE:
		return set_size(to, text, o->unit);
	case CMD_CHOICE:
		return set_choice(to, text, o->arg);
	case CMD_LIST:
		return *text && add_to_list(to, text);
	case CMD_NAMES:
		return *text && !strchr(text, '=') && add_to_list(to, text);
	case CMD_OPTIONAL:
		*(const char **)to = text;
		return true;
	case CMD_NUMBERS:
		return (!*text || is_numbers(text)) && add_to_list(to, text);
	}
	return false;
}

static enum cmd_parsed apply(struct parse *p, const struct cmd_option *o, void *base,
			     const char *shown, size_t shown_len, const char *text)
{
	if (set(o, base, text))
		return CMD_PARSED;
	if (o->type == CMD_CHOICE)
		cmd_usage(p->cmd, "%.*s: \"%s\" is not one of %s", (int)shown_len, shown, text, o->arg);
	else if (!*text)
		cmd_usage(p->cmd, "%.*s: the %s is empty", (int)shown_len, shown, o->arg);
	else if (o->type == CMD_SIZE)
		cmd_usage(p->cmd, "%.*s: \"%s\" is no size: a number of MB, or one with K, M, G or T",
			  (int)shown_len, shown, text);
	else if (o->type == CMD_NAMES)
		cmd_usage(p->cmd, "%.*s wants the %s of a variable, not \"%s\"", (int)shown_len, shown, o->arg, text);
	else
		cmd_usage(p->cmd, "%.*s: \"%s\" is not a valid %s", (int)shown_len, shown, text, o->arg);
	return CMD_WRONG;
}

/* The argument of one that may have none: the next word, or "". */
static const char *left_out(struct parse *p, const struct cmd_option *o)
{
	if (o->type == CMD_NUMBERS && p->at < p->argc && is_numbers(p->argv[p->at]))
		return p->argv[p->at++];
	return "";
}

static enum cmd_parsed parse_long(struct parse *p, const char *word)
{
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct cmd_option *o;
	void *base;

	/* "--v" is not the letter v. */
	o = len > 1 ? find(p, name, len, &base) : NULL;
	if (!o)
		return unknown(p, "--", name, len);
	if (o->type == CMD_FLAG && value) {
		cmd_usage(p->cmd, "--%.*s takes no argument", (int)len, name);
		return CMD_WRONG;
	}
	if (cmd_is_optional(o)) {
		if (value && !*value) {
			cmd_usage(p->cmd, "--%.*s=: the %s is empty", (int)len, name, o->arg);
			return CMD_WRONG;
		}
		value = value ?: left_out(p, o);
	}
	if (o->type != CMD_FLAG && !value) {
		if (p->at == p->argc) {
			cmd_usage(p->cmd, "--%.*s needs an argument: %s", (int)len, name, o->arg);
			return CMD_WRONG;
		}
		value = p->argv[p->at++];
	}
	return apply(p, o, base, word, len + 2, value ? value : "");
}

static enum cmd_parsed parse_cluster(struct parse *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const char letter[] = { '-', *c };
		enum cmd_parsed r;
		const struct cmd_option *o;
		const char *value = "";
		void *base;

		o = *c == ',' ? NULL : find(p, c, 1, &base);
		if (!o)
			return unknown(p, "-", c, c == word + 1 ? strlen(c) : 1);
		if (o->type == CMD_NUMBERS && c[1] >= '0' && c[1] <= '9') {
			return apply(p, o, base, letter, 2, c + 1);
		} else if (cmd_is_optional(o)) {
			value = c[1] ? "" : left_out(p, o);
		} else if (o->type != CMD_FLAG) {
			value = c[1] ? c + 1 : p->argv[p->at];
			if (!value) {
				cmd_usage(p->cmd, "-%c needs an argument: %s", *c, o->arg);
				return CMD_WRONG;
			}
			p->at += !c[1];
		}
		r = apply(p, o, base, letter, 2, value);
		if (r != CMD_PARSED || (o->type != CMD_FLAG && !cmd_is_optional(o)))
			return r;
	}
	return CMD_PARSED;
}

enum cmd_parsed cmd_parse(const struct cmd *cmd, int argc, char **argv, void *options,
			  struct cmd_common *common, int *ret_first)
{
	struct parse p = { cmd, argc, argv, 1, options, common };
	int operands = 0;	/* those passed over when permuting, kept at argv[1…] */
	enum cmd_parsed r = CMD_PARSED;

	while (r == CMD_PARSED && p.at < argc) {
		char *word = argv[p.at];

		if (!strcmp(word, "--")) {
			p.at++;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (operands >= cmd->permute)
				break;
			argv[1 + operands++] = word;
			p.at++;
			continue;
		}
		p.at++;
		r = word[1] == '-' ? parse_long(&p, word) : parse_cluster(&p, word);
		if (common->help || common->version)
			return common->help ? CMD_HELP : CMD_SHOW_VERSION;
	}
	/* Join what was passed over with what follows. */
	memmove(argv + p.at - operands, argv + 1, operands * sizeof(*argv));
	*ret_first = p.at - operands;
	return r;
}

void cmd_options_clear(const struct cmd *cmd, void *options)
{
	for (const struct cmd_option *o = cmd->options; o && o->names; o++)
		if (*o->names && (o->type == CMD_LIST || o->type == CMD_NAMES || o->type == CMD_NUMBERS)) {
			struct cmd_list *list = (void *)((char *)options + o->offset);

			free(list->v);
			*list = (struct cmd_list){ 0 };
		}
}
