/* words -- texts cut into words, without case and accents, and their stems */
#include <stdlib.h>
#include <string.h>

#include <libstemmer.h>
#include <utf8proc.h>

#include "priv.h"
#include "words.h"

#define CACHE_BITS 12
#define CACHE_WORD 28 /* longer ones are rare and are stemmed each time */
#define ROOM (TH_WORD_MAX + 24) /* the last character may unfold to several */

/* A word that was stemmed before: with its accents, and what came of it. */
struct stemmed {
	char word[CACHE_WORD];
	char stem[TH_WORD_STEMS][CACHE_WORD];
	unsigned char len, n, stem_len[TH_WORD_STEMS];
};

#define LETTERS 0x600 /* Latin, Greek, Cyrillic, Armenian, Hebrew */

/* A letter that was met before: its kind and what is added to a word. */
struct letter {
	unsigned char kind, nplain, nlower;
	char plain[8], lower[4];
};

struct th_words {
	struct sb_stemmer *stemmer[2];
	struct th_str rest;
	bool stems;
	char plain[ROOM], lower[ROOM], stem[TH_WORD_STEMS][ROOM];
	size_t nplain, nlower;
	struct stemmed *cache;  /* NULL: without stems */
	struct letter *letters; /* the same */
};

void
th_words_free(struct th_words *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < 2; i++)
		if (w->stemmer[i] != NULL)
			sb_stemmer_delete(w->stemmer[i]);
	free(w->cache);
	free(w->letters);
	free(w);
}

struct th_words *
th_words_new(bool stems)
{
	static const char *const language[] = { "french", "english" };
	struct th_words *w = th_calloc(1, sizeof(*w));
	size_t i;
	bool good = w != NULL;

	if (!good || !stems)
		return w;
	w->cache = th_calloc((size_t)1 << CACHE_BITS, sizeof(*w->cache));
	w->letters = th_calloc(LETTERS, sizeof(*w->letters));
	good = w->cache != NULL && w->letters != NULL;
	for (i = 0; good && i < 2; i++) {
		w->stemmer[i] = sb_stemmer_new(language[i], "UTF_8");
		good = w->stemmer[i] != NULL;
	}
	if (!good) {
		th_words_free(w);
		return NULL;
	}
	return w;
}

void
th_words_start(struct th_words *w, struct th_str text, bool stems)
{
	w->rest = text;
	w->stems = stems && w->cache != NULL;
}

/* ---- characters ---- */

/*
 * MARK goes on with the word before it and begins none.  NOTHING is not there,
 * as a soft hyphen; what parts words without a trace is no NOTHING.
 */
enum kind { UNKNOWN, GAP, PART, ALONE, MARK, NOTHING };

struct range {
	uint32_t first, last;
};

static bool
is_among(const struct range *r, size_t n, uint32_t c)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}
#define IS_AMONG(range, c) is_among(range, sizeof(range) / sizeof(*(range)), c)

/* Scripts that are written without blanks, or whose words take endings so. */
static const struct range unspaced[] = {
	{ 0xe00, 0xeff },     /* Thai, Lao */
	{ 0x1000, 0x109f },   /* Myanmar */
	{ 0x1100, 0x11ff },   /* Hangul letters */
	{ 0x1780, 0x17ff },   /* Khmer */
	{ 0x3005, 0x3007 },   /* signs that stand for Chinese characters */
	{ 0x3040, 0x30ff },   /* Kana */
	{ 0x3130, 0x318f },   /* Hangul letters by themselves */
	{ 0x3400, 0x4dbf },   /* Chinese characters */
	{ 0x4e00, 0x9fff },   /* and more */
	{ 0xac00, 0xd7fb },   /* Hangul */
	{ 0xf900, 0xfaff },   /* Chinese characters again */
	{ 0xff66, 0xffdc },   /* Kana and Hangul of half width */
	{ 0x20000, 0x3ffff }, /* and still more characters */
};

/* What is put to the one before, though it is no mark by its category. */
static const struct range joined[] = {
	{ 0x1160, 0x11ff }, /* vowels and ends of syllables */
	{ 0xd7b0, 0xd7fb }, { 0xff9e, 0xff9f }, /* voicing, of half width */
};

/* Signs that mean something: pictures, flags and the like. */
static const struct range pictures[] = {
	{ 0x2300, 0x23ff },
	{ 0x2600, 0x27bf },
	{ 0x2b00, 0x2bff },
	{ 0x1f000, 0x1faff },
};

/* Accents and points, without which a word is the same. */
static const struct range points[] = {
	{ 0x300, 0x36f },
	{ 0x483, 0x489 },
	{ 0x591, 0x5c7 }, /* Hebrew */
	{ 0x610, 0x61a }, /* Arabic */
	{ 0x640, 0x640 },
	{ 0x64b, 0x65f },
	{ 0x670, 0x670 },
	{ 0x6d6, 0x6ed },
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff },
	{ 0xfe20, 0xfe2f },
};

