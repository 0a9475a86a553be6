/* weigh -- the weighted length of a short post, and the cut that keeps to it */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "priv.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_WEIGHT 2
#define TEXT_MAX ((size_t)16 << 20)

/* A piece that is counted, and cut, as one. */
struct piece {
	size_t len; /* bytes */
	size_t weight;
	bool space;
	bool url;
};

/* ---- characters ---- */

static size_t
char_weight(uint32_t c)
{
	bool light = c <= 4351 || (c >= 8192 && c <= 8205) ||
		     (c >= 8208 && c <= 8223) || (c >= 8242 && c <= 8247);

	return light ? 1 : 2;
}

static bool
is_pictograph(uint32_t c)
{
	return utf8proc_get_property((utf8proc_int32_t)c)->boundclass ==
	       UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool
is_flag_letter(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static bool
is_person(uint32_t c)
{
	return c == 0x1f468 || c == 0x1f469 || c == 0x1f9d1;
}

/* The joined pairs that are one picture though nobody is in them. */
static bool
is_joined_pair(uint32_t a, uint32_t b)
{
	static const uint32_t pair[][2] = {
		{ 0x1f3f3, 0x1f308 },
		{ 0x1f3f3, 0x26a7 },
		{ 0x1f3f4, 0x2620 },
		{ 0x1f408, 0x2b1b },
		{ 0x1f415, 0x1f9ba },
		{ 0x1f426, 0x1f525 },
		{ 0x1f426, 0x2b1b },
		{ 0x1f43b, 0x2744 },
		{ 0x1f441, 0x1f5e8 },
		{ 0x1f62e, 0x1f4a8 },
		{ 0x1f635, 0x1f4ab },
		{ 0x1f636, 0x1f32b },
		{ 0x1f34b, 0x1f7e9 },
		{ 0x1f344, 0x1f7eb },
		{ 0x2764, 0x1f525 },
		{ 0x26d3, 0x1f4a5 },
		{ 0x2764, 0x1fa79 },
		{ 0x1f642, 0x2194 },
		{ 0x1f642, 0x2195 },
	};
	size_t i;

	if (is_person(a) || b == 0x2640 || b == 0x2642)
		return true;
	for (i = 0; i < sizeof(pair) / sizeof(pair[0]); i++)
		if (pair[i][0] == a && pair[i][1] == b)
			return true;
	return false;
}

/* The bytes of one grapheme cluster (what a reader takes for one character). */
static size_t
cluster_len(const char *s, size_t len)
{
	utf8proc_int32_t state = 0;
	uint32_t a, b;
	size_t at = th_utf8_decode(s, len, &a);

	while (at < len) {
		size_t n = th_utf8_decode(s + at, len - at, &b);

		if (utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)a, (utf8proc_int32_t)b, &state))
			break;
		at += n;
		a = b;
	}
	return at;
}

/*
 * A cluster weighs 2 when it is an emoji with whatever is joined to it; where
 * the joining makes no known picture its parts are counted one by one, which is
 * never too little.
 */
static size_t
cluster_weight(const char *s, size_t len)
{
	uint32_t c, base = 0, before = 0;
	size_t at, sum = 0;
	bool emoji, whole = true, shown = false;

	th_utf8_decode(s, len, &c);
	emoji = is_pictograph(c) || is_flag_letter(c);
	base = c;
	for (at = 0; at < len;) {
		at += th_utf8_decode(s + at, len - at, &c);
		sum += char_weight(c);
		if (before == 0x200d && is_pictograph(c)) {
			if (!is_joined_pair(base, c))
				whole = false;
			if (!is_person(base))
				base = c;
		}
		if (c == 0xfe0f)
			shown = true;
		if (c == 0x20e3)
			emoji = true;
		before = c;
	}
	if (!emoji || !whole || (len <= 2 && !shown))
		return sum;
	return 2;
}

/* ---- URLs ---- */

static bool
is_high(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

/* Top-level domains of which one may be sure; the rest weigh what is more. */
static bool
is_known_tld(struct th_str tld)
{
	static const char generic[] =
	    " com org net edu gov mil int info biz name pro aero coop museum "
	    "jobs"
	    " mobi travel cat tel asia app dev blog page site online shop store"
	    " tech xyz club space live news media cloud world today life email"
	    " agency digital social network systems academy design studio wiki"
	    " link click top vip win work zone science art ";
	static const char country[] =
	    "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbw"
	    "bybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczdedjdkdmdodzeceeegereset"
	    "eufifjfkfmfofrgagbgdgegfggghglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidie"
	    "iliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulv"
	    "lymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnr"
	    "nunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsisksl"
	    "sm"
	    "snsosrssstsvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugukusuyuzva"
	    "vcvevgvivnvuwfwsyeytzazmzw";
	char word[16];
	size_t i;

	if (tld.len + 3 > sizeof(word))
		return false;
	word[0] = ' ';
	for (i = 0; i < tld.len; i++)
		word[i + 1] = (char)(tld.s[i] | 0x20);
	word[i + 1] = ' ';
	word[i + 2] = '\0';
	if (tld.len != 2)
		return strstr(generic, word) != NULL;
	for (i = 0; country[i] != '\0'; i += 2)
		if (memcmp(country + i, word + 1, 2) == 0)
			return true;
	return false;
}

static bool
is_letters(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!th_is_alpha(s.s[i]))
			return false;
	return s.len > 1;
}

