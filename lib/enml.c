/*
 * enml -- HTML as the notes of Evernote, and back
 *
 * In ENML any element may stand in any other, so all it takes is a stack: what
 * is open is closed, what may not be there is left out or becomes something
 * that may.  The tables are those of enml2.dtd.
 */
#include <string.h>

#include "html.h"
#include "priv.h"

#define DEPTH_MAX 128 /* deeper elements are not seen, their text is */
#define URL_MAX ((size_t)64 << 10)
#define VALUE_MAX ((size_t)1 << 20)
#define HEAD                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                         \
	"<!DOCTYPE en-note SYSTEM "                                            \
	"\"http://xml.evernote.com/pub/enml2.dtd\">\n<en-note>"
#define TAIL "</en-note>"

/* ---- tables ---- */

enum role {
	KEEP,
	VOID, /* kept; never has content */
	AS,   /* becomes another */
	DROP, /* the tag and all inside */
	LINK, /* a link to what it shows; RAWLINK: in place of all inside */
	RAWLINK
};

static const struct element {
	const char *name;
	enum role role;
	const char *as;
} elements[] = {
	{ "a", KEEP, NULL },
	{ "abbr", KEEP, NULL },
	{ "acronym", KEEP, NULL },
	{ "address", KEEP, NULL },
	{ "b", KEEP, NULL },
	{ "bdo", KEEP, NULL },
	{ "big", KEEP, NULL },
	{ "blockquote", KEEP, NULL },
	{ "br", VOID, NULL },
	{ "caption", KEEP, NULL },
	{ "center", KEEP, NULL },
	{ "cite", KEEP, NULL },
	{ "code", KEEP, NULL },
	{ "col", VOID, NULL },
	{ "colgroup", KEEP, NULL },
	{ "dd", KEEP, NULL },
	{ "del", KEEP, NULL },
	{ "dfn", KEEP, NULL },
	{ "div", KEEP, NULL },
	{ "dl", KEEP, NULL },
	{ "dt", KEEP, NULL },
	{ "em", KEEP, NULL },
	{ "font", KEEP, NULL },
	{ "h1", KEEP, NULL },
	{ "h2", KEEP, NULL },
	{ "h3", KEEP, NULL },
	{ "h4", KEEP, NULL },
	{ "h5", KEEP, NULL },
	{ "h6", KEEP, NULL },
	{ "hr", VOID, NULL },
	{ "i", KEEP, NULL },
	{ "img", VOID, NULL },
	{ "ins", KEEP, NULL },
	{ "kbd", KEEP, NULL },
	{ "li", KEEP, NULL },
	{ "ol", KEEP, NULL },
	{ "p", KEEP, NULL },
	{ "pre", KEEP, NULL },
	{ "q", KEEP, NULL },
	{ "s", KEEP, NULL },
	{ "samp", KEEP, NULL },
	{ "small", KEEP, NULL },
	{ "span", KEEP, NULL },
	{ "strike", KEEP, NULL },
	{ "strong", KEEP, NULL },
	{ "sub", KEEP, NULL },
	{ "sup", KEEP, NULL },
	{ "table", KEEP, NULL },
	{ "tbody", KEEP, NULL },
	{ "td", KEEP, NULL },
	{ "tfoot", KEEP, NULL },
	{ "th", KEEP, NULL },
	{ "thead", KEEP, NULL },
	{ "tr", KEEP, NULL },
	{ "tt", KEEP, NULL },
	{ "u", KEEP, NULL },
	{ "ul", KEEP, NULL },
	{ "var", KEEP, NULL },
	{ "article", AS, "div" },
	{ "aside", AS, "div" },
	{ "details", AS, "div" },
	{ "dialog", AS, "div" },
	{ "dir", AS, "ul" },
	{ "fieldset", AS, "div" },
	{ "figcaption", AS, "div" },
	{ "figure", AS, "div" },
	{ "footer", AS, "div" },
	{ "form", AS, "div" },
	{ "header", AS, "div" },
	{ "hgroup", AS, "div" },
	{ "legend", AS, "div" },
	{ "listing", AS, "pre" },
	{ "main", AS, "div" },
	{ "mark", AS, "span" },
	{ "menu", AS, "ul" },
	{ "nav", AS, "div" },
	{ "search", AS, "div" },
	{ "section", AS, "div" },
	{ "summary", AS, "div" },
	{ "xmp", AS, "pre" },
	{ "button", DROP, NULL },
	{ "canvas", DROP, NULL },
	{ "datalist", DROP, NULL },
	{ "frameset", DROP, NULL },
	{ "noembed", DROP, NULL },
	{ "noframes", DROP, NULL },
	{ "optgroup", DROP, NULL },
	{ "option", DROP, NULL },
	{ "script", DROP, NULL },
	{ "select", DROP, NULL },
	{ "style", DROP, NULL },
	{ "svg", DROP, NULL },
	{ "template", DROP, NULL },
	{ "textarea", DROP, NULL },
	{ "title", DROP, NULL },
	{ "audio", LINK, NULL },
	{ "embed", LINK, NULL },
	{ "source", LINK, NULL },
	{ "video", LINK, NULL },
	{ "iframe", RAWLINK, NULL },
};
#define NELEMENTS (sizeof(elements) / sizeof(elements[0]))

