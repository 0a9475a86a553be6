/* json -- values, and writing JSON into a buffer */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "trigger.h"

#if !defined(TH_SCAN_PORTABLE) && defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#define HAVE_SSE2 1
#endif

enum th_status
th_json_parse(struct th_str text, struct th_value *ret, struct th_err *err)
{
	struct th_scan s = { .begin = text.s };
	const char *p, *q = NULL;
	enum th_json type;

	s.end = s.lim = text.s + text.len;
	p = th_scan_space(s.begin, s.end);
	if (th_scan_utf8(&s))
		q = th_scan_value(&s, p, 0, &type);
	if (q != NULL && th_scan_space(q, s.end) < s.end)
		q = th_scan_fail(
		    &s, th_scan_space(q, s.end), "more text behind the value");
	if (q == NULL)
		return th_scan_err(&s, err);
	*ret = (struct th_value){ type, { p, (size_t)(q - p) } };
	return TH_OK;
}

/* ---- reading values ---- */

void
th_iter_init(struct th_iter *it, const struct th_value *v)
{
	*it = (struct th_iter){ 0 };
	if (v->type != TH_JSON_ARRAY && v->type != TH_JSON_OBJECT)
		return;
	it->p = v->raw.s + 1;
	it->end = v->raw.s + v->raw.len - 1;
	it->object = v->type == TH_JSON_OBJECT;
}

/* What was validated is only walked over here; NULL cannot come back. */
bool
th_iter_next(struct th_iter *it, struct th_str *key, struct th_value *ret)
{
	struct th_scan s = { .begin = it->p, .end = it->end, .lim = it->end };
	const char *p = th_scan_space(it->p, it->end);
	const char *start;

	if (p >= it->end)
		return false;
	if (it->object) {
		start = p + 1;
		p = th_scan_string(&s, start);
		if (key != NULL)
			*key =
			    (struct th_str){ start, (size_t)(p - 1 - start) };
		p = th_scan_space(p, it->end) + 1; /* the colon */
		p = th_scan_space(p, it->end);
	}
	start = p;
	p = th_scan_value(&s, p, 0, &ret->type);
	ret->raw = (struct th_str){ start, (size_t)(p - start) };
	p = th_scan_space(p, it->end);
	it->p = p < it->end ? p + 1 : p; /* the comma */
	return true;
}

bool
th_value_is_empty(const struct th_value *v)
{
	struct th_str in = { v->raw.s + 1, v->raw.len - 2 };

	switch (v->type) {
	case TH_JSON_NULL: return true;
	case TH_JSON_STRING: return in.len == 0;
	case TH_JSON_ARRAY:
	case TH_JSON_OBJECT: return th_str_trim(in).len == 0;
	case TH_JSON_BOOL:
	case TH_JSON_NUMBER: break;
	}
	return false;
}

bool
th_value_get(const struct th_value *v, const char *name, struct th_value *ret)
{
	struct th_str want = th_str(name), key;
	struct th_value value;
	struct th_iter it;
	bool found = false;

	if (v->type != TH_JSON_OBJECT)
		return false;
	th_iter_init(&it, v);
	while (th_iter_next(&it, &key, &value))
		if (th_json_key_is(key, want)) {
			*ret = value;
			found = true;
		}
	return found;
}

static uint32_t
hex4(const char *p)
{
	uint32_t c = 0;
	int i;

	for (i = 0; i < 4; i++)
		c = c << 4 | (uint32_t)th_scan_hex(p[i]);
	return c;
}

/* Decodes the escape at p, a valid one; two when they are a surrogate pair. */
static const char *
decode_escape(const char *p, const char *end, uint32_t *ret)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *f;
	uint32_t c, low;

	if (p[1] != 'u') {
		f = strchr(from, p[1]);
		*ret = (unsigned char)(f != NULL ? to[f - from] : p[1]);
		return p + 2;
	}
	c = hex4(p + 2);
	p += 6;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u') {
		low = hex4(p + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		}
	}
	*ret = c;
	return p;
}

