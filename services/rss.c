/* rss -- feeds in: RSS, Atom and JSON Feed from the web, files and pipes */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "trigger.h"

#define URL_MAX ((size_t)64 << 10)
#define LIST_MAX ((size_t)64 << 20)
#define CHUNK_SIZE ((size_t)64 << 10)
/* Feeds that wait for their turn; a list may be longer than memory is large. */
#define QUEUE_MAX 1024
/* A body whose hash is known is held back up to here, to compare it first. */
#define HELD_MAX ((size_t)1 << 20)

static const struct th_param params[] = {
	{ "opml", TH_REPEAT, TH_P_FETCH, "FILE",
	    "read the feeds that an OPML file lists", 0 },
	{ "file", TH_REPEAT, TH_P_FETCH, "LIST",
	    "read the feeds of LIST, a URL or path a line, # comments", 'f' },
	{ "jobs", TH_INT, TH_P_FETCH, "JOBS",
	    "read so many feeds at once (default 16)", 'j' },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 }
};

/* One run over all the feeds that were named. */
struct reader {
	struct th_session *ses;
	const struct th_fetch *fetch;
	struct th_http *http;
	size_t jobs, total, done;
	enum th_status status; /* other than TH_OK: stop, all of it */
	bool stopping;
};

/* One feed. */
struct source {
	struct reader *reader;
	struct th_buf shown; /* fit for a message */
	char *own;           /* its URL, when that has a user */
	struct th_revisit memory;
	struct th_request request;
	struct th_feed *feed;
	struct th_buf held;
	struct th_err err;
	size_t fresh; /* items that were new */
	bool known;   /* there is a memory to write */
	bool holding, fed, discovered, moved;
};

/* ---- items ---- */

static enum th_status
out_of_memory(struct reader *r)
{
	return r->status = th_session_fail(r->ses, TH_ENOMEM, "out of memory");
}

/* The end of a feed; nothing of it was lost on the way. */
static enum th_status
finish_feed(struct source *src)
{
	enum th_status st = th_feed_finish(src->feed, &src->err);

	if (st != TH_ENOMEM && th_alloc_failed())
		st = th_fail(&src->err, TH_ENOMEM, "out of memory");
	return st;
}

/* Hands an item on, unless an earlier run did. */
static enum th_status
on_item(void *ctx, struct th_str id, struct th_str line)
{
	struct source *src = ctx;
	struct reader *r = src->reader;
	bool known = false;
	enum th_status st = r->status;

	/* A field may be missing for want of memory: that is no item. */
	if (st == TH_OK && th_alloc_failed())
		st = out_of_memory(r);
	if (st == TH_OK)
		st = th_fetch_knows(r->fetch, src->memory.key, id, &known,
		    th_session_err(r->ses));
	if (st == TH_OK) {
		src->fresh += !known;
		st = th_fetch_emit(r->fetch, src->memory.key, id, line,
		    th_session_err(r->ses));
	}
	if (r->status == TH_OK)
		r->status = st;
	return st;
}

static void
on_note(void *ctx, const char *text)
{
	struct source *src = ctx;

	th_session_say(
	    src->reader->ses, 1, TH_OK, "%s: %s", src->shown.data, text);
}

static void
failed(struct source *src, enum th_status st, const char *why)
{
	th_session_say(src->reader->ses, 0, st, "%s: %s", src->shown.data, why);
}

static void
told(struct source *src)
{
	size_t n = src->feed != NULL ? th_feed_count(src->feed) : 0;

	th_session_say(src->reader->ses, 1, TH_OK, "%s: %zu item%s, %zu new",
	    src->shown.data, n, n == 1 ? "" : "s", src->fresh);
}

/* Another source is done with: what it gave may be passed on. */
static void
step(struct reader *r)
{
	r->done++;
	if (r->fetch->progress != NULL)
		r->fetch->progress(r->fetch->ctx, r->done, r->total);
}

/* ---- a source's life ---- */

