/* scan -- the strict JSON scanner: validates, finds, copies nothing */
#include <string.h>

#include "scan.h"
#include "priv.h"

/* -DTH_SCAN_PORTABLE leaves out what is written for one kind of processor. */
#if !defined(TH_SCAN_PORTABLE) && defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#define HAVE_SSE2 1
#endif

const char *
th_scan_fail(struct th_scan *s, const char *at, const char *why)
{
	s->at = at < s->end ? at : s->end;
	s->why = at < s->end ? why : "unexpected end";
	s->status = TH_EDATA;
	return NULL;
}

enum th_status
th_scan_err(const struct th_scan *s, struct th_err *err)
{
	if (err != NULL)
		err->column = (size_t)(s->at - s->begin) + 1;
	return th_fail(err, s->status, "%s", s->why);
}

bool
th_scan_utf8(struct th_scan *s)
{
	struct th_str text = { s->begin, (size_t)(s->end - s->begin) };
	size_t n;

	if (th_utf8_fast(text))
		return true;
	n = th_utf8_valid(text);
	if (n < text.len)
		th_scan_fail(s, s->begin + n, "not UTF-8");
	return n == text.len;
}

/* ---- strings ---- */

/*
 * The first byte at or behind p that is a quote, a backslash or a control
 * character; it may lie behind the end of the text, as far as lim.
 */
