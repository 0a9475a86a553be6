/* complete-queue -- names of queues for the shell to offer */
#include <string.h>

#include "cmd.h"

static enum th_status
offer_queue(
    void *ctx, const char *name, const char *service, const char *account)
{
	(void)ctx;
	(void)service;
	(void)account;
	cmd_offer(name, NULL);
	return TH_OK;
}

/* Never waits, never makes a store, and asks no server. */
void
cmd_offer_queues(void)
{
	struct th_config *config = NULL;
	struct th_store *store = NULL;
	enum th_status st;

	st = th_config_load(cmd_config, &config, NULL);
	if (st == TH_OK && strcmp(th_config_store(config), "sqlite") == 0) {
		th_config_wait(config, 0);
		st = th_store_open_with(config, TH_STORE_READ, &store, NULL);
		if (st == TH_OK)
			st = th_queue_list(store, offer_queue, NULL, NULL);
	}
	if (st == TH_ENOMEM)
		cmd_note(st);
	th_store_close(store);
	th_config_free(config);
}
