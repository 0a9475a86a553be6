/* session -- a service at work: its account, options, words and connections */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define CACHE_NAME_MAX 1024

struct th_session {
	const struct th_service *service;
	const struct th_config *config;
	struct th_account *account;
	const struct th_opts *opts;
	th_say *say;
	void *say_ctx;
	struct th_err err;
	struct th_http_options http_options;
	struct th_http *http; /* these three are made when first needed */
	struct th_store *store;
	struct th_state *cache;
	bool cache_written; /* it was opened to be written, too */
};

static bool
is_insecure(const struct th_session *s)
{
	const char *v = th_session_setting(s, "insecure");

	return v != NULL && (strcmp(v, "true") == 0 || strcmp(v, "yes") == 0);
}

static void
mask(void *ctx, struct th_reply *rep)
{
	const struct th_session *s = ctx;

	if (s->account != NULL)
		th_account_mask(s->account, rep);
}

struct th_session *
th_session_new(const struct th_service *service, const struct th_config *config,
    struct th_account *take_account, const struct th_opts *opts, th_say *say,
    void *say_ctx)
{
	struct th_session *s = th_calloc(1, sizeof(*s));

	if (s == NULL) {
		th_account_free(take_account);
		return NULL;
	}
	s->service = service;
	s->config = config;
	s->account = take_account;
	s->opts = opts;
	s->say = say;
	s->say_ctx = say_ctx;
	s->http_options.ca_file = th_session_setting(s, "ca_file");
	s->http_options.proxy = th_session_setting(s, "proxy");
	s->http_options.allow_http = is_insecure(s);
	s->http_options.mask = mask;
	s->http_options.mask_ctx = s;
	return s;
}

static void
close_cache(struct th_session *s)
{
	th_state_free(s->cache);
	th_store_close(s->store);
	s->cache = NULL;
	s->store = NULL;
}

void
th_session_free(struct th_session *s)
{
	if (s == NULL)
		return;
	th_http_free(s->http);
	close_cache(s);
	th_account_free(s->account);
	free(s);
}

