/* limit -- never too fast: windows, back-off, pauses asked for */
#include <inttypes.h>

#include "priv.h"

#define BACKOFF_MAX 3600
#define LIMITS ":limits" /* the state that they are kept in */
#define LIMIT_MAX ((size_t)256)
#define CLOCK_SLACK 60 /* seconds that clocks of machines may differ */

/* In milliseconds inside, so that a burst within a second is told apart. */
static int64_t
window_ms(const struct th_limit *limit)
{
	return limit->window > INT64_MAX / 4000 ? INT64_MAX / 4
						: limit->window * 1000;
}

/* The first whole second at which the window has room. */
static int64_t
up_to_second(int64_t ms)
{
	return ms / 1000 + (ms % 1000 > 0);
}

enum th_status
th_limit_take(struct th_store *s, const char *key, const struct th_limit *limit,
    int64_t *token, int64_t *next, struct th_err *err)
{
	enum th_status st;
	int64_t ms = 0;

	*next = 0;
	if (limit->n <= 0)
		return TH_END;
	st = s->ops->limit_take(
	    s, key, limit->n, window_ms(limit), th_now_ms(), token, &ms, err);
	*next = up_to_second(ms);
	return st;
}

enum th_status
th_limit_give(
    struct th_store *s, const char *key, int64_t token, struct th_err *err)
{
	return s->ops->limit_give(s, key, token, err);
}

enum th_status
th_limit_look(struct th_store *s, const char *key, const struct th_limit *limit,
    int64_t *ret, int64_t *next, struct th_err *err)
{
	enum th_status st;
	int64_t ms = 0;

	*ret = *next = 0;
	if (limit->n <= 0)
		return TH_OK;
	st = s->ops->limit_look(
	    s, key, limit->n, window_ms(limit), th_now_ms(), ret, &ms, err);
	*next = up_to_second(ms);
	return st;
}

/* What is kept of a queue; TH_END: nothing. */
static enum th_status
recall(struct th_store *s, const char *queue, struct th_state **state,
    struct th_buf *ret, struct th_err *err)
{
	enum th_status st;

	th_buf_init(ret, LIMIT_MAX);
	st = th_state_open(s, LIMITS, NULL, state, err);
	return st == TH_OK ? th_state_get(*state, queue, ret, err) : st;
}

enum th_status
th_limit_keep(struct th_store *s, const char *queue,
    const struct th_limit *limit, struct th_err *err)
{
	struct th_state *state = NULL;
	struct th_buf was, is;
	enum th_status st;

	th_buf_init(&is, LIMIT_MAX);
	st = recall(s, queue, &state, &was, err);
	if (st == TH_END)
		st = TH_OK;
	if (st == TH_OK && limit != NULL)
		st = th_limit_format(limit, &is);
	if (st == TH_OK &&
	    !th_str_is(th_buf_str(&was), is.len > 0 ? is.data : "")) {
		st = th_state_put(state, queue, th_buf_str(&is), err);
		if (st == TH_OK)
			st = th_state_commit(state, err);
	}
	th_state_free(state);
	th_buf_release(&was);
	th_buf_release(&is);
	return st;
}

enum th_status
th_limit_known(struct th_store *s, const char *queue, struct th_limit *ret,
    struct th_err *err)
{
	struct th_state *state = NULL;
	struct th_buf text;
	enum th_status st;

	st = recall(s, queue, &state, &text, err);
	if (st == TH_OK)
		st = th_limit_parse(text.data, ret, err);
	th_state_free(state);
	th_buf_release(&text);
	return st;
}

enum th_status
th_limit_format(const struct th_limit *limit, struct th_buf *ret)
{
	th_buf_addf(ret, "%" PRId64, limit->n);
	if (limit->n == 0)
		return ret->status;
	th_buf_addc(ret, '/');
	return th_duration_format(limit->window, ret);
}

int64_t
th_backoff(int64_t tries)
{
	const int64_t shift = tries < 1 ? 1 : tries > 12 ? 12 : tries;
	int64_t most = (int64_t)1 << shift;
	uint32_t chance = 0;

	if (most > BACKOFF_MAX)
		most = BACKOFF_MAX;
	/* Without chance the wait is whole, which is right too. */
	if (th_random(&chance, sizeof(chance)) != TH_OK)
		chance = 0;
	return most - (int64_t)(chance % (uint64_t)(most / 2 + 1));
}

enum th_status
th_pause_set(
    struct th_store *s, const char *key, int64_t until, struct th_err *err)
{
	return s->ops->pause_set(s, key, until, th_now(), err);
}

enum th_status
th_pause_queue_key(const char *queue, struct th_buf *ret)
{
	th_buf_adds(ret, "queue ");
	return th_buf_adds(ret, queue);
}

enum th_status
th_pause_get(
    struct th_store *s, const char *key, int64_t *ret, struct th_err *err)
{
	const int64_t now = th_now();
	int64_t until = 0, since = 0;
	enum th_status st;

	st = s->ops->pause_get(s, key, &until, &since, err);
	/* Set in the future: the clock has been put back since. */
	*ret = st == TH_OK && until > now && since <= now + CLOCK_SLACK ? until
									: 0;
	return st == TH_END ? TH_OK : st;
}
