/* twitter -- X: searches and timelines in, posts out.  Speaks version 2 of its
 * API */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "trigger.h"

#define HOST "https://api.x.com"
#define SITE "https://x.com"
#define URL_MAX ((size_t)64 << 10)
#define TEXT_MAX ((size_t)1 << 20)
#define PAGES_MAX 320        /* the longest timeline, and a stop for a loop */
#define WAIT_MIN 60          /* seconds after a 429, at least */
#define WAIT_USUAL (15 * 60) /* a window of X's limits */
#define WAIT_CAP (24 * 3600) /* the monthly cap is spent */
#define LOOK_BACK "20"       /* own posts looked at before sending again */

static const struct th_param params[] = {
	{ "search", TH_STRING, TH_P_FETCH, "QUERY",
	    "posts of the last week that match", 's' },
	{ "user", TH_STRING, TH_P_FETCH, "NAME", "posts of a user", 'u' },
	{ "home", TH_FLAG, TH_P_FETCH, NULL, "your home timeline", 0 },
	{ "mentions", TH_FLAG, TH_P_FETCH, NULL, "posts that mention you", 0 },
	{ "likes", TH_FLAG, TH_P_FETCH, NULL, "posts you liked", 0 },
	{ "bookmarks", TH_FLAG, TH_P_FETCH, NULL,
	    "posts you bookmarked (needs an OAuth 2 login)", 0 },
	{ "no-replies", TH_FLAG, TH_P_FETCH, NULL, "leave replies out", 0 },
	{ "no-retweets", TH_FLAG, TH_P_FETCH, NULL, "leave reposts out", 0 },
	{ "hashtags", TH_LIST, TH_P_PUBLISH, "A,B", "tags to add to each post",
	    0 },
	{ "item-tags", TH_FLAG, TH_P_PUBLISH, NULL,
	    "the item's own tags as hashtags, too", 0 },
	{ "no-link", TH_FLAG, TH_P_PUBLISH, NULL,
	    "post without the item's address (cheaper at X)", 0 },
	{ "length", TH_INT, TH_P_PUBLISH, "N",
	    "the weighted length of a post, 280", 0 },
	{ "consumer_key", TH_STRING, TH_P_ACCOUNT, NULL,
	    "OAuth 1.0a: the app's key", 0 },
	{ "consumer_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,
	    "OAuth 1.0a: the app's secret", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, NULL,
	    "OAuth 1.0a: your token", 0 },
	{ "token_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN,
	    NULL, "OAuth 1.0a: its secret", 0 },
	TH_PARAMS_OAUTH2,
	{ "fields", TH_CHOICE, TH_P_ACCOUNT, "tweet|post",
	    "how the server calls its objects; found out when not given", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 },
};

/* ---- answers ---- */

/* The same thing by either of its two names. */
static json_t *
either(const json_t *o, const char *a, const char *b)
{
	json_t *v = json_object_get(o, a);

	return v != NULL ? v : json_object_get(o, b);
}

/* When a 429 is over: the window that is spent says so. */
static int64_t
wait_until(const struct th_reply *rep)
{
	static const struct {
		const char *left, *reset;
	} window[] = {
		{ "x-app-limit-24hour-remaining", "x-app-limit-24hour-reset" },
		{ "x-user-limit-24hour-remaining",
		    "x-user-limit-24hour-reset" },
		{ NULL, "x-rate-limit-reset" },
	};
	int64_t now = th_now(), until = 0;
	size_t i;

	if (th_reply_mentions(rep, "usage-capped"))
		return now + WAIT_CAP;
	for (i = 0; i < 3 && until == 0; i++)
		if (window[i].left == NULL ||
		    th_reply_number(rep, window[i].left, -1) == 0)
			until = th_reply_number(rep, window[i].reset, 0);
	if (until == 0)
		until = rep->retry_at;
	if (until == 0)
		until = now + WAIT_USUAL;
	if (until < now + WAIT_MIN)
		until = now + WAIT_MIN;
	return until > now + WAIT_CAP ? now + WAIT_CAP : until;
}

/* X's own sentence about what went wrong; NULL: it has none. */
static const char *
complaint(const json_t *root)
{
	static const char *const member[] = { "detail", "message", "title" };
	const json_t *first =
	    json_array_get(json_object_get(root, "errors"), 0);
	const char *words = th_payload_text(root, "detail");
	size_t i;

	for (i = 0; i < 3 && (words == NULL || *words == '\0'); i++)
		words = th_payload_text(first, member[i]);
	if (words == NULL || *words == '\0')
		words = first != NULL ? "X tells of an error"
				      : th_payload_text(root, "title");
	return words;
}

/* What an answer means; the sentence is X's where it has one. */
static enum th_status
judge(struct th_session *ses, const struct th_reply *rep)
{
	enum th_status st = th_reply_status(rep, th_session_err(ses));
	json_t *root = NULL;
	const char *detail;

	if (st == TH_OK || rep->code == 0)
		return st;
	if (rep->code == 402)
		return th_session_fail(ses, TH_EREFUSED,
		    "the app's credits at X are spent; buy some, waiting does "
		    "not help");
	if (rep->code == 429)
		return th_api_wait(ses, "X", wait_until(rep));
	if (th_payload_parse(th_buf_str(&rep->body), &root, NULL) == TH_OK &&
	    (detail = complaint(root)) != NULL)
		th_session_fail(ses, st, "HTTP %ld: %s", rep->code, detail);
	json_decref(root);
	return st;
}

static const struct th_api api = { .host = HOST, .judge = judge };

/*
 * X renames its objects: what was tweet.fields is to be post.fields.  Which of
 * them the server wants it says by refusing the other; that is kept.
 */
