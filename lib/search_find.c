/* search_find -- a query as FTS5 and SQL understand it, and what comes back */
#include <stdlib.h>
#include <string.h>

#include "search_docs.h"

#define SQL_MAX ((size_t)256 << 10)
#define NEWEST 500 /* of the documents with a common word */
#define RANKED 200 /* of these are put in order by their length, too */
#define FEW 10000  /* documents of a short time */
#define LIMIT_MAX (INT32_MAX / 2)
#define SERVICES_FROM 8 /* the parameters from this one on */

/* The words of a term are letters, digits and blanks: nothing to be quoted. */
static void
add_match(struct th_buf *b, const struct th_query_term *t, bool in_title)
{
	if (t->field == TH_QUERY_TITLE || in_title)
		th_buf_adds(b, "title : ");
	if (t->field == TH_QUERY_TAG)
		th_buf_adds(b, "tags : ");
	th_buf_addf(b, "\"%s%s\"%s", t->how == TH_QUERY_EXACT ? "=" : "",
	    t->text, t->how == TH_QUERY_PREFIX ? " *" : "");
}

/* What FTS5 is asked for: the terms (of those to be excluded: with minus). */
static size_t
add_terms(struct th_buf *b, const struct th_query *q, bool minus)
{
	size_t i, n = 0;

	for (i = 0; i < q->n; i++) {
		if (q->term[i].field == TH_QUERY_SERVICE ||
		    q->term[i].minus != minus)
			continue;
		if (n++ > 0)
			th_buf_adds(b, minus ? " OR " : " AND ");
		add_match(b, &q->term[i], false);
	}
	return n;
}

/* The texts that FTS5 is asked with, and what the statement is made of. */
struct question {
	struct th_buf match;  /* the words, without those to be left out */
	struct th_buf title;  /* the same with one of them in the title */
	struct th_buf minus;  /* there are none, these are to be left out */
	size_t n;             /* words */
	bool services, dates; /* are asked for */
	bool few;             /* documents are of those dates */
};

static void
add_minus(struct th_buf *b, const struct th_query *q)
{
	size_t i, n = 0;

	for (i = 0; i < q->n; i++)
		if (q->term[i].minus && q->term[i].field != TH_QUERY_SERVICE) {
			th_buf_adds(b, n++ == 0 ? " NOT (" : " OR ");
			add_match(b, &q->term[i], false);
		}
	th_buf_adds(b, n > 0 ? ")" : "");
}

static void
make_question(struct question *ret, const struct th_query *q)
{
	size_t i, n = 0;

	ret->dates = q->after != INT64_MIN || q->before != INT64_MAX;
	for (i = 0; i < q->n; i++)
		if (q->term[i].field == TH_QUERY_SERVICE)
			ret->services = true;
	ret->n = add_terms(&ret->match, q, false);
	if (ret->n == 0) {
		add_terms(&ret->minus, q, true);
		return;
	}
	/* One word in the title needs not be looked for elsewhere. */
	if (ret->n > 1)
		th_buf_addf(&ret->title, "(%s) AND ",
		    ret->match.data != NULL ? ret->match.data : "");
	th_buf_addc(&ret->title, '(');
	for (i = 0; i < q->n; i++)
		if (!q->term[i].minus && q->term[i].field == TH_QUERY_ANY) {
			th_buf_adds(&ret->title, n++ > 0 ? " OR " : "");
			add_match(&ret->title, &q->term[i], true);
		}
	th_buf_addc(&ret->title, ')');
	add_minus(&ret->title, q);
	add_minus(&ret->match, q);
	if (n == 0)
		th_buf_clear(&ret->title);
}

/*
 * The document d is of that time, and of that service.  Of a short time all
 * documents are known before words are looked for.
 */
