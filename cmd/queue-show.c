/* queue-show -- th-queue list, show, explain, stats */
#include <inttypes.h>
#include <string.h>

#include "queue.h"

#define ID_WIDTH 40
#define ALL (TH_Q_OUTBOX | TH_Q_LEDGER)

static void
json_receipt(
    const struct queue_cmd *c, const struct th_entry *e, struct th_buf *ret)
{
	struct th_receipt_view view;
	struct th_buf room;

	th_buf_init(&room, TH_LINE_MAX);
	if (th_receipt_unpack(e->receipt, &room, &view) != TH_OK)
		ret->status = TH_ENOMEM;
	th_json_member(ret, "service",
	    view.service.s != NULL ? view.service : th_str(c->service));
	th_json_member(ret, "account",
	    view.account.s != NULL ? view.account : th_str(c->account));
	th_json_member(ret, "remote_id", view.id);
	th_json_member(ret, "url", view.url);
	th_buf_release(&room);
}

enum th_status
queue_entry_json(const struct queue_cmd *c, const struct th_entry *e,
    bool whole, struct th_buf *ret)
{
	struct th_buf hex;

	th_buf_init(&hex, 4 * TH_HASH_SIZE);
	th_hex_encode(
	    (struct th_str){ (const char *)e->hash.byte, TH_HASH_SIZE }, &hex);
	th_json_open(ret, '{');
	th_json_member(ret, "queue", th_str(th_queue_name(c->q)));
	th_json_member(ret, "id", e->id);
	th_json_member(ret, "hash", th_buf_str(&hex));
	th_json_member(ret, "state", th_str(th_item_state_name(e->state)));
	json_receipt(c, e, ret);
	cmd_json_date(ret, "date", e->date);
	cmd_json_date(ret, "due", e->due);
	if (e->tries != 0)
		th_json_member_int(ret, "tries", e->tries);
	if (e->doubtful)
		th_json_member_bool(ret, "doubtful", true);
	th_json_member(ret, "reason", e->reason);
	th_json_member(ret, "owner", e->owner);
	if (whole && e->line.s != NULL)
		th_json_member_raw(ret, "item", e->line);
	th_buf_release(&hex);
	return th_json_close(ret, '}');
}

/* ---- list and stats ---- */

static void
counts_json(const struct queue_cmd *c, const struct th_queue_counts *n)
{
	struct th_buf b;
	int i;

	th_buf_init(&b, TH_LINE_MAX);
	th_json_open(&b, '{');
	th_json_member(&b, "queue", th_str(th_queue_name(c->q)));
	th_json_member(&b, "service", th_str(c->service));
	th_json_member(&b, "account", th_str(c->account));
	for (i = TH_Q_WAITING; i < TH_Q_STATES; i++)
		th_json_member_int(&b, th_item_state_name(i), n->n[i]);
	th_json_member_int(&b, "doubtful", n->doubtful);
	cmd_json_date(&b, "oldest", n->oldest);
	cmd_json_date(&b, "next", n->next);
	th_json_close(&b, '}');
	cmd_print_line(&b);
}

/* A label's value: backslash, quote and newline escaped. */
static void
add_label(struct th_buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			th_buf_addc(b, '\\');
		th_buf_adds(b, *s == '\n' ? "\\n" : (char[]){ *s, '\0' });
	}
}

/* The lines of one are a group, so they are kept until all queues were seen. */
enum { ITEMS, DOUBTFUL, OLDEST };
static const struct {
	const char *name, *help;
} gauges[QUEUE_GAUGES] = {
	[ITEMS] = { "items", "Items of a queue, by their state." },
	[DOUBTFUL] = { "doubtful", "Items that may be out without a receipt." },
	[OLDEST] = { "oldest_seconds",
	    "Age of the oldest item that waits; 0: none." },
};

