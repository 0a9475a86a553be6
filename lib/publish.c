/* publish -- draining a queue: claims within limits, and what became of items
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "publish.h"

#define LEASE 300 /* seconds; renewed when RENEW of them are over */
#define RENEW 100
#define MARGIN 30 /* a lease this near to its end is none */
#define UNAVAILABLE_MAX                                                        \
	3            /* items in a row without an answer: it is not there */
#define FAILED_MAX 5 /* items in a row put off: it is not well */
#define TOO_MANY_REQUESTS 429
#define PAYMENT_REQUIRED 402
#define BAD_GATEWAY 502
#define GATEWAY_TIMEOUT 504

/* ---- limits ---- */

static void
queue_limit_key(const struct th_publisher *p, struct th_buf *ret)
{
	th_buf_init(ret, TH_LINE_MAX);
	th_pause_queue_key(p->queue_name, ret);
}

/* Counts one more on a limit.  TH_END: it is full, which ends the run. */
static enum th_status
take(struct run *r, const struct th_limit *limit, const char *key,
    int64_t *token)
{
	enum th_status st;
	int64_t next;

	if (limit == NULL)
		return TH_OK;
	st = th_limit_take(r->p->store, key, limit, token, &next, r->err);
	if (st != TH_END)
		return st;
	r->p->full = limit;
	r->p->next = next;
	return st;
}

/* Takes back what was counted for an item that was not sent after all. */
static void
give_back(struct run *r, const int64_t token[2])
{
	struct th_buf key;

	if (r->p->limit != NULL && token[0] != 0)
		th_limit_give(r->p->store, r->p->account, token[0], NULL);
	if (r->p->own == NULL || token[1] == 0)
		return;
	queue_limit_key(r->p, &key);
	if (key.status == TH_OK)
		th_limit_give(r->p->store, key.data, token[1], NULL);
	th_buf_release(&key);
}

static enum th_status
take_both(struct run *r, int64_t token[2])
{
	enum th_status st;
	struct th_buf key;

	token[0] = token[1] = 0;
	st = take(r, r->p->limit, r->p->account, &token[0]);
	if (st != TH_OK || r->p->own == NULL)
		return st;
	queue_limit_key(r->p, &key);
	st = key.status == TH_OK ? take(r, r->p->own, key.data, &token[1])
				 : key.status;
	th_buf_release(&key);
	if (st != TH_OK)
		give_back(r, token);
	return st;
}

/* For those who will ask why the items wait. */
static enum th_status
keep_limit(const struct th_publisher *p, struct th_err *err)
{
	if (p->own != NULL && p->full != p->own)
		return TH_OK;
	return th_limit_keep(p->store, p->queue_name, p->own, err);
}

/* ---- settling ---- */

void
th_run_stop(struct run *r, enum th_status st)
{
	if (st > r->stop)
		r->stop = st;
}

static enum th_status
settle(struct slot *s, const struct th_outcome *o)
{
	struct run *r = s->run;
	enum th_status st;

	st = th_queue_settle(r->p->queue, &s->lease.hash, o, r->err);
	if (st == TH_OK || st == TH_END)
		return st;
	if (o->state == TH_Q_PUBLISHED)
		th_session_say(r->p->session, 0, st,
		    "%.*s: was sent, but that could not be written down",
		    (int)s->d.id.len, s->d.id.s);
	th_run_stop(r, st);
	return st;
}

/* The receipt goes out as soon as it is true. */
static void
hand_out(struct slot *s, int64_t date)
{
	struct th_publisher *p = s->run->p;
	struct th_receipt_view view = { 0 };
	struct th_buf json, line;
	enum th_status st;

	th_buf_init(&json, TH_LINE_MAX);
	th_buf_init(&line, TH_LINE_MAX * 2);
	view.service = th_str(p->service->name);
	view.account = th_str(p->account_name);
	view.id = th_str(s->d.receipt.id);
	view.url = th_str(s->d.receipt.url);
	st = th_receipt_json(&view, date, &json);
	if (st == TH_OK)
		st = th_item_append(&s->item, "_published", th_buf_str(&json));
	if (st == TH_OK)
		st = th_item_line(&s->item, &line);
	if (st == TH_OK)
		st = p->receipt(p->ctx, th_buf_str(&line));
	if (st != TH_OK)
		th_run_stop(
		    s->run, th_fail(s->run->err, st, "%s", th_strstatus(st)));
	th_buf_release(&json);
	th_buf_release(&line);
}