static void
source_free(struct source *src)
{
	if (src == NULL)
		return;
	th_buf_release(&src->shown);
	free(src->own);
	th_revisit_release(&src->memory);
	th_request_release(&src->request);
	th_feed_free(src->feed);
	th_buf_release(&src->held);
	free(src);
}

/*
 * A name fit for a message: what may be meant for a URL shows no secret, though
 * it be none, or its scheme be missing.
 */
static enum th_status
show_name(const char *name, struct th_buf *ret)
{
	size_t from = strcspn(name, "/?#"), to = strlen(name);
	const char *query = strchr(name, '?');

	if (strstr(name, "://") != NULL)
		return th_url_mask(th_str(name), ret);
	while (from > 0 && name[from - 1] != '@')
		from--;
	if (memchr(name, ':', from) == NULL || access(name, F_OK) == 0)
		from = 0;
	if (query != NULL && strchr(query, '=') != NULL &&
	    access(name, F_OK) != 0)
		to = (size_t)(query - name);
	return th_buf_add(ret, name + from, to - from);
}

static struct source *
source_new(struct reader *r, const char *name)
{
	struct source *src = th_calloc(1, sizeof(*src));
	struct th_str s = th_str(name);
	enum th_status st = TH_ENOMEM;

	if (src == NULL) {
		out_of_memory(r);
		return NULL;
	}
	src->reader = r;
	th_buf_init(&src->shown, 3 * URL_MAX); /* a page and its feed */
	th_buf_init(&src->held, HELD_MAX);
	th_request_init(&src->request);
	if (strcmp(name, "-") == 0)
		st = th_buf_adds(&src->shown, "standard input");
	else
		st = show_name(name, &src->shown);
	if (st == TH_OK && r->fetch->state != NULL)
		st = th_revisit_load(&src->memory, r->fetch->state,
		    r->fetch->manners, s, th_session_err(r->ses));
	if (st == TH_OK)
		return src;
	if (st == TH_ENOMEM)
		out_of_memory(r);
	r->status = st;
	source_free(src);
	return NULL;
}

static enum th_status
open_feed(struct source *src, const struct th_feed_info *info)
{
	struct th_feed_info with = *info;

	with.emit = on_item;
	with.note = on_note;
	with.ctx = src;
	return th_feed_new(&with, &src->feed, &src->err);
}

/* ---- files and pipes ---- */

static enum th_status
push_file(struct source *src, int fd)
{
	enum th_status st = TH_OK;
	char *chunk = th_malloc(CHUNK_SIZE);
	ssize_t n;

	if (chunk == NULL)
		return th_fail(&src->err, TH_ENOMEM, "out of memory");
	while (st == TH_OK) {
		n = th_interrupted ? -1 : read(fd, chunk, CHUNK_SIZE);
		if (n > 0)
			st = th_feed_push(src->feed,
			    (struct th_str){ chunk, (size_t)n }, &src->err);
		else if (n == 0)
			break;
		else if (th_interrupted)
			st = th_fail(&src->err, TH_EAGAIN, "interrupted");
		else if (errno != EINTR)
			st = th_fail(
			    &src->err, TH_EUNAVAIL, "%s", strerror(errno));
	}
	free(chunk);
	if (st == TH_OK)
		st = finish_feed(src);
	return st;
}

static void
read_open_file(struct source *src, int fd)
{
	struct reader *r = src->reader;
	struct th_feed_info info = { 0 };
	enum th_status st = open_feed(src, &info);

	if (st == TH_OK)
		st = push_file(src, fd);
	if (r->status != TH_OK)
		return;
	if (st == TH_OK)
		told(src);
	else
		failed(src, st, src->err.text);
	if (st == TH_ENOMEM || st == TH_EAGAIN)
		r->status = st;
}

static const char *
why_unread(const char *name)
{
	if (errno != ENOENT)
		return strerror(errno);
	if (strstr(name, "://") != NULL)
		return "not an http or https URL, nor a file";
	if (name[0] == '/' || name[0] == '.')
		return strerror(errno);
	return "No such file or directory; a URL begins with http:// or "
	       "https://";
}

