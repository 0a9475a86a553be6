/* publish -- draining a queue: claim, send, settle, hand out the receipt */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define LEASE 900    /* seconds; what is sent takes far less */
#define STEPS_MAX 64 /* requests that one item may take */
#define UNAVAILABLE_MAX                                                        \
	3            /* items in a row without an answer: it is not there */
#define FAILED_MAX 5 /* items in a row put off: it is not well */
#define TOO_MANY_REQUESTS 429
#define PAYMENT_REQUIRED 402
#define BAD_GATEWAY 502
#define GATEWAY_TIMEOUT 504

/* One item in hand. */
struct slot {
	struct run *run;
	struct th_lease lease;
	struct th_item item;
	struct th_delivery d;
	struct th_delivery_text room;
	int64_t token[2]; /* of the account's limit, of the queue's */
	long code;        /* of the last answer; 0: none yet */
	bool maybe;       /* no answer, yet it may have arrived */
	bool asked;       /* a request has been sent */
	bool unsafe;      /* one of them is not harmless when repeated */
	enum { FREE, TO_SEND, SENDING } state;
};

struct run {
	struct th_publisher *p;
	struct slot *slot;
	size_t nslots, busy, sending;
	struct th_http *http;
	char owner[TH_OWNER_SIZE];
	int unavailable, failed; /* in a row */
	enum th_status stop;     /* not TH_OK: claims no more */
	struct th_err *err;
};

void
th_delivery_text_release(struct th_delivery_text *t)
{
	th_buf_release(&t->id);
	th_buf_release(&t->title);
	th_buf_release(&t->text);
	th_buf_release(&t->key);
}

void
th_delivery_release(struct th_delivery *d)
{
	th_request_release(&d->request);
	th_buf_release(&d->memo);
	free(d->receipt.id);
	free(d->receipt.url);
	*d = (struct th_delivery){ 0 };
}

static enum th_status
fill_title(struct th_delivery_text *room, const struct th_publisher *p,
    const struct th_item *it, struct th_err *err)
{
	enum th_status st;

	if (p->title != NULL)
		return th_template_expand(
		    p->title, it, NULL, &room->title, err);
	st = th_item_text(it, "title", &room->title);
	if (st == TH_END || (st == TH_OK && room->title.len == 0))
		st = th_item_text(it, "url", &room->title);
	return st == TH_END ? TH_OK : st;
}

/* The same for every attempt, different in every queue. */
static enum th_status
fill_key(struct th_buf *key, const char *queue, struct th_str id)
{
	struct th_hash h;

	th_buf_adds(key, queue);
	th_buf_addc(key, '\n');
	if (th_buf_add(key, id.s, id.len) != TH_OK)
		return key->status;
	h = th_hash(th_buf_str(key));
	th_buf_clear(key);
	return th_hex_encode(
	    (struct th_str){ (const char *)h.byte, sizeof(h.byte) }, key);
}

enum th_status
th_delivery_fill(struct th_delivery *d, struct th_delivery_text *room,
    const struct th_publisher *p, const struct th_item *it, struct th_err *err)
{
	enum th_status st;

	*d = (struct th_delivery){ 0 };
	th_request_init(&d->request);
	th_buf_init(&d->memo, TH_LINE_MAX);
	th_buf_init(&room->id, TH_LINE_MAX);
	th_buf_init(&room->title, TH_LINE_MAX);
	th_buf_init(&room->text, TH_LINE_MAX);
	th_buf_init(&room->key, TH_LINE_MAX * 2);
	d->item = it;
	st = th_item_text(it, "id", &room->id);
	if (st == TH_END)
		return th_fail(err, TH_EDATA, "an item without an id");
	if (st == TH_OK)
		st = fill_title(room, p, it, err);
	if (st == TH_OK && p->text != NULL)
		st = th_template_expand(p->text, it, NULL, &room->text, err);
	if (st == TH_OK)
		st = fill_key(&room->key, p->queue_name, th_buf_str(&room->id));
	if (st != TH_OK)
		return th_fail(err, st, "%s", th_strstatus(st));
	d->id = th_buf_str(&room->id);
	d->title = th_buf_str(&room->title);
	d->key = th_buf_str(&room->key);
	if (p->text != NULL)
		d->text =
		    room->text.len > 0 ? th_buf_str(&room->text) : TH_STR("");
	return TH_OK;
}

