/* queue-export -- th-queue export, import: from one store to another */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"

#define BATCH 500
#define BATCH_BYTES ((size_t)16 << 20)

static void
export_queue(struct queue_cmd *c)
{
	struct th_err err = { 0 };
	enum th_status st;

	st = th_queue_each(
	    c->q, TH_Q_OUTBOX | TH_Q_LEDGER, queue_print_entry, c, &err);
	if (cmd_out.status == TH_OK)
		queue_check(st, &err);
	queue_export_guard(c);
}

void
queue_export(struct queue_cmd *c)
{
	size_t i;

	if (c->nargs == 0) {
		queue_for_each(c, export_queue);
		queue_export_limits(c);
	}
	for (i = 0; i < c->nargs; i++) {
		queue_open(c, c->arg[i], NULL, NULL);
		export_queue(c);
		queue_export_limits(c);
		queue_close(c);
	}
}

/* ---- import ---- */

/* Entries of one queue, collected; `text` is what each borrows. */
struct import {
	struct queue_cmd *c;
	struct th_entry entry[BATCH];
	struct th_buf text[BATCH];
	size_t n, bytes;
	int64_t added, known;
};

static void
flush(struct import *m)
{
	struct th_err err = { 0 };
	size_t i;

	if (m->n == 0)
		return;
	cmd_check(th_queue_import(m->c->q, m->entry, m->n, &err), &err);
	for (i = 0; i < m->n; i++) {
		if (m->entry[i].state == TH_Q_UNKNOWN)
			m->known++;
		else
			m->added++;
		th_buf_release(&m->text[i]);
	}
	m->n = m->bytes = 0;
}

/* Adds a text to those of the entry, as an offset until all are there. */
static struct th_str
keep(struct th_buf *text, const struct th_item *it, const char *name)
{
	struct th_str s = { NULL, 0 };
	const size_t start = text->len;

	if (th_item_text(it, name, text) != TH_OK)
		return s;
	s.len = text->len - start;
	s.s = text->data; /* not NULL, that is all that matters here */
	return s;
}

static int64_t
date_of(const struct th_item *it, const char *name)
{
	struct th_buf b;
	int64_t at = 0;

	th_buf_init(&b, 256);
	if (th_item_text(it, name, &b) == TH_OK &&
	    th_date_parse_rfc3339(th_buf_str(&b), &at) != TH_OK)
		at = 0;
	th_buf_release(&b);
	return at;
}

static enum th_status
read_hash(const struct th_item *it, struct th_hash *ret, struct th_err *err)
{
	struct th_buf b;
	bool good;

	th_buf_init(&b, 256);
	th_item_text(it, "hash", &b);
	good = th_hex_decode(th_buf_str(&b), ret->byte, TH_HASH_SIZE);
	th_buf_release(&b);
	return good ? TH_OK : th_fail(err, TH_EDATA, "no hash of an id");
}

/* The receipt, packed as the ledger keeps it. */
static enum th_status
read_receipt(struct queue_cmd *c, const struct th_item *it, struct th_buf *ret)
{
	static const char *const name[] = { "remote_id", "url", "service",
		"account" };
	struct th_receipt_view view = { 0 };
	struct th_str *const part[] = { &view.id, &view.url, &view.service,
		&view.account };
	struct th_buf text[4];
	enum th_status st;
	int i;

	for (i = 0; i < 4; i++) {
		th_buf_init(&text[i], TH_LINE_MAX);
		if (th_item_text(it, name[i], &text[i]) == TH_OK)
			*part[i] = th_buf_str(&text[i]);
	}
	if (th_str_is(view.service, c->service))
		view.service = (struct th_str){ NULL, 0 };
	if (th_str_is(view.account, c->account))
		view.account = (struct th_str){ NULL, 0 };
	st = th_receipt_pack(&view, ret);
	for (i = 0; i < 4; i++)
		th_buf_release(&text[i]);
	return st;
}

static void
read_numbers(const struct th_item *it, struct th_entry *e)
{
	struct th_value v;
	double n;

	e->date = date_of(it, "date");
	e->due = date_of(it, "due");
	if (th_item_get(it, "tries", &v) && th_value_number(&v, &n) && n > 0 &&
	    n < 1e9)
		e->tries = (int64_t)n;
	e->doubtful = th_item_get(it, "doubtful", &v) &&
		      v.type == TH_JSON_BOOL && v.raw.s[0] == 't';
}

/* Now that the text does not move any more: the places in it. */
static void
place(struct th_entry *e, const struct th_buf *text)
{
	struct th_str *const part[] = { &e->id, &e->reason, &e->owner, &e->line,
		&e->receipt };
	const char *at = text->data;
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(*part); i++)
		/* Set by read_entry(), whatever the analyzer thinks. */
		if (part[i]->s != NULL) { // NOLINT(clang-analyzer-core.*)
			part[i]->s = at;
			at += part[i]->len;
		}
}

