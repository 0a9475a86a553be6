/* trigger-facts -- what is wrong with a trigger, in words, and what to do */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"

void
trigger_failed(int64_t n, char ret[TRIGGER_CELL])
{
	if (n == 1)
		snprintf(ret, TRIGGER_CELL, "failed once");
	else
		snprintf(
		    ret, TRIGGER_CELL, "failed %" PRId64 " times in a row", n);
}

void
trigger_say_vacation(void)
{
	char from[TRIGGER_CELL] = "", until[TRIGGER_CELL] = "";
	struct cmd_vacation v;

	if (!cmd_vacation_read(&v) || v.until <= th_now())
		return;
	if (v.from != INT64_MIN)
		cmd_clock(v.from, from);
	if (v.until != INT64_MAX)
		cmd_clock(v.until, until);
	cmd_say(0, "vacation%s%s%s%s: nothing runs%s",
	    from[0] != '\0' ? " from " : "", from,
	    until[0] != '\0' ? " until " : "", until, v.now ? "" : " then");
}

/* ---- what waits ---- */

struct tally {
	struct triggers *c;
	struct trigger_facts *f;
};

static void
count_queue(void *ctx, struct th_str key, const struct th_value *v)
{
	struct tally *t = ctx;
	struct th_queue_counts n;
	struct th_queue *q;
	struct th_buf name;

	(void)key;
	th_buf_init(&name, 8192);
	if (th_value_text(v, &name) == TH_OK && name.len > 0 &&
	    th_queue_new(t->c->store, name.data, "", "", &q, NULL) == TH_OK) {
		if (th_queue_count(q, TH_Q_OUTBOX, &n, NULL) == TH_OK) {
			t->f->waiting += n.n[TH_Q_WAITING] + n.n[TH_Q_LEASED];
			t->f->held += n.n[TH_Q_HELD];
			t->f->refused += n.n[TH_Q_REFUSED];
			if (n.next != 0 &&
			    (t->f->due == 0 || n.next < t->f->due))
				t->f->due = n.next;
		}
		th_queue_free(q);
	}
	th_buf_release(&name);
}

/* ---- what to do ---- */

/* True of one that is disabled, too: what follows then is how to enable it. */
static const struct {
	int code;
	const char *advice;
} by_code[] = {
	{ 64, "mend the command line; th-trigger check NAME shows where" },
	{ 65, "look at the messages: th-trigger log NAME; refused items: "
	      "th-queue show QUEUE" },
	{ 69, "wait until the service is back, or look at the address" },
	{ 73, "see that its output can be written" },
	{ 74, "see that its files can be read and written, and the disk is not "
	      "full" },
	{ 75, "wait; th-trigger log NAME shows what for" },
	{ 77, "log in again: th-auth login SERVICE" },
	{ 78, "mend the configuration as the message says" },
	{ 126, "th-trigger check NAME tells what keeps it from starting" },
	{ 127, "a command is not there; th-trigger check NAME names it" },
};

/* With the trigger's name for NAME. */
static void
fill(char *ret, size_t size, const char *advice, const char *name)
{
	const char *at = strstr(advice, "NAME");

	if (at == NULL)
		snprintf(ret, size, "%s", advice);
	else
		snprintf(ret, size, "%.*s%s%s", (int)(at - advice), advice,
		    name, at + 4);
}

static void
advise(struct trigger_facts *f, const struct trigger *t,
    const struct th_value *last)
{
	int64_t code = trigger_int(last, "exit");
	size_t i;

	if (strcmp(f->last_status, "timed out") == 0) {
		snprintf(f->advice, sizeof(f->advice),
		    "find what hangs with th-trigger log %s, or give it more "
		    "time in its header",
		    t->name);
		return;
	}
	for (i = 0; i < sizeof(by_code) / sizeof(*by_code); i++)
		if (by_code[i].code == code)
			fill(f->advice, sizeof(f->advice), by_code[i].advice,
			    t->name);
	if (f->advice[0] == '\0')
		snprintf(f->advice, sizeof(f->advice),
		    "look at the messages: th-trigger log %s", t->name);
}