static void
read_file(struct reader *r, const char *name)
{
	struct source *src = source_new(r, name);
	bool piped = strcmp(name, "-") == 0;
	int fd = piped ? STDIN_FILENO : -1;

	if (src == NULL)
		return;
	r->total++;
	if (!piped)
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		failed(src, TH_EUNAVAIL, why_unread(name));
	else
		read_open_file(src, fd);
	if (fd != -1 && !piped)
		close(fd);
	source_free(src);
	step(r);
}

/* ---- the web: bytes coming in ---- */

/* The charset of "text/xml; charset=utf-8"; NULL when there is none. */
static char *
charset(const struct th_reply *reply)
{
	const char *s = th_reply_header(reply, "Content-Type");
	const size_t len = strlen("charset");
	const char *p;

	for (; s != NULL && *s != '\0'; s++) {
		if (strncasecmp(s, "charset", len) != 0)
			continue;
		p = s + len + strspn(s + len, " \t");
		if (*p != '=')
			continue;
		p += 1 + strspn(p + 1, " \t");
		p += *p == '"' || *p == '\'';
		return th_strndup(p, strcspn(p, "\"'; \t"));
	}
	return NULL;
}

/* The same scheme, host and port? */
static bool
is_same_place(struct th_str a, struct th_str b)
{
	struct th_url url;
	size_t n;

	if (th_url_parse(a, &url) != TH_OK)
		return false;
	n = (size_t)(url.path.s - a.s);
	return b.len > n && memcmp(a.s, b.s, n) == 0 && b.s[n] == '/';
}

/*
 * Appends what Content-Location says that the body is.  Some servers name a
 * host there that they alone know.
 */
static void
location(const struct th_reply *reply, struct th_buf *ret)
{
	const char *to = th_reply_header(reply, "Content-Location");

	if (to == NULL)
		return;
	th_url_resolve(th_str(reply->url), th_str(to), ret);
	if (ret->status == TH_OK &&
	    !is_same_place(th_str(reply->url), th_buf_str(ret)))
		th_buf_clear(ret);
}

static enum th_status
begin_feed(struct source *src, const struct th_reply *reply)
{
	struct th_feed_info info = { .url = reply->url };
	struct th_buf base;
	enum th_status st;
	char *set = charset(reply);

	th_buf_init(&base, URL_MAX);
	location(reply, &base);
	info.base = base.len > 0 ? base.data : NULL;
	info.charset = set;
	info.language = th_reply_header(reply, "Content-Language");
	st = open_feed(src, &info);
	th_buf_release(&base);
	free(set);
	return st;
}

static enum th_status
push(struct source *src, const struct th_reply *reply, struct th_str s)
{
	enum th_status st = TH_OK;

	if (src->feed == NULL)
		st = begin_feed(src, reply);
	if (st == TH_OK)
		st = th_feed_push(src->feed, s, &src->err);
	src->fed = true;
	return st;
}

static enum th_status
push_held(struct source *src, const struct th_reply *reply)
{
	enum th_status st = TH_OK;

	src->holding = false;
	if (src->held.len > 0 || !src->fed)
		st = push(src, reply, th_buf_str(&src->held));
	th_buf_release(&src->held);
	return st;
}

/*
 * A body is held back where validators did not help: the server gives none, or
 * it gives all again in spite of ours.
 */
static bool
should_hold(const struct source *src, const struct th_reply *reply)
{
	char *const *v = src->memory.value;

	if (!src->known || src->fed || reply->code != 200)
		return false;
	return v[TH_REVISIT_HASH] != NULL || v[TH_REVISIT_ETAG] != NULL ||
	       v[TH_REVISIT_MODIFIED] != NULL ||
	       (th_reply_header(reply, "ETag") == NULL &&
		   th_reply_header(reply, "Last-Modified") == NULL);
}

