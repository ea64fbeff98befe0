// SPDX-License-Identifier: GPL-2.0-or-later
/* emul/qemu: whose programs an emulator runs, and how that is said to the kernel. */
#include "emul/qemu/qemu.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "emul/elf/elf.h"
#include "tests/unit/check.h"

static const struct elf_info arm = { .bits = 32, .machine = EM_ARM };
static const struct elf_info mipsn32 = { .bits = 32, .big_endian = true, .machine = EM_MIPS, .flags = 0x20 };
static const struct elf_info mips = { .bits = 32, .big_endian = true, .machine = EM_MIPS, .flags = 0x1000 };
static const struct elf_info unheard = { .bits = 32, .machine = 0x7777 };

static const char *name_of(const struct elf_info *elf)
{
	const struct qemu_target *t = qemu_target_of(elf);

	return t ? t->name : "";
}

static void a_header_tells_the_target(void)
{
	CHECK(!strcmp(name_of(&arm), "arm"));
	CHECK(!strcmp(name_of(&mipsn32), "mipsn32"));
	CHECK(!strcmp(name_of(&mips), "mips"));
	CHECK(!*name_of(&unheard));
	CHECK(!qemu_target_find("ar", 2) && !qemu_target_find("arm64", 5) && qemu_target_find("armeb-", 5));
}

static void what_it_is_for_goes_through_it(void)
{
	struct qemu q = { .target = qemu_target_find("arm", 3) };

	CHECK(qemu_runs(&q, &arm) && !qemu_runs(&q, &mips) && !qemu_runs(&q, &unheard));
	q.target = NULL;
	CHECK(qemu_runs(&q, &mips) && qemu_runs(&q, &unheard));
	q.all = true;
	CHECK(qemu_runs(&q, &arm));
}

static bool is_line(const char *target, const char *interpreter, const char *want)
{
	struct qemu q = { .target = qemu_target_find(target, strlen(target)) };
	_cleanup_buf_ struct buf line = BUF_INIT;

	qemu_binfmt(&q, interpreter, &line);
	if (strcmp(buf_str(&line), want))
		fprintf(stderr, "%s\n", buf_str(&line));
	return !strcmp(buf_str(&line), want);
}

#define IDENT(class, data) "\\x7f\\x45\\x4c\\x46\\x0" class "\\x0" data "\\x01" ZEROS(3) ZEROS(3) ZEROS(3)
#define ZEROS(n) ZEROS_##n
#define ZEROS_3 "\\x00\\x00\\x00"
#define SAME "\\xff\\xff\\xff\\xff\\xff\\xff\\xff" ZEROS(3) ZEROS(3) ZEROS(3)

/* As Documentation/admin-guide/binfmt-misc.rst wants it: the type is 2 or 3, osabi and padding whatever they are. */
static void the_kernel_is_told_by_the_header(void)
{
	CHECK(is_line("arm", "bin/qemu-arm", ":care-arm:M::" IDENT("1", "1") "\\x02\\x00\\x28\\x00:" SAME
		      "\\xfe\\xff\\xff\\xff:bin/qemu-arm:FP"));
	CHECK(is_line("s390x", "q", ":care-s390x:M::" IDENT("2", "2") "\\x00\\x02\\x00\\x16:" SAME
		      "\\xff\\xfe\\xff\\xff:q:FP"));
	/* n32 is told by e_flags alone. */
	CHECK(is_line("mipsn32el", "q", ":care-mipsn32el:M::" IDENT("1", "1") "\\x02\\x00\\x08\\x00"
		      ZEROS(3) ZEROS(3) ZEROS(3) ZEROS(3) ZEROS(3) "\\x00\\x20" ZEROS(3) ":" SAME
		      "\\xfe\\xff\\xff\\xff" ZEROS(3) ZEROS(3) ZEROS(3) ZEROS(3) ZEROS(3)
		      "\\x00\\x20" ZEROS(3) ":q:FP"));
	/* A path may hold what usually separates the fields. */
	CHECK(is_line("arm", "a:b", "\1care-arm\1M\1\1" IDENT("1", "1") "\\x02\\x00\\x28\\x00\1" SAME
		      "\\xfe\\xff\\xff\\xff\1a:b\1FP"));
}