static enum th_status
recall_spelling(struct th_session *ses, bool *ret_posts)
{
	const char *fields = th_session_setting(ses, "fields");
	struct th_buf known;
	enum th_status st = TH_OK;

	th_buf_init(&known, 64);
	if (fields != NULL)
		th_buf_adds(&known, fields);
	else
		st = th_session_cache_get(ses, "fields", &known);
	*ret_posts = th_str_is(th_buf_str(&known), "post");
	th_buf_release(&known);
	return st == TH_END ? TH_OK : st;
}

static bool
is_misspelt(struct th_session *ses, const struct th_reply *rep, bool posts)
{
	if (rep->code != 400 ||
	    !th_reply_mentions(rep, posts ? "post.fields" : "tweet.fields"))
		return false;
	th_session_cache_put(
	    ses, "fields", posts ? TH_STR("tweet") : TH_STR("post"));
	return true;
}

/* The id behind a path that names a user; ids do not change, so it is kept. */
static enum th_status
user_id(struct th_session *ses, const char *path, const char *whose,
    struct th_buf *ret)
{
	json_t *root = NULL;
	const char *id;
	enum th_status st = th_session_cache_get(ses, path, ret);

	if (st != TH_END)
		return st;
	st = th_api_get(ses, &api, path, &root);
	id = th_payload_text(json_object_get(root, "data"), "id");
	if (st == TH_EREFUSED || (st == TH_OK && id == NULL))
		st = th_session_fail(
		    ses, TH_EUNAVAIL, "no such user at X: %s", whose);
	if (st == TH_OK && (st = th_buf_adds(ret, id)) == TH_OK)
		st = th_session_cache_put(ses, path, th_buf_str(ret));
	json_decref(root);
	return st;
}

/* ---- a post becomes an item ---- */

static json_t *
by_key(const json_t *list, const char *key, const char *value)
{
	json_t *o;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, o)
	{
		if (value != NULL && th_payload_text(o, key) != NULL &&
		    strcmp(th_payload_text(o, key), value) == 0)
			return o;
	}
	return NULL;
}

/* The address behind a t.co link; NULL: of a picture, which is attached. */
static const char *
expanded(const json_t *link)
{
	if (json_object_get(link, "media_key") != NULL)
		return NULL;
	return th_payload_text(link, "expanded_url");
}

/* The longest: one may be the beginning of another. */
static const json_t *
link_at(const json_t *links, struct th_str at, size_t *ret_len)
{
	const json_t *best = NULL;
	const char *url;
	json_t *o;
	size_t i;

	*ret_len = 0;
	json_array_foreach((json_t *)(uintptr_t)links, i, o)
	{
		url = th_payload_text(o, "url");
		if (url != NULL && strlen(url) > *ret_len &&
		    th_str_has_prefix(at, url)) {
			*ret_len = strlen(url);
			best = o;
		}
	}
	return best;
}

