/* http_reply -- what came back, and what it means for the caller */
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "priv.h"

#define MENTION_MAX 16384 /* errors that are longer are pages */

#define WEEK (7 * 86400) /* whatever a server says, no longer than that */

void
th_reply_release(struct th_reply *rep)
{
	size_t i;

	for (i = 0; i < rep->nheaders; i++) {
		free(rep->header[i].name);
		free(rep->header[i].value);
	}
	free(rep->header);
	free(rep->url);
	free(rep->moved);
	th_buf_release(&rep->body);
	*rep = (struct th_reply){ 0 };
}

const char *
th_reply_header(const struct th_reply *rep, const char *name)
{
	size_t i;

	for (i = rep->nheaders; i > 0; i--)
		if (th_str_iis(th_str(rep->header[i - 1].name), name))
			return rep->header[i - 1].value;
	return NULL;
}

int64_t
th_retry_after(struct th_str value, int64_t now)
{
	struct th_str v = th_str_trim(value);
	int64_t at = 0;
	size_t i;

	if (v.len == 0)
		return 0;
	for (i = 0; i < v.len && th_is_digit(v.s[i]); i++)
		if (at < WEEK)
			at = at * 10 + (v.s[i] - '0');
	if (i == v.len)
		at += now;
	else if (th_date_parse(v, &at) != TH_OK)
		return 0;
	if (at < now)
		return now;
	return at - now > WEEK ? now + WEEK : at;
}

/* "HTTP/1.1 200 OK": what came before (100, a proxy's) counts no more. */
static void
start_anew(struct th_reply *rep, struct th_str line)
{
	const char *p = memchr(line.s, ' ', line.len);
	size_t i;

	for (i = 0; i < rep->nheaders; i++) {
		free(rep->header[i].name);
		free(rep->header[i].value);
	}
	rep->nheaders = 0;
	rep->retry_at = 0;
	rep->code = 0;
	if (p == NULL || line.s + line.len - p < 4)
		return;
	for (i = 1; i < 4 && th_is_digit(p[i]); i++)
		rep->code = rep->code * 10 + (p[i] - '0');
}

static enum th_status
add_header(struct th_reply *rep, struct th_str name, struct th_str value)
{
	struct th_header *h = rep->header;
	size_t n = rep->nheaders;

	/* Room is doubled at every power of two. */
	if ((n & (n - 1)) == 0) {
		h = th_realloc(h, (n > 0 ? n * 2 : 1) * sizeof(*h));
		if (h == NULL)
			return TH_ENOMEM;
		rep->header = h;
	}
	h += n;
	*h = (struct th_header){ .name = th_strndup(name.s, name.len),
		.value = th_strndup(value.s, value.len) };
	if (h->name == NULL || h->value == NULL) {
		free(h->name);
		free(h->value);
		return TH_ENOMEM;
	}
	rep->nheaders++;
	if (th_str_iis(name, "Retry-After"))
		rep->retry_at = th_retry_after(value, th_now());
	return TH_OK;
}

enum th_status
th_reply_line(struct th_reply *rep, struct th_str line)
{
	const char *colon;
	struct th_str name, value;

	line = th_str_trim(line);
	if (line.len == 0)
		return TH_OK;
	if (th_str_has_prefix(line, "HTTP/")) {
		start_anew(rep, line);
		return TH_OK;
	}
	colon = memchr(line.s, ':', line.len);
	if (colon == NULL || colon == line.s)
		return TH_OK;
	name = (struct th_str){ line.s, (size_t)(colon - line.s) };
	value = (struct th_str){ colon + 1, line.len - name.len - 1 };
	return add_header(rep, th_str_trim(name), th_str_trim(value));
}

/* ---- Cache-Control and Link ---- */

/* A number at the start, cut at a week. */
static int64_t
seconds(struct th_str s)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s.len && th_is_digit(s.s[i]); i++)
		if (n < WEEK)
			n = n * 10 + (s.s[i] - '0');
	return n > WEEK ? WEEK : n;
}

