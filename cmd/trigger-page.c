/*
 * trigger-page -- the status as a page of HTML: no scripts, nothing to load
 *
 * Colours are pairs that keep a contrast of 4.5 and more in either scheme.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"

#define DAYS 30
#define BAR 8 /* width of a day, and its gap */
#define HEIGHT 40

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>Trigger Happy</title>\n<style>\n"
    ":root{--bg:#fff;--fg:#1c1c1e;--dim:#55565c;--line:#d5d6da;"
    "--bad:#a8071a;--ok:#1b6e34;--bar:#3266b8;--card:#f6f7f9}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#131416;--fg:#ececee;"
    "--dim:#b3b5bb;--line:#3c3e44;--bad:#ff9c92;--ok:#7fd69a;--bar:#86b1f2;"
    "--card:#1d1f22}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1rem;max-width:62rem;background:var(--bg);"
    "color:var(--fg);font:1rem/1.45 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem;margin:.2em 0}h2{font-size:1.15rem;"
    "margin:1.4em 0 .5em}h3{font-size:1rem;margin:0;overflow-wrap:anywhere}\n"
    ".dim{color:var(--dim)}.bad{color:var(--bad)}.ok{color:var(--ok)}\n"
    ".all{display:grid;gap:.8rem;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}\n"
    "article{background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem;padding:.8rem;min-width:0}\n"
    "article.bad{color:inherit;border-left:.3rem solid var(--bad)}\n"
    "p{margin:.3rem 0;overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;"
    "margin:.4rem 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\n"
    "svg{display:block;width:100%;height:3rem;margin-top:.5rem}"
    "rect{fill:var(--bar)}line{stroke:var(--line)}\n"
    "</style>\n</head>\n<body>\n";

static void
add_text(struct th_buf *b, const char *s)
{
	th_text_escape(th_str(s), b);
}

/* ---- the chart ---- */

struct chart {
	int64_t n[DAYS], top, sum;
	int64_t first; /* the day on the left, in days since 1970 */
};

static void
count_day(void *ctx, struct th_str key, const struct th_value *v)
{
	struct chart *c = ctx;
	struct th_value n;
	struct th_iter it;
	int64_t at;
	double d;

	if (th_date_parse_rfc3339(key, &at) != TH_OK)
		return;
	at = at / 86400 - c->first;
	th_iter_init(&it, v);
	/* The second is what was published. */
	if (at < 0 || at >= DAYS || !th_iter_next(&it, NULL, &n) ||
	    !th_iter_next(&it, NULL, &n) || !th_value_number(&n, &d) || d < 0 ||
	    d > 1e12)
		return;
	c->n[at] = (int64_t)d;
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

static void
add_chart(struct th_buf *b, const struct trigger *t)
{
	struct chart c = { .first = th_now() / 86400 - DAYS + 1 };
	int i;

	trigger_each(&t->record.days, count_day, &c);
	th_buf_addf(b,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
	    "role=\"img\" aria-label=\"Items per day, %d days: %" PRId64
	    " in all, %" PRId64 " at most\">",
	    DAYS * BAR, HEIGHT, DAYS, c.sum, c.top);
	for (i = 0; i < DAYS; i++)
		add_bar(b, &c, i);
	th_buf_addf(b,
	    "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/></svg>\n"
	    "<p class=\"dim\">%" PRId64 " items in %d days, %" PRId64
	    " a day at most</p>\n",
	    DAYS * BAR, HEIGHT, HEIGHT, c.sum, DAYS, c.top);
}

/* ---- a trigger ---- */

static void
add_pair(
    struct th_buf *b, const char *name, const char *class, const char *value)
{
	if (value[0] == '\0')
		return;
	th_buf_addf(b, "<dt>%s</dt><dd%s%s%s>", name,
	    class[0] != '\0' ? " class=\"" : "", class,
	    class[0] != '\0' ? "\"" : "");
	add_text(b, value);
	th_buf_adds(b, "</dd>");
}

static void
add_number(struct th_buf *b, const char *name, int64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, n);
	add_pair(b, name, "", text);
}

