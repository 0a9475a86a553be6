/*
 * feed_rules -- what the elements of RSS, Atom and their companions mean
 *
 * One table tells it by an element's name, its namespace and where it stands;
 * what is not in it is not read.
 */
#include <string.h>

#include "feed_xml.h"

/* Elements of the old formats have no namespace, or that of their root. */
static unsigned
ns_bit(const struct th_feed_xml *f, int ns)
{
	if (ns == NS_NONE ||
	    (ns == f->root_ns && f->depth > 1 && (ns == -1 || ns == NS_ATOM)))
		return f->atom ? IN_ATOM : IN_RSS;
	return ns > 0 ? 1u << ns : 0;
}

/* ---- what to do with the text of an element ---- */

static void
text_slot(struct th_feed_xml *f, struct th_slot s, int arg)
{
	th_fx_set(f, (enum th_slots)arg, s);
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
		th_fx_set(f, TH_S_CONTENT, s);
}

static void
text_url(struct th_feed_xml *f, struct th_slot s, int arg)
{
	th_fx_set(f, (enum th_slots)arg, th_fx_keep_url(f, th_fx_str(f, s)));
}

static void
text_author(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_feed_author a = { .name = s };

	(void)arg;
	if (th_str_trim(th_fx_str(f, s)).len > 0)
		th_fx_failed(f, th_found_author(f->entry, &a));
}

static void
text_person(struct th_feed_xml *f, struct th_slot s, int arg)
{
	if (arg == 0)
		f->author.name = s;
	else if (arg == 1)
		f->author.email = s;
	else
		f->author.url = th_fx_keep_url(f, th_fx_str(f, s));
}

static void
text_tag(struct th_feed_xml *f, struct th_slot s, int arg)
{
	(void)arg;
	th_fx_failed(f, th_found_tag(f->entry, s));
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
		th_fx_failed(f, th_found_tag(f->entry, one));
		one = (struct th_slot){ s.off + i + 1, 0, s.form };
	}
	th_fx_failed(f, th_found_tag(f->entry, one));
}

/* The feed's own: copied out, and the entry's buffer is as it was. */
static void
text_meta(struct th_feed_xml *f, struct th_slot s, int arg)
{
	struct th_buf *b = arg == 't'   ? &f->meta->title
			   : arg == 'l' ? &f->meta->link
					: &f->meta->language;
	size_t mark = s.off;

	if (b->len == 0 && th_str_trim(th_fx_str(f, s)).len > 0) {
		f->meta->dirty = true;
		if (arg == 't')
			f->meta->title_form = s.form;
		if (arg == 'l') {
			s = th_fx_keep_url(f, th_fx_str(f, s));
			th_fx_failed(f, th_feed_says_place(
					    f->feed, th_fx_str(f, s), false));
		}
		th_fx_failed(f, th_buf_add(b, th_fx_str(f, s).s, s.len));
	}
	f->entry->text.len = mark;
}

/* ---- beginnings ---- */

static void
begin_plain(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	(void)t;
	th_fx_take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
}

static void
begin_guess(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	(void)t;
	th_fx_take(f, r, TH_XML_DECODED, TH_FORM_GUESS);
}

static void
begin_html(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	(void)t;
	th_fx_take(f, r, TH_XML_DECODED, TH_FORM_HTML);
}

static void
begin_xhtml(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	(void)t;
	th_fx_take(f, r, TH_XML_RAW, TH_FORM_HTML);
}

static bool
ends_in(struct th_str s, const char *end)
{
	size_t n = strlen(end);

	return s.len >= n &&
	       th_str_iis((struct th_str){ s.s + s.len - n, n }, end);
}

static bool
is_media(struct th_str type)
{
	return th_str_has_prefix(type, "image/") ||
	       th_str_has_prefix(type, "audio/") ||
	       th_str_has_prefix(type, "video/");
}

/*
 * Atom's texts: 1.0 says type="text", "html" or "xhtml" or a MIME type, 0.3 a
 * MIME type and mode="xml", "escaped" or "base64".  What is neither text nor
 * XML is base64, when it can be.
 */
static void
begin_atom(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_str type, mode;
	bool html, xhtml, escaped, base64, xml, media;

	mode = th_fx_attr(f, t, "mode");
	escaped = th_str_iis(mode, "escaped");
	base64 = th_str_iis(mode, "base64");
	xml = th_str_iis(mode, "xml");
	type = th_fx_attr(f, t, "type");
	xhtml = th_str_iis(type, "xhtml") ||
		(xml && th_str_iis(type, "text/html")) ||
		(!escaped && !base64 &&
		    (th_str_iis(type, "application/xhtml+xml") ||
			ends_in(type, "+xml") || ends_in(type, "/xml")));
	html = th_str_iis(type, "html") || th_str_iis(type, "text/html") ||
	       th_str_iis(type, "application/xhtml+xml");
	media = is_media(type);
	base64 |= memchr(type.s, '/', type.len) != NULL && !html && !xhtml &&
		  !th_str_has_prefix(type, "text/");
	th_fx_take(f, r, xhtml ? TH_XML_RAW : TH_XML_DECODED,
	    html || xhtml ? TH_FORM_HTML : TH_FORM_TEXT);
	f->base64 = base64;
	f->media = media;
}

