/*
 * edam -- calls of Evernote's interface EDAM 1.28, Thrift over HTTPS
 *
 * The token travels in the body of each call.  Numbers are the field ids of
 * EDAM's interface.
 */
#include <inttypes.h>
#include <string.h>

#include "trigger.h"

#define USER_STORE "/edam/user"
#define NOTE_STORE "/edam/note/"
#define URL_MAX ((size_t)64 << 10)
#define WAIT_USUAL 900 /* seconds, when the service does not say */
#define WAIT_MAX (24 * 3600)

/* ---- the token ---- */

/* The value of a field of the token: S shard, U user, E expiry. */
static struct th_str
token_field(const struct th_secret *token, char name)
{
	const char *p = token->value, *end;

	while (p != NULL && *p != '\0') {
		end = p + strcspn(p, ":");
		if (p[0] == name && p[1] == '=')
			return (struct th_str){ p + 2, (size_t)(end - p) - 2 };
		p = *end != '\0' ? end + 1 : end;
	}
	return (struct th_str){ NULL, 0 };
}

/* A hexadecimal field as a number; 0: it is none. */
static int64_t
token_number(const struct th_secret *token, char name)
{
	struct th_str s = token_field(token, name);
	char digits[] = "0000000000000000";
	unsigned char byte[8];
	int64_t n = 0;
	size_t i;

	if (s.len > 15)
		return 0;
	memcpy(digits + 16 - s.len, s.s != NULL ? s.s : "", s.len);
	if (!th_hex_decode(th_str(digits), byte, sizeof(byte)))
		return 0;
	for (i = 0; i < sizeof(byte); i++)
		n = n << 8 | byte[i];
	return n;
}

static bool
is_shard(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!((s.s[i] >= 'a' && s.s[i] <= 'z') ||
			(s.s[i] >= '0' && s.s[i] <= '9')))
			return false;
	return s.len > 0 && s.len < 32;
}

void
th_edam_page(const struct th_edam *acc, struct th_str guid, struct th_buf *ret)
{
	struct th_str shard = token_field(&acc->token, 'S');
	int64_t user = token_number(&acc->token, 'U');

	if (!is_shard(shard) || user == 0 || guid.len == 0 ||
	    th_session_url(acc->ses, acc->host, "/shard/", ret) != TH_OK)
		return;
	th_buf_addf(ret, "%.*s/nl/%" PRId64 "/", (int)shard.len, shard.s, user);
	th_text_urlencode(guid, ret);
	th_buf_addc(ret, '/');
}

/* ---- calls ---- */

/* Begins a call into the request's body: its name and the token. */
static enum th_status
call(const struct th_edam *acc, const char *url, const char *method,
    struct th_request *ret)
{
	enum th_status st;

	if ((st = th_thrift_request(ret, url, method)) != TH_OK ||
	    (st = th_request_hide(ret, &acc->token)) != TH_OK)
		return st;
	return th_thrift_string(&ret->body, 1, th_str(acc->token.value));
}

enum th_status
th_edam_call(
    const struct th_edam *acc, const char *method, struct th_request *ret)
{
	return call(acc, acc->store.data, method, ret);
}

/* What an exception's code means (EDAMErrorCode). */
static const struct error {
	const char *words;
	enum th_status status;
} errors[] = {
	[0] = { "unknown error", TH_EAGAIN },
	[1] = { "unknown error", TH_EAGAIN },
	[2] = { "bad data", TH_EREFUSED },
	[3] = { "permission denied", TH_EREFUSED },
	[4] = { "internal error of the service", TH_EAGAIN },
	[5] = { "data is missing", TH_EREFUSED },
	[6] = { "a limit of the account is reached", TH_EAGAIN },
	[7] = { "the account's quota is used up", TH_EAGAIN },
	[8] = { "the token is not valid", TH_EAUTH },
	[9] = { "the token has expired", TH_EAUTH },
	[10] = { "there is one already", TH_EREFUSED },
	[11] = { "the content is not valid ENML", TH_EREFUSED },
	[12] = { "the shard is unavailable", TH_EAGAIN },
	[13] = { "too short", TH_EREFUSED },
	[14] = { "too long", TH_EREFUSED },
	[15] = { "too few", TH_EREFUSED },
	[16] = { "too many", TH_EREFUSED },
	[17] = { "unsupported operation", TH_EREFUSED },
	[18] = { "taken down", TH_EREFUSED },
	[19] = { "too many requests", TH_EAGAIN },
	[20] = { "the account wants a business login", TH_EAUTH },
	[21] = { "the account has too many devices", TH_EAUTH },
	[27] = { "the account was emptied, log in again", TH_EAUTH },
	[28] = { "the account wants single sign-on", TH_EAUTH },
};
enum {
	BAD_DATA_FORMAT = 2,
	DATA_REQUIRED = 5,
	INVALID_AUTH = 8,
	RATE_LIMIT = 19
};

