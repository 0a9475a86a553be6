/* search_elastic_http -- a request to the engine, and what its answer means */
#include <string.h>

#include "search_elastic.h"

#define TEXT_FIELD(name)                                                       \
	"\"" name "\":{\"type\":\"text\",\"analyzer\":\"whitespace\"},"        \
	"\"" name "_stems\":{\"type\":\"text\",\"analyzer\":\"whitespace\","   \
	"\"index_options\":\"freqs\"},"
static const char one_shard[] =
    "\"settings\":{\"number_of_shards\":1,\"number_of_replicas\":0},";
static const char mappings[] =
    "\"mappings\":{\"dynamic\":false,\"properties\":{" TEXT_FIELD("title")
	TEXT_FIELD("text") TEXT_FIELD("tags") TEXT_FIELD(
	    "source") "\"service\":{\"type\":\"keyword\"},"
		      "\"store\":{\"type\":\"keyword\"},"
		      "\"date\":{\"type\":\"long\"},\"no\":{\"type\":\"long\"},"
		      "\"line\":{\"type\":\"keyword\",\"index\":false,"
		      "\"doc_values\":false}}}}";

static enum th_status
authorize(struct th_elastic *e, struct th_request *r)
{
	struct th_secret code = { NULL };
	struct th_buf plain, b;
	enum th_status st;

	if (e->api_key.value != NULL)
		return th_request_secret(
		    r, "Authorization", "ApiKey ", &e->api_key);
	if (e->user.value == NULL)
		return TH_OK;
	th_buf_init(&plain, TH_LINE_MAX);
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&plain, "%s:%s", e->user.value,
	    e->password.value != NULL ? e->password.value : "");
	th_base64_encode(th_buf_str(&plain), TH_BASE64, &b);
	code.value = th_buf_take(&b);
	st = code.value == NULL
		 ? TH_ENOMEM
		 : th_request_secret(r, "Authorization", "Basic ", &code);
	th_buf_wipe(&plain);
	th_buf_release(&b);
	th_secret_release(&code);
	return st;
}

/* Appends a member of the answer's "error", which may be a text itself. */
static void
add_error(const struct th_reply *reply, const char *name, struct th_buf *ret)
{
	struct th_value v, error, member;

	if (th_json_parse(th_buf_str(&reply->body), &v, NULL) != TH_OK ||
	    !th_value_get(&v, "error", &error))
		return;
	if (error.type != TH_JSON_STRING) {
		if (th_value_get(&error, name, &member))
			th_value_text(&member, ret);
	} else if (strcmp(name, "reason") == 0)
		th_value_text(&error, ret);
}

enum th_status
th_elastic_judge(const struct th_reply *reply, struct th_err *err)
{
	struct th_err why = { 0 };
	enum th_status st = th_reply_status(reply, &why);
	struct th_buf text;

	if (st == TH_OK)
		return st;
	th_buf_init(&text, 4096);
	add_error(reply, "type", &text);
	if (st == TH_EUNAVAIL ||
	    th_str_is(th_buf_str(&text), "cluster_block_exception"))
		st = TH_EAGAIN;
	else if (reply->code == 403)
		st = TH_EAUTH;
	else if (st == TH_EREFUSED)
		st = TH_EUNAVAIL;
	th_buf_clear(&text);
	add_error(reply, "reason", &text);
	if (text.len > 0)
		th_fail(err, st, "search: HTTP %ld: %.200s", reply->code,
		    text.data);
	else
		th_fail(err, st, "search: %s", why.text);
	th_buf_release(&text);
	if (err != NULL)
		err->retry_at = why.retry_at;
	return st;
}

enum th_status
th_elastic_ask(struct th_elastic *e, const char *method, const char *path,
    const char *type, struct th_str body, struct th_reply *ret,
    struct th_err *err)
{
	struct th_request r;
	struct th_err why = { 0 };
	struct th_buf url;
	enum th_status st;

	th_request_init(&r);
	th_buf_init(&url, TH_LINE_MAX);
	th_buf_addf(&url, "%s%s", e->base, path);
	st = th_request_set(&r, method, th_buf_str(&url));
	if (st == TH_OK)
		st = authorize(e, &r);
	if (st == TH_OK && body.s != NULL) {
		st = th_request_header(&r, "Content-Type", type);
		r.body.max = TH_ELASTIC_BODY_MAX;
		th_buf_add(&r.body, body.s, body.len);
		if (st == TH_OK)
			st = r.body.status;
		r.has_body = true;
	}
	r.idempotent = true;
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else if ((st = th_http_send(e->http, &r, ret, &why)) != TH_OK) {
		if (st == TH_EUNAVAIL)
			st = TH_EAGAIN;
		th_fail(err, st, "search: %s", why.text);
	}
	th_request_release(&r);
	th_buf_release(&url);
	return st;
}

static enum th_status
put_index(struct th_elastic *e, const char *path, const char *with,
    struct th_reply *ret, struct th_err *err)
{
	struct th_buf body;
	enum th_status st;

	th_reply_release(ret);
	th_buf_init(&body, TH_LINE_MAX);
	st = th_buf_addf(&body, "{%s%s", with, mappings);
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else
		st = th_elastic_ask(e, "PUT", path, "application/json",
		    th_buf_str(&body), ret, err);
	th_buf_release(&body);
	return st;
}

/* Does a refusal speak of that? */
static bool
is_about(const struct th_reply *reply, const char *what)
{
	return reply->code == 400 && reply->body.data != NULL &&
	       strstr(reply->body.data, what) != NULL;
}

enum th_status
th_elastic_make_index(
    struct th_elastic *e, enum th_search_kind kind, struct th_err *err)
{
	struct th_reply reply = { 0 };
	struct th_buf path;
	enum th_status st;

	if (e->made[kind])
		return TH_OK;
	th_buf_init(&path, TH_LINE_MAX);
	st = th_buf_addf(&path, "/%s-%s", e->prefix, th_elastic_index[kind]);
	if (st == TH_OK)
		st = th_elastic_ask(e, "HEAD", path.data, NULL,
		    (struct th_str){ NULL, 0 }, &reply, err);
	if (st == TH_OK && reply.code == 404) {
		st = put_index(e, path.data, one_shard, &reply, err);
		/* An engine for hire has shards of its own. */
		if (st == TH_OK && is_about(&reply, "number_of_"))
			st = put_index(e, path.data, "", &reply, err);
		/* Another was quicker. */
		if (st == TH_OK && is_about(&reply, "already_exists"))
			reply.code = 200;
	}
	if (st == TH_OK)
		st = th_elastic_judge(&reply, err);
	e->made[kind] = st == TH_OK;
	th_reply_release(&reply);
	th_buf_release(&path);
	return st;
}
