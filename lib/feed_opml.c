/* feed_opml -- lists of feeds (OPML), whatever their nesting and encoding */
#include <stdlib.h>

#include "charset.h"
#include "xml.h"

#define FOLDERS 64 /* deeper ones are not told */

static const struct th_xml_ns no_names[] = { { NULL, NULL, 0 } };

struct opml {
	th_listed_visit *visit;
	void *ctx;
	struct th_err err; /* of the XML */
	struct th_xml *xml;
	struct th_buf url, title;
	size_t elements;
	bool is_opml;
	bool told; /* it is the visitor's status */
	/* Titles of the outlines that are open; NULL of those that are feeds.
	 */
	char *open[FOLDERS];
	size_t depth; /* may be more */
};

static bool
is_outline(const struct th_xml_tag *t)
{
	return th_str_iis(t->local, "outline");
}

static struct th_str
attribute(struct opml *o, const struct th_xml_tag *t, const char *name,
    struct th_buf *ret)
{
	const struct th_xml_attr *a = th_xml_attr(t, name);

	th_buf_clear(ret);
	if (a != NULL)
		th_xml_value(o->xml, a, ret);
	return th_str_trim(th_buf_str(ret));
}

static void
tell(struct opml *o, struct th_str url, struct th_str title)
{
	struct th_str folder[FOLDERS];
	struct th_listed feed = {
		.url = url, .title = title, .folder = folder
	};
	enum th_status st;
	size_t i;

	for (i = 0; i < o->depth && i < FOLDERS; i++)
		if (o->open[i] != NULL && o->open[i][0] != '\0')
			folder[feed.nfolders++] = th_str(o->open[i]);
	st = o->visit(o->ctx, &feed);
	o->told = st != TH_OK;
	if (o->told)
		th_xml_stop(o->xml, st);
}

/* Then some keep the address where that of a page would be. */
static bool
is_feed(struct th_str type)
{
	return th_str_iis(type, "rss") || th_str_iis(type, "atom");
}

static void
on_start(void *ctx, const struct th_xml_tag *t)
{
	struct opml *o = ctx;
	struct th_str url, title;
	char **open;

	if (o->elements++ == 0)
		o->is_opml = th_str_iis(t->local, "opml");
	if (!o->is_opml || !is_outline(t))
		return;
	url = attribute(o, t, "xmlUrl", &o->url);
	if (url.len == 0 && is_feed(attribute(o, t, "type", &o->title)))
		url = attribute(o, t, "url", &o->url);
	title = attribute(o, t, "text", &o->title);
	if (title.len == 0)
		title = attribute(o, t, "title", &o->title);
	if (o->url.status != TH_OK || o->title.status != TH_OK) {
		th_xml_stop(o->xml, TH_ENOMEM);
		return;
	}
	if (url.len > 0)
		tell(o, url, title);
	open = o->depth++ < FOLDERS ? &o->open[o->depth - 1] : NULL;
	if (open == NULL || url.len > 0)
		return;
	if ((*open = th_strndup(title.s, title.len)) == NULL)
		th_xml_stop(o->xml, TH_ENOMEM);
}

static void
on_end(void *ctx, const struct th_xml_tag *t)
{
	struct opml *o = ctx;

	if (!is_outline(t) || o->depth == 0 || --o->depth >= FOLDERS)
		return;
	free(o->open[o->depth]);
	o->open[o->depth] = NULL;
}

static bool
never_left_open(void *ctx, const struct th_xml_tag *next)
{
	(void)ctx;
	(void)next;
	return false;
}

static enum th_status
on_clean(void *ctx, struct th_str s)
{
	struct opml *o = ctx;

	return th_xml_push(o->xml, s, &o->err);
}

static enum th_status
read_all(struct opml *o, struct th_str text)
{
	struct th_xml_handler h = { .ns = no_names,
		.start = on_start,
		.end = on_end,
		.left_open = never_left_open,
		.ctx = o };
	struct th_charset *decoder = th_charset_new(NULL, on_clean, o);
	enum th_status st = TH_ENOMEM;

	o->xml = th_xml_new(&h);
	if (o->xml != NULL && decoder != NULL)
		st = th_charset_push(decoder, text);
	if (st == TH_OK)
		st = th_charset_finish(decoder);
	if (st == TH_OK)
		st = th_xml_finish(o->xml, &o->err);
	th_xml_free(o->xml);
	th_charset_free(decoder);
	if (st == TH_OK && !o->is_opml)
		st = TH_EDATA;
	return st;
}

enum th_status
th_opml_read(
    struct th_str text, th_listed_visit *visit, void *ctx, struct th_err *err)
{
	struct opml o = { .visit = visit, .ctx = ctx };
	enum th_status st;
	size_t i;

	th_buf_init(&o.url, TH_XML_TAG_MAX);
	th_buf_init(&o.title, TH_XML_TAG_MAX);
	st = read_all(&o, text);
	if (!o.is_opml && st == TH_EDATA)
		th_fail(err, st, "not OPML");
	else if (st == TH_ENOMEM)
		th_fail(err, st, "out of memory");
	else if (st == TH_EDATA && !o.told)
		th_fail(err, st, "%s", o.err.text);
	for (i = 0; i < FOLDERS; i++)
		free(o.open[i]);
	th_buf_release(&o.url);
	th_buf_release(&o.title);
	return st;
}
