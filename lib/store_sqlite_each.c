/* store_sqlite_each -- all states, to be moved elsewhere */
#include <string.h>

#include "store_sqlite.h"

static const char *
column(sqlite3_stmt *stmt, int i)
{
	const char *s = (const char *)sqlite3_column_text(stmt, i);

	return s != NULL ? s : "";
}

static enum th_status
each_value(
    struct th_sqlite *s, th_state_visit *visit, void *ctx, struct th_err *err)
{
	struct th_state_entry e = { 0 };
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT name, key, value FROM state WHERE run='' AND "
	    "length(value)>0"
	    " ORDER BY name, key",
	    "");
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		e.state = column(stmt, 0);
		e.key = column(stmt, 1);
		e.value = th_sql_blob(stmt, 2);
		if ((st = visit(ctx, &e)) != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

static enum th_status
each_mark(
    struct th_sqlite *s, th_state_visit *visit, void *ctx, struct th_err *err)
{
	struct th_state_entry e = { 0 };
	sqlite3_stmt *stmt;
	struct th_str id;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT c.name, c.scope, s.id, s.day FROM scope c JOIN seen s"
	    " ON s.scope=c.no ORDER BY c.name, c.scope, s.day",
	    "");
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		e.state = column(stmt, 0);
		e.scope = column(stmt, 1);
		e.day = sqlite3_column_int64(stmt, 3);
		id = th_sql_blob(stmt, 2);
		if (id.len != TH_HASH_SIZE)
			continue;
		memcpy(e.id.byte, id.s, TH_HASH_SIZE);
		if ((st = visit(ctx, &e)) != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

/* One transaction, so that both are of the same instant. */
static enum th_status
state_each(struct th_store *store, th_state_visit *visit, void *ctx,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_run(s, err, "BEGIN", "")) != TH_OK)
		return st;
	st = each_value(s, visit, ctx, err);
	if (st == TH_OK)
		st = each_mark(s, visit, ctx, err);
	th_sql_run(s, NULL, "ROLLBACK", "");
	return st;
}

void
th_sqlite_each_ops(struct th_store_ops *ops)
{
	ops->state_each = state_each;
}
