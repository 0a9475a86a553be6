/* feed_opml -- lists of feeds (OPML), whatever their nesting */
#include <string.h>

#include <libxml/parser.h>

#include "trigger.h"

#define STEP (64 << 10)

struct opml {
	th_opml_visit *visit;
	void *ctx;
	enum th_status status;
	size_t elements;
	bool is_opml;
	xmlParserCtxtPtr parser;
};

static struct th_str
attribute(const xmlChar **attr, const char *name)
{
	for (; attr != NULL && attr[0] != NULL; attr += 2)
		if (th_str_iis(th_str((const char *)attr[0]), name))
			return th_str((const char *)attr[1]);
	return (struct th_str){ "", 0 };
}

static void
on_element(void *ctx, const xmlChar *name, const xmlChar **attr)
{
	struct opml *o = ctx;
	struct th_str url, title;

	if (o->elements++ == 0)
		o->is_opml = th_str_iis(th_str((const char *)name), "opml");
	if (!o->is_opml || o->status != TH_OK ||
	    !th_str_iis(th_str((const char *)name), "outline"))
		return;
	url = th_str_trim(attribute(attr, "xmlUrl"));
	if (url.len == 0)
		return;
	title = attribute(attr, "text");
	if (title.len == 0)
		title = attribute(attr, "title");
	o->status = o->visit(o->ctx, url, title);
	if (o->status != TH_OK)
		xmlStopParser(o->parser);
}

static void
on_error(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

enum th_status
th_opml_read(
    struct th_str text, th_opml_visit *visit, void *ctx, struct th_err *err)
{
	/* No entity is known but the five of XML: nothing can swell. */
	xmlSAXHandler sax = { .startElement = on_element,
		.error = on_error,
		.warning = on_error,
		.fatalError = on_error };
	struct opml o = { .visit = visit, .ctx = ctx };
	size_t at, n;

	o.parser = xmlCreatePushParserCtxt(&sax, &o, NULL, 0, NULL);
	if (o.parser == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	xmlCtxtUseOptions(o.parser, XML_PARSE_RECOVER | XML_PARSE_NONET |
					XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING | XML_PARSE_SAX1);
	for (at = 0; at < text.len && o.status == TH_OK; at += n) {
		n = text.len - at < STEP ? text.len - at : STEP;
		xmlParseChunk(o.parser, text.s + at, (int)n, 0);
	}
	if (o.status == TH_OK)
		xmlParseChunk(o.parser, "", 0, 1);
	xmlFreeParserCtxt(o.parser);
	if (o.status == TH_OK && th_alloc_failed())
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (o.status == TH_OK && !o.is_opml)
		return th_fail(err, TH_EDATA, "not OPML");
	return o.status;
}
