/* search_elastic_pause -- leaves an engine alone while it is away */
#include <inttypes.h>

#include "search_elastic.h"

/* Seconds before an engine that was away is asked again. */
#define WAIT_MIN 60
#define WAIT_MAX 3600

static int64_t
get_number(struct th_elastic *e, const char *key)
{
	struct th_buf b;
	int64_t n = 0;

	th_buf_init(&b, 64);
	if (th_docs_get(e->docs, key, &b, NULL) == TH_OK)
		th_int_parse(th_buf_str(&b), &n);
	th_buf_release(&b);
	return n;
}

static enum th_status
set_number(struct th_elastic *e, const char *key, int64_t n, struct th_err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, n);
	return th_docs_set(e->docs, key, th_str(text), err);
}

/* After so many failures in a row it is asked again later each time. */
static void
put_off(struct th_elastic *e, const struct th_err *err)
{
	int64_t wait = get_number(e, "wait") * 2, at;

	wait = wait < WAIT_MIN ? WAIT_MIN : wait > WAIT_MAX ? WAIT_MAX : wait;
	at = th_now() + wait;
	if (err->retry_at > at && err->retry_at < at + WAIT_MAX)
		at = err->retry_at;
	if (set_number(e, "wait", wait, NULL) == TH_OK &&
	    th_docs_set(e->docs, "why", th_str(err->text), NULL) == TH_OK)
		set_number(e, "retry_at", at, NULL);
}

/* Why it is left alone, as it was told then. */
static enum th_status
still_away(struct th_elastic *e, struct th_err *err)
{
	struct th_buf why;

	th_buf_init(&why, TH_LINE_MAX);
	if (th_docs_get(e->docs, "why", &why, NULL) != TH_OK)
		th_buf_adds(&why, "search: the server was not there");
	th_fail(err, TH_EAGAIN, "%s a while ago", th_buf_str(&why).s);
	th_buf_release(&why);
	return TH_EAGAIN;
}

enum th_status
th_elastic_resume(struct th_elastic *e, struct th_err *err)
{
	return set_number(e, "retry_at", 0, err);
}

static enum th_status
any(void *ctx, const struct th_pending *p)
{
	(void)ctx;
	(void)p;
	return TH_OK;
}

enum th_status
th_elastic_flush(struct th_elastic *e, bool now, struct th_err *err)
{
	const int64_t time = th_now(), at = get_number(e, "retry_at");
	struct th_err own = { 0 };
	enum th_status st;

	if (err == NULL)
		err = &own;
	st = th_docs_pending(e->docs, 0, 1, any, NULL, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	if (!now && at > time && at <= time + 2 * WAIT_MAX)
		return still_away(e, err);
	st = th_elastic_send(e, err);
	if (st == TH_EAGAIN) {
		/* Who asks often is not to make others wait longer. */
		if (!now || at <= time)
			put_off(e, err);
	} else if ((st == TH_OK || st == TH_EREFUSED) && at != 0) {
		th_elastic_resume(e, NULL);
		set_number(e, "wait", 0, NULL);
	}
	return st;
}