static enum th_status
on_body(void *ctx, const struct th_reply *reply, struct th_str s)
{
	struct source *src = ctx;
	enum th_status st = TH_OK;

	if (src->reader->status != TH_OK)
		return TH_END;
	if (reply->code / 100 != 2)
		return TH_OK; /* a page about what went wrong */
	if (!src->holding && !src->fed)
		src->holding = should_hold(src, reply);
	if (src->holding && src->held.len + s.len <= HELD_MAX)
		return th_buf_add(&src->held, s.s, s.len);
	if (src->holding)
		st = push_held(src, reply);
	return st == TH_OK ? push(src, reply, s) : st;
}

/* ---- the web: what to do with a reply ---- */

static enum th_status start(struct source *src, const char *url);

static enum th_status
save(struct source *src)
{
	struct reader *r = src->reader;
	enum th_status st;

	if (!src->known)
		return TH_OK;
	st = th_revisit_save(&src->memory, r->fetch->state, r->fetch->manners,
	    th_session_err(r->ses));
	if (st != TH_OK)
		r->status = st;
	return st;
}

static enum th_status
body_hash(const struct source *src, struct th_buf *ret)
{
	unsigned char digest[TH_SHA256_SIZE];

	th_sha256(th_buf_str(&src->held), digest);
	return th_hex_encode(
	    (struct th_str){ (const char *)digest, sizeof(digest) }, ret);
}

/* Where to ask next time. */
static void
remember_place(struct source *src, const struct th_reply *reply)
{
	enum th_revisit_field field =
	    src->discovered ? TH_REVISIT_FEED : TH_REVISIT_MOVED;

	if (reply->moved == NULL)
		return;
	if (th_revisit_set(&src->memory, field, reply->moved) != TH_OK)
		out_of_memory(src->reader);
}

/* Read to its end, or not changed: only now may the validators be kept. */
static void
succeeded(struct source *src, const struct th_reply *reply, const char *hash)
{
	if (src->known) {
		remember_place(src, reply);
		if (th_revisit_learn(&src->memory, reply, th_now()) != TH_OK ||
		    (reply->code != 304 && th_revisit_set(&src->memory,
					       TH_REVISIT_HASH, hash) != TH_OK))
			out_of_memory(src->reader);
		save(src);
	}
	if (reply->code == 304)
		th_session_say(src->reader->ses, 1, TH_OK, "%s: not modified",
		    src->shown.data);
	else
		told(src);
}

/* From now on what is told is of the place that one led to. */
static enum th_status
show_place(struct source *src, const char *how, const char *url)
{
	enum th_status st;

	th_buf_adds(&src->shown, how);
	if ((st = th_url_mask(th_str(url), &src->shown)) != TH_OK)
		th_fail(&src->err, st, "%s", th_strstatus(st));
	return st;
}

/* Is it a page that names its feed?  Then that is asked, once. */
static bool
discover(struct source *src, const struct th_reply *reply)
{
	struct th_buf url;
	enum th_status st;
	bool found = false;

	if (src->discovered || th_feed_count(src->feed) > 0)
		return false;
	th_buf_init(&url, URL_MAX);
	st = th_feed_discover(src->feed, &url);
	if (st == TH_END) {
		th_buf_clear(&url);
		st = th_reply_feed_link(reply, &url);
	}
	if (st == TH_ENOMEM)
		out_of_memory(src->reader);
	if (st == TH_OK && th_url_is_http(th_buf_str(&url))) {
		src->discovered = found = true;
		th_feed_free(src->feed);
		src->feed = NULL;
		src->fed = false;
		src->err = (struct th_err){ 0 };
		/* Validators were the page's. */
		th_revisit_set(&src->memory, TH_REVISIT_ETAG, NULL);
		th_revisit_set(&src->memory, TH_REVISIT_MODIFIED, NULL);
		th_revisit_set(&src->memory, TH_REVISIT_HASH, NULL);
		if (th_revisit_set(&src->memory, TH_REVISIT_FEED, url.data) !=
		    TH_OK)
			out_of_memory(src->reader);
		st = show_place(src, ": its feed ", url.data);
		if (st == TH_OK)
			st = start(src, url.data);
		if (st != TH_OK) {
			failed(src, st, src->err.text);
			found = false;
		}
	}
	th_buf_release(&url);
	return found;
}

