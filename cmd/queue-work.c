/* queue-work -- th-queue put, take, ack: publishing by another program */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

static enum th_status
count_new(void *ctx, enum th_item_state state, bool is_new, struct th_str line,
    struct th_str receipt)
{
	(void)state;
	(void)line;
	(void)receipt;
	*(int64_t *)ctx += is_new;
	return TH_OK;
}

static enum th_status
put_item(void *ctx, const struct th_item *it, struct th_err *err)
{
	struct queue_cmd *c = ctx;
	enum th_status st = th_queue_add(c->q, it, err);

	if (st == TH_OK && th_queue_full(c->q))
		st = th_queue_post(c->q, TH_DEPOSIT, count_new, &c->n, err);
	return st;
}

void
queue_put(struct queue_cmd *c)
{
	const char *name = c->arg[0];
	struct th_err err = { 0 };

	c->n = 0;
	if (name[0] == '\0')
		cmd_usage("empty name of a queue");
	if (th_utf8_valid(th_str(name)) != strlen(name))
		cmd_usage("the name of the queue is not UTF-8");
	queue_open(c, name, "", "");
	cmd_index_open(c->config, c->store, c->q, &c->search);
	cmd_each_item(put_item, c);
	cmd_check(
	    th_queue_deposit(c->q, TH_DEPOSIT, count_new, &c->n, &err), &err);
	cmd_say(0, "%" PRId64 " new", c->n);
}

/* ---- take ---- */

/* A publisher that stands in keeps the limits of the account it stands in for.
 */
static enum th_status
take_token(struct queue_cmd *c, const char *key, int64_t *token)
{
	char clock[CMD_CLOCK_SIZE];
	struct th_err err = { 0 };
	struct th_limit limit;
	enum th_status st;
	int64_t next;

	*token = 0;
	if (c->service[0] == '\0' ||
	    !th_config_limit(c->config, c->service, c->account, &limit))
		return TH_OK;
	st = th_limit_take(c->store, key, &limit, token, &next, &err);
	queue_check(st, &err);
	cmd_clock(next, clock);
	if (st == TH_END)
		cmd_say(0,
		    next != 0 ? "limit reached, next at %s" : "limit is 0%s",
		    clock);
	return st;
}

static enum th_status
take_one(struct queue_cmd *c, struct th_claim *claim, struct th_lease *lease,
    struct th_err *err)
{
	char key[512];
	int64_t token;
	enum th_status st;

	snprintf(key, sizeof(key), "%s:%s", c->service, c->account);
	if (take_token(c, key, &token) == TH_END)
		return TH_END;
	st = th_queue_claim(c->q, claim, lease, err);
	if (st != TH_OK && token != 0)
		th_limit_give(c->store, key, token, NULL);
	return st;
}

void
queue_take(struct queue_cmd *c)
{
	char owner[TH_OWNER_SIZE] = "take ", self[TH_OWNER_SIZE];
	struct th_claim claim = { .owner = owner, .seconds = c->lease };
	struct th_err err = { 0 };
	char clock[CMD_CLOCK_SIZE];
	struct th_lease lease;
	enum th_status st = TH_OK;
	int64_t n;

	queue_open(c, c->arg[0], NULL, NULL);
	cmd_clock(queue_paused(c), clock);
	if (clock[0] != '\0') {
		cmd_say(
		    0, "the service asked to be left alone until %s", clock);
		return;
	}
	/* Not ours as a process: the lease outlives this program. */
	th_owner(self);
	memcpy(owner + 5, self, sizeof(owner) - 6);
	cmd_check(th_queue_reclaim(c->q, &err), &err);
	th_lease_init(&lease);
	for (n = 0; (c->n == 0 || n < c->n) && !th_interrupted; n++) {
		if ((st = take_one(c, &claim, &lease, &err)) != TH_OK)
			break;
		if (lease.doubtful)
			cmd_warn("item %" PRId64 ": may have been sent before",
			    n + 1);
		if (th_out_line(&cmd_out, th_buf_str(&lease.line)) != TH_OK ||
		    th_out_flush(&cmd_out) != TH_OK)
			break;
	}
	queue_check(st, &err);
	th_lease_release(&lease);
}

/* ---- ack ---- */

