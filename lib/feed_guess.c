/*
 * feed_guess -- is it HTML, or plain text with angle brackets in it?
 *
 * RSS does not tell.  What asks "<me@example.org>" or "<stdio.h>" to be shown
 * must not take them for tags, as they would be gone without a trace.
 */
#include <string.h>

#include "feed.h"
#include "html.h"
#include "priv.h"

/* Sorted.  Those that nobody writes any more are in many a feed. */
static const char *const elements[] = { "a", "abbr", "acronym", "address",
	"applet", "area", "article", "aside", "audio", "b", "base", "basefont",
	"bdi", "bdo", "big", "blink", "blockquote", "body", "br", "button",
	"canvas", "caption", "center", "cite", "code", "col", "colgroup",
	"data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir",
	"div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure",
	"font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4",
	"h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe",
	"img", "input", "ins", "kbd", "label", "legend", "li", "link", "main",
	"map", "mark", "marquee", "math", "menu", "meta", "meter", "nav",
	"nobr", "noscript", "object", "ol", "optgroup", "option", "output", "p",
	"param", "picture", "pre", "progress", "q", "rp", "rt", "ruby", "s",
	"samp", "script", "section", "select", "small", "source", "span",
	"strike", "strong", "style", "sub", "summary", "sup", "svg", "table",
	"tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time",
	"title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr" };

#define LONGEST 10

static bool
is_element(struct th_str name)
{
	size_t low = 0, high = sizeof(elements) / sizeof(*elements), mid, i;
	char lower[LONGEST + 1] = { 0 };
	int order;

	if (name.len == 0 || name.len > LONGEST)
		return false;
	for (i = 0; i < name.len; i++)
		lower[i] = (char)(name.s[i] | 0x20); /* digits stay */
	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(elements[mid], lower);
		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* What no title has but as markup. */
static bool
is_break(struct th_str name)
{
	return th_str_iis(name, "br") || th_str_iis(name, "wbr") ||
	       th_str_iis(name, "hr");
}

/* An attribute before the tag ends? */
static bool
has_attribute(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len && s.s[i] != '>' && s.s[i] != '<'; i++)
		if (s.s[i] == '=')
			return true;
	return false;
}

/* At a <: is it of HTML, and no angle bracket of a text? */
static bool
proves_html(struct th_str s, int of)
{
	bool end = s.len > 1 && s.s[1] == '/';
	struct th_str name = { s.s + 1 + end, 0 };
	size_t i = 1 + end;

	if (th_str_has_prefix(s, "<!--"))
		return true;
	while (i < s.len &&
	       (th_is_alnum(s.s[i]) || s.s[i] == '-' || s.s[i] == ':'))
		i++;
	name.len = (size_t)(s.s + i - name.s);
	if (name.len == 0 || i == s.len || !th_is_alpha(*name.s) ||
	    !(th_is_space(s.s[i]) || s.s[i] == '>' || s.s[i] == '/'))
		return false;
	if (end)
		return true;
	if (!is_element(name))
		return false;
	return of == TH_FEED_BODY || is_break(name) ||
	       has_attribute((struct th_str){ s.s + i, s.len - i });
}

bool
th_feed_is_html(struct th_str s, enum th_feed_text of)
{
	return th_text_has_markup(s, proves_html, of);
}
