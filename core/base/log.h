/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices on the way: what a module must tell the user without failing. They go
 * to the one printer that the command installs (core/cmd), never to stdout.
 * A function logs or returns its error, never both.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdarg.h>

enum log_level {	/* shown when -v is at least this */
	LOG_ERROR = -1,
	LOG_WARN = 0,
	LOG_INFO = 1,	/* what is archived, concealed, volatile */
	LOG_DEBUG = 2,
};

typedef void log_printer(enum log_level level, const char *line);

void log_init(int verbosity, log_printer *print);
int log_verbosity(void);
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
