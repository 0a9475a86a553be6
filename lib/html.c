/* html -- which feed a web page names, read with libxml2's HTML parser */
#include <stdlib.h>
#include <string.h>

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "feed.h"

#define PAGE_MAX ((size_t)4 << 20) /* bytes of a page that are looked at */

struct th_page {
	htmlParserCtxtPtr parser;
	char *url;
	struct th_buf base, feed; /* <base href>, the best link so far */
	int rank;                 /* of that link, 0: none yet */
	size_t size;
	enum th_status status;
};

static struct th_str
attr(const xmlChar **atts, const char *name)
{
	size_t i;

	for (i = 0; atts != NULL && atts[i] != NULL; i += 2)
		if (th_str_iis(th_str((const char *)atts[i]), name))
			return th_str_trim(th_str((const char *)atts[i + 1]));
	return TH_STR("");
}

/* Only http leads to a feed: a link that leads elsewhere stands for none. */
static bool
leads_to_http(struct th_page *p, struct th_str href)
{
	struct th_buf feed, url;
	bool http;

	th_buf_init(&feed, PAGE_MAX);
	th_buf_init(&url, PAGE_MAX);
	if (th_url_of_feed(href, &feed) != TH_OK)
		p->status = feed.status;
	th_url_resolve(TH_STR("http://h/"), th_buf_str(&feed), &url);
	if (url.status != TH_OK)
		p->status = url.status;
	http = th_url_is_http(th_buf_str(&url));
	th_buf_release(&feed);
	th_buf_release(&url);
	return http;
}

/* "The Site » Comments Feed", "/comments/feed": what readers say. */
static bool
mentions_comments(struct th_str s)
{
	for (; s.len >= 8; s.s++, s.len--)
		if (th_str_iis((struct th_str){ s.s, 8 }, "comments"))
			return true;
	return false;
}

static void
on_link(struct th_page *p, const xmlChar **atts)
{
	struct th_str rel = attr(atts, "rel"), href = attr(atts, "href");
	struct th_str title = attr(atts, "title");
	int rank;

	if (href.len == 0)
		return;
	rank = th_feed_rank(rel, attr(atts, "type")) * 2;
	if (rank == 0)
		return;
	if (!mentions_comments(title) && !mentions_comments(href))
		rank++;
	if (rank <= p->rank || !leads_to_http(p, href))
		return;
	p->rank = rank;
	th_buf_clear(&p->feed);
	if (th_buf_add(&p->feed, href.s, href.len) != TH_OK)
		p->status = p->feed.status;
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar **atts)
{
	struct th_page *p = ctx;
	struct th_str s = th_str((const char *)name), href;

	if (th_str_iis(s, "link") || th_str_iis(s, "a"))
		on_link(p, atts);
	if (th_str_iis(s, "base") && p->base.len == 0) {
		href = attr(atts, "href");
		if (th_buf_add(&p->base, href.s, href.len) != TH_OK)
			p->status = p->base.status;
	}
}

static void
on_error(void *ctx, const char *text, ...)
{
	(void)ctx;
	(void)text;
}

struct th_page *
th_page_new(const char *url)
{
	static const htmlSAXHandler none;
	htmlSAXHandler sax = none;
	struct th_page *p = th_calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	/* It calls a failed allocation many things; ours are remembered. */
	xmlMemSetup(free, th_malloc, th_realloc, th_strdup);
	sax.startElement = on_start;
	sax.error = sax.warning = sax.fatalError = on_error;
	th_buf_init(&p->base, PAGE_MAX);
	th_buf_init(&p->feed, PAGE_MAX);
	p->url = th_strdup(url != NULL ? url : "");
	p->parser = htmlCreatePushParserCtxt(
	    &sax, p, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (p->url == NULL || p->parser == NULL) {
		th_page_free(p);
		return NULL;
	}
	htmlCtxtUseOptions(p->parser, HTML_PARSE_NONET | HTML_PARSE_NOERROR |
					  HTML_PARSE_NOWARNING |
					  HTML_PARSE_RECOVER);
	return p;
}

void
th_page_free(struct th_page *p)
{
	if (p == NULL)
		return;
	if (p->parser != NULL) {
		if (p->parser->myDoc != NULL)
			xmlFreeDoc(p->parser->myDoc);
		htmlFreeParserCtxt(p->parser);
	}
	th_buf_release(&p->base);
	th_buf_release(&p->feed);
	free(p->url);
	free(p);
}

enum th_status
th_page_push(struct th_page *p, struct th_str s)
{
	int n;

	while (s.len > 0 && p->size < PAGE_MAX && p->status == TH_OK) {
		n = s.len < 65536 ? (int)s.len : 65536;
		htmlParseChunk(p->parser, s.s, n, 0);
		if (th_alloc_failed())
			p->status = TH_ENOMEM;
		p->size += (size_t)n;
		s.s += n;
		s.len -= (size_t)n;
	}
	return p->status;
}

enum th_status
th_page_feed(struct th_page *p, struct th_buf *ret)
{
	struct th_buf base, feed;

	htmlParseChunk(p->parser, "", 0, 1);
	if (th_alloc_failed())
		p->status = TH_ENOMEM;
	if (p->status != TH_OK)
		return p->status;
	if (p->feed.len == 0)
		return TH_END;
	th_buf_init(&base, PAGE_MAX);
	th_buf_init(&feed, PAGE_MAX);
	th_url_resolve(th_str(p->url), th_buf_str(&p->base), &base);
	th_url_of_feed(th_buf_str(&p->feed), &feed);
	th_url_resolve(p->base.len > 0 ? th_buf_str(&base) : th_str(p->url),
	    th_buf_str(&feed), ret);
	if (base.status != TH_OK)
		ret->status = base.status;
	if (feed.status != TH_OK)
		ret->status = feed.status;
	th_buf_release(&feed);
	th_buf_release(&base);
	return ret->status;
}
