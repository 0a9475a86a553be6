/*
 * feed_xml -- RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and what they carry along
 *
 * Keeps track of where in the document we are; feed_rules.c says what the
 * elements mean, feed_taken.c takes their texts.
 */
#include <stdlib.h>
#include <string.h>

#include "feed_xml.h"

static const struct th_xml_ns namespaces[] = {
	{ "http://www.w3.org/2005/atom", "atom", NS_ATOM },
	{ "http://www.w3.org/2005/atom", "atom10", NS_ATOM },
	{ "http://purl.org/atom/ns#", "a", NS_ATOM },
	{ "http://purl.org/atom/ns", NULL, NS_ATOM },
	{ "http://example.com/newformat#", NULL, NS_ATOM },
	{ "http://example.com/necho", NULL, NS_ATOM },
	{ "http://purl.org/echo", NULL, NS_ATOM },
	{ "uri/of/echo/namespace#", NULL, NS_ATOM },
	{ "http://purl.org/pie", NULL, NS_ATOM },
	{ "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf", NS_RDF },
	{ "http://www.w3.org/1999/02/22-rdf-syntax-ns", NULL, NS_RDF },
	{ "http://purl.org/rss/1.0", "rss", NS_NONE },
	{ "http://purl.org/rss/1.0/modules/rss091#", NULL, NS_NONE },
	{ "http://my.netscape.com/rdf/simple/0.9", NULL, NS_NONE },
	{ "http://channel.netscape.com/rdf/simple/0.9", NULL, NS_NONE },
	{ "http://my.netscape.com/publish/formats/rss-0.91.dtd", NULL,
	    NS_NONE },
	{ "http://backend.userland.com/rss", NULL, NS_NONE },
	{ "http://backend.userland.com/rss2", NULL, NS_NONE },
	{ "http://backend.userland.com/rss091", NULL, NS_NONE },
	{ "http://blogs.law.harvard.edu/tech/rss", NULL, NS_NONE },
	{ "http://cyber.law.harvard.edu/rss", NULL, NS_NONE },
	{ "http://cyber.law.harvard.edu/rss/rss.html", NULL, NS_NONE },
	{ "http://purl.org/net/rss1.1#", NULL, NS_NONE },
	{ "http://www.rssboard.org/rss-specification", NULL, NS_NONE },
	{ "http://purl.org/dc/elements/1.1", "dc", NS_DC },
	{ "http://purl.org/dc/elements/1.0", NULL, NS_DC },
	{ "http://purl.org/dc/terms", "dcterms", NS_TERMS },
	{ "http://purl.org/rss/1.0/modules/content", "content", NS_CONTENT },
	{ "http://search.yahoo.com/mrss", "media", NS_MEDIA },
	{ "http://www.itunes.com/dtds/podcast-1.0.dtd", "itunes", NS_ITUNES },
	{ "http://example.com/dtds/podcast-1.0.dtd", NULL, NS_ITUNES },
	{ "http://www.w3.org/1999/xhtml", "xhtml", NS_XHTML },
	{ "http://www.w3.org/xml/1998/namespace", "xml", NS_XML },
	{ NULL, NULL, 0 },
};

void
th_fx_failed(struct th_feed_xml *f, enum th_status st)
{
	if (st == TH_OK || f->status != TH_OK)
		return;
	f->status = st;
	th_xml_stop(f->xml, st);
}

/* ---- elements come and go ---- */

/* xml:base and xml:lang hold for an element and all inside it. */
static void
inherit(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	struct th_fx_level *l = th_fx_top(f);
	const struct th_xml_attr *a;
	size_t from;

	if ((a = th_xml_attr(t, "xml:lang")) != NULL) {
		from = f->inherited.len;
		th_xml_value(f->xml, a, &f->inherited);
		l->lang = from;
		l->lang_len = f->inherited.len - from;
	}
	if ((a = th_xml_attr(t, "xml:base")) != NULL) {
		th_buf_clear(&f->value);
		th_buf_clear(&f->other);
		th_xml_value(f->xml, a, &f->value);
		th_url_resolve(th_fx_base(f), th_buf_str(&f->value), &f->other);
		from = f->inherited.len;
		th_buf_add(&f->inherited, f->other.data, f->other.len);
		l->base = from;
		l->base_len = f->inherited.len - from;
	}
	th_fx_failed(f, f->inherited.status);
}

/*
 * Inside a text, an element that stands beside texts and is no HTML: the text
 * was left open.  Inside an item in an item, a third: both were.
 */
