/*
 * child.h -- services that are programs: starting them and hearing of their end
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include "cmd.h"

/* Seconds that a program may be silent, unless --timeout says otherwise. */
#define CMD_CHILD_TIMEOUT 60

/* The words of a program's command line, path first, ended by NULL. */
struct cmd_words {
	char **argv;
	size_t n;
};
/*
 * Splits the words after the operand at optind into those that are options of
 * ours, which own is told of, and those of the program, which keep their order.
 * -h and -V are answered.
 */
typedef void cmd_own_option(void *ctx, int letter, const char *arg);
void cmd_child_words(const char *path, int argc, char *argv[],
    cmd_own_option *own, void *ctx, struct cmd_words *ret);
void cmd_words_release(struct cmd_words *);

/* A program at work.  in is -1 when it was not asked for. */
struct cmd_child {
	pid_t pid;
	int in, out; /* our ends of its standard input and output */
};
/*
 * Starts `path` with argv (ended by NULL).  The account's settings are in its
 * environment as TH_ACCOUNT_KEY; its secrets, and they alone, are one JSON
 * object on descriptor 3.  Without with_input it reads ours.
 */
enum th_status cmd_child_start(const char *path, char *const argv[],
    const struct th_config *, struct th_account *, bool with_input,
    struct cmd_child *ret, struct th_err *err);
/*
 * Closes what is open, waits for its end and tells what that means: sysexits'
 * codes are what they are, another failure is TH_EUNAVAIL.  One that is stopped
 * is told to end first, one that hangs may not listen and is killed; how these
 * end does not matter.
 */
enum cmd_child_end { CMD_CHILD_ENDS, CMD_CHILD_STOPPED, CMD_CHILD_HANGS };
enum th_status cmd_child_wait(
    struct cmd_child *, const char *name, enum cmd_child_end, struct th_err *);

#endif