/* Cuts the next of a list at commas that are in no quotes and no <>. */
static bool
next_of_list(struct th_str *rest, char comma, struct th_str *ret)
{
	bool quoted = false, angle = false;
	size_t i;

	if (rest->len == 0)
		return false;
	for (i = 0; i < rest->len; i++) {
		if (rest->s[i] == comma && !quoted && !angle)
			break;
		if (rest->s[i] == '"')
			quoted = !quoted;
		else if (!quoted && rest->s[i] == '<')
			angle = true;
		else if (rest->s[i] == '>')
			angle = false;
	}
	*ret = th_str_trim((struct th_str){ rest->s, i });
	if (i < rest->len)
		i++;
	rest->s += i;
	rest->len -= i;
	return true;
}

/* "name=value" or "name", the value without quotes. */
static bool
is_param(struct th_str s, const char *name, struct th_str *value)
{
	const char *eq = memchr(s.s, '=', s.len);
	struct th_str key = { s.s, eq != NULL ? (size_t)(eq - s.s) : s.len };

	if (!th_str_iis(th_str_trim(key), name))
		return false;
	*value = (struct th_str){ "", 0 };
	if (eq != NULL)
		*value =
		    th_str_trim((struct th_str){ eq + 1, s.len - key.len - 1 });
	if (value->len >= 2 && value->s[0] == '"') {
		value->s++;
		value->len -= 2;
	}
	return true;
}

int64_t
th_reply_max_age(const struct th_reply *rep)
{
	const char *passed = th_reply_header(rep, "Age");
	struct th_str rest, one, value;
	int64_t age = -1;
	size_t i;

	for (i = 0; i < rep->nheaders; i++) {
		if (!th_str_iis(th_str(rep->header[i].name), "Cache-Control"))
			continue;
		rest = th_str(rep->header[i].value);
		while (next_of_list(&rest, ',', &one)) {
			if (is_param(one, "no-cache", &value) ||
			    is_param(one, "no-store", &value))
				return 0;
			if (is_param(one, "max-age", &value))
				age = seconds(value);
		}
	}
	if (age > 0 && passed != NULL)
		age -= seconds(th_str_trim(th_str(passed)));
	return age < -1 ? 0 : age;
}

/* Is the word in the list with blanks between? */
static bool
rel_has(struct th_str rel, const char *word)
{
	size_t i, start;

	for (i = 0; i < rel.len; i++) {
		start = i;
		while (i < rel.len && (unsigned char)rel.s[i] > ' ')
			i++;
		if (th_str_iis(
			(struct th_str){ rel.s + start, i - start }, word))
			return true;
	}
	return false;
}

int
th_feed_rank(struct th_str rel, struct th_str type)
{
	static const struct {
		const char *type;
		int rank;
	} types[] = {
		{ "application/rss+xml", 3 },
		{ "application/atom+xml", 3 },
		{ "application/rdf+xml", 3 },
		{ "application/feed+json", 3 },
		{ "text/xml", 1 },
		{ "application/xml", 1 },
		{ "application/json", 1 },
	};
	const char *end = memchr(type.s, ';', type.len);
	bool feed = rel_has(rel, "feed");
	size_t i;

	if (!feed && !rel_has(rel, "alternate"))
		return 0;
	if (end != NULL)
		type.len = (size_t)(end - type.s);
	type = th_str_trim(type);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (th_str_iis(type, types[i].type))
			return types[i].rank;
	return feed ? 2 : 0;
}

/* <URL>; rel="alternate"; type="application/rss+xml" */
static bool
is_feed_link(struct th_str link, struct th_str *url)
{
	struct th_str one, value, rel = TH_STR(""), type = TH_STR("");

	if (!next_of_list(&link, ';', url) || url->len < 2 ||
	    url->s[0] != '<' || url->s[url->len - 1] != '>')
		return false;
	*url = (struct th_str){ url->s + 1, url->len - 2 };
	while (next_of_list(&link, ';', &one))
		if (is_param(one, "rel", &value))
			rel = value;
		else if (is_param(one, "type", &value))
			type = value;
	return th_feed_rank(rel, type) > 1; /* an API's JSON is none */
}

