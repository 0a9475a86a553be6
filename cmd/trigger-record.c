/* trigger-record -- what the store keeps of a trigger, as JSON in its state */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "triggers.h"

#define STATE_NAME_SIZE 160

/* No name of a trigger has a colon, so this is no reader's --state. */
static enum th_status
open_state(struct th_store *store, const char *name, struct th_state **ret,
    struct th_err *err)
{
	char full[STATE_NAME_SIZE];

	snprintf(full, sizeof(full), ":trigger:%s", name);
	return th_state_open(store, full, NULL, ret, err);
}

void
trigger_record_init(struct trigger_record *r)
{
	*r = (struct trigger_record){ 0 };
	th_buf_init(&r->notice, TRIGGER_RECORD_MAX);
	th_buf_init(&r->queues, TRIGGER_RECORD_MAX);
	th_buf_init(&r->days, TRIGGER_RECORD_MAX);
	th_buf_init(&r->history, TRIGGER_RECORD_MAX);
}

void
trigger_record_release(struct trigger_record *r)
{
	th_buf_release(&r->notice);
	th_buf_release(&r->queues);
	th_buf_release(&r->days);
	th_buf_release(&r->history);
}

/* ---- reading ---- */

int64_t
trigger_int(const struct th_value *v, const char *name)
{
	struct th_value member;
	double n;

	if (!th_value_get(v, name, &member) || !th_value_number(&member, &n) ||
	    n < -9e15 || n > 9e15)
		return 0;
	return (int64_t)n;
}

void
trigger_text(const struct th_value *v, const char *name, char *ret, size_t size)
{
	struct th_value member;
	struct th_str s;
	struct th_buf room;
	size_t n;

	ret[0] = '\0';
	th_buf_init(&room, TRIGGER_RECORD_MAX);
	if (th_value_get(v, name, &member) && member.type == TH_JSON_STRING &&
	    th_value_str(&member, &room, &s) == TH_OK) {
		n = s.len < size ? s.len : size - 1;
		memcpy(ret, s.s, n);
		ret[n] = '\0';
		n = th_utf8_valid((struct th_str){ ret, n });
		ret[n] = '\0';
	}
	th_buf_release(&room);
}

static void
copy_raw(const struct th_value *v, const char *name, enum th_json type,
    struct th_buf *ret)
{
	struct th_value member;

	if (th_value_get(v, name, &member) && member.type == type)
		th_buf_add(ret, member.raw.s, member.raw.len);
}

static void
read_disabled(const struct th_value *v, struct trigger_record *r)
{
	r->disabled = true;
	trigger_text(v, "by", r->by, sizeof(r->by));
	r->disabled_at = trigger_int(v, "at");
}

static void
read_since(const struct th_value *v, struct trigger_record *r)
{
	r->since = trigger_int(v, "since");
	r->forgiven = trigger_int(v, "runs");
}

static void
read_running(const struct th_value *v, struct trigger_record *r)
{
	trigger_text(v, "run", r->running, sizeof(r->running));
	trigger_text(v, "owner", r->owner, sizeof(r->owner));
	r->running_since = trigger_int(v, "since");
}

static void
read_problem(const struct th_value *v, struct trigger_record *r)
{
	trigger_text(v, "text", r->problem, sizeof(r->problem));
}

static void
read_rest(const struct th_value *v, struct trigger_record *r)
{
	r->slot = trigger_int(v, "slot");
	r->failures = trigger_int(v, "failures");
	r->notified = trigger_int(v, "notified") != 0;
	r->notice_at = trigger_int(v, "notice_at");
	r->runs = trigger_int(v, "runs");
	r->fetched = trigger_int(v, "fetched");
	r->published = trigger_int(v, "published");
	copy_raw(v, "notice", TH_JSON_OBJECT, &r->notice);
	copy_raw(v, "queues", TH_JSON_ARRAY, &r->queues);
	copy_raw(v, "days", TH_JSON_OBJECT, &r->days);
	copy_raw(v, "history", TH_JSON_ARRAY, &r->history);
}

