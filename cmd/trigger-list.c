/* trigger-list -- list, show, log: what there is and how it went */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"
#include "trigger-facts.h"

#define LOG_SHOWN 40 /* lines of log, when not told */
#define LOG_READ ((size_t)8 << 20)

/* ---- JSON ---- */

static void
add_script(struct th_buf *b, const struct trigger *t)
{
	const struct th_script *s = &t->script;
	struct th_buf every;
	size_t i;

	th_json_member(b, "description", th_str(s->description));
	th_json_key(b, "tags");
	th_json_open(b, '[');
	for (i = 0; i < s->ntags; i++)
		th_json_string(b, th_str(s->tag[i]));
	th_json_close(b, ']');
	th_buf_init(&every, 64);
	if (s->schedule.kind == TH_SCHEDULE_EVERY &&
	    th_duration_format(s->schedule.every, &every) == TH_OK)
		th_json_member(b, "every", th_buf_str(&every));
	th_buf_release(&every);
	if (s->schedule.kind == TH_SCHEDULE_CRON)
		th_json_member(b, "cron", th_str(s->cron));
	if (t->broken)
		th_json_member(b, "problem", th_str(t->problem.text));
}

static void
add_last(struct th_buf *b, const struct trigger *t)
{
	struct th_value last;

	if (!trigger_last(&t->record, &last))
		return;
	th_json_member_raw(b, "last", last.raw);
}

void
trigger_json(
    struct triggers *c, const struct trigger *t, bool whole, struct th_buf *b)
{
	const struct trigger_record *r = &t->record;
	struct trigger_facts f;

	trigger_facts(c, t, &f);
	th_json_open(b, '{');
	th_json_member(b, "name", th_str(t->name));
	add_script(b, t);
	th_json_member_bool(b, "enabled", !r->disabled);
	if (r->disabled) {
		th_json_member(b, "disabled_by", th_str(r->by));
		cmd_json_date(b, "disabled_at", r->disabled_at);
	}
	th_json_member(b, "state", th_str(f.state));
	cmd_json_date(b, "last_run", f.last_run);
	th_json_member(b, "last_status", th_str(f.last_status));
	cmd_json_date(b, "next_run", f.next);
	cmd_json_date(b, "running_since", f.running ? r->running_since : 0);
	th_json_member_int(b, "runs", r->runs);
	th_json_member_int(b, "fetched", r->fetched);
	th_json_member_int(b, "published", r->published);
	th_json_member_int(b, "waiting", f.waiting);
	th_json_member_int(b, "held", f.held);
	th_json_member_int(b, "refused", f.refused);
	th_json_member_int(b, "failures", r->failures);
	th_json_member(b, "why", th_str(f.why));
	th_json_member(b, "advice", th_str(f.advice));
	th_json_member_raw(b, "queues", th_buf_str(&r->queues));
	if (whole) {
		add_last(b, t);
		th_json_member_raw(b, "days", th_buf_str(&r->days));
		th_json_member_raw(b, "history", th_buf_str(&r->history));
	}
	th_json_close(b, '}');
}

/* ---- list ---- */

#define NCOLUMNS 9
static const char *const heads[NCOLUMNS] = { "NAME", "STATE", "SCHEDULE",
	"LAST RUN", "RESULT", "PUBLISHED", "WAITING", "FAILURES", "NEXT RUN" };

struct row {
	char cell[NCOLUMNS][TRIGGER_CELL];
};

static void
fill_row(struct triggers *c, const struct trigger *t, struct row *ret)
{
	const struct trigger_record *r = &t->record;
	struct trigger_facts f;

	trigger_facts(c, t, &f);
	snprintf(ret->cell[0], TRIGGER_CELL, "%s", t->name);
	snprintf(ret->cell[1], TRIGGER_CELL, "%s", f.state);
	snprintf(ret->cell[2], TRIGGER_CELL, "%s", f.schedule);
	cmd_clock(f.last_run, ret->cell[3]);
	snprintf(ret->cell[4], TRIGGER_CELL, "%s", f.last_status);
	snprintf(ret->cell[5], TRIGGER_CELL, "%" PRId64, r->published);
	snprintf(ret->cell[6], TRIGGER_CELL, "%" PRId64, f.waiting);
	snprintf(ret->cell[7], TRIGGER_CELL, "%" PRId64, r->failures);
	cmd_clock(f.next, ret->cell[8]);
	if (f.next != 0 && f.next <= th_now())
		snprintf(ret->cell[8], TRIGGER_CELL, "due");
}

static bool
is_number(size_t column)
{
	return column >= 5 && column <= 7;
}

static void
print_row(const struct row *row, const size_t width[NCOLUMNS])
{
	struct th_buf b;
	size_t i;
	int pad;

	th_buf_init(&b, 8192);
	for (i = 0; i < NCOLUMNS; i++) {
		pad = (int)(width[i] - strlen(row->cell[i]));
		th_buf_addf(&b, "%*s%s", is_number(i) ? pad : 0, "",
		    row->cell[i][0] != '\0' ? row->cell[i] : "-");
		if (row->cell[i][0] == '\0' && pad > 0)
			pad--;
		if (i + 1 < NCOLUMNS)
			th_buf_addf(&b, "%*s", is_number(i) ? 2 : pad + 2, "");
	}
	cmd_print_line(&b);
}

