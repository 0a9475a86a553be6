/*
 * search_sqlite -- the documents in th.db, and FTS5 to find them
 *
 * A document is a small row of search_doc, which says when, and its line.  The
 * index of the items holds no text of its own (content=''): the line has it.
 * search_pending has what an engine elsewhere was not told yet.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"
#include "store_sqlite.h"
#include "words.h"

#define STORE_WAIT 60 /* seconds that another process may hold it */
#define SQL_MAX ((size_t)256 << 10)
#define NEWEST 500 /* of the documents with a common word */

struct th_docs {
	struct th_sqlite *s;
	struct th_store *own; /* opened here; else NULL */
	bool fts;             /* words are found by FTS5 */
};

static const char schema[] =
    "CREATE TABLE search_doc(no INTEGER PRIMARY KEY AUTOINCREMENT, kind "
    "INTEGER, hash BLOB,"
    " date INTEGER, UNIQUE(kind, hash));"
    "CREATE INDEX search_date ON search_doc(kind, date);"
    "CREATE TABLE search_line(no INTEGER PRIMARY KEY, line TEXT);"
    "CREATE TABLE search_service(service TEXT, doc INTEGER,"
    " PRIMARY KEY(service, doc)) WITHOUT ROWID;"
    "CREATE TABLE search_pending(no INTEGER PRIMARY KEY, kind INTEGER,"
    " hash BLOB);"
    "CREATE TABLE search_trigger(name TEXT PRIMARY KEY, stamp TEXT)"
    " WITHOUT ROWID;"
    "CREATE TABLE search_meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE search_item USING fts5(title, text, tags, source,"
    " content='', tokenize='th');"
    "CREATE VIRTUAL TABLE search_script USING fts5(title, text, tags, source,"
    " tokenize='th');";

/* ---- the tokenizer
 * ---------------------------------------------------------------
 */

static int
create(void *ctx, const char **arg, int nargs, Fts5Tokenizer **ret)
{
	struct th_words *w = th_words_new(true);

	(void)ctx;
	(void)arg;
	(void)nargs;
	*ret = (Fts5Tokenizer *)w;
	return w != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static void
destroy(Fts5Tokenizer *t)
{
	th_words_free((struct th_words *)t);
}

/* A stem is told from a word by a sign before it. */
static int
give_stem(int (*token)(void *, int, const char *, int, int, int), void *ctx,
    struct th_str stem, int from, int to)
{
	char text[TH_WORD_MAX + 32] = "~";

	if (stem.len > sizeof(text) - 1)
		return SQLITE_OK;
	memcpy(text + 1, stem.s, stem.len);
	return token(
	    ctx, FTS5_TOKEN_COLOCATED, text, (int)stem.len + 1, from, to);
}

/*
 * In a document a word is indexed as it is, and by its stems where they are
 * different.  In a query it stands for itself, its stems, and words that are
 * one of those; after '=' and as a beginning for itself alone.
 */
static int
tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int len,
    int (*token)(void *, int, const char *, int, int, int))
{
	struct th_words *words = (struct th_words *)t;
	const bool query = (flags & FTS5_TOKENIZE_QUERY) != 0;
	const bool exact = query && ((flags & FTS5_TOKENIZE_PREFIX) != 0 ||
					(len > 0 && text[0] == '='));
	struct th_word w;
	int from, to, rc = SQLITE_OK;
	size_t i;

	th_words_start(words, (struct th_str){ text, (size_t)len }, !exact);
	while (rc == SQLITE_OK && th_words_next(words, &w)) {
		from = (int)(w.at.s - text);
		to = from + (int)w.at.len;
		rc = token(ctx, 0, w.plain.s, (int)w.plain.len, from, to);
		if (rc == SQLITE_OK && query && !exact)
			rc = give_stem(token, ctx, w.plain, from, to);
		for (i = 0; i < w.nstems && rc == SQLITE_OK; i++) {
			rc = give_stem(token, ctx, w.stem[i], from, to);
			if (rc == SQLITE_OK && query)
				rc = token(ctx, FTS5_TOKEN_COLOCATED,
				    w.stem[i].s, (int)w.stem[i].len, from, to);
		}
	}
	return rc;
}

/* ---- the score
 * --------------------------------------------------------------------
 */

#define COLUMNS 4
#define PHRASES 64  /* as many as a query may have terms */
#define K1 1.2      /* BM25's: what a word that comes again adds */
#define LENGTH 0.75 /* how much a long document counts less */

