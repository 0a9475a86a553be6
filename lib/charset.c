/* charset -- any encoding in, clean UTF-8 out */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "scan.h"

#define SNIFFED 1024 /* bytes looked at for a declaration */
#define NAME_MAX_ 40 /* bytes of a charset's name */
#define PIECE 16384  /* bytes converted at a time */
#define BLOCK 4096   /* bytes checked at a time */
#define SURE 64      /* bytes that are mostly enough to tell UTF-8 */
#define UNSURE_MAX ((size_t)64 << 10) /* and that must be */

#if defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#define HAVE_SSE2 1
#endif

struct th_charset {
	enum th_status (*sink)(void *ctx, struct th_str);
	void *ctx;
	char http[NAME_MAX_], name[NAME_MAX_];
	bool known, repaired, cr;
	bool wide, legacy; /* beyond ASCII: good UTF-8 was seen; surely none */
	bool doubtful;     /* the encoding was declared, by who knows whom */
	iconv_t cd;        /* (iconv_t)-1: the bytes are UTF-8 */
	/* What else they may be: the header says UTF-8, the document this. */
	iconv_t second;
	char second_name[NAME_MAX_];
	struct th_buf unsure; /* from the first one on that would tell */
	size_t window;        /* how much of that is looked at next */
	struct th_buf head;   /* bytes before the encoding is known */
	struct th_buf clean;
	char tail[8]; /* an incomplete character */
	size_t ntail;
};

/* ---- clean UTF-8 ---- */

/* ASCII that goes through as it is: no control character but tab and \n. */
static bool
is_plain(unsigned char c)
{
	return c >= ' ' ? c < 0x7f : c == '\n' || c == '\t';
}

/*
 * No control characters to be dropped or changed among these?  *wide tells of
 * characters beyond ASCII.
 */
static bool
no_controls(const unsigned char *s, size_t len, bool *wide)
{
	size_t i = 0;
	int high = 0;

#ifdef HAVE_SSE2
	const __m128i low = _mm_set1_epi8(0x1f), nl = _mm_set1_epi8('\n'),
		      tab = _mm_set1_epi8('\t');

	for (; i + 16 <= len; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(s + i));
		__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, low), v);
		__m128i fine =
		    _mm_or_si128(_mm_cmpeq_epi8(v, nl), _mm_cmpeq_epi8(v, tab));

		if (_mm_movemask_epi8(_mm_andnot_si128(fine, control)) != 0)
			return false;
		high |= _mm_movemask_epi8(v);
	}
#endif
	for (; i < len; i++) {
		if (s[i] < ' ' && s[i] != '\n' && s[i] != '\t')
			return false;
		high |= s[i] & 0x80;
	}
	*wide = high != 0;
	return true;
}

static bool
is_utf8(struct th_str s)
{
	return th_utf8_fast(s) || th_utf8_valid(s) == s.len;
}

/* How many bytes at the start pass, told in large blocks. */
static size_t
good_blocks(struct th_charset *c, const unsigned char *s, size_t len)
{
	size_t i = 0, n;
	bool wide;

	while (len - i >= 64 && !c->legacy) {
		n = len - i < BLOCK ? len - i : BLOCK;
		while (n > 0 && (s[i + n - 1] & 0xc0) == 0x80)
			n--;
		if (n > 0 && s[i + n - 1] >= 0xc0)
			n--;
		if (n == 0 || !no_controls(s + i, n, &wide) ||
		    (wide &&
			!is_utf8((struct th_str){ (const char *)s + i, n })))
			break;
		c->wide |= wide;
		i += n;
	}
	return i;
}

/*
 * Length of the good character at s, 0 when there is none; *open tells that
 * more bytes may make it one.  C1 controls and noncharacters are no good.
 */
