/*
 * webhook -- items out to any address, as JSON or as a template makes them
 *
 * Signed as Standard Webhooks and GitHub do when there is a secret.  The id of
 * a request is the same in each attempt, so a receiver can tell a repetition.
 */
#include <string.h>

#include "trigger.h"

static const struct th_param params[] = {
	{ "url", TH_URL, TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST, "URL",
	    "where to send", 0 },
	{ "method", TH_CHOICE, TH_P_PUBLISH, "POST|PUT|PATCH|DELETE|GET",
	    "HTTP method (default POST; GET has no body)", 0 },
	{ "header", TH_REPEAT, TH_P_PUBLISH, "'NAME: VALUE'",
	    "add a header; may be repeated", 0 },
	{ "body", TH_TEMPLATE, TH_P_PUBLISH, "TEMPLATE",
	    "send this instead of the item; values are escaped when it is JSON",
	    0 },
	{ "envelope", TH_FLAG, TH_P_PUBLISH, NULL,
	    "wrap the item as Standard Webhooks asks: type, timestamp, data",
	    0 },
	{ "secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "SECRET",
	    "signs each request; whsec_... is Base64", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "TOKEN",
	    "sent as Authorization: Bearer", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 }
};

static enum th_status
quote_json(struct th_str s, struct th_buf *ret)
{
	return th_json_escape(ret, s);
}

/* A template of JSON begins like JSON ("{{" is how a brace is written). */
static bool
is_json_template(const char *body)
{
	struct th_str s = th_str_trim(th_str(body));

	return th_str_has_prefix(s, "{{") || th_str_has_prefix(s, "[{{") ||
	       th_str_has_prefix(s, "[\"");
}

static enum th_status
fill_body(struct th_session *ses, const struct th_delivery *d,
    const char *source, bool json, struct th_buf *ret)
{
	struct th_err *err = th_session_err(ses);
	struct th_template *t;
	struct th_value v;
	enum th_status st;

	if ((st = th_template_new(source, &t, err)) != TH_OK)
		return st;
	st = th_template_expand(t, d->item, json ? quote_json : NULL, ret, err);
	th_template_free(t);
	if (st == TH_OK && json && th_json_parse(th_buf_str(ret), &v, err))
		st = th_session_fail(
		    ses, TH_EREFUSED, "the filled body is no JSON");
	return st;
}

static enum th_status
wrap(const struct th_item *it, struct th_buf *ret)
{
	char date[TH_DATE_SIZE];
	int64_t t;

	if (th_item_date(it, &t) != TH_OK)
		t = th_now();
	if (th_date_format(t, date) != TH_OK)
		return TH_EBUG;
	th_json_open(ret, '{');
	th_json_member(ret, "type", TH_STR("item.published"));
	th_json_member(ret, "timestamp", th_str(date));
	th_json_key(ret, "data");
	th_item_line(it, ret);
	return th_json_close(ret, '}');
}

/* The body and its type: --body, --text, or the item. */
static enum th_status
add_body(struct th_session *ses, struct th_delivery *d)
{
	const struct th_opts *opts = th_session_opts(ses);
	const char *body = th_opt(opts, "body");
	struct th_buf *b = &d->request.body;
	enum th_status st;
	bool json = true;

	if (body != NULL) {
		json = is_json_template(body);
		st = fill_body(ses, d, body, json, b);
	} else if (d->text.s != NULL) {
		json = false;
		st = th_buf_add(b, d->text.s, d->text.len);
	} else if (th_opt_flag(opts, "envelope")) {
		st = wrap(d->item, b);
	} else {
		st = th_item_line(d->item, b);
	}
	if (st != TH_OK)
		return st;
	d->request.has_body = true;
	return th_request_header(&d->request, "Content-Type",
	    json ? "application/json" : "text/plain; charset=utf-8");
}

