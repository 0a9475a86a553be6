/* markdown -- HTML as Markdown that a person can read and edit */
#include <string.h>

#include "html.h"
#include "priv.h"

#define LISTS 12 /* deeper ones are not indented further */
#define SPANS 8  /* emphasis, code and links within each other */

struct span {
	char kind; /* *, _, ` or [ */
	bool shown;
	size_t at; /* where its marker stands */
};

struct writer {
	struct th_buf *out;
	size_t start;
	struct th_tags tags;
	struct th_str skip;    /* element whose text is not shown, or empty */
	unsigned want;         /* line ends before the next text */
	bool fresh;            /* in a quote that has no text yet */
	bool space, item, pre; /* what else comes before it */
	bool number;           /* only digits stand in the line yet */
	unsigned heading, quote, depth;
	unsigned list[LISTS]; /* 0: bullets, else the next number */
	struct span span[SPANS];
	unsigned nspans;
	struct th_str rest;      /* from the tag at hand on */
	bool table, row, cell;   /* within one that is written as such */
	unsigned cells, columns; /* of this row, of the first */
	unsigned outer;          /* spans that are open around the cell */
	struct th_buf href, text;
};

static void
put(struct writer *w, const char *s)
{
	th_buf_adds(w->out, s);
}

static unsigned
level(const struct writer *w)
{
	return w->depth < LISTS ? w->depth : LISTS;
}

/* What each line begins with: quotes, and the indentation of lists. */
static void
put_prefix(struct writer *w)
{
	unsigned i, n = level(w);

	for (i = 0; i < w->quote && i < LISTS; i++)
		put(w, "> ");
	if (w->item && n > 0)
		n--;
	for (i = 0; i < n; i++)
		put(w, w->list[i] == 0 ? "  " : "    ");
	if (w->pre)
		put(w, "    ");
}

/* Ends lines until so many are left to end. */
static void
end_lines(struct writer *w, unsigned left)
{
	unsigned i;

	if (w->out->len == w->start)
		w->want = 0;
	for (; w->want > left; w->want--) {
		th_buf_addc(w->out, '\n');
		for (i = 0; w->want > 1 && i < w->quote && i < LISTS; i++)
			put(w, i > 0 ? " >" : ">");
	}
}

static void
put_lines(struct writer *w)
{
	end_lines(w, 0);
	w->fresh = false;
	put_prefix(w);
}

static void
put_bullet(struct writer *w)
{
	unsigned *n = &w->list[level(w) == 0 ? 0 : level(w) - 1];

	w->item = false;
	if (w->depth == 0 || *n == 0)
		put(w, "- ");
	else
		th_buf_addf(w->out, "%u. ", (*n)++);
}

