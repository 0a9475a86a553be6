/* store_sqlite_move -- what SQLite remembers besides items, out and in again */
#include <string.h>

#include "store_sqlite.h"

/* A mark as it is kept: where, and what is in it; 16 and 32 bits. */
#define SLOT_BITS 16
#define SLOT_MASK ((1 << SLOT_BITS) - 1)

static enum th_status
select_memory(struct th_sqlite *s, enum th_memory kind, const char *key,
    sqlite3_stmt **ret, struct th_err *err)
{
	switch (kind) {
	case TH_M_LIMIT:
		return th_sql(s, ret, err,
		    "SELECT key, at FROM hit WHERE ?1 IS NULL OR key=?1"
		    " ORDER BY key, at",
		    "s", key);
	case TH_M_PAUSE:
		return th_sql(s, ret, err,
		    "SELECT key, until FROM pause WHERE ?1 IS NULL OR key=?1"
		    " ORDER BY key",
		    "s", key);
	case TH_M_GUARD: break;
	}
	return th_sql(s, ret, err,
	    "SELECT name, (print & 4294967295) << 16 | (slot & 65535)"
	    " FROM mark JOIN queue ON no = slot >> 16"
	    " WHERE ?1 IS NULL OR name=?1 ORDER BY slot",
	    "s", key);
}

static enum th_status
recall(struct th_store *store, enum th_memory kind, const char *key,
    th_memory_visit *visit, void *ctx, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = select_memory(s, kind, key, &stmt, err);
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		st = visit(
		    ctx, th_sql_text(stmt, 0).s, sqlite3_column_int64(stmt, 1));
		if (st != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

/* The nth of that instant, unless there are as many already. */
static enum th_status
remember_hit(struct th_sqlite *s, const char *key, int64_t at, int64_t nth,
    struct th_err *err)
{
	return th_sql_run(s, err,
	    "INSERT INTO hit(key, at) SELECT ?1, ?2 WHERE ?3 >"
	    " (SELECT count(*) FROM hit WHERE key=?1 AND at=?2)",
	    "sii", key, at, nth);
}

static enum th_status
remember_mark(struct th_sqlite *s, int64_t mark, struct th_err *err)
{
	return th_sql_run(s, err, "INSERT OR IGNORE INTO mark VALUES(?, ?)",
	    "ii", s->queue_no << SLOT_BITS | (mark & SLOT_MASK),
	    (int64_t)(int32_t)(mark >> SLOT_BITS));
}

static enum th_status
remember_all(struct th_sqlite *s, enum th_memory kind, const char *key,
    const int64_t *v, size_t n, int64_t now, struct th_err *err)
{
	enum th_status st = TH_OK;
	int64_t nth = 0;
	size_t i;

	if (kind == TH_M_GUARD &&
	    (st = th_sqlite_find_queue(s, key, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	for (i = 0; i < n && st == TH_OK; i++) {
		nth = i > 0 && v[i] == v[i - 1] ? nth + 1 : 1;
		st = kind == TH_M_LIMIT ? remember_hit(s, key, v[i], nth, err)
		     : kind == TH_M_GUARD
			 ? remember_mark(s, v[i], err)
			 : th_sql_run(s, err,
			       "INSERT INTO pause VALUES(?1, ?2, ?3)"
			       " ON CONFLICT DO UPDATE SET until=?2, since=?3"
			       " WHERE until<?2",
			       "sii", key, v[i], now);
	}
	return st;
}

static enum th_status
remember(struct th_store *store, enum th_memory kind, const char *key,
    const int64_t *v, size_t n, int64_t now, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	return th_sql_end(s, remember_all(s, kind, key, v, n, now, err), err);
}

void
th_sqlite_move_ops(struct th_store_ops *ops)
{
	ops->recall = recall;
	ops->remember = remember;
}