/* Names that promise a secret: their values are masked in a dry run. */
static bool
is_secret_name(const char *name)
{
	static const char *const word[] = { "auth", "key", "token", "secret",
		"cookie", "password", "signature" };
	size_t i, j, len;

	for (i = 0; i < sizeof(word) / sizeof(*word); i++) {
		len = strlen(word[i]);
		for (j = 0; name[j] != '\0'; j++)
			if (strlen(name + j) >= len &&
			    th_str_iis(
				(struct th_str){ name + j, len }, word[i]))
				return true;
	}
	return false;
}

/* How long a body is says the body itself. */
static bool
is_framing(const char *name)
{
	return th_str_iis(th_str(name), "content-length") ||
	       th_str_iis(th_str(name), "transfer-encoding");
}

static enum th_status
add_header(struct th_request *req, const char *line, struct th_err *err)
{
	const char *colon = strchr(line, ':');
	struct th_secret value = { 0 };
	enum th_status st = TH_EDATA;
	struct th_str s;
	char *name = NULL;

	if (colon == NULL || colon == line)
		return th_fail(err, TH_EUSAGE,
		    "--header is NAME: VALUE, and this has no colon");
	s = th_str_trim(th_str(colon + 1));
	name = th_strndup(line, (size_t)(colon - line));
	value.value = th_strndup(s.s, s.len);
	if (name == NULL || value.value == NULL)
		st = TH_ENOMEM;
	else if (is_framing(name))
		st = th_fail(
		    err, TH_EUSAGE, "--header: %s is not yours to set", name);
	else if (is_secret_name(name))
		st = th_request_secret(req, name, "", &value);
	else
		st = th_request_header(req, name, value.value);
	if (st == TH_EDATA)
		st = th_fail(
		    err, TH_EUSAGE, "--header: not allowed in HTTP: %s", name);
	th_secret_release(&value);
	th_secret_release(&(struct th_secret){ name });
	return st;
}

static enum th_status
add_headers(
    struct th_request *req, const struct th_opts *opts, struct th_err *err)
{
	enum th_status st = TH_OK;
	size_t i;

	for (i = 0; st == TH_OK && i < th_opt_count(opts, "header"); i++)
		st = add_header(req, th_opt_nth(opts, "header", i), err);
	return st;
}

/* whsec_ is Base64 of the key; any other secret is the key. */
static enum th_status
signing_key(struct th_session *ses, struct th_str secret, struct th_buf *ret)
{
	enum th_status st;

	if (!th_str_has_prefix(secret, "whsec_"))
		return th_buf_add(ret, secret.s, secret.len);
	secret.s += 6;
	secret.len -= 6;
	st = th_base64_decode(secret, ret);
	if (st == TH_EDATA || (st == TH_OK && ret->len == 0))
		st = th_session_fail(ses, TH_ECONFIG,
		    "account webhook:%s: secret begins with whsec_ but is no "
		    "Base64",
		    th_session_account(ses));
	return st;
}

static enum th_status
add_signature(struct th_request *req, const char *name, const char *prefix,
    struct th_buf *value)
{
	struct th_secret s = { value->data };

	if (value->status != TH_OK)
		return value->status;
	return th_request_secret(req, name, prefix, &s);
}

/* Over "ID.TIMESTAMP.BODY", and beside it GitHub's over the body alone. */
static enum th_status
sign(struct th_session *ses, struct th_delivery *d, struct th_str secret,
    int64_t now)
{
	unsigned char sum[TH_SHA256_SIZE];
	struct th_buf b, key;
	enum th_status st;

	th_buf_init(&b, 2 * TH_REPLY_MAX);
	th_buf_init(&key, 65536);
	if ((st = signing_key(ses, secret, &key)) != TH_OK)
		goto out;
	th_buf_addf(&b, "%jd", (intmax_t)now);
	if ((st = b.status) != TH_OK ||
	    (st = th_request_header(
		 &d->request, "webhook-timestamp", b.data)) != TH_OK)
		goto out;
	th_buf_clear(&b);
	th_buf_add(&b, d->key.s, d->key.len);
	th_buf_addf(&b, ".%jd.", (intmax_t)now);
	th_buf_add(&b, d->request.body.data, d->request.body.len);
	if ((st = b.status) != TH_OK)
		goto out;
	th_hmac_sha256(th_buf_str(&key), th_buf_str(&b), sum);
	th_buf_clear(&b);
	th_base64_encode(
	    (struct th_str){ (char *)sum, sizeof(sum) }, TH_BASE64, &b);
	st = add_signature(&d->request, "webhook-signature", "v1,", &b);
	if (st != TH_OK)
		goto out;
	th_hmac_sha256(secret, th_buf_str(&d->request.body), sum);
	th_buf_clear(&b);
	th_hex_encode((struct th_str){ (char *)sum, sizeof(sum) }, &b);
	st = add_signature(&d->request, "X-Hub-Signature-256", "sha256=", &b);
out:
	th_buf_wipe(&key);
	th_buf_release(&b);
	return st;
}

