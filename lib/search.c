/* search -- items and triggers found again: the documents and who finds them */
#include <stdlib.h>
#include <string.h>

#include "search.h"

struct th_search {
	struct th_store *store; /* may be NULL */
	struct th_docs *docs;
	const struct th_search_engine *engine;
	struct th_elastic *elastic; /* NULL: FTS5 finds them */
	struct th_doc doc;
};

enum th_status
th_search_open(const struct th_config *config, struct th_store *store,
    const struct th_search_engine *engine, struct th_search **ret,
    struct th_err *err)
{
	const char *url = th_config_search(config);
	const bool elsewhere = strcmp(url, "sqlite") != 0;
	struct th_search *s;
	enum th_status st;

	if (elsewhere && engine == NULL)
		return th_fail(
		    err, TH_EBUG, "search: no engine elsewhere in here");
	if ((s = th_calloc(1, sizeof(*s))) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_doc_init(&s->doc);
	s->store = store;
	s->engine = engine;
	st = th_docs_open(store, url, &s->docs, err);
	if (st == TH_OK && elsewhere)
		st =
		    engine->open(config, url, s->docs, store, &s->elastic, err);
	if (st != TH_OK) {
		th_search_free(s);
		return st;
	}
	*ret = s;
	return TH_OK;
}

void
th_search_free(struct th_search *s)
{
	if (s == NULL)
		return;
	if (s->elastic != NULL)
		s->engine->free(s->elastic);
	th_docs_free(s->docs);
	th_doc_release(&s->doc);
	free(s);
}

enum th_status
th_search_begin(struct th_search *s, struct th_err *err)
{
	return th_docs_begin(s->docs, err);
}

enum th_status
th_search_end(struct th_search *s, enum th_status st, struct th_err *err)
{
	return th_docs_end(s->docs, st, err);
}

static enum th_status
put_service(struct th_search *s, const struct th_hash *hash, const char *name,
    struct th_err *err)
{
	struct th_buf folded;
	enum th_status st;

	th_buf_init(&folded, TH_LINE_MAX);
	st = th_doc_fold(th_str(name), &folded);
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else if (folded.len > 0)
		st = th_docs_put_service(
		    s->docs, hash, th_buf_str(&folded), err);
	th_buf_release(&folded);
	return st;
}

enum th_status
th_search_put_item(struct th_search *s, struct th_str id, struct th_str line,
    const char *service, struct th_err *err)
{
	const struct th_hash hash = th_hash(id);
	enum th_status st;

	st = th_doc_item(&s->doc, line, err);
	if (st == TH_OK)
		st = th_docs_put(s->docs, TH_SEARCH_ITEM, &hash, &s->doc, err);
	if (st == TH_OK && service != NULL)
		st = put_service(s, &hash, service, err);
	return st;
}

enum th_status
th_search_touch(
    struct th_search *s, const struct th_hash *hash, struct th_err *err)
{
	return th_docs_touch(s->docs, hash, err);
}

/* Tags come as lines. */
static void
add_tags(struct th_buf *b, struct th_str tags)
{
	struct th_str tag;
	const char *end;

	th_json_key(b, "tags");
	th_json_open(b, '[');
	while (tags.len > 0) {
		end = memchr(tags.s, '\n', tags.len);
		tag.s = tags.s;
		tag.len = end != NULL ? (size_t)(end - tags.s) : tags.len;
		if (tag.len > 0)
			th_json_string(b, tag);
		tags.s += tag.len + (end != NULL);
		tags.len -= tag.len + (end != NULL);
	}
	th_json_close(b, ']');
}

enum th_status
th_search_put_trigger(struct th_search *s, const char *name,
    struct th_str description, struct th_str tags, struct th_str text,
    struct th_err *err)
{
	const struct th_hash hash = th_hash(th_str(name));
	struct th_buf line;
	enum th_status st;