static const struct {
	const char *key;
	void (*read)(const struct th_value *, struct trigger_record *);
} values[] = { { "disabled", read_disabled }, { "since", read_since },
	{ "running", read_running }, { "problem", read_problem },
	{ "record", read_rest } };
#define NVALUES (sizeof(values) / sizeof(*values))

enum th_status
trigger_record_load(struct th_store *store, const char *name,
    struct trigger_record *ret, struct th_err *err)
{
	struct th_state *state;
	struct th_value v;
	struct th_buf b;
	enum th_status st;
	size_t i;

	trigger_record_release(ret);
	trigger_record_init(ret);
	if ((st = open_state(store, name, &state, err)) != TH_OK)
		return st;
	th_buf_init(&b, TRIGGER_RECORD_MAX);
	for (i = 0; i < NVALUES && st == TH_OK; i++) {
		th_buf_clear(&b);
		st = th_state_get(state, values[i].key, &b, err);
		/* What cannot be read is as if it were not there. */
		if (st == TH_OK &&
		    th_json_parse(th_buf_str(&b), &v, NULL) == TH_OK)
			values[i].read(&v, ret);
		if (st == TH_END)
			st = TH_OK;
	}
	th_buf_release(&b);
	th_state_free(state);
	/* Who enables it lets it try anew. */
	if (ret->failures > ret->runs - ret->forgiven)
		ret->failures = ret->runs - ret->forgiven;
	return st;
}

/* ---- writing ---- */

/* A value of the state and what it is to be: "" takes it away. */
struct update {
	const char *key;
	struct th_buf json;
};

static void
begin(struct update *u, const char *key)
{
	u->key = key;
	th_buf_init(&u->json, 4 * TRIGGER_RECORD_MAX);
	th_json_open(&u->json, '{');
}

static void
set_rest(struct update *u, const struct trigger_record *r)
{
	struct th_buf *b = &u->json;

	begin(u, "record");
	th_json_member_int(b, "slot", r->slot);
	th_json_member_int(b, "failures", r->failures);
	th_json_member_int(b, "notified", r->notified);
	if (r->notice.len > 0)
		th_json_member_int(b, "notice_at", r->notice_at);
	th_json_member_raw(b, "notice", th_buf_str(&r->notice));
	th_json_member_int(b, "runs", r->runs);
	th_json_member_int(b, "fetched", r->fetched);
	th_json_member_int(b, "published", r->published);
	th_json_member_raw(b, "queues", th_buf_str(&r->queues));
	th_json_member_raw(b, "days", th_buf_str(&r->days));
	th_json_member_raw(b, "history", th_buf_str(&r->history));
	th_json_close(b, '}');
}

static void
set_since(struct update *u, int64_t since, int64_t runs)
{
	begin(u, "since");
	th_json_member_int(&u->json, "since", since);
	th_json_member_int(&u->json, "runs", runs);
	th_json_close(&u->json, '}');
}

/* All n in one durable step; releases them. */
static enum th_status
commit(struct th_store *store, const char *name, struct update *u, size_t n,
    struct th_err *err)
{
	struct th_state *state = NULL;
	enum th_status st = open_state(store, name, &state, err);
	size_t i;

	for (i = 0; i < n && st == TH_OK; i++)
		if ((st = u[i].json.status) != TH_OK)
			th_fail(err, st, "%s", th_strstatus(st));
		else
			st = th_state_put(
			    state, u[i].key, th_buf_str(&u[i].json), err);
	if (st == TH_OK)
		st = th_state_commit(state, err);
	th_state_free(state);
	for (i = 0; i < n; i++)
		th_buf_release(&u[i].json);
	return st;
}

enum th_status
trigger_record_save(struct th_store *store, const char *name,
    const struct trigger_record *r, struct th_err *err)
{
	struct update u[] = { { 0 }, { .key = "running" } };

	set_rest(&u[0], r);
	return commit(store, name, u, 2, err);
}

enum th_status
trigger_record_begin(struct th_store *store, const char *name,
    const struct trigger_record *r, struct th_err *err)
{
	struct update u;

	begin(&u, "running");
	th_json_member(&u.json, "run", th_str(r->running));
	th_json_member(&u.json, "owner", th_str(r->owner));
	th_json_member_int(&u.json, "since", r->running_since);
	th_json_close(&u.json, '}');
	return commit(store, name, &u, 1, err);
}

