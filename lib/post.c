/* post -- a text, an address and tags within the limit of a short post */
#include <string.h>

#include "trigger.h"

#define TEXT_MAX ((size_t)1 << 20)

enum th_status
th_post_hashtag(struct th_str tag, struct th_buf *b)
{
	size_t start = b->len, at, n;
	uint32_t c;

	th_buf_adds(b, " #");
	for (at = 0; at < tag.len; at += n) {
		n = th_utf8_decode(tag.s + at, tag.len - at, &c);
		if (c >= 0x80 || c == '_' || (c >= '0' && c <= '9') ||
		    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			th_buf_add(b, tag.s + at, n);
	}
	if (b->status == TH_OK && b->len == start + 2) { /* nothing was left */
		b->len = start;
		b->data[start] = '\0';
	}
	return b->status;
}

/* Where `what` stands last in `in`; NULL when it does not. */
static const char *
last_place(struct th_str in, struct th_str what)
{
	size_t i;

	if (what.len == 0 || what.len > in.len)
		return NULL;
	for (i = in.len - what.len + 1; i > 0; i--)
		if (memcmp(in.s + i - 1, what.s, what.len) == 0)
			return in.s + i - 1;
	return NULL;
}

/* What must stay: the item's address with all behind it, and the tags. */
static enum th_status
make_tail(struct th_str text, const char *place, struct th_str tags,
    struct th_buf *ret)
{
	if (place != NULL) {
		th_buf_addc(ret, ' ');
		th_buf_add(ret, place, text.len - (size_t)(place - text.s));
	}
	return th_buf_add(ret, tags.s, tags.len);
}

enum th_status
th_post_fit(struct th_str text, struct th_str keep, struct th_str tags,
    size_t max, struct th_buf *ret)
{
	const char *place = last_place(text, keep);
	struct th_buf tail, whole;
	struct th_str head = text;
	size_t w = 0;
	enum th_status st;

	th_buf_init(&tail, TEXT_MAX);
	th_buf_init(&whole, TEXT_MAX);
	th_buf_add(&whole, text.s, text.len);
	th_buf_add(&whole, tags.s, tags.len);
	if ((st = whole.status) != TH_OK ||
	    (st = th_post_weight(th_buf_str(&whole), &w)) != TH_OK || w <= max)
		goto out;
	if ((st = make_tail(text, place, tags, &tail)) != TH_OK ||
	    (st = th_post_weight(th_buf_str(&tail), &w)) != TH_OK || w > max)
		goto out;
	if (place != NULL)
		head.len = (size_t)(place - text.s);
	th_buf_clear(&whole);
	if ((st = th_post_cut(th_str_trim(head), max - w, &whole)) == TH_OK)
		st = th_buf_add(&whole, tail.data, tail.len);
out:
	if (st == TH_OK)
		st = th_post_cut(th_buf_str(&whole), max, ret);
	th_buf_release(&tail);
	th_buf_release(&whole);
	return st;
}
