/* post -- a text, an address and tags within the limit of a short post */
#include <string.h>

#include "priv.h"

#define TEXT_MAX ((size_t)1 << 20)

/* ASCII letters and digits, and all that is beyond. */
static bool
is_tag_char(uint32_t c)
{
	return c >= 0x80 || c == '_' || th_is_alnum((char)c);
}

/* Where a tag may begin: what is behind the # of an address is none. */
static bool
begins_word(const char *text, size_t at)
{
	return at == 0 || (unsigned char)text[at - 1] <= ' ' ||
	       strchr("([{\"'", text[at - 1]) != NULL;
}

/* Does the text have that tag ("#a") already, in whatever case? */
static enum th_status
has_tag(struct th_str text, struct th_str tag, bool *ret)
{
	struct th_buf low, want;
	struct th_str rest;
	enum th_status st;
	size_t i;

	*ret = false;
	th_buf_init(&low, TEXT_MAX);
	th_buf_init(&want, TEXT_MAX);
	if ((st = th_text_lower(text, &low)) == TH_OK)
		st = th_text_lower(tag, &want);
	for (i = 0; st == TH_OK && !*ret && i + want.len <= low.len; i++) {
		rest = (struct th_str){ low.data + i + want.len,
			low.len - i - want.len };
		*ret = begins_word(low.data, i) &&
		       memcmp(low.data + i, want.data, want.len) == 0 &&
		       (rest.len == 0 || !is_tag_char((unsigned char)*rest.s));
	}
	th_buf_release(&low);
	th_buf_release(&want);
	return st == TH_EDATA ? TH_OK : st;
}

enum th_status
th_post_hashtag(struct th_str tag, struct th_buf *b)
{
	struct th_buf new;
	bool known = false;
	enum th_status st;
	size_t at, n;
	uint32_t c;

	th_buf_init(&new, TEXT_MAX);
	th_buf_adds(&new, " #");
	for (at = 0; at < tag.len; at += n) {
		n = th_utf8_decode(tag.s + at, tag.len - at, &c);
		if (is_tag_char(c))
			th_buf_add(&new, tag.s + at, n);
	}
	if ((st = new.status) == TH_OK && new.len > 2) {
		st = has_tag(th_buf_str(b),
		    (struct th_str){ new.data + 1, new.len - 1 }, &known);
		if (st == TH_OK && !known)
			st = th_buf_add(b, new.data, new.len);
	}
	th_buf_release(&new);
	return st;
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

/* Appends those of the tags that the text has not. */
static enum th_status
add_new_tags(struct th_str text, struct th_str tags, struct th_buf *ret)
{
	struct th_str tag;
	enum th_status st = ret->status;
	bool known;

	while (st == TH_OK && tags.len > 1) {
		for (tag.s = tags.s + 1, tag.len = 0;
		     tag.len + 1 < tags.len && tag.s[tag.len] != ' ';)
			tag.len++;
		st = has_tag(text, tag, &known);
		if (st == TH_OK && !known)
			st = th_buf_add(ret, tags.s, tag.len + 1);
		tags.s += tag.len + 1;
		tags.len -= tag.len + 1;
	}
	return st;
}

/* A text in parts: what is before the address, the address, what is behind. */
struct parts {
	struct th_str head, keep, rest, tags;
};

/* Appends what must stay, and what else of it there is room for. */
static enum th_status
make_tail(const struct parts *p, bool rest, struct th_buf *ret)
{
	if (p->keep.len > 0)
		th_buf_addc(ret, ' ');
	th_buf_add(ret, p->keep.s, p->keep.len);
	if (rest)
		th_buf_add(ret, p->rest.s, p->rest.len);
	return th_buf_add(ret, p->tags.s, p->tags.len);
}

static enum th_status
weigh_tail(const struct parts *p, bool rest, size_t *ret)
{
	struct th_buf tail;
	enum th_status st;

	th_buf_init(&tail, TEXT_MAX);
	if ((st = make_tail(p, rest, &tail)) == TH_OK)
		st = th_post_weight(th_buf_str(&tail), ret);
	th_buf_release(&tail);
	return st;
}

/* Leaves tags out, from the last, until address and tags have room. */
static enum th_status
fit_tags(struct parts *p, size_t max, size_t *ret_weight)
{
	enum th_status st;

	while ((st = weigh_tail(p, false, ret_weight)) == TH_OK &&
	       *ret_weight > max && p->tags.len > 0)
		do
			p->tags.len--;
		while (p->tags.len > 0 && p->tags.s[p->tags.len] != ' ');
	return st;
}

/* Cuts what is too long by itself; TH_END: not even the address has room. */
static enum th_status
fit(struct parts *p, size_t max, struct th_buf *ret)
{
	struct th_buf rest;
	size_t w = 0, least = 0;
	enum th_status st;

	th_buf_init(&rest, TEXT_MAX);
	if ((st = fit_tags(p, max, &least)) != TH_OK)
		goto out;
	if (least > max) {
		st = TH_END;
		goto out;
	}
	if ((st = weigh_tail(p, true, &w)) == TH_OK && w > max) {
		th_buf_addc(&rest, ' ');
		st = th_post_cut(
		    th_str_trim(p->rest), max - least - (max > least), &rest);
		p->rest = th_buf_str(&rest);
		if (st == TH_OK)
			st = weigh_tail(p, true, &w);
	}
	if (st == TH_OK && w < max)
		st = th_post_cut(th_str_trim(p->head), max - w, ret);
	if (st == TH_OK)
		st = make_tail(p, w <= max, ret);
out:
	th_buf_release(&rest);
	return st;
}

enum th_status
th_post_fit(struct th_str text, struct th_str keep, struct th_str tags,
    size_t max, struct th_buf *ret)
{
	const char *place = last_place(text, keep);
	struct parts p = { text, { "", 0 }, { "", 0 }, tags };
	struct th_buf whole;
	size_t w = 0;
	enum th_status st;

	th_buf_init(&whole, TEXT_MAX);
	th_buf_add(&whole, text.s, text.len);
	if ((st = add_new_tags(text, tags, &whole)) != TH_OK ||
	    (st = th_post_weight(th_buf_str(&whole), &w)) != TH_OK)
		goto out;
	if (w > max) {
		if (place != NULL) {
			p.head.len = (size_t)(place - text.s);
			p.keep = (struct th_str){ place, keep.len };
			p.rest.s = place + keep.len;
			p.rest.len = text.len - p.head.len - keep.len;
		}
		th_buf_clear(&whole);
		if ((st = fit(&p, max, &whole)) == TH_END) {
			th_buf_clear(&whole);
			st = th_buf_add(&whole, text.s, text.len);
		}
	}
	if (st == TH_OK)
		st = th_post_cut(th_buf_str(&whole), max, ret);
out:
	th_buf_release(&whole);
	return st;
}
