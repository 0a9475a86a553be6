/* expr -- asks the tree of an expression about an item */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expr.h"

/* One question; ret in it is the answer so far. */
struct eval {
	struct th_expr *x;
	const struct th_item *it;
	const struct th_node *n;
	struct th_err *err;
	const struct th_val *left; /* while the right is looked through */
	bool hit;
};

/* ---- operands ---- */

/* Hands on the value of an operand after its functions were applied. */
struct apply {
	const struct th_operand *o;
	struct th_buf *scratch;
	th_see *see;
	void *ctx;
	bool any;
};

static size_t
count_characters(struct th_str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += ((unsigned char)s.s[i] & 0xc0) != 0x80;
	return n;
}

static enum th_status
host_of(struct th_str s, struct th_buf *ret)
{
	struct th_url url;

	if (th_url_parse(th_str_trim(s), &url) != TH_OK || url.host.s == NULL)
		return TH_OK;
	return th_text_lower(url.host, ret);
}

/* One function; the result is text in b, or a number. */
static enum th_status
call(enum th_call function, struct th_val *v, struct th_buf *b)
{
	enum th_status st = TH_OK;

	th_buf_clear(b);
	switch (function) {
	case TH_LENGTH:
		v->type = TH_V_NUMBER;
		v->number = (double)count_characters(v->str);
		return TH_OK;
	case TH_LOWER: st = th_text_lower(v->str, b); break;
	case TH_HOST: st = host_of(v->str, b); break;
	case TH_TEXT: st = th_text_from_html(v->str, TH_TEXT_FOLD, b); break;
	}
	v->type = TH_V_STRING;
	v->str = th_buf_str(b);
	return st;
}

/* Two buffers in turn: one is read while the other is written. */
static enum th_status
see_applied(void *ctx, const struct th_val *v)
{
	struct apply *a = ctx;
	char room[TH_DATE_SIZE];
	struct th_val out = *v;
	enum th_status st;
	size_t i;

	if (a->o->ncalls > 0 && v->type == TH_V_OTHER)
		return TH_OK; /* an object is no text */
	a->any = true;
	if (a->o->ncalls > 0)
		out.str = th_val_text(v, room);
	for (i = 0; i < a->o->ncalls; i++) {
		st = call(a->o->call[i], &out, &a->scratch[1 + i % 2]);
		if (st != TH_OK)
			return st;
	}
	return a->see(a->ctx, &out);
}

struct count {
	struct apply *a;
	enum th_status status;
};

/* length() of an array or object is the number of its elements. */
static bool
see_counted(void *ctx, const struct th_value *v)
{
	struct count *c = ctx;
	struct apply *a = c->a;
	struct th_val n = { .type = TH_V_NUMBER };
	struct th_value element;
	struct th_iter it;
	struct th_str text;

	if (v->type == TH_JSON_NULL)
		return false;
	a->any = true;
	if (v->type == TH_JSON_ARRAY || v->type == TH_JSON_OBJECT) {
		th_iter_init(&it, v);
		while (th_iter_next(&it, NULL, &element))
			n.number++;
	} else {
		c->status = th_value_str(v, &a->scratch[0], &text);
		if (c->status != TH_OK)
			return true;
		n.number = (double)count_characters(text);
	}
	c->status = a->see(a->ctx, &n);
	return c->status != TH_OK;
}

static enum th_status
each(struct eval *e, int side, const struct th_operand *o, th_see *see,
    void *ctx)
{
	struct apply a = { o, e->x->scratch[side], see, ctx, false };
	struct count c = { &a, TH_OK };
	struct th_val none = { .type = TH_V_NUMBER };
	bool length = o->ncalls > 0 && o->call[o->ncalls - 1] == TH_LENGTH;
	enum th_status st;

	if (o->constant)
		return o->ncalls > 0 ? see_applied(&a, &o->value)
				     : see(ctx, &o->value);
	if (length && o->ncalls == 1 && o->field.alias == TH_A_PATH) {
		th_field_each_raw(&o->field, e->it, see_counted, &c);
		st = c.status;
	} else {
		st =
		    th_field_each(&o->field, e->it, a.scratch, see_applied, &a);
	}
	/* What is not there has no characters and no elements. */
	if (st == TH_OK && length && !a.any)
		st = see(ctx, &none);
	return st;
}

/* ---- comparing ---- */

static bool
as_number(const struct th_val *v, double *ret)
{
	struct th_value json;

	if (v->type == TH_V_NUMBER) {
		*ret = v->number;
		return true;
	}
	return v->type == TH_V_STRING && v->str.len > 0 && v->str.len < 64 &&
	       th_json_parse(v->str, &json, NULL) == TH_OK &&
	       th_value_number(&json, ret);
}

static bool
as_date(const struct th_val *v, int64_t *ret)
{
	*ret = v->date;
	return v->type == TH_V_DATE ||
	       (v->type == TH_V_STRING &&
		   th_date_parse_rfc3339(v->str, ret) == TH_OK);
}

