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

enum th_status
th_delivery_page(const struct th_delivery *d, struct th_buf *ret)
{
	static const char *const member[] = { "url", "external_url" };
	struct th_buf url;
	enum th_status st = TH_END;
	size_t i;

	th_buf_init(&url, TH_LINE_MAX);
	for (i = 0; i < 2 && st == TH_END; i++) {
		th_buf_clear(&url);
		st = th_item_text(d->item, member[i], &url);
		if (st == TH_OK && !th_url_is_http(th_buf_str(&url)))
			st = TH_END;
	}
	if (st == TH_OK)
		st = th_buf_add(ret, url.data, url.len);
	th_buf_release(&url);
	return st;
}

static void
add_tag(struct th_buf *b, struct th_str tag)
{
	size_t i;

	tag = th_str_trim(tag);
	if (tag.len > 0 && b->len > 0)
		th_buf_addc(b, ',');
	for (i = 0; i < tag.len; i++)
		th_buf_addc(b, tag.s[i] == ',' ? ' ' : tag.s[i]);
}

static bool
add_own_tag(void *ctx, const struct th_value *v)
{
	struct th_buf *b = ctx, text;

	th_buf_init(&text, TH_LINE_MAX);
	if (v->type == TH_JSON_STRING && th_value_text(v, &text) == TH_OK)
		add_tag(b, th_buf_str(&text));
	else if (text.status != TH_OK)
		b->status = text.status;
	th_buf_release(&text);
	return b->status != TH_OK;
}

enum th_status
th_delivery_tags(
    const struct th_delivery *d, const struct th_opts *o, struct th_buf *ret)
{
	size_t i;

	for (i = 0; i < th_opt_count(o, "tags"); i++)
		add_tag(ret, th_str(th_opt_nth(o, "tags", i)));
	if (th_opt_flag(o, "item-tags"))
		th_item_visit(d->item, "tags", add_own_tag, ret);
	return ret->status;
}
