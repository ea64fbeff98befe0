// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a file, writes what it is like, by the calls that its C library chooses. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[2], "w") : stdout, *in = fopen(argv[1], "r");
	unsigned long long sum = 0, entries = 0;
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int c;

	if (!out || !in || fstat(fileno(in), &st) < 0)
		return 1;
	while ((c = getc(in)) != EOF)
		sum = sum * 31 + c;
	dir = opendir(".");
	while (dir && (d = readdir(dir)))
		entries++;
	fprintf(out, "pointers of %zu bytes, size %lld, mtime %lld, sum %llu, input %s, %llu entries\n",
		sizeof(void *), (long long)st.st_size, argc > 2 ? (long long)st.st_mtime : 0LL, sum,
		access("input", R_OK) == 0 ? "readable" : "not readable", entries);
	return argc > 2 ? 0 : 9;
}
