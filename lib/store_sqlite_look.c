/* store_sqlite_look -- looking at queues in SQLite, moving what is in them */
#include <string.h>

#include "store_sqlite.h"

static enum th_status
leave_outbox(struct th_sqlite *s, const struct th_hash *hash, unsigned from,
    enum th_item_state to, int64_t now, int64_t before, int64_t *ret,
    struct th_err *err)
{
#define WHICH                                                                  \
	" FROM outbox WHERE queue=?1 AND (1<<state) & ?2"                      \
	" AND (?3 IS NULL OR hash=?3) AND since<?4"
	const struct th_str one =
	    hash == NULL
		? (struct th_str){ NULL, 0 }
		: (struct th_str){ (const char *)hash->byte, TH_HASH_SIZE };
	enum th_status st;

	st = th_sql_run(s, err,
	    "INSERT OR REPLACE INTO ledger SELECT queue, hash, ?5, NULL" WHICH,
	    "iibii", s->queue_no, (int64_t)from, one, before,
	    th_sqlite_pack_what(to, now));
	if (st == TH_OK)
		st = th_sql_run(s, err,
		    "DELETE FROM body WHERE seq IN (SELECT seq" WHICH ")",
		    "iibi", s->queue_no, (int64_t)from, one, before);
	if (st == TH_OK)
		st = th_sql_run(s, err, "DELETE" WHICH, "iibi", s->queue_no,
		    (int64_t)from, one, before);
	if (st == TH_OK)
		*ret += sqlite3_changes(s->db);
	return st;
#undef WHICH
}

static enum th_status
wait_again(struct th_sqlite *s, const struct th_hash *hash, unsigned from,
    int64_t now, int64_t *ret, struct th_err *err)
{
	const struct th_str one =
	    hash == NULL
		? (struct th_str){ NULL, 0 }
		: (struct th_str){ (const char *)hash->byte, TH_HASH_SIZE };
	enum th_status st;

	st = th_sql_run(s, err,
	    "UPDATE outbox SET state=1, due=0, since=?4, tries=0, reason=NULL,"
	    " date=iif(state=5, ?4, date)"
	    " WHERE queue=?1 AND (1<<state) & ?2 AND (?3 IS NULL OR hash=?3)"
	    " AND NOT (state=1 AND due=0)",
	    "iibi", s->queue_no, (int64_t)from, one, now);
	if (st == TH_OK)
		*ret = sqlite3_changes(s->db);
	return st;
}

