/* search_elastic_query -- a query, as the engine understands it */
#include <string.h>

#include "search_elastic.h"
#include "words.h"

#define PREFIX_MAX 100 /* words that begin so, at the end of a phrase */
#define MANY 16        /* words, with all their stems, are too many clauses */

/* One way in which a term may match: {"match":{FIELD:{"query":..}}}. */
static void
add_match(struct th_buf *b, const char *how, const char *field, int weight,
    struct th_str words)
{
	const bool prefix = strcmp(how, "prefix") == 0;

	th_json_open(b, '{');
	th_json_key(b, how);
	th_json_open(b, '{');
	th_json_key(b, field);
	th_json_open(b, '{');
	th_json_member(b, prefix ? "value" : "query", words);
	th_json_member_int(b, "boost", weight);
	if (strcmp(how, "match_phrase_prefix") == 0)
		th_json_member_int(b, "max_expansions", PREFIX_MAX);
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_json_close(b, '}');
}

/* The same for any of some words, which the engine counts as one. */
static void
add_any(
    struct th_buf *b, const char *field, int weight, const struct th_word *w)
{
	size_t i;

	th_json_open(b, '{');
	th_json_key(b, "terms");
	th_json_open(b, '{');
	th_json_key(b, field);
	th_json_open(b, '[');
	th_json_string(b, w->plain);
	for (i = 0; i < w->nstems; i++)
		th_json_string(b, w->stem[i]);
	th_json_close(b, ']');
	th_json_member_int(b, "boost", weight);
	th_json_close(b, '}');
	th_json_close(b, '}');
}

/* A word matches as it is, by its stems, and as or by one of those. */
static void
add_stems(struct th_elastic *e, struct th_buf *b, const struct th_query_term *t,
    size_t column, bool many)
{
	const char *const field[] = { th_elastic_column[column].name,
		th_elastic_column[column].stems };
	const int weight = th_elastic_column[column].weight;
	struct th_word w;
	size_t i, k;

	th_words_start(e->words, th_str(t->text), true);
	if (!th_words_next(e->words, &w))
		return;
	for (k = 0; k < 2; k++)
		if (many) {
			add_any(b, field[k], weight, &w);
		} else {
			add_match(b, "match", field[k], weight, w.plain);
			for (i = 0; i < w.nstems; i++)
				add_match(
				    b, "match", field[k], weight, w.stem[i]);
		}
}

static bool
has_column(const struct th_query_term *t, size_t column)
{
	return t->field == TH_QUERY_ANY ||
	       (t->field == TH_QUERY_TITLE && column == 0) ||
	       (t->field == TH_QUERY_TAG && column == 2);
}

/* A beginning that is a word alone may stand for any number of words. */
static const char *
how_of(const struct th_query_term *t)
{
	return t->how == TH_QUERY_EXACT       ? "match_phrase"
	       : strchr(t->text, ' ') != NULL ? "match_phrase_prefix"
					      : "prefix";
}

/* The best of all ways counts: {"dis_max":{"queries":[...]}}. */
static void
add_words(struct th_elastic *e, struct th_buf *b, const struct th_query_term *t,
    bool many)
{
	struct th_buf plain;
	size_t i;

	th_buf_init(&plain, TH_LINE_MAX);
	if (th_doc_fold(th_str(t->text), &plain) != TH_OK)
		b->status = TH_ENOMEM;
	th_json_open(b, '{');
	th_json_key(b, "dis_max");
	th_json_open(b, '{');
	th_json_key(b, "queries");
	th_json_open(b, '[');
	for (i = 0; i < TH_ELASTIC_COLUMNS; i++)
		if (has_column(t, i) && t->how == TH_QUERY_STEM)
			add_stems(e, b, t, i, many);
		else if (has_column(t, i))
			add_match(b, how_of(t), th_elastic_column[i].name,
			    th_elastic_column[i].weight, th_buf_str(&plain));
	th_json_close(b, ']');
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_buf_release(&plain);
}

static void
add_service(struct th_buf *b, const struct th_query_term *t)
{
	struct th_buf name;

	th_buf_init(&name, TH_LINE_MAX);
	if (th_doc_fold(th_str(t->text), &name) != TH_OK)
		b->status = TH_ENOMEM;
	th_json_open(b, '{');
	th_json_key(b, t->how == TH_QUERY_PREFIX ? "prefix" : "term");
	th_json_open(b, '{');
	th_json_member(b, "service", th_buf_str(&name));
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_buf_release(&name);
}

enum part { MUST, MUST_NOT, FILTER };

static enum part
part_of(const struct th_query_term *t)
{
	return t->minus                       ? MUST_NOT
	       : t->field == TH_QUERY_SERVICE ? FILTER
					      : MUST;
}

static void
add_range(struct th_buf *b, const struct th_query *q)
{
	th_json_open(b, '{');
	th_json_key(b, "range");
	th_json_open(b, '{');
	th_json_key(b, "date");
	th_json_open(b, '{');
	th_json_member_int(b, "gte", q->after);
	th_json_member_int(b, "lt", q->before);
	th_json_close(b, '}');
	th_json_close(b, '}');
	th_json_close(b, '}');
}

void
th_elastic_query(struct th_elastic *e, struct th_buf *b,
    const struct th_query *q, size_t limit)
{
	static const char *const name[] = { "must", "must_not", "filter" };
	enum part part;
	size_t i;

	th_json_open(b, '{');
	/* An item may be there from several stores. */
	th_json_member_int(
	    b, "size", limit > 5000 ? 10000 : (int64_t)limit * 2);
	th_json_member_bool(b, "track_scores", true);
	th_json_member_raw(b, "_source", TH_STR("[\"line\",\"date\"]"));
	th_json_member_raw(b, "sort",
	    TH_STR("[{\"_score\":\"desc\"},{\"date\":\"desc\"},"
		   "{\"no\":\"desc\"}]"));
	th_json_key(b, "query");
	th_json_raw(b, TH_STR("{\"bool\":"));
	th_json_open(b, '{');
	for (part = MUST; part <= FILTER; part++) {
		th_json_key(b, name[part]);
		th_json_open(b, '[');
		for (i = 0; i < q->n; i++)
			if (part_of(&q->term[i]) != part)
				continue;
			else if (q->term[i].field == TH_QUERY_SERVICE)
				add_service(b, &q->term[i]);
			else
				add_words(e, b, &q->term[i], q->n > MANY);
		if (part == FILTER)
			add_range(b, q);
		th_json_close(b, ']');
	}
	th_json_close(b, '}');
	th_buf_addc(b, '}');
	th_json_close(b, '}');
}
