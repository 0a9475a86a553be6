/* pocket -- Pocket's protocol, version 3: lists in, pages to read later out */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "trigger.h"

#define URL_MAX ((size_t)64 << 10)
#define TEXT_MAX ((size_t)1 << 20)
#define BODY_MAX (4 * TEXT_MAX)
#define SECRET_MAX ((size_t)64 << 10)
#define PAGE 500
#define PAGES_MAX 2000 /* a stop for a loop */
#define WAIT_MAX (24 * 3600)
#define WAIT_USUAL 600 /* the window is an hour */

static const struct th_param params[] = {
	{ "status", TH_CHOICE, TH_P_FETCH, "unread|archive|all",
	    "what to list: unread unless told otherwise, of an export all", 0 },
	{ "tag", TH_STRING, TH_P_FETCH, "TAG", "items that have this tag",
	    't' },
	{ "favorite", TH_FLAG, TH_P_FETCH, NULL, "favorites alone", 0 },
	{ "export", TH_FILE, TH_P_FETCH, "FILE",
	    "read the CSV export of Pocket, needs no account", 'e' },
	{ "tags", TH_LIST, TH_P_PUBLISH, "A,B", "tags for each page", 0 },
	{ "no-item-tags", TH_FLAG, TH_P_PUBLISH, NULL,
	    "without the tags that the item has", 0 },
	{ "consumer_key", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "the key of the application", 0 },
	{ "access_token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "your token", 0 },
	{ "username", TH_STRING, TH_P_ACCOUNT, NULL,
	    "your name, as the login told it", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

/* ---- answers ---- */

/* When the limit that is spent has room again: seconds from now. */
static int64_t
wait_until(const struct th_reply *rep)
{
	static const struct {
		const char *left, *reset;
	} window[] = {
		{ "X-Limit-User-Remaining", "X-Limit-User-Reset" },
		{ "X-Limit-Key-Remaining", "X-Limit-Key-Reset" },
	};
	int64_t n, wait = 0;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (th_reply_number(rep, window[i].left, 1) > 0)
			continue;
		n = th_reply_number(rep, window[i].reset, WAIT_USUAL);
		if (n > wait)
			wait = n;
	}
	if (wait == 0)
		return 0;
	return th_now() + (wait > WAIT_MAX ? WAIT_MAX : wait);
}

/* What an answer means; the sentence is the service's where it has one. */
static enum th_status
judge(struct th_session *ses, const struct th_reply *rep)
{
	struct th_err *err = th_session_err(ses);
	enum th_status st = th_reply_status(rep, err);
	const char *why = th_reply_header(rep, "X-Error");
	int64_t until;

	if (st == TH_OK || rep->code == 0)
		return st;
	if (rep->code == 404 || rep->code == 405 || rep->code == 410)
		return th_session_fail(ses, TH_EUNAVAIL,
		    "HTTP %ld: the server at base_url does not speak Pocket's "
		    "protocol",
		    rep->code);
	until = wait_until(rep);
	if ((rep->code == 403 && until != 0) || rep->code == 429) {
		if (until == 0)
			until = rep->retry_at;
		err->retry_at = until != 0 ? until : th_now() + WAIT_USUAL;
		return th_session_fail(
		    ses, TH_EAGAIN, "the limit of requests is spent");
	}
	if (why != NULL)
		th_session_fail(ses, st, "HTTP %ld: %s", rep->code, why);
	return st;
}

/* The object that a good answer is. */
static enum th_status
read_answer(struct th_session *ses, const struct th_reply *rep, json_t **ret)
{
	const char *why;
	json_t *root = NULL;
	enum th_status st;

	st = th_payload_parse(
	    th_buf_str(&rep->body), &root, th_session_err(ses));
	if (st == TH_OK && th_payload_int(root, "status", 0) < 1) {
		why = th_payload_text(root, "error");
		st = th_session_fail(ses, TH_EUNAVAIL, "%s",
		    why != NULL ? why : "the answer has no good status");
	}
	if (st == TH_OK)
		*ret = root;
	else
		json_decref(root);
	return st;
}

/* ---- asking ---- */

/* Adds a secret to the body, and what it looks like there to what is hidden. */
static enum th_status
add_secret(struct th_session *ses, struct th_request *req, const char *key)
{
	struct th_secret s = { NULL }, hidden;
	struct th_buf b;
	enum th_status st;

	if ((st = th_session_secret(ses, key, &s)) != TH_OK)
		return st;
	th_buf_init(&b, 6 * SECRET_MAX);
	th_buf_reserve(&b, 6 * strlen(s.value) + 1);
	th_json_escape(&b, th_str(s.value));
	th_json_key(&req->body, key);
	th_json_string(&req->body, th_str(s.value));
	hidden.value = b.data;
	st = b.status != TH_OK ? b.status : req->body.status;
	if (st == TH_OK && b.len > 0)
		st = th_request_hide(req, &hidden);
	th_buf_wipe(&b);
	th_secret_release(&s);
	return st;
}

/* Begins a request: its address, and its body up to who asks. */
static enum th_status
begin(
    struct th_session *ses, const char *path, bool dry, struct th_request *req)
{
	static const char *const key[] = { "consumer_key", "access_token" };
	struct th_buf url;
	enum th_status st;
	size_t i;

	th_buf_init(&url, URL_MAX);
	if ((st = th_session_url(ses, NULL, path, &url)) == TH_OK)
		st = th_request_set(req, "POST", th_buf_str(&url));
	th_buf_release(&url);
	if (st != TH_OK ||
	    (st = th_request_header(req, "Content-Type",
		 "application/json; charset=UTF8")) != TH_OK ||
	    (st = th_request_header(req, "X-Accept", "application/json")) !=
		TH_OK ||
	    (st = th_buf_reserve(&req->body, 4096)) != TH_OK)
		return st;
	req->has_body = true;
	req->idempotent = true; /* adding twice is adding once */
	st = th_json_open(&req->body, '{');
	for (i = 0; i < 2 && st == TH_OK; i++)
		st = dry ? th_json_member(&req->body, key[i], TH_STR("***"))
			 : add_secret(ses, req, key[i]);
	return st;
}

struct reading {
	struct th_shelf shelf;
	const char *status, *tag;
	bool favorite;
	size_t wanted; /* 0: all there are */
	int64_t since,
	    next; /* cursors, of this run and for the next; 0: none */
};

/* ---- an entry of a list becomes an item ---- */

static const char *
first_text(const json_t *o, const char *a, const char *b)
{
	const char *s = th_payload_text(o, a);

	return s != NULL && *s != '\0' ? s : th_payload_text(o, b);
}

/* What was saved; failing that, what it led to. */
static const char *
address_of(const json_t *o)
{
	return first_text(o, "given_url", "resolved_url");
}

/* Tags are an object whose names they are; an empty one is an empty array. */
static void
add_tags(struct th_buf *b, const json_t *tags)
{
	const char *name, *given;
	json_t *tag;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)tags, name, tag)
	{
		given = first_text(tag, "tag", "");
		th_compose_next(b, "tags", &n);
		th_json_string(b, th_str(given != NULL ? given : name));
	}
	th_compose_end(b, n);
}

