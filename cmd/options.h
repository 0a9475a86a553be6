/*
 * options.h -- shared between the files of libcmd: the program at work
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cmd.h"

/* What cmd_init() was given. */
extern const struct cmd *cmd_program;
/* The service or subcommand that cmd_getopt_more() was given; or NULL. */
extern const char *cmd_operand;

/* Options that have no program: -h, -V, -v, -q, -c; ended by { NULL }. */
extern const struct cmd_option cmd_common[];

/* Was that one of cmd_program->options in the command line? */
bool cmd_was_given(size_t option);

/*
 * Prints --help on cmd_out: the program's, or that of a service or subcommand
 * `sub` with the params that have a flag of `which`.
 */
void cmd_help(const struct cmd *sub, const struct th_param *params,
    unsigned which);

/*
 * Deals with an option that all programs have, its argument in optarg; -h as
 * cmd_help(), and ends.  false: it is none of them.
 */
bool cmd_common_option(int letter, const struct cmd *sub,
    const struct th_param *params, unsigned which);

/* What --help calls the argument of a parameter; NULL: it takes none. */
const char *cmd_param_arg(const struct th_param *);

/*
 * th-NAME --complete WORD...: prints what the last word could be, a line each,
 * a tab and help behind it; nothing where only files or free text could be.
 */
void cmd_complete(int argc, char *argv[]);

/* First and last of a program in a trigger's pipeline; see cmd_tell(). */
void cmd_report_start(void);
void cmd_report_end(int code);
/* What went wrong last, in words: told when it ends so. */
void cmd_report_why(const char *text);

#endif