static void
add_sample(struct queue_cmd *c, int gauge, const char *state, int64_t value)
{
	struct th_buf *b = &c->gauge[gauge];

	th_buf_addf(b, "triggerhappy_queue_%s{queue=\"", gauges[gauge].name);
	add_label(b, th_queue_name(c->q));
	th_buf_addc(b, '"');
	if (state != NULL)
		th_buf_addf(b, ",state=\"%s\"", state);
	th_buf_addf(b, "} %" PRId64 "\n", value);
}

static void
counts_prometheus(struct queue_cmd *c, const struct th_queue_counts *n)
{
	int i;

	for (i = TH_Q_WAITING; i < TH_Q_STATES; i++)
		add_sample(c, ITEMS, th_item_state_name(i), n->n[i]);
	add_sample(c, DOUBTFUL, NULL, n->doubtful);
	add_sample(c, OLDEST, NULL, n->oldest != 0 ? th_now() - n->oldest : 0);
}

static void
print_gauges(struct queue_cmd *c)
{
	struct th_buf b;
	int i;

	for (i = 0; i < QUEUE_GAUGES; i++) {
		th_buf_init(&b, 1024);
		th_buf_addf(&b,
		    "# HELP triggerhappy_queue_%s %s\n"
		    "# TYPE triggerhappy_queue_%s gauge\n",
		    gauges[i].name, gauges[i].help, gauges[i].name);
		cmd_print(&b);
		cmd_print(&c->gauge[i]);
	}
}

static void
counts_row(const struct queue_cmd *c, const struct th_queue_counts *n)
{
	struct th_buf b;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b,
	    "%8" PRId64 " %6" PRId64 " %6" PRId64 " %8" PRId64 " %8" PRId64
	    " %10" PRId64 "  %s",
	    n->n[TH_Q_WAITING], n->n[TH_Q_LEASED], n->n[TH_Q_HELD],
	    n->n[TH_Q_REFUSED], n->n[TH_Q_EXPIRED], n->n[TH_Q_PUBLISHED],
	    th_queue_name(c->q));
	cmd_print_line(&b);
}

static void
show_counts(struct queue_cmd *c)
{
	struct th_queue_counts n;
	struct th_err err = { 0 };

	cmd_check(th_queue_count(c->q, ALL, &n, &err), &err);
	if (c->prometheus)
		counts_prometheus(c, &n);
	else if (queue_wants_json(c))
		counts_json(c, &n);
	else
		counts_row(c, &n);
}

void
queue_list(struct queue_cmd *c)
{
	c->prometheus = false;
	queue_stats(c);
}

void
queue_stats(struct queue_cmd *c)
{
	int i;

	for (i = 0; i < QUEUE_GAUGES; i++)
		th_buf_init(&c->gauge[i], TH_LINE_MAX);
	if (!c->prometheus && !queue_wants_json(c))
		th_out_line(&cmd_out, TH_STR(" waiting leased   held  refused"
					     "  expired  published  queue"));
	queue_for_each(c, show_counts);
	if (c->prometheus)
		print_gauges(c);
}

/* ---- show ---- */

static enum th_status
show_row(const struct th_entry *e)
{
	char clock[CMD_CLOCK_SIZE];
	enum th_status st;
	struct th_buf b, id;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_init(&id, TH_LINE_MAX);
	cmd_clock(e->due != 0 ? e->due : e->date, clock);
	if (e->id.s != NULL)
		th_text_truncate(e->id, ID_WIDTH, &id);
	else
		th_hex_encode(
		    (struct th_str){ (const char *)e->hash.byte, TH_HASH_SIZE },
		    &id);
	th_buf_addf(&b, "%-9s %16s  %-*s %.*s", th_item_state_name(e->state),
	    clock, ID_WIDTH, id.data != NULL ? id.data : "", (int)e->reason.len,
	    e->reason.s != NULL ? e->reason.s : "");
	st = b.status == TH_OK ? th_out_line(&cmd_out, th_buf_str(&b))
			       : b.status;
	th_buf_release(&b);
	th_buf_release(&id);
	return st;
}

