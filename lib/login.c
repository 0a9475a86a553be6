/* login -- how an account is opened: three-legged, by code, device, password */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "priv.h"

#define ADDRESS_MAX ((size_t)64 << 10)
#define SECRET_MAX ((size_t)64 << 10)
#define DEVICE_PAUSE 5 /* seconds between questions, RFC 8628, 3.2 */
#define DEVICE_PAUSE_MAX 60

struct th_login_flow {
	const struct th_login *way;
	char *redirect;            /* NULL: the person types the answer in */
	char *address;             /* where the person is sent */
	char *user_code;           /* what a device flow shows */
	struct th_secret state;    /* OAuth 2 */
	struct th_secret verifier; /* PKCE */
	struct th_secret temp; /* temporary token, device code, Pocket's code */
	struct th_secret temp_secret;
	int64_t pause, end;
};

/* The page the person is sent to; {key} in it stands for a setting. */
static enum th_status
consent_page(struct th_session *ses, const char *address, struct th_buf *ret)
{
	struct th_secret value = { NULL };
	struct th_buf raw;
	const char *p, *end;
	char key[64];
	enum th_status st;

	th_buf_init(&raw, ADDRESS_MAX);
	st = th_grant_endpoint(ses, address, &raw);
	for (p = raw.data; st == TH_OK && p != NULL && *p != '\0';) {
		end = *p == '{' ? strchr(p, '}') : NULL;
		if (end == NULL || (size_t)(end - p) > sizeof(key)) {
			st = th_buf_addc(ret, *p++);
			continue;
		}
		memcpy(key, p + 1, (size_t)(end - p - 1));
		key[end - p - 1] = '\0';
		if ((st = th_session_secret(ses, key, &value)) == TH_OK)
			st = th_text_urlencode(th_str(value.value), ret);
		th_secret_release(&value);
		p = end + 1;
	}
	th_buf_release(&raw);
	return st;
}

/* Adds a parameter to an address. */
static void
address_add(struct th_buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	th_buf_addc(b, memchr(b->data, '?', b->len) == NULL ? '?' : '&');
	th_buf_adds(b, name);
	th_buf_addc(b, '=');
	th_text_urlencode(th_str(value), b);
}

/* ---- ways ---- */

static enum th_status
is_set(void *ses, const char *key)
{
	return th_session_has(ses, key) ? TH_OK : TH_END;
}

static const struct th_login *
way_named(const struct th_login *ways, const char *name)
{
	const struct th_login *way;

	for (way = ways; way != NULL && way->kind != TH_LOGIN_END; way++)
		if (strcmp(name, way->name) == 0)
			return way;
	return NULL;
}

const struct th_login *
th_login_way(struct th_session *ses, const char *name)
{
	const struct th_login *ways = th_session_service(ses)->login, *way;
	const char *last = th_session_setting(ses, "login");

	if (name != NULL)
		return way_named(ways, name);
	if (last != NULL && (way = way_named(ways, last)) != NULL &&
	    th_each_word(way->needs, is_set, ses) == TH_OK)
		return way;
	for (way = ways; way != NULL && way->kind != TH_LOGIN_END; way++)
		if (th_each_word(way->needs, is_set, ses) == TH_OK)
			return way;
	return NULL;
}

static enum th_status
is_needed(void *ctx, const char *key)
{
	if (th_session_has(ctx, key))
		return TH_OK;
	return th_session_fail(
	    ctx, TH_ECONFIG, "needs the setting %s in config.yaml", key);
}

/* ---- OAuth 1.0a: three legs, or user name and password ---- */

struct consumer {
	struct th_secret key, secret;
};

static enum th_status
consumer_get(struct th_session *ses, struct consumer *ret)
{
	enum th_status st;

	if ((st = th_session_secret(ses, "consumer_key", &ret->key)) == TH_OK)
		st = th_session_secret(ses, "consumer_secret", &ret->secret);
	return st;
}