static bool
is_selector(uint32_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

static enum kind
kind_of(uint32_t c)
{
	utf8proc_category_t category;

	if (c < 0x80)
		return th_is_alnum((char)c) ? PART : GAP;
	category = utf8proc_category((utf8proc_int32_t)c);
	if ((category == UTF8PROC_CATEGORY_CF && c != 0x200b) || is_selector(c))
		return NOTHING;
	if (category == UTF8PROC_CATEGORY_SO)
		return IS_AMONG(pictures, c) ? ALONE : GAP;
	if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_NO)
		return GAP;
	if ((category >= UTF8PROC_CATEGORY_MN &&
		category <= UTF8PROC_CATEGORY_ME) ||
	    IS_AMONG(joined, c))
		return MARK;
	/* Most letters are below these. */
	if (c < unspaced[0].first)
		return PART;
	return IS_AMONG(unspaced, c) ? ALONE : PART;
}

/* Bytes that are no UTF-8 part words, one by one. */
static size_t
decode(struct th_str s, uint32_t *ret)
{
	struct th_str one = { s.s, s.len < 4 ? s.len : 4 };

	*ret = (unsigned char)s.s[0];
	if (*ret < 0x80)
		return 1;
	if (*ret >= 0xc2 && *ret < 0xe0 && s.len > 1 &&
	    ((unsigned char)s.s[1] & 0xc0) == 0x80) {
		*ret = (*ret & 0x1f) << 6 | ((unsigned char)s.s[1] & 0x3f);
		return 2;
	}
	/* Cut to one character, so that the rest is not looked at. */
	one.len = *ret < 0xc2 ? 1 : *ret < 0xe0 ? 2 : *ret < 0xf0 ? 3 : 4;
	if (one.len > s.len || th_utf8_valid(one) != one.len) {
		*ret = ' ';
		return 1;
	}
	return th_utf8_decode(one.s, one.len, ret);
}

static size_t
put(char *at, uint32_t c)
{
	return (size_t)utf8proc_encode_char(
	    (utf8proc_int32_t)c, (utf8proc_uint8_t *)at);
}

/* Letters that no decomposition takes apart. */
static const struct {
	uint32_t c;
	const char *plain;
} letters[] = { { 0xe6, "ae" }, { 0xf0, "d" }, { 0xf8, "o" }, { 0xfe, "th" },
	{ 0x111, "d" }, { 0x131, "i" }, { 0x142, "l" }, { 0x153, "oe" } };

static bool
is_kept(uint32_t c)
{
	const enum kind kind = kind_of(c);

	return kind != GAP && kind != NOTHING;
}

/* Appends a character without case and accents; at most 16 bytes. */
static size_t
fold(uint32_t c, char *at)
{
	utf8proc_int32_t part[8];
	utf8proc_ssize_t n, k;
	size_t i, len = 0;
	int boundary = 0;

	n = utf8proc_decompose_char((utf8proc_int32_t)c, part, 8,
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD,
	    &boundary);
	if (n < 0 || n > 8)
		return put(at, c);
	for (k = 0; k < n && len <= 12; k++) {
		if (IS_AMONG(points, (uint32_t)part[k]))
			continue;
		for (i = 0; i < sizeof(letters) / sizeof(*letters); i++)
			if (letters[i].c == (uint32_t)part[k])
				break;
		if (i < sizeof(letters) / sizeof(*letters)) {
			memcpy(at + len, letters[i].plain,
			    strlen(letters[i].plain));
			len += strlen(letters[i].plain);
		} else if (is_kept((uint32_t)part[k]))
			len += put(at + len, (uint32_t)part[k]);
	}
	return len;
}