/* What opening one closes, and what it does not look beyond. */
static const struct {
	const char *open, *closes, *within;
} implied[] = {
	{ "li", "li", "ul ol" },
	{ "dt", "dt dd", "dl" },
	{ "dd", "dt dd", "dl" },
	{ "td", "td th", "tr table" },
	{ "th", "td th", "tr table" },
	{ "tr", "tr", "table" },
	{ "thead", "thead tbody tfoot caption colgroup", "table" },
	{ "tbody", "thead tbody tfoot caption colgroup", "table" },
	{ "tfoot", "thead tbody tfoot caption colgroup", "table" },
	{ "a", "a", "td th li table" },
	{ "p", "p", "td th li dd div blockquote table" },
	{ "div", "p", "td th li dd div blockquote table" },
	{ "ul", "p", "td th li dd div blockquote table" },
	{ "ol", "p", "td th li dd div blockquote table" },
	{ "dl", "p", "td th li dd div blockquote table" },
	{ "pre", "p", "td th li dd div blockquote table" },
	{ "table", "p", "td th li dd div blockquote table" },
	{ "blockquote", "p", "td th li dd div blockquote table" },
	{ "hr", "p", "td th li dd div blockquote table" },
	{ "h1", "p", "td th li dd div blockquote table" },
	{ "h2", "p", "td th li dd div blockquote table" },
	{ "h3", "p", "td th li dd div blockquote table" },
	{ "h4", "p", "td th li dd div blockquote table" },
	{ "h5", "p", "td th li dd div blockquote table" },
	{ "h6", "p", "td th li dd div blockquote table" },
};

enum kind {
	TEXT,
	STYLE,  /* CSS that loads and runs nothing */
	URL,    /* of anything that may be linked to */
	IMAGE,  /* http or https */
	TOKEN,  /* an NMTOKEN */
	NUMBER, /* digits */
	LENGTH, /* and perhaps a percent sign */
	CHOICE
};