enum th_status
queue_print_entry(void *ctx, const struct th_entry *e)
{
	const struct queue_cmd *c = ctx;
	enum th_status st;
	struct th_buf b;

	th_buf_init(&b, TH_LINE_MAX * 2);
	st = queue_entry_json(c, e, true, &b);
	if (st == TH_OK)
		st = th_out_line(&cmd_out, th_buf_str(&b));
	th_buf_release(&b);
	return st;
}

static enum th_status
show_entry(void *ctx, const struct th_entry *e)
{
	return queue_wants_json(ctx) ? queue_print_entry(ctx, e) : show_row(e);
}

void
queue_show(struct queue_cmd *c)
{
	struct th_err err = { 0 };
	enum th_status st;

	queue_open(c, c->arg[0], NULL, NULL);
	st = th_queue_each(
	    c->q, c->ledger ? ALL : TH_Q_OUTBOX, show_entry, c, &err);
	if (cmd_out.status == TH_OK)
		queue_check(st, &err);
}

/* ---- explain ---- */

/* " (limit 3/15m, next at 2026-11-23 21:15)", when it is full. */
static bool
add_limit(const struct queue_cmd *c, const char *key,
    const struct th_limit *limit, struct th_buf *ret)
{
	char clock[CMD_CLOCK_SIZE];
	int64_t room = 1, next = 0;

	if (th_limit_look(c->store, key, limit, &room, &next, NULL) != TH_OK ||
	    room > 0)
		return false;
	th_buf_adds(ret, " (limit ");
	th_limit_format(limit, ret);
	cmd_clock(next, clock);
	th_buf_addf(ret, next != 0 ? ", next at %s)" : ")%s", clock);
	return true;
}

/* The limit of the account, else that of the queue. */
static void
why_limited(const struct queue_cmd *c, struct th_buf *ret)
{
	const char *queue = th_queue_name(c->q);
	struct th_limit limit;
	struct th_buf key;

	th_buf_init(&key, TH_LINE_MAX);
	th_buf_addf(&key, "%s:%s", c->service, c->account);
	if (key.status == TH_OK &&
	    th_config_limit(c->config, c->service, c->account, &limit) &&
	    add_limit(c, key.data, &limit, ret))
		goto out;
	th_buf_clear(&key);
	if (th_pause_queue_key(queue, &key) == TH_OK &&
	    th_limit_known(c->store, queue, &limit, NULL) == TH_OK)
		add_limit(c, key.data, &limit, ret);
out:
	th_buf_release(&key);
}

/* Why an item that waits is not sent: the first of the things in its way. */
static void
why_waiting(
    const struct queue_cmd *c, const struct th_entry *e, struct th_buf *ret)
{
	char clock[CMD_CLOCK_SIZE];
	struct cmd_vacation away;
	int64_t until = queue_paused(c);

	if (e->due > until)
		until = e->due;
	cmd_clock(until, clock);
	th_buf_adds(ret, "waits");
	if (e->doubtful)
		th_buf_adds(ret, ", may have been sent before");
	if (e->tries > 0)
		th_buf_addf(ret, ", tried %" PRId64 " time%s", e->tries,
		    e->tries == 1 ? "" : "s");
	if (until > th_now())
		th_buf_addf(ret, ", not before %s", clock);
	if (cmd_vacation_read(&away) && away.now) {
		cmd_clock(away.until == INT64_MAX ? 0 : away.until, clock);
		th_buf_addf(ret, ", vacation%s%s",
		    clock[0] != '\0' ? " until " : "", clock);
	}
	if (e->reason.len > 0)
		th_buf_addf(ret, ": %.*s", (int)e->reason.len, e->reason.s);
	if (until <= th_now() && c->service[0] != '\0')
		why_limited(c, ret);
}

