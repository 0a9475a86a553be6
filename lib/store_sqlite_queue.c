/*
 * store_sqlite_queue -- outbox and ledger in SQLite
 *
 * A row of outbox is small and changes with every step; the line is in body and
 * is written once.  The one index by state serves every question: `due` is 0
 * for a waiting item that is due, so that those come by seq, in their order.
 *
 * A published id costs one row of ledger without a rowid: the queue's number,
 * 16 bytes of hash, one integer (date and kind), the receipt if there is one.
 * beat is when a lease ends by the steady clock, for processes of this machine.
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
    " date INTEGER, tries INTEGER, doubtful INTEGER, owner TEXT, reason TEXT,"
    " beat INTEGER);"
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

int64_t
th_sqlite_pack_what(enum th_item_state state, int64_t date)
{
	int64_t kind = state == TH_Q_PUBLISHED ? 0 : state == TH_Q_SEEN ? 1 : 2;

	return (date - EPOCH) * 4 + kind;
}

enum th_item_state
th_sqlite_unpack_what(int64_t what, int64_t *date)
{
	*date = (what - (what & 3)) / 4 + EPOCH;
	return kinds[(what & 3) % 3];
}

/* The number of a queue; TH_END when there is none of that name. */
enum th_status
th_sqlite_find_queue(struct th_sqlite *s, const char *name, struct th_err *err)
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

enum th_status
th_sqlite_begin_queue(
    struct th_sqlite *s, const char *name, bool durable, struct th_err *err)
{
	enum th_status st = th_sqlite_find_queue(s, name, err);

	return st == TH_OK ? th_sql_begin(s, durable, err) : st;
}

/* Inside a transaction; makes it when it is missing. */
enum th_status
th_sqlite_make_queue(struct th_sqlite *s, const char *name, const char *service,
    const char *account, struct th_err *err)
{
	enum th_status st = th_sqlite_find_queue(s, name, err);

	if (st != TH_END)
		return st;
	st = th_sql_run(s, err,
	    "INSERT INTO queue(name, service, account)"
	    " VALUES(?, ?, ?)",
	    "sss", name, service, account);
	return st == TH_OK ? th_sqlite_find_queue(s, name, err) : st;
}

/* What is known of one id.  TH_END: nothing. */
enum th_status
th_sqlite_look_up(
    struct th_sqlite *s, struct th_incoming *in, struct th_err *err)
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
		in->known = th_sqlite_unpack_what(
		    sqlite3_column_int64(stmt, 0), &in->date);
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
	st = th_sqlite_find_queue(s, queue, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	if ((st = th_sql_run(s, err, "BEGIN", "")) != TH_OK)
		return st;
	for (i = 0; i < n && (st == TH_OK || st == TH_END); i++)
		st = th_sqlite_look_up(s, &in[i], err);
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
	enum th_status st = th_sqlite_find_queue(s, queue, err);
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

enum th_status
th_sqlite_to_ledger(struct th_sqlite *s, const struct th_hash *hash,
    enum th_item_state state, int64_t date, struct th_str receipt,
    struct th_err *err)
{
	return th_sql_run(s, err,
	    "INSERT OR REPLACE INTO ledger VALUES(?, ?, ?, ?)", "ihib",
	    s->queue_no, hash, th_sqlite_pack_what(state, date),
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

enum th_status
th_sqlite_to_outbox(struct th_sqlite *s, const struct th_entry *e,
    int64_t since, struct th_err *err)
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
	enum th_status st = th_sqlite_look_up(s, in, err);
	int64_t seq;

	if (st == TH_END && in->want != TH_Q_SEEN) {
		e.state = in->want;
		e.hash = in->hash;
		e.id = in->id;
		e.line = in->line;
		e.date = now;
		return th_sqlite_to_outbox(s, &e, now, err);
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
		st = th_sqlite_to_ledger(
		    s, &in->hash, TH_Q_SEEN, now, TH_STR(""), err);
	return st == TH_OK ? set_marks(s, in->mark, err) : st;
}

enum th_status
th_sqlite_fill(struct th_sqlite *s, const char *queue, const char *service,
    const char *account,
    enum th_status (*one)(
	struct th_sqlite *, void *ctx, size_t i, struct th_err *),
    void *ctx, size_t n, struct th_err *err)
{
	enum th_status st;
	size_t i;

	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	st = th_sqlite_make_queue(s, queue, service, account, err);
	for (i = 0; i < n && st == TH_OK; i++)
		st = one(s, ctx, i, err);
	return th_sql_end(s, st, err);
}

struct arrival {
	struct th_incoming *in;
	int64_t now;
};

static enum th_status
arrive(struct th_sqlite *s, void *ctx, size_t i, struct th_err *err)
{
	const struct arrival *a = ctx;

	return deposit_one(s, &a->in[i], a->now, err);
}

static enum th_status
deposit(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_incoming *in, size_t n, int64_t now,
    struct th_err *err)
{
	struct arrival a = { in, now };

	return th_sqlite_fill((struct th_sqlite *)store, queue, service,
	    account, arrive, &a, n, err);
}

/* ---- leases ---- */

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
		    "UPDATE outbox SET state=2, due=?, since=?, owner=?, beat=?"
		    " WHERE seq=?",
		    "iisii", now + c->seconds, now, c->owner,
		    th_steady_ms() + c->seconds * 1000, seq);
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
	if ((st = th_sqlite_begin_queue(s, queue, false, err)) != TH_OK)
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
		st = th_sqlite_to_ledger(
		    s, &t->hash, TH_Q_PUBLISHED, t->now, t->receipt, err);
	return st == TH_OK ? set_marks(s, t->mark, err) : st;
}

static enum th_status
settle(struct th_store *store, const char *queue, const struct th_settlement *t,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sqlite_begin_queue(s, queue, false, err)) != TH_OK)
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

	if ((st = th_sqlite_find_queue(s, queue, err)) == TH_OK)
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
reclaim(struct th_store *store, const char *queue, const char *owner,
    enum th_owner_life life, int64_t now, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	const int64_t beat = th_steady_ms();
	enum th_status st;

	if ((st = th_sqlite_begin_queue(s, queue, false, err)) != TH_OK)
		return st == TH_END ? TH_OK : st;
	st = th_sql_run(s, err,
	    "UPDATE outbox SET state=1, due=0, since=?1, doubtful=1, owner=NULL"
	    " WHERE queue=?2 AND state=2 AND owner=?3 AND CASE ?4"
	    " WHEN 1 THEN 1"
	    " WHEN 0 THEN iif(beat IS NULL, due<=?1, beat<=?6)"
	    " ELSE due<=?1 OR since>?1+?5 END",
	    "iisiii", now, s->queue_no, owner, (int64_t)life,
	    (int64_t)CLOCK_SLACK, beat);
	return th_sql_end(s, st, err);
}

static enum th_status
renew(struct th_store *store, const char *queue, const struct th_hash *hash,
    const char *owner, int64_t seconds, int64_t now, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if ((st = th_sqlite_begin_queue(s, queue, false, err)) != TH_OK)
		return st;
	st = th_sql_run(s, err,
	    "UPDATE outbox SET due=?, since=?, beat=?"
	    " WHERE queue=? AND hash=? AND state=2 AND owner=?",
	    "iiiihs", now + seconds, now, th_steady_ms() + seconds * 1000,
	    s->queue_no, hash, owner);
	if (st == TH_OK && sqlite3_changes(s->db) == 0)
		st = TH_END;
	return th_sql_end(s, st, err);
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
	ops->renew = renew;
}