static void
add_authors(struct th_buf *b, const json_t *authors)
{
	const char *name;
	json_t *who;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)authors, name, who)
	{
		if (th_payload_text(who, "name") == NULL)
			continue;
		th_compose_next(b, "authors", &n);
		th_json_open(b, '{');
		th_json_member(b, "name", th_str(th_payload_text(who, "name")));
		th_json_member(b, "url", th_str(th_payload_text(who, "url")));
		th_json_close(b, '}');
	}
	th_compose_end(b, n);
}

static void
add_image(struct th_buf *b, const json_t *o)
{
	const char *url = th_payload_text(o, "top_image_url"), *name;
	json_t *image;

	if (url == NULL)
		url = th_payload_text(json_object_get(o, "image"), "src");
	json_object_foreach(json_object_get(o, "images"), name, image)
	{
		if (url == NULL)
			url = th_payload_text(image, "src");
	}
	if (url != NULL && th_url_is_http(th_str(url)))
		th_json_member(b, "image", th_str(url));
}

/* Writes an entry as an item, its id being its address. */
static enum th_status
item_of(void *ctx, const json_t *o, struct th_buf *ret)
{
	const struct reading *r = ctx;
	const char *url = address_of(o);

	th_json_open(ret, '{');
	th_json_member(ret, "id", th_str(url));
	th_json_member(ret, "url", th_str(url));
	th_compose_text(
	    ret, "title", first_text(o, "resolved_title", "given_title"));
	th_compose_text(ret, "summary", th_payload_text(o, "excerpt"));
	th_compose_date(
	    ret, "date_published", th_payload_int(o, "time_added", 0));
	th_compose_date(
	    ret, "date_modified", th_payload_int(o, "time_updated", 0));
	add_authors(ret, json_object_get(o, "authors"));
	add_tags(ret, json_object_get(o, "tags"));
	th_json_member(ret, "language", th_str(th_payload_text(o, "lang")));
	add_image(ret, o);
	/* What other read-later services know, too. */
	th_compose_true(
	    ret, "_favorite", th_payload_int(o, "favorite", 0) == 1);
	th_compose_true(ret, "_archived", th_payload_int(o, "status", 0) == 1);
	th_compose_source(ret, r->shelf.ses, NULL, NULL);
	return th_json_close(ret, '}');
}

