/* template -- {field|filter:argument} templates */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "field.h"
#include "priv.h"

#define TEMPLATE_MAX ((size_t)1 << 20) /* bytes of a template */
#define PIECES_MAX 4096                /* texts and fields of one */
#define FILTERS_MAX 32                 /* after one field */

struct filter;

/* A filter: how its argument is read, and what it does. */
struct kind {
	const char *name;
	const char *argument; /* what a message calls it; NULL: takes none */
	enum th_status (*check)(struct filter *, struct th_err *);
	enum th_status (*apply)(const struct filter *, struct th_str value,
	    struct th_buf *ret, struct th_err *);
};
struct filter {
	const struct kind *kind;
	char *text; /* the argument; replacement of replace */
	size_t max; /* of truncate */
	struct th_regex *regex;
	bool global; /* of replace */
};

/* Text as it is, or a field and its filters. */
struct piece {
	char *text; /* NULL: a field */
	size_t len;
	struct th_field field;
	struct filter *filter;
	size_t nfilters;
};
struct th_template {
	struct piece *piece;
	size_t n;
};

/* ---- filters ---- */

static enum th_status
no_memory(struct th_err *err)
{
	return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
}

static enum th_status
check_truncate(struct filter *f, struct th_err *err)
{
	const char *p;

	for (p = f->text; th_is_digit(*p) && f->max < 100000000; p++)
		f->max = f->max * 10 + (size_t)(*p - '0');
	if (*p != '\0' || f->max == 0)
		return th_fail(
		    err, TH_EUSAGE, "truncate takes a number from 1");
	return TH_OK;
}

static enum th_status
apply_truncate(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)err;
	return th_text_truncate(value, f->max, ret);
}

/* What strftime() of C11 knows, and %s; so no locale or zone slips in. */
static enum th_status
check_date(struct filter *f, struct th_err *err)
{
	const char *p;

	for (p = strchr(f->text, '%'); p != NULL; p = strchr(p + 1, '%')) {
		p++;
		if (*p == '\0')
			return th_fail(err, TH_EUSAGE,
			    "date: a %% at the end; %%%% is one");
		if (strchr("aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYzZ%", *p) ==
		    NULL)
			return th_fail(
			    err, TH_EUSAGE, "date: no conversion %%%c", *p);
	}
	return TH_OK;
}

/* check_date() has seen the conversion. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static enum th_status
add_time(struct th_buf *ret, char conversion, int64_t t)
{
	const char format[] = { '%', conversion, '\0' };
	time_t when = (time_t)t;
	struct tm tm;
	char text[128];

	if (conversion == 's')
		return th_buf_addf(ret, "%lld", (long long)t);
	if (conversion == 'Z')
		return th_buf_adds(ret, "UTC");
	if (gmtime_r(&when, &tm) == NULL)
		return TH_OK;
	return th_buf_add(ret, text, strftime(text, sizeof(text), format, &tm));
}
#pragma GCC diagnostic pop

/* What is no date has none to show: nothing, so that default can follow. */
static enum th_status
apply_date(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	const char *p;
	int64_t t;

	(void)err;
	if (th_date_parse(value, &t) != TH_OK)
		return TH_OK;
	for (p = f->text; *p != '\0'; p++)
		if (*p == '%')
			add_time(ret, *++p, t);
		else
			th_buf_addc(ret, *p);
	return ret->status;
}

static enum th_status
apply_lower(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)f;
	(void)err;
	return th_text_lower(value, ret);
}

static enum th_status
apply_upper(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)f;
	(void)err;
	return th_text_upper(value, ret);
}

static enum th_status
apply_text(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)f;
	(void)err;
	return th_text_from_html(value, TH_TEXT_LINES, ret);
}

static enum th_status
apply_urlencode(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)f;
	(void)err;
	return th_text_urlencode(value, ret);
}

static enum th_status
apply_default(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	(void)err;
	if (value.len == 0)
		return th_buf_adds(ret, f->text);
	return th_buf_add(ret, value.s, value.len);
}

/* What may not stand in a hashtag. */
static enum th_status
check_hashtags(struct filter *f, struct th_err *err)
{
	return th_regex_new(
	    TH_STR("[^\\p{L}\\p{M}\\p{N}_]+"), false, &f->regex, err);
}

