/* feedout_xml -- pieces of XML that RSS and Atom are made of */
#include <string.h>

#include "feedout.h"

#if defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#define HAVE_SSE2 1
#endif

/* Why a byte stops the copying: in text, in attributes, in both. */
enum { TEXT = 1, ATTR = 2, BOTH = 3 };
static const unsigned char stops[256] = {
	BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, /* controls */
	BOTH, ATTR, ATTR, BOTH, BOTH, BOTH, BOTH, BOTH, /* but \t and \n */
	BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH,
	BOTH, BOTH, BOTH, BOTH, ['"'] = ATTR, ['&'] = BOTH, ['<'] = BOTH,
	['>'] = BOTH, [0xef] = BOTH, /* perhaps U+FFFE or U+FFFF */
};

/* How a byte that stops is written; "" when XML has no such character. */
static const char *
escaped(unsigned char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\t': return "&#9;";
	case '\n': return "&#10;";
	case '\r': return "&#13;";
	}
	return "";
}

#define LONGEST 6 /* of escaped() */
#define PIECE ((size_t)4096)

#ifdef HAVE_SSE2
static __m128i
is_byte(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* A bit for each of 16 bytes that stops; as the table has it. */
static unsigned
stops_in_16(__m128i v, unsigned mask)
{
	const __m128i low = _mm_set1_epi8(0x1f);
	__m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(v, low), v);

	if (mask == ATTR)
		hit = _mm_or_si128(hit, is_byte(v, '"'));
	else
		hit = _mm_andnot_si128(
		    _mm_or_si128(is_byte(v, '\t'), is_byte(v, '\n')), hit);
	hit = _mm_or_si128(
	    hit, _mm_or_si128(is_byte(v, '&'), is_byte(v, '\xef')));
	hit = _mm_or_si128(hit, _mm_or_si128(is_byte(v, '<'), is_byte(v, '>')));
	return (unsigned)_mm_movemask_epi8(hit);
}
#endif

/* Copies up to a byte that stops; there is room for LONGEST times as much. */
static char *
copy_run(char *to, const char **from, const char *end, unsigned mask)
{
	const char *p = *from;
#ifdef HAVE_SSE2
	unsigned hit = 0;

	for (; end - p >= 16 && hit == 0; p += 16, to += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);

		_mm_storeu_si128((__m128i *)to, v);
		hit = stops_in_16(v, mask);
	}
	if (hit != 0) {
		*from = p - 16 + __builtin_ctz(hit);
		return to - 16 + __builtin_ctz(hit);
	}
#endif
	while (p < end && !(stops[(unsigned char)*p] & mask))
		*to++ = *p++;
	*from = p;
	return to;
}

/* One piece, into room for LONGEST times its length; returns its new end. */
static char *
escape_piece(char *to, const char **from, const char *piece_end,
    const char *end, unsigned mask)
{
	const char *p = *from, *s;

	while (p < piece_end) {
		to = copy_run(to, &p, piece_end, mask);
		if (p == piece_end)
			break;
		if (*p != '\xef') {
			for (s = escaped((unsigned char)*p++); *s != '\0'; s++)
				*to++ = *s;
		} else if (end - p > 2 && p[1] == '\xbf' &&
			   (p[2] == '\xbe' || p[2] == '\xbf')) {
			p += 3;
		} else {
			*to++ = *p++;
		}
	}
	*from = p;
	return to;
}

void
th_feedout_escape(struct th_buf *b, struct th_str s, bool attribute)
{
	const char *p = s.s, *end = s.s + s.len, *piece_end;
	char *to;

	while (p < end) {
		piece_end = (size_t)(end - p) > PIECE ? p + PIECE : end;
		if (th_buf_reserve(b, LONGEST * (size_t)(piece_end - p)) !=
		    TH_OK)
			return;
		to = escape_piece(b->data + b->len, &p, piece_end, end,
		    attribute ? ATTR : TEXT);
		b->len = (size_t)(to - b->data);
		*to = '\0';
	}
}

