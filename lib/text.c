/* text -- from HTML to what a person reads, and the escapes of the web */
#include <string.h>

#include "html.h"
#include "priv.h"

/* ---- character references ---- */

static const struct entity {
	const char *name;
	bool bare; /* known without its semicolon too */
	const char *text;
} entities[] = {
#define E(name, bare, text) { name, bare, text },
#include "entities.def"
#undef E
};

#define LONGEST_NAME 32

static const struct entity *
find_entity(struct th_str name)
{
	size_t low = 0, high = sizeof(entities) / sizeof(*entities), mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strncmp(entities[mid].name, name.s, name.len);
		if (order == 0 && entities[mid].name[name.len] == '\0')
			return &entities[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* What browsers make of numbers that mean windows-1252. */
static uint32_t
legacy(uint32_t c)
{
	static const uint16_t cp1252[32] = { 0x20ac, 0x81, 0x201a, 0x192,
		0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
		0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d,
		0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153,
		0x9d, 0x17e, 0x178 };

	if (c >= 0x80 && c < 0xa0)
		return cp1252[c - 0x80];
	return c == 0 ? 0xfffd : c;
}

/* No character that a text may have: XML 1.0 has it not even by number. */
static bool
is_control(uint32_t c)
{
	return (c > 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') ||
	       c == 0xfffe || c == 0xffff;
}

static int
digit_value(char c, int base)
{
	int v = 99;

	if (th_is_digit(c))
		v = c - '0';
	else if (c >= 'a' && c <= 'f')
		v = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		v = c - 'A' + 10;
	return v < base ? v : -1;
}

static size_t
numeric(struct th_str s, struct th_buf *ret)
{
	size_t i = 2, start;
	uint32_t c = 0;
	int base = 10, v;

	if (i < s.len && (s.s[i] == 'x' || s.s[i] == 'X')) {
		base = 16;
		i++;
	}
	for (start = i; i < s.len; i++) {
		if ((v = digit_value(s.s[i], base)) < 0)
			break;
		if (c <= 0x10ffff)
			c = c * (uint32_t)base + (uint32_t)v;
	}
	if (i == start)
		return 0;
	if (!is_control(c)) /* else it stands for nothing */
		th_utf8_add(ret, legacy(c));
	return i < s.len && s.s[i] == ';' ? i + 1 : i;
}

size_t
th_html_entity(struct th_str s, bool attribute, struct th_buf *ret)
{
	const struct entity *e;
	size_t n;

	if (s.len < 2 || s.s[0] != '&')
		return 0;
	if (s.s[1] == '#')
		return numeric(s, ret);
	for (n = 1; n < s.len && n <= LONGEST_NAME && th_is_alnum(s.s[n]); n++)
		continue;
	if (n < s.len && s.s[n] == ';' &&
	    (e = find_entity((struct th_str){ s.s + 1, n - 1 })) != NULL) {
		th_buf_adds(ret, e->text);
		return n + 1;
	}
	if (attribute) /* "?a=1&copy=2" */
		return 0;
	for (n = n > 8 ? 8 : n; n > 2; n--) {
		e = find_entity((struct th_str){ s.s + 1, n - 1 });
		if (e != NULL && e->bare) {
			th_buf_adds(ret, e->text);
			return n;
		}
	}
	return 0;
}

/* ---- tags ---- */

bool
th_html_at_tag(struct th_str s)
{
	if (s.len < 2 || s.s[0] != '<')
		return false;
	if (th_is_alpha(s.s[1]) || s.s[1] == '!' || s.s[1] == '?')
		return true;
	return s.s[1] == '/' && s.len > 2 && th_is_alpha(s.s[2]);
}

static size_t
find_end(struct th_str s, const char *end)
{
	size_t len = strlen(end);
	const char *p = s.s;

	while ((p = memchr(p, end[0], (size_t)(s.s + s.len - p))) != NULL) {
		if ((size_t)(s.s + s.len - p) < len)
			break;
		if (memcmp(p, end, len) == 0)
			return (size_t)(p - s.s) + len;
		p++;
	}
	return s.len;
}

/*
 * A quote opens a value only after "=".  One that never closes would swallow
 * all that follows: then it is a character like others, and so that the time
 * stays linear it is not looked for again.
 */
static size_t
skip_value(struct th_str s, size_t i, struct th_tags *t)
{
	char quote;
	const char *p;

	while (
	    i < s.len && (s.s[i] == ' ' || (s.s[i] >= '\t' && s.s[i] <= '\r')))
		i++;
	if (i == s.len || (s.s[i] != '"' && s.s[i] != '\''))
		return i;
	quote = s.s[i++];
	if (quote == '"' ? t->no_double : t->no_single)
		return i;
	p = memchr(s.s + i, quote, s.len - i);
	if (p != NULL)
		return (size_t)(p - s.s) + 1;
	if (quote == '"')
		t->no_double = true;
	else
		t->no_single = true;
	return i;
}

size_t
th_html_tag(struct th_str s, struct th_tags *t, struct th_str *name)
{
	size_t i = 1;

	*name = (struct th_str){ s.s, 0 };
	if (s.s[1] == '!' && s.len > 3 && s.s[2] == '-' && s.s[3] == '-') {
		s.s += 2;
		s.len -= 2;
		return find_end(s, "-->") + 2;
	}
	if (s.s[1] == '!' || s.s[1] == '?')
		return find_end(s, ">");
	if (s.s[1] == '/')
		i++;
	name->s = s.s + i;
	while (i < s.len &&
	       (th_is_alnum(s.s[i]) || s.s[i] == '-' || s.s[i] == ':'))
		i++;
	name->len = (size_t)(s.s + i - name->s);
	while (i < s.len && s.s[i] != '>')
		if (s.s[i++] == '=')
			i = skip_value(s, i, t);
	return i < s.len ? i + 1 : s.len;
}

enum effect { INLINE, BLOCK, BREAK, PRE, SKIPPED };

static const struct tag {
	const char *name;
	enum effect effect;
} tags[] = {
	{ "br", BREAK },
	{ "p", BLOCK },
	{ "div", BLOCK },
	{ "li", BLOCK },
	{ "ul", BLOCK },
	{ "ol", BLOCK },
	{ "dl", BLOCK },
	{ "dt", BLOCK },
	{ "dd", BLOCK },
	{ "h1", BLOCK },
	{ "h2", BLOCK },
	{ "h3", BLOCK },
	{ "h4", BLOCK },
	{ "h5", BLOCK },
	{ "h6", BLOCK },
	{ "hr", BLOCK },
	{ "tr", BLOCK },
	{ "td", BLOCK },
	{ "th", BLOCK },
	{ "table", BLOCK },
	{ "pre", PRE },
	{ "nav", BLOCK },
	{ "main", BLOCK },
	{ "form", BLOCK },
	{ "aside", BLOCK },
	{ "figure", BLOCK },
	{ "header", BLOCK },
	{ "footer", BLOCK },
	{ "article", BLOCK },
	{ "section", BLOCK },
	{ "address", BLOCK },
	{ "fieldset", BLOCK },
	{ "figcaption", BLOCK },
	{ "blockquote", BLOCK },
	{ "script", SKIPPED },
	{ "style", SKIPPED },
	{ "template", SKIPPED },
};

static enum effect
effect_of(struct th_str name)
{
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (th_str_iis(name, tags[i].name))
			return tags[i].effect;
	return INLINE;
}

size_t
th_html_skip(struct th_str s, struct th_str name)
{
	const char *p = s.s, *end = s.s + s.len;
	size_t i;

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		p++;
		if ((size_t)(end - p) <= name.len || *p != '/')
			continue;
		for (i = 0; i < name.len; i++)
			if ((p[i + 1] | 0x20) != (name.s[i] | 0x20))
				break;
		if (i == name.len)
			return (size_t)(p - 1 - s.s);
	}
	return s.len;
}

/* ---- the reader ---- */

struct reader {
	struct th_buf *out;
	size_t start; /* of our text in out */
	enum th_text_mode mode;
	int lines;  /* line breaks owed before the next text */
	int pre;    /* depth of <pre> */
	bool blank; /* a blank owed */
	struct th_tags tags;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Length of a blank at s, no-break space among them, 0 when it is none. */
static size_t
blank_length(struct th_str s)
{
	if (is_blank(s.s[0]))
		return 1;
	if (s.len > 1 && memcmp(s.s, "\302\240", 2) == 0)
		return 2;
	return 0;
}

static void
pay(struct reader *r)
{
	if (r->out->len > r->start) {
		if (r->lines > 0)
			th_buf_add(r->out, "\n\n",
			    r->lines > 2 ? 2 : (size_t)r->lines);
		else if (r->blank)
			th_buf_addc(r->out, ' ');
	}
	r->lines = 0;
	r->blank = false;
}

static bool
is_plain(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && c != '\302' && c != '<' &&
	       c != '&';
}

static void
put_text(struct reader *r, struct th_str s)
{
	size_t n;

	while (s.len > 0) {
		for (n = 0; n < s.len && is_plain(s.s[n]); n++)
			continue;
		if (n == 0 && r->pre > 0 && *s.s == '\n' &&
		    r->mode == TH_TEXT_LINES)
			r->lines++;
		if (n == 0 && (n = blank_length(s)) > 0) {
			r->blank = true;
		} else if (n == 0 &&
			   ((unsigned char)*s.s < ' ' || *s.s == 0x7f)) {
			n = 1;
		} else {
			n = n == 0 ? 1 : n;
			pay(r);
			th_buf_add(r->out, s.s, n);
		}
		s.s += n;
		s.len -= n;
	}
}

static size_t
put_entity(struct reader *r, struct th_str s)
{
	struct th_buf text;
	size_t n;

	th_buf_init(&text, 64);
	n = th_html_entity(s, false, &text);
	if (text.status != TH_OK) {
		r->out->status = text.status;
		n = s.len;
	} else if (n == 0) {
		put_text(r, (struct th_str){ s.s, 1 });
		n = 1;
	} else {
		put_text(r, th_buf_str(&text));
	}
	th_buf_release(&text);
	return n;
}

static size_t
put_tag(struct reader *r, struct th_str s)
{
	struct th_str name;
	size_t n = th_html_tag(s, &r->tags, &name);
	enum effect effect = effect_of(name);

	if (effect == SKIPPED && s.s[1] != '/' && s.s[n - 1] == '>' &&
	    s.s[n - 2] != '/')
		return n + th_html_skip(
			       (struct th_str){ s.s + n, s.len - n }, name);
	if (effect == PRE)
		r->pre += s.s[1] == '/' ? -(r->pre > 0) : 1;
	if (effect == INLINE || effect == SKIPPED)
		return n;
	if (r->mode == TH_TEXT_FOLD)
		r->blank = true;
	else if (effect == BREAK)
		r->lines++;
	else if (r->lines == 0)
		r->lines = 1;
	return n;
}

enum th_status
th_text_from_html(struct th_str s, enum th_text_mode mode, struct th_buf *ret)
{
	struct reader r = { .out = ret, .start = ret->len, .mode = mode };
	size_t n;

	while (s.len > 0 && ret->status == TH_OK) {
		if (*s.s == '&') {
			n = put_entity(&r, s);
		} else if (*s.s == '<' && th_html_at_tag(s)) {
			n = put_tag(&r, s);
		} else {
			for (n = 1; n < s.len && s.s[n] != '&' && s.s[n] != '<';
			     n++)
				continue;
			put_text(&r, (struct th_str){ s.s, n });
		}
		s.s += n;
		s.len -= n;
	}
	return ret->status;
}

bool
th_text_has_markup(struct th_str s, th_is_tag *is_tag, int of)
{
	struct th_buf text;
	struct th_str rest;
	size_t i, n, last = s.len;
	bool yes = false;

	while (last > 0 && s.s[last - 1] != '>')
		last--;
	th_buf_init(&text, 64);
	for (i = 0; i < s.len && !yes; i++) {
		rest = (struct th_str){ s.s + i, s.len - i };
		if (*rest.s == '<') {
			yes = i < last && is_tag(rest, of);
		} else if (*rest.s == '&') {
			n = th_html_entity(rest, false, &text);
			yes = n > 0 && rest.s[n - 1] == ';';
			th_buf_clear(&text);
		}
	}
	th_buf_release(&text);
	return yes;
}

static bool
is_any_tag(struct th_str at, int of)
{
	(void)of;
	return th_html_at_tag(at);
}

bool
th_text_is_html(struct th_str s)
{
	return th_text_has_markup(s, is_any_tag, 0);
}

/* ---- escapes ---- */

enum th_status
th_text_escape(struct th_str s, struct th_buf *ret)
{
	const char *with;
	size_t i, start;

	for (i = start = 0; i < s.len; i++) {
		switch (s.s[i]) {
		case '&': with = "&amp;"; break;
		case '<': with = "&lt;"; break;
		case '>': with = "&gt;"; break;
		case '"': with = "&quot;"; break;
		case '\'': with = "&#39;"; break;
		default: continue;
		}
		th_buf_add(ret, s.s + start, i - start);
		th_buf_adds(ret, with);
		start = i + 1;
	}
	return th_buf_add(ret, s.s + start, s.len - start);
}

enum th_status
th_text_fold(struct th_str s, struct th_buf *ret)
{
	size_t start = ret->len, n, i;
	bool owed = false;

	for (i = 0; i < s.len; i += n) {
		struct th_str rest = { s.s + i, s.len - i };

		n = blank_length(rest);
		if (n > 0) {
			owed = true;
			continue;
		}
		if ((unsigned char)*rest.s < ' ') { /* stands for nothing */
			n = 1;
			continue;
		}
		if (owed && ret->len > start)
			th_buf_addc(ret, ' ');
		owed = false;
		for (n = 1; n < rest.len && (unsigned char)rest.s[n] > ' ' &&
			    rest.s[n] != '\302';
		     n++)
			continue;
		th_buf_add(ret, rest.s, n);
	}
	return ret->status;
}

enum th_status
th_text_urlencode(struct th_str s, struct th_buf *ret)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.s[i];
		if (th_is_alnum((char)c) || (c != '\0' && strchr("-._~", c)))
			th_buf_addc(ret, (char)c);
		else
			th_percent(ret, c);
	}
	return ret->status;
}
