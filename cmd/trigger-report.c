/* trigger-report -- what the programs of a pipeline said of themselves */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"

#define REPORT_MAX ((size_t)8 << 20)
#define STAGES 64 /* so many are kept by name */

/* One program: its start, and its end if that was told. */
struct stage {
	int64_t pid;
	struct th_str end; /* JSON; s == NULL: none yet */
	char program[32];
};
struct report {
	const char *run;
	struct stage *stage;
	size_t n;
};

static struct stage *
open_stage(struct report *r, int64_t pid)
{
	size_t i;

	for (i = r->n; i > 0; i--)
		if (r->stage[i - 1].pid == pid && r->stage[i - 1].end.s == NULL)
			return &r->stage[i - 1];
	return NULL;
}

static void
take_line(struct report *r, struct th_str line)
{
	struct stage *s;
	struct th_value v;
	char run[TRIGGER_RUN_MAX];

	if (th_json_parse(line, &v, NULL) != TH_OK)
		return;
	trigger_text(&v, "run", run, sizeof(run));
	if (strcmp(run, r->run) != 0)
		return;
	if (trigger_int(&v, "start") == 0) {
		if ((s = open_stage(r, trigger_int(&v, "pid"))) != NULL)
			s->end = line;
		return;
	}
	r->stage = cmd_need(th_realloc(r->stage, (r->n + 1) * sizeof(*s)));
	s = &r->stage[r->n++];
	*s = (struct stage){ .pid = trigger_int(&v, "pid") };
	trigger_text(&v, "program", s->program, sizeof(s->program));
}

static void
take_lines(struct report *r, struct th_str text)
{
	const char *nl;

	while (text.len > 0 && (nl = memchr(text.s, '\n', text.len)) != NULL) {
		take_line(r, (struct th_str){ text.s, (size_t)(nl - text.s) });
		text.len -= (size_t)(nl + 1 - text.s);
		text.s = nl + 1;
	}
}

/* ---- what that comes to ---- */

static void set_why(struct trigger_result *res, enum th_status st,
    const char *fmt, ...) TH_PRINTF(3, 4);

static void
set_why(struct trigger_result *res, enum th_status st, const char *fmt, ...)
{
	va_list ap;

	if (st <= res->worst)
		return;
	res->worst = st;
	va_start(ap, fmt);
	vsnprintf(res->why, sizeof(res->why), fmt, ap);
	va_end(ap);
}

static void
count(struct trigger_result *res, const struct stage *s,
    const struct th_value *v, bool *sinks)
{
	if (strcmp(s->program, "th-fetch") == 0)
		res->fetched += trigger_int(v, "out");
	if (strcmp(s->program, "th-publish") == 0) {
		if (!*sinks)
			res->published = 0;
		*sinks = true;
		res->published += trigger_int(v, "published");
		res->refused += trigger_int(v, "refused");
	} else if (strcmp(s->program, "th-rss") == 0 && !*sinks) {
		/* Without a publisher, what went into a feed. */
		res->published += trigger_int(v, "in");
	}
}

static void
add_queue(struct trigger_result *res, const struct th_value *v)
{
	struct th_value queue;

	if (th_value_get(v, "queue", &queue))
		th_json_raw(&res->queues, queue.raw);
}

static void
add_stage(
    struct trigger_result *res, const struct stage *s, const struct th_value *v)
{
	static const char *const name[] = { "program", "service", "queue",
		"exit", "in", "out", "published", "refused" };
	struct th_value member;
	size_t i;

	th_json_open(&res->stages, '{');
	if (v == NULL) {
		th_json_member(&res->stages, "program", th_str(s->program));
		th_json_member(&res->stages, "status", TH_STR("killed"));
	}
	for (i = 0; v != NULL && i < 8; i++)
		if (th_value_get(v, name[i], &member))
			th_json_member_raw(&res->stages, name[i], member.raw);
	th_json_close(&res->stages, '}');
}

/* In its own words, when it said any. */
static void
explain(struct trigger_result *res, const struct stage *s,
    const struct th_value *v, enum th_status st)
{
	char words[400];

	if (st <= res->worst)
		return;
	trigger_text(v, "why", words, sizeof(words));
	res->in_words = words[0] != '\0';
	if (res->in_words)
		set_why(res, st, "%s: %s", s->program, words);
	else
		set_why(res, st, "%s failed: %s", s->program, th_strstatus(st));
}

