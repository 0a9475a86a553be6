/* feedout_rss -- items as RSS 2.0 */
#include <string.h>

#include "feedout.h"

#define ROOT                                                                   \
	"<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\""      \
	" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\""          \
	" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""                       \
	" xmlns:media=\"http://search.yahoo.com/mrss/\">\n"

static void
rss_id(struct th_feedout *f)
{
	th_feedout_clear(f, &f->more);
	th_feedout_escape(&f->more, th_str_trim(th_buf_str(&f->id)), false);
	if (th_str_trim(th_buf_str(&f->more)).len == 0) {
		th_feedout_clear(f, &f->more);
		th_urn_uuid(th_buf_str(&f->id), &f->more);
	}
	th_feedout_clear(f, &f->id);
	th_buf_add(&f->id, f->more.data, f->more.len);
}

static void
add_date(struct th_buf *b, const char *name, int64_t t)
{
	char date[TH_DATE_RFC822_SIZE];

	if (t != INT64_MIN && th_date_format_rfc822(t, date) == TH_OK)
		th_feedout_element(b, name, th_str(date));
}

/* An id that is the item's address says so; any other is no link. */
static void
add_link_and_guid(struct th_feedout *f, const struct th_item *it)
{
	struct th_str url;
	bool same = false;

	if ((th_feedout_text(f, it, "url", &url) &&
		th_feedout_url(f, it, url, &url)) ||
	    (th_feedout_text(f, it, "external_url", &url) &&
		th_feedout_url(f, it, url, &url))) {
		th_feedout_clear(f, &f->more);
		th_feedout_escape(&f->more, url, false);
		same = th_url_is_http(url) &&
		       th_str_is(th_buf_str(&f->more), f->id.data);
		th_feedout_element(&f->b, "link", url);
	}
	th_buf_addf(
	    &f->b, "<guid isPermaLink=\"%s\">", same ? "true" : "false");
	th_buf_add(&f->b, f->id.data, f->id.len);
	th_buf_adds(&f->b, "</guid>\n");
}

/* The readers' rule backwards: description is the body where there is no other.
 */
static void
add_body(struct th_feedout *f, const struct th_item *it, bool titled)
{
	struct th_str s;
	bool summed = th_feedout_text(f, it, "summary", &s);
	const char *body = "content:encoded";

	if (summed)
		th_feedout_as_html(f, "description", s);
	else if (!titled) /* one of them there must be */
		body = "description";
	if (th_feedout_text(f, it, "content_html", &s))
		th_feedout_element(&f->b, body, s);
	else if (th_feedout_text(f, it, "content_text", &s))
		th_feedout_lines(f, body, s);
	else if (!titled && !summed)
		th_buf_adds(&f->b, "<description></description>\n");
}

static void
add_author(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *element)
{
	struct th_value name;
	struct th_str s;

	(void)it;
	if (!th_value_get(v, "name", &name) && !th_value_get(v, "url", &name))
		return;
	if (th_feedout_value(f, &name, &s))
		th_feedout_element(&f->b, element, s);
}

static void
add_tag(struct th_feedout *f, const struct th_item *it,
    const struct th_value *v, const char *element)
{
	struct th_str s;

	(void)it;
	if (th_feedout_value(f, v, &s))
		th_feedout_element(&f->b, element, s);
}

/*
 * RSS has one enclosure an item, at an http address, and wants a length.
 * Returns which of the attachments it is.
 */
static size_t
add_enclosure(struct th_feedout *f, const struct th_item *it)
{
	struct th_value list, v;
	struct th_iter iter;
	size_t n;

	if (!th_item_get(it, "attachments", &list) ||
	    list.type != TH_JSON_ARRAY)
		return 0;
	th_iter_init(&iter, &list);
	for (n = 0; th_iter_next(&iter, NULL, &v); n++) {
		if (!th_feedout_attachment(f, it, &v) ||
		    !th_url_is_http(th_buf_str(&f->at.url)))
			continue;
		th_buf_adds(&f->b, "<enclosure");
		th_feedout_attribute(&f->b, "url", th_buf_str(&f->at.url));
		th_buf_addf(&f->b, " length=\"%jd\"", (intmax_t)f->at.size);
		th_feedout_attribute(&f->b, "type", th_buf_str(&f->at.type));
		th_buf_adds(&f->b, "/>\n");
		break;
	}
	return n;
}

static void
add_image(struct th_feedout *f, const struct th_item *it)
{
	struct th_str url;

	if (!th_feedout_text(f, it, "image", &url) ||
	    !th_feedout_url(f, it, url, &url))
		return;
	th_buf_adds(&f->b, "<media:thumbnail");
	th_feedout_attribute(&f->b, "url", url);
	th_buf_adds(&f->b, "/>\n");
}

static void
add_updated(struct th_feedout *f, int64_t t)
{
	char date[TH_DATE_SIZE];

	if (t != INT64_MIN && th_date_format(t, date) == TH_OK)
		th_feedout_element(&f->b, "atom:updated", th_str(date));
}

static void
rss_item(
    struct th_feedout *f, const struct th_item *it, struct feedout_entry *e)
{
	struct th_str s;
	bool titled = th_feedout_text(f, it, "title", &s);

	th_buf_adds(&f->b, "<item>\n");
	if (titled)
		th_feedout_as_html(f, "title", s);
	add_link_and_guid(f, it);
	add_date(&f->b, "pubDate", e->date);
	add_updated(f, e->updated);
	th_feedout_every(f, it, "authors", add_author, "dc:creator");
	th_feedout_every(f, it, "tags", add_tag, "category");
	add_body(f, it, titled);
	th_feedout_links(f, it, "atom:link", add_enclosure(f, it));
	add_image(f, it);
	if (th_feedout_language(f, it, &s))
		th_feedout_element(&f->b, "dc:language", s);
	th_buf_adds(&f->b, "</item>\n");
}

static void
rss_head(struct th_feedout *f)
{
	const struct th_feedout_options *o = &f->opt;
	struct th_buf *b = &f->b;

	th_buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	th_buf_adds(b, ROOT "<channel>\n");
	th_feedout_as_html(f, "title", th_str(o->title));
	th_feedout_element(b, "link",
	    th_str(o->link != NULL   ? o->link
		   : o->self != NULL ? o->self
				     : "about:blank"));
	if (o->self != NULL) {
		th_buf_adds(b, "<atom:link rel=\"self\"");
		th_feedout_attribute(b, "href", th_str(o->self));
		th_buf_adds(b, " type=\"application/rss+xml\"/>\n");
	}
	th_feedout_as_html(f, "description",
	    th_str(o->description != NULL ? o->description : o->title));
	if (o->language != NULL)
		th_feedout_element(b, "language", th_str(o->language));
	add_date(b, "lastBuildDate", f->newest);
	th_buf_adds(b, "<generator>" FEEDOUT_GENERATOR "</generator>\n");
}

const struct feedout_format th_feedout_rss = {
	.root = "\n" ROOT,
	.open = "\n<item>\n",
	.close = "\n</item>\n",
	.id_open = "<guid",
	.id_close = "</guid>",
	.date = { "<pubDate>" },
	.updated = { "<atom:updated>" },
	.no_date = "",
	.id = rss_id,
	.item = rss_item,
	.head = rss_head,
	.separator = "",
	.tail = "</channel>\n</rss>\n",
	.uris = true,
};
