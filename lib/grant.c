/* grant -- asking token endpoints, and keeping what they give */
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define ADDRESS_MAX ((size_t)64 << 10)
#define SECRET_MAX ((size_t)64 << 10)

/* ---- addresses and requests ---- */

/* An address of the table, on the account's base_url when it has one. */
enum th_status
th_grant_endpoint(
    struct th_session *ses, const char *address, struct th_buf *ret)
{
	const char *path = address;
	char *host = NULL;
	enum th_status st;

	if (address[0] != '/') {
		path = strchr(strstr(address, "://") + 3, '/');
		host = th_strndup(address, (size_t)(path - address));
		if (host == NULL)
			return th_session_fail(ses, TH_ENOMEM, "out of memory");
	}
	st = th_session_url(ses, host, path, ret);
	free(host);
	return st;
}

static enum th_status
json_body(struct th_request *req, const struct th_grant_field *f)
{
	enum th_status st;

	st = th_request_header(
	    req, "Content-Type", "application/json; charset=UTF8");
	if (st != TH_OK)
		return st;
	req->has_body = true;
	th_json_open(&req->body, '{');
	for (; f->name != NULL; f++) {
		if (f->value == NULL)
			continue;
		th_json_key(&req->body, f->name);
		th_json_string(&req->body, th_str(f->value));
	}
	return th_json_close(&req->body, '}');
}

static enum th_status
form_body(struct th_request *req, const struct th_grant_field *f)
{
	enum th_status st = TH_OK;

	for (; st == TH_OK && f->name != NULL; f++)
		if (f->value != NULL)
			st = th_request_form(req, f->name, th_str(f->value));
	return st;
}

/* What the person or the service gave for this once is no less a secret. */
static enum th_status
hide(struct th_request *req, const char *value)
{
	char *copy = th_strdup(value);
	const struct th_secret secret = { copy };
	enum th_status st = TH_ENOMEM;

	if (copy != NULL) {
		st = th_request_hide(req, &secret);
		th_wipe(copy, strlen(copy));
	}
	free(copy);
	return st;
}

/* A POST to an endpoint with fields (ended by a NULL name). */
enum th_status
th_grant_post(struct th_session *ses, const struct th_login *way,
    const char *address, const struct th_grant_field *f, struct th_request *ret)
{
	struct th_buf url;
	enum th_status st;

	th_buf_init(&url, ADDRESS_MAX);
	if ((st = th_grant_endpoint(ses, address, &url)) == TH_OK &&
	    (st = th_request_set(ret, "POST", th_buf_str(&url))) == TH_OK &&
	    (st = th_request_header(ret, "Accept", "application/json, */*")) ==
		TH_OK)
		st = way->flags & TH_LOGIN_JSON ? json_body(ret, f)
						: form_body(ret, f);
	if (st == TH_OK && way->kind == TH_LOGIN_POCKET)
		st = th_request_header(ret, "X-Accept", "application/json");
	for (; st == TH_OK && f->name != NULL; f++)
		if (f->value != NULL &&
		    (th_secret_name(f->name) || strstr(f->name, "code")))
			st = hide(ret, f->value);
	th_buf_release(&url);
	return st;
}

/* ---- replies ---- */

static enum th_status
json_field(struct th_str body, const char *name, struct th_buf *ret)
{
	struct th_value top, value;
	enum th_status st;

	if ((st = th_json_parse(body, &top, NULL)) != TH_OK)
		return st;
	if (!th_value_get(&top, name, &value) ||
	    (value.type != TH_JSON_STRING && value.type != TH_JSON_NUMBER))
		return TH_END;
	return th_value_text(&value, ret);
}

enum th_status
th_login_reply(struct th_str body, const char *name, struct th_secret *ret)
{
	struct th_buf text;
	enum th_status st;

	body = th_str_trim(body);
	th_buf_init(&text, SECRET_MAX);
	if (body.len > 0 && (body.s[0] == '{' || body.s[0] == '['))
		st = json_field(body, name, &text);
	else
		st = th_form_get(body, name, &text);
	if (st == TH_OK && text.len == 0)
		st = TH_END;
	if (st == TH_OK && strlen(text.data) != text.len)
		st = TH_EDATA; /* a NUL in it would cut it short */
	return th_secret_take(&text, st, ret);
}

enum th_status
th_grant_need(struct th_session *ses, const struct th_reply *rep,
    const char *name, struct th_secret *ret)
{
	enum th_status st = th_login_reply(th_buf_str(&rep->body), name, ret);

	if (st == TH_OK || st == TH_ENOMEM)
		return st;
	return th_session_fail(
	    ses, TH_EUNAVAIL, "the answer to the login has no %s", name);
}