static int
length_of(const Fts5ExtensionApi *api, Fts5Context *fts, double *ret)
{
	sqlite3_int64 rows = 0, total = 0;
	int size = 0, rc;

	if ((rc = api->xRowCount(fts, &rows)) != SQLITE_OK ||
	    (rc = api->xColumnTotalSize(fts, -1, &total)) != SQLITE_OK ||
	    (rc = api->xColumnSize(fts, -1, &size)) != SQLITE_OK)
		return rc;
	*ret = total > 0 ? (double)size * (double)rows / (double)total : 1;
	return SQLITE_OK;
}

/*
 * th_score(table, N): BM25 over the first N phrases, without the part that
 * tells rare words from common ones: all must be there, and to count them all
 * would be to read each of their places.
 */
static void
give_score(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx,
    int nargs, sqlite3_value **arg)
{
	static const double weight[COLUMNS] = { 8, 1, 4, 2 };
	double freq[PHRASES] = { 0 }, length = 1, score = 0;
	int i, n = 0, phrase, column, offset, rc;
	int count = nargs > 0 ? sqlite3_value_int(arg[0]) : 0;

	if (count > PHRASES)
		count = PHRASES;
	if ((rc = length_of(api, fts, &length)) == SQLITE_OK)
		rc = api->xInstCount(fts, &n);
	for (i = 0; i < n && rc == SQLITE_OK; i++) {
		rc = api->xInst(fts, i, &phrase, &column, &offset);
		if (rc == SQLITE_OK && phrase < count && column < COLUMNS)
			freq[phrase] += weight[column];
	}
	for (i = 0; i < count; i++)
		score += freq[i] * (K1 + 1) /
			 (freq[i] + K1 * (1 - LENGTH + LENGTH * length));
	if (rc == SQLITE_OK)
		sqlite3_result_double(ctx, score);
	else
		sqlite3_result_error_code(ctx, rc);
}