/* ---- limits -----------------------------------------------------------------
 */

static void
queue_limit_key(const struct th_publisher *p, struct th_buf *ret)
{
	th_buf_init(ret, TH_LINE_MAX);
	th_buf_adds(ret, "queue ");
	th_buf_adds(ret, p->queue_name);
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

/* ---- settling
 * ---------------------------------------------------------------- */

static void
stop(struct run *r, enum th_status st)
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
	stop(r, st);
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
	view.account = th_str(th_session_account(p->session));
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
		stop(s->run, th_fail(s->run->err, st, "%s", th_strstatus(st)));
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
	o.doubtful = s->lease.doubtful || s->maybe;
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
	o.doubtful = s->lease.doubtful || s->maybe;
	settle(s, &o);
	if (!s->asked)
		give_back(r, s->token);
}

/* The service asked to be left alone: all processes obey, this one stops. */
static void
pause_account(struct run *r, int64_t until, const char *reason)
{
	enum th_status st;

	st = th_pause_set(r->p->store, r->p->account, until, r->err);
	if (r->p->next == 0)
		r->p->next = until;
	if (st == TH_OK)
		st = th_fail(r->err, TH_EAGAIN, "%s", reason);
	stop(r, st);
}

static void
failed(struct slot *s, enum th_status st, const char *reason, int64_t retry_at)
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
	if (retry_at > now || s->code == TOO_MANY_REQUESTS)
		pause_account(r, due, reason);
	else if (r->unavailable >= UNAVAILABLE_MAX || r->failed >= FAILED_MAX)
		stop(r, th_fail(r->err, TH_EAGAIN, "%s", reason));
}

/* What the run cannot go on with; the item is not to blame and waits. */
static void
ended(struct slot *s, enum th_status st, const char *reason)
{
	put_off(s, reason, 0, false);
	stop(s->run, th_fail(s->run->err, st, "%s", reason));
}

/* Sorts what the service said of an item. */
static void
conclude(
    struct slot *s, enum th_status st, const char *reason, int64_t retry_at)
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
	case TH_ENOMEM:
		if (th_interrupted && s->code == 0)
			ended(s, TH_EAGAIN, "interrupted");
		else
			failed(s, st, text, retry_at);
		break;
	default: ended(s, st == TH_OK ? TH_EBUG : st, text);
	}
}

static void
release(struct slot *s)
{
	th_delivery_release(&s->d);
	th_delivery_text_release(&s->room);
	s->state = FREE;
	s->run->busy--;
}

/* ---- one item
 * ------------------------------------------------------------------ */

/* Lets the service take a step.  Then a request is to be sent, or it is over.
 */
static void
step(struct slot *s, const struct th_reply *reply)
{
	struct th_publisher *p = s->run->p;
	struct th_err *err = th_session_err(p->session);
	enum th_status st;

	err->text[0] = '\0';
	err->retry_at = 0;
	s->d.retry_at = 0;
	if (reply != NULL) {
		th_request_release(&s->d.request);
		th_request_init(&s->d.request);
	}
	st = p->service->publish(p->session, &s->d, reply);
	if (st == TH_OK && s->d.step < STEPS_MAX && s->d.request.url != NULL) {
		s->state = TO_SEND;
		return;
	}
	if (st == TH_OK)
		st = th_session_fail(p->session, TH_EBUG,
		    "%s: no end to an item", p->service->name);
	conclude(s, st, err->text,
	    s->d.retry_at != 0 ? s->d.retry_at : err->retry_at);
	release(s);
}

