// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/cpuinfo names much that only a kernel cares for (power, virtualisation,
 * mitigations). A program depends on instructions, so only their names count.
 */
#include "core/replay/cpu.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/manifest/manifest.h"

/* Whole names, or beginnings where a "*" stands. Any machine's: they do not collide. */
static const char *const instructions[] = {
	"3dnow*", "abm", "adx", "aes", "amx_*", "asimd*", "atomics", "avx*", "bf16", "bmi1", "bmi2",
	"bti", "clflushopt", "clwb", "cmov", "crc32", "cx16", "cx8", "dcpop", "dcpodp", "dgh", "dotprod",
	"erms", "f16c", "fcma", "flagm*", "flm", "fma", "fma4", "fp", "fphp", "frint", "fsrm", "gfni",
	"half", "i8mm", "idiva", "idivt", "jscvt", "lahf_lm", "lpae", "lrcpc", "ilrcpc", "lse*", "mmx*",
	"movbe", "movdir*", "neon", "paca", "pacg", "pclmulqdq", "pmull", "pni", "popcnt", "rdrand",
	"rdseed", "rtm", "sb", "serialize", "sha*", "sm3", "sm4", "sme*", "sse*", "ssse3", "sve*", "swp",
	"tbm", "thumb", "tls", "tsc", "uscat", "vaes", "vfp*", "vpclmulqdq", "waitpkg", "xop", "xsave*",
};

static bool counts(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		const char *known = instructions[i];
		size_t len = strlen(known);

		if (known[len - 1] == '*' ? !strncmp(name, known, len - 1) : !strcmp(name, known))
			return true;
	}
	return false;
}

/* As a word of its own. */
static bool has(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || strchr(" \t:\n", at[-1])) && (!at[len] || strchr(" \t\n", at[len])))
			return true;
	return false;
}

void cpu_missing(struct buf *to, const struct manifest_strings *recorded, const char *here)
{
	for (size_t i = 0; i < recorded->n; i++) {
		if (!counts(recorded->v[i]) || has(here, recorded->v[i]))
			continue;
		if (to->len)
			buf_addc(to, ' ');
		buf_adds(to, recorded->v[i]);
	}
}