static const struct attribute {
	const char *name;
	enum kind kind;
	const char *of;     /* elements; NULL: all */
	const char *choice; /* CHOICE: the values */
} attributes[] = {
	{ "style", STYLE, NULL, NULL },
	{ "title", TEXT, NULL, NULL },
	{ "lang", TOKEN, NULL, NULL },
	{ "xml:lang", TOKEN, NULL, NULL },
	{ "dir", CHOICE, NULL, "ltr rtl" },
	{ "href", URL, "a", NULL },
	{ "name", TOKEN, "a", NULL },
	{ "rel", TEXT, "a", NULL },
	{ "rev", TEXT, "a", NULL },
	{ "target", TOKEN, "a", NULL },
	{ "type", TEXT, "a", NULL },
	{ "hreflang", TOKEN, "a", NULL },
	{ "src", IMAGE, "img", NULL },
	{ "alt", TEXT, "img", NULL },
	{ "width", LENGTH, "img table td th hr col colgroup", NULL },
	{ "height", LENGTH, "img td th", NULL },
	{ "border", NUMBER, "img table", NULL },
	{ "hspace", NUMBER, "img", NULL },
	{ "vspace", NUMBER, "img", NULL },
	{ "align", CHOICE, "img", "top middle bottom left right" },
	{ "align", CHOICE, "p div h1 h2 h3 h4 h5 h6",
	    "left center right justify" },
	{ "align", CHOICE, "table hr", "left center right" },
	{ "align", CHOICE, "tr td th tbody thead tfoot col colgroup",
	    "left center right justify char" },
	{ "valign", CHOICE, "tr td th tbody thead tfoot col colgroup",
	    "top middle bottom baseline" },
	{ "rowspan", NUMBER, "td th", NULL },
	{ "colspan", NUMBER, "td th", NULL },
	{ "abbr", TEXT, "td th", NULL },
	{ "nowrap", CHOICE, "td th", "nowrap" },
	{ "bgcolor", TEXT, "table tr td th", NULL },
	{ "summary", TEXT, "table", NULL },
	{ "cellspacing", LENGTH, "table", NULL },
	{ "cellpadding", LENGTH, "table", NULL },
	{ "type", CHOICE, "ul", "disc square circle" },
	{ "type", TEXT, "ol li", NULL },
	{ "compact", CHOICE, "ol ul dl", "compact" },
	{ "start", NUMBER, "ol", NULL },
	{ "value", NUMBER, "li", NULL },
	{ "size", TEXT, "font", NULL },
	{ "color", TEXT, "font", NULL },
	{ "face", TEXT, "font", NULL },
	{ "noshade", CHOICE, "hr", "noshade" },
	{ "size", NUMBER, "hr", NULL },
	{ "clear", CHOICE, "br", "left all right none" },
	{ "cite", URL, "blockquote q ins del", NULL },
	{ "datetime", TEXT, "ins del", NULL },
	{ "span", NUMBER, "col colgroup", NULL },
};
#define NATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static const char *const schemes[] = { "http", "https", "mailto", "tel", "ftp",
	"evernote" };

struct writer {
	struct th_buf *out;
	struct th_str base;
	struct th_tags tags;
	struct th_buf value, url; /* scratch */
	const struct element *open[DEPTH_MAX];
	unsigned depth, unseen;  /* unseen: open ones that were too deep */
	bool endless[NELEMENTS]; /* has no end tag from here on */
};

static bool
has_word(const char *list, struct th_str word)
{
	size_t n;

	for (; list != NULL && *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (th_str_equal(word, (struct th_str){ list, n }))
			return true;
	}
	return false;
}

static const struct element *
element_of(struct th_str name)
{
	size_t i;

	for (i = 0; i < NELEMENTS; i++)
		if (th_str_iis(name, elements[i].name))
			return &elements[i];
	return NULL;
}

/* ---- text ---- */

/* What XML 1.0 has no place for, even as a reference, is left out. */
static bool
is_xml_char(uint32_t c)
{
	return c == '\t' || c == '\n' || (c >= 0x20 && c < 0xfffe) ||
	       c >= 0x10000;
}

/* Appends bytes, escaped, U+FFFD for those that are no UTF-8. */
static void
put_text(struct th_buf *out, struct th_str s)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t good, i, n, start;
	uint32_t c;

	while (s.len > 0) {
		good = th_utf8_valid(s);
		for (i = start = 0; i < good; i += n) {
			n = th_utf8_decode(s.s + i, good - i, &c);
			if (is_xml_char(c))
				continue;
			th_text_escape(
			    (struct th_str){ s.s + start, i - start }, out);
			start = i + n;
		}
		th_text_escape(
		    (struct th_str){ s.s + start, good - start }, out);
		if (good < s.len) {
			th_buf_adds(out, replacement);
			good++;
		}
		s.s += good;
		s.len -= good;
	}
}

/* Decodes references; in an attribute as HTML does it there. */
static void
decode(struct th_str raw, bool attribute, struct th_buf *ret)
{
	const char *amp;
	size_t n;

	th_buf_clear(ret);
	while (raw.len > 0 && ret->status == TH_OK) {
		amp = memchr(raw.s, '&', raw.len);
		n = amp != NULL ? (size_t)(amp - raw.s) : raw.len;
		th_buf_add(ret, raw.s, n);
		raw.s += n;
		raw.len -= n;
		if (raw.len == 0)
			break;
		if ((n = th_html_entity(raw, attribute, ret)) == 0) {
			th_buf_addc(ret, '&');
			n = 1;
		}
		raw.s += n;
		raw.len -= n;
	}
}

/* ---- attributes ---- */

