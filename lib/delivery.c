/* delivery -- one item made ready for a service */
#include <stdlib.h>
#include <string.h>

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
	if ((st = th_item_id(it, &room->id, err)) != TH_OK)
		return st;
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

static enum th_status
page_in(const struct th_item *it, const char *member, struct th_buf *ret)
{
	struct th_buf raw;
	enum th_status st;

	th_buf_init(&raw, TH_LINE_MAX);
	if ((st = th_item_text(it, member, &raw)) == TH_OK)
		st = th_url_page(th_buf_str(&raw), ret);
	th_buf_release(&raw);
	return st;
}

enum th_status
th_delivery_page(const struct th_delivery *d, struct th_buf *ret)
{
	enum th_status st = page_in(d->item, "url", ret);

	return st == TH_END ? page_in(d->item, "external_url", ret) : st;
}

enum th_status
th_delivery_arrived(struct th_delivery *d, const char *id, const char *url)
{
	/* A receipt that lacks something is better than a second delivery. */
	if (id != NULL && *id != '\0')
		d->receipt.id = th_strdup(id);
	if (url != NULL && *url != '\0')
		d->receipt.url = th_strdup(url);
	return TH_END;
}

/* ---- tags ---- */

struct tagging {
	enum th_status (*use)(void *ctx, struct th_str tag);
	void *ctx;
	struct th_set *known;
	enum th_status status;
};

static enum th_status
use_tag(struct tagging *t, struct th_str tag)
{
	struct th_str bare;
	struct th_buf low;
	bool fresh = false;
	enum th_status st;

	tag = th_str_trim(tag);
	if (tag.len == 0)
		return TH_OK;
	for (bare = tag; bare.len > 1 && bare.s[0] == '#'; bare.len--)
		bare.s++; /* "#a" is "a" as some write it */
	th_buf_init(&low, TH_LINE_MAX);
	if ((st = th_text_lower(bare, &low)) == TH_OK)
		st = th_set_add(t->known, th_buf_str(&low), &fresh);
	th_buf_release(&low);
	return st == TH_OK && fresh ? t->use(t->ctx, tag) : st;
}

static bool
use_own_tag(void *ctx, const struct th_value *v)
{
	struct tagging *t = ctx;
	struct th_buf text;

	if (v->type != TH_JSON_STRING)
		return false;
	th_buf_init(&text, TH_LINE_MAX);
	if ((t->status = th_value_text(v, &text)) == TH_OK)
		t->status = use_tag(t, th_buf_str(&text));
	th_buf_release(&text);
	return t->status != TH_OK;
}

static bool
wants_own(const struct th_opts *o, const char *option)
{
	if (strcmp(option, "tags") == 0)
		return !th_opt_flag(o, "no-item-tags");
	return th_opt_flag(o, "item-tags");
}

enum th_status
th_delivery_each_tag(const struct th_delivery *d, const struct th_opts *o,
    const char *option, enum th_status (*use)(void *ctx, struct th_str tag),
    void *ctx)
{
	struct tagging t = { use, ctx, th_set_new(), TH_OK };
	size_t i;

	if (t.known == NULL)
		return TH_ENOMEM;
	for (i = 0; t.status == TH_OK && i < th_opt_count(o, option); i++)
		t.status = use_tag(&t, th_str(th_opt_nth(o, option, i)));
	if (t.status == TH_OK && wants_own(o, option))
		th_item_visit(d->item, "tags", use_own_tag, &t);
	th_set_free(t.known);
	return t.status;
}

struct joining {
	struct th_buf *to;
	const char *between;
};

static enum th_status
join(void *ctx, struct th_str tag)
{
	const struct joining *j = ctx;
	size_t i;

	if (j->to->len > 0)
		th_buf_adds(j->to, j->between);
	for (i = 0; i < tag.len; i++)
		th_buf_addc(j->to, tag.s[i] == ',' ? ' ' : tag.s[i]);
	return j->to->status;
}

enum th_status
th_delivery_tags(const struct th_delivery *d, const struct th_opts *o,
    const char *between, struct th_buf *ret)
{
	struct joining j = { ret, between };

	return th_delivery_each_tag(d, o, "tags", join, &j);
}
