/* feedout_value -- members of an item as a feed may have them */
#include <string.h>

#include "feedout.h"
#include "priv.h"

#define BASE_MAX 8192 /* a longer address is no base for others */

/* U+FFFE and U+FFFF are no characters: XML has them not, nor has an IRI. */
static bool
is_no_character(struct th_str s, size_t i)
{
	return s.len - i > 2 && memcmp(s.s + i, "\xef\xbf", 2) == 0 &&
	       (unsigned char)s.s[i + 2] >= 0xbe;
}

/* Nothing that a reader would see. */
static bool
is_blank(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (is_no_character(s, i))
			i += 2;
		else if ((unsigned char)s.s[i] > ' ')
			return false;
	return true;
}

bool
th_feedout_value(
    struct th_feedout *f, const struct th_value *v, struct th_str *ret)
{
	struct th_str s = v->raw;

	if (v->type == TH_JSON_STRING && s.len > 2 &&
	    memchr(s.s, '\\', s.len) == NULL) {
		*ret = (struct th_str){ s.s + 1, s.len - 2 };
		return !is_blank(*ret);
	}
	if (v->type != TH_JSON_STRING && v->type != TH_JSON_NUMBER)
		return false;
	th_feedout_clear(f, &f->text);
	th_value_text(v, &f->text);
	*ret = th_buf_str(&f->text);
	return f->text.status == TH_OK && !is_blank(*ret);
}

bool
th_feedout_text(struct th_feedout *f, const struct th_item *it,
    const char *name, struct th_str *ret)
{
	struct th_value v;

	return th_item_get(it, name, &v) && th_feedout_value(f, &v, ret);
}

bool
th_feedout_date(struct th_feedout *f, const struct th_item *it,
    const char *name, int64_t *ret)
{
	char written[TH_DATE_SIZE];
	struct th_str s;
	int64_t t;

	if (!th_feedout_text(f, it, name, &s))
		return false;
	if (th_date_parse_rfc3339(s, &t) == TH_OK &&
	    th_date_format(t, written) == TH_OK && /* its year is, in UTC */
	    strncmp(written, "0000", 4) != 0) {    /* and there was one */
		*ret = t;
		return true;
	}
	th_feedout_note(f, "%s left out, not RFC 3339: %.*s", name,
	    (int)(s.len < 60 ? s.len : 60), s.s);
	return false;
}

/* ---- languages ---- */

/* RFC 5646, but for its registry: en, pt-BR, x-klingon. */
bool
th_feedout_is_language(struct th_str s)
{
	size_t i, len = 0, first = 0;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] != '-' && !th_is_alpha(s.s[i]) &&
		    (first == 0 || !th_is_digit(s.s[i])))
			return false;
		if (s.s[i] != '-') {
			len++;
		} else {
			first = first == 0 ? len : first;
			if (len == 0 || len > 8)
				return false;
			len = 0;
		}
	}
	return len > 0 && len <= 8 &&
	       (first > 1 || (first == 0 && len > 1) ||
		   (first == 1 && (s.s[0] | 0x20) == 'x'));
}

bool
th_feedout_language(
    struct th_feedout *f, const struct th_item *it, struct th_str *ret)
{
	struct th_str s;
	size_t i;

	if (!th_feedout_text(f, it, "language", &s))
		return false;
	s = th_str_trim(s);
	th_feedout_clear(f, &f->more);
	for (i = 0; i < s.len; i++) /* en_US is a locale, and common */
		th_buf_addc(&f->more, s.s[i] == '_' ? '-' : s.s[i]);
	*ret = th_buf_str(&f->more);
	if (th_feedout_is_language(*ret))
		return true;
	th_feedout_note(f, "language left out, no tag: %.*s",
	    (int)(s.len < 60 ? s.len : 60), s.s);
	return false;
}

/* ---- addresses ---- */

/* What an IRI cannot have, and what its scheme can. */
static bool
is_barred(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || c == '<' || c == '>' ||
	       c == '"' || c == '\\' || c == '^' || c == '`' ||
	       (c >= '{' && c <= '}');
}

static bool
is_scheme(char c)
{
	return th_is_alnum(c) || c == '+' || c == '-' || c == '.';
}