static enum th_status
add_tokenizer(struct th_docs *d, struct th_err *err)
{
	fts5_tokenizer how = { create, destroy, tokenize };
	sqlite3_stmt *stmt = NULL;
	fts5_api *api = NULL;
	int rc;

	rc = sqlite3_prepare_v2(d->s->db, "SELECT fts5(?1)", -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_pointer(
		    stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		rc = SQLITE_OK;
	sqlite3_finalize(stmt);
	if (rc == SQLITE_OK && api != NULL)
		rc = api->xCreateTokenizer(api, "th", NULL, &how, NULL);
	if (rc == SQLITE_OK && api != NULL)
		rc = api->xCreateFunction(
		    api, "th_score", NULL, give_score, NULL);
	if (rc != SQLITE_OK)
		return th_sql_fail(d->s, rc, err);
	return api != NULL ? TH_OK
			   : th_fail(err, TH_EBUG,
				 "search: this SQLite is without FTS5");
}

/* ---- opening
 * -------------------------------------------------------------------------
 */

void
th_docs_free(struct th_docs *d)
{
	if (d == NULL)
		return;
	th_store_close(d->own);
	free(d);
}

static enum th_status
is_there(struct th_docs *d, struct th_err *err)
{
	int64_t n;

	return th_sql_int(d->s, &n, err,
	    "SELECT 1 FROM sqlite_master WHERE name='search_doc'", "");
}

static enum th_status
make_schema(struct th_docs *d, struct th_err *err)
{
	enum th_status st;
	int rc;

	if ((st = is_there(d, err)) != TH_END)
		return st;
	if ((st = th_sql_begin(d->s, true, err)) != TH_OK)
		return st;
	/* Another process may have been quicker. */
	if ((st = is_there(d, err)) == TH_END) {
		rc = sqlite3_exec(d->s->db, schema, NULL, NULL, NULL);
		st = rc == SQLITE_OK ? TH_OK : th_sql_fail(d->s, rc, err);
	}
	return th_sql_end(d->s, st, err);
}

/* After another engine was configured its index has to be made. */
static enum th_status
check_engine(struct th_docs *d, const char *engine, struct th_err *err)
{
	struct th_buf was;
	enum th_status st;
	int64_t n;

	th_buf_init(&was, TH_LINE_MAX);
	st = th_docs_get(d, "engine", &was, err);
	if (st == TH_OK && !th_str_is(th_buf_str(&was), engine))
		st = TH_END;
	th_buf_release(&was);
	if (st != TH_END)
		return st;
	if ((st = th_sql_begin(d->s, true, err)) != TH_OK)
		return st;
	st = th_docs_rebuild(d, &n, err);
	if (st == TH_OK)
		st = th_docs_set(d, "engine", th_str(engine), err);
	return th_sql_end(d->s, st, err);
}

enum th_status
th_docs_open(struct th_store *store, const char *engine, struct th_docs **ret,
    struct th_err *err)
{
	struct th_docs *d = th_calloc(1, sizeof(*d));
	enum th_status st = TH_OK;

	if (d == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	d->fts = strcmp(engine, "sqlite") == 0;
	d->s = store != NULL ? th_sqlite_of(store) : NULL;
	if (d->s == NULL) {
		st = th_store_sqlite(0, STORE_WAIT, &d->own, err);
		if (st == TH_OK)
			d->s = th_sqlite_of(d->own);
	}
	if (st == TH_OK)
		st = add_tokenizer(d, err);
	if (st == TH_OK)
		st = make_schema(d, err);
	if (st == TH_OK)
		st = check_engine(d, engine, err);
	if (st != TH_OK) {
		th_docs_free(d);
		return st;
	}
	*ret = d;
	return TH_OK;
}

/* ---- small things
 * -------------------------------------------------------------------------
 */

enum th_status
th_docs_begin(struct th_docs *d, struct th_err *err)
{
	return th_sql_begin(d->s, false, err);
}

enum th_status
th_docs_end(struct th_docs *d, enum th_status st, struct th_err *err)
{
	return th_sql_end(d->s, st, err);
}

enum th_status
th_docs_get(
    struct th_docs *d, const char *key, struct th_buf *ret, struct th_err *err)
{
	sqlite3_stmt *stmt;
	struct th_str value;
	enum th_status st;

	st = th_sql(d->s, &stmt, err,
	    "SELECT value FROM search_meta WHERE key=?", "s", key);
	if (st != TH_OK || (st = th_sql_step(d->s, stmt, err)) != TH_OK)
		return st;
	value = th_sql_text(stmt, 0);
	st = th_buf_add(ret, value.s, value.len);
	sqlite3_reset(stmt);
	return st;
}

enum th_status
th_docs_set(
    struct th_docs *d, const char *key, struct th_str value, struct th_err *err)
{
	return th_sql_run(d->s, err,
	    "INSERT OR REPLACE INTO search_meta VALUES(?, ?)", "st", key,
	    value);
}

/* ---- documents in
 * ---------------------------------------------------------------------------
 */

static enum th_status
index_words(struct th_docs *d, enum th_search_kind kind, int64_t no,
    const struct th_doc *doc, struct th_err *err)
{
	static const char *const sql[] = {
		"INSERT INTO search_item(rowid, title, text, tags, source)"
		" VALUES(?, ?, ?, ?, ?)",
		"INSERT INTO search_script(rowid, title, text, tags, source)"
		" VALUES(?, ?, ?, ?, ?)",
	};

	return th_sql_run(d->s, err, sql[kind], "itttt", no,
	    th_buf_str(&doc->title), th_buf_str(&doc->text),
	    th_buf_str(&doc->tags), th_buf_str(&doc->source));
}

static enum th_status
mark_pending(struct th_docs *d, int64_t no, struct th_err *err)
{
	return th_sql_run(d->s, err,
	    "INSERT OR REPLACE INTO search_pending SELECT no, kind, hash"
	    " FROM search_doc WHERE no=?",
	    "i", no);
}

static enum th_status
add_service(
    struct th_docs *d, int64_t no, struct th_str service, struct th_err *err)
{
	return th_sql_run(d->s, err,
	    "INSERT OR IGNORE INTO search_service VALUES(?, ?)", "ti", service,
	    no);
}

static enum th_status
find_doc(struct th_docs *d, enum th_search_kind kind,
    const struct th_hash *hash, int64_t *ret, struct th_err *err)
{
	return th_sql_int(d->s, ret, err,
	    "SELECT no FROM search_doc WHERE kind=? AND hash=?", "ih",
	    (int64_t)kind, hash);
}

static enum th_status
add_doc(struct th_docs *d, enum th_search_kind kind, const struct th_hash *hash,
    struct th_str line, const struct th_doc *doc, struct th_err *err)
{
	enum th_status st;
	int64_t no;
	size_t i;

	st = th_sql_run(d->s, err,
	    "INSERT INTO search_doc(kind, hash, date) VALUES(?, ?, ?)", "ihi",
	    (int64_t)kind, hash, doc->date != INT64_MIN ? doc->date : th_now());
	no = sqlite3_last_insert_rowid(d->s->db);
	if (st == TH_OK)
		st = th_sql_run(d->s, err,
		    "INSERT OR REPLACE INTO search_line VALUES(?, ?)", "it", no,
		    line);
	if (st == TH_OK)
		st = d->fts ? index_words(d, kind, no, doc, err)
			    : mark_pending(d, no, err);
	for (i = 0; i < doc->nservices && st == TH_OK; i++)
		st = add_service(d, no, th_buf_str(&doc->service[i]), err);
	return st;
}

/* A trigger's index keeps the text that it was made of. */
static enum th_status
forget_trigger(struct th_docs *d, int64_t no, struct th_err *err)
{
	enum th_status st;

	st = th_sql_run(
	    d->s, err, "DELETE FROM search_script WHERE rowid=?", "i", no);
	if (st == TH_OK)
		st = th_sql_run(
		    d->s, err, "DELETE FROM search_line WHERE no=?", "i", no);
	if (st == TH_OK)
		st = th_sql_run(
		    d->s, err, "DELETE FROM search_doc WHERE no=?", "i", no);
	return st;
}

enum th_status
th_docs_put(struct th_docs *d, enum th_search_kind kind,
    const struct th_hash *hash, struct th_str line, const struct th_doc *doc,
    struct th_err *err)
{
	enum th_status st;
	int64_t no;

	st = find_doc(d, kind, hash, &no, err);
	if (st == TH_OK && kind == TH_SEARCH_ITEM)
		return TH_OK;
	if (st == TH_OK)
		st = forget_trigger(d, no, err);
	if (st > TH_END)
		return st;
	return add_doc(d, kind, hash, line, doc, err);
}

enum th_status
th_docs_put_service(struct th_docs *d, const struct th_hash *hash,
    struct th_str service, struct th_err *err)
{
	enum th_status st;
	int64_t no;

	st = find_doc(d, TH_SEARCH_ITEM, hash, &no, err);
	if (st == TH_OK)
		st = add_service(d, no, service, err);
	if (st == TH_OK && !d->fts)
		st = mark_pending(d, no, err);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_docs_touch(struct th_docs *d, const struct th_hash *hash, struct th_err *err)
{
	if (d->fts)
		return TH_OK;
	return th_sql_run(d->s, err,
	    "INSERT OR REPLACE INTO search_pending SELECT no, kind, hash"
	    " FROM search_doc WHERE kind=0 AND hash=?",
	    "h", hash);
}

enum th_status
th_docs_drop_trigger(
    struct th_docs *d, const struct th_hash *hash, struct th_err *err)
{
	enum th_status st;
	int64_t no;

	st = find_doc(d, TH_SEARCH_TRIGGER, hash, &no, err);
	if (st == TH_OK && !d->fts)
		st = mark_pending(d, no, err);
	if (st == TH_OK)
		st = forget_trigger(d, no, err);
	return st == TH_END ? TH_OK : st;
}

/* ---- triggers known
 * --------------------------------------------------------------------- */

enum th_status
th_docs_triggers(struct th_docs *d, th_docs_trigger_visit *visit, void *ctx,
    struct th_err *err)
{
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(
	    d->s, &stmt, err, "SELECT name, stamp FROM search_trigger", "");
	while (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		st = visit(ctx, th_sql_text(stmt, 0), th_sql_text(stmt, 1));
		if (st != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_docs_set_trigger(
    struct th_docs *d, const char *name, const char *stamp, struct th_err *err)
{
	if (stamp == NULL)
		return th_sql_run(d->s, err,
		    "DELETE FROM search_trigger WHERE name=?", "s", name);
	return th_sql_run(d->s, err,
	    "INSERT OR REPLACE INTO search_trigger VALUES(?, ?)", "ss", name,
	    stamp);
}

/* ---- the index anew
 * ----------------------------------------------------------------------- */

static enum th_status
empty_index(struct th_docs *d, struct th_err *err)
{
	static const char sql[] =
	    "INSERT INTO search_item(search_item) VALUES('delete-all');"
	    "DELETE FROM search_script; DELETE FROM search_pending;";
	int rc = sqlite3_exec(d->s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? TH_OK : th_sql_fail(d->s, rc, err);
}

static enum th_status
index_again(struct th_docs *d, int64_t *ret, struct th_err *err)
{
	enum th_search_kind kind;
	sqlite3_stmt *stmt;
	struct th_doc doc;
	enum th_status st;
	int64_t no;

	th_doc_init(&doc);
	st = th_sql(d->s, &stmt, err,
	    "SELECT no, kind, line FROM search_doc JOIN search_line USING(no)"
	    " ORDER BY no",
	    "");
	while (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		no = sqlite3_column_int64(stmt, 0);
		kind = (enum th_search_kind)sqlite3_column_int(stmt, 1);
		st = th_doc_fill(&doc, kind, th_sql_text(stmt, 2), err);
		if (st == TH_OK)
			st = index_words(d, kind, no, &doc, err);
		if (st != TH_OK)
			sqlite3_reset(stmt);
		++*ret;
	}
	th_doc_release(&doc);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_docs_rebuild(struct th_docs *d, int64_t *ret, struct th_err *err)
{
	enum th_status st;

	*ret = 0;
	if ((st = empty_index(d, err)) != TH_OK)
		return st;
	if (d->fts)
		return index_again(d, ret, err);
	st = th_sql_run(d->s, err,
	    "INSERT INTO search_pending SELECT no, kind, hash FROM search_doc",
	    "");
	*ret = sqlite3_changes(d->s->db);
	return st;
}

/* ---- what an engine elsewhere is to be told
 * -------------------------------------------------
 */

static enum th_status
join_services(
    struct th_docs *d, int64_t no, struct th_buf *ret, struct th_err *err)
{
	sqlite3_stmt *stmt;
	struct th_str name;
	enum th_status st;

	th_buf_clear(ret);
	st = th_sql(d->s, &stmt, err,
	    "SELECT service FROM search_service WHERE doc=?", "i", no);
	while (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		name = th_sql_text(stmt, 0);
		th_buf_add(ret, name.s, name.len);
		th_buf_addc(ret, '\n');
	}
	return st == TH_END ? ret->status : st;
}

enum th_status
th_docs_pending(struct th_docs *d, int64_t after, size_t limit,
    th_docs_pending_visit *visit, void *ctx, struct th_err *err)
{
	struct th_pending p = { 0 };
	struct th_buf services;
	struct th_str hash;
	sqlite3_stmt *stmt;
	enum th_status st;
	bool any = false;

	th_buf_init(&services, TH_LINE_MAX);
	p.services = &services;
	st = th_sql(d->s, &stmt, err,
	    "SELECT p.no, p.kind, p.hash, l.line, d.date FROM search_pending p"
	    " LEFT JOIN search_line l USING(no) LEFT JOIN search_doc d"
	    " USING(no) WHERE p.no>? ORDER BY p.no LIMIT ?",
	    "ii", after, (int64_t)limit);
	while (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		any = true;
		p.no = sqlite3_column_int64(stmt, 0);
		p.kind = (enum th_search_kind)sqlite3_column_int(stmt, 1);
		hash = th_sql_blob(stmt, 2);
		if (hash.len == sizeof(p.hash))
			memcpy(p.hash.byte, hash.s, hash.len);
		p.line = th_sql_text(stmt, 3);
		p.date = sqlite3_column_int64(stmt, 4);
		st = join_services(d, p.no, &services, err);
		if (st == TH_OK)
			st = visit(ctx, &p);
		if (st != TH_OK)
			sqlite3_reset(stmt);
	}
	th_buf_release(&services);
	return st == TH_END && any ? TH_OK : st;
}

enum th_status
th_docs_sent(struct th_docs *d, int64_t no, struct th_err *err)
{
	return th_sql_run(
	    d->s, err, "DELETE FROM search_pending WHERE no=?", "i", no);
}

/* ---- finding
 * ------------------------------------------------------------------------------
 */

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
	struct th_buf match; /* the words, without those to be left out */
	struct th_buf title; /* the same with one of them in the title */
	struct th_buf minus; /* there are none, these are to be left out */
	size_t n;            /* words */
};

static void
make_question(struct question *ret, const struct th_query *q)
{
	size_t i, n = 0;

	ret->n = add_terms(&ret->match, q, false);
	if (ret->n == 0) {
		add_terms(&ret->minus, q, true);
		return;
	}
	for (i = 0; i < q->n; i++)
		if (q->term[i].minus && q->term[i].field != TH_QUERY_SERVICE) {
			th_buf_adds(&ret->match, n++ == 0 ? " NOT (" : " OR ");
			add_match(&ret->match, &q->term[i], false);
		}
	th_buf_adds(&ret->match, n > 0 ? ")" : "");
	th_buf_addf(&ret->title, "(%s) AND (",
	    ret->match.data != NULL ? ret->match.data : "");
	for (i = 0, n = 0; i < q->n; i++)
		if (!q->term[i].minus && q->term[i].field == TH_QUERY_ANY) {
			th_buf_adds(&ret->title, n++ > 0 ? " OR " : "");
			add_match(&ret->title, &q->term[i], true);
		}
	th_buf_addc(&ret->title, ')');
	if (n == 0)
		th_buf_clear(&ret->title);
}

static bool
has_filter(const struct th_query *q)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		if (q->term[i].field == TH_QUERY_SERVICE)
			return true;
	return q->after != INT64_MIN || q->before != INT64_MAX;
}

/*
 * What matches, with its score.  Of a common word only the newest are looked
 * at, and the newest with it in the title, unless a filter takes some away.
 */
static void
add_candidates(
    struct th_buf *b, const struct question *ask, const char *table, bool all)
{
	th_buf_addf(b,
	    "(SELECT rowid AS no, th_score(%s, %zu) AS score FROM %s"
	    " WHERE %s MATCH ?1",
	    table, ask->n, table, table);
	if (all) {
		th_buf_addc(b, ')');
		return;
	}
	th_buf_addf(b, " ORDER BY rowid DESC LIMIT %d)", NEWEST);
	if (ask->title.len > 0)
		th_buf_addf(b,
		    " UNION SELECT * FROM (SELECT rowid AS no, th_score(%s,"
		    " %zu) AS score FROM %s WHERE %s MATCH ?2 ORDER BY rowid"
		    " DESC LIMIT %d)",
		    table, ask->n, table, table, NEWEST);
}

static void
make_sql(struct th_buf *b, const struct th_query *q, const struct question *ask,
    const char *table)
{
	size_t i;

	th_buf_adds(b,
	    "SELECT x.score, x.date, l.line FROM (SELECT d.no AS no, d.date AS"
	    " date, ");
	if (ask->n > 0) {
		th_buf_adds(b, "y.score AS score FROM (SELECT * FROM ");
		add_candidates(b, ask, table, has_filter(q));
		th_buf_adds(
		    b, ") y CROSS JOIN search_doc d ON d.no=y.no WHERE ");
	} else
		th_buf_adds(b, "0.0 AS score FROM search_doc d WHERE ");
	th_buf_adds(b, "d.kind=?3");
	if (ask->minus.len > 0)
		th_buf_addf(b,
		    " AND d.no NOT IN (SELECT rowid FROM %s WHERE %s MATCH ?2)",
		    table, table);
	if (q->after != INT64_MIN || q->before != INT64_MAX)
		th_buf_adds(b, " AND d.date>=?4 AND d.date<?5");
	for (i = 0; i < q->n; i++)
		if (q->term[i].field == TH_QUERY_SERVICE)
			th_buf_addf(b,
			    " AND %sEXISTS(SELECT 1 FROM search_service s WHERE"
			    " s.doc=d.no AND s.service %s ?%zu)",
			    q->term[i].minus ? "NOT " : "",
			    q->term[i].how == TH_QUERY_PREFIX ? "GLOB" : "=",
			    i + 7);
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
			rc = sqlite3_bind_text(stmt, (int)i + 7, name.data,
			    (int)name.len, SQLITE_TRANSIENT);
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

	sqlite3_bind_text(
	    stmt, 1, ask->match.data, (int)ask->match.len, SQLITE_STATIC);
	sqlite3_bind_text(
	    stmt, 2, second->data, (int)second->len, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, kind);
	sqlite3_bind_int64(stmt, 4, q->after);
	sqlite3_bind_int64(stmt, 5, q->before);
	sqlite3_bind_int64(
	    stmt, 6, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
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

enum th_status
th_docs_find(struct th_docs *d, enum th_search_kind kind,
    const struct th_query *q, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err)
{
	static const char *const table[] = { "search_item", "search_script" };
	struct question ask = { 0 };
	sqlite3_stmt *stmt = NULL;
	struct th_buf sql;
	enum th_status st = TH_ENOMEM;
	int rc;

	th_buf_init(&ask.match, SQL_MAX);
	th_buf_init(&ask.title, SQL_MAX);
	th_buf_init(&ask.minus, SQL_MAX);
	th_buf_init(&sql, SQL_MAX);
	make_question(&ask, q);
	make_sql(&sql, q, &ask, table[kind]);
	if (ask.match.status != TH_OK || ask.title.status != TH_OK ||
	    ask.minus.status != TH_OK || sql.status != TH_OK) {
		th_fail(err, st, "out of memory");
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