/* Cuts the next attribute off the inside of a tag. */
static bool
next_attribute(struct th_str *tag, struct th_str *name, struct th_str *value)
{
	const char *p = tag->s, *end = p + tag->len;
	char quote;

	while (p < end && (th_is_space(*p) || *p == '/'))
		p++;
	name->s = p;
	while (p < end && !th_is_space(*p) && *p != '/' && *p != '=')
		p++;
	name->len = (size_t)(p - name->s);
	while (p < end && th_is_space(*p))
		p++;
	*value = (struct th_str){ "", 0 };
	if (p < end && *p == '=') {
		for (p++; p < end && th_is_space(*p); p++)
			continue;
		quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
		value->s = p;
		while (p < end && (quote ? *p != quote : !th_is_space(*p)))
			p++;
		value->len = (size_t)(p - value->s);
		if (quote && p < end)
			p++;
	}
	tag->len = (size_t)(end - p);
	tag->s = p;
	return name->len > 0 || value->len > 0 || tag->len > 0;
}

/* An absolute address of a scheme that may be linked to, in ASCII. */
static bool
put_url(struct writer *w, struct th_str ref, bool image)
{
	static const char hex[] = "0123456789ABCDEF";
	struct th_url parts;
	bool known = false;
	unsigned char c;
	size_t i;

	th_buf_clear(&w->url);
	ref = th_str_trim(ref);
	if (ref.len == 0 || ref.len > URL_MAX / 4 ||
	    th_url_resolve(w->base, ref, &w->url) != TH_OK ||
	    th_url_parse(th_buf_str(&w->url), &parts) != TH_OK)
		return false;
	for (i = 0; i < (image ? 2 : sizeof(schemes) / sizeof(*schemes)); i++)
		known |= th_str_iis(parts.scheme, schemes[i]);
	if (!known || (image && parts.host.len == 0))
		return false;
	th_buf_clear(&w->value);
	for (i = 0; i < w->url.len; i++) {
		c = (unsigned char)w->url.data[i];
		if (c > 0x20 && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL) {
			th_buf_addc(&w->value, (char)c);
			continue;
		}
		th_buf_addc(&w->value, '%');
		th_buf_addc(&w->value, hex[c >> 4]);
		th_buf_addc(&w->value, hex[c & 15]);
	}
	return w->value.status == TH_OK;
}

static bool
is_all(struct th_str s, const char *chars)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] == '\0' || strchr(chars, s.s[i]) == NULL)
			return false;
	return s.len > 0;
}

/* Nothing that fetches an address, or runs in one browser or another. */
static bool
is_harmless_css(struct th_str s)
{
	static const char *const bad[] = { "url", "expression", "import",
		"behavior", "binding", "script", "\\", "/*" };
	size_t i, j, len;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		len = strlen(bad[i]);
		for (j = 0; j + len <= s.len; j++)
			if (th_str_iis((struct th_str){ s.s + j, len }, bad[i]))
				return false;
	}
	return s.len > 0;
}

static bool
is_number(struct th_str s, bool percent)
{
	if (percent && s.len > 1 && s.s[s.len - 1] == '%')
		s.len--;
	return s.len < 10 && is_all(s, "0123456789");
}

/* Lower case, in place. */
static void
lower(struct th_buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if (b->data[i] >= 'A' && b->data[i] <= 'Z')
			b->data[i] |= 0x20;
}

/* Makes the value what its kind may be, in w->value; false: it cannot. */
static bool
fit(struct writer *w, const struct attribute *a, struct th_str raw)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	struct th_buf ref;
	struct th_str s;
	bool good;

	decode(raw, true, &w->value);
	s = th_str_trim(th_buf_str(&w->value));
	switch (a->kind) {
	case TEXT: return w->value.status == TH_OK;
	case STYLE: return is_harmless_css(s);
	case TOKEN: return s.len == w->value.len && is_all(s, token);
	case NUMBER: return s.len == w->value.len && is_number(s, false);
	case LENGTH: return s.len == w->value.len && is_number(s, true);
	case CHOICE:
		if (s.len == 0) /* <td nowrap> */
			return th_buf_adds(&w->value, a->name) == TH_OK &&
			       has_word(a->choice, th_str(a->name));
		lower(&w->value);
		return s.len == w->value.len && has_word(a->choice, s);
	case URL:
	case IMAGE:
		/* put_url() writes to w->value; what it reads must stay. */
		ref = w->value;
		th_buf_init(&w->value, VALUE_MAX);
		good = ref.status == TH_OK &&
		       put_url(w, th_buf_str(&ref), a->kind == IMAGE);
		th_buf_release(&ref);
		return good;
	}
	return false;
}