/* Bytes of UTF-8 are in the order of their code points. */
static int
compare_text(struct th_str a, struct th_str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int c = len > 0 ? memcmp(a.s, b.s, len) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* The order of two values; false when they have none. */
static bool
compare(const struct th_val *a, const struct th_val *b, bool fields, int *ret)
{
	int64_t da, db;
	double na, nb;

	if (a->type == TH_V_BOOL || b->type == TH_V_BOOL) {
		*ret = (a->number > b->number) - (a->number < b->number);
		return a->type == b->type;
	}
	if (a->type == TH_V_NUMBER || b->type == TH_V_NUMBER) {
		if (!as_number(a, &na) || !as_number(b, &nb))
			return false;
		*ret = (na > nb) - (na < nb);
		return true;
	}
	if ((a->type == TH_V_DATE || b->type == TH_V_DATE || fields) &&
	    as_date(a, &da) && as_date(b, &db)) {
		*ret = (da > db) - (da < db);
		return true;
	}
	*ret = compare_text(a->str, b->str);
	return a->type == TH_V_STRING && b->type == TH_V_STRING;
}

static enum th_status
see_right(void *ctx, const struct th_val *right)
{
	struct eval *e = ctx;
	const struct th_node *n = e->n;
	int c;

	if (!compare(
		e->left, right, !n->left.constant && !n->right.constant, &c))
		return TH_OK;
	switch (n->op) {
	case TH_EQ: e->hit = c == 0; break;
	case TH_LT: e->hit = c < 0; break;
	case TH_LE: e->hit = c <= 0; break;
	case TH_GT: e->hit = c > 0; break;
	case TH_GE: e->hit = c >= 0; break;
	case TH_NE:
	case TH_MATCH:
	case TH_NOMATCH: return TH_EBUG;
	}
	return e->hit ? TH_END : TH_OK;
}

static enum th_status
see_left(void *ctx, const struct th_val *left)
{
	struct eval *e = ctx;
	enum th_status st;

	e->left = left;
	if (e->n->right.constant && e->n->right.ncalls == 0)
		return see_right(e, &e->n->right.value);
	st = each(e, 1, &e->n->right, see_right, e);
	return st;
}

static enum th_status
see_subject(void *ctx, const struct th_val *v)
{
	struct eval *e = ctx;
	char room[TH_DATE_SIZE];
	enum th_status st;

	if (v->type == TH_V_OTHER)
		return TH_OK;
	st = th_regex_match(e->n->regex, th_val_text(v, room), &e->hit, e->err);
	return st == TH_OK && e->hit ? TH_END : st;
}

static enum th_status
see_present(void *ctx, const struct th_val *v)
{
	struct eval *e = ctx;
	const struct th_value object = { TH_JSON_OBJECT, v->str };

	if (v->type == TH_V_STRING)
		e->hit = v->str.len > 0;
	else
		e->hit = v->type != TH_V_OTHER || !th_value_is_empty(&object);
	return e->hit ? TH_END : TH_OK;
}

static enum th_status
test(struct eval *e)
{
	const struct th_node *n = e->n;
	th_see *see = n->op == TH_MATCH ? see_subject : see_left;
	enum th_status st;

	if (n->type == TH_N_HAS && n->left.constant) {
		e->hit = n->left.value.number != 0;
		return TH_OK;
	}
	e->hit = false;
	st = each(e, 0, &n->left, n->type == TH_N_HAS ? see_present : see, e);
	return st == TH_END ? TH_OK : st;
}

/* ---- the tree ---- */

static enum th_status
match(struct eval *e, const struct th_node *n, bool *ret)
{
	const struct th_node *child;
	bool hit = n->type == TH_N_AND;
	enum th_status st = TH_OK;

	if (n->child == NULL) {
		e->n = n;
		st = test(e);
		hit = e->hit;
	}
	/* "and" ends at the first that fails, "or" at the first that holds. */
	for (child = n->child;
	     child != NULL && st == TH_OK && hit == (n->type == TH_N_AND);
	     child = child->next)
		st = match(e, child, &hit);
	*ret = hit != n->negate;
	return st;
}

enum th_status
th_expr_new(
    const char *src, int64_t now, struct th_expr **ret, struct th_err *err)
{
	struct th_expr *x = th_calloc(1, sizeof(*x));
	enum th_status st;
	size_t i;

	if (x == NULL)
		return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	for (i = 0; i < 2 * TH_SCRATCH; i++)
		th_buf_init(&x->scratch[i / TH_SCRATCH][i % TH_SCRATCH],
		    2 * TH_LINE_MAX);
	st = th_expr_parse(src, now, &x->root, err);
	if (st == TH_OK)
		*ret = x;
	else
		th_expr_free(x);
	return st;
}

void
th_expr_free(struct th_expr *x)
{
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < 2 * TH_SCRATCH; i++)
		th_buf_release(&x->scratch[i / TH_SCRATCH][i % TH_SCRATCH]);
	th_node_free(x->root);
	free(x);
}

enum th_status
th_expr_match(
    struct th_expr *x, const struct th_item *it, bool *ret, struct th_err *err)
{
	struct eval e = { .x = x, .it = it, .err = err };
	enum th_status st;

	if (err != NULL)
		err->text[0] = '\0';
	st = match(&e, x->root, ret);
	if (st != TH_OK && err != NULL && err->text[0] == '\0')
		th_fail(err, st, "%s", th_strstatus(st));
	return st;
}
