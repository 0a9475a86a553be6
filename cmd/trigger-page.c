/*
 * trigger-page -- the status as a page of HTML: no scripts, nothing to load
 *
 * Colours are pairs that keep a contrast of 4.5 and more in either scheme.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>Trigger Happy</title>\n<style>\n"
    ":root{--bg:#f2f3f5;--fg:#1c1c1e;--dim:#55565c;--line:#d5d6da;"
    "--bad:#a8071a;--ok:#1b6e34;--bar:#3266b8;--card:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#131416;--fg:#ececee;"
    "--dim:#b3b5bb;--line:#3c3e44;--bad:#ff9c92;--ok:#7fd69a;--bar:#86b1f2;"
    "--card:#1d1f22}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1rem 1rem 3rem;max-width:72rem;"
    "background:var(--bg);color:var(--fg);"
    "font:1rem/1.45 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:1.6em 0 .6em}"
    "h3{font-size:1.05rem;margin:0;overflow-wrap:anywhere;min-width:0}\n"
    ".dim{color:var(--dim)}.bad{color:var(--bad)}.ok{color:var(--ok)}\n"
    ".sums{display:grid;gap:.6rem;margin:1rem 0;"
    "grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}"
    ".sums p{margin:0;padding:.6rem .9rem;"
    "background:var(--card);border:1px solid var(--line);"
    "border-radius:.6rem}.sums b{display:block;font-size:1.6rem;"
    "line-height:1.2}\n"
    ".all{display:grid;gap:.9rem;align-items:start;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}\n"
    "article{background:var(--card);border:1px solid var(--line);"
    "border-top:.25rem solid var(--ok);border-radius:.6rem;"
    "padding:.8rem .95rem;min-width:0}\n"
    "article.bad{color:inherit;border-top-color:var(--bad)}"
    "article.dim{color:inherit;border-top-color:var(--line)}"
    "article.waits{border-top-color:var(--bar)}\n"
    ".name{display:flex;justify-content:space-between;gap:.8rem;"
    "align-items:baseline}"
    ".state{flex:none;font-size:.85rem;padding:0 .6em;"
    "border:1px solid currentColor;border-radius:1em}\n"
    "p{margin:.35rem 0;overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;"
    "margin:.6rem 0 .4rem;font-size:.95rem}dt{color:var(--dim)}"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    ".days{display:block;width:100%;height:3.2rem;margin-top:.7rem}"
    ".axis{display:flex;justify-content:space-between;gap:.5rem;"
    "margin:.1rem 0 .4rem;font-size:.8rem;text-align:center}\n"
    ".runs{height:.75rem;vertical-align:baseline;margin-left:.4rem;"
    "width:12.5rem;max-width:100%}\n"
    "rect{fill:var(--bar)}rect.ok{fill:var(--ok)}rect.bad{fill:var(--bad)}"
    "rect.dim{fill:var(--dim)}line{stroke:var(--line)}\n"
    "summary{cursor:pointer;font-size:.9rem;margin-top:.4rem}"
    "table{border-collapse:collapse;width:100%;font-size:.85rem;"
    "margin-top:.4rem}th{text-align:left;font-weight:600}"
    "th,td{padding:.1rem .4rem .1rem 0;overflow-wrap:anywhere;"
    "vertical-align:top}\n"
    "</style>\n</head>\n<body>\n";

static void
add_text(struct th_buf *b, const char *s)
{
	th_text_escape(th_str(s), b);
}

static void
add_paragraph(
    struct th_buf *b, const char *class, const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	th_buf_addf(b, "<p%s%s%s>%s", class[0] != '\0' ? " class=\"" : "",
	    class, class[0] != '\0' ? "\"" : "", before);
	add_text(b, text);
	th_buf_adds(b, "</p>\n");
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

	cmd_clock(r->f.last_run, last);
	snprintf(text, sizeof(text), "%s%s%s", last,
	    last[0] != '\0' ? ", " : "none", r->f.last_status);
	add_pair(b, "Last run",
	    r->f.last_run == 0                    ? ""
	    : strcmp(r->f.last_status, "ok") == 0 ? "ok"
						  : "bad",
	    text);
}

static void
add_facts(struct th_buf *b, const struct overview_row *r)
{
	char next[TRIGGER_CELL];

	cmd_clock(r->f.next, next);
	th_buf_adds(b, "<dl>");
	add_pair(b, "Schedule", "", r->f.schedule);
	add_last(b, r);
	add_pair(b, "Next run", "", next);
	add_number(b, "Published", r->t->record.published);
	if (r->f.waiting > 0)
		add_number(b, "Waiting", r->f.waiting);
	if (r->t->record.failures > 0)
		add_number(b, "Failures", r->t->record.failures);
	th_buf_adds(b, "</dl>\n");
}

static void
add_trigger(struct th_buf *b, const struct overview_row *r)
{
	th_buf_addf(b, "<article%s>\n<div class=\"name\"><h3>",
	    r->gravity == 0   ? " class=\"bad\""
	    : r->gravity == 1 ? " class=\"waits\""
	    : r->gravity == 2 ? ""
			      : " class=\"dim\"");
	add_text(b, r->t->name);
	th_buf_addf(b, "</h3><span class=\"state %s\">%s</span></div>\n",
	    r->gravity == 0                  ? "bad"
	    : strcmp(r->f.state, "off") == 0 ? "dim"
					     : "ok",
	    r->f.state);
	if (r->t->script.description != NULL)
		add_paragraph(b, "", "", r->t->script.description);
	add_paragraph(b, r->gravity == 0 ? "bad" : "",
	    r->gravity == 0 ? "<strong>What is wrong:</strong> " : "",
	    r->f.why);
	add_paragraph(b, "", "<strong>What to do:</strong> ", r->f.advice);
	page_chart(b, r->t);
	add_facts(b, r);
	page_runs(b, r->t);
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
		cmd_clock(o->vacation.from, from);
	if (o->vacation.until != INT64_MAX)
		cmd_clock(o->vacation.until, until);
	th_buf_addf(b, "<p><strong>%s%s%s%s%s.</strong></p>\n",
	    o->vacation.now ? "On vacation: nothing runs" : "Vacation",
	    from[0] != '\0' ? " from " : "", from,
	    until[0] != '\0' ? " until " : "", until);
}

static void
add_sums(struct th_buf *b, const struct overview *o)
{
	th_buf_addf(b,
	    "<div class=\"sums\"><p><b class=\"%s\">%zu</b> in trouble</p>"
	    "<p><b>%" PRId64 "</b> %s</p><p><b>%zu</b> on</p>"
	    "<p><b>%zu</b> off</p></div>\n",
	    o->bad > 0 ? "bad" : "ok", o->bad, o->waiting,
	    o->waiting == 1 ? "item waits" : "items wait", o->on, o->n - o->on);
}

enum th_status
trigger_page(const struct overview *o, struct th_buf *b)
{
	static const char *const group[] = { "In trouble", "Items wait",
		"In order", "Off" };
	char now[TRIGGER_CELL];
	int last = -1;
	size_t i;

	cmd_clock(th_now(), now);
	th_buf_adds(b, head);
	th_buf_addf(b,
	    "<header>\n<h1>Trigger Happy</h1>\n<p class=\"dim\">%s</p>\n", now);
	add_vacation(b, o);
	add_sums(b, o);
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
