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
#define LISTS_MAX 1000  /* of a board */
#define WAIT_TOKEN 10   /* seconds after a 429 */
#define WAIT_MEMBER 900 /* the same, of /1/members */

static const struct th_param params[] = {
	{ "board", TH_STRING,
	    TH_P_FETCH | TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST, "BOARD",
	    "name, id or address of the board", 0 },
	{ "list", TH_STRING, TH_P_FETCH, "LIST",
	    "name or id of a list; without it all lists", 0 },
	{ "list", TH_STRING, TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST, "LIST",
	    "name or id of the list", 0 },
	{ "labels", TH_LIST, TH_P_PUBLISH, "A,B",
	    "names or ids of labels for each card", 0 },
	{ "item-tags", TH_FLAG, TH_P_PUBLISH, NULL,
	    "the item's own tags as labels, too", 0 },
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
	TH_PARAMS_OAUTH2,
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

static bool
is_id(const char *s)
{
	return s != NULL && strlen(s) == 24 &&
	       s[strspn(s, "0123456789abcdef")] == '\0';
}

/* ---- who asks, how often ---- */

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
	bool other = th_session_has(ses, "consumer_key") ||
		     th_session_has(ses, "client_id") ||
		     th_session_has(ses, "access_token") ||
		     th_session_has(ses, "refresh_token");

	if (th_session_has(ses, "key") || !other)
		return add_token(ses, req); /* which may say what is missing */
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
pace(struct th_session *ses, const struct th_request *req)
{
	static const struct th_limit token = { 100, 10 }, key = { 300, 10 },
				     members = { 100, 900 };
	const char *mine =
	    th_session_has(ses, "access_token") ? "access_token" : "token";
	enum th_status st = TH_OK;

	if (strstr(req->url, "/1/members/") != NULL)
		st = pace_of(ses, "members", mine, &members);
	if (st == TH_OK)
		st = pace_of(ses, "token", mine, &token);
	if (st == TH_OK)
		st = pace_of(ses, "key", "key", &key);
	return st == TH_OK ? pace_of(ses, "key", "consumer_key", &key) : st;
}

/* Bodies of errors are plain text: the code decides, the text is told. */
static enum th_status
judge(struct th_session *ses, const struct th_reply *rep)
{
	struct th_err *err = th_session_err(ses);
	enum th_status st = th_reply_status(rep, err);
	int64_t wait = WAIT_TOKEN;

	if (rep->code == 401 && th_reply_mentions(rep, "permission"))
		return th_session_fail(ses, TH_EREFUSED,
		    "the account may not do that at this board");
	if (rep->code == 429) {
		if (th_reply_mentions(rep, "RATE_LIMIT_EXCEEDED"))
			wait = WAIT_MEMBER;
		wait += th_now();
		return th_api_wait(
		    ses, "Trello", err->retry_at > wait ? err->retry_at : wait);
	}
	return st;
}

static const struct th_api api = {
	.host = HOST, .judge = judge, .authorize = authorize, .pace = pace
};

/* ---- boards, lists and labels by name ---- */

/* A kind of thing that has a name and an id, inside another or not. */
struct kind {
	const char *word;
	const char *all;    /* path, behind that of what it is in */
	const char *make;   /* path */
	const char *within; /* parameter for that id, or NULL */
	const char *more;   /* further parameters of a new one, a form */
};

static const struct kind board_kind = { "board",
	"/1/members/me/boards?filter=open&fields=name,closed,url", "/1/boards",
	NULL, "defaultLists=false&prefs_permissionLevel=private" };
static const struct kind list_kind = { "list",
	"/lists?filter=open&cards=none&fields=name,closed,pos", "/1/lists",
	"idBoard", "pos=bottom" };
static const struct kind label_kind = { "label",
	"/labels?limit=1000&fields=name,color", "/1/labels", "idBoard",
	"color=" };

/* All that there are of a kind. */
static enum th_status
get_all(
    struct th_session *ses, const struct kind *k, const char *in, json_t **ret)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%.24s%s",
	    in != NULL ? "/1/boards/" : "", in != NULL ? in : "", k->all);
	return th_api_get(ses, &api, path, ret);
}

