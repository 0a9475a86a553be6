/* readability -- the Reader API, version 1: bookmarks in, bookmarks out */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "trigger.h"

#define API "/api/rest/v1"
#define URL_MAX ((size_t)64 << 10)
#define TEXT_MAX ((size_t)1 << 20)
#define PER_PAGE 50    /* the most there may be */
#define PAGES_MAX 2000 /* a stop for a loop */
#define ID_MAX 20      /* digits */

static const struct th_param params[] = {
	{ "archive", TH_FLAG, TH_P_FETCH | TH_P_PUBLISH, NULL,
	    "archived bookmarks; archive what is published", 0 },
	{ "favorite", TH_FLAG, TH_P_FETCH | TH_P_PUBLISH, NULL,
	    "favorites; make what is published one", 0 },
	{ "tag", TH_STRING, TH_P_FETCH, "TAG", "bookmarks that have this tag",
	    't' },
	{ "content", TH_FLAG, TH_P_FETCH, NULL,
	    "the whole article, a request each", 0 },
	{ "tags", TH_LIST, TH_P_PUBLISH, "A,B", "tags for each bookmark", 0 },
	{ "no-item-tags", TH_FLAG, TH_P_PUBLISH, NULL,
	    "without the tags that the item has", 0 },
	{ "consumer_key", TH_STRING, TH_P_ACCOUNT, NULL,
	    "the key of the application", 0 },
	{ "consumer_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "its secret", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, NULL,
	    "your token", 0 },
	{ "token_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "the secret of your token", 0 },
	{ "zone", TH_STRING, TH_P_ACCOUNT, NULL,
	    "of the server's dates, like -05:00; UTC when not given", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

/* ---- asking ---- */

/* What an answer means. */
static enum th_status
judge(struct th_session *ses, const struct th_reply *rep)
{
	enum th_status st = th_reply_status(rep, th_session_err(ses));

	if (rep->code == 404 || rep->code == 405 || rep->code == 410)
		return th_session_fail(ses, TH_EUNAVAIL,
		    "HTTP %ld: nothing there; does the server at base_url "
		    "speak Readability's protocol?",
		    rep->code);
	return st;
}

static const struct th_api api = { .judge = judge };

/* Gets a path as JSON.  TH_END: the server does not have or show it. */
static enum th_status
get(struct th_session *ses, const char *path, json_t **ret)
{
	struct th_reply rep = { 0 };
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	if ((st = th_api_request(ses, &api, "GET", path, &req)) == TH_OK)
		st = th_api_send(ses, &api, &req, &rep);
	if (rep.code == 403 || rep.code == 404)
		st = TH_END;
	else if (st == TH_EREFUSED)
		st = TH_EUNAVAIL; /* reading refuses no item */
	if (st == TH_OK)
		st = th_payload_parse(
		    th_buf_str(&rep.body), ret, th_session_err(ses));
	th_reply_release(&rep);
	th_request_release(&req);
	return st;
}

/* ---- dates of the server ---- */

/* Seconds that its clock is ahead of UTC, by the setting. */
static enum th_status
zone_of(struct th_session *ses, int64_t *ret)
{
	const char *zone = th_session_setting(ses, "zone");
	char probe[40];
	int64_t t = 0;

	*ret = 0;
	if (zone == NULL || th_str_iis(th_str(zone), "utc"))
		return TH_OK;
	snprintf(probe, sizeof(probe), "1970-01-02T00:00:00%.12s", zone);
	if (strlen(zone) > 6 ||
	    th_date_parse_rfc3339(th_str(probe), &t) != TH_OK)
		return th_session_fail(ses, TH_ECONFIG,
		    "account readability:%s: zone is neither UTC nor like "
		    "-05:00: %s",
		    th_session_account(ses), zone);
	*ret = 86400 - t;
	return TH_OK;
}

/* "2015-01-02 10:00:00" as if it were UTC; 0 when there is none. */
static int64_t
local_date(const json_t *o, const char *name)
{
	const char *s = th_payload_text(o, name);
	int64_t t;

	if (s == NULL || th_date_parse(th_str(s), &t) != TH_OK || t < 0)
		return 0;
	return t;
}

static int64_t
date_added(const json_t *o)
{
	return local_date(o, "date_added");
}

/* Of one second the later has the larger id. */
static int64_t
id_of(const json_t *o)
{
	return th_payload_int(o, "id", -1);
}

/* Adds a date as the server writes it. */
static enum th_status
form_date(struct th_buf *q, const char *name, int64_t local)
{
	char date[TH_DATE_SIZE];

	if (th_date_format(local, date) != TH_OK)
		return TH_EDATA;
	date[10] = ' ';
	date[19] = '\0';
	return th_form_add(q, name, th_str(date));
}

/* ---- a bookmark becomes an item ---- */

/* A title may have entities, an excerpt markup, too. */
static void
add_plain(struct th_buf *b, const char *name, const char *text)
{
	struct th_str s = th_str(text);
	struct th_buf plain;

	if (!th_text_is_html(s)) {
		th_compose_text(b, name, text);
		return;
	}
	th_buf_init(&plain, 4 * TEXT_MAX);
	th_text_from_html(s, TH_TEXT_FOLD, &plain);
	th_json_member(b, name, th_buf_str(&plain));
	if (plain.status == TH_ENOMEM)
		b->status = TH_ENOMEM;
	th_buf_release(&plain);
}

static void
add_tags(struct th_buf *b, const json_t *tags)
{
	json_t *tag;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)tags, i, tag)
	{
		if (th_payload_text(tag, "text") == NULL)
			continue;
		th_compose_next(b, "tags", &n);
		th_json_string(b, th_str(th_payload_text(tag, "text")));
	}
	th_compose_end(b, n);
}

/* Writes a bookmark as an item, its id being the address of its page. */
static enum th_status
item_of(const struct th_session *ses, int64_t zone, const json_t *o,
    const char *content, struct th_buf *ret)
{
	const json_t *a = json_object_get(o, "article");
	const char *image = th_payload_text(a, "lead_image_url");
	int64_t added = date_added(o), updated = local_date(o, "date_updated");

	th_json_open(ret, '{');
	th_json_member(ret, "id", th_str(th_payload_text(a, "url")));
	th_json_member(ret, "url", th_str(th_payload_text(a, "url")));
	add_plain(ret, "title", th_payload_text(a, "title"));
	th_json_member(ret, "content_html", th_str(content));
	add_plain(ret, "summary", th_payload_text(a, "excerpt"));
	th_compose_date(ret, "date_published", added > 0 ? added - zone : 0);
	th_compose_date(ret, "date_modified", updated > 0 ? updated - zone : 0);
	th_compose_author(
	    ret, th_str(th_payload_text(a, "author")), NULL, NULL);
	add_tags(ret, json_object_get(o, "tags"));
	if (image != NULL && th_url_is_http(th_str(image)))
		th_json_member(ret, "image", th_str(image));
	th_compose_true(
	    ret, "_favorite", json_is_true(json_object_get(o, "favorite")));
	th_compose_true(
	    ret, "_archived", json_is_true(json_object_get(o, "archive")));
	th_compose_source(ret, ses, NULL, NULL);
	return th_json_close(ret, '}');
}

/* ---- reading ---- */

struct reading {
	struct th_shelf shelf;
	bool archive, favorite, content;
	const char *tag;
	int64_t zone;
	int64_t since; /* begins there, by the server's clock; 0: everywhere */
};

static enum th_status
page_path(struct reading *r, int64_t page, struct th_buf *ret)
{
	struct th_buf q;
	enum th_status st = TH_OK;

	th_buf_init(&q, URL_MAX);
	if (r->since > 0)
		st = form_date(&q, "added_since", r->since);
	if (r->archive)
		th_form_add(&q, "archive", TH_STR("1"));
	if (r->favorite)
		th_form_add(&q, "favorite", TH_STR("1"));
	if (r->tag != NULL)
		th_form_add(&q, "tags", th_str(r->tag));
	th_buf_addf(&q, "%spage=%lld&per_page=%d", q.len > 0 ? "&" : "",
	    (long long)page, PER_PAGE);
	if (st == TH_OK)
		st = q.status;
	th_buf_adds(ret, API "/bookmarks?");
	th_buf_add(ret, q.data, q.len);
	th_buf_release(&q);
	return st == TH_OK ? ret->status : st;
}

static enum th_status
get_page(struct reading *r, int64_t page, json_t **ret)
{
	struct th_buf path;
	enum th_status st;

	th_buf_init(&path, URL_MAX);
	if ((st = page_path(r, page, &path)) == TH_OK)
		st = get(r->shelf.ses, path.data, ret);
	th_buf_release(&path);
	if (st == TH_OK && !json_is_array(json_object_get(*ret, "bookmarks")))
		st = th_session_fail(
		    r->shelf.ses, TH_EUNAVAIL, "the answer has no bookmarks");
	return st;
}

/* Takes what a page has, by id: pages shift while they are read. */
static enum th_status
take_page(struct reading *r, const json_t *list)
{
	const char *url;
	char id[32];
	json_t *o;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, o)
	{
		url = th_payload_text(json_object_get(o, "article"), "url");
		snprintf(id, sizeof(id), "%lld",
		    (long long)th_payload_int(o, "id", -1));
		if (id[0] == '-' || url == NULL ||
		    !th_url_is_http(th_str(url))) {
			th_session_say(r->shelf.ses, 1, TH_OK,
			    "a bookmark without id or page is left out");
			continue;
		}
		if (json_object_set(r->shelf.all, id, o) != 0)
			return TH_ENOMEM;
	}
	return TH_OK;
}

