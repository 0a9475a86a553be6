/* token -- requests in the name of an account, and tokens that stay fresh */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define RESERVE ((size_t)256 << 10)
#define AHEAD 60 /* seconds before its end that a token is renewed */

static bool
is_fresh(int64_t expires)
{
	return expires == 0 || expires > th_now() + AHEAD;
}

/* When the access token ends; 0: not known. */
static int64_t
expiry(const char *text)
{
	int64_t t = 0;

	if (text == NULL || (th_date_parse_rfc3339(th_str(text), &t) != TH_OK &&
				th_int_parse(th_str(text), &t) != TH_OK))
		return 0;
	return t;
}

/* ---- renewal ---- */

/* Did another process get a token since we read ours? */
static enum th_status
was_renewed(struct th_session *ses, const struct th_creds *creds, bool *ret)
{
	struct th_secret now = { NULL }, ours = { NULL }, end = { NULL };
	enum th_status st;

	*ret = false;
	if (!th_session_has(ses, "access_token"))
		return TH_OK;
	if ((st = th_session_secret(ses, "access_token", &ours)) != TH_OK ||
	    (st = th_creds_get(creds, "access_token", &now)) != TH_OK ||
	    (st = th_session_reload(ses)) != TH_OK)
		goto out;
	st = th_creds_get(creds, "expires_at", &end);
	if ((st != TH_OK && st != TH_END) ||
	    strcmp(now.value, ours.value) == 0 || !is_fresh(expiry(end.value)))
		goto out;
	/* Ours by config.yaml all the same?  Then theirs does not help. */
	th_secret_release(&ours);
	st = th_session_secret(ses, "access_token", &ours);
	*ret = st == TH_OK && strcmp(now.value, ours.value) == 0;
out:
	th_secret_release(&ours);
	th_secret_release(&now);
	th_secret_release(&end);
	return st == TH_END ? TH_OK : st;
}

/*
 * Once it was sent the old refresh token is spent: the new one must not be lost
 * because memory runs out.
 */
static enum th_status
refresh(
    struct th_session *ses, const struct th_login *way, struct th_creds *creds)
{
	struct th_secret token = { NULL }, access = { NULL };
	struct th_reply rep = { 0 };
	enum th_status st;

	if (!th_alloc_reserve(RESERVE))
		return th_session_fail(ses, TH_ENOMEM, "out of memory");
	st = th_session_secret(ses, "refresh_token", &token);
	if (st == TH_OK) {
		const struct th_grant_field f[] = {
			{ "grant_type", "refresh_token" },
			{ "refresh_token", token.value },
			{ NULL, NULL },
		};

		st = th_grant_ask(ses, way, way->token, f, &rep);
		if (st != TH_OK)
			st = th_grant_refusal(ses, st, &rep);
	}
	if (st == TH_OK)
		st = th_grant_need(ses, &rep, "access_token", &access);
	if (st == TH_OK)
		st = th_grant_store(ses, way, creds, &rep, true);
	th_alloc_unreserve();
	th_secret_release(&token);
	th_secret_release(&access);
	th_reply_release(&rep);
	return st;
}

static const struct th_login *
refreshing_way(struct th_session *ses)
{
	const struct th_login *way = th_login_way(ses, NULL);

	if (way != NULL && way->kind != TH_LOGIN_OAUTH1 &&
	    way->kind != TH_LOGIN_XAUTH && way->kind != TH_LOGIN_TOKEN &&
	    way->kind != TH_LOGIN_POCKET)
		return way;
	return NULL;
}

enum th_status
th_session_renew(struct th_session *ses)
{
	const struct th_login *way = refreshing_way(ses);
	const char *service = th_session_service(ses)->name;
	const char *account = th_session_account(ses);
	struct th_creds *creds = NULL;
	bool renewed = false;
	enum th_status st;

	if (way == NULL || !th_session_has(ses, "refresh_token"))
		return th_session_fail(ses, TH_EAUTH,
		    "the login is no longer good; th-auth login %s:%s", service,
		    account);
	st = th_creds_lock(service, account, &creds, th_session_err(ses));
	if (st != TH_OK)
		return st;
	if ((st = was_renewed(ses, creds, &renewed)) == TH_OK && !renewed)
		st = refresh(ses, way, creds);
	th_creds_free(creds);
	if (st == TH_EAUTH)
		return th_session_fail(ses, st,
		    "the login is no longer good; th-auth login %s:%s", service,
		    account);
	return st;
}

/* ---- requests ---- */

static enum th_status
add_bearer(struct th_session *ses, struct th_request *req)
{
	struct th_secret token = { NULL };
	enum th_status st = TH_OK;

	if (!is_fresh(expiry(th_session_setting(ses, "expires_at"))) &&
	    th_session_has(ses, "refresh_token"))
		st = th_session_renew(ses);
	if (st == TH_OK)
		st = th_session_secret(ses, "access_token", &token);
	if (st == TH_OK)
		st = th_request_secret(req, "Authorization", "Bearer ", &token);
	th_secret_release(&token);
	return st;
}

