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

void
cmd_index_open(struct th_config *config, struct th_store *store,
    struct th_queue *queue, struct th_search **ret)
{
	struct th_err err = { 0 };
	enum th_status st = th_search_open(config, store, ret, &err);

	if (st == TH_OK) {
		th_queue_index(queue, *ret);
		return;
	}
	*ret = NULL;
	cmd_warn("%s; th-search will not find these items", err.text);
	cmd_note(st);
}

void
cmd_index_close(struct th_search *search, struct th_queue *queue)
{
	struct th_err err = { 0 };
	enum th_status st;

	if (search == NULL)
		return;
	st = th_queue_indexed(queue, &err);
	if (st == TH_OK)
		st = th_search_flush(search, &err);
	if (st == TH_EAGAIN)
		cmd_say(1, "%s; what is new there is sent later", err.text);
	else if (st != TH_OK) {
		cmd_warn("%s", err.text);
		cmd_note(st);
	}
	th_queue_index(queue, NULL);
	th_search_free(search);
}
