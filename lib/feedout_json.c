/* feedout_json -- items as JSON Feed 1.1 */
#include <string.h>

#include "feedout.h"
#include "scan.h"

/* What a member of the format must be to be written. */
enum shape { DATE, TEXT, TEXTS, URL, AUTHORS, ATTACHMENTS, LANGUAGE };
static const struct {
	const char *name;
	enum shape shape;
} member[] = {
	{ "url", URL },
	{ "external_url", URL },
	{ "title", TEXT },
	{ "content_html", TEXT },
	{ "content_text", TEXT },
	{ "summary", TEXT },
	{ "image", URL },
	{ "banner_image", URL },
	{ "date_published", DATE },
	{ "date_modified", DATE },
	{ "authors", AUTHORS },
	{ "tags", TEXTS },
	{ "language", LANGUAGE },
	{ "attachments", ATTACHMENTS },
};
enum { BODY = 4 }; /* content_text, the last of the two */

/* The id stays as it is. */
static void
json_id(struct th_feedout *f)
{
	(void)f;
}

/* Not all blank?  Mostly the first byte tells, and nothing is decoded. */
static bool
is_text(struct th_feedout *f, const struct th_value *v)
{
	struct th_str s = v->raw;
	size_t i = 1;

	if (v->type == TH_JSON_STRING) {
		while (i + 1 < s.len && (unsigned char)s.s[i] <= ' ')
			i++;
		if (i + 1 == s.len || s.s[i] != '\\')
			return i + 1 < s.len;
	}
	return th_feedout_value(f, v, &s);
}

/* A string as it is written; a number as one. */
static void
add_string(struct th_feedout *f, const struct th_value *v)
{
	if (v->type == TH_JSON_STRING)
		th_json_raw(&f->b, v->raw);
	else
		th_json_string(&f->b, v->raw);
}

static bool
add_text(struct th_feedout *f, const char *name, const struct th_value *v)
{
	if (!is_text(f, v))
		return false;
	th_json_key(&f->b, name);
	add_string(f, v);
	return true;
}

static bool
add_url(struct th_feedout *f, const struct th_item *it, const char *name,
    const struct th_value *v)
{
	struct th_str url;

	if (!th_feedout_value(f, v, &url) || !th_feedout_url(f, it, url, &url))
		return false;
	th_json_member(&f->b, name, url);
	return true;
}

/* A list is begun by the first that is in it. */
static void
open_list(struct th_feedout *f, const char *name, bool *open)
{
	if (*open)
		return;
	th_json_key(&f->b, name);
	th_json_open(&f->b, '[');
	*open = true;
}

static void
add_tag(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *name)
{
	(void)it;
	if (!is_text(f, v))
		return;
	open_list(f, name, &f->open);
	add_string(f, v);
}

/* Members that are not those of the format go as they came. */
static void
add_others(struct th_feedout *f, const struct th_value *v,
    bool (*fits)(struct th_str key, const struct th_value *))
{
	struct th_iter iter;
	struct th_value m;
	struct th_str key;

	th_iter_init(&iter, v);
	while (th_iter_next(&iter, &key, &m)) {
		if (!fits(key, &m))
			continue;
		th_buf_adds(&f->b, ",\"");
		th_buf_add(&f->b, key.s, key.len);
		th_buf_adds(&f->b, "\":");
		th_buf_add(&f->b, m.raw.s, m.raw.len);
	}
}

static bool
fits_author(struct th_str key, const struct th_value *v)
{
	(void)v;
	return !th_json_key_is(key, TH_STR("name")) &&
	       !th_json_key_is(key, TH_STR("url")) &&
	       !th_json_key_is(key, TH_STR("avatar"));
}

/* An author must have one of three. */
static void
add_author(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *name)
{
	const size_t start = f->b.len;
	const bool was_open = f->open;
	struct th_value m;
	bool any = false;

	open_list(f, name, &f->open);
	th_json_open(&f->b, '{');
	if (th_value_get(v, "name", &m))
		any = add_text(f, "name", &m);
	if (th_value_get(v, "url", &m))
		any = add_url(f, it, "url", &m) || any;
	if (th_value_get(v, "avatar", &m))
		any = add_url(f, it, "avatar", &m) || any;
	if (any) {
		add_others(f, v, fits_author);
		th_json_close(&f->b, '}');
	} else if (f->b.status == TH_OK) { /* as if it were not there */
		f->b.len = start;
		f->open = was_open;
	}
}

static void
add_list(struct th_feedout *f, const struct th_item *it, const char *name,
    th_feedout_each *each)
{
	f->open = false;
	th_feedout_every(f, it, name, each, name);
	if (f->open)
		th_json_close(&f->b, ']');
}

static bool
fits_attachment(struct th_str key, const struct th_value *v)
{
	if (th_json_key_is(key, TH_STR("url")) ||
	    th_json_key_is(key, TH_STR("mime_type")))
		return false; /* written already */
	if (th_json_key_is(key, TH_STR("title")))
		return v->type == TH_JSON_STRING && !th_value_is_empty(v);
	if (th_json_key_is(key, TH_STR("size_in_bytes")) ||
	    th_json_key_is(key, TH_STR("duration_in_seconds")))
		return v->type == TH_JSON_NUMBER && v->raw.s[0] != '-';
	return true;
}