/* What was remembered led to nothing: next time all begins anew. */
static void
forget(struct source *src)
{
	static const enum th_revisit_field what[] = { TH_REVISIT_FEED,
		TH_REVISIT_MOVED, TH_REVISIT_ETAG, TH_REVISIT_MODIFIED,
		TH_REVISIT_HASH };
	size_t i;

	if (!src->known || !src->moved)
		return;
	for (i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		th_revisit_set(&src->memory, what[i], NULL);
	save(src);
}

static bool
is_unchanged(const struct source *src, const struct th_buf *hash)
{
	const char *old = src->memory.value[TH_REVISIT_HASH];

	return old != NULL && th_str_is(th_buf_str(hash), old);
}

/* The body is here.  Returns whether the source goes on to another URL. */
static bool
finish_body(struct source *src, const struct th_reply *reply)
{
	struct th_buf hash;
	enum th_status st = TH_OK;
	bool more = false;

	th_buf_init(&hash, TH_SHA256_SIZE * 2 + 1);
	if (src->holding)
		st = body_hash(src, &hash);
	if (src->holding && st == TH_OK && is_unchanged(src, &hash)) {
		succeeded(src, reply, hash.data);
		goto out;
	}
	if (st == TH_OK && (src->holding || !src->fed))
		st = push_held(src, reply);
	if (st == TH_OK)
		st = finish_feed(src);
	if (st == TH_OK)
		succeeded(src, reply, hash.data);
	else if (src->reader->status == TH_OK &&
		 !(st == TH_EDATA && (more = discover(src, reply))) &&
		 src->reader->status == TH_OK) {
		failed(src, st, src->err.text);
		if (st == TH_ENOMEM)
			src->reader->status = st;
		forget(src);
	}
out:
	th_buf_release(&hash);
	return more;
}

/* 429 and 503 are for later; a feed has no log-in that would help with 401. */
static enum th_status
bad_code(const struct th_reply *reply, struct th_err *err)
{
	th_reply_status(reply, err);
	return reply->code == 429 || reply->code == 503 ? TH_EAGAIN
							: TH_EUNAVAIL;
}

static void
refused(struct source *src, const struct th_reply *reply)
{
	struct th_err why = { 0 };
	enum th_status st = bad_code(reply, &why);
	bool gone = reply->code == 410;

	if (src->known && !(gone && src->moved)) {
		if (th_revisit_learn(&src->memory, reply, th_now()) != TH_OK)
			out_of_memory(src->reader);
		save(src);
	}
	if (gone && src->known)
		th_session_say(src->reader->ses, 0, st,
		    "%s: gone for good (410), not asked again",
		    src->shown.data);
	else
		failed(src, st, why.text);
	if (reply->code == 404 || gone)
		forget(src);
}

/* Ends the run after the transfer in hand. */
static void
stop(struct reader *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	th_http_stop(r->http);
}

static bool
handle_reply(struct source *src, const struct th_reply *reply)
{
	if (reply->code / 100 == 2)
		return finish_body(src, reply);
	if (reply->code == 304)
		succeeded(src, reply, NULL);
	else
		refused(src, reply);
	return false;
}

static void
on_done(void *ctx, enum th_status st, const struct th_reply *reply,
    const struct th_err *err)
{
	struct source *src = ctx;
	struct reader *r = src->reader;
	bool more = false;

	if (reply->redirected && reply->url != NULL && st != TH_END &&
	    show_place(src, ": redirected to ", reply->url) == TH_ENOMEM)
		st = TH_ENOMEM;
	if (r->status == TH_OK && st == TH_OK)
		more = handle_reply(src, reply);
	else if (r->status == TH_OK && st == TH_EDATA && src->feed != NULL)
		more = finish_body(src, reply);
	else if (r->status == TH_OK && st != TH_END) {
		failed(src, st,
		    src->err.text[0] != '\0' ? src->err.text : err->text);
		if (st == TH_ENOMEM || th_interrupted)
			r->status = st;
	}
	if (!more) {
		source_free(src);
		step(r);
	}
	if (r->status != TH_OK)
		stop(r);
}

/* ---- the web: asking ---- */

static const char accept[] =
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, "
    "*/*;q=0.1";

static bool
is_same(struct th_str a, struct th_str b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp(a.s, b.s, a.len) == 0);
}