/* What may be shown of a service's own words: never the token. */
static void
words_of(struct th_str s, const struct th_secret *token, char ret[256])
{
	size_t i, len = strlen(token->value);

	if (s.len > 200)
		s.len = 200;
	s.len = th_utf8_valid(s);
	snprintf(ret, 256, "%.*s", (int)s.len, s.len > 0 ? s.s : "");
	if (len > 16)
		len = 16; /* the cut may have gone through it */
	for (i = 0; len > 3 && ret[i] != '\0'; i++)
		if (strncmp(ret + i, token->value, len) == 0)
			snprintf(ret + i, 256 - i, "***");
}

static enum th_status
raise_error(const struct th_edam *acc, const struct th_thrift *e, bool system,
    struct th_edam_answer *ret)
{
	int64_t code = th_thrift_number(e, 1, 0), wait;
	const struct error *known = &errors[0];
	char words[256];

	ret->about = th_thrift_text(e, 2);
	if (code > 0 && (size_t)code < sizeof(errors) / sizeof(*errors) &&
	    errors[code].words != NULL)
		known = &errors[code];
	/* A token that is none at all, or none. */
	if ((code == BAD_DATA_FORMAT || code == DATA_REQUIRED) &&
	    th_str_is(ret->about, "authenticationToken"))
		known = &errors[INVALID_AUTH];
	ret->code = code > 0 && code < TH_EDAM_NOT_FOUND ? (int)code : 1;
	words_of(ret->about, &acc->token, words);
	if (code == RATE_LIMIT) {
		wait = system ? th_thrift_number(e, 3, WAIT_USUAL) : WAIT_USUAL;
		if (wait < 1 || wait > WAIT_MAX)
			wait = wait < 1 ? WAIT_USUAL : WAIT_MAX;
		ret->retry_at = th_now() + wait;
		th_session_err(acc->ses)->retry_at = ret->retry_at;
		return th_session_fail(acc->ses, TH_EAGAIN,
		    "the service asks to wait for %" PRId64 " s", wait);
	}
	if (known->status == TH_EAUTH)
		return th_session_fail(acc->ses, TH_EAUTH,
		    "%s; th-auth login %s:%s", known->words,
		    th_session_service(acc->ses)->name,
		    th_session_account(acc->ses));
	return th_session_fail(acc->ses, known->status, "%s%s%s", known->words,
	    words[0] != '\0' ? ": " : "", words);
}

/* The exceptions that a method declares: 1 user, 2 system, 3 not found. */
static enum th_status
result_of(const struct th_edam *acc, struct th_edam_answer *ret)
{
	struct th_thrift e;
	char words[256];

	if (th_thrift_get(&ret->body, 1, TH_THRIFT_STRUCT, &e))
		return raise_error(acc, &e, false, ret);
	if (th_thrift_get(&ret->body, 2, TH_THRIFT_STRUCT, &e))
		return raise_error(acc, &e, true, ret);
	if (!th_thrift_get(&ret->body, 3, TH_THRIFT_STRUCT, &e))
		return TH_OK;
	ret->code = TH_EDAM_NOT_FOUND;
	ret->about = th_thrift_text(&e, 1);
	words_of(ret->about, &acc->token, words);
	return th_session_fail(acc->ses, TH_EREFUSED, "not there: %s", words);
}

/* Reads a reply to `method`, whose result is of that type; borrowed from rep.
 */
enum th_status
th_edam_read(const struct th_edam *acc, const struct th_reply *rep,
    const char *method, enum th_thrift_type type, struct th_edam_answer *ret)
{
	struct th_err *err = th_session_err(acc->ses);
	enum th_status st;
	char words[256];

	*ret = (struct th_edam_answer){ .code = TH_EDAM_NO_CODE };
	if ((st = th_thrift_reply(rep, method, &ret->body, err)) != TH_OK) {
		words_of(th_str(err->text), &acc->token, words);
		return th_session_fail(acc->ses, st, "%s", words);
	}
	ret->code = 0;
	if ((st = result_of(acc, ret)) != TH_OK)
		return st;
	if (!th_thrift_get(&ret->body, 0, type, &ret->result))
		return th_session_fail(
		    acc->ses, TH_EUNAVAIL, "the answer to %s is empty", method);
	return TH_OK;
}

/* Ends the call in req, sends it, reads the answer. */
enum th_status
th_edam_ask(const struct th_edam *acc, struct th_request *req,
    const char *method, enum th_thrift_type type, struct th_reply *rep,
    struct th_edam_answer *ret)
{
	enum th_status st;

	*ret = (struct th_edam_answer){ .code = TH_EDAM_NO_CODE };
	if ((st = th_thrift_end(&req->body)) != TH_OK)
		return st;
	req->idempotent = true;
	st = th_session_send(acc->ses, req, rep);
	return rep->code == 0 ? st : th_edam_read(acc, rep, method, type, ret);
}

/* Asks with the token alone, or with one more string (s NULL: none). */
static enum th_status
ask_about(const struct th_edam *acc, const char *url, const char *method,
    struct th_str about, enum th_thrift_type type, struct th_reply *rep,
    struct th_edam_answer *ret)
{
	struct th_request req;
	enum th_status st;

