/* content -- what of an item a service is given */
#include "trigger.h"

#define HEAD_LENGTH 80 /* of a body that stands for a title */

enum th_status
th_delivery_html(const struct th_delivery *d, struct th_buf *ret)
{
	enum th_status st;

	if (d->text.s != NULL)
		return TH_END;
	st = th_item_text(d->item, "content_html", ret);
	return st == TH_OK && ret->len == 0 ? TH_END : st;
}

enum th_status
th_delivery_plain(const struct th_delivery *d, struct th_buf *ret)
{
	enum th_status st;

	if (d->text.s != NULL)
		return th_buf_add(ret, d->text.s, d->text.len);
	st = th_item_body_text(d->item, TH_TEXT_LINES, ret);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
add_folded(struct th_str s, size_t max, unsigned flags, struct th_buf *ret)
{
	struct th_buf folded;
	enum th_status st;

	th_buf_init(&folded, TH_LINE_MAX);
	if ((st = th_text_fold(s, &folded)) == TH_OK)
		st = th_text_limit(th_buf_str(&folded), max, flags, ret);
	th_buf_release(&folded);
	return st;
}

enum th_status
th_delivery_headline(
    const struct th_delivery *d, size_t max, unsigned flags, struct th_buf *ret)
{
	struct th_buf text;
	enum th_status st = add_folded(d->title, max, flags, ret);

	if (st != TH_OK || ret->len > 0)
		return st;
	th_buf_init(&text, TH_LINE_MAX);
	if ((st = th_delivery_plain(d, &text)) == TH_OK)
		st = add_folded(th_buf_str(&text), HEAD_LENGTH, flags, ret);
	th_buf_release(&text);
	return st;
}

struct naming {
	struct th_buf *ret;
	enum th_status status;
};

static bool
use_name(void *ctx, const struct th_value *v)
{
	struct naming *n = ctx;

	if (v->type == TH_JSON_STRING)
		n->status = th_value_text(v, n->ret);
	return true;
}

enum th_status
th_delivery_author(const struct th_delivery *d, struct th_buf *ret)
{
	struct naming n = { ret, TH_OK };

	th_item_visit(d->item, "authors.name", use_name, &n);
	return n.status;
}
