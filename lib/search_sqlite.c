/*
 * search_sqlite -- the documents in th.db, and FTS5 to find them
 *
 * A document is a small row of search_doc, which says when, and its line.  The
 * index of the items holds no text of its own (content=''): the line has it, so
 * that words are taken out of the index again by what the line gives.
 * search_pending has what an engine elsewhere was not told yet.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "search_docs.h"
#include "words.h"

#define STORE_WAIT 60 /* seconds that another process may hold it */

static const char schema[] =
    "CREATE TABLE search_doc(no INTEGER PRIMARY KEY AUTOINCREMENT, kind "
    "INTEGER, hash BLOB,"
    " date INTEGER, size INTEGER, UNIQUE(kind, hash));"
    "CREATE INDEX search_date ON search_doc(kind, date);"
    "CREATE TABLE search_line(no INTEGER PRIMARY KEY, line TEXT);"
    "CREATE TABLE search_service(service TEXT, doc INTEGER,"
    " PRIMARY KEY(service, doc)) WITHOUT ROWID;"
    "CREATE TABLE search_pending(no INTEGER PRIMARY KEY, kind INTEGER,"
    " hash BLOB);"
    "CREATE TABLE search_trigger(name TEXT PRIMARY KEY, stamp TEXT)"
    " WITHOUT ROWID;"
    "CREATE TABLE search_meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT "
    "ROWID;";

static const char make_words[] =
    "CREATE VIRTUAL TABLE search_item USING fts5(title, text, tags, source,"
    " content='', columnsize=0, tokenize='th');"
    "CREATE VIRTUAL TABLE search_script USING fts5(title, text, tags, source,"
    " tokenize='th');";
static const char drop_words[] =
    "DROP TABLE IF EXISTS search_item; DROP TABLE IF EXISTS search_script;";
/* FTS5 does not drop what it cannot read. */
static const char tear_words[] =
    "PRAGMA writable_schema=ON;"
    "DELETE FROM sqlite_master WHERE name IN ('search_item',"
    " 'search_script'); PRAGMA writable_schema=RESET;"
    "DROP TABLE IF EXISTS search_item_data;"
    "DROP TABLE IF EXISTS search_item_idx;"
    "DROP TABLE IF EXISTS search_item_config;"
    "DROP TABLE IF EXISTS search_script_data;"
    "DROP TABLE IF EXISTS search_script_idx;"
    "DROP TABLE IF EXISTS search_script_docsize;"
    "DROP TABLE IF EXISTS search_script_content;"
    "DROP TABLE IF EXISTS search_script_config;";

/* ---- opening ---- */

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
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(
			    d->s->db, make_words, NULL, NULL, NULL);
		st = rc == SQLITE_OK ? TH_OK : th_sql_fail(d->s, rc, err);
	}
	return th_sql_end(d->s, st, err);
}

/* Was the index made for that engine, by these rules of what a word is? */
static enum th_status
is_made_for(struct th_docs *d, const char *engine, struct th_err *err)
{
	struct th_buf was;
	enum th_status st;

	th_buf_init(&was, TH_LINE_MAX);
	st = th_docs_get(d, "engine", &was, err);
	if (st == TH_OK && !th_str_is(th_buf_str(&was), engine))
		st = TH_END;
	th_buf_release(&was);
	return st;
}

