/*
 * search_elastic -- Elasticsearch and OpenSearch, the part that both share
 *
 * Two indexes, PREFIX-items and PREFIX-triggers.  Words are cut, folded and
 * stemmed here as for FTS5 (words.c) and sent with blanks between: so both find
 * the same, and the engine needs no analyzer but "whitespace", which all have.
 * A field of stems lies beside each field of words.  A document's id is that of
 * the store and the hash of the item's: one sent twice is there once, and
 * stores that share an engine leave each other's receipts alone; a search shows
 * an item once, with all of them.  What is not sent yet is in search_pending.
 */
#include <stdlib.h>
#include <string.h>

#include "search_elastic.h"
#include "words.h"

/* Keys of the account search:default. */
static const struct th_param keys[] = {
	{ "user", TH_STRING, TH_P_ACCOUNT, "NAME", "who asks", 0 },
	{ "password", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "WORD",
	    "and how he proves it", 0 },
	{ "api_key", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "KEY",
	    "instead of both", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

const struct th_elastic_column th_elastic_column[TH_ELASTIC_COLUMNS] = {
	{ "title", "title_stems", 8 },
	{ "text", "text_stems", 1 },
	{ "tags", "tags_stems", 4 },
	{ "source", "source_stems", 2 },
};

const char *const th_elastic_index[] = { "items", "triggers" };

/* ---- opening ---- */

static void
engine_free(struct th_elastic *e)
{
	if (e == NULL)
		return;
	th_http_free(e->http);
	th_went_free(e->went);
	th_words_free(e->words);
	th_account_free(e->account);
	th_secret_release(&e->user);
	th_secret_release(&e->password);
	th_secret_release(&e->api_key);
	free(e->base);
	free(e->prefix);
	free(e);
}

/* http://[USER:PASSWORD@]HOST[:PORT]/PREFIX taken apart. */
static enum th_status
take_address(struct th_elastic *e, const char *text, struct th_err *err)
{
	struct th_url url;
	struct th_str prefix, user;
	const char *colon;
	struct th_buf b;
	size_t i;

	if (th_url_parse(th_str(text), &url) != TH_OK || url.host.len == 0)
		return th_fail(err, TH_ECONFIG, "search: not an address");
	prefix = url.path;
	while (prefix.len > 0 && prefix.s[0] == '/')
		prefix = (struct th_str){ prefix.s + 1, prefix.len - 1 };
	while (prefix.len > 0 && prefix.s[prefix.len - 1] == '/')
		prefix.len--;
	if (prefix.len == 0)
		prefix = TH_STR("triggerhappy");
	for (i = 0; i < prefix.len; i++)
		if (!((prefix.s[i] >= 'a' && prefix.s[i] <= 'z') ||
			th_is_digit(prefix.s[i]) ||
			(i > 0 && strchr("-_.", prefix.s[i]) != NULL)))
			return th_fail(err, TH_ECONFIG,
			    "search: a prefix is of a-z, 0-9, - and _");
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%.*s://%.*s", (int)url.scheme.len, url.scheme.s,
	    (int)url.host.len, url.host.s);
	if (url.port.len > 0)
		th_buf_addf(&b, ":%.*s", (int)url.port.len, url.port.s);
	e->base = th_buf_take(&b);
	th_buf_release(&b);
	e->prefix = th_strndup(prefix.s, prefix.len);
	user = url.userinfo;
	if (user.len > 0) {
		colon = memchr(user.s, ':', user.len);
		i = colon != NULL ? (size_t)(colon - user.s) : user.len;
		e->user.value = th_url_unescape((struct th_str){ user.s, i });
		i += colon != NULL;
		e->password.value = th_url_unescape(
		    (struct th_str){ user.s + i, user.len - i });
	}
	return e->base != NULL && e->prefix != NULL &&
		       (user.len == 0 ||
			   (e->user.value != NULL && e->password.value != NULL))
		   ? TH_OK
		   : th_fail(err, TH_ENOMEM, "out of memory");
}

static enum th_status
take_secrets(struct th_elastic *e, struct th_err *err)
{
	const char *user = th_account_get(e->account, "user");
	enum th_status st;

	if (user != NULL) {
		th_secret_release(&e->user);
		if ((e->user.value = th_strdup(user)) == NULL)
			return th_fail(err, TH_ENOMEM, "out of memory");
	}
	if (th_account_has(e->account, "password")) {
		th_secret_release(&e->password);
		st = th_account_secret(
		    e->account, "password", &e->password, err);
		if (st != TH_OK)
			return st;
	}
	st = th_account_secret(e->account, "api_key", &e->api_key, err);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
open_http(struct th_elastic *e, struct th_err *err)
{
	struct th_http_options o = { 0 };
	const char *insecure = th_account_get(e->account, "insecure");

	o.allow_http = insecure != NULL && strcmp(insecure, "true") == 0;
	o.ca_file = th_account_get(e->account, "ca_file");
	if (strncmp(e->base, "http://", 7) == 0 && !o.allow_http &&
	    !th_url_is_loopback(th_str(e->base)))
		return th_fail(err, TH_ECONFIG,
		    "search: plain http, which anyone on the way can read; use "
		    "https or say insecure: true for the account "
		    "search:default");
	return th_http_new(&o, &e->http, err);
}

/* Machines that share a store have one id; it is made by the first. */
static enum th_status
know_store(struct th_elastic *e, struct th_err *err)
{
	struct th_state *state = NULL;
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, sizeof(e->id));
	if (e->store == NULL) {
		st = th_docs_get(e->docs, "store", &b, err);
	} else {
		st = th_state_open(e->store, ":search", NULL, &state, err);
		if (st == TH_OK)
			st = th_state_get(state, "id", &b, err);
	}
	if (st != TH_END)
		goto known;
	if ((st = th_random_token(8, &b)) != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else if (state == NULL)
		st = th_docs_set(e->docs, "store", th_buf_str(&b), err);
	else if ((st = th_state_put(state, "id", th_buf_str(&b), err)) == TH_OK)
		st = th_state_commit(state, err);
known:
	if (st == TH_OK)
		snprintf(e->id, sizeof(e->id), "%s", b.data);
	th_state_free(state);
	th_buf_release(&b);
	return st;
}

static enum th_status
engine_open(const struct th_config *config, const char *url,
    struct th_docs *docs, struct th_store *store, struct th_elastic **ret,
    struct th_err *err)
{
	struct th_elastic *e = th_calloc(1, sizeof(*e));
	enum th_status st;

	if (e == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	e->docs = docs;
	e->store = store;
	st = take_address(e, url, err);
	if (st == TH_OK)
		st = th_account_new(
		    config, "search", "default", keys, &e->account, err);
	if (st == TH_OK)
		st = take_secrets(e, err);
	if (st == TH_OK)
		st = open_http(e, err);
	if (st == TH_OK && (e->words = th_words_new(true)) == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	if (st == TH_OK)
		st = know_store(e, err);
	if (st != TH_OK) {
		engine_free(e);
		return st;
	}
	*ret = e;
	return TH_OK;
}

/* ---- what a search asks of it ---- */

/* What other stores have there stays. */
static enum th_status
engine_clear(struct th_elastic *e, struct th_err *err)
{
	struct th_reply reply = { 0 };
	struct th_buf path, body;
	enum th_status st = TH_OK;
	int i;

	th_buf_init(&path, TH_LINE_MAX);
	th_buf_init(&body, TH_LINE_MAX);
	th_buf_addf(&body, "{\"query\":{\"term\":{\"store\":\"%s\"}}}", e->id);
	for (i = 0; i < 2 && st == TH_OK; i++) {
		th_buf_clear(&path);
		st = th_buf_addf(&path,
		    "/%s-%s/_delete_by_query?conflicts=proceed&refresh=true",
		    e->prefix, th_elastic_index[i]);
		if (st == TH_OK && (st = body.status) == TH_OK)
			st = th_elastic_ask(e, "POST", path.data,
			    "application/json", th_buf_str(&body), &reply, err);
		/* No index, or an engine without that module: all is written
		   over then. */
		if (st == TH_OK && reply.code != 404 && reply.code != 400)
			st = th_elastic_judge(&reply, err);
		e->made[i] = false;
		th_reply_release(&reply);
		reply = (struct th_reply){ 0 };
	}
	th_buf_release(&path);
	th_buf_release(&body);
	if (st == TH_OK)
		st = th_elastic_resume(e, err);
	return st;
}

static enum th_status
engine_find(struct th_elastic *e, enum th_search_kind kind,
    const struct th_query *q, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err)
{
	struct th_reply reply = { 0 };
	struct th_buf path, body;
	enum th_status st;

	th_buf_init(&path, TH_LINE_MAX);
	th_buf_init(&body, TH_LINE_MAX);
	th_elastic_query(e, &body, q, limit);
	st = th_buf_addf(&path, "/%s-%s/_search?ignore_unavailable=true",
	    e->prefix, th_elastic_index[kind]);
	if (st == TH_OK)
		st = body.status;
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else
		st = th_elastic_ask(e, "POST", path.data, "application/json",
		    th_buf_str(&body), &reply, err);
	if (st == TH_OK)
		st = th_elastic_judge(&reply, err);
	if (st == TH_OK)
		st = th_elastic_show(&reply, kind, limit, visit, ctx, err);
	th_reply_release(&reply);
	th_buf_release(&path);
	th_buf_release(&body);
	return st;
}

const struct th_search_engine th_search_elastic = { engine_open, engine_free,
	th_elastic_flush, engine_clear, engine_find };
