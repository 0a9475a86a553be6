/* revisit -- what is remembered of a URL, to ask again politely */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define VALUE_MAX 4096 /* a validator that is longer is not kept */
#define RECORD_MAX (64 << 10)
#define WEEK (7 * 86400)

/* Two records a URL: the cursor's fields, then those of the manners. */
static const char *const names[TH_REVISIT_N] = {
	[TH_REVISIT_ETAG] = "etag",
	[TH_REVISIT_MODIFIED] = "last-modified",
	[TH_REVISIT_HASH] = "hash",
	[TH_REVISIT_FEED] = "feed",
	[TH_REVISIT_FRESH] = "fresh",
	[TH_REVISIT_AGE] = "max-age",
	[TH_REVISIT_MOVED] = "moved",
	[TH_REVISIT_WAIT] = "wait",
	[TH_REVISIT_GONE] = "gone",
};
static const struct {
	const char *prefix;
	int from, to;
} records[] = {
	{ "c:", 0, TH_REVISIT_MOVED },
	{ "m:", TH_REVISIT_MOVED, TH_REVISIT_N },
};

#define KEY_SIZE (TH_SHA256_SIZE * 2 + 3)

static void
record_key(const struct th_revisit *r, int record, char ret[KEY_SIZE])
{
	snprintf(ret, KEY_SIZE, "%s%s", records[record].prefix, r->key);
}

/* Secrets do not get into the store: of the URL there is a hash. */
static enum th_status
make_key(struct th_revisit *r, struct th_str url)
{
	unsigned char digest[TH_SHA256_SIZE];
	struct th_url u;
	struct th_buf hex;
	enum th_status st;

	if (th_url_parse(url, &u) == TH_OK)
		r->secret = u.userinfo.s != NULL || u.query.s != NULL;
	th_sha256(url, digest);
	th_buf_init(&hex, sizeof(r->key));
	st = th_hex_encode(
	    (struct th_str){ (const char *)digest, sizeof(digest) }, &hex);
	if (st == TH_OK)
		memcpy(r->key, hex.data, sizeof(r->key));
	th_buf_release(&hex);
	return st;
}

/* A record is "name value" lines: header values have no newlines. */
static enum th_status
parse_line(struct th_revisit *r, int record, struct th_str line)
{
	size_t len;
	int i;

	for (i = records[record].from; i < records[record].to; i++) {
		len = strlen(names[i]);
		if (line.len <= len || line.s[len] != ' ' ||
		    memcmp(line.s, names[i], len) != 0)
			continue;
		free(r->value[i]);
		r->value[i] = th_strndup(line.s + len + 1, line.len - len - 1);
		return r->value[i] != NULL ? TH_OK : TH_ENOMEM;
	}
	return TH_OK;
}

static enum th_status
parse_record(struct th_revisit *r, int record, struct th_str text)
{
	enum th_status st = TH_OK;
	const char *nl;
	struct th_str line;

	while (st == TH_OK && text.len > 0) {
		nl = memchr(text.s, '\n', text.len);
		line = (struct th_str){ text.s,
			nl != NULL ? (size_t)(nl - text.s) : text.len };
		st = parse_line(r, record, line);
		text.s += line.len + (nl != NULL);
		text.len -= line.len + (nl != NULL);
	}
	return st;
}

static enum th_status
load_record(struct th_revisit *r, int record, struct th_state *state,
    struct th_err *err)
{
	char key[KEY_SIZE];
	struct th_buf b;
	enum th_status st;

	record_key(r, record, key);
	th_buf_init(&b, RECORD_MAX);
	st = th_state_get(state, key, &b, err);
	if (st == TH_OK && parse_record(r, record, th_buf_str(&b)) != TH_OK)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	th_buf_release(&b);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_revisit_load(struct th_revisit *ret, struct th_state *cursor,
    struct th_state *manners, struct th_str url, struct th_err *err)
{
	struct th_revisit r = { 0 };
	enum th_status st;

	if (make_key(&r, url) != TH_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	st = load_record(&r, 0, cursor, err);
	if (st == TH_OK)
		st = load_record(&r, 1, manners, err);
	if (st == TH_OK)
		*ret = r;
	else
		th_revisit_release(&r);
	return st;
}

void
th_revisit_release(struct th_revisit *r)
{
	int i;

	for (i = 0; i < TH_REVISIT_N; i++)
		free(r->value[i]);
	*r = (struct th_revisit){ 0 };
}

static enum th_status
save_record(const struct th_revisit *r, int record, struct th_state *state,
    struct th_err *err)
{
	char key[KEY_SIZE];
	struct th_buf b, old;
	enum th_status st;
	int i;