/*
 * The length of a host with a dot in it, 0 where there is none; *known tells
 * whether its last part is a top-level domain for certain.
 */
static size_t
host_len(const char *s, size_t len, bool high, bool *known)
{
	struct th_str last;
	size_t i, dot = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '.' && i > 0 && s[i - 1] != '.')
			dot = i;
		else if (!th_is_alnum(s[i]) && s[i] != '-' && s[i] != '_' &&
			 !(high && is_high(s[i])))
			break;
	}
	while (i > 0 && (s[i - 1] == '.' || s[i - 1] == '-' || s[i - 1] == '_'))
		i--;
	if (dot >= i) /* the last dot ended the host: look for one before */
		for (dot = i > 0 ? i - 1 : 0; dot > 0 && s[dot] != '.'; dot--)
			;
	if (dot == 0)
		return 0;
	last = (struct th_str){ s + dot + 1, i - dot - 1 };
	*known = is_known_tld(last);
	return *known || is_letters(last) || high ? i : 0;
}

/* Letters of a path: those of Latin with what is put on them, and Cyrillic. */
static bool
is_path_letter(uint32_t c)
{
	if (c < 0x80)
		return th_is_alnum((char)c);
	return (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) ||
	       (c >= 0x300 && c <= 0x36f) || (c >= 0x400 && c <= 0x4ff) ||
	       (c >= 0x1e00 && c <= 0x1eff);
}

/* Port, path and query after a host.  Punctuation at the end stays outside. */
static size_t
tail_len(const char *s, size_t len)
{
	static const char inner[] = "!*';:=+,.$/%#[]-_~@|&?()";
	static const char final[] = "+-=_#/&";
	size_t i = 0, n, end = 0, start = 0;
	uint32_t c;
	int open = 0;

	if (i < len && s[i] == ':' && i + 1 < len && th_is_digit(s[i + 1])) {
		for (i++; i < len && th_is_digit(s[i]);)
			i++;
		start = end = i;
	}
	if (i == len || (s[i] != '/' && s[i] != '?'))
		return start;
	for (; i < len; i += n) {
		n = th_utf8_decode(s + i, len - i, &c);
		if (c == '(')
			open++;
		if (c == ')' && open-- > 0)
			end = i + n;
		if (is_path_letter(c) ||
		    (c != '\0' && c < 0x80 && strchr(final, (int)c) != NULL))
			end = i + n;
		else if (c != 0x2013 && (c == '\0' || c >= 0x80 ||
					    strchr(inner, (int)c) == NULL))
			break;
	}
	return end;
}

static size_t
scheme_len(const char *s, size_t len)
{
	struct th_str at = { s, len };

	if (len >= 8 && th_str_iis((struct th_str){ s, 8 }, "https://"))
		return 8;
	at.len = 7;
	return len >= 7 && th_str_iis(at, "http://") ? 7 : 0;
}

static size_t plain_weight(const char *, size_t);

/* A URL that begins at s (before: the byte before it, 0 at the start). */
static bool
url_piece(const char *s, size_t len, char before, struct piece *ret)
{
	size_t scheme, host, own;
	bool known = false;

	if (th_is_alnum(before) || (before != '\0' && strchr("@$#", before)))
		return false;
	scheme = scheme_len(s, len);
	if (scheme == 0 &&
	    (!th_is_alnum(s[0]) || (before != '\0' && strchr("-_./", before))))
		return false;
	host = host_len(s + scheme, len - scheme, scheme > 0, &known);
	if (host == 0 && scheme > 0) /* no dot: perhaps localhost or [::1] */
		while (scheme + host < len &&
		       (th_is_alnum(s[scheme + host]) ||
			   strchr("[]:-", s[scheme + host]) != NULL) &&
		       s[scheme + host] != '\0')
			host++;
	if (host == 0)
		return false;
	ret->len = scheme + host;
	ret->len += tail_len(s + ret->len, len - ret->len);
	own = plain_weight(s, ret->len);
	ret->weight = known || own < TH_POST_URL ? TH_POST_URL : own;
	ret->url = true;
	ret->space = false;
	return true;
}

/* ---- counting and cutting ---- */

static size_t
plain_weight(const char *s, size_t len)
{
	size_t at, n, sum = 0;

	for (at = 0; at < len; at += n) {
		n = cluster_len(s + at, len - at);
		sum += cluster_weight(s + at, n);
	}
	return sum;
}