static enum th_status
add_hashtag(const struct filter *f, struct th_str word, struct th_buf *ret,
    struct th_err *err)
{
	struct th_buf tag;
	enum th_status st;

	th_buf_init(&tag, TH_LINE_MAX);
	st = th_regex_replace(f->regex, word, TH_STR(""), true, &tag, err);
	if (st == TH_OK && tag.len > 0) {
		th_buf_adds(ret, ret->len > 0 ? " #" : "#");
		st = th_buf_add(ret, tag.data, tag.len);
	}
	th_buf_release(&tag);
	return st;
}

/* Words between commas, as the elements of an array are joined. */
static enum th_status
apply_hashtags(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	enum th_status st = TH_OK;
	const char *comma;
	size_t len;

	while (value.len > 0 && st == TH_OK) {
		comma = memchr(value.s, ',', value.len);
		len = comma != NULL ? (size_t)(comma - value.s) : value.len;
		st = add_hashtag(f, (struct th_str){ value.s, len }, ret, err);
		len += comma != NULL;
		value.s += len;
		value.len -= len;
	}
	return st;
}

static enum th_status
check_replace(struct filter *f, struct th_err *err)
{
	struct th_substitution sub = { 0 };
	enum th_status st = th_substitution_init(&sub, th_str(f->text), err);

	if (st != TH_OK)
		return st;
	free(f->text);
	f->text = sub.replacement; /* taken over */
	f->regex = sub.regex;
	f->global = sub.global;
	return TH_OK;
}

static enum th_status
apply_replace(const struct filter *f, struct th_str value, struct th_buf *ret,
    struct th_err *err)
{
	return th_regex_replace(
	    f->regex, value, th_str(f->text), f->global, ret, err);
}