static bool
is_open(const json_t *o)
{
	return is_id(th_payload_text(o, "id")) &&
	       !json_is_true(json_object_get(o, "closed"));
}

/* The part of a board's address that tells which: .../b/THIS/name. */
static struct th_str
short_link(const char *url)
{
	const char *at = url != NULL ? strstr(url, "/b/") : NULL;

	if (at == NULL || !th_url_is_http(th_str(url)))
		return (struct th_str){ "", 0 };
	at += 3;
	return (struct th_str){ at, strcspn(at, "/?#") };
}

static bool
is_address(const struct th_named *t)
{
	return t->ctx == &board_kind && short_link(t->name).len > 0;
}

/* Is it called so: a board by its address, a label without name by its colour?
 */
static enum th_status
offer(const struct th_named *t, struct th_called *called, const json_t *o)
{
	struct th_str want =
	    is_address(t) ? short_link(t->name) : th_str(t->name);
	struct th_str link = short_link(th_payload_text(o, "url"));
	const char *name = th_payload_text(o, "name");

	if (t->ctx == &board_kind && link.len > 0 && th_str_equal(link, want))
		name = t->name;
	if (t->ctx == &label_kind && (name == NULL || *name == '\0'))
		name = th_payload_text(o, "color");
	return th_called_offer(
	    called, th_str(name), th_str(th_payload_text(o, "id")));
}

/* A board that is not among those of the account, but has that address. */
static enum th_status
offer_address(
    struct th_session *ses, const struct th_named *t, struct th_called *called)
{
	struct th_str link = short_link(t->name);
	struct th_buf path;
	json_t *o = NULL;
	enum th_status st;

	th_buf_init(&path, URL_MAX);
	th_buf_adds(&path, "/1/boards/");
	th_text_urlencode(link, &path);
	if ((st = th_buf_adds(&path, "?fields=name,closed,url")) == TH_OK)
		st = th_api_get(ses, &api, path.data, &o);
	if (st == TH_OK && is_open(o))
		st = th_called_offer(
		    called, th_str(t->name), th_str(th_payload_text(o, "id")));
	json_decref(o);
	th_buf_release(&path);
	return st == TH_EREFUSED ? TH_OK : st;
}

static enum th_status
list_named(
    struct th_session *ses, const struct th_named *t, struct th_called *called)
{
	json_t *all = NULL, *o;
	enum th_status st = get_all(ses, t->ctx, t->in, &all);
	size_t i;

	json_array_foreach(all, i, o)
	{
		if (st == TH_OK && is_open(o))
			st = offer(t, called, o);
	}
	json_decref(all);
	if (st == TH_OK && is_address(t) && !called->exact)
		st = offer_address(ses, t, called);
	return st;
}

static enum th_status
make_named(struct th_session *ses, const struct th_named *t, struct th_buf *ret)
{
	const struct kind *k = t->ctx;
	struct th_request req;
	json_t *new = NULL;
	enum th_status st;

	if (is_address(t))
		return th_session_fail(
		    ses, TH_EUNAVAIL, "no such %s: %s", k->word, t->name);
	th_request_init(&req);
	if ((st = th_api_request(ses, &api, "POST", k->make, &req)) == TH_OK &&
	    (st = th_request_form(&req, "name", th_str(t->name))) == TH_OK &&
	    (t->in == NULL || (st = th_request_form(
				   &req, k->within, th_str(t->in))) == TH_OK) &&
	    (st = th_buf_addf(&req.body, "&%s", k->more)) == TH_OK)
		st = th_api_call(ses, &api, &req, &new);
	if (st == TH_OK && !is_id(th_payload_text(new, "id")))
		st = th_session_fail(ses, TH_EUNAVAIL,
		    "Trello does not tell the id of the new %s", k->word);
	if (st == TH_OK)
		st = th_buf_adds(ret, th_payload_text(new, "id"));
	json_decref(new);
	th_request_release(&req);
	return st;
}

