/* trello -- the cards of a board or list in, cards out.  Speaks version 1 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "trigger.h"

#define HOST "https://api.trello.com"
#define ATLASSIAN "https://auth.atlassian.com"
#define URL_MAX ((size_t)64 << 10)
#define TEXT_MAX ((size_t)16384) /* characters of a name, of a description */
#define PAGE 1000
#define PAGES_MAX 100
#define WAIT_TOKEN 10   /* seconds after a 429 */
#define WAIT_MEMBER 900 /* the same, of /1/members */

static const struct th_param params[] = {
	{ "board", TH_STRING,
	    TH_P_FETCH | TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST, "BOARD",
	    "name or id of the board", 0 },
	{ "list", TH_STRING, TH_P_FETCH, "LIST",
	    "name or id of a list; without it all lists", 0 },
	{ "list", TH_STRING, TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST, "LIST",
	    "name or id of the list", 0 },
	{ "labels", TH_LIST, TH_P_PUBLISH, "A,B",
	    "names or ids of labels for each card", 0 },
	{ "position", TH_CHOICE, TH_P_PUBLISH, "top|bottom",
	    "where in the list a card goes", 0 },
	{ "key", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "the API key of your Power-Up", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, NULL,
	    "your token", 0 },
	{ "consumer_key", TH_STRING, TH_P_ACCOUNT, NULL,
	    "OAuth 1.0a: the API key", 0 },
	{ "consumer_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "OAuth 1.0a: its secret", 0 },
	{ "token_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "OAuth 1.0a: the secret of your token", 0 },
	{ "client_id", TH_STRING, TH_P_ACCOUNT, NULL, "OAuth 2: the app's id",
	    0 },
	{ "client_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "OAuth 2: the app's secret, if it has one", 0 },
	{ "access_token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "OAuth 2: your token", 0 },
	{ "refresh_token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "OAuth 2: what renews it", 0 },
	{ "expires_at", TH_STRING, TH_P_ACCOUNT, NULL,
	    "OAuth 2: when access_token ends", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

static const char *
text_of(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static bool
is_id(const char *s)
{
	return s != NULL && strlen(s) == 24 &&
	       s[strspn(s, "0123456789abcdef")] == '\0';
}

/* ---- who asks, how often
 * --------------------------------------------------------- */

/* Key and token in the header, as OAuth without a signature. */
static enum th_status
add_token(struct th_session *ses, struct th_request *req)
{
	struct th_secret key = { NULL }, token = { NULL }, both = { NULL };
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, URL_MAX);
	if ((st = th_session_secret(ses, "key", &key)) != TH_OK ||
	    (st = th_session_secret(ses, "token", &token)) != TH_OK ||
	    (st = th_buf_reserve(&b,
		 3 * (strlen(key.value) + strlen(token.value)) + 64)) != TH_OK)
		goto out;
	th_buf_adds(&b, "oauth_consumer_key=\"");
	th_text_urlencode(th_str(key.value), &b);
	th_buf_adds(&b, "\", oauth_token=\"");
	th_text_urlencode(th_str(token.value), &b);
	st = th_buf_addc(&b, '"');
	if (st == TH_OK && (both.value = th_buf_take(&b)) == NULL)
		st = TH_ENOMEM;
	if (st == TH_OK)
		st = th_request_secret(req, "Authorization", "OAuth ", &both);
out:
	th_secret_release(&key);
	th_secret_release(&token);
	th_secret_release(&both);
	th_buf_release(&b);
	return st;
}

static enum th_status
authorize(struct th_session *ses, struct th_request *req)
{
	if (th_session_has(ses, "key"))
		return add_token(ses, req);
	return th_session_authorize(ses, req);
}

/* Counts a request on a limit of a secret, by its hash: accounts may share it.
 */
static enum th_status
pace_of(struct th_session *ses, const char *what, const char *key,
    const struct th_limit *limit)
{
	struct th_secret who = { NULL };
	unsigned char sum[TH_SHA256_SIZE];
	char name[64];
	enum th_status st;

	if (!th_session_has(ses, key))
		return TH_OK;
	if ((st = th_session_secret(ses, key, &who)) != TH_OK)
		return st;
	th_sha256(th_str(who.value), sum);
	th_secret_release(&who);
	snprintf(name, sizeof(name), "trello %s %02x%02x%02x%02x%02x%02x", what,
	    sum[0], sum[1], sum[2], sum[3], sum[4], sum[5]);
	return th_session_pace(ses, name, limit);
}

/* What Trello allows for a token, a key, and for questions about members. */
static enum th_status
pace(struct th_session *ses, const char *path)
{
	static const struct th_limit token = { 100, 10 }, key = { 300, 10 },
				     members = { 100, 900 };
	const char *mine =
	    th_session_has(ses, "access_token") ? "access_token" : "token";
	enum th_status st = TH_OK;

	if (strncmp(path, "/1/members/", 11) == 0)
		st = pace_of(ses, "members", mine, &members);
	if (st == TH_OK)
		st = pace_of(ses, "token", mine, &token);
	if (st == TH_OK)
		st = pace_of(ses, "key", "key", &key);
	return st == TH_OK ? pace_of(ses, "key", "consumer_key", &key) : st;
}

static bool
contains(const struct th_reply *rep, const char *word)
{
	size_t i, n = strlen(word);
	struct th_str s = th_buf_str(&rep->body);

	for (i = 0; i + n <= s.len && i < 4096; i++)
		if (memcmp(s.s + i, word, n) == 0)
			return true;
	return false;
}

/* Bodies of errors are plain text: the code decides, the text is told. */
static enum th_status
judge(struct th_session *ses, const struct th_reply *rep)
{
	struct th_err *err = th_session_err(ses);
	enum th_status st = th_reply_status(rep, err);
	int64_t wait;

	if (rep->code == 401 && contains(rep, "permission"))
		return th_session_fail(ses, TH_EREFUSED,
		    "the account may not do that at this board");
	if (rep->code == 429) {
		wait = contains(rep, "RATE_LIMIT_EXCEEDED") ? WAIT_MEMBER
							    : WAIT_TOKEN;
		if (err->retry_at < th_now() + wait)
			err->retry_at = th_now() + wait;
		return th_session_fail(ses, TH_EAGAIN, "Trello asks to wait");
	}
	return st;
}

/* ---- asking
 * ------------------------------------------------------------------------ */

/* Makes a request without its body. */
static enum th_status
request(struct th_session *ses, const char *method, const char *path,
    struct th_request *ret)
{
	struct th_buf url;
	enum th_status st;

	th_buf_init(&url, URL_MAX);
	if ((st = th_session_url(ses, HOST, path, &url)) == TH_OK)
		st = th_request_set(ret, method, th_buf_str(&url));
	if (st == TH_OK)
		st = th_request_header(ret, "Accept", "application/json");
	th_buf_release(&url);
	return st;
}

/* Signs, keeps the pace and sends; a 401 may be cured by a new token, once. */
static enum th_status
call(struct th_session *ses, const char *path, struct th_request *req,
    json_t **ret)
{
	struct th_reply rep = { 0 };
	enum th_status st;
	bool again = false;

	do {
		th_reply_release(&rep);
		rep = (struct th_reply){ 0 };
		if ((st = pace(ses, path)) == TH_OK &&
		    (st = authorize(ses, req)) == TH_OK &&
		    (st = th_session_send(ses, req, &rep)) != TH_OK &&
		    rep.code != 0)
			st = judge(ses, &rep);
		again = st == TH_EAUTH && rep.code == 401 && !again &&
			th_session_has(ses, "refresh_token") &&
			th_session_renew(ses) == TH_OK;
	} while (again);
	if (st == TH_OK)
		st = th_payload_parse(
		    th_buf_str(&rep.body), ret, th_session_err(ses));
	th_reply_release(&rep);
	return st;
}

static enum th_status
get(struct th_session *ses, const char *path, json_t **ret)
{
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	if ((st = request(ses, "GET", path, &req)) == TH_OK)
		st = call(ses, path, &req, ret);
	th_request_release(&req);
	return st;
}

/* ---- boards, lists and labels by name
 * ----------------------------------------------- */

/* A kind of thing that has a name and an id, inside another or not. */
struct kind {
	const char *word;
	const char *all;    /* path; %s: the id of what it is in */
	const char *make;   /* path */
	const char *within; /* parameter for that id, or NULL */
	const char *more;   /* further parameters of a new one, a form */
};

static const struct kind board_kind = { "board",
	"/1/members/me/boards?filter=open&fields=name,closed,url", "/1/boards",
	NULL, "defaultLists=false&prefs_permissionLevel=private" };
static const struct kind list_kind = { "list",
	"/1/boards/%s/lists?filter=open&cards=none&fields=name,closed,pos",
	"/1/lists", "idBoard", "pos=bottom" };
static const struct kind label_kind = { "label",
	"/1/boards/%s/labels?limit=1000&fields=name,color", "/1/labels",
	"idBoard", "color=" };

static bool
same_name(const char *a, const char *b)
{
	struct th_buf x, y;
	bool same;

	th_buf_init(&x, URL_MAX);
	th_buf_init(&y, URL_MAX);
	same = th_text_lower(th_str(a), &x) == TH_OK &&
	       th_text_lower(th_str(b), &y) == TH_OK && x.len == y.len &&
	       memcmp(x.data, y.data, x.len) == 0;
	th_buf_release(&x);
	th_buf_release(&y);
	return same;
}

/* The first open one of exactly that name, else but for its case. */
static const char *
id_by_name(const json_t *all, const char *name)
{
	const char *near = NULL;
	json_t *o;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, o)
	{
		if (json_is_true(json_object_get(o, "closed")) ||
		    text_of(o, "name") == NULL || !is_id(text_of(o, "id")))
			continue;
		if (strcmp(text_of(o, "name"), name) == 0)
			return text_of(o, "id");
		if (near == NULL && same_name(text_of(o, "name"), name))
			near = text_of(o, "id");
	}
	return near;
}

static enum th_status
cache_key(
    const struct kind *k, const char *in, const char *name, struct th_buf *ret)
{
	return th_buf_addf(
	    ret, "%s/%s/%s", k->word, in != NULL ? in : "", name);
}

static enum th_status
look_up(struct th_session *ses, const struct kind *k, const char *in,
    const char *name, struct th_buf *ret)
{
	json_t *all = NULL;
	const char *id;
	char path[256];
	enum th_status st;

	if (in == NULL)
		snprintf(path, sizeof(path), "%s", k->all);
	else
		snprintf(path, sizeof(path), "/1/boards/%.24s%s", in,
		    k->all + sizeof("/1/boards/%s") - 1);
	st = get(ses, path, &all);
	id = id_by_name(all, name);
	if (st == TH_OK)
		st = id != NULL ? th_buf_adds(ret, id) : TH_END;
	json_decref(all);
	return st;
}

static enum th_status
make(struct th_session *ses, const struct kind *k, const char *in,
    const char *name, struct th_buf *ret)
{
	struct th_request req;
	json_t *new = NULL;
	enum th_status st;

	th_request_init(&req);
	if ((st = request(ses, "POST", k->make, &req)) == TH_OK &&
	    (st = th_request_form(&req, "name", th_str(name))) == TH_OK &&
	    (in == NULL ||
		(st = th_request_form(&req, k->within, th_str(in))) == TH_OK) &&
	    (st = th_buf_addf(&req.body, "&%s", k->more)) == TH_OK)
		st = call(ses, k->make, &req, &new);
	if (st == TH_OK && !is_id(text_of(new, "id")))
		st = th_session_fail(ses, TH_EUNAVAIL,
		    "Trello does not tell the id of the new %s", k->word);
	if (st == TH_OK)
		st = th_buf_adds(ret, text_of(new, "id"));
	if (st == TH_OK)
		th_session_say(ses, 1, TH_OK, "made the %s %s", k->word, name);
	json_decref(new);
	th_request_release(&req);
	return st;
}

/* Looks and makes, one process at a time: two would make it twice. */
static enum th_status
look_up_or_make(struct th_session *ses, const struct kind *k, const char *in,
    const char *name, const char *key, struct th_buf *ret)
{
	char lock[300];
	enum th_status st;

	snprintf(lock, sizeof(lock), "trello %.200s", th_session_account(ses));
	if ((st = th_session_lock(ses, lock)) != TH_OK)
		return st;
	st = th_session_cache_get(ses, key, ret);
	if (st == TH_END)
		st = look_up(ses, k, in, name, ret);
	if (st == TH_END)
		st = make(ses, k, in, name, ret);
	if (st == TH_OK)
		st = th_session_cache_put(ses, key, th_buf_str(ret));
	th_session_unlock(ses, lock);
	return st;
}

enum how { MUST_EXIST, MAY_BE_MADE, SHOW_ONLY };

/* Appends the id of what is called so; an id is taken as it is. */
static enum th_status
resolve(struct th_session *ses, const struct kind *k, const char *in,
    const char *name, enum how how, struct th_buf *ret)
{
	struct th_buf key;
	enum th_status st;

	if (is_id(name))
		return th_buf_adds(ret, name);
	th_buf_init(&key, URL_MAX);
	if ((st = cache_key(k, in, name, &key)) == TH_OK)
		st = th_session_cache_get(ses, key.data, ret);
	if (st == TH_END && how == SHOW_ONLY)
		st = th_buf_adds(ret, name); /* a dry run asks nobody */
	else if (st == TH_END && how == MAY_BE_MADE)
		st = look_up_or_make(ses, k, in, name, key.data, ret);
	else if (st == TH_END && (st = look_up(ses, k, in, name, ret)) == TH_OK)
		st = th_session_cache_put(ses, key.data, th_buf_str(ret));
	th_buf_release(&key);
	if (st == TH_END || (st == TH_EREFUSED && how == MUST_EXIST))
		return th_session_fail(
		    ses, TH_EUNAVAIL, "no such %s: %s", k->word, name);
	return st;
}

static void
forget(struct th_session *ses, const struct kind *k, const char *in,
    const char *name)
{
	struct th_buf key;

	th_buf_init(&key, URL_MAX);
	if (cache_key(k, in, name, &key) == TH_OK)
		th_session_cache_put(ses, key.data, (struct th_str){ "", 0 });
	th_buf_release(&key);
}

/* Where the cards are: ids. */
struct place {
	struct th_buf board, list, labels;
};

static void
place_init(struct place *p)
{
	th_buf_init(&p->board, 4096);
	th_buf_init(&p->list, 4096);
	th_buf_init(&p->labels, URL_MAX);
}

static void
place_release(struct place *p)
{
	th_buf_release(&p->board);
	th_buf_release(&p->list);
	th_buf_release(&p->labels);
}

static enum th_status
find_place(struct th_session *ses, enum how how, struct place *ret)
{
	const struct th_opts *o = th_session_opts(ses);
	const char *list = th_opt(o, "list");
	enum th_status st;
	size_t i;

	st = resolve(
	    ses, &board_kind, NULL, th_opt(o, "board"), how, &ret->board);
	if (st == TH_OK && list != NULL)
		st = resolve(
		    ses, &list_kind, ret->board.data, list, how, &ret->list);
	for (i = 0;
	     st == TH_OK && how != MUST_EXIST && i < th_opt_count(o, "labels");
	     i++) {
		if (i > 0)
			th_buf_addc(&ret->labels, ',');
		st = resolve(ses, &label_kind, ret->board.data,
		    th_opt_nth(o, "labels", i), how, &ret->labels);
	}
	return st;
}

/* Something that we knew is gone there: nothing is known any more. */
static void
forget_place(struct th_session *ses)
{
	const struct th_opts *o = th_session_opts(ses);
	struct place p;
	size_t i;

	place_init(&p);
	if (find_place(ses, SHOW_ONLY, &p) == TH_OK) {
		for (i = 0; i < th_opt_count(o, "labels"); i++)
			forget(ses, &label_kind, p.board.data,
			    th_opt_nth(o, "labels", i));
		forget(ses, &list_kind, p.board.data, th_opt(o, "list"));
		forget(ses, &board_kind, NULL, th_opt(o, "board"));
	}
	place_release(&p);
}

/* ---- a card becomes an item
 * ----------------------------------------------------------- */

/* The first eight digits of an id are when the thing was made. */
static int64_t
made_at(const char *id)
{
	char text[9] = "";

	memcpy(text, id, 8);
	return (int64_t)strtoll(text, NULL, 16);
}

static void
add_labels(const json_t *card, struct th_buf *b)
{
	json_t *label;
	const char *name;
	size_t i, n = 0;

	json_array_foreach(json_object_get(card, "labels"), i, label)
	{
		name = text_of(label, "name");
		if (name == NULL || *name == '\0')
			name = text_of(label, "color");
		if (name == NULL || *name == '\0')
			continue;
		if (n++ == 0) {
			th_json_key(b, "tags");
			th_json_open(b, '[');
		}
		th_json_string(b, th_str(name));
	}
	if (n > 0)
		th_json_close(b, ']');
}

/* Files are attachments; a link is what the card points at. */
static void
add_attachments(const json_t *card, struct th_buf *b)
{
	const char *link = NULL, *type;
	json_t *a, *bytes;
	size_t i, n = 0;

	json_array_foreach(json_object_get(card, "attachments"), i, a)
	{
		if (text_of(a, "url") == NULL)
			continue;
		if (!json_is_true(json_object_get(a, "isUpload"))) {
			link = link == NULL ? text_of(a, "url") : link;
			continue;
		}
		if (n++ == 0) {
			th_json_key(b, "attachments");
			th_json_open(b, '[');
		}
		type = text_of(a, "mimeType");
		bytes = json_object_get(a, "bytes");
		th_json_open(b, '{');
		th_json_member(b, "url", th_str(text_of(a, "url")));
		th_json_member(b, "mime_type",
		    th_str(type != NULL && *type != '\0'
			       ? type
			       : "application/octet-stream"));
		th_json_member(b, "title", th_str(text_of(a, "name")));
		if (json_is_integer(bytes) && json_integer_value(bytes) > 0) {
			th_json_key(b, "size_in_bytes");
			th_json_int(b, json_integer_value(bytes));
		}
		th_json_close(b, '}');
	}
	if (n > 0)
		th_json_close(b, ']');
	if (link != NULL && th_url_is_http(th_str(link)))
		th_json_member(b, "external_url", th_str(link));
}

static enum th_status
item_of(struct th_session *ses, const json_t *card, struct th_buf *ret_id,
    struct th_buf *ret)
{
	const struct th_opts *o = th_session_opts(ses);
	const char *url = text_of(card, "shortUrl"), *list = th_opt(o, "list");
	const char *changed = text_of(card, "dateLastActivity");
	char date[TH_DATE_SIZE], source[300];
	struct th_buf title;
	int64_t t;

	if (url != NULL && *url == '\0')
		url = NULL;
	th_buf_init(&title, 4 * TEXT_MAX);
	th_buf_adds(ret_id, url != NULL ? url : text_of(card, "id"));
	th_text_fold(th_str(text_of(card, "name")), &title);
	th_json_open(ret, '{');
	th_json_member(ret, "id", th_buf_str(ret_id));
	th_json_member(ret, "url", th_str(url));
	th_json_member(ret, "title", th_buf_str(&title));
	th_json_member(ret, "content_text", th_str(text_of(card, "desc")));
	if (th_date_format(made_at(text_of(card, "id")), date) == TH_OK)
		th_json_member(ret, "date_published", th_str(date));
	if (changed != NULL &&
	    th_date_parse_rfc3339(th_str(changed), &t) == TH_OK &&
	    th_date_format(t, date) == TH_OK)
		th_json_member(ret, "date_modified", th_str(date));
	add_labels(card, ret);
	add_attachments(card, ret);
	th_json_key(ret, "_source");
	th_json_open(ret, '{');
	th_json_member(ret, "service", TH_STR("trello"));
	th_json_member(ret, "account", th_str(th_session_account(ses)));
	snprintf(source, sizeof(source), "%.120s%s%.120s", th_opt(o, "board"),
	    list != NULL ? " / " : "", list != NULL ? list : "");
	th_json_member(ret, "title", th_str(source));
	th_json_close(ret, '}');
	th_json_close(ret, '}');
	th_buf_release(&title);
	return ret_id->status != TH_OK ? ret_id->status : ret->status;
}

/* ---- reading
 * ----------------------------------------------------------------------------
 */

static int
newest_first(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;

	return strcmp(text_of(*y, "id"), text_of(*x, "id"));
}

/* Adds the cards of a page to `all`; the least id in *least. */
static size_t
take_page(json_t *page, json_t *all, const char **least)
{
	const char *id;
	json_t *card;
	size_t i, n = 0;

	json_array_foreach(page, i, card)
	{
		id = text_of(card, "id");
		if (!is_id(id) || json_array_append(all, card) != 0)
			continue;
		if (*least == NULL || strcmp(id, *least) < 0) {
			*least = id;
			n++;
		}
	}
	return n;
}

static enum th_status
read_cards(struct th_session *ses, const struct place *p, json_t *all)
{
	const char *least = NULL;
	json_t *page;
	char path[512];
	size_t pages = 0, n = PAGE;
	bool more = true;
	enum th_status st = TH_OK;

	for (; st == TH_OK && more && pages < PAGES_MAX; pages++) {
		snprintf(path, sizeof(path),
		    "/1/%s/%.24s/cards?fields=name,desc,shortUrl,labels,"
		    "dateLastActivity&attachments=true&limit=%d%s%s",
		    p->list.len > 0 ? "lists" : "boards",
		    p->list.len > 0 ? p->list.data : p->board.data, PAGE,
		    least != NULL ? "&before=" : "",
		    least != NULL ? least : "");
		page = NULL;
		if (th_interrupted)
			st = th_session_fail(ses, TH_EAGAIN, "interrupted");
		else
			st = get(ses, path, &page);
		n = json_array_size(page);
		more = take_page(page, all, &least) > 0 && n == PAGE;
		json_decref(page);
	}
	return st;
}

struct reading {
	struct th_session *ses;
	const struct th_fetch *f;
	char scope[64];
};

static enum th_status
hand_on(void *ctx, struct th_str id, struct th_str line)
{
	struct reading *r = ctx;

	return th_fetch_emit(r->f, r->scope, id, line, th_session_err(r->ses));
}

/* Hands them on by the date they were made; a card read twice counts once. */
static enum th_status
emit_cards(struct reading *r, json_t *all)
{
	size_t i, n = json_array_size(all), taken;
	json_t **card = th_calloc(n + 1, sizeof(*card));
	struct th_pile pile = { 0 };
	struct th_buf id, line;
	enum th_status st = card == NULL ? TH_ENOMEM : TH_OK;

	th_buf_init(&id, URL_MAX);
	th_buf_init(&line, TH_LINE_MAX);
	for (i = 0; st == TH_OK && i < n; i++)
		card[i] = json_array_get(all, i);
	if (st == TH_OK)
		qsort(card, n, sizeof(*card), newest_first);
	for (i = 0; st == TH_OK && i < n; i++) {
		if (i > 0 && newest_first(&card[i - 1], &card[i]) == 0)
			continue;
		if (r->f->limit > 0 && r->f->state == NULL &&
		    (int64_t)pile.n >= r->f->limit)
			break;
		th_buf_clear(&id);
		th_buf_clear(&line);
		if ((st = item_of(r->ses, card[i], &id, &line)) == TH_OK)
			st = th_pile_add(
			    &pile, th_buf_str(&id), th_buf_str(&line));
	}
	if (st == TH_OK)
		st = th_pile_emit(&pile, hand_on, r, &taken);
	th_pile_release(&pile);
	th_buf_release(&id);
	th_buf_release(&line);
	free(card);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
trello_fetch(struct th_session *ses, const struct th_fetch *f)
{
	struct reading r = { .ses = ses, .f = f };
	json_t *all = json_array();
	struct place p;
	enum th_status st = TH_ENOMEM;

	if (f->nargs > 0) {
		json_decref(all);
		return th_session_fail(ses, TH_EUSAGE,
		    "trello takes no arguments, but --board and --list");
	}
	place_init(&p);
	if (all != NULL)
		st = find_place(ses, MUST_EXIST, &p);
	if (st == TH_OK)
		st = read_cards(ses, &p, all);
	if (st == TH_EREFUSED && p.board.len > 0)
		forget_place(ses); /* for the next run */
	if (st == TH_OK) {
		snprintf(r.scope, sizeof(r.scope), "trello/%.24s/%.24s",
		    p.board.data, p.list.len > 0 ? p.list.data : "");
		st = emit_cards(&r, all);
	}
	place_release(&p);
	json_decref(all);
	return st == TH_EREFUSED ? TH_EUNAVAIL : st;
}

/* ---- a card is written
 * ------------------------------------------------------------------- */

/* Without control characters, not longer than Trello takes. */
static enum th_status
add_limited(struct th_str text, bool lines, struct th_buf *ret)
{
	size_t at, n, count = 0;
	struct th_buf clean;
	uint32_t c;
	enum th_status st;

	th_buf_init(&clean, TH_LINE_MAX);
	st = th_utf8_clean(text, &clean);
	for (at = 0; st == TH_OK && at < clean.len; at += n) {
		n = th_utf8_decode(clean.data + at, clean.len - at, &c);
		if ((c < ' ' || (c >= 0x7f && c < 0xa0)) &&
		    !(lines && (c == '\n' || c == '\t')))
			continue;
		count += c > 0xffff ? 2 : 1; /* as JavaScript counts */
		if (count > TEXT_MAX - 1) {
			st = th_utf8_add(ret, 0x2026);
			break;
		}
		th_buf_add(ret, clean.data + at, n);
	}
	th_buf_release(&clean);
	return st == TH_OK ? ret->status : st;
}

/* The body as Markdown, which is what descriptions are. */
static enum th_status
description(struct th_delivery *d, struct th_buf *ret)
{
	struct th_buf html, text;
	enum th_status st = TH_OK;

	th_buf_init(&html, TH_LINE_MAX);
	th_buf_init(&text, TH_LINE_MAX);
	if (d->text.s != NULL) {
		th_buf_add(&text, d->text.s, d->text.len);
	} else if ((st = th_item_text(d->item, "content_html", &html)) ==
		   TH_OK) {
		st = th_markdown_from_html(th_buf_str(&html), &text);
	} else if (st == TH_END) {
		st = th_item_body_text(d->item, TH_TEXT_LINES, &text);
		st = st == TH_END ? TH_OK : st;
	}
	if (st == TH_OK)
		st = text.status;
	if (st == TH_OK)
		st = add_limited(th_str_trim(th_buf_str(&text)), true, ret);
	th_buf_release(&html);
	th_buf_release(&text);
	return st;
}

/* The title; without one the beginning of the text. */
static enum th_status
card_name(struct th_delivery *d, struct th_str desc, struct th_buf *ret)
{
	struct th_buf folded, head;
	enum th_status st;

	th_buf_init(&folded, TH_LINE_MAX);
	th_buf_init(&head, TH_LINE_MAX);
	st = th_text_fold(d->title, &folded);
	if (st == TH_OK)
		st = add_limited(th_buf_str(&folded), false, ret);
	if (st == TH_OK && ret->len == 0 &&
	    (st = th_text_fold(desc, &head)) == TH_OK)
		st = th_text_truncate(th_buf_str(&head), 80, ret);
	th_buf_release(&folded);
	th_buf_release(&head);
	return st;
}

struct card {
	struct th_buf name, desc, url;
};

static void
card_release(struct card *c)
{
	th_buf_release(&c->name);
	th_buf_release(&c->desc);
	th_buf_release(&c->url);
}

static enum th_status
make_card(struct th_session *ses, struct th_delivery *d, struct card *ret)
{
	enum th_status st;

	th_buf_init(&ret->name, 8 * TEXT_MAX);
	th_buf_init(&ret->desc, 8 * TEXT_MAX);
	th_buf_init(&ret->url, URL_MAX);
	st = th_item_text(d->item, "url", &ret->url);
	if (st == TH_EDATA ||
	    (st == TH_OK && !th_url_is_http(th_buf_str(&ret->url))))
		th_buf_clear(&ret->url);
	else if (st != TH_OK && st != TH_END)
		return st;
	if ((st = description(d, &ret->desc)) != TH_OK ||
	    (st = card_name(d, th_buf_str(&ret->desc), &ret->name)) != TH_OK)
		return st;
	if (ret->name.len == 0 && ret->url.len == 0)
		return th_session_fail(ses, TH_EREFUSED,
		    "a card needs a title, a text or an address");
	return TH_OK;
}

/* ---- delivering
 * ----------------------------------------------------------------------------
 */

enum { START, LOOK, SEND };                  /* what d->step says was asked */
enum { AGAIN = 1, RENEWED = 2, RESENT = 4 }; /* in the memo: done already */

static bool
first_time(struct th_delivery *d, char what)
{
	if (d->memo.len == 0 && th_buf_addc(&d->memo, 0) != TH_OK)
		return false;
	if ((d->memo.data[0] & what) != 0)
		return false;
	d->memo.data[0] = (char)(d->memo.data[0] | what);
	return true;
}

static void
add_field(struct th_request *req, const char *name, const struct th_buf *value,
    enum th_status *st)
{
	if (*st == TH_OK && value->len > 0)
		*st = th_request_form(req, name, th_buf_str(value));
}

static enum th_status
send_card(struct th_session *ses, struct th_delivery *d, const struct place *p)
{
	const char *pos = th_opt(th_session_opts(ses), "position");
	struct th_request *req = &d->request;
	struct card c = { 0 };
	enum th_status st;

	th_request_release(req);
	th_request_init(req);
	d->step = SEND;
	st = make_card(ses, d, &c);
	if (st == TH_OK)
		st = request(ses, "POST", "/1/cards", req);
	add_field(req, "idList", &p->list, &st);
	add_field(req, "name", &c.name, &st);
	add_field(req, "desc", &c.desc, &st);
	add_field(req, "urlSource", &c.url, &st);
	add_field(req, "idLabels", &p->labels, &st);
	if (st == TH_OK)
		st = th_request_form(
		    req, "pos", th_str(pos != NULL ? pos : "bottom"));
	if (st == TH_OK && d->dry)
		st = th_session_authorize_dry(ses, req);
	else if (st == TH_OK && (st = pace(ses, "/1/cards")) == TH_OK)
		st = authorize(ses, req);
	card_release(&c);
	return st;
}

/* A card that may be there already is looked for before it is sent again. */
static enum th_status
look_first(struct th_session *ses, struct th_delivery *d, const struct place *p)
{
	char path[256];
	enum th_status st;

	th_request_release(&d->request);
	th_request_init(&d->request);
	d->step = LOOK;
	d->request.idempotent = true;
	snprintf(path, sizeof(path),
	    "/1/lists/%.24s/cards?fields=name,desc,shortUrl&attachments=true"
	    "&limit=%d",
	    p->list.data, PAGE);
	if ((st = request(ses, "GET", path, &d->request)) == TH_OK &&
	    (st = pace(ses, path)) == TH_OK)
		st = authorize(ses, &d->request);
	return st;
}

/* Finds what the card needs, and takes the next step. */
static enum th_status
proceed(struct th_session *ses, struct th_delivery *d, bool look)
{
	struct place p;
	enum th_status st;

	place_init(&p);
	st = find_place(ses, d->dry ? SHOW_ONLY : MAY_BE_MADE, &p);
	if (st == TH_OK)
		st = look ? look_first(ses, d, &p) : send_card(ses, d, &p);
	else
		d->retry_at = th_session_err(ses)->retry_at;
	place_release(&p);
	return st;
}

static enum th_status
arrived(struct th_delivery *d, const json_t *card)
{
	const char *id = text_of(card, "id"), *url = text_of(card, "shortUrl");

	/* A receipt that lacks something is better than a second card. */
	if (id != NULL)
		d->receipt.id = th_strdup(id);
	if (url != NULL)
		d->receipt.url = th_strdup(url);
	return TH_END;
}

static bool
has_link(const json_t *card, const char *url)
{
	json_t *a;
	size_t i;

	json_array_foreach(json_object_get(card, "attachments"), i,
	    a) if (text_of(a, "url") != NULL &&
		   strcmp(text_of(a, "url"), url) == 0) return true;
	return false;
}

/* The same address; where the item has none, the same title and text. */
static bool
is_same_card(const json_t *card, const struct card *c)
{
	const char *name = text_of(card, "name"), *desc = text_of(card, "desc");

	if (c->url.len > 0)
		return has_link(card, c->url.data);
	return name != NULL && th_str_is(th_buf_str(&c->name), name) &&
	       th_str_is(th_buf_str(&c->desc), desc != NULL ? desc : "");
}

static enum th_status
looked(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	json_t *all = NULL, *card;
	struct card c = { 0 };
	bool found = false;
	enum th_status st;
	size_t i;

	st =
	    th_payload_parse(th_buf_str(&rep->body), &all, th_session_err(ses));
	if (st == TH_OK && (st = make_card(ses, d, &c)) == TH_OK) {
		json_array_foreach(all, i, card)
		{
			found = is_same_card(card, &c);
			if (found)
				break;
		}
		st = found ? arrived(d, card) : proceed(ses, d, false);
	}
	card_release(&c);
	json_decref(all);
	return st;
}

static enum th_status
sent(struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	json_t *card = NULL;
	enum th_status st;

	if (th_payload_parse(th_buf_str(&rep->body), &card, NULL) != TH_OK)
		th_session_say(
		    ses, 1, TH_OK, "sent, but the answer is not readable");
	st = arrived(d, card);
	json_decref(card);
	return st;
}

static enum th_status
answered(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st = judge(ses, rep);
	bool look = d->step == LOOK;

	if (st == TH_OK)
		return look ? looked(ses, d, rep) : sent(ses, d, rep);
	if ((rep->code == 404 || (rep->code == 400 && contains(rep, "id"))) &&
	    first_time(d, AGAIN)) {
		forget_place(ses); /* the list or a label is gone */
		return proceed(ses, d, look);
	}
	if (rep->code == 409 && first_time(d, RESENT))
		return proceed(ses, d, true);
	if (st == TH_EAUTH && th_session_has(ses, "refresh_token") &&
	    first_time(d, RENEWED) && th_session_renew(ses) == TH_OK)
		return proceed(ses, d, look);
	if (look && st == TH_EREFUSED)
		return TH_EAGAIN; /* it is the look that was refused */
	d->retry_at = th_session_err(ses)->retry_at;
	return st;
}

static enum th_status
trello_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	if (rep != NULL)
		return answered(ses, d, rep);
	return proceed(ses, d, d->doubtful && !d->dry);
}

/* ---- logging in
 * -------------------------------------------------------------------------------
 */

static const struct th_login logins[] = {
	{ .kind = TH_LOGIN_TOKEN,
	    .name = "token",
	    .help = "key is the API key of a Power-Up of yours at "
		    "https://trello.com/power-ups/admin",
	    .needs = "key",
	    .keeps = "token",
	    .authorize = "https://trello.com/1/authorize?expiration=never"
			 "&name=Trigger%20Happy&scope=read,write"
			 "&response_type=token&key={key}" },
	{ .kind = TH_LOGIN_OAUTH1,
	    .name = "oauth1",
	    .help = "consumer_key and consumer_secret are the API key of a "
		    "Power-Up of yours and its secret",
	    .needs = "consumer_key consumer_secret",
	    .keeps = "oauth_token=token oauth_token_secret=token_secret",
	    .request = "https://trello.com/1/OAuthGetRequestToken",
	    .authorize = "https://trello.com/1/OAuthAuthorizeToken"
			 "?name=Trigger%20Happy&scope=read,write"
			 "&expiration=never",
	    .token = "https://trello.com/1/OAuthGetAccessToken",
	    .flags = TH_LOGIN_CALLBACK },
	{ .kind = TH_LOGIN_OAUTH2,
	    .name = "oauth2",
	    .help = "client_id is that of an app of yours at "
		    "https://developer.atlassian.com; log in with --port",
	    .needs = "client_id",
	    .keeps = "access_token refresh_token",
	    .authorize = ATLASSIAN "/authorize?prompt=consent",
	    .token = ATLASSIAN "/oauth/token",
	    .scope = "read:board:trello write:board:trello "
		     "read:member:trello offline_access",
	    .flags = TH_LOGIN_JSON | TH_LOGIN_ROTATES },
	{ .kind = TH_LOGIN_END },
};

/* A request about the token itself, whose path is the token. */
static enum th_status
about_token(
    struct th_session *ses, const char *method, const char *query, json_t **ret)
{
	struct th_secret token = { NULL };
	struct th_request req;
	struct th_buf path;
	enum th_status st;

	th_request_init(&req);
	th_buf_init(&path, URL_MAX);
	if ((st = th_session_secret(ses, "token", &token)) == TH_OK) {
		th_buf_adds(&path, "/1/tokens/");
		th_text_urlencode(th_str(token.value), &path);
		if ((st = th_buf_adds(&path, query)) == TH_OK &&
		    (st = request(ses, method, path.data, &req)) == TH_OK &&
		    (st = th_request_hide(&req, &token)) == TH_OK)
			st = call(ses, path.data, &req, ret);
	}
	th_secret_release(&token);
	th_buf_release(&path);
	th_request_release(&req);
	return st;
}

static enum th_status
trello_whoami(struct th_session *ses, struct th_identity *ret)
{
	json_t *me = NULL, *token = NULL;
	const char *end;
	enum th_status st;

	st = get(ses, "/1/members/me?fields=username", &me);
	if (st == TH_OK && text_of(me, "username") != NULL &&
	    (ret->name = th_strdup(text_of(me, "username"))) == NULL)
		st = TH_ENOMEM;
	if (st == TH_OK && th_session_has(ses, "token") &&
	    about_token(ses, "GET", "?fields=dateExpires", &token) == TH_OK) {
		end = text_of(token, "dateExpires");
		if (end != NULL)
			th_date_parse_rfc3339(th_str(end), &ret->expires);
	}
	json_decref(me);
	json_decref(token);
	return st;
}

static enum th_status
trello_logout(struct th_session *ses)
{
	json_t *gone = NULL;
	enum th_status st;

	if (!th_session_has(ses, "token"))
		return TH_OK;
	st = about_token(ses, "DELETE", "", &gone);
	json_decref(gone);
	return st;
}

const struct th_service th_service_trello = {
	.name = "trello",
	.summary = "Trello: cards of a board or list",
	.auth = TH_AUTH_TOKEN,
	.params = params,
	.fetch = trello_fetch,
	.publish = trello_publish,
	.login = logins,
	.whoami = trello_whoami,
	.logout = trello_logout,
};