/*
 * Where the feed moved to, and what its page names, is remembered without the
 * user and password that it was asked with: on the same server they are for it.
 */
static enum th_status
add_user(const struct source *src, struct th_str url, struct th_buf *ret)
{
	struct th_url own, to;

	if (src->own == NULL || th_url_parse(th_str(src->own), &own) != TH_OK ||
	    th_url_parse(url, &to) != TH_OK || to.userinfo.s != NULL ||
	    !is_same(own.scheme, to.scheme) || !is_same(own.host, to.host) ||
	    !is_same(own.port, to.port))
		return th_buf_add(ret, url.s, url.len);
	th_buf_add(ret, to.scheme.s, to.scheme.len);
	th_buf_adds(ret, "://");
	th_buf_add(ret, own.userinfo.s, own.userinfo.len);
	th_buf_addc(ret, '@');
	return th_buf_add(
	    ret, to.host.s, url.len - (size_t)(to.host.s - url.s));
}

static enum th_status
set_url(struct source *src, const char *url)
{
	struct th_buf whole;
	enum th_status st;

	th_buf_init(&whole, 2 * URL_MAX);
	if ((st = add_user(src, th_str(url), &whole)) == TH_OK)
		st = th_request_set(&src->request, "GET", th_buf_str(&whole));
	th_buf_release(&whole);
	return st;
}

/* On to a URL.  Validators are for the feed, not for the page that names it. */
static enum th_status
start(struct source *src, const char *url)
{
	struct reader *r = src->reader;
	struct th_transfer hooks = { on_body, on_done, src };
	enum th_status st;

	th_request_release(&src->request);
	th_request_init(&src->request);
	src->request.follow = true;
	st = set_url(src, url);
	if (st == TH_EDATA)
		return th_fail(&src->err, TH_EUNAVAIL, "not a valid URL");
	if (st == TH_OK)
		st = th_request_header(&src->request, "Accept", accept);
	if (st == TH_OK && src->known)
		st = th_revisit_ask(&src->memory, &src->request);
	if (st != TH_OK)
		return th_fail(&src->err, st, "%s", th_strstatus(st));
	st = th_http_start(r->http, &src->request, &hooks, &src->err);
	return st == TH_EDATA ? TH_EUNAVAIL : st;
}

static bool
is_held_off(struct source *src)
{
	static const char *const words[TH_REVISIT_N] = {
		[TH_REVISIT_FRESH] = "still fresh (max-age), not asked",
		[TH_REVISIT_WAIT] = "not asked before its Retry-After is over",
		[TH_REVISIT_GONE] = "gone for good (410), not asked",
	};
	enum th_revisit_field why;

	if (!src->known)
		return false;
	why = th_revisit_hold(&src->memory, th_now());
	if (why == TH_REVISIT_N)
		return false;
	th_session_say(
	    src->reader->ses, 1, TH_OK, "%s: %s", src->shown.data, words[why]);
	return true;
}

static enum th_status
open_http(struct reader *r)
{
	struct th_http_options *opt = th_session_http_options(r->ses);

	if (r->http != NULL)
		return TH_OK;
	opt->allow_http = true; /* feeds are public */
	opt->max_parallel = (int)r->jobs;
	return th_session_http(r->ses, &r->http);
}

