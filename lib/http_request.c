/* http_request -- requests as data, built and shown without a network */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

void
th_request_init(struct th_request *req)
{
	*req = (struct th_request){ .method = "GET" };
	th_buf_init(&req->body, TH_REPLY_MAX);
	th_buf_init(&req->shown, TH_REPLY_MAX);
}

/* Whatever may have been a secret is wiped before its memory goes back. */
static void
wipe(char *s)
{
	volatile char *p = s;

	if (s == NULL)
		return;
	while (*p != '\0')
		*p++ = '\0';
	free(s);
}

void
th_request_release(struct th_request *req)
{
	size_t i;

	for (i = 0; i < req->nheaders; i++) {
		free(req->header[i].name);
		wipe(req->header[i].value);
	}
	if (req->nhidden > 0)
		th_wipe(req->body.data, req->body.len);
	for (i = 0; i < req->nhidden; i++)
		wipe(req->hidden[i].value);
	free(req->header);
	free(req->hidden);
	wipe(req->url);
	th_buf_release(&req->body);
	th_buf_release(&req->shown);
	*req = (struct th_request){ 0 };
}

/* No white space or control character may get into the request line. */
static bool
is_clean_url(struct th_str url)
{
	size_t i;

	for (i = 0; i < url.len; i++)
		if ((unsigned char)url.s[i] <= ' ' || url.s[i] == 0x7f)
			return false;
	return url.len > 0;
}

enum th_status
th_request_set(struct th_request *req, const char *method, struct th_str url)
{
	char *copy;

	if (!is_clean_url(url))
		return TH_EDATA;
	if ((copy = th_strndup(url.s, url.len)) == NULL)
		return TH_ENOMEM;
	wipe(req->url);
	req->url = copy;
	req->method = method;
	return TH_OK;
}