/* All pages: as many as there are said to be, else until nothing new comes. */
static enum th_status
read_pages(struct reading *r)
{
	int64_t page, pages = PAGES_MAX;
	size_t before;
	json_t *root, *meta;
	enum th_status st = TH_OK;

	for (page = 1; st == TH_OK && page <= pages && page <= PAGES_MAX;
	     page++) {
		if (th_interrupted)
			return th_session_fail(
			    r->shelf.ses, TH_EAGAIN, "interrupted");
		root = NULL;
		before = json_object_size(r->shelf.all);
		st = get_page(r, page, &root);
		if (st == TH_END) /* behind the last page there may be none */
			return page > 1 ? TH_OK : TH_EUNAVAIL;
		if (st == TH_OK)
			st = take_page(r, json_object_get(root, "bookmarks"));
		meta = json_object_get(root, "meta");
		if (json_object_size(r->shelf.all) == before)
			pages = page;
		pages = th_payload_int(meta, "num_pages", pages);
		json_decref(root);
	}
	return st;
}

/* The whole of an article.  TH_OK, too, when the server does not have it. */
static enum th_status
get_article(struct reading *r, const json_t *o, json_t **ret)
{
	const char *id = th_payload_text(json_object_get(o, "article"), "id");
	struct th_buf path;
	enum th_status st = TH_OK;

	if (!r->content || id == NULL || *id == '\0')
		return TH_OK;
	th_buf_init(&path, URL_MAX);
	th_buf_adds(&path, API "/articles/");
	if ((st = th_text_urlencode(th_str(id), &path)) == TH_OK)
		st = get(r->shelf.ses, path.data, ret);
	th_buf_release(&path);
	return st == TH_END ? TH_OK : st;
}