static void
consumer_release(struct consumer *c)
{
	th_secret_release(&c->key);
	th_secret_release(&c->secret);
}

/* Signs a POST to an endpoint as the consumer, sends it. */
static enum th_status
signed_post(struct th_session *ses, const struct th_login *way,
    const char *address, struct th_oauth1 *who, const struct th_grant_field *f,
    struct th_reply *ret)
{
	struct consumer c = { 0 };
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	if ((st = consumer_get(ses, &c)) == TH_OK &&
	    (st = th_grant_post(ses, way, address, f, &req)) == TH_OK) {
		who->consumer_key = c.key.value;
		who->consumer_secret = c.secret.value;
		st = th_oauth1_sign(&req, who, th_session_err(ses));
	}
	if (st == TH_OK)
		st = th_grant_send(ses, &req, ret);
	consumer_release(&c);
	th_request_release(&req);
	return st;
}

static enum th_status
is_confirmed(struct th_session *ses, const struct th_login *way,
    const struct th_reply *rep)
{
	struct th_secret word = { NULL };
	enum th_status st = th_login_reply(
	    th_buf_str(&rep->body), "oauth_callback_confirmed", &word);
	bool good = st == TH_OK ? strcmp(word.value, "true") == 0
				: !(way->flags & TH_LOGIN_CONFIRMED);

	th_secret_release(&word);
	return good ? TH_OK
		    : th_session_fail(ses, TH_EUNAVAIL,
			  "the service did not confirm the callback");
}

static enum th_status
begin_oauth1(
    struct th_session *ses, struct th_login_flow *flow, struct th_buf *address)
{
	static const struct th_grant_field none[] = { { NULL, NULL } };
	const struct th_login *way = flow->way;
	struct th_oauth1 who = { .callback = flow->redirect };
	struct th_reply rep = { 0 };
	enum th_status st;

	if (who.callback == NULL)
		who.callback = "oob";
	if ((st = signed_post(ses, way, way->request, &who, none, &rep)) ==
		TH_OK &&
	    (st = is_confirmed(ses, way, &rep)) == TH_OK &&
	    (st = th_grant_need(ses, &rep, "oauth_token", &flow->temp)) ==
		TH_OK &&
	    (st = th_grant_need(ses, &rep, "oauth_token_secret",
		 &flow->temp_secret)) == TH_OK &&
	    (st = consent_page(ses, way->authorize, address)) == TH_OK) {
		address_add(address, "oauth_token", flow->temp.value);
		if (way->flags & TH_LOGIN_CALLBACK)
			address_add(address, "oauth_callback", flow->redirect);
		st = address->status;
	}
	th_reply_release(&rep);
	return st;
}

static enum th_status
finish_oauth1(
    struct th_session *ses, struct th_login_flow *flow, const char *verifier)
{
	static const struct th_grant_field none[] = { { NULL, NULL } };
	struct th_oauth1 who = {
		.token = flow->temp.value,
		.token_secret = flow->temp_secret.value,
		.verifier = verifier,
	};
	struct th_reply rep = { 0 };
	enum th_status st;

	if ((st = signed_post(
		 ses, flow->way, flow->way->token, &who, none, &rep)) == TH_OK)
		st = th_grant_keep_token(ses, flow->way, &rep, "oauth_token");
	th_reply_release(&rep);
	return st;
}

static enum th_status
xauth(struct th_session *ses, const struct th_login *way, const char *user,
    const char *password)
{
	const struct th_grant_field f[] = {
		{ "x_auth_username", user },
		{ "x_auth_password", password },
		{ "x_auth_mode", "client_auth" },
		{ NULL, NULL },
	};
	struct th_oauth1 who = { 0 };
	struct th_reply rep = { 0 };
	enum th_status st;

	if ((st = signed_post(ses, way, way->token, &who, f, &rep)) == TH_OK)
		st = th_grant_keep_token(ses, way, &rep, "oauth_token");
	th_reply_release(&rep);
	return st;
}