/* Asks it where an earlier run was led to. */
static enum th_status
start_where_it_is(struct source *src, const char *name)
{
	const char *feed = src->memory.value[TH_REVISIT_FEED];
	const char *moved = src->memory.value[TH_REVISIT_MOVED];
	const char *url = feed != NULL ? feed : moved != NULL ? moved : name;
	enum th_status st = TH_OK;

	src->discovered = feed != NULL;
	src->moved = url != name;
	if (src->moved)
		st = show_place(
		    src, feed != NULL ? ": its feed " : ": moved to ", url);
	return st == TH_OK ? start(src, url) : st;
}

static void
read_url(struct reader *r, const char *name)
{
	struct source *src;
	struct th_url u;
	enum th_status st;

	if ((st = open_http(r)) != TH_OK) {
		r->status = st;
		return;
	}
	if ((src = source_new(r, name)) == NULL)
		return;
	r->total++;
	src->known = r->fetch->state != NULL;
	if (th_url_parse(th_str(name), &u) == TH_OK && u.userinfo.s != NULL &&
	    (src->own = th_strdup(name)) == NULL) {
		out_of_memory(r);
		source_free(src);
		return;
	}
	if (is_held_off(src)) {
		source_free(src);
		step(r);
		return;
	}
	st = start_where_it_is(src, name);
	if (st != TH_OK) {
		failed(src, st, src->err.text);
		source_free(src);
		step(r);
		return;
	}
	st = th_http_run(r->http, QUEUE_MAX, th_session_err(r->ses));
	if (r->status == TH_OK)
		r->status = st;
}

/* Appends the address that is asked; what is none of the web: TH_END. */
static enum th_status
feed_url(struct th_str name, struct th_buf *ret)
{
	struct th_buf plain;
	enum th_status st;

	th_buf_init(&plain, URL_MAX);
	if ((st = th_url_of_feed(name, &plain)) == TH_OK)
		st = th_url_page(th_buf_str(&plain), ret);
	th_buf_release(&plain);
	return st == TH_OK || st == TH_ENOMEM ? st : TH_END;
}

static void
read_one(struct reader *r, const char *name)
{
	struct th_buf url;
	enum th_status st;

	if (r->status != TH_OK)
		return;
	th_buf_init(&url, URL_MAX);
	st = feed_url(th_str(name), &url);
	if (st == TH_ENOMEM)
		out_of_memory(r);
	else if (st == TH_OK)
		read_url(r, url.data);
	else
		read_file(r, name);
	th_buf_release(&url);
}

/* ---- lists ---- */

static void
not_a_file(struct reader *r, const char *name)
{
	struct th_buf shown;

	th_buf_init(&shown, URL_MAX);
	if (th_url_mask(th_str(name), &shown) == TH_ENOMEM)
		out_of_memory(r);
	else
		th_session_say(r->ses, 0, TH_EUNAVAIL,
		    "%s: a list of feeds is read from a file, not from a URL",
		    shown.status == TH_OK ? shown.data : "a URL");
	th_buf_release(&shown);
}

static enum th_status
load(struct reader *r, const char *name, struct th_buf *ret)
{
	struct th_err err = { 0 };
	enum th_status st;

	th_buf_init(ret, LIST_MAX);
	if (strstr(name, "://") != NULL) {
		not_a_file(r, name);
		return TH_EUNAVAIL;
	}
	if (strcmp(name, "-") == 0)
		st = th_file_read_fd(STDIN_FILENO, ret, &err);
	else
		st = th_file_read(name, ret, &err);
	if (st == TH_ENOMEM)
		return out_of_memory(r);
	if (st == TH_END)
		th_fail(&err, st, "%s: %s", name, strerror(ENOENT));
	if (st != TH_OK)
		th_session_say(r->ses, 0, TH_EUNAVAIL, "%s", err.text);
	return st;
}

/* The next name of a list, on a line of its own; NULL: there is none. */
static const char *
next_name(char **text)
{
	char *line = *text, *end;

	while (line != NULL && *line != '\0') {
		end = line + strcspn(line, "\n");
		*text = *end == '\n' ? end + 1 : end;
		while (end > line && strchr(" \t\r", end[-1]) != NULL)
			end--;
		*end = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			return line;
		line = *text;
	}
	return NULL;
}

