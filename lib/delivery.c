/* delivery -- one item made ready for a service */
#include <stdlib.h>

#include "priv.h"

void
th_delivery_text_release(struct th_delivery_text *t)
{
	th_buf_release(&t->id);
	th_buf_release(&t->title);
	th_buf_release(&t->text);
	th_buf_release(&t->key);
}

void
th_delivery_release(struct th_delivery *d)
{
	th_request_release(&d->request);
	th_buf_release(&d->memo);
	free(d->receipt.id);
	free(d->receipt.url);
	*d = (struct th_delivery){ 0 };
}

static enum th_status
fill_title(struct th_delivery_text *room, const struct th_publisher *p,
    const struct th_item *it, struct th_err *err)
{
	enum th_status st;

	if (p->title != NULL)
		return th_template_expand(
		    p->title, it, NULL, &room->title, err);
	st = th_item_text(it, "title", &room->title);
	if (st == TH_END || (st == TH_OK && room->title.len == 0))
		st = th_item_text(it, "url", &room->title);
	return st == TH_END ? TH_OK : st;
}

/* The same for every attempt, different in every queue. */
static enum th_status
fill_key(struct th_buf *key, const char *queue, struct th_str id)
{
	struct th_hash h;

	th_buf_adds(key, queue);
	th_buf_addc(key, '\n');
	if (th_buf_add(key, id.s, id.len) != TH_OK)
		return key->status;
	h = th_hash(th_buf_str(key));
	th_buf_clear(key);
	return th_hex_encode(
	    (struct th_str){ (const char *)h.byte, sizeof(h.byte) }, key);
}

enum th_status
th_delivery_fill(struct th_delivery *d, struct th_delivery_text *room,
    const struct th_publisher *p, const struct th_item *it, struct th_err *err)
{
	enum th_status st;

	*d = (struct th_delivery){ 0 };
	th_request_init(&d->request);
	th_buf_init(&d->memo, TH_LINE_MAX);
	th_buf_init(&room->id, TH_LINE_MAX);
	th_buf_init(&room->title, TH_LINE_MAX);
	th_buf_init(&room->text, TH_LINE_MAX);
	th_buf_init(&room->key, TH_LINE_MAX * 2);
	d->item = it;
	st = th_item_text(it, "id", &room->id);
	if (st == TH_END)
		return th_fail(err, TH_EDATA, "an item without an id");
	if (st == TH_OK)
		st = fill_title(room, p, it, err);
	if (st == TH_OK && p->text != NULL)
		st = th_template_expand(p->text, it, NULL, &room->text, err);
	if (st == TH_OK)
		st = fill_key(&room->key, p->queue_name, th_buf_str(&room->id));
	if (st != TH_OK)
		return th_fail(err, st, "%s", th_strstatus(st));
	d->id = th_buf_str(&room->id);
	d->title = th_buf_str(&room->title);
	d->key = th_buf_str(&room->key);
	if (p->text != NULL)
		d->text =
		    room->text.len > 0 ? th_buf_str(&room->text) : TH_STR("");
	return TH_OK;
}
