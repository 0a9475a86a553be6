/* feedout_atom -- items as Atom 1.0 (RFC 4287) */
#include "feedout.h"

#define ROOT                                                                   \
	"<feed xmlns=\"http://www.w3.org/2005/Atom\""                          \
	" xmlns:media=\"http://search.yahoo.com/mrss/\""

/* An id must be an IRI: what is none becomes a urn made from it. */
static void
add_id(struct th_buf *b, struct th_str id)
{
	if (th_feedout_is_iri(id))
		th_feedout_escape(b, id, false);
	else
		th_urn_uuid(id, b);
}

static void
atom_id(struct th_feedout *f)
{
	th_feedout_clear(f, &f->more);
	add_id(&f->more, th_buf_str(&f->id));
	th_feedout_clear(f, &f->id);
	th_buf_add(&f->id, f->more.data, f->more.len);
}

static void
add_date(struct th_buf *b, const char *name, int64_t t)
{
	char date[TH_DATE_SIZE];

	if (t != INT64_MIN && th_date_format(t, date) == TH_OK)
		th_feedout_element(b, name, th_str(date));
}

/* Every entry must say when it was updated. */
static void
add_updated(struct th_buf *b, int64_t t)
{
	char date[TH_DATE_SIZE];

	if (t == INT64_MIN || th_date_format(t, date) != TH_OK)
		th_feedout_element(b, "updated", TH_STR(FEEDOUT_NO_DATE));
	else
		th_feedout_element(b, "updated", th_str(date));
}

static void
add_author(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *element)
{
	struct th_value name, url;
	struct th_str s;
	bool linked = th_value_get(v, "url", &url);

	(void)element;
	if (!th_value_get(v, "name", &name)) {
		if (!linked)
			return;
		name = url;
	}
	if (!th_feedout_value(f, &name, &s))
		return;
	th_buf_adds(&f->b, "<author>\n");
	th_feedout_element(&f->b, "name", s);
	if (linked && th_feedout_value(f, &url, &s) &&
	    th_feedout_url(f, it, s, &s))
		th_feedout_element(&f->b, "uri", s);
	th_buf_adds(&f->b, "</author>\n");
}

static void
add_tag(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *element)
{
	struct th_str s;

	(void)it;
	if (!th_feedout_value(f, v, &s))
		return;
	th_buf_addf(&f->b, "<%s", element);
	th_feedout_attribute(&f->b, "term", s);
	th_buf_adds(&f->b, "/>\n");
}

/* Atom knows IRIs, Media RSS only URIs. */
static bool
add_url(struct th_feedout *f, const struct th_item *it, const char *name,
    bool uri, const char *open)
{
	struct th_str url;

	if (!th_feedout_text(f, it, name, &url) ||
	    !th_feedout_url(f, it, url, &url) ||
	    (uri && !th_feedout_uri(f, &url)))
		return false;
	th_buf_adds(&f->b, open);
	th_feedout_escape(&f->b, url, true);
	th_buf_adds(&f->b, "\"/>\n");
	return true;
}

/* An entry without an address of its own must have content, be it empty. */
static void
add_body(struct th_feedout *f, const struct th_item *it, bool linked)
{
	struct th_str s;

	if (th_feedout_text(f, it, "summary", &s))
		th_feedout_element(&f->b, "summary", s);
	if (th_feedout_text(f, it, "content_html", &s))
		th_feedout_element(&f->b, "content type=\"html\"", s);
	else if (th_feedout_text(f, it, "content_text", &s))
		th_feedout_element(&f->b, "content", s);
	else if (!linked)
		th_buf_adds(&f->b, "<content></content>\n");
}

static void
atom_item(
    struct th_feedout *f, const struct th_item *it, struct feedout_entry *e)
{
	struct th_str s;
	size_t len;
	bool linked;

	th_buf_adds(&f->b, "<entry");
	if (th_feedout_language(f, it, &s))
		th_feedout_attribute(&f->b, "xml:lang", s);
	th_buf_adds(&f->b, ">\n<id>");
	th_buf_add(&f->b, f->id.data, f->id.len);
	th_buf_adds(&f->b, "</id>\n");
	if (!th_feedout_text(f, it, "title", &s))
		s = TH_STR(""); /* may be empty, must be there */
	th_feedout_element(&f->b, "title", s);
	linked =
	    add_url(f, it, "url", false, "<link rel=\"alternate\" href=\"");
	add_date(&f->b, "published", e->date);
	add_updated(&f->b, e->updated != INT64_MIN ? e->updated : e->date);
	len = f->b.len;
	th_feedout_every(f, it, "authors", add_author, "author");
	e->author = f->b.len > len;
	th_feedout_every(f, it, "tags", add_tag, "category");
	add_body(f, it, linked);
	th_feedout_links(f, it, "link", SIZE_MAX);
	add_url(f, it, "image", true, "<media:thumbnail url=\"");
	th_buf_adds(&f->b, "</entry>\n");
}

static void
add_feed_link(struct th_buf *b, const char *open, const char *url)
{
	if (url == NULL)
		return;
	th_buf_adds(b, open);
	th_feedout_attribute(b, "href", th_str(url));
	th_buf_adds(b, "/>\n");
}

static void
atom_head(struct th_feedout *f)
{
	const struct th_feedout_options *o = &f->opt;
	struct th_buf *b = &f->b;

	th_buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" ROOT);
	if (o->language != NULL)
		th_feedout_attribute(b, "xml:lang", th_str(o->language));
	th_buf_adds(b, ">\n<id>");
	add_id(b, th_str(o->self != NULL   ? o->self
			 : o->link != NULL ? o->link
					   : o->title));
	th_buf_adds(b, "</id>\n");
	th_feedout_element(b, "title", th_str(o->title));
	if (o->description != NULL)
		th_feedout_element(b, "subtitle", th_str(o->description));
	add_updated(b, f->newest);
	if (!f->author) { /* of the entries that have none */
		th_buf_adds(b, "<author>\n");
		th_feedout_element(b, "name", th_str(o->title));
		th_buf_adds(b, "</author>\n");
	}
	add_feed_link(b, "<link rel=\"alternate\"", o->link);
	add_feed_link(
	    b, "<link rel=\"self\" type=\"application/atom+xml\"", o->self);
	th_buf_adds(b, "<generator>" FEEDOUT_GENERATOR "</generator>\n");
}

const struct feedout_format th_feedout_atom = {
	.root = "\n" ROOT,
	.open = "\n<entry",
	.close = "\n</entry>\n",
	.id_open = "<id",
	.id_close = "</id>",
	.date = { "<published>", "<updated>" },
	.updated = { "<updated>" },
	.no_date = FEEDOUT_NO_DATE,
	.id = atom_id,
	.item = atom_item,
	.head = atom_head,
	.separator = "",
	.tail = "</feed>\n",
};