static bool
has_bracket(struct th_str s)
{
	return s.len > 0 && (memchr(s.s, '[', s.len) != NULL ||
				memchr(s.s, ']', s.len) != NULL);
}

/* Brackets are for addresses of IPv6, and nowhere else. */
static bool
is_host(struct th_str s)
{
	if (s.len > 1 && s.s[0] == '[' && s.s[s.len - 1] == ']')
		s = (struct th_str){ s.s + 1, s.len - 2 };
	return !has_bracket(s);
}

static bool
is_web(struct th_str scheme)
{
	return th_str_iis(scheme, "http") || th_str_iis(scheme, "https") ||
	       th_str_iis(scheme, "ftp");
}

/* Most addresses have no brackets, and need not be taken apart. */
static bool
is_placed(struct th_str s)
{
	struct th_url url;

	return th_url_parse(s, &url) == TH_OK && is_host(url.host) &&
	       !has_bracket(url.userinfo) && !has_bracket(url.path) &&
	       !has_bracket(url.query) && !has_bracket(url.fragment);
}

bool
th_feedout_is_iri(struct th_str s)
{
	struct th_str scheme = s, rest;
	bool bracket = false;
	size_t i;

	if (s.len == 0 || !th_is_alpha(s.s[0]))
		return false;
	for (i = 1; i < s.len && is_scheme(s.s[i]); i++)
		;
	if (i + 1 >= s.len || s.s[i] != ':')
		return false;
	scheme.len = i;
	rest = (struct th_str){ s.s + i + 1, s.len - i - 1 };
	for (i = 0; i < rest.len; i++) {
		if (is_barred(rest.s[i]) || is_no_character(rest, i))
			return false;
		bracket = bracket || rest.s[i] == '[' || rest.s[i] == ']';
	}
	if (th_str_has_prefix(rest, "//") && is_web(scheme) &&
	    (rest.len == 2 || strchr("/?#:", rest.s[2]) != NULL))
		return false; /* no host */
	return !bracket || is_placed(s);
}

/* Brackets behind the host and, on demand, what is not ASCII. */
static enum th_status
add_encoded(struct th_str s, bool ascii, struct th_buf *ret)
{
	struct th_url url;
	const char *p, *end = s.s + s.len;

	if (th_url_parse(s, &url) != TH_OK)
		return TH_EDATA;
	for (p = s.s; p < end; p++)
		if ((p >= url.path.s && (*p == '[' || *p == ']')) ||
		    (ascii && (unsigned char)*p >= 0x80))
			th_percent(ret, (unsigned char)*p);
		else
			th_buf_addc(ret, *p);
	return ret->status;
}

/* Once an item, that many links are not many looks at a long source. */
static void
find_bases(struct th_feedout *f, const struct th_item *it)
{
	static const char *const name[] = { "home_page_url", "feed_url" };
	struct th_value source, v;
	size_t i;

	f->based = true;
	for (i = 0; i < 2; i++) {
		th_feedout_clear(f, &f->base[i]);
		if (th_item_get(it, "_source", &source) &&
		    th_value_get(&source, name[i], &v) &&
		    v.type == TH_JSON_STRING && v.raw.len <= BASE_MAX)
			th_value_text(&v, &f->base[i]);
	}
}

/* What an item's relative links are relative to: its own source, else us. */
static struct th_str
base_of(struct th_feedout *f, const struct th_item *it, size_t i)
{
	const char *const own[] = { f->opt.link, f->opt.self };

	if (!f->based)
		find_bases(f, it);
	if (i < 2)
		return th_buf_str(&f->base[i]);
	return th_str(i == 4 || own[i - 2] == NULL ? "" : own[i - 2]);
}

/* The address is in f->url.  The last base, none, is for one that is odd. */
static bool
resolve(struct th_feedout *f, const struct th_item *it, struct th_str ref)
{
	struct th_str base;
	struct th_buf whole;
	enum th_status st;
	size_t i;
	bool good = false;

	th_buf_init(&whole, f->url.max);
	for (i = 0; i <= 4 && !good; i++) {
		base = base_of(f, it, i);
		if (i < 4 && base.len == 0)
			continue;
		th_feedout_clear(f, &whole);
		th_feedout_clear(f, &f->url);
		st = th_url_resolve(base, ref, &whole);
		if (st == TH_OK)
			st = add_encoded(th_buf_str(&whole), false, &f->url);
		if (st == TH_ENOMEM)
			f->status = st;
		good = st == TH_OK && th_feedout_is_iri(th_buf_str(&f->url));
	}
	th_feedout_clear(f, &whole);
	th_buf_release(&whole);
	return good;
}