static enum th_status
move(struct th_store *store, const char *queue, const struct th_hash *hash,
    unsigned from, enum th_item_state to, int64_t now, int64_t *ret,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	*ret = 0;
	if ((st = th_sqlite_begin_queue(s, queue, true, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if (to == TH_Q_WAITING)
		st = wait_again(s, hash, from, now, ret, err);
	else
		st = leave_outbox(s, hash, from, to, now, INT64_MAX, ret, err);
	return th_sql_end(s, st, err);
}

static enum th_status
purge(struct th_store *store, const char *queue, int64_t before, int64_t *ret,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	*ret = 0;
	if ((st = th_sqlite_begin_queue(s, queue, true, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	st = leave_outbox(s, NULL,
	    TH_Q_BIT(TH_Q_REFUSED) | TH_Q_BIT(TH_Q_EXPIRED), TH_Q_DROPPED,
	    before, before, ret, err);
	if (st == TH_OK)
		st = th_sql_run(s, err,
		    "UPDATE ledger SET receipt=NULL WHERE queue=? AND what<?"
		    " AND receipt IS NOT NULL",
		    "ii", s->queue_no,
		    th_sqlite_pack_what(TH_Q_PUBLISHED, before));
	if (st == TH_OK)
		*ret += sqlite3_changes(s->db);
	return th_sql_end(s, st, err);
}

static enum th_status
count_rows(struct th_sqlite *s, const char *sql, bool ledger,
    struct th_queue_counts *ret, struct th_err *err)
{
	enum th_item_state state;
	sqlite3_stmt *stmt;
	enum th_status st;
	int64_t date, v;

	st = th_sql(s, &stmt, err, sql, "i", s->queue_no);
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		v = sqlite3_column_int64(stmt, 0);
		state = ledger ? th_sqlite_unpack_what(v, &date)
			       : (enum th_item_state)v;
		if (state < TH_Q_STATES)
			ret->n[state] = sqlite3_column_int64(stmt, 1);
	}
	return st == TH_END ? TH_OK : st;
}

static enum th_status
count_waiting(struct th_sqlite *s, int64_t now, struct th_queue_counts *ret,
    struct th_err *err)
{
	enum th_status st;

	st = th_sql_int(s, &ret->next, err,
	    "SELECT min(due) FROM outbox WHERE queue=? AND state=1", "i",
	    s->queue_no);
	if (ret->next <= now)
		ret->next = 0;
	if (st == TH_OK)
		st = th_sql_int(s, &ret->oldest, err,
		    "SELECT min(date) FROM outbox WHERE queue=? AND state=1",
		    "i", s->queue_no);
	if (st == TH_OK)
		st = th_sql_int(s, &ret->doubtful, err,
		    "SELECT count(*) FROM outbox WHERE queue=? AND state=1"
		    " AND doubtful",
		    "i", s->queue_no);
	return st;
}

static enum th_status
count(struct th_store *store, const char *queue, unsigned states, int64_t now,
    struct th_queue_counts *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	*ret = (struct th_queue_counts){ 0 };
	if ((st = th_sqlite_find_queue(s, queue, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if (states & TH_Q_OUTBOX)
		st = count_rows(s,
		    "SELECT state, count(*) FROM outbox"
		    " WHERE queue=? GROUP BY state",
		    false, ret, err);
	if (st == TH_OK && (states & TH_Q_BIT(TH_Q_WAITING)))
		st = count_waiting(s, now, ret, err);
	if (st == TH_OK && (states & TH_Q_LEDGER))
		st = count_rows(s,
		    "SELECT what & 3, count(*) FROM ledger"
		    " WHERE queue=? GROUP BY what & 3",
		    true, ret, err);
	return st;
}

#define OUTBOX_COLUMNS                                                         \
	"SELECT state, hash, id, line, date, due, tries, doubtful, reason,"    \
	" owner FROM outbox JOIN body USING(seq) WHERE queue=?"

static void
copy_hash(struct th_hash *to, struct th_str from)
{
	if (from.len == TH_HASH_SIZE)
		memcpy(to->byte, from.s, TH_HASH_SIZE);
}

/* Shows the rows of a statement with OUTBOX_COLUMNS. */
static enum th_status
show_outbox(struct th_sqlite *s, sqlite3_stmt *stmt, th_entry_visit *visit,
    void *ctx, struct th_err *err)
{
	struct th_entry e = { 0 };
	enum th_status st;

	while ((st = th_sql_step(s, stmt, err)) == TH_OK) {
		e.state = (enum th_item_state)sqlite3_column_int(stmt, 0);
		copy_hash(&e.hash, th_sql_blob(stmt, 1));
		e.id = th_sql_text(stmt, 2);
		e.line = th_sql_text(stmt, 3);
		e.date = sqlite3_column_int64(stmt, 4);
		e.due = sqlite3_column_int64(stmt, 5);
		e.tries = sqlite3_column_int64(stmt, 6);
		e.doubtful = sqlite3_column_int64(stmt, 7) != 0;
		e.reason = th_sql_text(stmt, 8);
		e.owner = th_sql_text(stmt, 9);
		if ((st = visit(ctx, &e)) != TH_OK)
			break;
	}
	sqlite3_reset(stmt);
	return st == TH_END ? TH_OK : st;
}

/* The same for what, hash, receipt of the ledger. */
static enum th_status
show_ledger(struct th_sqlite *s, sqlite3_stmt *stmt, unsigned states,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	struct th_entry e = { 0 };
	enum th_status st;

	while ((st = th_sql_step(s, stmt, err)) == TH_OK) {
		e.state = th_sqlite_unpack_what(
		    sqlite3_column_int64(stmt, 0), &e.date);
		copy_hash(&e.hash, th_sql_blob(stmt, 1));
		e.receipt = th_sql_blob(stmt, 2);
		if ((TH_Q_BIT(e.state) & states) != 0 &&
		    (st = visit(ctx, &e)) != TH_OK)
			break;
	}
	sqlite3_reset(stmt);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
each(struct th_store *store, const char *queue, unsigned states,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	sqlite3_stmt *stmt;
	enum th_status st;

	if ((st = th_sqlite_find_queue(s, queue, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if (states & TH_Q_OUTBOX) {
		st = th_sql(s, &stmt, err,
		    OUTBOX_COLUMNS " AND (1<<state) & ? ORDER BY seq", "ii",
		    s->queue_no, (int64_t)states);
		if (st == TH_OK)
			st = show_outbox(s, stmt, visit, ctx, err);
	}
	if (st == TH_OK && (states & TH_Q_LEDGER)) {
		st = th_sql(s, &stmt, err,
		    "SELECT what, hash, receipt FROM ledger WHERE queue=?", "i",
		    s->queue_no);
		if (st == TH_OK)
			st = show_ledger(s, stmt, states, visit, ctx, err);
	}
	return st;
}

struct found {
	th_entry_visit *visit;
	void *ctx;
	bool found;
};

static enum th_status
note_found(void *ctx, const struct th_entry *e)
{
	struct found *f = ctx;

	f->found = true;
	return f->visit(f->ctx, e);
}

static enum th_status
find(struct th_store *store, const char *queue, const struct th_hash *hash,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	struct found f = { visit, ctx, false };
	sqlite3_stmt *stmt;
	enum th_status st;

	if ((st = th_sqlite_find_queue(s, queue, err)) != TH_OK)
		return st;
	st = th_sql(s, &stmt, err, OUTBOX_COLUMNS " AND hash=?", "ih",
	    s->queue_no, hash);
	if (st == TH_OK)
		st = show_outbox(s, stmt, note_found, &f, err);
	if (st != TH_OK || f.found)
		return st;
	st = th_sql(s, &stmt, err,
	    "SELECT what, hash, receipt FROM ledger WHERE queue=? AND hash=?",
	    "ih", s->queue_no, hash);
	if (st == TH_OK)
		st = show_ledger(s, stmt, TH_Q_LEDGER, note_found, &f, err);
	return st == TH_OK && !f.found ? TH_END : st;
}

static enum th_status
import_one(
    struct th_sqlite *s, struct th_entry *e, int64_t now, struct th_err *err)
{
	struct th_incoming in = { 0 };
	enum th_status st;

	in.hash = e->hash;
	th_buf_init(&in.receipt, TH_LINE_MAX);
	st = th_sqlite_look_up(s, &in, err);
	th_buf_release(&in.receipt);
	if (st == TH_OK)
		e->state = TH_Q_UNKNOWN;
	if (st != TH_END)
		return st;
	if (TH_Q_BIT(e->state) & TH_Q_OUTBOX)
		return th_sqlite_to_outbox(s, e, now, err);
	return th_sqlite_to_ledger(
	    s, &e->hash, e->state, e->date, e->receipt, err);
}

struct cargo {
	struct th_entry *e;
	int64_t now;
};

static enum th_status
unload(struct th_sqlite *s, void *ctx, size_t i, struct th_err *err)
{
	const struct cargo *c = ctx;

	return import_one(s, &c->e[i], c->now, err);
}

static enum th_status
import(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_entry *e, size_t n, int64_t now,
    struct th_err *err)
{
	struct cargo c = { e, now };

	return th_sqlite_fill((struct th_sqlite *)store, queue, service,
	    account, unload, &c, n, err);
}

static enum th_status
queues(struct th_store *store, th_queue_visit *visit, void *ctx,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT name, service, account FROM queue ORDER BY name", "");
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		st = visit(ctx, th_sql_text(stmt, 0).s, th_sql_text(stmt, 1).s,
		    th_sql_text(stmt, 2).s);
		if (st != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

void
th_sqlite_look_ops(struct th_store_ops *ops)
{
	ops->move = move;
	ops->purge = purge;
	ops->count = count;
	ops->each = each;
	ops->find = find;
	ops->import = import;
	ops->queues = queues;
}
