/* receipt -- where published items went, in few bytes and as JSON */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

/*
 * Packed: id, url, service, account, each ended by a NUL except the last; what
 * is missing at the end is left out with its NULs.  In url the byte 1 stands
 * for the id: most services build the one from the other.
 */
#define ID_MARK '\001'

static const char *
find(struct th_str in, struct th_str what)
{
	size_t i;

	if (what.len < 2)
		return NULL;
	for (i = 0; i + what.len <= in.len; i++)
		if (memcmp(in.s + i, what.s, what.len) == 0)
			return in.s + i;
	return NULL;
}

/* A NUL or the mark itself would be read as something else: it is left out. */
static void
add_clean(struct th_buf *b, struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] != '\0' && s.s[i] != ID_MARK)
			th_buf_addc(b, s.s[i]);
}

static void
add_url(struct th_buf *b, struct th_str url, struct th_str id)
{
	const char *at = find(url, id);
	size_t before = at != NULL ? (size_t)(at - url.s) : url.len;

	add_clean(b, (struct th_str){ url.s, before });
	if (at == NULL)
		return;
	th_buf_addc(b, ID_MARK);
	add_clean(b, (struct th_str){ at + id.len, url.len - before - id.len });
}

enum th_status
th_receipt_pack(const struct th_receipt_view *r, struct th_buf *ret)
{
	const size_t start = ret->len;

	add_clean(ret, r->id);
	th_buf_addc(ret, '\0');
	add_url(ret, r->url, r->id);
	th_buf_addc(ret, '\0');
	add_clean(ret, r->service);
	th_buf_addc(ret, '\0');
	add_clean(ret, r->account);
	while (ret->status == TH_OK && ret->len > start &&
	       ret->data[ret->len - 1] == '\0')
		ret->len--;
	return ret->status;
}

/* Cuts the next field off; s == NULL when it is empty. */
static struct th_str
next_field(struct th_str *rest)
{
	const char *end =
	    rest->len > 0 ? memchr(rest->s, '\0', rest->len) : NULL;
	struct th_str field = *rest;

	if (end != NULL)
		field.len = (size_t)(end - rest->s);
	rest->s += field.len + (end != NULL);
	rest->len -= field.len + (end != NULL);
	return field.len > 0 ? field : (struct th_str){ NULL, 0 };
}

enum th_status
th_receipt_unpack(
    struct th_str packed, struct th_buf *room, struct th_receipt_view *ret)
{
	const char *at;
	struct th_str url;

	if (packed.s == NULL)
		packed = TH_STR("");
	ret->id = next_field(&packed);
	url = next_field(&packed);
	ret->service = next_field(&packed);
	ret->account = next_field(&packed);
	ret->url = url;
	at = url.len > 0 ? memchr(url.s, ID_MARK, url.len) : NULL;
	if (at == NULL)
		return TH_OK;
	th_buf_clear(room);
	th_buf_add(room, url.s, (size_t)(at - url.s));
	if (ret->id.s != NULL)
		th_buf_add(room, ret->id.s, ret->id.len);
	th_buf_add(room, at + 1, url.len - (size_t)(at - url.s) - 1);
	ret->url = th_buf_str(room);
	return room->status;
}

enum th_status
th_receipt_json(
    const struct th_receipt_view *r, int64_t date, struct th_buf *ret)
{
	char text[TH_DATE_SIZE];

	th_json_open(ret, '{');
	th_json_member(ret, "service", r->service);
	th_json_member(ret, "account", r->account);
	th_json_member(ret, "id", r->id);
	th_json_member(ret, "url", r->url);
	if (th_date_format(date, text) == TH_OK)
		th_json_member(ret, "date", th_str(text));
	return th_json_close(ret, '}');
}

/* ---- what publishers answer ---- */

#define AFTER_MAX ((int64_t)7 * 86400)
#define TEXT_MAX ((size_t)64 << 10)

static const struct {
	const char *word;
	enum th_item_state state;
} words[] = {
	{ "published", TH_Q_PUBLISHED },
	{ "refused", TH_Q_REFUSED },
	{ "retry", TH_Q_WAITING },
};

/* A member's text; NULL when it is absent, empty or no string or number. */
static enum th_status
read_text(
    const struct th_item *it, const char *name, char **ret, struct th_err *err)
{
	enum th_status st;
	struct th_buf b;

	th_buf_init(&b, TEXT_MAX);
	st = th_item_text(it, name, &b);
	if (st == TH_OK && b.len > 0 && (*ret = th_buf_take(&b)) == NULL)
		st = TH_ENOMEM;
	th_buf_release(&b);
	if (st == TH_EDATA)
		return th_fail(err, st, "%s: too long", name);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : TH_OK;
}

static enum th_status
read_status(
    const struct th_item *it, enum th_item_state *ret, struct th_err *err)
{
	char *word = NULL;
	enum th_status st;
	size_t i;

	if ((st = read_text(it, "status", &word, err)) != TH_OK)
		return st;
	st = TH_EDATA;
	for (i = 0; word != NULL && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i].word) == 0) {
			*ret = words[i].state;
			st = TH_OK;
		}
	free(word);
	return st == TH_OK
		   ? st
		   : th_fail(err, st,
			 "status is none of published, retry and refused");
}

static int64_t
read_after(const struct th_item *it)
{
	struct th_value v;
	double seconds;

	if (!th_item_get(it, "after", &v) || !th_value_number(&v, &seconds) ||
	    !(seconds >= 0))
		return -1;
	return seconds > (double)AFTER_MAX ? AFTER_MAX : (int64_t)ceil(seconds);
}

enum th_status
th_receipt_read(
    const struct th_item *it, struct th_receipt_line *ret, struct th_err *err)
{
	struct th_receipt_line r = { 0 };
	enum th_status st;

	st = read_status(it, &r.state, err);
	if (st == TH_OK)
		st = read_text(it, "id", &r.id, err);
	if (st == TH_OK && r.id == NULL)
		st = th_fail(err, TH_EDATA, "a receipt without an id");
	if (st == TH_OK)
		st = read_text(it, "remote_id", &r.remote_id, err);
	if (st == TH_OK)
		st = read_text(it, "url", &r.url, err);
	if (st == TH_OK)
		st = read_text(it, "reason", &r.reason, err);
	r.after = read_after(it);
	if (st == TH_OK)
		*ret = r;
	else
		th_receipt_line_release(&r);
	return st;
}

void
th_receipt_line_release(struct th_receipt_line *r)
{
	free(r->id);
	free(r->remote_id);
	free(r->url);
	free(r->reason);
	*r = (struct th_receipt_line){ 0 };
}