/* Behind code that has backticks stand more of them than there are in it. */
static void
close_code(struct writer *w, size_t at)
{
	struct th_buf *b = w->out;
	size_t i, run = 0, most = 0, more;

	for (i = at + 1; i < b->len; i++) {
		run = b->data[i] == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	/* A blank next to each marker is none of the code's. */
	more = most > 0 ? most + 1 : 0;
	if (more > 0 && th_buf_reserve(b, more) == TH_OK) {
		memmove(b->data + at + more, b->data + at, b->len - at);
		memset(b->data + at, '`', more);
		b->data[at + more] = ' ';
		b->len += more;
		th_buf_addc(b, ' ');
	}
	for (i = 0; i < most + 1; i++)
		th_buf_addc(b, '`');
}

static void
put_marker(struct writer *w, const struct span *span, bool closing)
{
	char kind = span->kind;

	if (kind == '`' && closing)
		close_code(w, span->at);
	else if (kind == '*')
		put(w, "**");
	else if (kind != '[')
		th_buf_addc(w->out, kind == '_' ? '*' : kind);
	else if (!closing)
		th_buf_addc(w->out, '[');
	else {
		put(w, "](");
		th_buf_add(w->out, w->href.data, w->href.len);
		th_buf_addc(w->out, ')');
	}
}

/* Everything that waited for text to come. */
static void
start_text(struct writer *w)
{
	unsigned i;

	if (w->want > 0 || w->out->len == w->start) {
		put_lines(w);
		if (w->item)
			put_bullet(w);
		for (; w->heading > 0; w->heading--)
			put(w, w->heading > 1 ? "#" : "# ");
	} else if (w->space) {
		th_buf_addc(w->out, ' ');
	}
	w->space = false;
	for (i = 0; i < w->nspans; i++) {
		if (w->span[i].shown)
			continue;
		w->span[i].at = w->out->len;
		put_marker(w, &w->span[i], false);
		w->span[i].shown = true;
	}
}

/* Spans end with their block and go on in the next. */
static void
start_block(struct writer *w, unsigned want)
{
	unsigned i;

	for (i = w->nspans; i > 0; i--) {
		if (w->span[i - 1].shown)
			put_marker(w, &w->span[i - 1], true);
		w->span[i - 1].shown = false;
	}
	if (w->want < want && !w->fresh)
		w->want = want;
	w->space = false;
}

static bool
in_code(const struct writer *w)
{
	unsigned i;

	for (i = 0; i < w->nspans; i++)
		if (w->span[i].kind == '`')
			return true;
	return w->pre;
}

static bool
is_word(char c)
{
	return th_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* Characters that Markdown would take for its own. */
static bool
needs_escape(const struct writer *w, char c, bool first)
{
	if (c == '|' && w->cell)
		return true;
	if (in_code(w))
		return false;
	if (c == '_')
		return w->out->len == w->start ||
		       !is_word(w->out->data[w->out->len - 1]);
	return strchr("\\`*[]<", c) != NULL ||
	       (first && strchr("#>+-=~|", c) != NULL);
}

/* "1. x" at the beginning of a line would be a list: is this its full stop? */
static bool
ends_number(struct writer *w, struct th_str s, bool first)
{
	bool number = w->number && !w->space;

	w->number = (first || number) && th_is_digit(*s.s);
	return number && (*s.s == '.' || *s.s == ')') && !in_code(w) &&
	       (s.len == 1 || th_is_space(s.s[1]));
}

static void
put_pre(struct writer *w, struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '\n') {
			w->want++;
			continue;
		}
		if (w->want > 0 || w->out->len == w->start)
			put_lines(w);
		th_buf_addc(w->out, s.s[i]);
	}
}

static void
put_text(struct writer *w, struct th_str s)
{
	bool first, number;
	size_t i;

	if (w->skip.len > 0)
		return;
	if (w->pre) {
		put_pre(w, s);
		return;
	}
	for (i = 0; i < s.len && w->out->status == TH_OK; i++) {
		if (th_is_space(s.s[i]) || s.s[i] == '\0') {
			w->space = true;
			continue;
		}
		first = w->want > 0 || w->out->len == w->start;
		number = ends_number(
		    w, (struct th_str){ s.s + i, s.len - i }, first);
		if (first || w->space || w->nspans > 0)
			start_text(w);
		if (number || needs_escape(w, s.s[i], first))
			th_buf_addc(w->out, '\\');
		th_buf_addc(w->out, s.s[i]);
	}
}

/* ---- tags ---- */

/* The value of an attribute of a tag; false when it has none of that name. */
static bool
attribute(struct th_str tag, const char *name, struct th_buf *ret)
{
	struct th_str key, value;
	size_t i = 1, from, n;
	char quote;

	th_buf_clear(ret);
	while (i < tag.len && !th_is_space(tag.s[i]))
		i++;
	while (i < tag.len && tag.s[i] != '>') {
		while (i < tag.len && th_is_space(tag.s[i]))
			i++;
		from = i;
		while (i < tag.len && !th_is_space(tag.s[i]) &&
		       tag.s[i] != '=' && tag.s[i] != '>')
			i++;
		key = (struct th_str){ tag.s + from, i - from };
		while (i < tag.len && th_is_space(tag.s[i]))
			i++;
		if (i >= tag.len || tag.s[i] != '=') {
			i += key.len == 0 && i < tag.len && tag.s[i] != '>';
			continue;
		}
		for (i++; i < tag.len && th_is_space(tag.s[i]); i++)
			;
		quote = i < tag.len && (tag.s[i] == '"' || tag.s[i] == '\'')
			    ? tag.s[i++]
			    : '\0';
		for (from = i;
		     i < tag.len && (quote != '\0' ? tag.s[i] != quote
						   : !th_is_space(tag.s[i]) &&
							 tag.s[i] != '>');
		     i++)
			;
		value = (struct th_str){ tag.s + from, i - from };
		i += quote != '\0' && i < tag.len;
		if (!th_str_iis(key, name))
			continue;
		for (; value.len > 0; value.s += n, value.len -= n) {
			n = *value.s == '&' ? th_html_entity(value, true, ret)
					    : 0;
			if (n == 0) {
				th_buf_addc(ret, *value.s);
				n = 1;
			}
		}
		return ret->status == TH_OK && ret->len > 0;
	}
	return false;
}