static enum th_status
sign(struct th_session *ses, struct th_request *req)
{
	struct th_secret s[4] = { { NULL } };
	static const char *const key[] = { "consumer_key", "consumer_secret",
		"token", "token_secret" };
	struct th_oauth1 who = { 0 };
	enum th_status st = TH_OK;
	size_t i;

	for (i = 0; i < 4 && st == TH_OK; i++)
		st = th_session_secret(ses, key[i], &s[i]);
	if (st == TH_OK) {
		who.consumer_key = s[0].value;
		who.consumer_secret = s[1].value;
		who.token = s[2].value;
		who.token_secret = s[3].value;
		st = th_oauth1_sign(req, &who, th_session_err(ses));
	}
	for (i = 0; i < 4; i++)
		th_secret_release(&s[i]);
	return st;
}

enum th_status
th_session_authorize(struct th_session *ses, struct th_request *req)
{
	struct th_secret none = { NULL };

	if (th_session_has(ses, "access_token"))
		return add_bearer(ses, req);
	if (!th_session_has(ses, "token") &&
	    th_session_has(ses, "refresh_token")) {
		enum th_status st = th_session_renew(ses);

		return st == TH_OK ? add_bearer(ses, req) : st;
	}
	if (th_session_has(ses, "client_id") &&
	    !th_session_has(ses, "consumer_key"))
		return th_session_secret(ses, "access_token", &none);
	return sign(ses, req);
}

enum th_status
th_session_authorize_dry(struct th_session *ses, struct th_request *req)
{
	char stars[] = "***";
	const struct th_secret shown = { stars };

	(void)ses;
	return th_request_secret(req, "Authorization", "", &shown);
}

/* ---- the end ---- */

/* Asks for one token to be made void (RFC 7009). */
static enum th_status
revoke(struct th_session *ses, const struct th_login *way, const char *key)
{
	struct th_secret token = { NULL };
	struct th_reply rep = { 0 };
	enum th_status st;

	if (!th_session_has(ses, key))
		return TH_OK;
	if ((st = th_session_secret(ses, key, &token)) == TH_OK) {
		const struct th_grant_field f[] = { { "token", token.value },
			{ "token_type_hint", key }, { NULL, NULL } };

		st = th_grant_ask(ses, way, way->revoke, f, &rep);
	}
	th_secret_release(&token);
	th_reply_release(&rep);
	return st;
}

/* With the refresh token the access token may have become void. */
static enum th_status
revoke_rest(struct th_session *ses, const struct th_login *way)
{
	enum th_status st = revoke(ses, way, "access_token");

	if ((st == TH_EREFUSED || st == TH_EAUTH) &&
	    th_session_has(ses, "refresh_token"))
		return TH_OK;
	return st;
}

/* TH_END: the service cannot, or has nothing to. */
static enum th_status
make_void(struct th_session *ses)
{
	const struct th_service *service = th_session_service(ses);
	const struct th_login *way = th_login_way(ses, NULL);
	enum th_status st;

	if (!th_session_logged_in(ses))
		return TH_END;
	if (way != NULL && way->revoke != NULL) {
		st = revoke(ses, way, "refresh_token");
		return st == TH_OK ? revoke_rest(ses, way) : st;
	}
	return service->logout != NULL ? service->logout(ses) : TH_END;
}

/* Removes the file; TH_END: there was none. */
static enum th_status
forget(struct th_session *ses)
{
	const char *service = th_session_service(ses)->name;
	const char *account = th_session_account(ses);
	struct th_err *err = th_session_err(ses);
	struct th_creds *creds = NULL;
	enum th_status st;

	if ((st = th_creds_read(service, account, &creds, err)) != TH_OK)
		return st;
	th_creds_free(creds);
	creds = NULL;
	st = th_creds_lock(service, account, &creds, err);
	if (st == TH_OK)
		st = th_creds_remove(creds, err);
	th_creds_free(creds);
	return st;
}

enum th_status
th_login_end(struct th_session *ses)
{
	struct th_err said;
	enum th_status st = make_void(ses), gone;

	said = *th_session_err(ses);
	gone = forget(ses);
	if (gone != TH_OK && gone != TH_END)
		return gone;
	if (st == TH_EREFUSED)
		st = TH_EUNAVAIL; /* no item is refused here */
	if (st != TH_OK && st != TH_END)
		return th_session_fail(ses, st, "%s, not revoked there: %s",
		    gone == TH_OK ? "forgotten here" : "nothing to forget here",
		    said.text);
	if (st == TH_END && gone == TH_END)
		return TH_END;
	return th_session_reload(ses);
}
