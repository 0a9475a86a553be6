/*
 * feed_json -- JSON Feed 1 and 1.1
 *
 * The text is cut at the members of the feed and of its list of items; each
 * piece is then validated and read on its own, so that memory holds one item.
 */
#include <stdlib.h>
#include <string.h>

#include "feed.h"

struct th_feed_json {
	struct th_feed *feed;
	struct th_found *entry;
	struct th_buf piece;  /* the member or item being gathered */
	struct th_buf member; /* the same as an object */
	struct th_buf other;
	size_t depth; /* open brackets, items' own not counted */
	bool in_string, escaped, ended;
	bool in_items; /* inside the list of items */
	bool bad;      /* a piece was not JSON */
};

/* ---- one item ---- */

static struct th_slot
keep_text(struct th_feed_json *j, const struct th_value *v, enum th_form form)
{
	struct th_buf *text = &j->entry->text;
	struct th_slot s = { text->len, 0, form };

	if (v->type == TH_JSON_STRING || v->type == TH_JSON_NUMBER)
		th_value_text(v, text);
	s.len = text->len - s.off;
	return s;
}

static struct th_slot
keep(struct th_feed_json *j, const struct th_value *of, const char *name,
    enum th_form form)
{
	struct th_value v;

	if (!th_value_get(of, name, &v))
		return (struct th_slot){ 0 };
	return keep_text(j, &v, form);
}

/* An address, made absolute against the feed's own. */
static struct th_slot
keep_url(struct th_feed_json *j, const struct th_value *of, const char *name)
{
	struct th_slot s = keep(j, of, name, TH_FORM_TEXT);
	struct th_str base = th_feed_base(j->feed);

	if (th_str_trim(th_found_str(j->entry, s)).len == 0)
		return (struct th_slot){ 0 };
	th_buf_clear(&j->other);
	th_url_resolve(base, th_found_str(j->entry, s), &j->other);
	s.off = j->entry->text.len;
	s.len = j->other.len;
	th_buf_add(&j->entry->text, j->other.data, j->other.len);
	return s;
}

static void
each(struct th_feed_json *j, const struct th_value *of, const char *name,
    void (*read)(struct th_feed_json *, const struct th_value *))
{
	struct th_iter it;
	struct th_value list, v;

	if (!th_value_get(of, name, &list))
		return;
	if (list.type != TH_JSON_ARRAY) { /* one, for a list of one */
		read(j, &list);
		return;
	}
	th_iter_init(&it, &list);
	while (th_iter_next(&it, NULL, &v))
		read(j, &v);
}

static void
read_author(struct th_feed_json *j, const struct th_value *v)
{
	struct th_feed_author a = { 0 };

	a.name = keep(j, v, "name", TH_FORM_TEXT);
	a.url = keep_url(j, v, "url");
	a.avatar = keep_url(j, v, "avatar");
	if (a.name.len > 0 || a.url.len > 0)
		th_found_author(j->entry, &a);
}

/* Those of an item, or of the feed; before 1.1 there was but one. */
static void
read_authors(struct th_feed_json *j, const struct th_value *of)
{
	each(j, of, "authors", read_author);
	if (j->entry->authors.len == 0)
		each(j, of, "author", read_author);
}

static void
read_tag(struct th_feed_json *j, const struct th_value *v)
{
	struct th_slot s = keep_text(j, v, TH_FORM_TEXT);

	if (s.len > 0)
		th_found_tag(j->entry, s);
}

/* A number, also one in quotes. */
static int64_t
whole(struct th_feed_json *j, const struct th_value *of, const char *name)
{
	struct th_value v;
	double d;
	int64_t n;

	if (!th_value_get(of, name, &v))
		return -1;
	th_buf_clear(&j->other);
	if (v.type == TH_JSON_STRING && th_value_text(&v, &j->other) == TH_OK &&
	    th_int_parse(th_buf_str(&j->other), &n) == TH_OK && n >= 0)
		return n;
	if (!th_value_number(&v, &d) || !(d >= 0 && d < 9e15))
		return -1;
	return (int64_t)d;
}

/* A number that has a fraction, as it is written. */
static struct th_slot
fraction(struct th_feed_json *j, const struct th_value *of, const char *name)
{
	struct th_slot s = { j->entry->text.len, 0, TH_FORM_TEXT };
	struct th_value v;
	double d;

	if (!th_value_get(of, name, &v) || v.type != TH_JSON_NUMBER ||
	    !th_value_number(&v, &d) || !(d > 0 && d < 9e15) ||
	    d == (double)(int64_t)d)
		return (struct th_slot){ 0 };
	th_buf_add(&j->entry->text, v.raw.s, v.raw.len);
	s.len = v.raw.len;
	return s;
}

