/* trigger-status -- how all is, what is wrong and what to do, failures first */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"

/* ---- looking ---- */

static int
gravity_of(const struct trigger *t, const struct trigger_facts *f)
{
	if (t->broken || t->record.failures > 0 ||
	    (t->record.disabled && strcmp(t->record.by, "failures") == 0))
		return 0;
	if (t->record.disabled)
		return 3;
	return f->held + f->waiting + f->refused > 0 ? 1 : 2;
}

static int
by_gravity(const void *a, const void *b)
{
	const struct overview_row *x = a, *y = b;

	return x->gravity != y->gravity ? x->gravity - y->gravity
					: strcmp(x->t->name, y->t->name);
}

static void
look(struct triggers *c, struct trigger_list *l, struct overview *ret)
{
	size_t i;

	*ret = (struct overview){ .n = l->n };
	ret->row = cmd_need(th_calloc(l->n + 1, sizeof(*ret->row)));
	ret->planned =
	    cmd_vacation_read(&ret->vacation) && ret->vacation.until > th_now();
	for (i = 0; i < l->n; i++) {
		ret->row[i].t = l->t[i];
		trigger_facts(c, l->t[i], &ret->row[i].f);
		ret->row[i].gravity = gravity_of(l->t[i], &ret->row[i].f);
		ret->on += !l->t[i]->record.disabled;
		ret->bad += ret->row[i].gravity == 0;
		ret->waiting += ret->row[i].f.waiting;
	}
	if (l->n > 0)
		qsort(ret->row, l->n, sizeof(*ret->row), by_gravity);
}

/* ---- for people ---- */

static void
add_trouble(struct th_buf *b, const struct overview_row *r)
{
	const int64_t n = r->t->record.failures;
	char failed[TRIGGER_CELL], last[TRIGGER_CELL];

	trigger_failed(n, failed);
	cmd_clock(r->f.last_run, last);
	th_buf_addf(b, "\n%s: %s", r->t->name, r->f.state);
	if (n > 0)
		th_buf_addf(
		    b, ", %s, %s%s", failed, n > 1 ? "last " : "", last);
	th_buf_addc(b, '\n');
	if (r->f.why[0] != '\0')
		th_buf_addf(b, "    %s\n", r->f.why);
	if (r->f.advice[0] != '\0')
		th_buf_addf(b, "    What to do: %s\n", r->f.advice);
}

static void
print_words(const struct overview *o)
{
	struct th_buf b;
	size_t i;

	trigger_say_vacation();
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b,
	    "%zu trigger%s: %zu on, %zu off; %zu in trouble; %" PRId64 " %s\n",
	    o->n, o->n == 1 ? "" : "s", o->on, o->n - o->on, o->bad, o->waiting,
	    o->waiting == 1 ? "item waits" : "items wait");
	for (i = 0; i < o->n; i++)
		if (o->row[i].gravity < 2)
			add_trouble(&b, &o->row[i]);
	cmd_print(&b);
}

/* ---- for programs ---- */

static void
print_json(struct triggers *c, const struct overview *o)
{
	char date[TH_DATE_SIZE];
	struct th_buf b;
	size_t i;

	th_buf_init(&b, TH_LINE_MAX);
	th_json_open(&b, '{');
	if (th_date_format(th_now(), date) == TH_OK)
		th_json_member(&b, "date", th_str(date));
	th_json_member_bool(&b, "vacation", o->vacation.now);
	if (o->planned && o->vacation.from != INT64_MIN &&
	    th_date_format(o->vacation.from, date) == TH_OK)
		th_json_member(&b, "vacation_from", th_str(date));
	if (o->planned && o->vacation.until != INT64_MAX &&
	    th_date_format(o->vacation.until, date) == TH_OK)
		th_json_member(&b, "vacation_until", th_str(date));
	th_json_key(&b, "triggers");
	th_json_open(&b, '[');
	for (i = 0; i < o->n; i++)
		trigger_json(c, o->row[i].t, true, &b);
	th_json_close(&b, ']');
	th_json_close(&b, '}');
	th_buf_addc(&b, '\n');
	cmd_print(&b);
}

/* ---- for Prometheus: the text format, one metric after the other ---- */