static enum th_status
read_entry(struct import *m, const struct th_item *it, struct th_err *err)
{
	struct th_entry *e = &m->entry[m->n];
	struct th_buf *text = &m->text[m->n], state;
	struct th_item inner;
	struct th_value v;
	enum th_status st;
	size_t before;

	*e = (struct th_entry){ 0 };
	th_buf_init(&state, 64);
	if (th_item_text(it, "state", &state) == TH_OK)
		e->state = th_item_state_of(th_buf_str(&state));
	th_buf_release(&state);
	if (e->state == TH_Q_UNKNOWN)
		return th_fail(err, TH_EDATA, "no state that is known");
	if ((st = read_hash(it, &e->hash, err)) != TH_OK)
		return st;
	read_numbers(it, e);
	e->id = keep(text, it, "id");
	e->reason = keep(text, it, "reason");
	e->owner = keep(text, it, "owner");
	if (TH_Q_BIT(e->state) & TH_Q_OUTBOX) {
		th_item_init(&inner);
		if (e->id.s == NULL || !th_item_get(it, "item", &v) ||
		    th_item_parse(&inner, v.raw, NULL) != TH_OK)
			st = th_fail(err, TH_EDATA, "no item");
		else
			st = th_buf_add(text, v.raw.s, v.raw.len);
		e->line = st == TH_OK ? v.raw : e->line;
		th_item_release(&inner);
	} else {
		before = text->len;
		st = read_receipt(m->c, it, text);
		e->receipt.len = text->len - before;
		e->receipt.s = e->receipt.len > 0 ? text->data : NULL;
	}
	if (st == TH_OK)
		place(e, text);
	return st;
}

/* The queue an entry belongs to; another than before is opened. */
static void
switch_queue(struct import *m, const struct th_item *it, const char *name)
{
	struct th_buf service, account;

	if (m->c->q != NULL && strcmp(th_queue_name(m->c->q), name) == 0)
		return;
	flush(m);
	queue_close(m->c);
	th_buf_init(&service, TH_LINE_MAX);
	th_buf_init(&account, TH_LINE_MAX);
	th_item_text(it, "service", &service);
	th_item_text(it, "account", &account);
	queue_open(m->c, name, service.data != NULL ? service.data : "",
	    account.data != NULL ? account.data : "");
	th_buf_release(&service);
	th_buf_release(&account);
}

static enum th_status
import_line(struct import *m, const struct th_item *it, struct th_err *err)
{
	struct th_buf name;
	enum th_memory kind;
	enum th_status st;

	th_buf_init(&name, TH_LINE_MAX);
	if (queue_is_memory(it, &kind, &name)) {
		if (kind == TH_M_GUARD) {
			switch_queue(m, it, name.data);
			st = th_queue_import(m->c->q, NULL, 0, err);
			cmd_check(st, err);
		}
		st = queue_import_memory(m->c, it, kind, name.data, err);
		th_buf_release(&name);
		return st;
	}
	th_buf_clear(&name);
	st = th_item_text(it, "queue", &name);
	if (st == TH_OK && name.len > 0)
		switch_queue(m, it, name.data);
	else
		st = th_fail(err, TH_EDATA, "no queue");
	th_buf_release(&name);
	if (st != TH_OK)
		return st;
	th_buf_init(&m->text[m->n], TH_LINE_MAX * 2);
	st = read_entry(m, it, err);
	/* What seems to be missing may have found no room. */
	if (th_alloc_failed())
		st = th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	if (st != TH_OK) {
		th_buf_release(&m->text[m->n]);
		return st;
	}
	m->bytes += m->text[m->n].len;
	m->n++;
	if (m->n == BATCH || m->bytes > BATCH_BYTES)
		flush(m);
	return TH_OK;
}

void
queue_import(struct queue_cmd *c)
{
	struct import *m = cmd_need(th_calloc(1, sizeof(*m)));
	struct th_err err = { 0 };
	struct th_stream in;
	struct th_item it;
	enum th_status st;

	m->c = c;
	cmd_items_open(&in, NULL);
	th_item_init(&it);
	while ((st = th_stream_next(&in, &it)) == TH_OK || st == TH_EDATA) {
		err = in.err;
		if (st == TH_OK) {
			err.column = 0;
			st = import_line(m, &it, &err);
		}
		if (st == TH_OK)
			continue;
		if (th_alloc_failed())
			cmd_die(TH_ENOMEM, "line %zu: %s", in.line,
			    th_strstatus(TH_ENOMEM));
		cmd_bad_line(&in, st, &err);
	}
	flush(m);
	if (st != TH_END) {
		cmd_warn("standard input: %s", in.err.text);
		cmd_note(st);
	}
	cmd_say(0, "%" PRId64 " imported, %" PRId64 " known before", m->added,
	    m->known);
	th_item_release(&it);
	th_stream_release(&in);
	free(m);
}