static void
add_filters(struct th_buf *b, const struct th_query *q, bool few)
{
	size_t i;

	if (few)
		th_buf_adds(b,
		    " AND f.rowid BETWEEN (SELECT min(no) FROM few) AND"
		    " (SELECT max(no) FROM few) AND +f.rowid IN few");
	else if (q->after != INT64_MIN || q->before != INT64_MAX)
		th_buf_adds(b, " AND d.date>=?4 AND d.date<?5");
	for (i = 0; i < q->n; i++)
		if (q->term[i].field == TH_QUERY_SERVICE)
			th_buf_addf(b,
			    " AND %sEXISTS(SELECT 1 FROM search_service s WHERE"
			    " s.doc=d.no AND s.service %s ?%zu)",
			    q->term[i].minus ? "NOT " : "",
			    q->term[i].how == TH_QUERY_PREFIX ? "GLOB" : "=",
			    i + SERVICES_FROM);
}

/*
 * What matches, with its score.  Of a common word only the newest are looked
 * at, and the newest with it in the title: a score is made only of what the
 * filters let through.
 */
static void
add_newest(struct th_buf *b, const struct th_query *q,
    const struct question *ask, const char *table, int match)
{
	const bool join = ask->services || (ask->dates && !ask->few);

	th_buf_addf(b,
	    "SELECT * FROM (SELECT f.rowid AS no, th_score(%s, %zu) AS score"
	    " FROM %s f%s WHERE %s MATCH ?%d",
	    table, ask->n, table,
	    join ? " CROSS JOIN search_doc d ON d.no=f.rowid" : "", table,
	    match);
	add_filters(b, q, ask->few);
	th_buf_adds(b, " ORDER BY f.rowid DESC LIMIT ?7)");
}

/* The best of them, in order once their length is known. */
static void
add_ranked(struct th_buf *b, const struct th_query *q,
    const struct question *ask, const char *table)
{
	th_buf_addf(b,
	    "th_rank(y.score, %zu, d.size, avg(d.size) OVER ()) AS score"
	    " FROM (SELECT no, max(score) AS score FROM (",
	    ask->n);
	add_newest(b, q, ask, table, 1);
	if (ask->title.len > 0) {
		th_buf_adds(b, " UNION ALL ");
		add_newest(b, q, ask, table, 2);
	}
	th_buf_addf(b,
	    ") GROUP BY no ORDER BY 2 DESC, no DESC LIMIT ?6 + %d) y"
	    " CROSS JOIN search_doc d ON d.no=y.no",
	    RANKED);
}

static void
make_sql(struct th_buf *b, const struct th_query *q, const struct question *ask,
    const char *table)
{
	if (ask->few)
		th_buf_adds(b,
		    "WITH few(no) AS MATERIALIZED (SELECT no FROM search_doc"
		    " WHERE kind=?3 AND date>=?4 AND date<?5) ");
	th_buf_adds(b,
	    "SELECT x.score, x.date, l.line FROM (SELECT d.no AS no, d.date AS"
	    " date, ");
	if (ask->n > 0) {
		add_ranked(b, q, ask, table);
	} else {
		th_buf_adds(
		    b, "0.0 AS score FROM search_doc d WHERE d.kind=?3");
		if (ask->minus.len > 0)
			th_buf_addf(b,
			    " AND d.no NOT IN (SELECT rowid FROM %s WHERE %s"
			    " MATCH ?2)",
			    table, table);
		add_filters(b, q, false);
	}
	th_buf_adds(b,
	    " ORDER BY score DESC, date DESC, no DESC LIMIT ?6) x JOIN"
	    " search_line l USING(no)"
	    " ORDER BY x.score DESC, x.date DESC, x.no DESC");
}

static int
bind_services(sqlite3_stmt *stmt, const struct th_query *q)
{
	struct th_buf name;
	int rc = SQLITE_OK;
	size_t i;

	th_buf_init(&name, TH_LINE_MAX);
	for (i = 0; i < q->n && rc == SQLITE_OK; i++) {
		if (q->term[i].field != TH_QUERY_SERVICE)
			continue;
		th_buf_clear(&name);
		if (th_doc_fold(th_str(q->term[i].text), &name) != TH_OK ||
		    (q->term[i].how == TH_QUERY_PREFIX &&
			th_buf_addc(&name, '*') != TH_OK))
			rc = SQLITE_NOMEM;
		else
			rc = sqlite3_bind_text(stmt, (int)(i + SERVICES_FROM),
			    name.data, (int)name.len, SQLITE_TRANSIENT);
	}
	th_buf_release(&name);
	return rc;
}

