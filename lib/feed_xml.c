/*
 * feed_xml -- RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0 and what they carry along
 *
 * One table tells what an element means by its name, its namespace and where
 * it stands; what is not in it is not read.  An element whose text is taken
 * keeps the markup inside it, as HTML.
 */
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "html.h"
#include "xml.h"

enum ns {
	NS_NONE,
	NS_ATOM,
	NS_RDF,
	NS_DC,
	NS_TERMS,
	NS_CONTENT,
	NS_MEDIA,
	NS_ITUNES,
	NS_XHTML,
	NS_XML
};

/* Bits of a set of namespaces. */
enum {
	IN_RSS = 1 << NS_NONE,
	IN_ATOM = 1 << NS_ATOM,
	IN_RDF = 1 << NS_RDF,
	IN_DC = 1 << NS_DC,
	IN_TERMS = 1 << NS_TERMS,
	IN_CONTENT = 1 << NS_CONTENT,
	IN_MEDIA = 1 << NS_MEDIA,
	IN_ITUNES = 1 << NS_ITUNES,
	IN_XHTML = 1 << NS_XHTML
};

static const struct th_xml_ns namespaces[] = {
	{ "http://www.w3.org/2005/atom", "atom", NS_ATOM },
	{ "https://www.w3.org/2005/atom", "atom10", NS_ATOM },
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

/* Where an element stands: what its parent is. */
enum role {
	R_NONE,
	R_DOC,
	R_RSS,
	R_CHANNEL,
	R_ITEM,
	R_AUTHOR,
	R_SOURCE,
	R_GROUP,
	R_IMAGE,
	R_TAKEN,
	ROLES
};

enum {
	AT_DOC = 1 << R_DOC,
	AT_RSS = 1 << R_RSS,
	AT_CHANNEL = 1 << R_CHANNEL,
	AT_ITEM = 1 << R_ITEM,
	AT_AUTHOR = 1 << R_AUTHOR,
	AT_SOURCE = 1 << R_SOURCE,
	AT_GROUP = 1 << R_GROUP,
	AT_ENTRY = AT_ITEM | AT_GROUP
};

struct level {
	size_t base, base_len; /* in inherited */
	size_t lang, lang_len;
	size_t inherited; /* its length before this element */
	enum role role;
	bool in_feed, in_item;
};

struct rule;

struct th_feed_xml {
	struct th_feed *feed;
	struct th_found *entry;
	struct th_feed_meta *meta;
	struct th_xml *xml;
	enum th_status status;
	bool atom; /* the root is Atom's */
	int root_ns;
	size_t depth, ignored; /* levels; how deep in what is not read */
	struct level level[TH_XML_DEPTH + 1];
	struct th_buf inherited; /* xml:base and xml:lang in scope */
	/* The element whose text is being taken. */
	const struct rule *taking;
	size_t taken_at, start;
	enum th_form form;
	bool base64, drop_div;
	struct th_feed_author author;
	size_t author_at;                   /* where its text begins */
	struct th_buf value, other;         /* scratch */
	unsigned char head[128], next[128]; /* of the table of rules */
};

/*
 * begin is called with the tag and decides what the element is; text with all
 * of its text when it was taken.
 */
struct rule {
	const char *name; /* in lower case */
	unsigned ns, at;
	void (*begin)(struct th_feed_xml *, const struct th_xml_tag *,
	    const struct rule *);
	void (*text)(struct th_feed_xml *, struct th_slot, int arg);
	int arg;
};

static struct level *
top(struct th_feed_xml *f)
{
	return &f->level[f->depth];
}

static void
failed(struct th_feed_xml *f, enum th_status st)
{
	if (st == TH_OK || f->status != TH_OK)
		return;
	f->status = st;
	th_xml_stop(f->xml, st);
}

static struct th_str
base_of(struct th_feed_xml *f)
{
	return (struct th_str){ f->inherited.data + top(f)->base,
		top(f)->base_len };
}

/* ---- pieces of the entry ---- */

/* Appends to the entry's buffer. */
static struct th_slot
keep(struct th_feed_xml *f, struct th_str s, enum th_form form)
{
	struct th_slot slot = { f->entry->text.len, s.len, form };

	if (s.len == 0)
		return (struct th_slot){ 0 };
	failed(f, th_buf_add(&f->entry->text, s.s, s.len));
	return slot;
}

static struct th_str
str(const struct th_feed_xml *f, struct th_slot s)
{
	return th_found_str(f->entry, s);
}

/* The attribute's value, trimmed, until the next call; empty when missing. */
static struct th_str
attr(struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	const struct th_xml_attr *a = th_xml_attr(t, name);

	th_buf_clear(&f->value);
	if (a == NULL)
		return TH_STR("");
	th_xml_value(f->xml, a, &f->value);
	return th_str_trim(th_buf_str(&f->value));
}

static struct th_slot
keep_attr(struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	return keep(f, attr(f, t, name), TH_FORM_TEXT);
}

/* Keeps an address, absolute; what has no base stays as it is. */
static struct th_slot
keep_url(struct th_feed_xml *f, struct th_str url)
{
	if (url.len == 0)
		return (struct th_slot){ 0 };
	th_buf_clear(&f->other);
	th_url_resolve(base_of(f), url, &f->other);
	return keep(f, th_buf_str(&f->other), TH_FORM_TEXT);
}

static struct th_slot
keep_url_attr(
    struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	return keep_url(f, attr(f, t, name));
}

static void
set_if_none(struct th_feed_xml *f, enum th_slots i, struct th_slot s)
{
	struct th_slot *slot = &f->entry->slot[i];

	if (s.len > 0 && th_str_trim(str(f, *slot)).len == 0)
		*slot = s;
}

/* ---- taking text ---- */

static void
take(struct th_feed_xml *f, const struct rule *r, enum th_xml_text want,
    enum th_form form)
{
	f->taking = r;
	f->taken_at = f->depth;
	f->start = f->entry->text.len;
	f->form = form;
	f->drop_div = want == TH_XML_RAW;
	f->base64 = false;
	top(f)->role = R_TAKEN;
	th_xml_want(f->xml, want, &f->entry->text);
}

static void
add(struct th_feed_xml *f, struct th_str s)
{
	failed(f, th_buf_add(&f->entry->text, s.s, s.len));
}

static bool
is_void(struct th_str name)
{
	static const char *const names[] = { "br", "img", "hr", "input", "area",
		"col", "embed", "link", "meta", "param", "source", "track",
		"wbr" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (th_str_iis(name, names[i]))
			return true;
	return false;
}

/* Markup inside a text that is taken goes with it. */
static void
add_attr(struct th_feed_xml *f, const struct th_xml_attr *a)
{
	if (th_str_has_prefix(a->name, "xml"))
		return;
	add(f, TH_STR(" "));
	add(f, a->name);
	add(f, TH_STR("=\""));
	th_buf_clear(&f->value);
	th_xml_value(f->xml, a, &f->value);
	if (th_html_is_address(a->name)) {
		th_buf_clear(&f->other);
		th_url_resolve(base_of(f), th_buf_str(&f->value), &f->other);
		failed(
		    f, th_text_escape(th_buf_str(&f->other), &f->entry->text));
	} else {
		failed(
		    f, th_text_escape(th_buf_str(&f->value), &f->entry->text));
	}
	add(f, TH_STR("\""));
}

static bool
is_wrapper(const struct th_feed_xml *f, struct th_str local)
{
	return f->drop_div && f->depth == f->taken_at + 1 &&
	       th_str_iis(local, "div");
}

static void
add_start(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	size_t i;

	if (is_wrapper(f, t->local) || f->form == TH_FORM_TEXT)
		return;
	if (f->form == TH_FORM_GUESS)
		f->form = TH_FORM_HTML;
	add(f, TH_STR("<"));
	add(f, t->local);
	for (i = 0; i < t->nattrs; i++)
		add_attr(f, &t->attr[i]);
	add(f, TH_STR(">"));
}

static void
add_end(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	if (is_wrapper(f, t->local) || f->form == TH_FORM_TEXT ||
	    is_void(t->local))
		return;
	add(f, TH_STR("</"));
	add(f, t->local);
	add(f, TH_STR(">"));
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Appends what base64 stands for; false when it is none, or is no text. */
static bool
add_base64(struct th_str in, struct th_buf *out)
{
	size_t i, n = 0, start = out->len;
	unsigned bits = 0;
	int v;

	for (i = 0; i < in.len && in.s[i] != '='; i++) {
		if ((unsigned char)in.s[i] <= ' ')
			continue;
		if ((v = base64_value(in.s[i])) < 0)
			return false;
		bits = (bits << 6 | (unsigned)v) & 0xffffff;
		if (++n % 4 != 1)
			th_buf_addc(out, (char)(bits >> (4 - n % 4) % 4 * 2));
	}
	for (i = start; i < out->len; i++)
		if ((unsigned char)out->data[i] < '\t')
			return false;
	return n % 4 != 1 && th_utf8_valid(th_buf_str(out)) == out->len;
}

static void
decode_base64(struct th_feed_xml *f, struct th_slot *s)
{
	th_buf_clear(&f->other);
	if (!add_base64(str(f, *s), &f->other))
		return;
	f->entry->text.len = s->off;
	s->len = f->other.len;
	add(f, th_buf_str(&f->other));
}

/* Links inside HTML are made absolute while their base is known. */
static void
make_absolute(struct th_feed_xml *f, struct th_slot *s)
{
	struct th_str base = base_of(f), html = str(f, *s);

	if (f->drop_div || base.len == 0 || s->form == TH_FORM_TEXT ||
	    memchr(html.s, '<', html.len) == NULL)
		return;
	th_buf_clear(&f->other);
	if (th_html_absolute(html, base, &f->other) != TH_OK) {
		failed(f, f->other.status);
		return;
	}
	f->entry->text.len = s->off;
	s->len = f->other.len;
	add(f, th_buf_str(&f->other));
}

static void
taken(struct th_feed_xml *f)
{
	const struct rule *r = f->taking;
	struct th_slot s = { f->start, f->entry->text.len - f->start, f->form };

	f->taking = NULL;
	th_xml_want(f->xml, TH_XML_SKIP, NULL);
	if (f->status != TH_OK || s.len == 0)
		return;
	if (f->base64)
		decode_base64(f, &s);
	make_absolute(f, &s);
	if (f->status == TH_OK && s.len > 0)
		r->text(f, s, r->arg);
}

/* ---- what to do with the text of an element ---- */

static void
text_slot(struct th_feed_xml *f, struct th_slot s, int arg)
{
	set_if_none(f, (enum th_slots)arg, s);
}

/* A second description makes the better one the body. */
static void
text_summary(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_slot *slot = f->entry->slot;

	(void)arg;
	if (slot[TH_S_SUMMARY].len == 0)
		slot[TH_S_SUMMARY] = s;
	else
		set_if_none(f, TH_S_CONTENT, s);
}

static void
text_url(struct th_feed_xml *f, struct th_slot s, int arg)
{
	set_if_none(f, (enum th_slots)arg, keep_url(f, str(f, s)));
}

static void
text_author(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_feed_author a = { .name = s };

	(void)arg;
	if (th_str_trim(str(f, s)).len > 0)
		failed(f, th_found_author(f->entry, &a));
}

static void
text_person(struct th_feed_xml *f, struct th_slot s, int arg)
{
	if (arg == 0)
		f->author.name = s;
	else if (arg == 1)
		f->author.email = s;
	else
		f->author.url = keep_url(f, str(f, s));
}

static void
text_tag(struct th_feed_xml *f, struct th_slot s, int arg)
{
	(void)arg;
	failed(f, th_found_tag(f->entry, s));
}

/* "a, b, c" */
static void
text_keywords(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_slot one = { s.off, 0, s.form };
	size_t i;

	(void)arg;
	for (i = 0; i < s.len; i++) {
		if (f->entry->text.data[s.off + i] != ',') {
			one.len++;
			continue;
		}
		failed(f, th_found_tag(f->entry, one));
		one = (struct th_slot){ s.off + i + 1, 0, s.form };
	}
	failed(f, th_found_tag(f->entry, one));
}

/* The feed's own: copied out, and the entry's buffer is as it was. */
static void
text_meta(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_buf *b = arg == 't'   ? &f->meta->title
			   : arg == 'l' ? &f->meta->link
					: &f->meta->language;
	size_t mark = s.off;

	if (b->len == 0 && th_str_trim(str(f, s)).len > 0) {
		f->meta->dirty = true;
		if (arg == 't')
			f->meta->title_form = s.form;
		if (arg == 'l')
			s = keep_url(f, str(f, s));
		failed(f, th_buf_add(b, str(f, s).s, s.len));
	}
	f->entry->text.len = mark;
}

/* ---- beginnings ---- */

static void
begin_plain(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	(void)t;
	take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
}

static void
begin_guess(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	(void)t;
	take(f, r, TH_XML_DECODED, TH_FORM_GUESS);
}

static void
begin_html(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	(void)t;
	take(f, r, TH_XML_DECODED, TH_FORM_HTML);
}

static void
begin_xhtml(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	(void)t;
	take(f, r, TH_XML_RAW, TH_FORM_HTML);
}

static bool
ends_in(struct th_str s, const char *end)
{
	size_t n = strlen(end);

	return s.len >= n &&
	       th_str_iis((struct th_str){ s.s + s.len - n, n }, end);
}

/*
 * Atom's texts: 1.0 says type="text", "html" or "xhtml" or a MIME type, 0.3 a
 * MIME type and mode="xml", "escaped" or "base64".  What is neither text nor
 * XML is base64, when it can be.
 */
static void
begin_atom(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	struct th_str type, mode;
	bool html, xhtml, escaped, base64, xml;

	mode = attr(f, t, "mode");
	escaped = th_str_iis(mode, "escaped");
	base64 = th_str_iis(mode, "base64");
	xml = th_str_iis(mode, "xml");
	type = attr(f, t, "type");
	xhtml = th_str_iis(type, "xhtml") ||
		(xml && th_str_iis(type, "text/html")) ||
		(!escaped && !base64 &&
		    (th_str_iis(type, "application/xhtml+xml") ||
			ends_in(type, "+xml") || ends_in(type, "/xml")));
	html = th_str_iis(type, "html") || th_str_iis(type, "text/html") ||
	       th_str_iis(type, "application/xhtml+xml");
	if (th_str_has_prefix(type, "image/") ||
	    th_str_has_prefix(type, "audio/") ||
	    th_str_has_prefix(type, "video/"))
		return; /* nothing to read */
	base64 |= memchr(type.s, '/', type.len) != NULL && !html && !xhtml &&
		  !th_str_has_prefix(type, "text/");
	take(f, r, xhtml ? TH_XML_RAW : TH_XML_DECODED,
	    html || xhtml ? TH_FORM_HTML : TH_FORM_TEXT);
	f->base64 = base64;
}

/* Elements that only hold others; the ends are in on_end(). */
static void
begin_role(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	(void)t;
	top(f)->role = (enum role)r->arg;
	top(f)->in_item |= r->arg == R_ITEM;
	top(f)->in_feed = true;
	if (r->arg == R_RSS || r->arg == R_CHANNEL)
		th_feed_found(f->feed);
}

static void
begin_feed(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	f->atom = true;
	begin_role(f, t, r);
}

static void
begin_rss(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	f->root_ns = t->ns;
	begin_role(f, t, r);
}

static void
begin_item(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	struct level *l = top(f);

	if (th_str_iis(t->local, "entry") && f->depth == 1)
		f->atom = true;
	th_feed_found(f->feed);
	th_found_clear(f->entry);
	begin_role(f, t, r);
	set_if_none(f, TH_S_ABOUT, keep_attr(f, t, "about"));
	if (l->lang_len > 0)
		f->entry->slot[TH_S_LANGUAGE] = keep(f,
		    (struct th_str){ f->inherited.data + l->lang, l->lang_len },
		    TH_FORM_TEXT);
}

static void
begin_author(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	memset(&f->author, 0, sizeof(f->author));
	f->author_at = f->entry->text.len;
	begin_role(f, t, r);
}

/* guid: a permalink unless it says that it is none. */
static void
begin_guid(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	bool no = th_str_iis(attr(f, t, "ispermalink"), "false");

	take(f, r, TH_XML_DECODED, no ? TH_FORM_TEXT : TH_FORM_GUESS);
}

static void
text_guid(struct th_feed_xml *f, struct th_slot s, int arg)
{
	(void)arg;
	set_if_none(f, TH_S_ID, s);
	if (s.form == TH_FORM_GUESS && th_url_is_http(th_str_trim(str(f, s))))
		set_if_none(f, TH_S_PERMALINK, s);
}

static bool
rel_is(struct th_str rel, const char *what)
{
	static const char iana[] = "http://www.iana.org/assignments/relation/";

	if (th_str_has_prefix(rel, iana)) {
		rel.s += sizeof(iana) - 1;
		rel.len -= sizeof(iana) - 1;
	}
	return th_str_iis(rel, what);
}

/* An attribute that is a number; -1 for what is none. */
static int64_t
number(struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	struct th_str s = attr(f, t, name);
	int64_t v = 0;
	size_t i;

	for (i = 0; i < s.len && v < INT64_MAX / 100; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			break;
		v = v * 10 + (s.s[i] - '0');
	}
	return s.len > 0 && i == s.len ? v : -1;
}

static bool
is_known_file(const struct th_feed_xml *f, struct th_slot url)
{
	const struct th_feed_file *old = (const void *)f->entry->files.data;
	size_t n = f->entry->files.len / sizeof(*old), i;
	struct th_str s = str(f, url);

	for (i = 0; i < n; i++)
		if (old[i].url.len == s.len &&
		    memcmp(str(f, old[i].url).s, s.s, s.len) == 0)
			return true;
	return false;
}

static void
add_file(struct th_feed_xml *f, const struct th_xml_tag *t, struct th_slot url,
    const char *length)
{
	struct th_feed_file file = { .url = url };

	if (url.len == 0)
		return;
	file.length = number(f, t, length);
	file.seconds = number(f, t, "duration");
	file.type = keep_attr(f, t, "type");
	file.title = keep_attr(f, t, "title");
	failed(f, th_found_file(f->entry, &file));
}

/* RSS 2.0 has a url, others a resource, and some take it for a link. */
static void
begin_enclosure(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	static const char *const names[] = { "url", "resource", "href" };
	struct th_slot url = { 0 };
	size_t i;

	(void)r;
	for (i = 0; i < 3 && url.len == 0; i++)
		url = keep_url_attr(f, t, names[i]);
	add_file(f, t, url, "length");
}

/* media:content, unless an enclosure said the same. */
static void
begin_media(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	struct th_slot url = keep_url_attr(f, t, "url");

	top(f)->role = (enum role)r->arg;
	if (!is_known_file(f, url))
		add_file(f, t, url, "filesize");
}

static void
begin_image(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	struct th_str url = attr(f, t, "href");

	if (url.len == 0)
		url = attr(f, t, "url");
	set_if_none(f, (enum th_slots)r->arg, keep_url(f, url));
}

static void
begin_category(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	struct th_slot s = keep_attr(f, t, "term");

	if (s.len == 0)
		s = keep_attr(f, t, "label");
	if (s.len > 0)
		failed(f, th_found_tag(f->entry, s));
	else
		take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
}

static void
entry_link(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	struct th_str type = attr(f, t, "type");
	bool html = th_str_has_prefix(type, "text/html") ||
		    th_str_has_prefix(type, "application/xhtml");
	struct th_slot url = keep_url_attr(f, t, "href");

	if (url.len == 0) /* the document itself */
		url = keep(f, base_of(f), TH_FORM_TEXT);
	set_if_none(f, html && f->atom ? TH_S_LINK : TH_S_ALTERNATE, url);
}

static void
feed_link(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	size_t mark = f->entry->text.len;
	struct th_slot url = keep_url_attr(f, t, "href");

	if (url.len > 0 && f->meta->link.len == 0) {
		f->meta->dirty = true;
		failed(f, th_buf_add(&f->meta->link, str(f, url).s, url.len));
	}
	f->entry->text.len = mark;
}

/* atom:link, and an RSS link that is written like one. */
static void
begin_link(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	bool item = f->level[f->depth - 1].role == R_ITEM;
	struct th_str rel = attr(f, t, "rel");

	if (rel.len == 0 || rel_is(rel, "alternate")) {
		if (th_xml_attr(t, "href") == NULL)
			take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
		else if (item)
			entry_link(f, t);
		else
			feed_link(f, t);
	} else if (item && rel_is(rel, "enclosure")) {
		add_file(f, t, keep_url_attr(f, t, "href"), "length");
	}
}

static void
begin_content(
    struct th_feed_xml *f, const struct th_xml_tag *t, const struct rule *r)
{
	if (th_xml_attr(t, "src") == NULL)
		begin_atom(f, t, r);
}

/* ---- the table ---- */

#define SLOT(s) text_slot, TH_S_##s

static const struct rule rules[] = {
	/* what holds the rest */
	{ "rss", ~0u, AT_DOC, begin_rss, NULL, R_RSS },
	{ "rdf", ~0u, AT_DOC, begin_rss, NULL, R_RSS },
	{ "channel", IN_RSS, AT_DOC | AT_RSS, begin_role, NULL, R_CHANNEL },
	{ "feed", IN_RSS | IN_ATOM, AT_DOC, begin_feed, NULL, R_CHANNEL },
	{ "item", IN_RSS, AT_RSS | AT_CHANNEL, begin_item, NULL, R_ITEM },
	{ "entry", IN_RSS | IN_ATOM, AT_DOC | AT_CHANNEL, begin_item, NULL,
	    R_ITEM },
	/* of the feed */
	{ "title", IN_RSS, AT_CHANNEL, begin_guess, text_meta, 't' },
	{ "title", IN_ATOM, AT_CHANNEL, begin_atom, text_meta, 't' },
	{ "title", IN_DC, AT_CHANNEL, begin_guess, text_meta, 't' },
	{ "link", IN_RSS, AT_CHANNEL, begin_link, text_meta, 'l' },
	{ "link", IN_ATOM, AT_CHANNEL, begin_link, text_meta, 'l' },
	{ "language", IN_RSS | IN_DC, AT_CHANNEL, begin_plain, text_meta, 'g' },
	/* of an item in RSS */
	{ "guid", IN_RSS, AT_ITEM, begin_guid, text_guid, 0 },
	{ "title", IN_RSS, AT_ITEM, begin_guess, SLOT(TITLE) },
	{ "link", IN_RSS, AT_ITEM, begin_link, text_url, TH_S_LINK },
	{ "description", IN_RSS, AT_ITEM, begin_guess, text_summary, 0 },
	{ "pubdate", IN_RSS, AT_ITEM, begin_plain, SLOT(PUBLISHED) },
	{ "author", IN_RSS, AT_ITEM, begin_plain, text_author, 0 },
	{ "category", IN_RSS, AT_ITEM, begin_category, text_tag, 0 },
	{ "enclosure", ~0u, AT_ITEM, begin_enclosure, NULL, 0 },
	{ "fullitem", IN_RSS, AT_ITEM, begin_html, SLOT(CONTENT) },
	{ "body", IN_RSS | IN_XHTML, AT_ITEM, begin_xhtml, SLOT(BODY) },
	{ "div", IN_XHTML, AT_ITEM, begin_xhtml, SLOT(BODY) },
	{ "encoded", IN_CONTENT, AT_ITEM, begin_html, SLOT(CONTENT) },
	/* of an entry in Atom */
	{ "id", IN_ATOM, AT_ITEM, begin_plain, SLOT(ID) },
	{ "title", IN_ATOM, AT_ITEM, begin_atom, SLOT(TITLE) },
	{ "link", IN_ATOM, AT_ITEM, begin_link, text_url, TH_S_ALTERNATE },
	{ "summary", IN_ATOM, AT_ITEM, begin_atom, SLOT(SUMMARY) },
	{ "content", IN_ATOM, AT_ITEM, begin_content, SLOT(CONTENT) },
	{ "published", IN_ATOM, AT_ITEM, begin_plain, SLOT(PUBLISHED2) },
	{ "issued", IN_ATOM, AT_ITEM, begin_plain, SLOT(PUBLISHED2) },
	{ "updated", IN_ATOM, AT_ITEM, begin_plain, SLOT(UPDATED) },
	{ "modified", IN_ATOM, AT_ITEM, begin_plain, SLOT(UPDATED) },
	{ "created", IN_ATOM, AT_ITEM, begin_plain, SLOT(CREATED) },
	{ "author", IN_ATOM, AT_ITEM | AT_SOURCE | AT_CHANNEL, begin_author,
	    NULL, R_AUTHOR },
	{ "source", IN_ATOM, AT_ITEM, begin_role, NULL, R_SOURCE },
	{ "name", IN_RSS | IN_ATOM, AT_AUTHOR, begin_plain, text_person, 0 },
	{ "email", IN_RSS | IN_ATOM, AT_AUTHOR, begin_plain, text_person, 1 },
	{ "uri", IN_RSS | IN_ATOM, AT_AUTHOR, begin_plain, text_person, 2 },
	{ "url", IN_RSS | IN_ATOM, AT_AUTHOR, begin_plain, text_person, 2 },
	{ "homepage", IN_RSS | IN_ATOM, AT_AUTHOR, begin_plain, text_person,
	    2 },
	{ "category", IN_ATOM, AT_ITEM, begin_category, text_tag, 0 },
	/* Dublin Core */
	{ "title", IN_DC, AT_ITEM, begin_guess, SLOT(DC_TITLE) },
	{ "creator", IN_DC, AT_ITEM, begin_plain, text_author, 0 },
	{ "author", IN_DC, AT_ITEM, begin_plain, text_author, 0 },
	{ "subject", IN_DC, AT_ITEM, begin_plain, text_tag, 0 },
	{ "date", IN_DC, AT_ITEM, begin_plain, SLOT(DC_DATE) },
	{ "language", IN_DC, AT_ITEM, begin_plain, SLOT(LANGUAGE) },
	{ "description", IN_DC, AT_ITEM, begin_guess, SLOT(SUMMARY2) },
	{ "issued", IN_TERMS, AT_ITEM, begin_plain, SLOT(PUBLISHED2) },
	{ "modified", IN_TERMS, AT_ITEM, begin_plain, SLOT(MODIFIED) },
	{ "created", IN_TERMS, AT_ITEM, begin_plain, SLOT(CREATED) },
	/* Media RSS */
	{ "group", IN_MEDIA, AT_ITEM, begin_role, NULL, R_GROUP },
	{ "content", IN_MEDIA, AT_ENTRY, begin_media, NULL, R_GROUP },
	{ "title", IN_MEDIA, AT_ENTRY, begin_guess, SLOT(MEDIA_TITLE) },
	{ "description", IN_MEDIA, AT_ENTRY, begin_guess, SLOT(SUMMARY2) },
	{ "thumbnail", IN_MEDIA, AT_ENTRY, begin_image, NULL, TH_S_IMAGE2 },
	/* iTunes */
	{ "title", IN_ITUNES, AT_ITEM, begin_guess, SLOT(MEDIA_TITLE) },
	{ "author", IN_ITUNES, AT_ITEM, begin_plain, SLOT(ITUNES_AUTHOR) },
	{ "image", IN_ITUNES, AT_ITEM, begin_image, NULL, TH_S_IMAGE },
	{ "summary", IN_ITUNES, AT_ITEM, begin_guess, SLOT(SUMMARY2) },
	{ "duration", IN_ITUNES, AT_ITEM, begin_plain, SLOT(DURATION) },
	{ "keywords", IN_ITUNES, AT_ITEM, begin_plain, text_keywords, 0 },
};

#define RULES (sizeof(rules) / sizeof(*rules))

static unsigned
hash(struct th_str name)
{
	unsigned h = (unsigned)name.len;
	size_t i;

	for (i = 0; i < name.len && i < 12; i++)
		h = h * 31 + ((unsigned char)name.s[i] | 0x20);
	return h % 128;
}

static void
index_rules(struct th_feed_xml *f)
{
	size_t i;
	unsigned h;

	for (i = RULES; i-- > 0;) {
		h = hash(th_str(rules[i].name));
		f->next[i] = f->head[h];
		f->head[h] = (unsigned char)(i + 1);
	}
}

/* Elements of the old formats have no namespace, or that of their root. */
static unsigned
ns_bit(const struct th_feed_xml *f, int ns)
{
	if (ns == NS_NONE || (ns == f->root_ns && !f->atom && f->depth > 1 &&
				 (ns == -1 || ns == NS_ATOM)))
		return f->atom ? IN_ATOM : IN_RSS;
	return ns > 0 ? 1u << ns : 0;
}

static const struct rule *
find_rule(
    const struct th_feed_xml *f, const struct th_xml_tag *t, enum role parent)
{
	unsigned ns = ns_bit(f, t->ns), at = 1u << parent, i;

	for (i = f->head[hash(t->local)]; i != 0; i = f->next[i - 1])
		if ((rules[i - 1].at & at) != 0 &&
		    ((rules[i - 1].ns & ns) != 0 || rules[i - 1].ns == ~0u) &&
		    th_str_iis(t->local, rules[i - 1].name))
			return &rules[i - 1];
	return NULL;
}

/* ---- elements come and go ---- */

/* xml:base and xml:lang hold for an element and all inside it. */
static void
inherit(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	struct level *l = top(f);
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
		th_url_resolve(base_of(f), th_buf_str(&f->value), &f->other);
		from = f->inherited.len;
		th_buf_add(&f->inherited, f->other.data, f->other.len);
		l->base = from;
		l->base_len = f->inherited.len - from;
	}
	failed(f, f->inherited.status);
}

/*
 * Inside a text, an element that stands beside texts and is no HTML: the text
 * was left open.
 */
static bool
on_left_open(void *ctx, const struct th_xml_tag *next)
{
	static const char *const beside[] = { "item", "entry", "guid",
		"pubdate", "description", "link", "enclosure", "updated",
		"published", "category" };
	const struct th_feed_xml *f = ctx;
	size_t i;

	if (f->taking == NULL || f->drop_div || f->base64 ||
	    next->local.s != next->name.s)
		return false;
	for (i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		if (th_str_iis(next->local, beside[i]))
			return true;
	return false;
}

/* An author of RSS that is written like one of Atom: what follows is told. */
static bool
is_person(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	if (f->taking->text != text_author || f->depth != f->taken_at + 1 ||
	    find_rule(f, t, R_AUTHOR) == NULL)
		return false;
	f->entry->text.len = f->start;
	f->taking = NULL;
	th_xml_want(f->xml, TH_XML_SKIP, NULL);
	memset(&f->author, 0, sizeof(f->author));
	f->level[f->depth - 1].role = R_AUTHOR;
	return true;
}

static void
on_start(void *ctx, const struct th_xml_tag *t)
{
	struct th_feed_xml *f = ctx;
	enum role parent = top(f)->role;
	const struct rule *r;

	f->level[f->depth + 1] = *top(f);
	f->depth++;
	top(f)->inherited = f->inherited.len;
	if (t->nattrs > 0)
		inherit(f, t);
	if (f->taking != NULL && is_person(f, t))
		parent = R_AUTHOR;
	if (f->taking != NULL) {
		add_start(f, t);
		return;
	}
	top(f)->role = R_NONE;
	if (parent == R_NONE && (top(f)->in_item || !top(f)->in_feed))
		return;
	r = find_rule(f, t, parent != R_NONE ? parent : R_CHANNEL);
	if (parent == R_NONE && (r == NULL || r->begin != begin_item))
		return; /* but an item after an element left open counts */
	if (r != NULL)
		r->begin(f, t, r);
	else if (parent == R_DOC && f->depth < 3)
		top(f)->role = R_DOC;
}

static void
leave(struct th_feed_xml *f, enum role role, enum role parent)
{
	if (role == R_ITEM)
		failed(f, th_feed_emit(f->feed));
	else if (role == R_AUTHOR && parent == R_ITEM)
		failed(f, th_found_author(f->entry, &f->author));
	else if (role == R_AUTHOR && parent == R_SOURCE)
		failed(f, th_found_source_author(f->entry, &f->author));
	else if (role == R_AUTHOR && parent == R_CHANNEL) {
		failed(f, th_found_copy_author(
			      th_feed_common(f->feed), f->entry, &f->author));
		f->entry->text.len = f->author_at;
	}
}

static void
on_end(void *ctx, const struct th_xml_tag *t)
{
	struct th_feed_xml *f = ctx;

	if (f->taking != NULL && f->depth > f->taken_at)
		add_end(f, t);
	else if (f->taking != NULL)
		taken(f);
	else
		leave(f, top(f)->role, f->level[f->depth - 1].role);
	f->inherited.len = top(f)->inherited;
	f->depth--;
}

static void
on_note(void *ctx, const char *repair)
{
	struct th_feed_xml *f = ctx;

	th_feed_note(f->feed, repair);
}

/* ---- the door ---- */

static enum th_status
set_base(struct th_feed_xml *f, const char *url)
{
	th_buf_init(&f->inherited, 2 * TH_XML_TAG_MAX);
	th_buf_init(&f->value, TH_FEED_ENTRY_MAX);
	th_buf_init(&f->other, TH_FEED_ENTRY_MAX);
	f->level[0].role = R_DOC;
	f->level[0].base_len = strlen(url);
	return th_buf_adds(&f->inherited, url);
}

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
	const char *url = th_feed_info_of(feed)->url;

	if (f == NULL)
		return NULL;
	f->feed = feed;
	f->entry = th_feed_entry(feed);
	f->meta = th_feed_meta(feed);
	f->xml = th_xml_new(&h);
	index_rules(f);
	if (set_base(f, url != NULL ? url : "") != TH_OK || f->xml == NULL) {
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