/* Elements that only hold others; the ends are in on_end(). */
static void
begin_role(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	(void)t;
	th_fx_top(f)->role = (enum th_fx_role)r->arg;
	th_fx_top(f)->in_item |= r->arg == R_ITEM;
	th_fx_top(f)->in_feed = true;
}

static void
begin_channel(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	begin_role(f, t, r);
	th_feed_found(f->feed);
}

/* In a namespace that nobody knows it takes an entry to be a feed. */
static void
begin_feed(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	f->atom = true;
	f->root_ns = t->ns;
	begin_role(f, t, r);
	if (ns_bit(f, t->ns) != 0)
		th_feed_found(f->feed);
}

/* RDF holds much else. */
static void
begin_rss(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	f->root_ns = t->ns;
	begin_role(f, t, r);
	if (th_str_iis(t->local, "rss"))
		th_feed_found(f->feed);
}

static void
begin_item(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_fx_level *l = th_fx_top(f);

	if (th_str_iis(t->local, "entry") && f->depth == 1)
		f->atom = true;
	th_feed_found(f->feed);
	th_found_clear(f->entry);
	begin_role(f, t, r);
	th_fx_set(f, TH_S_ABOUT, th_fx_keep_attr(f, t, "about"));
	if (l->lang_len > 0)
		f->entry->slot[TH_S_LANGUAGE] = th_fx_keep(f,
		    (struct th_str){ f->inherited.data + l->lang, l->lang_len },
		    TH_FORM_TEXT);
}

static void
begin_author(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	memset(&f->author, 0, sizeof(f->author));
	f->author_at = f->entry->text.len;
	begin_role(f, t, r);
}

/* guid: a permalink unless it says that it is none. */
static void
begin_guid(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	bool no = th_str_iis(th_fx_attr(f, t, "ispermalink"), "false");

	th_fx_take(f, r, TH_XML_DECODED, no ? TH_FORM_TEXT : TH_FORM_GUESS);
}

static void
text_guid(struct th_feed_xml *f, struct th_slot s, int arg)
{
	(void)arg;
	th_fx_set(f, TH_S_ID, s);
	if (s.form == TH_FORM_GUESS &&
	    th_url_is_http(th_str_trim(th_fx_str(f, s))))
		th_fx_set(f, TH_S_PERMALINK, s);
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
	struct th_str s = th_fx_attr(f, t, name);
	int64_t v = 0;
	size_t i;

	for (i = 0; i < s.len && v < INT64_MAX / 100; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			break;
		v = v * 10 + (s.s[i] - '0');
	}
	return s.len > 0 && i == s.len ? v : -1;
}

static struct th_feed_file *
find_file(const struct th_feed_xml *f, struct th_slot url)
{
	struct th_feed_file *file = (void *)f->entry->files.data;
	size_t n = f->entry->files.len / sizeof(*file);
	struct th_str s = th_fx_str(f, url), t;

	for (; n > 0; n--, file++) {
		t = th_fx_str(f, file->url);
		if (t.len == s.len && memcmp(t.s, s.s, s.len) == 0)
			return file;
	}
	return NULL;
}

/* Enclosures, media and links tell of the same file: each what it knows. */
static void
add_file(struct th_feed_xml *f, const struct th_xml_tag *t, struct th_slot url,
    const char *length)
{
	struct th_feed_file file = { .url = url }, *old;

	if (url.len == 0 ||
	    f->entry->files.len + sizeof(file) > f->entry->files.max)
		return; /* nothing said, or more than are kept */
	file.length = number(f, t, length);
	file.seconds = number(f, t, "duration");
	file.type = th_fx_keep_attr(f, t, "type");
	file.title = th_fx_keep_attr(f, t, "title");
	if ((old = find_file(f, url)) == NULL) {
		th_fx_failed(f, th_found_file(f->entry, &file));
		return;
	}
	if (old->length <= 0)
		old->length = file.length;
	if (old->seconds <= 0)
		old->seconds = file.seconds;
	if (old->type.len == 0)
		old->type = file.type;
	if (old->title.len == 0)
		old->title = file.title;
}

/* RSS 2.0 has a url, others a resource, and some take it for a link. */
static void
begin_enclosure(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	static const char *const names[] = { "url", "resource", "href" };
	struct th_slot url = { 0 };
	size_t i;

	(void)r;
	for (i = 0; i < 3 && url.len == 0; i++)
		url = th_fx_keep_url_attr(f, t, names[i]);
	add_file(f, t, url, "length");
}

static void
begin_media(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_slot url = th_fx_keep_url_attr(f, t, "url");

	th_fx_top(f)->role = (enum th_fx_role)r->arg;
	add_file(f, t, url, "filesize");
}

static void
begin_image(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_str url = th_fx_attr(f, t, "href");

	if (url.len == 0)
		url = th_fx_attr(f, t, "url");
	th_fx_set(f, (enum th_slots)r->arg, th_fx_keep_url(f, url));
}