/* `killed` programs can tell nothing more; others may be at work. */
static enum job_pipeline
judge(
    struct trigger_result *res, const struct stage *s, size_t nth, bool *sinks)
{
	struct th_value v;
	int code;

	if (s->end.s == NULL || th_json_parse(s->end, &v, NULL) != TH_OK) {
		set_why(res, TH_EBUG, "%s was killed", s->program);
		if (nth < STAGES)
			add_stage(res, s, NULL);
		return kill((pid_t)s->pid, 0) == -1 && errno == ESRCH
			   ? JOB_KILLED
			   : JOB_WORKING;
	}
	code = (int)trigger_int(&v, "exit");
	if (code != 0) {
		res->code = code > res->code ? code : res->code;
		explain(res, s, &v, cmd_exit_status(code));
	}
	count(res, s, &v, sinks);
	if (nth < STAGES) {
		add_queue(res, &v);
		add_stage(res, s, &v);
	}
	return JOB_DONE;
}

enum job_pipeline
job_report(const char *path, const char *run, struct trigger_result *res)
{
	struct report r = { .run = run };
	enum job_pipeline all = JOB_DONE, one;
	struct th_err err = { 0 };
	bool sinks = false;
	struct th_buf b;
	size_t i;

	th_buf_init(&b, REPORT_MAX);
	th_buf_clear(&res->stages);
	th_buf_clear(&res->queues);
	res->fetched = res->published = res->refused = 0;
	res->worst = TH_OK;
	res->why[0] = '\0';
	res->code = 0;
	res->in_words = false;
	th_json_open(&res->stages, '[');
	th_json_open(&res->queues, '[');
	if (th_file_read(path, &b, &err) == TH_OK)
		take_lines(&r, th_buf_str(&b));
	else
		set_why(res, TH_EIO, "the report of the run: %s",
		    err.text[0] != '\0' ? err.text : "is gone");
	for (i = 0; i < r.n; i++) {
		one = judge(res, &r.stage[i], i, &sinks);
		if (one == JOB_WORKING || all == JOB_DONE)
			all = one;
	}
	th_json_close(&res->stages, ']');
	th_json_close(&res->queues, ']');
	free(r.stage);
	th_buf_release(&b);
	return all;
}

enum th_status
job_notice(const struct trigger *t, const char *why, int64_t failures,
    int64_t tries, struct th_buf *ret)
{
	char date[TH_DATE_SIZE], id[192], title[192], failed[TRIGGER_CELL];
	struct th_buf text;

	th_date_format(th_now(), date);
	trigger_failed(failures, failed);
	snprintf(id, sizeof(id), "trigger %s %s %s", t->name, date,
	    why != NULL ? "fails" : "recovered");
	snprintf(title, sizeof(title), "Trigger %s %s", t->name,
	    why != NULL ? "fails" : "works again");
	th_buf_init(&text, TRIGGER_RECORD_MAX);
	if (why == NULL)
		th_buf_addf(&text, "The last run of %s went well.", t->name);
	else
		th_buf_addf(&text, "%s %s: %s", t->name, failed, why);
	if (why != NULL && tries > 0 && failures < tries)
		th_buf_addf(&text,
		    "\nAfter %" PRId64 " failures it will be disabled.", tries);
	else if (why != NULL && tries > 0)
		th_buf_addf(&text,
		    "\nIt is disabled; th-trigger enable %s lets it run again.",
		    t->name);
	th_json_open(ret, '{');
	th_json_key(ret, "id");
	th_buf_addc(ret, '"');
	th_urn_uuid(th_str(id), ret);
	th_buf_addc(ret, '"');
	th_json_member(ret, "title", th_str(title));
	th_json_member(ret, "content_text", th_buf_str(&text));
	th_json_member(ret, "date_published", th_str(date));
	th_json_key(ret, "tags");
	th_json_open(ret, '[');
	th_json_string(ret, th_str(t->name));
	th_json_close(ret, ']');
	th_json_key(ret, "_source");
	th_json_open(ret, '{');
	th_json_member(ret, "service", TH_STR("th-trigger"));
	th_json_close(ret, '}');
	th_json_close(ret, '}');
	th_buf_addc(ret, '\n');
	th_buf_release(&text);
	return ret->status;
}