static const char *
name_of(const json_t *o, char room[TH_SHELF_ID])
{
	snprintf(room, TH_SHELF_ID, "%lld", (long long)id_of(o));
	return room;
}

static enum th_status
make_item(void *ctx, const json_t *o, struct th_buf *ret)
{
	struct reading *r = ctx;
	json_t *article = NULL;
	enum th_status st = get_article(r, o, &article);

	if (st == TH_OK)
		st = item_of(r->shelf.ses, r->zone, o,
		    th_payload_text(article, "content"), ret);
	json_decref(article);
	return st;
}

/* The next run begins with the second of what was handed on last. */
static enum th_status
emit_all(struct reading *r)
{
	const struct th_fetch *f = r->shelf.f;
	const struct th_shelving how = { .id = name_of,
		.date = date_added,
		.tie = id_of,
		.item = make_item,
		.ctx = r,
		/* Of a limited list without state the newest are wanted. */
		.most =
		    f->state == NULL && f->limit > 0 ? (size_t)f->limit : 0 };
	const json_t *last;
	enum th_status st, kept = TH_OK;
	bool whole;

	st = th_shelf_emit(&r->shelf, &how, &last, &whole);
	if (last != NULL && date_added(last) > 0)
		kept = th_fetch_keep(f, r->shelf.key.data, date_added(last),
		    th_session_err(r->shelf.ses));
	return kept == TH_OK ? st : kept;
}

