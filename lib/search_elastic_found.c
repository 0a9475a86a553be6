/* search_elastic_found -- what the engine found, each item once */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "search_elastic.h"

/* What was found, of each item once. */
struct found {
	struct th_hit *hit;
	struct th_buf *line; /* with receipts of several stores; else empty */
	char **id;
	size_t n;
};

static bool
add_receipt(void *ctx, const struct th_value *v)
{
	struct th_item *it = ctx;
	struct th_value all;

	if (th_item_get(it, "_published", &all) && th_went_has(all.raw, v->raw))
		return false;
	return th_item_append(it, "_published", v->raw) != TH_OK;
}

/* The receipts of the same item, as another store knows them. */
static enum th_status
merge(struct found *f, size_t i, struct th_str other, struct th_err *err)
{
	struct th_item a, b;
	struct th_buf line;
	enum th_status st;

	th_item_init(&a);
	th_item_init(&b);
	th_buf_init(&line, 2 * TH_LINE_MAX);
	st = th_item_parse(&a, f->hit[i].line, err);
	if (st == TH_OK)
		st = th_item_parse(&b, other, err);
	if (st == TH_OK && th_item_visit(&b, "_published", add_receipt, &a))
		st = th_fail(err, TH_ENOMEM, "out of memory");
	if (st == TH_OK)
		st = th_item_line(&a, &line);
	th_item_release(&a);
	th_item_release(&b);
	if (st == TH_OK) {
		th_buf_release(&f->line[i]);
		f->line[i] = line;
		f->hit[i].line = th_buf_str(&line);
	} else
		th_buf_release(&line);
	return st == TH_EDATA ? TH_OK : st;
}

static enum th_status
id_of(struct th_str line, char **ret, struct th_err *err)
{
	struct th_item it;
	struct th_buf b;
	enum th_status st;

	*ret = NULL;
	th_item_init(&it);
	th_buf_init(&b, TH_LINE_MAX);
	st = th_item_parse(&it, line, err);
	if (st == TH_OK)
		st = th_item_text(&it, "id", &b);
	if (st == TH_OK && (*ret = th_buf_take(&b)) == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	th_buf_release(&b);
	th_item_release(&it);
	return st == TH_ENOMEM ? st : TH_OK;
}

static enum th_status
add_found(struct found *f, const struct th_hit *hit, struct th_err *err)
{
	char *id = NULL;
	enum th_status st = TH_OK;
	size_t i;

	if (hit->kind == TH_SEARCH_ITEM)
		st = id_of(hit->line, &id, err);
	for (i = 0; i < f->n && st == TH_OK && id != NULL; i++)
		if (f->id[i] != NULL && strcmp(f->id[i], id) == 0) {
			free(id);
			return merge(f, i, hit->line, err);
		}
	if (st != TH_OK)
		return st;
	f->hit[f->n] = *hit;
	f->id[f->n++] = id;
	return TH_OK;
}

static void
found_release(struct found *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		th_buf_release(&f->line[i]);
		free(f->id[i]);
	}
	free(f->hit);
	free(f->line);
	free(f->id);
}

/* Has it looked everywhere, and to the end? */
static bool
is_whole(const json_t *answer)
{
	const json_t *shards = json_object_get(answer, "_shards");

	return !json_is_true(json_object_get(answer, "timed_out")) &&
	       json_integer_value(json_object_get(shards, "failed")) == 0;
}

enum th_status
th_elastic_show(const struct th_reply *reply, enum th_search_kind kind,
    size_t limit, th_hit_visit *visit, void *ctx, struct th_err *err)
{
	struct th_hit hit = { .kind = kind };
	json_t *root = NULL, *hits, *h, *source;
	struct found f = { 0 };
	enum th_status st;
	size_t i, n;

	st = th_payload_parse(th_buf_str(&reply->body), &root, err);
	if (st != TH_OK)
		return st;
	hits = json_object_get(json_object_get(root, "hits"), "hits");
	n = json_array_size(hits);
	f.hit = th_calloc(n + 1, sizeof(*f.hit));
	f.line = th_calloc(n + 1, sizeof(*f.line));
	f.id = th_calloc(n + 1, sizeof(*f.id));
	if (f.hit == NULL || f.line == NULL || f.id == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	for (i = 0; i < n && st == TH_OK; i++) {
		h = json_array_get(hits, i);
		source = json_object_get(h, "_source");
		hit.score = json_number_value(json_object_get(h, "_score"));
		hit.date = json_integer_value(json_object_get(source, "date"));
		hit.line =
		    th_str(json_string_value(json_object_get(source, "line")));
		if (hit.line.len > 0)
			st = add_found(&f, &hit, err);
	}
	for (i = 0; i < f.n && i < limit && st == TH_OK; i++)
		st = visit(ctx, &f.hit[i]);
	if (st == TH_OK && !is_whole(root))
		st = th_fail(err, TH_EAGAIN,
		    "search: only a part of the index answered");
	found_release(&f);
	json_decref(root);
	return st;
}
