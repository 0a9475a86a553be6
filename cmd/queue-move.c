/* queue-move -- th-queue retry, release, drop, purge */
#include <inttypes.h>

#include "queue.h"

/* One item or (none named) all of the queue. */
static void
move(
    struct queue_cmd *c, unsigned from, enum th_item_state to, const char *what)
{
	struct th_err err = { 0 };
	int64_t n, sum = 0;
	struct th_str id;
	size_t i = 1;

	queue_open(c, c->arg[0], NULL, NULL);
	do {
		id = (struct th_str){ NULL, 0 };
		if (c->nargs > 1)
			id = th_str(c->arg[i]);
		cmd_check(th_queue_move(c->q, id, from, to, &n, &err), &err);
		if (n == 0 && id.s != NULL) {
			cmd_warn("%s: nothing to %s", c->arg[i], what);
			cmd_note(TH_EDATA);
		}
		sum += n;
	} while (++i < c->nargs);
	cmd_say(0, "%" PRId64 " %s", sum, th_item_state_name(to));
}

void
queue_retry(struct queue_cmd *c)
{
	move(c,
	    TH_Q_BIT(TH_Q_WAITING) | TH_Q_BIT(TH_Q_REFUSED) |
		TH_Q_BIT(TH_Q_EXPIRED),
	    TH_Q_WAITING, "retry");
}

void
queue_release(struct queue_cmd *c)
{
	move(c, TH_Q_BIT(TH_Q_HELD), TH_Q_WAITING, "release");
}

void
queue_drop(struct queue_cmd *c)
{
	move(c, TH_Q_OUTBOX & ~TH_Q_BIT(TH_Q_LEASED), TH_Q_DROPPED, "drop");
}

static void
purge_one(struct queue_cmd *c)
{
	struct th_err err = { 0 };
	int64_t n;

	cmd_check(th_queue_purge(c->q, th_now() - c->older, &n, &err), &err);
	cmd_say(
	    n > 0 ? 0 : 1, "%s: %" PRId64 " purged", th_queue_name(c->q), n);
}

void
queue_purge(struct queue_cmd *c)
{
	size_t i;

	if (c->nargs == 0)
		queue_for_each(c, purge_one);
	for (i = 0; i < c->nargs; i++) {
		queue_open(c, c->arg[i], NULL, NULL);
		purge_one(c);
		queue_close(c);
	}
	cmd_index_prune(c->config, c->store, th_now() - c->older);
}