/* ---- OAuth 2 ---- */

static enum th_status
random_secret(struct th_secret *ret)
{
	struct th_buf b;

	th_buf_init(&b, 256);
	return th_secret_take(&b, th_random_token(32, &b), ret);
}

static enum th_status
begin_oauth2(
    struct th_session *ses, struct th_login_flow *flow, struct th_buf *address)
{
	const struct th_login *way = flow->way;
	struct th_client c = { 0 };
	struct th_buf challenge;
	enum th_status st;

	th_buf_init(&challenge, 256);
	if (flow->redirect == NULL &&
	    (flow->redirect = th_strdup("http://127.0.0.1/callback")) == NULL)
		return TH_ENOMEM;
	if ((st = random_secret(&flow->state)) != TH_OK ||
	    (st = random_secret(&flow->verifier)) != TH_OK ||
	    (st = th_pkce_challenge(
		 th_str(flow->verifier.value), &challenge)) != TH_OK ||
	    (st = th_grant_client(ses, &c)) != TH_OK ||
	    (st = consent_page(ses, way->authorize, address)) != TH_OK)
		goto out;
	address_add(address, "response_type", "code");
	address_add(address, "client_id", c.id.value);
	address_add(address, "redirect_uri", flow->redirect);
	address_add(address, "scope", way->scope);
	address_add(address, "state", flow->state.value);
	address_add(address, "code_challenge", challenge.data);
	address_add(address, "code_challenge_method", "S256");
	st = address->status;
out:
	th_client_release(&c);
	th_buf_release(&challenge);
	return st;
}

static enum th_status
finish_oauth2(
    struct th_session *ses, struct th_login_flow *flow, const char *code)
{
	const struct th_grant_field f[] = {
		{ "grant_type", "authorization_code" },
		{ "code", code },
		{ "redirect_uri", flow->redirect },
		{ "code_verifier", flow->verifier.value },
		{ NULL, NULL },
	};
	struct th_reply rep = { 0 };
	enum th_status st;

	st = th_grant_ask(ses, flow->way, flow->way->token, f, &rep);
	st = th_grant_take(ses, flow->way, st, &rep);
	th_reply_release(&rep);
	return st;
}

static enum th_status
password_grant(struct th_session *ses, const struct th_login *way,
    const char *user, const char *password)
{
	const struct th_grant_field f[] = {
		{ "grant_type", "password" },
		{ "username", user },
		{ "password", password },
		{ "scope", way->scope },
		{ NULL, NULL },
	};
	struct th_reply rep = { 0 };
	enum th_status st;

	st = th_grant_ask(ses, way, way->token, f, &rep);
	st = th_grant_take(ses, way, st, &rep);
	th_reply_release(&rep);
	return st;
}

/* ---- device code (RFC 8628) ---- */

static int64_t
number_of(const struct th_reply *rep, const char *name, int64_t otherwise)
{
	struct th_secret text = { NULL };
	int64_t n = otherwise;

	if (th_login_reply(th_buf_str(&rep->body), name, &text) == TH_OK)
		n = strtoll(text.value, NULL, 10);
	th_secret_release(&text);
	return n < 0 || n > 86400 ? otherwise : n;
}

static enum th_status
begin_device(
    struct th_session *ses, struct th_login_flow *flow, struct th_buf *address)
{
	const struct th_grant_field f[] = { { "scope", flow->way->scope },
		{ NULL, NULL } };
	struct th_secret uri = { NULL }, code = { NULL };
	struct th_reply rep = { 0 };
	enum th_status st;