	record_key(r, record, key);
	th_buf_init(&b, RECORD_MAX);
	th_buf_init(&old, RECORD_MAX);
	for (i = records[record].from; i < records[record].to; i++)
		if (r->value[i] != NULL)
			th_buf_addf(&b, "%s %s\n", names[i], r->value[i]);
	st = th_state_get(state, key, &old, err);
	/* What did not change is not written: most feeds did not. */
	if (b.status != TH_OK)
		st = th_fail(err, b.status, "%s", th_strstatus(b.status));
	else if ((st == TH_END && b.len == 0) ||
		 (st == TH_OK &&
		     th_str_equal(th_buf_str(&old), th_buf_str(&b))))
		st = TH_OK;
	else if (st == TH_OK || st == TH_END)
		st = th_state_put(state, key, th_buf_str(&b), err);
	th_buf_release(&b);
	th_buf_release(&old);
	return st;
}

enum th_status
th_revisit_save(const struct th_revisit *r, struct th_state *cursor,
    struct th_state *manners, struct th_err *err)
{
	enum th_status st = save_record(r, 0, cursor, err);

	return st == TH_OK ? save_record(r, 1, manners, err) : st;
}

/* Might this URL, which a server made from ours, repeat a secret of ours? */
static bool
may_leak(const struct th_revisit *r, const char *url)
{
	struct th_url u;

	if (th_url_parse(th_str(url), &u) != TH_OK || u.userinfo.s != NULL)
		return true;
	return r->secret && u.query.s != NULL;
}

enum th_status
th_revisit_set(
    struct th_revisit *r, enum th_revisit_field field, const char *value)
{
	char *copy = NULL;

	if (value != NULL &&
	    ((field == TH_REVISIT_FEED || field == TH_REVISIT_MOVED) &&
		may_leak(r, value)))
		value = NULL;
	if (value != NULL &&
	    (strlen(value) > VALUE_MAX || strchr(value, '\n') != NULL))
		value = NULL;
	if (value != NULL && (copy = th_strdup(value)) == NULL)
		return TH_ENOMEM;
	free(r->value[field]);
	r->value[field] = copy;
	return TH_OK;
}

static int64_t
number(const struct th_revisit *r, enum th_revisit_field field)
{
	return r->value[field] != NULL
		   ? (int64_t)strtoll(r->value[field], NULL, 10)
		   : 0;
}

static enum th_status
set_number(struct th_revisit *r, enum th_revisit_field field, int64_t n)
{
	char s[24];

	snprintf(s, sizeof(s), "%lld", (long long)n);
	return th_revisit_set(r, field, n > 0 ? s : NULL);
}

/* An instant more than a week ahead is from a clock that was wrong. */
static bool
is_ahead(int64_t t, int64_t now)
{
	return t > now && t - now <= WEEK;
}

enum th_revisit_field
th_revisit_hold(const struct th_revisit *r, int64_t now)
{
	if (r->value[TH_REVISIT_GONE] != NULL)
		return TH_REVISIT_GONE;
	if (is_ahead(number(r, TH_REVISIT_WAIT), now))
		return TH_REVISIT_WAIT;
	if (is_ahead(number(r, TH_REVISIT_FRESH), now))
		return TH_REVISIT_FRESH;
	return TH_REVISIT_N;
}

/* A validator that may not stand in a header is as good as none. */
enum th_status
th_revisit_ask(const struct th_revisit *r, struct th_request *req)
{
	const char *etag = r->value[TH_REVISIT_ETAG];
	const char *modified = r->value[TH_REVISIT_MODIFIED];
	enum th_status st = TH_OK;

	if (etag != NULL)
		st = th_request_header(req, "If-None-Match", etag);
	if (st != TH_ENOMEM && modified != NULL)
		st = th_request_header(req, "If-Modified-Since", modified);
	return st == TH_ENOMEM ? st : TH_OK;
}

/* A 304 need not repeat how long the body stays fresh. */
static enum th_status
learn_age(struct th_revisit *r, const struct th_reply *rep, int64_t now)
{
	int64_t age = th_reply_max_age(rep);

	if (age < 0)
		age = rep->code == 304 ? number(r, TH_REVISIT_AGE) : 0;
	if (set_number(r, TH_REVISIT_AGE, age) != TH_OK)
		return TH_ENOMEM;
	return set_number(r, TH_REVISIT_FRESH, age > 0 ? now + age : 0);
}

static enum th_status
learn_good(struct th_revisit *r, const struct th_reply *rep, int64_t now)
{
	const char *etag = th_reply_header(rep, "ETag");
	const char *modified = th_reply_header(rep, "Last-Modified");
	enum th_status st = TH_OK;

	if (rep->code != 304 || etag != NULL)
		st = th_revisit_set(r, TH_REVISIT_ETAG, etag);
	if (st == TH_OK && (rep->code != 304 || modified != NULL))
		st = th_revisit_set(r, TH_REVISIT_MODIFIED, modified);
	if (st == TH_OK)
		st = th_revisit_set(r, TH_REVISIT_WAIT, NULL);
	return st == TH_OK ? learn_age(r, rep, now) : st;
}

enum th_status
th_revisit_learn(struct th_revisit *r, const struct th_reply *rep, int64_t now)
{
	if (rep->code / 100 == 2 || rep->code == 304)
		return learn_good(r, rep, now);
	if (rep->code == 410)
		return th_revisit_set(r, TH_REVISIT_GONE, "410");
	if ((rep->code == 429 || rep->code == 503) && rep->retry_at > now)
		return set_number(r, TH_REVISIT_WAIT, rep->retry_at);
	return TH_OK;
}