#ifdef HAVE_SSE2
static inline const char *
skip_plain(const struct th_scan *s, const char *p)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i last_control = _mm_set1_epi8(0x1f);
	__m128i x, hit;
	int mask;

	for (; s->lim - p >= 16; p += 16) {
		x = _mm_loadu_si128((const __m128i *)(const void *)p);
		hit = _mm_or_si128(
		    _mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
		hit = _mm_or_si128(
		    hit, _mm_cmpeq_epi8(_mm_min_epu8(x, last_control), x));
		mask = _mm_movemask_epi8(hit);
		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
	while (
	    p < s->end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
		p++;
	return p;
}
#else
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is a byte of x zero?  Exact as a yes or no. */
static inline uint64_t
has_zero(uint64_t x)
{
	return (x - EACH(1)) & ~x & EACH(0x80);
}

static inline const char *
skip_plain(const struct th_scan *s, const char *p)
{
	uint64_t x;

	for (; s->end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		if ((has_zero(x ^ EACH('"')) | has_zero(x ^ EACH('\\')) |
			((x - EACH(0x20)) & ~x & EACH(0x80))) != 0)
			break;
	}
	while (
	    p < s->end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
		p++;
	return p;
}
#endif

/* What may follow a backslash: 1 alone, 2 with four hex digits. */
static const unsigned char escapes[256] = { ['"'] = 1,
	['\\'] = 1,
	['/'] = 1,
	['b'] = 1,
	['f'] = 1,
	['n'] = 1,
	['r'] = 1,
	['t'] = 1,
	['u'] = 2 };

/* p is at a backslash. */
static const char *
skip_escape(struct th_scan *s, const char *p)
{
	int i;

	if (p + 1 >= s->end)
		return th_scan_fail(s, s->end, NULL);
	if (escapes[(unsigned char)p[1]] == 1)
		return p + 2;
	if (escapes[(unsigned char)p[1]] == 0)
		return th_scan_fail(s, p, "unknown escape in a string");
	for (i = 2; i < 6; i++)
		if (p + i >= s->end || th_scan_hex(p[i]) < 0)
			return th_scan_fail(
			    s, p + i, "\\u wants four hex digits");
	return p + 6;
}

const char *
th_scan_string(struct th_scan *s, const char *p)
{
	for (;;) {
		p = skip_plain(s, p);
		if (p >= s->end)
			return th_scan_fail(s, s->end, NULL);
		if (*p == '"')
			return p + 1;
		if (*p != '\\')
			return th_scan_fail(
			    s, p, "control character in a string");
		p = skip_escape(s, p);
		if (p == NULL)
			return NULL;
	}
}

/* ---- numbers and words ---- */

static bool
at_digit(const struct th_scan *s, const char *p)
{
	return p < s->end && th_is_digit(*p);
}

static const char *
skip_digits(struct th_scan *s, const char *p)
{
	if (!at_digit(s, p))
		return th_scan_fail(s, p, "a digit is missing in a number");
	while (at_digit(s, p))
		p++;
	return p;
}

static const char *
skip_number(struct th_scan *s, const char *p)
{
	if (*p == '-')
		p++;
	if (at_digit(s, p) && *p == '0' && at_digit(s, p + 1))
		return th_scan_fail(s, p, "a number begins with 0");
	p = skip_digits(s, p);
	if (p != NULL && p < s->end && *p == '.')
		p = skip_digits(s, p + 1);
	if (p != NULL && p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(s, p);
	}
	return p;
}

static const char *
skip_word(struct th_scan *s, const char *p, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - p) < len || memcmp(p, word, len) != 0)
		return th_scan_fail(s, p, "unknown word");
	return p + len;
}

/* ---- values in values ---- */

/* Which of the containers around a place are objects: a bit a level. */
struct nest {
	size_t depth, floor;
	uint64_t object[TH_DEPTH_MAX / 64];
};

static bool
in_object(const struct nest *n)
{
	return n->object[(n->depth - 1) / 64] >> (n->depth - 1) % 64 & 1;
}

static void
enter(struct nest *n, bool object)
{
	uint64_t *word = &n->object[n->depth / 64];
	uint64_t bit = UINT64_C(1) << n->depth % 64;

	*word = object ? *word | bit : *word & ~bit;
	n->depth++;
}

/* A member's name and colon, when in an object; then space. */
static const char *
skip_name(struct th_scan *s, const char *p, const struct nest *n)
{
	if (!in_object(n))
		return p;
	if (p >= s->end || *p != '"')
		return th_scan_fail(s, p, "a member's name is missing");
	p = th_scan_string(s, p + 1);
	if (p == NULL)
		return NULL;
	p = th_scan_space(p, s->end);
	if (p >= s->end || *p != ':')
		return th_scan_fail(s, p, "':' is missing");
	return th_scan_space(p + 1, s->end);
}

/* Behind a value: the brackets that close here, or a comma. */
static const char *
skip_behind(struct th_scan *s, const char *p, struct nest *n)
{
	for (; n->depth > n->floor; n->depth--, p++) {
		p = th_scan_space(p, s->end);
		if (p >= s->end)
			return th_scan_fail(s, p, NULL);
		if (*p == ',')
			return skip_name(s, th_scan_space(p + 1, s->end), n);
		if (*p != (in_object(n) ? '}' : ']'))
			return th_scan_fail(s, p,
			    in_object(n) ? "',' or '}' is missing"
					 : "',' or ']' is missing");
	}
	return p;
}

static const char *
skip_scalar(struct th_scan *s, const char *p)
{
	if (p >= s->end)
		return th_scan_fail(s, p, NULL);
	switch (*p) {
	case '"': return th_scan_string(s, p + 1);
	case 't': return skip_word(s, p, "true");
	case 'f': return skip_word(s, p, "false");
	case 'n': return skip_word(s, p, "null");
	case '-': return skip_number(s, p);
	}
	if (th_is_digit(*p))
		return skip_number(s, p);
	return th_scan_fail(s, p, "a value is missing");
}

/* One container with all in it; the depth is bounded and kept in bits. */
static const char *
skip_container(struct th_scan *s, const char *p, size_t depth)
{
	struct nest n;

	n.floor = n.depth = depth;
	do {
		if (p < s->end && (*p == '{' || *p == '[')) {
			if (n.depth >= TH_DEPTH_MAX)
				return th_scan_fail(s, p, "nested too deeply");
			enter(&n, *p == '{');
			p = th_scan_space(p + 1, s->end);
			if (p >= s->end || *p != (in_object(&n) ? '}' : ']')) {
				p = skip_name(s, p, &n);
				continue;
			}
			n.depth--;
			p++;
		} else {
			p = skip_scalar(s, p);
		}
		if (p != NULL)
			p = skip_behind(s, p, &n);
	} while (p != NULL && n.depth > n.floor);
	return p;
}

static enum th_json
type_of(char c)
{
	switch (c) {
	case '{': return TH_JSON_OBJECT;
	case '[': return TH_JSON_ARRAY;
	case '"': return TH_JSON_STRING;
	case 't':
	case 'f': return TH_JSON_BOOL;
	case 'n': return TH_JSON_NULL;
	}
	return TH_JSON_NUMBER;
}

const char *
th_scan_value(struct th_scan *s, const char *p, size_t depth, enum th_json *ret)
{
	if (p >= s->end)
		return th_scan_fail(s, p, NULL);
	*ret = type_of(*p);
	if (*ret == TH_JSON_OBJECT || *ret == TH_JSON_ARRAY)
		return skip_container(s, p, depth);
	return skip_scalar(s, p);
}