static void
read_list(struct reader *r, const char *name)
{
	struct th_buf text = { 0 };
	const char *one;
	char *rest;

	if (load(r, name, &text) == TH_OK) {
		rest = text.data;
		if (th_str_has_prefix(th_buf_str(&text), "\xef\xbb\xbf"))
			rest += 3;
		while (r->status == TH_OK && (one = next_name(&rest)) != NULL)
			if (strpbrk(one, " \t") == NULL)
				read_one(r, one);
			else /* a path: URLs have no blanks */
				read_file(r, one);
	}
	th_buf_release(&text);
}

static enum th_status
on_outline(void *ctx, const struct th_listed *feed)
{
	const struct th_str url = feed->url;
	struct reader *r = ctx;
	struct th_buf name, shown;
	enum th_status st;

	th_buf_init(&name, URL_MAX);
	th_buf_init(&shown, URL_MAX);
	st = feed_url(url, &name);
	if (st == TH_ENOMEM || th_url_mask(url, &shown) == TH_ENOMEM)
		out_of_memory(r);
	else if (st == TH_OK)
		read_one(r, name.data);
	else /* A list from elsewhere is not to read our files. */
		th_session_say(r->ses, 0, TH_EUNAVAIL,
		    "%s: not an http or https URL",
		    shown.status == TH_OK ? shown.data : "an outline");
	th_buf_release(&shown);
	th_buf_release(&name);
	return r->status;
}

static void
read_opml(struct reader *r, const char *name)
{
	struct th_err err = { 0 };
	struct th_buf text = { 0 };
	enum th_status st;

	if (load(r, name, &text) == TH_OK) {
		st = th_opml_read(th_buf_str(&text), on_outline, r, &err);
		if (r->status == TH_OK && st == TH_ENOMEM)
			out_of_memory(r);
		else if (r->status == TH_OK && st != TH_OK)
			th_session_say(r->ses, 0, st, "%s: %s", name, err.text);
	}
	th_buf_release(&text);
}

/* ---- the service ---- */

static void
read_lists(struct reader *r, const struct th_opts *opts, const char *option,
    void (*read_it)(struct reader *, const char *))
{
	size_t i;

	for (i = 0; i < th_opt_count(opts, option); i++)
		if (r->status == TH_OK)
			read_it(r, th_opt_nth(opts, option, i));
}

static enum th_status
rss_fetch(struct th_session *ses, const struct th_fetch *fetch)
{
	const struct th_opts *opts = th_session_opts(ses);
	int64_t jobs = th_opt_int(opts, "jobs", 16);
	struct reader r = { .ses = ses, .fetch = fetch };
	enum th_status st;
	size_t i;

	if (fetch->nargs + th_opt_count(opts, "opml") +
		th_opt_count(opts, "file") ==
	    0)
		return th_session_fail(ses, TH_EUSAGE,
		    "name a feed: a URL, a file, - for standard input");
	if (jobs < 1 || jobs > 1000)
		return th_session_fail(
		    ses, TH_EUSAGE, "--jobs: from 1 to 1000");
	r.jobs = (size_t)jobs;
	for (i = 0; i < fetch->nargs; i++)
		read_one(&r, fetch->arg[i]);
	read_lists(&r, opts, "file", read_list);
	read_lists(&r, opts, "opml", read_opml);
	if (r.http != NULL) {
		st = th_http_run(r.http, 0, th_session_err(ses));
		if (r.status == TH_OK)
			r.status = st;
	}
	return r.status == TH_END ? TH_OK : r.status;
}

const struct th_service th_service_rss = {
	.name = "rss",
	.summary = "RSS, Atom and JSON feeds: URLs, files, lists, web pages",
	.auth = TH_AUTH_NONE,
	.params = params,
	.fetch = rss_fetch,
};