enum th_status
th_reply_feed_link(const struct th_reply *rep, struct th_buf *ret)
{
	struct th_str rest, link, url;
	size_t i;

	for (i = 0; i < rep->nheaders; i++) {
		if (!th_str_iis(th_str(rep->header[i].name), "Link"))
			continue;
		rest = th_str(rep->header[i].value);
		while (next_of_list(&rest, ',', &link))
			if (is_feed_link(link, &url))
				return th_url_resolve(
				    th_str(rep->url), url, ret);
	}
	return TH_END;
}

bool
th_reply_is_page(const struct th_reply *rep)
{
	struct th_str body = th_str_trim(th_buf_str(&rep->body));

	return body.len > 0 && body.s[0] == '<';
}

int64_t
th_reply_number(const struct th_reply *rep, const char *name, int64_t otherwise)
{
	const char *value = th_reply_header(rep, name);
	int64_t n;

	if (value == NULL ||
	    th_int_parse(th_str_trim(th_str(value)), &n) != TH_OK)
		return otherwise;
	return n;
}

bool
th_reply_mentions(const struct th_reply *rep, const char *word)
{
	struct th_str body = th_buf_str(&rep->body);
	size_t i, n = strlen(word);

	for (i = 0; i + n <= body.len && i < MENTION_MAX; i++)
		if (th_str_iis((struct th_str){ body.s + i, n }, word))
			return true;
	return false;
}

/* ---- secrets in what a service says ---- */

#define SECRET_MIN 4 /* what is shorter stands in any text */

static void
mask(char *text, size_t len, struct th_str what)
{
	size_t i = 0;

	while (i + what.len <= len) {
		if (memcmp(text + i, what.s, what.len) != 0) {
			i++;
			continue;
		}
		memset(text + i, '*', what.len);
		i += what.len;
	}
}

static void
mask_all(struct th_reply *rep, struct th_str what)
{
	size_t i;

	if (what.len < SECRET_MIN)
		return;
	mask(rep->body.data, rep->body.len, what);
	for (i = 0; i < rep->nheaders; i++)
		mask(rep->header[i].value, strlen(rep->header[i].value), what);
}

void
th_reply_mask(struct th_reply *rep, struct th_str secret)
{
	struct th_buf escaped;

	mask_all(rep, secret);
	th_buf_init(&escaped, 3 * secret.len + 1);
	if (th_text_urlencode(secret, &escaped) == TH_OK)
		mask_all(rep, th_buf_str(&escaped));
	else /* no memory to look for it: nothing is shown */
		th_buf_clear(&rep->body);
	th_wipe(escaped.data, escaped.cap);
	th_buf_release(&escaped);
}

/* ---- the one mapping ---- */

static const struct {
	long code;
	const char *words;
} codes[] = {
	{ 400, "the service does not understand the request" },
	{ 401, "not logged in" },
	{ 402, "payment required" },
	{ 403, "forbidden" },
	{ 404, "not found" },
	{ 405, "method not allowed" },
	{ 406, "no acceptable form" },
	{ 407, "not logged in at the proxy" },
	{ 408, "the service waited too long" },
	{ 409, "conflict" },
	{ 410, "gone" },
	{ 413, "too large" },
	{ 415, "unsupported media type" },
	{ 422, "cannot be processed" },
	{ 425, "too early" },
	{ 429, "too many requests" },
	{ 451, "unavailable for legal reasons" },
	{ 500, "internal error of the service" },
	{ 502, "bad gateway" },
	{ 503, "service unavailable" },
	{ 504, "gateway timed out" },
};

