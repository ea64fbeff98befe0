/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests in C share: CHECK() tells what did not hold and goes on; main() returns
 * check_tests(…) of its functions, or check_summary() where they take arguments. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>

static int check_passed, check_failed;

/* More arguments are a literal format, and what stands for its conversions. */
#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (cond) {                                                    \
			check_passed++;                                        \
		} else {                                                       \
			printf("not ok: %s:%d: %s", __FILE__, __LINE__, #cond); \
			printf(" " __VA_ARGS__);                               \
			printf("\n");                                          \
			check_failed++;                                        \
		}                                                              \
	} while (0)

#define check_tests(...)                                                       \
	check_each((void (*const[])(void)){ __VA_ARGS__ },                     \
		   sizeof((void (*const[])(void)){ __VA_ARGS__ }) / sizeof(void (*)(void)))

/* Each function is a test: it failed if one of its checks did. */
static inline int check_each(void (*const tests[])(void), size_t n)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		int before = check_failed;

		tests[i]();
		bad += check_failed != before;
	}
	printf("%d passed, %d failed\n", (int)n - bad, bad);
	return !!bad;
}

/* Each check counts for itself. */
static inline int check_summary(void)
{
	printf("%d passed, %d failed\n", check_passed, check_failed);
	return !!check_failed;
}

#endif
