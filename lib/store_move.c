/* store_move -- readers' states as lines of JSON, out of one store into another
 */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define IDS 500 /* in one line */

enum th_status
th_state_each(struct th_store *store, th_state_visit *visit, void *ctx,
    struct th_err *err)
{
	return store->ops->state_each(store, visit, ctx, err);
}

/* ---- out ---- */

struct writer {
	bool (*wanted)(const char *state, const char *key);
	struct th_out *out;
	struct th_buf line; /* of ids, begun */
	size_t n;           /* ids in it */
	char *state, scope[TH_SCOPE_SIZE];
	int64_t day;
};

static enum th_status
write_line(struct writer *w, struct th_buf *b)
{
	enum th_status st = b->status;

	if (st == TH_OK)
		st = th_out_line(w->out, th_buf_str(b));
	th_buf_clear(b);
	return st;
}

static enum th_status
flush_ids(struct writer *w)
{
	if (w->n == 0)
		return TH_OK;
	w->n = 0;
	th_json_close(&w->line, ']');
	th_json_close(&w->line, '}');
	return write_line(w, &w->line);
}

static enum th_status
begin_ids(struct writer *w, const struct th_state_entry *e)
{
	free(w->state);
	if ((w->state = th_strdup(e->state)) == NULL)
		return TH_ENOMEM;
	snprintf(w->scope, sizeof(w->scope), "%s", e->scope);
	w->day = e->day;
	th_json_open(&w->line, '{');
	th_json_member(&w->line, "state", th_str(e->state));
	th_json_member(&w->line, "scope", th_str(e->scope));
	th_json_key(&w->line, "day");
	th_json_int(&w->line, e->day);
	th_json_key(&w->line, "ids");
	return th_json_open(&w->line, '[');
}

static enum th_status
write_id(struct writer *w, const struct th_state_entry *e)
{
	enum th_status st = TH_OK;
	struct th_buf hex;

	/* A scope that is not a hash is of a store that nobody has. */
	if (strlen(e->scope) != TH_SCOPE_SIZE - 1)
		return TH_OK;
	if (w->n == IDS || w->day != e->day || w->state == NULL ||
	    strcmp(w->scope, e->scope) != 0 || strcmp(w->state, e->state) != 0)
		st = flush_ids(w);
	if (st == TH_OK && w->n == 0)
		st = begin_ids(w, e);
	if (st != TH_OK)
		return st;
	th_buf_init(&hex, TH_SCOPE_SIZE);
	th_hex_encode(
	    (struct th_str){ (const char *)e->id.byte, TH_HASH_SIZE }, &hex);
	th_json_string(&w->line, th_buf_str(&hex));
	th_buf_release(&hex);
	w->n++;
	return w->line.status;
}

static enum th_status
write_value(struct writer *w, const struct th_state_entry *e)
{
	struct th_buf b, code;
	enum th_status st;

	if (w->wanted != NULL && !w->wanted(e->state, e->key))
		return TH_OK;
	th_buf_init(&b, TH_LINE_MAX * 2);
	th_buf_init(&code, TH_LINE_MAX * 2);
	th_json_open(&b, '{');
	th_json_member(&b, "state", th_str(e->state));
	th_json_member(&b, "key", th_str(e->key));
	if (th_utf8_valid(e->value) == e->value.len) {
		th_json_member(&b, "value", e->value);
	} else {
		th_base64_encode(e->value, TH_BASE64, &code);
		th_json_member(&b, "base64", th_buf_str(&code));
	}
	th_json_close(&b, '}');
	if (b.status == TH_OK)
		b.status = code.status;
	st = write_line(w, &b);
	th_buf_release(&b);
	th_buf_release(&code);
	return st;
}

static enum th_status
write_entry(void *ctx, const struct th_state_entry *e)
{
	return e->key != NULL ? write_value(ctx, e) : write_id(ctx, e);
}

enum th_status
th_state_export(struct th_store *store,
    bool (*wanted)(const char *state, const char *key), struct th_out *out,
    struct th_err *err)
{
	struct writer w = { .wanted = wanted, .out = out };
	enum th_status st;

	th_buf_init(&w.line, TH_LINE_MAX);
	st = th_state_each(store, write_entry, &w, err);
	if (st == TH_OK)
		st = flush_ids(&w);
	if (st != TH_OK && (err == NULL || err->text[0] == '\0'))
		th_fail(err, st, "%s", th_strstatus(st));
	th_buf_release(&w.line);
	free(w.state);
	return st;
}

/* ---- in ---- */

