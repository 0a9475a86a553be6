/* dump -- rows of a database as Django's dumpdata writes them */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define ROWS_MAX 1000000

static int
compare_str(struct th_str a, struct th_str b)
{
	const size_t n = a.len < b.len ? a.len : b.len;
	const int c = n > 0 ? memcmp(a.s, b.s, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* By model, then by number (digits without zeros in front), then as they came.
 */
static int
by_key(const void *a, const void *b)
{
	const struct th_dump_row *x = a, *y = b;
	int c = compare_str(x->model, y->model);

	if (c == 0)
		c = (x->key.len > y->key.len) - (x->key.len < y->key.len);
	if (c == 0)
		c = compare_str(x->key, y->key);
	return c != 0 ? c
		      : (x->fields.raw.s > y->fields.raw.s) -
			    (x->fields.raw.s < y->fields.raw.s);
}

/* A string that has nothing to decode, or a number; else empty. */
static struct th_str
plain(const struct th_value *v)
{
	struct th_str s = v->raw;

	if (v->type == TH_JSON_STRING && memchr(s.s, '\\', s.len) == NULL)
		return (struct th_str){ s.s + 1, s.len - 2 };
	return v->type == TH_JSON_NUMBER ? s : (struct th_str){ "", 0 };
}

static bool
read_row(const struct th_value *v, struct th_dump_row *ret)
{
	struct th_value model, key;
	const char *dot;

	if (!th_value_get(v, "model", &model) || model.type != TH_JSON_STRING ||
	    !th_value_get(v, "fields", &ret->fields) ||
	    ret->fields.type != TH_JSON_OBJECT)
		return false;
	ret->model = plain(&model);
	dot = memchr(ret->model.s, '.', ret->model.len);
	if (dot == NULL)
		return false;
	ret->model.len -= (size_t)(dot + 1 - ret->model.s);
	ret->model.s = dot + 1;
	ret->key = (struct th_str){ "", 0 };
	if (th_value_get(&ret->fields, "trigger", &key) ||
	    th_value_get(v, "pk", &key))
		ret->key = plain(&key);
	return true;
}

enum th_status
th_dump_read(struct th_str text, struct th_dump *ret, struct th_err *err)
{
	struct th_dump d = { 0 };
	struct th_dump_row *more;
	struct th_value all, v;
	struct th_iter it;
	enum th_status st;
	size_t cap = 0;

	if ((st = th_json_parse(text, &all, err)) != TH_OK)
		return st;
	th_iter_init(&it, &all);
	if (all.type != TH_JSON_ARRAY)
		return th_fail(err, TH_EDATA, "not a dump of rows");
	while (st == TH_OK && th_iter_next(&it, NULL, &v)) {
		if (d.n == ROWS_MAX) {
			st = th_fail(err, TH_EDATA, "too many rows");
			break;
		}
		if (d.n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			more = th_realloc(d.row, cap * sizeof(*d.row));
			if (more == NULL) {
				st = th_fail(err, TH_ENOMEM, "out of memory");
				break;
			}
			d.row = more;
		}
		if (!read_row(&v, &d.row[d.n++]))
			st = th_fail(err, TH_EDATA,
			    "row %zu has no model or no fields", d.n);
	}
	if (st != TH_OK) {
		th_dump_release(&d);
		return st;
	}
	if (d.n > 0)
		qsort(d.row, d.n, sizeof(*d.row), by_key);
	*ret = d;
	return TH_OK;
}

void
th_dump_release(struct th_dump *d)
{
	free(d->row);
	*d = (struct th_dump){ 0 };
}

const struct th_dump_row *
th_dump_find(const struct th_dump *d, const char *model, struct th_str key)
{
	const struct th_dump_row want = { .model = th_str(model), .key = key };
	size_t low = 0, high = d->n, middle;

	/* fields.raw.s of want is NULL: it comes before all that are equal. */
	while (low < high) {
		middle = low + (high - low) / 2;
		if (by_key(&d->row[middle], &want) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == d->n || !th_str_is(d->row[low].model, model) ||
	    (key.len > 0 && compare_str(d->row[low].key, key) != 0))
		return NULL;
	return &d->row[low];
}

enum th_status
th_dump_text(
    const struct th_dump_row *row, const char *field, struct th_buf *ret)
{
	const size_t start = ret->len;
	struct th_value v;
	struct th_str s;
	struct th_buf room;

	if (!th_value_get(&row->fields, field, &v) ||
	    (v.type != TH_JSON_STRING && v.type != TH_JSON_NUMBER))
		return TH_END;
	th_buf_init(&room, v.raw.len + 1);
	if (th_value_str(&v, &room, &s) == TH_OK)
		th_text_fold(s, ret);
	else
		ret->status = room.status;
	th_buf_release(&room);
	if (ret->status != TH_OK)
		return ret->status;
	return ret->len > start ? TH_OK : TH_END;
}

bool
th_dump_is(const struct th_dump_row *row, const char *field)
{
	struct th_value v;

	return th_value_get(&row->fields, field, &v) &&
	       v.type == TH_JSON_BOOL && v.raw.s[0] == 't';
}