	st = th_grant_ask(ses, flow->way, flow->way->request, f, &rep);
	if (st != TH_OK) {
		st = th_grant_refusal(ses, st, &rep);
		goto out;
	}
	if ((st = th_grant_need(ses, &rep, "device_code", &flow->temp)) !=
		TH_OK ||
	    (st = th_grant_need(ses, &rep, "user_code", &code)) != TH_OK)
		goto out;
	st = th_login_reply(
	    th_buf_str(&rep.body), "verification_uri_complete", &uri);
	if (st == TH_END)
		st = th_grant_need(ses, &rep, "verification_uri", &uri);
	if (st != TH_OK)
		goto out;
	flow->user_code = code.value; /* shown to the person: no secret */
	code.value = NULL;
	flow->pause = number_of(&rep, "interval", DEVICE_PAUSE);
	flow->end = th_now() + number_of(&rep, "expires_in", 900);
	st = th_buf_adds(address, uri.value);
out:
	th_secret_release(&uri);
	th_secret_release(&code);
	th_reply_release(&rep);
	return st;
}

static void
pause_seconds(int64_t n)
{
	struct timespec left = { .tv_sec = (time_t)n };

	while (
	    !th_interrupted && nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

/* TH_END: not yet. */
static enum th_status
device_answer(struct th_session *ses, struct th_login_flow *flow,
    enum th_status st, const struct th_reply *rep)
{
	struct th_secret error = { NULL };
	bool wait = false;

	/* RFC 6749 has 400 for these; some servers send 200, 401 or 428. */
	if (rep->code > 0 && rep->code < 500 &&
	    th_login_reply(th_buf_str(&rep->body), "error", &error) == TH_OK) {
		wait = strcmp(error.value, "authorization_pending") == 0;
		if (strcmp(error.value, "slow_down") == 0) {
			wait = true;
			flow->pause += DEVICE_PAUSE;
		}
	}
	if (st == TH_EAGAIN || (st == TH_EUNAVAIL && rep->code == 0)) {
		wait = true; /* it may be well again by then */
		flow->pause += DEVICE_PAUSE;
	}
	th_secret_release(&error);
	return wait ? TH_END : th_grant_take(ses, flow->way, st, rep);
}

static enum th_status
finish_device(struct th_session *ses, struct th_login_flow *flow)
{
	const struct th_grant_field f[] = {
		{ "grant_type",
		    "urn:ietf:params:oauth:grant-type:device_code" },
		{ "device_code", flow->temp.value },
		{ NULL, NULL },
	};
	struct th_reply rep = { 0 };
	enum th_status st = TH_END;

	while (st == TH_END) {
		pause_seconds(flow->pause > DEVICE_PAUSE_MAX ? DEVICE_PAUSE_MAX
							     : flow->pause);
		if (th_interrupted)
			return th_session_fail(ses, TH_EAGAIN, "interrupted");
		if (th_now() >= flow->end)
			return th_session_fail(
			    ses, TH_EAGAIN, "the code was not entered in time");
		st = th_grant_ask(ses, flow->way, flow->way->token, f, &rep);
		st = device_answer(ses, flow, st, &rep);
		th_reply_release(&rep);
		rep = (struct th_reply){ 0 };
	}
	return st;
}

/* ---- Pocket's own ---- */

static enum th_status
ask_pocket(struct th_session *ses, const struct th_login *way,
    const char *address, const char *name, const char *value,
    struct th_reply *ret)
{
	struct th_secret key = { NULL };
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	if ((st = th_session_secret(ses, "consumer_key", &key)) == TH_OK) {
		const struct th_grant_field f[] = { { "consumer_key",
							key.value },
			{ name, value }, { NULL, NULL } };

		st = th_grant_post(ses, way, address, f, &req);
	}
	if (st == TH_OK)
		st = th_grant_send(ses, &req, ret);
	th_secret_release(&key);
	th_request_release(&req);
	return st;
}

static enum th_status
begin_pocket(
    struct th_session *ses, struct th_login_flow *flow, struct th_buf *address)
{
	const char *redirect = flow->redirect;
	struct th_reply rep = { 0 };
	enum th_status st;

	if (redirect == NULL)
		redirect = "triggerhappy:authorized";
	if ((st = ask_pocket(ses, flow->way, flow->way->request, "redirect_uri",
		 redirect, &rep)) == TH_OK &&
	    (st = th_grant_need(ses, &rep, "code", &flow->temp)) == TH_OK &&
	    (st = consent_page(ses, flow->way->authorize, address)) == TH_OK) {
		address_add(address, "request_token", flow->temp.value);
		address_add(address, "redirect_uri", redirect);
		st = address->status;
	}
	th_reply_release(&rep);
	return st;
}

static enum th_status
finish_pocket(struct th_session *ses, struct th_login_flow *flow)
{
	struct th_reply rep = { 0 };
	enum th_status st;

	if ((st = ask_pocket(ses, flow->way, flow->way->token, "code",
		 flow->temp.value, &rep)) == TH_OK)
		st = th_grant_keep_token(ses, flow->way, &rep, "access_token");
	th_reply_release(&rep);
	return st;
}

/* ---- one way for all ---- */

void
th_login_flow_free(struct th_login_flow *f)
{
	if (f == NULL)
		return;
	free(f->redirect);
	free(f->address);
	free(f->user_code);
	th_secret_release(&f->state);
	th_secret_release(&f->verifier);
	th_secret_release(&f->temp);
	th_secret_release(&f->temp_secret);
	free(f);
}

const char *
th_login_address(const struct th_login_flow *f)
{
	return f->address;
}

const char *
th_login_user_code(const struct th_login_flow *f)
{
	return f->user_code;
}

static enum th_status
begin(struct th_session *ses, struct th_login_flow *f, struct th_buf *address)
{
	switch (f->way->kind) {
	case TH_LOGIN_OAUTH1: return begin_oauth1(ses, f, address);
	case TH_LOGIN_OAUTH2: return begin_oauth2(ses, f, address);
	case TH_LOGIN_DEVICE: return begin_device(ses, f, address);
	case TH_LOGIN_POCKET: return begin_pocket(ses, f, address);
	case TH_LOGIN_TOKEN:
		return f->way->authorize == NULL
			   ? th_buf_adds(address, "")
			   : consent_page(ses, f->way->authorize, address);
	case TH_LOGIN_XAUTH:
	case TH_LOGIN_PASSWORD: return th_buf_adds(address, "");
	case TH_LOGIN_END: break;
	}
	return TH_EBUG;
}

enum th_status
th_login_begin(struct th_session *ses, const struct th_login *way,
    const char *redirect, struct th_login_flow **ret)
{
	struct th_login_flow *f;
	struct th_buf address;
	enum th_status st;

	if ((st = th_each_word(way->needs, is_needed, ses)) != TH_OK)
		return st;
	if ((f = th_calloc(1, sizeof(*f))) == NULL)
		return th_session_fail(ses, TH_ENOMEM, "out of memory");
	f->way = way;
	th_buf_init(&address, ADDRESS_MAX);
	if (redirect != NULL && (f->redirect = th_strdup(redirect)) == NULL)
		st = TH_ENOMEM;
	else
		st = begin(ses, f, &address);
	if (st == TH_OK && address.len > 0 &&
	    (f->address = th_buf_take(&address)) == NULL)
		st = TH_ENOMEM;
	th_buf_release(&address);
	if (st != TH_OK) {
		th_login_flow_free(f);
		return st;
	}
	*ret = f;
	return TH_OK;
}

/* Equal without telling by the time it takes where they differ. */
static bool
same_secret(struct th_str a, const struct th_secret *b)
{
	size_t i, n = b->value == NULL ? 0 : strlen(b->value);
	unsigned char d = 0;

	if (n == 0 || a.len != n)
		return false;
	for (i = 0; i < n; i++)
		d |= (unsigned char)(a.s[i] ^ b->value[i]);
	return d == 0;
}

/* The query of an address, of a pasted one too; the whole when it has none. */
static struct th_str
query_of(struct th_str s)
{
	const char *q;

	s = th_str_trim(s);
	q = memchr(s.s, '?', s.len);
	if (q != NULL)
		s = (struct th_str){ q + 1, s.len - (size_t)(q + 1 - s.s) };
	q = memchr(s.s, '#', s.len);
	if (q != NULL)
		s.len = (size_t)(q - s.s);
	return s;
}

static bool
query_has(struct th_str query, const char *name, const struct th_secret *want)
{
	struct th_buf got;
	bool same;

	th_buf_init(&got, SECRET_MAX);
	same = th_form_get(query, name, &got) == TH_OK &&
	       same_secret(th_buf_str(&got), want);
	th_buf_wipe(&got);
	return same;
}

bool
th_login_accept(void *ctx, struct th_str query)
{
	const struct th_login_flow *f = ctx;

	switch (f->way->kind) {
	case TH_LOGIN_OAUTH1:
		return query_has(query, "oauth_token", &f->temp) ||
		       query_has(query, "denied", &f->temp);
	case TH_LOGIN_OAUTH2: return query_has(query, "state", &f->state);
	default: return f->way->kind == TH_LOGIN_POCKET;
	}
}

/* Is it the query of an address?  A code may have a "=" at its end, too. */
static bool
is_query(struct th_str s)
{
	static const char *const known[] = { "state", "code", "error",
		"oauth_token", "oauth_verifier", "denied" };
	struct th_str name, value;
	size_t i;

	while (th_form_next(&s, &name, &value))
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (th_str_is(name, known[i]))
				return true;
	return false;
}

/* The field of an answer, or all of it when the person typed just that. */
static enum th_status
answer_field(struct th_session *ses, const struct th_login_flow *f,
    struct th_str answer, const char *name, struct th_secret *ret)
{
	struct th_buf text;
	enum th_status st;

	answer = query_of(answer);
	if (answer.len == 0)
		return th_session_fail(ses, TH_EAUTH, "no answer was given");
	th_buf_init(&text, SECRET_MAX);
	if (!is_query(answer))
		st = th_buf_add(&text, answer.s, answer.len);
	else if (!th_login_accept((void *)(uintptr_t)f, answer))
		st = th_session_fail(
		    ses, TH_EAUTH, "the answer belongs to another login");
	else if ((st = th_form_get(answer, name, &text)) == TH_END)
		st = th_session_fail(
		    ses, TH_EAUTH, "the service was told not to allow it");
	return th_secret_take(&text, st, ret);
}

enum th_status
th_login_finish(
    struct th_session *ses, struct th_login_flow *f, struct th_str answer)
{
	struct th_secret code = { NULL };
	bool one = f->way->kind == TH_LOGIN_OAUTH1;
	enum th_status st;

	if (f->way->kind == TH_LOGIN_DEVICE)
		return finish_device(ses, f);
	if (f->way->kind == TH_LOGIN_POCKET)
		return finish_pocket(ses, f);
	st = answer_field(
	    ses, f, answer, one ? "oauth_verifier" : "code", &code);
	if (st == TH_OK)
		st = one ? finish_oauth1(ses, f, code.value)
			 : finish_oauth2(ses, f, code.value);
	th_secret_release(&code);
	return st;
}

enum th_status
th_login_password(struct th_session *ses, const struct th_login *way,
    const char *user, const struct th_secret *password)
{
	if (way->kind == TH_LOGIN_XAUTH)
		return xauth(ses, way, user, password->value);
	return password_grant(ses, way, user, password->value);
}

enum th_status
th_login_token(struct th_session *ses, const struct th_login *way,
    const struct th_secret *token)
{
	struct th_reply rep = { 0 };
	enum th_status st;

	th_buf_init(&rep.body, 2 * SECRET_MAX);
	st = th_form_add(&rep.body, "token", th_str(token->value));
	if (st == TH_OK)
		st = th_grant_keep(ses, way, &rep);
	th_wipe(rep.body.data, rep.body.cap);
	th_reply_release(&rep);
	return st;
}