static double
get_enabled(const struct overview_row *r)
{
	return !r->t->record.disabled;
}

static double
get_success(const struct overview_row *r)
{
	return strcmp(r->f.last_status, "ok") == 0;
}

static double
get_failures(const struct overview_row *r)
{
	return (double)r->t->record.failures;
}

static double
get_last(const struct overview_row *r)
{
	return (double)r->f.last_run;
}

static double
get_duration(const struct overview_row *r)
{
	return (double)r->f.last_ms / 1000;
}

static double
get_next(const struct overview_row *r)
{
	return (double)r->f.next;
}

static double
get_waiting(const struct overview_row *r)
{
	return (double)r->f.waiting;
}

static double
get_runs(const struct overview_row *r)
{
	return (double)r->t->record.runs;
}

static double
get_fetched(const struct overview_row *r)
{
	return (double)r->t->record.fetched;
}

static double
get_published(const struct overview_row *r)
{
	return (double)r->t->record.published;
}

static const struct {
	const char *name, *type, *help;
	double (*get)(const struct overview_row *);
	bool ran; /* only of triggers that ran */
} metrics[] = {
	{ "enabled", "gauge", "Whether the trigger may run.", get_enabled,
	    false },
	{ "last_run_success", "gauge", "Whether the last run went well.",
	    get_success, true },
	{ "consecutive_failures", "gauge", "Failed runs in a row.",
	    get_failures, false },
	{ "last_run_timestamp_seconds", "gauge", "When the last run began.",
	    get_last, true },
	{ "last_run_duration_seconds", "gauge", "How long the last run took.",
	    get_duration, true },
	{ "next_run_timestamp_seconds", "gauge",
	    "When the next run is due; 0: never.", get_next, false },
	{ "waiting_items", "gauge", "Items that wait to be published.",
	    get_waiting, false },
	{ "runs_total", "counter", "Runs so far.", get_runs, false },
	{ "fetched_items_total", "counter", "Items fetched so far.",
	    get_fetched, false },
	{ "published_items_total", "counter", "Items published so far.",
	    get_published, false },
};

/* Names of triggers need no escaping. */
static void
print_prometheus(const struct overview *o)
{
	struct th_buf b;
	size_t i, k;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b,
	    "# HELP th_vacation Whether nothing runs for its owner is away.\n"
	    "# TYPE th_vacation gauge\nth_vacation %d\n",
	    o->vacation.now);
	for (k = 0; k < sizeof(metrics) / sizeof(*metrics); k++) {
		if (o->n == 0)
			break;
		th_buf_addf(&b, "# HELP th_trigger_%s %s\n", metrics[k].name,
		    metrics[k].help);
		th_buf_addf(&b, "# TYPE th_trigger_%s %s\n", metrics[k].name,
		    metrics[k].type);
		for (i = 0; i < o->n; i++)
			if (!metrics[k].ran || o->row[i].f.last_run != 0)
				th_buf_addf(&b,
				    "th_trigger_%s{trigger=\"%s\"} %.15g\n",
				    metrics[k].name, o->row[i].t->name,
				    metrics[k].get(&o->row[i]));
	}
	cmd_print(&b);
}

/* ---- which ---- */

void
trigger_status(struct triggers *c)
{
	struct trigger_list l = { 0 };
	struct th_err err = { 0 };
	struct overview o;
	struct th_buf b;

	if (c->json + c->prometheus + (c->html != NULL) > 1)
		cmd_usage("one of --json, --prometheus and --html");
	trigger_store(c);
	trigger_given(c, &l);
	look(c, &l, &o);
	if (c->json) {
		print_json(c, &o);
	} else if (c->prometheus) {
		print_prometheus(&o);
	} else if (c->html != NULL) {
		th_buf_init(&b, TH_LINE_MAX);
		cmd_check(trigger_page(&o, &b), NULL);
		if (strcmp(c->html, "-") != 0)
			cmd_check(th_file_replace(
				      c->html, th_buf_str(&b), 0644, &err),
			    &err);
		else
			th_out_write(&cmd_out, th_buf_str(&b));
		th_buf_release(&b);
	} else {
		print_words(&o);
	}
	free(o.row);
	trigger_list_release(&l);
}