/* Appends the text of a string without its quotes. */
static enum th_status
decode(struct th_str s, struct th_buf *ret)
{
	const char *p = s.s, *end = s.s + s.len, *esc;
	uint32_t c;

	th_buf_reserve(ret, s.len);
	while (p < end && (esc = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		th_buf_add(ret, p, (size_t)(esc - p));
		p = decode_escape(esc, end, &c);
		if (c < 0x80)
			th_buf_addc(ret, (char)c);
		else
			th_utf8_add(ret, c);
	}
	return th_buf_add(ret, p, (size_t)(end - p));
}

static struct th_str
unquoted(struct th_str raw)
{
	return (struct th_str){ raw.s + 1, raw.len - 2 };
}

enum th_status
th_value_text(const struct th_value *v, struct th_buf *ret)
{
	if (v->type != TH_JSON_STRING)
		return th_buf_add(ret, v->raw.s, v->raw.len);
	return decode(unquoted(v->raw), ret);
}

enum th_status
th_value_str(
    const struct th_value *v, struct th_buf *scratch, struct th_str *ret)
{
	struct th_str s = v->raw;

	if (v->type == TH_JSON_STRING) {
		s = unquoted(s);
		if (memchr(s.s, '\\', s.len) != NULL) {
			th_buf_clear(scratch);
			if (decode(s, scratch) != TH_OK)
				return scratch->status;
			s = th_buf_str(scratch);
		}
	}
	*ret = s;
	return TH_OK;
}

/* An escape is never shorter than what it stands for. */
bool
th_json_key_is(struct th_str key, struct th_str name)
{
	const char *p = key.s, *end = p + key.len;
	char room[8];
	struct th_buf one = { .data = room, .cap = sizeof(room), .max = 4 };
	uint32_t c;
	size_t i = 0;

	if (key.len < name.len)
		return false;
	if (memchr(key.s, '\\', key.len) == NULL)
		return key.len == name.len &&
		       memcmp(key.s, name.s, name.len) == 0;
	while (p < end && i < name.len) {
		if (*p != '\\') {
			if (*p++ != name.s[i++])
				return false;
			continue;
		}
		p = decode_escape(p, end, &c);
		th_buf_clear(&one);
		th_utf8_add(&one, c);
		if (one.len > name.len - i ||
		    memcmp(room, name.s + i, one.len) != 0)
			return false;
		i += one.len;
	}
	return p == end && i == name.len;
}

/* More digits than any double needs to be rounded right. */
#define DIGITS_MAX 800

/*
 * strtod() obeys the locale's decimal point, so it is given none: 3.14 is
 * read as 314e-2.
 */
bool
th_value_number(const struct th_value *v, double *ret)
{
	char text[DIGITS_MAX + 32];
	const char *p = v->raw.s, *end = p + v->raw.len;
	int64_t exp = 0, e = 0;
	size_t n = 0;
	bool fraction = false, leading = true, negative;
	int error = errno;

	if (v->type != TH_JSON_NUMBER)
		return false;
	if (*p == '-')
		text[n++] = *p++;
	text[n++] = '0';
	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		leading = leading && *p == '0';
		exp -= fraction;
		if (leading)
			continue;
		if (n < DIGITS_MAX)
			text[n++] = *p;
		else
			exp++;
	}
	if (p < end) {
		p++;
		negative = *p == '-';
		p += *p == '-' || *p == '+';
		for (; p < end && e < 1000000000; p++)
			e = e * 10 + (*p - '0');
		exp += negative ? -e : e;
	}
	if (exp > 99999)
		exp = 99999;
	if (exp < -99999)
		exp = -99999;
	snprintf(text + n, sizeof(text) - n, "e%d", (int)exp);
	*ret = strtod(text, NULL);
	errno = error;
	return true;
}

/* ---- writing ---- */

/* A comma, when the buffer ends in a value. */
static void
comma(struct th_buf *b)
{
	if (b->len > 0 && strchr("{[:, \t\r\n", b->data[b->len - 1]) == NULL)
		th_buf_addc(b, ',');
}

enum th_status
th_json_open(struct th_buf *b, char bracket)
{
	comma(b);
	return th_buf_addc(b, bracket);
}

enum th_status
th_json_close(struct th_buf *b, char bracket)
{
	return th_buf_addc(b, bracket);
}

enum th_status
th_json_key(struct th_buf *b, const char *name)
{
	th_json_string(b, th_str(name));
	return th_buf_addc(b, ':');
}

