/* named -- things of a service by their names: found, made, remembered */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define KEY_MAX ((size_t)64 << 10)
#define ID_MAX 4096

/* ---- which of several is called so ---- */

enum th_status
th_called_init(struct th_called *c, const char *name)
{
	*c = (struct th_called){ .name = name };
	th_buf_init(&c->low, KEY_MAX);
	th_buf_init(&c->id, ID_MAX);
	return th_text_lower(th_str(name), &c->low);
}

void
th_called_release(struct th_called *c)
{
	th_buf_release(&c->low);
	th_buf_release(&c->id);
}

static enum th_status
is_same_but_for_case(const struct th_called *c, struct th_str name, bool *ret)
{
	struct th_buf low;
	enum th_status st;

	th_buf_init(&low, KEY_MAX);
	st = th_text_lower(name, &low);
	*ret =
	    st == TH_OK && th_str_equal(th_buf_str(&low), th_buf_str(&c->low));
	th_buf_release(&low);
	return st == TH_EDATA ? TH_OK : st;
}

enum th_status
th_called_offer(struct th_called *c, struct th_str name, struct th_str id)
{
	bool same = false;
	enum th_status st = TH_OK;

	if (c->exact || id.len == 0 || th_utf8_valid(name) != name.len)
		return TH_OK;
	c->exact = th_str_is(name, c->name);
	if (!c->exact && c->id.len == 0)
		st = is_same_but_for_case(c, name, &same);
	if (c->exact)
		th_buf_clear(&c->id);
	if (st == TH_OK && (c->exact || same))
		st = th_buf_add(&c->id, id.s, id.len);
	return st;
}

/* ---- its id, from the store or the service ---- */

static enum th_status
make_key(const struct th_named *t, struct th_buf *ret)
{
	th_buf_init(ret, KEY_MAX);
	return th_buf_addf(
	    ret, "%s/%s/%s", t->word, t->in != NULL ? t->in : "", t->name);
}

/* TH_END: the service has none that is called so. */
static enum th_status
find(struct th_session *ses, const struct th_named *t, struct th_buf *ret)
{
	struct th_called c;
	enum th_status st;

	if ((st = th_called_init(&c, t->name)) == TH_OK)
		st = t->list(ses, t, &c);
	if (st == TH_OK)
		st = c.id.len > 0 ? th_buf_add(ret, c.id.data, c.id.len)
				  : TH_END;
	th_called_release(&c);
	return st;
}

static enum th_status
make(struct th_session *ses, const struct th_named *t, struct th_buf *ret)
{
	enum th_status st = t->make(ses, t, ret);

	if (st == TH_OK)
		th_session_say(
		    ses, 1, TH_OK, "made the %s %s", t->word, t->name);
	if (st != TH_END)
		return st;
	/* Somebody else made it meanwhile. */
	if ((st = find(ses, t, ret)) == TH_END)
		st = th_session_fail(ses, TH_EAGAIN,
		    "there is a %s %s already, and it is not listed", t->word,
		    t->name);
	return st;
}

/* Looks and makes, one process at a time: two would make it twice. */
static enum th_status
find_or_make(struct th_session *ses, const struct th_named *t, const char *key,
    struct th_buf *ret)
{
	char lock[300];
	enum th_status st;

	snprintf(lock, sizeof(lock), "%.60s %.200s",
	    th_session_service(ses)->name, th_session_account(ses));
	if ((st = th_session_lock(ses, lock)) != TH_OK)
		return st;
	if ((st = th_session_cache_get(ses, key, ret)) == TH_END) {
		if ((st = find(ses, t, ret)) == TH_END)
			st = make(ses, t, ret);
		if (st == TH_OK)
			st = th_session_cache_put(ses, key, th_buf_str(ret));
	}
	th_session_unlock(ses, lock);
	return st;
}

enum th_status
th_named_id(struct th_session *ses, const struct th_named *t,
    enum th_named_how how, struct th_buf *ret)
{
	struct th_buf key, id;
	enum th_status st;

	th_buf_init(&id, ID_MAX);
	if ((st = make_key(t, &key)) == TH_OK)
		st = th_session_cache_get(ses, key.data, &id);
	if (st == TH_END && how == TH_NAMED_SHOW)
		st = th_buf_adds(&id, t->name); /* a dry run asks nobody */
	else if (st == TH_END && how == TH_NAMED_MAKE)
		st = find_or_make(ses, t, key.data, &id);
	else if (st == TH_END && (st = find(ses, t, &id)) == TH_OK)
		st = th_session_cache_put(ses, key.data, th_buf_str(&id));
	if (st == TH_OK)
		st = th_buf_add(ret, id.data, id.len);
	th_buf_release(&id);
	th_buf_release(&key);
	if (st == TH_END)
		return th_session_fail(
		    ses, TH_EUNAVAIL, "no such %s: %s", t->word, t->name);
	return st;
}

void
th_named_forget(struct th_session *ses, const struct th_named *t)
{
	struct th_buf key;

	if (make_key(t, &key) == TH_OK)
		th_session_cache_put(ses, key.data, (struct th_str){ "", 0 });
	th_buf_release(&key);
}
