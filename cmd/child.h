/*
 * child.h -- services that are programs: starting them and hearing of their end
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include "cmd.h"

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
 * codes are what they are, another failure is TH_EUNAVAIL.  With `stop` it is
 * told to end first, and how it ends does not matter.
 */
enum th_status cmd_child_wait(
    struct cmd_child *, const char *name, bool stop, struct th_err *err);

#endif