static bool
on_left_open(void *ctx, const struct th_xml_tag *next)
{
	static const char *const beside[] = { "item", "entry", "guid",
		"pubdate", "description", "link", "enclosure", "updated",
		"published", "category" };
	struct th_feed_xml *f = ctx;
	size_t i;

	if (f->taking == NULL)
		return f->nested && th_fx_top(f)->role == R_ITEM &&
		       f->entry->text.len > 0 &&
		       (th_str_iis(next->local, "item") ||
			   th_str_iis(next->local, "entry"));
	if (th_fx_top(f)->empty)
		return true;
	if (f->drop_div || f->base64 || next->local.s != next->name.s)
		return false;
	for (i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		if (th_str_iis(next->local, beside[i]))
			return true;
	return false;
}

static void
change_entry(struct th_feed_xml *f)
{
	struct th_found second = f->second;

	f->second = *f->entry;
	*f->entry = second;
}

/* What the element means where it stands; NULL: nothing. */
static const struct th_fx_rule *
rule_of(
    struct th_feed_xml *f, const struct th_xml_tag *t, enum th_fx_role parent)
{
	const struct th_fx_rule *r =
	    th_fx_find_rule(f, t, parent != R_NONE ? parent : R_CHANNEL);
	/* One that said nothing was not left open: that is mere depth. */
	bool nested = r == NULL && parent == R_ITEM && !f->nested &&
		      f->entry->text.len > 0;

	if (nested)
		r = th_fx_find_rule(f, t, R_CHANNEL);
	if (!nested && parent != R_NONE)
		return r;
	if (r == NULL || !th_fx_is_item(r))
		return NULL; /* an item after an element left open counts */
	if (nested) {
		f->nested = true;
		change_entry(f);
	}
	return r;
}

static void
on_start(void *ctx, const struct th_xml_tag *t)
{
	struct th_feed_xml *f = ctx;
	enum th_fx_role parent = th_fx_top(f)->role;
	const struct th_fx_rule *r;

	f->level[f->depth + 1] = *th_fx_top(f);
	f->depth++;
	th_fx_top(f)->inherited = f->inherited.len;
	th_fx_top(f)->empty = false;
	if (t->nattrs > 0)
		inherit(f, t);
	if (f->taking != NULL && th_fx_is_person(f, t))
		parent = R_AUTHOR;
	if (f->taking != NULL) {
		th_fx_add_start(f, t);
		return;
	}
	th_fx_top(f)->role = R_NONE;
	if (parent == R_NONE &&
	    (th_fx_top(f)->in_item || !th_fx_top(f)->in_feed))
		return;
	r = rule_of(f, t, parent);
	if (r != NULL)
		r->begin(f, t, r);
	else if (parent == R_DOC && f->depth < 3)
		th_fx_top(f)->role = R_DOC;
}

/*
 * An item that says where it ends holds what began inside it, which is none of
 * the feed's; one that was left open stood before it.
 */
static void
leave_item(struct th_feed_xml *f, bool inner, bool implied)
{
	if (inner) {
		change_entry(f);
		f->waits = true;
		return;
	}
	th_fx_failed(f, th_feed_emit(f->feed));
	if (f->waits && implied && f->status == TH_OK) {
		change_entry(f);
		th_fx_failed(f, th_feed_emit(f->feed));
	}
	f->nested = f->waits = false;
}

static void
leave(struct th_feed_xml *f, enum th_fx_role role, enum th_fx_role parent,
    bool implied)
{
	if (role == R_ITEM)
		leave_item(f, parent == R_ITEM, implied);
	else if (role == R_AUTHOR && parent == R_ITEM)
		th_fx_failed(f, th_found_author(f->entry, &f->author));
	else if (role == R_AUTHOR && parent == R_SOURCE)
		th_fx_failed(f, th_found_source_author(f->entry, &f->author));
	else if (role == R_AUTHOR && parent == R_CHANNEL) {
		th_fx_failed(f, th_found_copy_author(th_feed_common(f->feed),
				    f->entry, &f->author));
		f->entry->text.len = f->author_at;
	}
}

static void
on_end(void *ctx, const struct th_xml_tag *t)
{
	struct th_feed_xml *f = ctx;

	if (f->taking != NULL && f->depth > f->taken_at)
		th_fx_add_end(f, t);
	else if (f->taking != NULL)
		th_fx_taken(f);
	else
		leave(f, th_fx_top(f)->role, f->level[f->depth - 1].role,
		    t->implied);
	f->inherited.len = th_fx_top(f)->inherited;
	f->depth--;
}

static void
on_note(void *ctx, const char *repair)
{
	struct th_feed_xml *f = ctx;

	th_feed_note(f->feed, repair);
}

/* ---- the door ---- */

struct th_feed_xml *
th_feed_xml_new(struct th_feed *feed)
{
	struct th_feed_xml *f = th_calloc(1, sizeof(*f));
	struct th_xml_handler h = { .ns = namespaces,
		.start = on_start,
		.end = on_end,
		.left_open = on_left_open,
		.note = on_note,
		.ctx = f };

	if (f == NULL)
		return NULL;
	f->feed = feed;
	f->entry = th_feed_entry(feed);
	f->meta = th_feed_meta(feed);
	th_found_init(&f->second);
	f->xml = th_xml_new(&h);
	th_fx_index_rules(f);
	th_buf_init(&f->inherited, 2 * TH_XML_TAG_MAX);
	th_buf_init(&f->value, TH_FEED_ENTRY_MAX);
	th_buf_init(&f->other, TH_FEED_ENTRY_MAX);
	f->level[0].role = R_DOC;
	if (f->xml == NULL) {
		th_feed_xml_free(f);
		return NULL;
	}
	return f;
}

void
th_feed_xml_free(struct th_feed_xml *f)
{
	if (f == NULL)
		return;
	th_xml_free(f->xml);
	th_found_release(&f->second);
	th_buf_release(&f->inherited);
	th_buf_release(&f->value);
	th_buf_release(&f->other);
	free(f);
}

enum th_status
th_feed_xml_push(struct th_feed_xml *f, struct th_str s, struct th_err *err)
{
	return th_xml_push(f->xml, s, err);
}

enum th_status
th_feed_xml_finish(struct th_feed_xml *f, struct th_err *err)
{
	return th_xml_finish(f->xml, err);
}
