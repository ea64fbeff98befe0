// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * foreign FILE [MACHINE]: makes a static program for ARM, which needs no compiler for that. It
 * writes its argv[0] on a line; with arguments it then executes them. With MACHINE, a number,
 * the same file says that it is for another one.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT 0x10000

static const uint32_t code[] = {
	0xe59d4000,	/* ldr r4, [sp]: argc */
	0xe28d5004,	/* add r5, sp, #4: argv */
	0xe0856104,	/* add r6, r5, r4, lsl #2 */
	0xe2866004,	/* add r6, r6, #4: envp */
	0xe5950000,	/* ldr r0, [r5] */
	0xe1a01000,	/* mov r1, r0 */
	0xe4d13001,	/* ldrb r3, [r1], #1 */
	0xe3530000,	/* cmp r3, #0 */
	0x1afffffc,	/* bne -2 */
	0xe0412000,	/* sub r2, r1, r0 */
	0xe2422001,	/* sub r2, r2, #1 */
	0xe1a01000,	/* mov r1, r0 */
	0xe3a00001,	/* mov r0, #1 */
	0xe3a07004,	/* mov r7, #4: write */
	0xef000000,	/* svc 0 */
	0xe28f1040,	/* add r1, pc, #64: the last word */
	0xe3a02001,	/* mov r2, #1 */
	0xe3a00001,	/* mov r0, #1 */
	0xe3a07004,	/* mov r7, #4 */
	0xef000000,	/* svc 0 */
	0xe3540001,	/* cmp r4, #1 */
	0xca000002,	/* bgt +4 */
	0xe3a00000,	/* mov r0, #0 */
	0xe3a07001,	/* mov r7, #1: exit */
	0xef000000,	/* svc 0 */
	0xe5950004,	/* ldr r0, [r5, #4] */
	0xe2851004,	/* add r1, r5, #4 */
	0xe1a02006,	/* mov r2, r6 */
	0xe3a0700b,	/* mov r7, #11: execve */
	0xef000000,	/* svc 0 */
	0xe2600000,	/* rsb r0, r0, #0 */
	0xe3a07001,	/* mov r7, #1 */
	0xef000000,	/* svc 0 */
	'\n',
};

int main(int argc, char **argv)
{
	struct { Elf32_Ehdr head; Elf32_Phdr load; uint32_t code[sizeof(code) / 4]; } file = {
		.head = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_ARM, .e_version = EV_CURRENT,
			.e_entry = AT + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			.e_phoff = sizeof(Elf32_Ehdr), .e_flags = 0x05000200,	/* EABI 5, soft float */
			.e_ehsize = sizeof(Elf32_Ehdr), .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
		},
		.load = {
			.p_type = PT_LOAD, .p_vaddr = AT, .p_paddr = AT, .p_filesz = sizeof(file),
			.p_memsz = sizeof(file), .p_flags = PF_R | PF_X, .p_align = 0x10000,
		},
	};
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755) : -1;

	memcpy(file.code, code, sizeof(code));
	if (argc > 2)
		file.head.e_machine = (Elf32_Half)atoi(argv[2]);
	return fd < 0 || write(fd, &file, sizeof(file)) != sizeof(file);
}
