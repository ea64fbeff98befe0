# SPDX-License-Identifier: GPL-2.0-or-later
# The one entry. Everything made goes to build/$(NAME); the rules for objects are in
# scripts/Makefile.build, what is built stands in each folder's Kbuild.

VERSION := 3.0

ifneq ($(filter-out 4.% 5.%,$(MAKE_VERSION)),)
$(error GNU make 4.0 or newer is needed)
endif

ifneq ($(words $(CURDIR)),1)
$(error make cannot build in a folder whose path has a space: $(CURDIR))
endif

MAKEFLAGS += -rR --no-print-directory
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.PHONY: FORCE all help defconfig olddefconfig menuconfig savedefconfig check install clean distclean tests checkdeps

all:

# SANITIZE=1: the host's compiler and libc (static musl has no sanitizer runtime).
ifneq ($(filter-out 0,$(SANITIZE)),)
override ARCH := $(shell scripts/arch)
NAME ?= host-asan
endif
ARCH ?= $(shell scripts/arch)
NAME ?= $(ARCH)
PREFIX ?= /usr/local
O := build/$(NAME)
export ARCH

ifeq ($(wildcard arch/$(ARCH)/toolchain),)
$(error There is no architecture "$(ARCH)"; these are: $(patsubst arch/%/toolchain,%,$(wildcard arch/*/toolchain)))
endif
include arch/$(ARCH)/toolchain

# --- configuration ----------------------------------------------------------

KCONF ?= kconfig-conf
MCONF ?= kconfig-mconf
kconfigs := $(wildcard Kconfig */Kconfig */*/Kconfig */*/*/Kconfig)
need-kconf = command -v $(firstword $1) >/dev/null || \
	{ echo "$(firstword $1) is missing; run: scripts/need build" >&2; exit 1; }
# Its file names are relative to where it runs; srctree is where Kconfig files are looked for.
kconf = $(need-kconf) && mkdir -p $(O)/include/config && cd $(O) && srctree=$(CURDIR) \
	KCONFIG_AUTOHEADER=include/autoconf.new $1

defconfig:
	@$(call kconf,$(KCONF) --defconfig=$(CURDIR)/configs/defconfig Kconfig)

%_defconfig: configs/%_defconfig
	@$(call kconf,$(KCONF) --defconfig=$(CURDIR)/$< Kconfig)

olddefconfig: $(O)/.config
	@$(call kconf,$(KCONF) --olddefconfig Kconfig)

menuconfig: $(O)/.config
	@$(call kconf,$(MCONF) Kconfig)

savedefconfig: $(O)/.config
	@$(call kconf,$(KCONF) --savedefconfig=$(CURDIR)/defconfig Kconfig)
	@echo "wrote defconfig"

$(O)/.config:
	@$(call kconf,$(KCONF) --defconfig=$(CURDIR)/configs/defconfig Kconfig >/dev/null)
	@echo "  CONF    $@ (configs/defconfig)"

# autoconf.h is replaced only when it changed: every object depends on it.
$(O)/include/config/auto.conf: $(O)/.config $(kconfigs)
	@$(call kconf,$(KCONF) --olddefconfig Kconfig >/dev/null)
	@$(call kconf,$(KCONF) --silentoldconfig Kconfig >/dev/null)
	@cd $(O)/include && if cmp -s autoconf.new autoconf.h; then rm autoconf.new; \
		else mv autoconf.new autoconf.h; fi
	@touch $@

# --- what needs no configuration ----------------------------------------------

clean:
	rm -rf $(O)/obj $(O)/tests $(O)/include/generated $(O)/man $(O)/completion $(O)/host $(O)/care $(O)/care.debug $(O)/libcare.a

# The dependencies below build/ stay unless they are built here (CARE_DEPS unset).
distclean:
	rm -rf build

help:
	@scripts/help

checkdeps:
	@scripts/checkdeps

without-config := defconfig %_defconfig olddefconfig menuconfig savedefconfig clean distclean help checkdeps
goals := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(without-config),$(goals)),)
include $(O)/include/config/auto.conf
include scripts/Makefile.build
endif
