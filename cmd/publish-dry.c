/* publish-dry -- th-publish --dry-run: what would be sent, and nothing else */
#include <inttypes.h>

#include "publish.h"

struct dry {
	struct publish *p;
	struct th_publisher *pub;
	int64_t room; /* left of the limits; < 0: no limit */
	int64_t shown, over;
};

static void
look_at_limit(struct dry *d, const struct th_limit *limit, const char *prefix,
    const char *key)
{
	struct th_err err = { 0 };
	int64_t room = limit->n, next;
	struct th_buf b;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_adds(&b, prefix);
	cmd_check(th_buf_adds(&b, key), NULL);
	if (d->p->store != NULL)
		cmd_check(th_limit_look(
			      d->p->store, b.data, limit, &room, &next, &err),
		    &err);
	th_buf_release(&b);
	if (d->room < 0 || room < d->room)
		d->room = room;
}

static enum th_status
show_request(const struct th_publisher *pub, const struct th_delivery *d)
{
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, TH_REPLY_MAX);
	if (pub->pipe != NULL)
		st = th_pipe_line(d, pub->title != NULL, &b);
	else if ((st = th_request_show(&d->request, &b)) == TH_OK)
		st = th_buf_addc(&b, '\n');
	if (st == TH_OK)
		st = th_out_write(&cmd_out, th_buf_str(&b));
	th_buf_release(&b);
	return st;
}

/* Prints the request of one item; a service that sends none says what it does.
 */
static enum th_status
show(struct dry *d, struct th_str line)
{
	struct th_delivery_text room = { 0 };
	struct th_delivery delivery = { 0 };
	struct th_err err = { 0 };
	struct th_item it;
	enum th_status st;

	if (d->room >= 0 && d->shown >= d->room) {
		d->over++;
		return TH_OK;
	}
	th_item_init(&it);
	st = th_item_parse(&it, line, &err);
	if (st == TH_OK)
		st = th_delivery_fill(&delivery, &room, d->pub, &it, &err);
	if (st == TH_OK && d->pub->pipe == NULL) {
		delivery.dry = true;
		st = d->pub->service->publish(d->pub->session, &delivery, NULL);
		err = *th_session_err(d->pub->session);
	}
	if (st == TH_OK)
		st = show_request(d->pub, &delivery);
	if (st == TH_OK || st == TH_END) {
		d->shown++;
	} else if (st != TH_ENOMEM && cmd_out.status == TH_OK) {
		cmd_warn("%.*s: %s", (int)delivery.id.len,
		    delivery.id.len > 0 ? delivery.id.s : "",
		    err.text[0] != '\0' ? err.text : th_strstatus(st));
		cmd_note(st);
	}
	th_delivery_release(&delivery);
	th_delivery_text_release(&room);
	th_item_release(&it);
	/* What has no memory now would be missing between the others. */
	return st == TH_ENOMEM ? st : cmd_out.status;
}

static enum th_status
show_waiting(void *ctx, const struct th_entry *e)
{
	return show(ctx, e->line);
}

static enum th_status
show_told(void *ctx, enum th_item_state state, bool is_new, struct th_str line,
    struct th_str receipt)
{
	(void)state;
	(void)receipt;
	return is_new ? show(ctx, line) : TH_OK;
}

/* Without a store nothing is known. */
static enum th_status
take(void *ctx, const struct th_item *it, struct th_err *err)
{
	struct dry *d = ctx;
	struct th_queue *q = d->p->outbox;
	enum th_status st;
	struct th_buf id;

	if (q == NULL) {
		th_buf_init(&id, TH_LINE_MAX);
		st = th_item_id(it, &id, err);
		th_buf_release(&id);
		return st == TH_OK ? show(d, it->line) : st;
	}
	st = th_queue_add(q, it, err);
	if (st != TH_OK || !th_queue_full(q))
		return st;
	return th_queue_deposit(q, TH_DEPOSIT_LOOK, show_told, d, err);
}

static void
show_input(struct dry *d)
{
	enum th_status st = cmd_each_item(take, d);

	if (st == TH_OK && d->p->outbox != NULL)
		st = th_queue_deposit(
		    d->p->outbox, TH_DEPOSIT_LOOK, show_told, d, NULL);
	if (st != TH_END && st != TH_OK)
		cmd_note(st);
}

void
publish_dry(struct publish *p, struct th_publisher *pub)
{
	struct dry d = { .p = p, .pub = pub, .room = -1 };
	struct th_err err = { 0 };
	enum th_status st;

	if (p->has_limit)
		look_at_limit(&d, &p->limit, "", p->account_key.data);
	if (p->has_own)
		look_at_limit(&d, &p->own, "queue ", p->queue_name.data);
	if (p->max_items > 0 && (d.room < 0 || d.room > p->max_items))
		d.room = p->max_items;
	if (p->outbox != NULL && pub->session != NULL) {
		st = th_queue_each(
		    p->outbox, TH_Q_BIT(TH_Q_WAITING), show_waiting, &d, &err);
		if (st > TH_END && cmd_out.status == TH_OK)
			cmd_check(st, &err);
	}
	if (!p->drain && pub->session != NULL)
		show_input(&d);
	cmd_say(0, "dry run: %" PRId64 " would be sent%s", d.shown,
	    d.over > 0 ? ", the rest waits for the limit" : "");
}