static struct th_named
named(const struct kind *k, const char *in, const char *name)
{
	return (
	    struct th_named){ k->word, in, name, list_named, make_named, k };
}

/* Appends the id of what is called so; an id is taken as it is. */
static enum th_status
resolve(struct th_session *ses, const struct kind *k, const char *in,
    const char *name, enum th_named_how how, struct th_buf *ret)
{
	const struct th_named t = named(k, in, name);

	if (is_id(name))
		return th_buf_adds(ret, name);
	return th_named_id(ses, &t, how, ret);
}

static void
forget(struct th_session *ses, const struct kind *k, const char *in,
    const char *name)
{
	const struct th_named t = named(k, in, name);

	if (name != NULL)
		th_named_forget(ses, &t);
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

/* What the tags of an item are added to. */
struct labelling {
	struct th_session *ses;
	struct place *place;
	enum th_named_how how;
};

static enum th_status
add_label(void *ctx, struct th_str tag)
{
	const struct labelling *l = ctx;
	struct th_buf name, *labels = &l->place->labels;
	enum th_status st;

	th_buf_init(&name, URL_MAX);
	st = th_text_limit(tag, TEXT_MAX, TH_LIMIT_BLANKS, &name);
	if (labels->len > 0)
		th_buf_addc(labels, ',');
	if (st == TH_OK)
		st = resolve(l->ses, &label_kind, l->place->board.data,
		    name.len > 0 ? name.data : "", l->how, labels);
	th_buf_release(&name);
	return st;
}

/* Of d, when there is one, the labels, too. */
static enum th_status
find_place(struct th_session *ses, enum th_named_how how,
    const struct th_delivery *d, struct place *ret)
{
	const struct th_opts *o = th_session_opts(ses);
	const char *list = th_opt(o, "list");
	struct labelling l = { ses, ret, how };
	enum th_status st;

	st = resolve(
	    ses, &board_kind, NULL, th_opt(o, "board"), how, &ret->board);
	if (st == TH_OK && list != NULL)
		st = resolve(
		    ses, &list_kind, ret->board.data, list, how, &ret->list);
	if (st == TH_OK && d != NULL)
		st = th_delivery_each_tag(d, o, "labels", add_label, &l);
	return st;
}

static enum th_status
forget_label(void *ctx, struct th_str tag)
{
	const struct labelling *l = ctx;
	struct th_buf name;

	th_buf_init(&name, URL_MAX);
	if (th_text_limit(tag, TEXT_MAX, TH_LIMIT_BLANKS, &name) == TH_OK)
		forget(l->ses, &label_kind, l->place->board.data, name.data);
	th_buf_release(&name);
	return TH_OK;
}

/* Something that we knew is gone there: nothing is known any more. */
static void
forget_place(struct th_session *ses, const struct th_delivery *d)
{
	const struct th_opts *o = th_session_opts(ses);
	struct place p;
	struct labelling l = { ses, &p, TH_NAMED_SHOW };

	place_init(&p);
	if (find_place(ses, TH_NAMED_SHOW, NULL, &p) == TH_OK) {
		if (d != NULL)
			th_delivery_each_tag(d, o, "labels", forget_label, &l);
		forget(ses, &list_kind, p.board.data, th_opt(o, "list"));
		forget(ses, &board_kind, NULL, th_opt(o, "board"));
	}
	place_release(&p);
}

/* ---- a card becomes an item ---- */

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
		name = th_payload_text(label, "name");
		if (name == NULL || *name == '\0')
			name = th_payload_text(label, "color");
		if (name == NULL || *name == '\0')
			continue;
		th_compose_next(b, "tags", &n);
		th_json_string(b, th_str(name));
	}
	th_compose_end(b, n);
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
		if (th_payload_text(a, "url") == NULL)
			continue;
		if (!json_is_true(json_object_get(a, "isUpload"))) {
			link = link == NULL ? th_payload_text(a, "url") : link;
			continue;
		}
		th_compose_next(b, "attachments", &n);
		type = th_payload_text(a, "mimeType");
		bytes = json_object_get(a, "bytes");
		th_json_open(b, '{');
		th_json_member(b, "url", th_str(th_payload_text(a, "url")));
		th_json_member(b, "mime_type",
		    th_str(type != NULL && *type != '\0'
			       ? type
			       : "application/octet-stream"));
		th_json_member(b, "title", th_str(th_payload_text(a, "name")));
		if (json_is_integer(bytes) && json_integer_value(bytes) > 0)
			th_json_member_int(
			    b, "size_in_bytes", json_integer_value(bytes));
		th_json_close(b, '}');
	}
	th_compose_end(b, n);
	if (link != NULL && th_url_is_http(th_str(link)))
		th_json_member(b, "external_url", th_str(link));
}