/* {"errors": [{"message": ...}]}, as X has it. */
static enum th_status
first_message(struct th_str body, struct th_buf *ret)
{
	struct th_value top, list, first, words;
	struct th_iter it;

	if (th_json_parse(th_str_trim(body), &top, NULL) != TH_OK ||
	    !th_value_get(&top, "errors", &list))
		return TH_END;
	th_iter_init(&it, &list);
	if (!th_iter_next(&it, NULL, &first) ||
	    !th_value_get(&first, "message", &words))
		return TH_END;
	return th_value_text(&words, ret);
}

/* Appends what the endpoint says against it: RFC 6749, 5.2, or its own way. */
static enum th_status
refusal_words(const struct th_reply *rep, struct th_buf *ret)
{
	static const char *const field[] = { "error", "error_description" };
	const char *why = th_reply_header(rep, "X-Error");
	struct th_secret words = { NULL };
	enum th_status st;
	size_t i;

	for (i = 0; i < 2; i++) {
		st = th_login_reply(th_buf_str(&rep->body), field[i], &words);
		if (st == TH_OK)
			th_buf_addf(
			    ret, "%s%s", ret->len > 0 ? ": " : "", words.value);
		th_secret_release(&words);
	}
	if (ret->len == 0 && why != NULL)
		th_buf_adds(ret, why);
	if (ret->len == 0)
		first_message(th_buf_str(&rep->body), ret);
	return ret->len > 0 ? ret->status : TH_END;
}

enum th_status
th_grant_refusal(
    struct th_session *ses, enum th_status st, const struct th_reply *rep)
{
	struct th_err said = *th_session_err(ses);
	struct th_buf words;

	if (rep->code < 400 || rep->code >= 500 || rep->code == 429)
		return st;
	th_buf_init(&words, SECRET_MAX);
	st = th_session_fail(ses, TH_EAUTH, "login refused: %s",
	    refusal_words(rep, &words) == TH_OK ? words.data : said.text);
	th_buf_release(&words);
	return st;
}

enum th_status
th_grant_send(
    struct th_session *ses, const struct th_request *req, struct th_reply *ret)
{
	enum th_status st = th_session_send(ses, req, ret);

	return st == TH_OK ? st : th_grant_refusal(ses, st, ret);
}

/* A setting, or NULL in ret when there is none. */
static enum th_status
optional(struct th_session *ses, const char *key, struct th_secret *ret)
{
	if (!th_session_has(ses, key))
		return TH_OK;
	return th_session_secret(ses, key, ret);
}

/* Calls for each word of a list; ends with the first that is not TH_OK. */
enum th_status
th_each_word(const char *list, enum th_status (*use)(void *, const char *word),
    void *ctx)
{
	char word[64];
	enum th_status st = TH_OK;
	size_t n;

	while (st == TH_OK && list != NULL && *list != '\0') {
		n = strcspn(list, " ");
		if (n > 0 && n < sizeof(word)) {
			memcpy(word, list, n);
			word[n] = '\0';
			st = use(ctx, word);
		}
		list += n + (list[n] != '\0');
	}
	return st;
}

/* ---- keeping the tokens ---- */

/* Copies a field of the answer to a member; one that it lacks is removed. */
struct keep {
	struct th_creds *creds;
	struct th_str body;
	bool renewal; /* what the answer lacks stays as it was */
};

static enum th_status
keep_as(struct keep *k, const char *field, const char *key)
{
	static const struct th_str empty = { "", 0 };
	struct th_secret value = { NULL };
	enum th_status st = th_login_reply(k->body, field, &value);

	if (st == TH_OK)
		st = th_creds_set(k->creds, key, th_str(value.value));
	else if (st == TH_END)
		st = k->renewal ? TH_OK : th_creds_set(k->creds, key, empty);
	th_secret_release(&value);
	return st;
}

static enum th_status
keep_pair(void *ctx, const char *word) /* field=key */
{
	const char *eq = strchr(word, '=');
	char field[64];

	if (eq == NULL)
		return keep_as(ctx, word, word);
	memcpy(field, word, (size_t)(eq - word));
	field[eq - word] = '\0';
	return keep_as(ctx, field, eq + 1);
}

static enum th_status
keep_expiry(struct keep *k)
{
	struct th_secret text = { NULL };
	char date[TH_DATE_SIZE] = "";
	int64_t seconds;
	enum th_status st = th_login_reply(k->body, "expires_in", &text);

	if (st == TH_OK) {
		seconds = strtoll(text.value, NULL, 10);
		if (seconds > 0 && seconds < (int64_t)100 * 365 * 86400)
			st = th_date_format(th_now() + seconds, date);
	}
	th_secret_release(&text);
	if (st != TH_OK && st != TH_END)
		return st;
	return th_creds_set(k->creds, "expires_at", th_str(date));
}

/*
 * Tokens that are not those of config.yaml go first from now on, when it is
 * told which they replace.
 */
