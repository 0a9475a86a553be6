/* oauth -- signatures (RFC 5849), forms, and what token endpoints answer */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oauth.h> /* needs what is above */

#include "priv.h"

#define FORM_MAX ((size_t)1 << 20) /* a query or form body that is signed */
#define PARAMS_MAX 1024

/* ---- randomness and challenges ---- */

enum th_status
th_random_token(size_t bytes, struct th_buf *ret)
{
	char raw[64];
	enum th_status st;

	if (bytes > sizeof(raw))
		return TH_EBUG;
	if ((st = th_random(raw, bytes)) != TH_OK)
		return st;
	return th_hex_encode((struct th_str){ raw, bytes }, ret);
}

enum th_status
th_pkce_challenge(struct th_str verifier, struct th_buf *ret)
{
	unsigned char digest[TH_SHA256_SIZE];

	th_sha256(verifier, digest);
	return th_base64_encode(
	    (struct th_str){ (const char *)digest, sizeof(digest) },
	    TH_BASE64_URL, ret);
}

/* ---- application/x-www-form-urlencoded ---- */

enum th_status
th_form_decode(struct th_str in, struct th_buf *ret)
{
	size_t i;
	char c;

	for (i = 0; i < in.len; i++) {
		if (in.s[i] == '+') {
			th_buf_addc(ret, ' ');
		} else if (in.s[i] != '%') {
			th_buf_addc(ret, in.s[i]);
		} else {
			if (in.len - i < 3 ||
			    !th_hex_decode(
				(struct th_str){ in.s + i + 1, 2 }, &c, 1))
				return TH_EDATA;
			th_buf_addc(ret, c);
			i += 2;
		}
	}
	return ret->status;
}

bool
th_form_next(struct th_str *rest, struct th_str *name, struct th_str *value)
{
	const char *end, *eq;
	struct th_str pair;

	do {
		if (rest->len == 0)
			return false;
		end = memchr(rest->s, '&', rest->len);
		pair = (struct th_str){ rest->s,
			end == NULL ? rest->len : (size_t)(end - rest->s) };
		rest->s += pair.len + (end != NULL);
		rest->len -= pair.len + (end != NULL);
	} while (pair.len == 0);
	eq = memchr(pair.s, '=', pair.len);
	*name = (struct th_str){ pair.s,
		eq == NULL ? pair.len : (size_t)(eq - pair.s) };
	*value = eq == NULL
		     ? (struct th_str){ "", 0 }
		     : (struct th_str){ eq + 1, pair.len - name->len - 1 };
	return true;
}

enum th_status
th_form_get(struct th_str form, const char *name, struct th_buf *ret)
{
	struct th_str key, value;
	struct th_buf plain;
	bool found;

	while (th_form_next(&form, &key, &value)) {
		th_buf_init(&plain, FORM_MAX);
		found = th_form_decode(key, &plain) == TH_OK &&
			th_str_is(th_buf_str(&plain), name);
		th_buf_release(&plain);
		if (found)
			return th_form_decode(value, ret);
	}
	return TH_END;
}

enum th_status
th_form_add(struct th_buf *form, const char *name, struct th_str value)
{
	if (form->len > 0)
		th_buf_addc(form, '&');
	th_text_urlencode(th_str(name), form);
	th_buf_addc(form, '=');
	return th_text_urlencode(value, form);
}

enum th_status
th_request_form(struct th_request *req, const char *name, struct th_str value)
{
	enum th_status st;

	if (!req->has_body) {
		st = th_request_header(
		    req, "Content-Type", "application/x-www-form-urlencoded");
		if (st != TH_OK)
			return st;
		req->has_body = true;
	}
	return th_form_add(&req->body, name, value);
}

/* ---- the signature base string (RFC 5849, 3.4.1) ---- */

/* A parameter, both halves decoded and encoded again as the RFC wants it. */
struct pair {
	char *name, *value;
};

struct pairs {
	struct pair at[PARAMS_MAX];
	size_t n;
};

static void
pairs_free(struct pairs *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++) {
		free(p->at[i].name);
		free(p->at[i].value);
	}
	free(p);
}

static enum th_status
encode_take(struct th_str text, char **ret)
{
	struct th_buf b;

	th_buf_init(&b, 3 * FORM_MAX);
	th_buf_adds(&b, "");
	if (th_text_urlencode(text, &b) != TH_OK) {
		enum th_status st = b.status;

		th_buf_release(&b);
		return st;
	}
	*ret = th_buf_take(&b);
	return *ret == NULL ? TH_ENOMEM : TH_OK;
}

static enum th_status
pairs_add(struct pairs *p, struct th_str name, struct th_str value)
{
	struct pair *new = &p->at[p->n];
	enum th_status st;

	if (p->n == PARAMS_MAX)
		return TH_EDATA;
	new->name = new->value = NULL;
	p->n++;
	st = encode_take(name, &new->name);
	return st != TH_OK ? st : encode_take(value, &new->value);
}