static void
published(struct slot *s)
{
	struct run *r = s->run;
	struct th_outcome o = { .state = TH_Q_PUBLISHED };
	enum th_status st;

	o.owner = r->owner;
	o.id = s->d.receipt.id;
	o.url = s->d.receipt.url;
	o.item = &s->item;
	o.date = th_now();
	r->unavailable = r->failed = 0;
	st = settle(s, &o);
	if (st != TH_OK && st != TH_END)
		return;
	r->p->published++;
	if (s->lease.doubtful && s->unsafe)
		th_session_say(r->p->session, 0, TH_OK,
		    "%.*s: may have been sent before: who sent it then did not "
		    "live to tell",
		    (int)s->d.id.len, s->d.id.s);
	hand_out(s, o.date);
}

static void
refused(struct slot *s, const char *reason)
{
	struct run *r = s->run;
	struct th_outcome o = { .state = TH_Q_REFUSED };
	enum th_status st;

	o.owner = r->owner;
	o.reason = th_str(reason);
	o.doubtful = s->lease.doubtful || s->d.doubtful || s->maybe;
	st = settle(s, &o);
	if (st != TH_OK)
		return;
	r->p->refused++;
	th_session_say(r->p->session, 0, TH_EREFUSED, "%.*s: refused: %s",
	    (int)s->d.id.len, s->d.id.s, reason);
}

/* Puts it off.  due 0: it may be tried again at once. */
static void
put_off(struct slot *s, const char *reason, int64_t due, bool tried)
{
	struct run *r = s->run;
	struct th_outcome o = { .state = TH_Q_WAITING };

	o.owner = r->owner;
	o.reason = th_str(reason);
	o.due = due;
	o.tried = tried;
	o.doubtful = s->lease.doubtful || s->d.doubtful || s->maybe;
	settle(s, &o);
	if (!s->asked)
		give_back(r, s->token);
}

/* The service asked to be left alone: all processes obey, this one stops. */
static void
pause_place(struct run *r, int64_t until, const char *reason)
{
	struct th_publisher *p = r->p;
	enum th_status st;
	struct th_buf key;

	st = th_pause_set(p->store, p->place, until, r->err);
	/* Who explains the queue does not know where it leads. */
	if (st == TH_OK && strcmp(p->place, p->account) != 0) {
		th_buf_init(&key, TH_LINE_MAX);
		st = th_pause_queue_key(p->queue_name, &key);
		if (st == TH_OK)
			st = th_pause_set(p->store, key.data, until, r->err);
		th_buf_release(&key);
	}
	if (p->next == 0)
		p->next = until;
	if (st == TH_OK)
		st = th_fail(r->err, TH_EAGAIN, "%s", reason);
	th_run_stop(r, st);
}

static void
failed(struct slot *s, enum th_status st, const char *reason, int64_t retry_at,
    bool pause)
{
	struct run *r = s->run;
	struct th_publisher *p = r->p;
	int64_t now = th_now(), due;
	char text[600];

	if (p->retries >= 0 && s->lease.tries >= p->retries) {
		snprintf(text, sizeof(text),
		    "given up after %" PRId64 " attempts: %s",
		    s->lease.tries + 1, reason);
		refused(s, text);
		return;
	}
	due = now + th_backoff(s->lease.tries + 1);
	if (retry_at > due)
		due = retry_at;
	p->failed++;
	th_session_say(p->session, 0, TH_EAGAIN, "%.*s: waits: %s",
	    (int)s->d.id.len, s->d.id.s, reason);
	put_off(s, reason, due, true);
	r->failed++;
	r->unavailable = st == TH_EUNAVAIL ? r->unavailable + 1 : 0;
	if (pause && (retry_at > now || s->code == TOO_MANY_REQUESTS))
		pause_place(r, due, reason);
	else if (r->unavailable >= UNAVAILABLE_MAX || r->failed >= FAILED_MAX)
		th_run_stop(
		    r, th_fail(r->err, TH_EAGAIN,
			   "%s is left alone for now: %s", p->account, reason));
}

/* What the run cannot go on with; the item is not to blame and waits. */
static void
ended(struct slot *s, enum th_status st, const char *reason)
{
	put_off(s, reason, 0, false);
	th_run_stop(s->run, th_fail(s->run->err, st, "%s", reason));
}

void
th_slot_conclude(struct slot *s, enum th_status st, const char *reason,
    int64_t retry_at, bool pause)
{
	char text[512];

	/* The session's sentence will be another's before we are done. */
	snprintf(text, sizeof(text), "%s", reason);
	if (text[0] == '\0')
		snprintf(text, sizeof(text), "%s", th_strstatus(st));
	if (s->code == BAD_GATEWAY || s->code == GATEWAY_TIMEOUT)
		s->maybe = true;
	switch (st) {
	case TH_END: published(s); break;
	case TH_EREFUSED:
	case TH_EDATA:
		if (s->code == PAYMENT_REQUIRED)
			ended(s, TH_EAGAIN, text);
		else
			refused(s, text);
		break;
	case TH_EUNAVAIL:
	case TH_EAGAIN:
		if (th_interrupted && s->code == 0)
			ended(s, TH_EAGAIN, "interrupted");
		else
			failed(s, st, text, retry_at, pause);
		break;
	default: ended(s, st == TH_OK ? TH_EBUG : st, text);
	}
}