	*ret = (struct th_edam_answer){ .code = TH_EDAM_NO_CODE };
	th_request_init(&req);
	st = call(acc, url, method, &req);
	if (st == TH_OK && about.s != NULL)
		st = th_thrift_string(&req.body, 2, about);
	if (st == TH_OK)
		st = th_edam_ask(acc, &req, method, type, rep, ret);
	th_request_release(&req);
	return st;
}

enum th_status
th_edam_ask_about(const struct th_edam *acc, const char *method,
    struct th_str about, enum th_thrift_type type, struct th_reply *rep,
    struct th_edam_answer *ret)
{
	return ask_about(acc, acc->store.data, method, about, type, rep, ret);
}

static const struct th_str nothing = { NULL, 0 };

/* A question to the UserStore. */
enum th_status
th_edam_ask_user(const struct th_edam *acc, const char *method,
    enum th_thrift_type type, struct th_reply *rep, struct th_edam_answer *ret)
{
	struct th_buf url;
	enum th_status st;

	th_buf_init(&url, URL_MAX);
	if ((st = th_session_url(acc->ses, acc->host, USER_STORE, &url)) ==
	    TH_OK)
		st = ask_about(acc, url.data, method, nothing, type, rep, ret);
	th_buf_release(&url);
	return st;
}

/* The name that the answer is remembered by: it is for one token. */
static enum th_status
store_key(const struct th_edam *acc, struct th_buf *ret)
{
	unsigned char sum[TH_SHA256_SIZE];

	th_sha256(th_str(acc->token.value), sum);
	th_buf_adds(ret, "note store ");
	return th_hex_encode((struct th_str){ (char *)sum, 8 }, ret);
}

/* The service's word on where notes are; the older way when it must be. */
static enum th_status
ask_store(struct th_edam *acc, const char *key)
{
	struct th_reply rep = { 0 };
	struct th_str url = { NULL, 0 };
	struct th_edam_answer a;
	enum th_status st;

	st = th_edam_ask_user(acc, "getUserUrls", TH_THRIFT_STRUCT, &rep, &a);
	if (st == TH_OK) {
		url = th_thrift_text(&a.result, 1);
	} else if (rep.code == 200 && a.code == TH_EDAM_NO_CODE) {
		th_reply_release(&rep);
		rep = (struct th_reply){ 0 };
		st = th_edam_ask_user(
		    acc, "getNoteStoreUrl", TH_THRIFT_STRING, &rep, &a);
		if (st == TH_OK)
			url = th_thrift_str(&a.result);
	}
	if (st == TH_OK && (!th_url_is_http(url) || url.len > URL_MAX))
		st = th_session_fail(acc->ses, TH_ECONFIG,
		    "neither the token nor the service tells where notes are; "
		    "set note_store_url");
	if (st == TH_OK)
		st = th_buf_add(&acc->store, url.s, url.len);
	if (st == TH_OK)
		st = th_session_cache_put(acc->ses, key, url);
	th_reply_release(&rep);
	return st;
}

static enum th_status
remembered_store(struct th_edam *acc)
{
	struct th_buf key;
	enum th_status st;

	th_buf_init(&key, URL_MAX);
	if ((st = store_key(acc, &key)) == TH_OK &&
	    (st = th_session_cache_get(acc->ses, key.data, &acc->store)) ==
		TH_END)
		st = ask_store(acc, key.data);
	th_buf_release(&key);
	return st;
}

/*
 * Where notes are: as configured, as the token's shard says, or as the service
 * says, which is remembered.  The token goes there: not over plain http.
 */
static enum th_status
find_store(struct th_edam *acc, bool dry)
{
	const char *given = th_session_setting(acc->ses, "note_store_url");
	struct th_str shard = token_field(&acc->token, 'S');
	enum th_status st;

	if (given != NULL) {
		st = th_buf_adds(&acc->store, given);
	} else if (is_shard(shard) || dry) {
		st = th_session_url(
		    acc->ses, acc->host, NOTE_STORE, &acc->store);
		if (st == TH_OK)
			st = th_buf_add(&acc->store, shard.s, shard.len);
	} else {
		st = remembered_store(acc);
	}
	if (st == TH_OK)
		st = th_session_guard(
		    acc->ses, "note_store_url", th_buf_str(&acc->store));
	return st;
}

enum th_status
th_edam_open(struct th_edam *acc, bool dry)
{
	enum th_status st;

	th_buf_init(&acc->store, URL_MAX);
	st = th_session_secret(acc->ses, "token", &acc->token);
	return st == TH_OK ? find_store(acc, dry) : st;
}

void
th_edam_release(struct th_edam *acc)
{
	th_secret_release(&acc->token);
	th_buf_release(&acc->store);
}

int64_t
th_edam_expires(const struct th_edam *acc)
{
	return token_number(&acc->token, 'E') / 1000;
}