/* The parameters of a query or a form body. */
static enum th_status
pairs_add_form(struct pairs *p, struct th_str form)
{
	struct th_str name, value;
	struct th_buf key, text;
	enum th_status st = TH_OK;

	th_buf_init(&key, FORM_MAX);
	th_buf_init(&text, FORM_MAX);
	while (st == TH_OK && th_form_next(&form, &name, &value)) {
		th_buf_clear(&key);
		th_buf_clear(&text);
		if ((st = th_form_decode(name, &key)) == TH_OK &&
		    (st = th_form_decode(value, &text)) == TH_OK)
			st = pairs_add(p, th_buf_str(&key), th_buf_str(&text));
	}
	th_buf_release(&key);
	th_buf_release(&text);
	return st;
}

static int
pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : strcmp(x->value, y->value);
}

static bool
has_form_body(const struct th_request *req)
{
	static const char form[] = "application/x-www-form-urlencoded";
	size_t i;

	for (i = 0; i < req->nheaders; i++)
		if (th_str_iis(th_str(req->header[i].name), "Content-Type"))
			return th_str_has_prefix(
			    th_str(req->header[i].value), form);
	return false;
}

static void
add_lower(struct th_buf *b, struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		th_buf_addc(b, s.s[i] >= 'A' && s.s[i] <= 'Z'
				   ? (char)(s.s[i] | 0x20)
				   : s.s[i]);
}

/* Section 3.4.1.2: scheme and host in lower case, no default port, no query. */
static enum th_status
base_uri(const struct th_url *u, struct th_buf *ret)
{
	struct th_buf plain;
	bool standard;
	enum th_status st;

	th_buf_init(&plain, FORM_MAX);
	add_lower(&plain, u->scheme);
	th_buf_adds(&plain, "://");
	add_lower(&plain, u->host);
	standard =
	    u->port.len == 0 ||
	    (th_str_iis(u->scheme, "http") && th_str_is(u->port, "80")) ||
	    (th_str_iis(u->scheme, "https") && th_str_is(u->port, "443"));
	if (!standard) {
		th_buf_addc(&plain, ':');
		th_buf_add(&plain, u->port.s, u->port.len);
	}
	if (u->path.len == 0)
		th_buf_addc(&plain, '/');
	else
		th_buf_add(&plain, u->path.s, u->path.len);
	st = plain.status;
	if (st == TH_OK)
		st = th_text_urlencode(th_buf_str(&plain), ret);
	th_buf_release(&plain);
	return st;
}

static enum th_status
pairs_join(const struct pairs *p, struct th_buf *ret)
{
	struct th_buf plain;
	enum th_status st;
	size_t i;

	th_buf_init(&plain, 8 * FORM_MAX);
	for (i = 0; i < p->n; i++) {
		th_buf_adds(&plain, i == 0 ? "" : "&");
		th_buf_adds(&plain, p->at[i].name);
		th_buf_addc(&plain, '=');
		th_buf_adds(&plain, p->at[i].value);
	}
	st = plain.status;
	if (st == TH_OK)
		st = th_text_urlencode(th_buf_str(&plain), ret);
	th_buf_release(&plain);
	return st;
}

/* The oauth_* parameters of this request, in the order of the header. */
struct own {
	const char *name, *value;
};
enum { OWN_MAX = 8 };

static size_t
own_params(const struct th_oauth1 *o, const char *nonce, const char *when,
    struct own *ret)
{
	const struct own all[OWN_MAX] = {
		{ "oauth_callback", o->callback },
		{ "oauth_consumer_key", o->consumer_key },
		{ "oauth_nonce", nonce },
		{ "oauth_signature_method", "HMAC-SHA1" },
		{ "oauth_timestamp", when },
		{ "oauth_token", o->token },
		{ "oauth_verifier", o->verifier },
		{ "oauth_version", o->no_version ? NULL : "1.0" },
	};
	size_t i, n = 0;

	for (i = 0; i < OWN_MAX; i++)
		if (all[i].value != NULL)
			ret[n++] = all[i];
	return n;
}

static enum th_status
base_string(const struct th_request *req, const struct own *own, size_t nown,
    struct th_buf *ret)
{
	struct th_url u;
	struct pairs *p;
	enum th_status st;
	size_t i;

	st = th_url_parse(th_str(req->url), &u);
	if (st != TH_OK)
		return st;
	if ((p = th_calloc(1, sizeof(*p))) == NULL)
		return TH_ENOMEM;
	for (i = 0; st == TH_OK && i < nown; i++)
		st = pairs_add(p, th_str(own[i].name), th_str(own[i].value));
	if (st == TH_OK)
		st = pairs_add_form(p, u.query);
	if (st == TH_OK && req->has_body && has_form_body(req))
		st = pairs_add_form(p, th_buf_str(&req->body));
	if (st == TH_OK) {
		qsort(p->at, p->n, sizeof(p->at[0]), pair_order);
		th_buf_adds(ret, req->method);
		th_buf_addc(ret, '&');
		st = base_uri(&u, ret);
	}
	if (st == TH_OK) {
		th_buf_addc(ret, '&');
		st = pairs_join(p, ret);
	}
	pairs_free(p);
	return st;
}