static const char *
words(long code)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].words;
	return code / 100 == 3 ? "redirected" : "refused";
}

static enum th_status
meaning(long code)
{
	if (code / 100 == 2)
		return TH_OK;
	if (code == 401)
		return TH_EAUTH;
	if (code == 407) /* the service has not heard of it */
		return TH_EUNAVAIL;
	if (code == 408 || code == 425 || code == 429 || code >= 500)
		return TH_EAGAIN;
	return code / 100 == 4 ? TH_EREFUSED : TH_EUNAVAIL;
}

/* The first line of a reply that is text for people, not a page. */
static struct th_str
first_line(const struct th_reply *rep)
{
	struct th_str s = th_str_trim(th_buf_str(&rep->body));
	size_t n = 0;

	if (s.len == 0 || s.s[0] == '<')
		return (struct th_str){ "", 0 };
	while (n < s.len && n < 200 && s.s[n] != '\n' && s.s[n] != '\r')
		n++;
	s.len = n;
	s.len = th_utf8_valid(s);
	return s;
}

/* "119.5" in thousandths, up to a year 5138 in them; -1: no number. */
static int64_t
thousandths(struct th_str s)
{
	int64_t n = 0, scale = 1000;
	size_t i = 0;

	if (s.len == 0 || s.s[0] < '0' || s.s[0] > '9')
		return -1;
	for (; i < s.len && th_is_digit(s.s[i]); i++)
		if (n < (int64_t)1 << 50)
			n = n * 10 + (s.s[i] - '0') * 1000;
	if (i < s.len && s.s[i] == '.')
		for (i++; i < s.len && th_is_digit(s.s[i]); i++)
			n += (s.s[i] - '0') * (scale /= 10);
	return i == s.len ? n : -1;
}

/* When a header of a limit says it ends; 0: it does not. */
static int64_t
reset_of(struct th_str value, bool ms, int64_t now)
{
	const int64_t epoch = (int64_t)1000000000;
	int64_t n = thousandths(value), at;

	if (n == -1)
		return th_date_parse_rfc3339(value, &at) == TH_OK ? at : 0;
	if (ms || n / 1000 >= 1000 * epoch)
		n /= 1000;
	at = n / 1000 + (n % 1000 > 0);
	return at >= epoch ? at : now + at;
}

/*
 * Retry-After, else what services without it send with 429 and 503: seconds or
 * milliseconds from now, or a date.  What is past, or no time at all, is none;
 * a week is the most.
 */
static int64_t
retry_of(const struct th_reply *rep, int64_t now)
{
	static const struct {
		const char *name;
		bool ms;
	} known[] = {
		{ "Retry-After", false },
		{ "Retry-After-Ms", true },
		{ "X-Ms-Retry-After-Ms", true },
		{ "X-RateLimit-Reset-After", false },
		{ "X-Rate-Limit-Reset", false },
		{ "X-RateLimit-Reset", false },
		{ "RateLimit-Reset", false },
	};
	const char *value;
	int64_t at;
	size_t i;

	if (rep->retry_at != 0 || (rep->code != 429 && rep->code != 503))
		return rep->retry_at;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if ((value = th_reply_header(rep, known[i].name)) == NULL)
			continue;
		at = reset_of(th_str(value), known[i].ms, now);
		if (at > now)
			return at < now + WEEK ? at : now + WEEK;
	}
	return 0;
}

enum th_status
th_reply_status(const struct th_reply *rep, struct th_err *err)
{
	enum th_status st = meaning(rep->code);
	struct th_str line;

	if (st == TH_OK)
		return st;
	if (err != NULL)
		err->retry_at = retry_of(rep, th_now());
	if (rep->code == 0)
		return th_fail(err, st, "no answer");
	line = first_line(rep);
	return th_fail(err, st, "%s (%ld)%s%.*s", words(rep->code), rep->code,
	    line.len > 0 ? ": " : "", (int)line.len, line.s);
}