/* One second is asked again: whether it counts as "since" nobody says. */
static enum th_status
recall(struct reading *r)
{
	int64_t since = r->shelf.f->since;

	th_buf_addf(&r->shelf.key, "readability/%d/%d/%s", r->archive,
	    r->favorite, r->tag != NULL ? r->tag : "");
	if (since > 0 && since + r->zone > 1)
		r->since = since + r->zone - 1;
	return th_shelf_recall(&r->shelf, &r->since);
}

static enum th_status
readability_fetch(struct th_session *ses, const struct th_fetch *f)
{
	const struct th_opts *o = th_session_opts(ses);
	struct reading r = { .archive = th_opt_flag(o, "archive"),
		.favorite = th_opt_flag(o, "favorite"),
		.content = th_opt_flag(o, "content"),
		.tag = th_opt(o, "tag") };
	enum th_status st;

	if (f->nargs > 0)
		return th_session_fail(
		    ses, TH_EUSAGE, "%s: takes no operands", f->arg[0]);
	if ((st = th_shelf_init(&r.shelf, ses, f)) == TH_OK &&
	    (st = zone_of(ses, &r.zone)) == TH_OK &&
	    (st = recall(&r)) == TH_OK && (st = read_pages(&r)) == TH_OK)
		st = emit_all(&r);
	th_shelf_release(&r.shelf);
	return st;
}

/* ---- a bookmark is made: added, marked when it was there, tagged ---- */

enum { START, ADD, MARK, TAG }; /* what d->step says was asked */

/* The page's address, with the marks as 0 or 1. */
static enum th_status
fill_form(struct th_session *ses, struct th_delivery *d, struct th_str url)
{
	const struct th_opts *o = th_session_opts(ses);
	const struct {
		const char *name;
		struct th_str value;
	} field[] = {
		{ "url", url },
		{ "favorite", th_str(th_opt_flag(o, "favorite") ? "1" : "0") },
		{ "archive", th_str(th_opt_flag(o, "archive") ? "1" : "0") },
		{ "allow_duplicates", TH_STR("0") },
	};
	enum th_status st = TH_OK;
	size_t i;

	for (i = 0; i < 4 && st == TH_OK; i++)
		st =
		    th_request_form(&d->request, field[i].name, field[i].value);
	return st;
}

static enum th_status
send_bookmark(struct th_session *ses, struct th_delivery *d)
{
	struct th_buf url;
	enum th_status st;

	th_buf_init(&url, TH_LINE_MAX);
	st = th_api_begin(ses, &api, d, "POST", API "/bookmarks", ADD);
	d->request.idempotent = true; /* duplicates are refused as such */
	if (st == TH_OK && (st = th_shelf_page(ses, d, &url)) == TH_OK)
		st = fill_form(ses, d, th_buf_str(&url));
	th_buf_release(&url);
	return st == TH_OK ? th_api_ready(ses, &api, d) : st;
}

/* Begins a request about the bookmark, whose id the memo has. */
static enum th_status
begin_about(
    struct th_session *ses, struct th_delivery *d, const char *what, int step)
{
	char path[128];
	enum th_status st;

	snprintf(path, sizeof(path), API "/bookmarks/%.*s%s", ID_MAX,
	    d->memo.data, what);
	st = th_api_begin(ses, &api, d, "POST", path, step);
	d->request.idempotent = true;
	return st;
}

/* TH_END: there is nothing to mark. */
static enum th_status
send_marks(struct th_session *ses, struct th_delivery *d)
{
	static const char *const mark[] = { "favorite", "archive" };
	enum th_status st;
	size_t i, n = 0;

	if ((st = begin_about(ses, d, "", MARK)) != TH_OK)
		return st;
	for (i = 0; i < 2 && st == TH_OK; i++)
		if (th_opt_flag(th_session_opts(ses), mark[i])) {
			st = th_request_form(&d->request, mark[i], TH_STR("1"));
			n++;
		}
	if (st != TH_OK || n == 0)
		return st == TH_OK ? TH_END : st;
	return th_api_ready(ses, &api, d);
}

/* TH_END: there are no tags. */
static enum th_status
send_tags(struct th_session *ses, struct th_delivery *d)
{
	struct th_buf tags;
	enum th_status st;

	th_buf_init(&tags, TH_LINE_MAX);
	st = th_delivery_tags(d, th_session_opts(ses), ", ", &tags);
	if (st == TH_OK && tags.len == 0)
		st = TH_END;
	if (st == TH_OK && (st = begin_about(ses, d, "/tags", TAG)) == TH_OK &&
	    (st = th_request_form(&d->request, "tags", th_buf_str(&tags))) ==
		TH_OK)
		st = th_api_ready(ses, &api, d);
	th_buf_release(&tags);
	return st;
}

