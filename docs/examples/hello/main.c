// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "greet.h"

int main(void)
{
	return puts(greeting()) < 0;
}