/* ---- handing on ---- */

static int64_t
time_added(const json_t *o)
{
	return th_payload_int(o, "time_added", 0);
}

static const char *
id_of(const json_t *o, char room[TH_SHELF_ID])
{
	(void)room;
	return first_text(o, "item_id", "given_url");
}

/* All of it, oldest first; the cursor moves when none is left. */
static enum th_status
emit_all(struct reading *r)
{
	const struct th_shelving how = {
		.id = id_of, .date = time_added, .item = item_of, .ctx = r
	};
	const json_t *last;
	enum th_status st;
	bool whole;

	st = th_shelf_emit(&r->shelf, &how, &last, &whole);
	if (!whole || r->next == 0)
		return st;
	return th_fetch_keep(r->shelf.f, r->shelf.key.data, r->next,
	    th_session_err(r->shelf.ses));
}

/* ---- the list of an account ---- */

static enum th_status
ask_page(struct reading *r, size_t offset, struct th_request *req)
{
	struct th_buf *b = &req->body;
	enum th_status st = begin(r->shelf.ses, "/v3/get", false, req);

	if (st != TH_OK)
		return st;
	th_json_member(b, "state", th_str(r->status));
	th_json_member(b, "detailType", TH_STR("complete"));
	th_json_member(
	    b, "sort", r->wanted > 0 ? TH_STR("newest") : TH_STR("oldest"));
	th_json_member(b, "tag", th_str(r->tag));
	if (r->favorite)
		th_json_member(b, "favorite", TH_STR("1"));
	if (r->since > 0)
		th_json_member_int(b, "since", r->since);
	th_json_member_int(b, "count",
	    r->wanted > 0 && r->wanted < PAGE ? (int64_t)r->wanted : PAGE);
	th_json_member_int(b, "offset", (int64_t)offset);
	th_json_member(b, "total", TH_STR("1"));
	return th_json_close(b, '}');
}

static enum th_status
get_page(struct reading *r, size_t offset, json_t **ret)
{
	struct th_reply rep = { 0 };
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	st = ask_page(r, offset, &req);
	if (st == TH_OK &&
	    (st = th_session_send(r->shelf.ses, &req, &rep)) != TH_OK &&
	    rep.code != 0)
		st = judge(r->shelf.ses, &rep);
	if (st == TH_EREFUSED)
		st = TH_EUNAVAIL; /* reading refuses no item */
	if (st == TH_OK)
		st = read_answer(r->shelf.ses, &rep, ret);
	th_reply_release(&rep);
	th_request_release(&req);
	return st;
}

