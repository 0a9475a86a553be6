/* feed_opml -- lists of feeds (OPML), whatever their nesting */
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "trigger.h"

#define STEP (64 << 10)

#define FOLDERS 64 /* deeper ones are not told */

struct opml {
	th_listed_visit *visit;
	void *ctx;
	enum th_status status;
	size_t elements;
	bool is_opml;
	xmlParserCtxtPtr parser;
	/* Titles of the outlines that are open; NULL of those that are feeds.
	 */
	char *open[FOLDERS];
	size_t depth; /* may be more */
};

static struct th_str
attribute(const xmlChar **attr, const char *name)
{
	for (; attr != NULL && attr[0] != NULL; attr += 2)
		if (th_str_iis(th_str((const char *)attr[0]), name))
			return th_str((const char *)attr[1]);
	return (struct th_str){ "", 0 };
}

static bool
is_outline(const xmlChar *name)
{
	return th_str_iis(th_str((const char *)name), "outline");
}

static void
stop(struct opml *o, enum th_status st)
{
	if ((o->status = st) != TH_OK)
		xmlStopParser(o->parser);
}

static void
tell(struct opml *o, struct th_str url, struct th_str title)
{
	struct th_str folder[FOLDERS];
	struct th_listed feed = {
		.url = url, .title = title, .folder = folder
	};
	size_t i;

	for (i = 0; i < o->depth && i < FOLDERS; i++)
		if (o->open[i] != NULL && o->open[i][0] != '\0')
			folder[feed.nfolders++] = th_str(o->open[i]);
	stop(o, o->visit(o->ctx, &feed));
}

/* Then some keep the address where that of a page would be. */
static bool
is_feed(struct th_str type)
{
	return th_str_iis(type, "rss") || th_str_iis(type, "atom");
}

static void
on_element(void *ctx, const xmlChar *name, const xmlChar **attr)
{
	struct opml *o = ctx;
	struct th_str url, title;
	char **open;

	if (o->elements++ == 0)
		o->is_opml = th_str_iis(th_str((const char *)name), "opml");
	if (!o->is_opml || o->status != TH_OK || !is_outline(name))
		return;
	url = th_str_trim(attribute(attr, "xmlUrl"));
	if (url.len == 0 && is_feed(attribute(attr, "type")))
		url = th_str_trim(attribute(attr, "url"));
	title = attribute(attr, "text");
	if (title.len == 0)
		title = attribute(attr, "title");
	if (url.len > 0)
		tell(o, url, title);
	open = o->depth++ < FOLDERS ? &o->open[o->depth - 1] : NULL;
	if (open == NULL || url.len > 0)
		return;
	if ((*open = th_strndup(title.s, title.len)) == NULL)
		stop(o, TH_ENOMEM);
}

static void
on_end(void *ctx, const xmlChar *name)
{
	struct opml *o = ctx;

	if (!is_outline(name) || o->depth == 0 || --o->depth >= FOLDERS)
		return;
	free(o->open[o->depth]);
	o->open[o->depth] = NULL;
}

static void
on_error(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

enum th_status
th_opml_read(
    struct th_str text, th_listed_visit *visit, void *ctx, struct th_err *err)
{
	/* No entity is known but the five of XML: nothing can swell. */
	xmlSAXHandler sax = { .startElement = on_element,
		.endElement = on_end,
		.error = on_error,
		.warning = on_error,
		.fatalError = on_error };
	struct opml o = { .visit = visit, .ctx = ctx };
	size_t at, n;

	o.parser = xmlCreatePushParserCtxt(&sax, &o, NULL, 0, NULL);
	if (o.parser == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	/* NOENT: else "&amp;" of an attribute would come as "&#38;". */
	xmlCtxtUseOptions(o.parser, XML_PARSE_RECOVER | XML_PARSE_NOENT |
					XML_PARSE_NONET | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING | XML_PARSE_SAX1);
	for (at = 0; at < text.len && o.status == TH_OK; at += n) {
		n = text.len - at < STEP ? text.len - at : STEP;
		xmlParseChunk(o.parser, text.s + at, (int)n, 0);
	}
	if (o.status == TH_OK)
		xmlParseChunk(o.parser, "", 0, 1);
	xmlFreeParserCtxt(o.parser);
	for (n = 0; n < FOLDERS; n++)
		free(o.open[n]);
	if (o.status == TH_OK && th_alloc_failed())
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (o.status == TH_OK && !o.is_opml)
		return th_fail(err, TH_EDATA, "not OPML");
	return o.status;
}