enum th_status
trigger_record_since(
    struct th_store *store, const char *name, int64_t since, struct th_err *err)
{
	struct update u;

	set_since(&u, since, 0);
	return commit(store, name, &u, 1, err);
}

enum th_status
trigger_record_enable(
    struct th_store *store, const char *name, int64_t now, struct th_err *err)
{
	struct update u[] = { { .key = "disabled" }, { 0 } };
	struct trigger_record r;
	enum th_status st;

	trigger_record_init(&r);
	st = trigger_record_load(store, name, &r, err);
	if (st == TH_OK) {
		set_since(&u[1], now, r.runs);
		st = commit(store, name, u, 2, err);
	}
	trigger_record_release(&r);
	return st;
}

enum th_status
trigger_record_disable(struct th_store *store, const char *name, const char *by,
    int64_t now, struct th_err *err)
{
	struct update u;

	begin(&u, "disabled");
	th_json_member(&u.json, "by", th_str(by));
	th_json_member_int(&u.json, "at", now);
	th_json_close(&u.json, '}');
	return commit(store, name, &u, 1, err);
}

enum th_status
trigger_record_problem(struct th_store *store, const char *name,
    const char *problem, struct th_err *err)
{
	struct update u = { .key = "problem" };

	if (problem[0] != '\0') {
		begin(&u, "problem");
		th_json_member(&u.json, "text", th_str(problem));
		th_json_close(&u.json, '}');
	}
	return commit(store, name, &u, 1, err);
}

enum th_status
trigger_record_forget(
    struct th_store *store, const char *name, struct th_err *err)
{
	struct update u[NVALUES] = { { 0 } };
	size_t i;

	for (i = 0; i < NVALUES; i++)
		u[i].key = values[i].key;
	return commit(store, name, u, NVALUES, err);
}

/* ---- one more run ---- */

const char *
trigger_outcome_name(enum trigger_outcome outcome)
{
	static const char *const name[] = { "ok", "failed", "timed out",
		"interrupted", "lost" };

	return name[outcome];
}

void
trigger_each(const struct th_buf *json,
    void (*visit)(void *ctx, struct th_str key, const struct th_value *),
    void *ctx)
{
	struct th_value all, v;
	struct th_iter it;
	struct th_str key = { "", 0 };

	if (json->len == 0 ||
	    th_json_parse(th_buf_str(json), &all, NULL) != TH_OK)
		return;
	th_iter_init(&it, &all);
	while (th_iter_next(&it, &key, &v))
		visit(ctx, key, &v);
}

bool
trigger_last(const struct trigger_record *r, struct th_value *ret)
{
	struct th_value all;
	struct th_iter it;

	if (r->history.len == 0 ||
	    th_json_parse(th_buf_str(&r->history), &all, NULL) != TH_OK)
		return false;
	th_iter_init(&it, &all);
	return th_iter_next(&it, NULL, ret);
}

void
trigger_day(const struct th_value *v, int64_t ret[TRIGGER_COUNTS])
{
	struct th_value n;
	struct th_iter it;
	double d;
	int i;

	th_iter_init(&it, v);
	for (i = 0; i < TRIGGER_COUNTS && th_iter_next(&it, NULL, &n); i++)
		if (th_value_number(&n, &d) && d >= 0 && d < 9e15)
			ret[i] = (int64_t)d;
}

static void
add_run(struct th_buf *b, const struct trigger_result *res)
{
	th_json_open(b, '{');
	th_json_member(b, "run", th_str(res->run));
	th_json_member_int(b, "start", res->start);
	th_json_member_int(b, "end", res->start + res->ms / 1000);
	th_json_member_int(b, "ms", res->ms);
	th_json_member(b, "status", th_str(trigger_outcome_name(res->outcome)));
	th_json_member_int(b, "exit", res->code);
	th_json_member_int(b, "fetched", res->fetched);
	th_json_member_int(b, "published", res->published);
	th_json_member_int(b, "refused", res->refused);
	th_json_member(b, "why", th_str(res->why));
	th_json_member_raw(b, "stages", th_buf_str(&res->stages));
	th_json_close(b, '}');
}