static enum th_status
add_secrets(struct th_session *ses, struct th_delivery *d, int64_t now)
{
	struct th_secret s = { 0 };
	enum th_status st = TH_OK;

	if (th_session_has(ses, "token")) {
		if ((st = th_session_secret(ses, "token", &s)) == TH_OK)
			st = th_request_secret(
			    &d->request, "Authorization", "Bearer ", &s);
		th_secret_release(&s);
	}
	if (st == TH_OK && th_session_has(ses, "secret")) {
		if ((st = th_session_secret(ses, "secret", &s)) == TH_OK)
			st = sign(ses, d, th_str(s.value), now);
		th_secret_release(&s);
	}
	return st;
}

static enum th_status
make_request(struct th_session *ses, struct th_delivery *d, int64_t now)
{
	const struct th_opts *opts = th_session_opts(ses);
	const char *method = th_opt(opts, "method");
	struct th_buf id;
	enum th_status st;

	if (method == NULL)
		method = "POST";
	st = th_request_set(&d->request, method, th_str(th_opt(opts, "url")));
	if (st == TH_OK && strcmp(method, "GET") != 0)
		st = add_body(ses, d);
	th_buf_init(&id, 1024);
	if (st == TH_OK)
		st = th_buf_add(&id, d->key.s, d->key.len);
	if (st == TH_OK)
		st = th_request_header(&d->request, "webhook-id", id.data);
	th_buf_release(&id);
	if (st == TH_OK)
		st = add_headers(&d->request, opts, th_session_err(ses));
	if (st == TH_OK)
		st = add_secrets(ses, d, now);
	d->request.follow = false;
	d->request.by_status = true;
	/* webhook-id is for receivers that look at it; many do not. */
	d->request.idempotent = strcmp(method, "PUT") == 0 ||
				strcmp(method, "DELETE") == 0 ||
				strcmp(method, "GET") == 0;
	return st;
}

/* What it made of the item, where it says so. */
static enum th_status
read_reply(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *reply)
{
	const char *place = th_reply_header(reply, "Location");

	if (reply->code >= 300 && reply->code < 400)
		return th_session_fail(ses, TH_EAGAIN,
		    "redirected (%ld), and webhooks follow no redirects; give "
		    "the new address",
		    reply->code);
	if (reply->code < 200 || reply->code > 299)
		return th_reply_status(reply, th_session_err(ses));
	if (reply->code == 201 && place != NULL &&
	    th_url_is_http(th_str(place)) &&
	    (d->receipt.url = th_strdup(place)) == NULL)
		return TH_ENOMEM;
	return TH_END;
}

static enum th_status
webhook_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *reply)
{
	if (reply != NULL)
		return read_reply(ses, d, reply);
	/* The address was given by hand; only a token needs to be kept. */
	if (!th_session_has(ses, "token"))
		th_session_http_options(ses)->allow_http = true;
	return make_request(ses, d, th_now());
}

static enum th_status
webhook_check(const struct th_opts *opts, struct th_err *err)
{
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	st = add_headers(&req, opts, err);
	th_request_release(&req);
	return st;
}

const struct th_service th_service_webhook = {
	.name = "webhook",
	.summary = "any address that takes items as JSON",
	.auth = TH_AUTH_TOKEN,
	.params = params,
	.publish = webhook_publish,
	.check = webhook_check,
	.apart = true,
};
