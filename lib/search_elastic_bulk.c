/* search_elastic_bulk -- documents out, as many at once as the engine takes */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "search_elastic.h"
#include "words.h"

#define BULK_ITEMS 500
#define BULK_BYTES ((size_t)5 << 20)

/* One bulk request on its way. */
struct bulk {
	struct th_elastic *e;
	struct th_buf body;
	struct th_doc doc;
	struct th_buf line, plain, stems;
	int64_t no[BULK_ITEMS];  /* what its documents are, in order */
	bool keep[BULK_ITEMS];   /* to be sent once more */
	size_t n, max;           /* max: as many as it takes at once */
	size_t refused;          /* for good, of all */
	int64_t before, last;    /* their numbers lie between */
	struct th_err *err, why; /* why: of the first that was refused */
};

static void
add_services(struct th_buf *b, const struct th_buf *services)
{
	const char *p = services->data, *end;

	th_json_key(b, "service");
	th_json_open(b, '[');
	while (p != NULL && (end = strchr(p, '\n')) != NULL) {
		th_json_string(b, (struct th_str){ p, (size_t)(end - p) });
		p = end + 1;
	}
	th_json_close(b, ']');
}

static void
add_action(struct bulk *b, const struct th_pending *p, const char *action)
{
	struct th_buf hex;

	th_buf_init(&hex, 4 * TH_HASH_SIZE);
	th_hex_encode(
	    (struct th_str){ (const char *)p->hash.byte, TH_HASH_SIZE }, &hex);
	th_buf_addf(&b->body,
	    "{\"%s\":{\"_index\":\"%s-%s\",\"_id\":\"%s-%s\"}}\n", action,
	    b->e->prefix, th_elastic_index[p->kind], b->e->id,
	    hex.data != NULL ? hex.data : "");
	if (hex.status != TH_OK)
		b->body.status = hex.status;
	th_buf_release(&hex);
}

/* The words of a text, and the stems of those that have others. */
static void
add_field(struct bulk *b, size_t column, const struct th_buf *text)
{
	struct th_word w;
	size_t i;

	th_buf_clear(&b->plain);
	th_buf_clear(&b->stems);
	th_words_start(b->e->words, th_buf_str(text), true);
	while (th_words_next(b->e->words, &w)) {
		th_buf_add(&b->plain, w.plain.s, w.plain.len);
		th_buf_addc(&b->plain, ' ');
		for (i = 0; i < w.nstems; i++) {
			th_buf_add(&b->stems, w.stem[i].s, w.stem[i].len);
			th_buf_addc(&b->stems, ' ');
		}
	}
	if (b->plain.status != TH_OK || b->stems.status != TH_OK)
		b->body.status = TH_ENOMEM;
	th_json_member(
	    &b->body, th_elastic_column[column].name, th_buf_str(&b->plain));
	th_json_member(
	    &b->body, th_elastic_column[column].stems, th_buf_str(&b->stems));
}

static enum th_status
add_document(void *ctx, const struct th_pending *p)
{
	struct bulk *b = ctx;
	struct th_str line = p->line;
	enum th_status st = TH_OK;

	if (b->n == b->max || b->body.len > BULK_BYTES)
		return TH_END;
	b->last = b->no[b->n++] = p->no;
	if (line.s == NULL) {
		add_action(b, p, "delete");
		return b->body.status;
	}
	if (p->kind == TH_SEARCH_ITEM) {
		st = th_went_line(b->e->went, line, &b->line, b->err);
		line = th_buf_str(&b->line);
	}
	if (st == TH_OK)
		st = th_doc_fill(&b->doc, p->kind, line, b->err);
	if (st != TH_OK)
		return st;
	add_action(b, p, "index");
	th_json_open(&b->body, '{');
	add_field(b, 0, &b->doc.title);
	add_field(b, 1, &b->doc.text);
	add_field(b, 2, &b->doc.tags);
	add_field(b, 3, &b->doc.source);
	add_services(&b->body, p->services);
	th_json_member_int(&b->body, "date", p->date);
	th_json_member_int(&b->body, "no", p->no);
	th_json_member(&b->body, "store", th_str(b->e->id));
	th_json_member(&b->body, "line", line);
	th_json_close(&b->body, '}');
	return th_buf_addc(&b->body, '\n');
}

/* What it does not want, whoever asks however often. */
static bool
is_refusal(json_int_t status)
{
	return status == 400 || status == 413;
}

/*
 * Of one document: is it to be sent once more?  It is unless it is settled, as
 * a document that the engine can make nothing of is, and one to be deleted that
 * is not there.
 */
