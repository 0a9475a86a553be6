/* index -- what a program publishes can be found again with th-search */
#include <inttypes.h>

#include "cmd.h"

void
cmd_index_open(struct th_config *config, struct th_store *store,
    struct th_queue *queue, struct th_search **ret)
{
	struct th_err err = { 0 };
	enum th_status st =
	    th_search_open(config, store, &th_search_elastic, ret, &err);

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
		st = th_search_flush(search, false, &err);
	if (st == TH_EAGAIN)
		cmd_say(1, "%s; what is new there is sent later", err.text);
	else if (st != TH_OK)
		cmd_warn("%s", err.text);
	/* Its documents refused are no items refused. */
	if (st != TH_EAGAIN && st != TH_EREFUSED)
		cmd_note(st);
	th_queue_index(queue, NULL);
	th_search_free(search);
}

void
cmd_index_prune(
    struct th_config *config, struct th_store *store, int64_t before)
{
	struct th_search *search = NULL;
	struct th_err err = { 0 };
	enum th_status st;
	int64_t n = 0;

	st = th_search_open(config, store, &th_search_elastic, &search, &err);
	if (st == TH_OK)
		st = th_search_prune(search, before, &n, &err);
	if (st == TH_OK)
		st = th_search_flush(search, false, &err);
	if (st == TH_EREFUSED)
		cmd_warn("%s", err.text);
	else if (st != TH_EAGAIN)
		cmd_check(st, &err);
	cmd_say(n > 0 ? 0 : 1, "th-search: %" PRId64 " purged", n);
	th_search_free(search);
}
