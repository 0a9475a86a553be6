/* store -- the store of a program: how long it waits, what -v tells of it */
#include "cmd.h"

#define WAIT_MAX 86400

int64_t
cmd_wait(const char *arg)
{
	int64_t seconds = cmd_duration("--wait", arg);

	if (seconds > WAIT_MAX)
		cmd_usage("--wait: at most 1d: %s", arg);
	return seconds;
}

enum th_status
cmd_store_open(struct th_config *config, int64_t wait, unsigned flags,
    struct th_store **ret, struct th_err *err)
{
	enum th_status st;

	if (wait >= 0)
		th_config_wait(config, wait);
	st = th_store_open_with(config, flags, ret, err);
	if (st == TH_OK && cmd_verbose > 0)
		th_store_advise(*ret, cmd_session_say, NULL);
	return st;
}
