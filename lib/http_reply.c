/* http_reply -- what came back, and what it means for the caller */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define RETRY_MAX (7 * 86400) /* a server that says later means no later */

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
	for (i = 0; i < v.len && v.s[i] >= '0' && v.s[i] <= '9'; i++)
		if (at < RETRY_MAX)
			at = at * 10 + (v.s[i] - '0');
	if (i == v.len)
		at += now;
	else if (th_date_parse(v, &at) != TH_OK)
		return 0;
	if (at < now)
		return now;
	return at - now > RETRY_MAX ? now + RETRY_MAX : at;
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
	for (i = 1; i < 4 && p[i] >= '0' && p[i] <= '9'; i++)
		rep->code = rep->code * 10 + (p[i] - '0');
}

static enum th_status
add_header(struct th_reply *rep, struct th_str name, struct th_str value)
{
	struct th_header *h;

	h = th_realloc(rep->header, (rep->nheaders + 1) * sizeof(*h));
	if (h == NULL)
		return TH_ENOMEM;
	rep->header = h;
	h += rep->nheaders;
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

enum th_status
th_reply_status(const struct th_reply *rep, struct th_err *err)
{
	enum th_status st = meaning(rep->code);
	struct th_str line;

	if (st == TH_OK)
		return st;
	if (err != NULL)
		err->retry_at = rep->retry_at;
	if (rep->code == 0)
		return th_fail(err, st, "no answer");
	line = first_line(rep);
	return th_fail(err, st, "%s (%ld)%s%.*s", words(rep->code), rep->code,
	    line.len > 0 ? ": " : "", (int)line.len, line.s);
}