/* Deleted ones are told, too; a server may not know every filter. */
static bool
is_wanted(const struct reading *r, const json_t *o)
{
	int64_t status = th_payload_int(o, "status", 0);

	if (!json_is_object(o) || status == 2 || address_of(o) == NULL ||
	    !th_url_is_http(th_str(address_of(o))))
		return false;
	if (r->favorite && th_payload_int(o, "favorite", 1) != 1)
		return false;
	return strcmp(r->status, "all") == 0 ||
	       (status == 1) == (strcmp(r->status, "archive") == 0);
}

static int64_t
sort_id(const json_t *o)
{
	return th_payload_int(o, "sort_id", INT64_MAX);
}

/* Takes what a page has; *ret_new: how many of it were not known yet. */
static enum th_status
take_page(struct reading *r, const json_t *list, size_t *ret_new)
{
	json_t **entry = NULL;
	const char *id;
	size_t n = 0, i, before = json_object_size(r->shelf.all);
	enum th_status st;

	if ((st = th_payload_order(list, sort_id, NULL, &entry, &n)) != TH_OK)
		return st;
	for (i = 0; i < n && st == TH_OK; i++) {
		id = first_text(entry[i], "item_id", "given_url");
		if (id == NULL || *id == '\0')
			continue;
		if (r->wanted > 0 &&
		    json_object_size(r->shelf.all) >= r->wanted)
			break;
		if (json_object_set(r->shelf.all, id, entry[i]) != 0)
			st = TH_ENOMEM;
	}
	free(entry);
	*ret_new = json_object_size(r->shelf.all) - before;
	return st;
}

/* Pages until nothing more comes, whatever number the server gives at once. */
static enum th_status
read_pages(struct reading *r)
{
	size_t fresh = 1, pages, offset = 0;
	int64_t total = INT64_MAX;
	json_t *root, *list;
	enum th_status st = TH_OK;

	for (pages = 0;
	     st == TH_OK && fresh > 0 && pages < PAGES_MAX &&
	     (int64_t)offset < total && (r->wanted == 0 || offset < r->wanted);
	     pages++) {
		if (th_interrupted)
			return th_session_fail(
			    r->shelf.ses, TH_EAGAIN, "interrupted");
		root = NULL;
		if ((st = get_page(r, offset, &root)) != TH_OK)
			break;
		list = json_object_get(root, "list");
		if (!json_is_object(list) && !json_is_array(list))
			st = th_session_fail(r->shelf.ses, TH_EUNAVAIL,
			    "the answer has no list");
		else
			st = take_page(r, list, &fresh);
		offset += json_object_size(list) + json_array_size(list);
		total = th_payload_int(root, "total", total);
		if (pages == 0) /* what changes from here on is for next time */
			r->next = th_payload_int(root, "since", 0);
		json_decref(root);
	}
	return st;
}

/* Drops what nobody asked for. */
static void
sift(struct reading *r)
{
	const char *id;
	json_t *o;
	void *next;

	json_object_foreach_safe(r->shelf.all, next, id, o)
	{
		if (!is_wanted(r, o))
			json_object_del(r->shelf.all, id);
	}
}

/* One second is asked again, ids tell what is new. */
static enum th_status
recall(struct reading *r)
{
	th_buf_addf(&r->shelf.key, "pocket/%s/%d/%s", r->status, r->favorite,
	    r->tag != NULL ? r->tag : "");
	if (r->shelf.f->since > 0)
		r->since = r->shelf.f->since;
	return th_shelf_recall(&r->shelf, &r->since);
}

static enum th_status
read_account(struct reading *r)
{
	enum th_status st;

	if (r->shelf.f->nargs > 0)
		return th_session_fail(r->shelf.ses, TH_EUSAGE,
		    "%s: operands are files of --export", r->shelf.f->arg[0]);
	if (r->status == NULL)
		r->status = "unread";
	/* Of a limited list without state the newest are wanted. */
	if (r->shelf.f->state == NULL && r->shelf.f->limit > 0 &&
	    r->shelf.f->since <= 0)
		r->wanted = (size_t)r->shelf.f->limit;
	if ((st = recall(r)) != TH_OK || (st = read_pages(r)) != TH_OK)
		return st;
	sift(r);
	return emit_all(r);
}

/* ---- the export: title,url,time_added,tags,status ---- */