/* An attachment must have an address and a type. */
static void
add_attachment(struct th_feedout *f, const struct th_value *v)
{
	th_json_open(&f->b, '{');
	th_json_member(&f->b, "url", th_buf_str(&f->at.url));
	th_json_member(&f->b, "mime_type", th_buf_str(&f->at.type));
	add_others(f, v, fits_attachment);
	th_json_close(&f->b, '}');
}

static void
add_attachments(
    struct th_feedout *f, const struct th_item *it, const struct th_value *list)
{
	struct th_iter iter;
	struct th_value v;
	bool open = false;

	th_iter_init(&iter, list);
	while (list->type == TH_JSON_ARRAY && th_iter_next(&iter, NULL, &v)) {
		if (!th_feedout_attachment(f, it, &v))
			continue;
		open_list(f, "attachments", &open);
		add_attachment(f, &v);
	}
	if (open)
		th_json_close(&f->b, ']');
}

/* As it is written, unless that is a day, or has a blank before the time. */
static void
add_date(
    struct th_feedout *f, const char *name, const struct th_value *v, int64_t t)
{
	char date[TH_DATE_SIZE];

	if (t == INT64_MIN)
		return;
	if (v->raw.len > 12 && (v->raw.s[11] | 0x20) == 't') {
		th_json_key(&f->b, name);
		th_json_raw(&f->b, v->raw);
	} else if (th_date_format(t, date) == TH_OK) {
		th_json_member(&f->b, name, th_str(date));
	}
}

static void
add_member(struct th_feedout *f, const struct th_item *it, size_t i,
    const struct th_value *v, const struct feedout_entry *e)
{
	const char *name = member[i].name;
	struct th_str s;

	switch (member[i].shape) {
	case URL: add_url(f, it, name, v); return;
	case TEXTS: add_list(f, it, name, add_tag); return;
	case AUTHORS: add_list(f, it, name, add_author); return;
	case ATTACHMENTS: add_attachments(f, it, v); return;
	case DATE:
		add_date(f, name, v, name[5] == 'p' ? e->date : e->updated);
		return;
	case LANGUAGE:
		if (th_feedout_language(f, it, &s))
			th_json_member(&f->b, name, s);
		return;
	case TEXT: add_text(f, name, v); return;
	}
}

/* Members of our own keeping, and of anybody's: "_name" */
static void
add_extensions(struct th_feedout *f, const struct th_item *it)
{
	const struct th_member *m;
	size_t i;

	for (i = 0; i < it->n; i++) {
		m = &it->member[i];
		if (!th_str_has_prefix(m->key, "_") || m->key.len < 2)
			continue;
		th_buf_adds(&f->b, ",\"");
		th_buf_add(&f->b, m->key.s, m->key.len);
		th_buf_adds(&f->b, "\":");
		th_buf_add(&f->b, m->value.raw.s, m->value.raw.len);
	}
}

/* Every item must have a body: what has none says its summary there, or "". */
static void
add_lacking_body(struct th_feedout *f, const struct th_item *it)
{
	struct th_value v;

	if ((th_item_get(it, "content_html", &v) && is_text(f, &v)) ||
	    (th_item_get(it, "content_text", &v) && is_text(f, &v)) ||
	    (th_item_get(it, "summary", &v) && add_text(f, "content_text", &v)))
		return;
	th_json_key(&f->b, "content_text");
	th_json_string(&f->b, TH_STR(""));
}

static bool
is_surrogate(const char *p, const char *end, const char *second)
{
	return end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	       (p[2] == 'd' || p[2] == 'D') && p[3] != '\0' &&
	       strchr(second, p[3]) != NULL;
}

/* Half a pair passes our filters, but many a reader refuses a feed for it. */
static void
mend_surrogates(struct th_buf *b)
{
	char *p = b->data, *end = p + b->len;

	while (p != NULL && (p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		if (is_surrogate(p, end, "89abAB") &&
		    is_surrogate(p + 6, end, "cdefCDEF")) {
			p += 12;
			continue;
		}
		if (is_surrogate(p, end, "89abcdefABCDEF"))
			memcpy(p, "\\ufffd", 6);
		p += 2;
	}
}

static void
json_item(
    struct th_feedout *f, const struct th_item *it, struct feedout_entry *e)
{
	struct th_value v;
	size_t i;

	th_json_open(&f->b, '{');
	th_json_key(&f->b, "id");
	th_json_string(&f->b, th_buf_str(&f->id));
	for (i = 0; i < sizeof(member) / sizeof(*member); i++) {
		if (th_item_get(it, member[i].name, &v))
			add_member(f, it, i, &v, e);
		if (i == BODY)
			add_lacking_body(f, it);
	}
	add_extensions(f, it);
	if (th_json_close(&f->b, '}') == TH_OK)
		mend_surrogates(&f->b);
}

static void
json_head(struct th_feedout *f)
{
	const struct th_feedout_options *o = &f->opt;
	struct th_buf *b = &f->b;

	th_buf_adds(b, FEEDOUT_JSON);
	th_json_member(b, "title", th_str(o->title));
	th_json_member(b, "home_page_url", th_str(o->link));
	th_json_member(b, "feed_url", th_str(o->self));
	th_json_member(b, "description", th_str(o->description));
	th_json_member(b, "language", th_str(o->language));
	th_json_key(b, "items");
	th_buf_adds(b, "[\n");
}

const struct feedout_format th_feedout_json = {
	.id = json_id,
	.item = json_item,
	.head = json_head,
	.separator = ",\n",
	.tail = "\n]}\n",
};