/* The id at the end of Location; false when there is none. */
static bool
take_id(struct th_delivery *d, const struct th_reply *rep)
{
	const char *place = th_reply_header(rep, "Location"), *id;
	size_t n;

	if (place == NULL || (id = strstr(place, "/bookmarks/")) == NULL)
		return false;
	id += strlen("/bookmarks/");
	n = strspn(id, "0123456789");
	if (n == 0 || n > ID_MAX || th_buf_add(&d->memo, id, n) != TH_OK)
		return false;
	/* A receipt without them is better than none. */
	d->receipt.id = th_strndup(id, n);
	return true;
}

/* It is there, now or before: what is left to do?  TH_END: nothing. */
static enum th_status
added(struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	bool old = rep->code == 409;
	enum th_status st = TH_END;

	if (old)
		th_session_say(ses, 1, TH_OK, "it was bookmarked already");
	if (!take_id(d, rep)) {
		if (th_opt_count(th_session_opts(ses), "tags") > 0)
			th_session_say(ses, 0, TH_OK,
			    "bookmarked without tags: the server does not "
			    "tell the id");
		return TH_END;
	}
	if (old)
		st = send_marks(ses, d);
	return st == TH_END ? send_tags(ses, d) : st;
}

/* Marks and tags that are refused do not undo the bookmark. */
static enum th_status
refined(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st = judge(ses, rep);

	if (st == TH_EREFUSED || rep->code == 404) {
		th_session_say(ses, 0, TH_OK,
		    "bookmarked, but its %s were refused: %s",
		    d->step == MARK ? "marks" : "tags",
		    th_session_err(ses)->text);
		st = TH_OK;
	}
	if (st == TH_OK)
		st = d->step == MARK ? send_tags(ses, d) : TH_END;
	return st;
}

static enum th_status
readability_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st;

	if (rep == NULL)
		st = send_bookmark(ses, d);
	else if (d->step != ADD)
		st = refined(ses, d, rep);
	else if (rep->code == 409 || (st = judge(ses, rep)) == TH_OK)
		st = added(ses, d, rep);
	return st;
}

/* ---- logging in ---- */

static const struct th_login logins[] = {
	{ .kind = TH_LOGIN_OAUTH1,
	    .name = "oauth1",
	    .help = "consumer_key and consumer_secret are what the server at "
		    "base_url gave you; Readability itself closed",
	    .needs = "consumer_key consumer_secret",
	    .keeps = "oauth_token=token oauth_token_secret=token_secret",
	    .request = API "/oauth/request_token/",
	    .authorize = API "/oauth/authorize/",
	    .token = API "/oauth/access_token/",
	    .flags = TH_LOGIN_CALLBACK },
	{ .kind = TH_LOGIN_XAUTH,
	    .name = "xauth",
	    .help = "user name and password, where the server lets the "
		    "application ask for them",
	    .needs = "consumer_key consumer_secret",
	    .keeps = "oauth_token=token oauth_token_secret=token_secret",
	    .token = API "/oauth/access_token/" },
	{ .kind = TH_LOGIN_END },
};

static enum th_status
readability_whoami(struct th_session *ses, struct th_identity *ret)
{
	json_t *root = NULL;
	const char *name;
	enum th_status st = get(ses, API "/users/_current", &root);

	name = th_payload_text(root, "username");
	if (st == TH_END || (st == TH_OK && name == NULL))
		st = th_session_fail(ses, TH_EUNAVAIL,
		    "the server does not say who the account is");
	if (st == TH_OK && (ret->name = th_strdup(name)) == NULL)
		st = TH_ENOMEM;
	json_decref(root);
	return st;
}

const struct th_service th_service_readability = {
	.name = "readability",
	.summary = "Readability's protocol, that of its Reader API",
	.closed = "2016-09-30; use wallabag, Readeck or linkding instead",
	.auth = TH_AUTH_OAUTH1,
	.params = params,
	.fetch = readability_fetch,
	.publish = readability_publish,
	.textless = true,
	.login = logins,
	.whoami = readability_whoami,
};