enum { TITLE, URL, TIME, TAGS, STATUS, COLUMNS };
static const char *const column[COLUMNS] = { "title", "url", "time_added",
	"tags", "status" };
#define CELLS_MAX 32

/* One record, clean UTF-8; cells past CELLS_MAX are passed over. */
struct record {
	struct th_buf cell[CELLS_MAX];
	size_t n;
};

static void
record_release(struct record *rec)
{
	size_t i;

	for (i = 0; i < CELLS_MAX; i++)
		th_buf_release(&rec->cell[i]);
}

static enum th_status
record_next(struct th_csv *csv, struct record *rec)
{
	struct th_buf raw;
	enum th_status st = TH_OK;
	bool last = false;
	size_t i;

	th_buf_init(&raw, TH_LINE_MAX);
	for (rec->n = 0; st == TH_OK && !last; rec->n++) {
		if ((st = th_csv_next(csv, &raw, &last)) != TH_OK)
			break;
		if ((i = rec->n) >= CELLS_MAX)
			continue;
		th_buf_release(&rec->cell[i]);
		th_buf_init(&rec->cell[i], 3 * TH_LINE_MAX);
		th_buf_add(&rec->cell[i], "", 0);
		st = th_utf8_clean(th_buf_str(&raw), &rec->cell[i]);
	}
	if (rec->n > CELLS_MAX)
		rec->n = CELLS_MAX;
	th_buf_release(&raw);
	return st;
}

/* Which cell is which column; CELLS_MAX: none. */
static bool
find_columns(const struct record *head, size_t ret[COLUMNS])
{
	size_t c, i;

	for (c = 0; c < COLUMNS; c++) {
		ret[c] = CELLS_MAX;
		for (i = 0; i < head->n; i++)
			if (th_str_iis(th_str_trim(th_buf_str(&head->cell[i])),
				column[c]))
				ret[c] = i;
	}
	return ret[URL] != CELLS_MAX;
}

static struct th_str
cell_of(const struct record *rec, const size_t col[COLUMNS], int which)
{
	struct th_str none = { "", 0 };

	return col[which] < rec->n
		   ? th_str_trim(th_buf_str(&rec->cell[col[which]]))
		   : none;
}

static bool
put(json_t *o, const char *name, struct th_str s)
{
	return json_object_set_new(o, name, json_stringn(s.s, s.len)) == 0;
}

/* "a|b" as the object of an answer. */
static json_t *
tags_of(struct th_str s)
{
	json_t *tags = json_object();
	struct th_str tag;
	const char *bar;

	while (tags != NULL && s.len > 0) {
		bar = memchr(s.s, '|', s.len);
		tag = s;
		if (bar != NULL)
			tag.len = (size_t)(bar - s.s);
		s.s += tag.len + (bar != NULL);
		s.len -= tag.len + (bar != NULL);
		tag = th_str_trim(tag);
		if (tag.len > 0 && json_object_setn_new(tags, tag.s, tag.len,
				       json_null()) != 0) {
			json_decref(tags);
			return NULL;
		}
	}
	return tags;
}

/* A record as the entry of a list that an answer would have. */
static enum th_status
entry_of(const struct record *rec, const size_t col[COLUMNS], struct th_str url,
    json_t **ret)
{
	struct th_str status = cell_of(rec, col, STATUS);
	json_t *o = json_object(), *tags = tags_of(cell_of(rec, col, TAGS));

	if (o == NULL || tags == NULL || !put(o, "given_url", url) ||
	    !put(o, "given_title", cell_of(rec, col, TITLE)) ||
	    !put(o, "time_added", cell_of(rec, col, TIME)) ||
	    !put(o, "status", TH_STR("0")) ||
	    (th_str_iis(status, "archive") && !put(o, "status", TH_STR("1")))) {
		json_decref(tags);
		json_decref(o);
		return TH_ENOMEM;
	}
	if (json_object_set_new(o, "tags", tags) != 0) {
		json_decref(o);
		return TH_ENOMEM;
	}
	*ret = o;
	return TH_OK;
}