/* X sends exactly these three escaped. */
static size_t
unescape(struct th_str at, char *ret)
{
	static const struct {
		const char *name;
		char c;
	} entity[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' } };
	size_t i;

	for (i = 0; i < 3; i++)
		if (th_str_has_prefix(at, entity[i].name)) {
			*ret = entity[i].c;
			return strlen(entity[i].name);
		}
	*ret = at.s[0];
	return 1;
}

/* Appends text with links expanded and entities decoded. */
static enum th_status
plain_text(const char *text, const json_t *entities, struct th_buf *ret)
{
	const json_t *links = json_object_get(entities, "urls"), *link;
	struct th_str at = th_str(text);
	const char *to;
	size_t n = 0;
	char c;

	while (at.len > 0) {
		link = link_at(links, at, &n);
		to = link != NULL ? expanded(link) : NULL;
		if (link == NULL) {
			n = unescape(at, &c);
			th_buf_addc(ret, c);
		} else if (to != NULL) {
			th_buf_adds(ret, to);
		}
		at.s += n;
		at.len -= n;
	}
	while (ret->len > 0 && (ret->data[ret->len - 1] == ' ' ||
				   ret->data[ret->len - 1] == '\n'))
		ret->data[--ret->len] = '\0';
	return ret->status;
}

struct page {
	json_t *posts, *users, *media; /* of includes; borrowed */
	const struct th_session *ses;
	const char *title;
};

/* A long post has its whole text in a place of its own. */
static const json_t *
long_form(const json_t *post)
{
	const json_t *note = either(post, "note_tweet", "note_post");

	return th_payload_text(note, "text") != NULL ? note : post;
}

static const json_t *
author_of(const struct page *pg, const json_t *post)
{
	return by_key(pg->users, "id", th_payload_text(post, "author_id"));
}

/* The post itself; of a repost what it repeats, which X cuts off in it. */
static const json_t *
original(const struct page *pg, const json_t *post)
{
	const json_t *refs =
	    either(post, "referenced_tweets", "referenced_posts");
	const json_t *ref = by_key(refs, "type", "retweeted"), *of;

	if (ref == NULL)
		ref = by_key(refs, "type", "reposted");
	of = by_key(pg->posts, "id", th_payload_text(ref, "id"));
	return th_payload_text(of, "text") != NULL ? of : post;
}

static enum th_status
full_text(const struct page *pg, const json_t *post, struct th_buf *ret)
{
	const json_t *of = original(pg, post);
	const char *who = th_payload_text(author_of(pg, of), "username");

	if (of != post && who != NULL)
		th_buf_addf(ret, "RT @%s: ", who);
	of = long_form(of);
	return plain_text(
	    th_payload_text(of, "text"), json_object_get(of, "entities"), ret);
}

/* The first link to elsewhere. */
static const char *
outside_link(const json_t *post)
{
	json_t *links, *link;
	size_t i;

	links = json_object_get(
	    json_object_get(long_form(post), "entities"), "urls");
	json_array_foreach(links, i, link)
	{
		const char *url = expanded(link);

		if (url != NULL && th_url_is_http(th_str(url)) &&
		    !th_str_has_prefix(th_str(url), SITE "/") &&
		    !th_str_has_prefix(th_str(url), "https://twitter.com/"))
			return url;
	}
	return NULL;
}

static void
add_tags(const json_t *post, struct th_buf *b)
{
	json_t *tags, *tag;
	size_t i, n = 0;

	tags = json_object_get(
	    json_object_get(long_form(post), "entities"), "hashtags");
	json_array_foreach(tags, i, tag)
	{
		if (th_payload_text(tag, "tag") == NULL)
			continue;
		th_compose_next(b, "tags", &n);
		th_json_string(b, th_str(th_payload_text(tag, "tag")));
	}
	th_compose_end(b, n);
}

/* The address of a medium and its type; of a film the best there is. */
static const char *
media_url(const json_t *m, const char **ret_type)
{
	const char *url = th_payload_text(m, "url"), *best = NULL, *dot;
	json_t *v;
	json_int_t rate = -1;
	size_t i;

	json_array_foreach(json_object_get(m, "variants"), i, v)
	{
		const char *type = th_payload_text(v, "content_type");
		json_int_t r =
		    json_integer_value(json_object_get(v, "bit_rate"));

		if (type == NULL || strcmp(type, "video/mp4") != 0 ||
		    r <= rate || th_payload_text(v, "url") == NULL)
			continue;
		rate = r;
		best = th_payload_text(v, "url");
	}
	*ret_type = "video/mp4";
	if (best != NULL || url == NULL)
		return best;
	dot = strrchr(url, '.');
	*ret_type = dot != NULL && strcmp(dot, ".png") == 0    ? "image/png"
		    : dot != NULL && strcmp(dot, ".webp") == 0 ? "image/webp"
							       : "image/jpeg";
	return url;
}

static void
add_media(const struct page *pg, const json_t *post, struct th_buf *b)
{
	json_t *key;
	const json_t *m;
	const char *url, *type, *image = NULL;
	size_t i, n = 0;

	json_array_foreach(
	    json_object_get(json_object_get(post, "attachments"), "media_keys"),
	    i, key)
	{
		m = by_key(pg->media, "media_key", json_string_value(key));
		if (m == NULL || (url = media_url(m, &type)) == NULL)
			continue;
		th_compose_next(b, "attachments", &n);
		th_json_open(b, '{');
		th_json_member(b, "url", th_str(url));
		th_json_member(b, "mime_type", th_str(type));
		th_json_member(
		    b, "title", th_str(th_payload_text(m, "alt_text")));
		th_json_close(b, '}');
		if (image == NULL && strncmp(type, "image/", 6) == 0)
			image = url;
		if (image == NULL)
			image = th_payload_text(m, "preview_image_url");
	}
	th_compose_end(b, n);
	th_json_member(b, "image", th_str(image));
}

static void
add_language(const json_t *post, struct th_buf *b)
{
	const char *lang = th_payload_text(post, "lang");

	/* "und", "zxx" and those with q are X's words for "no language". */
	if (lang != NULL && lang[0] != 'q' && strcmp(lang, "und") != 0 &&
	    strcmp(lang, "zxx") != 0 && strcmp(lang, "art") != 0)
		th_json_member(b, "language", th_str(lang));
}

static bool
is_id(const char *s)
{
	return s != NULL && *s != '\0' && strlen(s) <= 20 &&
	       s[strspn(s, "0123456789")] == '\0';
}

/*
 * Writes a post as an item.  Its id is an address without the user's name,
 * which may change or be missing.  TH_EDATA: it is none.
 */
static enum th_status
item_of(const struct page *pg, const json_t *post, struct th_buf *ret_id,
    struct th_buf *ret)
{
	const json_t *user = author_of(pg, post), *of = original(pg, post);
	const char *handle = th_payload_text(user, "username");
	const char *name = th_payload_text(user, "name");
	const char *id = th_payload_text(post, "id");
	char home[256] = "", url[320];
	struct th_buf text;
	enum th_status st;

	if (!is_id(id) || th_payload_text(post, "text") == NULL)
		return TH_EDATA;
	if (handle != NULL)
		snprintf(home, sizeof(home), SITE "/%s", handle);
	th_buf_init(&text, TEXT_MAX);
	th_buf_addf(ret_id, SITE "/i/status/%s", id);
	snprintf(url, sizeof(url), "%s/status/%s",
	    handle != NULL ? home : SITE "/i", id);
	st = full_text(pg, post, &text);
	th_json_open(ret, '{');
	th_json_member(ret, "id", th_buf_str(ret_id));
	th_json_member(ret, "url", th_str(url));
	th_json_member(ret, "external_url", th_str(outside_link(of)));
	th_json_member(ret, "content_text", th_buf_str(&text));
	th_compose_time(
	    ret, "date_published", th_payload_text(post, "created_at"));
	if (handle != NULL)
		th_compose_author(ret, th_str(name != NULL ? name : handle),
		    home, th_payload_text(user, "profile_image_url"));
	add_tags(of, ret);
	add_language(post, ret);
	add_media(pg, of, ret);
	th_compose_source(ret, pg->ses, pg->title, SITE);
	th_json_close(ret, '}');
	th_buf_release(&text);
	return st != TH_OK               ? st
	       : ret_id->status != TH_OK ? ret_id->status
					 : ret->status;
}

/* ---- reading ---- */

/* Something that is read: a search or a timeline. */
struct source {
	const char *option;
	const char *path; /* %s: the user's id */
	const char *title;
	const char *least; /* of max_results */
	bool since;        /* knows since_id and start_time */
};

static const struct source sources[] = {
	{ "search", "/2/tweets/search/recent", "search", "10", true },
	{ "user", "/2/users/%s/tweets", "posts", "5", true },
	{ "home", "/2/users/%s/timelines/reverse_chronological", "home", "1",
	    true },
	{ "mentions", "/2/users/%s/mentions", "mentions", "5", true },
	{ "likes", "/2/users/%s/liked_tweets", "likes", "5", false },
	{ "bookmarks", "/2/users/%s/bookmarks", "bookmarks", "1", false },
};

struct reading {
	struct th_session *ses;
	const struct th_fetch *f;
	const struct source *src;
	const char *what;     /* the query or the user */
	struct th_buf base;   /* path without the query */
	struct th_buf key;    /* of the state; scope of ids */
	struct th_buf since;  /* id, digits; empty: none */
	struct th_buf next;   /* page token */
	struct th_buf newest; /* id handed on last */
	struct th_buf first;  /* newest of the first page, as X says */
	struct th_pile pile;
	bool posts;   /* "post.fields", not "tweet.fields" */
	bool respelt; /* which X told us in this run */
	bool too_old; /* since_id is: start_time in its place */
	size_t pages;
};

/* Ids are numbers of up to 20 digits: the longer, then the greater. */
static bool
is_newer(const char *id, const struct th_buf *than)
{
	size_t n = strlen(id);

	if (than->len == 0 || n != than->len)
		return n > than->len;
	return strcmp(id, than->data) > 0;
}

static void
add_fields(struct reading *r, struct th_buf *q)
{
	static const char *const fields[] = {
		"&tweet.fields=created_at,author_id,entities,lang,attachments,"
		"referenced_tweets,note_tweet&expansions=author_id,"
		"attachments.media_keys,referenced_tweets.id,"
		"referenced_tweets.id.author_id",
		"&post.fields=created_at,author_id,entities,lang,attachments,"
		"referenced_posts,note_post&expansions=author_id,"
		"attachments.media_keys,referenced_posts.id,"
		"referenced_posts.id.author_id",
	};

	th_buf_adds(q, fields[r->posts]);
	th_buf_adds(q, "&user.fields=username,name,profile_image_url"
		       "&media.fields=url,type,alt_text,preview_image_url,"
		       "variants");
}

/* Where to begin: at the id of the last run, or at a date. */
static void
add_begin(struct reading *r, struct th_buf *q)
{
	const int64_t week = th_now() - 7 * 86400 + 3600;
	const bool search = r->src == sources;
	int64_t since = r->too_old ? week : r->f->since;
	char date[TH_DATE_SIZE];

	if (!r->src->since)
		return;
	if (r->since.len > 0 && !r->too_old)
		th_form_add(q, "since_id", th_buf_str(&r->since));
	else if (since > (search ? week - 1 : 0) &&
		 th_date_format(since, date) == TH_OK)
		th_form_add(q, "start_time", th_str(date));
}

static void
add_excludes(struct reading *r, struct th_buf *q)
{
	const struct th_opts *o = th_session_opts(r->ses);
	bool replies = th_opt_flag(o, "no-replies");
	bool reposts = th_opt_flag(o, "no-retweets");

	if ((!replies && !reposts) ||
	    (r->src != &sources[1] && r->src != &sources[2]))
		return;
	th_form_add(q, "exclude",
	    replies && reposts ? TH_STR("replies,retweets")
	    : replies          ? TH_STR("replies")
			       : TH_STR("retweets"));
}

/* What is left out is so for all of the query: "and" binds before "or". */
static void
add_query(const struct th_opts *o, const char *what, struct th_buf *ret)
{
	bool replies = th_opt_flag(o, "no-replies");
	bool reposts = th_opt_flag(o, "no-retweets");
	bool wrap = (replies || reposts) && strstr(what, " OR ") != NULL;

	th_buf_addf(ret, "%s%s%s%s%s", wrap ? "(" : "", what, wrap ? ")" : "",
	    replies ? " -is:reply" : "", reposts ? " -is:retweet" : "");
}

static enum th_status
page_path(struct reading *r, struct th_buf *ret)
{
	const struct th_opts *o = th_session_opts(r->ses);
	struct th_buf q, words;
	int64_t n = r->f->limit, least = 10;

	th_buf_init(&q, URL_MAX);
	th_buf_init(&words, URL_MAX);
	if (r->src == sources) {
		add_query(o, r->what, &words);
		th_form_add(&q, "query", th_buf_str(&words));
	}
	th_int_parse(th_str(r->src->least), &least);
	n = n <= 0 || n > 100 ? 100 : n < least ? least : n;
	th_buf_addf(&q, "%smax_results=%" PRId64, q.len > 0 ? "&" : "", n);
	add_begin(r, &q);
	add_excludes(r, &q);
	add_fields(r, &q);
	if (r->next.len > 0)
		th_form_add(&q,
		    r->src == sources ? "next_token" : "pagination_token",
		    th_buf_str(&r->next));
	th_buf_add(ret, r->base.data, r->base.len);
	th_buf_addc(ret, '?');
	th_buf_add(ret, q.data, q.len);
	if (q.status != TH_OK || words.status != TH_OK)
		ret->status = TH_EDATA;
	th_buf_release(&words);
	th_buf_release(&q);
	return ret->status;
}

/*
 * A 400 that can be cured: another name of the fields, a since_id too old.  How
 * X says the latter is not known; where it has a window, it is tried.
 */
static bool
is_curable(struct reading *r, const struct th_reply *rep)
{
	if (!r->respelt && is_misspelt(r->ses, rep, r->posts)) {
		r->posts = !r->posts;
		r->respelt = true;
		return true;
	}
	if (rep->code == 400 && r->since.len > 0 && !r->too_old &&
	    (r->src == sources || th_reply_mentions(rep, "since_id"))) {
		r->too_old = true;
		return true;
	}
	return false;
}

/* A 200 may tell of what is missing; when it has nothing else, it is no page.
 */
static enum th_status
look_for_errors(struct th_session *ses, const json_t *root)
{
	const char *why = complaint(root);

	if (why == NULL)
		return TH_OK;
	if (json_object_get(root, "data") == NULL &&
	    json_object_get(root, "meta") == NULL)
		return th_session_fail(ses, TH_EUNAVAIL, "%s", why);
	th_session_say(ses, 1, TH_OK, "%s", why);
	return TH_OK;
}

static enum th_status
get_page(struct reading *r, json_t **ret)
{
	struct th_reply rep = { 0 };
	struct th_request req;
	struct th_buf path;
	enum th_status st;

	th_buf_init(&path, URL_MAX);
	do {
		th_buf_clear(&path);
		th_reply_release(&rep);
		rep = (struct th_reply){ 0 };
		th_request_init(&req);
		if ((st = page_path(r, &path)) == TH_OK &&
		    (st = th_api_request(
			 r->ses, &api, "GET", path.data, &req)) == TH_OK)
			st = th_api_send(r->ses, &api, &req, &rep);
		th_request_release(&req);
	} while (st == TH_EREFUSED && is_curable(r, &rep));
	if (st == TH_EREFUSED)
		st = TH_EUNAVAIL; /* reading refuses no item */
	if (st == TH_OK)
		st = th_payload_parse(
		    th_buf_str(&rep.body), ret, th_session_err(r->ses));
	if (st == TH_OK)
		st = look_for_errors(r->ses, *ret);
	th_reply_release(&rep);
	th_buf_release(&path);
	return st;
}

/* Piles up what a page has; what is known already does not count. */
static enum th_status
take_page(struct reading *r, json_t *root)
{
	json_t *inc = json_object_get(root, "includes"), *post;
	struct page pg = {
		.posts = either(inc, "tweets", "posts"),
		.users = json_object_get(inc, "users"),
		.media = json_object_get(inc, "media"),
		.ses = r->ses,
		.title = r->what != NULL ? r->what : r->src->title,
	};
	struct th_buf id, line;
	enum th_status st = TH_OK;
	size_t i;

	th_buf_init(&id, URL_MAX);
	th_buf_init(&line, 4 * TEXT_MAX);
	json_array_foreach(json_object_get(root, "data"), i, post)
	{
		const char *number = th_payload_text(post, "id");

		if (r->f->limit > 0 && (int64_t)r->pile.n >= r->f->limit &&
		    r->f->state == NULL)
			break;
		if (is_id(number) && r->too_old && !is_newer(number, &r->since))
			continue;
		th_buf_clear(&id);
		th_buf_clear(&line);
		st = item_of(&pg, post, &id, &line);
		if (st == TH_EDATA) {
			th_session_say(r->ses, 1, TH_OK,
			    "a post without id or text is left out");
			st = TH_OK;
			continue;
		}
		if (st == TH_OK)
			st = th_pile_add(
			    &r->pile, th_buf_str(&id), th_buf_str(&line));
		if (st != TH_OK)
			break;
	}
	th_buf_release(&id);
	th_buf_release(&line);
	return st;
}

/* Is there another page, and is it wanted? */
static bool
has_next(struct reading *r, const json_t *root)
{
	const char *next =
	    th_payload_text(json_object_get(root, "meta"), "next_token");
	const char *newest =
	    th_payload_text(json_object_get(root, "meta"), "newest_id");
	bool same =
	    next != NULL && r->next.len > 0 && strcmp(next, r->next.data) == 0;

	if (r->pages == 0 && is_id(newest))
		th_buf_adds(&r->first, newest);
	th_buf_clear(&r->next);
	if (next == NULL || *next == '\0' || same || ++r->pages >= PAGES_MAX)
		return false;
	if (r->f->state != NULL && r->since.len == 0)
		return false; /* a first run is one page */
	if (r->f->state == NULL && r->f->limit > 0 &&
	    (int64_t)r->pile.n >= r->f->limit)
		return false;
	return th_buf_adds(&r->next, next) == TH_OK;
}

static enum th_status
read_pages(struct reading *r)
{
	json_t *root;
	enum th_status st;
	bool more;

	do {
		root = NULL;
		if (th_interrupted)
			return th_session_fail(
			    r->ses, TH_EAGAIN, "interrupted");
		if ((st = get_page(r, &root)) == TH_OK)
			st = take_page(r, root);
		more = st == TH_OK && has_next(r, root);
		json_decref(root);
	} while (more);
	return st;
}

/* ---- what to read ---- */

static const struct source *
chosen(const struct th_opts *o, size_t *ret_n)
{
	const struct source *src = NULL;
	size_t i, n = sizeof(sources) / sizeof(sources[0]);

	*ret_n = 0;
	for (i = 0; i < n; i++)
		if (th_opt(o, sources[i].option) != NULL ||
		    th_opt_flag(o, sources[i].option)) {
			src = &sources[i];
			++*ret_n;
		}
	return src;
}

static enum th_status
name_path(struct reading *r, char *ret, size_t size)
{
	const char *name = r->what;
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	if (name == NULL) {
		snprintf(ret, size, "/2/users/me");
		return TH_OK;
	}
	if (*name == '@')
		name++;
	if (*name == '\0' || strlen(name) > 15 ||
	    name[strspn(name, chars)] != '\0')
		return th_session_fail(r->ses, TH_EUSAGE,
		    "--user: not a user name of X: %s", r->what);
	snprintf(ret, size, "/2/users/by/username/%s", name);
	return TH_OK;
}

/* The address of the source, resolving a user's name first. */
static enum th_status
find_base(struct reading *r)
{
	char user[64], path[128];
	struct th_buf id;
	enum th_status st = TH_OK;

	th_buf_init(&id, 64);
	snprintf(path, sizeof(path), "%s", r->src->path);
	if (r->src != sources &&
	    (st = name_path(r, user, sizeof(user))) == TH_OK &&
	    (st = user_id(r->ses, user, r->what != NULL ? r->what : "you",
		 &id)) == TH_OK)
		snprintf(path, sizeof(path), "%.9s%s%s", r->src->path, id.data,
		    r->src->path + sizeof("/2/users/%s") - 1);
	if (st == TH_OK)
		st = th_buf_adds(&r->base, path);
	th_buf_release(&id);
	return st;
}

static enum th_status
recall(struct reading *r)
{
	enum th_status st;

	if ((st = recall_spelling(r->ses, &r->posts)) != TH_OK)
		return st;
	th_buf_addf(&r->key, "twitter/%s/%s", r->src->option,
	    r->what != NULL ? r->what : "");
	if (r->f->state == NULL || !r->src->since)
		return r->key.status;
	st = th_state_get(
	    r->f->state, r->key.data, &r->since, th_session_err(r->ses));
	if (st == TH_OK && !is_id(r->since.data))
		th_buf_clear(&r->since);
	return st == TH_END ? TH_OK : st;
}

/* ---- handing on ---- */

static enum th_status
hand_on(void *ctx, struct th_str id, struct th_str line)
{
	struct reading *r = ctx;
	enum th_status st;
	size_t n;

	st = th_fetch_emit(r->f, r->key.data, id, line, th_session_err(r->ses));
	if (st != TH_OK && st != TH_END)
		return st;
	for (n = 0; id.s[id.len - n - 1] != '/'; n++)
		;
	th_buf_clear(&r->newest); /* the next run begins behind this one */
	th_buf_add(&r->newest, id.s + id.len - n, n);
	return st;
}

/* The cursor follows what was handed on; after all of it, X's own word. */
static enum th_status
emit_all(struct reading *r)
{
	const struct th_buf *last = &r->newest;
	size_t taken;
	enum th_status st = th_pile_emit(&r->pile, hand_on, r, &taken);

	if (st != TH_OK && st != TH_END)
		return st;
	if (st == TH_OK && r->first.len > 0 &&
	    is_newer(r->first.data, &r->newest))
		last = &r->first;
	if (r->f->state == NULL || !r->src->since || last->len == 0 ||
	    !is_newer(last->data, &r->since))
		return TH_OK;
	return th_state_put(
	    r->f->state, r->key.data, th_buf_str(last), th_session_err(r->ses));
}

static enum th_status
twitter_fetch(struct th_session *ses, const struct th_fetch *f)
{
	const struct th_opts *o = th_session_opts(ses);
	struct reading r = { .ses = ses, .f = f };
	enum th_status st;
	size_t n;

	r.src = chosen(o, &n);
	if (n != 1 || f->nargs > 0)
		return th_session_fail(ses, TH_EUSAGE,
		    "say what to read: one of --search, --user, --home, "
		    "--mentions, --likes, --bookmarks");
	r.what = th_opt(o, r.src->option);
	if (r.src > &sources[1])
		r.what = NULL;
	th_buf_init(&r.base, URL_MAX);
	th_buf_init(&r.key, URL_MAX);
	th_buf_init(&r.since, 64);
	th_buf_init(&r.next, URL_MAX);
	th_buf_init(&r.newest, 64);
	th_buf_init(&r.first, 64);
	if ((st = recall(&r)) == TH_OK && (st = find_base(&r)) == TH_OK &&
	    (st = read_pages(&r)) == TH_OK)
		st = emit_all(&r);
	if (st == TH_ENOMEM)
		th_session_fail(ses, st, "out of memory");
	th_pile_release(&r.pile);
	th_buf_release(&r.base);
	th_buf_release(&r.key);
	th_buf_release(&r.since);
	th_buf_release(&r.next);
	th_buf_release(&r.newest);
	th_buf_release(&r.first);
	return st;
}

/* ---- a post is written ---- */

/* The text without --text: the title and the address, each once. */
static enum th_status
usual_text(struct th_delivery *d, struct th_str page, struct th_buf *ret)
{
	struct th_buf body;
	enum th_status st;

	th_buf_init(&body, TH_LINE_MAX);
	st = th_item_text(d->item, "url", &body);
	if (!th_str_equal(d->title, th_buf_str(&body)))
		th_text_fold(d->title, ret);
	if (ret->len == 0) { /* a post has no title, but a text */
		th_buf_clear(&body);
		st = th_item_body_text(d->item, TH_TEXT_LINES, &body);
		if (st == TH_OK)
			th_buf_add(ret, body.data, body.len);
	}
	th_buf_release(&body);
	if (st != TH_OK && st != TH_END)
		return st;
	if (page.len > 0) {
		th_buf_adds(ret, ret->len > 0 ? " " : "");
		th_buf_add(ret, page.s, page.len);
	}
	return ret->status;
}

/* The text of --text; --no-link holds for it, too. */
static enum th_status
own_text(struct th_str text, struct th_str drop, struct th_buf *ret)
{
	for (; text.len > 0; text.s++, text.len--) {
		if (drop.len == 0 || drop.len > text.len ||
		    memcmp(text.s, drop.s, drop.len) != 0) {
			th_buf_addc(ret, *text.s);
			continue;
		}
		text.s += drop.len - 1;
		text.len -= drop.len - 1;
	}
	return ret->status;
}

static enum th_status
add_tag(void *ctx, struct th_str tag)
{
	return th_post_hashtag(tag, ctx);
}

static enum th_status
post_text(struct th_session *ses, struct th_delivery *d, struct th_buf *ret)
{
	const struct th_opts *o = th_session_opts(ses);
	const bool link = !th_opt_flag(o, "no-link");
	const struct th_str none = { "", 0 };
	int64_t max = th_opt_int(o, "length", TH_POST_MAX);
	struct th_buf text, tags, page;
	enum th_status st;

	th_buf_init(&text, TH_LINE_MAX);
	th_buf_init(&tags, TEXT_MAX);
	th_buf_init(&page, TEXT_MAX);
	st = th_delivery_page(d, &page);
	if (st == TH_EDATA)
		th_buf_clear(&page);
	if (st == TH_OK || st == TH_END || st == TH_EDATA)
		st = th_delivery_each_tag(d, o, "hashtags", add_tag, &tags);
	if (st == TH_OK && d->text.s != NULL)
		st = own_text(d->text, link ? none : th_buf_str(&page), &text);
	else if (st == TH_OK)
		st = usual_text(d, link ? th_buf_str(&page) : none, &text);
	if (st == TH_OK)
		st = th_post_fit(th_buf_str(&text), th_buf_str(&page),
		    th_buf_str(&tags), (size_t)max, ret);
	if (st == TH_OK && ret->len == 0)
		st = th_session_fail(
		    ses, TH_EREFUSED, "nothing is left to post: no text");
	th_buf_release(&text);
	th_buf_release(&tags);
	th_buf_release(&page);
	return st;
}

/* ---- delivering ---- */

enum {
	START,
	WHO,
	LOOK,
	LOOK_AGAIN,
	SEND,
	SEND_AGAIN
}; /* what d->step says was asked */

static enum th_status
send_post(struct th_session *ses, struct th_delivery *d, int step)
{
	struct th_buf text;
	enum th_status st;

	th_buf_init(&text, TEXT_MAX);
	if ((st = post_text(ses, d, &text)) == TH_OK &&
	    (st = th_api_begin(ses, &api, d, "POST", "/2/tweets", step)) ==
		TH_OK &&
	    (st = th_request_header(
		 &d->request, "Content-Type", "application/json")) == TH_OK) {
		th_json_open(&d->request.body, '{');
		th_json_member(&d->request.body, "text", th_buf_str(&text));
		st = th_json_close(&d->request.body, '}');
		d->request.has_body = true;
	}
	th_buf_release(&text);
	return st == TH_OK ? th_api_ready(ses, &api, d) : st;
}

/* Before a post is sent a second time: the timeline, or first whose it is. */
static enum th_status
look_back(struct th_session *ses, struct th_delivery *d, int step)
{
	static const char *const fields[] = {
		"tweet.fields=entities,note_tweet",
		"post.fields=entities,note_post"
	};
	const char *path = "/2/users/me";
	struct th_buf id, timeline;
	bool posts = false;
	enum th_status st;

	th_buf_init(&id, 64);
	th_buf_init(&timeline, URL_MAX);
	st = th_session_cache_get(ses, "/2/users/me", &id);
	if (st == TH_OK && is_id(id.data) &&
	    (st = recall_spelling(ses, &posts)) == TH_OK &&
	    (st = th_buf_addf(&timeline,
		 "/2/users/%s/tweets?max_results=" LOOK_BACK "&%s", id.data,
		 fields[posts])) == TH_OK)
		path = timeline.data;
	else if (st == TH_OK || st == TH_END)
		step = WHO;
	if (st == TH_OK || st == TH_END)
		st = th_api_begin(ses, &api, d, "GET", path, step);
	th_buf_release(&id);
	th_buf_release(&timeline);
	d->request.idempotent = true;
	return st == TH_OK ? th_api_ready(ses, &api, d) : st;
}

/* Of a post whose number is not told the receipt has nothing. */
static enum th_status
arrived(struct th_delivery *d, const char *id)
{
	char url[64];

	if (!is_id(id))
		return TH_END;
	snprintf(url, sizeof(url), SITE "/i/status/%s", id);
	return th_delivery_arrived(d, id, url);
}

/* Is one of our own posts this very text? */
static const char *
find_own(const json_t *root, struct th_str text)
{
	struct th_buf plain, nfc;
	const char *id = NULL;
	json_t *post;
	size_t i;

	json_array_foreach(json_object_get(root, "data"), i, post)
	{
		const json_t *whole = long_form(post);

		if (th_payload_text(whole, "text") == NULL)
			continue;
		th_buf_init(&plain, TEXT_MAX);
		th_buf_init(&nfc, TEXT_MAX);
		if (plain_text(th_payload_text(whole, "text"),
			json_object_get(whole, "entities"), &plain) == TH_OK &&
		    th_post_cut(th_buf_str(&plain), TEXT_MAX, &nfc) == TH_OK &&
		    th_str_equal(th_buf_str(&nfc), text))
			id = th_payload_text(post, "id");
		th_buf_release(&plain);
		th_buf_release(&nfc);
		if (id != NULL)
			break;
	}
	return id;
}

static enum th_status
looked(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	json_t *root = NULL;
	struct th_buf text;
	const char *id;
	enum th_status st;

	th_buf_init(&text, TEXT_MAX);
	st = th_payload_parse(
	    th_buf_str(&rep->body), &root, th_session_err(ses));
	if (st == TH_OK && (st = post_text(ses, d, &text)) == TH_OK) {
		id = find_own(root, th_buf_str(&text));
		st = id != NULL ? arrived(d, id) : send_post(ses, d, SEND);
	}
	json_decref(root);
	th_buf_release(&text);
	return st;
}

static enum th_status
told_who(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	json_t *root = NULL;
	const char *id;
	enum th_status st;

	st = th_payload_parse(
	    th_buf_str(&rep->body), &root, th_session_err(ses));
	id = th_payload_text(json_object_get(root, "data"), "id");
	if (st == TH_OK && !is_id(id))
		st = th_session_fail(
		    ses, TH_EUNAVAIL, "X does not say who the account is");
	if (st == TH_OK)
		st = th_session_cache_put(ses, "/2/users/me", th_str(id));
	json_decref(root);
	return st == TH_OK ? look_back(ses, d, LOOK) : st;
}

static enum th_status
sent(struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	json_t *root = NULL;
	const char *id;
	enum th_status st;

	/* X answers 201; a page with 200 is of something on the way. */
	if (rep->code != 201 && th_reply_is_page(rep)) {
		d->doubtful = true;
		return th_session_fail(
		    ses, TH_EUNAVAIL, "a web page came where X should answer");
	}
	if (th_payload_parse(th_buf_str(&rep->body), &root, NULL) != TH_OK)
		th_session_say(
		    ses, 1, TH_OK, "posted, but the answer is not readable");
	id = th_payload_text(json_object_get(root, "data"), "id");
	if (rep->code != 201 && id == NULL) {
		d->doubtful = true;
		st = th_session_fail(ses, TH_EUNAVAIL, "X names no post: %s",
		    complaint(root) != NULL ? complaint(root) : "no words");
	} else {
		st = arrived(d, id);
	}
	json_decref(root);
	return st;
}

static enum th_status
answered(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st = judge(ses, rep);
	bool send = d->step == SEND || d->step == SEND_AGAIN;
	bool posts = false;

	if (st == TH_OK && d->step == WHO)
		return told_who(ses, d, rep);
	if (st == TH_OK && !send)
		return looked(ses, d, rep);
	if (st == TH_OK)
		return sent(ses, d, rep);
	if (send && rep->code == 403 && th_reply_mentions(rep, "duplicate")) {
		th_session_say(ses, 1, TH_OK, "X has this post already");
		return TH_END;
	}
	if (d->step != SEND_AGAIN && d->step != LOOK_AGAIN &&
	    th_api_renewed(ses, st, rep))
		return send ? send_post(ses, d, SEND_AGAIN)
			    : look_back(ses, d, LOOK_AGAIN);
	if (d->step == LOOK && recall_spelling(ses, &posts) == TH_OK &&
	    is_misspelt(ses, rep, posts))
		return look_back(ses, d, LOOK_AGAIN);
	if (!send && st == TH_EREFUSED)
		return TH_EAGAIN; /* it is the look that was refused */
	d->retry_at = th_session_err(ses)->retry_at;
	return st;
}

static enum th_status
twitter_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *rep)
{
	enum th_status st;

	if (rep != NULL)
		st = answered(ses, d, rep);
	else if (d->doubtful && !d->dry)
		st = look_back(ses, d, LOOK);
	else
		st = send_post(ses, d, SEND);
	return st;
}

