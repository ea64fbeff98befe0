// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image [ARG]…: says what it finds of itself, in words that are the same at each run: stack,
 * auxiliary vector, memory, what /proc tells. Exits 7. Tests compile it as programs of all
 * kinds and compare how the kernel starts one with how we do; -DBIG: 64 MiB of zeros.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef BIG
static char zeros[64 << 20];
#else
static char zeros[100000];
#endif
static int data[5000] = { 1, 2, 3 };
static jmp_buf back;

extern char __executable_start[], _end[], _start[];

static int in_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	int inside = 0;

	(void)size;
	(void)arg;
	if (*info->dlpi_name)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		inside += info->dlpi_phdr[i].p_type == PT_LOAD && (uintptr_t)data >= from &&
			  (uintptr_t)data < from + info->dlpi_phdr[i].p_memsz;
	}
	printf("data is in %d segment\n", inside);
	return 0;
}

static void *thread(void *arg)
{
	return arg;
}

static int is_elf(uintptr_t at)
{
	return at && !memcmp((void *)at, ELFMAG, SELFMAG);
}

static void vector(char **envp)
{
	const ElfW(Ehdr) *head = (void *)__executable_start;
	char told[4096];
	int fd = open("/proc/self/auxv", O_RDONLY);
	ssize_t n = read(fd, told, sizeof(told));

	while (*envp++)
		;
	printf("entry %d phdr %d phnum %d phent %d base %d secure %lu\n",
	       getauxval(AT_ENTRY) == (uintptr_t)_start,
	       getauxval(AT_PHDR) == (uintptr_t)head + head->e_phoff,
	       getauxval(AT_PHNUM) == head->e_phnum, getauxval(AT_PHENT) == head->e_phentsize,
	       is_elf(getauxval(AT_BASE)), getauxval(AT_SECURE));
	printf("by the name of %s\n", (char *)getauxval(AT_EXECFN));
	printf("/proc tells the same vector: %d\n", n > 64 && !memcmp(told, envp, (size_t)n));
	close(fd);
}

static void memory(void)
{
	uintptr_t brk = (uintptr_t)sbrk(0), end = (uintptr_t)_end;
	size_t i = 0;

	while (i < sizeof(zeros) && !zeros[i])
		i++;
	printf("zeros %d, heap behind the program %d\n", i == sizeof(zeros),
	       brk >= end && brk - end < (2u << 30));
	memset(zeros, 1, sizeof(zeros));
}

static void stack_of_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[stack]"))
			printf("stack %.4s\n", strchr(line, ' ') + 1);
	fclose(f);
}

static void stat_of_proc(char **argv)
{
	char line[4096], *at;
	FILE *f = fopen("/proc/self/stat", "r");
	uintptr_t v[64] = { 0 };
	int field = 2;

	if (!f || !fgets(line, sizeof(line), f))
		return;
	fclose(f);
	at = strrchr(line, ')') + 1;
	for (at = strtok(at, " "); at && field < 60; at = strtok(NULL, " "))
		v[++field] = strtoull(at, NULL, 10);
	printf("code %d %d stack %d data %d arguments %d %d %d\n", v[26] <= (uintptr_t)_start,
	       v[27] > (uintptr_t)_start, v[28] == (uintptr_t)(argv - 1),
	       v[45] <= (uintptr_t)data && v[46] > (uintptr_t)data, v[48] == (uintptr_t)argv[0],
	       v[49] == v[50], v[51] > v[50]);
}

int main(int argc, char **argv, char **envp)
{
	char name[17] = "";
	pthread_t id;

	prctl(PR_GET_NAME, name);
	printf("%s: %d words\n", name, argc);
	for (int i = 0; i < argc; i++)
		printf("  %s\n", argv[i]);
	for (char **e = envp; *e; e++)
		if (!strncmp(*e, "SAID=", 5))
			puts(*e);
	vector(envp);
	memory();
	stack_of_maps();
	stat_of_proc(argv);
	dl_iterate_phdr(in_program, NULL);
	if (!setjmp(back))
		longjmp(back, 1);
	if (pthread_create(&id, NULL, thread, NULL) == 0)
		pthread_join(id, NULL);
	return 7;
}