static size_t
good_sequence(const unsigned char *s, size_t len, bool *open)
{
	size_t n = s[0] < 0xc2   ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	size_t i;

	*open = false;
	if (n == 0)
		return 0;
	for (i = 1; i < n && i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len > 1 &&
	    ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	*open = len < n;
	return len < n ? 0 : n;
}

static uint32_t
cp1252(unsigned char c)
{
	static const uint16_t high[32] = { 0x20ac, 0xfffd, 0x201a, 0x192,
		0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
		0x152, 0xfffd, 0x17d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c,
		0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
		0x153, 0xfffd, 0x17e, 0x178 };

	return c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
}

/* Deals with the byte at s[*i] that does not simply pass. */
static void
mend(struct th_charset *c, const unsigned char *s, size_t *i)
{
	unsigned char b = s[(*i)++];

	if (b == '\r') {
		th_buf_addc(&c->clean, '\n');
		c->cr = true;
	} else if (b >= 0x80) {
		/* From here on what looks like UTF-8 is chance. */
		c->legacy |= !c->wide;
		th_utf8_add(&c->clean, cp1252(b));
		c->repaired = true;
	} else if (b != 0x7f && b != '\0') {
		c->repaired = true;
	} else if (b == 0x7f) {
		th_buf_addc(&c->clean, (char)b);
	}
}

/* What is to be done at s[i]: how many bytes pass, 0 for one to be mended. */
static size_t
good_bytes(struct th_charset *c, const unsigned char *s, size_t len, bool final,
    bool *open)
{
	size_t n = 0;

	*open = false;
	while (n < len && is_plain(s[n]))
		n++;
	if (n > 0 || len == 0 || c->legacy)
		return n;
	n = good_sequence(s, len, open);
	*open = *open && !final;
	c->wide |= n > 0;
	return n;
}

/*
 * Hands on UTF-8, good or not, as good UTF-8: as it stands where it needs no
 * mending, which is nearly all there is.
 */
static enum th_status
pass(struct th_charset *c, struct th_str in, bool final, size_t *taken)
{
	const unsigned char *s = (const unsigned char *)in.s;
	size_t i = 0, start = 0, n, blocks = 0;
	bool open = false;

	th_buf_clear(&c->clean);
	if (c->cr && in.len > 0) {
		start = i = s[0] == '\n';
		c->cr = false;
	}
	while (i < in.len) {
		if (i >= blocks) {
			i += good_blocks(c, s + i, in.len - i);
			blocks = i + BLOCK / 4;
		}
		n = good_bytes(c, s + i, in.len - i, final, &open);
		i += n;
		if (open || i == in.len)
			break;
		if (n > 0)
			continue;
		th_buf_add(&c->clean, s + start, i - start);
		mend(c, s, &i);
		if (c->cr && i < in.len) {
			i += s[i] == '\n';
			c->cr = false;
		}
		start = i;
	}
	*taken = i;
	if (start == 0)
		return i > 0 ? c->sink(c->ctx, (struct th_str){ in.s, i })
			     : TH_OK;
	if (th_buf_add(&c->clean, s + start, i - start) != TH_OK)
		return c->clean.status;
	return c->clean.len > 0 ? c->sink(c->ctx, th_buf_str(&c->clean))
				: TH_OK;
}

static enum th_status
push_utf8(struct th_charset *c, struct th_str s, bool final)
{
	enum th_status st = TH_OK;
	char small[16];
	size_t taken, n;

	if (c->ntail > 0) {
		n = s.len < 8 ? s.len : 8;
		memcpy(small, c->tail, c->ntail);
		if (n > 0)
			memcpy(small + c->ntail, s.s, n);
		st = pass(c, (struct th_str){ small, c->ntail + n },
		    final && n == s.len, &taken);
		if (taken < c->ntail) { /* still open: there was little */
			memcpy(c->tail + c->ntail, s.s, n);
			c->ntail += n;
			return st;
		}
		s.s += taken - c->ntail;
		s.len -= taken - c->ntail;
		c->ntail = 0;
	}
	if (st != TH_OK || s.len == 0)
		return st;
	st = pass(c, s, final, &taken);
	c->ntail = s.len - taken;
	if (c->ntail > 0)
		memcpy(c->tail, s.s + taken, c->ntail);
	return st;
}

/* ---- other encodings ---- */

static enum th_status
convert(struct th_charset *c, char *in, size_t left, bool final)
{
	char out[PIECE], *p;
	size_t room, r,
	    step = strncmp(c->name, "UTF-32", 6) == 0   ? 4
		   : strncmp(c->name, "UTF-16", 6) == 0 ? 2
							: 1;
	enum th_status st;

	while (left > 0) {
		p = out;
		room = sizeof(out) - 4;
		r = iconv(c->cd, &in, &left, &p, &room);
		if (r == (size_t)-1 && errno == EILSEQ) {
			memcpy(p, "\357\277\275", 3);
			p += 3;
			step = step < left ? step : left;
			in += step;
			left -= step;
			c->repaired = true;
		}
		st = push_utf8(
		    c, (struct th_str){ out, (size_t)(p - out) }, false);
		if (st != TH_OK)
			return st;
		if (r == (size_t)-1 && errno == EINVAL)
			break;
	}
	if (final)
		c->repaired |= left > 0;
	c->ntail = 0;
	if (left > 0 && left <= sizeof(c->tail)) {
		memcpy(c->tail, in, left);
		c->ntail = left;
	}
	return TH_OK;
}

static enum th_status
push_other(struct th_charset *c, struct th_str s, bool final)
{
	char piece[PIECE];
	size_t n, held;
	enum th_status st = TH_OK;

	do {
		held = c->ntail;
		memcpy(piece, c->tail, held);
		n = s.len < PIECE - held ? s.len : PIECE - held;
		if (n > 0)
			memcpy(piece + held, s.s, n);
		s.s += n;
		s.len -= n;
		c->ntail = 0;
		st = convert(c, piece, held + n, final && s.len == 0);
	} while (st == TH_OK && s.len > 0);
	return st;
}

/* ---- which one is it? ---- */

/* Names that mean more than they say, or that iconv does not know. */
static const struct {
	const char *declared, *meant;
} meanings[] = {
	{ "utf8", "UTF-8" },
	{ "utf-8", "UTF-8" },
	{ "unicode-1-1-utf-8", "UTF-8" },
	{ "iso-8859-1", "WINDOWS-1252" },
	{ "iso8859-1", "WINDOWS-1252" },
	{ "iso_8859-1", "WINDOWS-1252" },
	{ "iso88591", "WINDOWS-1252" },
	{ "latin1", "WINDOWS-1252" },
	{ "latin-1", "WINDOWS-1252" },
	{ "us-ascii", "UTF-8" }, /* and what is not falls back */
	{ "ascii", "UTF-8" },
	{ "cp1252", "WINDOWS-1252" },
	{ "windows-1252", "WINDOWS-1252" },
	{ "iso-8859-9", "WINDOWS-1254" },
	{ "latin5", "WINDOWS-1254" },
	{ "gb2312", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "gbk", "GB18030" },
	{ "shift_jis", "CP932" },
	{ "shift-jis", "CP932" },
	{ "sjis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "windows-31j", "CP932" },
	{ "euc-kr", "CP949" },
	{ "ks_c_5601-1987", "CP949" },
	{ "big5", "BIG5-HKSCS" },
	{ "tis-620", "CP874" },
	{ "iso-8859-11", "CP874" },
	{ "x-mac-roman", "MACINTOSH" },
	{ "mac-roman", "MACINTOSH" },
	{ "macroman", "MACINTOSH" },
	{ "x-mac-ukrainian", "MAC-UK" },
	{ "x-mac-ce", "MAC-CENTRALEUROPE" },
	{ "mac-latin2", "MAC-CENTRALEUROPE" },
	{ "mac_latin2", "MAC-CENTRALEUROPE" },
	{ "shift_jis_2004", "SHIFT_JISX0213" },
	{ "iso-2022-jp-1", "ISO-2022-JP-2" },
	{ "windows-949", "CP949" },
	{ "kz1048", "RK1048" },
	{ "ptcp154", "PT154" },
	{ "latin-2", "ISO-8859-2" },
	{ "x-x-big5", "BIG5-HKSCS" },
	{ "x-gbk", "GB18030" },
	{ "x-euc-jp", "EUC-JP" },
	{ "ks_c_5601-1989", "CP949" },
	{ "korean", "CP949" },
	{ "visual", "ISO-8859-8" },
	{ "logical", "ISO-8859-8" },
	{ "iso-8859-8-i", "ISO-8859-8" },
};

struct mark {
	const char *bytes;
	size_t len, skip;
	const char *name;
};

/* Byte order marks, then what a "<" or "<?xm" looks like without one. */
static const struct mark marks[] = {
	{ "\377\376\0\0", 4, 4, "UTF-32LE" },
	{ "\0\0\376\377", 4, 4, "UTF-32BE" },
	{ "\357\273\277", 3, 3, "UTF-8" },
	{ "\377\376", 2, 2, "UTF-16LE" },
	{ "\376\377", 2, 2, "UTF-16BE" },
	{ "<\0\0\0", 4, 0, "UTF-32LE" },
	{ "\0\0\0<", 4, 0, "UTF-32BE" },
	{ "\114\157\247\224", 4, 0, "IBM037" },
};

static void
set_name(char to[NAME_MAX_], struct th_str from)
{
	if (from.len >= NAME_MAX_)
		from.len = 0;
	memcpy(to, from.s, from.len);
	to[from.len] = '\0';
}

/* The value of encoding="..." in an XML declaration at the start. */
static struct th_str
declared(struct th_str s)
{
	static const char word[] = "encoding";
	struct th_str none = { s.s, 0 };
	const char *p, *end;

	while (s.len > 0 && (unsigned char)*s.s <= ' ') {
		s.s++;
		s.len--;
	}
	if (!th_str_has_prefix(s, "<?xml"))
		return none;
	end = memchr(s.s, '>', s.len);
	end = end != NULL ? end : s.s + s.len;
	for (p = s.s + 5; end - p > (ptrdiff_t)sizeof(word); p++)
		if (memcmp(p, word, sizeof(word) - 1) == 0)
			break;
	if (end - p <= (ptrdiff_t)sizeof(word))
		return none;
	for (p += sizeof(word) - 1; p < end && strchr("= \t\r\n\"'", *p); p++)
		continue;
	none.s = p;
	while (p < end && strchr(" \t\r\n\"'?", *p) == NULL)
		p++;
	none.len = (size_t)(p - none.s);
	return none;
}

/*
 * Makes it the encoding; false when nobody knows it, or when it cannot be, as
 * one of sixteen bits for bytes that are ASCII.
 */
static bool
believe(struct th_charset *c, struct th_str name)
{
	char known[NAME_MAX_];
	size_t i;

	set_name(known, name);
	if (known[0] == '\0')
		return false;
	for (i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (th_str_iis(name, meanings[i].declared))
			set_name(known, th_str(meanings[i].meant));
	if (strcmp(known, "UTF-8") == 0) {
		set_name(c->name, TH_STR("UTF-8"));
		return true;
	}
	name = th_str(known);
	for (i = 0; i < name.len; i++)
		if (known[i] >= 'A' && known[i] <= 'Z')
			known[i] = (char)(known[i] + 'a' - 'A');
	if (strncmp(known, "utf-16", 6) == 0 ||
	    strncmp(known, "utf16", 5) == 0 ||
	    strncmp(known, "utf-32", 6) == 0 || strncmp(known, "ucs", 3) == 0 ||
	    strncmp(known, "iso-10646", 9) == 0 ||
	    strncmp(known, "utf-7", 5) == 0 || strchr(known, '/') != NULL)
		return false;
	c->cd = iconv_open("UTF-8", known);
	if (c->cd == (iconv_t)-1 && strncmp(known, "x-", 2) == 0)
		c->cd = iconv_open("UTF-8", known + 2);
	if (c->cd == (iconv_t)-1) { /* koi8_r */
		for (i = 0; i < name.len; i++)
			known[i] = known[i] == '_' ? '-' : known[i];
		c->cd = iconv_open("UTF-8", known);
	}
	if (c->cd == (iconv_t)-1)
		return false;
	set_name(c->name, name);
	c->doubtful = true;
	return true;
}

/* Two characters of ASCII in sixteen bits each, a "<" or blanks before it. */
static const char *
sixteen_bits(struct th_str s)
{
	if (s.len < 4)
		return NULL;
	if (s.s[0] != 0 && s.s[1] == 0 && s.s[2] != 0 && s.s[3] == 0)
		return "UTF-16LE";
	if (s.s[0] == 0 && s.s[1] != 0 && s.s[2] == 0 && s.s[3] != 0)
		return "UTF-16BE";
	return NULL;
}

/* Settled by the bytes themselves. */
static void
settle(struct th_charset *c, const char *name)
{
	set_name(c->name, th_str(name));
	if (strcmp(name, "UTF-8") != 0)
		c->cd = iconv_open("UTF-8", name);
}

/* Servers call UTF-8 whatever they do not know: remembers what it may be. */
static void
doubt_header(struct th_charset *c, struct th_str name)
{
	struct th_charset other = { .cd = (iconv_t)-1 };

	if (strcmp(c->name, "UTF-8") != 0 || !believe(&other, name))
		return;
	c->second = other.cd;
	set_name(c->second_name, th_str(other.name));
}

/* By mark, header, declaration; returns how many bytes of it to skip. */
static size_t
decide(struct th_charset *c, struct th_str s)
{
	struct th_str name;
	size_t i;

	c->known = true;
	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (s.len < marks[i].len ||
		    memcmp(s.s, marks[i].bytes, marks[i].len) != 0)
			continue;
		settle(c, marks[i].name);
		return marks[i].skip;
	}
	if (sixteen_bits(s) != NULL) {
		settle(c, sixteen_bits(s));
		return 0;
	}
	name = declared(s);
	if (believe(c, th_str(c->http))) {
		doubt_header(c, name);
		return 0;
	}
	if (believe(c, name))
		return 0;
	if (name.len > 0)
		c->repaired = true;
	set_name(c->name, TH_STR("UTF-8"));
	return 0;
}

/* ---- what is really there ---- */

/* How many characters beyond ASCII it has as UTF-8; -1 when it is none. */
static long
utf8_sequences(struct th_str in)
{
	const unsigned char *s = (const unsigned char *)in.s;
	size_t i = 0, n;
	bool open = false;
	long count = 0;

	while (i < in.len && !open) {
		if (s[i] < 0x80) {
			i++;
			continue;
		}
		n = good_sequence(s + i, in.len - i, &open);
		if (n == 0 && !open)
			return -1;
		i += n;
		count += n > 0;
	}
	return count;
}

/*
 * How many characters it takes to know UTF-8 that was called something else,
 * as many a server does.  Text in another encoding hardly ever looks like it:
 * one is proof enough against windows-1252, which would have to say "Ã©"; where
 * pairs of letters are more common it takes some.
 */
static long
proof(const struct th_charset *c)
{
	return c->doubtful && strcmp(c->name, "windows-1252") != 0 ? 4 : 1;
}

/*
 * Is it UTF-8?  Looks at what is held in steps of the same size, however large
 * the pieces are that it came in.  False: more must come.
 */
static bool
tell(struct th_charset *c, bool final, bool *utf8)
{
	struct th_str first;
	long n;

	for (;; c->window *= 2) {
		first = th_buf_str(&c->unsure);
		if (first.len < c->window && !final)
			return false;
		if (first.len > c->window)
			first.len = c->window;
		n = utf8_sequences(first);
		*utf8 = n >= proof(c) || (n >= 0 && !c->doubtful);
		if (n < 0 || *utf8 || c->window >= UNSURE_MAX ||
		    (final && first.len == c->unsure.len))
			return true;
	}
}

static void
settle_doubt(struct th_charset *c, bool utf8)
{
	if (c->doubtful == utf8) { /* it is not what it was taken for */
		c->repaired = true;
		if (c->cd != (iconv_t)-1)
			iconv_close(c->cd);
		c->cd = c->second;
		set_name(
		    c->name, utf8 ? TH_STR("UTF-8") : th_str(c->second_name));
	} else if (c->second != (iconv_t)-1) {
		iconv_close(c->second);
	}
	c->second = (iconv_t)-1;
	c->doubtful = false;
}

static enum th_status
push_sure(struct th_charset *c, struct th_str s, bool final)
{
	return c->cd == (iconv_t)-1 ? push_utf8(c, s, final)
				    : push_other(c, s, final);
}

/* ASCII tells nothing; the first characters beyond it do. */
static enum th_status
push_unsure(struct th_charset *c, struct th_str s, bool final)
{
	enum th_status st = TH_OK;
	struct th_buf held;
	size_t n = 0;
	bool utf8;

	if (c->unsure.len == 0) {
		while (n < s.len && (unsigned char)s.s[n] < 0x80)
			n++;
		st = push_sure(
		    c, (struct th_str){ s.s, n }, final && n == s.len);
		s.s += n;
		s.len -= n;
	}
	if (st == TH_OK && s.len > 0)
		st = th_buf_add(&c->unsure, s.s, s.len);
	if (st != TH_OK || c->unsure.len == 0 || !tell(c, final, &utf8))
		return st;
	settle_doubt(c, utf8);
	held = c->unsure;
	th_buf_init(&c->unsure, SIZE_MAX);
	st = push_sure(c, th_buf_str(&held), final);
	th_buf_release(&held);
	return st;
}

static enum th_status
push_known(struct th_charset *c, struct th_str s, bool final)
{
	if (c->doubtful || c->second != (iconv_t)-1)
		return push_unsure(c, s, final);
	return push_sure(c, s, final);
}

/* The first bytes: an encoding is decided on at the end of the declaration. */
static enum th_status
push_head(struct th_charset *c, struct th_str s, bool final)
{
	size_t skip;
	struct th_str head;

	if (th_buf_add(&c->head, s.s, s.len) != TH_OK)
		return c->head.status;
	if (c->head.len < SNIFFED && !final)
		return TH_OK;
	head = th_buf_str(&c->head);
	skip = decide(c, head);
	head.s += skip;
	head.len -= skip;
	return push_known(c, head, final);
}

/* ---- the door ---- */

struct th_charset *
th_charset_new(const char *http,
    enum th_status (*sink)(void *ctx, struct th_str), void *ctx)
{
	struct th_charset *c = th_calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sink = sink;
	c->ctx = ctx;
	c->cd = c->second = (iconv_t)-1;
	th_buf_init(&c->unsure, SIZE_MAX);
	c->window = SURE;
	set_name(c->http, th_str_trim(th_str(http)));
	th_buf_init(&c->head, SIZE_MAX);
	th_buf_init(&c->clean, SIZE_MAX);
	return c;
}

void
th_charset_free(struct th_charset *c)
{
	if (c == NULL)
		return;
	if (c->cd != (iconv_t)-1)
		iconv_close(c->cd);
	if (c->second != (iconv_t)-1)
		iconv_close(c->second);
	th_buf_release(&c->unsure);
	th_buf_release(&c->head);
	th_buf_release(&c->clean);
	free(c);
}

enum th_status
th_charset_push(struct th_charset *c, struct th_str s)
{
	if (!c->known)
		return push_head(c, s, false);
	return push_known(c, s, false);
}

enum th_status
th_charset_finish(struct th_charset *c)
{
	struct th_str nothing = TH_STR("");

	if (!c->known)
		return push_head(c, nothing, true);
	return push_known(c, nothing, true);
}

const char *
th_charset_name(const struct th_charset *c)
{
	return c->name;
}

bool
th_charset_repaired(const struct th_charset *c)
{
	return c->repaired;
}