/* How many bytes at the start need no escape. */
static size_t
plain_bytes(const char *s, size_t len)
{
	size_t i = 0;

#ifdef HAVE_SSE2
	const __m128i low = _mm_set1_epi8(0x1f), quote = _mm_set1_epi8('"'),
		      back = _mm_set1_epi8('\\');
	int bad;

	for (; i + 16 <= len; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(s + i));
		__m128i m = _mm_cmpeq_epi8(_mm_min_epu8(v, low), v);

		m = _mm_or_si128(m, _mm_cmpeq_epi8(v, quote));
		m = _mm_or_si128(m, _mm_cmpeq_epi8(v, back));
		bad = _mm_movemask_epi8(m);
		if (bad != 0)
			return i + (size_t)__builtin_ctz((unsigned)bad);
	}
#endif
	while (i < len && (unsigned char)s[i] >= 0x20 && s[i] != '"' &&
	       s[i] != '\\')
		i++;
	return i;
}

/* Writes one character's escape, at most six bytes. */
static char *
put_escape(char *out, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *f = c != '\0' ? strchr(from, c) : NULL;

	*out++ = '\\';
	if (f != NULL) {
		*out++ = to[f - from];
		return out;
	}
	memcpy(out, "u00", 3);
	out[3] = hex[(unsigned char)c >> 4];
	out[4] = hex[(unsigned char)c & 15];
	return out + 5;
}

/* Valid UTF-8 with what JSON wants escaped, escaped. */
static enum th_status
escape(struct th_buf *b, struct th_str s)
{
	const char *p = s.s, *end = s.s + s.len;
	size_t n;
	char *out;

	while (p < end) {
		n = (size_t)(end - p);
		if ((b->status != TH_OK || b->cap - b->len < n + 8) &&
		    th_buf_reserve(b, n) != TH_OK)
			return b->status;
		n = plain_bytes(p, n);
		out = b->data + b->len;
		memcpy(out, p, n);
		p += n;
		b->len += n;
		if (p < end) {
			if (th_buf_reserve(b, 6) != TH_OK)
				return b->status;
			b->len = (size_t)(put_escape(b->data + b->len, *p++) -
					  b->data);
		}
		b->data[b->len] = '\0';
	}
	return b->status;
}

enum th_status
th_json_escape(struct th_buf *b, struct th_str s)
{
	struct th_buf clean;

	if (th_utf8_fast(s) || th_utf8_valid(s) == s.len)
		return escape(b, s);
	th_buf_init(&clean, b->max);
	if (th_utf8_clean(s, &clean) == TH_OK)
		escape(b, th_buf_str(&clean));
	else if (b->status == TH_OK)
		b->status = clean.status;
	th_buf_release(&clean);
	return b->status;
}

enum th_status
th_json_string(struct th_buf *b, struct th_str s)
{
	comma(b);
	th_buf_addc(b, '"');
	th_json_escape(b, s);
	return th_buf_addc(b, '"');
}

enum th_status
th_json_int(struct th_buf *b, int64_t n)
{
	comma(b);
	return th_buf_addf(b, "%lld", (long long)n);
}

enum th_status
th_json_bool(struct th_buf *b, bool yes)
{
	comma(b);
	return th_buf_adds(b, yes ? "true" : "false");
}

enum th_status
th_json_raw(struct th_buf *b, struct th_str json)
{
	json = th_str_trim(json);
	comma(b);
	return th_buf_add(b, json.s, json.len);
}

enum th_status
th_json_member(struct th_buf *b, const char *name, struct th_str s)
{
	if (s.len == 0)
		return b->status;
	th_json_key(b, name);
	return th_json_string(b, s);
}

enum th_status
th_json_member_int(struct th_buf *b, const char *name, int64_t n)
{
	th_json_key(b, name);
	return th_json_int(b, n);
}

enum th_status
th_json_member_bool(struct th_buf *b, const char *name, bool yes)
{
	th_json_key(b, name);
	return th_json_bool(b, yes);
}

enum th_status
th_json_member_raw(struct th_buf *b, const char *name, struct th_str json)
{
	if (json.len == 0)
		return b->status;
	th_json_key(b, name);
	return th_json_raw(b, json);
}
