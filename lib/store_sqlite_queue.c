/*
 * store_sqlite_queue -- outbox and ledger in SQLite
 *
 * A row of outbox is small and changes with every step; the line is in body and
 * is written once.  The one index by state serves every question: `due` is 0
 * for a waiting item that is due, so that those come by seq, in their order.
 *
 * A published id costs one row of ledger without a rowid: the queue's number,
 * 16 bytes of hash, one integer (date and kind), the receipt if there is one.
 * The storm guard remembers in a table of bounded size: a mark goes to the slot
 * of its low bits, over what was there.
 */
#include <stdlib.h>
#include <string.h>

#include "store_sqlite.h"

#define EPOCH                                                                  \
	1577836800     /* 2020: dates of the ledger fit 32 bits until 2037     \
			*/
#define CLOCK_SLACK 60 /* seconds that clocks of machines may differ */
#define SLOT_BITS 16

const char th_sqlite_queue_schema[] =
    "CREATE TABLE queue(no INTEGER PRIMARY KEY, name TEXT UNIQUE,"
    " service TEXT, account TEXT);"
    "CREATE TABLE outbox(seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " queue INTEGER, hash BLOB, state INTEGER, due INTEGER, since INTEGER,"
    " date INTEGER, tries INTEGER, doubtful INTEGER, owner TEXT, reason TEXT);"
    "CREATE UNIQUE INDEX outbox_hash ON outbox(queue, hash);"
    "CREATE INDEX outbox_state ON outbox(queue, state, due);"
    "CREATE TABLE body(seq INTEGER PRIMARY KEY, id TEXT, line TEXT);"
    "CREATE TABLE ledger(queue INTEGER, hash BLOB, what INTEGER, receipt BLOB,"
    " PRIMARY KEY(queue, hash)) WITHOUT ROWID;"
    "CREATE TABLE mark(slot INTEGER PRIMARY KEY, print INTEGER);";

/* Kinds of the ledger, the two low bits of `what`. */
static const enum th_item_state kinds[] = {
	TH_Q_PUBLISHED,
	TH_Q_SEEN,
	TH_Q_DROPPED,
};

static int64_t
pack_what(enum th_item_state state, int64_t date)
{
	int64_t kind = state == TH_Q_PUBLISHED ? 0 : state == TH_Q_SEEN ? 1 : 2;

	return (date - EPOCH) * 4 + kind;
}

static enum th_item_state
unpack_what(int64_t what, int64_t *date)
{
	*date = (what - (what & 3)) / 4 + EPOCH;
	return kinds[(what & 3) % 3];
}

