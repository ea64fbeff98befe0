// SPDX-License-Identifier: GPL-2.0-or-later
/* Notices go to one printer; until there is one they are dropped. */
#include "core/base/log.h"

#include "core/base/buf.h"

static int verbosity;
static log_printer *printer;

void log_init(int v, log_printer *print)
{
	verbosity = v;
	printer = print;
}

int log_verbosity(void)
{
	return verbosity;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	if (!printer || (int)level > verbosity)
		return;
	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	printer(level, buf_str(&line));
}