/* RFC 9110, section 5.6.2. */
static bool
is_token(const char *s)
{
	static const char chars[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *s != '\0' && s[strspn(s, chars)] == '\0';
}

static bool
is_value(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

/* The place of a header: that of its name, else a new one at the end. */
static struct th_header *
slot(struct th_request *req, const char *name)
{
	struct th_header *p;
	size_t i;

	for (i = 0; i < req->nheaders; i++)
		if (th_str_iis(th_str(req->header[i].name), name))
			return &req->header[i];
	p = th_realloc(req->header, (req->nheaders + 1) * sizeof(*p));
	if (p == NULL)
		return NULL;
	req->header = p;
	p += req->nheaders;
	*p = (struct th_header){ .name = th_strdup(name) };
	if (p->name == NULL)
		return NULL;
	req->nheaders++;
	return p;
}

/* Takes over value, also when it fails. */
static enum th_status
put(struct th_request *req, const char *name, char *value, bool secret)
{
	struct th_header *h;
	enum th_status st = TH_ENOMEM;

	if (value == NULL)
		return st;
	if (!is_token(name) || !is_value(value))
		st = TH_EDATA;
	else if ((h = slot(req, name)) != NULL) {
		wipe(h->value);
		h->value = value;
		h->secret = secret;
		return TH_OK;
	}
	wipe(value);
	return st;
}

enum th_status
th_request_header(struct th_request *req, const char *name, const char *value)
{
	return put(req, name, th_strdup(value), false);
}

enum th_status
th_request_secret(struct th_request *req, const char *name, const char *prefix,
    const struct th_secret *secret)
{
	size_t n = strlen(prefix), len = strlen(secret->value);
	char *value = th_malloc(n + len + 1);

	if (value != NULL) {
		memcpy(value, prefix, n);
		memcpy(value + n, secret->value, len + 1);
	}
	return put(req, name, value, true);
}

enum th_status
th_request_hide(struct th_request *req, const struct th_secret *secret)
{
	struct th_secret *p;

	if (secret->value[0] == '\0')
		return TH_OK;
	p = th_realloc(req->hidden, (req->nhidden + 1) * sizeof(*p));
	if (p == NULL)
		return TH_ENOMEM;
	req->hidden = p;
	p[req->nhidden].value = th_strdup(secret->value);
	if (p[req->nhidden].value == NULL)
		return TH_ENOMEM;
	req->nhidden++;
	return TH_OK;
}

/* ---- showing ---- */

/* Length of the hidden text that starts here, 0 for none. */
static size_t
hidden_at(const struct th_request *req, struct th_str s)
{
	size_t i, len, longest = 0;

	for (i = 0; i < req->nhidden; i++) {
		len = strlen(req->hidden[i].value);
		if (len > longest && len <= s.len &&
		    memcmp(s.s, req->hidden[i].value, len) == 0)
			longest = len;
	}
	return longest;
}

static void
show_masked(const struct th_request *req, struct th_str s, struct th_buf *ret)
{
	size_t i, n, from = 0;

	for (i = 0; req->nhidden > 0 && i < s.len;) {
		n = hidden_at(req, (struct th_str){ s.s + i, s.len - i });
		if (n == 0) {
			i++;
			continue;
		}
		th_buf_add(ret, s.s + from, i - from);
		th_buf_adds(ret, "***");
		from = i += n;
	}
	if (s.len > from)
		th_buf_add(ret, s.s + from, s.len - from);
}

/* name=value&name=value with every value masked. */
static void
show_query(const struct th_request *req, struct th_str q, struct th_buf *ret)
{
	const char *p = q.s, *end = q.s + q.len, *amp, *eq;

	for (;;) {
		amp = memchr(p, '&', (size_t)(end - p));
		if (amp == NULL)
			amp = end;
		eq = memchr(p, '=', (size_t)(amp - p));
		if (eq != NULL)
			show_masked(
			    req, (struct th_str){ p, (size_t)(eq - p) }, ret);
		th_buf_adds(ret, eq != NULL ? "=***" : "***");
		if (amp == end)
			return;
		th_buf_addc(ret, '&');
		p = amp + 1;
	}
}

static void
show_url(const struct th_request *req, struct th_buf *ret)
{
	struct th_url url;

	if (req->url == NULL || th_url_parse(th_str(req->url), &url) != TH_OK)
		return;
	th_buf_add(ret, url.scheme.s, url.scheme.len);
	th_buf_adds(ret, url.userinfo.s != NULL ? "://***@" : "://");
	th_buf_add(ret, url.host.s, url.host.len);
	if (url.port.len > 0) {
		th_buf_addc(ret, ':');
		th_buf_add(ret, url.port.s, url.port.len);
	}
	show_masked(req, url.path, ret);
	if (url.query.s != NULL) {
		th_buf_addc(ret, '?');
		show_query(req, url.query, ret);
	}
}

/* Of a header the secret is what stands behind "Bearer " and its like. */
void
th_request_mask(const struct th_request *req, struct th_reply *rep)
{
	const char *value, *space;
	size_t i;

	for (i = 0; i < req->nhidden; i++)
		th_reply_mask(rep, th_str(req->hidden[i].value));
	for (i = 0; i < req->nheaders; i++) {
		if (!req->header[i].secret)
			continue;
		value = req->header[i].value;
		space = strchr(value, ' ');
		th_reply_mask(rep, th_str(space != NULL ? space + 1 : value));
	}
}

enum th_status
th_request_show(const struct th_request *req, struct th_buf *ret)
{
	size_t i;

	th_buf_adds(ret, req->method);
	th_buf_addc(ret, ' ');
	show_url(req, ret);
	th_buf_addc(ret, '\n');
	for (i = 0; i < req->nheaders; i++) {
		th_buf_adds(ret, req->header[i].name);
		th_buf_adds(ret, ": ");
		if (req->header[i].secret)
			th_buf_adds(ret, "***");
		else
			show_masked(req, th_str(req->header[i].value), ret);
		th_buf_addc(ret, '\n');
	}
	th_buf_addc(ret, '\n');
	if (req->has_body) {
		show_masked(req,
		    th_buf_str(req->shown.len > 0 ? &req->shown : &req->body),
		    ret);
		th_buf_addc(ret, '\n');
	}
	return ret->status;
}
