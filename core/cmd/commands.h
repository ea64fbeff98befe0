/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every command's description; each is defined in the file of its name. */
#ifndef CORE_CMD_COMMANDS_H
#define CORE_CMD_COMMANDS_H

struct cmd;

extern const struct cmd cmd_convert;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_extract;
extern const struct cmd cmd_help;
extern const struct cmd cmd_info;
extern const struct cmd cmd_record;
extern const struct cmd cmd_repair;
extern const struct cmd cmd_replay;
extern const struct cmd cmd_run;
extern const struct cmd cmd_trace;
extern const struct cmd cmd_verify;

#endif