/* The number of a queue; TH_END when there is none of that name. */
static enum th_status
find_queue(struct th_sqlite *s, const char *name, struct th_err *err)
{
	enum th_status st;
	int64_t no;
	char *copy;

	if (s->queue != NULL && strcmp(s->queue, name) == 0)
		return TH_OK;
	st = th_sql_int(
	    s, &no, err, "SELECT no FROM queue WHERE name=?", "s", name);
	if (st != TH_OK)
		return st;
	if ((copy = th_strdup(name)) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	free(s->queue);
	s->queue = copy;
	s->queue_no = no;
	return TH_OK;
}

/* Inside a transaction; makes it when it is missing. */
static enum th_status
make_queue(struct th_sqlite *s, const char *name, const char *service,
    const char *account, struct th_err *err)
{
	enum th_status st = find_queue(s, name, err);

	if (st != TH_END)
		return st;
	st = th_sql_run(s, err,
	    "INSERT INTO queue(name, service, account)"
	    " VALUES(?, ?, ?)",
	    "sss", name, service, account);
	return st == TH_OK ? find_queue(s, name, err) : st;
}

/* What is known of one id.  TH_END: nothing. */
static enum th_status
look_up(struct th_sqlite *s, struct th_incoming *in, struct th_err *err)
{
	struct th_str receipt;
	sqlite3_stmt *stmt;
	enum th_status st;
	int64_t state;

	in->known = TH_Q_UNKNOWN;
	st = th_sql(s, &stmt, err,
	    "SELECT what, receipt FROM ledger WHERE queue=? AND hash=?", "ih",
	    s->queue_no, &in->hash);
	if (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		in->known =
		    unpack_what(sqlite3_column_int64(stmt, 0), &in->date);
		receipt = th_sql_blob(stmt, 1);
		th_buf_clear(&in->receipt);
		if (receipt.len > 0)
			st = th_buf_add(&in->receipt, receipt.s, receipt.len);
		sqlite3_reset(stmt);
	}
	if (st != TH_END)
		return st;
	st = th_sql_int(s, &state, err,
	    "SELECT state FROM outbox WHERE queue=? AND hash=?", "ih",
	    s->queue_no, &in->hash);
	if (st == TH_OK)
		in->known = (enum th_item_state)state;
	return st;
}

/* One read transaction for many questions. */
static enum th_status
lookup(struct th_store *store, const char *queue, struct th_incoming *in,
    size_t n, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;
	size_t i;

	for (i = 0; i < n; i++)
		in[i].known = TH_Q_UNKNOWN;
	st = find_queue(s, queue, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	if ((st = th_sql_run(s, err, "BEGIN", "")) != TH_OK)
		return st;
	for (i = 0; i < n && (st == TH_OK || st == TH_END); i++)
		st = look_up(s, &in[i], err);
	st = th_sql_end(s, st, err);
	return st == TH_END ? TH_OK : st;
}

static int64_t
mark_slot(const struct th_sqlite *s, uint64_t mark)
{
	return s->queue_no << SLOT_BITS |
	       (int64_t)(mark & ((1u << SLOT_BITS) - 1));
}

static int64_t
mark_print(uint64_t mark)
{
	return (int32_t)(mark >> SLOT_BITS);
}

static enum th_status
guard(struct th_store *store, const char *queue, const uint64_t *mark, size_t n,
    bool *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st = find_queue(s, queue, err);
	enum th_status found = st;
	int64_t print;
	size_t i;

	for (i = 0; i < n; i++) {
		ret[i] = false;
		if (found != TH_OK || mark[i] == 0)
			continue;
		st = th_sql_int(s, &print, err,
		    "SELECT print FROM mark WHERE slot=?", "i",
		    mark_slot(s, mark[i]));
		if (st != TH_OK && st != TH_END)
			return st;
		ret[i] = st == TH_OK && print == mark_print(mark[i]);
	}
	return st == TH_END ? TH_OK : st;
}

static enum th_status
set_marks(struct th_sqlite *s, const uint64_t mark[2], struct th_err *err)
{
	enum th_status st = TH_OK;
	int i;

	for (i = 0; i < 2 && st == TH_OK; i++)
		if (mark[i] != 0)
			st = th_sql_run(s, err,
			    "INSERT OR REPLACE INTO mark VALUES(?, ?)", "ii",
			    mark_slot(s, mark[i]), mark_print(mark[i]));
	return st;
}

static enum th_status
to_ledger(struct th_sqlite *s, const struct th_hash *hash,
    enum th_item_state state, int64_t date, struct th_str receipt,
    struct th_err *err)
{
	return th_sql_run(s, err,
	    "INSERT OR REPLACE INTO ledger VALUES(?, ?, ?, ?)", "ihib",
	    s->queue_no, hash, pack_what(state, date),
	    receipt.len > 0 ? receipt : (struct th_str){ NULL, 0 });
}

static enum th_status
from_outbox(struct th_sqlite *s, int64_t seq, struct th_err *err)
{
	enum th_status st;

	st = th_sql_run(s, err, "DELETE FROM body WHERE seq=?", "i", seq);
	if (st == TH_OK)
		st = th_sql_run(
		    s, err, "DELETE FROM outbox WHERE seq=?", "i", seq);
	return st;
}

static enum th_status
to_outbox(struct th_sqlite *s, const struct th_entry *e, int64_t since,
    struct th_err *err)
{
	enum th_status st;

	st = th_sql_run(s, err,
	    "INSERT INTO outbox(queue, hash, state, due, since, date, tries,"
	    " doubtful, owner, reason) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "ihiiiiiitt", s->queue_no, &e->hash, (int64_t)e->state, e->due,
	    since, e->date, e->tries, (int64_t)e->doubtful, e->owner,
	    e->reason);
	if (st == TH_OK)
		st = th_sql_run(s, err, "INSERT INTO body VALUES(?, ?, ?)",
		    "itt", (int64_t)sqlite3_last_insert_rowid(s->db), e->id,
		    e->line);
	return st;
}

static enum th_status
deposit_one(struct th_sqlite *s, struct th_incoming *in, int64_t now,
    struct th_err *err)
{
	const unsigned movable = TH_Q_BIT(TH_Q_WAITING) | TH_Q_BIT(TH_Q_HELD) |
				 TH_Q_BIT(TH_Q_REFUSED) |
				 TH_Q_BIT(TH_Q_EXPIRED);
	struct th_entry e = { 0 };
	enum th_status st = look_up(s, in, err);
	int64_t seq;

	if (st == TH_END && in->want != TH_Q_SEEN) {
		e.state = in->want;
		e.hash = in->hash;
		e.id = in->id;
		e.line = in->line;
		e.date = now;
		return to_outbox(s, &e, now, err);
	}
	if (in->want != TH_Q_SEEN || (st != TH_OK && st != TH_END) ||
	    (st == TH_OK && (TH_Q_BIT(in->known) & movable) == 0))
		return st;
	if (st == TH_OK)
		st = th_sql_int(s, &seq, err,
		    "SELECT seq FROM outbox WHERE queue=? AND hash=?", "ih",
		    s->queue_no, &in->hash);
	if (st == TH_OK)
		st = from_outbox(s, seq, err);
	if (st == TH_OK || st == TH_END)
		st = to_ledger(s, &in->hash, TH_Q_SEEN, now, TH_STR(""), err);
	return st == TH_OK ? set_marks(s, in->mark, err) : st;
}

static enum th_status
deposit(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_incoming *in, size_t n, int64_t now,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;
	size_t i;

	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	st = make_queue(s, queue, service, account, err);
	for (i = 0; i < n && st == TH_OK; i++)
		st = deposit_one(s, &in[i], now, err);
	return th_sql_end(s, st, err);
}

/* ---- leases
 * ------------------------------------------------------------------ */

/*
 * The first that is due.  Those whose back-off is over are made due first, so
 * that they come in their old order and new ones do not starve them.
 */
static enum th_status
first_due(struct th_sqlite *s, int64_t now, int64_t *ret, struct th_err *err)
{
	static const char first[] =
	    "SELECT seq FROM outbox WHERE queue=?"
	    " AND state=1 AND due=0 ORDER BY seq LIMIT 1";
	enum th_status st;

	st = th_sql_run(s, err,
	    "UPDATE outbox SET due=0 WHERE queue=? AND state=1 AND due>0"
	    " AND due<=?",
	    "ii", s->queue_no, now);
	if (st == TH_OK)
		st = th_sql_int(s, ret, err, first, "i", s->queue_no);
	if (st != TH_END)
		return st;
	st = th_sql_run(s, err,
	    "UPDATE outbox SET due=0 WHERE queue=? AND state=1 AND due>0"
	    " AND since>?",
	    "ii", s->queue_no, now + CLOCK_SLACK);
	return st == TH_OK ? th_sql_int(s, ret, err, first, "i", s->queue_no)
			   : st;
}

/* Is one before it leased, or waiting for its time?  TH_OK: yes. */
static enum th_status
has_elder(struct th_sqlite *s, int64_t seq, struct th_err *err)
{
	int64_t found;

	return th_sql_int(s, &found, err,
	    "SELECT 1 FROM outbox WHERE queue=?1 AND seq<?2 AND"
	    " (state=2 OR state=1 AND due>0) LIMIT 1",
	    "ii", s->queue_no, seq);
}

static enum th_status
read_lease(
    struct th_sqlite *s, int64_t seq, struct th_lease *ret, struct th_err *err)
{
	struct th_str line;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT hash, tries, date, doubtful, line FROM outbox"
	    " JOIN body USING(seq) WHERE seq=?",
	    "i", seq);
	if (st != TH_OK || (st = th_sql_step(s, stmt, err)) != TH_OK)
		return st == TH_END ? th_fail(err, TH_EIO,
					  "%s: an item is incomplete", s->path)
				    : st;
	line = th_sql_blob(stmt, 0);
	memcpy(ret->hash.byte, line.s,
	    line.len < TH_HASH_SIZE ? line.len : TH_HASH_SIZE);
	ret->tries = sqlite3_column_int64(stmt, 1);
	ret->date = sqlite3_column_int64(stmt, 2);
	ret->doubtful = sqlite3_column_int64(stmt, 3) != 0;
	line = th_sql_text(stmt, 4);
	th_buf_clear(&ret->line);
	st = th_buf_add(&ret->line, line.s, line.len);
	sqlite3_reset(stmt);
	return st == TH_OK ? st : th_fail(err, st, "%s", th_strstatus(st));
}

static enum th_status
claim_first(struct th_sqlite *s, struct th_claim *c, int64_t now,
    int64_t *expired, struct th_lease *ret, struct th_err *err)
{
	enum th_status st;
	int64_t seq;

	while ((st = first_due(s, now, &seq, err)) == TH_OK) {
		if ((st = read_lease(s, seq, ret, err)) != TH_OK)
			return st;
		if (c->max_age == 0 || ret->date > now - c->max_age)
			break;
		st = th_sql_run(s, err,
		    "UPDATE outbox SET state=5, since=? WHERE seq=?", "ii", now,
		    seq);
		if (st != TH_OK)
			return st;
		++*expired;
	}
	if (st == TH_OK && c->in_order) {
		st = has_elder(s, seq, err);
		st = st == TH_OK ? TH_END : st == TH_END ? TH_OK : st;
	}
	if (st == TH_OK)
		return th_sql_run(s, err,
		    "UPDATE outbox SET state=2, due=?, since=?, owner=?"
		    " WHERE seq=?",
		    "iisi", now + c->seconds, now, c->owner, seq);
	if (st != TH_END)
		return st;
	ret->next = 0;
	st = th_sql_int(s, &ret->next, err,
	    "SELECT min(due) FROM outbox"
	    " WHERE queue=? AND state=1 AND due>0",
	    "i", s->queue_no);
	return st == TH_OK ? TH_END : st;
}

static enum th_status
claim(struct th_store *store, const char *queue, struct th_claim *c,
    int64_t now, struct th_lease *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	int64_t expired = 0;
	enum th_status st;

	ret->next = 0;
	if ((st = find_queue(s, queue, err)) != TH_OK)
		return st;
	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	st = claim_first(s, c, now, &expired, ret, err);
	st = th_sql_end(s, st, err);
	if (st == TH_OK || st == TH_END)
		c->expired += expired;
	return st;
}

/* The row of an item that may be settled so; TH_END when there is none. */
static enum th_status
find_leased(struct th_sqlite *s, const struct th_settlement *t, int64_t *seq,
    struct th_err *err)
{
	if (t->state == TH_Q_PUBLISHED) /* is a fact, whoever holds it now */
		return th_sql_int(s, seq, err,
		    "SELECT seq FROM outbox WHERE queue=? AND hash=?", "ih",
		    s->queue_no, &t->hash);
	if (t->owner == NULL)
		return th_sql_int(s, seq, err,
		    "SELECT seq FROM outbox WHERE queue=? AND hash=?"
		    " AND state IN (1, 2)",
		    "ih", s->queue_no, &t->hash);
	return th_sql_int(s, seq, err,
	    "SELECT seq FROM outbox WHERE queue=? AND hash=? AND state=2"
	    " AND owner=?",
	    "ihs", s->queue_no, &t->hash, t->owner);
}

static enum th_status
settle_row(
    struct th_sqlite *s, const struct th_settlement *t, struct th_err *err)
{
	enum th_status st;
	int64_t seq;

	if ((st = find_leased(s, t, &seq, err)) != TH_OK)
		return st;
	if (t->state != TH_Q_PUBLISHED)
		return th_sql_run(s, err,
		    "UPDATE outbox SET state=?, due=?, since=?, tries=tries+?,"
		    " doubtful=?, owner=NULL, reason=? WHERE seq=?",
		    "iiiiiti", (int64_t)t->state, t->due, t->now,
		    (int64_t)t->tried, (int64_t)t->doubtful, t->reason, seq);
	st = from_outbox(s, seq, err);
	if (st == TH_OK)
		st = to_ledger(
		    s, &t->hash, TH_Q_PUBLISHED, t->now, t->receipt, err);
	return st == TH_OK ? set_marks(s, t->mark, err) : st;
}

static enum th_status
settle(struct th_store *store, const char *queue, const struct th_settlement *t,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = find_queue(s, queue, err)) != TH_OK)
		return st;
	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	return th_sql_end(s, settle_row(s, t, err), err);
}