static void
on_done(void *ctx, enum th_status st, const struct th_reply *reply,
    const struct th_err *err)
{
	struct slot *s = ctx;

	s->run->sending--;
	s->code = reply != NULL ? reply->code : 0;
	if (st == TH_OK) {
		step(s, reply);
		return;
	}
	s->maybe |= reply != NULL && reply->maybe_processed;
	conclude(s, st, err->text, err->retry_at);
	release(s);
}

static void
send(struct slot *s)
{
	const struct th_transfer t = { .done = on_done, .ctx = s };
	struct run *r = s->run;
	struct th_err err = { 0 };
	enum th_status st;

	s->state = SENDING;
	r->sending++;
	s->asked = true;
	s->unsafe |= !s->d.request.idempotent;
	st = r->http != NULL ? TH_OK : th_session_http(r->p->session, &r->http);
	if (st == TH_OK)
		st = th_http_start(r->http, &s->d.request, &t, &err);
	else
		err = *th_session_err(r->p->session);
	if (st == TH_OK)
		return;
	r->sending--;
	conclude(s, st, err.text, 0);
	release(s);
}

/* An item has been claimed: makes it ready and lets the service begin. */
static void
begin(struct slot *s)
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
	if (st != TH_OK) {
		conclude(s, st, err.text, 0);
		release(s);
		return;
	}
	s->d.doubtful = s->lease.doubtful;
	/* What is done here and now is as good as a request. */
	s->asked = r->p->service->local;
	step(s, NULL);
}

/* Claims one item into a slot.  TH_END: none, for a limit or for want of one.
 */
static enum th_status
claim(struct slot *s)
{
	struct run *r = s->run;
	struct th_claim c = { 0 };
	enum th_status st;

	if ((st = take_both(r, s->token)) != TH_OK)
		return st;
	c.owner = r->owner;
	c.seconds = LEASE;
	c.max_age = r->p->max_age;
	c.in_order = r->p->in_order;
	st = th_queue_claim(r->p->queue, &c, &s->lease, r->err);
	r->p->expired += c.expired;
	if (st != TH_OK)
		give_back(r, s->token);
	return st;
}

/* Fills free slots; false when nothing was claimed. */
static bool
fill(struct run *r)
{
	enum th_status st;
	bool any = false;
	size_t i;

	for (i = 0; i < r->nslots && r->stop == TH_OK; i++) {
		if (r->slot[i].state != FREE || th_interrupted)
			continue;
		st = claim(&r->slot[i]);
		if (st == TH_END)
			break;
		if (st != TH_OK) {
			stop(r, st);
			break;
		}
		any = true;
		begin(&r->slot[i]);
	}
	return any;
}

static void
loop(struct run *r)
{
	enum th_status st;
	bool any;
	size_t i;

	do {
		any = fill(r);
		for (i = 0; i < r->nslots; i++)
			if (r->slot[i].state == TO_SEND)
				send(&r->slot[i]);
		if (r->sending == 0)
			continue;
		st = th_http_run(r->http, r->sending - 1, r->err);
		if (st != TH_OK && !th_interrupted)
			stop(r, st);
	} while (any || r->busy > 0);
	if (th_interrupted)
		stop(r, th_fail(r->err, TH_EAGAIN, "interrupted"));
}

static enum th_status
run_init(struct run *r)
{
	size_t i;

	r->nslots = r->p->parallel > 1 ? (size_t)r->p->parallel : 1;
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
	if ((st = th_pause_get(p->store, p->account, &until, r.err)) != TH_OK)
		return st;
	if (until != 0) {
		p->next = until;
		return th_fail(r.err, TH_EAGAIN, "the service asked to wait");
	}
	if ((st = th_queue_reclaim(p->queue, r.err)) != TH_OK ||
	    (st = run_init(&r)) != TH_OK)
		return st;
	loop(&r);
	for (i = 0; i < r.nslots; i++) {
		th_item_release(&r.slot[i].item);
		th_lease_release(&r.slot[i].lease);
	}
	free(r.slot);
	return r.stop;
}