static bool
wants_again(struct bulk *b, json_t *item)
{
	void *action = json_object_iter(item);
	json_t *v = json_object_iter_value(action), *error;
	json_int_t status = json_integer_value(json_object_get(v, "status"));
	const char *why, *name = json_object_iter_key(action);

	if (status >= 200 && status < 300)
		return false;
	if (status == 404 && name != NULL && strcmp(name, "delete") == 0)
		return false;
	error = json_object_get(v, "error");
	why = json_string_value(json_object_get(error, "reason"));
	if (why == NULL)
		why = status == 429 ? "too busy" : "not taken";
	if (status == 404) /* somebody deleted the index */
		b->e->made[TH_SEARCH_ITEM] = b->e->made[TH_SEARCH_TRIGGER] =
		    false;
	if (!is_refusal(status)) {
		th_fail(b->err, TH_EAGAIN, "search: HTTP %d: %.200s",
		    (int)status, why);
		return true;
	}
	if (b->refused++ == 0)
		th_fail(&b->why, TH_EREFUSED, "search: HTTP %d: %.200s",
		    (int)status, why);
	return false;
}

static enum th_status
read_answer(struct bulk *b, const struct th_reply *reply)
{
	json_t *root = NULL, *items;
	enum th_status st;
	size_t i;

	for (i = 0; i < b->n; i++)
		b->keep[i] = true;
	st = th_payload_parse(th_buf_str(&reply->body), &root, b->err);
	if (st != TH_OK)
		return st == TH_EUNAVAIL ? TH_EAGAIN : st;
	items = json_object_get(root, "items");
	for (i = 0; i < b->n; i++) {
		b->keep[i] = wants_again(b, json_array_get(items, i));
		if (b->keep[i])
			st = TH_EAGAIN;
	}
	json_decref(root);
	return st;
}

static enum th_status
note_sent(struct bulk *b)
{
	enum th_status st;
	size_t i;

	if ((st = th_docs_begin(b->e->docs, b->err)) != TH_OK)
		return st;
	for (i = 0; i < b->n && st == TH_OK; i++)
		if (!b->keep[i])
			st = th_docs_sent(b->e->docs, b->no[i], b->err);
	return th_docs_end(b->e->docs, st, b->err);
}

/* Too many at once: fewer from now on.  One alone that is too large is lost. */
static void
send_fewer(struct bulk *b)
{
	b->max = b->n > 1 ? b->n / 2 : 1;
	b->last = b->before;
	b->keep[0] = false;
	if (b->n > 1)
		b->n = 0;
	else if (b->refused++ == 0)
		th_fail(&b->why, TH_EREFUSED, "search: HTTP 413: too large");
}

static enum th_status
send_bulk(struct bulk *b)
{
	struct th_reply reply = { 0 };
	enum th_status st, noted;

	st = th_elastic_ask(b->e, "POST", "/_bulk?refresh=wait_for",
	    "application/x-ndjson", th_buf_str(&b->body), &reply, b->err);
	if (st == TH_OK && reply.code == 413)
		send_fewer(b);
	else if (st == TH_OK &&
		 (st = th_elastic_judge(&reply, b->err)) == TH_OK)
		st = read_answer(b, &reply);
	else
		b->n = 0;
	noted = b->n > 0 ? note_sent(b) : TH_OK;
	th_reply_release(&reply);
	return noted != TH_OK ? noted : st;
}

/* All that waits, a batch after the other. */
static enum th_status
send_batches(struct bulk *b)
{
	enum th_status st = TH_OK;

	while (st == TH_OK) {
		b->n = 0;
		b->before = b->last;
		th_buf_clear(&b->body);
		st = th_docs_pending(
		    b->e->docs, b->last, BULK_ITEMS, add_document, b, b->err);
		if (b->n == 0 || (st != TH_OK && st != TH_END))
			break;
		if ((st = th_elastic_make_index(
			 b->e, TH_SEARCH_ITEM, b->err)) == TH_OK &&
		    (st = th_elastic_make_index(
			 b->e, TH_SEARCH_TRIGGER, b->err)) == TH_OK)
			st = send_bulk(b);
		if (th_interrupted && st == TH_OK)
			st = th_fail(b->err, TH_EAGAIN, "interrupted");
	}
	if (st > TH_END || b->refused == 0)
		return st == TH_END ? TH_OK : st;
	return th_fail(b->err, TH_EREFUSED, "%s; documents left out: %zu",
	    b->why.text, b->refused);
}

enum th_status
th_elastic_send(struct th_elastic *e, struct th_err *err)
{
	struct bulk *b = th_calloc(1, sizeof(*b));
	enum th_status st;

	if (b == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	/* Of the queues that there are now. */
	th_went_free(e->went);
	e->went = NULL;
	st = th_went_new(e->store, &e->went, err);
	b->e = e;
	b->err = err;
	b->max = BULK_ITEMS;
	th_doc_init(&b->doc);
	th_buf_init(&b->body, TH_ELASTIC_BODY_MAX);
	th_buf_init(&b->line, 2 * TH_LINE_MAX);
	th_buf_init(&b->plain, TH_LINE_MAX);
	th_buf_init(&b->stems, TH_LINE_MAX);
	if (st == TH_OK)
		st = send_batches(b);
	th_doc_release(&b->doc);
	th_buf_release(&b->body);
	th_buf_release(&b->line);
	th_buf_release(&b->plain);
	th_buf_release(&b->stems);
	free(b);
	return st;
}