	th_buf_init(&line, TH_LINE_MAX);
	th_json_open(&line, '{');
	th_json_member(&line, "trigger", th_str(name));
	th_json_member(&line, "description", description);
	if (tags.len > 0)
		add_tags(&line, tags);
	th_json_member(&line, "script", text);
	st = th_json_close(&line, '}');
	if (st != TH_OK)
		th_fail(err, st, "search: %s", th_strstatus(st));
	else
		st = th_doc_trigger(&s->doc, th_buf_str(&line), err);
	if (st == TH_OK)
		st = th_docs_put(
		    s->docs, TH_SEARCH_TRIGGER, &hash, &s->doc, err);
	th_buf_release(&line);
	return st;
}

enum th_status
th_search_scan_triggers(struct th_search *s, struct th_err *err)
{
	return th_search_scan(s, s->docs, err);
}

enum th_status
th_search_flush(struct th_search *s, bool now, struct th_err *err)
{
	return s->elastic != NULL ? s->engine->flush(s->elastic, now, err)
				  : TH_OK;
}

enum th_status
th_search_find(struct th_search *s, enum th_search_kind kind,
    const struct th_query *q, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err)
{
	if (s->elastic != NULL)
		return s->engine->find(
		    s->elastic, kind, q, limit, visit, ctx, err);
	return th_docs_find(s->docs, kind, q, limit, visit, ctx, err);
}

/* ---- the index anew ---- */

/* The queue that is being read, by the service that it goes to. */
struct outbox {
	struct th_search *search;
	const char *service;
	struct th_err *err;
};

static enum th_status
put_entry(void *ctx, const struct th_entry *e)
{
	struct outbox *o = ctx;

	return th_search_put_item(
	    o->search, e->id, e->line, o->service, o->err);
}

static enum th_status
put_outboxes(struct th_search *s, struct th_err *err)
{
	struct outbox o = { .search = s, .err = err };
	struct th_went *went = NULL;
	struct th_queue *q;
	enum th_status st;
	size_t i;

	if (s->store == NULL)
		return TH_OK;
	st = th_went_new(s->store, &went, err);
	for (i = 0;
	     st == TH_OK && (q = th_went_queue(went, i, &o.service)) != NULL;
	     i++)
		st = th_queue_each(q, TH_Q_OUTBOX, put_entry, &o, err);
	th_went_free(went);
	return st;
}

enum th_status
th_search_rebuild(struct th_search *s, int64_t *ret, struct th_err *err)
{
	enum th_status st;

	if (s->elastic != NULL &&
	    (st = s->engine->clear(s->elastic, err)) != TH_OK)
		return st;
	if ((st = th_docs_begin(s->docs, err)) != TH_OK)
		return st;
	st = th_docs_rebuild(s->docs, err);
	if (st == TH_OK)
		st = put_outboxes(s, err);
	if (st == TH_OK)
		st = th_docs_count(s->docs, ret, err);
	return th_docs_end(s->docs, st, err);
}

/* ---- what the queues have forgotten ---- */

#define PRUNE_AT_ONCE 500

struct prune {
	struct th_went *went;
	int64_t before, last;
	struct th_hash gone[PRUNE_AT_ONCE];
	size_t n;
	struct th_err *err;
};

static enum th_status
note_forgotten(void *ctx, int64_t no, const struct th_hash *hash, int64_t date,
    struct th_str line)
{
	struct prune *p = ctx;
	enum th_status st;
	bool kept;

	p->last = no;
	st = th_went_keeps(p->went, line, date, p->before, &kept, p->err);
	if (st == TH_OK && !kept)
		p->gone[p->n++] = *hash;
	return st;
}

static enum th_status
drop_forgotten(struct th_search *s, const struct prune *p, struct th_err *err)
{
	enum th_status st;
	size_t i;

	if ((st = th_docs_begin(s->docs, err)) != TH_OK)
		return st;
	for (i = 0; i < p->n && st == TH_OK; i++)
		st = th_docs_drop(s->docs, TH_SEARCH_ITEM, &p->gone[i], err);
	return th_docs_end(s->docs, st, err);
}

enum th_status
th_search_prune(
    struct th_search *s, int64_t before, int64_t *ret, struct th_err *err)
{
	struct prune *p = th_calloc(1, sizeof(*p));
	enum th_status st;

	*ret = 0;
	if (p == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	p->before = before;
	p->err = err;
	st = th_went_new(s->store, &p->went, err);
	while (st == TH_OK) {
		p->n = 0;
		st = th_docs_items(
		    s->docs, p->last, PRUNE_AT_ONCE, note_forgotten, p, err);
		if (st == TH_OK && p->n > 0)
			st = drop_forgotten(s, p, err);
		if (st == TH_OK)
			*ret += (int64_t)p->n;
	}
	th_went_free(p->went);
	free(p);
	return st == TH_END ? TH_OK : st;
}