static void
print_table(struct triggers *c, const struct trigger_list *l)
{
	size_t width[NCOLUMNS], i, k;
	struct row *rows = cmd_need(th_calloc(l->n + 1, sizeof(*rows)));

	for (k = 0; k < NCOLUMNS; k++)
		snprintf(rows[0].cell[k], TRIGGER_CELL, "%s", heads[k]);
	for (i = 0; i < l->n; i++)
		fill_row(c, l->t[i], &rows[i + 1]);
	for (k = 0; k < NCOLUMNS; k++)
		for (width[k] = 1, i = 0; i <= l->n; i++)
			if (strlen(rows[i].cell[k]) > width[k])
				width[k] = strlen(rows[i].cell[k]);
	for (i = 0; i <= l->n; i++)
		print_row(&rows[i], width);
	free(rows);
}

void
trigger_print_list(struct triggers *c)
{
	struct trigger_list l = { 0 };
	struct th_buf b;
	size_t i;

	trigger_store(c);
	trigger_given(c, &l);
	if (c->json) {
		th_buf_init(&b, TH_LINE_MAX);
		th_json_open(&b, '[');
		for (i = 0; i < l.n; i++)
			trigger_json(c, l.t[i], false, &b);
		th_json_close(&b, ']');
		cmd_print_line(&b);
	} else if (l.n > 0) {
		trigger_say_vacation();
		print_table(c, &l);
	}
	trigger_list_release(&l);
}

/* ---- show ---- */

static void
print_stage(void *ctx, struct th_str key, const struct th_value *v)
{
	char program[32], service[128], queue[256];
	struct th_buf *b = ctx;

	(void)key;
	trigger_text(v, "program", program, sizeof(program));
	trigger_text(v, "service", service, sizeof(service));
	trigger_text(v, "queue", queue, sizeof(queue));
	th_buf_addf(b,
	    "             %s%s%s: %" PRId64 " in, %" PRId64
	    " out, exit %" PRId64 "%s%s\n",
	    program, service[0] != '\0' ? " " : "", service,
	    trigger_int(v, "in"), trigger_int(v, "out"), trigger_int(v, "exit"),
	    queue[0] != '\0' ? ", queue " : "", queue);
}

static void
show_last(const struct trigger *t, struct th_buf *b)
{
	struct th_value last, stages;
	struct th_buf raw;

	if (!trigger_last(&t->record, &last) ||
	    !th_value_get(&last, "stages", &stages))
		return;
	th_buf_init(&raw, TRIGGER_RECORD_MAX);
	th_buf_add(&raw, stages.raw.s, stages.raw.len);
	trigger_each(&raw, print_stage, b);
	th_buf_release(&raw);
}

static void
show_words(struct triggers *c, const struct trigger *t)
{
	char last[TRIGGER_CELL], next[TRIGGER_CELL];
	struct trigger_facts f;
	struct th_buf b;

	trigger_facts(c, t, &f);
	cmd_clock(f.last_run, last);
	cmd_clock(f.next, next);
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%s%s%s\n", t->name,
	    t->script.description != NULL ? " - " : "",
	    t->script.description != NULL ? t->script.description : "");
	th_buf_addf(&b, "     Script: %s\n", t->path);
	th_buf_addf(&b, "      State: %s\n", f.state);
	th_buf_addf(&b, "   Schedule: %s\n", f.schedule);
	th_buf_addf(&b, "   Last run: %s%s%s\n",
	    last[0] != '\0' ? last : "none",
	    f.last_status[0] != '\0' ? ", " : "", f.last_status);
	show_last(t, &b);
	th_buf_addf(&b, "   Next run: %s\n", next[0] != '\0' ? next : "none");
	th_buf_addf(&b,
	    "       Runs: %" PRId64 ", %" PRId64 " fetched, %" PRId64
	    " published, %" PRId64 " wait\n",
	    t->record.runs, t->record.fetched, t->record.published, f.waiting);
	if (f.why[0] != '\0')
		th_buf_addf(&b, "        Why: %s\n", f.why);
	if (f.advice[0] != '\0')
		th_buf_addf(&b, "     Advice: %s\n", f.advice);
	th_buf_addc(&b, '\n');
	th_buf_add(&b, t->text.data, t->text.len);
	cmd_print(&b);
}

static void
show_one(struct triggers *c, const struct trigger *t)
{
	struct th_buf b;

	if (!c->json) {
		show_words(c, t);
		return;
	}
	th_buf_init(&b, TH_LINE_MAX);
	trigger_json(c, t, true, &b);
	cmd_print_line(&b);
}

void
trigger_show(struct triggers *c)
{
	trigger_store(c);
	trigger_each_given(c, show_one);
}

/* ---- log ---- */

/* The last n lines; control characters are not for a terminal. */
static void
print_lines(struct th_buf *text, int64_t n)
{
	const char *end = text->data + text->len, *p = end;
	char *q;

	if (p > text->data && p[-1] == '\n')
		p--;
	while (p > text->data && (p[-1] != '\n' || --n > 0))
		p--;
	for (q = text->data + (p - text->data); q < end; q++)
		if (((unsigned char)*q < ' ' && *q != '\n' && *q != '\t') ||
		    *q == 0x7f)
			*q = '?';
		else if ((unsigned char)*q == 0xc2 && q + 1 < end &&
			 ((unsigned char)q[1] & 0xe0) == 0x80)
			q[0] = q[1] = '?';
	th_out_write(&cmd_out, (struct th_str){ p, (size_t)(end - p) });
}

void
trigger_print_log(struct triggers *c)
{
	struct trigger *t = trigger_need(c, c->arg[0]);
	char *path = trigger_state_path("log", t->name);
	struct th_err err = { 0 };
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, LOG_READ);
	st = th_file_read(path, &b, &err);
	if (st == TH_END)
		cmd_say(0, "%s has not run here", t->name);
	else
		cmd_check(st, &err);
	if (b.len > 0)
		print_lines(&b, c->lines > 0 ? c->lines : LOG_SHOWN);
	th_buf_release(&b);
	free(path);
	trigger_free(t);
}
