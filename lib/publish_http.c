/* publish_http -- draining a queue through a service that answers over HTTP */
#include "publish.h"

#define STEPS_MAX 64 /* requests that one item may take */

/* ---- one item ---- */

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
	if (st == TH_ENOMEM)
		th_session_fail(p->session, st, "%s", th_strstatus(st));
	th_slot_conclude(s, st, err->text,
	    s->d.retry_at != 0 ? s->d.retry_at : err->retry_at, true);
	th_slot_release(s);
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
	th_slot_conclude(s, st, err->text, err->retry_at, true);
	th_slot_release(s);
}

static void
send(struct slot *s)
{
	const struct th_transfer t = { .done = on_done, .ctx = s };
	struct run *r = s->run;
	struct th_err err = { 0 };
	enum th_status st;

	if (!th_slot_hold(s)) {
		th_slot_lose(s);
		return;
	}
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
	th_slot_conclude(s, st, err.text, 0, true);
	th_slot_release(s);
}

/* An item has been claimed: lets the service begin. */
static void
begin(struct slot *s)
{
	if (!th_slot_open(s))
		return;
	if (!th_slot_hold(s)) {
		th_slot_lose(s);
		return;
	}
	/* What is done here and now is as good as a request. */
	s->asked = s->run->p->service->local;
	step(s, NULL);
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
		st = th_slot_claim(&r->slot[i]);
		if (st == TH_END)
			break;
		if (st != TH_OK) {
			th_run_stop(r, st);
			break;
		}
		any = true;
		begin(&r->slot[i]);
	}
	return any;
}

/* An answer may take its time. */
static void
hold_all(void *ctx)
{
	struct run *r = ctx;
	size_t i;

	for (i = 0; i < r->nslots; i++)
		if (r->slot[i].state == SENDING)
			th_slot_hold(&r->slot[i]);
}

void
th_run_http(struct run *r)
{
	struct th_http_options *opt = th_session_http_options(r->p->session);
	enum th_status st;
	size_t i;

	opt->tick = hold_all;
	opt->tick_ctx = r;

	/* An item may take several rounds, so the end is seen before a round.
	 */
	while (fill(r) || r->busy > 0) {
		for (i = 0; i < r->nslots; i++)
			if (r->slot[i].state == TO_SEND)
				send(&r->slot[i]);
		if (r->sending == 0)
			continue;
		st = th_http_run(r->http, r->sending - 1, r->err);
		if (st != TH_OK && !th_interrupted)
			th_run_stop(r, st);
	}
	if (th_interrupted)
		th_run_stop(r, th_fail(r->err, TH_EAGAIN, "interrupted"));
}