/* An address as it may stand in parentheses; scripts are no addresses. */
static bool
address(struct writer *w, struct th_str tag, const char *name)
{
	struct th_str s;
	struct th_url u;
	size_t i;

	if (!attribute(tag, name, &w->text))
		return false;
	s = th_str_trim(th_buf_str(&w->text));
	if (th_url_parse(s, &u) == TH_OK && u.scheme.s != NULL &&
	    !th_str_iis(u.scheme, "http") && !th_str_iis(u.scheme, "https") &&
	    !th_str_iis(u.scheme, "mailto") && !th_str_iis(u.scheme, "tel"))
		return false;
	th_buf_clear(&w->href);
	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == 0x7f ||
		    strchr("()<>\\", s.s[i]) != NULL)
			th_buf_addf(&w->href, "%%%02X", (unsigned char)s.s[i]);
		else
			th_buf_addc(&w->href, s.s[i]);
	return w->href.len > 0;
}

static void
open_span(struct writer *w, char kind)
{
	if (w->nspans < SPANS && !in_code(w)) /* code has no markers in it */
		w->span[w->nspans++] = (struct span){ .kind = kind };
}

/* Closes the innermost of that kind, with what was left open in it. */
static void
close_span(struct writer *w, char kind)
{
	unsigned i, n;

	for (n = w->nspans; n > 0 && w->span[n - 1].kind != kind; n--)
		;
	if (n == 0)
		return;
	for (i = w->nspans; i >= n; i--)
		if (w->span[i - 1].shown)
			put_marker(w, &w->span[i - 1], true);
	w->nspans = n - 1;
}

static void
tag_image(struct writer *w, struct th_str tag)
{
	struct th_buf kept = w->href; /* of a link around it */

	th_buf_init(&w->href, kept.max);
	if (w->skip.len == 0 && !w->pre && address(w, tag, "src")) {
		start_text(w);
		put(w, "![");
		if (attribute(tag, "alt", &w->text)) {
			for (size_t i = 0; i < w->text.len; i++)
				if (strchr("[]\n\r\\", w->text.data[i]) == NULL)
					th_buf_addc(w->out, w->text.data[i]);
		}
		put(w, "](");
		th_buf_add(w->out, w->href.data, w->href.len);
		put(w, ")");
	}
	th_buf_release(&w->href);
	w->href = kept;
}

static void
tag_link(struct writer *w, struct th_str tag, bool closing)
{
	close_span(w, '['); /* links do not nest */
	if (!closing && address(w, tag, "href"))
		open_span(w, '[');
}

/* ---- tables ---- */

static bool
is_tag(struct th_str s, const char *name)
{
	size_t n = strlen(name);

	return s.len > n && th_str_iis((struct th_str){ s.s, n }, name) &&
	       (th_is_space(s.s[n]) || s.s[n] == '>' || s.s[n] == '/');
}

/* One with headings has data in it; others lay out a page. */
static bool
has_headings(struct th_str s)
{
	const char *end = s.s + s.len, *p = s.s;

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		s = (struct th_str){ p, (size_t)(end - p) };
		if (is_tag(s, "<th"))
			return true;
		if (is_tag(s, "<table") || is_tag(s, "</table"))
			return false;
		p++;
	}
	return false;
}

static void
end_cell(struct writer *w)
{
	if (!w->cell)
		return;
	start_block(w, 0);
	if (w->nspans > w->outer)
		w->nspans = w->outer;
	put(w, " |");
	w->cell = false;
}

/* Below the first row stands what makes it the head. */
static void
end_row(struct writer *w)
{
	end_cell(w);
	if (!w->row)
		return;
	w->row = false;
	w->want = 1;
	if (w->columns > 0)
		return;
	put_lines(w);
	put(w, "|");
	for (; w->columns < w->cells; w->columns++)
		put(w, " --- |");
	w->want = 1;
}

static void
begin_cell(struct writer *w)
{
	end_cell(w);
	if (!w->row) {
		start_block(w, w->columns > 0 ? 1 : 2);
		put_lines(w);
		put(w, "|");
		w->row = true;
		w->cells = 0;
	}
	w->space = true;
	w->outer = w->nspans;
	w->cell = true;
	w->cells++;
}

