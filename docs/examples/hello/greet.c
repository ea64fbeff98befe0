// SPDX-License-Identifier: GPL-2.0-or-later
#include "greet.h"

const char *greeting(void)
{
	return "Hello from a program whose compile was recorded and replayed.";
}