void
th_slot_release(struct slot *s)
{
	th_delivery_release(&s->d);
	th_delivery_text_release(&s->room);
	s->state = FREE;
	s->run->busy--;
}

bool
th_slot_hold(struct slot *s)
{
	struct run *r = s->run;
	int64_t passed = th_steady_ms() - s->lease.beat;
	enum th_status st;

	if (passed < (int64_t)RENEW * 1000)
		return true;
	st = th_queue_renew(r->p->queue, &s->lease, r->owner, LEASE, NULL);
	/* A store that does not answer may have let another in, later. */
	return st == TH_OK ||
	       (st != TH_END && passed < (int64_t)(LEASE - MARGIN) * 1000);
}

void
th_slot_lose(struct slot *s)
{
	th_session_say(s->run->p->session, 0, TH_OK,
	    "%.*s: was leased for too long, and is left to another",
	    (int)s->d.id.len, s->d.id.s);
	if (!s->asked)
		give_back(s->run, s->token);
	th_slot_release(s);
}

bool
th_slot_open(struct slot *s)
{
	struct run *r = s->run;
	struct th_err err = { 0 };
	enum th_status st;

	r->busy++;
	s->code = 0;
	s->maybe = s->asked = s->unsafe = false;
	st = th_item_parse(&s->item, th_buf_str(&s->lease.line), &err);
	if (st == TH_OK)
		st = th_delivery_fill(&s->d, &s->room, r->p, &s->item, &err);
	s->d.doubtful = s->lease.doubtful;
	if (st == TH_OK)
		return true;
	th_slot_conclude(s, st, err.text, 0, false);
	th_slot_release(s);
	return false;
}

/* Claims one item into a slot.  TH_END: none, for a limit or for want of one.
 */
enum th_status
th_slot_claim(struct slot *s)
{
	struct run *r = s->run;
	struct th_claim c = { 0 };
	enum th_status st;

	if (r->p->max_items > 0 && r->begun >= r->p->max_items)
		return TH_END;
	if ((st = take_both(r, s->token)) != TH_OK)
		return st;
	c.owner = r->owner;
	c.seconds = LEASE;
	c.max_age = r->p->max_age;
	c.in_order = r->p->in_order;
	st = th_queue_claim(r->p->queue, &c, &s->lease, r->err);
	r->p->expired += c.expired;
	r->p->due = st == TH_END ? s->lease.next : 0;
	if (st != TH_OK)
		give_back(r, s->token);
	else
		r->begun++;
	return st;
}

static enum th_status
run_init(struct run *r)
{
	size_t i;

	r->nslots = r->p->pipe != NULL   ? TH_PIPE_BATCH
		    : r->p->parallel > 1 ? (size_t)r->p->parallel
					 : 1;
	r->slot = th_calloc(r->nslots, sizeof(*r->slot));
	if (r->slot == NULL)
		return th_fail(r->err, TH_ENOMEM, "out of memory");
	for (i = 0; i < r->nslots; i++) {
		r->slot[i].run = r;
		th_lease_init(&r->slot[i].lease);
		th_item_init(&r->slot[i].item);
	}
	th_owner(r->owner);
	return TH_OK;
}

enum th_status
th_publish_run(struct th_publisher *p, struct th_err *err)
{
	struct run r = { .p = p, .err = err };
	struct th_err none;
	enum th_status st;
	int64_t until;
	size_t i;

	if (r.err == NULL)
		r.err = &none;
	if ((st = th_pause_get(p->store, p->place, &until, r.err)) != TH_OK)
		return st;
	if (until != 0) {
		p->next = until;
		return th_fail(r.err, TH_EAGAIN, "the service asked to wait");
	}
	if ((st = th_queue_reclaim(p->queue, r.err)) != TH_OK ||
	    (st = run_init(&r)) != TH_OK)
		return st;
	if (p->pipe != NULL)
		th_run_pipe(&r);
	else
		th_run_http(&r);
	for (i = 0; i < r.nslots; i++) {
		th_item_release(&r.slot[i].item);
		th_lease_release(&r.slot[i].lease);
	}
	free(r.slot);
	if (r.stop <= TH_END && (st = keep_limit(p, r.err)) != TH_OK)
		return st;
	return r.stop;
}