/* The DTD gives all elements a language and a direction, but not a break. */
static bool
may_have(const char *element, const struct attribute *a)
{
	if (a->of != NULL)
		return has_word(a->of, th_str(element));
	return strcmp(element, "br") != 0 || a->kind == STYLE ||
	       a->kind == TEXT;
}

static const struct attribute *
attribute_of(const char *element, struct th_str name)
{
	const struct attribute *a = attributes;

	for (; a < attributes + NATTRIBUTES; a++)
		if (th_str_iis(name, a->name) && may_have(element, a))
			return a;
	return NULL;
}

/* Appends the attributes that may be there, each once. */
static void
put_attributes(struct writer *w, const char *element, struct th_str tag)
{
	bool seen[NATTRIBUTES] = { false };
	struct th_str name, value;
	const struct attribute *a;

	while (next_attribute(&tag, &name, &value)) {
		a = attribute_of(element, name);
		if (a == NULL || seen[a - attributes] || !fit(w, a, value))
			continue;
		seen[a - attributes] = true;
		th_buf_addc(w->out, ' ');
		th_buf_adds(w->out, a->name);
		th_buf_adds(w->out, "=\"");
		put_text(w->out, th_buf_str(&w->value));
		th_buf_addc(w->out, '"');
	}
}

/* The value of one attribute, raw. */
static bool
find_attribute(struct th_str tag, const char *wanted, struct th_str *ret)
{
	struct th_str name;

	while (next_attribute(&tag, &name, ret))
		if (th_str_iis(name, wanted))
			return true;
	return false;
}

/* ---- elements ---- */

static const char *
name_of(const struct element *e)
{
	return e->as != NULL ? e->as : e->name;
}

/* Closes elements until so many are open. */
static void
close_to(struct writer *w, unsigned depth)
{
	while (w->depth > depth) {
		th_buf_adds(w->out, "</");
		th_buf_adds(w->out, name_of(w->open[--w->depth]));
		th_buf_addc(w->out, '>');
	}
}

static void
close_implied(struct writer *w, const char *name)
{
	size_t i;
	unsigned d;

	for (i = 0; i < sizeof(implied) / sizeof(*implied); i++)
		if (strcmp(implied[i].open, name) == 0)
			break;
	if (i == sizeof(implied) / sizeof(*implied))
		return;
	for (d = w->depth; d > 0; d--) {
		struct th_str open = th_str(name_of(w->open[d - 1]));

		if (has_word(implied[i].closes, open)) {
			close_to(w, d - 1);
			return;
		}
		if (has_word(implied[i].within, open))
			return;
	}
}

/* The text in place of a picture that cannot be shown. */
static void
put_alt(struct writer *w, struct th_str tag)
{
	struct th_str alt;

	if (!find_attribute(tag, "alt", &alt))
		return;
	decode(alt, true, &w->value);
	put_text(w->out, th_buf_str(&w->value));
}

static bool
has_source(struct writer *w, struct th_str tag)
{
	struct th_str src;

	return find_attribute(tag, "src", &src) &&
	       fit(w, attribute_of("img", TH_STR("src")), src);
}

static void
put_link(struct writer *w, struct th_str tag)
{
	if (!has_source(w, tag))
		return;
	th_buf_adds(w->out, "<a href=\"");
	put_text(w->out, th_buf_str(&w->value));
	th_buf_adds(w->out, "\">");
	put_text(w->out, th_buf_str(&w->value));
	th_buf_adds(w->out, "</a> ");
}

static void
start(struct writer *w, const struct element *e, struct th_str tag)
{
	const char *name = name_of(e);
	struct th_str dir;

	close_implied(w, name);
	if (strcmp(name, "img") == 0 && !has_source(w, tag)) {
		put_alt(w, tag);
		return;
	}
	if (strcmp(name, "bdo") == 0 && !find_attribute(tag, "dir", &dir))
		return;
	if (e->role != VOID && w->depth == DEPTH_MAX) {
		w->unseen++;
		return;
	}
	th_buf_addc(w->out, '<');
	th_buf_adds(w->out, name);
	put_attributes(w, name, tag);
	if (e->role == VOID) {
		th_buf_adds(w->out, "/>");
		return;
	}
	th_buf_addc(w->out, '>');
	w->open[w->depth++] = e;
}

