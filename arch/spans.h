/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of each .tbl file, made by arch/tables.awk; only for the abi.c that belongs to it. */
#ifndef ARCH_SPANS_H
#define ARCH_SPANS_H

#include "arch/abi.h"

extern const struct abi_span abi_spans_x86_64[];
extern const struct abi_span abi_spans_x32[];
extern const struct abi_span abi_spans_i386[];
extern const struct abi_span abi_spans_eabi[];
extern const struct abi_span abi_spans_arm64[];
extern const struct abi_span abi_spans_sandbox[];

#endif