static enum th_status
item_of(struct th_session *ses, const json_t *card, struct th_buf *ret_id,
    struct th_buf *ret)
{
	const struct th_opts *o = th_session_opts(ses);
	const char *url = th_payload_text(card, "shortUrl");
	const char *id = th_payload_text(card, "id"), *list = th_opt(o, "list");
	char source[300];

	if (url != NULL && *url == '\0')
		url = NULL;
	th_buf_adds(ret_id, url != NULL ? url : id);
	th_json_open(ret, '{');
	th_json_member(ret, "id", th_buf_str(ret_id));
	th_json_member(ret, "url", th_str(url));
	th_compose_text(ret, "title", th_payload_text(card, "name"));
	th_json_member(
	    ret, "content_text", th_str(th_payload_text(card, "desc")));
	th_compose_date(ret, "date_published", made_at(id));
	th_compose_time(
	    ret, "date_modified", th_payload_text(card, "dateLastActivity"));
	add_labels(card, ret);
	add_attachments(card, ret);
	snprintf(source, sizeof(source), "%.120s%s%.120s", th_opt(o, "board"),
	    list != NULL ? " / " : "", list != NULL ? list : "");
	th_compose_source(ret, ses, source, NULL);
	th_json_close(ret, '}');
	return ret_id->status != TH_OK ? ret_id->status : ret->status;
}

/* ---- reading ---- */

static int
newest_first(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;

	return strcmp(th_payload_text(*y, "id"), th_payload_text(*x, "id"));
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
		id = th_payload_text(card, "id");
		if (!is_id(id) || json_array_append(all, card) != 0)
			continue;
		if (*least == NULL || strcmp(id, *least) < 0) {
			*least = id;
			n++;
		}
	}
	return n;
}

/* All cards of a list, or ("boards") of a board. */
static enum th_status
read_cards(struct th_session *ses, const char *of, const char *id, json_t *all)
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
		    of, id, PAGE, least != NULL ? "&before=" : "",
		    least != NULL ? least : "");
		page = NULL;
		if (th_interrupted)
			st = th_session_fail(ses, TH_EAGAIN, "interrupted");
		else
			st = th_api_get(ses, &api, path, &page);
		n = json_array_size(page);
		more = take_page(page, all, &least) > 0 && n == PAGE;
		json_decref(page);
	}
	return st;
}

/* List by list, at a server that does not give a board's cards at once. */
static enum th_status
read_lists(struct th_session *ses, const char *board, json_t *all)
{
	json_t *lists = NULL, *o;
	enum th_status st = get_all(ses, &list_kind, board, &lists);
	size_t i;

	json_array_foreach(lists, i, o)
	{
		if (st == TH_OK && is_open(o) && i < LISTS_MAX)
			st = read_cards(
			    ses, "lists", th_payload_text(o, "id"), all);
	}
	json_decref(lists);
	return st;
}

static enum th_status
read_place(struct th_session *ses, const struct place *p, json_t *all)
{
	enum th_status st;

	if (p->list.len > 0)
		return read_cards(ses, "lists", p->list.data, all);
	st = read_cards(ses, "boards", p->board.data, all);
	if (st == TH_EREFUSED && json_array_size(all) == 0)
		st = read_lists(ses, p->board.data, all);
	return st;
}