static void
end(struct writer *w, const struct element *e)
{
	unsigned d;

	if (w->unseen > 0) {
		w->unseen--;
		return;
	}
	for (d = w->depth; d > 0; d--)
		if (w->open[d - 1] == e) {
			close_to(w, d - 1);
			return;
		}
}

/* Bytes of what is in a dropped element; none where it does not end. */
static size_t
skip_content(struct writer *w, const struct element *e, struct th_str rest)
{
	size_t i = (size_t)(e - elements), n;

	if (w->endless[i])
		return 0;
	n = th_html_skip(rest, th_str(e->name));
	w->endless[i] = n == rest.len;
	if (n == rest.len && strcmp(e->name, "script") != 0 &&
	    strcmp(e->name, "style") != 0)
		return 0;
	return n;
}

/* One tag at s, and with it what is in it when that goes; returns its bytes. */
static size_t
put_tag(struct writer *w, struct th_str s)
{
	struct th_str name, inside;
	size_t n = th_html_tag(s, &w->tags, &name);
	const struct element *e = name.len > 0 ? element_of(name) : NULL;

	if (e == NULL)
		return n;
	if (s.s[1] == '/') {
		if (e->role == KEEP || e->role == AS)
			end(w, e);
		return n;
	}
	inside.s = name.s + name.len;
	inside.len = (size_t)(s.s + n - inside.s);
	if (inside.len > 0 && inside.s[inside.len - 1] == '>')
		inside.len--;
	if (e->role == LINK || e->role == RAWLINK)
		put_link(w, inside);
	if (e->role == DROP || e->role == RAWLINK)
		n += skip_content(w, e, (struct th_str){ s.s + n, s.len - n });
	if (e->role == KEEP || e->role == VOID || e->role == AS)
		start(w, e, inside);
	return n;
}

static void
put_html(struct writer *w, struct th_str s)
{
	struct th_buf text;
	const char *lt;
	size_t n;

	th_buf_init(&text, TH_LINE_MAX);
	while (s.len > 0 && w->out->status == TH_OK) {
		if (th_html_at_tag(s)) {
			n = put_tag(w, s);
		} else {
			lt = s.len > 1 ? memchr(s.s + 1, '<', s.len - 1) : NULL;
			n = lt != NULL ? (size_t)(lt - s.s) : s.len;
			decode((struct th_str){ s.s, n }, false, &text);
			put_text(w->out, th_buf_str(&text));
			if (text.status == TH_ENOMEM)
				w->out->status = TH_ENOMEM;
		}
		if (w->value.status == TH_ENOMEM || w->url.status == TH_ENOMEM)
			w->out->status = TH_ENOMEM;
		s.s += n;
		s.len -= n;
	}
	th_buf_release(&text);
}

/* ---- documents ---- */

/* Characters are counted from `from` on. */
static enum th_status
finish(struct th_buf *ret, size_t from)
{
	size_t i, n = 0;

	th_buf_adds(ret, TAIL);
	if (ret->status != TH_OK)
		return ret->status;
	for (i = from; i < ret->len; i++)
		n += ((unsigned char)ret->data[i] & 0xc0) != 0x80;
	return n > TH_ENML_MAX ? TH_EDATA : TH_OK;
}

enum th_status
th_enml_from_html(struct th_str html, struct th_str base, struct th_buf *ret)
{
	struct writer w = { .out = ret, .base = base };
	size_t from = ret->len;

	th_buf_init(&w.value, VALUE_MAX);
	th_buf_init(&w.url, URL_MAX);
	th_buf_adds(ret, HEAD);
	put_html(&w, html);
	close_to(&w, 0);
	th_buf_release(&w.value);
	th_buf_release(&w.url);
	return finish(ret, from);
}

enum th_status
th_enml_from_text(struct th_str text, struct th_buf *ret)
{
	size_t from = ret->len, n;
	const char *nl;
	struct th_str line;

	th_buf_adds(ret, HEAD);
	while (text.len > 0) {
		nl = memchr(text.s, '\n', text.len);
		n = nl != NULL ? (size_t)(nl - text.s) : text.len;
		line = (struct th_str){ text.s, n };
		th_buf_adds(ret, "<div>");
		put_text(ret, line);
		if (th_str_trim(line).len == 0)
			th_buf_adds(ret, "<br/>");
		th_buf_adds(ret, "</div>");
		n += nl != NULL;
		text.s += n;
		text.len -= n;
	}
	return finish(ret, from);
}