static void
explain_state(
    const struct queue_cmd *c, const struct th_entry *e, struct th_buf *ret)
{
	char clock[CMD_CLOCK_SIZE];

	cmd_clock(e->state == TH_Q_LEASED ? e->due : e->date, clock);
	switch (e->state) {
	case TH_Q_WAITING: why_waiting(c, e, ret); return;
	case TH_Q_LEASED:
		th_buf_addf(ret, "is being sent by %.*s, which has until %s",
		    (int)e->owner.len, e->owner.s, clock);
		return;
	case TH_Q_HELD:
		th_buf_adds(ret,
		    "held: its id is new, its url or title was "
		    "published before; th-queue release publishes it");
		return;
	case TH_Q_REFUSED:
		th_buf_addf(
		    ret, "refused: %.*s", (int)e->reason.len, e->reason.s);
		return;
	case TH_Q_EXPIRED:
		th_buf_addf(ret, "expired: had waited since %s", clock);
		return;
	case TH_Q_SEEN:
		th_buf_addf(ret, "marked as seen on %s, not sent", clock);
		return;
	default:
		th_buf_addf(
		    ret, "%s on %s", th_item_state_name(e->state), clock);
	}
}

/* Who took it: " at webhook:default". */
static void
add_place(const struct queue_cmd *c, const struct th_receipt_view *view,
    struct th_buf *ret)
{
	const struct th_str service =
	    view->service.s != NULL ? view->service : th_str(c->service);
	const struct th_str account =
	    view->account.s != NULL ? view->account : th_str(c->account);

	if (service.len > 0)
		th_buf_addf(ret, " at %.*s:%.*s", (int)service.len, service.s,
		    (int)account.len, account.s);
}

static enum th_status
explain_entry(void *ctx, const struct th_entry *found)
{
	const struct queue_cmd *c = ctx;
	struct th_entry e = *found;
	struct th_buf why, b, room;
	struct th_receipt_view view;

	th_buf_init(&why, TH_LINE_MAX);
	th_buf_init(&b, TH_LINE_MAX * 2);
	th_buf_init(&room, TH_LINE_MAX);
	if (e.id.s == NULL) /* the ledger has its hash alone */
		e.id = th_str(c->arg[0]);
	explain_state(c, &e, &why);
	th_receipt_unpack(e.receipt, &room, &view);
	if (e.state == TH_Q_PUBLISHED)
		add_place(c, &view, &why);
	if (view.url.s != NULL || view.id.s != NULL)
		th_buf_addf(&why, " as %.*s",
		    (int)(view.url.s != NULL ? view.url : view.id).len,
		    (view.url.s != NULL ? view.url : view.id).s);
	if (queue_wants_json(c)) {
		queue_entry_json(c, &e, false, &b);
		if (b.status == TH_OK) {
			b.len--; /* the brace comes back behind the sentence */
			th_json_member(&b, "explanation", th_buf_str(&why));
			th_json_close(&b, '}');
		}
	} else {
		th_buf_addf(&b, "%s: %.*s: %s", th_queue_name(c->q),
		    (int)e.id.len, e.id.s, why.data != NULL ? why.data : "");
	}
	cmd_print_line(&b);
	th_buf_release(&why);
	th_buf_release(&room);
	return TH_OK;
}

static void
explain_in(struct queue_cmd *c)
{
	struct th_err err = { 0 };
	enum th_status st;

	st = th_queue_find(c->q, th_str(c->arg[0]), explain_entry, c, &err);
	queue_check(st, &err);
	if (st == TH_OK)
		c->all = true; /* it was found */
}

void
queue_explain(struct queue_cmd *c)
{
	struct cmd_vacation away;
	const char *also = "";
	struct th_buf b;

	queue_for_each(c, explain_in);
	if (c->all)
		return;
	if (cmd_vacation_read(&away) && away.now)
		also = "; on vacation none takes new ones";
	th_buf_init(&b, TH_LINE_MAX * 2);
	if (queue_wants_json(c)) {
		char text[80];

		snprintf(text, sizeof(text), "no queue knows this id%s", also);
		th_json_open(&b, '{');
		th_json_member(&b, "id", th_str(c->arg[0]));
		th_json_member(&b, "state", TH_STR("unknown"));
		th_json_member(&b, "explanation", th_str(text));
		th_json_close(&b, '}');
	} else {
		th_buf_addf(
		    &b, "unknown: no queue knows the id %s%s", c->arg[0], also);
	}
	cmd_print_line(&b);
}