static int
bind_query(sqlite3_stmt *stmt, enum th_search_kind kind,
    const struct th_query *q, size_t limit, const struct question *ask)
{
	const struct th_buf *second =
	    ask->minus.len > 0 ? &ask->minus : &ask->title;
	const int64_t n = limit > LIMIT_MAX ? LIMIT_MAX : (int64_t)limit;

	sqlite3_bind_text(
	    stmt, 1, ask->match.data, (int)ask->match.len, SQLITE_STATIC);
	sqlite3_bind_text(
	    stmt, 2, second->data, (int)second->len, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, kind);
	sqlite3_bind_int64(stmt, 4, q->after);
	sqlite3_bind_int64(stmt, 5, q->before);
	sqlite3_bind_int64(stmt, 6, n);
	sqlite3_bind_int64(stmt, 7, n < NEWEST / 2 ? NEWEST : 2 * n);
	return bind_services(stmt, q);
}

static enum th_status
show(struct th_docs *d, sqlite3_stmt *stmt, enum th_search_kind kind,
    th_hit_visit *visit, void *ctx, struct th_err *err)
{
	struct th_hit hit = { .kind = kind };
	enum th_status st = TH_OK;
	int rc = SQLITE_DONE;

	while (st == TH_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		hit.score = sqlite3_column_double(stmt, 0);
		hit.date = sqlite3_column_int64(stmt, 1);
		hit.line = th_sql_text(stmt, 2);
		st = visit(ctx, &hit);
	}
	if (st == TH_OK && rc != SQLITE_DONE)
		st = th_sql_fail(d->s, rc, err);
	return st;
}

static enum th_status
count_few(struct th_docs *d, enum th_search_kind kind, const struct th_query *q,
    struct question *ask, struct th_err *err)
{
	enum th_status st;
	int64_t n = 0;

	if (!ask->dates || ask->n == 0)
		return TH_OK;
	st = th_sql_int(d->s, &n, err,
	    "SELECT count(*) FROM (SELECT 1 FROM search_doc WHERE kind=? AND"
	    " date>=? AND date<? LIMIT ?)",
	    "iiii", (int64_t)kind, q->after, q->before, (int64_t)FEW + 1);
	ask->few = st == TH_OK && n <= FEW;
	return st;
}

enum th_status
th_docs_find(struct th_docs *d, enum th_search_kind kind,
    const struct th_query *q, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err)
{
	static const char *const table[] = { "search_item", "search_script" };
	struct question ask = { 0 };
	sqlite3_stmt *stmt = NULL;
	struct th_buf sql;
	enum th_status st;
	int rc;

	th_buf_init(&ask.match, SQL_MAX);
	th_buf_init(&ask.title, SQL_MAX);
	th_buf_init(&ask.minus, SQL_MAX);
	th_buf_init(&sql, SQL_MAX);
	make_question(&ask, q);
	if ((st = count_few(d, kind, q, &ask, err)) != TH_OK)
		goto out;
	make_sql(&sql, q, &ask, table[kind]);
	if (ask.match.status != TH_OK || ask.title.status != TH_OK ||
	    ask.minus.status != TH_OK || sql.status != TH_OK) {
		st = th_fail(err, TH_ENOMEM, "out of memory");
		goto out;
	}
	rc = sqlite3_prepare_v2(d->s->db, sql.data, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = bind_query(stmt, kind, q, limit, &ask);
	st = rc == SQLITE_OK ? show(d, stmt, kind, visit, ctx, err)
			     : th_sql_fail(d->s, rc, err);
out:
	sqlite3_finalize(stmt);
	th_buf_release(&ask.match);
	th_buf_release(&ask.title);
	th_buf_release(&ask.minus);
	th_buf_release(&sql);
	return st;
}