/* After another engine was configured its index has to be made. */
static enum th_status
check_engine(struct th_docs *d, const char *url, struct th_err *err)
{
	struct th_buf engine;
	enum th_status st;

	th_buf_init(&engine, TH_LINE_MAX);
	if (th_buf_addf(&engine, "%s words %s", url, TH_WORDS_VERSION) != TH_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	if ((st = is_made_for(d, engine.data, err)) != TH_END ||
	    (st = th_sql_begin(d->s, true, err)) != TH_OK)
		goto out;
	/* Another process may have been quicker. */
	if ((st = is_made_for(d, engine.data, err)) == TH_END) {
		st = th_docs_rebuild(d, err);
		if (st == TH_OK)
			st = th_docs_set(d, "engine", th_buf_str(&engine), err);
		/* That another was away says nothing of this one. */
		if (st == TH_OK)
			st = th_docs_set(d, "retry_at", TH_STR("0"), err);
	}
	st = th_sql_end(d->s, st, err);
out:
	th_buf_release(&engine);
	return st;
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
		st = th_fts_add(d->s, err);
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

/* ---- small things ---- */

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

/* ---- documents in ---- */

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

/* FTS5 wants to be told what it was told. */
static enum th_status
forget_words(struct th_docs *d, int64_t no, struct th_err *err)
{
	struct th_doc doc;
	struct th_buf line;
	sqlite3_stmt *stmt;
	enum th_status st;

	th_doc_init(&doc);
	th_buf_init(&line, 2 * TH_LINE_MAX);
	st = th_sql(d->s, &stmt, err, "SELECT line FROM search_line WHERE no=?",
	    "i", no);
	if (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		st = th_buf_add(
		    &line, th_sql_text(stmt, 0).s, th_sql_text(stmt, 0).len);
		sqlite3_reset(stmt);
	}
	if (st == TH_OK)
		st = th_doc_item(&doc, th_buf_str(&line), err);
	if (st == TH_OK)
		st = th_sql_run(d->s, err,
		    "INSERT INTO search_item(search_item, rowid, title, text,"
		    " tags, source) VALUES('delete', ?, ?, ?, ?, ?)",
		    "itttt", no, th_buf_str(&doc.title), th_buf_str(&doc.text),
		    th_buf_str(&doc.tags), th_buf_str(&doc.source));
	th_buf_release(&line);
	th_doc_release(&doc);
	return st == TH_END ? TH_OK : st;
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
    const struct th_doc *doc, struct th_err *err)
{
	const int64_t size = (int64_t)(doc->title.len + doc->text.len +
				       doc->tags.len + doc->source.len);
	enum th_status st;
	int64_t no;
	size_t i;

	st = th_sql_run(d->s, err,
	    "INSERT INTO search_doc(kind, hash, date, size)"
	    " VALUES(?, ?, ?, ?)",
	    "ihii", (int64_t)kind, hash,
	    doc->date != INT64_MIN ? doc->date : th_now(), size);
	no = sqlite3_last_insert_rowid(d->s->db);
	if (st == TH_OK)
		st = th_sql_run(d->s, err,
		    "INSERT OR REPLACE INTO search_line VALUES(?, ?)", "it", no,
		    th_buf_str(&doc->line));
	if (st == TH_OK)
		st = d->fts ? index_words(d, kind, no, doc, err)
			    : mark_pending(d, no, err);
	for (i = 0; i < doc->nservices && st == TH_OK; i++)
		st = add_service(d, no, th_buf_str(&doc->service[i]), err);
	return st;
}

/* A trigger's index keeps the text that it was made of. */
static enum th_status
forget_doc(
    struct th_docs *d, enum th_search_kind kind, int64_t no, struct th_err *err)
{
	enum th_status st = TH_OK;

	if (kind == TH_SEARCH_TRIGGER)
		st = th_sql_run(d->s, err,
		    "DELETE FROM search_script WHERE rowid=?", "i", no);
	else if (d->fts)
		st = forget_words(d, no, err);
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
    const struct th_hash *hash, const struct th_doc *doc, struct th_err *err)
{
	enum th_status st;
	int64_t no;

	st = find_doc(d, kind, hash, &no, err);
	if (st == TH_OK && kind == TH_SEARCH_ITEM)
		return TH_OK;
	if (st == TH_OK)
		st = forget_doc(d, kind, no, err);
	if (st > TH_END)
		return st;
	return add_doc(d, kind, hash, doc, err);
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
th_docs_drop(struct th_docs *d, enum th_search_kind kind,
    const struct th_hash *hash, struct th_err *err)
{
	enum th_status st;
	int64_t no;

	st = find_doc(d, kind, hash, &no, err);
	if (st == TH_OK && !d->fts)
		st = mark_pending(d, no, err);
	if (st == TH_OK)
		st = forget_doc(d, kind, no, err);
	if (st == TH_OK)
		st = th_sql_run(d->s, err,
		    "DELETE FROM search_service WHERE doc=?", "i", no);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_docs_items(struct th_docs *d, int64_t after, size_t limit,
    th_docs_item_visit *visit, void *ctx, struct th_err *err)
{
	sqlite3_stmt *stmt;
	struct th_hash hash;
	struct th_str blob;
	enum th_status st;
	bool any = false;

	/* +: by number; the index over kinds would sort all for each page. */
	st = th_sql(d->s, &stmt, err,
	    "SELECT no, hash, date, line FROM search_doc JOIN search_line"
	    " USING(no) WHERE +kind=0 AND no>? ORDER BY no LIMIT ?",
	    "ii", after, (int64_t)limit);
	while (st == TH_OK && (st = th_sql_step(d->s, stmt, err)) == TH_OK) {
		any = true;
		blob = th_sql_blob(stmt, 1);
		if (blob.len != sizeof(hash.byte))
			continue;
		memcpy(hash.byte, blob.s, blob.len);
		st = visit(ctx, sqlite3_column_int64(stmt, 0), &hash,
		    sqlite3_column_int64(stmt, 2), th_sql_text(stmt, 3));
		if (st != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END && any ? TH_OK : st;
}

/* ---- triggers known ---- */

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

/* ---- the index anew ---- */

static enum th_status
empty_index(struct th_docs *d, struct th_err *err)
{
	sqlite3 *db = d->s->db;
	int rc = sqlite3_exec(db, drop_words, NULL, NULL, NULL);

	if ((rc & 0xff) == SQLITE_CORRUPT)
		rc = sqlite3_exec(db, tear_words, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, make_words, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
		    db, "DELETE FROM search_pending", NULL, NULL, NULL);
	return rc == SQLITE_OK ? TH_OK : th_sql_fail(d->s, rc, err);
}

static enum th_status
index_again(struct th_docs *d, struct th_err *err)
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
	}
	th_doc_release(&doc);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_docs_rebuild(struct th_docs *d, struct th_err *err)
{
	enum th_status st;

	if ((st = empty_index(d, err)) != TH_OK)
		return st;
	if (d->fts)
		return index_again(d, err);
	return th_sql_run(d->s, err,
	    "INSERT INTO search_pending SELECT no, kind, hash FROM search_doc",
	    "");
}

enum th_status
th_docs_count(struct th_docs *d, int64_t *ret, struct th_err *err)
{
	return th_sql_int(
	    d->s, ret, err, "SELECT count(*) FROM search_doc", "");
}

/* ---- what an engine elsewhere is to be told ---- */

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
