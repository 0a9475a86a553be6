/*
 * evernote -- notes in and out.  Speaks EDAM 1.28 (Thrift over HTTPS)
 *
 * The token travels in the body of each call.  What a call holds and what a
 * reply says is made and read by pure functions; numbers are the field ids of
 * EDAM's interface.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define HOST "https://www.evernote.com"
#define USER_STORE "/edam/user"
#define NOTE_STORE "/edam/note/"
#define TYPE "application/x-thrift"
#define APPLICATION "trigger-happy"
#define SEQID 1

#define URL_MAX ((size_t)64 << 10)
#define CALL_MAX ((size_t)32 << 20)
#define NAME_MAX 100 /* of notebooks and tags, in UTF-16 units */
#define TITLE_MAX 255
#define TAGS_MAX 100
#define QUERY_MAX 1024
#define SOURCE_MAX 4096
#define PAGE 250         /* notes listed by one call */
#define NOTES_MAX 100000 /* of an account */
#define RESTARTS 3       /* of a list that changed while it was read */
#define WAIT_USUAL 900   /* seconds, when the service does not say */
#define WAIT_MAX (24 * 3600)
#define BY_SEQUENCE 4 /* NoteSortOrder */

static const struct th_param params[] = {
	{ "notebook", TH_STRING, TH_P_FETCH | TH_P_PUBLISH | TH_P_DEST, "NAME",
	    "the notebook; th-publish makes it when it is missing", 0 },
	{ "tag", TH_REPEAT, TH_P_FETCH, "NAME",
	    "notes with this tag; may be repeated: with all of them", 0 },
	{ "search", TH_STRING, TH_P_FETCH, "QUERY",
	    "notes that match, in Evernote's search grammar", 's' },
	{ "tags", TH_LIST, TH_P_PUBLISH, "A,B",
	    "tags for each note besides those of the item", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, "TOKEN",
	    "your token (S=s1:U=...:H=...)", 0 },
	{ "note_store_url", TH_URL, TH_P_ACCOUNT, "URL",
	    "address of the NoteStore, when the token does not tell it", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

/* ---- the token ------------------------------------------------------ */

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

static int64_t
hexadecimal(struct th_str s)
{
	static const char digits[] = "0123456789abcdef";
	const char *d;
	int64_t n = 0;
	size_t i;

	if (s.len > 15)
		return 0;
	for (i = 0; i < s.len; i++) {
		if ((d = strchr(digits, s.s[i] | 0x20)) == NULL || *d == '\0')
			return 0;
		n = n * 16 + (d - digits);
	}
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

/*
 * Where notes are: as configured, as the token's shard says, or as the service
 * said when it was asked.  TH_END: it is to be asked.
 */
static enum th_status
store_url(
    struct th_session *ses, const struct th_secret *token, struct th_buf *ret)
{
	const char *given = th_session_setting(ses, "note_store_url");
	struct th_str shard = token_field(token, 'S');
	enum th_status st;

	if (given != NULL)
		return th_buf_adds(ret, given);
	if (!is_shard(shard))
		return th_session_cache_get(ses, "note store", ret);
	st = th_session_url(ses, HOST, NOTE_STORE, ret);
	return st == TH_OK ? th_buf_add(ret, shard.s, shard.len) : st;
}

/* The page of a note for a browser; nothing when the token does not tell. */
static void
note_page(struct th_session *ses, const struct th_secret *token,
    struct th_str guid, struct th_buf *ret)
{
	struct th_str shard = token_field(token, 'S');
	int64_t user = hexadecimal(token_field(token, 'U'));

	if (!is_shard(shard) || user == 0 || guid.len == 0 ||
	    th_session_url(ses, HOST, "/shard/", ret) != TH_OK)
		return;
	th_buf_addf(ret, "%.*s/nl/%" PRId64 "/", (int)shard.len, shard.s, user);
	th_text_urlencode(guid, ret);
	th_buf_addc(ret, '/');
}

/* ---- calls ---------------------------------------------------------- */

/* Begins a call into the request's body: its name and the token. */
static enum th_status
call(struct th_request *req, const char *url, const char *method,
    const struct th_secret *token)
{
	enum th_status st;

	req->method = "POST";
	if ((st = th_request_set(req, "POST", th_str(url))) != TH_OK ||
	    (st = th_request_header(req, "Content-Type", TYPE)) != TH_OK ||
	    (st = th_request_header(req, "Accept", TYPE)) != TH_OK ||
	    (st = th_request_hide(req, token)) != TH_OK)
		return st;
	req->has_body = true;
	req->body.max = CALL_MAX;
	th_thrift_call(&req->body, method, SEQID);
	return th_thrift_string(&req->body, 1, th_str(token->value));
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
	DATA_CONFLICT = 10,
	ENML_VALIDATION = 11,
	RATE_LIMIT = 19,
	NOT_FOUND = 1000, /* EDAMNotFoundException has no code */
	NO_CODE = -1 /* it did not come so far: no answer that can be read */
};

/* A reply, read. */
struct answer {
	struct th_thrift
	    body; /* the result struct; field 0 is what was asked */
	int code; /* of the exception, 0 for none, or NO_CODE */
	int64_t retry_at;
};

/* What may be shown of a service's own words: never the token. */
static void
words_of(struct th_str s, const struct th_secret *token, char ret[256])
{
	size_t i, len = strlen(token->value);

	if (s.len > 200)
		s.len = 200;
	s.len = th_utf8_valid(s);
	snprintf(ret, 256, "%s%.*s", s.len > 0 ? ": " : "", (int)s.len,
	    s.len > 0 ? s.s : "");
	if (len > 16)
		len = 16; /* the cut may have gone through it */
	for (i = 0; len > 3 && ret[i] != '\0'; i++)
		if (strncmp(ret + i, token->value, len) == 0)
			snprintf(ret + i, 256 - i, "***");
}

static enum th_status
raise_error(struct th_session *ses, const struct th_secret *token,
    const struct th_thrift *e, bool system, struct answer *ret)
{
	int64_t code = th_thrift_number(e, 1, 0), wait;
	const struct error *known = &errors[0];
	char words[256];

	if (code > 0 && (size_t)code < sizeof(errors) / sizeof(*errors) &&
	    errors[code].words != NULL)
		known = &errors[code];
	ret->code = code > 0 && code < NOT_FOUND ? (int)code : 1;
	words_of(th_thrift_text(e, 2), token, words);
	if (code == RATE_LIMIT) {
		wait = system ? th_thrift_number(e, 3, WAIT_USUAL) : WAIT_USUAL;
		if (wait < 1 || wait > WAIT_MAX)
			wait = wait < 1 ? WAIT_USUAL : WAIT_MAX;
		ret->retry_at = th_now() + wait;
		th_session_err(ses)->retry_at = ret->retry_at;
		return th_session_fail(ses, TH_EAGAIN,
		    "Evernote asks to wait for %" PRId64 " s", wait);
	}
	return th_session_fail(ses, known->status, "Evernote: %s%s%s",
	    known->words, words,
	    known->status == TH_EAUTH ? "; th-auth login evernote" : "");
}

/* The exceptions that a method declares: 1 user, 2 system, 3 not found. */
static enum th_status
result_of(
    struct th_session *ses, const struct th_secret *token, struct answer *ret)
{
	struct th_thrift e;
	char words[256];

	if (th_thrift_get(&ret->body, 1, TH_THRIFT_STRUCT, &e))
		return raise_error(ses, token, &e, false, ret);
	if (th_thrift_get(&ret->body, 2, TH_THRIFT_STRUCT, &e))
		return raise_error(ses, token, &e, true, ret);
	if (!th_thrift_get(&ret->body, 3, TH_THRIFT_STRUCT, &e))
		return TH_OK;
	ret->code = NOT_FOUND;
	words_of(th_thrift_text(&e, 1), token, words);
	return th_session_fail(
	    ses, TH_EREFUSED, "Evernote: not there%s", words);
}

static bool
is_page(const struct th_reply *rep)
{
	struct th_str body = th_str_trim(th_buf_str(&rep->body));

	return body.len > 0 && body.s[0] == '<';
}

/* Reads a reply to `method`; borrowed from rep. */
static enum th_status
answer(struct th_session *ses, const struct th_secret *token,
    const struct th_reply *rep, const char *method, struct answer *ret)
{
	struct th_thrift_message m = { 0 };
	struct th_err why = { 0 };
	enum th_status st;
	char words[256];

	*ret = (struct answer){ .code = NO_CODE };
	st = th_reply_status(rep, th_session_err(ses));
	/* Over HTTP comes what keeps a call from arriving, never a refusal. */
	if (st == TH_EREFUSED)
		return th_session_fail(ses, TH_EUNAVAIL,
		    "HTTP %ld where Evernote's service should be", rep->code);
	if (st != TH_OK)
		return st;
	if (is_page(rep))
		return th_session_fail(ses, TH_EUNAVAIL,
		    "a web page came where Evernote's service should answer");
	st = th_thrift_parse(th_buf_str(&rep->body), &m, &why);
	if (st != TH_OK)
		return th_session_fail(
		    ses, TH_EUNAVAIL, "Evernote's answer: %s", why.text);
	if (m.kind == TH_THRIFT_EXCEPTION) {
		words_of(th_thrift_text(&m.body, 1), token, words);
		return th_session_fail(ses, TH_EUNAVAIL,
		    "Evernote does not know %s%s", method, words);
	}
	if (m.kind != TH_THRIFT_REPLY || m.seqid != SEQID ||
	    !th_str_is(m.method, method))
		return th_session_fail(ses, TH_EUNAVAIL,
		    "Evernote's answer is none to %s", method);
	ret->body = m.body;
	ret->code = 0;
	return result_of(ses, token, ret);
}

static enum th_status
no_result(struct th_session *ses, const char *method)
{
	return th_session_fail(
	    ses, TH_EUNAVAIL, "Evernote's answer to %s is empty", method);
}

/* Ends the call in req, sends it, reads the answer. */
static enum th_status
ask(struct th_session *ses, const struct th_secret *token,
    struct th_request *req, const char *method, struct th_reply *rep,
    struct answer *ret)
{
	enum th_status st;

	*ret = (struct answer){ .code = NO_CODE };
	if ((st = th_thrift_end(&req->body)) != TH_OK)
		return st;
	req->idempotent = true;
	st = th_session_send(ses, req, rep);
	return rep->code == 0 ? st : answer(ses, token, rep, method, ret);
}

/* The UserStore's word on where notes are, kept for the next time. */
static enum th_status
keep_store_url(struct th_session *ses, const struct answer *a)
{
	struct th_thrift urls;
	struct th_str url = { NULL, 0 };

	if (th_thrift_get(&a->body, 0, TH_THRIFT_STRUCT, &urls))
		url = th_thrift_text(&urls, 1);
	if (!th_url_is_http(url) || url.len > URL_MAX)
		return th_session_fail(ses, TH_ECONFIG,
		    "neither the token nor Evernote tells where notes are; "
		    "set note_store_url");
	return th_session_cache_put(ses, "note store", url);
}

/* ---- text that the service takes ------------------------------------ */

static size_t
utf16_length(struct th_str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += (((unsigned char)s.s[i] & 0xc0) != 0x80) +
		     ((unsigned char)s.s[i] >= 0xf0);
	return n;
}

/* Unicode's blanks (Z), and what is no text (Cc). */
static bool
is_blank(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Cuts what begins at start to max UTF-16 units, whatever that splits. */
static void
cut(struct th_buf *b, size_t start, size_t max)
{
	size_t i, n, len;
	uint32_t c;

	for (i = start, n = 0; i < b->len; i += len) {
		len = th_utf8_decode(b->data + i, b->len - i, &c);
		n += c > 0xffff ? 2 : 1;
		if (n > max)
			break;
	}
	while (i > start && b->data[i - 1] == ' ')
		i--;
	b->len = i;
	if (b->data != NULL)
		b->data[i] = '\0';
}

/*
 * Appends a name of at most max UTF-16 units: no control characters, runs of
 * blanks as one, none at the ends, and commas only where they may be.
 */
static enum th_status
clean(struct th_str s, size_t max, bool commas, struct th_buf *ret)
{
	struct th_buf raw, tidy;
	size_t i, n, chars = max, start = ret->len;
	bool owed = false;
	uint32_t c;

	th_buf_init(&raw, TH_LINE_MAX);
	th_buf_init(&tidy, TH_LINE_MAX);
	th_utf8_clean(s, &raw);
	for (i = 0; raw.status == TH_OK && i < raw.len; i += n) {
		n = th_utf8_decode(raw.data + i, raw.len - i, &c);
		if (is_blank(c) || (!commas && c == ',')) {
			owed = true;
			continue;
		}
		if (owed && tidy.len > 0)
			th_buf_addc(&tidy, ' ');
		owed = false;
		th_buf_add(&tidy, raw.data + i, n);
	}
	do {
		ret->len = start;
		th_text_truncate(th_buf_str(&tidy), chars, ret);
		n = utf16_length(
		    (struct th_str){ ret->data + start, ret->len - start });
	} while (ret->status == TH_OK && n > max &&
		 (chars = chars * max / n - (chars > 1)) > 0);
	if (ret->status == TH_OK)
		cut(ret, start, max);
	if (ret->status == TH_OK && raw.status != TH_OK)
		ret->status = raw.status;
	if (ret->status == TH_OK && tidy.status != TH_OK)
		ret->status = tidy.status;
	th_buf_release(&raw);
	th_buf_release(&tidy);
	return ret->status;
}

static bool
same(struct th_str a, const struct th_buf *b)
{
	return a.len == b->len &&
	       (a.len == 0 || memcmp(a.s, b->data, a.len) == 0);
}

/* ---- publishing: the note --------------------------------------------- */

enum step {
	BEGIN,
	STORE,      /* where are notes? */
	LIST,       /* which notebooks are there? */
	LIST_STALE, /* the one that was known is no more */
	LIST_MADE,  /* another made it meanwhile */
	MAKE,       /* a notebook */
	LOOK,       /* is the note there already? */
	SEND,
	SEND_PLAIN /* without markup, after the service found fault with it */
};

static const char *const methods[] = {
	[STORE] = "getUserUrls",
	[LIST] = "listNotebooks",
	[LIST_STALE] = "listNotebooks",
	[LIST_MADE] = "listNotebooks",
	[MAKE] = "createNotebook",
	[LOOK] = "findNotesMetadata",
	[SEND] = "createNote",
	[SEND_PLAIN] = "createNote",
};

/* All that a note is made of. */
struct note {
	struct th_buf title, content, url, author, notebook;
	struct th_buf tag[TAGS_MAX];
	size_t ntags;
	int64_t created; /* ms; 0: unknown */
};

static void
note_init(struct note *n)
{
	*n = (struct note){ .created = 0 };
	th_buf_init(&n->title, TH_LINE_MAX);
	th_buf_init(&n->content, CALL_MAX);
	th_buf_init(&n->url, TH_LINE_MAX);
	th_buf_init(&n->author, TH_LINE_MAX);
	th_buf_init(&n->notebook, TH_LINE_MAX);
}

static void
note_release(struct note *n)
{
	size_t i;

	th_buf_release(&n->title);
	th_buf_release(&n->content);
	th_buf_release(&n->url);
	th_buf_release(&n->author);
	th_buf_release(&n->notebook);
	for (i = 0; i < n->ntags; i++)
		th_buf_release(&n->tag[i]);
}

/* Adds a tag unless it is there (case does not matter) or there are too many.
 */
static enum th_status
add_tag(struct note *n, struct th_str tag)
{
	struct th_buf *b = &n->tag[n->ntags];
	enum th_status st;
	size_t i;

	if (n->ntags == TAGS_MAX)
		return TH_OK;
	th_buf_init(b, TH_LINE_MAX);
	st = clean(tag, NAME_MAX, false, b);
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

struct visit {
	struct note *note;
	enum th_status status;
};

static bool
visit_tag(void *ctx, const struct th_value *v)
{
	struct visit *c = ctx;
	struct th_buf text;

	th_buf_init(&text, TH_LINE_MAX);
	if (v->type == TH_JSON_STRING &&
	    (c->status = th_value_text(v, &text)) == TH_OK)
		c->status = add_tag(c->note, th_buf_str(&text));
	th_buf_release(&text);
	return c->status != TH_OK;
}

static bool
visit_author(void *ctx, const struct th_value *v)
{
	struct visit *c = ctx;
	struct th_buf text;

	th_buf_init(&text, TH_LINE_MAX);
	if (v->type == TH_JSON_STRING &&
	    (c->status = th_value_text(v, &text)) == TH_OK)
		c->status = clean(
		    th_buf_str(&text), NAME_MAX * 2, true, &c->note->author);
	th_buf_release(&text);
	return true;
}

/* The item's address, tidied up; none when it is no web address. */
static enum th_status
fill_url(struct note *n, const struct th_item *it)
{
	struct th_buf raw;
	enum th_status st;

	th_buf_init(&raw, TH_LINE_MAX);
	st = th_item_text(it, "url", &raw);
	if (st == TH_OK)
		st = th_url_resolve(TH_STR(""), th_buf_str(&raw), &n->url);
	th_buf_release(&raw);
	if (st != TH_OK || !th_url_is_http(th_buf_str(&n->url)) ||
	    n->url.len > SOURCE_MAX)
		th_buf_clear(&n->url);
	return st == TH_ENOMEM ? st : TH_OK;
}

static enum th_status
fill_title(struct note *n, const struct th_delivery *d)
{
	struct th_buf text;
	enum th_status st = clean(d->title, TITLE_MAX, true, &n->title);

	if (st != TH_OK || n->title.len > 0)
		return st;
	th_buf_init(&text, TH_LINE_MAX);
	st = th_item_body_text(d->item, TH_TEXT_FOLD, &text);
	if (st == TH_OK)
		st = clean(th_buf_str(&text), 80, true, &n->title);
	if ((st == TH_OK || st == TH_END) && n->title.len == 0)
		st = th_buf_adds(&n->title, "Untitled");
	th_buf_release(&text);
	return st;
}

static enum th_status
item_html(const struct th_item *it, struct th_buf *ret)
{
	enum th_status st = th_item_text(it, "content_html", ret);

	return st == TH_OK && ret->len == 0 ? TH_END : st;
}

/* Content without markup: --text, else the body, else the address. */
static enum th_status
fill_plain(struct note *n, const struct th_delivery *d)
{
	struct th_buf text;
	enum th_status st = TH_OK;

	th_buf_init(&text, TH_LINE_MAX);
	if (d->text.s != NULL)
		th_buf_add(&text, d->text.s, d->text.len);
	else
		st = th_item_body_text(d->item, TH_TEXT_LINES, &text);
	if (st == TH_END || (st == TH_OK && text.len == 0))
		st = th_buf_add(&text, n->url.data, n->url.len);
	if (st == TH_OK)
		st = th_enml_from_text(th_buf_str(&text), &n->content);
	th_buf_release(&text);
	return st;
}

static enum th_status
fill_content(struct note *n, const struct th_delivery *d, bool plain)
{
	struct th_buf html;
	enum th_status st = TH_END;

	th_buf_init(&html, TH_LINE_MAX);
	if (!plain && d->text.s == NULL)
		st = item_html(d->item, &html);
	if (st == TH_OK)
		st = th_enml_from_html(
		    th_buf_str(&html), th_buf_str(&n->url), &n->content);
	else if (st == TH_END)
		st = fill_plain(n, d);
	th_buf_release(&html);
	return st;
}

/* Everything of a note but where it goes. */
static enum th_status
fill_note(struct th_session *ses, const struct th_delivery *d, bool plain,
    struct note *n)
{
	const struct th_opts *opts = th_session_opts(ses);
	const char *notebook = th_opt(opts, "notebook");
	struct visit c = { n, TH_OK };
	enum th_status st;
	size_t i;

	if ((st = fill_url(n, d->item)) != TH_OK ||
	    (st = fill_title(n, d)) != TH_OK)
		return st;
	st = fill_content(n, d, plain);
	if (st == TH_EDATA)
		return th_session_fail(ses, TH_EREFUSED,
		    "too long for a note: %d characters at most", TH_ENML_MAX);
	if (st == TH_OK && notebook != NULL)
		st = clean(th_str(notebook), NAME_MAX, true, &n->notebook);
	for (i = 0; st == TH_OK && i < th_opt_count(opts, "tags"); i++)
		st = add_tag(n, th_str(th_opt_nth(opts, "tags", i)));
	if (st != TH_OK)
		return st;
	th_item_visit(d->item, "tags", visit_tag, &c);
	if (c.status == TH_OK)
		th_item_visit(d->item, "authors.name", visit_author, &c);
	if (th_item_date(d->item, &n->created) == TH_OK && n->created > 0)
		n->created *= 1000;
	else
		n->created = 0;
	return c.status;
}

/* What a dry run shows of the call. */
static enum th_status
show_note(const struct note *n, struct th_buf *ret)
{
	char date[TH_DATE_SIZE];
	size_t i;

	th_buf_addf(ret, "NoteStore.createNote\ntitle: %s\n", n->title.data);
	if (n->notebook.len > 0)
		th_buf_addf(ret, "notebook: %s\n", n->notebook.data);
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

/* ---- publishing: steps ------------------------------------------------ */

/* One attempt at an item: what its steps share. */
struct attempt {
	struct th_session *ses;
	struct th_delivery *d;
	struct th_secret token;
};

/* The notebook is in the memo, behind a mark that tells where it is from. */
#define CACHED 'c'
#define LISTED 'l'

static struct th_str
notebook_of(const struct attempt *at)
{
	struct th_str memo = th_buf_str(&at->d->memo);

	if (memo.len > 0) {
		memo.s++;
		memo.len--;
	}
	return memo;
}

static bool
is_known(const struct attempt *at)
{
	return at->d->memo.len > 0 && at->d->memo.data[0] == CACHED;
}

/* Makes the next request; the rest of its arguments is the caller's. */
static enum th_status
next(struct attempt *at, enum step step)
{
	struct th_buf url;
	enum th_status st;

	th_request_release(&at->d->request);
	th_request_init(&at->d->request);
	th_buf_init(&url, URL_MAX);
	st = step == STORE ? th_session_url(at->ses, HOST, USER_STORE, &url)
			   : store_url(at->ses, &at->token, &url);
	if (st == TH_END && at->d->dry)
		st = th_session_url(at->ses, HOST, NOTE_STORE, &url);
	if (st == TH_OK)
		st = call(&at->d->request, url.data, methods[step], &at->token);
	else if (st == TH_END)
		st = th_session_fail(at->ses, TH_ECONFIG,
		    "the token does not tell where notes are; set "
		    "note_store_url");
	th_buf_release(&url);
	at->d->request.idempotent = step != SEND && step != SEND_PLAIN;
	at->d->step = (int)step;
	return st;
}

static enum th_status
send_note(struct attempt *at, enum step step)
{
	struct th_request *req = &at->d->request;
	struct note n;
	enum th_status st;

	note_init(&n);
	if ((st = fill_note(at->ses, at->d, step == SEND_PLAIN, &n)) == TH_OK &&
	    (st = next(at, step)) == TH_OK &&
	    (st = put_note(&req->body, &n, notebook_of(at))) == TH_OK &&
	    (st = th_thrift_end(&req->body)) == TH_OK && at->d->dry)
		st = show_note(&n, &req->shown);
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
	st = fill_note(at->ses, at->d, true, &n);
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

/* With the notebook known: looks first where it has to. */
static enum th_status
deliver(struct attempt *at)
{
	return at->d->doubtful && !at->d->dry ? look(at) : send_note(at, SEND);
}

static enum th_status
ask_list(struct attempt *at, enum step step)
{
	enum th_status st = next(at, step);

	return st == TH_OK ? th_thrift_end(&at->d->request.body) : st;
}

/* The key of the cache for a notebook's guid. */
static enum th_status
notebook_key(struct th_session *ses, struct th_buf *ret)
{
	struct th_buf name;
	enum th_status st;

	th_buf_init(&name, TH_LINE_MAX);
	st = clean(th_str(th_opt(th_session_opts(ses), "notebook")), NAME_MAX,
	    true, &name);
	th_buf_adds(ret, "notebook ");
	if (st == TH_OK && name.len == 0)
		st = th_session_fail(
		    ses, TH_EUSAGE, "--notebook: that is no name");
	if (st == TH_OK)
		st = th_text_lower(th_buf_str(&name), ret);
	th_buf_release(&name);
	return st;
}

static enum th_status
begin(struct attempt *at)
{
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, URL_MAX);
	st = store_url(at->ses, &at->token, &b);
	th_buf_release(&b);
	if (st == TH_END && !at->d->dry)
		return ask_list(at, STORE);
	if (st != TH_OK && st != TH_END)
		return st;
	if (th_opt(th_session_opts(at->ses), "notebook") == NULL)
		return deliver(at);
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addc(&at->d->memo, CACHED);
	if ((st = notebook_key(at->ses, &b)) == TH_OK)
		st = th_session_cache_get(at->ses, b.data, &at->d->memo);
	th_buf_release(&b);
	if (st != TH_OK)
		th_buf_clear(&at->d->memo);
	if (st == TH_OK || (st == TH_END && at->d->dry))
		return deliver(at);
	return st == TH_END ? ask_list(at, LIST) : st;
}

static enum th_status
make_notebook(struct attempt *at)
{
	struct th_buf *b = &at->d->request.body, name;
	enum th_status st;

	th_buf_init(&name, TH_LINE_MAX);
	st = clean(th_str(th_opt(th_session_opts(at->ses), "notebook")),
	    NAME_MAX, true, &name);
	if (st == TH_OK && (st = next(at, MAKE)) == TH_OK) {
		th_thrift_begin(b, 2, TH_THRIFT_STRUCT);
		th_thrift_string(b, 2, th_buf_str(&name));
		th_thrift_end(b);
		st = th_thrift_end(b);
	}
	/* Names are unique: a second one is not made. */
	th_buf_release(&name);
	return st;
}

/*
 * The guid of the one called so, exactly or else but for case, borrowed; s
 * NULL: none.
 */
static enum th_status
find_named(const struct th_thrift *result, const char *name, struct th_str *ret)
{
	struct th_str guid, title, found = { NULL, 0 };
	struct th_thrift_iter it;
	struct th_thrift v;
	struct th_buf want, low;
	enum th_status st;

	th_buf_init(&want, TH_LINE_MAX);
	th_buf_init(&low, TH_LINE_MAX);
	st = th_text_lower(th_str(name), &want);
	th_thrift_list(result, 0, &it);
	while (st == TH_OK && th_thrift_next(&it, &v)) {
		guid = th_thrift_text(&v, 1);
		title = th_thrift_text(&v, 2);
		if (guid.len == 0 || th_utf8_valid(title) != title.len)
			continue;
		if (th_str_is(title, name)) {
			found = guid;
			break;
		}
		th_buf_clear(&low);
		st = th_text_lower(title, &low);
		if (found.s == NULL && same(th_buf_str(&want), &low))
			found = guid;
	}
	th_buf_release(&want);
	th_buf_release(&low);
	*ret = found;
	return st;
}

/* A notebook is there: remembers it and goes on. */
static enum th_status
have_notebook(struct attempt *at, struct th_str guid)
{
	struct th_buf key;
	enum th_status st;

	th_buf_clear(&at->d->memo);
	th_buf_init(&key, TH_LINE_MAX);
	th_buf_addc(&at->d->memo, LISTED);
	st = th_buf_add(&at->d->memo, guid.s, guid.len);
	if (st == TH_OK && (st = notebook_key(at->ses, &key)) == TH_OK)
		st = th_session_cache_put(at->ses, key.data, guid);
	th_buf_release(&key);
	return st == TH_OK ? deliver(at) : st;
}

static enum th_status
listed(struct attempt *at, const struct answer *a)
{
	struct th_thrift list;
	struct th_str guid;
	struct th_buf name;
	enum th_status st;

	if (!th_thrift_get(&a->body, 0, TH_THRIFT_LIST, &list))
		return no_result(at->ses, methods[LIST]);
	th_buf_init(&name, TH_LINE_MAX);
	st = clean(th_str(th_opt(th_session_opts(at->ses), "notebook")),
	    NAME_MAX, true, &name);
	if (st == TH_OK)
		st = find_named(&a->body, name.data, &guid);
	th_buf_release(&name);
	if (st != TH_OK)
		return st;
	if (guid.s != NULL)
		return have_notebook(at, guid);
	if (at->d->step == LIST_MADE)
		return th_session_fail(at->ses, TH_EAGAIN,
		    "Evernote has the notebook and does not list it");
	return make_notebook(at);
}

static enum th_status
made(struct attempt *at, const struct answer *a)
{
	struct th_thrift notebook;
	struct th_str guid = { NULL, 0 };

	if (th_thrift_get(&a->body, 0, TH_THRIFT_STRUCT, &notebook))
		guid = th_thrift_text(&notebook, 1);
	if (guid.len == 0)
		return no_result(at->ses, methods[MAKE]);
	return have_notebook(at, guid);
}

/* The note is there.  A receipt without id is better than a second note. */
static enum th_status
arrived(struct attempt *at, struct th_str guid)
{
	struct th_buf page;

	if (guid.len == 0 || guid.len > 64 || th_utf8_valid(guid) != guid.len)
		return TH_END;
	th_buf_init(&page, URL_MAX);
	note_page(at->ses, &at->token, guid, &page);
	at->d->receipt.id = th_strndup(guid.s, guid.len);
	if (page.len > 0)
		at->d->receipt.url = th_buf_take(&page);
	th_buf_release(&page);
	return TH_END;
}

/* Is a note found the one that was to be sent?  By source, title and date. */
static bool
is_ours(const struct th_thrift *meta, const struct note *n)
{
	struct th_thrift attr;
	struct th_str source = { NULL, 0 };

	if (th_thrift_get(meta, 14, TH_THRIFT_STRUCT, &attr))
		source = th_thrift_text(&attr, 15);
	return same(source, &n->url) &&
	       same(th_thrift_text(meta, 2), &n->title) &&
	       (n->created == 0 ||
		   th_thrift_number(meta, 6, n->created) == n->created);
}

static enum th_status
looked(struct attempt *at, const struct answer *a)
{
	struct th_thrift list, meta;
	struct th_thrift_iter it;
	struct note n;
	enum th_status st;

	if (!th_thrift_get(&a->body, 0, TH_THRIFT_STRUCT, &list))
		return no_result(at->ses, methods[LOOK]);
	note_init(&n);
	st = fill_note(at->ses, at->d, true, &n);
	th_thrift_list(&list, 3, &it);
	while (st == TH_OK && th_thrift_next(&it, &meta))
		if (is_ours(&meta, &n))
			st = arrived(at, th_thrift_text(&meta, 1));
	note_release(&n);
	return st == TH_OK ? send_note(at, SEND) : st;
}

static enum th_status
sent(struct attempt *at, const struct answer *a)
{
	struct th_thrift note;

	if (!th_thrift_get(&a->body, 0, TH_THRIFT_STRUCT, &note))
		return no_result(at->ses, methods[SEND]);
	return arrived(at, th_thrift_text(&note, 1));
}

/* What may be mended at once: else the answer stays what it is. */
static enum th_status
mend(struct attempt *at, const struct answer *a, enum th_status st)
{
	switch (at->d->step) {
	case MAKE:
		if (a->code == DATA_CONFLICT)
			return ask_list(at, LIST_MADE);
		break;
	case LOOK:
	case SEND:
		if (a->code == ENML_VALIDATION && at->d->step == SEND) {
			th_session_say(at->ses, 1, TH_OK,
			    "%.*s: %s; sent as plain text", (int)at->d->id.len,
			    at->d->id.s, th_session_err(at->ses)->text);
			return send_note(at, SEND_PLAIN);
		}
		if (a->code == NOT_FOUND && is_known(at))
			return ask_list(at, LIST_STALE);
		break;
	default: break;
	}
	return st;
}

static enum th_status
answered(struct attempt *at, const struct th_reply *rep)
{
	enum step step = (enum step)at->d->step;
	struct answer a;
	enum th_status st;

	st = answer(at->ses, &at->token, rep, methods[step], &a);
	at->d->retry_at = a.retry_at;
	if (st != TH_OK) {
		/* Nobody knows what became of a note without an answer. */
		if (a.code == NO_CODE && (step == SEND || step == SEND_PLAIN))
			at->d->doubtful = true;
		st = mend(at, &a, st);
		/* It is not the note that was refused. */
		if (st == TH_EREFUSED && step == MAKE)
			st = TH_ECONFIG;
		else if (st == TH_EREFUSED && step != SEND &&
			 step != SEND_PLAIN)
			st = TH_EAGAIN;
		return st;
	}
	switch (step) {
	case STORE:
		st = keep_store_url(at->ses, &a);
		return st == TH_OK ? begin(at) : st;
	case LIST:
	case LIST_STALE:
	case LIST_MADE: return listed(at, &a);
	case MAKE: return made(at, &a);
	case LOOK: return looked(at, &a);
	case SEND:
	case SEND_PLAIN: return sent(at, &a);
	case BEGIN: break;
	}
	return TH_EBUG;
}

static enum th_status
evernote_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *reply)
{
	struct attempt at = { ses, d, { NULL } };
	enum th_status st = th_session_secret(ses, "token", &at.token);

	if (st == TH_OK)
		st = reply == NULL ? begin(&at) : answered(&at, reply);
	th_secret_release(&at.token);
	return st;
}

/* ---- reading ---------------------------------------------------------- */

/* A reading under way. */
struct reading {
	struct th_session *ses;
	const struct th_fetch *f;
	struct th_secret token;
	struct th_buf store;    /* where notes are */
	struct th_buf notebook; /* guid */
	struct th_buf scope;    /* of ids and cursors: what is read */
	struct th_reply tags;   /* the list of tags, once asked for */
	struct th_thrift tag_list;
	bool has_tags;
	int64_t count;  /* of updates, of the account */
	int64_t cursor; /* updates up to here are known */
	struct meta *note;
	size_t nnotes, cap;
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
	th_secret_release(&r->token);
	th_buf_release(&r->store);
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

/* Asks with the token alone, or with one more string (NULL: none). */
static enum th_status
ask_about(struct reading *r, const char *method, struct th_str guid,
    struct th_reply *rep, struct answer *ret)
{
	struct th_request req;
	enum th_status st;

	*ret = (struct answer){ .code = NO_CODE };
	th_request_init(&req);
	st = call(&req, r->store.data, method, &r->token);
	if (st == TH_OK && guid.s != NULL)
		st = th_thrift_string(&req.body, 2, guid);
	if (st == TH_OK)
		st = ask(r->ses, &r->token, &req, method, rep, ret);
	th_request_release(&req);
	return st;
}

static enum th_status
user_call(struct th_session *ses, const struct th_secret *token,
    const char *method, struct th_reply *rep, struct answer *ret)
{
	struct th_request req;
	struct th_buf url;
	enum th_status st;

	th_request_init(&req);
	th_buf_init(&url, URL_MAX);
	if ((st = th_session_url(ses, HOST, USER_STORE, &url)) == TH_OK &&
	    (st = call(&req, url.data, method, token)) == TH_OK)
		st = ask(ses, token, &req, method, rep, ret);
	th_buf_release(&url);
	th_request_release(&req);
	return st;
}

static enum th_status
open_store(struct reading *r)
{
	struct th_reply rep = { 0 };
	struct answer a;
	enum th_status st;

	if ((st = th_session_secret(r->ses, "token", &r->token)) != TH_OK ||
	    (st = store_url(r->ses, &r->token, &r->store)) != TH_END)
		return st;
	st = user_call(r->ses, &r->token, methods[STORE], &rep, &a);
	if (st == TH_OK && (st = keep_store_url(r->ses, &a)) == TH_OK)
		st = store_url(r->ses, &r->token, &r->store);
	th_reply_release(&rep);
	return as_reader(st);
}

/* How many updates the account has seen. */
static enum th_status
get_count(struct reading *r)
{
	struct th_reply rep = { 0 };
	struct th_thrift state;
	struct answer a;
	enum th_status st;

	st = ask_about(r, "getSyncState", (struct th_str){ NULL, 0 }, &rep, &a);
	if (st == TH_OK && !th_thrift_get(&a.body, 0, TH_THRIFT_STRUCT, &state))
		st = no_result(r->ses, "getSyncState");
	if (st == TH_OK)
		r->count = th_thrift_number(&state, 3, 0);
	th_reply_release(&rep);
	return as_reader(st);
}

static enum th_status
find_notebook(struct reading *r, const char *name)
{
	struct th_reply rep = { 0 };
	struct th_str guid;
	struct answer a;
	enum th_status st;

	st = ask_about(r, methods[LIST], (struct th_str){ NULL, 0 }, &rep, &a);
	if (st == TH_OK) {
		st = find_named(&a.body, name, &guid);
		if (st == TH_OK && guid.s == NULL)
			st = th_session_fail(r->ses, TH_EUNAVAIL,
			    "no such notebook at Evernote: %s", name);
		if (st == TH_OK)
			st = th_buf_add(&r->notebook, guid.s, guid.len);
	}
	th_reply_release(&rep);
	return as_reader(st);
}

/* The account's tags, asked for once. */
static enum th_status
need_tags(struct reading *r)
{
	struct answer a;
	enum th_status st;

	if (r->has_tags)
		return TH_OK;
	st = ask_about(r, "listTags", (struct th_str){ NULL, 0 }, &r->tags, &a);
	if (st == TH_OK) {
		r->tag_list = a.body;
		r->has_tags = true;
	}
	return as_reader(st);
}

static struct th_str
tag_name(const struct reading *r, struct th_str guid)
{
	struct th_thrift_iter it;
	struct th_thrift tag;
	struct th_str id;

	th_thrift_list(&r->tag_list, 0, &it);
	while (th_thrift_next(&it, &tag)) {
		id = th_thrift_text(&tag, 1);
		if (id.len == guid.len && id.len > 0 &&
		    memcmp(id.s, guid.s, id.len) == 0)
			return th_thrift_text(&tag, 2);
	}
	return (struct th_str){ NULL, 0 };
}

/* The guids of --tag, borrowed from the list of tags. */
static enum th_status
find_tags(struct reading *r, struct th_str ret[TAGS_MAX], size_t *ret_n)
{
	const struct th_opts *opts = th_session_opts(r->ses);
	size_t i, n = th_opt_count(opts, "tag");
	enum th_status st;

	*ret_n = 0;
	if (n == 0)
		return TH_OK;
	if (n > TAGS_MAX)
		return th_session_fail(r->ses, TH_EUSAGE, "too many tags");
	if ((st = need_tags(r)) != TH_OK)
		return st;
	for (i = 0; i < n; i++) {
		st = find_named(
		    &r->tag_list, th_opt_nth(opts, "tag", i), &ret[i]);
		if (st != TH_OK)
			return st;
		if (ret[i].s == NULL)
			return th_session_fail(r->ses, TH_EUNAVAIL,
			    "no such tag at Evernote: %s",
			    th_opt_nth(opts, "tag", i));
	}
	*ret_n = n;
	return TH_OK;
}

/* ---- reading: which notes --------------------------------------------- */

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
}

static enum th_status
keep_meta(struct reading *r, const struct th_thrift *meta, int64_t usn)
{
	struct meta *more;
	size_t cap;
	char *raw;

	if (r->nnotes == NOTES_MAX)
		return th_session_fail(
		    r->ses, TH_EUNAVAIL, "more notes than an account can have");
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
	r->note[r->nnotes++] = (struct meta){ raw, meta->raw.len, usn };
	return TH_OK;
}

/* Where a list is: it goes from new to old. */
struct page {
	int64_t offset, total;
	int64_t count; /* of updates, when it was made; -1: not told */
	bool changed, last;
};

/*
 * Keeps the notes of a page that are not known.  The page is the last when it
 * goes down, as it should, to one that is.
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
		if ((usn == 0 || usn > r->cursor) &&
		    (st = keep_meta(r, &meta, usn)) != TH_OK)
			return st;
		p->offset++;
	}
	p->last |= p->offset >= total || (sorted && before <= r->cursor);
	return TH_OK;
}

static enum th_status
get_page(
    struct reading *r, const struct th_str *tags, size_t ntags, struct page *p)
{
	const char *search = th_opt(th_session_opts(r->ses), "search");
	struct th_reply rep = { 0 };
	struct th_thrift list;
	struct th_request req;
	struct answer a;
	enum th_status st;

	th_request_init(&req);
	st = call(&req, r->store.data, methods[LOOK], &r->token);
	if (st == TH_OK)
		st = put_find(&req.body, th_str(search),
		    th_buf_str(&r->notebook), tags, ntags, (int32_t)p->offset);
	if (st == TH_OK)
		st = ask(r->ses, &r->token, &req, methods[LOOK], &rep, &a);
	if (st == TH_OK && !th_thrift_get(&a.body, 0, TH_THRIFT_STRUCT, &list))
		st = no_result(r->ses, methods[LOOK]);
	if (st == TH_OK)
		st = take_page(r, &list, p);
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
	struct th_str tag[TAGS_MAX];
	struct page p = { 0 };
	size_t ntags;
	int left = RESTARTS;
	enum th_status st;

	if ((st = find_tags(r, tag, &ntags)) != TH_OK)
		return st;
	while (!p.last && st == TH_OK) {
		st = get_page(r, tag, ntags, &p);
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

/* ---- reading: a note becomes an item ---------------------------------- */

static void
add_date(struct th_buf *b, const char *name, int64_t ms)
{
	char date[TH_DATE_SIZE];

	if (ms > 0 && th_date_format(ms / 1000, date) == TH_OK)
		th_json_member(b, name, th_str(date));
}

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
	while (th_thrift_next(&it, &guid)) {
		name = tag_name(r, th_thrift_str(&guid));
		if (name.len == 0)
			continue;
		if (n++ == 0) {
			th_json_key(b, "tags");
			th_json_open(b, '[');
		}
		th_json_string(b, name);
	}
	return n > 0 ? th_json_close(b, ']') : b->status;
}

static void
add_source(struct reading *r, struct th_buf *b)
{
	th_json_key(b, "_source");
	th_json_open(b, '{');
	th_json_member(b, "service", TH_STR("evernote"));
	th_json_member(b, "account", th_str(th_session_account(r->ses)));
	th_json_member(
	    b, "title", th_str(th_opt(th_session_opts(r->ses), "notebook")));
	th_json_close(b, '}');
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
	struct th_buf url, html;
	enum th_status st;

	th_buf_init(&url, URL_MAX);
	th_buf_init(&html, TH_LINE_MAX);
	if (th_thrift_get(meta, 14, TH_THRIFT_STRUCT, &attr)) {
		source = th_thrift_text(&attr, 15);
		author = th_thrift_text(&attr, 13);
	}
	if (th_url_is_http(source))
		th_buf_add(&url, source.s, source.len);
	else
		note_page(r->ses, &r->token, guid, &url);
	st = th_enml_to_html(enml, &html);
	th_json_open(ret, '{');
	th_json_member(ret, "id", guid);
	th_json_member(ret, "url", th_buf_str(&url));
	th_json_member(ret, "title", th_thrift_text(meta, 2));
	th_json_member(ret, "content_html", th_buf_str(&html));
	add_date(ret, "date_published", created);
	if (updated / 1000 != created / 1000)
		add_date(ret, "date_modified", updated);
	if (author.len > 0) {
		th_json_key(ret, "authors");
		th_json_open(ret, '[');
		th_json_open(ret, '{');
		th_json_member(ret, "name", author);
		th_json_close(ret, '}');
		th_json_close(ret, ']');
	}
	if (st == TH_OK)
		st = add_tags(r, meta, ret);
	add_source(r, ret);
	th_json_close(ret, '}');
	th_buf_release(&url);
	th_buf_release(&html);
	return st == TH_OK ? ret->status : st;
}

/* Gets the content of a note and hands it on.  One that is gone is passed over.
 */
static enum th_status
emit_note(struct reading *r, const struct th_thrift *meta)
{
	struct th_str guid = th_thrift_text(meta, 1);
	struct th_reply rep = { 0 };
	struct th_thrift content;
	struct th_buf line;
	struct answer a;
	enum th_status st;

	th_buf_init(&line, TH_LINE_MAX);
	st = ask_about(r, "getNoteContent", guid, &rep, &a);
	if (st == TH_OK &&
	    !th_thrift_get(&a.body, 0, TH_THRIFT_STRING, &content))
		st = no_result(r->ses, "getNoteContent");
	if (st == TH_OK &&
	    (st = item_of(r, meta, th_thrift_str(&content), &line)) == TH_OK)
		st = th_fetch_emit(r->f, r->scope.data, guid, th_buf_str(&line),
		    th_session_err(r->ses));
	else if (a.code == NOT_FOUND)
		st = TH_OK;
	th_reply_release(&rep);
	th_buf_release(&line);
	return as_reader(st);
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
emit_notes(struct reading *r)
{
	struct th_err *err = th_session_err(r->ses);
	struct th_thrift meta;
	enum th_status st = TH_OK, more;
	bool wanted;
	size_t i;

	qsort(r->note, r->nnotes, sizeof(*r->note), by_usn);
	for (i = 0; i < r->nnotes && st == TH_OK; i++) {
		meta = (struct th_thrift){ TH_THRIFT_STRUCT,
			{ r->note[i].raw, r->note[i].len } };
		if ((st = is_wanted(r, &meta, &wanted)) != TH_OK)
			return st;
		if (wanted)
			st = emit_note(r, &meta);
		if (st != TH_OK && st != TH_END)
			return st;
		if (r->note[i].usn > 0 &&
		    (more = th_fetch_keep(
			 r->f, r->scope.data, r->note[i].usn, err)) != TH_OK)
			return more;
	}
	/* All is known up to where the list was begun. */
	if (st == TH_OK)
		st = th_fetch_keep(r->f, r->scope.data, r->count, err);
	return st;
}

/* How long the service asked to be left alone is kept, whatever becomes of us.
 */
#define WAIT "evernote wait"

static enum th_status
may_ask(struct reading *r)
{
	struct th_buf b;
	int64_t until = 0;

	if (r->f->manners == NULL)
		return TH_OK;
	th_buf_init(&b, 64);
	if (th_state_get(r->f->manners, WAIT, &b, NULL) == TH_OK)
		th_int_parse(th_buf_str(&b), &until);
	th_buf_release(&b);
	if (until <= th_now() || until > th_now() + WAIT_MAX)
		return TH_OK;
	return th_session_fail(r->ses, TH_EAGAIN,
	    "Evernote asks to wait for %" PRId64 " s", until - th_now());
}

static void
keep_wait(struct reading *r, int64_t until)
{
	struct th_buf b;

	if (r->f->manners == NULL || until <= th_now())
		return;
	th_buf_init(&b, 64);
	if (th_buf_addf(&b, "%" PRId64, until) == TH_OK)
		th_state_put(r->f->manners, WAIT, th_buf_str(&b), NULL);
	th_buf_release(&b);
}

static enum th_status
evernote_fetch(struct th_session *ses, const struct th_fetch *f)
{
	struct reading r = { .ses = ses, .f = f };
	const char *notebook = th_opt(th_session_opts(ses), "notebook");
	enum th_status st;

	if (f->nargs > 0)
		return th_session_fail(ses, TH_EUSAGE,
		    "evernote takes no arguments; see --notebook, --tag, "
		    "--search");
	th_buf_init(&r.store, URL_MAX);
	th_buf_init(&r.notebook, URL_MAX);
	th_buf_init(&r.scope, TH_LINE_MAX);
	put_scope(&r);
	if ((st = r.scope.status) == TH_OK && (st = may_ask(&r)) == TH_OK &&
	    (st = open_store(&r)) == TH_OK &&
	    (st = th_fetch_recall(
		 f, r.scope.data, &r.cursor, th_session_err(ses))) == TH_OK &&
	    (st = get_count(&r)) == TH_OK &&
	    (f->state == NULL || r.count != r.cursor)) {
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

/* ---- logging in ------------------------------------------------------- */

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
	struct th_secret token = { NULL };
	struct th_reply rep = { 0 };
	struct th_thrift user;
	struct th_buf name;
	struct answer a;
	enum th_status st;

	th_buf_init(&name, TH_LINE_MAX);
	if ((st = th_session_secret(ses, "token", &token)) == TH_OK)
		st = user_call(ses, &token, "getUser", &rep, &a);
	if (st == TH_OK && th_thrift_get(&a.body, 0, TH_THRIFT_STRUCT, &user)) {
		st = clean(th_thrift_text(&user, 2), NAME_MAX, true, &name);
		if (st == TH_OK && name.len == 0)
			st = clean(
			    th_thrift_text(&user, 3), NAME_MAX, true, &name);
		if (st == TH_OK && name.len > 0 &&
		    (ret->name = th_buf_take(&name)) == NULL)
			st = TH_ENOMEM;
		ret->expires = hexadecimal(token_field(&token, 'E')) / 1000;
	} else if (st == TH_OK) {
		st = no_result(ses, "getUser");
	}
	th_buf_release(&name);
	th_reply_release(&rep);
	th_secret_release(&token);
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