static const struct kind kinds[] = {
	{ "date", "a format such as %d %b", check_date, apply_date },
	{ "default", "a text", NULL, apply_default },
	{ "hashtags", NULL, check_hashtags, apply_hashtags },
	{ "lower", NULL, NULL, apply_lower },
	{ "replace", "/A/B/", check_replace, apply_replace },
	{ "text", NULL, NULL, apply_text },
	{ "truncate", "a number", check_truncate, apply_truncate },
	{ "upper", NULL, NULL, apply_upper },
	{ "urlencode", NULL, NULL, apply_urlencode },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- compiling ---- */

struct compiler {
	const char *src;
	size_t pos;
	struct th_template *t;
	struct th_err *err;
};

static enum th_status
fail_at(struct compiler *c, size_t at, const char *text)
{
	if (c->err != NULL)
		c->err->column = at + 1;
	return th_fail(c->err, TH_EUSAGE, "%s", text);
}

static struct piece *
add_piece(struct compiler *c)
{
	struct th_template *t = c->t;
	struct piece *p;

	p = th_realloc(t->piece, (t->n + 1) * sizeof(*p));
	if (p == NULL)
		return NULL;
	t->piece = p;
	p = &t->piece[t->n++];
	*p = (struct piece){ 0 };
	return p;
}

/* Text up to a field; "{{" is a brace, "}}" too, and a "}" alone is itself. */
static enum th_status
compile_text(struct compiler *c)
{
	struct piece *p = add_piece(c);
	const char *s = c->src + c->pos;
	size_t len = 0;

	if (p == NULL)
		return no_memory(c->err);
	p->text = th_malloc(strlen(s) + 1);
	if (p->text == NULL)
		return no_memory(c->err);
	for (; *s != '\0' && (*s != '{' || s[1] == '{'); s++) {
		p->text[len++] = *s;
		if ((*s == '{' || *s == '}') && s[1] == *s)
			s++;
	}
	p->text[len] = '\0';
	p->len = len;
	c->pos = (size_t)(s - c->src);
	return TH_OK;
}

/*
 * The end of an argument: the '|' or '}' behind it.  A backslash takes the
 * next character along; within /A/B/ both characters may stand as they are.
 * *cut: that has no end.
 */
static size_t
argument_length(const char *s, bool slashes, bool *cut)
{
	char delimiter = slashes ? *s : '\0';
	size_t i = 0, seen = 0;

	for (; s[i] != '\0'; i++) {
		if (s[i] == '\\' && s[i + 1] != '\0')
			i++;
		else if (slashes && s[i] == delimiter)
			seen++;
		else if ((s[i] == '|' || s[i] == '}') &&
			 (!slashes || seen >= 3))
			break;
	}
	*cut = slashes && seen < 3;
	return i;
}

/* \| \} \\ are the characters; any other backslash is itself. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0' && strchr("|}\\", s[1]) != NULL)
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static enum th_status
unknown_filter(struct compiler *c, size_t at, struct th_str name)
{
	struct th_suggest near;
	char word[32];
	size_t i = name.len < sizeof(word) ? name.len : sizeof(word) - 1;

	if (name.len == 0)
		return fail_at(c, at, "a filter's name is missing");
	memcpy(word, name.s, i);
	word[i] = '\0';
	th_suggest_init(&near, word);
	for (i = 0; i < KINDS; i++)
		th_suggest_offer(&near, kinds[i].name);
	if (c->err != NULL)
		c->err->column = at + 1;
	if (near.best == NULL)
		return th_fail(c->err, TH_EUSAGE, "no filter %s", word);
	return th_fail(c->err, TH_EUSAGE, "no filter %s; did you mean %s?",
	    word, near.best);
}

static enum th_status
find_kind(struct compiler *c, const struct kind **ret)
{
	const char *s = c->src + c->pos;
	struct th_str name = { s, strcspn(s, ":|} \t\n") };
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (th_str_is(name, kinds[i].name)) {
			c->pos += name.len;
			*ret = &kinds[i];
			return TH_OK;
		}
	return unknown_filter(c, c->pos, name);
}

static enum th_status
compile_argument(struct compiler *c, struct filter *f)
{
	bool slashes = f->kind->apply == apply_replace, cut = false;
	const char *s = c->src + c->pos;
	size_t at = c->pos, len;
	enum th_status st;

	if (*s == ':' && f->kind->argument == NULL)
		return fail_at(c, at, "this filter takes no argument");
	if (*s != ':' && f->kind->argument != NULL) {
		if (c->err != NULL)
			c->err->column = at + 1;
		return th_fail(c->err, TH_EUSAGE, "%s takes %s, as in %s:...",
		    f->kind->name, f->kind->argument, f->kind->name);
	}
	len = *s == ':' ? argument_length(++s, slashes, &cut) : 0;
	c->pos += len + (f->kind->argument != NULL);
	f->text = th_strndup(s, len);
	if (f->text == NULL)
		return no_memory(c->err);
	if (!slashes)
		unescape(f->text);
	/* A check may say where in the argument. */
	if (c->err != NULL)
		c->err->column = 1;
	st = f->kind->check != NULL ? f->kind->check(f, c->err) : TH_OK;
	if (st == TH_EUSAGE && c->err != NULL)
		c->err->column += at + 1;
	if (st == TH_OK && cut)
		return fail_at(
		    c, c->pos, "the third of replace's delimiters is missing");
	return st;
}

static enum th_status
compile_filter(struct compiler *c, struct piece *p)
{
	struct filter *f;
	enum th_status st;

	if (p->nfilters == FILTERS_MAX)
		return fail_at(c, c->pos, "too many filters");
	f = th_realloc(p->filter, (p->nfilters + 1) * sizeof(*f));
	if (f == NULL)
		return no_memory(c->err);
	p->filter = f;
	f += p->nfilters++;
	*f = (struct filter){ 0 };
	st = find_kind(c, &f->kind);
	return st != TH_OK ? st : compile_argument(c, f);
}

static enum th_status
compile_name(struct compiler *c, struct piece *p)
{
	const char *s = c->src + c->pos;
	struct th_str name = { s, th_field_scan(th_str(s)) };
	enum th_status st;

	if (name.len == 0)
		return fail_at(
		    c, c->pos, "a field's name is missing; \"{{\" is a brace");
	st = th_field_init(&p->field, name, c->err);
	if (st == TH_EUSAGE && c->err != NULL)
		c->err->column = c->pos + 1;
	p->field.mode = TH_TEXT_LINES;
	c->pos += name.len;
	return st;
}

/* A brace was seen. */
static enum th_status
compile_field(struct compiler *c)
{
	struct piece *p = add_piece(c);
	size_t start = c->pos++;
	enum th_status st;

	if (p == NULL)
		return no_memory(c->err);
	st = compile_name(c, p);
	while (st == TH_OK && c->src[c->pos] == '|') {
		c->pos++;
		st = compile_filter(c, p);
	}
	if (st != TH_OK)
		return st;
	if (c->src[c->pos] == '\0')
		return fail_at(c, start, "this \"{\" is never closed");
	if (c->src[c->pos] != '}')
		return fail_at(
		    c, c->pos, "\"|\" or \"}\" expected; \"{{\" is a brace");
	c->pos++;
	return TH_OK;
}