static void
read_file(struct th_feed_json *j, const struct th_value *v)
{
	struct th_feed_file f = { .length = whole(j, v, "size_in_bytes"),
		.seconds = whole(j, v, "duration_in_seconds") };

	f.url = keep_url(j, v, "url");
	f.type = keep(j, v, "mime_type", TH_FORM_TEXT);
	f.title = keep(j, v, "title", TH_FORM_TEXT);
	f.exact = fraction(j, v, "duration_in_seconds");
	if (f.url.len > 0)
		th_found_file(j->entry, &f);
}

static const struct {
	const char *name;
	enum th_slots slot;
	enum th_form form;
} texts[] = {
	{ "id", TH_S_ID, TH_FORM_TEXT },
	{ "title", TH_S_TITLE, TH_FORM_TEXT },
	{ "content_html", TH_S_CONTENT, TH_FORM_HTML },
	{ "content_text", TH_S_BODY, TH_FORM_TEXT },
	{ "summary", TH_S_SUMMARY, TH_FORM_TEXT },
	{ "date_published", TH_S_PUBLISHED, TH_FORM_TEXT },
	{ "date_modified", TH_S_UPDATED, TH_FORM_TEXT },
	{ "language", TH_S_LANGUAGE, TH_FORM_TEXT },
};

static const struct {
	const char *name;
	enum th_slots slot;
} urls[] = {
	{ "url", TH_S_LINK },
	{ "external_url", TH_S_EXTERNAL },
	{ "image", TH_S_IMAGE },
	{ "banner_image", TH_S_IMAGE2 },
};