struct more {
	struct th_buf *b;
	size_t n, max, skip;
	const char *today;
	int64_t day[TRIGGER_COUNTS];
};

static void
add_old_run(void *ctx, struct th_str key, const struct th_value *v)
{
	struct more *m = ctx;

	(void)key;
	if (m->n++ < m->max)
		th_json_raw(m->b, v->raw);
}

static void
add_history(struct trigger_record *r, const struct trigger_result *res,
    struct th_buf *ret)
{
	struct more m = { .b = ret, .max = TRIGGER_HISTORY - 1 };

	th_json_open(ret, '[');
	add_run(ret, res);
	trigger_each(&r->history, add_old_run, &m);
	th_json_close(ret, ']');
}

static void
count_day(void *ctx, struct th_str key, const struct th_value *v)
{
	struct more *m = ctx;

	m->n++;
	if (th_str_is(key, m->today))
		trigger_day(v, m->day);
}

static void
add_old_day(void *ctx, struct th_str key, const struct th_value *v)
{
	struct more *m = ctx;
	char name[32];

	if (th_str_is(key, m->today))
		return;
	if (m->n++ < m->skip || key.len >= sizeof(name))
		return;
	memcpy(name, key.s, key.len);
	name[key.len] = '\0';
	th_json_member_raw(m->b, name, v->raw);
}

/* Days stand in the order in which they came, today at the end. */
static void
add_day(struct trigger_record *r, const struct trigger_result *res,
    struct th_buf *ret)
{
	char date[TH_DATE_SIZE] = "";
	struct more m = { .b = ret, .today = date };
	size_t i;

	th_date_format(res->start, date);
	date[10] = '\0';
	trigger_each(&r->days, count_day, &m);
	m.skip = m.n > TRIGGER_DAYS ? m.n - TRIGGER_DAYS : 0;
	m.n = 0;
	m.day[TRIGGER_FETCHED] += res->fetched;
	m.day[TRIGGER_PUBLISHED] += res->published;
	m.day[TRIGGER_RUNS]++;
	m.day[TRIGGER_FAILURES] +=
	    res->outcome == TRIGGER_FAILED || res->outcome == TRIGGER_TIMED_OUT;
	th_json_open(ret, '{');
	trigger_each(&r->days, add_old_day, &m);
	th_json_key(ret, date);
	th_json_open(ret, '[');
	for (i = 0; i < TRIGGER_COUNTS; i++)
		th_json_int(ret, m.day[i]);
	th_json_close(ret, ']');
	th_json_close(ret, '}');
}

static enum th_status
replace(struct th_buf *old, struct th_buf *new, struct th_err *err)
{
	if (new->status != TH_OK)
		return th_fail(
		    err, new->status, "%s", th_strstatus(new->status));
	th_buf_release(old);
	*old = *new;
	*new = (struct th_buf){ 0 };
	return TH_OK;
}

enum th_status
trigger_record_add(struct trigger_record *r, const struct trigger_result *res,
    struct th_err *err)
{
	struct th_buf history, days, queues;
	enum th_status st;

	th_buf_init(&history, TRIGGER_RECORD_MAX);
	th_buf_init(&days, TRIGGER_RECORD_MAX);
	th_buf_init(&queues, TRIGGER_RECORD_MAX);
	add_history(r, res, &history);
	add_day(r, res, &days);
	th_buf_add(&queues, res->queues.data, res->queues.len);
	st = replace(&r->history, &history, err);
	if (st == TH_OK)
		st = replace(&r->days, &days, err);
	/* A run that got nowhere does not know where it would have gone. */
	if (st == TH_OK && queues.len > 0)
		st = replace(&r->queues, &queues, err);
	r->runs++;
	r->fetched += res->fetched;
	r->published += res->published;
	th_buf_release(&history);
	th_buf_release(&days);
	th_buf_release(&queues);
	return st;
}
