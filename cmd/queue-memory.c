/*
 * queue-memory -- th-queue export, import: what a store knows besides items
 *
 * Lines {"memory":KIND,"of":KEY,"values":[...]}: what counts on a limit, pauses
 * that were asked for, the storm guard's marks.  Without them a queue that
 * moved would send more than its limit allows, and not know a storm.
 */
#include <string.h>

#include "queue.h"

#define VALUES 500 /* in a line */

static const char *const kinds[] = { "limit", "pause", "guard" };
#define NKINDS (sizeof(kinds) / sizeof(*kinds))

/* ---- out ---- */

struct lines {
	const struct queue_cmd *c;
	enum th_memory kind;
	struct th_buf key, values;
	size_t n;
};

static enum th_status
end_line(struct lines *l)
{
	enum th_status st;
	struct th_buf b;

	if (l->n == 0)
		return TH_OK;
	th_buf_init(&b, TH_LINE_MAX);
	th_json_open(&b, '{');
	th_json_member(&b, "memory", th_str(kinds[l->kind]));
	th_json_member(&b, "of", th_buf_str(&l->key));
	if (l->kind == TH_M_GUARD) { /* whose queue it is, which it may make */
		th_json_member(&b, "service", th_str(l->c->service));
		th_json_member(&b, "account", th_str(l->c->account));
	}
	th_json_key(&b, "values");
	th_json_close(&l->values, ']');
	th_json_raw(&b, th_buf_str(&l->values));
	st = th_json_close(&b, '}');
	if (st == TH_OK)
		st = th_out_line(&cmd_out, th_buf_str(&b));
	th_buf_release(&b);
	th_buf_clear(&l->values);
	l->n = 0;
	return st;
}

static enum th_status
add_value(void *ctx, const char *key, int64_t n)
{
	struct lines *l = ctx;
	enum th_status st = TH_OK;

	if (l->n == VALUES ||
	    (l->n > 0 && !th_str_is(th_buf_str(&l->key), key)))
		st = end_line(l);
	if (st != TH_OK)
		return st;
	if (l->n++ == 0) {
		th_buf_clear(&l->key);
		th_buf_adds(&l->key, key);
		th_json_open(&l->values, '[');
	}
	st = th_json_int(&l->values, n);
	return st != TH_OK ? st : l->key.status;
}

static void
export_kind(const struct queue_cmd *c, enum th_memory kind, const char *key)
{
	struct lines l = { .c = c, .kind = kind };
	struct th_err err = { 0 };
	enum th_status st;

	th_buf_init(&l.key, TH_LINE_MAX);
	th_buf_init(&l.values, TH_LINE_MAX);
	st = th_memory_each(c->store, kind, key, add_value, &l, &err);
	if (st == TH_OK)
		st = end_line(&l);
	th_buf_release(&l.key);
	th_buf_release(&l.values);
	if (cmd_out.status == TH_OK)
		cmd_check(st, &err);
}

void
queue_export_guard(const struct queue_cmd *c)
{
	export_kind(c, TH_M_GUARD, th_queue_name(c->q));
}

void
queue_export_limits(const struct queue_cmd *c)
{
	struct th_buf key[2];
	int i;

	if (c->q == NULL) {
		export_kind(c, TH_M_LIMIT, NULL);
		export_kind(c, TH_M_PAUSE, NULL);
		return;
	}
	th_buf_init(&key[0], TH_LINE_MAX);
	th_buf_init(&key[1], TH_LINE_MAX);
	cmd_check(th_buf_addf(&key[0], "%s:%s", c->service, c->account), NULL);
	cmd_check(th_pause_queue_key(th_queue_name(c->q), &key[1]), NULL);
	for (i = 0; i < 2; i++) {
		export_kind(c, TH_M_LIMIT, key[i].data);
		export_kind(c, TH_M_PAUSE, key[i].data);
		th_buf_release(&key[i]);
	}
}

/* ---- in ---- */

struct values {
	int64_t v[VALUES];
	size_t n;
	bool bad;
};

static bool
take_value(void *ctx, const struct th_value *v)
{
	struct values *l = ctx;
	double n;

	if (l->n == VALUES || !th_value_number(v, &n) || !(n >= 0) ||
	    n > 9007199254740991.0)
		l->bad = true;
	else
		l->v[l->n++] = (int64_t)n;
	return l->bad;
}

bool
queue_is_memory(
    const struct th_item *it, enum th_memory *kind, struct th_buf *of)
{
	struct th_buf word;
	size_t i;

	th_buf_init(&word, TH_LINE_MAX);
	th_item_text(it, "memory", &word);
	th_item_text(it, "of", of);
	for (i = 0; i < NKINDS && !th_str_is(th_buf_str(&word), kinds[i]); i++)
		continue;
	th_buf_release(&word);
	*kind = (enum th_memory)i;
	return i < NKINDS && of->len > 0;
}

enum th_status
queue_import_memory(struct queue_cmd *c, const struct th_item *it,
    enum th_memory kind, const char *of, struct th_err *err)
{
	struct values l = { .n = 0 };

	th_item_visit(it, "values", take_value, &l);
	if (l.bad)
		return th_fail(err, TH_EDATA, "values that are no numbers");
	return th_memory_put(c->store, kind, of, l.v, l.n, err);
}