/* Commits what is begun. */
enum th_status
th_state_import_end(struct th_state_moving *m, struct th_err *err)
{
	enum th_status st = TH_OK;

	if (m->state != NULL)
		st = th_state_commit(m->state, err);
	th_state_free(m->state);
	free(m->name);
	m->state = NULL;
	m->name = NULL;
	return st;
}

static enum th_status
begin_state(struct th_state_moving *m, const char *name, struct th_err *err)
{
	enum th_status st;

	if (m->name != NULL && strcmp(m->name, name) == 0)
		return TH_OK;
	if ((st = th_state_import_end(m, err)) != TH_OK)
		return st;
	if ((m->name = th_strdup(name)) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	m->kept = !m->replace && m->keep != NULL && m->keep(m->ctx, name);
	return m->kept ? TH_OK
		       : th_state_open(m->store, name, NULL, &m->state, err);
}

/* The value of a line.  TH_EDATA: it has none. */
static enum th_status
read_value(const struct th_item *it, struct th_buf *ret)
{
	struct th_buf code;
	enum th_status st;

	if (th_item_text(it, "value", ret) == TH_OK)
		return ret->len > 0 ? TH_OK : TH_EDATA;
	th_buf_init(&code, TH_LINE_MAX * 2);
	if ((st = th_item_text(it, "base64", &code)) == TH_OK)
		st = th_base64_decode(th_buf_str(&code), ret);
	th_buf_release(&code);
	return st == TH_ENOMEM               ? st
	       : st == TH_OK && ret->len > 0 ? TH_OK
					     : TH_EDATA;
}

static enum th_status
import_value(struct th_state_moving *m, const char *state, const char *key,
    const struct th_item *it, struct th_err *err)
{
	struct th_buf value, old;
	enum th_status st;

	th_buf_init(&value, TH_LINE_MAX);
	th_buf_init(&old, TH_LINE_MAX);
	if ((st = read_value(it, &value)) != TH_OK)
		th_fail(err, st, st == TH_EDATA ? "no value" : "out of memory");
	else
		st = begin_state(m, state, err);
	if (st != TH_OK || m->kept)
		goto out;
	st = m->replace ? TH_END : th_state_get(m->state, key, &old, err);
	if (st == TH_END)
		st = th_state_put(m->state, key, th_buf_str(&value), err);
out:
	th_buf_release(&value);
	th_buf_release(&old);
	return st;
}

static enum th_status
import_ids(struct th_store *store, const char *state, char *scope,
    const struct th_item *it, struct th_err *err)
{
	struct th_state_mark mark[IDS] = { { 0 } };
	struct th_state_change c = {
		.scope = &scope, .nscopes = 1, .mark = mark
	};
	unsigned char sum[TH_HASH_SIZE];
	struct th_value ids, v;
	struct th_iter iter;
	double day;

	if (!th_hex_decode(th_str(scope), sum, sizeof(sum)) ||
	    !th_item_get(it, "day", &v) || !th_value_number(&v, &day) ||
	    day < 0 || day > 1e6 || !th_item_get(it, "ids", &ids))
		return th_fail(err, TH_EDATA, "no scope, day and ids");
	c.now = (int64_t)day * 86400;
	th_iter_init(&iter, &ids);
	while (th_iter_next(&iter, NULL, &v)) {
		if (c.nmarks == IDS || v.type != TH_JSON_STRING ||
		    v.raw.len < 2 ||
		    !th_hex_decode(
			(struct th_str){ v.raw.s + 1, v.raw.len - 2 },
			mark[c.nmarks].id.byte, TH_HASH_SIZE))
			return th_fail(err, TH_EDATA, "no id");
		c.nmarks++;
	}
	return store->ops->state_commit(store, state, "", &c, err);
}

enum th_status
th_state_import(
    struct th_state_moving *m, const struct th_item *it, struct th_err *err)
{
	struct th_buf state, key, scope;
	enum th_status st;

	th_buf_init(&state, TH_LINE_MAX);
	th_buf_init(&key, TH_LINE_MAX);
	th_buf_init(&scope, TH_LINE_MAX);
	if (th_item_text(it, "state", &state) != TH_OK || state.len == 0)
		st = th_fail(err, TH_EDATA, "no state");
	else if (th_item_text(it, "key", &key) == TH_OK && key.len > 0)
		st = import_value(m, state.data, key.data, it, err);
	else if (th_item_text(it, "scope", &scope) == TH_OK && scope.len > 0)
		st = import_ids(m->store, state.data, scope.data, it, err);
	else
		st = th_fail(err, TH_EDATA, "neither a value nor ids");
	th_buf_release(&state);
	th_buf_release(&key);
	th_buf_release(&scope);
	return st;
}
