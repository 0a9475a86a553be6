/* search_doc -- what of an item or a trigger is looked at when searching */
#include <string.h>

#include "search.h"
#include "words.h"

void
th_doc_init(struct th_doc *d)
{
	size_t i;

	*d = (struct th_doc){ 0 };
	th_buf_init(&d->title, TH_LINE_MAX);
	th_buf_init(&d->text, TH_LINE_MAX);
	th_buf_init(&d->tags, TH_LINE_MAX);
	th_buf_init(&d->source, TH_LINE_MAX);
	th_buf_init(&d->line, 2 * TH_LINE_MAX);
	for (i = 0; i < TH_SEARCH_SERVICES; i++)
		th_buf_init(&d->service[i], TH_LINE_MAX);
	th_item_init(&d->item);
}

void
th_doc_release(struct th_doc *d)
{
	size_t i;

	th_buf_release(&d->title);
	th_buf_release(&d->text);
	th_buf_release(&d->tags);
	th_buf_release(&d->source);
	th_buf_release(&d->line);
	for (i = 0; i < TH_SEARCH_SERVICES; i++)
		th_buf_release(&d->service[i]);
	th_item_release(&d->item);
}

static void
clear(struct th_doc *d)
{
	size_t i;

	th_buf_clear(&d->title);
	th_buf_clear(&d->text);
	th_buf_clear(&d->tags);
	th_buf_clear(&d->source);
	th_buf_clear(&d->line);
	for (i = 0; i < TH_SEARCH_SERVICES; i++)
		th_buf_clear(&d->service[i]);
	d->nservices = 0;
	d->date = INT64_MIN;
}

enum th_status
th_doc_fold(struct th_str name, struct th_buf *ret)
{
	struct th_words *words = th_words_new(false);
	struct th_word w;
	size_t start = ret->len;

	if (words == NULL)
		return TH_ENOMEM;
	th_words_start(words, name, false);
	while (th_words_next(words, &w)) {
		if (ret->len > start)
			th_buf_addc(ret, ' ');
		th_buf_add(ret, w.plain.s, w.plain.len);
	}
	th_words_free(words);
	return ret->status;
}

/* Appends each text on a line of its own; a phrase does not go over it. */
static bool
add_text(void *ctx, const struct th_value *v)
{
	struct th_buf *b = ctx;

	if (v->type != TH_JSON_STRING)
		return false;
	if (b->len > 0)
		th_buf_addc(b, '\n');
	return th_value_text(v, b) != TH_OK;
}

static bool
add_service(void *ctx, const struct th_value *v)
{
	struct th_doc *d = ctx;
	struct th_buf *b = &d->service[d->nservices], name;
	size_t i;

	if (v->type != TH_JSON_STRING)
		return false;
	th_buf_init(&name, TH_LINE_MAX);
	if (th_value_text(v, &name) != TH_OK ||
	    th_doc_fold(th_buf_str(&name), b) != TH_OK)
		b->status = TH_ENOMEM;
	th_buf_release(&name);
	for (i = 0; i < d->nservices; i++)
		if (th_str_equal(th_buf_str(b), th_buf_str(&d->service[i])))
			b->len = 0;
	if (b->status == TH_OK && b->len > 0)
		d->nservices++;
	return b->status != TH_OK || d->nservices == TH_SEARCH_SERVICES;
}

/* Texts too long are cut between characters. */
static void
cut(struct th_buf *b)
{
	struct th_str s = { b->data, TH_SEARCH_TEXT_MAX };

	if (b->len <= TH_SEARCH_TEXT_MAX)
		return;
	while (s.len > 0 && ((unsigned char)b->data[s.len] & 0xc0) == 0x80)
		s.len--;
	b->len = s.len;
	b->data[b->len] = '\0';
}