static bool
has_tag(const struct reading *r, const json_t *o)
{
	const json_t *tags = json_object_get(o, "tags");

	if (r->tag == NULL)
		return true;
	if (strcmp(r->tag, "_untagged_") == 0)
		return json_object_size(tags) == 0;
	return json_object_get(tags, r->tag) != NULL;
}

static enum th_status
keep_record(struct reading *r, const struct record *rec,
    const size_t col[COLUMNS], struct th_str url)
{
	json_t *o = NULL;
	enum th_status st = entry_of(rec, col, url, &o);

	if (st == TH_OK && is_wanted(r, o) && has_tag(r, o) &&
	    json_object_setn(r->shelf.all, url.s, url.len, o) != 0)
		st = TH_ENOMEM;
	json_decref(o);
	return st;
}

static enum th_status
take_record(struct reading *r, const struct record *rec,
    const size_t col[COLUMNS], const char *name, size_t line)
{
	struct th_str cell = cell_of(rec, col, URL);
	struct th_buf url;
	enum th_status st;

	if (rec->n == 1 && cell.len == 0)
		return TH_OK; /* an empty line */
	th_buf_init(&url, TH_LINE_MAX);
	st = th_url_page(cell, &url);
	if (st == TH_OK)
		st = keep_record(r, rec, col, th_buf_str(&url));
	else if (st == TH_END)
		th_session_say(r->shelf.ses, 0, TH_EDATA,
		    "%s: line %zu: not an address of a page, left out", name,
		    line);
	th_buf_release(&url);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
read_records(struct reading *r, const char *name, struct th_csv *csv)
{
	struct record rec = { 0 };
	size_t col[COLUMNS], line;
	enum th_status st = record_next(csv, &rec);

	if (st == TH_END || (st == TH_OK && !find_columns(&rec, col)))
		st = th_session_fail(r->shelf.ses, TH_EDATA,
		    "%s: not an export of Pocket: no column url", name);
	while (st == TH_OK) {
		line = csv->line;
		if ((st = record_next(csv, &rec)) == TH_OK)
			st = take_record(r, &rec, col, name, line);
		else if (st == TH_EDATA)
			th_session_fail(r->shelf.ses, st,
			    "%s: line %zu: a quote that does not close", name,
			    line);
	}
	record_release(&rec);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
read_file(struct reading *r, const char *name)
{
	struct th_err *err = th_session_err(r->shelf.ses);
	struct th_buf text;
	struct th_csv csv;
	enum th_status st;

	th_buf_init(&text, TH_REPLY_MAX);
	st = strcmp(name, "-") == 0 ? th_file_read_fd(STDIN_FILENO, &text, err)
				    : th_file_read(name, &text, err);
	if (st == TH_END)
		st = th_session_fail(
		    r->shelf.ses, TH_EUNAVAIL, "%s: no such file", name);
	if (st == TH_OK) {
		th_csv_init(&csv, th_buf_str(&text));
		st = read_records(r, name, &csv);
	}
	th_buf_release(&text);
	return st;
}

/* What was read of a file that breaks off is handed on all the same. */
static enum th_status
read_export(struct reading *r, const char *name)
{
	enum th_status st, end;
	size_t i;

	if (r->favorite)
		return th_session_fail(r->shelf.ses, TH_EUSAGE,
		    "--favorite: the export does not tell of favorites");
	if (r->status == NULL)
		r->status = "all";
	th_buf_adds(&r->shelf.key, "pocket/export");
	st = read_file(r, name);
	for (i = 0; i < r->shelf.f->nargs && st == TH_OK; i++)
		st = read_file(r, r->shelf.f->arg[i]);
	if (st != TH_OK && st != TH_EDATA)
		return st;
	end = emit_all(r);
	return end > TH_END ? end : st;
}

static enum th_status
pocket_fetch(struct th_session *ses, const struct th_fetch *f)
{
	const struct th_opts *o = th_session_opts(ses);
	struct reading r = { .status = th_opt(o, "status"),
		.tag = th_opt(o, "tag"),
		.favorite = th_opt_flag(o, "favorite") };
	enum th_status st = th_shelf_init(&r.shelf, ses, f);

	if (st == TH_OK)
		st = th_opt(o, "export") != NULL
			 ? read_export(&r, th_opt(o, "export"))
			 : read_account(&r);
	th_shelf_release(&r.shelf);
	return st;
}

/* ---- a page is added ---- */

/* The item's own title; an address in its place is none. */
static void
add_title(struct th_delivery *d, struct th_str url)
{
	struct th_buf title, address;

	th_buf_init(&title, TH_LINE_MAX);
	th_buf_init(&address, TH_LINE_MAX);
	th_text_fold(d->title, &title);
	if (th_url_page(th_buf_str(&title), &address) == TH_ENOMEM)
		title.status = TH_ENOMEM;
	if (title.status != TH_OK)
		d->request.body.status = title.status;
	else if (!th_str_equal(th_buf_str(&address), url))
		th_json_member(&d->request.body, "title", th_buf_str(&title));
	th_buf_release(&title);
	th_buf_release(&address);
}

static enum th_status
send_page(struct th_session *ses, struct th_delivery *d)
{
	struct th_buf url, tags;
	enum th_status st;

	th_buf_init(&url, TH_LINE_MAX);
	th_buf_init(&tags, TH_LINE_MAX);
	if ((st = th_shelf_page(ses, d, &url)) != TH_OK ||
	    (st = begin(ses, "/v3/add", d->dry, &d->request)) != TH_OK ||
	    (st = th_delivery_tags(d, th_session_opts(ses), ",", &tags)) !=
		TH_OK)
		goto out;
	th_json_member(&d->request.body, "url", th_buf_str(&url));
	add_title(d, th_buf_str(&url));
	th_json_member(&d->request.body, "tags", th_buf_str(&tags));
	st = th_json_close(&d->request.body, '}');
out:
	th_buf_release(&url);
	th_buf_release(&tags);
	return st;
}

static enum th_status
added(struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st = judge(ses, rep);
	json_t *root = NULL;
	const char *id;

	if (st == TH_OK)
		st = read_answer(ses, rep, &root);
	if (st == TH_OK) {
		id = th_payload_text(json_object_get(root, "item"), "item_id");
		st = th_delivery_arrived(d, id, NULL);
	}
	json_decref(root);
	if (st != TH_END)
		d->retry_at = th_session_err(ses)->retry_at;
	return st;
}

static enum th_status
pocket_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	return rep != NULL ? added(ses, d, rep) : send_page(ses, d);
}

/* ---- logging in ---- */

static const struct th_login logins[] = {
	{ .kind = TH_LOGIN_POCKET,
	    .name = "pocket",
	    .help = "consumer_key is what the server at base_url gave you for "
		    "an application; Pocket itself closed",
	    .needs = "consumer_key",
	    .keeps = "access_token username",
	    .request = "/v3/oauth/request",
	    .authorize = "/auth/authorize",
	    .token = "/v3/oauth/authorize",
	    .flags = TH_LOGIN_JSON },
	{ .kind = TH_LOGIN_END },
};

/* Nothing tells who it is: a list of one says that the token is good. */
static enum th_status
pocket_whoami(struct th_session *ses, struct th_identity *ret)
{
	const struct th_fetch none = { .limit = 1 };
	const char *name = th_session_setting(ses, "username");
	struct reading r = { .shelf = { .ses = ses, .f = &none },
		.status = "all",
		.wanted = 1 };
	json_t *root = NULL;
	enum th_status st = get_page(&r, 0, &root);

	json_decref(root);
	if (st == TH_OK && name != NULL &&
	    (ret->name = th_strdup(name)) == NULL)
		st = TH_ENOMEM;
	return st;
}

const struct th_service th_service_pocket = {
	.name = "pocket",
	.summary = "Pocket's protocol, and the export that Pocket gave",
	.closed = "2025-07-08; use wallabag, Readeck or linkding instead; "
		  "th-fetch pocket --export FILE reads the list that it gave "
		  "you",
	.auth = TH_AUTH_POCKET,
	.params = params,
	.fetch = pocket_fetch,
	.publish = pocket_publish,
	.textless = true,
	.login = logins,
	.whoami = pocket_whoami,
};