static enum th_status
owners(struct th_store *store, const char *queue,
    enum th_status (*visit)(void *ctx, const char *owner), void *ctx,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	struct th_str owner;
	sqlite3_stmt *stmt;
	enum th_status st;

	if ((st = find_queue(s, queue, err)) == TH_OK)
		st = th_sql(s, &stmt, err,
		    "SELECT DISTINCT owner FROM outbox WHERE queue=?"
		    " AND state=2",
		    "i", s->queue_no);
	while (st == TH_OK && (st = th_sql_step(s, stmt, err)) == TH_OK) {
		owner = th_sql_text(stmt, 0);
		if ((st = visit(ctx, owner.s != NULL ? owner.s : "")) != TH_OK)
			sqlite3_reset(stmt);
	}
	return st == TH_END ? TH_OK : st;
}

static enum th_status
reclaim(struct th_store *store, const char *queue, const char *owner, bool dead,
    int64_t now, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = find_queue(s, queue, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if ((st = th_sql_begin(s, false, err)) != TH_OK)
		return st;
	st = th_sql_run(s, err,
	    "UPDATE outbox SET state=1, due=0, since=?1, doubtful=1, owner=NULL"
	    " WHERE queue=?2 AND state=2 AND owner=?3 AND"
	    " (?4 OR due<=?1 OR since>?1+?5)",
	    "iisii", now, s->queue_no, owner, (int64_t)dead,
	    (int64_t)CLOCK_SLACK);
	return th_sql_end(s, st, err);
}

/* ---- looking, moving
 * --------------------------------------------------------- */

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
	    pack_what(to, now));
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
	if ((st = find_queue(s, queue, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
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
	if ((st = find_queue(s, queue, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	st = leave_outbox(s, NULL,
	    TH_Q_BIT(TH_Q_REFUSED) | TH_Q_BIT(TH_Q_EXPIRED), TH_Q_DROPPED,
	    before, before, ret, err);
	if (st == TH_OK)
		st = th_sql_run(s, err,
		    "UPDATE ledger SET receipt=NULL WHERE queue=? AND what<?"
		    " AND receipt IS NOT NULL",
		    "ii", s->queue_no, pack_what(TH_Q_PUBLISHED, before));
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
		state = ledger ? unpack_what(v, &date) : (enum th_item_state)v;
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
	if ((st = find_queue(s, queue, err)) != TH_OK)
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
		e.state = unpack_what(sqlite3_column_int64(stmt, 0), &e.date);
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

	if ((st = find_queue(s, queue, err)) != TH_OK)
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

	if ((st = find_queue(s, queue, err)) != TH_OK)
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
	st = look_up(s, &in, err);
	th_buf_release(&in.receipt);
	if (st == TH_OK)
		e->state = TH_Q_UNKNOWN;
	if (st != TH_END)
		return st;
	if (TH_Q_BIT(e->state) & TH_Q_OUTBOX)
		return to_outbox(s, e, now, err);
	return to_ledger(s, &e->hash, e->state, e->date, e->receipt, err);
}

static enum th_status
import(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_entry *e, size_t n, int64_t now,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;
	size_t i;

	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	st = make_queue(s, queue, service, account, err);
	for (i = 0; i < n && st == TH_OK; i++)
		st = import_one(s, &e[i], now, err);
	return th_sql_end(s, st, err);
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
th_sqlite_queue_ops(struct th_store_ops *ops)
{
	ops->lookup = lookup;
	ops->guard = guard;
	ops->deposit = deposit;
	ops->claim = claim;
	ops->settle = settle;
	ops->owners = owners;
	ops->reclaim = reclaim;
	ops->move = move;
	ops->purge = purge;
	ops->count = count;
	ops->each = each;
	ops->find = find;
	ops->import = import;
	ops->queues = queues;
}