static enum th_status
find_and_read(struct th_session *ses, struct place *p, json_t *all)
{
	enum th_status st = find_place(ses, TH_NAMED_FIND, NULL, p);

	return st == TH_OK ? read_place(ses, p, all) : st;
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
		st = find_and_read(ses, &p, all);
	if (st == TH_EREFUSED) { /* what was known of it may be of the past */
		forget_place(ses, NULL);
		place_release(&p);
		place_init(&p);
		json_array_clear(all);
		st = find_and_read(ses, &p, all);
	}
	if (st == TH_OK) {
		snprintf(r.scope, sizeof(r.scope), "trello/%.24s/%.24s",
		    p.board.data, p.list.len > 0 ? p.list.data : "");
		st = emit_cards(&r, all);
	}
	place_release(&p);
	json_decref(all);
	return st == TH_EREFUSED ? TH_EUNAVAIL : st;
}

/* ---- a card is written ---- */

/* The body as Markdown, which is what descriptions are. */
static enum th_status
description(struct th_delivery *d, struct th_buf *ret)
{
	struct th_buf html, text;
	enum th_status st;

	th_buf_init(&html, TH_LINE_MAX);
	th_buf_init(&text, TH_LINE_MAX);
	if ((st = th_delivery_html(d, &html)) == TH_OK)
		st = th_markdown_from_html(th_buf_str(&html), &text);
	else if (st == TH_END)
		st = th_delivery_plain(d, &text);
	if (st == TH_OK)
		st = th_text_limit(th_str_trim(th_buf_str(&text)), TEXT_MAX,
		    TH_LIMIT_LINES, ret);
	th_buf_release(&html);
	th_buf_release(&text);
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
	st = th_delivery_page(d, &ret->url);
	if (st == TH_EDATA)
		th_buf_clear(&ret->url);
	else if (st != TH_OK && st != TH_END)
		return st;
	if ((st = description(d, &ret->desc)) != TH_OK ||
	    (st = th_delivery_headline(d, TEXT_MAX, 0, &ret->name)) != TH_OK)
		return st;
	if (ret->name.len == 0 && ret->url.len == 0)
		return th_session_fail(ses, TH_EREFUSED,
		    "a card needs a title, a text or an address");
	return TH_OK;
}

/* ---- delivering ---- */

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

	if ((st = make_card(ses, d, &c)) == TH_OK)
		st = th_api_begin(ses, &api, d, "POST", "/1/cards", SEND);
	add_field(req, "idList", &p->list, &st);
	add_field(req, "name", &c.name, &st);
	add_field(req, "desc", &c.desc, &st);
	add_field(req, "urlSource", &c.url, &st);
	add_field(req, "idLabels", &p->labels, &st);
	if (st == TH_OK)
		st = th_request_form(
		    req, "pos", th_str(pos != NULL ? pos : "bottom"));
	card_release(&c);
	return st == TH_OK ? th_api_ready(ses, &api, d) : st;
}

/* A card that may be there already is looked for before it is sent again. */
static enum th_status
look_first(struct th_session *ses, struct th_delivery *d, const struct place *p)
{
	char path[256];
	enum th_status st;

	snprintf(path, sizeof(path),
	    "/1/lists/%.24s/cards?fields=name,desc,shortUrl&attachments=true"
	    "&limit=%d",
	    p->list.data, PAGE);
	st = th_api_begin(ses, &api, d, "GET", path, LOOK);
	d->request.idempotent = true;
	return st == TH_OK ? th_api_ready(ses, &api, d) : st;
}

/* Something that we know of may be gone: then all is looked up anew, once. */
static enum th_status
find_or_make(struct th_session *ses, struct th_delivery *d, struct place *p)
{
	const enum th_named_how how = d->dry ? TH_NAMED_SHOW : TH_NAMED_MAKE;
	enum th_status st = find_place(ses, how, d, p);

	if (st != TH_EREFUSED || !first_time(d, AGAIN))
		return st;
	forget_place(ses, d);
	place_release(p);
	place_init(p);
	return find_place(ses, how, d, p);
}