static size_t
lower(uint32_t c, char *at)
{
	return put(at, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
}

static enum kind
learn(struct th_words *w, uint32_t c)
{
	char plain[ROOM];
	struct letter *l;
	size_t n;

	if (w->letters == NULL || c >= LETTERS)
		return kind_of(c);
	l = &w->letters[c];
	if (l->kind != UNKNOWN)
		return (enum kind)l->kind;
	n = fold(c, plain);
	if (n > sizeof(l->plain))
		return kind_of(c);
	memcpy(l->plain, plain, n);
	l->nplain = (unsigned char)n;
	l->nlower = (unsigned char)lower(c, l->lower);
	l->kind = (unsigned char)kind_of(c);
	return (enum kind)l->kind;
}

/* After its kind was learnt. */
static void
add(struct th_words *w, uint32_t c)
{
	const struct letter *l;

	if (w->nplain >= TH_WORD_MAX || w->nlower >= TH_WORD_MAX)
		return;
	l = w->letters != NULL && c < LETTERS ? &w->letters[c] : NULL;
	if (l != NULL && l->kind != UNKNOWN) {
		memcpy(w->plain + w->nplain, l->plain, sizeof(l->plain));
		memcpy(w->lower + w->nlower, l->lower, sizeof(l->lower));
		w->nplain += l->nplain;
		w->nlower += l->nlower;
		return;
	}
	w->nplain += fold(c, w->plain + w->nplain);
	w->nlower += lower(c, w->lower + w->nlower);
}

static char
ascii(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : '\0';
}

/* Adds letters and digits of ASCII, which most are, as long as there are. */
static size_t
add_ascii(struct th_words *w)
{
	size_t n;
	char c;

	for (n = 0; n < w->rest.len && (c = ascii(w->rest.s[n])) != '\0'; n++)
		if (w->nplain < TH_WORD_MAX && w->nlower < TH_WORD_MAX)
			w->plain[w->nplain++] = w->lower[w->nlower++] = c;
	return n;
}

/* ---- stems ---- */

static bool
same(struct th_str a, const char *s, size_t len)
{
	return a.len == len && memcmp(a.s, s, len) == 0;
}

/* Adds a stem, folded, unless it is there or is the word. */
static void
add_stem(struct th_words *w, struct th_word *ret, const char *s, size_t len)
{
	struct th_str stem = { w->stem[ret->nstems], 0 };
	uint32_t c;
	size_t i, n;
	char *at = w->stem[ret->nstems];

	for (i = 0; i < len && stem.len < TH_WORD_MAX; i += n) {
		n = decode((struct th_str){ s + i, len - i }, &c);
		if (c < 0x80)
			at[stem.len++] = (char)c;
		else
			stem.len += fold(c, at + stem.len);
	}
	if (stem.len == 0 || same(ret->plain, at, stem.len))
		return;
	for (i = 0; i < ret->nstems; i++)
		if (same(ret->stem[i], at, stem.len))
			return;
	ret->stem[ret->nstems++] = stem;
}

static void
stem(struct th_words *w, struct th_word *ret, struct th_str word)
{
	const sb_symbol *s;
	size_t i;

	for (i = 0; i < 2; i++) {
		s = sb_stemmer_stem(
		    w->stemmer[i], (const sb_symbol *)word.s, (int)word.len);
		if (s != NULL)
			add_stem(w, ret, (const char *)s,
			    (size_t)sb_stemmer_length(w->stemmer[i]));
	}
}

static struct stemmed *
cached(struct th_words *w)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < w->nlower; i++)
		h = (h ^ (unsigned char)w->lower[i]) * 16777619u;
	return &w->cache[(h ^ h >> 15) & ((1u << CACHE_BITS) - 1)];
}

static void
remember(struct th_words *w, struct stemmed *e, const struct th_word *word)
{
	size_t i;

	e->len = 0;
	for (i = 0; i < word->nstems; i++) {
		if (word->stem[i].len > CACHE_WORD)
			return;
		memcpy(e->stem[i], word->stem[i].s, word->stem[i].len);
		e->stem_len[i] = (unsigned char)word->stem[i].len;
	}
	memcpy(e->word, w->lower, w->nlower);
	e->n = (unsigned char)word->nstems;
	e->len = (unsigned char)w->nlower;
}

/* Stems are for words in Latin letters. */
static void
add_stems(struct th_words *w, struct th_word *ret)
{
	const struct th_str lower = { w->lower, w->nlower };
	struct stemmed *e;
	size_t i;

	if (ret->plain.len < 3 || ret->plain.s[0] < 'a' ||
	    ret->plain.s[0] > 'z')
		return;
	e = cached(w);
	if (lower.len <= CACHE_WORD && e->len > 0 &&
	    same(lower, e->word, e->len)) {
		for (i = 0; i < e->n; i++)
			ret->stem[i] =
			    (struct th_str){ e->stem[i], e->stem_len[i] };
		ret->nstems = e->n;
		return;
	}
	stem(w, ret, ret->plain);
	if (!same(lower, ret->plain.s, ret->plain.len))
		stem(w, ret, lower);
	if (lower.len <= CACHE_WORD)
		remember(w, e, ret);
}

bool
th_words_next(struct th_words *w, struct th_word *ret)
{
	const char *start = NULL;
	enum kind kind, first = PART;
	uint32_t c;
	size_t n;

	*ret = (struct th_word){ 0 };
	w->nplain = w->nlower = 0;
	for (; w->rest.len > 0; w->rest.s += n, w->rest.len -= n) {
		if (w->nplain == 0) {
			start = w->rest.s;
			first = PART;
		}
		if (first == PART && (n = add_ascii(w)) > 0)
			continue;
		n = decode(w->rest, &c);
		kind = learn(w, c);
		if (w->nplain > 0 && kind != MARK && kind != NOTHING &&
		    (kind != PART || first != PART))
			break;
		if (kind == GAP || kind == NOTHING ||
		    (kind == MARK && w->nplain == 0))
			continue;
		if (w->nplain == 0)
			first = kind;
		add(w, c);
	}
	if (w->nplain == 0)
		return false;
	ret->at = (struct th_str){ start, (size_t)(w->rest.s - start) };
	ret->plain = (struct th_str){ w->plain, w->nplain };
	if (w->stems)
		add_stems(w, ret);
	return true;
}
