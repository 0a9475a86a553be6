/* search_query -- what a person types to find something, as data */
#include <stdlib.h>
#include <string.h>

#include "priv.h"
#include "words.h"

#define QUERY_MAX ((size_t)16 << 10)
#define TERMS_MAX 64
#define DAY 86400

struct parser {
	const char *src, *p;
	struct th_words *words;
	struct th_query *q;
	struct th_err *err;
};

/* One piece of the query: FIELD:"VALUE"*, each part but the value optional. */
struct piece {
	struct th_str field, value;
	bool minus, quoted, prefix;
	const char *at;
};

static const struct {
	const char *name;
	enum th_query_field field;
} fields[] = {
	{ "title", TH_QUERY_TITLE },
	{ "tag", TH_QUERY_TAG },
	{ "tags", TH_QUERY_TAG },
	{ "service", TH_QUERY_SERVICE },
};
#define NFIELDS (sizeof(fields) / sizeof(*fields))

static enum th_status
fail(struct parser *p, const char *at, const char *what)
{
	if (p->err != NULL)
		p->err->column = (size_t)(at - p->src) + 1;
	return th_fail(p->err, TH_EUSAGE, "%s", what);
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- dates ---- */

/* The first instant of the day, month or year named, and of the one after it.
 */
static enum th_status
span_of(struct th_str s, int64_t *from, int64_t *to)
{
	char text[] = "0000-01-01", next[TH_DATE_SIZE];

	if (th_date_parse_rfc3339(s, from) == TH_OK) {
		*to = *from + (s.len == 10 ? DAY : 1);
		return TH_OK;
	}
	if (s.len != 4 && s.len != 7)
		return TH_EDATA;
	memcpy(text, s.s, s.len);
	if (th_date_parse_rfc3339(th_str(text), from) != TH_OK)
		return TH_EDATA;
	/* Well inside of the next one, then back to its beginning. */
	if (th_date_format(*from + (s.len == 4 ? 370 : 35) * DAY, next) !=
	    TH_OK)
		return TH_EDATA;
	memcpy(text, next, s.len);
	return th_date_parse_rfc3339(th_str(text), to);
}

/* The same, and how long ago: 7d. */
static enum th_status
point_of(struct th_str s, int64_t *from, int64_t *to)
{
	int64_t ago;

	if (span_of(s, from, to) == TH_OK)
		return TH_OK;
	if (s.len == 0 || s.s[s.len - 1] < 'a' ||
	    th_duration_parse(s, &ago) != TH_OK)
		return TH_EDATA;
	*from = th_now() - ago;
	*to = *from + 1;
	return TH_OK;
}

static enum th_status
add_date(struct parser *p, const struct piece *piece)
{
	struct th_str a = piece->value, b;
	int64_t from = INT64_MIN, to = INT64_MAX, ignored;
	enum th_status st = TH_OK;
	size_t i;

	if (piece->minus)
		return fail(p, piece->at, "a date cannot be excluded");
	for (i = 0; i + 1 < a.len && memcmp(a.s + i, "..", 2) != 0; i++)
		continue;
	if (th_str_iis(piece->field, "after"))
		st = point_of(a, &from, &ignored);
	else if (th_str_iis(piece->field, "before"))
		st = point_of(a, &to, &ignored);
	else if (i + 1 >= a.len)
		st = point_of(a, &from, &to);
	else {
		b = (struct th_str){ a.s + i + 2, a.len - i - 2 };
		a.len = i;
		if (a.len > 0)
			st = point_of(a, &from, &ignored);
		if (st == TH_OK && b.len > 0)
			st = point_of(b, &ignored, &to);
	}
	if (st != TH_OK)
		return fail(p, piece->at,
		    "not a date such as 2026-11-23, 2026-11 or 7d");
	if (from > p->q->after)
		p->q->after = from;
	if (to < p->q->before)
		p->q->before = to;
	return TH_OK;
}

/* ---- words ---- */

/* The words of a piece with a blank between; *n counts them. */
static char *
words_of(struct parser *p, struct th_str value, size_t *n)
{
	struct th_word word;
	struct th_buf b;
	char *text;

	*n = 0;
	th_buf_init(&b, QUERY_MAX + 1);
	th_buf_adds(&b, "");
	th_words_start(p->words, value, false);
	while (th_words_next(p->words, &word)) {
		if ((*n)++ > 0)
			th_buf_addc(&b, ' ');
		th_buf_add(&b, word.at.s, word.at.len);
	}
	text = th_buf_take(&b);
	th_buf_release(&b);
	return text;
}

static bool
starts_word(char c)
{
	return th_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* L'école, d'été: the article is not looked for. */
static struct th_str
skip_article(struct th_str s)
{
	size_t n = 1;

	if (s.len < 3 || strchr("lLdD", s.s[0]) == NULL)
		return s;
	if (s.s[1] == '\'')
		n = 2;
	else if (s.len > 4 && memcmp(s.s + 1, "\xe2\x80\x99", 3) == 0)
		n = 4;
	if (n == 1 || !starts_word(s.s[n]))
		return s;
	return (struct th_str){ s.s + n, s.len - n };
}

static enum th_status
add_term(struct parser *p, const struct piece *piece, enum th_query_field field)
{
	struct th_query *q = p->q;
	struct th_query_term *t = &q->term[q->n];
	size_t n;

	if (q->n == TERMS_MAX)
		return fail(p, piece->at, "more than 64 words");
	t->text = words_of(
	    p, piece->quoted ? piece->value : skip_article(piece->value), &n);
	if (t->text == NULL)
		return th_fail(p->err, TH_ENOMEM, "out of memory");
	if (n == 0) { /* nothing but signs */
		free(t->text);
		t->text = NULL;
		return TH_OK;
	}
	t->field = field;
	t->minus = piece->minus;
	t->how = piece->prefix            ? TH_QUERY_PREFIX
		 : piece->quoted || n > 1 ? TH_QUERY_EXACT
					  : TH_QUERY_STEM;
	q->n++;
	return TH_OK;
}

static bool
is_date(struct th_str field)
{
	return th_str_iis(field, "date") || th_str_iis(field, "after") ||
	       th_str_iis(field, "before");
}

static bool
is_field(struct th_str name)
{
	size_t i;

	for (i = 0; i < NFIELDS; i++)
		if (th_str_iis(name, fields[i].name))
			return true;
	return is_date(name);
}

/* The first word that is nearly a field is remembered, for a hint. */
static void
note_slip(struct th_query *q, struct th_str word)
{
	static const char *const names[] = { "title", "tag", "service", "after",
		"before", "date", NULL };

	if (q->meant != NULL || word.len >= sizeof(q->slip))
		return;
	memcpy(q->slip, word.s, word.len);
	q->slip[word.len] = '\0';
	q->meant = th_suggest_slip(q->slip, names);
}

static enum th_status
add_piece(struct parser *p, struct piece *piece)
{
	size_t i;

	for (i = 0; i < NFIELDS; i++)
		if (th_str_iis(piece->field, fields[i].name))
			return add_term(p, piece, fields[i].field);
	if (is_date(piece->field))
		return add_date(p, piece);
	/* What is no field is a word like others: Re:zero, 12:30. */
	if (piece->field.len > 0) {
		note_slip(p->q, piece->field);
		piece->value.len += (size_t)(piece->value.s - piece->field.s);
		piece->value.s = piece->field.s;
	}
	return add_term(p, piece, TH_QUERY_ANY);
}

/* ---- pieces ---- */

static struct th_str
field_at(const char *s)
{
	size_t n = 0;

	while (th_is_alpha(s[n]))
		n++;
	return (struct th_str){ s, n > 0 && s[n] == ':' ? n : 0 };
}

static void
next_piece(struct parser *p, struct piece *ret)
{
	const char *s = p->p;

	*ret = (struct piece){ 0 };
	ret->at = s;
	if (*s == '-' || *s == '+')
		ret->minus = *s++ == '-';
	ret->field = field_at(s);
	if (ret->field.len > 0)
		s += ret->field.len + 1;
	/* Some write a blank there. */
	while (is_field(ret->field) && is_blank(*s))
		s++;
	ret->quoted = *s == '"';
	s += ret->quoted;
	ret->value.s = s;
	while (*s != '\0' && (ret->quoted ? *s != '"' : !is_blank(*s)))
		s++;
	ret->value.len = (size_t)(s - ret->value.s);
	if (ret->quoted && *s == '"')
		s++;
	if (ret->quoted && *s == '*') {
		ret->prefix = true;
		s++;
	} else if (!ret->quoted && ret->value.len > 0 && s[-1] == '*')
		ret->prefix = true;
	p->p = s;
}

static enum th_status
parse(struct parser *p)
{
	struct piece piece;
	enum th_status st;

	for (;;) {
		while (is_blank(*p->p))
			p->p++;
		if (*p->p == '\0')
			break;
		next_piece(p, &piece);
		if ((st = add_piece(p, &piece)) != TH_OK)
			return st;
	}
	if (p->q->n == 0 && p->q->after == INT64_MIN &&
	    p->q->before == INT64_MAX)
		return fail(p, p->src, "there is no word to look for");
	return TH_OK;
}

enum th_status
th_query_parse(const char *src, struct th_query *ret, struct th_err *err)
{
	struct th_query q = { .after = INT64_MIN, .before = INT64_MAX };
	struct parser p = { .src = src, .p = src, .q = &q, .err = err };
	enum th_status st = TH_ENOMEM;

	if (strlen(src) > QUERY_MAX)
		return fail(&p, src, "too long");
	p.words = th_words_new(false);
	q.term = th_calloc(TERMS_MAX + 1, sizeof(*q.term));
	if (p.words != NULL && q.term != NULL)
		st = parse(&p);
	else
		th_fail(err, st, "out of memory");
	th_words_free(p.words);
	if (st == TH_OK)
		*ret = q;
	else
		th_query_release(&q);
	return st;
}

void
th_query_release(struct th_query *q)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		free(q->term[i].text);
	free(q->term);
	*q = (struct th_query){ 0 };
}

/* ---- marking what matched ---- */

/* A word of the query, and how it is compared. */
struct wanted {
	char text[TH_WORD_MAX + 24];
	size_t len;
	bool prefix, exact;
};

struct th_marker {
	struct th_words *words;
	struct wanted *wanted;
	size_t n, cap;
};

void
th_marker_free(struct th_marker *m)
{
	if (m == NULL)
		return;
	th_words_free(m->words);
	free(m->wanted);
	free(m);
}

static bool
want(struct th_marker *m, struct th_str text, bool prefix, bool exact)
{
	struct wanted *w;

	if (m->n == m->cap) {
		w = th_realloc(m->wanted, (m->cap + 16) * sizeof(*w));
		if (w == NULL)
			return false;
		m->wanted = w;
		m->cap += 16;
	}
	w = &m->wanted[m->n++];
	memcpy(w->text, text.s, text.len);
	w->len = text.len;
	w->prefix = prefix;
	w->exact = exact;
	return true;
}

/* The words of a term; of a phrase with a prefix the last is one. */
static bool
want_term(struct th_marker *m, const struct th_query_term *t)
{
	struct th_word w;
	size_t i;
	bool good = true;

	th_words_start(m->words, th_str(t->text), t->how == TH_QUERY_STEM);
	while (good && th_words_next(m->words, &w)) {
		good = want(m, w.plain,
		    t->how == TH_QUERY_PREFIX &&
			t->text[w.at.s - t->text + (ptrdiff_t)w.at.len] == '\0',
		    t->how != TH_QUERY_STEM);
		for (i = 0; i < w.nstems && good; i++)
			good = want(m, w.stem[i], false, false);
	}
	return good;
}

struct th_marker *
th_marker_new(const struct th_query *q)
{
	struct th_marker *m = th_calloc(1, sizeof(*m));
	size_t i;

	if (m == NULL || (m->words = th_words_new(true)) == NULL) {
		free(m);
		return NULL;
	}
	for (i = 0; i < q->n; i++)
		if (!q->term[i].minus && q->term[i].field != TH_QUERY_SERVICE &&
		    !want_term(m, &q->term[i])) {
			th_marker_free(m);
			return NULL;
		}
	return m;
}

static bool
is_wanted(const struct th_marker *m, const struct th_word *word)
{
	const struct wanted *w;
	size_t i, j;

	for (i = 0; i < m->n; i++) {
		w = &m->wanted[i];
		if (word->plain.len >= w->len &&
		    (w->prefix || word->plain.len == w->len) &&
		    memcmp(word->plain.s, w->text, w->len) == 0)
			return true;
		for (j = 0; j < word->nstems && !w->exact; j++)
			if (word->stem[j].len == w->len &&
			    memcmp(word->stem[j].s, w->text, w->len) == 0)
				return true;
	}
	return false;
}

void
th_marker_start(struct th_marker *m, struct th_str text)
{
	th_words_start(m->words, text, true);
}

bool
th_marker_next(struct th_marker *m, struct th_str *ret)
{
	struct th_word w;

	while (th_words_next(m->words, &w))
		if (is_wanted(m, &w)) {
			*ret = w.at;
			return true;
		}
	return false;
}