static void
add_last(struct th_buf *b, const struct overview_row *r)
{
	char last[TRIGGER_CELL], text[TRIGGER_CELL * 2];

	trigger_clock(r->f.last_run, last);
	snprintf(text, sizeof(text), "%s%s%s", last,
	    last[0] != '\0' ? ", " : "none", r->f.last_status);
	add_pair(b, "Last run",
	    r->f.last_run == 0                    ? ""
	    : strcmp(r->f.last_status, "ok") == 0 ? "ok"
						  : "bad",
	    text);
}

static void
add_trigger(struct th_buf *b, const struct overview_row *r)
{
	char next[TRIGGER_CELL];

	trigger_clock(r->f.next, next);
	th_buf_addf(
	    b, "<article%s>\n<h3>", r->gravity == 0 ? " class=\"bad\"" : "");
	add_text(b, r->t->name);
	th_buf_adds(b, "</h3>\n");
	if (r->t->script.description != NULL) {
		th_buf_adds(b, "<p>");
		add_text(b, r->t->script.description);
		th_buf_adds(b, "</p>\n");
	}
	th_buf_adds(b, "<dl>");
	add_pair(b, "State", "", r->f.state);
	add_pair(b, "Schedule", "", r->f.schedule);
	add_last(b, r);
	add_pair(b, "Next run", "", next);
	add_number(b, "Published", r->t->record.published);
	if (r->f.waiting > 0)
		add_number(b, "Waiting", r->f.waiting);
	if (r->t->record.failures > 0)
		add_number(b, "Failures", r->t->record.failures);
	add_pair(b, r->gravity == 0 ? "Wrong" : "Why",
	    r->gravity == 0 ? "bad" : "", r->f.why);
	add_pair(b, "To do", "", r->f.advice);
	th_buf_adds(b, "</dl>\n");
	add_chart(b, r->t);
	th_buf_adds(b, "</article>\n");
}

/* ---- the page ---- */

static void
add_vacation(struct th_buf *b, const struct overview *o)
{
	char from[TRIGGER_CELL] = "", until[TRIGGER_CELL] = "";

	if (!o->planned)
		return;
	if (o->vacation.from != INT64_MIN)
		trigger_clock(o->vacation.from, from);
	if (o->vacation.until != INT64_MAX)
		trigger_clock(o->vacation.until, until);
	th_buf_addf(b, "<p><strong>%s%s%s%s%s.</strong></p>\n",
	    o->vacation.now ? "On vacation: nothing runs" : "Vacation",
	    from[0] != '\0' ? " from " : "", from,
	    until[0] != '\0' ? " until " : "", until);
}

enum th_status
trigger_page(const struct overview *o, struct th_buf *b)
{
	static const char *const group[] = { "In trouble", "Items wait",
		"In order", "Off" };
	char now[TRIGGER_CELL];
	int last = -1;
	size_t i;

	trigger_clock(th_now(), now);
	th_buf_adds(b, head);
	th_buf_addf(b,
	    "<header>\n<h1>Trigger Happy</h1>\n<p class=\"dim\">%s</p>\n"
	    "<p>%zu trigger%s: %zu on, %zu off; <span class=\"%s\">%zu in "
	    "trouble</span>; %" PRId64 " items wait</p>\n",
	    now, o->n, o->n == 1 ? "" : "s", o->on, o->n - o->on,
	    o->bad > 0 ? "bad" : "ok", o->bad, o->waiting);
	add_vacation(b, o);
	th_buf_adds(b, "</header>\n<main>\n");
	for (i = 0; i < o->n; i++) {
		if (o->row[i].gravity != last)
			th_buf_addf(b, "%s<h2>%s</h2>\n<div class=\"all\">\n",
			    last != -1 ? "</div>\n" : "",
			    group[o->row[i].gravity]);
		last = o->row[i].gravity;
		add_trigger(b, &o->row[i]);
	}
	return th_buf_addf(
	    b, "%s</main>\n</body>\n</html>\n", last != -1 ? "</div>\n" : "");
}
