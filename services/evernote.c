/*
 * evernote -- notes in and out.  Speaks EDAM 1.28
 *
 * What a call holds and what a reply says is made and read by pure functions;
 * numbers are the field ids of EDAM's interface.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define HOST "https://www.evernote.com"
#define APPLICATION "trigger-happy"

#define URL_MAX ((size_t)64 << 10)
#define NAME_MAX 100 /* of notebooks and tags, in UTF-16 units */
#define TITLE_MAX 255
#define TAGS_MAX 100
#define QUERY_MAX 1024
#define SOURCE_MAX 4096
#define PAGE 250         /* notes listed by one call */
#define NOTES_MAX 100000 /* of an account; tags, too */
#define RESTARTS 3       /* of a list that changed while it was read */
#define WAIT_MAX (24 * 3600)
#define JUST_NOW 3600 /* seconds */
#define BY_SEQUENCE 4 /* NoteSortOrder */

static const struct th_param params[] = {
	{ "notebook", TH_STRING, TH_P_FETCH | TH_P_PUBLISH | TH_P_DEST, "NAME",
	    "the notebook; th-publish makes it when it is missing", 0 },
	{ "tag", TH_REPEAT, TH_P_FETCH, "NAME",
	    "notes with this tag; may be repeated: with all of them", 0 },
	{ "search", TH_STRING, TH_P_FETCH, "QUERY",
	    "notes that match, in Evernote's search grammar", 's' },
	{ "tags", TH_LIST, TH_P_PUBLISH, "A,B", "tags for each note", 0 },
	{ "no-item-tags", TH_FLAG, TH_P_PUBLISH, NULL,
	    "without the tags that the item has", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, "TOKEN",
	    "your token (S=s1:U=...:H=...)", 0 },
	{ "note_store_url", TH_URL, TH_P_ACCOUNT, "URL",
	    "address of the NoteStore, when the token does not tell it", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

static const struct th_str nothing = { NULL, 0 };

/* ---- notebooks ---- */

static enum th_status
offer_all(const struct th_thrift *result, struct th_called *called)
{
	struct th_thrift_iter it;
	struct th_thrift v;
	enum th_status st = TH_OK;

	th_thrift_list(result, 0, &it);
	while (st == TH_OK && th_thrift_next(&it, &v))
		st = th_called_offer(
		    called, th_thrift_text(&v, 2), th_thrift_text(&v, 1));
	return st;
}

static enum th_status
list_notebooks(
    struct th_session *ses, const struct th_named *t, struct th_called *called)
{
	const struct th_edam *acc = t->ctx;
	struct th_reply rep = { 0 };
	struct th_edam_answer a;
	enum th_status st;

	(void)ses;
	st = th_edam_ask_about(
	    acc, "listNotebooks", nothing, TH_THRIFT_LIST, &rep, &a);
	if (st == TH_OK)
		st = offer_all(&a.body, called);
	th_reply_release(&rep);
	return st;
}

/* Names are unique: where there is one already no second one is made. */
static enum th_status
make_notebook(
    struct th_session *ses, const struct th_named *t, struct th_buf *ret)
{
	const struct th_edam *acc = t->ctx;
	struct th_str guid = { NULL, 0 };
	struct th_reply rep = { 0 };
	struct th_request req;
	struct th_edam_answer a = { .code = TH_EDAM_NO_CODE };
	enum th_status st;

	th_request_init(&req);
	st = th_edam_call(acc, "createNotebook", &req);
	if (st == TH_OK) {
		th_thrift_begin(&req.body, 2, TH_THRIFT_STRUCT);
		th_thrift_string(&req.body, 2, th_str(t->name));
		th_thrift_bool(&req.body, 6, false);
		th_thrift_end(&req.body);
		st = th_edam_ask(
		    acc, &req, "createNotebook", TH_THRIFT_STRUCT, &rep, &a);
	}
	if (st == TH_OK) {
		guid = th_thrift_text(&a.result, 1);
		st = guid.len > 0
			 ? th_buf_add(ret, guid.s, guid.len)
			 : th_session_fail(ses, TH_EUNAVAIL,
			       "Evernote does not tell the new notebook's id");
	}
	th_reply_release(&rep);
	th_request_release(&req);
	if (a.code == TH_EDAM_DATA_CONFLICT)
		return TH_END;
	return st == TH_EREFUSED ? TH_ECONFIG : st; /* no note is to blame */
}

/* The notebook of the command line, its name made fit; the caller frees that.
 */
static enum th_status
named_notebook(
    const struct th_edam *acc, struct th_buf *name, struct th_named *ret)
{
	enum th_status st;

	th_buf_init(name, TH_LINE_MAX);
	st =
	    th_text_limit(th_str(th_opt(th_session_opts(acc->ses), "notebook")),
		NAME_MAX, TH_LIMIT_BLANKS, name);
	if (st == TH_OK && name->len == 0)
		st = th_session_fail(
		    acc->ses, TH_EUSAGE, "--notebook: that is no name");
	*ret = (struct th_named){ "notebook", NULL, name->data, list_notebooks,
		make_notebook, acc };
	return st;
}

/* ---- publishing: the note ---- */

/* All that a note is made of. */
struct note {
	struct th_buf title, content, url, author;
	struct th_buf tag[TAGS_MAX];
	size_t ntags;
	int64_t created; /* ms; 0: unknown */
};

static void
note_init(struct note *n)
{
	*n = (struct note){ .created = 0 };
	th_buf_init(&n->title, TH_LINE_MAX);
	th_buf_init(&n->content, TH_LINE_MAX);
	th_buf_init(&n->url, TH_LINE_MAX);
	th_buf_init(&n->author, TH_LINE_MAX);
}

static void
note_release(struct note *n)
{
	size_t i;

	th_buf_release(&n->title);
	th_buf_release(&n->content);
	th_buf_release(&n->url);
	th_buf_release(&n->author);
	for (i = 0; i < n->ntags; i++)
		th_buf_release(&n->tag[i]);
}

/* Adds a tag unless it is there (case does not matter) or there are too many.
 */
static enum th_status
add_tag(void *ctx, struct th_str tag)
{
	struct note *n = ctx;
	struct th_buf *b;
	enum th_status st;
	size_t i;

	if (n->ntags == TAGS_MAX)
		return TH_OK;
	b = &n->tag[n->ntags];
	th_buf_init(b, TH_LINE_MAX);
	st = th_text_limit(
	    tag, NAME_MAX, TH_LIMIT_BLANKS | TH_LIMIT_NO_COMMA, b);
	for (i = 0; st == TH_OK && i < n->ntags; i++)
		if (th_str_iis(th_buf_str(b), n->tag[i].data))
			st = TH_END;
	if (st != TH_OK || b->len == 0) {
		th_buf_release(b);
		return st == TH_END ? TH_OK : st;
	}
	n->ntags++;
	return TH_OK;
}

/* The address of the item's page; none when it is too long. */
static enum th_status
fill_url(struct note *n, const struct th_delivery *d)
{
	enum th_status st = th_delivery_page(d, &n->url);

	if (n->url.len > SOURCE_MAX)
		th_buf_clear(&n->url);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
fill_title(struct note *n, const struct th_delivery *d)
{
	enum th_status st =
	    th_delivery_headline(d, TITLE_MAX, TH_LIMIT_BLANKS, &n->title);

	return st == TH_OK && n->title.len == 0
		   ? th_buf_adds(&n->title, "Untitled")
		   : st;
}

static enum th_status
fill_author(struct note *n, const struct th_delivery *d)
{
	struct th_buf name;
	enum th_status st;

	th_buf_init(&name, TH_LINE_MAX);
	if ((st = th_delivery_author(d, &name)) == TH_OK)
		st = th_text_limit(th_buf_str(&name), 2 * NAME_MAX,
		    TH_LIMIT_BLANKS, &n->author);
	th_buf_release(&name);
	return st;
}

/* Without markup: what is to be said, else the address. */
static enum th_status
fill_content(struct note *n, const struct th_delivery *d, bool plain)
{
	struct th_buf text;
	enum th_status st = TH_END;

	th_buf_init(&text, TH_LINE_MAX);
	if (!plain && (st = th_delivery_html(d, &text)) == TH_OK)
		st = th_enml_from_html(
		    th_buf_str(&text), th_buf_str(&n->url), &n->content);
	if (st == TH_END && (st = th_delivery_plain(d, &text)) == TH_OK)
		st = th_enml_from_text(
		    th_buf_str(text.len > 0 ? &text : &n->url), &n->content);
	th_buf_release(&text);
	return st;
}

/* Everything of a note but where it goes. */
static enum th_status
fill_note(struct th_session *ses, const struct th_delivery *d, bool plain,
    struct note *n)
{
	const struct th_opts *opts = th_session_opts(ses);
	enum th_status st;

	if ((st = fill_url(n, d)) != TH_OK || (st = fill_title(n, d)) != TH_OK)
		return st;
	st = fill_content(n, d, plain);
	if (st == TH_EDATA)
		return th_session_fail(ses, TH_EREFUSED,
		    "too long for a note: %d characters at most", TH_ENML_MAX);
	if (st == TH_OK)
		st = th_delivery_each_tag(d, opts, "tags", add_tag, n);
	if (st == TH_OK)
		st = fill_author(n, d);
	if (th_item_date(d->item, &n->created) == TH_OK && n->created > 0)
		n->created *= 1000;
	else
		n->created = 0;
	return st;
}

/* What a dry run shows of the call. */
static enum th_status
show_note(const struct note *n, struct th_str notebook, struct th_buf *ret)
{
	char date[TH_DATE_SIZE];
	size_t i;

	th_buf_addf(ret, "NoteStore.createNote\ntitle: %s\n", n->title.data);
	if (notebook.len > 0)
		th_buf_addf(
		    ret, "notebook: %.*s\n", (int)notebook.len, notebook.s);
	for (i = 0; i < n->ntags; i++)
		th_buf_addf(
		    ret, "%s%s", i == 0 ? "tags: " : ", ", n->tag[i].data);
	if (n->ntags > 0)
		th_buf_addc(ret, '\n');
	if (n->url.len > 0)
		th_buf_addf(ret, "source: %s\n", n->url.data);
	if (n->created > 0 && th_date_format(n->created / 1000, date) == TH_OK)
		th_buf_addf(ret, "created: %s\n", date);
	th_buf_addc(ret, '\n');
	return th_buf_add(ret, n->content.data, n->content.len);
}

/* Appends the arguments of createNote behind the token. */
static enum th_status
put_note(struct th_buf *b, const struct note *n, struct th_str notebook)
{
	struct th_str tag[TAGS_MAX];
	size_t i;

	for (i = 0; i < n->ntags; i++)
		tag[i] = th_buf_str(&n->tag[i]);
	th_thrift_begin(b, 2, TH_THRIFT_STRUCT);
	th_thrift_string(b, 2, th_buf_str(&n->title));
	th_thrift_string(b, 3, th_buf_str(&n->content));
	if (n->created > 0)
		th_thrift_i64(b, 6, n->created);
	if (notebook.len > 0)
		th_thrift_string(b, 11, notebook);
	th_thrift_begin(b, 14, TH_THRIFT_STRUCT);
	if (n->author.len > 0)
		th_thrift_string(b, 13, th_buf_str(&n->author));
	if (n->url.len > 0)
		th_thrift_string(b, 15, th_buf_str(&n->url));
	th_thrift_string(b, 16, TH_STR(APPLICATION));
	th_thrift_end(b);
	if (n->ntags > 0)
		th_thrift_strings(b, 15, tag, n->ntags);
	return th_thrift_end(b);
}

/* ---- publishing: steps ---- */

enum step {
	BEGIN,
	LOOK, /* is the note there already? */
	SEND,
	SEND_PLAIN /* without markup, after the service found fault with it */
};

/* One attempt at an item: what its steps share. */
struct attempt {
	struct th_edam acc;
	struct th_delivery *d;
};

/*
 * The memo has a mark, and the guid of the notebook; none: the account's own.
 * ANEW: what we knew was no longer so, and is not to be found out a third time.
 */
#define KNOWN 'k'
#define ANEW 'a'

static struct th_str
notebook_of(const struct attempt *at)
{
	struct th_str memo = th_buf_str(&at->d->memo);

	if (memo.len == 0)
		return memo;
	return (struct th_str){ memo.s + 1, memo.len - 1 };
}

static const char *
method_of(enum step step)
{
	return step == LOOK ? "findNotesMetadata" : "createNote";
}

/* Makes the next request; the rest of its arguments is the caller's. */
static enum th_status
next(struct attempt *at, enum step step)
{
	struct th_request *req = &at->d->request;
	enum th_status st;

	th_request_release(req);
	th_request_init(req);
	st = th_edam_call(&at->acc, method_of(step), req);
	req->idempotent = step == LOOK;
	at->d->step = (int)step;
	return st;
}

static enum th_status
send_note(struct attempt *at, enum step step)
{
	struct th_request *req = &at->d->request;
	struct th_str notebook = notebook_of(at);
	struct note n;
	enum th_status st;

	note_init(&n);
	st = fill_note(at->acc.ses, at->d, step == SEND_PLAIN, &n);
	if (st == TH_OK && (st = next(at, step)) == TH_OK &&
	    (st = put_note(&req->body, &n, notebook)) == TH_OK &&
	    (st = th_thrift_end(&req->body)) == TH_OK && at->d->dry)
		st = show_note(&n, notebook, &req->shown);
	note_release(&n);
	return st;
}

/* Appends text in quotes for the search grammar. */
static void
put_quoted(struct th_buf *b, struct th_str s)
{
	size_t i;

	th_buf_addc(b, '"');
	for (i = 0; i < s.len; i++)
		th_buf_addc(b, s.s[i] == '"' ? '*' : s.s[i]);
	th_buf_addc(b, '"');
}

/* The filter and the parts of the result of findNotesMetadata. */
static enum th_status
put_find(struct th_buf *b, struct th_str words, struct th_str notebook,
    const struct th_str *tags, size_t ntags, int32_t offset)
{
	static const int wanted[] = { 2, 6, 7, 10, 11, 12, 14 };
	size_t i;

	th_thrift_begin(b, 2, TH_THRIFT_STRUCT);
	th_thrift_i32(b, 1, BY_SEQUENCE);
	th_thrift_bool(b, 2, false);
	if (words.len > 0)
		th_thrift_string(b, 3, words);
	if (notebook.len > 0)
		th_thrift_string(b, 4, notebook);
	if (ntags > 0)
		th_thrift_strings(b, 5, tags, ntags);
	th_thrift_end(b);
	th_thrift_i32(b, 3, offset);
	th_thrift_i32(b, 4, PAGE);
	th_thrift_begin(b, 5, TH_THRIFT_STRUCT);
	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		th_thrift_bool(b, wanted[i], true);
	return th_thrift_end(b);
}

/* Before a note is sent a second time: is it there, by its source or title? */
static enum th_status
look(struct attempt *at)
{
	struct th_request *req = &at->d->request;
	struct th_buf words;
	struct note n;
	enum th_status st;

	note_init(&n);
	th_buf_init(&words, 4 * SOURCE_MAX);
	st = fill_note(at->acc.ses, at->d, true, &n);
	/* By its title alone it could be any. */
	if (st == TH_OK && n.url.len == 0 && n.created == 0) {
		st = TH_END;
	} else if (n.url.len > 0 && n.url.len < QUERY_MAX - 16) {
		th_buf_adds(&words, "sourceURL:");
		put_quoted(&words, th_buf_str(&n.url));
	} else {
		th_buf_adds(&words, "intitle:");
		put_quoted(&words, th_buf_str(&n.title));
	}
	if (st == TH_OK && (st = words.status) == TH_OK &&
	    (st = next(at, LOOK)) == TH_OK)
		st = put_find(&req->body, th_buf_str(&words), notebook_of(at),
		    NULL, 0, 0);
	if (st == TH_OK)
		st = th_thrift_end(&req->body);
	th_buf_release(&words);
	note_release(&n);
	return st == TH_END ? send_note(at, SEND) : st;
}

/* Finds the notebook, and looks for the note first where it has to. */
static enum th_status
deliver(struct attempt *at, char mark)
{
	struct th_session *ses = at->acc.ses;
	struct th_named t;
	struct th_buf name = { 0 };
	enum th_status st = TH_OK;

	th_buf_clear(&at->d->memo);
	th_buf_addc(&at->d->memo, mark);
	if (th_opt(th_session_opts(ses), "notebook") != NULL) {
		if ((st = named_notebook(&at->acc, &name, &t)) == TH_OK)
			st = th_named_id(ses, &t,
			    at->d->dry ? TH_NAMED_SHOW : TH_NAMED_MAKE,
			    &at->d->memo);
		if (st == TH_EREFUSED)
			st =
			    TH_EAGAIN; /* it is not the note that was refused */
		th_buf_release(&name);
	}
	if (st != TH_OK)
		return st;
	return at->d->doubtful && !at->d->dry ? look(at) : send_note(at, SEND);
}

/* Is it the notebook that the service does not have, or does not let us to? */
static bool
is_notebook_gone(const struct attempt *at, const struct th_edam_answer *a)
{
	static const char what[] = "notebookGuid";
	const size_t len = sizeof(what) - 1;
	struct th_str end = a->about;

	if (at->d->memo.len < 2 || at->d->memo.data[0] != KNOWN)
		return false;
	if (end.len > len) {
		end.s += end.len - len;
		end.len = len;
	}
	return a->code == TH_EDAM_NOT_FOUND || th_str_is(end, what);
}

/* The notebook that was known is no more: once, it is looked for anew. */
static enum th_status
deliver_anew(struct attempt *at)
{
	struct th_named t;
	struct th_buf name;

	if (named_notebook(&at->acc, &name, &t) == TH_OK)
		th_named_forget(at->acc.ses, &t);
	th_buf_release(&name);
	return deliver(at, ANEW);
}

static enum th_status
arrived(struct attempt *at, struct th_str guid)
{
	struct th_buf page;
	char id[65];

	if (guid.len == 0 || guid.len > 64 || th_utf8_valid(guid) != guid.len)
		return TH_END;
	snprintf(id, sizeof(id), "%.*s", (int)guid.len, guid.s);
	th_buf_init(&page, URL_MAX);
	th_edam_page(&at->acc, guid, &page);
	th_delivery_arrived(at->d, id, page.data);
	th_buf_release(&page);
	return TH_END;
}

/* Is it the date that was sent?  A service may have put its own in its place.
 */
static bool
is_date_ours(int64_t told, const struct note *n)
{
	return n->created == 0 || told == n->created ||
	       (told > n->created && told / 1000 > th_now() - JUST_NOW);
}

/*
 * Is a note found the one that was to be sent?  By source, title and date, as
 * far as they are told.
 */
static bool
is_ours(const struct th_thrift *meta, const struct note *n)
{
	struct th_str title = th_thrift_text(meta, 2), source = { NULL, 0 };
	struct th_thrift attr;

	if (th_thrift_get(meta, 14, TH_THRIFT_STRUCT, &attr)) {
		source = th_thrift_text(&attr, 15);
		if (source.s != NULL &&
		    !th_str_equal(source, th_buf_str(&n->url)))
			return false;
	}
	return (title.s == NULL ||
		   th_str_equal(title, th_buf_str(&n->title))) &&
	       is_date_ours(th_thrift_number(meta, 6, n->created), n);
}

static enum th_status
looked(struct attempt *at, const struct th_edam_answer *a)
{
	struct th_thrift_iter it;
	struct th_thrift meta;
	struct note n;
	enum th_status st;

	note_init(&n);
	st = fill_note(at->acc.ses, at->d, true, &n);
	th_thrift_list(&a->result, 3, &it);
	while (st == TH_OK && th_thrift_next(&it, &meta))
		if (is_ours(&meta, &n))
			st = arrived(at, th_thrift_text(&meta, 1));
	note_release(&n);
	return st == TH_OK ? send_note(at, SEND) : st;
}

static enum th_status
answered(struct attempt *at, const struct th_reply *rep)
{
	enum step step = (enum step)at->d->step;
	struct th_session *ses = at->acc.ses;
	struct th_edam_answer a;
	enum th_status st;

	st = th_edam_read(&at->acc, rep, method_of(step), TH_THRIFT_STRUCT, &a);
	at->d->retry_at = a.retry_at;
	if (st == TH_OK)
		return step == LOOK ? looked(at, &a)
				    : arrived(at, th_thrift_text(&a.result, 1));
	if (st == TH_EREFUSED && is_notebook_gone(at, &a))
		return deliver_anew(at);
	if (step == LOOK)
		return st == TH_EREFUSED ? TH_EAGAIN : st; /* it is the look */
	/* Nobody knows what became of a note without an answer. */
	if (a.code == TH_EDAM_NO_CODE)
		at->d->doubtful = true;
	if (a.code != TH_EDAM_ENML_VALIDATION || step != SEND)
		return st;
	th_session_say(ses, 1, TH_OK, "%.*s: %s; sent as plain text",
	    (int)at->d->id.len, at->d->id.s, th_session_err(ses)->text);
	return send_note(at, SEND_PLAIN);
}

static enum th_status
evernote_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *reply)
{
	struct attempt at = { .acc = { .ses = ses, .host = HOST }, .d = d };
	enum th_status st = th_edam_open(&at.acc, d->dry);

	if (st == TH_EREFUSED)
		st = TH_EAGAIN; /* it is not the note that was refused */
	else if (st == TH_OK)
		st = reply == NULL ? deliver(&at, KNOWN) : answered(&at, reply);
	th_edam_release(&at.acc);
	return st;
}

/* ---- reading ---- */

/* A tag of the account. */
struct tag {
	struct th_str guid, name;
};

/* A reading under way. */
struct reading {
	struct th_session *ses;
	const struct th_fetch *f;
	struct th_edam acc;
	struct th_buf notebook;      /* guid */
	struct th_buf tag[TAGS_MAX]; /* guids of --tag */
	size_t ntags;
	struct th_buf scope;  /* of ids and cursors: what is read */
	struct th_reply tags; /* the list of tags, once asked for */
	struct th_thrift tag_list;
	struct tag *known; /* what is in it, by guid; NULL: not yet asked for */
	size_t nknown;
	size_t wanted;  /* notes, the newest; 0: all */
	int64_t count;  /* of updates, of the account */
	int64_t cursor; /* updates up to here are known */
	bool held;      /* it stays before a note that we were not given */
	struct meta *note;
	size_t nnotes, cap;
	size_t bytes; /* of what is kept of them */
};

/* A note of the list: its NoteMetadata as it came. */
struct meta {
	char *raw;
	size_t len;
	int64_t usn;
};

static void
reading_release(struct reading *r)
{
	size_t i;

	for (i = 0; i < r->nnotes; i++)
		free(r->note[i].raw);
	free(r->note);
	free(r->known);
	for (i = 0; i < r->ntags; i++)
		th_buf_release(&r->tag[i]);
	th_edam_release(&r->acc);
	th_buf_release(&r->notebook);
	th_buf_release(&r->scope);
	th_reply_release(&r->tags);
}

/* What the note that the service refuses to give is to a reader. */
static enum th_status
as_reader(enum th_status st)
{
	return st == TH_EREFUSED ? TH_EUNAVAIL : st;
}

/* Asks the NoteStore. */
static enum th_status
ask_notes(struct reading *r, const char *method, struct th_str about,
    enum th_thrift_type type, struct th_reply *rep, struct th_edam_answer *ret)
{
	return as_reader(
	    th_edam_ask_about(&r->acc, method, about, type, rep, ret));
}

/* How many updates the account has seen. */
static enum th_status
get_count(struct reading *r)
{
	struct th_reply rep = { 0 };
	struct th_edam_answer a;
	enum th_status st;

	st = ask_notes(r, "getSyncState", nothing, TH_THRIFT_STRUCT, &rep, &a);
	if (st == TH_OK)
		r->count = th_thrift_number(&a.result, 3, 0);
	th_reply_release(&rep);
	return st;
}

/* Appends the guid of the one of a list that is called so. */
static enum th_status
find_guid(struct reading *r, const struct th_thrift *list, const char *what,
    const char *name, struct th_buf *ret)
{
	struct th_called c;
	enum th_status st;

	if ((st = th_called_init(&c, name)) == TH_OK)
		st = offer_all(list, &c);
	if (st == TH_OK && c.id.len == 0)
		st = th_session_fail(r->ses, TH_EUNAVAIL,
		    "no such %s at Evernote: %s", what, name);
	if (st == TH_OK)
		st = th_buf_add(ret, c.id.data, c.id.len);
	th_called_release(&c);
	return st;
}

/* Asked for each time: reading must not miss a notebook made anew. */
static enum th_status
find_notebook(struct reading *r, const char *name)
{
	struct th_reply rep = { 0 };
	struct th_edam_answer a;
	enum th_status st;

	st = ask_notes(r, "listNotebooks", nothing, TH_THRIFT_LIST, &rep, &a);
	if (st == TH_OK)
		st = find_guid(r, &a.body, "notebook", name, &r->notebook);
	th_reply_release(&rep);
	return st;
}

static int
by_guid(const void *a, const void *b)
{
	const struct th_str x = ((const struct tag *)a)->guid;
	const struct th_str y = ((const struct tag *)b)->guid;

	if (x.len != y.len || x.len == 0)
		return (x.len > y.len) - (x.len < y.len);
	return memcmp(x.s, y.s, x.len);
}

/* Makes the tags of the list, which stays, one to be found by its guid. */
static enum th_status
index_tags(struct reading *r)
{
	struct th_thrift_iter it;
	struct th_thrift tag;

	th_thrift_list(&r->tag_list, 0, &it);
	if (it.left > NOTES_MAX)
		return th_session_fail(
		    r->ses, TH_EUNAVAIL, "more tags than an account can have");
	if ((r->known = th_calloc(it.left + 1, sizeof(*r->known))) == NULL)
		return TH_ENOMEM;
	for (; th_thrift_next(&it, &tag); r->nknown++)
		r->known[r->nknown] = (struct tag){ th_thrift_text(&tag, 1),
			th_thrift_text(&tag, 2) };
	qsort(r->known, r->nknown, sizeof(*r->known), by_guid);
	return TH_OK;
}

/* The account's tags, asked for once. */
static enum th_status
need_tags(struct reading *r)
{
	struct th_edam_answer a;
	enum th_status st;

	if (r->known != NULL)
		return TH_OK;
	st = ask_notes(r, "listTags", nothing, TH_THRIFT_LIST, &r->tags, &a);
	if (st != TH_OK)
		return st;
	r->tag_list = a.body;
	return index_tags(r);
}

static struct th_str
tag_name(const struct reading *r, struct th_str guid)
{
	const struct tag wanted = { .guid = guid }, *tag;

	tag = bsearch(&wanted, r->known, r->nknown, sizeof(*r->known), by_guid);
	return tag != NULL ? tag->name : nothing;
}

/* The guids of --tag. */
static enum th_status
find_tags(struct reading *r)
{
	const struct th_opts *opts = th_session_opts(r->ses);
	size_t i, n = th_opt_count(opts, "tag");
	enum th_status st;

	if (n > TAGS_MAX)
		return th_session_fail(r->ses, TH_EUSAGE, "too many tags");
	st = n > 0 ? need_tags(r) : TH_OK;
	for (i = 0; i < n && st == TH_OK; i++) {
		th_buf_init(&r->tag[i], URL_MAX);
		r->ntags++;
		st = find_guid(r, &r->tag_list, "tag",
		    th_opt_nth(opts, "tag", i), &r->tag[i]);
	}
	return st;
}

/* ---- reading: which notes ---- */

static void
put_scope(struct reading *r)
{
	const struct th_opts *opts = th_session_opts(r->ses);
	struct th_buf *b = &r->scope;
	size_t i;

	th_json_open(b, '[');
	th_json_string(b, TH_STR("evernote"));
	th_json_string(b, th_str(th_session_account(r->ses)));
	th_json_string(b, th_str(th_opt(opts, "notebook")));
	th_json_string(b, th_str(th_opt(opts, "search")));
	for (i = 0; i < th_opt_count(opts, "tag"); i++)
		th_json_string(b, th_str(th_opt_nth(opts, "tag", i)));
	th_json_close(b, ']');
}

static void
forget_list(struct reading *r)
{
	while (r->nnotes > 0)
		free(r->note[--r->nnotes].raw);
	r->bytes = 0;
}

static enum th_status
keep_meta(struct reading *r, const struct th_thrift *meta, int64_t usn)
{
	struct meta *more;
	size_t cap;
	char *raw;

	if (meta->raw.len > TH_REPLY_MAX - r->bytes)
		return th_session_fail(
		    r->ses, TH_EUNAVAIL, "the list of notes is too long");
	if (r->nnotes == r->cap) {
		cap = r->cap > 0 ? 2 * r->cap : 64;
		if ((more = th_realloc(r->note, cap * sizeof(*more))) == NULL)
			return TH_ENOMEM;
		r->note = more;
		r->cap = cap;
	}
	if ((raw = th_malloc(meta->raw.len)) == NULL)
		return TH_ENOMEM;
	memcpy(raw, meta->raw.s, meta->raw.len);
	r->bytes += meta->raw.len;
	r->note[r->nnotes++] = (struct meta){ raw, meta->raw.len, usn };
	return TH_OK;
}

/* Where a list is: it goes from new to old. */
struct page {
	int64_t offset, total;
	int64_t count; /* of updates, when it was made; -1: not told */
	bool changed, last;
};

/* Is it in the bin? */
static bool
is_deleted(const struct th_thrift *meta)
{
	return th_thrift_number(meta, 8, 0) > 0;
}

/*
 * Keeps the notes of a page that are not known.  The page is the last when it
 * goes down, as it should, to one that is, or has all that is wanted.
 */
static enum th_status
take_page(struct reading *r, const struct th_thrift *list, struct page *p)
{
	int64_t total = th_thrift_number(list, 2, 0), usn, before = INT64_MAX;
	int64_t count = th_thrift_number(list, 6, -1);
	struct th_thrift_iter it;
	struct th_thrift meta;
	enum th_status st;
	bool sorted = true;

	p->changed = p->offset > 0 && (total != p->total || count != p->count);
	if (p->changed)
		return TH_OK;
	p->total = total;
	p->count = count;
	th_thrift_list(list, 3, &it);
	p->last = it.left == 0;
	while (th_thrift_next(&it, &meta)) {
		usn = th_thrift_number(&meta, 10, 0);
		sorted &= usn > 0 && usn <= before;
		before = usn;
		if (p->offset++ == NOTES_MAX)
			return th_session_fail(r->ses, TH_EUNAVAIL,
			    "more notes than an account can have");
		if ((usn == 0 || usn > r->cursor) && !is_deleted(&meta) &&
		    (st = keep_meta(r, &meta, usn)) != TH_OK)
			return st;
	}
	p->last |= p->offset >= total;
	if (sorted)
		p->last |= before <= r->cursor ||
			   (r->wanted > 0 && r->nnotes >= r->wanted);
	return TH_OK;
}

static enum th_status
get_page(struct reading *r, struct page *p)
{
	const char *search = th_opt(th_session_opts(r->ses), "search");
	static const char method[] = "findNotesMetadata";
	struct th_str tag[TAGS_MAX];
	struct th_reply rep = { 0 };
	struct th_request req;
	struct th_edam_answer a;
	enum th_status st;
	size_t i;

	for (i = 0; i < r->ntags; i++)
		tag[i] = th_buf_str(&r->tag[i]);
	th_request_init(&req);
	st = th_edam_call(&r->acc, method, &req);
	if (st == TH_OK)
		st = put_find(&req.body, th_str(search),
		    th_buf_str(&r->notebook), tag, r->ntags,
		    (int32_t)p->offset);
	if (st == TH_OK)
		st = th_edam_ask(
		    &r->acc, &req, method, TH_THRIFT_STRUCT, &rep, &a);
	if (st == TH_OK)
		st = take_page(r, &a.result, p);
	th_reply_release(&rep);
	th_request_release(&req);
	return as_reader(st);
}

/*
 * Lists what is new.  A note that goes away while pages are turned would move
 * another one past us, so a list that changed is begun again.
 */
static enum th_status
list_notes(struct reading *r)
{
	struct page p = { 0 };
	int left = RESTARTS;
	enum th_status st;

	if ((st = find_tags(r)) != TH_OK)
		return st;
	while (!p.last && st == TH_OK) {
		st = get_page(r, &p);
		if (!p.changed || st != TH_OK)
			continue;
		if (left-- == 0)
			return th_session_fail(r->ses, TH_EAGAIN,
			    "the notes change faster than they can be listed");
		forget_list(r);
		p = (struct page){ 0 };
	}
	return st;
}

static int
by_usn(const void *a, const void *b)
{
	const struct meta *x = a, *y = b;

	return (x->usn > y->usn) - (x->usn < y->usn);
}

/* ---- reading: a note becomes an item ---- */

static enum th_status
add_tags(struct reading *r, const struct th_thrift *meta, struct th_buf *b)
{
	struct th_thrift_iter it;
	struct th_thrift guid;
	struct th_str name;
	enum th_status st;
	size_t n = 0;

	th_thrift_list(meta, 12, &it);
	if (it.left > 0 && (st = need_tags(r)) != TH_OK)
		return st;
	while (n < TAGS_MAX && th_thrift_next(&it, &guid)) {
		name = tag_name(r, th_thrift_str(&guid));
		if (name.len == 0)
			continue;
		th_compose_next(b, "tags", &n);
		th_json_string(b, name);
	}
	th_compose_end(b, n);
	return b->status;
}

static enum th_status
item_of(struct reading *r, const struct th_thrift *meta, struct th_str enml,
    struct th_buf *ret)
{
	struct th_str guid = th_thrift_text(meta, 1), author = { NULL, 0 };
	int64_t created = th_thrift_number(meta, 6, 0);
	int64_t updated = th_thrift_number(meta, 7, 0);
	struct th_str source = { NULL, 0 };
	struct th_thrift attr;
	struct th_buf url, title, html;
	enum th_status st;

	th_buf_init(&url, URL_MAX);
	th_buf_init(&title, TH_LINE_MAX);
	th_buf_init(&html, TH_LINE_MAX);
	if (th_thrift_get(meta, 14, TH_THRIFT_STRUCT, &attr)) {
		source = th_thrift_text(&attr, 15);
		author = th_thrift_text(&attr, 13);
	}
	if (th_url_is_http(source))
		th_buf_add(&url, source.s, source.len);
	else
		th_edam_page(&r->acc, guid, &url);
	st = th_text_fold(th_thrift_text(meta, 2), &title);
	if (st == TH_OK)
		st = th_enml_to_html(enml, &html);
	th_json_open(ret, '{');
	th_json_member(ret, "id", guid);
	th_json_member(ret, "url", th_buf_str(&url));
	th_json_member(ret, "title", th_buf_str(&title));
	th_json_member(ret, "content_html", th_buf_str(&html));
	th_compose_date(ret, "date_published", created / 1000);
	if (updated / 1000 != created / 1000)
		th_compose_date(ret, "date_modified", updated / 1000);
	th_compose_author(ret, author, NULL, NULL);
	if (st == TH_OK)
		st = add_tags(r, meta, ret);
	th_compose_source(
	    ret, r->ses, th_opt(th_session_opts(r->ses), "notebook"), NULL);
	th_json_close(ret, '}');
	th_buf_release(&url);
	th_buf_release(&title);
	th_buf_release(&html);
	return st == TH_OK ? ret->status : st;
}

/* One that is gone is passed over; one that we may not have is asked for anew.
 */
static enum th_status
without(struct reading *r, struct th_str guid, int code)
{
	if (code == TH_EDAM_NOT_FOUND || code == TH_EDAM_TAKEN_DOWN)
		return TH_OK;
	r->held = true;
	th_session_say(r->ses, 0, TH_EUNAVAIL, "note %.*s: %s", (int)guid.len,
	    guid.s, th_session_err(r->ses)->text);
	return TH_OK;
}

static enum th_status
hand_on(struct reading *r, const struct th_thrift *meta, struct th_str enml,
    struct th_buf *line)
{
	struct th_str guid = th_thrift_text(meta, 1);
	enum th_status st = item_of(r, meta, enml, line);

	if (st == TH_EDATA) {
		th_session_say(r->ses, 0, TH_EDATA,
		    "note %.*s: too long, left out", (int)guid.len, guid.s);
		return TH_OK;
	}
	if (st != TH_OK)
		return st;
	return th_fetch_emit(r->f, r->scope.data, guid, th_buf_str(line),
	    th_session_err(r->ses));
}

/* Gets the content of a note and hands it on. */
static enum th_status
emit_note(struct reading *r, const struct th_thrift *meta)
{
	struct th_str guid = th_thrift_text(meta, 1);
	struct th_reply rep = { 0 };
	struct th_buf line;
	struct th_edam_answer a;
	enum th_status st;

	th_buf_init(&line, TH_LINE_MAX);
	st = th_edam_ask_about(
	    &r->acc, "getNoteContent", guid, TH_THRIFT_STRING, &rep, &a);
	if (st == TH_EREFUSED)
		st = without(r, guid, a.code);
	else if (st == TH_OK)
		st = hand_on(r, meta, th_thrift_str(&a.result), &line);
	th_reply_release(&rep);
	th_buf_release(&line);
	return st;
}

/* Is the note one that was not handed on before, and young enough? */
static enum th_status
is_wanted(struct reading *r, const struct th_thrift *meta, bool *ret)
{
	struct th_str guid = th_thrift_text(meta, 1);
	int64_t created = th_thrift_number(meta, 6, 0);
	enum th_status st;
	bool known;

	st = th_fetch_knows(
	    r->f, r->scope.data, guid, &known, th_session_err(r->ses));
	*ret = guid.len > 0 && !known;
	if (st == TH_OK && known) /* as it is: it is not to be forgotten */
		return th_fetch_emit(r->f, r->scope.data, guid,
		    (struct th_str){ "", 0 }, th_session_err(r->ses));
	if (created > 0 && r->f->since != INT64_MIN &&
	    created / 1000 < r->f->since)
		*ret = false;
	return st;
}

/* The cursor follows each note that was handed on. */
static enum th_status
keep_cursor(struct reading *r, int64_t usn)
{
	if (r->held || usn <= 0)
		return TH_OK;
	return th_fetch_keep(r->f, r->scope.data, usn, th_session_err(r->ses));
}

static enum th_status
emit_notes(struct reading *r)
{
	struct th_thrift meta;
	enum th_status st = TH_OK, more;
	bool wanted;
	size_t i = 0;

	qsort(r->note, r->nnotes, sizeof(*r->note), by_usn);
	if (r->wanted > 0 && r->nnotes > r->wanted)
		i = r->nnotes - r->wanted;
	for (; i < r->nnotes && st == TH_OK; i++) {
		meta = (struct th_thrift){ TH_THRIFT_STRUCT,
			{ r->note[i].raw, r->note[i].len } };
		if ((st = is_wanted(r, &meta, &wanted)) != TH_OK)
			return st;
		if (wanted)
			st = emit_note(r, &meta);
		if (st != TH_OK && st != TH_END)
			return st;
		if ((more = keep_cursor(r, r->note[i].usn)) != TH_OK)
			return more;
	}
	/* All is known up to where the list was begun. */
	return st == TH_OK ? keep_cursor(r, r->count) : st;
}

/* How long the service asked to be left alone is kept, whatever becomes of us.
 */
#define WAIT "evernote wait"

static enum th_status
may_ask(struct reading *r)
{
	const struct th_fetch manners = { .state = r->f->manners };
	int64_t until = 0, now = th_now();

	th_fetch_recall(&manners, WAIT, &until, NULL);
	if (until <= now || until > now + WAIT_MAX)
		return TH_OK;
	return th_session_fail(r->ses, TH_EAGAIN,
	    "Evernote asks to wait for %" PRId64 " s", until - now);
}

static void
keep_wait(struct reading *r, int64_t until)
{
	const struct th_fetch manners = { .state = r->f->manners };

	if (until > th_now())
		th_fetch_keep(&manners, WAIT, until, NULL);
}

/*
 * Where the last run ended, and whether there is anything new.  An account that
 * counts from the beginning again is read from there.
 */
static enum th_status
begin_reading(struct reading *r, bool *ret_changed)
{
	enum th_status st;

	*ret_changed = true;
	if (r->f->state == NULL) {
		/* Of a limited list the newest are wanted, as elsewhere. */
		if (r->f->limit > 0 && r->f->since == INT64_MIN)
			r->wanted = (size_t)r->f->limit;
		return TH_OK;
	}
	if ((st = th_fetch_recall(r->f, r->scope.data, &r->cursor,
		 th_session_err(r->ses))) != TH_OK ||
	    (st = get_count(r)) != TH_OK)
		return st;
	*ret_changed = r->count != r->cursor;
	if (r->count < r->cursor)
		r->cursor = 0;
	return TH_OK;
}

static enum th_status
evernote_fetch(struct th_session *ses, const struct th_fetch *f)
{
	struct reading r = {
		.ses = ses, .f = f, .acc = { .ses = ses, .host = HOST }
	};
	const char *notebook = th_opt(th_session_opts(ses), "notebook");
	enum th_status st;
	bool changed;

	if (f->nargs > 0)
		return th_session_fail(ses, TH_EUSAGE,
		    "evernote takes no arguments; see --notebook, --tag, "
		    "--search");
	th_buf_init(&r.notebook, URL_MAX);
	th_buf_init(&r.scope, TH_LINE_MAX);
	put_scope(&r);
	if ((st = r.scope.status) == TH_OK && (st = may_ask(&r)) == TH_OK &&
	    (st = as_reader(th_edam_open(&r.acc, false))) == TH_OK &&
	    (st = begin_reading(&r, &changed)) == TH_OK && changed) {
		if (notebook != NULL)
			st = find_notebook(&r, notebook);
		if (st == TH_OK && (st = list_notes(&r)) == TH_OK)
			st = emit_notes(&r);
	}
	if (st == TH_EAGAIN)
		keep_wait(&r, th_session_err(ses)->retry_at);
	reading_release(&r);
	return st == TH_END ? TH_OK : st;
}

/* ---- logging in ---- */

static const struct th_login logins[] = {
	{ .kind = TH_LOGIN_TOKEN,
	    .name = "token",
	    .help = "a token of yours that begins with S=; Evernote gives out "
		    "no new keys for its API",
	    .needs = "",
	    .keeps = "token" },
	{ .kind = TH_LOGIN_END },
};

static enum th_status
evernote_whoami(struct th_session *ses, struct th_identity *ret)
{
	struct th_edam acc = { .ses = ses, .host = HOST };
	struct th_reply rep = { 0 };
	struct th_buf name;
	struct th_edam_answer a;
	enum th_status st;
	int id;

	th_buf_init(&name, TH_LINE_MAX);
	if ((st = th_session_secret(ses, "token", &acc.token)) == TH_OK)
		st = th_edam_ask_user(
		    &acc, "getUser", TH_THRIFT_STRUCT, &rep, &a);
	/* The user name, else the name. */
	for (id = 2; id <= 3 && st == TH_OK && name.len == 0; id++)
		st = th_text_limit(th_thrift_text(&a.result, id), NAME_MAX,
		    TH_LIMIT_BLANKS, &name);
	if (st == TH_OK && name.len > 0 &&
	    (ret->name = th_buf_take(&name)) == NULL)
		st = TH_ENOMEM;
	if (st == TH_OK)
		ret->expires = th_edam_expires(&acc);
	th_buf_release(&name);
	th_reply_release(&rep);
	th_edam_release(&acc);
	return as_reader(st);
}

const struct th_service th_service_evernote = {
	.name = "evernote",
	.summary = "Evernote: notes of notebooks, tags and searches; notes",
	.auth = TH_AUTH_TOKEN,
	.params = params,
	.fetch = evernote_fetch,
	.publish = evernote_publish,
	.login = logins,
	.whoami = evernote_whoami,
};
