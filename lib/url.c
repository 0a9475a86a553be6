/* url -- references, taken apart and made absolute (RFC 3986) */
#include <string.h>

#include "priv.h"

static const struct th_str none;

/* Length of "scheme" in "scheme:...", 0 when there is none. */
static size_t
scheme_length(struct th_str s)
{
	size_t i;

	if (s.len == 0 || !th_is_alpha(s.s[0]))
		return 0;
	for (i = 1; i < s.len; i++) {
		if (s.s[i] == ':')
			return i;
		if (!th_is_alnum(s.s[i]) && s.s[i] != '+' && s.s[i] != '-' &&
		    s.s[i] != '.')
			return 0;
	}
	return 0;
}

static bool
is_one_of(char c, const char *of)
{
	for (; *of != '\0'; of++)
		if (c == *of)
			return true;
	return false;
}

/* Cuts s at the first of the characters; what was cut off stays in *s. */
static struct th_str
cut(struct th_str *s, const char *at)
{
	struct th_str head = { s->s, 0 };

	while (head.len < s->len && !is_one_of(s->s[head.len], at))
		head.len++;
	s->s += head.len;
	s->len -= head.len;
	return head;
}

static void
drop(struct th_str *s, size_t n)
{
	s->s += n;
	s->len -= n;
}

/* The part after a mark that must come first in s: "?query". */
static struct th_str
after_mark(struct th_str *s, char mark, const char *ends)
{
	if (s->len == 0 || s->s[0] != mark)
		return none;
	drop(s, 1);
	return cut(s, ends);
}

/* userinfo@host:port; the last @ counts, as in browsers. */
static enum th_status
split_authority(struct th_str a, struct th_url *ret)
{
	size_t i;

	for (i = a.len; i > 0 && a.s[i - 1] != '@'; i--)
		continue;
	if (i > 0) {
		ret->userinfo = (struct th_str){ a.s, i - 1 };
		drop(&a, i);
	}
	ret->host = a;
	if (a.len > 0 && a.s[0] == '[') {
		ret->host = cut(&a, "]");
		if (a.len == 0)
			return TH_EDATA;
		ret->host.len++;
		drop(&a, 1);
		if (a.len > 0 && a.s[0] != ':')
			return TH_EDATA;
	} else {
		ret->host = cut(&a, ":");
	}
	ret->port = after_mark(&a, ':', "");
	for (i = 0; i < ret->port.len; i++)
		if (!th_is_digit(ret->port.s[i]))
			return TH_EDATA;
	return TH_OK;
}

/* Into parts, whatever the characters. */
static enum th_status
split(struct th_str s, struct th_url *ret)
{
	enum th_status st = TH_OK;
	size_t n = scheme_length(s);

	*ret = (struct th_url){ 0 };
	if (s.s == NULL)
		s = TH_STR("");
	if (n > 0) {
		ret->scheme = (struct th_str){ s.s, n };
		drop(&s, n + 1);
	}
	if (th_str_has_prefix(s, "//")) {
		drop(&s, 2);
		st = split_authority(cut(&s, "/?#"), ret);
	}
	ret->path = cut(&s, "?#");
	ret->query = after_mark(&s, '?', "#");
	ret->fragment = after_mark(&s, '#', "");
	return st;
}

enum th_status
th_url_parse(struct th_str s, struct th_url *ret)
{
	struct th_url url;
	enum th_status st;
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == 0x7f ||
		    is_one_of(s.s[i], "<>\""))
			return TH_EDATA;
	if ((st = split(s, &url)) == TH_OK)
		*ret = url;
	return st;
}

/* ---- resolving ---- */

/*
 * Appends a path without its "." and ".." segments (section 5.2.4), never
 * going back before `floor`.
 */
static void
add_path(struct th_buf *b, struct th_str path)
{
	size_t floor = b->len;
	struct th_str seg;
	bool slash;

	for (slash = false; path.len > 0 || slash;) {
		seg = cut(&path, "/");
		slash = path.len > 0;
		if (th_str_is(seg, "..")) {
			if (b->len > floor)
				b->len--;
			while (b->len > floor && b->data[b->len - 1] != '/')
				b->len--;
			if (b->len == floor && b->status == TH_OK)
				th_buf_addc(b, '/');
		} else if (!th_str_is(seg, ".")) {
			th_buf_add(b, seg.s, seg.len);
			if (slash)
				th_buf_addc(b, '/');
		}
		if (slash)
			drop(&path, 1);
		if (path.len == 0)
			break;
	}
}