static void
begin_category(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_slot s = th_fx_keep_attr(f, t, "term");

	if (s.len == 0)
		s = th_fx_keep_attr(f, t, "label");
	if (s.len > 0)
		th_fx_failed(f, th_found_tag(f->entry, s));
	else
		th_fx_take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
}

static void
entry_link(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	struct th_str type = th_fx_attr(f, t, "type");
	bool html = th_str_has_prefix(type, "text/html") ||
		    th_str_has_prefix(type, "application/xhtml");
	struct th_slot url = th_fx_keep_url_attr(f, t, "href");

	if (url.len == 0) /* the document itself */
		url = th_fx_keep(f, th_fx_base(f), TH_FORM_TEXT);
	th_fx_set(f, html && f->atom ? TH_S_LINK : TH_S_ALTERNATE, url);
}

static void
feed_link(struct th_feed_xml *f, const struct th_xml_tag *t, bool own)
{
	size_t mark = f->entry->text.len;
	struct th_slot url = th_fx_keep_url_attr(f, t, "href");

	th_fx_failed(f, th_feed_says_place(f->feed, th_fx_str(f, url), own));
	if (!own && url.len > 0 && f->meta->link.len == 0) {
		f->meta->dirty = true;
		th_fx_failed(f,
		    th_buf_add(&f->meta->link, th_fx_str(f, url).s, url.len));
	}
	f->entry->text.len = mark;
}

/* atom:link, and an RSS link that is written like one. */
static void
begin_link(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	bool item = f->level[f->depth - 1].role == R_ITEM;
	struct th_str rel = th_fx_attr(f, t, "rel");

	if (rel.len == 0 || rel_is(rel, "alternate")) {
		if (th_xml_attr(t, "href") == NULL)
			th_fx_take(f, r, TH_XML_DECODED, TH_FORM_TEXT);
		else if (item)
			entry_link(f, t);
		else
			feed_link(f, t, false);
	} else if (!item && rel_is(rel, "self")) {
		feed_link(f, t, true);
	} else if (item && rel_is(rel, "enclosure")) {
		add_file(f, t, th_fx_keep_url_attr(f, t, "href"), "length");
	}
}

/*
 * Content elsewhere (RFC 4287, 4.1.3.2): a picture, a sound or a video is an
 * attachment; an entry without a link is at where its content is.
 */
static void
begin_content(struct th_feed_xml *f, const struct th_xml_tag *t,
    const struct th_fx_rule *r)
{
	struct th_slot url;

	if (th_xml_attr(t, "src") == NULL) {
		begin_atom(f, t, r);
		return;
	}
	url = th_fx_keep_url_attr(f, t, "src");
	th_fx_set(f, TH_S_PERMALINK, url);
	if (is_media(th_fx_attr(f, t, "type")))
		add_file(f, t, url, "length");
}

/* ---- the table ---- */

#define SLOT(s) text_slot, TH_S_##s

static const struct th_fx_rule rules[] = {
	/* what holds the rest */
	{ "rss", ~0u, AT_DOC, begin_rss, NULL, R_RSS },
	{ "rdf", ~0u, AT_DOC, begin_rss, NULL, R_RSS },
	{ "channel", IN_RSS, AT_DOC | AT_RSS, begin_channel, NULL, R_CHANNEL },
	{ "feed", ~0u, AT_DOC, begin_feed, NULL, R_CHANNEL },
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
	{ "keywords", IN_MEDIA, AT_ENTRY, begin_plain, text_keywords, 0 },
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

void
th_fx_index_rules(struct th_feed_xml *f)
{
	size_t i;
	unsigned h;

	for (i = RULES; i-- > 0;) {
		h = hash(th_str(rules[i].name));
		f->next[i] = f->head[h];
		f->head[h] = (unsigned char)(i + 1);
	}
}

const struct th_fx_rule *
th_fx_find_rule(const struct th_feed_xml *f, const struct th_xml_tag *t,
    enum th_fx_role parent)
{
	unsigned ns = ns_bit(f, t->ns), at = 1u << parent, i;

	for (i = f->head[hash(t->local)]; i != 0; i = f->next[i - 1])
		if ((rules[i - 1].at & at) != 0 &&
		    ((rules[i - 1].ns & ns) != 0 || rules[i - 1].ns == ~0u) &&
		    th_str_iis(t->local, rules[i - 1].name))
			return &rules[i - 1];
	return NULL;
}

bool
th_fx_is_person(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	if (f->taking->text != text_author || f->depth != f->taken_at + 1 ||
	    th_fx_find_rule(f, t, R_AUTHOR) == NULL)
		return false;
	f->entry->text.len = f->start;
	f->taking = NULL;
	th_xml_want(f->xml, TH_XML_SKIP, NULL);
	memset(&f->author, 0, sizeof(f->author));
	f->level[f->depth - 1].role = R_AUTHOR;
	return true;
}

bool
th_fx_is_item(const struct th_fx_rule *r)
{
	return r->begin == begin_item;
}
