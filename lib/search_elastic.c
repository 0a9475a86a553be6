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
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "search.h"
#include "words.h"

#define BULK_ITEMS 500
#define BULK_BYTES ((size_t)5 << 20)
#define BODY_MAX ((size_t)200 << 20)
#define WAIT_MIN                                                               \
	60 /* seconds before an engine that was away is asked again            \
	    */
#define WAIT_MAX 3600
#define PREFIX_MAX 100 /* words that begin so, at the end of a phrase */
#define MANY 16        /* words, with all their stems, are too many clauses */

struct th_elastic {
	struct th_docs *docs;
	struct th_store *store;
	struct th_went *went; /* while documents are sent */
	struct th_words *words;
	struct th_http *http;
	struct th_account *account;
	struct th_secret user, password, api_key;
	char *base;   /* "http://host:9200" */
	char *prefix; /* of the indexes */
	char id[20];  /* of the store */
	bool made[2]; /* the index is there */
};

/* Keys of the account search:default. */
static const struct th_param keys[] = {
	{ "user", TH_STRING, TH_P_ACCOUNT, "NAME", "who asks", 0 },
	{ "password", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "WORD",
	    "and how he proves it", 0 },
	{ "api_key", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, "KEY",
	    "instead of both", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

static const struct {
	const char *name, *stems;
	int weight;
} columns[] = {
	{ "title", "title_stems", 8 },
	{ "text", "text_stems", 1 },
	{ "tags", "tags_stems", 4 },
	{ "source", "source_stems", 2 },
};
#define NCOLUMNS (sizeof(columns) / sizeof(*columns))

static const char *const index_name[] = { "items", "triggers" };

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
			(prefix.s[i] >= '0' && prefix.s[i] <= '9') ||
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

/* ---- asking ---- */

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
	if (plain.data != NULL)
		th_wipe(plain.data, plain.len);
	th_buf_release(&plain);
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

/*
 * What of an answer is no success, in words of the engine.  An index that takes
 * nothing for the time being, as when its disk is full, is to be tried again.
 */
static enum th_status
judge(const struct th_reply *reply, struct th_err *err)
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

/* Sends; the reply is there for any answer, TH_EAGAIN when there is none. */
static enum th_status
ask(struct th_elastic *e, const char *method, const char *path,
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
		r.body.max = BODY_MAX;
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
		st = ask(e, "PUT", path, "application/json", th_buf_str(&body),
		    ret, err);
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

/* The index is made by the first who needs it. */
static enum th_status
make_index(struct th_elastic *e, enum th_search_kind kind, struct th_err *err)
{
	struct th_reply reply = { 0 };
	struct th_buf path;
	enum th_status st;

	if (e->made[kind])
		return TH_OK;
	th_buf_init(&path, TH_LINE_MAX);
	st = th_buf_addf(&path, "/%s-%s", e->prefix, index_name[kind]);
	if (st == TH_OK)
		st = ask(e, "HEAD", path.data, NULL, (struct th_str){ NULL, 0 },
		    &reply, err);
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
		st = judge(&reply, err);
	e->made[kind] = st == TH_OK;
	th_reply_release(&reply);
	th_buf_release(&path);
	return st;
}

/* ---- documents out ---- */

/* One bulk request on its way. */
struct bulk {
	struct th_elastic *e;
	struct th_buf body;
	struct th_doc doc;
	struct th_buf line, plain, stems;
	int64_t no[BULK_ITEMS];  /* what its documents are, in order */
	bool keep[BULK_ITEMS];   /* to be sent once more */
	size_t n, max;           /* max: as many as it takes at once */
	size_t refused;          /* for good, of all */
	int64_t before, last;    /* their numbers lie between */
	struct th_err *err, why; /* why: of the first that was refused */
};

static void
add_services(struct th_buf *b, const struct th_buf *services)
{
	const char *p = services->data, *end;

	th_json_key(b, "service");
	th_json_open(b, '[');
	while (p != NULL && (end = strchr(p, '\n')) != NULL) {
		th_json_string(b, (struct th_str){ p, (size_t)(end - p) });
		p = end + 1;
	}
	th_json_close(b, ']');
}

static void
add_action(struct bulk *b, const struct th_pending *p, const char *action)
{
	struct th_buf hex;

	th_buf_init(&hex, 4 * TH_HASH_SIZE);
	th_hex_encode(
	    (struct th_str){ (const char *)p->hash.byte, TH_HASH_SIZE }, &hex);
	th_buf_addf(&b->body,
	    "{\"%s\":{\"_index\":\"%s-%s\",\"_id\":\"%s-%s\"}}\n", action,
	    b->e->prefix, index_name[p->kind], b->e->id,
	    hex.data != NULL ? hex.data : "");
	if (hex.status != TH_OK)
		b->body.status = hex.status;
	th_buf_release(&hex);
}

/* The words of a text, and the stems of those that have others. */
static void
add_field(struct bulk *b, size_t column, const struct th_buf *text)
{
	struct th_word w;
	size_t i;

	th_buf_clear(&b->plain);
	th_buf_clear(&b->stems);
	th_words_start(b->e->words, th_buf_str(text), true);
	while (th_words_next(b->e->words, &w)) {
		th_buf_add(&b->plain, w.plain.s, w.plain.len);
		th_buf_addc(&b->plain, ' ');
		for (i = 0; i < w.nstems; i++) {
			th_buf_add(&b->stems, w.stem[i].s, w.stem[i].len);
			th_buf_addc(&b->stems, ' ');
		}
	}
	if (b->plain.status != TH_OK || b->stems.status != TH_OK)
		b->body.status = TH_ENOMEM;
	th_json_member(&b->body, columns[column].name, th_buf_str(&b->plain));
	th_json_member(&b->body, columns[column].stems, th_buf_str(&b->stems));
}

static enum th_status
add_document(void *ctx, const struct th_pending *p)
{
	struct bulk *b = ctx;
	struct th_str line = p->line;
	enum th_status st = TH_OK;

	if (b->n == b->max || b->body.len > BULK_BYTES)
		return TH_END;
	b->last = b->no[b->n++] = p->no;
	if (line.s == NULL) {
		add_action(b, p, "delete");
		return b->body.status;
	}
	if (p->kind == TH_SEARCH_ITEM) {
		st = th_went_line(b->e->went, line, &b->line, b->err);
		line = th_buf_str(&b->line);
	}
	if (st == TH_OK)
		st = th_doc_fill(&b->doc, p->kind, line, b->err);
	if (st != TH_OK)
		return st;
	add_action(b, p, "index");
	th_json_open(&b->body, '{');
	add_field(b, 0, &b->doc.title);
	add_field(b, 1, &b->doc.text);
	add_field(b, 2, &b->doc.tags);
	add_field(b, 3, &b->doc.source);
	add_services(&b->body, p->services);
	th_json_key(&b->body, "date");
	th_json_int(&b->body, p->date);
	th_json_key(&b->body, "no");
	th_json_int(&b->body, p->no);
	th_json_member(&b->body, "store", th_str(b->e->id));
	th_json_member(&b->body, "line", line);
	th_json_close(&b->body, '}');
	return th_buf_addc(&b->body, '\n');
}

/* What it does not want, whoever asks however often. */
static bool
is_refusal(json_int_t status)
{
	return status == 400 || status == 413;
}

/*
 * Of one document: is it to be sent once more?  It is unless it is settled, as
 * a document that the engine can make nothing of is, and one to be deleted that
 * is not there.
 */
static bool
wants_again(struct bulk *b, json_t *item)
{
	void *action = json_object_iter(item);
	json_t *v = json_object_iter_value(action), *error;
	json_int_t status = json_integer_value(json_object_get(v, "status"));
	const char *why, *name = json_object_iter_key(action);

	if (status >= 200 && status < 300)
		return false;
	if (status == 404 && name != NULL && strcmp(name, "delete") == 0)
		return false;
	error = json_object_get(v, "error");
	why = json_string_value(json_object_get(error, "reason"));
	if (why == NULL)
		why = status == 429 ? "too busy" : "not taken";
	if (status == 404) /* somebody deleted the index */
		b->e->made[TH_SEARCH_ITEM] = b->e->made[TH_SEARCH_TRIGGER] =
		    false;
	if (!is_refusal(status)) {
		th_fail(b->err, TH_EAGAIN, "search: HTTP %d: %.200s",
		    (int)status, why);
		return true;
	}
	if (b->refused++ == 0)
		th_fail(&b->why, TH_EREFUSED, "search: HTTP %d: %.200s",
		    (int)status, why);
	return false;
}

static enum th_status
read_answer(struct bulk *b, const struct th_reply *reply)
{
	json_t *root = NULL, *items;
	enum th_status st;
	size_t i;

	for (i = 0; i < b->n; i++)
		b->keep[i] = true;
	st = th_payload_parse(th_buf_str(&reply->body), &root, b->err);
	if (st != TH_OK)
		return st == TH_EUNAVAIL ? TH_EAGAIN : st;
	items = json_object_get(root, "items");
	for (i = 0; i < b->n; i++) {
		b->keep[i] = wants_again(b, json_array_get(items, i));
		if (b->keep[i])
			st = TH_EAGAIN;
	}
	json_decref(root);
	return st;
}

static enum th_status
note_sent(struct bulk *b)
{
	enum th_status st;
	size_t i;

	if ((st = th_docs_begin(b->e->docs, b->err)) != TH_OK)
		return st;
	for (i = 0; i < b->n && st == TH_OK; i++)
		if (!b->keep[i])
			st = th_docs_sent(b->e->docs, b->no[i], b->err);
	return th_docs_end(b->e->docs, st, b->err);
}

/* Too many at once: fewer from now on.  One alone that is too large is lost. */
static void
send_fewer(struct bulk *b)
{
	b->max = b->n > 1 ? b->n / 2 : 1;
	b->last = b->before;
	b->keep[0] = false;
	if (b->n > 1)
		b->n = 0;
	else if (b->refused++ == 0)
		th_fail(&b->why, TH_EREFUSED, "search: HTTP 413: too large");
}

static enum th_status
send_bulk(struct bulk *b)
{
	struct th_reply reply = { 0 };
	enum th_status st, noted;

	st = ask(b->e, "POST", "/_bulk?refresh=wait_for",
	    "application/x-ndjson", th_buf_str(&b->body), &reply, b->err);
	if (st == TH_OK && reply.code == 413)
		send_fewer(b);
	else if (st == TH_OK && (st = judge(&reply, b->err)) == TH_OK)
		st = read_answer(b, &reply);
	else
		b->n = 0;
	noted = b->n > 0 ? note_sent(b) : TH_OK;
	th_reply_release(&reply);
	return noted != TH_OK ? noted : st;
}

/* All that waits, a batch after the other. */
static enum th_status
send_batches(struct bulk *b)
{
	enum th_status st = TH_OK;

	while (st == TH_OK) {
		b->n = 0;
		b->before = b->last;
		th_buf_clear(&b->body);
		st = th_docs_pending(
		    b->e->docs, b->last, BULK_ITEMS, add_document, b, b->err);
		if (b->n == 0 || (st != TH_OK && st != TH_END))
			break;
		if ((st = make_index(b->e, TH_SEARCH_ITEM, b->err)) == TH_OK &&
		    (st = make_index(b->e, TH_SEARCH_TRIGGER, b->err)) == TH_OK)
			st = send_bulk(b);
		if (th_interrupted && st == TH_OK)
			st = th_fail(b->err, TH_EAGAIN, "interrupted");
	}
	if (st > TH_END || b->refused == 0)
		return st == TH_END ? TH_OK : st;
	return th_fail(b->err, TH_EREFUSED, "%s; documents left out: %zu",
	    b->why.text, b->refused);
}

static enum th_status
send_all(struct th_elastic *e, struct th_err *err)
{
	struct bulk *b = th_calloc(1, sizeof(*b));
	enum th_status st;

	if (b == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	/* Of the queues that there are now. */
	th_went_free(e->went);
	e->went = NULL;
	st = th_went_new(e->store, &e->went, err);
	b->e = e;
	b->err = err;
	b->max = BULK_ITEMS;
	th_doc_init(&b->doc);
	th_buf_init(&b->body, BODY_MAX);
	th_buf_init(&b->line, 2 * TH_LINE_MAX);
	th_buf_init(&b->plain, TH_LINE_MAX);
	th_buf_init(&b->stems, TH_LINE_MAX);
	if (st == TH_OK)
		st = send_batches(b);
	th_doc_release(&b->doc);
	th_buf_release(&b->body);
	th_buf_release(&b->line);
	th_buf_release(&b->plain);
	th_buf_release(&b->stems);
	free(b);
	return st;
}

/* ---- leaving it alone while it is away ---- */

static int64_t
get_number(struct th_elastic *e, const char *key)
{
	struct th_buf b;
	int64_t n = 0;

	th_buf_init(&b, 64);
	if (th_docs_get(e->docs, key, &b, NULL) == TH_OK)
		th_int_parse(th_buf_str(&b), &n);
	th_buf_release(&b);
	return n;
}

static enum th_status
set_number(struct th_elastic *e, const char *key, int64_t n, struct th_err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, n);
	return th_docs_set(e->docs, key, th_str(text), err);
}

/* After so many failures in a row it is asked again later each time. */
static void
put_off(struct th_elastic *e, const struct th_err *err)
{
	int64_t wait = get_number(e, "wait") * 2, at;

	wait = wait < WAIT_MIN ? WAIT_MIN : wait > WAIT_MAX ? WAIT_MAX : wait;
	at = th_now() + wait;
	if (err->retry_at > at && err->retry_at < at + WAIT_MAX)
		at = err->retry_at;
	if (set_number(e, "wait", wait, NULL) == TH_OK &&
	    th_docs_set(e->docs, "why", th_str(err->text), NULL) == TH_OK)
		set_number(e, "retry_at", at, NULL);
}

/* Why it is left alone, as it was told then. */
static enum th_status
still_away(struct th_elastic *e, struct th_err *err)
{
	struct th_buf why;

	th_buf_init(&why, TH_LINE_MAX);
	if (th_docs_get(e->docs, "why", &why, NULL) != TH_OK)
		th_buf_adds(&why, "search: the server was not there");
	th_fail(err, TH_EAGAIN, "%s a while ago", th_buf_str(&why).s);
	th_buf_release(&why);
	return TH_EAGAIN;
}

static enum th_status
any(void *ctx, const struct th_pending *p)
{
	(void)ctx;
	(void)p;
	return TH_OK;
}

static enum th_status
engine_flush(struct th_elastic *e, bool now, struct th_err *err)
{
	const int64_t time = th_now(), at = get_number(e, "retry_at");
	struct th_err own = { 0 };
	enum th_status st;

	if (err == NULL)
		err = &own;
	st = th_docs_pending(e->docs, 0, 1, any, NULL, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	if (!now && at > time && at <= time + 2 * WAIT_MAX)
		return still_away(e, err);
	st = send_all(e, err);
	if (st == TH_EAGAIN) {
		/* Who asks often is not to make others wait longer. */
		if (!now || at <= time)
			put_off(e, err);
	} else if ((st == TH_OK || st == TH_EREFUSED) && at != 0) {
		set_number(e, "retry_at", 0, NULL);
		set_number(e, "wait", 0, NULL);
	}
	return st;
}

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
		    e->prefix, index_name[i]);
		if (st == TH_OK && (st = body.status) == TH_OK)
			st = ask(e, "POST", path.data, "application/json",
			    th_buf_str(&body), &reply, err);
		/* No index, or an engine without that module: all is written
		   over then. */
		if (st == TH_OK && reply.code != 404 && reply.code != 400)
			st = judge(&reply, err);
		e->made[i] = false;
		th_reply_release(&reply);
		reply = (struct th_reply){ 0 };
	}
	th_buf_release(&path);
	th_buf_release(&body);
	if (st == TH_OK)
		st = set_number(e, "retry_at", 0, err);
	return st;
}

/* ---- finding ---- */

/* One way in which a term may match: {"match":{FIELD:{"query":..}}}. */
static void
add_match(struct th_buf *b, const char *how, const char *field, int weight,
    struct th_str words)
{
	const bool prefix = strcmp(how, "prefix") == 0;

	th_json_open(b, '{');
	th_json_key(b, how);
	th_json_open(b, '{');
	th_json_key(b, field);
	th_json_open(b, '{');
	th_json_member(b, prefix ? "value" : "query", words);
	th_json_key(b, "boost");
	th_json_int(b, weight);
	if (strcmp(how, "match_phrase_prefix") == 0) {
		th_json_key(b, "max_expansions");
		th_json_int(b, PREFIX_MAX);
	}
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_json_close(b, '}');
}

/* The same for any of some words, which the engine counts as one. */
static void
add_any(
    struct th_buf *b, const char *field, int weight, const struct th_word *w)
{
	size_t i;

	th_json_open(b, '{');
	th_json_key(b, "terms");
	th_json_open(b, '{');
	th_json_key(b, field);
	th_json_open(b, '[');
	th_json_string(b, w->plain);
	for (i = 0; i < w->nstems; i++)
		th_json_string(b, w->stem[i]);
	th_json_close(b, ']');
	th_json_key(b, "boost");
	th_json_int(b, weight);
	th_json_close(b, '}');
	th_json_close(b, '}');
}

/* A word matches as it is, by its stems, and as or by one of those. */
static void
add_stems(struct th_elastic *e, struct th_buf *b, const struct th_query_term *t,
    size_t column, bool many)
{
	const char *const field[] = { columns[column].name,
		columns[column].stems };
	const int weight = columns[column].weight;
	struct th_word w;
	size_t i, k;

	th_words_start(e->words, th_str(t->text), true);
	if (!th_words_next(e->words, &w))
		return;
	for (k = 0; k < 2; k++)
		if (many) {
			add_any(b, field[k], weight, &w);
		} else {
			add_match(b, "match", field[k], weight, w.plain);
			for (i = 0; i < w.nstems; i++)
				add_match(
				    b, "match", field[k], weight, w.stem[i]);
		}
}

static bool
has_column(const struct th_query_term *t, size_t column)
{
	return t->field == TH_QUERY_ANY ||
	       (t->field == TH_QUERY_TITLE && column == 0) ||
	       (t->field == TH_QUERY_TAG && column == 2);
}

/* A beginning that is a word alone may stand for any number of words. */
static const char *
how_of(const struct th_query_term *t)
{
	return t->how == TH_QUERY_EXACT       ? "match_phrase"
	       : strchr(t->text, ' ') != NULL ? "match_phrase_prefix"
					      : "prefix";
}

/* The best of all ways counts: {"dis_max":{"queries":[...]}}. */
static void
add_words(struct th_elastic *e, struct th_buf *b, const struct th_query_term *t,
    bool many)
{
	struct th_buf plain;
	size_t i;

	th_buf_init(&plain, TH_LINE_MAX);
	if (th_doc_fold(th_str(t->text), &plain) != TH_OK)
		b->status = TH_ENOMEM;
	th_json_open(b, '{');
	th_json_key(b, "dis_max");
	th_json_open(b, '{');
	th_json_key(b, "queries");
	th_json_open(b, '[');
	for (i = 0; i < NCOLUMNS; i++)
		if (has_column(t, i) && t->how == TH_QUERY_STEM)
			add_stems(e, b, t, i, many);
		else if (has_column(t, i))
			add_match(b, how_of(t), columns[i].name,
			    columns[i].weight, th_buf_str(&plain));
	th_json_close(b, ']');
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_buf_release(&plain);
}

static void
add_service(struct th_buf *b, const struct th_query_term *t)
{
	struct th_buf name;

	th_buf_init(&name, TH_LINE_MAX);
	if (th_doc_fold(th_str(t->text), &name) != TH_OK)
		b->status = TH_ENOMEM;
	th_json_open(b, '{');
	th_json_key(b, t->how == TH_QUERY_PREFIX ? "prefix" : "term");
	th_json_open(b, '{');
	th_json_member(b, "service", th_buf_str(&name));
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_buf_release(&name);
}

enum part { MUST, MUST_NOT, FILTER };

static enum part
part_of(const struct th_query_term *t)
{
	return t->minus                       ? MUST_NOT
	       : t->field == TH_QUERY_SERVICE ? FILTER
					      : MUST;
}

static void
add_range(struct th_buf *b, const struct th_query *q)
{
	th_json_open(b, '{');
	th_json_key(b, "range");
	th_json_open(b, '{');
	th_json_key(b, "date");
	th_json_open(b, '{');
	th_json_key(b, "gte");
	th_json_int(b, q->after);
	th_json_key(b, "lt");
	th_json_int(b, q->before);
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_json_close(b, '}');
}

static void
make_query(struct th_elastic *e, struct th_buf *b, const struct th_query *q,
    size_t limit)
{
	static const char *const name[] = { "must", "must_not", "filter" };
	enum part part;
	size_t i;

	th_json_open(b, '{');
	th_json_key(b, "size");
	/* An item may be there from several stores. */
	th_json_int(b, limit > 5000 ? 10000 : (int64_t)limit * 2);
	th_json_key(b, "track_scores");
	th_json_bool(b, true);
	th_json_key(b, "_source");
	th_json_raw(b, TH_STR("[\"line\",\"date\"]"));
	th_json_key(b, "sort");
	th_json_raw(b, TH_STR("[{\"_score\":\"desc\"},{\"date\":\"desc\"},"
			      "{\"no\":\"desc\"}]"));
	th_json_key(b, "query");
	th_json_raw(b, TH_STR("{\"bool\":"));
	th_json_open(b, '{');
	for (part = MUST; part <= FILTER; part++) {
		th_json_key(b, name[part]);
		th_json_open(b, '[');
		for (i = 0; i < q->n; i++)
			if (part_of(&q->term[i]) != part)
				continue;
			else if (q->term[i].field == TH_QUERY_SERVICE)
				add_service(b, &q->term[i]);
			else
				add_words(e, b, &q->term[i], q->n > MANY);
		if (part == FILTER)
			add_range(b, q);
		th_json_close(b, ']');
	}
	th_json_close(b, '}');
	th_buf_addc(b, '}');
	th_json_close(b, '}');
}

/* What was found, of each item once. */
struct found {
	struct th_hit *hit;
	struct th_buf *line; /* with receipts of several stores; else empty */
	char **id;
	size_t n;
};

static bool
add_receipt(void *ctx, const struct th_value *v)
{
	struct th_item *it = ctx;
	struct th_value all;

	if (th_item_get(it, "_published", &all) && th_went_has(all.raw, v->raw))
		return false;
	return th_item_append(it, "_published", v->raw) != TH_OK;
}

/* The receipts of the same item, as another store knows them. */
static enum th_status
merge(struct found *f, size_t i, struct th_str other, struct th_err *err)
{
	struct th_item a, b;
	struct th_buf line;
	enum th_status st;

	th_item_init(&a);
	th_item_init(&b);
	th_buf_init(&line, 2 * TH_LINE_MAX);
	st = th_item_parse(&a, f->hit[i].line, err);
	if (st == TH_OK)
		st = th_item_parse(&b, other, err);
	if (st == TH_OK && th_item_visit(&b, "_published", add_receipt, &a))
		st = th_fail(err, TH_ENOMEM, "out of memory");
	if (st == TH_OK)
		st = th_item_line(&a, &line);
	th_item_release(&a);
	th_item_release(&b);
	if (st == TH_OK) {
		th_buf_release(&f->line[i]);
		f->line[i] = line;
		f->hit[i].line = th_buf_str(&line);
	} else
		th_buf_release(&line);
	return st == TH_EDATA ? TH_OK : st;
}

static enum th_status
id_of(struct th_str line, char **ret, struct th_err *err)
{
	struct th_item it;
	struct th_buf b;
	enum th_status st;

	*ret = NULL;
	th_item_init(&it);
	th_buf_init(&b, TH_LINE_MAX);
	st = th_item_parse(&it, line, err);
	if (st == TH_OK)
		st = th_item_text(&it, "id", &b);
	if (st == TH_OK && (*ret = th_buf_take(&b)) == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	th_buf_release(&b);
	th_item_release(&it);
	return st == TH_ENOMEM ? st : TH_OK;
}

static enum th_status
add_found(struct found *f, const struct th_hit *hit, struct th_err *err)
{
	char *id = NULL;
	enum th_status st = TH_OK;
	size_t i;

	if (hit->kind == TH_SEARCH_ITEM)
		st = id_of(hit->line, &id, err);
	for (i = 0; i < f->n && st == TH_OK && id != NULL; i++)
		if (f->id[i] != NULL && strcmp(f->id[i], id) == 0) {
			free(id);
			return merge(f, i, hit->line, err);
		}
	if (st != TH_OK)
		return st;
	f->hit[f->n] = *hit;
	f->id[f->n++] = id;
	return TH_OK;
}

static void
found_release(struct found *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		th_buf_release(&f->line[i]);
		free(f->id[i]);
	}
	free(f->hit);
	free(f->line);
	free(f->id);
}

/* Has it looked everywhere, and to the end? */
static bool
is_whole(const json_t *answer)
{
	const json_t *shards = json_object_get(answer, "_shards");

	return !json_is_true(json_object_get(answer, "timed_out")) &&
	       json_integer_value(json_object_get(shards, "failed")) == 0;
}

static enum th_status
show(const struct th_reply *reply, enum th_search_kind kind, size_t limit,
    th_hit_visit *visit, void *ctx, struct th_err *err)
{
	struct th_hit hit = { .kind = kind };
	json_t *root = NULL, *hits, *h, *source;
	struct found f = { 0 };
	enum th_status st;
	size_t i, n;

	st = th_payload_parse(th_buf_str(&reply->body), &root, err);
	if (st != TH_OK)
		return st;
	hits = json_object_get(json_object_get(root, "hits"), "hits");
	n = json_array_size(hits);
	f.hit = th_calloc(n + 1, sizeof(*f.hit));
	f.line = th_calloc(n + 1, sizeof(*f.line));
	f.id = th_calloc(n + 1, sizeof(*f.id));
	if (f.hit == NULL || f.line == NULL || f.id == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	for (i = 0; i < n && st == TH_OK; i++) {
		h = json_array_get(hits, i);
		source = json_object_get(h, "_source");
		hit.score = json_number_value(json_object_get(h, "_score"));
		hit.date = json_integer_value(json_object_get(source, "date"));
		hit.line =
		    th_str(json_string_value(json_object_get(source, "line")));
		if (hit.line.len > 0)
			st = add_found(&f, &hit, err);
	}
	for (i = 0; i < f.n && i < limit && st == TH_OK; i++)
		st = visit(ctx, &f.hit[i]);
	if (st == TH_OK && !is_whole(root))
		st = th_fail(err, TH_EAGAIN,
		    "search: only a part of the index answered");
	found_release(&f);
	json_decref(root);
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
	make_query(e, &body, q, limit);
	st = th_buf_addf(&path, "/%s-%s/_search?ignore_unavailable=true",
	    e->prefix, index_name[kind]);
	if (st == TH_OK)
		st = body.status;
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else
		st = ask(e, "POST", path.data, "application/json",
		    th_buf_str(&body), &reply, err);
	if (st == TH_OK)
		st = judge(&reply, err);
	if (st == TH_OK)
		st = show(&reply, kind, limit, visit, ctx, err);
	th_reply_release(&reply);
	th_buf_release(&path);
	th_buf_release(&body);
	return st;
}

const struct th_search_engine th_search_elastic = { engine_open, engine_free,
	engine_flush, engine_clear, engine_find };