static void
add_part(struct th_buf *b, const char *before, struct th_str part)
{
	if (part.s == NULL)
		return;
	th_buf_adds(b, before);
	th_buf_add(b, part.s, part.len);
}

static void
add_authority(struct th_buf *b, const struct th_url *u)
{
	if (u->host.s == NULL)
		return;
	th_buf_adds(b, "//");
	if (u->userinfo.s != NULL) {
		th_buf_add(b, u->userinfo.s, u->userinfo.len);
		th_buf_addc(b, '@');
	}
	th_buf_add(b, u->host.s, u->host.len);
	add_part(b, ":", u->port);
}

/* The reference's path laid over the base's (section 5.2.3). */
static void
add_merged(struct th_buf *b, const struct th_url *base, struct th_str path)
{
	struct th_buf whole;
	struct th_str dir = base->path;

	while (dir.len > 0 && dir.s[dir.len - 1] != '/')
		dir.len--;
	th_buf_init(&whole, b->max);
	if (path.s[0] != '/') {
		th_buf_add(&whole, dir.s, dir.len);
		if (dir.len == 0 && base->host.s != NULL)
			th_buf_addc(&whole, '/');
	}
	if (th_buf_add(&whole, path.s, path.len) == TH_OK)
		add_path(b, th_buf_str(&whole));
	else
		b->status = whole.status;
	th_buf_release(&whole);
}

/* Characters that no URL may contain. */
static bool
is_odd(unsigned char c)
{
	switch (c) {
	case '"':
	case '<':
	case '>':
	case '\\':
	case '^':
	case '`':
	case '{':
	case '|':
	case '}':
	case 0x7f: return true;
	default: return c <= ' ';
	}
}