/* Finds what the card needs, and takes the next step. */
static enum th_status
proceed(struct th_session *ses, struct th_delivery *d, bool look)
{
	struct place p;
	enum th_status st;

	place_init(&p);
	st = find_or_make(ses, d, &p);
	if (st == TH_OK)
		st = look ? look_first(ses, d, &p) : send_card(ses, d, &p);
	else
		d->retry_at = th_session_err(ses)->retry_at;
	place_release(&p);
	return st;
}

static bool
has_link(const json_t *card, const char *url)
{
	json_t *a;
	size_t i;

	json_array_foreach(json_object_get(card, "attachments"), i,
	    a) if (th_payload_text(a, "url") != NULL &&
		   strcmp(th_payload_text(a, "url"), url) == 0) return true;
	return false;
}

/*
 * The same address; where the item has none, or cards do not show theirs, the
 * same title and text.
 */
static bool
is_same_card(const json_t *card, const struct card *c)
{
	const char *name = th_payload_text(card, "name");
	const char *desc = th_payload_text(card, "desc");

	if (c->url.len > 0 &&
	    json_is_array(json_object_get(card, "attachments")))
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
		st = found ? th_delivery_arrived(d, th_payload_text(card, "id"),
				 th_payload_text(card, "shortUrl"))
			   : proceed(ses, d, false);
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

	if (th_reply_is_page(rep)) {
		d->doubtful = true;
		return th_session_fail(ses, TH_EUNAVAIL,
		    "a web page came where Trello should answer");
	}
	if (th_payload_parse(th_buf_str(&rep->body), &card, NULL) != TH_OK)
		th_session_say(
		    ses, 1, TH_OK, "sent, but the answer is not readable");
	st = th_delivery_arrived(
	    d, th_payload_text(card, "id"), th_payload_text(card, "shortUrl"));
	json_decref(card);
	return st;
}

/* Does it say that something is not there, which we thought was? */
static bool
is_gone(const struct th_reply *rep)
{
	static const char *const word[] = { "invalid id", "idList", "idLabels",
		"closed", "archived" };
	size_t i;

	for (i = 0; rep->code == 400 && i < sizeof(word) / sizeof(*word); i++)
		if (th_reply_mentions(rep, word[i]))
			return true;
	return rep->code == 404;
}

static enum th_status
answered(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st = judge(ses, rep);
	bool look = d->step == LOOK;

	if (st == TH_OK)
		return look ? looked(ses, d, rep) : sent(ses, d, rep);
	if (!look && rep->code >= 500)
		d->doubtful = true; /* the card may be there all the same */
	if (is_gone(rep) && first_time(d, AGAIN)) {
		forget_place(ses, d);
		return proceed(ses, d, look);
	}
	if (rep->code == 409 && first_time(d, RESENT))
		return proceed(ses, d, true);
	if (st == TH_EAUTH && first_time(d, RENEWED) &&
	    th_api_renewed(ses, st, rep))
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

/* ---- logging in ---- */

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
		    (st = th_api_request(ses, &api, method, path.data, &req)) ==
			TH_OK &&
		    (st = th_request_hide(&req, &token)) == TH_OK)
			st = th_api_call(ses, &api, &req, ret);
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

	st = th_api_get(ses, &api, "/1/members/me?fields=username", &me);
	if (st == TH_OK && th_payload_text(me, "username") != NULL &&
	    (ret->name = th_strdup(th_payload_text(me, "username"))) == NULL)
		st = TH_ENOMEM;
	if (st == TH_OK && th_session_has(ses, "token") &&
	    about_token(ses, "GET", "?fields=dateExpires", &token) == TH_OK) {
		end = th_payload_text(token, "dateExpires");
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
		return TH_END;
	st = about_token(ses, "DELETE", "", &gone);
	json_decref(gone);
	return st == TH_EAUTH ? TH_OK : st; /* it is void already */
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