static enum th_status
keep_replaced(struct th_session *ses, struct th_creds *creds)
{
	struct th_buf print;
	enum th_status st;

	th_buf_init(&print, SECRET_MAX);
	st = th_session_fingerprint(ses, "refresh_token", &print);
	if (st == TH_OK || st == TH_END)
		st = th_creds_set(creds, "replaces", th_buf_str(&print));
	th_buf_release(&print);
	return st;
}

enum th_status
th_grant_store(struct th_session *ses, const struct th_login *way,
    struct th_creds *creds, const struct th_reply *rep, bool renewal)
{
	struct keep k = { creds, th_buf_str(&rep->body), renewal };
	enum th_status st;

	if ((st = th_each_word(way->keeps, keep_pair, &k)) != TH_OK ||
	    (st = keep_expiry(&k)) != TH_OK ||
	    (st = th_creds_set(creds, "login", th_str(way->name))) != TH_OK ||
	    (st = keep_replaced(ses, creds)) != TH_OK)
		return th_session_fail(
		    ses, st, "keeping the tokens: %s", th_strstatus(st));
	st = th_creds_commit(creds, th_session_err(ses));
	return st == TH_OK ? th_session_reload(ses) : st;
}

enum th_status
th_grant_keep(struct th_session *ses, const struct th_login *way,
    const struct th_reply *rep)
{
	struct th_creds *creds = NULL;
	enum th_status st;

	st = th_creds_lock(th_session_service(ses)->name,
	    th_session_account(ses), &creds, th_session_err(ses));
	if (st == TH_OK)
		st = th_grant_store(ses, way, creds, rep, false);
	th_creds_free(creds);
	return st;
}

/* ---- OAuth 2 clients ---- */

void
th_client_release(struct th_client *c)
{
	th_secret_release(&c->id);
	th_secret_release(&c->secret);
}

enum th_status
th_grant_client(struct th_session *ses, struct th_client *ret)
{
	enum th_status st = th_session_secret(ses, "client_id", &ret->id);

	return st == TH_OK ? optional(ses, "client_secret", &ret->secret) : st;
}

/* A client with a secret shows it (RFC 6749, 2.3.1). */
static enum th_status
add_basic(struct th_request *req, const struct th_client *c)
{
	struct th_secret code = { NULL };
	struct th_buf pair, text;
	enum th_status st;

	th_buf_init(&pair, SECRET_MAX);
	th_buf_init(&text, 2 * SECRET_MAX);
	th_text_urlencode(th_str(c->id.value), &pair);
	th_buf_addc(&pair, ':');
	if ((st = th_text_urlencode(th_str(c->secret.value), &pair)) == TH_OK &&
	    (st = th_base64_encode(th_buf_str(&pair), TH_BASE64, &text)) ==
		TH_OK &&
	    (code.value = th_buf_take(&text)) == NULL)
		st = TH_ENOMEM;
	if (st == TH_OK)
		st = th_request_secret(req, "Authorization", "Basic ", &code);
	th_secret_release(&code);
	th_buf_wipe(&pair);
	th_buf_release(&text);
	return st;
}

enum { TOKEN_FIELDS = 6 };

/* Asks the token endpoint; f's place for client_id and secret is added here. */
enum th_status
th_grant_ask(struct th_session *ses, const struct th_login *way,
    const char *address, const struct th_grant_field *f, struct th_reply *ret)
{
	struct th_grant_field all[TOKEN_FIELDS + 3] = { { NULL, NULL } };
	struct th_client c = { 0 };
	struct th_request req;
	enum th_status st;
	size_t n;

	th_request_init(&req);
	if ((st = th_grant_client(ses, &c)) != TH_OK)
		goto out;
	for (n = 0; n < TOKEN_FIELDS && f[n].name != NULL; n++)
		all[n] = f[n];
	all[n++] = (struct th_grant_field){ "client_id", c.id.value };
	if (way->flags & TH_LOGIN_JSON)
		all[n] =
		    (struct th_grant_field){ "client_secret", c.secret.value };
	if ((st = th_grant_post(ses, way, address, all, &req)) == TH_OK &&
	    c.secret.value != NULL && !(way->flags & TH_LOGIN_JSON))
		st = add_basic(&req, &c);
	if (st == TH_OK)
		st = th_session_send(ses, &req, ret);
out:
	th_client_release(&c);
	th_request_release(&req);
	return st;
}

enum th_status
th_grant_keep_token(struct th_session *ses, const struct th_login *way,
    const struct th_reply *rep, const char *name)
{
	struct th_secret token = { NULL };
	enum th_status st = th_grant_need(ses, rep, name, &token);

	th_secret_release(&token);
	return st == TH_OK ? th_grant_keep(ses, way, rep) : st;
}

/* Keeps what the token endpoint gave. */
enum th_status
th_grant_take(struct th_session *ses, const struct th_login *way,
    enum th_status st, const struct th_reply *rep)
{
	if (st != TH_OK)
		return th_grant_refusal(ses, st, rep);
	return th_grant_keep_token(ses, way, rep, "access_token");
}