static struct th_str
trim(struct th_str s)
{
	while (s.len > 0 && (unsigned char)s.s[0] <= ' ')
		drop(&s, 1);
	while (s.len > 0 && (unsigned char)s.s[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static bool
is_tidy(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (is_odd((unsigned char)s.s[i]))
			return false;
	return true;
}

void
th_percent(struct th_buf *ret, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	th_buf_addc(ret, '%');
	th_buf_addc(ret, hex[c >> 4]);
	th_buf_addc(ret, hex[c & 15]);
}

/*
 * Appends a reference as a browser would read it: tabs and line ends are
 * dropped, what no URL may contain is encoded.
 */
static enum th_status
add_tidy(struct th_str ref, struct th_buf *ret)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < ref.len; i++) {
		c = (unsigned char)ref.s[i];
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		if (is_odd(c))
			th_percent(ret, c);
		else
			th_buf_addc(ret, (char)c);
	}
	return ret->status;
}

static enum th_status
resolve_tidy(struct th_str base, struct th_str ref, struct th_buf *ret)
{
	struct th_url b, r;

	if (scheme_length(ref) > 0)
		return th_buf_add(ret, ref.s, ref.len);
	split(ref, &r);
	if (split(base, &b) != TH_OK || b.scheme.s == NULL ||
	    (b.host.s == NULL && !th_str_has_prefix(b.path, "/"))) {
		th_buf_add(ret, ref.s, ref.len);
		return ret->status != TH_OK ? ret->status : TH_EDATA;
	}
	th_buf_add(ret, b.scheme.s, b.scheme.len);
	th_buf_addc(ret, ':');
	if (r.host.s != NULL)
		return th_buf_add(ret, ref.s, ref.len);
	add_authority(ret, &b);
	if (r.path.len > 0)
		add_merged(ret, &b, r.path);
	else
		th_buf_add(ret, b.path.s, b.path.len);
	add_part(
	    ret, "?", r.path.len == 0 && r.query.s == NULL ? b.query : r.query);
	add_part(ret, "#", r.fragment);
	return ret->status;
}

enum th_status
th_url_resolve(struct th_str base, struct th_str ref, struct th_buf *ret)
{
	struct th_buf tidy;
	enum th_status st;

	ref = trim(ref);
	if (is_tidy(ref))
		return resolve_tidy(base, ref, ret);
	th_buf_init(&tidy, ret->max);
	st = add_tidy(ref, &tidy);
	if (st == TH_OK)
		st = resolve_tidy(base, th_buf_str(&tidy), ret);
	th_buf_release(&tidy);
	return st;
}

/* ---- questions ---- */

bool
th_url_is_http(struct th_str s)
{
	struct th_url url;

	if (th_url_parse(s, &url) != TH_OK || url.host.len == 0)
		return false;
	return th_str_iis(url.scheme, "http") ||
	       th_str_iis(url.scheme, "https");
}

enum th_status
th_url_page(struct th_str s, struct th_buf *ret)
{
	struct th_buf tidy;
	enum th_status st;

	if (th_url_is_http(s))
		return th_buf_add(ret, s.s, s.len);
	th_buf_init(&tidy, TH_LINE_MAX);
	st = th_url_resolve(TH_STR(""), s, &tidy);
	if (st != TH_ENOMEM)
		st = th_url_is_http(th_buf_str(&tidy))
			 ? th_buf_add(ret, tidy.data, tidy.len)
			 : TH_END;
	th_buf_release(&tidy);
	return st;
}

enum th_status
th_url_of_feed(struct th_str s, struct th_buf *ret)
{
	if (scheme_length(s) == 4 &&
	    th_str_iis((struct th_str){ s.s, 4 }, "feed")) {
		drop(&s, 5);
		if (th_str_has_prefix(s, "//"))
			th_buf_adds(ret, "http:");
	}
	return th_buf_add(ret, s.s, s.len);
}

bool
th_url_is_loopback(struct th_str s)
{
	struct th_url url;
	struct th_str host;
	size_t i, dots = 0;

	if (th_url_parse(s, &url) != TH_OK)
		return false;
	host = url.host;
	if (th_str_iis(host, "localhost") || th_str_is(host, "[::1]"))
		return true;
	if (!th_str_has_prefix(host, "127."))
		return false;
	for (i = 0; i < host.len; i++) {
		if (host.s[i] == '.')
			dots++;
		else if (!th_is_digit(host.s[i]))
			return false;
	}
	return dots == 3;
}

/* Drops all up to its last @; false: there is none. */
static bool
drop_user(struct th_str *s)
{
	size_t i;

	for (i = s->len; i > 0 && s->s[i - 1] != '@'; i--)
		continue;
	drop(s, i);
	return i > 0;
}

/*
 * A password with a /, ? or # in it, which ought to be encoded, ends the
 * authority early: what would be the port is a part of it.
 */
static bool
ends_in_password(struct th_str authority)
{
	struct th_url u = { 0 };

	return split_authority(authority, &u) != TH_OK && u.port.len > 0 &&
	       u.userinfo.s == NULL;
}

/* Works on anything, so that no secret slips out of a URL that is odd. */
enum th_status
th_url_mask(struct th_str s, struct th_buf *ret)
{
	struct th_str head, authority;
	size_t n = scheme_length(s);

	if (n > 0) {
		th_buf_add(ret, s.s, n + 1);
		drop(&s, n + 1);
	}
	if (th_str_has_prefix(s, "//")) {
		th_buf_adds(ret, "//");
		drop(&s, 2);
		head = s;
		authority = cut(&head, "/?#");
		if (ends_in_password(authority) && drop_user(&s))
			authority = cut(&s, "/?#");
		else
			s = head;
		drop_user(&authority);
		th_buf_add(ret, authority.s, authority.len);
	}
	head = cut(&s, "?#");
	return th_buf_add(ret, head.s, head.len);
}

char *
th_url_unescape(struct th_str s)
{
	char *ret = th_malloc(s.len + 1);
	size_t i, n = 0;

	for (i = 0; ret != NULL && i < s.len; i++)
		if (s.s[i] == '%' && i + 2 < s.len &&
		    th_hex_decode(
			(struct th_str){ s.s + i + 1, 2 }, &ret[n], 1)) {
			n++;
			i += 2;
		} else {
			ret[n++] = s.s[i];
		}
	if (ret != NULL)
		ret[n] = '\0';
	return ret;
}