/* ---- and back ---- */

static bool
is_void(struct th_str name)
{
	const struct element *e = element_of(name);

	return e != NULL && e->role == VOID;
}

static void
put_todo(struct th_str inside, struct th_buf *ret)
{
	struct th_str value;
	bool done = find_attribute(inside, "checked", &value) &&
		    th_str_is(value, "true");

	th_buf_adds(ret, done ? "\xe2\x98\x91 " : "\xe2\x98\x90 ");
}

static void
put_media(struct th_str inside, struct th_buf *ret)
{
	struct th_str type;

	th_buf_addc(ret, '[');
	if (find_attribute(inside, "type", &type))
		th_buf_add(ret, type.s, type.len);
	th_buf_addc(ret, ']');
}

/* A tag of ENML's own; returns the bytes to pass over, 0: it is none. */
static size_t
put_own(struct th_str s, size_t n, struct th_str name, struct th_buf *ret)
{
	const bool ends = s.s[1] == '/';
	struct th_str inside = { name.s + name.len, 0 };

	inside.len = (size_t)(s.s + n - inside.s);
	if (th_str_iis(name, "en-todo")) {
		if (!ends)
			put_todo(inside, ret);
	} else if (th_str_iis(name, "en-media")) {
		if (!ends)
			put_media(inside, ret);
	} else if (th_str_iis(name, "en-crypt")) {
		if (!ends)
			th_buf_adds(ret, "[encrypted]");
		if (!ends && s.s[n - 2] != '/')
			n += th_html_skip(
			    (struct th_str){ s.s + n, s.len - n }, name);
	} else if (!th_str_iis(name, "en-note")) {
		return 0;
	}
	return n;
}

static size_t
put_cdata(struct th_str s, struct th_buf *ret)
{
	static const char begin[] = "<![CDATA[";
	size_t i, len = sizeof(begin) - 1;

	if (!th_str_has_prefix(s, begin))
		return 0;
	for (i = len; i < s.len; i++)
		if (th_str_has_prefix(
			(struct th_str){ s.s + i, s.len - i }, "]]>"))
			break;
	th_text_escape((struct th_str){ s.s + len, i - len }, ret);
	return i < s.len ? i + 3 : s.len;
}

static size_t
put_back(struct th_str s, struct th_tags *tags, struct th_buf *ret)
{
	struct th_str name;
	size_t n = put_cdata(s, ret), skip;

	if (n > 0)
		return n;
	n = th_html_tag(s, tags, &name);
	if (name.len == 0)
		return n;
	if ((skip = put_own(s, n, name, ret)) > 0)
		return skip;
	if (n > 3 && s.s[n - 2] == '/' && s.s[n - 1] == '>' && s.s[1] != '/' &&
	    !is_void(name)) {
		th_buf_add(ret, s.s, n - 2);
		th_buf_adds(ret, "></");
		th_buf_add(ret, name.s, name.len);
		th_buf_addc(ret, '>');
	} else {
		th_buf_add(ret, s.s, n);
	}
	return n;
}

/* From the note's own tag on; all of it when there is none. */
static struct th_str
note_in(struct th_str s)
{
	struct th_str rest = s;
	const char *lt;

	while ((lt = memchr(rest.s, '<', rest.len)) != NULL) {
		rest.len -= (size_t)(lt - rest.s);
		rest.s = lt;
		if (th_str_has_prefix(rest, "<en-note"))
			return rest;
		rest.s++;
		rest.len--;
	}
	return s;
}

enum th_status
th_enml_to_html(struct th_str s, struct th_buf *ret)
{
	struct th_tags tags = { 0 };
	const char *lt;
	size_t n;

	s = th_str_trim(s);
	if (s.len > 0)
		s = note_in(s);
	while (s.len > 0 && ret->status == TH_OK) {
		if (th_html_at_tag(s)) {
			n = put_back(s, &tags, ret);
		} else {
			lt = s.len > 1 ? memchr(s.s + 1, '<', s.len - 1) : NULL;
			n = lt != NULL ? (size_t)(lt - s.s) : s.len;
			th_buf_add(ret, s.s, n);
		}
		s.s += n;
		s.len -= n;
	}
	return ret->status;
}