static void what_it_cannot_be_told_has_a_reason(void)
{
	char *plain[] = { "qemu-arm", NULL }, *more[] = { "qemu-arm", "-cpu", "max", NULL };
	struct qemu q = { .words = plain, .target = qemu_target_find("arm", 3) };

	CHECK(!qemu_binfmt_why_not(&q));
	q.words = more;
	CHECK(strstr(qemu_binfmt_why_not(&q), "options"));
	q.words = plain;
	q.own = q.target;
	CHECK(strstr(qemu_binfmt_why_not(&q), "itself"));
	q.own = NULL;
	q.all = true;
	CHECK(qemu_binfmt_why_not(&q));
	q.all = false;
	q.target = NULL;
	CHECK(qemu_binfmt_why_not(&q));
}

/* A program of this very program's kind, with one program header. */
static void make_program(const char *path, bool interp)
{
	_cleanup_close_ int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	union { unsigned char ident[2048]; Elf64_Ehdr wide; Elf32_Ehdr narrow; } file = { { 0 } };

	CHECK(from >= 0 && to >= 0 && read(from, &file, sizeof(file.wide)) == sizeof(file.wide));
	if (file.ident[EI_CLASS] == ELFCLASS64) {
		file.wide.e_phoff = sizeof(file.wide);
		file.wide.e_phnum = 1;
		*(Elf64_Phdr *)(&file.wide + 1) = (Elf64_Phdr){
			.p_type = interp ? PT_INTERP : PT_NOTE, .p_offset = 1024, .p_filesz = 7,
		};
	} else {
		file.narrow.e_phoff = sizeof(file.narrow);
		file.narrow.e_phnum = 1;
		*(Elf32_Phdr *)(&file.narrow + 1) = (Elf32_Phdr){
			.p_type = interp ? PT_INTERP : PT_NOTE, .p_offset = 1024, .p_filesz = 7,
		};
	}
	memcpy(file.ident + 1024, "/ld.so", 7);
	CHECK(write(to, &file, sizeof(file)) == sizeof(file));
}

static int find(struct qemu *q, char *name, struct err *e)
{
	char *command[] = { name, "-strace", NULL };

	return qemu_find(q, command, "none:dir:/nowhere", "-q", e);
}

static void the_static_one_is_found(void)
{
	struct qemu q = { 0 };
	struct err e = { 0 };

	CHECK(mkdir("dir", 0755) == 0);
	make_program("dir/qemu-arm", true);
	CHECK(find(&q, "qemu-arm", &e) == -ELIBACC && strstr(e.text, "needs libraries"));
	make_program("dir/qemu-arm-static", false);
	CHECK(find(&q, "qemu-arm", &e) == 0 && strstr(q.path, "/dir/qemu-arm-static") && *q.path == '/');
	CHECK(!strcmp(q.words[0], "qemu-arm") && !strcmp(q.words[1], "-strace") && !q.words[2]);
	CHECK(q.target && !strcmp(q.target->name, "arm") && q.own);
	qemu_clear(&q);
	CHECK(find(&q, "dir/qemu-arm-static", &e) == 0 && q.target);
	qemu_clear(&q);
	/* What a link is called counts first, then what it leads to. */
	CHECK(symlink("qemu-arm-static", "dir/emulate") == 0 && find(&q, "emulate", &e) == 0 && q.target);
	qemu_clear(&q);
	CHECK(rename("dir/qemu-arm-static", "dir/emulator") == 0 && find(&q, "emulator", &e) == 0 && !q.target);
	qemu_clear(&q);
	CHECK(find(&q, "qemu-none", &e) == -ENOENT && strstr(e.text, "qemu-user-static"));
}

int main(void)
{
	char top[] = "qemu-XXXXXX";

	CHECK(mkdtemp(top) && chdir(top) == 0);
	return check_tests(
		a_header_tells_the_target,
		what_it_is_for_goes_through_it,
		the_kernel_is_told_by_the_header,
		what_it_cannot_be_told_has_a_reason,
		the_static_one_is_found);
}
