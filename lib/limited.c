/* limited -- text for services that count in UTF-16, as JavaScript does */
#include "trigger.h"

static size_t
utf16_length(struct th_str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += (((unsigned char)s.s[i] & 0xc0) != 0x80) +
		     ((unsigned char)s.s[i] >= 0xf0);
	return n;
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Unicode's blanks (Z), and what is no text (Cc). */
static bool
is_blank(uint32_t c)
{
	return is_control(c) || c == ' ' || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Cuts what begins at start to max units, whatever that splits. */
static void
cut(struct th_buf *b, size_t start, size_t max)
{
	size_t i, n, len;
	uint32_t c;

	for (i = start, n = 0; i < b->len; i += len) {
		len = th_utf8_decode(b->data + i, b->len - i, &c);
		n += c > 0xffff ? 2 : 1;
		if (n > max)
			break;
	}
	while (i > start && b->data[i - 1] == ' ')
		i--;
	b->len = i;
	if (b->data != NULL)
		b->data[i] = '\0';
}

/* Without what may not stand there. */
static enum th_status
tidy(struct th_str s, unsigned flags, struct th_buf *ret)
{
	struct th_buf raw;
	bool owed = false;
	size_t i, n;
	uint32_t c;
	enum th_status st;

	th_buf_init(&raw, TH_LINE_MAX);
	st = th_utf8_clean(s, &raw);
	for (i = 0; st == TH_OK && i < raw.len; i += n) {
		n = th_utf8_decode(raw.data + i, raw.len - i, &c);
		if (((flags & TH_LIMIT_BLANKS) && is_blank(c)) ||
		    ((flags & TH_LIMIT_NO_COMMA) && c == ',')) {
			owed = true;
			continue;
		}
		if (is_control(c) &&
		    !((flags & TH_LIMIT_LINES) && (c == '\n' || c == '\t')))
			continue;
		if (owed && ret->len > 0)
			th_buf_addc(ret, ' ');
		owed = false;
		th_buf_add(ret, raw.data + i, n);
	}
	th_buf_release(&raw);
	return st == TH_OK ? ret->status : st;
}

/* At a word, between what a person takes for characters; else where it must. */
static enum th_status
shorten(struct th_str s, size_t max, struct th_buf *ret)
{
	size_t chars = max, start = ret->len, n;

	do {
		ret->len = start;
		th_text_truncate(s, chars, ret);
		n = ret->len > start
			? utf16_length((struct th_str){
			      ret->data + start, ret->len - start })
			: 0;
	} while (ret->status == TH_OK && n > max &&
		 (chars = chars * max / n - (chars > 1)) > 0);
	if (ret->status == TH_OK)
		cut(ret, start, max);
	return ret->status;
}

enum th_status
th_text_limit(struct th_str s, size_t max, unsigned flags, struct th_buf *ret)
{
	struct th_buf clean;
	enum th_status st;

	th_buf_init(&clean, TH_LINE_MAX);
	if ((st = tidy(s, flags, &clean)) == TH_OK) {
		if (utf16_length(th_buf_str(&clean)) <= max)
			st = th_buf_add(ret, clean.data, clean.len);
		else
			st = shorten(th_buf_str(&clean), max, ret);
	}
	th_buf_release(&clean);
	return st;
}
