/* trigger-chart -- on the page of a trigger: items of each day, the last runs
 */
#include <inttypes.h>
#include <string.h>

#include "trigger-facts.h"

#define DAYS 30
#define BAR 8 /* width of a day, and its gap */
#define HEIGHT 40
#define SQUARES 20 /* runs in a line */
#define ROWS 10    /* and in the table */

/* ---- items of each day ---- */

struct chart {
	int64_t n[DAYS], top, sum;
	int64_t first; /* the day on the left, in days since 1970 */
};

static void
count_day(void *ctx, struct th_str key, const struct th_value *v)
{
	struct chart *c = ctx;
	int64_t at, day[TRIGGER_COUNTS] = { 0 };

	if (th_date_parse_rfc3339(key, &at) != TH_OK)
		return;
	at = at / 86400 - c->first;
	if (at < 0 || at >= DAYS)
		return;
	trigger_day(v, day);
	c->n[at] = day[TRIGGER_PUBLISHED];
	c->sum += c->n[at];
	if (c->n[at] > c->top)
		c->top = c->n[at];
}

static void
add_bar(struct th_buf *b, const struct chart *c, int i)
{
	char date[TH_DATE_SIZE];
	int64_t high;

	if (c->n[i] == 0)
		return;
	high = c->n[i] * (HEIGHT - 2) / c->top;
	if (high < 2)
		high = 2;
	th_date_format((c->first + i) * 86400, date);
	th_buf_addf(b,
	    "<rect x=\"%d\" y=\"%" PRId64 "\" width=\"%d\" height=\"%" PRId64
	    "\"><title>%.10s: %" PRId64 "</title></rect>",
	    i * BAR, HEIGHT - high, BAR - 2, high, date, c->n[i]);
}

void
page_chart(struct th_buf *b, const struct trigger *t)
{
	struct chart c = { .first = th_now() / 86400 - DAYS + 1 };
	char first[TH_DATE_SIZE] = "";
	int i;

	trigger_each(&t->record.days, count_day, &c);
	if (c.sum == 0) {
		th_buf_addf(
		    b, "<p class=\"dim\">No items in %d days</p>\n", DAYS);
		return;
	}
	th_date_format(c.first * 86400, first);
	th_buf_addf(b,
	    "<svg class=\"days\" viewBox=\"0 0 %d %d\""
	    " preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Items per"
	    " day, %d days: %" PRId64 " in all, %" PRId64 " at most\">",
	    DAYS * BAR, HEIGHT, DAYS, c.sum, c.top);
	for (i = 0; i < DAYS; i++)
		add_bar(b, &c, i);
	th_buf_addf(b,
	    "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/></svg>\n"
	    "<p class=\"axis dim\"><span>%.10s</span><span>%" PRId64
	    " item%s, %" PRId64 " a day at most</span><span>today</span></p>\n",
	    DAYS * BAR, HEIGHT, HEIGHT, first, c.sum, c.sum == 1 ? "" : "s",
	    c.top);
}

/* ---- the last runs ---- */

struct runs {
	struct th_buf *b;
	int n, squares;
	bool rows; /* of the table; else squares */
};

static void
count_run(void *ctx, struct th_str key, const struct th_value *v)
{
	int *n = ctx;

	(void)key;
	(void)v;
	*n += *n < SQUARES;
}

static const char *
class_of(const char *status)
{
	if (strcmp(status, "ok") == 0)
		return "ok";
	return strcmp(status, "interrupted") == 0 ? "dim" : "bad";
}

static void
add_row(struct th_buf *b, const struct th_value *v, const char *when,
    const char *status)
{
	char why[512];

	trigger_text(v, "why", why, sizeof(why));
	th_buf_addf(b,
	    "<tr><td>%s</td><td class=\"%s\">%s</td><td>%.1f s</td><td>%" PRId64
	    "</td></tr>\n",
	    when, class_of(status), status, (double)trigger_int(v, "ms") / 1000,
	    trigger_int(v, "published"));
	if (why[0] == '\0')
		return;
	th_buf_adds(b, "<tr><td colspan=\"4\" class=\"dim\">");
	th_text_escape(th_str(why), b);
	th_buf_adds(b, "</td></tr>\n");
}

/* The last run comes first in the history, and stands on the right. */
static void
add_run(void *ctx, struct th_str key, const struct th_value *v)
{
	struct runs *r = ctx;
	char when[TRIGGER_CELL], status[32];

	(void)key;
	if (r->n >= (r->rows ? ROWS : SQUARES))
		return;
	cmd_clock(trigger_int(v, "start"), when);
	trigger_text(v, "status", status, sizeof(status));
	if (r->rows)
		add_row(r->b, v, when, status);
	else
		th_buf_addf(r->b,
		    "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"8\""
		    " height=\"%d\"><title>%s: %s</title></rect>",
		    class_of(status), (r->squares - 1 - r->n) * 10,
		    strcmp(status, "ok") == 0 ? 6 : 0,
		    strcmp(status, "ok") == 0 ? 6 : 12, when, status);
	r->n++;
}

void
page_runs(struct th_buf *b, const struct trigger *t)
{
	struct runs squares = { .b = b }, rows = { .b = b, .rows = true };

	trigger_each(&t->record.history, count_run, &squares.squares);
	if (squares.squares == 0)
		return;
	th_buf_addf(b,
	    "<details>\n<summary>Last runs <svg class=\"runs\" viewBox=\"0 0"
	    " %d 12\" role=\"img\" aria-label=\"The last runs, the last one on"
	    " the right; failures are higher\">",
	    SQUARES * 10);
	trigger_each(&t->record.history, add_run, &squares);
	th_buf_adds(b, "</svg></summary>\n<table>\n<tr><th>Start</th>"
		       "<th>Result</th><th>Took</th><th>Published</th></tr>\n");
	trigger_each(&t->record.history, add_run, &rows);
	th_buf_adds(b, "</table>\n</details>\n");
}