/* The receipts an item has, and the last of them. */
struct receipts {
	struct th_value last;
	size_t n;
};

static bool
note_receipt(void *ctx, const struct th_value *v)
{
	struct receipts *r = ctx;

	r->last = *v;
	r->n++;
	return false;
}

/* As many as the item had when it was taken are of other publishers. */
static enum th_status
count_receipts(void *ctx, const struct th_entry *e)
{
	struct receipts r = { 0 };
	struct th_item it;

	th_item_init(&it);
	if (e->line.s != NULL && th_item_parse(&it, e->line, NULL) == TH_OK)
		th_item_visit(&it, "_published", note_receipt, &r);
	*(size_t *)ctx = r.n;
	th_item_release(&it);
	return TH_OK;
}

static char *
member_text(const struct th_value *v, const char *name)
{
	struct th_value found;
	struct th_buf b;
	char *ret = NULL;

	th_buf_init(&b, TH_LINE_MAX);
	if (v->raw.s != NULL && th_value_get(v, name, &found) &&
	    found.type == TH_JSON_STRING &&
	    th_value_text(&found, &b) == TH_OK && b.len > 0)
		ret = th_buf_take(&b);
	th_buf_release(&b);
	return ret;
}

static enum th_status
settle(struct queue_cmd *c, struct th_str id, const struct th_outcome *o,
    struct th_err *err)
{
	struct th_hash hash = th_hash(id);
	enum th_status st = th_queue_settle(c->q, &hash, o, err);

	if (st == TH_END)
		return th_fail(err, TH_EDATA,
		    "%.*s: is not in the queue, or settled already",
		    (int)id.len, id.s);
	return st;
}

/* An item as it came from take, perhaps with a receipt: it was published. */
static enum th_status
ack_item(struct queue_cmd *c, const struct th_item *it, struct th_str id,
    struct th_err *err)
{
	struct th_outcome o = { .state = TH_Q_PUBLISHED, .item = it };
	struct receipts r = { 0 };
	char *remote, *url;
	enum th_status st;
	size_t before = 0;

	st = th_queue_find(c->q, id, count_receipts, &before, err);
	if (st != TH_OK && st != TH_END)
		return st;
	th_item_visit(it, "_published", note_receipt, &r);
	if (r.n <= before)
		r.last = (struct th_value){ 0 };
	o.id = remote = member_text(&r.last, "id");
	o.url = url = member_text(&r.last, "url");
	st = settle(c, id, &o, err);
	free(remote);
	free(url);
	return st;
}

static enum th_status
ack_receipt(struct queue_cmd *c, const struct th_item *it, struct th_str id,
    struct th_err *err)
{
	struct th_receipt_line r;
	struct th_outcome o = { 0 };
	enum th_status st;

	if ((st = th_receipt_read(it, &r, err)) != TH_OK)
		return st;
	o.state = r.state;
	o.id = r.remote_id;
	o.url = r.url;
	o.reason = th_str(r.reason);
	o.tried = r.state == TH_Q_WAITING;
	if (r.state == TH_Q_WAITING)
		o.due = th_now() + (r.after >= 0 ? r.after : th_backoff(1));
	st = settle(c, id, &o, err);
	if (st == TH_OK && r.state == TH_Q_REFUSED)
		cmd_note(TH_EREFUSED);
	if (st == TH_OK && r.state == TH_Q_WAITING)
		cmd_note(TH_EAGAIN);
	th_receipt_line_release(&r);
	return st;
}

static enum th_status
ack_line(void *ctx, const struct th_item *it, struct th_err *err)
{
	struct queue_cmd *c = ctx;
	struct th_value status;
	struct th_buf id;
	enum th_status st;

	th_buf_init(&id, TH_LINE_MAX);
	st = th_item_id(it, &id, err);
	if (st == TH_OK)
		st = th_item_get(it, "status", &status)
			 ? ack_receipt(c, it, th_buf_str(&id), err)
			 : ack_item(c, it, th_buf_str(&id), err);
	th_buf_release(&id);
	return st;
}

void
queue_ack(struct queue_cmd *c)
{
	queue_open(c, c->arg[0], NULL, NULL);
	cmd_index_open(c->config, c->store, c->q, &c->search);
	cmd_each_item(ack_line, c);
}