static void
next_piece(struct th_str text, size_t at, struct piece *ret)
{
	const char *s = text.s + at;
	size_t len = text.len - at;

	if (url_piece(s, len, at > 0 ? text.s[at - 1] : '\0', ret))
		return;
	ret->len = cluster_len(s, len);
	ret->weight = cluster_weight(s, ret->len);
	ret->space = ret->len == 1 && (*s == ' ' || *s == '\n');
	ret->url = false;
}

/* Without what a post may not hold; the text is cleaned UTF-8. */
static enum th_status
drop_forbidden(struct th_str text, struct th_buf *ret)
{
	size_t at, n;
	uint32_t c;

	for (at = 0; at < text.len; at += n) {
		n = th_utf8_decode(text.s + at, text.len - at, &c);
		if (c == '\t')
			th_buf_addc(ret, ' ');
		else if ((c >= ' ' || c == '\n') && (c < 0x7f || c > 0x9f) &&
			 c != 0xfeff && c != 0xfffe && c != 0xffff)
			th_buf_add(ret, text.s + at, n);
	}
	return ret->status;
}

/* Appends clean text in Normalization Form C. */
static enum th_status
compose(struct th_str text, struct th_buf *ret)
{
	struct th_buf utf8, kept;
	utf8proc_uint8_t *nfc = NULL;
	utf8proc_ssize_t n;
	enum th_status st;

	th_buf_init(&utf8, TEXT_MAX);
	th_buf_init(&kept, TEXT_MAX);
	if ((st = th_utf8_clean(text, &utf8)) != TH_OK ||
	    (st = drop_forbidden(th_buf_str(&utf8), &kept)) != TH_OK)
		goto out;
	n = utf8proc_map((const utf8proc_uint8_t *)th_buf_str(&kept).s,
	    (utf8proc_ssize_t)kept.len, &nfc,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n < 0)
		st = n == UTF8PROC_ERROR_NOMEM ? TH_ENOMEM : TH_EDATA;
	else
		st = th_buf_add(ret, nfc, (size_t)n);
out:
	free(nfc);
	th_buf_release(&kept);
	th_buf_release(&utf8);
	return st;
}

static size_t
weigh(struct th_str text)
{
	struct piece p;
	size_t at, sum = 0;

	for (at = 0; at < text.len; at += p.len) {
		next_piece(text, at, &p);
		sum += p.weight;
	}
	return sum;
}

enum th_status
th_post_weight(struct th_str text, size_t *ret)
{
	struct th_buf nfc;
	enum th_status st;

	th_buf_init(&nfc, TEXT_MAX);
	if ((st = compose(text, &nfc)) == TH_OK)
		*ret = weigh(th_buf_str(&nfc));
	th_buf_release(&nfc);
	return st;
}

/*
 * Where to cut: after the last word that leaves room for the ellipsis; inside
 * a word only where that saves more than a third of the room.
 */
static size_t
cut_at(struct th_str text, size_t room)
{
	struct piece p;
	size_t at, sum = 0, word = 0, word_sum = 0, last = 0;
	bool in_url = false;

	for (at = 0; at < text.len; at += p.len) {
		next_piece(text, at, &p);
		if (sum + p.weight > room) {
			in_url = p.url;
			break;
		}
		if (p.space && at == last) {
			word = last;
			word_sum = sum;
		}
		sum += p.weight;
		if (!p.space)
			last = at + p.len;
	}
	if (at < text.len && text.s[at] == ' ')
		return last;
	if (word > 0 && (in_url || word_sum >= room - room / 3))
		return word;
	return last;
}

/*
 * Appends the start of whole and an ellipsis.  What a cut leaves may read as an
 * address that was none before, and weigh more: then it is cut shorter.
 */
static enum th_status
add_start(struct th_str whole, size_t max, struct th_buf *ret)
{
	size_t from = ret->len, room = max - ELLIPSIS_WEIGHT, w;
	struct th_str start;
	enum th_status st;

	for (;;) {
		start = (struct th_str){ whole.s, cut_at(whole, room) };
		th_buf_add(ret, start.s, start.len);
		st = th_buf_adds(ret, ELLIPSIS);
		if (st != TH_OK || room == 0)
			return st;
		w = weigh((struct th_str){ ret->data + from, ret->len - from });
		if (w <= max)
			return TH_OK;
		room = room > w - max ? room - (w - max) : 0;
		ret->len = from;
	}
}

enum th_status
th_post_cut(struct th_str text, size_t max, struct th_buf *ret)
{
	struct th_buf nfc;
	struct th_str whole;
	enum th_status st;

	th_buf_init(&nfc, TEXT_MAX);
	st = compose(text, &nfc);
	whole = th_str_trim(th_buf_str(&nfc));
	if (st == TH_OK && weigh(whole) <= max) {
		st = th_buf_add(ret, whole.s, whole.len);
	} else if (st == TH_OK && max >= ELLIPSIS_WEIGHT) {
		st = add_start(whole, max, ret);
	}
	th_buf_release(&nfc);
	return st;
}