/* ---- logging in ---- */

static const struct th_login logins[] = {
	{ .kind = TH_LOGIN_OAUTH1,
	    .name = "oauth1",
	    .help = "consumer_key and consumer_secret are the API key and "
		    "secret of an app of yours at https://console.x.com",
	    .needs = "consumer_key consumer_secret",
	    .keeps = "oauth_token=token oauth_token_secret=token_secret "
		     "screen_name",
	    .request = HOST "/oauth/request_token",
	    .authorize = HOST "/oauth/authorize",
	    .token = HOST "/oauth/access_token",
	    .flags = TH_LOGIN_CONFIRMED },
	{ .kind = TH_LOGIN_OAUTH2,
	    .name = "oauth2",
	    .help = "client_id is that of an app of yours at "
		    "https://console.x.com, whose callback address is "
		    "http://127.0.0.1:PORT/callback; log in with --port PORT",
	    .needs = "client_id",
	    .keeps = "access_token refresh_token",
	    .authorize = SITE "/i/oauth2/authorize",
	    .token = HOST "/2/oauth2/token",
	    .revoke = HOST "/2/oauth2/revoke",
	    .scope = "tweet.read tweet.write users.read bookmark.read "
		     "like.read offline.access",
	    .flags = TH_LOGIN_ROTATES },
	{ .kind = TH_LOGIN_END },
};

static enum th_status
twitter_whoami(struct th_session *ses, struct th_identity *ret)
{
	json_t *root = NULL;
	const char *name;
	enum th_status st = th_api_get(ses, &api, "/2/users/me", &root);

	name = th_payload_text(json_object_get(root, "data"), "username");
	if (st == TH_OK && name == NULL)
		st = th_session_fail(
		    ses, TH_EUNAVAIL, "X does not say who the account is");
	if (st == TH_OK && (ret->name = th_strdup(name)) == NULL)
		st = TH_ENOMEM;
	json_decref(root);
	return st;
}

const struct th_service th_service_twitter = {
	.name = "twitter",
	.summary = "X: searches, timelines; posts",
	.auth = TH_AUTH_OAUTH1,
	.params = params,
	.fetch = twitter_fetch,
	.publish = twitter_publish,
	.login = logins,
	.whoami = twitter_whoami,
};