static enum th_status
compile(struct compiler *c)
{
	struct th_str s = th_str(c->src);
	enum th_status st = TH_OK;

	if (s.len > TEMPLATE_MAX)
		return fail_at(c, TEMPLATE_MAX, "too long");
	if (th_utf8_valid(s) < s.len)
		return fail_at(c, th_utf8_valid(s), "not UTF-8");
	while (st == TH_OK && c->src[c->pos] != '\0') {
		if (c->t->n == PIECES_MAX)
			return fail_at(c, c->pos, "too many fields");
		if (c->src[c->pos] == '{' && c->src[c->pos + 1] != '{')
			st = compile_field(c);
		else
			st = compile_text(c);
	}
	return st;
}

enum th_status
th_template_new(const char *src, struct th_template **ret, struct th_err *err)
{
	struct compiler c = { .src = src, .err = err };
	enum th_status st;

	c.t = th_calloc(1, sizeof(*c.t));
	if (c.t == NULL)
		return no_memory(err);
	st = compile(&c);
	if (st == TH_OK)
		*ret = c.t;
	else
		th_template_free(c.t);
	return st;
}

static void
release_piece(struct piece *p)
{
	size_t i;

	for (i = 0; i < p->nfilters; i++) {
		free(p->filter[i].text);
		th_regex_free(p->filter[i].regex);
	}
	free(p->filter);
	free(p->text);
	th_field_release(&p->field);
}

void
th_template_free(struct th_template *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		release_piece(&t->piece[i]);
	free(t->piece);
	free(t);
}

/* ---- filling in ---- */

/* Buffers of one expansion: a value, what a filter makes of it, and decoding.
 */
struct filling {
	struct th_buf value, other, scratch;
};

static enum th_status
see_joined(void *ctx, const struct th_val *v)
{
	struct th_buf *b = ctx;
	char room[TH_DATE_SIZE];
	struct th_str s = th_val_text(v, room);

	if (s.len == 0)
		return TH_OK;
	if (b->len > 0)
		th_buf_adds(b, ", ");
	return th_buf_add(b, s.s, s.len);
}

static enum th_status
fill(const struct piece *p, const struct th_item *it, struct filling *f,
    struct th_err *err)
{
	struct th_buf tmp;
	enum th_status st;
	size_t i;

	th_buf_clear(&f->value);
	st = th_field_each(&p->field, it, &f->scratch, see_joined, &f->value);
	for (i = 0; i < p->nfilters && st == TH_OK; i++) {
		th_buf_clear(&f->other);
		st = p->filter[i].kind->apply(
		    &p->filter[i], th_buf_str(&f->value), &f->other, err);
		tmp = f->value;
		f->value = f->other;
		f->other = tmp;
	}
	return st;
}

enum th_status
th_template_expand(const struct th_template *t, const struct th_item *it,
    th_quote *quote, struct th_buf *ret, struct th_err *err)
{
	struct filling f = { 0 };
	const struct piece *p;
	enum th_status st = ret->status;
	size_t i;

	th_buf_init(&f.value, TH_LINE_MAX);
	th_buf_init(&f.other, TH_LINE_MAX);
	th_buf_init(&f.scratch, TH_LINE_MAX);
	if (err != NULL)
		err->text[0] = '\0';
	for (i = 0; i < t->n && st == TH_OK; i++) {
		p = &t->piece[i];
		if (p->text != NULL) {
			st = th_buf_add(ret, p->text, p->len);
			continue;
		}
		st = fill(p, it, &f, err);
		if (st == TH_OK && quote != NULL)
			st = quote(th_buf_str(&f.value), ret);
		else if (st == TH_OK)
			st = th_buf_add(ret, f.value.data, f.value.len);
	}
	th_buf_release(&f.value);
	th_buf_release(&f.other);
	th_buf_release(&f.scratch);
	if (st != TH_OK && err != NULL && err->text[0] == '\0')
		th_fail(err, st, "%s", th_strstatus(st));
	return st;
}
