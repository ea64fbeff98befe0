// SPDX-License-Identifier: GPL-2.0-or-later
/* crash IN OUT: copies a line and dies of a null pointer, the output written. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	char line[64];
	FILE *in = fopen(argv[1], "r"), *out = argc > 2 ? fopen(argv[2], "w") : NULL;
	volatile char *nowhere = NULL;

	if (!in || !out || !fgets(line, sizeof(line), in))
		return 1;
	fprintf(out, "read %s", line);
	fclose(out);
	printf("now\n");
	fflush(stdout);
	return *nowhere;
}