void
th_feedout_element(struct th_buf *b, const char *name, struct th_str s)
{
	size_t len = strlen(name), bare = strcspn(name, " ");
	char *to;

	if (th_buf_reserve(b, len + 2) != TH_OK)
		return;
	to = b->data + b->len;
	to[0] = '<';
	memcpy(to + 1, name, len);
	to[len + 1] = '>';
	b->len += len + 2;
	th_feedout_escape(b, s, false);
	if (th_buf_reserve(b, bare + 4) != TH_OK)
		return;
	to = b->data + b->len;
	memcpy(to, "</", 2);
	memcpy(to + 2, name, bare);
	memcpy(to + 2 + bare, ">\n", 3);
	b->len += bare + 4;
}

void
th_feedout_attribute(struct th_buf *b, const char *name, struct th_str s)
{
	th_buf_addc(b, ' ');
	th_buf_adds(b, name);
	th_buf_adds(b, "=\"");
	th_feedout_escape(b, s, true);
	th_buf_addc(b, '"');
}

void
th_feedout_as_html(struct th_feedout *f, const char *name, struct th_str s)
{
	if (th_text_is_html(s)) {
		th_feedout_clear(f, &f->more);
		th_text_escape(s, &f->more);
		s = th_buf_str(&f->more);
	}
	th_feedout_element(&f->b, name, s);
}

void
th_feedout_lines(struct th_feedout *f, const char *name, struct th_str s)
{
	const char *nl, *end = s.s + s.len;

	th_feedout_clear(f, &f->more);
	while ((nl = memchr(s.s, '\n', s.len)) != NULL) {
		th_text_escape(
		    (struct th_str){ s.s, (size_t)(nl - s.s) }, &f->more);
		th_buf_adds(&f->more, "<br>\n");
		s = (struct th_str){ nl + 1, (size_t)(end - nl) - 1 };
	}
	th_text_escape(s, &f->more);
	th_feedout_element(&f->b, name, th_buf_str(&f->more));
}

static void
add_link(struct th_feedout *f, const char *element, const char *rel,
    struct th_str url)
{
	th_buf_addc(&f->b, '<');
	th_buf_adds(&f->b, element);
	th_feedout_attribute(&f->b, "rel", th_str(rel));
	th_feedout_attribute(&f->b, "href", url);
}

static void
add_enclosure(struct th_feedout *f, const char *element)
{
	add_link(f, element, "enclosure", th_buf_str(&f->at.url));
	th_feedout_attribute(&f->b, "type", th_buf_str(&f->at.type));
	if (f->at.size > 0)
		th_buf_addf(&f->b, " length=\"%jd\"", (intmax_t)f->at.size);
	if (f->at.title.len > 0)
		th_feedout_attribute(&f->b, "title", th_buf_str(&f->at.title));
	th_buf_adds(&f->b, "/>\n");
}

void
th_feedout_links(struct th_feedout *f, const struct th_item *it,
    const char *element, size_t but)
{
	struct th_value list, v;
	struct th_iter iter;
	struct th_str s;
	size_t n;

	if (th_feedout_text(f, it, "external_url", &s) &&
	    th_feedout_url(f, it, s, &s)) {
		add_link(f, element, "related", s);
		th_buf_adds(&f->b, "/>\n");
	}
	if (!th_item_get(it, "attachments", &list) ||
	    list.type != TH_JSON_ARRAY)
		return;
	th_iter_init(&iter, &list);
	for (n = 0; th_iter_next(&iter, NULL, &v); n++)
		if (n != but && th_feedout_attachment(f, it, &v))
			add_enclosure(f, element);
}

void
th_feedout_every(struct th_feedout *f, const struct th_item *it,
    const char *name, th_feedout_each *each, const char *element)
{
	struct th_value list, v;
	struct th_iter iter;

	if (!th_item_get(it, name, &list))
		return;
	if (list.type != TH_JSON_ARRAY) {
		each(f, it, &list, element);
		return;
	}
	th_iter_init(&iter, &list);
	while (th_iter_next(&iter, NULL, &v))
		each(f, it, &v, element);
}