static void
tag_table(struct writer *w, bool closing)
{
	end_row(w);
	start_block(w, 2);
	w->columns = 0;
	w->table =
	    !closing && !w->item &&
	    has_headings((struct th_str){ w->rest.s + 1, w->rest.len - 1 });
}

/* What a page would show in a frame or play, as its address. */
static void
tag_embedded(struct writer *w, struct th_str tag)
{
	if (w->skip.len > 0 || w->pre || !address(w, tag, "src") ||
	    !th_url_is_http(th_buf_str(&w->href)))
		return;
	start_block(w, 2);
	start_text(w);
	put(w, "<");
	th_buf_add(w->out, w->href.data, w->href.len);
	put(w, ">");
	start_block(w, 2);
}

/* The number of an ordered list's first item. */
static unsigned
first_number(struct writer *w, struct th_str tag)
{
	unsigned n = 0;
	size_t i;

	if (!attribute(tag, "start", &w->text))
		return 1;
	for (i = 0; i < w->text.len && i < 9; i++) {
		if (w->text.data[i] < '0' || w->text.data[i] > '9')
			return 1;
		n = n * 10 + (unsigned)(w->text.data[i] - '0');
	}
	return n > 0 ? n : 1;
}

static void
tag_list(struct writer *w, struct th_str tag, bool ordered, bool closing)
{
	start_block(w, w->depth > 0 ? 1 : 2);
	w->item = false;
	if (closing)
		w->depth -= w->depth > 0;
	else if (++w->depth <= LISTS)
		w->list[w->depth - 1] = ordered ? first_number(w, tag) : 0;
	if (closing)
		start_block(w, w->depth > 0 ? 1 : 2);
}

enum act {
	SPAN,
	BLOCK,
	HEADING,
	LIST,
	ITEM,
	QUOTE,
	PRE,
	BREAK,
	RULE,
	TABLE,
	ROW,
	CELL,
	LINK,
	IMAGE,
	EMBEDDED,
	HIDDEN
};
static const struct {
	const char *name;
	enum act act;
	int arg;
} element[] = {
	{ "a", LINK, 0 },
	{ "article", BLOCK, 2 },
	{ "audio", EMBEDDED, 0 },
	{ "b", SPAN, '*' },
	{ "blockquote", QUOTE, 0 },
	{ "br", BREAK, 0 },
	{ "code", SPAN, '`' },
	{ "dd", BLOCK, 1 },
	{ "div", BLOCK, 2 },
	{ "dl", BLOCK, 2 },
	{ "dt", BLOCK, 2 },
	{ "em", SPAN, '_' },
	{ "embed", EMBEDDED, 0 },
	{ "figcaption", BLOCK, 2 },
	{ "figure", BLOCK, 2 },
	{ "footer", BLOCK, 2 },
	{ "form", BLOCK, 2 },
	{ "h1", HEADING, 1 },
	{ "h2", HEADING, 2 },
	{ "h3", HEADING, 3 },
	{ "h4", HEADING, 4 },
	{ "h5", HEADING, 5 },
	{ "h6", HEADING, 6 },
	{ "header", BLOCK, 2 },
	{ "hr", RULE, 0 },
	{ "i", SPAN, '_' },
	{ "iframe", EMBEDDED, 0 },
	{ "img", IMAGE, 0 },
	{ "kbd", SPAN, '`' },
	{ "li", ITEM, 0 },
	{ "main", BLOCK, 2 },
	{ "nav", BLOCK, 2 },
	{ "ol", LIST, 1 },
	{ "p", BLOCK, 2 },
	{ "pre", PRE, 0 },
	{ "samp", SPAN, '`' },
	{ "script", HIDDEN, 0 },
	{ "section", BLOCK, 2 },
	{ "source", EMBEDDED, 0 },
	{ "strong", SPAN, '*' },
	{ "style", HIDDEN, 0 },
	{ "table", TABLE, 0 },
	{ "td", CELL, 0 },
	{ "template", HIDDEN, 0 },
	{ "textarea", HIDDEN, 0 },
	{ "th", CELL, 0 },
	{ "title", HIDDEN, 0 },
	{ "tr", ROW, 1 },
	{ "tt", SPAN, '`' },
	{ "ul", LIST, 0 },
	{ "video", EMBEDDED, 0 },
};