static void
look_at_last(const struct trigger *t, struct trigger_facts *f)
{
	struct th_value last;

	if (!trigger_last(&t->record, &last))
		return;
	f->last_run = trigger_int(&last, "start");
	f->last_ms = trigger_int(&last, "ms");
	trigger_text(&last, "status", f->last_status, sizeof(f->last_status));
	if (strcmp(f->last_status, "ok") == 0)
		return;
	trigger_text(&last, "why", f->why, sizeof(f->why));
	if (t->record.failures > 0)
		advise(f, t, &last);
}

/* They do not go away by themselves. */
static void
advise_held(struct trigger_facts *f)
{
	snprintf(f->advice, sizeof(f->advice),
	    "th-queue release QUEUE publishes what is held, th-queue drop "
	    "does not");
}

static void
look_at_queues(struct trigger_facts *f)
{
	char at[TRIGGER_CELL];

	if (f->why[0] != '\0')
		return;
	if (f->held > 0) {
		snprintf(f->why, sizeof(f->why),
		    "%" PRId64 " items are held: they look published already",
		    f->held);
		advise_held(f);
	} else if (f->waiting > 0) {
		cmd_clock(f->due, at);
		snprintf(f->why, sizeof(f->why), "%" PRId64 " items wait%s%s",
		    f->waiting,
		    at[0] != '\0' ? ", not before "
				  : " for a publishing limit or the next run",
		    at);
	} else if (f->refused > 0) {
		snprintf(f->why, sizeof(f->why),
		    "%" PRId64 " items were refused", f->refused);
		snprintf(f->advice, sizeof(f->advice),
		    "th-queue show QUEUE tells why; th-queue retry or drop");
	}
}

/* ---- the state ---- */

static void
set_schedule(const struct trigger *t, struct trigger_facts *f)
{
	const struct th_schedule *s = &t->script.schedule;
	struct th_buf b;

	th_buf_init(&b, TRIGGER_CELL);
	if (s->kind == TH_SCHEDULE_EVERY)
		th_duration_format(s->every, &b);
	snprintf(f->schedule, sizeof(f->schedule), "%s%s",
	    s->kind == TH_SCHEDULE_EVERY  ? "every "
	    : s->kind == TH_SCHEDULE_CRON ? t->script.cron
					  : "by hand",
	    b.data != NULL ? b.data : "");
	th_buf_release(&b);
}

static void
set_state(const struct trigger *t, struct trigger_facts *f)
{
	f->running = t->record.running[0] != '\0' &&
		     th_owner_life(t->record.owner) != TH_OWNER_DEAD;
	f->state = "on";
	if (f->running)
		f->state = "running";
	else if (t->record.disabled)
		f->state = "off";
	else if (t->record.failures > 0)
		f->state = "failing";
}

static void
explain_off(const struct trigger *t, struct trigger_facts *f)
{
	if (strcmp(t->record.by, "failures") != 0)
		return;
	snprintf(f->advice + strlen(f->advice),
	    sizeof(f->advice) - strlen(f->advice),
	    "%sthen th-trigger enable %s", f->advice[0] != '\0' ? "; " : "",
	    t->name);
}

void
trigger_facts(
    struct triggers *c, const struct trigger *t, struct trigger_facts *ret)
{
	struct tally tally = { c, ret };

	*ret = (struct trigger_facts){ 0 };
	set_state(t, ret);
	set_schedule(t, ret);
	look_at_last(t, ret);
	trigger_each(&t->record.queues, count_queue, &tally);
	ret->next = trigger_next(t, th_now());
	if (t->broken) {
		snprintf(ret->why, sizeof(ret->why), "%s", t->problem.text);
		cmd_disarm(ret->why);
		snprintf(ret->advice, sizeof(ret->advice), "th-trigger edit %s",
		    t->name);
	}
	if (ret->held > 0 && ret->why[0] != '\0')
		advise_held(ret);
	if (!t->record.disabled)
		look_at_queues(ret);
	else
		explain_off(t, ret);
}
