/* feedout_json -- items as JSON Feed 1.1 */
#include <string.h>

#include "feedout.h"

/* What a member of the format must be to be written. */
enum shape { DATE, TEXT, TEXTS, URL, OBJECTS, ATTACHMENTS, LANGUAGE };
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
	{ "authors", OBJECTS },
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

static bool
is_string(const struct th_value *v)
{
	return v->type == TH_JSON_STRING && v->raw.len > 2;
}

/* An array of strings, or of objects; what else is in it is left out. */
static void
add_array(struct th_feedout *f, const char *name, const struct th_value *list,
    enum th_json type)
{
	struct th_iter iter;
	struct th_value v;
	bool open = false;

	th_iter_init(&iter, list);
	while (list->type == TH_JSON_ARRAY && th_iter_next(&iter, NULL, &v)) {
		if (v.type != type || th_value_is_empty(&v))
			continue;
		if (!open) {
			th_json_key(&f->b, name);
			th_json_open(&f->b, '[');
		}
		open = true;
		th_json_raw(&f->b, v.raw);
	}
	if (open)
		th_json_close(&f->b, ']');
}

static bool
fits_attachment(struct th_str key, const struct th_value *v)
{
	if (th_str_is(key, "url") || th_str_is(key, "mime_type"))
		return false; /* written already */
	if (th_str_is(key, "title"))
		return v->type == TH_JSON_STRING;
	if (th_str_is(key, "size_in_bytes") ||
	    th_str_is(key, "duration_in_seconds"))
		return v->type == TH_JSON_NUMBER;
	return true;
}

/* An attachment must have an address and a type. */
static void
add_attachment(struct th_feedout *f, const struct th_value *v)
{
	struct th_iter iter;
	struct th_value m;
	struct th_str key;

	th_json_open(&f->b, '{');
	th_json_member(&f->b, "url", th_buf_str(&f->at.url));
	th_json_member(&f->b, "mime_type", th_buf_str(&f->at.type));
	th_iter_init(&iter, v);
	while (th_iter_next(&iter, &key, &m)) {
		if (!fits_attachment(key, &m))
			continue;
		th_buf_adds(&f->b, ",\"");
		th_buf_add(&f->b, key.s, key.len);
		th_buf_adds(&f->b, "\":");
		th_buf_add(&f->b, m.raw.s, m.raw.len);
	}
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
		if (!open) {
			th_json_key(&f->b, "attachments");
			th_json_open(&f->b, '[');
		}
		open = true;
		add_attachment(f, &v);
	}
	if (open)
		th_json_close(&f->b, ']');
}

static void
add_url(struct th_feedout *f, const struct th_item *it, const char *name,
    const struct th_value *v)
{
	struct th_str url;

	if (th_feedout_value(f, v, &url) && th_feedout_url(f, it, url, &url))
		th_json_member(&f->b, name, url);
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
	case TEXTS: add_array(f, name, v, TH_JSON_STRING); return;
	case OBJECTS: add_array(f, name, v, TH_JSON_OBJECT); return;
	case ATTACHMENTS: add_attachments(f, it, v); return;
	case DATE:
		add_date(f, name, v, name[5] == 'p' ? e->date : e->updated);
		return;
	case LANGUAGE:
		if (th_feedout_language(f, it, &s))
			th_json_member(&f->b, name, s);
		return;
	case TEXT: break;
	}
	if (is_string(v)) {
		th_json_key(&f->b, name);
		th_json_raw(&f->b, v->raw);
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

static bool
has_string(const struct th_item *it, const char *name, struct th_value *ret)
{
	return th_item_get(it, name, ret) && is_string(ret);
}

/* Every item must have a body: what has none says its summary there, or "". */
static void
add_lacking_body(struct th_feedout *f, const struct th_item *it)
{
	struct th_value v;

	if (has_string(it, "content_html", &v) ||
	    has_string(it, "content_text", &v))
		return;
	th_json_key(&f->b, "content_text");
	if (has_string(it, "summary", &v))
		th_json_raw(&f->b, v.raw);
	else
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