static enum th_status
check(struct th_doc *d, enum th_status st, struct th_err *err)
{
	const struct th_buf *b[] = { &d->title, &d->text, &d->tags, &d->source,
		&d->service[0], &d->service[1], &d->service[2],
		&d->service[3] };
	size_t i;

	for (i = 0; i < sizeof(b) / sizeof(*b); i++)
		if (b[i]->status > st)
			st = b[i]->status;
	if (st > TH_END)
		return th_fail(err, st, "search: %s", th_strstatus(st));
	cut(&d->title);
	cut(&d->text);
	cut(&d->tags);
	cut(&d->source);
	return TH_OK;
}

/*
 * What is kept: the item without its markup, and of its text what is looked at,
 * so that the index can be made again from it, and taken back.  One that is
 * large all the same keeps what a search shows.
 */
static enum th_status
keep_line(struct th_doc *d, struct th_str line, struct th_err *err)
{
	char shown[][16] = { "id", "url", "title", "content_text",
		"date_published", "date_modified", "authors", "tags",
		"language", "_source", "_published" };
	char *name[sizeof(shown) / sizeof(*shown)];
	size_t i;
	struct th_value v;
	enum th_status st = TH_OK;
	bool long_text = false;

	if (th_item_get(&d->item, "summary", &v) &&
	    v.raw.len > TH_SEARCH_TEXT_MAX)
		long_text = true;
	if (th_item_get(&d->item, "content_html", &v) ||
	    (th_item_get(&d->item, "content_text", &v) &&
		v.raw.len > TH_SEARCH_TEXT_MAX) ||
	    long_text) {
		th_item_remove(&d->item, "content_html");
		if (long_text)
			th_item_remove(&d->item, "summary");
		st = d->text.len > 0 ? th_item_set_string(&d->item,
					   "content_text", th_buf_str(&d->text))
				     : TH_OK;
	}
	for (i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		name[i] = shown[i];
	if (line.len > TH_SEARCH_LINE_MAX)
		th_item_keep(&d->item, name, i);
	if (st == TH_OK)
		st = th_item_line(&d->item, &d->line);
	return st == TH_OK ? st
			   : th_fail(err, st, "search: %s", th_strstatus(st));
}

enum th_status
th_doc_item(struct th_doc *d, struct th_str line, struct th_err *err)
{
	enum th_status st;

	clear(d);
	if ((st = th_item_parse(&d->item, line, err)) != TH_OK)
		return st;
	th_item_visit(&d->item, "title", add_text, &d->title);
	st = th_item_body_text(&d->item, TH_TEXT_FOLD, &d->text);
	th_item_visit(&d->item, "tags", add_text, &d->tags);
	th_item_visit(&d->item, "authors.name", add_text, &d->source);
	th_item_visit(&d->item, "_source.title", add_text, &d->source);
	th_item_visit(&d->item, "_source.feed_url", add_text, &d->source);
	th_item_visit(&d->item, "url", add_text, &d->source);
	th_item_visit(&d->item, "_source.service", add_service, d);
	th_item_visit(&d->item, "_published.service", add_service, d);
	if (th_item_date(&d->item, &d->date) != TH_OK)
		d->date = INT64_MIN;
	st = check(d, st == TH_ENOMEM ? st : TH_OK, err);
	return st == TH_OK ? keep_line(d, line, err) : st;
}

enum th_status
th_doc_trigger(struct th_doc *d, struct th_str line, struct th_err *err)
{
	enum th_status st;

	clear(d);
	if ((st = th_item_parse(&d->item, line, err)) != TH_OK)
		return st;
	th_item_visit(&d->item, "trigger", add_text, &d->title);
	th_item_visit(&d->item, "description", add_text, &d->text);
	th_item_visit(&d->item, "script", add_text, &d->text);
	th_item_visit(&d->item, "tags", add_text, &d->tags);
	st = check(d, TH_OK, err);
	if (st == TH_OK && th_buf_add(&d->line, line.s, line.len) != TH_OK)
		st = th_fail(err, d->line.status, "search: %s",
		    th_strstatus(d->line.status));
	return st;
}

enum th_status
th_doc_fill(struct th_doc *d, enum th_search_kind kind, struct th_str line,
    struct th_err *err)
{
	return kind == TH_SEARCH_ITEM ? th_doc_item(d, line, err)
				      : th_doc_trigger(d, line, err);
}
