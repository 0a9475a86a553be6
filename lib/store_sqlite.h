/* store_sqlite.h -- shared by the store_sqlite*.c files alone */
#ifndef TH_STORE_SQLITE_H
#define TH_STORE_SQLITE_H

#include <sqlite3.h>

#include "priv.h"

#define TH_SQL_STATEMENTS 96

struct th_sqlite {
	struct th_store store;
	struct th_store_ops ops;
	sqlite3 *db;
	char *path;
	int64_t wait_ms; /* how long another process may hold the store */
	/* Statements by the address of their text: each is prepared once. */
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} kept[TH_SQL_STATEMENTS];
	size_t nkept;
	bool durable; /* the transaction at hand is synced at its end */
	int looked;   /* how long the log was when its disk was looked at */
	/* The queue asked for last, and its number. */
	char *queue;
	int64_t queue_no;
};

/* The backend of a store when it is this one, else NULL. */
struct th_sqlite *th_sqlite_of(struct th_store *);
/* The status and sentence for what SQLite answered. */
enum th_status th_sql_fail(struct th_sqlite *, int rc, struct th_err *);
/*
 * A statement with its values bound; `sql` must be a literal (the address is
 * what it is found again by).  In types each letter takes arguments: i an
 * int64_t, s a C string or NULL, t a struct th_str (text, s NULL: null),
 * b the same as a blob, h a const struct th_hash *.
 */
enum th_status th_sql(struct th_sqlite *, sqlite3_stmt **ret, struct th_err *,
    const char *sql, const char *types, ...);
/* TH_OK: a row; TH_END: no more, the statement is reset. */
enum th_status th_sql_step(struct th_sqlite *, sqlite3_stmt *, struct th_err *);
/* All in one, for statements without rows. */
enum th_status th_sql_run(struct th_sqlite *, struct th_err *, const char *sql,
    const char *types, ...);
/* The first column of the first row; TH_END when there is none. */
enum th_status th_sql_int(struct th_sqlite *, int64_t *ret, struct th_err *,
    const char *sql, const char *types, ...);
/* Columns: borrowed until the next step. */
struct th_str th_sql_text(sqlite3_stmt *, int column);
struct th_str th_sql_blob(sqlite3_stmt *, int column);

/*
 * A transaction that writes.  durable: synced at its end.  th_sql_end() commits
 * when st is TH_OK or TH_END, else rolls back, and returns what became of it.
 */
enum th_status th_sql_begin(struct th_sqlite *, bool durable, struct th_err *);
enum th_status th_sql_end(struct th_sqlite *, enum th_status st,
    struct th_err *);
/*
 * Writes n things into a queue, made when it is missing, in one durable step:
 * `one` is called for each.
 */
enum th_status th_sqlite_fill(struct th_sqlite *, const char *queue,
    const char *service, const char *account,
    enum th_status (*one)(struct th_sqlite *, void *ctx, size_t i,
	struct th_err *),
    void *ctx, size_t n, struct th_err *);

/* ---- store_sqlite_queue.c, for store_sqlite_look.c ---- */

/* Makes the queue the one at hand, s->queue_no.  TH_END: there is none. */
enum th_status th_sqlite_find_queue(struct th_sqlite *, const char *name,
    struct th_err *);
/* The same, and begins a transaction; none where there is no such queue. */
enum th_status th_sqlite_begin_queue(struct th_sqlite *, const char *name,
    bool durable, struct th_err *);
/* The same inside a transaction; makes it when it is missing. */
enum th_status th_sqlite_make_queue(struct th_sqlite *, const char *name,
    const char *service, const char *account, struct th_err *);
/* What is known of one id.  TH_END: nothing. */
enum th_status th_sqlite_look_up(struct th_sqlite *, struct th_incoming *,
    struct th_err *);
enum th_status th_sqlite_to_ledger(struct th_sqlite *, const struct th_hash *,
    enum th_item_state, int64_t date, struct th_str receipt, struct th_err *);
enum th_status th_sqlite_to_outbox(struct th_sqlite *, const struct th_entry *,
    int64_t since, struct th_err *);
/* The column `what` of the ledger: date and kind. */
int64_t th_sqlite_pack_what(enum th_item_state, int64_t date);
enum th_item_state th_sqlite_unpack_what(int64_t what, int64_t *date);

/* The steps of the table that the other files have. */
extern const char th_sqlite_queue_schema[], th_sqlite_limit_schema[];
void th_sqlite_queue_ops(struct th_store_ops *);
void th_sqlite_look_ops(struct th_store_ops *);
void th_sqlite_each_ops(struct th_store_ops *);
void th_sqlite_limit_ops(struct th_store_ops *);
void th_sqlite_move_ops(struct th_store_ops *);

#endif
