/* utf8 -- characters: valid or not, upper and lower, and where text may be cut
 */
#include <string.h>

#include "trigger.h"

#define REPLACEMENT 0xfffd
#define ELLIPSIS 0x2026

/*
 * Length of the well-formed sequence at s, 0 when there is none.  The second
 * byte alone tells overlong forms and surrogates apart (Unicode, table 3-7).
 */
static size_t
sequence(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t i, n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	switch (s[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t
th_utf8_valid(struct th_str a)
{
	const unsigned char *s = (const unsigned char *)a.s;
	size_t i = 0, n;
	uint64_t eight;

	while (i < a.len) {
		if (a.len - i >= 8) {
			memcpy(&eight, s + i, 8);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += 8;
				continue;
			}
		}
		n = sequence(s + i, a.len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

size_t
th_utf8_decode(const char *str, size_t len, uint32_t *ret)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t i, n = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	if (n > len) {
		*ret = REPLACEMENT;
		return len;
	}
	for (i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	*ret = c;
	return n;
}

enum th_status
th_utf8_add(struct th_buf *b, uint32_t c)
{
	char s[4];

	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = REPLACEMENT;
	if (c < 0x80)
		return th_buf_addc(b, (char)c);
	if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 0x3f));
		return th_buf_add(b, s, 2);
	}
	if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 0x3f));
		s[2] = (char)(0x80 | (c & 0x3f));
		return th_buf_add(b, s, 3);
	}
	s[0] = (char)(0xf0 | c >> 18);
	s[1] = (char)(0x80 | (c >> 12 & 0x3f));
	s[2] = (char)(0x80 | (c >> 6 & 0x3f));
	s[3] = (char)(0x80 | (c & 0x3f));
	return th_buf_add(b, s, 4);
}

enum th_status
th_utf8_clean(struct th_str s, struct th_buf *ret)
{
	size_t n;

	for (;;) {
		n = th_utf8_valid(s);
		th_buf_add(ret, s.s, n);
		if (n == s.len)
			return ret->status;
		th_utf8_add(ret, REPLACEMENT);
		s.s += n + 1;
		s.len -= n + 1;
	}
}

/* ---- case ---- */

struct mapping {
	uint32_t first, last;
	int step, delta;
};

static const struct mapping lower[] = {
#define LOWER(a, b, step, delta) { a, b, step, delta },
#include "unicode.def"
#undef LOWER
};

static const struct mapping upper[] = {
#define UPPER(a, b, step, delta) { a, b, step, delta },
#include "unicode.def"
#undef UPPER
};

static uint32_t
mapped(const struct mapping *table, size_t n, uint32_t c)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c > table[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == n || c < table[low].first ||
	    (c - table[low].first) % (uint32_t)table[low].step != 0)
		return c;
	return (uint32_t)((int64_t)c + table[low].delta);
}

static enum th_status
map(struct th_str s, const struct mapping *table, size_t n, char first,
    struct th_buf *ret)
{
	uint32_t c;
	size_t i, len;

	for (i = 0; i < s.len; i += len) {
		len = sequence((const unsigned char *)s.s + i, s.len - i);
		if (len <= 1) {
			c = (unsigned char)s.s[i];
			if (c - (uint32_t)first < 26)
				c ^= 0x20;
			th_buf_addc(ret, (char)c);
			len = 1;
			continue;
		}
		th_utf8_decode(s.s + i, len, &c);
		th_utf8_add(ret, mapped(table, n, c));
	}
	return ret->status;
}

enum th_status
th_text_lower(struct th_str s, struct th_buf *ret)
{
	return map(s, lower, sizeof(lower) / sizeof(*lower), 'A', ret);
}

enum th_status
th_text_upper(struct th_str s, struct th_buf *ret)
{
	return map(s, upper, sizeof(upper) / sizeof(*upper), 'a', ret);
}

/* ---- grapheme clusters (UAX #29, without the rare prepending marks) ---- */

static const struct range {
	uint32_t first, last;
} extend[] = {
#define EXTEND(a, b) { a, b },
#include "unicode.def"
#undef EXTEND
};

static bool
is_extend(uint32_t c)
{
	size_t low = 0, high = sizeof(extend) / sizeof(*extend), mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (c > extend[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sizeof(extend) / sizeof(*extend) && c >= extend[low].first;
}

static bool
is_flag(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static bool
is_pictograph(uint32_t c)
{
	return c == 0xa9 || c == 0xae || (c >= 0x203c && c <= 0x3299) ||
	       (c >= 0x1f000 && c <= 0x1faff);
}

/* Does a syllable of Korean letters go on?  Leading, vowel, trailing. */
static bool
is_hangul_pair(uint32_t a, uint32_t b)
{
	bool vowel = b >= 0x1160 && b <= 0x11a7;
	bool trail = b >= 0x11a8 && b <= 0x11ff;

	if (a >= 0x1100 && a <= 0x115f)
		return vowel || (b >= 0x1100 && b <= 0x115f) ||
		       (b >= 0xac00 && b <= 0xd7a3);
	if ((a >= 0x1160 && a <= 0x11a7) ||
	    (a >= 0xac00 && a <= 0xd7a3 && (a - 0xac00) % 28 == 0))
		return vowel || trail;
	return trail &&
	       ((a >= 0x11a8 && a <= 0x11ff) || (a >= 0xac00 && a <= 0xd7a3));
}

/* Bytes and characters of the cluster at the start of s. */
static size_t
cluster(struct th_str s, size_t *chars)
{
	uint32_t a, b;
	bool flag, joined = false;
	size_t len = th_utf8_decode(s.s, s.len, &a), n;

	flag = is_flag(a);
	for (*chars = 1; len < s.len; ++*chars, len += n) {
		n = th_utf8_decode(s.s + len, s.len - len, &b);
		if (a == '\r' && b == '\n' && *chars == 1)
			continue;
		if (a == '\n' || a == '\r')
			break;
		if (is_extend(b)) {
			joined = b == 0x200d;
			continue;
		}
		if (!(joined && is_pictograph(b)) && !(flag && is_flag(b)) &&
		    !is_hangul_pair(a, b))
			break;
		flag = joined = false;
		a = b;
	}
	return len;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t
count(struct th_str s, size_t enough)
{
	size_t i, n = 0;

	for (i = 0; i < s.len && n <= enough; i++)
		n += ((unsigned char)s.s[i] & 0xc0) != 0x80;
	return n;
}

/* How many bytes to keep so that the ellipsis still fits within max. */
static size_t
place_of_cut(struct th_str s, size_t max)
{
	size_t end = 0, word = 0, n = 0, chars, len;

	while (end < s.len) {
		len =
		    cluster((struct th_str){ s.s + end, s.len - end }, &chars);
		if (is_blank(s.s[end]) && n >= (max - 1) * 2 / 3)
			word = end;
		if (n + chars > max - 1)
			break;
		n += chars;
		end += len;
	}
	if (word > 0)
		end = word;
	while (end > 0 && is_blank(s.s[end - 1]))
		end--;
	return end;
}

enum th_status
th_text_truncate(struct th_str s, size_t max, struct th_buf *ret)
{
	if (count(s, max) <= max)
		return th_buf_add(ret, s.s, s.len);
	if (max == 0)
		return ret->status;
	th_buf_add(ret, s.s, place_of_cut(s, max));
	return th_utf8_add(ret, ELLIPSIS);
}
