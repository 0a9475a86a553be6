/* store_sqlite_limit -- windows, pauses and locks in SQLite */
#include <stdio.h>

#include "store_sqlite.h"

#define CLOCK_SLACK 60 /* seconds that clocks of machines may differ */

const char th_sqlite_limit_schema[] =
    "CREATE TABLE hit(no INTEGER PRIMARY KEY, key TEXT, at INTEGER);"
    "CREATE INDEX hit_key ON hit(key, at);"
    "CREATE TABLE pause(key TEXT PRIMARY KEY, until INTEGER, since INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE lock(name TEXT PRIMARY KEY, owner TEXT, until INTEGER,"
    " since INTEGER) WITHOUT ROWID;";

/* How many are in the window, and when there will be room if there is none. */
static enum th_status
look_window(struct th_sqlite *s, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *used, int64_t *next, struct th_err *err)
{
	enum th_status st;
	int64_t at = 0;

	*next = 0;
	st = th_sql_int(s, used, err,
	    "SELECT count(*) FROM hit WHERE key=? AND at>?", "si", key,
	    now - window);
	if (st != TH_OK || *used < n || n == 0)
		return st;
	/* The oldest of the last n: once it has left, one may come. */
	st = th_sql_int(s, &at, err,
	    "SELECT min(at, ?) FROM hit WHERE key=? ORDER BY at DESC"
	    " LIMIT 1 OFFSET ?",
	    "isi", now, key, n - 1);
	*next = at + window;
	return st;
}

static enum th_status
take_one(struct th_sqlite *s, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *token, int64_t *next, struct th_err *err)
{
	enum th_status st;
	int64_t used;

	st = th_sql_run(s, err, "UPDATE hit SET at=?2 WHERE key=?1 AND at>?2",
	    "si", key, now);
	if (st == TH_OK)
		st = th_sql_run(s, err, "DELETE FROM hit WHERE key=? AND at<=?",
		    "si", key, now - window);
	if (st == TH_OK)
		st = look_window(s, key, n, window, now, &used, next, err);
	if (st != TH_OK)
		return st;
	if (used >= n)
		return TH_END;
	st = th_sql_run(
	    s, err, "INSERT INTO hit(key, at) VALUES(?, ?)", "si", key, now);
	*token = sqlite3_last_insert_rowid(s->db);
	return st;
}

static enum th_status
limit_take(struct th_store *store, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *token, int64_t *next, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	return th_sql_end(
	    s, take_one(s, key, n, window, now, token, next, err), err);
}

static enum th_status
limit_give(
    struct th_store *store, const char *key, int64_t token, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	st = th_sql_run(
	    s, err, "DELETE FROM hit WHERE no=? AND key=?", "is", token, key);
	return th_sql_end(s, st, err);
}

static enum th_status
limit_look(struct th_store *store, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *ret, int64_t *next, struct th_err *err)
{
	enum th_status st;
	int64_t used;

	st = look_window(
	    (struct th_sqlite *)store, key, n, window, now, &used, next, err);
	*ret = st != TH_OK || used > n ? 0 : n - used;
	return st;
}

static enum th_status
pause_set(struct th_store *store, const char *key, int64_t until, int64_t now,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	st = th_sql_run(s, err,
	    "INSERT INTO pause VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE"
	    " SET until=?2, since=?3 WHERE until<?2 OR since>?3",
	    "sii", key, until, now);
	return th_sql_end(s, st, err);
}

static enum th_status
pause_get(struct th_store *store, const char *key, int64_t *until,
    int64_t *since, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err, "SELECT until, since FROM pause WHERE key=?",
	    "s", key);
	if (st != TH_OK || (st = th_sql_step(s, stmt, err)) != TH_OK)
		return st;
	*until = sqlite3_column_int64(stmt, 0);
	*since = sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	return TH_OK;
}

static enum th_status
take_lock(struct th_sqlite *s, const char *name, const char *owner,
    const char *dead, int64_t now, int64_t until, char holder[TH_OWNER_SIZE],
    struct th_err *err)
{
	struct th_str whose;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT owner FROM lock WHERE name=? AND until>?2 AND since<=?3"
	    " AND owner<>?4 AND owner IS NOT ?5",
	    "siiss", name, now, now + CLOCK_SLACK, owner, dead);
	if (st == TH_OK)
		st = th_sql_step(s, stmt, err);
	if (st == TH_OK) {
		whose = th_sql_text(stmt, 0);
		snprintf(
		    holder, TH_OWNER_SIZE, "%.*s", (int)whose.len, whose.s);
		sqlite3_reset(stmt);
		return TH_END;
	}
	if (st != TH_END)
		return st;
	return th_sql_run(s, err,
	    "INSERT OR REPLACE INTO lock VALUES(?, ?, ?, ?)", "ssii", name,
	    owner, until, now);
}

static enum th_status
lock_take(struct th_store *store, const char *name, const char *owner,
    const char *dead, int64_t now, int64_t until, char holder[TH_OWNER_SIZE],
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	return th_sql_end(
	    s, take_lock(s, name, owner, dead, now, until, holder, err), err);
}

static enum th_status
lock_drop(struct th_store *store, const char *name, const char *owner,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	st = th_sql_run(s, err, "DELETE FROM lock WHERE name=? AND owner=?",
	    "ss", name, owner);
	return th_sql_end(s, st, err);
}

void
th_sqlite_limit_ops(struct th_store_ops *ops)
{
	ops->limit_take = limit_take;
	ops->limit_give = limit_give;
	ops->limit_look = limit_look;
	ops->pause_set = pause_set;
	ops->pause_get = pause_get;
	ops->lock_take = lock_take;
	ops->lock_drop = lock_drop;
}