/* ---- signing ---- */

/*
 * liboauth ends the program with exit(1) when it finds no memory.  While it is
 * at work that exit becomes the one of "try again later" (sysexits' 75); as
 * with any sudden death, the outbox knows what was not sent.  Its key, escapes
 * and Base64 are used, its HMAC is not: in some builds that is NSS's, which
 * takes long to start and is hit by a signal where memory runs out.
 */
static volatile sig_atomic_t in_liboauth;

static void
out_of_memory(void)
{
	if (in_liboauth)
		_exit(75);
}

static enum th_status
guard_liboauth(void)
{
	static bool guarded;

	if (!guarded && atexit(out_of_memory) != 0)
		return TH_ENOMEM;
	guarded = true;
	in_liboauth = 1;
	return TH_OK;
}

/* RFC 5849, 3.4.2: key, HMAC-SHA1, Base64. */
static char *
hmac_sha1(const struct th_oauth1 *o, const struct th_buf *base)
{
	unsigned char sum[TH_SHA1_SIZE];
	char *key, *signature = NULL;

	if (guard_liboauth() != TH_OK)
		return NULL;
	key = oauth_catenc(2, o->consumer_secret,
	    o->token_secret != NULL ? o->token_secret : "");
	if (key != NULL) {
		th_hmac_sha1(th_str(key), th_buf_str(base), sum);
		signature = oauth_encode_base64(TH_SHA1_SIZE, sum);
		th_wipe(key, strlen(key));
	}
	free(key);
	in_liboauth = 0;
	return signature;
}

static enum th_status
signature_add(
    const struct th_oauth1 *o, const struct th_buf *base, struct th_buf *ret)
{
	char *signature = hmac_sha1(o, base);
	enum th_status st = TH_ENOMEM;

	if (signature != NULL)
		st = th_text_urlencode(th_str(signature), ret);
	free(signature);
	return st;
}

static enum th_status
header_add(const struct th_oauth1 *o, const struct own *own, size_t nown,
    const struct th_buf *base, struct th_buf *ret)
{
	enum th_status st;
	size_t i;

	for (i = 0; i < nown; i++) {
		th_buf_addf(ret, "%s%s=\"", i == 0 ? "" : ", ", own[i].name);
		th_text_urlencode(th_str(own[i].value), ret);
		th_buf_addc(ret, '"');
	}
	th_buf_adds(ret, ", oauth_signature=\"");
	st = signature_add(o, base, ret);
	if (st != TH_OK)
		return st;
	return th_buf_addc(ret, '"');
}

enum th_status
th_oauth1_sign(
    struct th_request *req, const struct th_oauth1 *o, struct th_err *err)
{
	struct th_buf base, value, nonce;
	struct th_secret secret = { NULL };
	struct own own[OWN_MAX];
	char when[24];
	size_t nown;
	enum th_status st = TH_OK;

	th_buf_init(&base, 16 * FORM_MAX);
	th_buf_init(&value, FORM_MAX);
	th_buf_init(&nonce, 256);
	if (o->nonce != NULL)
		st = th_buf_adds(&nonce, o->nonce);
	else
		st = th_random_token(16, &nonce);
	if (st != TH_OK)
		goto out;
	snprintf(when, sizeof(when), "%lld",
	    (long long)(o->timestamp != 0 ? o->timestamp : th_now()));
	nown = own_params(o, nonce.data, when, own);
	if ((st = base_string(req, own, nown, &base)) != TH_OK ||
	    (st = header_add(o, own, nown, &base, &value)) != TH_OK)
		goto out;
	if ((secret.value = th_buf_take(&value)) == NULL) {
		st = TH_ENOMEM;
		goto out;
	}
	st = th_request_secret(req, "Authorization", "OAuth ", &secret);
out:
	th_secret_release(&secret);
	th_buf_release(&value);
	th_buf_release(&base);
	th_buf_release(&nonce);
	return st == TH_OK ? st
			   : th_fail(err, st, "signing: %s", th_strstatus(st));
}

enum th_status
th_oauth1_base_string(
    const struct th_request *req, const struct th_oauth1 *o, struct th_buf *ret)
{
	struct own own[OWN_MAX];
	char when[24];
	size_t nown;

	snprintf(when, sizeof(when), "%lld", (long long)o->timestamp);
	nown = own_params(o, o->nonce, when, own);
	return base_string(req, own, nown, ret);
}