static enum th_status
read_item(struct th_feed_json *j, const struct th_value *v)
{
	size_t i;

	th_found_clear(j->entry);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		j->entry->slot[texts[i].slot] =
		    keep(j, v, texts[i].name, texts[i].form);
	for (i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		j->entry->slot[urls[i].slot] = keep_url(j, v, urls[i].name);
	read_authors(j, v);
	each(j, v, "tags", read_tag);
	each(j, v, "attachments", read_file);
	if (j->entry->text.status != TH_OK)
		return j->entry->text.status;
	if (j->entry->text.len == 0)
		return TH_OK; /* it says nothing */
	th_feed_found(j->feed);
	return th_feed_emit(j->feed);
}

/* ---- the feed's own members ---- */

/* Authors of the feed are those of items that have none. */
static enum th_status
keep_common(struct th_feed_json *j, const struct th_value *feed)
{
	const struct th_feed_author *a;
	enum th_status st = TH_OK;
	size_t i;

	th_found_clear(j->entry);
	read_authors(j, feed);
	a = (const void *)j->entry->authors.data;
	for (i = 0; i < j->entry->authors.len / sizeof(*a) && st == TH_OK; i++)
		st = th_found_copy_author(
		    th_feed_common(j->feed), j->entry, &a[i]);
	if (st == TH_OK)
		st = j->entry->text.status;
	th_found_clear(j->entry);
	return st;
}

/* "https://jsonfeed.org/version/1.1"; what has items needs none. */
static bool
is_version(const struct th_value *v)
{
	static const char mark[] = "jsonfeed.org/version/";
	struct th_str s = v->raw;

	for (; s.len >= sizeof(mark) - 1; s.s++, s.len--)
		if (th_str_iis((struct th_str){ s.s, sizeof(mark) - 1 }, mark))
			return v->type == TH_JSON_STRING;
	return false;
}

/* When it came by no address of its own. */
static void
read_place(struct th_feed_json *j, const struct th_value *feed,
    const char *name, bool own)
{
	struct th_value v;

	th_buf_clear(&j->other);
	if (th_value_get(feed, name, &v) && v.type == TH_JSON_STRING &&
	    th_value_text(&v, &j->other) == TH_OK)
		th_feed_says_place(
		    j->feed, th_str_trim(th_buf_str(&j->other)), own);
}

static enum th_status
read_member(struct th_feed_json *j, const struct th_value *feed)
{
	struct th_feed_meta *m = th_feed_meta(j->feed);
	enum th_status st = keep_common(j, feed);
	struct th_value v;

	if (st != TH_OK)
		return st;
	m->dirty = true;
	if (th_value_get(feed, "version", &v) && is_version(&v))
		th_feed_found(j->feed);
	if (m->title.len == 0 && th_value_get(feed, "title", &v) &&
	    v.type == TH_JSON_STRING)
		th_value_text(&v, &m->title);
	read_place(j, feed, "feed_url", true);
	read_place(j, feed, "home_page_url", false);
	th_buf_clear(&j->other);
	if (m->link.len == 0 && th_value_get(feed, "home_page_url", &v) &&
	    v.type == TH_JSON_STRING && th_value_text(&v, &j->other) == TH_OK &&
	    th_str_trim(th_buf_str(&j->other)).len > 0)
		th_url_resolve(
		    th_feed_base(j->feed), th_buf_str(&j->other), &m->link);
	if (m->language.len == 0 && th_value_get(feed, "language", &v) &&
	    v.type == TH_JSON_STRING)
		th_value_text(&v, &m->language);
	if (m->title.status != TH_OK)
		return m->title.status;
	return m->link.status != TH_OK ? m->link.status : m->language.status;
}

/* A piece is whole: an item, or `"name": value` of the feed. */
static enum th_status
take_piece(struct th_feed_json *j)
{
	struct th_str s = th_str_trim(th_buf_str(&j->piece));
	enum th_status st = TH_OK;
	struct th_value v;

	if (j->piece.status != TH_OK)
		return j->piece.status;
	if (s.len > 0 && j->in_items) {
		st = th_json_parse(s, &v, NULL);
		if (st == TH_OK && v.type == TH_JSON_OBJECT)
			st = read_item(j, &v);
	} else if (s.len > 0) {
		th_buf_clear(&j->member);
		th_buf_addc(&j->member, '{');
		th_buf_add(&j->member, s.s, s.len);
		th_buf_addc(&j->member, '}');
		st = th_json_parse(th_buf_str(&j->member), &v, NULL);
		if (st == TH_OK)
			st = read_member(j, &v);
	}
	th_buf_clear(&j->piece);
	if (st != TH_EDATA)
		return st;
	j->bad = true; /* the others may be good */
	th_feed_note(j->feed, "a part that is not JSON left out");
	return TH_OK;
}

static bool
begins_items(const struct th_feed_json *j)
{
	struct th_str s = th_str_trim(th_buf_str(&j->piece));

	if (!th_str_has_prefix(s, "\"items\""))
		return false;
	s = th_str_trim((struct th_str){ s.s + 7, s.len - 7 });
	return th_str_is(s, ":");
}

/* A bracket or comma outside of strings. */
static enum th_status
structural(struct th_feed_json *j, char c)
{
	size_t floor = j->in_items ? 2 : 1;
	enum th_status st = TH_OK;

	if (c == '{' || c == '[') {
		if (j->depth == 0) {
			j->depth++;
			return TH_OK;
		}
		if (c == '[' && j->depth == 1 && begins_items(j)) {
			j->in_items = true;
			j->depth++;
			th_buf_clear(&j->piece);
			return TH_OK;
		}
		j->depth++;
		if (j->depth > TH_DEPTH_MAX)
			return TH_EDATA;
		return th_buf_addc(&j->piece, c);
	}
	if (j->depth > floor) {
		j->depth -= c != ',';
		return th_buf_addc(&j->piece, c);
	}
	st = take_piece(j);
	if (c == ',')
		return st;
	if (j->depth > 0)
		j->depth--;
	if (j->in_items && j->depth < 2)
		j->in_items = false;
	j->ended = j->depth == 0;
	return st;
}

static bool
is_structural(char c)
{
	return c == '{' || c == '}' || c == '[' || c == ']' || c == ',';
}

struct th_feed_json *
th_feed_json_new(struct th_feed *feed)
{
	struct th_feed_json *j = th_calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->feed = feed;
	j->entry = th_feed_entry(feed);
	th_buf_init(&j->piece, TH_FEED_ENTRY_MAX);
	th_buf_init(&j->member, TH_FEED_ENTRY_MAX + 2);
	th_buf_init(&j->other, TH_FEED_ENTRY_MAX);
	return j;
}

void
th_feed_json_free(struct th_feed_json *j)
{
	if (j == NULL)
		return;
	th_buf_release(&j->piece);
	th_buf_release(&j->member);
	th_buf_release(&j->other);
	free(j);
}

/* Bytes at the start that go into the piece as they are. */
static size_t
ordinary(const struct th_feed_json *j, struct th_str s)
{
	size_t n = 0;

	if (j->in_string)
		while (n < s.len && s.s[n] != '"' && s.s[n] != '\\')
			n++;
	else
		while (n < s.len && s.s[n] != '"' && !is_structural(s.s[n]))
			n++;
	return n;
}

enum th_status
th_feed_json_push(struct th_feed_json *j, struct th_str s, struct th_err *err)
{
	enum th_status st = TH_OK;
	size_t n;

	for (; s.len > 0 && st == TH_OK && !j->ended; s.s += n, s.len -= n) {
		n = j->escaped ? 0 : ordinary(j, s);
		if (n > 0) {
			if (j->depth > 0)
				st = th_buf_add(&j->piece, s.s, n);
			continue;
		}
		n = 1;
		if (!j->in_string && *s.s != '"') {
			st = structural(j, *s.s);
			continue;
		}
		if (j->escaped)
			j->escaped = false;
		else if (*s.s == '\\')
			j->escaped = true;
		else
			j->in_string = !j->in_string;
		st = th_buf_addc(&j->piece, *s.s);
	}
	if (st == TH_EDATA)
		return th_fail(err, st,
		    j->depth > TH_DEPTH_MAX ? "nested too deep"
					    : "an item is too long");
	return st;
}

enum th_status
th_feed_json_finish(struct th_feed_json *j, struct th_err *err)
{
	if (j->ended)
		return TH_OK;
	if (j->depth == 1 && take_piece(j) == TH_ENOMEM)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_feed_note(j->feed, "the end is missing");
	return TH_OK;
}