static void
do_block(struct writer *w, enum act act, int arg, bool closing)
{
	switch (act) {
	case HEADING:
		start_block(w, 2);
		w->heading = closing ? 0 : (unsigned)arg;
		break;
	case ITEM:
		start_block(w, 1);
		w->item = !closing;
		break;
	case QUOTE:
		start_block(w, 2);
		if (!closing) /* the empty line before is not quoted */
			end_lines(w, 1);
		w->fresh = !closing;
		w->quote += closing ? (w->quote > 0 ? -1U : 0) : 1;
		break;
	case PRE:
		start_block(w, 2);
		w->pre = !closing;
		break;
	case RULE:
		start_block(w, 2);
		put_lines(w);
		put(w, "---");
		start_block(w, 2);
		break;
	default:
		/* The first paragraph of an item stands behind its bullet. */
		if (!w->item || w->want == 0)
			start_block(w, (unsigned)arg);
	}
}

/* A row of a table is one line. */
static bool
breaks_line(enum act act)
{
	switch (act) {
	case SPAN:
	case LINK:
	case IMAGE:
	case TABLE:
	case ROW:
	case CELL:
	case HIDDEN: return false;
	default: return true;
	}
}

static void
do_element(struct writer *w, size_t i, struct th_str tag, bool closing)
{
	if (w->cell && breaks_line(element[i].act)) {
		w->space = true;
		return;
	}
	switch (element[i].act) {
	case SPAN:
		if (w->pre)
			break;
		if (closing)
			close_span(w, (char)element[i].arg);
		else
			open_span(w, (char)element[i].arg);
		break;
	case LINK: tag_link(w, tag, closing); break;
	case IMAGE: tag_image(w, tag); break;
	case EMBEDDED:
		if (!closing)
			tag_embedded(w, tag);
		break;
	case LIST: tag_list(w, tag, element[i].arg != 0, closing); break;
	case TABLE: tag_table(w, closing); break;
	case ROW:
		end_row(w);
		if (!w->table)
			start_block(w, (unsigned)element[i].arg);
		break;
	case CELL:
		if (!w->table)
			w->space = true;
		else if (closing)
			end_cell(w);
		else
			begin_cell(w);
		break;
	case BREAK:
		if (w->out->len > w->start && w->want == 0)
			put(w, w->pre ? "" : "  ");
		start_block(w, 1);
		break;
	case HIDDEN:
		if (!closing)
			w->skip = th_str(element[i].name);
		break;
	default: do_block(w, element[i].act, element[i].arg, closing);
	}
}

static size_t
put_tag(struct writer *w, struct th_str s)
{
	struct th_str name;
	size_t i, n = th_html_tag(s, &w->tags, &name);
	bool closing = s.len > 1 && s.s[1] == '/';

	if (w->skip.len > 0) {
		if (closing && th_str_iis(name, w->skip.s))
			w->skip.len = 0;
		return n;
	}
	w->rest = s;
	for (i = 0; name.len > 0 && i < sizeof(element) / sizeof(*element); i++)
		if (th_str_iis(name, element[i].name)) {
			do_element(w, i, (struct th_str){ s.s, n }, closing);
			break;
		}
	return n;
}

static size_t
put_entity(struct writer *w, struct th_str s)
{
	size_t n;

	th_buf_clear(&w->text);
	n = th_html_entity(s, false, &w->text);
	if (n == 0) {
		put_text(w, (struct th_str){ s.s, 1 });
		return 1;
	}
	put_text(w, th_buf_str(&w->text));
	return n;
}

enum th_status
th_markdown_from_html(struct th_str s, struct th_buf *ret)
{
	struct writer w = { .out = ret, .start = ret->len };
	enum th_status st;
	size_t n;

	th_buf_init(&w.href, TH_LINE_MAX);
	th_buf_init(&w.text, TH_LINE_MAX);
	while (s.len > 0 && ret->status == TH_OK) {
		if (*s.s == '&') {
			n = put_entity(&w, s);
		} else if (*s.s == '<' && th_html_at_tag(s)) {
			n = put_tag(&w, s);
		} else {
			for (n = 1; n < s.len && s.s[n] != '&' && s.s[n] != '<';
			     n++)
				continue;
			put_text(&w, (struct th_str){ s.s, n });
		}
		s.s += n;
		s.len -= n;
	}
	end_row(&w);
	start_block(&w, 1); /* closes what is open */
	if (ret->len > w.start)
		th_buf_addc(ret, '\n');
	st = ret->status;
	if (st == TH_OK && (w.href.status != TH_OK || w.text.status != TH_OK))
		st = TH_ENOMEM;
	th_buf_release(&w.href);
	th_buf_release(&w.text);
	return st;
}