bool
th_feedout_uri(struct th_feedout *f, struct th_str *url)
{
	struct th_buf b;
	size_t i;

	for (i = 0; i < url->len && (unsigned char)url->s[i] < 0x80; i++)
		;
	if (i == url->len)
		return true;
	th_buf_init(&b, f->url.max);
	add_encoded(*url, true, &b);
	th_feedout_clear(f, &f->url);
	th_buf_release(&f->url);
	f->url = b;
	*url = th_buf_str(&f->url);
	return b.status == TH_OK;
}

bool
th_feedout_url(struct th_feedout *f, const struct th_item *it, struct th_str s,
    struct th_str *ret)
{
	*ret = s;
	if (!th_feedout_is_iri(s)) {
		if (s.len == 0 || !resolve(f, it, s)) {
			th_feedout_note(f,
			    "a link left out, not absolute: %.*s",
			    (int)(s.len < 60 ? s.len : 60), s.s);
			return false;
		}
		*ret = th_buf_str(&f->url);
	}
	return !f->format->uris || th_feedout_uri(f, ret);
}

/* ---- attachments ---- */

/* The length of a token of RFC 9110 at s.s + i. */
static size_t
token(struct th_str s, size_t i)
{
	size_t start = i;

	while (i < s.len && (unsigned char)s.s[i] > ' ' && s.s[i] != 0x7f &&
	       strchr("()<>@,;:\\\"/[]?={}", s.s[i]) == NULL)
		i++;
	return i - start;
}

/* The length of "; name=value" at s.s + i; 0 when it is none. */
static size_t
parameter(struct th_str s, size_t i)
{
	size_t start = i, n;

	while (i < s.len && s.s[i] == ' ')
		i++;
	if (i >= s.len || s.s[i++] != ';')
		return 0;
	while (i < s.len && s.s[i] == ' ')
		i++;
	n = token(s, i);
	i += n;
	if (n == 0 || i >= s.len || s.s[i++] != '=')
		return 0;
	n = token(s, i);
	if (n == 0 && i < s.len && s.s[i] == '"') {
		for (n = 1; i + n < s.len && s.s[i + n] != '"'; n++)
			;
		n++;
	}
	return n > 0 && i + n <= s.len ? i + n - start : 0;
}

static bool
is_media_type(struct th_str s)
{
	size_t i = token(s, 0), n;

	if (i == 0 || i >= s.len || s.s[i++] != '/')
		return false;
	for (n = token(s, i); n > 0 && i < s.len; n = parameter(s, i))
		i += n;
	return i == s.len && s.s[i - 1] != '/';
}

static bool
member_text(struct th_feedout *f, const struct th_value *v, const char *name,
    struct th_buf *ret)
{
	struct th_value m;

	th_feedout_clear(f, ret);
	return th_value_get(v, name, &m) && m.type == TH_JSON_STRING &&
	       th_value_text(&m, ret) == TH_OK && ret->len > 0;
}

bool
th_feedout_attachment(
    struct th_feedout *f, const struct th_item *it, const struct th_value *v)
{
	struct th_value size;
	struct th_str url;
	double n = 0;

	if (!member_text(f, v, "url", &f->at.url))
		return false;
	if (!th_feedout_url(f, it, th_buf_str(&f->at.url), &url))
		return false;
	if (url.s != f->at.url.data) {
		th_feedout_clear(f, &f->at.url);
		th_buf_add(&f->at.url, url.s, url.len);
	}
	if (!member_text(f, v, "mime_type", &f->at.type) ||
	    !is_media_type(th_buf_str(&f->at.type))) {
		th_feedout_clear(f, &f->at.type);
		th_buf_adds(&f->at.type, "application/octet-stream");
	}
	member_text(f, v, "title", &f->at.title);
	if (th_value_get(v, "size_in_bytes", &size))
		th_value_number(&size, &n);
	f->at.size = n >= 0 && n < 9e15 ? (int64_t)n : 0;
	return true;
}