enum th_status
th_session_fail(struct th_session *s, enum th_status st, const char *fmt, ...)
{
	char text[sizeof(s->err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return th_fail(&s->err, st, "%s", text);
}

struct th_err *
th_session_err(struct th_session *s)
{
	return &s->err;
}

void
th_session_say(
    struct th_session *s, int level, enum th_status st, const char *fmt, ...)
{
	struct th_err text = { 0 };
	char raw[sizeof(text.text)];
	va_list ap;

	if (s->say == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	th_fail(&text, st, "%s", raw);
	s->say(s->say_ctx, level, st, text.text);
}

const struct th_opts *
th_session_opts(const struct th_session *s)
{
	return s->opts;
}

const char *
th_session_setting(const struct th_session *s, const char *key)
{
	return s->account != NULL ? th_account_get(s->account, key) : NULL;
}

const char *
th_session_account(const struct th_session *s)
{
	return s->account != NULL ? th_account_name(s->account) : "default";
}

const struct th_service *
th_session_service(const struct th_session *s)
{
	return s->service;
}

bool
th_session_has(const struct th_session *s, const char *key)
{
	return s->account != NULL && th_account_has(s->account, key);
}

bool
th_session_logged_in(const struct th_session *s)
{
	return s->account != NULL && th_account_logged_in(s->account);
}

enum th_status
th_session_reload(struct th_session *s)
{
	return s->account == NULL ? TH_OK
				  : th_account_reload(s->account, &s->err);
}

enum th_status
th_session_fingerprint(
    struct th_session *s, const char *key, struct th_buf *ret)
{
	return th_account_fingerprint(s->account, key, ret, &s->err);
}

/* Nobody gives out such a one: it is a command's colour or a file's end. */
static enum th_status
check_secret(
    struct th_session *s, const char *key, const struct th_secret *secret)
{
	const char *p;

	for (p = secret->value; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return th_session_fail(s, TH_ECONFIG,
			    "account %s:%s: %s has a control character in it",
			    s->service->name, th_session_account(s), key);
	return TH_OK;
}

enum th_status
th_session_secret(struct th_session *s, const char *key, struct th_secret *ret)
{
	enum th_status st = TH_END;

	if (s->account == NULL)
		return th_session_fail(
		    s, TH_ECONFIG, "%s: no account", s->service->name);
	st = th_account_secret(s->account, key, ret, &s->err);
	if (st == TH_END)
		st = th_account_missing(s->account, key, &s->err);
	if (st == TH_OK && (st = check_secret(s, key, ret)) != TH_OK)
		th_secret_release(ret);
	return st;
}

/* Which sentence a retired service has for want of an address. */
static enum th_status
no_base_url(struct th_session *s)
{
	if (s->service->closed != NULL)
		return th_session_fail(s, TH_ECONFIG,
		    "%s closed %s; set base_url of account %s to a server "
		    "that speaks its protocol",
		    s->service->name, s->service->closed,
		    th_session_account(s));
	return th_session_fail(s, TH_ECONFIG,
	    "account %s:%s has no base_url in %s", s->service->name,
	    th_session_account(s),
	    s->config != NULL ? s->config->name : "config.yaml");
}

enum th_status
th_session_guard(struct th_session *s, const char *key, struct th_str url)
{
	struct th_url u;

	if (!th_url_is_http(url))
		return th_session_fail(s, TH_ECONFIG,
		    "account %s:%s: %s is not an http or https URL",
		    s->service->name, th_session_account(s), key);
	if (th_url_parse(url, &u) == TH_OK && th_str_iis(u.scheme, "http") &&
	    !th_url_is_loopback(url) && !is_insecure(s))
		return th_session_fail(s, TH_ECONFIG,
		    "account %s:%s: %s is plain http, which anyone on the way "
		    "can read; use https or say insecure: true",
		    s->service->name, th_session_account(s), key);
	return TH_OK;
}

enum th_status
th_session_url(struct th_session *s, const char *otherwise, const char *path,
    struct th_buf *ret)
{
	const char *base = th_session_setting(s, "base_url");
	struct th_str url;
	enum th_status st;

	if (base == NULL)
		base = otherwise;
	if (base == NULL)
		return no_base_url(s);
	url = th_str(base);
	if ((st = th_session_guard(s, "base_url", url)) != TH_OK)
		return st;
	while (url.len > 0 && url.s[url.len - 1] == '/')
		url.len--;
	th_buf_add(ret, url.s, url.len);
	if (th_buf_adds(ret, path) != TH_OK)
		return th_session_fail(s, ret->status, "%s: %s",
		    s->service->name, th_strstatus(ret->status));
	return TH_OK;
}

struct th_http_options *
th_session_http_options(struct th_session *s)
{
	return &s->http_options;
}

enum th_status
th_session_http(struct th_session *s, struct th_http **ret)
{
	enum th_status st;

	if (s->http == NULL) {
		st = th_http_new(&s->http_options, &s->http, &s->err);
		if (st != TH_OK)
			return st;
	}
	*ret = s->http;
	return TH_OK;
}

enum th_status
th_session_send(struct th_session *s, const struct th_request *request,
    struct th_reply *ret)
{
	struct th_http *http;
	enum th_status st;

	if ((st = th_session_http(s, &http)) != TH_OK)
		return st;
	if ((st = th_http_send(http, request, ret, &s->err)) != TH_OK) {
		ret->code = 0; /* of half an answer */
		return st;
	}
	return th_reply_status(ret, &s->err);
}

/* What one server told is nothing to another: its address, made short. */
static enum th_status
name_cache(struct th_session *s, struct th_buf *ret)
{
	const char *base = th_session_setting(s, "base_url");
	unsigned char sum[TH_SHA256_SIZE];

	th_buf_addf(
	    ret, "cache/%s:%s", s->service->name, th_session_account(s));
	if (base == NULL)
		return ret->status;
	th_sha256(th_str(base), sum);
	th_buf_addc(ret, '@');
	return th_hex_encode((struct th_str){ (char *)sum, 8 }, ret);
}

/*
 * The cache is a reader's state like any other, under a name of its own.  To be
 * read it need not be there (TH_END): a dry run makes no store.
 */
static enum th_status
open_cache(struct th_session *s, bool write)
{
	struct th_buf name = { 0 };
	enum th_status st;

	if (s->cache != NULL && (s->cache_written || !write))
		return TH_OK;
	close_cache(s);
	th_buf_init(&name, CACHE_NAME_MAX);
	if ((st = name_cache(s, &name)) != TH_OK)
		th_session_fail(s, st, "%s", th_strstatus(st));
	else
		st = th_store_open_with(
		    s->config, write ? 0 : TH_STORE_READ, &s->store, &s->err);
	if (st == TH_OK)
		st = th_state_open(
		    s->store, name.data, NULL, &s->cache, &s->err);
	s->cache_written = st == TH_OK && write;
	th_buf_release(&name);
	return st;
}

enum th_status
th_session_cache_get(struct th_session *s, const char *key, struct th_buf *ret)
{
	enum th_status st = open_cache(s, false);

	return st == TH_OK ? th_state_get(s->cache, key, ret, &s->err) : st;
}

enum th_status
th_session_cache_put(struct th_session *s, const char *key, struct th_str value)
{
	enum th_status st;

	if ((st = open_cache(s, true)) != TH_OK ||
	    (st = th_state_put(s->cache, key, value, &s->err)) != TH_OK)
		return st;
	return th_state_commit(s->cache, &s->err);
}

enum th_status
th_session_store(struct th_session *s, struct th_store **ret)
{
	enum th_status st = open_cache(s, true);

	if (st == TH_OK)
		*ret = s->store;
	return st;
}
